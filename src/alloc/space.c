/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Where the memory comes from: one range of addresses, cut into a part for each kind of span, each part an inner mring
 * whose slots are the spans; the table of units, which says whose a block is and of which class; and the limits.
 */
#include "alloc_priv.h"

#include "../base/probe.h"

#include <errno.h>

/*
 * Ranges that are tried, as powers of two: the first that the system grants (strict overcommit), and that leaves half of the
 * addresses to others (RLIMIT_AS). Small ones only for small blocks: larger ones are mappings then.
 */
static const unsigned char ranges[] = { 40, 36, 32, 29, 27, 26, 25, 24, 23 };
#define SMALL_RANGE (UINT64_C(1) << 29)

/* The part of each kind, in eighths of the range. */
static const unsigned char eighths[2][MAAR__KINDS] = { { 4, 2, 1, 1 }, { 5, 3, 0, 0 } };

/* The end of the last part, for blocks of signal handlers. */
#define SIDE_MOST ((size_t)64 << 20)

struct maar__space maar__space;
pthread_mutex_t maar__space_lock = PTHREAD_MUTEX_INITIALIZER;

static struct maar__mring parts[MAAR__KINDS]; /* under the lock */
static uint32_t tops[MAAR__KINDS];	      /* spans ever used, counted from the first */
static uint32_t lows[MAAR__KINDS];	      /* fewest that were free since the last purge */
static uint8_t kinds[MAAR__CLASSES];	      /* of a class */
static uint64_t free_bytes, returned, reserved;
static uint64_t charged; /* bytes; not under the lock */
static uint64_t limit = UINT64_MAX, soft = UINT64_MAX;

/* Of so many spans that come back one asks for a look at the clock. */
#define LOOK_EVERY 64

/* This much free is worth a thread's attention (trim.c). */
#define MUCH_FREE ((uint64_t)16 << 20)

/* ---- which span for which class ---- */

/*
 * The smallest span that has 8 blocks of 256 KiB at most (16 of 4 KiB, for the smallest) and whose tail is at most a 64th of
 * it, and at most a 256th where blocks share the tail's page: the rest of a tail is never touched. With the eighth that
 * rounding loses at worst, that is below 13 %.
 */
#define TAIL_MOST(span)		((span) / 64)
#define TAIL_TOUCHED_MOST(span) ((span) / 256)
#define PAGE_LEAST		4096 /* bytes; where pages are larger, more of a tail shares one */

static unsigned choose_kind(unsigned class)
{
	static const size_t most[] = { 4096, 32768, MAAR__CLASS_MOST };
	const size_t bytes = maar__class_bytes(class);
	unsigned kind;

	for (kind = 0; kind < 2; kind++) {
		const size_t span = maar__span_bytes(kind), tail = span % bytes;

		if (bytes <= most[kind] && tail <= TAIL_MOST(span) && tail % PAGE_LEAST <= TAIL_TOUCHED_MOST(span))
			return kind;
	}
	return bytes <= most[2] ? 2 : 3;
}

unsigned maar__span_kind(unsigned class)
{
	return kinds[class];
}

/* ---- birth ---- */

/*
 * Slabs before the first, which are none's. Processors look for an older store to what a load reads by the address in the page, and
 * take one in another page for it at first. free loads the entry of a unit and stores to that unit's slab, so that a pair of calls
 * would take twice as long where the two are at the same place in their pages: for the first unit, then. With 13 it is the 260th.
 */
#define SLAB_AT 13

static void choose_classes(void)
{
	unsigned class;

	for (class = 0; class < MAAR__CLASSES; class ++)
		kinds[class] = (uint8_t)choose_kind(class);
}

static void undo(void *range, size_t bytes, uint64_t units)
{
	unsigned kind;

	for (kind = 0; kind < MAAR__KINDS; kind++)
		if (parts[kind].front.magic)
			maar__mring_end_inner(&parts[kind]);
	maar__unmap(range, bytes);
	maar__unmap(maar__space.unit, units * sizeof(maar__space.unit[0]));
	if (maar__space.slab)
		maar__unmap(maar__space.slab - SLAB_AT, (units + SLAB_AT) * sizeof(maar__space.slab[0]));
	maar__space.unit = NULL;
	maar__space.slab = NULL;
}

