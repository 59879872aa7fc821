/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A slot ring of any kind, one thread: slots reserved, committed and given back, peeked at and released in any order
 * that the kind allows, with copies between, against arrays of what is out and a queue of what is in.
 */
#include "fuzz.h"

#include "../unit/slot_kinds.h"

#define MOST 128 /* elements; more than a ring of this test holds */

/* Where an element of the model is. */
enum place { RESERVED, COMMITTED, PEEKED, RELEASED };

struct model {
	const struct kind *kind;
	struct maar_slot_ring *ring;
	size_t capacity, bytes;
	uint64_t named; /* so many elements have got a name: the number that fills them */
	/* In order: of reservation; lock-free: of commit, behind those of reservation. */
	struct {
		uint64_t name;
		uint8_t *slot;
		enum place place;
	} e[MOST];
	size_t n;
};

static void remove_at(struct model *m, size_t i)
{
	memmove(&m->e[i], &m->e[i + 1], (m->n - i - 1) * sizeof(m->e[0]));
	m->n--;
}

static size_t count(const struct model *m, enum place place)
{
	size_t i, n = 0;

	for (i = 0; i < m->n; i++)
		n += m->e[i].place == place;
	return n;
}

/* The i-th in a place, from the front; m->n if there is none. */
static size_t find(const struct model *m, enum place place, size_t i)
{
	size_t at;

	for (at = 0; at < m->n; at++)
		if (m->e[at].place == place && i-- == 0)
			break;
	return at;
}

/* What has been released stays in the line as long as something before it is out, if the kind has a line. */
static void tidy(struct model *m)
{
	size_t i;

	for (i = 0; i < m->n;)
		if (m->e[i].place == RELEASED && (i == 0 || kind_is_lockfree(m->kind)))
			remove_at(m, i);
		else
			i++;
}

static void reserve(struct model *m)
{
	uint8_t *slot = maar_slot_ring_reserve(m->ring);

	if (!slot) {
		fuzz_must(m->n >= m->capacity);
		return;
	}
	fuzz_must(m->n < kind_limit(m->kind, m->capacity));
	m->e[m->n].name = m->named++;
	m->e[m->n].slot = slot;
	m->e[m->n].place = RESERVED;
	write_element(slot, m->e[m->n++].name, m->bytes);
}

/* Position of the reserved element in the model, once committed. */
static void committed(struct model *m, size_t i)
{
	m->e[i].place = COMMITTED;
	if (kind_is_lockfree(m->kind)) { /* the order is that of commits: it goes to the end */
		m->e[m->n] = m->e[i];
		m->n++;
		remove_at(m, i);
	}
}

static void commit(struct model *m, size_t which)
{
	const size_t out = count(m, RESERVED), i = find(m, RESERVED, out ? which % out : 0);
	const bool good = i < m->n && (!kind_is_spsc(m->kind) || i == find(m, RESERVED, 0));

#ifdef MAAR_DEBUG
	if (!good)
		return;
#endif
	fuzz_must(maar_slot_ring_commit(m->ring, i < m->n ? m->e[i].slot : NULL) == good);
	if (good)
		committed(m, i);
}

static void give_back(struct model *m, size_t which)
{
	const size_t out = count(m, RESERVED), i = find(m, RESERVED, out ? which % out : 0);
	const bool good = kind_is_spsc(m->kind) || (i < m->n && !kind_is_ticket(m->kind));

#ifdef MAAR_DEBUG
	if (!good)
		return;
#endif
	fuzz_must(maar_slot_ring_abort(m->ring, i < m->n ? m->e[i].slot : NULL) == good);
	if (good && kind_is_spsc(m->kind))
		m->n = i;
	else if (good)
		remove_at(m, i);
}

/* The element that a peek has to find; m->n if none. A reservation in the line hides what is behind it. */
static size_t next_out(const struct model *m)
{
	const size_t i = find(m, COMMITTED, 0);

	return !kind_is_lockfree(m->kind) && find(m, RESERVED, 0) < i ? m->n : i;
}

static void peek(struct model *m)
{
	const size_t i = next_out(m);
	uint8_t *slot = maar_slot_ring_peek(m->ring);

	fuzz_must((slot != NULL) == (i < m->n));
	if (!slot)
		return;
	fuzz_must((!m->e[i].slot || slot == m->e[i].slot) && is_element(slot, m->e[i].name, m->bytes));
	m->e[i].slot = slot;
	m->e[i].place = PEEKED;
}

