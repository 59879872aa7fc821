/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * <maar/chain.h>: every call at every offset of a chain with empty messages in it; every refusal, which must change
 * nothing; clones, memory of others, and their ends in several threads.
 */
#include "msgs.h"

#include <sys/uio.h>

#define BYTES	 100
#define HEADROOM 20

/* Chains to try all on: one message, empty ones at each place, pieces of several sizes. */
static const struct {
	size_t n, lengths[6];
} shapes[] = {
	{ 1, { 0 } },
	{ 1, { 9 } },
	{ 2, { 4, 5 } },
	{ 3, { 0, 0, 7 } },
	{ 3, { 7, 0, 0 } },
	{ 6, { 3, 0, 1, 0, 8, 2 } },
	{ 6, { 0, 5, 0, 0, 5, 0 } },
};
#define SHAPES ((int)COUNT_OF(shapes))

static size_t shape_bytes(int shape)
{
	size_t i, sum = 0;

	for (i = 0; i < shapes[shape].n; i++)
		sum += shapes[shape].lengths[i];
	return sum;
}

static struct maar_msg *shaped(struct maar_pool *pool, int shape)
{
	return msgs_chain(pool, shapes[shape].lengths, shapes[shape].n);
}

/* ---- looking ---- */

START_TEST(looking)
{
	struct maar_pool *pool = msgs_pool(10, BYTES, HEADROOM);
	struct maar_msg *m = shaped(pool, _i), *last = m;
	const size_t all = shape_bytes(_i);
	unsigned char out[64], buffer[64];
	struct iovec iov[8];
	size_t offset, n, i, pieces = 0, filled;

	for (i = 0; i < shapes[_i].n; i++)
		pieces += shapes[_i].lengths[i] != 0;
	while (maar_msg_next(last))
		last = maar_msg_next(last);
	unit_must(maar_msg_last(m) == last);
	unit_eq(maar_msg_segments(m), shapes[_i].n);
	msgs_check(m, 0, all);
	unit_eq(maar_msg_iovec(m, NULL, 0), pieces);
	unit_eq(maar_msg_iovec(m, NULL, 5), pieces);
	for (filled = 0; filled < 8; filled++) {
		size_t at = 0;

		memset(iov, 0xa5, sizeof(iov));
		unit_eq(maar_msg_iovec(m, iov, filled), pieces);
		for (i = 0; i < pieces && i < filled; i++)
			for (n = 0; n < iov[i].iov_len; n++)
				unit_eq(((unsigned char *)iov[i].iov_base)[n], msgs_byte(at++));
		unit_eq(iov[i].iov_len, (size_t)UINT64_C(0xa5a5a5a5a5a5a5a5)); /* and no more */
	}
	for (offset = 0; offset <= all + 2; offset++)
		for (n = 0; n <= all + 2; n++) {
			const size_t there = offset > all ? 0 : all - offset < n ? all - offset : n;
			const unsigned char *seen;

			memset(out, 0x5a, sizeof(out));
			unit_eq(maar_msg_copy_out(m, offset, out, n), there);
			for (i = 0; i < sizeof(out); i++)
				unit_eq(out[i], i < there ? msgs_byte(offset + i) : 0x5a);
			seen = maar_msg_view(m, offset, n, buffer);
			unit_eq(seen != NULL, offset <= all && n <= all - offset);
			for (i = 0; seen && i < n; i++)
				unit_eq(seen[i], msgs_byte(offset + i));
		}
	unit_eq(maar_msg_copy_out(m, SIZE_MAX, out, SIZE_MAX), 0);
	ck_assert_ptr_null(maar_msg_view(m, SIZE_MAX, 2, buffer));
	ck_assert_ptr_null(maar_msg_view(m, 1, SIZE_MAX, buffer));
	unit_eq(maar_msg_release(m), 0);
	msgs_finish(pool);
}
END_TEST

