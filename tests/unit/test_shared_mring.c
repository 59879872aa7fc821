/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * <maar/shared_mring.h> in one process that takes part several times, through mappings at several addresses: every call,
 * every refusal, the wraps, and memory that somebody has written over. Several processes: test_shared_processes.c.
 */
#include "faults.h"

#include "shared_maps.h"

#include "../../src/mring/shared_priv.h"

#include <sys/wait.h>

#define BYTES 100 /* of a slot; a stride of 128 */

/* One mring, mapped twice, with a participant at each mapping. */
struct pair {
	void *memory[2];
	struct maar_shared_mring *of[2];
	size_t bytes;
};

static struct pair pair_begin(size_t slots, size_t bytes, const struct maar_shared_mring_options *options)
{
	struct pair p = { .bytes = maar_shared_mring_bytes(slots, bytes, options) };
	const int fd = shared_file(p.bytes);
	int i;

	for (i = 0; i < 2; i++)
		p.memory[i] = shared_map(fd, p.bytes);
	close(fd);
	unit_eq(maar_shared_mring_init(p.memory[0], p.bytes, slots, bytes, options), 0);
	for (i = 0; i < 2; i++) {
		p.of[i] = maar_shared_mring_attach(p.memory[i], p.bytes);
		ck_assert_ptr_nonnull(p.of[i]);
	}
	return p;
}

static struct maar_shared_mring_stats stats_of(const struct maar_shared_mring *mring)
{
	struct maar_shared_mring_stats s;

	unit_eq(maar_shared_mring_stats(mring, &s), 0);
	unit_eq(s.free + s.out + s.passed + s.broken, s.slots);
	return s;
}

static void pair_end(struct pair *p)
{
	unit_eq(stats_of(p->of[0]).free, maar_shared_mring_slots(p->of[0]));
	for (int i = 0; i < 2; i++)
		unit_eq(maar_shared_mring_detach(p->of[i]), 0);
	for (int i = 0; i < 2; i++)
		munmap(p->memory[i], p->bytes);
}

/* ---- life ---- */

START_TEST(sizes)
{
	static const struct maar_shared_mring_options wrong[] = {
		{ .align = 3 },
		{ .align = 8192 },
		{ .participants = 4096 },
		{ .reserved0 = 1 },
		{ .reserved = { 0, 0, 0, 1 } },
	};
	struct unit_place place = unit_place(1 << 20);
	size_t i;

	for (i = 0; i < COUNT_OF(wrong); i++) {
		unit_eq(maar_shared_mring_bytes(8, BYTES, &wrong[i]), 0);
		unit_eq(maar_shared_mring_init(place.memory, place.bytes, 8, BYTES, &wrong[i]), -EINVAL);
	}
	unit_eq(maar_shared_mring_bytes(0, BYTES, NULL), 0);
	unit_eq(maar_shared_mring_bytes(8, 0, NULL), 0);
	unit_eq(maar_shared_mring_init(place.memory, place.bytes, 0, BYTES, NULL), -EINVAL);
	unit_eq(maar_shared_mring_init(place.memory, place.bytes, 8, 0, NULL), -EINVAL);
	unit_eq(maar_shared_mring_init(NULL, place.bytes, 8, BYTES, NULL), -EINVAL);
	unit_eq(maar_shared_mring_init(place.memory + 64, place.bytes - 64, 8, BYTES, NULL), -EINVAL);
	unit_eq(maar_shared_mring_init(place.memory, place.bytes, (size_t)MAAR_SHARED_MRING_MAX_SLOTS + 1, 1, NULL),
		-EOVERFLOW);
	unit_eq(maar_shared_mring_init(place.memory, place.bytes, 1, (size_t)MAAR_MRING_MAX_SLOT_BYTES + 1, NULL),
		-EOVERFLOW);
	unit_eq(maar_shared_mring_init(place.memory, place.bytes, MAAR_SHARED_MRING_MAX_SLOTS,
				       MAAR_MRING_MAX_SLOT_BYTES, NULL),
		sizeof(size_t) > 4 ? -ENOSPC : -EOVERFLOW);
	unit_eq(maar_shared_mring_init(place.memory, maar_shared_mring_bytes(8, BYTES, NULL) - 1, 8, BYTES, NULL),
		-ENOSPC);
	unit_place_untouched(&place);
	unit_place_end(&place);
	/* In as many bytes as it says, and not in one more. */
	place = unit_place(maar_shared_mring_bytes(8, BYTES, NULL));
	unit_eq(maar_shared_mring_init(place.memory, place.bytes, 8, BYTES, NULL), 0);
	{
		struct maar_shared_mring *s = maar_shared_mring_attach(place.memory, place.bytes);
		void *slot[9];

		ck_assert_ptr_nonnull(s);
		unit_eq(maar_shared_mring_get_bulk(s, slot, 8), 8);
		for (i = 0; i < 8; i++)
			memset(slot[i], 1, maar_shared_mring_slot_bytes(s));
		unit_eq(maar_shared_mring_put_bulk(s, slot, 8), 8);
		unit_eq(maar_shared_mring_detach(s), 0);
	}
	unit_place_end(&place);
}
END_TEST

