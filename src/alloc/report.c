/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Statistics, reports, walks: all lanes stopped for a moment, the table of units walked. Numbers are counted first and
 * written when the lanes go on, for writing may allocate.
 */
#include "alloc_priv.h"

#include <errno.h>
#include <inttypes.h>

struct counts {
	struct maar_alloc_stats s;
	uint64_t slabs[MAAR__CLASSES], used[MAAR__CLASSES];
};

/* Its thread is not in the middle of something, stopped there. A heap's lane is under its lock, or the caller's. */
static bool stands_still(uint32_t id)
{
	const struct maar__alloc_lane *lane = maar__alloc_lane(id);

	return lane->kind == MAAR__LANE_HEAP || maar_a_load(&lane->head.revoked, RELAXED);
}

static bool count_slab(struct maar__slab *slab, uint32_t lane, void *arg)
{
	struct counts *c = arg;
	uint64_t used;

	if (!stands_still(lane))
		return true;
	c->s.spans += maar__span_bytes(slab->kind);
	used = maar__slab_used(slab);
	c->s.blocks += used;
	c->s.block_bytes += used * slab->bytes;
	c->slabs[slab->class]++;
	c->used[slab->class] += used;
	return true;
}

static bool count_mapping(void *at, size_t bytes, struct maar_heap *heap, void *arg)
{
	struct counts *c = arg;

	(void)at;
	(void)heap;
	c->s.mappings += bytes;
	c->s.blocks++;
	c->s.block_bytes += bytes;
	return true;
}

static void count_lanes(struct counts *c)
{
	uint32_t id;

	for (id = 1; id <= maar__alloc_lanes(); id++) {
		const struct maar__alloc_lane *lane = maar__alloc_lane(id);

		if (stands_still(id)) {
			c->s.stolen += lane->stolen;
			c->s.sent += lane->sent;
		}
		c->s.lanes += lane->kind == MAAR__LANE_THREAD;
		c->s.in_thread += lane->kind == MAAR__LANE_THREAD && lane->head.in_thread;
	}
	c->s.heaps = maar__heaps();
}

/* Calls visit(arg) while no lane moves. */
static void while_stopped(void (*visit)(void *arg), void *arg)
{
	struct maar__alloc_visit v;
	bool out = false;

	if (!maar__alloc_has_begun() || !maar__alloc_begin(&v))
		return;
	maar__alloc_drain_spill(v.lane);
	if (v.common) {
		maar__alloc_end(&v);
		out = true;
	} else {
		maar__alloc_step_out(&v);
	}
	maar__heaps_lock_all();
	maar__alloc_lock(&maar__alloc_set.lock);
	maar__lanes_stop(&maar__alloc_set);
	visit(arg);
	maar__lanes_go_on(&maar__alloc_set);
	maar__alloc_unlock(&maar__alloc_set.lock);
	maar__heaps_unlock_all();
	if (out)
		return;
	maar__alloc_step_in(&v);
	maar__alloc_end(&v);
}

static void count_all(void *arg)
{
	struct counts *c = arg;

	c->s.reserved = maar__space_reserved();
	c->s.committed = maar__space_charged();
	c->s.free_spans = maar__space_free();
	c->s.returned = maar__space_returned();
	count_lanes(c);
	maar__spans_each(count_slab, c);
	(void)maar__big_each(count_mapping, c);
}

int maar_alloc_stats(struct maar_alloc_stats *stats)
{
	struct counts c;

	if (!stats)
		return -EINVAL;
	memset(&c, 0, sizeof(c));
	while_stopped(count_all, &c);
	*stats = c.s;
	return 0;
}

/* ---- written ---- */

static const struct {
	const char *name, *what;
	size_t at;
	bool is_32;
} numbers[] = {
#define NUMBER(field, what)                                                                                            \
	{                                                                                                              \
#field, what, offsetof(struct maar_alloc_stats, field),                                                \
			sizeof(((struct maar_alloc_stats *)NULL)->field) == 4                                          \
	}
	NUMBER(reserved, "bytes of addresses"),
	NUMBER(committed, "bytes of spans and mappings that have memory"),
	NUMBER(spans, "bytes of spans that are slabs"),
	NUMBER(free_spans, "bytes of spans that are free and have memory"),
	NUMBER(mappings, "bytes of mappings"),
	NUMBER(blocks, "blocks in use or on their way home"),
	NUMBER(block_bytes, "bytes of those"),
	NUMBER(returned, "bytes given back to the system"),
	NUMBER(lanes, "lanes"),
	NUMBER(in_thread, "lanes that have a thread"),
	NUMBER(heaps, "heaps"),
	NUMBER(stolen, "batches taken from others"),
	NUMBER(sent, "batches sent home"),
};

