/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * <maar/arena.h>: what happens when memory goes. Handlers, children, savepoints; and each failure of the source.
 */
#include "arenas.h"
#include "faults.h"

#include <fcntl.h>
#include <unistd.h>

static const struct maar_arena_options usual;

/* ---- handlers write down who they are ---- */

static char told[200];

static void tell(void *name)
{
	strcat(told, name);
}

static void forget(void)
{
	told[0] = 0;
}

static struct maar_arena_cleanup *add(struct maar_arena *a, const char *name)
{
	struct maar_arena_cleanup *c = maar_arena_cleanup_add(a, tell, (void *)(uintptr_t)name);

	ck_assert_ptr_nonnull(c);
	return c;
}

static struct maar_arena *child_of(struct maar_arena *a)
{
	struct maar_arena *child = maar_arena_create_child(a, NULL);

	ck_assert_ptr_nonnull(child);
	return child;
}

static struct maar_arena_mark save(struct maar_arena *a)
{
	struct maar_arena_mark mark;

	unit_eq(maar_arena_save(a, &mark), 0);
	return mark;
}

/* ---- order ---- */

/* Handlers and children in one order, newest first, whatever ends the arena. */
START_TEST(newest_first)
{
	struct book b;
	struct maar_arena *a = book_arena(&b, usual), *child, *grandchild;

	forget();
	add(a, "1");
	child = child_of(a);
	add(child, "2");
	grandchild = child_of(child);
	add(grandchild, "3");
	add(a, "4");
	add(child, "5");
	if (_i)
		unit_eq(maar_arena_reset(a), 0);
	else
		unit_eq(maar_arena_destroy(a), 0);
	ck_assert_str_eq(told, "45321");
	if (_i) { /* once */
		unit_eq(arena_stats(a).children, 0);
		unit_eq(maar_arena_destroy(a), 0);
	}
	ck_assert_str_eq(told, "45321");
	book_closed(&b);
}
END_TEST

START_TEST(child_ends_first)
{
	struct book b;
	struct maar_arena *a = book_arena(&b, usual), *one, *two, *three;

	forget();
	one = child_of(a);
	two = child_of(a);
	three = child_of(a);
	add(one, "1");
	add(two, "2");
	add(three, "3");
	unit_eq(maar_arena_destroy(two), 0);
	unit_eq(arena_stats(a).children, 2);
	unit_eq(maar_arena_destroy(three), 0);
	unit_eq(maar_arena_destroy(one), 0);
	ck_assert_str_eq(told, "231");
	unit_eq(arena_stats(a).children, 0);
	unit_eq(maar_arena_destroy(a), 0);
	book_closed(&b);
}
END_TEST

/* ---- cancel, run ---- */

START_TEST(cancel_and_run)
{
	struct maar_arena *a = maar_arena_create(NULL), *other = maar_arena_create(NULL);
	struct maar_arena_cleanup *c[5];
	unsigned i;

	forget();
	for (i = 0; i < 5; i++)
		c[i] = add(a, &"0\0001\0002\0003\0004"[2 * i]);
	unit_eq(maar_arena_cleanup_cancel(other, c[2]), -EINVAL);
	unit_eq(maar_arena_cleanup_run(other, c[2]), -EINVAL);
	unit_eq(maar_arena_cleanup_cancel(a, NULL), -EINVAL);
	unit_eq(maar_arena_cleanup_run(a, NULL), -EINVAL);
	unit_eq(maar_arena_cleanup_cancel(a, c[2]), 0);
	unit_eq(maar_arena_cleanup_cancel(a, c[2]), -EALREADY);
	unit_eq(maar_arena_cleanup_run(a, c[2]), -EALREADY);
	unit_eq(maar_arena_cleanup_run(a, c[0]), 0);
	ck_assert_str_eq(told, "0");
	unit_eq(maar_arena_cleanup_run(a, c[0]), -EALREADY);
	unit_eq(maar_arena_cleanup_cancel(a, c[4]), 0);
	unit_eq(arena_stats(a).cleanups, 2);
	unit_eq(maar_arena_destroy(a), 0);
	ck_assert_str_eq(told, "031");
	errno = 0;
	unit_must(!maar_arena_cleanup_add(other, NULL, NULL));
	unit_eq(errno, EINVAL);
	unit_eq(maar_arena_destroy(other), 0);
}
END_TEST