/* A view copies only what is not in one piece. */
START_TEST(view_in_place)
{
	struct maar_pool *pool = msgs_pool(3, BYTES, 0);
	struct maar_msg *m = msgs_chain(pool, (const size_t[]){ 4, 4 }, 2);
	unsigned char buffer[8];

	unit_must(maar_msg_view(m, 1, 3, buffer) == (char *)maar_msg_data(m) + 1);
	unit_must(maar_msg_view(m, 4, 4, buffer) == maar_msg_data(maar_msg_next(m)));
	unit_must(maar_msg_view(m, 3, 2, buffer) == buffer);
	unit_eq(maar_msg_release(m), 0);
	msgs_finish(pool);
}
END_TEST

/* ---- building ---- */

START_TEST(building)
{
	struct maar_pool *pool = msgs_pool(6, BYTES, 0), *other = msgs_pool(6, 10, 0);
	struct maar_msg *a = msgs_filled(pool, 0, 3), *b = msgs_filled(other, 3, 4), *c = msgs_filled(pool, 7, 5);

#ifndef MAAR_DEBUG
	unit_eq(maar_msg_chain(NULL, a), -EINVAL);
	unit_eq(maar_msg_chain(a, NULL), -EINVAL);
#endif
	unit_eq(maar_msg_chain(a, a), -EINVAL);
	unit_eq(maar_msg_chain(b, c), 0);
	unit_eq(maar_msg_chain(a, b), 0);
	unit_eq(maar_msg_chain(a, b), -EINVAL); /* it is there */
	unit_eq(maar_msg_chain(c, a), -EINVAL); /* a ring */
	unit_eq(maar_msg_segments(a), 3);
	msgs_check(a, 0, 12);
	ck_assert_ptr_null(maar_msg_unchain(NULL));
	ck_assert_ptr_null(maar_msg_unchain(c));
	maar_msg_retain(b);
	ck_assert_ptr_null(maar_msg_unchain(b));
	unit_eq(maar_msg_release(b), 0);
	unit_must(maar_msg_unchain(b) == c && !maar_msg_next(b));
	maar_msg_retain(b);
	unit_eq(maar_msg_chain(a, c), -EBUSY);
	unit_eq(maar_msg_release(b), 0);
	unit_eq(maar_msg_release(a), 0);
	unit_eq(msgs_out(pool) + msgs_out(other), 1);
	unit_eq(maar_msg_release(c), 0);
	msgs_finish(pool);
	msgs_finish(other);
}
END_TEST

/* Who holds a part keeps it and what is behind it; a long chain ends without a deep stack. */
START_TEST(ends)
{
	enum { LONG = 100000 };
	struct maar_pool *pool = msgs_pool(LONG, 8, 0);
	struct maar_msg *m = msgs_chain(pool, (const size_t[]){ 2, 3, 4, 5 }, 4), *part, *last;
	size_t i;

	part = maar_msg_retain(maar_msg_next(maar_msg_next(m)));
	maar_msg_retain(m);
	unit_eq(maar_msg_release(m), 0);
	unit_eq(msgs_out(pool), 4);
	unit_eq(maar_msg_release(m), 0);
	unit_eq(msgs_out(pool), 2);
	msgs_check(part, 5, 9);
	unit_eq(maar_pool_put(pool, part), 0);
	unit_eq(msgs_out(pool), 0);

	m = last = maar_pool_get(pool);
	for (i = 1; i < LONG; i++) {
		unit_eq(maar_msg_chain(last, maar_pool_get(pool)), 0);
		last = maar_msg_next(last);
	}
	unit_eq(maar_msg_release(m), 0);
	msgs_finish(pool);
}
END_TEST

/* Clones of clones of chains, attached across: each end leads to others; still no recursion, and all comes back. */
START_TEST(tangled_ends)
{
	enum { N = 2000 };
	struct maar_pool *pool = msgs_pool(3 * N, 8, 0);
	struct maar_msg *ladder = NULL;
	size_t i;

	for (i = 0; i < N; i++) { /* each rung a clone of the first of a chain whose second is the rung before */
		struct maar_msg *m = msgs_filled(pool, 0, 5), *clone;

		if (ladder)
			unit_eq(maar_msg_chain(m, ladder), 0);
		clone = maar_pool_get(pool);
		unit_eq(maar_msg_attach(clone, m), 0);
		unit_eq(maar_msg_release(m), 0);
		ladder = clone;
	}
	unit_eq(msgs_out(pool), 2 * N);
	unit_eq(maar_msg_release(ladder), 0);
	msgs_finish(pool);
}
END_TEST

