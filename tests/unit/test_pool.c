/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * <maar/pool.h>: every call, every limit, every refusal; references across threads.
 */
#include "common.h"

#include <maar/pool.h>

#define MESSAGES 200
#define BYTES	 100
#define HEADROOM 20

static struct maar_pool *new_pool(size_t messages, size_t bytes, const struct maar_pool_options *options)
{
	struct maar_pool *pool = maar_pool_create(messages, bytes, options);

	ck_assert_ptr_nonnull(pool);
	return pool;
}

static void check_in_use(struct maar_pool *pool, uint32_t in_use)
{
	struct maar_mring_stats s;

	unit_eq(maar_pool_stats(pool, &s), 0);
	unit_eq(s.slots, maar_pool_messages(pool));
	unit_eq(s.in_use, in_use);
	unit_eq(s.in_use + s.in_lanes + s.in_shared, s.slots);
}

/* Nothing is lost and nothing is there twice: exactly as many different messages as the pool has. */
static void finish(struct maar_pool *pool)
{
	const size_t all = maar_pool_messages(pool);
	struct maar_msg **msgs = calloc(all, sizeof(*msgs));
	unsigned char *seen = calloc(all, 1);
	size_t i;

	ck_assert(msgs && seen);
	check_in_use(pool, 0);
	for (i = 0; i < all; i++) {
		msgs[i] = maar_pool_get(pool);
		ck_assert_ptr_nonnull(msgs[i]);
		unit_must(msgs[i]->handle < all && !seen[msgs[i]->handle]);
		seen[msgs[i]->handle] = 1;
	}
	ck_assert_ptr_null(maar_pool_get(pool));
	for (i = 0; i < all; i++)
		unit_eq(maar_pool_put(pool, msgs[i]), 0);
	unit_eq(maar_pool_destroy(pool), 0);
	free(seen);
	free(msgs);
}

/* ---- a fresh message ---- */

static const struct maar_pool_options ways[] = {
	{ .headroom = 0 },
	{ .headroom = HEADROOM },
	{ .headroom = HEADROOM, .no_lanes = 1 },
	{ .headroom = 1, .lane_slots = 2 },
};
#define WAYS ((int)COUNT_OF(ways))

static void check_fresh(struct maar_pool *pool, const struct maar_msg *m, uint32_t headroom)
{
	unit_eq(m->refs, 1);
	unit_eq(m->handle, maar_mring_handle(maar_pool_mring(pool), m));
	unit_must(m == maar_mring_slot(maar_pool_mring(pool), m->handle));
	unit_must(m->pool == pool);
	unit_must(!m->next && !m->attached && !m->destructor && !maar_msg_user(m));
	unit_eq(maar_msg_length(m), 0);
	unit_eq(maar_msg_headroom(m), headroom);
	unit_eq(maar_msg_tailroom(m), BYTES);
	unit_eq(maar_msg_room(m), headroom + BYTES);
	unit_must((char *)maar_msg_data(m) == (const char *)(m + 1) + headroom);
	unit_eq((uintptr_t)m % MAAR_CACHE_LINE, 0);
}

/* Also a message that comes back is fresh again, whatever its last holder made of it. */
START_TEST(fresh)
{
	struct maar_pool *pool = new_pool(MESSAGES, BYTES, &ways[_i]);
	struct maar_msg *msgs[MESSAGES];
	size_t i, round;

	unit_eq(maar_pool_messages(pool), MESSAGES);
	unit_eq(maar_pool_bytes(pool), BYTES);
	unit_eq(maar_mring_slots(maar_pool_mring(pool)), MESSAGES);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < MESSAGES; i++) {
			struct maar_msg *m = msgs[i] = maar_pool_get(pool);

			ck_assert_ptr_nonnull(m);
			check_fresh(pool, m, ways[_i].headroom);
			check_in_use(pool, (uint32_t)i + 1);
			unit_eq(maar_msg_set_headroom(m, ways[_i].headroom / 2), 0);
			unit_eq(maar_msg_set_length(m, BYTES), 0);
			memset(maar_msg_data(m), (int)i, BYTES);
		}
		ck_assert_ptr_null(maar_pool_get(pool));
		for (i = 0; i < MESSAGES; i++) {
			const unsigned char *data = maar_msg_data(msgs[i]);

			unit_must(data[0] == (unsigned char)i && data[BYTES - 1] == (unsigned char)i);
			unit_eq(i % 2 ? maar_pool_put(pool, msgs[i]) : maar_msg_release(msgs[i]), 0);
			check_in_use(pool, (uint32_t)(MESSAGES - i - 1));
		}
	}
	finish(pool);
}
END_TEST

