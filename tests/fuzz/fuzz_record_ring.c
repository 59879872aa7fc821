/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Sequences of every call of the record ring, from any position, against a list of what must be in it.
 */
#include <maar/record_ring.h>

#include "../../src/ring/record_ring_priv.h"
#include "fuzz.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define GRAIN	    MAAR_RECORD_GRAIN
#define MOST_GRAINS 64
#define MOST_BYTES  (MOST_GRAINS * GRAIN)

/* What lies in the ring from some grain to another. */
struct item {
	enum { RESERVED, COMMITTED, DISCARDED, PADDING } kind;
	size_t grains, length;
	unsigned char *at;    /* where the ring put it */
	unsigned char filled; /* the byte that each of its bytes is */
};

/* The model: items oldest first, and the grain after the last, counted from the beginning of the data. */
struct model {
	struct maar_record_ring *ring;
	size_t grains; /* of the data */
	struct item items[2 * MOST_GRAINS];
	size_t n, end;
	uint64_t padding; /* passed, in bytes */
	unsigned char next;
};

static size_t grains_of(size_t length)
{
	return length == 0 ? 1 : length / GRAIN + (length % GRAIN != 0);
}

static size_t used(const struct model *m)
{
	size_t sum = 0, i;

	for (i = 0; i < m->n; i++)
		sum += m->items[i].grains;
	return sum;
}

static void drop_first(struct model *m)
{
	if (m->items[0].kind == PADDING)
		m->padding += m->items[0].grains * GRAIN;
	m->n--;
	memmove(m->items, m->items + 1, m->n * sizeof(m->items[0]));
}

/* What a consumer's look does: passes discarded records and padding. True if a committed record is in front. */
static bool look(struct model *m)
{
	while (m->n && (m->items[0].kind == DISCARDED || m->items[0].kind == PADDING))
		drop_first(m);
	return m->n && m->items[0].kind == COMMITTED;
}

static bool has_room(const struct model *m, size_t length)
{
	const size_t grains = grains_of(length), to_end = m->grains - m->end;

	return length <= m->grains * GRAIN / 2 && used(m) + grains + (grains > to_end ? to_end : 0) <= m->grains;
}

static void append(struct model *m, struct item item)
{
	m->items[m->n++] = item;
	m->end = (m->end + item.grains) % m->grains;
}

/* Books a record that the ring has taken. */
static struct item *book(struct model *m, size_t length, int kind)
{
	const size_t grains = grains_of(length), to_end = m->grains - m->end;

	if (grains > to_end)
		append(m, (struct item){ .kind = PADDING, .grains = to_end });
	append(m, (struct item){ .grains = grains,
				 .length = length,
				 .at = (unsigned char *)maar__record_data_at(m->ring, m->end),
				 .filled = m->next++ });
	m->items[m->n - 1].kind = kind;
	return &m->items[m->n - 1];
}

static void shorten(struct model *m, size_t i, size_t length)
{
	const size_t rest = m->items[i].grains - grains_of(length);

	m->items[i].length = length;
	m->items[i].grains -= rest;
	if (!rest)
		return;
	memmove(m->items + i + 2, m->items + i + 1, (m->n - i - 1) * sizeof(m->items[0]));
	m->items[i + 1] = (struct item){ .kind = PADDING, .grains = rest };
	m->n++;
}

static void must_be(const struct item *item, const void *data, size_t length)
{
	const unsigned char *bytes = data;
	size_t i;

	fuzz_must(bytes == item->at && length == item->length);
	for (i = 0; i < length; i++)
		fuzz_must(bytes[i] == item->filled);
}

/* ---- producers ---- */

struct hook {
	unsigned char byte;
	size_t answer;
};

static size_t fill_hook(void *record, size_t length, void *arg)
{
	const struct hook *hook = arg;

	memset(record, hook->byte, length);
	return hook->answer;
}