/* ---- changing: every offset of every shape ---- */

START_TEST(copy_in)
{
	struct maar_pool *pool = msgs_pool(10, BYTES, HEADROOM);
	const size_t all = shape_bytes(_i);
	unsigned char in[64], out[64];
	size_t offset, n, i;

	memset(in, 0xee, sizeof(in));
	for (offset = 0; offset <= all + 1; offset++)
		for (n = 0; n <= all + 1; n++) {
			struct maar_msg *m = shaped(pool, _i);
			const bool fits = offset <= all && n <= all - offset;

			unit_eq(maar_msg_copy_in(m, offset, in, n), fits ? 0 : -EMSGSIZE);
			unit_eq(maar_msg_copy_out(m, 0, out, all), all);
			for (i = 0; i < all; i++)
				unit_eq(out[i], fits && i >= offset && i - offset < n ? 0xee : msgs_byte(i));
			unit_eq(maar_msg_release(m), 0);
		}
	msgs_finish(pool);
}
END_TEST

START_TEST(cut)
{
	struct maar_pool *pool = msgs_pool(10, BYTES, HEADROOM);
	const size_t all = shape_bytes(_i);
	size_t n;

	for (n = 0; n <= all + 2; n++) {
		struct maar_msg *front = shaped(pool, _i), *back;

		unit_eq(maar_msg_cut_front(front, n), n <= all ? 0 : -EMSGSIZE);
		msgs_check(front, n <= all ? n : 0, n <= all ? all - n : all);
		if (n == all && all)
			unit_must(maar_msg_length(front) == 0);
		unit_eq(maar_msg_release(front), 0);
		back = shaped(pool, _i);
		unit_eq(maar_msg_cut_back(back, n), n <= all ? 0 : -EMSGSIZE);
		msgs_check(back, 0, n <= all ? all - n : all);
		if (n == all && all)
			unit_must(!maar_msg_next(back));
		unit_eq(maar_msg_release(back), 0);
		unit_eq(msgs_out(pool), 0);
	}
	msgs_finish(pool);
}
END_TEST

START_TEST(split)
{
	struct maar_pool *pool = msgs_pool(10, BYTES, HEADROOM), *headers = msgs_pool(1, 0, 0);
	const size_t all = shape_bytes(_i);
	size_t offset, round;

	for (offset = 0; offset <= all + 2; offset++)
		for (round = 0; round < 2; round++) {
			struct maar_msg *m = shaped(pool, _i), *rest = (void *)m;
			const int rc = maar_msg_split(m, offset, round ? headers : NULL, &rest);

			if (offset > all) {
				unit_eq(rc, -EINVAL);
			} else if (rc) { /* inside a message, and no pool */
				unit_must(rc == -ENOBUFS && !round);
			}
			if (rc) {
				unit_must(rest == NULL);
				msgs_check(m, 0, all);
			} else {
				msgs_check(m, 0, offset);
				unit_eq(rest != NULL, offset != all);
				if (rest)
					msgs_check(rest, offset, all - offset);
			}
			unit_eq(maar_msg_release(m), 0);
			if (rest) {
				msgs_check(rest, offset, all - offset); /* still there */
				unit_eq(maar_msg_release(rest), 0);
			}
			unit_eq(msgs_out(pool) + msgs_out(headers), 0);
		}
#ifndef MAAR_DEBUG
	{
		struct maar_msg *m = shaped(pool, _i), *rest = m;

		unit_eq(maar_msg_split(NULL, 0, headers, &rest), -EINVAL);
		unit_must(rest == NULL);
		unit_eq(maar_msg_split(m, 0, headers, NULL), -EINVAL);
		unit_eq(maar_msg_release(m), 0);
	}
#endif
	msgs_finish(pool);
	msgs_finish(headers);
}
END_TEST

