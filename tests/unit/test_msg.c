/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * <maar/pool.h>: one message's bytes, user area and hooks, many at once; what is shared and what is not.
 */
#include "msgs.h"

#define BYTES	 100
#define HEADROOM 20

/* ---- the bytes ---- */

/* Every length of every operation, from every state of a small message, against three numbers. */
START_TEST(moves)
{
	struct maar_pool *pool = msgs_pool(1, 5, 3);
	struct maar_msg *m = maar_pool_get(pool);
	char *buffer = (char *)maar_msg_data(m) - 3;
	uint32_t head, length;
	size_t n;
	int op;

	for (head = 0; head <= 8; head++)
		for (length = 0; head + length <= 8; length++)
			for (n = 0; n <= 10; n++)
				for (op = 0; op < 5; op++) {
					const uint32_t tail = 8 - head - length, k = (uint32_t)n;
					bool fits = false;
					uint32_t h = head, l = length;

					unit_eq(maar_msg_set_length(m, 0), 0);
					unit_eq(maar_msg_set_headroom(m, head), 0);
					unit_eq(maar_msg_set_length(m, length), 0);
					if (op == 0) {
						fits = n <= head;
						h -= fits ? k : 0, l += fits ? k : 0;
						unit_must(maar_msg_push(m, n) == (fits ? buffer + h : NULL));
					} else if (op == 1) {
						fits = n <= length;
						h += fits ? k : 0, l -= fits ? k : 0;
						unit_must(maar_msg_pull(m, n) == (fits ? buffer + h : NULL));
					} else if (op == 2) {
						fits = n <= tail;
						unit_must(maar_msg_put(m, n) == (fits ? buffer + head + length : NULL));
						l += fits ? k : 0;
					} else if (op == 3) {
						fits = n <= length;
						l -= fits ? k : 0;
						unit_eq(maar_msg_trim(m, n), fits ? 0 : -EMSGSIZE);
					} else {
						fits = length == 0 && n <= tail;
						h += fits ? k : 0;
						unit_eq(maar_msg_reserve(m, n), fits ? 0 : length ? -EBUSY : -EMSGSIZE);
					}
					unit_eq(maar_msg_headroom(m), h);
					unit_eq(maar_msg_length(m), l);
					unit_must(maar_msg_data(m) == buffer + h);
				}
	unit_must(!maar_msg_push(m, SIZE_MAX) && !maar_msg_pull(m, SIZE_MAX) && !maar_msg_put(m, SIZE_MAX));
	unit_eq(maar_msg_trim(m, SIZE_MAX), -EMSGSIZE);
	unit_eq(maar_msg_set_length(m, 0), 0);
	unit_eq(maar_msg_reserve(m, SIZE_MAX), -EMSGSIZE);
	unit_eq(maar_msg_release(m), 0);
	msgs_finish(pool);
}
END_TEST

/* Room to be written is handed out only while nobody else reads the bytes. */
START_TEST(shared)
{
	struct maar_pool *pool = msgs_pool(2, BYTES, HEADROOM);
	struct maar_msg *m = msgs_filled(pool, 0, 10), *clone;

	unit_must(!maar_msg_is_shared(m));
	maar_msg_retain(m);
	unit_must(maar_msg_is_shared(m) && !maar_msg_push(m, 1) && !maar_msg_put(m, 1));
	unit_eq(maar_msg_append(m, "x", 1), -EBUSY);
	unit_eq(maar_msg_reset(m), -EBUSY);
	unit_eq(maar_msg_release(m), 0);
	unit_must(!maar_msg_is_shared(m));

	clone = maar_msg_clone(pool, m);
	unit_must(maar_msg_is_shared(m) && maar_msg_is_shared(clone));
	unit_must(!maar_msg_push(clone, 1) && !maar_msg_put(clone, 1) && !maar_msg_push(m, 1));
	unit_eq(maar_msg_append(clone, "x", 1), -EBUSY);
	unit_must(maar_msg_pull(clone, 2) && maar_msg_trim(clone, 1) == 0); /* its own header */
	msgs_check(clone, 2, 7);
	msgs_check(m, 0, 10);
	unit_eq(maar_msg_release(m), 0);
	unit_must(!maar_msg_is_shared(clone)); /* the last of them may */
	unit_must(maar_msg_put(clone, 1) && maar_msg_push(clone, 1));
	unit_eq(maar_msg_release(clone), 0);
	msgs_finish(pool);
}
END_TEST

