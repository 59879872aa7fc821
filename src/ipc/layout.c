/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Where the parts of a segment lie, how it is made, and what a header must say. Every place follows from a few numbers,
 * so a header is right if those are in range and laying them out again gives the same header.
 */
#include "ipc_priv.h"

#include "../base/life.h"
#include "../base/process.h"

#include <sys/random.h>
#include <time.h>

#define LEAST_ALIGN MAAR_CACHE_LINE
#define MOST_ALIGN  4096 /* what every mapping has */
#define RING_FLAGS  MAAR_RING_HANDLE

/* The fewest cells of a ring: they know 2^32 rounds apart, which of a few cells would pass in minutes. */
#ifndef MAAR__IPC_LEAST_CELLS
#define MAAR__IPC_LEAST_CELLS 1024
#endif

MAAR_STATIC_ASSERT(sizeof(struct maar__ipc_header) <= MAAR__IPC_HEADER_BYTES, "a copy of so much is enough");
MAAR_STATIC_ASSERT(sizeof(uint64_t) == sizeof(struct maar_ipc_class) / 2, "no padding");

/* FNV-1a (Fowler, Noll, Vo), 64 bits: each step can be undone, so no single change of a byte goes unnoticed. */
static uint64_t sum_of(const void *bytes, size_t n)
{
	const unsigned char *byte = bytes;
	uint64_t sum = UINT64_C(0xcbf29ce484222325);
	size_t i;

	for (i = 0; i < n; i++)
		sum = (sum ^ byte[i]) * UINT64_C(0x100000001b3);
	return sum;
}

/* What a library for another kind of machine, or from another compiler, would have otherwise. */
static uint64_t build_sum(void)
{
	const uint32_t build[] = {
		UINT32_C(0x01020304),
		MAAR_CACHE_LINE,
		MAAR_APART,
		MAAR__OWN_POSITION_BITS,
		MAAR__IPC_LEAST_CELLS,
		MAAR_RING_LAYOUT,
		MAAR_EVENT_LAYOUT,
		sizeof(void *), /* how much of it one process can map */
		sizeof(struct maar__ipc_header),
		offsetof(struct maar__ipc_header, sum),
		offsetof(struct maar__ipc_header, ready),
		offsetof(struct maar__ipc_header, recoverer),
		offsetof(struct maar__ipc_header, floor),
		sizeof(struct maar__ipc_participant),
		offsetof(struct maar__ipc_participant, journal),
		offsetof(struct maar__ipc_participant, dropped_newest),
		offsetof(struct maar__ipc_participant, watch),
		offsetof(struct maar__ipc_participant, gate),
		sizeof(struct maar__ipc_slot),
		offsetof(struct maar__ipc_slot, flags),
		offsetof(struct maar__ipc_slot, handle),
		sizeof(struct maar_ring),
		offsetof(struct maar_ring, tail),
		offsetof(struct maar_ring, head),
		sizeof(struct maar_event),
		sizeof(struct maar__ipc_pair),
		offsetof(struct maar__ipc_pair, taken),
		sizeof(struct maar__pair_cell),
		offsetof(struct maar__pair_cell, released),
		MAAR__IPC_QUEUED,
		MAAR__IPC_DEAD_RING,
	};

	return sum_of(build, sizeof(build));
}

/* Adds `bytes`, of which there are n, to *at, and makes that a multiple of `align`. */
static bool advance(uint64_t *at, size_t n, size_t bytes, size_t align)
{
	size_t all, end;

	if (!maar__mul(n, bytes, &all) || !maar__add((size_t)*at, all, &end) || !maar__round_up(end, align, &end))
		return false;
	*at = end;
	return true;
}

static uint64_t slots_of(const struct maar__ipc_header *h)
{
	uint64_t slots = 0;
	uint32_t c;

	for (c = 0; c < h->n_classes; c++)
		slots += h->classes[c].slots;
	return slots;
}

/*
 * Cells of a ring for so many handles, and one more: where a taker has not moved head, or was killed before it did,
 * what it took may come in again at once.
 */
static size_t cells_for(uint64_t handles)
{
	return handles >= MAAR__IPC_LEAST_CELLS ? (size_t)handles + 1 : MAAR__IPC_LEAST_CELLS;
}