START_TEST(pullup)
{
	struct maar_pool *pool = msgs_pool(10, BYTES, HEADROOM);
	const size_t all = shape_bytes(_i);
	size_t n;

	for (n = 0; n <= all + 2; n++) {
		struct maar_msg *m = shaped(pool, _i);
		void *data = maar_msg_pullup(m, n);

		unit_eq(data != NULL, n <= all);
		if (data)
			unit_must(data == maar_msg_data(m) && maar_msg_length(m) >= n);
		msgs_check(m, 0, all);
		unit_eq(maar_msg_linearize(m), 0);
		msgs_check(m, 0, all);
		unit_must(!maar_msg_next(m));
		unit_eq(maar_msg_release(m), 0);
		unit_eq(msgs_out(pool), 0);
	}
	ck_assert_ptr_null(maar_msg_pullup(NULL, 0));
	msgs_finish(pool);
}
END_TEST

/* With less tailroom than is needed the headroom is used; with less of both nothing changes. */
START_TEST(pullup_room)
{
	struct maar_pool *pool = msgs_pool(10, 10, 6);
	struct maar_msg *m = msgs_chain(pool, (const size_t[]){ 8, 7, 3 }, 3);
	const void *data = maar_msg_data(m);

	ck_assert_ptr_null(maar_msg_pullup(m, 17));
	unit_eq(maar_msg_linearize(m), -EMSGSIZE);
	unit_must(maar_msg_segments(m) == 3 && maar_msg_data(m) == data);
	unit_must(maar_msg_pullup(m, 10) == data);
	unit_must(maar_msg_pullup(m, 15) == (const char *)data - 5);
	unit_eq(maar_msg_headroom(m), 1);
	unit_eq(maar_msg_segments(m), 2);
	unit_must(maar_msg_pullup(m, 16) == (const char *)data - 6);
	unit_eq(maar_msg_tailroom(m), 0);
	unit_eq(maar_msg_headroom(m), 0);
	msgs_check(m, 0, 18);
	unit_eq(maar_msg_linearize(m), -EMSGSIZE);
	unit_eq(maar_msg_release(m), 0);
	msgs_finish(pool);
}
END_TEST

/* A message of the chain that somebody else holds is not changed, nor what is behind it. */
START_TEST(held_by_others)
{
	struct maar_pool *pool = msgs_pool(10, BYTES, HEADROOM);
	struct maar_msg *m = msgs_chain(pool, (const size_t[]){ 4, 4, 4, 4 }, 4), *rest;
	struct maar_msg *held = maar_msg_retain(_i == 0 ? m : _i == 1 ? maar_msg_next(m) : maar_msg_next(m)->next);
	const size_t before = 4 * (size_t)_i;
	size_t n;

	for (n = 1; n <= 15; n++) {
		const size_t left = 16 - n;
		/* messages left out whole do not change, whoever holds them */
		const bool front_ok = _i > 0 && (n <= before || n % 4 == 0), back_ok = _i > 0 && left <= before;

		if (!front_ok)
			unit_eq(maar_msg_cut_front(m, n), -EBUSY);
		if (!back_ok)
			unit_eq(maar_msg_cut_back(m, n), -EBUSY);
		if (left > before)
			unit_eq(maar_msg_split(m, left, pool, &rest), -EBUSY);
		if (left > before)
			unit_eq(maar_msg_copy_in(m, 15, &n, 1), -EBUSY);
	}
	if (_i < 2)
		unit_eq(maar_msg_linearize(m), _i == 0 ? -EBUSY : 0);
	msgs_check(held, _i == 1 ? 4 : before, 16 - before);
	if (_i != 1)
		msgs_check(m, 0, 16);
	if (_i == 2) { /* left out, whole and with what is behind it: its holder sees no change */
		unit_eq(maar_msg_cut_front(m, 12), 0);
		msgs_check(m, 12, 4);
		msgs_check(held, 8, 8);
	}
	unit_eq(maar_msg_release(held), 0);
	unit_eq(maar_msg_release(m), 0);
	msgs_finish(pool);
}
END_TEST