START_TEST(aligned)
{
	size_t align;

	for (align = 1; align <= 4096; align *= 2) {
		const struct maar_shared_mring_options o = { .align = align };
		struct pair p = pair_begin(5, BYTES, &o);
		void *slot = maar_shared_mring_get(p.of[1]);

		unit_eq((uintptr_t)slot % (align < 64 ? 64 : align), 0);
		unit_eq(maar_shared_mring_slot_bytes(p.of[1]) % (align < 64 ? 64 : align), 0);
		unit_eq(maar_shared_mring_put(p.of[1], slot), 0);
		if (align == 4096) {
			errno = 0;
			ck_assert_ptr_null(maar_shared_mring_attach((char *)p.memory[0] + 128, p.bytes));
			memmove((char *)p.memory[0] + 128, p.memory[0], 4096); /* what no mapping would do */
			ck_assert_ptr_null(maar_shared_mring_attach((char *)p.memory[0] + 128, p.bytes));
			unit_eq(errno, EINVAL);
			memmove(p.memory[0], (char *)p.memory[0] + 128, 4096 - 128);
			unit_eq(maar_shared_mring_init(p.memory[0], p.bytes, 5, BYTES, &o), 0);
			unit_eq(maar_shared_mring_init((char *)p.memory[0] + 128, p.bytes, 5, BYTES, &o), -EINVAL);
			munmap(p.memory[0], p.bytes);
			munmap(p.memory[1], p.bytes);
			maar__free(p.of[0]);
			maar__free(p.of[1]);
			break; /* it was made anew under those who took part: forgotten, not detached */
		}
		pair_end(&p);
	}
}
END_TEST

/* As many as may be, each another; who leaves makes room, who has slots may not leave. */
START_TEST(participants)
{
	const struct maar_shared_mring_options o = { .participants = 5 };
	struct pair p = pair_begin(8, BYTES, &o);
	struct maar_shared_mring *more[3];
	void *slot;
	uint32_t i;

	unit_eq(maar_shared_mring_participant(p.of[0]), 1);
	unit_eq(maar_shared_mring_participant(p.of[1]), 2);
	for (i = 0; i < 3; i++) {
		more[i] = maar_shared_mring_attach(p.memory[0], p.bytes);
		ck_assert_ptr_nonnull(more[i]);
		unit_eq(maar_shared_mring_participant(more[i]), 3 + i);
	}
	errno = 0;
	ck_assert_ptr_null(maar_shared_mring_attach(p.memory[0], p.bytes));
	unit_eq(errno, EUSERS);
	unit_eq(stats_of(p.of[0]).participants, 5);
	unit_eq(stats_of(p.of[0]).max_participants, 5);
	slot = maar_shared_mring_get(more[1]);
	unit_eq(maar_shared_mring_holder(p.of[0], maar_shared_mring_handle(more[1], slot)), getpid());
	unit_eq(maar_shared_mring_detach(more[1]), -EBUSY);
	unit_eq(maar_shared_mring_put(more[1], slot), 0);
	unit_eq(maar_shared_mring_detach(more[1]), 0);
	unit_eq(stats_of(p.of[0]).participants, 4);
	unit_eq(maar_shared_mring_holder(p.of[0], 0), 0);
	unit_eq(maar_shared_mring_holder(p.of[0], 8), 0);
	unit_eq(maar_shared_mring_holder(NULL, 0), 0);
	more[1] = maar_shared_mring_attach(p.memory[1], p.bytes);
	unit_eq(maar_shared_mring_participant(more[1]), 4);
	for (i = 0; i < 3; i++)
		unit_eq(maar_shared_mring_detach(more[i]), 0);
	unit_eq(maar_shared_mring_detach(NULL), 0);
	pair_end(&p);
}
END_TEST