START_TEST(reset)
{
	struct maar_pool *pool = msgs_pool(3, BYTES, HEADROOM);
	struct maar_msg *m = msgs_filled(pool, 0, 10), *other = msgs_filled(pool, 0, 5);

	unit_eq(maar_msg_reset(NULL), -EINVAL);
	unit_eq(maar_msg_chain(m, msgs_filled(pool, 10, 3)), 0);
	unit_must(maar_msg_pull(m, 3) != NULL);
	unit_eq(maar_msg_reset(m), 0);
	unit_eq(msgs_out(pool), 2);
	unit_must(!m->next && maar_msg_length(m) == 0 && maar_msg_headroom(m) == HEADROOM);
	unit_eq(maar_msg_attach(m, other), 0);
	unit_eq(maar_msg_reset(m), 0);
	unit_must(!m->attached && !maar_msg_is_shared(other) && maar_msg_room(m) == BYTES + HEADROOM);
	unit_eq(maar_msg_reset(m), 0);
	unit_eq(maar_msg_release(m), 0);
	unit_eq(maar_msg_release(other), 0);
	msgs_finish(pool);
}
END_TEST

/* ---- the user area ---- */

static unsigned built, arg;

static void construct(struct maar_msg *msg, void *is_arg)
{
	unit_must(is_arg == &arg);
	unit_must(msg->refs == 1 && maar_msg_length(msg) == 0);
	built++;
	*(uint32_t *)maar_msg_user(msg) = 1000 + msg->handle;
}

START_TEST(user_area)
{
	static const uint32_t sizes[] = { 1, 15, 16, 17, 48, 64, 65, 100, 4096, MAAR_MSG_MAX_USER };
	const struct maar_pool_options options = { .user_bytes = sizes[_i], .headroom = HEADROOM };
	struct maar_pool *pool = maar_pool_create(1, BYTES, &options);
	struct maar_msg *m;
	unsigned char *user, *data;
	size_t i;

	ck_assert_ptr_nonnull(pool);
	unit_eq(maar_pool_user_bytes(pool), sizes[_i]);
	m = maar_pool_get(pool);
	user = maar_msg_user(m);
	data = maar_msg_data(m);
	unit_eq((uintptr_t)user % 64, 0);
	unit_eq((uintptr_t)(data - HEADROOM) % (sizes[_i] % 64 ? 16 : 64), 0);
	unit_must(data - HEADROOM >= user + sizes[_i]);
	unit_eq(maar_msg_room(m), HEADROOM + BYTES);
	for (i = 0; i < sizes[_i]; i++)
		unit_eq(user[i], 0);
	memset(user, 0x77, sizes[_i]);
	unit_must(maar_msg_push(m, HEADROOM) && maar_msg_put(m, BYTES));
	memset(maar_msg_data(m), 0x11, HEADROOM + BYTES);
	for (i = 0; i < sizes[_i]; i++)
		unit_eq(user[i], 0x77);
	unit_eq(maar_msg_release(m), 0);
	unit_must(maar_pool_get(pool) == m); /* the only one */
	unit_eq(user[sizes[_i] - 1], 0x77);
	unit_eq(maar_msg_release(m), 0);
	msgs_finish(pool);
}
END_TEST

START_TEST(no_user_area)
{
	struct maar_pool *pool = msgs_pool(1, BYTES, 0);
	struct maar_msg *m = maar_pool_get(pool);

	unit_eq(maar_pool_user_bytes(pool), 0);
	unit_eq(maar_pool_user_bytes(NULL), 0);
	ck_assert_ptr_null(maar_msg_user(m));
	unit_eq(maar_msg_release(m), 0);
	msgs_finish(pool);
}
END_TEST

/* Once for each slot, at its first get; what the application makes of the area later stays. */
START_TEST(constructor)
{
	const struct maar_pool_options options = { .user_bytes = 8, .construct = construct, .arg = &arg };
	struct maar_pool *pool = maar_pool_create(300, BYTES, &options);
	struct maar_msg *msgs[300];
	size_t round, i;

	ck_assert_ptr_nonnull(pool);
	for (round = 0; round < 3; round++) {
		unit_eq(built, round ? 300 : 0);
		if (round == 1)
			unit_eq(maar_pool_get_bulk(pool, msgs, 300), 300);
		for (i = 0; i < 300; i++) {
			uint32_t *user;

			if (round != 1)
				msgs[i] = maar_pool_get(pool);
			user = maar_msg_user(msgs[i]);
			unit_eq(*user, (round ? 5000 : 1000) + msgs[i]->handle);
			*user = 5000 + msgs[i]->handle;
		}
		unit_eq(maar_pool_put_bulk(pool, msgs, 300), 300);
	}
	unit_eq(built, 300);
	msgs_finish(pool);
}
END_TEST

