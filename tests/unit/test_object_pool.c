/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * <maar/object_pool.h>: constructors and destructors, refusals, two types side by side.
 */
#include "common.h"

#include <maar/object_pool.h>

/* ---- two types ---- */

struct conn {
	int open;
	int number;
	char name[40];
};

static unsigned opened, closed;

/* Fails with the errno that `arg` points to, if that is not 0. */
static int conn_open(struct conn *c, void *arg)
{
	const int *fail = arg;

	if (fail && *fail)
		return -*fail;
	c->open = 1;
	c->number = (int)opened++;
	return 0;
}

static void conn_close(struct conn *c)
{
	unit_eq(c->open, 1);
	c->open = 0;
	closed++;
}

MAAR_OBJECT_POOL(conn, struct conn, conn_open, conn_close);

/* A scalar type, with an alignment of its own, smaller than its pool's bookkeeping. */
static int byte_set(unsigned char *b, void *arg)
{
	*b = *(const unsigned char *)arg;
	return 0;
}

static void byte_clear(unsigned char *b)
{
	*b = 0;
}

MAAR_OBJECT_POOL(byte, unsigned char, byte_set, byte_clear);

/* ---- tests ---- */

static struct conn_pool *new_conns(size_t n)
{
	struct conn_pool *pool = conn_pool_create(n);

	ck_assert_ptr_nonnull(pool);
	opened = closed = 0;
	return pool;
}

static void check_in_use(struct maar_mring *mring, uint32_t in_use)
{
	struct maar_mring_stats s;

	unit_eq(maar_mring_stats(mring, &s), 0);
	unit_eq(s.in_use, in_use);
}

START_TEST(construct_and_destruct)
{
	enum { OBJECTS = 300 };
	struct conn_pool *pool = new_conns(OBJECTS);
	struct conn *conns[OBJECTS];
	unsigned round;
	size_t i;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < OBJECTS; i++) {
			conns[i] = conn_pool_get(pool, NULL);
			ck_assert_ptr_nonnull(conns[i]);
			unit_eq(conns[i]->open, 1);
			unit_eq(opened, round * OBJECTS + i + 1);
			unit_eq(conns[i]->number, opened - 1);
			memset(conns[i]->name, (int)i, sizeof(conns[i]->name));
		}
		check_in_use(conn_pool_mring(pool), OBJECTS);
		errno = 0;
		ck_assert_ptr_null(conn_pool_get(pool, NULL));
		unit_eq(errno, ENOBUFS);
		unit_eq(opened, (round + 1) * OBJECTS); /* not for an object that there is not */
		for (i = 0; i < OBJECTS; i++) {
			unit_eq((unsigned char)conns[i]->name[39], (unsigned char)i);
			unit_eq(closed, round * OBJECTS + i);
			unit_eq(conn_pool_put(pool, conns[i]), 0);
		}
		unit_eq(closed, opened);
	}
	check_in_use(conn_pool_mring(pool), 0);
	unit_eq(conn_pool_destroy(pool), 0);
}
END_TEST

/* The slot goes back, the destructor does not run, errno is the constructor's. */
START_TEST(constructor_fails)
{
	struct conn_pool *pool = new_conns(2);
	struct conn *c;
	int fail = ECONNREFUSED, i;

	for (i = 0; i < 10; i++) {
		errno = 0;
		ck_assert_ptr_null(conn_pool_get(pool, &fail));
		unit_eq(errno, ECONNREFUSED);
		check_in_use(conn_pool_mring(pool), 0);
	}
	unit_eq(opened + closed, 0);
	fail = 0;
	c = conn_pool_get(pool, &fail);
	ck_assert_ptr_nonnull(c);
	fail = ENOMEM;
	ck_assert_ptr_null(conn_pool_get(pool, &fail));
	unit_eq(errno, ENOMEM);
	unit_eq(c->open, 1);
	unit_eq(conn_pool_put(pool, c), 0);
	unit_eq(conn_pool_destroy(pool), 0);
}
END_TEST

/* The object that the constructor refused has not been got: it cannot be put. */
static struct conn *refused_conn;

static int refuse_and_tell(struct conn *c, void *arg)
{
	(void)arg;
	refused_conn = c;
	return -EPERM;
}

MAAR_OBJECT_POOL(refusing, struct conn, refuse_and_tell, conn_close);

START_TEST(put_of_refused)
{
	struct refusing_pool *pool = refusing_pool_create(4);

	ck_assert_ptr_nonnull(pool);
	ck_assert_ptr_null(refusing_pool_get(pool, NULL));
	unit_eq(errno, EPERM);
	unit_eq(refusing_pool_put(pool, refused_conn), -EALREADY);
	unit_eq(refusing_pool_destroy(pool), 0);
}
END_TEST