/* A child that leaves with what its parent attached takes nothing from it. */
START_TEST(child_forgets)
{
	struct pair p = pair_begin(8, BYTES, NULL);
	void *slot = maar_shared_mring_get(p.of[0]);
	const pid_t child = fork();
	int status;

	if (child == 0) {
		struct maar_shared_mring *own = maar_shared_mring_attach(p.memory[0], p.bytes);
		bool ok = maar_shared_mring_put(own, slot) == -EPERM && maar_shared_mring_detach(p.of[0]) == 0 &&
			  maar_shared_mring_detach(p.of[1]) == 0 && maar_shared_mring_participant(own) == 3;

		ok = maar_shared_mring_detach(own) == 0 && ok;
		_exit(ok ? 0 : 1);
	}
	unit_eq(waitpid(child, &status, 0), child);
	unit_eq(status, 0);
	unit_eq(stats_of(p.of[1]).participants, 2);
	unit_eq(stats_of(p.of[0]).mine, 1);
	unit_eq(maar_shared_mring_put(p.of[0], slot), 0);
	pair_end(&p);
}
END_TEST

static int attach_and_use(void *arg)
{
	struct pair *p = arg;
	struct maar_shared_mring *s = maar_shared_mring_attach(p->memory[0], p->bytes);

	if (!s)
		return -errno;
	unit_eq(maar_shared_mring_put(s, maar_shared_mring_get(s)), 0);
	unit_eq(maar_shared_mring_detach(s), 0);
	return 0;
}

START_TEST(without_memory)
{
	struct pair p = pair_begin(8, BYTES, NULL);

	FAULTS_RUN(attach_and_use, &p, FAULTS_REFUSES);
	unit_eq(stats_of(p.of[0]).participants, 2);
	pair_end(&p);
}
END_TEST

/* ---- slots ---- */

/* Each slot once, through either mapping; at handles that mean the same in both. */
START_TEST(every_slot_once)
{
	static const size_t counts[] = { 1, 2, 3, 64, 1000, 1023, 1024, 1025, 5000 };
	size_t k, i, n;

	for (k = 0; k < COUNT_OF(counts); k++) {
		struct pair p = pair_begin(counts[k], BYTES, NULL);
		void **slots = calloc(counts[k] + 1, sizeof(*slots));

		ck_assert_ptr_nonnull(slots);
		unit_eq(maar_shared_mring_slots(p.of[0]), counts[k]);
		for (n = 0; (slots[n] = maar_shared_mring_get(p.of[n % 2])) != NULL; n++) {
			const uint32_t handle = maar_shared_mring_handle(p.of[n % 2], slots[n]);

			ck_assert_ptr_eq(maar_shared_mring_slot(p.of[n % 2], handle), slots[n]);
			ck_assert_ptr_ne(maar_shared_mring_slot(p.of[(n + 1) % 2], handle), slots[n]);
			unit_eq(maar_shared_mring_handle(p.of[(n + 1) % 2], slots[n]), MAAR_NO_HANDLE);
			memset(slots[n], (int)n, BYTES);
			unit_must(n < counts[k]);
		}
		unit_eq(n, counts[k]);
		unit_eq(stats_of(p.of[0]).out, n);
		unit_eq(stats_of(p.of[1]).mine, n / 2);
		for (i = 0; i < n; i++) {
			const unsigned char *at = maar_shared_mring_slot(
				p.of[(i + 1) % 2], maar_shared_mring_handle(p.of[i % 2], slots[i]));

			unit_must(at[0] == (unsigned char)i && at[BYTES - 1] == (unsigned char)i);
		}
		for (i = 0; i < n; i++)
			unit_eq(maar_shared_mring_put(p.of[i % 2], slots[i]), 0);
		free(slots);
		pair_end(&p);
	}
}
END_TEST

