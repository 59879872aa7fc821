/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Misuse that tracked mrings and pools of a release build find: double and foreign puts, writes after put and beyond the
 * end, damaged headers; what is told of them, and to whom; and that right programs are not told anything.
 */
#include "child.h"
#include "faults.h"

#include "../../src/base/options.h"
#include "../../src/mring/track.h"

#include <maar/chain.h>
#include <maar/object_pool.h>
#include <maar/pool.h>


#define MESSAGES 200
#define BYTES	 100

#define DEBUG	(MAAR_TRACK_DEBUG | MAAR_TRACK_NOTHING)
#define CHECKED (MAAR_TRACK_CHECKED | MAAR_TRACK_NOTHING)

static struct maar_pool *pool_with(uint32_t track)
{
	const struct maar_pool_options options = { .track = track };
	struct maar_pool *pool = maar_pool_create(MESSAGES, BYTES, &options);

	unit_must(pool != NULL);
	return pool;
}

static struct maar_mring *mring_with(uint32_t track)
{
	const struct maar_mring_options options = { .track = track };
	struct maar_mring *mring = maar_mring_create(MESSAGES, BYTES, &options);

	unit_must(mring != NULL);
	return mring;
}

/* ---- who did it, to be found by name ---- */

#define CULPRIT __attribute__((noinline, used, cold))
CULPRIT struct maar_msg *taker(struct maar_pool *pool);
CULPRIT int putter(struct maar_pool *pool, struct maar_msg *m);
CULPRIT int second_putter(struct maar_msg *m);
CULPRIT size_t bulk_putter(struct maar_pool *pool, struct maar_msg *m);
CULPRIT void *slot_taker(struct maar_mring *mring);
CULPRIT int slot_putter(struct maar_mring *mring, void *slot);
volatile int behind;

struct maar_msg *taker(struct maar_pool *pool)
{
	struct maar_msg *m = maar_pool_get(pool);

	behind++;
	return m;
}

int putter(struct maar_pool *pool, struct maar_msg *m)
{
	const int rc = maar_pool_put(pool, m);

	behind++;
	return rc;
}

int second_putter(struct maar_msg *m)
{
	const int rc = maar_msg_release(m);

	behind++;
	return rc;
}

size_t bulk_putter(struct maar_pool *pool, struct maar_msg *m)
{
	struct maar_msg *msgs[] = { m };
	const size_t n = maar_pool_put_bulk(pool, msgs, 1);

	behind++;
	unit_must(n || msgs[0] == m);
	return n;
}

void *slot_taker(struct maar_mring *mring)
{
	void *slot = maar_mring_get(mring);

	behind++;
	return slot;
}

int slot_putter(struct maar_mring *mring, void *slot)
{
	const int rc = maar_mring_put(mring, slot);

	behind++;
	return rc;
}

/* ---- one misuse each ---- */

static void double_put(void)
{
	struct maar_pool *pool = pool_with(DEBUG);
	struct maar_msg *m = taker(pool);

	unit_eq(putter(pool, m), 0);
	unit_eq(second_putter(m), -EALREADY);
	unit_eq(bulk_putter(pool, m), 0);
	unit_eq(maar_pool_destroy(pool), 0);
}

static void double_put_of_slot(void)
{
	struct maar_mring *mring = mring_with(DEBUG);
	void *slot = slot_taker(mring), *slots[] = { slot };

	unit_eq(slot_putter(mring, slot), 0);
	unit_eq(slot_putter(mring, slot), -EALREADY);
	unit_eq(maar_mring_put_bulk(mring, slots, 1), 0);
	unit_must(slots[0] == slot);
	unit_eq(maar_mring_destroy(mring), 0);
}

static void put_of_unused(void)
{
	struct maar_mring *mring = mring_with(DEBUG);

	unit_eq(slot_putter(mring, maar_mring_slot(mring, 7)), -EALREADY);
	unit_eq(maar_mring_destroy(mring), 0);
}

static void foreign_put(void)
{
	struct maar_pool *pool = pool_with(DEBUG), *other = pool_with(DEBUG);
	struct maar_msg *m = taker(pool);

	unit_eq(putter(pool, (struct maar_msg *)(void *)((char *)m + 24)), -EINVAL);
	unit_eq(putter(other, m), -EINVAL);
	unit_eq(bulk_putter(other, m), 0);
	unit_eq(putter(pool, m), 0);
	unit_eq(maar_pool_destroy(pool), 0);
	unit_eq(maar_pool_destroy(other), 0);
}