/* ---- destructors ---- */

static unsigned ended, ended_own;
static struct maar_msg *ended_last;

static void end(struct maar_msg *msg, void *is_arg)
{
	unit_must(is_arg == &arg);
	unit_eq(maar_msg_length(msg), 10);
	msgs_check(msg, 0, maar_msg_total(msg));
	ended_last = msg;
	ended++;
}

static void end_own(struct maar_msg *msg, void *is_arg)
{
	unit_must(is_arg == &arg);
	ended_last = msg;
	ended_own++;
}

static void put_in_each_way(struct maar_pool *pool, struct maar_msg *m, int way)
{
	switch (way) {
	case 0:
		unit_eq(maar_msg_release(m), 0);
		break;
	case 1:
		unit_eq(maar_pool_put(pool, m), 0);
		break;
	case 2:
		unit_eq(maar_pool_put_bulk(pool, &m, 1), 1);
		break;
	default:
		unit_eq(maar_msg_release_bulk(&m, 1), 1);
	}
}
#define WAYS_TO_PUT 4

START_TEST(destructor)
{
	const struct maar_pool_options options = { .destructor = end, .arg = &arg };
	struct maar_pool *pool = maar_pool_create(8, BYTES, &options);
	struct maar_msg *m = msgs_filled(pool, 0, 10);

	maar_msg_retain(m);
	put_in_each_way(pool, m, _i);
	unit_eq(ended, 0); /* not the last */
	put_in_each_way(pool, m, _i);
	unit_must(ended == 1 && ended_last == m);

	/* a message's own, then none, then its pool's again, by reset and by get */
	m = msgs_filled(pool, 0, 10);
	unit_must(maar_msg_set_destructor(m, end_own) == end);
	put_in_each_way(pool, m, _i);
	unit_must(ended == 1 && ended_own == 1);
	m = msgs_filled(pool, 0, 10);
	unit_must(maar_msg_set_destructor(m, NULL) == end);
	put_in_each_way(pool, m, _i);
	unit_must(ended == 1 && ended_own == 1);
	m = msgs_filled(pool, 0, 10);
	maar_msg_set_destructor(m, end_own);
	unit_eq(maar_msg_reset(m), 0);
	unit_must(ended == 1 && ended_own == 1); /* reset ends nothing */
	unit_must(maar_msg_put(m, 10) != NULL);
	memcpy(maar_msg_data(m), (unsigned char[]){ 0, 7, 14, 21, 28, 35, 42, 49, 56, 63 }, 10);
	put_in_each_way(pool, m, _i);
	unit_eq(ended, 2);

	/* each of a chain, the first while all are still there; a clone's, and its original's when the last is gone */
	m = msgs_filled(pool, 0, 10);
	unit_eq(maar_msg_chain(m, msgs_filled(pool, 10, 10)), 0);
	maar_msg_set_destructor(maar_msg_next(m), end_own);
	put_in_each_way(pool, m, _i);
	unit_must(ended == 3 && ended_own == 2);
	m = msgs_filled(pool, 0, 10);
	{
		struct maar_msg *clone = maar_msg_clone(pool, m);

		unit_eq(maar_msg_release(m), 0);
		unit_eq(ended, 3);
		put_in_each_way(pool, clone, _i);
		unit_must(ended == 5 && ended_last == m);
	}
	unit_eq(msgs_out(pool), 0);
	unit_eq(maar_pool_destroy(pool), 0); /* msgs_finish would run destructors on empty messages */
}
END_TEST

/* A destructor may use other messages and pools: here it sends its bytes on. */
static struct maar_pool *elsewhere;
static struct maar_msg *sent;

static void send_on(struct maar_msg *msg, void *is_arg)
{
	(void)is_arg;
	sent = maar_msg_copy(elsewhere, msg);
}

START_TEST(destructor_uses_pools)
{
	const struct maar_pool_options options = { .destructor = send_on };
	struct maar_pool *pool = maar_pool_create(8, BYTES, &options);
	struct maar_msg *m;

	elsewhere = msgs_pool(8, BYTES, 0);
	m = msgs_filled(pool, 0, 50);
	unit_eq(maar_msg_release(m), 0);
	ck_assert_ptr_nonnull(sent);
	msgs_check(sent, 0, 50);
	unit_eq(maar_msg_release(sent), 0);
	unit_eq(maar_pool_destroy(pool), 0);
	msgs_finish(elsewhere);
}
END_TEST

/* ---- many ---- */