START_TEST(refusals)
{
	struct pair p = pair_begin(4, BYTES, NULL);
	unsigned char *slot = maar_shared_mring_get(p.of[0]);
	unsigned char *other = maar_shared_mring_slot(p.of[1], maar_shared_mring_handle(p.of[0], slot));
	void *many[5];
	uint32_t handle;
	size_t i;

	unit_eq(maar_shared_mring_put(p.of[1], other), -EPERM);
	unit_eq(maar_shared_mring_pass(p.of[1], other), MAAR_NO_HANDLE);
	unit_eq(maar_shared_mring_put(p.of[1], slot), -EINVAL);
	unit_eq(maar_shared_mring_put(p.of[0], NULL), -EINVAL);
	unit_eq(maar_shared_mring_put(NULL, slot), -EINVAL);
	for (i = 1; i < 128; i++)
		unit_eq(maar_shared_mring_put(p.of[0], slot + i), -EINVAL);
	unit_eq(maar_shared_mring_put(p.of[0], slot - 128), -EINVAL); /* it is the first */
	unit_eq(maar_shared_mring_put(p.of[0], slot + 4 * 128), -EINVAL);
	unit_eq(maar_shared_mring_pass(p.of[0], slot + 1), MAAR_NO_HANDLE);
	unit_eq(maar_shared_mring_put(p.of[0], slot), 0);
	unit_eq(maar_shared_mring_put(p.of[0], slot), -EALREADY);
	unit_eq(maar_shared_mring_put(p.of[1], other), -EALREADY);
	unit_eq(maar_shared_mring_pass(p.of[0], slot), MAAR_NO_HANDLE);
	unit_must(!maar_shared_mring_accept(p.of[0], 0));
	unit_must(!maar_shared_mring_accept(p.of[0], 4));
	unit_must(!maar_shared_mring_accept(p.of[0], MAAR_NO_HANDLE));
	unit_must(!maar_shared_mring_accept(NULL, 0));
	unit_must(!maar_shared_mring_get(NULL) && !maar_shared_mring_slots(NULL) &&
		  !maar_shared_mring_slot_bytes(NULL));
	unit_eq(maar_shared_mring_participant(NULL), 0);
	unit_eq(maar_shared_mring_get_bulk(NULL, many, 1), 0);
	unit_eq(maar_shared_mring_get_bulk(p.of[0], many, 0), 0);
	unit_eq(maar_shared_mring_put_bulk(p.of[0], many, 0), 0);
	unit_eq(maar_shared_mring_get_bulk(p.of[0], many, 5), 0);
	unit_eq(maar_shared_mring_get_bulk(p.of[0], many, 4), 4);
	unit_must(!maar_shared_mring_get(p.of[1]));
	/* Refused ones come to the front. */
	many[4] = many[3];
	many[3] = &p;
	unit_eq(maar_shared_mring_put_bulk(p.of[0], many, 2), 2);
	unit_eq(maar_shared_mring_put_bulk(p.of[0], many + 1, 4), 2);
	unit_must(many[2] == &p);
	/* Passed on: nobody's. */
	slot = maar_shared_mring_get(p.of[0]);
	handle = maar_shared_mring_pass(p.of[0], slot);
	unit_eq(handle, maar_shared_mring_handle(p.of[0], slot));
	unit_eq(maar_shared_mring_pass(p.of[0], slot), MAAR_NO_HANDLE);
	unit_eq(maar_shared_mring_put(p.of[0], slot), -EALREADY);
	unit_eq(stats_of(p.of[0]).passed, 1);
	other = maar_shared_mring_accept(p.of[1], handle);
	unit_eq(maar_shared_mring_handle(p.of[1], other), handle);
	unit_must(!maar_shared_mring_accept(p.of[1], handle) && !maar_shared_mring_accept(p.of[0], handle));
	unit_eq(maar_shared_mring_put(p.of[0], slot), -EPERM);
	unit_eq(maar_shared_mring_put(p.of[1], other), 0);
	unit_eq(maar_shared_mring_stats(NULL, NULL), -EINVAL);
	unit_eq(maar_shared_mring_stats(p.of[0], NULL), -EINVAL);
	pair_end(&p);
}
END_TEST