static bool lay_out_rings(struct maar__ipc_header *h, uint64_t *at)
{
	size_t bytes;
	uint32_t i;

	for (i = 0; i < h->n_classes; i++) {
		h->free_at[i] = *at;
		bytes = maar_ring_bytes(cells_for(h->classes[i].slots), RING_FLAGS);
		if (!bytes || !advance(at, 1, bytes, MAAR_APART))
			return false;
	}
	bytes = maar_ring_bytes(cells_for(slots_of(h)), RING_FLAGS);
	for (i = 0; i < MAAR__IPC_RINGS; i++) {
		if (i >= h->priorities && i != MAAR__IPC_DEAD_RING)
			continue;
		h->rings_at[i] = *at;
		if (!bytes || !advance(at, 1, bytes, MAAR_APART))
			return false;
	}
	return true;
}

static bool lay_out_slots(struct maar__ipc_header *h, uint64_t *at)
{
	uint32_t c;

	h->owners_at = *at;
	if (!advance(at, (size_t)slots_of(h), sizeof(uint64_t), MAAR_APART))
		return false;
	for (c = 0; c < h->n_classes; c++) {
		h->strides[c] = sizeof(struct maar__ipc_slot); /* the header of the slot that comes next */
		if (!advance(&h->strides[c], 1, (size_t)h->classes[c].bytes, h->align) ||
		    !advance(at, 1, sizeof(struct maar__ipc_slot), h->align))
			return false;
		h->payloads_at[c] = *at;
		if (!advance(at, h->classes[c].slots, (size_t)h->strides[c], 1))
			return false;
	}
	return true;
}

/* Counts, cells and payloads, one after another: no slot has a header, so that a reader takes in no line for it. */
static bool lay_out_pair(struct maar__ipc_header *h, uint64_t *at)
{
	const size_t slots = h->classes[0].slots;

	h->pair_at = *at;
	if (!advance(at, 1, sizeof(struct maar__ipc_pair), MAAR_APART) ||
	    !advance(at, slots, sizeof(struct maar__pair_cell), h->align > MAAR_APART ? h->align : MAAR_APART) ||
	    !advance(&h->strides[0], 1, (size_t)h->classes[0].bytes, h->align))
		return false;
	h->payloads_at[0] = *at;
	return advance(at, slots, (size_t)h->strides[0], 1);
}

/* All places, from what is checked already; false if they do not fit size_t. */
static bool lay_out(struct maar__ipc_header *h)
{
	uint64_t at = sizeof(*h);

	/* Of what there is not, no place: a header to be checked may name one. */
	h->owners_at = h->pair_at = 0;
	memset(h->free_at, 0, sizeof(h->free_at));
	memset(h->rings_at, 0, sizeof(h->rings_at));
	memset(h->payloads_at, 0, sizeof(h->payloads_at));
	memset(h->strides, 0, sizeof(h->strides));
	h->participants_at = at;
	if (!advance(&at, h->participants, sizeof(struct maar__ipc_participant), MAAR_APART))
		return false;
	h->events_at = at;
	if (!advance(&at, 1, sizeof(struct maar__ipc_events), MAAR_APART) ||
	    !(h->kind == MAAR_IPC_PAIR ? lay_out_pair(h, &at) : lay_out_rings(h, &at) && lay_out_slots(h, &at)))
		return false;
	h->bytes = at;
	return at <= PTRDIFF_MAX;
}

static uint32_t fewest_slots(const struct maar__ipc_header *h)
{
	uint32_t c, fewest = UINT32_MAX;

	for (c = 0; c < h->n_classes; c++)
		fewest = h->classes[c].slots < fewest ? h->classes[c].slots : fewest;
	return fewest;
}

/* Each participant may keep one slot from use: there is one more. No message is ever any one reader's. */
static bool may_broadcast(const struct maar__ipc_header *h)
{
	return h->priorities == 1 && h->when_dead == 0 && h->most_deliveries == 0 && h->participants < fewest_slots(h);
}