/* Header-only messages: every byte count but 0 is too many. */
START_TEST(no_bytes)
{
	struct maar_pool *pool = new_pool(10, 0, NULL);
	struct maar_msg *m = maar_pool_get(pool);

	ck_assert_ptr_nonnull(m);
	unit_eq(maar_pool_bytes(pool), 0);
	unit_eq(maar_msg_room(m), 0);
	unit_eq(maar_msg_tailroom(m), 0);
	unit_eq(maar_mring_slot_bytes(maar_pool_mring(pool)), 64);
	unit_eq(maar_msg_set_length(m, 0), 0);
	unit_eq(maar_msg_set_length(m, 1), -EMSGSIZE);
	unit_eq(maar_msg_set_headroom(m, 1), -EMSGSIZE);
	unit_eq(maar_msg_append(m, NULL, 0), 0);
	unit_eq(maar_msg_append(m, "x", 1), -EMSGSIZE);
	unit_eq(maar_msg_release(m), 0);
	finish(pool);
}
END_TEST

/* ---- the bytes ---- */

START_TEST(set_length)
{
	struct maar_pool *pool = new_pool(1, BYTES, &ways[1]);
	struct maar_msg *m = maar_pool_get(pool);
	static const size_t absurd[] = { BYTES + 1, BYTES + HEADROOM, SIZE_MAX, (size_t)UINT32_MAX + 1, UINT32_MAX };
	size_t n, i;

	ck_assert_ptr_nonnull(m);
	for (n = 0; n <= BYTES; n++) {
		unit_eq(maar_msg_set_length(m, n), 0);
		unit_eq(maar_msg_length(m), n);
		unit_eq(maar_msg_tailroom(m), BYTES - n);
		unit_eq(maar_msg_headroom(m), HEADROOM);
		unit_eq(maar_msg_room(m), HEADROOM + BYTES);
	}
	unit_eq(maar_msg_set_length(m, 17), 0);
	for (i = 0; i < COUNT_OF(absurd); i++) {
		if (absurd[i] <= BYTES)
			continue; /* UINT32_MAX + 1 where size_t has 32 bits */
		unit_eq(maar_msg_set_length(m, absurd[i]), -EMSGSIZE);
		unit_eq(maar_msg_length(m), 17);
	}
	unit_eq(maar_msg_release(m), 0);
	finish(pool);
}
END_TEST

START_TEST(set_headroom)
{
	struct maar_pool *pool = new_pool(1, BYTES, &ways[1]);
	struct maar_msg *m = maar_pool_get(pool);
	const size_t room = HEADROOM + BYTES;
	size_t n;

	ck_assert_ptr_nonnull(m);
	for (n = 0; n <= room; n++) {
		unit_eq(maar_msg_set_headroom(m, n), 0);
		unit_eq(maar_msg_headroom(m), n);
		unit_eq(maar_msg_tailroom(m), room - n);
		unit_must((char *)maar_msg_data(m) == (char *)(m + 1) + n);
		unit_eq(maar_msg_set_length(m, room - n + 1), -EMSGSIZE);
	}
	unit_eq(maar_msg_set_headroom(m, room + 1), -EMSGSIZE);
	unit_eq(maar_msg_set_headroom(m, SIZE_MAX), -EMSGSIZE);
	unit_eq(maar_msg_headroom(m), room);
	unit_eq(maar_msg_set_headroom(m, 3), 0);
	unit_eq(maar_msg_set_length(m, 1), 0);
	unit_eq(maar_msg_set_headroom(m, 4), -EBUSY);
	unit_eq(maar_msg_set_headroom(m, SIZE_MAX), -EBUSY);
	unit_eq(maar_msg_headroom(m), 3);
	unit_eq(maar_msg_set_length(m, 0), 0);
	unit_eq(maar_msg_set_headroom(m, 4), 0);
	unit_eq(maar_msg_release(m), 0);
	finish(pool);
}
END_TEST