static uint64_t number(const struct maar_alloc_stats *s, unsigned i)
{
	const unsigned char *at = (const unsigned char *)s + numbers[i].at;
	uint64_t wide;
	uint32_t narrow;

	if (!numbers[i].is_32) {
		memcpy(&wide, at, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, at, sizeof(narrow));
	return narrow;
}

static void write_text(const struct counts *c, FILE *to)
{
	unsigned i;

	fprintf(to, "maar alloc:\n");
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		fprintf(to, "  %20" PRIu64 "  %s\n", number(&c->s, i), numbers[i].what);
	for (i = 0; i < MAAR__CLASSES; i++)
		if (c->slabs[i])
			fprintf(to, "  %8zu bytes: %" PRIu64 " blocks in %" PRIu64 " slabs of %zu KiB\n",
				maar__class_bytes(i), c->used[i], c->slabs[i],
				maar__span_bytes(maar__span_kind(i)) >> 10);
}

static void write_json(const struct counts *c, FILE *to)
{
	const char *comma = "";
	unsigned i;

	fprintf(to, "{");
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		fprintf(to, "\"%s\": %" PRIu64 ", ", numbers[i].name, number(&c->s, i));
	fprintf(to, "\"classes\": [");
	for (i = 0; i < MAAR__CLASSES; i++) {
		if (!c->slabs[i])
			continue;
		fprintf(to, "%s{\"bytes\": %zu, \"blocks\": %" PRIu64 ", \"slabs\": %" PRIu64 ", \"slab_bytes\": %zu}",
			comma, maar__class_bytes(i), c->used[i], c->slabs[i], maar__span_bytes(maar__span_kind(i)));
		comma = ", ";
	}
	fprintf(to, "]}\n");
}

int maar_alloc_report(FILE *to, int format)
{
	struct counts c;

	if (!to || (format != MAAR_ALLOC_TEXT && format != MAAR_ALLOC_JSON))
		return -EINVAL;
	memset(&c, 0, sizeof(c));
	while_stopped(count_all, &c);
	(format == MAAR_ALLOC_JSON ? write_json : write_text)(&c, to);
	return ferror(to) ? -EIO : 0;
}

/* ---- walked ---- */

struct walk {
	const struct maar_heap *heap;
	bool (*visit)(const struct maar_alloc_area *area, void *arg);
	void *arg;
	size_t n;
	bool end;
};

static bool walk_to(struct walk *w, const struct maar_alloc_area *area)
{
	if (w->heap && w->heap != area->heap)
		return true;
	w->n++;
	w->end = w->visit && !w->visit(area, w->arg);
	return !w->end;
}

static bool walk_slab(struct maar__slab *slab, uint32_t lane, void *arg)
{
	struct maar_alloc_area area;

	if (!stands_still(lane))
		return true;
	area = (struct maar_alloc_area){
		.heap = maar__alloc_lane(lane)->heap,
		.at = slab->base,
		.bytes = maar__span_bytes(slab->kind),
		.block_bytes = slab->bytes,
		.blocks = slab->end / slab->bytes,
		.used = maar__slab_used(slab),
		.lane = lane,
	};

	return walk_to(arg, &area);
}

static bool walk_mapping(void *at, size_t bytes, struct maar_heap *heap, void *arg)
{
	const struct maar_alloc_area area = {
		.heap = heap, .at = at, .bytes = bytes, .block_bytes = bytes, .blocks = 1, .used = 1
	};

	return walk_to(arg, &area);
}

static void walk_all(void *arg)
{
	struct walk *w = arg;

	maar__spans_each(walk_slab, w);
	if (!w->end)
		(void)maar__big_each(walk_mapping, w);
}

size_t maar_heap_walk(const struct maar_heap *heap, bool (*visit)(const struct maar_alloc_area *area, void *arg),
		      void *arg)
{
	struct walk w = { heap, visit, arg, 0, false };

	while_stopped(walk_all, &w);
	return w.n;
}
