/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The moves of <maar/ring.h>, in every mode and by every family of calls: full, empty, order, bulk, burst, the wrap of
 * the positions, and random sequences against a model. Life cycle: test_ring_life.c.
 */
#include "ring_modes.h"


/* Asked for, and what that gives: the small ones, where every off-by-one shows, and a rounded-up one. */
static const struct {
	size_t asked, given;
} capacities[] = { { 1, 1 }, { 2, 2 }, { 3, 4 }, { 8, 8 }, { 64, 64 }, { 1000, 1024 } };

/* The largest `given`, and room for a try beyond it. */
#define MOST 1024
#define ROOM (MOST + 2)

/* What the mode under test can carry; COMBO_TEST sets it. */
static uint64_t value_mask = UINT64_MAX;

/* Values that differ in every byte. */
static uint64_t value_of(uint64_t number)
{
	return ((number + 1) * UINT64_C(0x0101010101010101) ^ UINT64_C(0xa5a5000000005a5a)) & value_mask;
}

static struct maar_ring *new_ring(size_t capacity, unsigned flags)
{
	struct maar_ring *ring = maar_ring_create(capacity, flags);

	ck_assert_ptr_nonnull(ring);
	return ring;
}

/* ---- one value ---- */

/* Fills from empty to full and drains to empty, one by one, looking at every observer on every level; twice around. */
static void fill_and_drain(const struct combo *c)
{
	size_t k, i, round;

	for (k = 0; k < COUNT_OF(capacities); k++) {
		struct maar_ring *ring = new_ring(capacities[k].asked, c->mode->flags);
		const size_t capacity = capacities[k].given;
		size_t most, filled;
		uint64_t value;

		check_eq(maar_ring_capacity(ring), capacity);
		for (round = 0; round < 3; round++) {
			check_eq(c->takes->one(ring, &value), 0);
			for (i = 0; i < capacity; i++) {
				check_level(c, ring, i);
				check_eq(c->puts->one(ring, value_of(i)), 1);
			}
			check_level(c, ring, capacity);
			/* Up to its limit, wherever the single consumer stands. */
			for (most = mode_limit(c->mode, capacity); i < most && c->puts->one(ring, value_of(i)); i++)
				;
			check_eq(c->puts->one(ring, 0), 0);
			check_level(c, ring, i);
			for (filled = i, i = 0; i < filled; i++) {
				check_eq(c->takes->one(ring, &value), 1);
				check_eq(value, value_of(i));
				check_level(c, ring, filled - i - 1);
			}
			check_eq(c->takes->one(ring, &value), 0);
		}
		maar_ring_destroy(ring);
	}
}

/* Zero, all ones and equal neighbours are values like any other. */
static void any_value(const struct combo *c)
{
	static const uint64_t values[] = { 0, 0, UINT64_MAX, UINT64_MAX, 1, 0, UINT64_C(1) << 63 };
	struct maar_ring *ring = new_ring(8, c->mode->flags);
	uint64_t value;
	size_t i;

	for (i = 0; i < COUNT_OF(values); i++)
		check_eq(c->puts->one(ring, values[i] & value_mask), 1);
	for (i = 0; i < COUNT_OF(values); i++) {
		check_eq(c->takes->one(ring, &value), 1);
		check_eq(value, values[i] & value_mask);
	}
	maar_ring_destroy(ring);
}

/* ---- many values ---- */

/* A ring with `level` values in it, beginning at a position that differs from case to case. */
static struct maar_ring *ring_at_level(const struct combo *c, size_t capacity, size_t level)
{
	struct maar_ring *ring = new_ring(capacity, c->mode->flags);
	size_t i;

	maar__ring_start_at(ring, capacity + level);
	for (i = 0; i < level; i++)
		check_eq(c->puts->one(ring, value_of(i)), 1);
	return ring;
}