START_TEST(append)
{
	struct maar_pool *pool = new_pool(1, BYTES, &ways[1]);
	struct maar_msg *m = maar_pool_get(pool);
	unsigned char bytes[BYTES + 1];
	size_t n = 0, k;

	ck_assert_ptr_nonnull(m);
	for (k = 0; k < sizeof(bytes); k++)
		bytes[k] = (unsigned char)(k * 7);
	for (k = 0; n + k <= BYTES; k++) { /* 0 + 1 + 2 + ... */
		unit_eq(maar_msg_append(m, bytes + n, k), 0);
		n += k;
		unit_eq(maar_msg_length(m), n);
		unit_eq(maar_msg_append(m, bytes, BYTES - n + 1), -EMSGSIZE);
		unit_eq(maar_msg_append(m, bytes, SIZE_MAX), -EMSGSIZE);
		unit_eq(maar_msg_length(m), n);
		unit_eq(memcmp(maar_msg_data(m), bytes, n), 0);
	}
	unit_eq(maar_msg_append(m, bytes + n, BYTES - n), 0);
	unit_eq(maar_msg_tailroom(m), 0);
	unit_eq(memcmp(maar_msg_data(m), bytes, BYTES), 0);
	unit_eq(maar_msg_append(m, NULL, 0), 0);
	unit_eq(maar_msg_append(m, bytes, 1), -EMSGSIZE);
	unit_eq(maar_msg_release(m), 0);
	finish(pool);
}
END_TEST

/* ---- references ---- */

START_TEST(references)
{
	struct maar_pool *pool = new_pool(MESSAGES, BYTES, &ways[_i]);
	struct maar_msg *m = maar_pool_get(pool);
	unsigned i;

	ck_assert_ptr_nonnull(m);
	for (i = 1; i <= 100; i++) {
		unit_eq(m->refs, i);
		ck_assert_ptr_eq(maar_msg_retain(m), m);
	}
	for (i = 100; i > 0; i--) {
		unit_eq(i % 2 ? maar_pool_put(pool, m) : maar_msg_release(m), 0);
		unit_eq(m->refs, i);
		check_in_use(pool, 1);
	}
	unit_eq(maar_msg_release(m), 0);
	check_in_use(pool, 0);
	finish(pool);
}
END_TEST

#define SHARED 5000 /* rounds */

struct sharer {
	struct maar_pool *pool;
	struct maar_msg **round; /* the message of the round, set by the first thread; NULL: not there yet */
	uint64_t check;		 /* of what was read */
};

/* Each of three threads has a reference and reads; whoever is last gives the message back, after all have read. */
static void *share(void *arg)
{
	struct sharer *s = arg;
	int i;

	for (i = 0; i < SHARED; i++) {
		struct maar_msg *m;
		uint64_t value;

		while (!(m = __atomic_load_n(&s->round[i], __ATOMIC_ACQUIRE)))
			pace_yield();
		memcpy(&value, maar_msg_data(m), sizeof(value)); /* the headroom need not leave it aligned */
		s->check += value;
		maar_msg_retain(m);
		unit_eq(maar_msg_release(m), 0);
		unit_eq(i % 2 ? maar_msg_release(m) : maar_pool_put(s->pool, m), 0);
	}
	return NULL;
}

START_TEST(shared_between_threads)
{
	/* more than three sharers' lanes can hide, fewer than lanes come with by default: one is always to be had */
	struct maar_pool *pool = new_pool(8, sizeof(uint64_t), &ways[_i]);
	struct maar_msg **round = calloc(SHARED, sizeof(*round));
	struct sharer sharers[3];
	pthread_t thread[3];
	uint64_t sum = 0;
	size_t t;
	int i;

	ck_assert_ptr_nonnull(round);
	for (t = 0; t < 3; t++) {
		sharers[t] = (struct sharer){ .pool = pool, .round = round };
		thread[t] = unit_thread(share, &sharers[t]);
	}
	for (i = 0; i < SHARED; i++) {
		struct maar_msg *m;
		uint64_t value;

		while (!(m = maar_pool_get(pool)))
			pace_yield();
		/* Plain writes: they must not race with the reading of this slot's former holders. */
		value = (uint64_t)i;
		memcpy(maar_msg_data(m), &value, sizeof(value));
		sum += value;
		maar_msg_retain(m);
		maar_msg_retain(m);
		__atomic_store_n(&round[i], m, __ATOMIC_RELEASE);
	}
	for (t = 0; t < 3; t++) {
		unit_join(thread[t]);
		unit_eq(sharers[t].check, sum);
	}
	free(round);
	finish(pool);
}
END_TEST