/* What a pair has not. */
static int check_pair(const struct maar__ipc_header *h)
{
	return h->n_classes == 1 && maar__is_pow2(h->classes[0].slots) && h->priorities == 1 &&
			       h->depth[0] == h->classes[0].slots && h->participants >= MAAR__PAIR_CONSUMER &&
			       h->when_full != MAAR_IPC_OVERWRITE && h->when_dead != MAAR_IPC_TO_DEAD_LETTERS &&
			       !h->most_deliveries
		       ? 0
		       : -EINVAL;
}

/* Whether the numbers that all else follows from are in range: 0, -EINVAL or -EOVERFLOW. */
static int check_numbers(const struct maar__ipc_header *h)
{
	uint32_t i;

	if (h->n_classes == 0 || h->n_classes > MAAR_IPC_CLASSES || h->priorities == 0 ||
	    h->priorities > MAAR_IPC_PRIORITIES || h->participants == 0 ||
	    h->participants > MAAR_IPC_MAX_PARTICIPANTS || !maar__is_pow2(h->align) || h->align < LEAST_ALIGN ||
	    h->align > MOST_ALIGN || h->when_full > MAAR_IPC_OVERWRITE || h->when_dead > MAAR_IPC_TO_DEAD_LETTERS ||
	    (h->event_flags & ~(uint32_t)MAAR_EVENT_NO_SPIN) || (h->required && h->kind != MAAR_IPC_PAIR))
		return -EINVAL;
	for (i = 0; i < h->n_classes; i++) {
		const struct maar_ipc_class *c = &h->classes[i];

		if (c->slots == 0 || c->bytes == 0 || c->bytes > MAAR_IPC_MAX_BYTES || c->reserved0 ||
		    (i && c->bytes <= c[-1].bytes))
			return -EINVAL;
	}
	if (slots_of(h) > MAAR_IPC_MAX_SLOTS)
		return -EOVERFLOW;
	for (i = 0; i < h->priorities; i++)
		if (h->depth[i] == 0 || h->depth[i] > slots_of(h))
			return -EINVAL;
	if (h->kind == MAAR_IPC_BROADCAST)
		return may_broadcast(h) ? 0 : -EINVAL;
	return h->kind == MAAR_IPC_PAIR ? check_pair(h) : h->kind == MAAR_IPC_QUEUE ? 0 : -EINVAL;
}

/* All of a header but what is this one segment's. */
static int plan(struct maar__ipc_header *h, const struct maar_ipc_options *options)
{
	static const struct maar_ipc_options defaults;
	const struct maar_ipc_options *o = options ? options : &defaults;
	uint32_t i;
	int rc;

	memset(h, 0, sizeof(*h));
	h->magic = MAAR__IPC_MAGIC;
	h->layout = MAAR__IPC_LAYOUT;
	h->build = build_sum();
	h->participants = o->participants ? o->participants : MAAR_IPC_PARTICIPANTS;
	h->n_classes = o->n_classes ? o->n_classes : 1;
	h->priorities = o->priorities ? o->priorities : 1;
	h->align = o->align > LEAST_ALIGN ? o->align : LEAST_ALIGN;
	h->when_full = o->when_full;
	h->when_dead = o->when_dead;
	h->most_deliveries = o->most_deliveries;
	h->event_flags = o->event_flags;
	h->kind = o->kind;
	if (h->n_classes > MAAR_IPC_CLASSES || h->priorities > MAAR_IPC_PRIORITIES ||
	    (o->align && !maar__is_pow2(o->align)) || o->reserved0)
		return -EINVAL;
	for (i = 0; i < sizeof(o->reserved) / sizeof(o->reserved[0]); i++)
		if (o->reserved[i])
			return -EINVAL;
	if (o->n_classes)
		memcpy(h->classes, o->classes, h->n_classes * sizeof(h->classes[0]));
	else
		h->classes[0] = (struct maar_ipc_class){ .bytes = 1024, .slots = 256 };
	if (slots_of(h) > MAAR_IPC_MAX_SLOTS)
		return -EOVERFLOW;
	if (h->kind == MAAR_IPC_BROADCAST && !o->participants && fewest_slots(h) > 1 &&
	    fewest_slots(h) <= MAAR_IPC_PARTICIPANTS)
		h->participants = fewest_slots(h) - 1;
	for (i = 0; i < h->priorities; i++)
		h->depth[i] = o->depth[i] ? o->depth[i] : (uint32_t)slots_of(h);
	rc = check_numbers(h);
	return rc ? rc : lay_out(h) ? 0 : -EOVERFLOW;
}