static void foreign_slot(void)
{
	struct maar_mring *mring = mring_with(DEBUG);
	static char foreign[8];
	void *slots[] = { foreign, NULL };

	unit_eq(slot_putter(mring, foreign), -EINVAL);
	unit_eq(maar_mring_put_bulk(mring, slots, 2), 0);
	unit_eq(maar_mring_destroy(mring), 0);
}

static void write_after_put(void)
{
	struct maar_pool *pool = pool_with(DEBUG);
	struct maar_msg *m = taker(pool);
	unsigned char *data = maar_msg_data(m);

	unit_eq(putter(pool, m), 0);
	data[17] = 0x41;
	unit_must(taker(pool) == m); /* told here; the message is good */
	unit_eq(putter(pool, m), 0);
	unit_eq(maar_pool_check(pool), 0);
	unit_eq(maar_pool_destroy(pool), 0);
}

static void write_after_put_checked(void)
{
	struct maar_pool *pool = pool_with(DEBUG);
	struct maar_msg *m[3] = { taker(pool), taker(pool), taker(pool) };
	unsigned char *data[3];
	int i;

	for (i = 0; i < 3; i++) {
		data[i] = maar_msg_data(m[i]);
		unit_eq(i == 1 ? 0 : putter(pool, m[i]), 0);
	}
	data[0][0] = 1;
	data[2][BYTES - 1] = 2;
	data[1][BYTES] = 3; /* out, and beyond its end */
	unit_eq(maar_pool_check(pool), 3);
	unit_eq(maar_pool_check(pool), 0);
	unit_eq(putter(pool, m[1]), 0);
	unit_eq(maar_pool_destroy(pool), 0);
}

static void overflow(void)
{
	struct maar_pool *pool = pool_with(DEBUG);
	struct maar_msg *m = taker(pool);

	((unsigned char *)maar_msg_data(m))[BYTES + 2] = 0x42;
	unit_eq(putter(pool, m), 0);
	unit_eq(maar_pool_check(pool), 0);
	unit_eq(maar_pool_destroy(pool), 0);
}

static void overflow_of_slot(void)
{
	struct maar_mring *mring = mring_with(DEBUG);
	unsigned char *slot = slot_taker(mring);

	memset(slot, 0, maar_mring_slot_bytes(mring));
	unit_eq(maar_mring_check(mring), 1);
	slot[maar_mring_slot_bytes(mring) - 1] = 0x42;
	unit_eq(slot_putter(mring, slot), 0);
	slot[BYTES] = 0x43; /* beyond its end, and after put */
	unit_must(slot_taker(mring) == slot);
	unit_eq(slot_putter(mring, slot), 0);
	unit_eq(maar_mring_destroy(mring), 0);
}

static void damaged_header(void)
{
	struct maar_pool *pool = pool_with(DEBUG);
	struct maar_msg *m = taker(pool);
	const uint32_t handle = m->handle;

	m->handle = MESSAGES + 5;
	unit_eq(second_putter(m), -EINVAL);
	m->handle = handle + 1;
	unit_eq(second_putter(m), -EINVAL);
	m->handle = handle;
	unit_eq(second_putter(m), 0);
	unit_eq(maar_pool_destroy(pool), 0);
}

static const struct {
	void (*misuse)(void);
	unsigned times;
	const char *says[5];
} misuses[] = {
	{ double_put,
	  2,
	  { "slot 0 is put while it is free", "put again by thread ", " at second_putter+0x", "taken by thread ",
	    " at putter+0x" } },
	{ double_put_of_slot,
	  2,
	  { "slot 0 is put while it is free", "at slot_taker+0x", "at slot_putter+0x", "mring 0x" } },
	{ put_of_unused, 1, { "slot 7 is put while it is free", "nobody ever took it", "at slot_putter+0x" } },
	{ foreign_put,
	  3,
	  { "is put: no slot, but byte 24 of slot 0", "put by thread ", "at putter+0x", "at taker+0x",
	    "is put: no slot of it" } },
	{ foreign_slot, 2, { "is put: no slot of it", "at slot_putter+0x" } },
	{ write_after_put,
	  1,
	  { "write after put to slot 0: byte 17 is 0x41 instead of 0xdb", "found at the get", "at taker+0x",
	    "at putter+0x" } },
	{ write_after_put_checked,
	  3,
	  { "write after put to slot 0: byte 0 is 0x1 ", "write after put to slot 2: byte 99 is 0x2 ",
	    "overflow of slot 1: byte 100, 1 behind its end, is 0x3", "taken by", "put by" } },
	{ overflow,
	  1,
	  { "overflow of slot 0: byte 102, 3 behind its end, is 0x42", "found at the put\n", "at taker+0x",
	    "at putter+0x" } },
	{ overflow_of_slot,
	  3,
	  { "overflow of slot 0: byte 100, 1 behind its end, is 0\n", "is 0x42", "is 0x43", "at slot_taker+0x",
	    "at slot_putter+0x" } },
	{ damaged_header,
	  2,
	  { "the header of the message at 0x", "is overwritten", "at second_putter+0x", "at taker+0x" } },
};

