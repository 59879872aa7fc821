/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * An arena and a child of it against a list of blocks: each keeps its bytes until the call that ends it, no two overlap
 * (they would not keep them), handlers run once and in their order, and what the source gave comes back. The source fails
 * now and then.
 */
#include "fuzz.h"

#include <maar/arena.h>

#include <errno.h>
#include <string.h>

#define MOST   256   /* blocks, handlers, marks that the model follows */
#define ABSURD 60000 /* larger blocks are asked for in vain */

struct block {
	unsigned char *at;
	size_t bytes;
	uint8_t seed;
	uint8_t of_child;
};

struct model {
	struct maar_arena *arena, *child;
	struct maar_arena_options o;
	struct block block[MOST];
	size_t blocks;
	struct maar_arena_cleanup *handler[MOST]; /* oldest first; NULL: cancelled */
	size_t handlers;
	struct {
		struct maar_arena_mark mark;
		size_t blocks, handlers;
		int child; /* there was one already */
	} mark[MOST];
	size_t marks;
	size_t out;    /* bytes of the source */
	unsigned fail; /* the source refuses, so many times */
};

/* ---- source and handlers ---- */

static void *allocate(size_t bytes, void *arg)
{
	struct model *m = arg;
	void *piece;

	if (m->fail) {
		m->fail--;
		return NULL;
	}
	piece = bytes > 4 * ABSURD ? NULL : malloc(bytes);
	if (piece)
		m->out += bytes;
	return piece;
}

static void release(void *piece, size_t bytes, void *arg)
{
	struct model *m = arg;

	fuzz_must(m->out >= bytes);
	m->out -= bytes;
	memset(piece, 0x5a, bytes);
	free(piece);
}

static struct model *running;

/* The newest that was not cancelled must be the one that runs. */
static void on_end(void *arg)
{
	struct model *m = running;

	while (m->handlers && !m->handler[m->handlers - 1])
		m->handlers--;
	fuzz_must(m->handlers && arg == &m->handler[m->handlers - 1]);
	m->handlers--;
}

/* ---- the model's blocks ---- */

static void check_block(const struct block *b)
{
	size_t i;

	for (i = 0; i < b->bytes; i++)
		fuzz_must(b->at[i] == (uint8_t)(b->seed + i));
}

static void write_block(const struct block *b, size_t from)
{
	for (; from < b->bytes; from++)
		b->at[from] = (uint8_t)(b->seed + from);
}

static void check_blocks(const struct model *m)
{
	size_t i;

	for (i = 0; i < m->blocks; i++)
		check_block(&m->block[i]);
	fuzz_must(maar_arena_check(m->arena) == 0);
}

static void forget(struct model *m, size_t i)
{
	memmove(&m->block[i], &m->block[i + 1], (m->blocks - i - 1) * sizeof(m->block[0]));
	m->blocks--;
	for (size_t k = 0; k < m->marks; k++)
		m->mark[k].blocks -= m->mark[k].blocks > i;
}

static void forget_child(struct model *m)
{
	size_t i = 0;

	m->child = NULL;
	while (i < m->blocks)
		if (m->block[i].of_child)
			forget(m, i);
		else
			i++;
	for (i = 0; i < m->marks; i++)
		m->mark[i].child = 0;
}

static size_t size_of(struct fuzz_input *in)
{
	switch (fuzz_byte(in) % 8) {
	case 0:
		return fuzz_below(in, ABSURD);
	case 1:
		return fuzz_below(in, 5000);
	case 2:
		return (size_t)PTRDIFF_MAX - fuzz_below(in, 9000);
	default:
		return fuzz_below(in, 200);
	}
}

/* ---- operations ---- */

static void take(struct model *m, struct fuzz_input *in, unsigned how)
{
	struct maar_arena *a = m->child && fuzz_byte(in) % 2 ? m->child : m->arena;
	struct block b = { .bytes = size_of(in), .seed = fuzz_byte(in), .of_child = a == m->child };
	size_t align = m->o.align, i;

	if (m->blocks == MOST)
		return;
	errno = 0;
	if (how == 0) {
		b.at = maar_arena_alloc(a, b.bytes);
	} else if (how == 1) {
		b.at = maar_arena_nalloc(a, b.bytes);
		align = 1;
	} else if (how == 2) {
		align = (size_t)1 << fuzz_byte(in) % 15;
		b.at = maar_arena_memalign(a, align, b.bytes);
	} else {
		b.at = maar_arena_calloc(a, 1, b.bytes);
		for (i = 0; b.at && i < b.bytes; i++)
			fuzz_must(b.at[i] == 0);
	}
	if (!b.at) {
		fuzz_must(errno == ENOMEM);
		return;
	}
	fuzz_must(b.bytes < ABSURD && (uintptr_t)b.at % align == 0);
	write_block(&b, 0);
	m->block[m->blocks++] = b;
}

static void resize(struct model *m, struct fuzz_input *in)
{
	const size_t i = fuzz_byte(in) % 4 ? m->blocks - 1 : fuzz_below(in, m->blocks), bytes = size_of(in);
	size_t same;
	struct block b;
	unsigned char *at;

	if (!m->blocks)
		return;
	b = m->block[i];
	at = maar_arena_realloc(b.of_child ? m->child : m->arena, b.at, b.bytes, bytes);
	if (!at)
		return; /* as it was */
	same = bytes < b.bytes ? bytes : b.bytes;
	b.at = at;
	b.bytes = same;
	check_block(&b);
	b.bytes = bytes;
	write_block(&b, same);
	if (at == m->block[i].at) { /* as old as it was */
		m->block[i] = b;
		return;
	}
	forget(m, i); /* what moved is as new as the move */
	m->block[m->blocks++] = b;
}