static int make_parts(unsigned char *at, uint64_t bytes, size_t side)
{
	const unsigned char *shares = eighths[bytes < SMALL_RANGE];
	unsigned kind;
	int rc = 0;

	for (kind = 0; kind < MAAR__KINDS && shares[kind] && !rc; kind++) {
		const size_t span = maar__span_bytes(kind), part = (size_t)(bytes / 8 * shares[kind]);
		const bool last = kind == MAAR__KINDS - 1 || !shares[kind + 1];

		rc = maar__mring_init_inner(&parts[kind], at, (part - (last ? side : 0)) / span, span);
		at += part;
	}
	return rc;
}

static int begin_with(uint64_t bytes)
{
	const uint64_t units = bytes >> MAAR__UNIT_SHIFT;
	const size_t side = bytes / 64 < SIDE_MOST ? (size_t)bytes / 64 : SIDE_MOST, align = MAAR__SPAN_MOST;
	unsigned char *range = bytes <= SIZE_MAX / 2 ? maar__reserve((size_t)bytes + align) : NULL, *at;
	int rc;

	if (!range)
		return -ENOMEM;
	at = range + (align - (uintptr_t)range % align) % align;
	maar__space.unit = maar__map_sparse(units * sizeof(maar__space.unit[0]));
	maar__space.slab = maar__map_sparse((units + SLAB_AT) * sizeof(maar__space.slab[0]));
	if (maar__space.slab)
		maar__space.slab += SLAB_AT;
	maar_a_store(&maar__space.base, at, RELAXED);
	rc = maar__space.unit && maar__space.slab ? make_parts(at, bytes, side) : -ENOMEM;
	if (!rc && !maar__ready(at + bytes - side, side))
		rc = -ENOMEM;
	if (rc) {
		undo(range, (size_t)bytes + align, units);
		return rc;
	}
	maar__side_begin(at + bytes - side, side);
	reserved = bytes;
	maar_a_store(&maar__space.units, units, RELAXED);
	return 0;
}

int maar__space_begin(void)
{
	const uint64_t most = maar__address_limit() / 2;
	unsigned i;
	int rc = -ENOMEM;

	choose_classes();
	for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]) && rc; i++)
		if (UINT64_C(1) << ranges[i] <= most)
			rc = begin_with(UINT64_C(1) << ranges[i]);
	return rc;
}

/* ---- limits ---- */

bool maar__space_charge(size_t bytes)
{
	uint64_t now;

	do {
		now = maar_a_load(&charged, RELAXED);
		if (bytes > maar_a_load(&limit, RELAXED) || now > maar_a_load(&limit, RELAXED) - bytes)
			return false;
	} while (!maar_a_cas(&charged, now, now + bytes, RELAXED));
	if (maar_unlikely(now <= maar_a_load(&soft, RELAXED) && now + bytes > maar_a_load(&soft, RELAXED)))
		maar__alloc_want(MAAR__WANT_TELL);
	return true;
}

void maar__space_limit(uint64_t hard, uint64_t soft_limit)
{
	maar_a_store(&limit, hard, RELAXED);
	maar_a_store(&soft, soft_limit, RELAXED);
}

uint64_t maar__space_charged(void)
{
	return maar_a_load(&charged, RELAXED);
}

size_t maar__space_free(void)
{
	return (size_t)maar_a_load(&free_bytes, RELAXED);
}

uint64_t maar__space_returned(void)
{
	return maar_a_load(&returned, RELAXED);
}

uint64_t maar__space_reserved(void)
{
	return reserved;
}

void maar__space_discharge(size_t bytes)
{
	(void)maar_a_add(&charged, -(uint64_t)bytes, RELAXED);
}

/* ---- spans; under the lock ---- */

static void *get(unsigned kind, bool *fresh)
{
	struct maar__mring *m = &parts[kind];
	bool have;
	void *span;

	if (!m->front.magic)
		return NULL; /* a small range */
	have = maar__mring_spare_inner(m) != 0;
	if (!have && !maar__space_charge(maar__span_bytes(kind)))
		return NULL;
	span = maar__mring_get_inner(m, fresh);
	if (!span && !have)
		maar__space_discharge(maar__span_bytes(kind));
	if (have)
		maar_a_store(&free_bytes, free_bytes - maar__span_bytes(kind), RELAXED);
	if (span) {
		const uint32_t top = maar_mring_handle(&m->front, span) + 1;

		if (tops[kind] < top)
			tops[kind] = top;
		if (lows[kind] > maar__mring_spare_inner(m))
			lows[kind] = maar__mring_spare_inner(m);
	}
	return span;
}