/* ---- clones ---- */

START_TEST(clones_of_a_chain)
{
	struct maar_pool *pool = msgs_pool(10, BYTES, HEADROOM), *headers = msgs_pool(12, 0, 0);
	struct maar_msg *m = shaped(pool, _i), *a, *b, *p, *q;
	const size_t all = shape_bytes(_i);

	a = maar_msg_clone(headers, m);
	b = maar_msg_clone(headers, a);
	unit_must(a && b);
	unit_eq(maar_msg_segments(b), shapes[_i].n);
	for (p = m, q = b; p; p = maar_msg_next(p), q = maar_msg_next(q)) {
		unit_must(maar_msg_data(p) == maar_msg_data(q));
		unit_must(q->attached == p); /* not to the clone in between */
		unit_eq(p->refs, 3);
	}
	unit_eq(maar_msg_cut_front(a, all / 2), 0); /* a clone's own view */
	msgs_check(b, 0, all);
	unit_eq(maar_msg_release(m), 0);
	unit_eq(msgs_out(pool), shapes[_i].n);
	msgs_check(a, all / 2, all - all / 2);
	unit_eq(maar_msg_release(a), 0);
	msgs_check(b, 0, all);
	unit_eq(maar_msg_release(b), 0);
	unit_eq(msgs_out(pool) + msgs_out(headers), 0);
	msgs_finish(pool);
	msgs_finish(headers);
}
END_TEST

/* Too few messages for all of a chain: none is taken, and the originals have lost the references again. */
START_TEST(too_few)
{
	struct maar_pool *pool = msgs_pool(10, BYTES, HEADROOM), *few = msgs_pool(2, 5, 0), *none = msgs_pool(2, 0, 0);
	struct maar_msg *m = msgs_chain(pool, (const size_t[]){ 4, 4, 4 }, 3), *copy;

	ck_assert_ptr_null(maar_msg_clone(few, m));
	ck_assert_ptr_null(maar_msg_copy(few, m));
	ck_assert_ptr_null(maar_msg_copy(none, m));
	unit_must(!maar_msg_is_shared(m) && msgs_out(few) == 0 && msgs_out(none) == 0);
#ifndef MAAR_DEBUG
	ck_assert_ptr_null(maar_msg_clone(NULL, m));
	ck_assert_ptr_null(maar_msg_clone(few, NULL));
	ck_assert_ptr_null(maar_msg_copy(NULL, m));
	ck_assert_ptr_null(maar_msg_copy(few, NULL));
#endif
	unit_eq(maar_msg_cut_back(m, 2), 0);
	copy = maar_msg_copy(few, m); /* 10 bytes in two of five */
	msgs_check(copy, 0, 10);
	unit_eq(maar_msg_segments(copy), 2);
	unit_must(!maar_msg_is_shared(copy));
	unit_eq(maar_msg_release(copy), 0);
	unit_eq(maar_msg_cut_front(m, 10), 0);
	copy = maar_msg_copy(none, m); /* of nothing */
	unit_must(copy && !maar_msg_next(copy) && maar_msg_length(copy) == 0);
	unit_eq(maar_msg_release(copy), 0);
	unit_eq(maar_msg_release(m), 0);
	msgs_finish(pool);
	msgs_finish(few);
	msgs_finish(none);
}
END_TEST