/* Against a list of what is out, at positions around every wrap: of the laps (32 bits), of the words (48), of all 64. */
START_TEST(random_moves)
{
	static const uint64_t starts[] = { 0, (UINT64_C(1) << 42) - 500, (UINT64_C(1) << 48) - 500, UINT64_MAX - 500 };
	enum { SLOTS = 40, STEPS = 5000 };
	struct pair p = pair_begin(SLOTS, BYTES, NULL);
	struct unit_rng rng = unit_rng((uint64_t)_i);
	struct {
		int who;
		void *slot;
	} out[SLOTS];
	size_t n = 0, i;

	maar__shared_start_at(p.of[0], starts[_i]);
	for (int step = 0; step < STEPS; step++) {
		const int who = (int)unit_random_below(&rng, 2);

		if (unit_random_below(&rng, 2)) {
			void *slot = maar_shared_mring_get(p.of[who]);

			unit_eq(slot != NULL, n < SLOTS);
			if (!slot)
				continue;
			out[n].who = who;
			out[n++].slot = slot;
		} else if (n) {
			i = (size_t)unit_random_below(&rng, n);
			if (unit_random_below(&rng, 4) == 0) {
				const uint32_t handle = maar_shared_mring_pass(p.of[out[i].who], out[i].slot);

				out[i].who = who;
				out[i].slot = maar_shared_mring_accept(p.of[who], handle);
				unit_must(out[i].slot);
				continue;
			}
			unit_eq(maar_shared_mring_put(p.of[1 - out[i].who],
						      maar_shared_mring_slot(
							      p.of[1 - out[i].who],
							      maar_shared_mring_handle(p.of[out[i].who], out[i].slot))),
				-EPERM);
			unit_eq(maar_shared_mring_put(p.of[out[i].who], out[i].slot), 0);
			unit_eq(maar_shared_mring_put(p.of[out[i].who], out[i].slot), -EALREADY);
			out[i] = out[--n];
		}
		unit_eq(stats_of(p.of[0]).out, n);
	}
	while (n--)
		unit_eq(maar_shared_mring_put(p.of[out[n].who], out[n].slot), 0);
	pair_end(&p);
}
END_TEST

START_TEST(described)
{
	struct pair p = pair_begin(8, BYTES, NULL);
	void *slot = maar_shared_mring_get(p.of[1]);
	struct unit_text text;
	FILE *full = unit_full_file();
	char *s;

	unit_text_open(&text);
	unit_eq(maar_shared_mring_dump(p.of[0], text.to), 0);
	s = unit_text_close(&text);
	unit_assert_contains(s, "8 slots of 128 bytes");
	unit_assert_contains(s, "free 7, out 1, passed on 0, broken 0");
	unit_assert_contains(s, "participants 2 of 256, this is 1");
	unit_assert_contains(s, "participant 1, process ");
	unit_assert_contains(s, ": out 1, passed on 0");
	free(s);
	unit_eq(maar_shared_mring_dump(p.of[0], NULL), -EINVAL);
	unit_eq(maar_shared_mring_dump(NULL, stdout), -EINVAL);
	unit_eq(maar_shared_mring_dump(p.of[0], full), -EIO);
	fclose(full);
	unit_eq(maar_shared_mring_put(p.of[1], slot), 0);
	pair_end(&p);
}
END_TEST

/* ---- garbage ---- */

static int attach_error(void *memory, size_t bytes)
{
	struct maar_shared_mring *s;

	errno = 0;
	s = maar_shared_mring_attach(memory, bytes);
	if (!s)
		return errno;
	unit_eq(maar_shared_mring_detach(s), 0);
	return 0;
}