START_TEST(is_told)
{
	static struct child said;
	size_t i;

	child_must_end(misuses[_i].misuse, &said);
	for (i = 0; i < COUNT_OF(misuses[_i].says) && misuses[_i].says[i]; i++)
		unit_assert_contains(said.text, misuses[_i].says[i]);
	ck_assert_msg(child_count(&said, "maar: misuse: ") == misuses[_i].times, "not %u times:\n%s", misuses[_i].times,
		      said.text);
}
END_TEST

static void stops_at_first(void)
{
	struct maar_pool *pool = pool_with(MAAR_TRACK_STOP | MAAR_TRACK_NOTHING);
	struct maar_msg *m = taker(pool);

	putter(pool, m);
	putter(pool, m);
	_exit(3);
}

START_TEST(stops)
{
	static struct child said;

	child_run(stops_at_first, &said);
	unit_must(WIFSIGNALED(said.status) && WTERMSIG(said.status) == SIGABRT);
	unit_assert_contains(said.text, "slot 0 is put while it is free");
}
END_TEST

/* The number of misuses stands in the report. */
START_TEST(is_counted)
{
	struct maar_mring *mring = mring_with(DEBUG);
	struct unit_text text;
	char *written;
	void *slot = slot_taker(mring);
	FILE *const err = stderr;

	unit_eq(slot_putter(mring, slot), 0);
	stderr = tmpfile();
	unit_must(stderr != NULL);
	unit_eq(slot_putter(mring, slot), -EALREADY);
	fclose(stderr);
	stderr = err;
	unit_text_open(&text);
	unit_eq(maar_mring_report(mring, text.to, MAAR_REPORT_TEXT), 0);
	written = unit_text_close(&text);
	unit_assert_contains(written, "misuse found 1 times");
	free(written);
	unit_eq(maar_mring_destroy(mring), 0);
}
END_TEST

START_TEST(check_errors)
{
	struct maar_pool *pool = pool_with(CHECKED), *untracked = pool_with(MAAR_TRACK_NOTHING);
	static struct maar_mring none;

	unit_eq(maar_pool_check(NULL), -EINVAL);
	unit_eq(maar_mring_check(NULL), -EINVAL);
	unit_eq(maar_mring_check(&none), -EINVAL);
	unit_eq(maar_pool_check(pool), -ENOTSUP);
	unit_eq(maar_pool_check(untracked), -ENOTSUP);
	unit_eq(maar_pool_destroy(pool), 0);
	unit_eq(maar_pool_destroy(untracked), 0);
}
END_TEST

/* ---- CHECKED: answered, and nothing is told ---- */

static void checked_misuse(void)
{
	struct maar_pool *pool = pool_with(CHECKED);
	struct maar_mring *mring = mring_with(CHECKED);
	struct maar_msg *m = taker(pool);
	void *slot = slot_taker(mring);

	unit_eq(putter(pool, m), 0);
	unit_eq(putter(pool, m), -EALREADY);
	unit_eq(second_putter(m), -EALREADY);
	unit_eq(bulk_putter(pool, m), 0);
	unit_eq(putter(pool, (struct maar_msg *)(void *)((char *)m + 64)), -EINVAL);
	unit_eq(slot_putter(mring, slot), 0);
	unit_eq(slot_putter(mring, slot), -EALREADY);
	unit_eq(slot_putter(mring, (char *)slot + 1), -EINVAL);
	unit_eq(slot_putter(mring, maar_mring_slot(mring, 9)), -EALREADY);
	unit_eq(maar_pool_destroy(pool), 0);
	unit_eq(maar_mring_destroy(mring), 0);
}