START_TEST(refusals)
{
	struct conn_pool *pool = new_conns(10), *other = new_conns(10);
	struct conn *c = conn_pool_get(pool, NULL), *foreign = conn_pool_get(other, NULL), local = { .open = 1 };
	struct conn *volatile stranger = &local; /* or the compiler warns that this cannot be right */

	ck_assert(c && foreign);
	unit_eq(conn_pool_put(pool, foreign), -EINVAL);
	unit_eq(conn_pool_put(pool, stranger), -EINVAL);
	unit_eq(conn_pool_put(pool, (void *)((char *)c + 4)), -EINVAL);
	unit_eq(conn_pool_put(pool, NULL), -EINVAL);
	unit_eq(conn_pool_put(NULL, c), -EINVAL);
	unit_eq(closed, 0);
	unit_eq(conn_pool_put(pool, c), 0);
	unit_eq(conn_pool_put(pool, c), -EALREADY);
	unit_eq(closed, 1);
	check_in_use(conn_pool_mring(pool), 0);
	check_in_use(conn_pool_mring(other), 1);
	unit_eq(conn_pool_put(other, foreign), 0);
	unit_eq(conn_pool_destroy(pool), 0);
	unit_eq(conn_pool_destroy(other), 0);
}
END_TEST

START_TEST(life)
{
	struct conn_pool *pool = new_conns(200);
	struct conn *c = conn_pool_get(pool, NULL);

	ck_assert_ptr_nonnull(c);
	unit_eq(conn_pool_destroy(pool), -EBUSY);
	unit_eq(c->open, 1);
	unit_eq(conn_pool_put(pool, c), 0);
	unit_eq(conn_pool_destroy(pool), 0);
	unit_eq(conn_pool_destroy(NULL), 0);
	errno = 0;
	ck_assert_ptr_null(conn_pool_create(0));
	unit_eq(errno, EINVAL);
	ck_assert_ptr_null(conn_pool_create(SIZE_MAX));
	unit_eq(errno, EOVERFLOW);
}
END_TEST

START_TEST(two_types)
{
	struct conn_pool *conns = new_conns(3);
	struct byte_pool *bytes = byte_pool_create(3);
	unsigned char seven = 7, *b, *all[3];
	struct conn *c = conn_pool_get(conns, NULL);
	size_t i;

	ck_assert_ptr_nonnull(bytes);
	b = byte_pool_get(bytes, &seven);
	ck_assert(b && c);
	unit_eq(*b, 7);
	unit_eq(conn_pool_put(conns, (void *)b), -EINVAL);
	unit_eq(byte_pool_put(bytes, (void *)c), -EINVAL);
	unit_eq(byte_pool_put(bytes, b), 0);
	unit_eq(*b, 0);
	unit_eq(conn_pool_put(conns, c), 0);
	/* the word behind the object is not the object's */
	for (i = 0; i < 3; i++) {
		seven = 0xff;
		all[i] = byte_pool_get(bytes, &seven);
		ck_assert_ptr_nonnull(all[i]);
	}
	for (i = 0; i < 3; i++)
		unit_eq(byte_pool_put(bytes, all[i]), 0);
	unit_eq(byte_pool_destroy(bytes), 0);
	unit_eq(conn_pool_destroy(conns), 0);
}
END_TEST

/* Constructed in one thread, destructed in another. */
static void *put_conn(void *arg)
{
	void **box = arg;

	unit_eq(conn_pool_put(box[0], box[1]), 0);
	return NULL;
}

START_TEST(between_threads)
{
	struct conn_pool *pool = new_conns(200);
	int i;

	for (i = 0; i < 300; i++) {
		void *box[2] = { pool, conn_pool_get(pool, NULL) };

		ck_assert_ptr_nonnull(box[1]);
		unit_in_thread(put_conn, box);
		unit_eq(closed, opened);
	}
	unit_eq(conn_pool_destroy(pool), 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("object pool");
	TCase *tcase = unit_tcase(suite, "object pool");

	tcase_add_test(tcase, construct_and_destruct);
	tcase_add_test(tcase, constructor_fails);
	tcase_add_test(tcase, put_of_refused);
	tcase_add_test(tcase, refusals);
	tcase_add_test(tcase, life);
	tcase_add_test(tcase, two_types);
	tcase_add_test(tcase, between_threads);
	return suite;
}