/* ---- refusals ---- */

START_TEST(strangers_refused)
{
	struct maar_pool *pool = new_pool(10, BYTES, &ways[_i]), *other = new_pool(10, BYTES, &ways[_i]);
	struct maar_msg *m = maar_pool_get(pool), *foreign = maar_pool_get(other);
	static struct maar_msg local = { .refs = 1 };
	struct maar_msg *strangers[] = { foreign, &local, NULL, (void *)((char *)m + 1), (void *)((char *)m + 64),
					 m + 1000 };
	struct maar_msg *bulk[COUNT_OF(strangers)];
	size_t i;

	for (i = 0; i < COUNT_OF(strangers); i++)
		unit_eq(maar_pool_put(pool, strangers[i]), -EINVAL);
	memcpy(bulk, strangers, sizeof(bulk));
	unit_eq(maar_pool_put_bulk(pool, bulk, COUNT_OF(bulk)), 0);
	unit_eq(memcmp(bulk, strangers, sizeof(bulk)), 0);
	unit_eq(maar_pool_put(other, m), -EINVAL);
	unit_eq(maar_pool_put(NULL, m), -EINVAL);
	unit_eq(maar_msg_release(NULL), -EINVAL);
	unit_eq(foreign->refs, 1);
	unit_eq(local.refs, 1);
	unit_eq(m->refs, 1);
	check_in_use(pool, 1);
	check_in_use(other, 1);
	unit_eq(maar_msg_release(foreign), 0); /* to where it came from */
	unit_eq(maar_msg_release(m), 0);
	finish(pool);
	finish(other);
}
END_TEST

START_TEST(null_refused)
{
	struct maar_pool *pool = new_pool(10, BYTES, NULL);
	struct maar_mring_stats stats;
	struct maar_msg *msgs[2];

	ck_assert_ptr_null(maar_pool_get(NULL));
	unit_eq(maar_pool_get_bulk(NULL, msgs, 2), 0);
	unit_eq(maar_pool_get_bulk(pool, NULL, 2), 0);
	unit_eq(maar_pool_put_bulk(NULL, msgs, 2), 0);
	unit_eq(maar_pool_put_bulk(pool, NULL, 2), 0);
	unit_eq(maar_pool_stats(NULL, &stats), -EINVAL);
	unit_eq(maar_pool_stats(pool, NULL), -EINVAL);
	unit_eq(maar_pool_destroy(NULL), 0);
	finish(pool);
}
END_TEST

/* The reference count sees it, of whatever thread the first put was; and nothing is lost nor there twice. */
static void *put_thread(void *msg)
{
	unit_eq(maar_msg_release(msg), 0);
	return NULL;
}

START_TEST(double_put)
{
	struct maar_pool *pool = new_pool(MESSAGES, BYTES, &ways[_i]);
	struct maar_msg *msgs[MESSAGES], *bulk[3];
	size_t i;

	for (i = 0; i < MESSAGES; i++)
		msgs[i] = maar_pool_get(pool);
	for (i = 0; i < MESSAGES; i++) {
		if (i % 10)
			unit_eq(maar_pool_put(pool, msgs[i]), 0);
		else
			unit_in_thread(put_thread, msgs[i]);
		unit_eq(maar_pool_put(pool, msgs[i]), -EALREADY);
		unit_eq(maar_msg_release(msgs[i]), -EALREADY);
		unit_eq(msgs[i]->refs, 0);
		check_in_use(pool, (uint32_t)(MESSAGES - i - 1));
	}
	/* a double put inside a bulk: the second of the two comes back */
	unit_eq(maar_pool_get_bulk(pool, bulk, 2), 2);
	bulk[2] = bulk[0];
	unit_eq(maar_pool_put_bulk(pool, bulk, 3), 2);
	ck_assert_ptr_eq(bulk[0], bulk[2]);
	finish(pool);
}
END_TEST