static void free_one(struct model *m, struct fuzz_input *in)
{
	const size_t i = fuzz_below(in, m->blocks);
	struct maar_arena *a;

	if (!m->blocks)
		return;
	a = m->block[i].of_child ? m->child : m->arena;
	if (maar_arena_free(a, m->block[i].at) == 0) /* it was large */
		forget(m, i);
}

static void add_handler(struct model *m)
{
	struct maar_arena_cleanup **at = &m->handler[m->handlers];

	if (m->handlers == MOST)
		return;
	*at = maar_arena_cleanup_add(m->arena, on_end, at);
	m->handlers += *at != NULL;
}

static void cancel_handler(struct model *m, struct fuzz_input *in)
{
	const size_t i = fuzz_below(in, m->handlers);

	if (!m->handlers || !m->handler[i])
		return;
	fuzz_must(maar_arena_cleanup_cancel(m->arena, m->handler[i]) == 0);
	fuzz_must(maar_arena_cleanup_cancel(m->arena, m->handler[i]) == -EALREADY);
	m->handler[i] = NULL;
}

static void change_child(struct model *m)
{
	if (m->child) {
		fuzz_must(maar_arena_destroy(m->child) == 0);
		forget_child(m);
	} else {
		m->child = maar_arena_create_child(m->arena, NULL);
	}
}

static void save(struct model *m)
{
	if (m->marks == MOST || maar_arena_save(m->arena, &m->mark[m->marks].mark))
		return;
	m->mark[m->marks].blocks = m->blocks;
	m->mark[m->marks].handlers = m->handlers;
	m->mark[m->marks++].child = m->child != NULL;
}

/* Blocks that the child took since the mark stay, as the child does. */
static void roll_back(struct model *m, struct fuzz_input *in)
{
	const size_t k = fuzz_below(in, m->marks);
	size_t i, n;

	if (!m->marks)
		return;
	n = m->mark[k].blocks;
	fuzz_must(maar_arena_rollback(m->arena, m->mark[k].mark) == 0);
	while (m->handlers > m->mark[k].handlers && !m->handler[m->handlers - 1])
		m->handlers--;
	fuzz_must(m->handlers == m->mark[k].handlers);
	if (k + 1 < m->marks)
		fuzz_must(maar_arena_rollback(m->arena, m->mark[m->marks - 1].mark) == -EINVAL);
	m->marks = k + 1;
	if (m->child && !m->mark[k].child)
		forget_child(m);
	for (i = n; i < m->blocks;)
		if (m->block[i].of_child)
			i++;
		else
			forget(m, i);
}

static void reset(struct model *m)
{
	fuzz_must(maar_arena_reset(m->arena) == 0);
	while (m->handlers && !m->handler[m->handlers - 1])
		m->handlers--;
	fuzz_must(m->handlers == 0);
	m->blocks = m->marks = 0;
	m->child = NULL;
}

static void step(struct model *m, struct fuzz_input *in)
{
	const unsigned op = fuzz_byte(in) % 16;

	switch (op) {
	default:
		take(m, in, op % 4);
		break;
	case 8:
		resize(m, in);
		break;
	case 9:
		free_one(m, in);
		break;
	case 10:
		add_handler(m);
		break;
	case 11:
		cancel_handler(m, in);
		break;
	case 12:
		change_child(m);
		break;
	case 13:
		save(m);
		break;
	case 14:
		roll_back(m, in);
		break;
	case 15:
		if (fuzz_byte(in) % 4 == 0)
			reset(m);
		else if (fuzz_byte(in) % 2)
			(void)maar_arena_trim(m->arena, fuzz_below(in, 100000));
		else
			m->fail = 1 + fuzz_byte(in) % 3;
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	static struct model m;
	const unsigned form = fuzz_byte(&in);
	struct maar_arena_stats s;

	memset(&m, 0, sizeof(m));
	running = &m;
	m.o = (struct maar_arena_options){ .align = UINT32_C(1) << form % 7,
					   .first_bytes = form & 8 ? 600 : 0,
					   .chunk_bytes = form & 16 ? 8192 : 0,
					   .large_bytes = form & 32 ? 1000 : 0,
					   .limit_bytes = form & 64 ? 300000 : 0,
					   .keep_bytes = form & 128 ? 20000 : 0,
					   .source = { allocate, release, &m } };
	m.arena = maar_arena_create(&m.o);
	fuzz_must(m.arena != NULL);
	while (fuzz_more(&in)) {
		step(&m, &in);
		fuzz_must(maar_arena_stats(m.arena, &s) == 0 && s.held_bytes == m.out && s.held_bytes <= s.limit_bytes);
		if (size < 512 || fuzz_byte(&in) % 16 == 0)
			check_blocks(&m);
	}
	check_blocks(&m);
	fuzz_must(maar_arena_destroy(m.arena) == 0);
	while (m.handlers && !m.handler[m.handlers - 1])
		m.handlers--;
	fuzz_must(m.handlers == 0 && m.out == 0);
	return 0;
}
