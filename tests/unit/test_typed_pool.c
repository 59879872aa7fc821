/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * MAAR_POOL_DEFINE of <maar/typed_pool.h>: each function that it makes, and what each refuses.
 */
#include "common.h"

#include <maar/typed_pool.h>

struct order {
	uint64_t number;
	char text[40];
};
MAAR_POOL_DEFINE(order, struct order);

struct wide {
	char c __attribute__((aligned(64)));
};
MAAR_POOL_DEFINE(wide, struct wide);
MAAR_POOL_DEFINE(byte, char);

START_TEST(life)
{
	struct order_pool *pool = order_create(200);
	struct order *orders[201], *o;
	size_t i;

	ck_assert_ptr_nonnull(pool);
	unit_eq(maar_pool_messages(order_untyped(pool)), 200);
	unit_eq(maar_pool_bytes(order_untyped(pool)), sizeof(struct order));
	for (i = 0; i < 200; i++) {
		o = orders[i] = order_get(pool);
		ck_assert_ptr_nonnull(o);
		unit_eq((uintptr_t)o % 64, 0);
		unit_must(order_of(order_msg(o)) == o && maar_msg_data(order_msg(o)) == o);
		unit_eq(maar_msg_length(order_msg(o)), sizeof(struct order));
		o->number = i;
	}
	ck_assert_ptr_null(order_get(pool));
	unit_eq(order_destroy(pool), -EBUSY);
	unit_must(order_retain(orders[7]) == orders[7]);
	unit_eq(order_release(orders[7]), 0);
	for (i = 0; i < 200; i++) {
		unit_eq(orders[i]->number, i);
		unit_eq(i % 2 ? order_put(pool, orders[i]) : order_release(orders[i]), 0);
	}
	unit_eq(order_get_bulk(pool, orders, 201), 0);
	unit_eq(order_get_bulk(pool, orders, 0), 0);
	unit_eq(order_get_bulk(pool, orders, 200), 200);
	for (i = 0; i < 200; i++) {
		unit_eq(maar_msg_length(order_msg(orders[i])), sizeof(struct order));
		orders[i]->number = i;
	}
	unit_eq(order_put_bulk(pool, orders, 200), 200);
	unit_eq(order_destroy(pool), 0);
	unit_eq(order_destroy(NULL), 0);
	errno = 0;
	ck_assert_ptr_null(order_create(0));
	unit_eq(errno, EINVAL);
}
END_TEST

START_TEST(refusals)
{
	struct order_pool *pool = order_create(10), *other = order_create(10);
	struct order *mine = order_get(pool), *foreign = order_get(other), *orders[4];

	ck_assert_ptr_null(order_get(NULL));
	unit_eq(order_put(NULL, mine), -EINVAL);
	unit_eq(order_put(pool, NULL), -EINVAL);
	unit_eq(order_put(pool, foreign), -EINVAL);
	unit_eq(order_release(NULL), -EINVAL);
	ck_assert_ptr_null(order_msg(NULL));
	ck_assert_ptr_null(order_of(NULL));
	unit_eq(order_get_bulk(NULL, orders, 4), 0);
	unit_eq(order_get_bulk(pool, NULL, 4), 0);
	unit_eq(order_put_bulk(pool, NULL, 4), 0);
	orders[0] = mine, orders[1] = foreign, orders[2] = NULL, orders[3] = mine;
	unit_eq(order_put_bulk(pool, orders, 4), 1);
	unit_must(orders[0] == foreign && orders[1] == NULL && orders[2] == mine); /* each comes back as it was given */
	unit_eq(order_put(pool, mine), -EALREADY);
	unit_eq(order_release(foreign), 0);
	unit_eq(order_destroy(pool), 0);
	unit_eq(order_destroy(other), 0);
}
END_TEST

START_TEST(other_types)
{
	struct wide_pool *wides = wide_create(3);
	struct byte_pool *bytes = byte_create(3);
	struct wide *w = wide_get(wides);
	char *c = byte_get(bytes);

	unit_must(w && c);
	unit_eq((uintptr_t)w % 64, 0);
	w->c = *c = 'x';
	unit_eq(wide_put(wides, w), 0);
	unit_eq(byte_put(bytes, c), 0);
	unit_eq(wide_destroy(wides), 0);
	unit_eq(byte_destroy(bytes), 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("typed pool");
	TCase *all = unit_tcase(suite, "typed pool");

	tcase_add_test(all, life);
	tcase_add_test(all, refusals);
	tcase_add_test(all, other_types);
	return suite;
}