START_TEST(bulk)
{
	enum { N = 150 };
	struct maar_pool *pools[3] = { msgs_pool(N, BYTES, 0), msgs_pool(N, 10, 0), msgs_pool(N, 0, 0) };
	struct maar_msg *msgs[3 * N], *copy[3 * N], *odd[4];
	size_t run, i, p;

	maar_msg_retain_bulk(NULL, 0);
	unit_eq(maar_msg_release_bulk(NULL, 3), 0);
	unit_eq(maar_msg_release_bulk(msgs, 0), 0);
	for (run = 1; run <= 3 * N; run = run < 4 ? run + 1 : run * 3) { /* of one pool at a time */
		size_t got[3] = { 0 };

		for (i = 0, p = 0; i < 3 * N; p++) {
			size_t k = 0;

			for (; k < run && i < 3 * N && got[p % 3] < N; k++, got[p % 3]++)
				msgs[i++] = maar_pool_get(pools[p % 3]);
		}
		maar_msg_retain_bulk(msgs, 3 * N);
		memcpy(copy, msgs, sizeof(msgs));
		unit_eq(maar_msg_release_bulk(msgs, 3 * N), 3 * N);
		unit_eq(msgs_out(pools[0]) + msgs_out(pools[1]) + msgs_out(pools[2]), 3 * N);
		unit_eq(maar_msg_release_bulk(copy, 3 * N), 3 * N);
		for (p = 0; p < 3; p++)
			unit_eq(msgs_out(pools[p]), 0);
	}
#ifndef MAAR_DEBUG
	odd[0] = odd[2] = maar_pool_get(pools[0]);
	odd[1] = NULL;
	odd[3] = maar_pool_get(pools[1]);
	unit_eq(maar_msg_release_bulk(odd, 4), 2);
	unit_must(odd[0] == NULL && odd[1] == odd[2]); /* no message; free already */
#else
	(void)odd;
#endif
	for (p = 0; p < 3; p++)
		msgs_finish(pools[p]);
}
END_TEST

/* ---- memory ---- */

static size_t resident(void)
{
	FILE *statm = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	if (!statm || fscanf(statm, "%*s %lu", &pages) != 1)
		pages = 0;
	if (statm)
		fclose(statm);
	return pages * 4096; /* on a machine with larger pages the figures are too small, and the test too mild */
}

static void *hold_one(void *arg_)
{
	struct maar_pool *pool = arg_;
	struct maar_msg *m = maar_pool_get(pool);

	return m && maar_msg_release(m) == 0 ? NULL : arg_;
}

/* All messages in use and written, and threads that used the pool: what that costs beside slots x (size + header). */
START_TEST(resident_size)
{
	static const size_t sizes[] = { 256, 512, 1024, 1472, 2048, 4096 };
	const size_t bytes = sizes[_i], n = (size_t)(32 << 20) / bytes;
	struct maar_msg **msgs = calloc(n, sizeof(*msgs));
	struct maar_pool *pool;
	const size_t threads = 4;
	size_t before, used, ideal, i;

	ck_assert_ptr_nonnull(msgs);
	memset(msgs, 1, n * sizeof(*msgs));
	before = resident();
	pool = msgs_pool(n, bytes, 0);
	for (i = 0; i < threads; i++)
		unit_in_thread(hold_one, pool);
	unit_eq(maar_pool_get_bulk(pool, msgs, n), n);
	for (i = 0; i < n; i++)
		memset(maar_msg_put(msgs[i], bytes), 1, bytes);
	unit_eq(maar_pool_put_bulk(pool, msgs, n), n);
	used = resident() - before;
	ideal = n * (bytes + sizeof(struct maar_msg));
	unit_note("%zu messages of %zu bytes: %zu KiB resident, %.3f x slots x (size + header)", n, bytes, used / 1024,
		  (double)used / (double)ideal);
	if (before && !UNIT_SANITIZED)
		unit_must(used <= ideal + ideal / 10 + (threads + 1) * 65536);
	msgs_finish(pool);
	free(msgs);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("msg");
	TCase *bytes = unit_tcase(suite, "bytes"), *user = unit_tcase(suite, "user area and hooks");
	TCase *many = unit_tcase(suite, "many"), *memory = unit_tcase(suite, "memory");

	tcase_add_test(bytes, moves);
	tcase_add_test(bytes, shared);
	tcase_add_test(bytes, reset);
	tcase_add_loop_test(user, user_area, 0, 10);
	tcase_add_test(user, no_user_area);
	tcase_add_test(user, constructor);
	tcase_add_loop_test(user, destructor, 0, WAYS_TO_PUT);
	tcase_add_test(user, destructor_uses_pools);
	tcase_add_test(many, bulk);
	tcase_add_loop_test(memory, resident_size, 0, 6);
	return suite;
}