static void do_enqueue(struct model *m, struct fuzz_input *in, size_t length)
{
	static unsigned char bytes[MOST_BYTES + 2];
	const bool room = has_room(m, length);
	const size_t cut = fuzz_below(in, length + 1);
	const struct iovec pieces[2] = { { bytes, cut }, { bytes + cut, length - cut } };
	struct hook hook = { m->next, cut };

	memset(bytes, m->next, sizeof(bytes));
	switch (fuzz_below(in, 5)) {
	case 0:
		fuzz_must(maar_record_ring_enqueue(m->ring, bytes, length) == room);
		break;
	case 1:
		fuzz_must(maar_record_ring_enqueue_v(m->ring, pieces, 2) == room);
		break;
	case 2:
		fuzz_must(maar_record_ring_enqueue_with(m->ring, length, fill_hook, &hook) == room);
		if (room) {
			book(m, length, COMMITTED);
			shorten(m, m->n - 1, cut);
		}
		return;
	case 3:
		hook.answer = MAAR_RECORD_DISCARD;
		fuzz_must(maar_record_ring_enqueue_with(m->ring, length, fill_hook, &hook) == 0);
		if (room)
			book(m, length, DISCARDED);
		return;
	case 4: {
		void *record = maar_record_ring_reserve(m->ring, length);

		fuzz_must((record != NULL) == room);
		if (room) {
			const struct item *item = book(m, length, RESERVED);

			fuzz_must(record == item->at);
			memset(record, item->filled, length);
		}
		return;
	}
	}
	if (room)
		book(m, length, COMMITTED);
}

/* Commits or discards any item, reserved or not. */
static void do_hand_over(struct model *m, struct fuzz_input *in)
{
	const size_t i = fuzz_below(in, m->n), length = fuzz_below(in, MOST_BYTES / 2 + 2);
	const size_t shift = fuzz_below(in, 8) == 7 ? fuzz_below(in, GRAIN) : 0;
	unsigned how = (unsigned)fuzz_below(in, 3);
	struct item *item = &m->items[i];
	bool legal;

	if (m->n == 0 || item->kind == PADDING)
		return;
	legal = item->kind == RESERVED && shift == 0;
#ifdef MAAR_DEBUG /* stops the program */
	if (!legal)
		return;
	if (length > item->length)
		how = 0;
#endif
	if (how == 0) {
		fuzz_must(maar_record_ring_commit(m->ring, item->at + shift) == legal);
		if (legal)
			item->kind = COMMITTED;
	} else if (how == 1) {
		fuzz_must(maar_record_ring_discard(m->ring, item->at + shift) == legal);
		if (legal)
			item->kind = DISCARDED;
	} else {
		legal = legal && length <= item->length;
		fuzz_must(maar_record_ring_commit_short(m->ring, item->at + shift, length) == legal);
		if (legal) {
			item->kind = COMMITTED;
			shorten(m, i, length);
		}
	}
}

/* ---- the consumer ---- */

static void check_first(const void *record, size_t length, void *arg)
{
	struct model *m = arg;

	fuzz_must(look(m));
	must_be(&m->items[0], record, length);
	drop_first(m);
}

static void do_take(struct model *m, struct fuzz_input *in)
{
	static unsigned char to[MOST_BYTES];
	const size_t room = fuzz_below(in, MOST_BYTES / 2 + 1);
	const bool there = look(m);
	size_t length = SIZE_MAX, i;
	const void *record;
	int rc;

	switch (fuzz_below(in, 4)) {
	case 0:
		record = maar_record_ring_peek(m->ring, &length);
		fuzz_must((record != NULL) == there);
		if (there)
			must_be(&m->items[0], record, length);
		return; /* it stays */
	case 1:
		fuzz_must(maar_record_ring_release(m->ring) == there);
		break;
	case 2:
		rc = maar_record_ring_dequeue(m->ring, to, room, &length);
		fuzz_must(rc == (!there ? 0 : m->items[0].length <= room ? 1 : -EMSGSIZE));
		fuzz_must(length == (there ? m->items[0].length : 0));
		for (i = 0; rc == 1 && i < length; i++)
			fuzz_must(to[i] == m->items[0].filled);
		if (rc != 1)
			return;
		break;
	case 3:
		fuzz_must(maar_record_ring_dequeue_with(m->ring, check_first, m) == there);
		return;
	}
	if (there)
		drop_first(m);
}