/* The ring must hold value_of(0) .. value_of(level - 1) and nothing else. */
static void check_holds(const struct combo *c, struct maar_ring *ring, size_t level)
{
	uint64_t value;
	size_t i;

	check_level(c, ring, level);
	for (i = 0; i < level; i++) {
		check_eq(c->takes->one(ring, &value), 1);
		check_eq(value, value_of(i));
	}
	check_eq(c->takes->one(ring, &value), 0);
	maar_ring_destroy(ring);
}

/* Puts n values at a level, in bulk and in a burst. */
static void put_many(const struct combo *c, size_t capacity, size_t level, size_t n)
{
	const size_t room = capacity - level;
	const bool fits = n <= room && (n <= 1 || puts_in_bulk(c->mode, c->puts));
	struct maar_ring *ring = ring_at_level(c, capacity, level);
	uint64_t values[ROOM];
	size_t i;

	for (i = 0; i < n; i++)
		values[i] = value_of(level + i);
	check_eq(c->puts->bulk(ring, values, n), fits ? n : 0);
	check_holds(c, ring, fits ? level + n : level);

	ring = ring_at_level(c, capacity, level);
	check_eq(c->puts->burst(ring, values, n), n < room ? n : room);
	check_holds(c, ring, level + (n < room ? n : room));
}

/* Takes n values at a level, in bulk and in a burst; nothing beyond values[n - 1] may be written. */
static void take_many(const struct combo *c, size_t capacity, size_t level, size_t n)
{
	const size_t bulk = n <= level ? n : 0, burst = n < level ? n : level;
	struct maar_ring *ring = ring_at_level(c, capacity, level);
	uint64_t values[ROOM + 1];
	size_t i;

	values[n] = UINT64_MAX;
	check_eq(c->takes->bulk(ring, values, n), bulk);
	for (i = 0; i < bulk; i++)
		check_eq(values[i], value_of(i));
	check_level(c, ring, level - bulk);
	for (; i < level; i++) {
		uint64_t value;

		check_eq(c->takes->one(ring, &value), 1);
		check_eq(value, value_of(i));
	}
	maar_ring_destroy(ring);

	ring = ring_at_level(c, capacity, level);
	check_eq(c->takes->burst(ring, values, n), burst);
	for (i = 0; i < burst; i++)
		check_eq(values[i], value_of(i));
	check_level(c, ring, level - burst);
	check_eq(values[n], UINT64_MAX);
	maar_ring_destroy(ring);
}

/* Every level against every n from 0 to beyond the capacity. */
static void many_values(const struct combo *c)
{
	static const size_t sizes[] = { 1, 2, 4, 8 };
	size_t k, level, n;

	for (k = 0; k < COUNT_OF(sizes); k++) {
		for (level = 0; level <= sizes[k]; level++) {
			for (n = 0; n <= sizes[k] + 2; n++) {
				put_many(c, sizes[k], level, n);
				take_many(c, sizes[k], level, n);
			}
		}
	}
	put_many(c, MOST, 1, MOST - 1);
	if (mode_limit(c->mode, MOST) == MOST)
		put_many(c, MOST, 1, MOST);
	take_many(c, MOST, MOST, MOST);
	take_many(c, MOST, MOST - 1, MOST);
}

/* n far beyond the capacity, where an addition to it would overflow. */
static void absurd_n(const struct combo *c)
{
	static const size_t absurd[] = { SIZE_MAX, SIZE_MAX - 3, SIZE_MAX / 2 + 1, SIZE_MAX / 2 };
	uint64_t values[8];
	size_t i;

	for (i = 0; i < COUNT_OF(absurd); i++) {
		struct maar_ring *ring = ring_at_level(c, 4, 2);

		/* Refused before the array is looked at, so that there need not be so much of it. */
		check_eq(c->puts->bulk(ring, values, absurd[i]), 0);
		check_level(c, ring, 2);
		check_eq(c->takes->bulk(ring, values, absurd[i]), 0);
		check_level(c, ring, 2);
		check_eq(c->takes->burst(ring, values, absurd[i]), 2);
		check_eq(values[1], value_of(1));
		maar_ring_destroy(ring);
	}
}