START_TEST(attach)
{
	struct maar_pool *pool = msgs_pool(10, BYTES, HEADROOM), *small = msgs_pool(4, 3, 0);
	struct maar_msg *m = msgs_filled(pool, 0, 50), *a = msgs_filled(small, 0, 3), *b = maar_pool_get(small);

#ifndef MAAR_DEBUG
	unit_eq(maar_msg_attach(NULL, m), -EINVAL);
	unit_eq(maar_msg_attach(a, NULL), -EINVAL);
	unit_eq(maar_msg_detach(NULL), -EINVAL);
#endif
	unit_eq(maar_msg_attach(a, a), -EINVAL);
	unit_eq(maar_msg_detach(a), -EINVAL);
	maar_msg_retain(a);
	unit_eq(maar_msg_attach(a, m), -EBUSY);
	unit_eq(maar_msg_release(a), 0);
	unit_eq(maar_msg_attach(b, a), 0);
	unit_eq(maar_msg_attach(a, m), -EBUSY); /* a lends its own buffer */
	unit_eq(maar_msg_detach(b), 0);
	unit_eq(maar_msg_attach(a, m), 0);
	unit_eq(maar_msg_attach(a, b), -EBUSY);
	unit_eq(maar_msg_attach(b, a), 0);
	unit_must(b->attached == m && m->refs == 3);
	msgs_check(a, 0, 50);
	unit_eq(maar_msg_headroom(a), HEADROOM);
	unit_eq(maar_msg_room(a), HEADROOM + BYTES);
	maar_msg_retain(a);
	unit_eq(maar_msg_detach(a), -EBUSY);
	unit_eq(maar_msg_release(a), 0);
	unit_eq(maar_msg_release(m), 0);
	unit_eq(maar_msg_detach(a), 0);
	unit_must(maar_msg_room(a) == 3 && maar_msg_length(a) == 0 && maar_msg_headroom(a) == 0);
	memcpy(maar_msg_put(a, 3), "abc", 3);
	msgs_check(b, 0, 50);
	unit_eq(msgs_out(pool), 1);
	unit_eq(maar_msg_detach(b), 0);
	unit_eq(msgs_out(pool), 0);
	unit_eq(maar_msg_release(a), 0);
	unit_eq(maar_msg_release(b), 0);
	msgs_finish(pool);
	msgs_finish(small);
}
END_TEST

/* ---- memory of others ---- */

struct page {
	unsigned freed;
	struct maar_msg_memory memory;
	unsigned char bytes[64];
};

static void free_page(struct maar_msg_memory *memory)
{
	((struct page *)(void *)((char *)memory - offsetof(struct page, memory)))->freed++;
}

static struct page page_of(void)
{
	struct page page = { 0 };
	size_t i;

	for (i = 0; i < sizeof(page.bytes); i++)
		page.bytes[i] = msgs_byte(i);
	page.memory.bytes = sizeof(page.bytes);
	page.memory.free_cb = free_page;
	return page;
}

START_TEST(memory)
{
	struct maar_pool *pool = msgs_pool(10, 0, 0);
	struct maar_msg *m = maar_pool_get(pool), *clone, *rest;
	struct page page = page_of();
	size_t way;

	page.memory.data = page.bytes;
	for (way = 0; way < 5; way++) { /* ways to an end */
		page.freed = 0;
		unit_eq(maar_msg_attach_memory(m, &page.memory, 40), 0);
		unit_must(maar_msg_data(m) == page.bytes && maar_msg_room(m) == 64 && maar_msg_tailroom(m) == 24);
		msgs_check(m, 0, 40);
		clone = maar_msg_clone(pool, m);
		unit_must(maar_msg_data(clone) == page.bytes);
		unit_eq(maar_msg_detach(m), -EBUSY); /* its clone reads */
		if (way == 0) {
			unit_eq(maar_msg_release(clone), 0);
			unit_eq(page.freed, 0);
			unit_eq(maar_msg_detach(m), 0);
		} else if (way == 1) {
			unit_eq(maar_msg_detach(clone), 0);
			unit_eq(maar_msg_release(clone), 0);
			unit_eq(maar_msg_reset(m), 0);
		} else if (way == 2) {
			unit_eq(maar_msg_release(m), 0);
			unit_eq(page.freed, 0);
			msgs_check(clone, 0, 40);
			unit_eq(maar_msg_release(clone), 0);
			m = maar_pool_get(pool);
		} else if (way == 3) {
			unit_eq(maar_msg_release(m), 0);
			unit_eq(maar_msg_split(clone, 11, pool, &rest), 0);
			unit_eq(maar_msg_release(clone), 0);
			unit_eq(page.freed, 0);
			msgs_check(rest, 11, 29);
			unit_eq(maar_msg_release(rest), 0);
			m = maar_pool_get(pool);
		} else {
			unit_eq(maar_msg_release(clone), 0);
			unit_eq(maar_msg_chain(m, maar_pool_get(pool)), 0);
			unit_eq(maar_msg_release(m), 0);
			m = maar_pool_get(pool);
		}
		unit_eq(page.freed, 1);
		unit_eq(msgs_out(pool), 1);
		unit_must(!m->attached && maar_msg_room(m) == 0);
	}
	unit_eq(maar_msg_release(m), 0);
	msgs_finish(pool);
}
END_TEST