static void mark(uint64_t unit, unsigned kind, uint32_t entry)
{
	const uint64_t n = maar__span_bytes(kind) >> MAAR__UNIT_SHIFT;
	uint64_t i;

	for (i = 0; i < n; i++)
		maar_a_store(&maar__space.unit[unit + i], entry ? entry | (uint32_t)i << 8 : 0, RELAXED);
}

struct maar__slab *maar__span_get(struct maar__alloc_lane *lane, unsigned class)
{
	const uint32_t bytes = (uint32_t)maar__class_bytes(class);
	struct maar__slab *slab;
	unsigned kind;
	void *span = NULL;
	bool fresh;

	maar__alloc_lock(&maar__space_lock);
	for (kind = kinds[class]; kind < MAAR__KINDS && !span; kind++)
		span = get(kind, &fresh);
	maar__alloc_unlock(&maar__space_lock);
	if (!span)
		return NULL;
	kind--;
	slab = &maar__space.slab[maar__unit_of(span)];
	slab->free = NULL;
	slab->state = MAAR__SLAB_CURRENT; /* it is about to be */
	slab->until = MAAR__UNTIL_NEVER;
	slab->bump = 0;
	slab->bytes = bytes;
	slab->end = (uint32_t)(maar__span_bytes(kind) / bytes) * bytes;
	slab->class = (uint8_t) class;
	slab->kind = (uint8_t)kind;
	slab->zero = fresh;
	slab->base = span;
	mark(maar__unit_of(span), kind, lane->owner | class);
	if (maar_unlikely(maar__watched()))
		maar__watch_span_begins(slab);
	return slab;
}

void maar__span_put(struct maar__slab *slab)
{
	static uint32_t puts;
	uint64_t now_free;
	bool look;

	mark(maar__unit_of(slab->base), slab->kind, 0);
	maar__alloc_lock(&maar__space_lock);
	maar__mring_put_inner(&parts[slab->kind], slab->base);
	now_free = free_bytes + maar__span_bytes(slab->kind);
	maar_a_store(&free_bytes, now_free, RELAXED);
	look = ++puts % LOOK_EVERY == 0;
	maar__alloc_unlock(&maar__space_lock);
	if (look)
		maar__alloc_want(MAAR__WANT_PURGE | (now_free > MUCH_FREE ? MAAR__WANT_THREAD : 0));
}

size_t maar__space_purge(bool all)
{
	size_t bytes = 0;
	unsigned kind;

	maar__alloc_lock(&maar__space_lock);
	for (kind = 0; kind < MAAR__KINDS; kind++) {
		const uint32_t n = all ? UINT32_MAX : lows[kind];
		const uint32_t gone = parts[kind].front.magic ? maar__mring_shrink_inner(&parts[kind], n) : 0;

		bytes += gone * maar__span_bytes(kind);
		lows[kind] = parts[kind].front.magic ? maar__mring_spare_inner(&parts[kind]) : 0;
	}
	maar_a_store(&free_bytes, free_bytes - bytes, RELAXED);
	maar_a_store(&returned, returned + bytes, RELAXED);
	maar__alloc_unlock(&maar__space_lock);
	maar__space_discharge(bytes);
	if (bytes)
		MAAR__PROBE(alloc_shrink, bytes);
	return bytes;
}

void maar__spans_each(bool (*visit)(struct maar__slab *slab, uint32_t lane, void *arg), void *arg)
{
	unsigned kind;

	for (kind = 0; kind < MAAR__KINDS; kind++) {
		const uint64_t step = maar__span_bytes(kind) >> MAAR__UNIT_SHIFT;
		uint64_t unit, end;

		if (!parts[kind].front.magic)
			continue;
		maar__alloc_lock(&maar__space_lock);
		unit = maar__unit_of(parts[kind].front.slab);
		end = unit + tops[kind] * step;
		maar__alloc_unlock(&maar__space_lock);
		for (; unit < end; unit += step) {
			const uint32_t entry = maar__unit_entry(unit);

			if (entry && !visit(&maar__space.slab[unit], MAAR__UNIT_OWNER(entry), arg))
				return;
		}
	}
}