static void check_has_bulk(const struct combo *c)
{
	struct maar_ring *ring = new_ring(4, c->mode->flags);

	check_eq(maar_ring_has_enqueue_bulk(ring), puts_in_bulk(c->mode, &puts_any));
	check_eq(maar_ring_flags(ring), c->mode->flags);
	maar_ring_destroy(ring);
}

/* ---- the wrap of the positions ---- */

/* Passes a few laps of values through a ring whose positions begin at `start`, by singles, bursts and bulks. */
static void pass_over(const struct combo *c, size_t capacity, uint64_t start)
{
	struct maar_ring *ring = new_ring(capacity, c->mode->flags);
	uint64_t in = 0, out = 0, values[64], value;
	size_t n, i;

	maar__ring_start_at(ring, start);
	check_level(c, ring, 0);
	check_eq(c->takes->one(ring, &value), 0);
	while (out < 6 * capacity) {
		check_eq(c->puts->one(ring, value_of(in)), 1);
		in++;
		n = (size_t)(capacity - (in - out));
		for (i = 0; i < n; i++)
			values[i] = value_of(in + i);
		if (puts_in_bulk(c->mode, c->puts))
			check_eq(c->puts->bulk(ring, values, n), n);
		else
			check_eq(c->puts->burst(ring, values, n), n);
		in += n;
		check_level(c, ring, capacity);
		if (mode_limit(c->mode, capacity) == capacity)
			check_eq(c->puts->one(ring, 0), 0);
		/* An odd number out, so that laps and positions fall apart. */
		n = capacity / 2 + 1;
		check_eq(c->takes->bulk(ring, values, n), n);
		for (i = 0; i < n; i++)
			check_eq(values[i], value_of(out + i));
		out += n;
		check_level(c, ring, capacity - n);
		n = c->takes->burst(ring, values, capacity / 4);
		check_eq(n, capacity / 4);
		for (i = 0; i < n; i++)
			check_eq(values[i], value_of(out + i));
		out += n;
	}
	while (c->takes->one(ring, &value)) {
		check_eq(value, value_of(out));
		out++;
	}
	check_eq(out, in);
	check_level(c, ring, 0);
	maar_ring_destroy(ring);
}

static void wraps(const struct combo *c)
{
	static const size_t sizes[] = { 1, 2, 8, 64 };
	size_t k, before;

	for (k = 0; k < COUNT_OF(sizes); k++) {
		pass_over(c, sizes[k], 0);
		for (before = 0; before <= 3 * sizes[k]; before += sizes[k] > 8 ? 7 : 1) {
			pass_over(c, sizes[k], (UINT64_C(1) << 31) - before);
			pass_over(c, sizes[k], (UINT64_C(1) << 32) - before);
			pass_over(c, sizes[k], (UINT64_C(1) << 63) - before);
			pass_over(c, sizes[k], 0 - (uint64_t)before);
		}
	}
}

/* ---- random sequences against a model ---- */

#define RANDOM_STEPS 4000

/* A burst: as many as are sure to fit, at most as many as may. */
#define check_within(got, least, most)                                                                                 \
	do {                                                                                                           \
		check_eq((got) >= (least), 1);                                                                         \
		check_eq((got) <= (most), 1);                                                                          \
	} while (0)