START_TEST(memory_refused)
{
	struct maar_pool *pool = msgs_pool(4, 8, 2);
	struct maar_msg *m = maar_pool_get(pool), *other = maar_pool_get(pool);
	struct page page = page_of();

	unit_eq(maar_msg_attach_memory(m, &page.memory, 0), -EINVAL); /* no data */
	page.memory.data = page.bytes;
#ifndef MAAR_DEBUG
	unit_eq(maar_msg_attach_memory(NULL, &page.memory, 0), -EINVAL);
	unit_eq(maar_msg_attach_memory(m, NULL, 0), -EINVAL);
#endif
	page.memory.reserved[0] = 1;
	unit_eq(maar_msg_attach_memory(m, &page.memory, 0), -EINVAL);
	page.memory.reserved[0] = 0;
	unit_eq(maar_msg_attach_memory(m, &page.memory, 65), -EMSGSIZE);
#if SIZE_MAX > UINT32_MAX
	page.memory.bytes = (size_t)UINT32_MAX + 1;
	unit_eq(maar_msg_attach_memory(m, &page.memory, 1), -EMSGSIZE);
#endif
	page.memory.bytes = 64;
	maar_msg_retain(m);
	unit_eq(maar_msg_attach_memory(m, &page.memory, 1), -EBUSY);
	unit_eq(maar_msg_release(m), 0);
	unit_eq(maar_msg_attach(m, other), 0);
	unit_eq(maar_msg_attach_memory(m, &page.memory, 1), -EBUSY);
	unit_eq(maar_msg_detach(m), 0);
	unit_must(maar_msg_room(m) == 10 && maar_msg_headroom(m) == 2);
	unit_eq(page.freed, 0);
	page.memory.free_cb = NULL; /* memory that stays */
	unit_eq(maar_msg_attach_memory(m, &page.memory, 64), 0);
	unit_eq(maar_msg_release(m), 0);
	unit_eq(maar_msg_release(other), 0);
	unit_eq(page.freed, 0);
	msgs_finish(pool);
}
END_TEST

/* ---- threads ---- */

#define ROUNDS	4000
#define READERS 3

struct round {
	struct maar_msg *hand[READERS]; /* the reader's own clone, set by the maker; atomic */
};

struct reader {
	struct round *rounds;
	struct maar_pool *headers;
	size_t number;
	uint64_t sum;
};

static unsigned ended; /* of originals; atomic */

static void count_end(struct maar_msg *msg, void *arg)
{
	uint64_t *mark = maar_msg_user(msg);

	(void)arg;
	*mark += 1; /* plain: all who read it have let go */
	__atomic_fetch_add(&ended, 1, __ATOMIC_RELAXED);
}