static void do_many(struct model *m, struct fuzz_input *in)
{
	struct maar_record records[MOST_GRAINS + 1];
	const size_t n = fuzz_below(in, MOST_GRAINS + 2), k = fuzz_below(in, n + 1);
	size_t i, found = 0, taken;

	if (n)
		(void)look(m);
	for (i = 0; i < m->n && m->items[i].kind != RESERVED && found < n; i++)
		found += m->items[i].kind == COMMITTED;
	fuzz_must(maar_record_ring_peek_many(m->ring, records, n) == found);
	for (i = 0, taken = 0; taken < found; i++)
		if (m->items[i].kind == COMMITTED) {
			must_be(&m->items[i], records[taken].data, records[taken].length);
			taken++;
		}
	taken = k < found ? k : found;
	fuzz_must(maar_record_ring_release_many(m->ring, k) == taken);
	for (i = 0; i < taken; i++) {
		(void)look(m);
		drop_first(m);
	}
	if (taken < k) /* it looked for more */
		(void)look(m);
}

static void observe(struct model *m, size_t length)
{
	size_t committed = 0, front, i;

	for (i = 0; i < m->n; i++)
		committed += m->items[i].kind == COMMITTED;
	for (front = 0; front < m->n && (m->items[front].kind == DISCARDED || m->items[front].kind == PADDING); front++)
		;
	fuzz_must(maar_record_ring_check(m->ring) == 0);
	fuzz_must(maar_record_ring_count(m->ring) == committed);
	fuzz_must(maar_record_ring_used_bytes(m->ring) == used(m) * GRAIN);
	fuzz_must(maar_record_ring_free_bytes(m->ring) == (m->grains - used(m)) * GRAIN);
	fuzz_must(maar_record_ring_full(m->ring, length) == !has_room(m, length));
	fuzz_must(maar_record_ring_empty(m->ring) == !(front < m->n && m->items[front].kind == COMMITTED));
	fuzz_must(maar_record_ring_padding_bytes(m->ring) == m->padding);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t starts[] = { 0, UINT64_C(1) << 31, UINT64_C(1) << 32, UINT64_C(1) << 56, UINT64_MAX };
	struct fuzz_input in = { data, size };
	const size_t capacity = (size_t)(2 * GRAIN) << fuzz_below(&in, 6);
	const unsigned flags = (unsigned)fuzz_below(&in, 2) * MAAR_RECORD_RING_SP;
	const uint64_t start = starts[fuzz_below(&in, 5)] - fuzz_below(&in, 128);
	static struct model m;

	m = (struct model){ .ring = maar_record_ring_create(capacity, flags), .grains = capacity / GRAIN };
	fuzz_must(m.ring);
	maar__record_ring_start_at(m.ring, start);
	m.end = (size_t)(start % m.grains);
	while (fuzz_more(&in)) {
		const unsigned op = (unsigned)fuzz_below(&in, 8);
		const size_t length = fuzz_below(&in, fuzz_below(&in, 4) ? 80 : capacity / 2 + 2);

		if (op < 3)
			do_enqueue(&m, &in, length);
		else if (op < 5)
			do_hand_over(&m, &in);
		else if (op < 7)
			do_take(&m, &in);
		else
			do_many(&m, &in);
		observe(&m, length);
	}
	/* What is left, past what is reserved: destroy_each hands it over. */
	for (size_t i = 0; i < m.n; i++)
		if (m.items[i].kind == RESERVED)
			m.items[i].kind = DISCARDED;
	maar_record_ring_destroy_each(m.ring, check_first, &m);
	fuzz_must(!look(&m) && m.n == 0);
	return 0;
}