/* The model: values are numbered, the ring holds those from `out` to `in`. */
static void random_step(const struct combo *c, struct maar_ring *ring, struct unit_rng *rng, uint64_t *in,
			uint64_t *out)
{
	const size_t capacity = maar_ring_capacity(ring), used = (size_t)(*in - *out);
	const size_t room = used < capacity ? capacity - used : 0, most = mode_limit(c->mode, capacity) - used;
	const size_t n = (size_t)unit_random_below(rng, capacity + 2);
	const bool can_bulk = n <= 1 || puts_in_bulk(c->mode, c->puts);
	uint64_t values[64 + 4];
	size_t done = 0, i;
	bool takes = true;

	for (i = 0; i < n; i++)
		values[i] = value_of(*in + i);
	switch (unit_random_below(rng, 6)) {
	case 0:
		takes = false;
		done = c->puts->one(ring, value_of(*in));
		check_eq(done, room > 0 || (done && most > 0));
		break;
	case 1:
		takes = false;
		done = c->puts->burst(ring, values, n);
		check_within(done, n < room ? n : room, n < most ? n : most);
		break;
	case 2:
		takes = false;
		done = c->puts->bulk(ring, values, n);
		if (!can_bulk || n > capacity || n <= room)
			check_eq(done, can_bulk && n <= room ? n : 0);
		else
			check_eq(done, done && n <= most ? n : 0);
		break;
	case 3:
		done = c->takes->one(ring, values);
		check_eq(done, used > 0);
		break;
	case 4:
		done = c->takes->burst(ring, values, n);
		check_eq(done, n < used ? n : used);
		break;
	case 5:
		done = c->takes->bulk(ring, values, n);
		check_eq(done, n <= used ? n : 0);
		break;
	}
	if (!takes) {
		*in += done;
		return;
	}
	for (i = 0; i < done; i++)
		check_eq(values[i], value_of(*out + i));
	*out += done;
}

static void random_moves(const struct combo *c)
{
	static const size_t sizes[] = { 1, 2, 4, 16, 32, 64 };
	struct unit_rng rng = unit_rng(1);
	size_t k, step;

	for (k = 0; k < COUNT_OF(sizes); k++) {
		struct maar_ring *ring = new_ring(sizes[k], c->mode->flags);
		uint64_t in = 0, out = 0;

		maar__ring_start_at(ring, unit_random(&rng));
		for (step = 0; step < RANDOM_STEPS; step++) {
			random_step(c, ring, &rng, &in, &out);
			check_level(c, ring, (size_t)(in - out));
		}
		maar_ring_destroy(ring);
	}
}

/* ---- pointers ---- */

/* By mode alone: the pointer calls have no explicit sides. */
static void pointers(const struct combo *c)
{
	struct maar_ring *ring = new_ring(4, c->mode->flags);
	int objects[6];
	void *in[6], *out[6];
	size_t i;

	for (i = 0; i < COUNT_OF(in); i++)
		in[i] = &objects[i];
	if (sizeof(void *) == sizeof(uint64_t) && (c->mode->flags & MAAR_RING_HANDLE)) {
		/* Addresses of the stack are beyond 32 bits. */
		check_eq(maar_ring_enqueue_ptr(ring, in[0]), 0);
		check_eq(maar_ring_enqueue_burst_ptr(ring, in, 6), 0);
		check_holds(c, ring, 0);
		return;
	}
	ck_assert_ptr_null(maar_ring_dequeue_ptr(ring));
	check_eq(maar_ring_enqueue_ptr(ring, NULL), 0);
	check_level(c, ring, 0);
	for (i = 0; i < 4; i++)
		check_eq(maar_ring_enqueue_ptr(ring, in[i]), 1);
	check_eq(maar_ring_enqueue_ptr(ring, in[4]), 0);
	check_eq(maar_ring_enqueue_ptr(ring, NULL), 0);
	for (i = 0; i < 4; i++)
		ck_assert_ptr_eq(maar_ring_dequeue_ptr(ring), in[i]);
	ck_assert_ptr_null(maar_ring_dequeue_ptr(ring));

	/* bursts: beyond full, to empty, n = 0, and NULL as the end */
	check_eq(maar_ring_enqueue_burst_ptr(ring, in, 0), 0);
	check_eq(maar_ring_enqueue_burst_ptr(ring, in, 6), 4);
	check_eq(maar_ring_dequeue_burst_ptr(ring, out, 0), 0);
	check_eq(maar_ring_dequeue_burst_ptr(ring, out, 3), 3);
	check_eq(maar_ring_dequeue_burst_ptr(ring, out + 3, 3), 1);
	check_eq(memcmp(in, out, 4 * sizeof(in[0])), 0);
	check_eq(maar_ring_dequeue_burst_ptr(ring, out, 3), 0);
	in[2] = NULL;
	check_eq(maar_ring_enqueue_burst_ptr(ring, in, 6), 2);
	in[0] = NULL;
	check_eq(maar_ring_enqueue_burst_ptr(ring, in, 6), 0);
	check_level(c, ring, 2);
	ck_assert_ptr_eq(maar_ring_dequeue_ptr(ring), &objects[0]);
	ck_assert_ptr_eq(maar_ring_dequeue_ptr(ring), &objects[1]);
	maar_ring_destroy(ring);
}