/* A message that was never handed out is as free as one that was put. */
START_TEST(put_of_unused)
{
	struct maar_pool *pool = new_pool(10, BYTES, NULL);
	struct maar_msg *never = maar_mring_slot(maar_pool_mring(pool), 9);

	unit_eq(maar_pool_put(pool, never), -EALREADY);
	check_in_use(pool, 0);
	finish(pool);
}
END_TEST

/* ---- bulk ---- */

START_TEST(bulk)
{
	struct maar_pool *pool = new_pool(MESSAGES, BYTES, &ways[_i]);
	struct maar_msg *msgs[MESSAGES + 1], *held;
	size_t n, i;

	unit_eq(maar_pool_get_bulk(pool, msgs, 0), 0);
	unit_eq(maar_pool_put_bulk(pool, msgs, 0), 0);
	unit_eq(maar_pool_get_bulk(pool, msgs, MESSAGES + 1), 0);
	unit_eq(maar_pool_get_bulk(pool, msgs, SIZE_MAX), 0);
	for (n = 1; n <= MESSAGES; n++) {
		unit_eq(maar_pool_get_bulk(pool, msgs, n), n);
		for (i = 0; i < n; i++)
			check_fresh(pool, msgs[i], ways[_i].headroom);
		check_in_use(pool, (uint32_t)n);
		unit_eq(maar_pool_put_bulk(pool, msgs, n), n);
		check_in_use(pool, 0);
	}
	held = maar_pool_get(pool);
	unit_eq(maar_pool_get_bulk(pool, msgs, MESSAGES), 0);
	check_in_use(pool, 1);
	unit_eq(maar_pool_get_bulk(pool, msgs, MESSAGES - 1), MESSAGES - 1);
	unit_eq(maar_pool_put_bulk(pool, msgs, MESSAGES - 1), MESSAGES - 1);
	/* references are dropped, one for each entry */
	msgs[0] = msgs[1] = maar_msg_retain(held);
	unit_eq(maar_pool_put_bulk(pool, msgs, 2), 2);
	finish(pool);
}
END_TEST

/* ---- create, destroy, dump ---- */

static const struct {
	const char *what;
	size_t messages, bytes;
	struct maar_pool_options options;
	int error;
} refusals[] = {
	{ "no messages", 0, 8, { .headroom = 0 }, EINVAL },
	{ "track", 8, 8, { .track = 1u << 31 }, EINVAL },
	{ "a user area too large", 8, 8, { .user_bytes = MAAR_MSG_MAX_USER + 1 }, EINVAL },
	{ "reserved 0", 8, 8, { .reserved = { 1 } }, EINVAL },
	{ "numa_node", 8, 8, { .numa_node = 1025 }, EINVAL },
	{ "reserved0", 8, 8, { .reserved0 = 1 }, EINVAL },
	{ "a lane of one", 1000, 8, { .lane_slots = 1 }, EINVAL },
	{ "a lane too large", 1000, 8, { .lane_slots = 249 }, EINVAL },
	{ "lanes and no lanes", 1000, 8, { .lane_slots = 8, .no_lanes = 1 }, EINVAL },
	{ "no_lanes is no flag word", 1000, 8, { .no_lanes = 2 }, EINVAL },
	{ "too many messages", (size_t)MAAR_MRING_MAX_SLOTS + 1, 8, { .headroom = 0 }, EOVERFLOW },
	{ "absurdly many messages", SIZE_MAX, 8, { .headroom = 0 }, EOVERFLOW },
	{ "header beyond the largest slot", 8, MAAR_MRING_MAX_SLOT_BYTES, { .headroom = 0 }, EOVERFLOW },
	{ "headroom beyond the largest slot", 8, 8, { .headroom = MAAR_MRING_MAX_SLOT_BYTES }, EOVERFLOW },
	{ "both beyond the largest slot",
	  8,
	  MAAR_MRING_MAX_SLOT_BYTES,
	  { .headroom = MAAR_MRING_MAX_SLOT_BYTES },
	  EOVERFLOW },
	{ "absurd bytes", 8, SIZE_MAX, { .headroom = 0 }, EOVERFLOW },
	{ "bytes that overflow with the header", 8, SIZE_MAX - 63, { .headroom = 0 }, EOVERFLOW },
	{ "absurd headroom", 8, 8, { .headroom = UINT32_MAX }, EOVERFLOW },
	{ "sum that is small in 32 bits", 8, (size_t)UINT32_MAX - 7, { .headroom = 16 }, EOVERFLOW },
};