START_TEST(checked)
{
	static struct child said;

	child_must_end(checked_misuse, &said);
	ck_assert_str_eq(said.text, "");
}
END_TEST

/* Two threads put the same message at the same instant: one of them is told that it may not. */
#define RACES (UNIT_SANITIZED ? 2000 : 20000)

static struct {
	uint32_t turn;	/* the round that may begin */
	uint32_t done;	/* threads that have put */
	uint32_t taken; /* of them, that were believed */
	struct maar_pool *pool;
	struct maar_mring *mring;
	void *it;
} race;

static void *racer(void *arg)
{
	uint32_t round;

	(void)arg;
	for (round = 1; round <= RACES; round++) {
		int rc;

		while (maar_a_load(&race.turn, ACQUIRE) < round)
			pace_yield();
		rc = race.pool ? maar_pool_put(race.pool, race.it) : maar_mring_put(race.mring, race.it);
		unit_must(rc == 0 || rc == -EALREADY);
		maar_a_add(&race.taken, rc == 0, RELAXED);
		maar_a_add(&race.done, 1, RELEASE);
	}
	return NULL;
}

static const uint32_t owning[] = { CHECKED, MAAR_TRACK_SITE | MAAR_TRACK_NOTHING };

START_TEST(one_of_two)
{
	pthread_t threads[2];
	uint32_t round;
	int i;

	memset(&race, 0, sizeof(race));
	if (_i % 2)
		race.pool = pool_with(owning[_i / 2]);
	else
		race.mring = mring_with(owning[_i / 2]);
	for (i = 0; i < 2; i++)
		threads[i] = unit_thread(racer, NULL);
	for (round = 1; round <= RACES; round++) {
		race.it = race.pool ? (void *)maar_pool_get(race.pool) : maar_mring_get(race.mring);
		unit_must(race.it != NULL);
		maar_a_store(&race.turn, round, RELEASE);
		while (maar_a_load(&race.done, ACQUIRE) < 2 * round)
			pace_yield();
		unit_eq(race.taken, round);
	}
	for (i = 0; i < 2; i++)
		unit_join(threads[i]);
	unit_eq(race.pool ? maar_pool_destroy(race.pool) : maar_mring_destroy(race.mring), 0);
}
END_TEST

/* ---- right programs ---- */

static const uint32_t kinds[] = { DEBUG, DEBUG | MAAR_TRACK_TRACE, CHECKED, MAAR_TRACK_SITE | MAAR_TRACK_NOTHING };
static uint32_t kind;

static void right(void)
{
	struct maar_pool *pool = pool_with(kind);
	struct maar_mring *mring = mring_with(kind);
	struct maar_msg *msgs[MESSAGES];
	void *slots[MESSAGES];
	size_t i, round;

	for (round = 0; round < 20; round++) {
		unit_eq(maar_pool_get_bulk(pool, msgs, MESSAGES), MESSAGES);
		unit_eq(maar_mring_get_bulk(mring, slots, MESSAGES), MESSAGES);
		for (i = 0; i < MESSAGES; i++) {
			memset(maar_msg_data(msgs[i]), (int)(round + i), BYTES);
			memset(slots[i], (int)(round + i), BYTES);
			unit_eq(maar_msg_set_length(msgs[i], BYTES), 0);
			if (i % 3 == 0)
				unit_eq(maar_msg_release(maar_msg_retain(msgs[i])), 0);
		}
		unit_eq(maar_pool_put_bulk(pool, msgs, MESSAGES / 2), MESSAGES / 2);
		for (i = MESSAGES / 2; i < MESSAGES; i++)
			unit_eq(i % 2 ? maar_msg_release(msgs[i]) : maar_pool_put(pool, msgs[i]), 0);
		unit_eq(maar_mring_put_bulk(mring, slots, MESSAGES), MESSAGES);
		if (kind & MAAR_TRACK_DEBUG) {
			unit_eq(maar_pool_check(pool), 0);
			unit_eq(maar_mring_check(mring), 0);
		}
	}
	unit_eq(maar_pool_destroy(pool), 0);
	unit_eq(maar_mring_destroy(mring), 0);
}

START_TEST(silent)
{
	static struct child said;

	kind = kinds[_i];
	child_must_end(right, &said);
	ck_assert_str_eq(said.text, "");
}
END_TEST

/* ---- messages with ties: destructors see the data, user areas stay, and the places are those of the program ---- */