/* Each bit of the header and of the ring's constant line is missed. */
START_TEST(every_bit_of_the_header)
{
	struct pair p = pair_begin(8, BYTES, NULL);
	struct maar__shared_header *h = p.memory[0];
	unsigned char *byte = p.memory[0];
	size_t i;
	unsigned bit;

	unit_eq(attach_error(NULL, p.bytes), EINVAL);
	unit_eq(attach_error(byte + 64, p.bytes - 64), EINVAL);
	unit_eq(attach_error(byte, 0), ENOSPC);
	unit_eq(attach_error(byte, sizeof(*h)), ENOSPC);
	unit_eq(attach_error(byte, p.bytes - 1), ENOSPC);
	unit_eq(attach_error(byte, p.bytes), 0);
	for (i = 0; i < offsetof(struct maar__shared_header, ready) + 8; i++) {
		if (i >= offsetof(struct maar__shared_header, sum) + 8 &&
		    i < offsetof(struct maar__shared_header, ready))
			continue; /* between the lines: nothing */
		for (bit = 0; bit < 8; bit++) {
			byte[i] ^= (unsigned char)(1 << bit);
			unit_must(attach_error(byte, p.bytes) ==
				  (i / 4 == offsetof(struct maar__shared_header, layout) / 4 ? EPROTO : EBADMSG));
			byte[i] ^= (unsigned char)(1 << bit);
		}
	}
	unit_eq(attach_error(byte, p.bytes), 0);
	byte += h->ring_at;
	for (i = 0; i < offsetof(struct maar_ring, reserved_k); i++) {
		if (i / 4 == offsetof(struct maar_ring, owns) / 4)
			continue;
		byte[i] ^= 1;
		unit_eq(attach_error(p.memory[0], p.bytes), EBADMSG);
		byte[i] ^= 1;
	}
	h->ready = MAAR__SHARED_MAKING;
	unit_eq(attach_error(p.memory[0], p.bytes), EAGAIN);
	h->ready = MAAR__SHARED_READY;
	pair_end(&p);
}
END_TEST

static uint64_t sum_again(const struct maar__shared_header *h)
{
	const unsigned char *byte = (const unsigned char *)h;
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < offsetof(struct maar__shared_header, sum); i++)
		sum = (sum ^ byte[i]) * UINT64_C(0x100000001b3);
	return sum;
}

/* Another alignment can lay everything out where it lies: right, too, as the caller's memory has it. */
static int as_good(const struct maar__shared_header *h, const struct maar__shared_header *good)
{
	struct maar__shared_header same = *h;

	same.align = good->align;
	same.sum = good->sum;
	return memcmp(&same, good, sizeof(same)) == 0 && maar__is_pow2(h->align) && h->stride % h->align == 0;
}

/* Who knows the sum cannot make others look outside the memory either. */
START_TEST(made_up_headers)
{
	struct pair p = pair_begin(8, BYTES, NULL);
	struct maar__shared_header *h = p.memory[0], good = *h;
	struct unit_rng rng = unit_rng(7);
	static const size_t words[] = { 16, 24, 32, 36, 40, 48, 56, 64, 72, 80, 88, 120 };
	int i;

	for (i = 0; i < 20000; i++) {
		const size_t at = words[unit_random_below(&rng, COUNT_OF(words))];
		const uint64_t value = unit_random_below(&rng, 2) ? unit_random_below(&rng, 9000) : unit_random(&rng);

		memcpy((char *)h + at, &value, unit_random_below(&rng, 2) ? 4 : 8);
		h->sum = sum_again(h);
		if (memcmp(h, &good, sizeof(good)) != 0 && !as_good(h, &good))
			unit_must(attach_error(h, p.bytes) != 0);
		*h = good;
	}
	h->align = good.align * 2;
	h->sum = sum_again(h);
	unit_must(as_good(h, &good));
	unit_eq(attach_error(h, p.bytes), 0);
	*h = good;
	memset((char *)h + 12, 0, 4);
	h->sum = sum_again(h);
	unit_eq(attach_error(h, p.bytes), EBADMSG); /* no participants */
	*h = good;
	pair_end(&p);
}
END_TEST