static void release(struct model *m, size_t which)
{
	const size_t out = count(m, PEEKED), i = find(m, PEEKED, out ? which % out : 0);
	const bool good = i < m->n && (!kind_is_spsc(m->kind) || i == find(m, PEEKED, 0));

#ifdef MAAR_DEBUG
	if (!good)
		return;
#endif
	if (good)
		memset(m->e[i].slot, 0xdd, m->bytes);
	fuzz_must(maar_slot_ring_release(m->ring, i < m->n ? m->e[i].slot : NULL) == good);
	if (good)
		m->e[i].place = RELEASED;
	tidy(m);
}

static void unpeek(struct model *m, size_t which)
{
	const size_t out = count(m, PEEKED);
	size_t i = find(m, PEEKED, out ? which % out : 0);
	const bool good = kind_is_spsc(m->kind);

#ifdef MAAR_DEBUG
	if (!good)
		return;
#endif
	fuzz_must(maar_slot_ring_unpeek(m->ring, i < m->n ? m->e[i].slot : NULL) == good);
	for (; good && i < m->n && m->e[i].place == PEEKED; i++)
		m->e[i].place = COMMITTED;
}

static void copy_in(struct model *m)
{
	const bool refused = kind_is_spsc(m->kind) && count(m, RESERVED);
	uint8_t element[MOST_BYTES];

#ifdef MAAR_DEBUG
	if (refused)
		return;
#endif
	write_element(element, m->named, m->bytes);
	if (!maar_slot_ring_enqueue(m->ring, element)) {
		fuzz_must(refused || m->n >= m->capacity);
		return;
	}
	fuzz_must(!refused && m->n < kind_limit(m->kind, m->capacity));
	m->e[m->n].name = m->named++;
	m->e[m->n].slot = NULL; /* known when it is peeked at */
	m->e[m->n++].place = COMMITTED;
}

static void copy_out(struct model *m)
{
	const bool refused = kind_is_spsc(m->kind) && count(m, PEEKED);
	const size_t i = next_out(m);
	uint8_t element[MOST_BYTES];

#ifdef MAAR_DEBUG
	if (refused)
		return;
#endif
	if (!maar_slot_ring_dequeue(m->ring, element)) {
		fuzz_must(refused || i == m->n);
		return;
	}
	fuzz_must(!refused && i < m->n && is_element(element, m->e[i].name, m->bytes));
	m->e[i].place = RELEASED;
	tidy(m);
}

static void look(const struct model *m)
{
	const size_t in = count(m, COMMITTED);
	const bool out = count(m, RESERVED) || count(m, PEEKED);

	fuzz_must(maar_slot_ring_empty(m->ring) == (next_out(m) == m->n));
	if (kind_is_spsc(m->kind))
		fuzz_must(maar_slot_ring_count(m->ring) == in + count(m, PEEKED));
	else if (kind_is_ticket(m->kind))
		fuzz_must(maar_slot_ring_count(m->ring) == in + count(m, RESERVED));
	else
		fuzz_must(maar_slot_ring_count(m->ring) == in);
	if (!kind_is_spsc(m->kind))
		fuzz_must(maar_slot_ring_full(m->ring) == (m->n >= m->capacity));
	fuzz_must(maar_slot_ring_check(m->ring) == (out ? -EOWNERDEAD : 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct model m = { 0 };

	m.kind = &kinds[fuzz_below(&in, COUNT_OF(kinds))];
	m.capacity = (size_t)1 << fuzz_below(&in, 7);
	m.bytes = elements[fuzz_below(&in, COUNT_OF(elements))];
	m.ring = maar_slot_ring_create(m.capacity, m.bytes, m.kind->flags);
	fuzz_must(m.ring != NULL);
	maar__slot_ring_start_at(m.ring, fuzz_word(&in, 1) * UINT64_C(0x0101010101010101) - fuzz_byte(&in));
	while (fuzz_more(&in)) {
		const uint8_t op = fuzz_byte(&in);

		switch (op % 9) {
		case 0:
		case 1:
			reserve(&m);
			break;
		case 2:
			commit(&m, op / 9);
			break;
		case 3:
			peek(&m);
			break;
		case 4:
			release(&m, op / 9);
			break;
		case 5:
			copy_in(&m);
			break;
		case 6:
			copy_out(&m);
			break;
		case 7:
			give_back(&m, op / 9);
			break;
		default:
			unpeek(&m, op / 9);
		}
		look(&m);
	}
	maar_slot_ring_destroy(m.ring);
	return 0;
}