/* ---- the side said in the call ---- */

/* Calls of a side that the mode does not allow: 0, and nothing changes, at any level. */
static void mismatch(const struct combo *c)
{
	uint64_t values[2] = { 1, 2 };
	size_t level;

	for (level = 0; level <= 4; level++) {
		struct maar_ring *ring = ring_at_level(c, 4, level);

		if (!puts_legal(c->mode, &puts_mp)) {
			check_eq(puts_mp.one(ring, 1), 0);
			check_eq(puts_mp.bulk(ring, values, 1), 0);
			check_eq(puts_mp.bulk(ring, values, 2), 0);
			check_eq(puts_mp.burst(ring, values, 2), 0);
		}
		if (!takes_legal(c->mode, &takes_mc)) {
			check_eq(takes_mc.one(ring, values), 0);
			check_eq(takes_mc.bulk(ring, values, 1), 0);
			check_eq(takes_mc.burst(ring, values, 2), 0);
		}
		if (!puts_in_bulk(c->mode, &puts_any)) {
			check_eq(maar_ring_enqueue_bulk(ring, values, 2), 0);
			check_eq(maar_ring_enqueue_bulk_mp(ring, values, 2), 0);
		}
		check_holds(c, ring, level);
	}
}

/* The families of calls see each other's values: they are one ring. */
static void families_mix(const struct combo *c)
{
	struct maar_ring *ring = new_ring(8, c->mode->flags);
	uint64_t in = 0, out = 0, value;
	size_t round;

	for (round = 0; round < 100; round++) {
		/* Alternately the combo's family, the plain one and the one-sided one. */
		const struct puts *const puts = round % 3 == 0 ? c->puts : round % 3 == 1 ? &puts_any : &puts_sp;
		const struct takes *const takes = round % 4 == 0 ? c->takes : round % 4 == 1 ? &takes_any : &takes_sc;

		while (puts->one(ring, value_of(in)))
			in++;
		check_level(c, ring, 8);
		check_eq(in - out, 8);
		while (in - out > round % 8 && takes->one(ring, &value)) {
			check_eq(value, value_of(out));
			out++;
		}
	}
	maar_ring_destroy(ring);
}

/* ---- threads: two on each free side; what was written before an enqueue is there after the dequeue ---- */

#define THREADED 10000 /* values of each producer */

struct item {
	uint64_t producer, number, check; /* plain memory: ThreadSanitizer sees it if the ring does not order it */
};

static struct item items[2][THREADED];

struct side {
	struct maar_ring *ring;
	uint64_t producer;
	uint64_t *taken; /* by all consumers */
	uint64_t all, sum;
};

static void *produce(void *arg)
{
	struct side *s = arg;
	uint64_t i;

	for (i = 0; i < THREADED; i++) {
		items[s->producer][i] = (struct item){ s->producer, i, ~i };
		while (!maar_ring_enqueue(s->ring, s->producer * THREADED + i))
			pace_yield();
	}
	return NULL;
}