/* Random words over everything behind the header: wrong answers, but answers, and nothing outside of it. */
START_TEST(garbage_inside)
{
	enum { SLOTS = 16, TRIALS = 3000, MOVES = 40 };
	struct pair p = pair_begin(SLOTS, BYTES, NULL);
	const struct maar__shared_header h = *(struct maar__shared_header *)p.memory[0];
	struct unit_rng rng = unit_rng(8);
	unsigned char *inside = p.memory[0];
	void *slot;

	for (int trial = 0; trial < TRIALS; trial++) {
		const uint64_t words = 1 + unit_random_below(&rng, 16);

		maar__shared_start_at(p.of[0], unit_random(&rng));
		for (uint64_t w = 0; w < words; w++) {
			const uint64_t at =
				h.ring_at + 128 + unit_random_below(&rng, h.slots_at - h.ring_at - 128) / 8 * 8;
			const uint64_t near = *(uint64_t *)(void *)(inside + at) + unit_random_below(&rng, 5) - 2;
			const uint64_t value = unit_random_below(&rng, 3) ? unit_random(&rng) : near;

			memcpy(inside + at, &value, sizeof(value));
		}
		for (int i = 0; i < MOVES; i++) {
			slot = maar_shared_mring_get(p.of[0]);
			unit_must(!slot || maar_shared_mring_handle(p.of[0], slot) < SLOTS);
			(void)maar_shared_mring_put(
				p.of[0], maar_shared_mring_slot(p.of[0], (uint32_t)unit_random_below(&rng, SLOTS)));
			(void)maar_shared_mring_accept(p.of[0], (uint32_t)unit_random_below(&rng, SLOTS));
			(void)maar_shared_mring_holder(p.of[0], (uint32_t)unit_random_below(&rng, SLOTS));
			(void)stats_of(p.of[0]);
		}
	}
	/* What each kind of break is told as. */
	maar__shared_start_at(p.of[0], 0);
	slot = maar_shared_mring_get(p.of[0]);
	p.of[0]->owned.own[maar_shared_mring_handle(p.of[0], slot)] = 0;
	unit_eq(maar_shared_mring_put(p.of[0], slot), -EBADMSG);
	unit_eq(stats_of(p.of[0]).broken, 1);
	maar__shared_start_at(p.of[0], 0);
	slot = maar_shared_mring_get(p.of[0]);
	p.of[0]->owned.ring.ring->tail += 1000;		  /* as if there were no room */
	unit_eq(maar_shared_mring_put(p.of[0], slot), 0); /* or an order of its own: the cell was empty */
	p.of[0]->owned.ring.ring->tail += 4096;
	slot = maar_shared_mring_get(p.of[0]);
	unit_eq(maar_shared_mring_put(p.of[0], slot), -EBADMSG);
	unit_eq(stats_of(p.of[0]).mine, 1); /* it stays the caller's */
	((uint64_t *)(void *)(p.of[0]->owned.ring.ring + 1))[p.of[0]->owned.ring.ring->head] =
		UINT64_C(1) << 32 | SLOTS;
	ck_assert_ptr_null(maar_shared_mring_get(p.of[0]));
	maar__shared_start_at(p.of[0], 0);
	pair_end(&p);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("shared mring");
	TCase *tc = unit_tcase(suite, "shared mring");

	tcase_add_test(tc, sizes);
	tcase_add_test(tc, aligned);
	tcase_add_test(tc, participants);
	tcase_add_test(tc, child_forgets);
	tcase_add_test(tc, without_memory);
	tcase_add_test(tc, every_slot_once);
	tcase_add_test(tc, refusals);
	tcase_add_loop_test(tc, random_moves, 0, 4);
	tcase_add_test(tc, described);
	tcase_add_test(tc, every_bit_of_the_header);
	tcase_add_test(tc, made_up_headers);
	tcase_add_test(tc, garbage_inside);
	return suite;
}