START_TEST(descriptors)
{
	struct maar_arena *a = maar_arena_create(NULL);
	struct maar_arena_mark mark;
	int fd[3], i;

	for (i = 0; i < 3; i++) {
		fd[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		ck_assert_int_ge(fd[i], 0);
		if (i == 1)
			mark = save(a);
		ck_assert_ptr_nonnull(maar_arena_cleanup_fd(a, fd[i]));
	}
	unit_eq(maar_arena_rollback(a, mark), 0);
	unit_must(fcntl(fd[0], F_GETFD) >= 0);
	unit_must(fcntl(fd[1], F_GETFD) < 0 && fcntl(fd[2], F_GETFD) < 0);
	errno = 0;
	unit_must(!maar_arena_cleanup_fd(a, -1));
	unit_eq(errno, EINVAL);
	unit_eq(maar_arena_destroy(a), 0);
	unit_must(fcntl(fd[0], F_GETFD) < 0);
}
END_TEST

/* ---- from inside a handler ---- */

static struct maar_arena *family[3]; /* grandparent, parent, child */
static struct maar_arena_mark family_marks[3];
static char *text_of_family;
static int tries; /* handlers that add another */

static void adds_another(void *arg)
{
	(void)arg;
	if (tries++ < 3)
		ck_assert_ptr_nonnull(maar_arena_cleanup_add(family[1], adds_another, NULL));
	ck_assert_str_eq(text_of_family, "still here");
	ck_assert_ptr_nonnull(maar_arena_alloc(family[1], 100000));
	ck_assert_ptr_nonnull(maar_arena_create_child(family[1], NULL));
}

static void ends_all(void *arg)
{
	int i;

	for (i = 0; i < 3; i++) {
		unit_eq(maar_arena_destroy(family[i]), -EBUSY);
		unit_eq(maar_arena_reset(family[i]), -EBUSY);
		unit_eq(maar_arena_rollback(family[i], family_marks[i]), -EBUSY);
	}
	tell(arg);
}

START_TEST(handlers_may_and_may_not)
{
	struct book b;
	unsigned how = (unsigned)_i;
	struct maar_arena_cleanup *c;
	int i;

	forget();
	family[0] = book_arena(&b, usual);
	family[1] = child_of(family[0]);
	family[2] = child_of(family[1]);
	for (i = 0; i < 3; i++)
		family_marks[i] = save(family[i]);
	text_of_family = maar_arena_strdup(family[1], "still here");
	tries = 0;
	ck_assert_ptr_nonnull(maar_arena_cleanup_add(family[1], adds_another, NULL));
	c = maar_arena_cleanup_add(family[2], ends_all, (void *)(uintptr_t) "!");
	ck_assert_ptr_nonnull(c);
	if (how == 0)
		unit_eq(maar_arena_cleanup_run(family[2], c), 0);
	else if (how == 1)
		unit_eq(maar_arena_destroy(family[2]), 0);
	else if (how == 2)
		unit_eq(maar_arena_reset(family[2]), 0);
	if (how < 3)
		ck_assert_str_eq(told, "!"); /* and nobody is busy after it */
	else
		ck_assert_str_eq(told, "");
	unit_eq(maar_arena_destroy(family[0]), 0);
	ck_assert_str_eq(told, "!");
	unit_eq(tries, 4);
	book_closed(&b);
}
END_TEST

/* ---- children ---- */

/* A child for each request: once the memory is there, the source is not asked. */
START_TEST(child_is_cheap)
{
	struct book b;
	struct maar_arena *a = book_arena(&b, usual), *child;
	size_t calls = 0, held = 0;
	unsigned round, i;

	for (round = 0; round < 50; round++) {
		child = child_of(a);
		for (i = 0; i < 300; i++) {
			void *at = maar_arena_alloc(child, 100);

			unit_must(at);
			memset(at, 1, 100);
		}
		unit_eq(arena_stats(child).chunks, 4);
		if (round == 0) {
			calls = b.calls;
			held = arena_stats(a).held_bytes;
			unit_eq(held, 4096 + arena_stats(child).held_bytes);
		}
		unit_eq(maar_arena_destroy(child), 0);
		unit_eq(arena_stats(a).held_bytes, held);
		unit_eq(arena_stats(a).kept, 4);
		unit_eq(b.calls, calls);
	}
	/* What children left is the parent's to use. */
	for (i = 0; i < 300; i++)
		unit_must(maar_arena_alloc(a, 100) != NULL);
	unit_eq(b.calls, calls);
	unit_eq(maar_arena_destroy(a), 0);
	book_closed(&b);
}
END_TEST

/* The parent keeps no more than it is told to. */
START_TEST(child_leaves_little)
{
	struct book b;
	struct maar_arena *a = book_arena(&b, (struct maar_arena_options){ .keep_bytes = 10000 }), *child = child_of(a);
	unsigned i;

	for (i = 0; i < 3000; i++)
		unit_must(maar_arena_alloc(child, 100) != NULL);
	unit_eq(maar_arena_destroy(child), 0);
	unit_must(b.bytes <= 10000);
	unit_eq(arena_stats(a).held_bytes, b.bytes);
	unit_eq(maar_arena_destroy(a), 0);
	book_closed(&b);
}
END_TEST

/* ---- savepoints ---- */

START_TEST(rollback)
{
	struct book b;
	struct maar_arena *a = book_arena(&b, usual), *child;
	unsigned char *before, *large, *first = NULL;
	struct maar_arena_mark mark;
	unsigned round, i;

	forget();
	before = maar_arena_alloc(a, 100);
	large = maar_arena_alloc(a, 30000);
	unit_must(before && large);
	memset(before, 7, 100);
	memset(large, 8, 30000);
	child = child_of(a);
	add(a, "old");
	mark = save(a);
	for (round = 0; round < 3; round++) {
		unsigned char *at = maar_arena_alloc(a, 10);

		first = first ? first : at;
		unit_must(at == first);
		add(a, "2");
		for (i = 0; i < 1000; i++) {
			at = maar_arena_alloc(a, 200);
			unit_must(at);
			memset(at, 9, 200);
		}
		unit_must(maar_arena_alloc(a, 40000) && maar_arena_nalloc(a, 33));
		add(child_of(a), "1");
		forget();
		unit_eq(maar_arena_rollback(a, mark), 0);
		ck_assert_str_eq(told, "12");
		unit_eq(arena_stats(a).large, 1);
		unit_eq(arena_stats(a).children, 1);
		unit_eq(arena_stats(a).cleanups, 1);
		for (i = 0; i < 100; i++)
			unit_eq(before[i], 7);
		for (i = 0; i < 30000; i++)
			unit_eq(large[i], 8);
	}
	forget();
	unit_eq(maar_arena_destroy(child), 0);
	unit_eq(maar_arena_destroy(a), 0);
	ck_assert_str_eq(told, "old");
	book_closed(&b);
}
END_TEST

START_TEST(marks_that_are_none)
{
	struct maar_arena *a = maar_arena_create(NULL), *other = maar_arena_create(NULL);
	struct maar_arena_mark one, two, three, late;

	one = save(a);
	two = save(a);
	three = save(a);
	unit_eq(maar_arena_rollback(other, two), -EINVAL);
	unit_eq(maar_arena_rollback(a, (struct maar_arena_mark){ a, 12345 }), -EINVAL);
	unit_eq(maar_arena_rollback(a, (struct maar_arena_mark){ NULL, two.serial }), -EINVAL);
	unit_eq(maar_arena_rollback(a, two), 0);
	unit_eq(maar_arena_rollback(a, two), 0);
	unit_eq(maar_arena_rollback(a, three), -EINVAL);
	late = save(a); /* where three was */
	unit_eq(maar_arena_rollback(a, three), -EINVAL);
	unit_eq(maar_arena_rollback(a, late), 0);
	unit_eq(maar_arena_rollback(a, one), 0);
	unit_eq(maar_arena_rollback(a, late), -EINVAL);
	unit_eq(maar_arena_reset(a), 0);
	unit_eq(maar_arena_rollback(a, one), -EINVAL);
	unit_eq(maar_arena_save(a, NULL), -EINVAL);
	unit_eq(maar_arena_check(a), 0);
	unit_eq(maar_arena_destroy(a), 0);
	unit_eq(maar_arena_destroy(other), 0);
}
END_TEST

/* ---- the source fails ---- */

/* Everything that takes memory; a failure must leave the arena as it was, and able to go on. */
static int life(void *arg)
{
	struct maar_arena *a = maar_arena_create(arg), *child = NULL;
	struct maar_arena_mark mark;
	unsigned char *grown = NULL;
	int rc = -ENOMEM;

	if (!a)
		return -errno;
	forget();
	if (!maar_arena_cleanup_add(a, tell, (void *)(uintptr_t) "a") || maar_arena_save(a, &mark))
		goto out;
	grown = maar_arena_calloc(a, 1, 3500);
	if (!grown)
		goto out;
	grown[3499] = 1;
	grown = maar_arena_realloc(a, grown, 3500, 7000);
	if (!grown)
		goto out;
	unit_must(grown[3499] == 1 && grown[0] == 0);
	child = maar_arena_create_child(a, NULL);
	if (!child || !maar_arena_alloc(child, 100000) || !maar_arena_printf(child, "%5000d", 1))
		goto out;
	if (maar_arena_rollback(a, mark) || !maar_arena_memalign(a, 64, 30000) || !maar_arena_strdup(a, "text"))
		goto out;
	rc = 0;
out:
	unit_eq(maar_arena_check(a), 0);
	unit_eq(maar_arena_destroy(a), 0);
	ck_assert_str_eq(told, "a");
	return rc;
}

START_TEST(faults)
{
	/* The arena, a chunk for 7000 bytes, a child, its large block, its next chunk, and another large block. Where a chunk
	 * was to be larger than what was needed, less will do. */
	unit_eq(FAULTS_RUN(life, NULL, FAULTS_REFUSES | FAULTS_WORKS), 6);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("arena_ends");
	TCase *tcase = unit_tcase(suite, "handlers");

	tcase_add_loop_test(tcase, newest_first, 0, 2);
	tcase_add_test(tcase, child_ends_first);
	tcase_add_test(tcase, cancel_and_run);
	tcase_add_test(tcase, descriptors);
	tcase_add_loop_test(tcase, handlers_may_and_may_not, 0, 4);
	tcase = unit_tcase(suite, "children");
	tcase_add_test(tcase, child_is_cheap);
	tcase_add_test(tcase, child_leaves_little);
	tcase = unit_tcase(suite, "savepoints");
	tcase_add_test(tcase, rollback);
	tcase_add_test(tcase, marks_that_are_none);
	tcase = unit_tcase(suite, "faults");
	tcase_add_test(tcase, faults);
	return suite;
}