static unsigned seen;

static void look(struct maar_msg *m, void *arg)
{
	const unsigned char *data = maar_msg_data(m);

	unit_must(arg == &seen && data[0] == 7 && data[BYTES - 1] == 7);
	seen++;
}

CULPRIT struct maar_msg *cloner(struct maar_pool *pool, struct maar_msg *m);
CULPRIT void chain_putter(struct maar_msg *m);
CULPRIT void resetter(struct maar_msg *m);

struct maar_msg *cloner(struct maar_pool *pool, struct maar_msg *m)
{
	struct maar_msg *clone = maar_msg_clone(pool, m);

	behind++;
	return clone;
}

void chain_putter(struct maar_msg *m)
{
	unit_eq(maar_msg_release(m), 0);
	behind++;
}

void resetter(struct maar_msg *m)
{
	unit_eq(maar_msg_reset(m), 0);
	behind++;
}

static struct maar_msg *filled(struct maar_pool *pool)
{
	struct maar_msg *m = taker(pool);

	unit_eq(maar_msg_set_length(m, BYTES), 0);
	memset(maar_msg_data(m), 7, BYTES);
	memset(maar_msg_user(m), 8, 50);
	return m;
}

static void with_ties(void)
{
	const struct maar_pool_options options = { .user_bytes = 50, .destructor = look, .arg = &seen, .track = kind };
	struct maar_pool *pool = maar_pool_create(MESSAGES, BYTES, &options);
	struct maar_msg *m = filled(pool), *second = filled(pool), *third = filled(pool), *clone;
	const unsigned char *user = maar_msg_user(m);
	uint32_t handles[3] = { m->handle, second->handle, third->handle };

	unit_eq(maar_msg_chain(m, second), 0);
	unit_eq(maar_msg_chain(m, third), 0);
	clone = cloner(pool, m);
	maar_pool_report(pool, stderr, 0);
	chain_putter(m);
	unit_eq(seen, 0); /* the clones hold each */
	chain_putter(clone);
	unit_must(user[0] == 8 && user[49] == 8);
	m = filled(pool);
	unit_eq(maar_msg_chain(m, filled(pool)), 0);
	resetter(m);
	unit_eq(putter(pool, m), 0);
	if (kind & MAAR_TRACK_DEBUG)
		unit_eq(maar_pool_check(pool), 0);
	unit_eq(maar_msg_release((struct maar_msg *)maar_mring_slot(maar_pool_mring(pool), handles[1])), -EALREADY);
	unit_eq(seen, 8); /* three and their clones, and the two of the reset chain */
	unit_eq(maar_pool_destroy(pool), 0);
}

START_TEST(ties)
{
	static struct child said;

	kind = kinds[_i];
	child_must_end(with_ties, &said);
	if (kind & (MAAR_TRACK_SITE | MAAR_TRACK_DEBUG)) {
		unit_assert_contains(said.text, "6 of 200 slots");
		unit_assert_contains(said.text, ", from taker+0x");
		unit_assert_contains(said.text, "3 slots, from cloner+0x");
	}
	if (kind & MAAR_TRACK_DEBUG) {
		unit_eq(child_count(&said, "misuse: "), 1);
		unit_assert_contains(said.text, "is put while it is free");
	}
	unit_eq(child_count(&said, "libmaar"), 0);
}
END_TEST

/* Slots that went back to the system are as new: zero, and not damaged. */
START_TEST(forgotten)
{
	struct maar_mring *mring = mring_with(DEBUG);
	struct maar__mring *m = maar__mring_of(mring);
	void *slot = slot_taker(mring);
	const uint32_t handle = maar_mring_handle(mring, slot);

	unit_eq(slot_putter(mring, slot), 0);
	memset(slot, 0, maar_mring_slot_bytes(mring));
	maar__track_forget(m, handle, 1);
	unit_eq(maar_mring_check(mring), 0);
	unit_must(slot_taker(mring) == slot);
	memset(slot, 1, BYTES);
	unit_eq(slot_putter(mring, slot), 0);
	unit_eq(maar_mring_check(mring), 0);
	unit_eq(maar_mring_destroy(mring), 0);
}
END_TEST