uint64_t maar_ipc_bytes(const struct maar_ipc_options *options)
{
	struct maar__ipc_header h;

	return plan(&h, options) ? 0 : h.bytes;
}

/* ---- the geometry, in one process ---- */

static void *part(void *mem, uint64_t at)
{
	return (unsigned char *)mem + at;
}

static void look_at_ring(struct maar__owned *o, void *mem, uint64_t at, uint32_t first, uint32_t handles)
{
	const uint64_t cells = maar__pow2_at_least(cells_for(handles));

	o->ring.ring = part(mem, at);
	o->ring.mask = cells - 1;
	o->ring.flags = RING_FLAGS;
	o->ring.shift = (unsigned)__builtin_ctzll(cells);
	o->first = first;
	o->handles = handles;
	o->limit = cells;
}

void maar__ipc_look(struct maar_ipc *ipc, void *mem, const struct maar__ipc_header *h)
{
	uint32_t i;

	ipc->at = mem;
	ipc->events = part(mem, h->events_at);
	ipc->participants = part(mem, h->participants_at);
	ipc->own = part(mem, h->owners_at);
	ipc->n_classes = h->n_classes;
	ipc->priorities = h->priorities;
	ipc->slots = 0;
	ipc->max_participants = h->participants;
	ipc->when_full = h->when_full;
	ipc->when_dead = h->when_dead;
	ipc->most_deliveries = h->most_deliveries;
	ipc->pid_space = h->pid_space;
	ipc->time_space = h->time_space;
	memcpy(ipc->uuid, h->uuid, sizeof(ipc->uuid));
	ipc->light = (h->required & MAAR__IPC_LIGHT) != 0;
	ipc->pair = h->kind == MAAR_IPC_PAIR ? part(mem, h->pair_at) : NULL;
	ipc->cells = (struct maar__pair_cell *)(void *)(ipc->pair ? ipc->pair + 1 : NULL);
	for (i = 0; i < h->n_classes; i++) {
		struct maar__ipc_slots *s = &ipc->classes[i];

		*s = (struct maar__ipc_slots){ .payloads = part(mem, h->payloads_at[i]),
					       .stride = h->strides[i],
					       .bytes = h->classes[i].bytes,
					       .first = ipc->slots,
					       .n = h->classes[i].slots };
		ipc->slots += s->n;
		if (!h->free_at[i])
			continue;
		ipc->free[i].own = ipc->own;
		look_at_ring(&ipc->free[i], mem, h->free_at[i], s->first, s->n);
	}
	for (i = 0; i < MAAR__IPC_RINGS; i++) {
		if (!h->rings_at[i])
			continue;
		ipc->rings[i].own = ipc->own;
		look_at_ring(&ipc->rings[i], mem, h->rings_at[i], 0, ipc->slots);
	}
	for (i = 0; i < h->priorities; i++) {
		ipc->depth[i] = h->depth[i];
		ipc->depth_below_all |= h->depth[i] < ipc->slots;
	}
	ipc->broadcast = h->kind == MAAR_IPC_BROADCAST;
	ipc->depth_below_all |= ipc->broadcast; /* who sleeps for room in it may be woken by each slot */
}

/* ---- init ---- */

static int make_ring(const struct maar__owned *o)
{
	const size_t cells = (size_t)o->ring.mask + 1;

	return maar_ring_init(o->ring.ring, maar_ring_bytes(cells, RING_FLAGS), cells, RING_FLAGS);
}