/* Clones what it was handed, looks at it in pieces, lets go in any order; if it is the last, it writes. */
static void *read_clones(void *arg)
{
	struct reader *me = arg;
	size_t i;

	for (i = 0; i < ROUNDS; i++) {
		struct maar_msg *m, *mine;
		uint64_t words[2];

		while (!(m = __atomic_load_n(&me->rounds[i].hand[me->number], __ATOMIC_ACQUIRE)))
			pace_yield();
		while (!(mine = maar_msg_clone(me->headers, m)))
			pace_yield();
		if (i % 2)
			unit_eq(maar_msg_release(m), 0);
		unit_eq(maar_msg_copy_out(mine, 0, words, sizeof(words)), sizeof(words));
		me->sum += words[0] + words[1];
		if (i % 3 == 0)
			unit_eq(maar_msg_detach(mine), 0);
		else if (!maar_msg_is_shared(mine) && !maar_msg_is_shared(maar_msg_next(mine)))
			unit_eq(maar_msg_copy_in(mine, 0, "sixteen bytes...", 16), 0); /* TSan looks on */
		unit_eq(maar_msg_release(mine), 0);
		if (i % 2 == 0)
			unit_eq(maar_msg_release(m), 0);
	}
	return NULL;
}

START_TEST(clones_between_threads)
{
	const struct maar_pool_options options = { .user_bytes = 8, .destructor = count_end, .no_lanes = 1 };
	const struct maar_pool_options no_lanes = { .no_lanes = 1 };
	struct maar_pool *pool = maar_pool_create(16, 8, &options), *headers = maar_pool_create(64, 0, &no_lanes);
	struct round *rounds = calloc(ROUNDS, sizeof(*rounds));
	struct reader readers[READERS];
	pthread_t threads[READERS];
	uint64_t sum = 0;
	size_t i, r;

	unit_must(pool && headers && rounds);
	for (r = 0; r < READERS; r++) {
		readers[r] = (struct reader){ rounds, headers, r, 0 };
		threads[r] = unit_thread(read_clones, &readers[r]);
	}
	for (i = 0; i < ROUNDS; i++) {
		struct maar_msg *m[2], *clone[READERS];
		const uint64_t words[2] = { i, 3 * i };

		while (!maar_pool_get_bulk(pool, m, 2))
			pace_yield();
		for (r = 0; r < 2; r++)
			unit_eq(maar_msg_append(m[r], &words[r], 8), 0);
		unit_eq(maar_msg_chain(m[0], m[1]), 0);
		sum += 4 * i;
		for (r = 0; r < READERS; r++)
			while (!(clone[r] = maar_msg_clone(headers, m[0])))
				pace_yield();
		unit_eq(maar_msg_release(m[0]), 0);
		for (r = 0; r < READERS; r++)
			__atomic_store_n(&rounds[i].hand[r], clone[r], __ATOMIC_RELEASE);
	}
	for (r = 0; r < READERS; r++) {
		unit_join(threads[r]);
		unit_eq(readers[r].sum, sum);
	}
	unit_eq(ended, 2 * ROUNDS);
	unit_eq(msgs_out(pool) + msgs_out(headers), 0);
	unit_eq(maar_pool_destroy(pool), 0);
	msgs_finish(headers);
	free(rounds);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("chain");
	TCase *chain = unit_tcase(suite, "chain"), *change = unit_tcase(suite, "changing");
	TCase *clones = unit_tcase(suite, "clones"), *threads = unit_tcase(suite, "threads");

	tcase_add_loop_test(chain, looking, 0, SHAPES);
	tcase_add_test(chain, view_in_place);
	tcase_add_test(chain, building);
	tcase_add_test(chain, ends);
	tcase_add_test(chain, tangled_ends);
	tcase_add_loop_test(change, copy_in, 0, SHAPES);
	tcase_add_loop_test(change, cut, 0, SHAPES);
	tcase_add_loop_test(change, split, 0, SHAPES);
	tcase_add_loop_test(change, pullup, 0, SHAPES);
	tcase_add_test(change, pullup_room);
	tcase_add_loop_test(change, held_by_others, 0, 3);
	tcase_add_loop_test(clones, clones_of_a_chain, 0, SHAPES);
	tcase_add_test(clones, too_few);
	tcase_add_test(clones, attach);
	tcase_add_test(clones, memory);
	tcase_add_test(clones, memory_refused);
	tcase_add_test(threads, clones_between_threads);
	return suite;
}