/* An mring that grows and shrinks: what comes back from the system is as new. */
START_TEST(grows_and_shrinks)
{
	const struct maar_mring_options options = { .max_slots = 5000, .track = kinds[_i] };
	struct maar_mring *mring = maar_mring_create(10, 1000, &options);
	static void *slots[5000];
	size_t n, i, round;

	ck_assert_ptr_nonnull(mring);
	for (round = 0; round < 3; round++) {
		for (n = 0; n < COUNT_OF(slots) && (slots[n] = slot_taker(mring)) != NULL; n++)
			memset(slots[n], 1, 1000);
		unit_eq(n, COUNT_OF(slots));
		for (i = 0; i < n; i++)
			unit_eq(slot_putter(mring, slots[i]), 0);
		unit_eq(slot_putter(mring, slots[7]), -EALREADY);
		if (kinds[_i] & MAAR_TRACK_DEBUG)
			unit_eq(maar_mring_check(mring), 0);
		unit_must(maar_mring_shrink(mring) > 0);
		if (kinds[_i] & MAAR_TRACK_DEBUG)
			unit_eq(maar_mring_check(mring), 0);
		unit_eq(slot_putter(mring, slots[7]), -EALREADY);
	}
	unit_eq(maar_mring_destroy(mring), 0);
}
END_TEST

/* ---- without memory ---- */

static int tracked_life(void *arg)
{
	const struct maar_pool_options options = { .track = *(const uint32_t *)arg };
	struct maar_pool *pool = maar_pool_create(10, BYTES, &options);
	struct maar_msg *m;
	struct unit_text text;
	int rc;

	if (!pool)
		return -errno;
	m = maar_pool_get(pool);
	unit_must(m != NULL);
	unit_text_open(&text);
	rc = maar_pool_report(pool, text.to, MAAR_REPORT_JSON);
	free(unit_text_close(&text));
	unit_eq(maar_msg_release(m), 0);
	unit_eq(maar_pool_destroy(pool), 0);
	return rc;
}

/* FAULTS_WORKS: a thread without a lane. */
START_TEST(without_memory)
{
	static const uint32_t kind_of[] = { CHECKED, DEBUG | MAAR_TRACK_TRACE, DEBUG | MAAR_TRACK_AT_EXIT };
	uint32_t track = kind_of[_i];

	FAULTS_RUN(tracked_life, &track, FAULTS_REFUSES | FAULTS_WORKS);
}
END_TEST

/* ---- object pools: by the environment ---- */

static unsigned ended;

static int begin(uint64_t *object, void *arg)
{
	(void)arg;
	*object = 1;
	return 0;
}

static void end(uint64_t *object)
{
	unit_eq(*object, 1);
	ended++;
}

MAAR_OBJECT_POOL(number, uint64_t, begin, end);

static void objects(void)
{
	struct number_pool *pool;
	uint64_t *object;

	setenv("MAAR_OPTIONS", "tools=0,debug=1", 1);
	maar__options_forget();
	pool = number_pool_create(10);
	object = number_pool_get(pool, NULL);
	unit_eq(number_pool_put(pool, object), 0);
	unit_eq(number_pool_put(pool, object), -EALREADY);
	unit_eq(ended, 1);
	*object = 7;
	unit_must(number_pool_get(pool, NULL) == object);
	unit_eq(number_pool_put(pool, object), 0);
	unit_eq(number_pool_destroy(pool), 0);
}

START_TEST(object_pools)
{
	static struct child said;

	child_must_end(objects, &said);
	unit_eq(child_count(&said, "maar: misuse: "), 1);
	unit_assert_contains(said.text, "write after put to slot 0: byte 0 is 0x7 instead of 0xdb");
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("track misuse");
	TCase *told = unit_tcase(suite, "told"), *owned = unit_tcase(suite, "owned"),
	      *good = unit_tcase(suite, "right");

	tcase_add_loop_test(told, is_told, 0, (int)COUNT_OF(misuses));
	tcase_add_test(told, stops);
	tcase_add_test(told, is_counted);
	tcase_add_test(told, check_errors);
	tcase_add_test(told, object_pools);
	tcase_add_test(owned, checked);
	tcase_add_loop_test(owned, one_of_two, 0, 2 * (int)COUNT_OF(owning));
	tcase_add_loop_test(good, silent, 0, (int)COUNT_OF(kinds));
	tcase_add_loop_test(good, ties, 0, (int)COUNT_OF(kinds));
	tcase_add_test(good, forgotten);
	tcase_add_loop_test(good, grows_and_shrinks, 0, (int)COUNT_OF(kinds));
	tcase_add_loop_test(good, without_memory, 0, 3);
	return suite;
}