/* All slots free. */
static int fill(struct maar_ipc *ipc)
{
	uint32_t c, i;
	int rc = 0;

	for (c = 0; c < ipc->n_classes && rc == 0 && !ipc->pair; c++) {
		const struct maar__owned *o = &ipc->free[c];

		rc = make_ring(o);
		for (i = 0; i < o->handles && rc == 0; i++) {
			const uint32_t handle = o->first + i;

			maar_a_store(&ipc->own[handle], maar__own_word(MAAR__IPC_FREE, 0, i), RELAXED);
			maar_a_store(&maar__ipc_slot(maar__ipc_payload(ipc, handle))->handle, handle, RELAXED);
			maar__ring_fill(o->ring, i, handle);
		}
		maar_a_store(&o->ring.ring->tail, o->handles, RELAXED);
	}
	for (i = 0; i < MAAR__IPC_RINGS && rc == 0; i++)
		if (ipc->rings[i].own)
			rc = make_ring(&ipc->rings[i]);
	return rc;
}

/* What is this one segment's. */
static int name(struct maar__ipc_header *h)
{
	struct maar__process me;
	struct timespec now;
	ssize_t n;

	do
		n = getrandom(h->uuid, sizeof(h->uuid), 0);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(h->uuid))
		return n < 0 ? -errno : -EIO;
	if (timespec_get(&now, TIME_UTC))
		h->created = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	if (maar__process_self(&me) == 0) {
		h->pid_space = me.pid_space;
		h->time_space = me.time_space;
	}
	if (h->kind == MAAR_IPC_PAIR && maar__membarrier_shared_wanted())
		h->required |= MAAR__IPC_LIGHT;
	return 0;
}

int maar_ipc_init(void *mem, size_t bytes, const struct maar_ipc_options *options)
{
	struct maar__ipc_header *const at = mem;
	struct maar__ipc_header h;
	struct maar_ipc ipc;
	int rc = plan(&h, options);

	if (rc == 0)
		rc = maar__unfit(mem, bytes, (size_t)h.bytes);
	if (rc == 0 && (uintptr_t)mem % h.align)
		rc = -EINVAL;
	if (rc == 0)
		rc = name(&h);
	if (rc)
		return rc;
	h.sum = sum_of(&h, offsetof(struct maar__ipc_header, sum));
	maar_a_store(&at->ready, MAAR__IPC_MAKING, RELAXED);
	maar_a_compiler_barrier();
	memset(&ipc, 0, sizeof(ipc));
	maar__ipc_look(&ipc, mem, &h);
	memset((unsigned char *)mem + offsetof(struct maar__ipc_header, broken), 0,
	       h.events_at - offsetof(struct maar__ipc_header, broken));
	if (ipc.pair)
		memset(ipc.pair, 0, h.payloads_at[0] - h.pair_at);
	rc = maar_event_init(&ipc.events->not_empty, MAAR_EVENT_SHARED | h.event_flags);
	if (rc == 0)
		rc = maar_event_init(&ipc.events->not_full, MAAR_EVENT_SHARED | h.event_flags);
	if (rc == 0)
		rc = fill(&ipc);
	if (rc)
		return rc;
	maar_n_copy(at, &h, offsetof(struct maar__ipc_header, ready));
	maar_a_store(&at->ready, MAAR__IPC_READY, RELEASE); /* R:ipc.ready */
	return 0;
}

/* ---- the check of a header ---- */

int maar__ipc_check(const void *copy, size_t copied, uint64_t bytes, struct maar__ipc_header *h)
{
	struct maar__ipc_header right;

	if (copied < sizeof(*h))
		return -ENOSPC;
	memcpy(h, copy, sizeof(*h));
	if (h->ready != MAAR__IPC_READY)
		return h->ready == MAAR__IPC_MAKING ? -EAGAIN : -EBADMSG;
	if (h->magic != MAAR__IPC_MAGIC)
		return -EBADMSG;
	if (h->layout != MAAR__IPC_LAYOUT)
		return -EPROTO;
	if (h->sum != sum_of(h, offsetof(struct maar__ipc_header, sum)))
		return -EBADMSG;
	/* The sum is no secret: whoever made it up, what is used follows from numbers in range, and fits. */
	if (h->build != build_sum())
		return -EPROTO;
	if (h->required & ~(uint64_t)MAAR__IPC_LIGHT)
		return -ENOTSUP;
	if (check_numbers(h))
		return -EBADMSG;
	right = *h;
	if (!lay_out(&right) || memcmp(h, &right, offsetof(struct maar__ipc_header, sum)))
		return -EBADMSG;
	return h->bytes > bytes ? -ENOSPC : 0;
}