static void *consume(void *arg)
{
	struct side *s = arg;
	uint64_t next[2] = { 0, 0 };
	uint64_t batch[16];
	size_t n, i;

	while (__atomic_load_n(s->taken, __ATOMIC_RELAXED) < s->all) {
		n = maar_ring_dequeue_burst(s->ring, batch, COUNT_OF(batch));
		if (n == 0)
			pace_yield();
		for (i = 0; i < n; i++) {
			const struct item *item = &items[batch[i] / THREADED][batch[i] % THREADED];

			/* Each consumer sees each producer's values in their order. */
			unit_must(item->number >= next[item->producer]);
			unit_eq(item->check, ~item->number);
			next[item->producer] = item->number + 1;
			s->sum += item->number;
		}
		__atomic_fetch_add(s->taken, n, __ATOMIC_RELAXED);
	}
	return NULL;
}

START_TEST(threads)
{
	const unsigned flags = modes[_i].flags;
	const size_t producers = flags & MAAR_RING_SP ? 1 : 2, consumers = flags & MAAR_RING_SC ? 1 : 2;
	struct side in[2], out[2];
	pthread_t thread[4];
	uint64_t taken = 0, sum = 0;
	struct maar_ring *ring = new_ring(32, flags); /* more than 16: a single consumer is lazy */
	size_t i;

	for (i = 0; i < producers; i++) {
		in[i] = (struct side){ ring, i, NULL, 0, 0 };
		thread[i] = unit_thread(produce, &in[i]);
	}
	for (i = 0; i < consumers; i++) {
		out[i] = (struct side){ ring, 0, &taken, producers * THREADED, 0 };
		thread[producers + i] = unit_thread(consume, &out[i]);
	}
	for (i = 0; i < producers + consumers; i++)
		unit_join(thread[i]);
	for (i = 0; i < consumers; i++)
		sum += out[i].sum;
	unit_eq(taken, producers * THREADED);
	unit_eq(sum, producers * ((uint64_t)THREADED * (THREADED - 1) / 2));
	unit_eq(maar_ring_empty(ring), 1);
	maar_ring_destroy(ring);
}
END_TEST

/* ---- the suite ---- */

#define COMBO_TEST(name)                                                                                               \
	START_TEST(test_##name)                                                                                        \
	{                                                                                                              \
		value_mask = mode_values(&modes[_i]);                                                                  \
		each_combo(&modes[_i], name);                                                                          \
	}                                                                                                              \
	END_TEST

COMBO_TEST(fill_and_drain)
COMBO_TEST(any_value)
COMBO_TEST(many_values)
COMBO_TEST(absurd_n)
COMBO_TEST(check_has_bulk)
COMBO_TEST(wraps)
COMBO_TEST(random_moves)
COMBO_TEST(pointers)
COMBO_TEST(mismatch)
COMBO_TEST(families_mix)

Suite *unit_suite(void)
{
	Suite *suite = suite_create("ring");
	TCase *one = unit_tcase(suite, "one value"), *many = unit_tcase(suite, "many values");
	TCase *wrap = unit_tcase(suite, "wrap"), *model = unit_tcase(suite, "model"),
	      *sides = unit_tcase(suite, "sides");

	tcase_add_loop_test(one, test_fill_and_drain, 0, MODES);
	tcase_add_loop_test(one, test_any_value, 0, MODES);
	tcase_add_loop_test(one, test_pointers, 0, MODES);
	tcase_add_loop_test(many, test_many_values, 0, MODES);
	tcase_add_loop_test(many, test_absurd_n, 0, MODES);
	tcase_add_loop_test(many, test_check_has_bulk, 0, MODES);
	tcase_add_loop_test(wrap, test_wraps, 0, MODES);
	tcase_add_loop_test(model, test_random_moves, 0, MODES);
	tcase_add_loop_test(sides, test_mismatch, 0, MODES);
	tcase_add_loop_test(sides, test_families_mix, 0, MODES);
	tcase_add_loop_test(sides, threads, 0, MODES);
	return suite;
}