START_TEST(create_refused)
{
	errno = 0;
	ck_assert_msg(maar_pool_create(refusals[_i].messages, refusals[_i].bytes, &refusals[_i].options) == NULL,
		      "created: %s", refusals[_i].what);
	ck_assert_msg(errno == refusals[_i].error, "%s: errno is %s", refusals[_i].what, strerror(errno));
}
END_TEST

/* The largest message there is: every byte of it can be used. */
START_TEST(largest)
{
	struct maar_pool *pool = new_pool(1, MAAR_MRING_MAX_SLOT_BYTES - sizeof(struct maar_msg) - 64,
					  &(struct maar_pool_options){ .headroom = 64 });
	struct maar_msg *m = maar_pool_get(pool);

	ck_assert_ptr_nonnull(m);
	unit_eq(maar_msg_room(m), MAAR_MRING_MAX_SLOT_BYTES - sizeof(struct maar_msg));
	unit_eq(maar_msg_set_length(m, maar_pool_bytes(pool)), 0);
	((char *)maar_msg_data(m))[maar_pool_bytes(pool) - 1] = 1;
	unit_eq(maar_msg_set_length(m, maar_pool_bytes(pool) + 1), -EMSGSIZE);
	unit_eq(maar_msg_release(m), 0);
	finish(pool);
}
END_TEST

START_TEST(destroy_while_out)
{
	struct maar_pool *pool = new_pool(MESSAGES, BYTES, &ways[_i]);
	struct maar_msg *m = maar_pool_get(pool);

	maar_msg_retain(m);
	unit_eq(maar_pool_destroy(pool), -EBUSY);
	unit_eq(maar_msg_release(m), 0);
	unit_eq(maar_pool_destroy(pool), -EBUSY);
	unit_eq(maar_msg_append(m, "still mine", 10), 0);
	check_in_use(pool, 1);
	unit_eq(maar_msg_release(m), 0);
	finish(pool);
}
END_TEST

START_TEST(dump)
{
	struct maar_pool *pool = new_pool(20, BYTES, &ways[1]);
	struct maar_msg *m = maar_pool_get(pool);
	FILE *full = unit_full_file();
	struct unit_text text;
	char *said;

	unit_text_open(&text);
	unit_eq(maar_pool_dump(pool, text.to), 0);
	said = unit_text_close(&text);
	unit_assert_contains(said, "20 messages of 100 bytes, headroom 20, user area 0\n");
	unit_assert_contains(said, "20 slots of 192 bytes\n");
	unit_assert_contains(said, "in use 1, free 19");
	free(said);
	unit_eq(maar_pool_dump(NULL, stderr), -EINVAL);
	unit_eq(maar_pool_dump(pool, NULL), -EINVAL);
	unit_eq(maar_pool_dump(pool, full), -EIO);
	fclose(full);
	unit_eq(maar_msg_release(m), 0);
	finish(pool);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("pool");
	TCase *message = unit_tcase(suite, "message"), *references_ = unit_tcase(suite, "references");
	TCase *refused = unit_tcase(suite, "refusals"), *life = unit_tcase(suite, "life");

	tcase_add_loop_test(message, fresh, 0, WAYS);
	tcase_add_test(message, no_bytes);
	tcase_add_test(message, set_length);
	tcase_add_test(message, set_headroom);
	tcase_add_test(message, append);
	tcase_add_loop_test(references_, references, 0, WAYS);
	tcase_add_loop_test(references_, shared_between_threads, 0, WAYS);
	tcase_add_loop_test(refused, strangers_refused, 0, WAYS);
	tcase_add_test(refused, null_refused);
	tcase_add_loop_test(refused, double_put, 0, WAYS);
	tcase_add_test(refused, put_of_unused);
	tcase_add_loop_test(life, bulk, 0, WAYS);
	tcase_add_loop_test(life, create_refused, 0, (int)COUNT_OF(refusals));
	tcase_add_test(life, largest);
	tcase_add_loop_test(life, destroy_while_out, 0, WAYS);
	tcase_add_test(life, dump);
	return suite;
}
