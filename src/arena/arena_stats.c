/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What an arena says of itself.
 */
#include "arena_priv.h"

#include <inttypes.h>

/* How far a chunk is filled, from both ends. */
static size_t used_of(const struct maar__arena *a, const struct maar__chunk *c)
{
	const unsigned char *at = c == a->current ? a->front.at : c->at;
	const unsigned char *end = c == a->current ? maar__arena_top(a) : c->end;

	return (size_t)(at - maar__chunk_begin(a, c)) + (size_t)(maar__chunk_end(a, c) - end);
}

int maar_arena_stats(const struct maar_arena *arena, struct maar_arena_stats *stats)
{
	const struct maar__arena *a = maar__arena_of(arena);
	const struct maar_arena_cleanup *after;
	const struct maar__chunk *c;
	const struct maar__large *l;
	bool kept = false;

	if (!arena || !stats)
		return -EINVAL;
	*stats = (struct maar_arena_stats){
		.held_bytes = a->held, .most_bytes = a->most, .limit_bytes = a->o.limit_bytes, .refused = a->refused
	};
	for (c = &a->first; c; c = c->next) {
		stats->chunks++;
		if (kept) {
			stats->kept++;
			stats->kept_bytes += c->bytes;
		} else {
			stats->used_bytes += used_of(a, c);
		}
		kept = kept || c == a->current;
	}
	for (l = a->large; l; l = l->older) {
		stats->large++;
		stats->large_bytes += l->piece_bytes;
	}
	for (after = a->after; after; after = after->older)
		*(after->fn == maar__arena_end_child ? &stats->children : &stats->cleanups) += 1;
	return 0;
}

static const struct maar_arena *child_of(const struct maar_arena_cleanup *after)
{
	return after->fn == maar__arena_end_child ? &((const struct maar__arena *)after->arg)->front : NULL;
}

static int dump(const struct maar_arena *arena, FILE *to, int depth)
{
	const struct maar_arena_cleanup *after;
	struct maar_arena_stats s;
	int rc;

	maar_arena_stats(arena, &s);
	fprintf(to, "%*sarena %p: %zu bytes of the source, at most %zu", 2 * depth, "", (const void *)arena,
		s.held_bytes, s.most_bytes);
	if (s.limit_bytes != SIZE_MAX)
		fprintf(to, ", limit %zu", s.limit_bytes);
	fprintf(to,
		"; %zu used in %zu chunks, %zu kept in %zu, %zu in %zu large blocks; %zu handlers, %zu children; %" PRIu64
		" refused\n",
		s.used_bytes, s.chunks - s.kept, s.kept_bytes, s.kept, s.large_bytes, s.large, s.cleanups, s.children,
		s.refused);
	for (after = maar__arena_of(arena)->after; after; after = after->older) {
		rc = child_of(after) ? dump(child_of(after), to, depth + 1) : 0;
		if (rc)
			return rc;
	}
	return ferror(to) ? -EIO : 0;
}

int maar_arena_dump(const struct maar_arena *arena, FILE *to)
{
	return arena && to ? dump(arena, to, 0) : -EINVAL;
}

/* ---- check ---- */

static bool chunk_is_whole(const struct maar__arena *a, const struct maar__chunk *c, bool kept)
{
	const uintptr_t begin = (uintptr_t)maar__chunk_begin(a, c), end = (uintptr_t)maar__chunk_end(a, c);
	const uintptr_t at = (uintptr_t)(c == a->current ? a->front.at : c->at);
	const uintptr_t top = (uintptr_t)(c == a->current ? maar__arena_top(a) : c->end);

	return begin <= end && (kept || (begin <= at && at <= top && top <= end && !(at & a->front.mask)));
}

/* Adds up the chunks; false: something is wrong. */
static bool chunks_are_whole(const struct maar__arena *a, size_t *bytes)
{
	const struct maar__chunk *c;
	bool kept = false;

	for (c = &a->first; c; c = c->next) {
		if (c->bytes > a->held - *bytes || !chunk_is_whole(a, c, kept))
			return false;
		*bytes += c->bytes;
		kept = kept || c == a->current;
	}
	return kept;
}

static bool large_are_whole(const struct maar__arena *a, size_t *bytes)
{
	const struct maar__large *l, *newer = NULL;

	for (l = a->large; l; newer = l, l = l->older) {
		if (l->newer != newer || l->serial > (newer ? newer->serial - 1 : a->serial) || !l->stamp ||
		    l->piece_bytes > a->held - *bytes)
			return false;
		*bytes += l->piece_bytes;
	}
	return true;
}

static bool after_is_whole(const struct maar__arena *a, size_t *bytes)
{
	const struct maar_arena_cleanup *c, *newer = NULL;

	for (c = a->after; c; newer = c, c = c->older) {
		const struct maar_arena *child = child_of(c);

		if (c->newer != newer || c->serial > (newer ? newer->serial - 1 : a->serial) || c->owner != a || !c->fn)
			return false;
		if (child && (maar__arena_of(child)->parent != a || maar_arena_check(child)))
			return false;
		if (child)
			*bytes += maar__arena_of(child)->held;
	}
	return true;
}

static bool marks_are_whole(const struct maar__arena *a)
{
	const struct maar__arena_mark *m;
	uint64_t newer = a->serial + 1;

	for (m = a->marks; m; newer = m->serial, m = m->older)
		if (m->serial >= newer || (uintptr_t)m->at > (uintptr_t)m->end)
			return false;
	return true;
}

int maar_arena_check(const struct maar_arena *arena)
{
	const struct maar__arena *a = maar__arena_of(arena);
	size_t bytes = 0;

	if (!arena)
		return -EINVAL;
	return chunks_are_whole(a, &bytes) && large_are_whole(a, &bytes) && after_is_whole(a, &bytes) &&
			       marks_are_whole(a) && bytes == a->held && a->most >= a->held
		       ? 0
		       : -EBADMSG;
}
