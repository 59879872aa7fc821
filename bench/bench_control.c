/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * bench_control: contestants that do wrong, for the test of the harness: each must be found out. A ring that works
 * stands beside them, as the control of the control.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "loop_ipc.h"

/* How often they do wrong: rarely enough for most of a run to be right. */
#define EVERY 997

enum sin {
	NONE,
	LOSES,	    /* says it took a value, and forgets it */
	DUPLICATES, /* delivers a value twice */
	REORDERS,   /* swaps two values that follow each other */
	ALTERS,	    /* delivers a value that nobody sent */
	SWAPS,	    /* loses one and delivers another twice: the count is right */
	HANGS,	    /* stops for ever inside a call */
	STOPS,	    /* takes nothing any more */
	DIES,	    /* crashes */
	REFUSES,    /* says full every second time, and takes its time for that: no sin, but to be counted */
	HANDLES,    /* none: carries 32 bits, and refuses what is larger */
	UNOPENED,   /* cannot be made */
	TWICE,	    /* a pool that hands out an object which is out */
	LEAKS,	    /* a pool that forgets an object put back */
	SCRIBBLES,  /* a pool that writes into an object which is out */
};

/* How long a refusal takes. */
#define REFUSAL_US 100

/* Objects of the pools; the leaking one must not run dry. */
#define OBJECTS 256

/* Words of an object; the second is what SCRIBBLES changes. */
#define WORDS 4

struct subject {
	struct maar_ring *ring;
	enum sin sin;
	unsigned long puts; /* of its one producer */
	unsigned long refused;

	/* with a pool */
	struct maar_ring *free; /* addresses of free objects */
	uint64_t handed;	/* the one handed out last */
	unsigned long gets, gives;
	uint64_t objects[OBJECTS][WORDS];
};

static void *subject_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	struct subject *s = calloc(1, sizeof(*s));
	size_t i;

	(void)which;
	if (!s || me->param == UNOPENED)
		return NULL;
	s->sin = (enum sin)me->param;
	s->ring = maar_ring_create(c->capacity, MAAR_RING_SPSC | (s->sin == HANDLES ? MAAR_RING_HANDLE : 0));
	/* room for objects that come back twice */
	s->free = maar_ring_create(2 * OBJECTS, MAAR_RING_MPMC | MAAR_RING_TICKET);
	for (i = 0; s->free && i < OBJECTS; i++)
		if (!maar_ring_enqueue_ptr(s->free, s->objects[i]))
			return NULL;
	return s->ring && s->free ? s : NULL;
}

static int subject_close(void *subject)
{
	return OBJECTS - (int)maar_ring_count(((struct subject *)subject)->free);
}

/* The same in memory that processes share. */
static void *shared_open(const struct bench_contestant *me, const struct bench_case *c, unsigned which)
{
	const size_t ring = (sizeof(struct subject) + BENCH_APART - 1) / BENCH_APART * BENCH_APART;
	const size_t bytes = maar_ring_bytes(c->capacity, MAAR_RING_SPSC);
	char *memory = mmap(NULL, ring + bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct subject *s = (struct subject *)(void *)memory;

	(void)which;
	if (memory == MAP_FAILED)
		return NULL;
	s->sin = (enum sin)me->param;
	s->ring = (struct maar_ring *)(void *)(memory + ring);
	return maar_ring_init(s->ring, bytes, c->capacity, MAAR_RING_SPSC) ? NULL : s;
}

/* The leader ends after this, and its mappings with it. */
static int shared_close(void *subject)
{
	(void)subject;
	return 0;
}

/* A value of the same producer's, put instead of one kept back or after one lost. */
static size_t sinful_put(struct subject *s, uint64_t value)
{
	switch (s->sin) {
	case LOSES:
		return 1;
	case DUPLICATES:
		return maar_ring_enqueue_bulk(s->ring, (uint64_t[]){ value, value }, 2) != 0;
	case REORDERS:
		return maar_ring_enqueue_bulk(s->ring, (uint64_t[]){ value, value - 1 }, 2) != 0;
	case ALTERS:
		return maar_ring_enqueue(s->ring, value + (UINT64_C(1) << 20));
	case SWAPS:
		return maar_ring_enqueue(s->ring, value - 1);
	case HANGS:
		for (;;)
			pause();
	case STOPS:
		return 0;
	case DIES:
		raise(SIGKILL);
		return 0;
	default:
		return maar_ring_enqueue(s->ring, value);
	}
}

BENCH_INLINE size_t control_put(void *h, uint64_t value)
{
	struct subject *s = h;

	if (s->sin == REFUSES && ++s->refused % 2) {
		usleep(REFUSAL_US);
		return 0;
	}
	if (maar_likely((s->puts + 1) % EVERY != 0)) {
		/* the value that REORDERS holds back is the one before its moment */
		if (s->sin == REORDERS && (s->puts + 2) % EVERY == 0) {
			s->puts++;
			return 1;
		}
		if (!maar_ring_enqueue(s->ring, value))
			return 0;
		s->puts++;
		return 1;
	}
	if (!sinful_put(s, value))
		return 0;
	s->puts++;
	return 1;
}

BENCH_INLINE size_t control_take(void *h, uint64_t *value)
{
	return maar_ring_dequeue(((struct subject *)h)->ring, value);
}

BENCH_QUEUE(control, control_put, control_take)
BENCH_IPC(process, control_put, control_take)

/* One thread gets. */
BENCH_INLINE void *control_get(void *h, size_t bytes)
{
	struct subject *s = h;

	(void)bytes;
	if (++s->gets % EVERY == 0 && s->sin == TWICE)
		return (void *)(uintptr_t)s->handed;
	return maar_ring_dequeue(s->free, &s->handed) ? (void *)(uintptr_t)s->handed : NULL;
}

/* One thread gives, but for what the other could not send at the end. */
BENCH_INLINE int control_give(void *h, void *object)
{
	struct subject *s = h;

	if (__atomic_add_fetch(&s->gives, 1, __ATOMIC_RELAXED) % EVERY == 0 && s->sin == LEAKS)
		return 0;
	return !maar_ring_enqueue_ptr(s->free, object);
}

BENCH_INLINE size_t message_take(void *h, uint64_t *value)
{
	struct subject *s = h;

	if (!maar_ring_dequeue(s->ring, value))
		return 0;
	if (s->sin == SCRIBBLES && *(uint64_t *)(uintptr_t)*value % EVERY == 0)
		((uint64_t *)(uintptr_t)*value)[1]++;
	return 1;
}

BENCH_INLINE void *control_data(void *object)
{
	return object;
}

BENCH_EXCHANGE_LOOPS(pool, control_get, control_data, control_give, control_put, message_take)

#define ROW(name, sin)                                                                                                 \
	{                                                                                                              \
		name, "control", NULL, BENCH_SPSC, BENCH_FIFO, 0, sin, subject_open, subject_close, NULL, NULL,        \
			BENCH_LOOPS_QUEUE(control)                                                                     \
	}

#define POOL_ROW(name, sin)                                                                                            \
	{                                                                                                              \
		name, "control", NULL, BENCH_EXCHANGE, BENCH_FIFO, 0, sin, subject_open, subject_close, NULL, NULL,    \
			BENCH_LOOPS_EXCHANGE(pool)                                                                     \
	}

#define PROCESS_ROW(name, sin)                                                                                         \
	{                                                                                                              \
		name, "control", NULL, BENCH_IPC_STREAM, BENCH_FIFO, 0, sin, shared_open, shared_close, NULL, NULL,    \
			BENCH_LOOPS_IPC(process)                                                                       \
	}

/* clang-format off */
static const struct bench_contestant rows[] = {
	ROW("right", NONE),
	ROW("loses", LOSES),
	ROW("duplicates", DUPLICATES),
	ROW("reorders", REORDERS),
	ROW("alters", ALTERS),
	ROW("swaps", SWAPS),
	ROW("hangs", HANGS),
	ROW("stops", STOPS),
	ROW("dies", DIES),
	ROW("unopened", UNOPENED),
	ROW("refuses", REFUSES),
	{ "handles", "control", NULL, BENCH_SPSC | BENCH_HANDLES, BENCH_FIFO, 0, HANDLES, subject_open, subject_close,
	  NULL, NULL, BENCH_LOOPS_QUEUE(control) },
	POOL_ROW("pool right", NONE),
	POOL_ROW("pool twice", TWICE),
	POOL_ROW("pool leaks", LEAKS),
	POOL_ROW("pool scribbles", SCRIBBLES),
	PROCESS_ROW("processes right", NONE),
	PROCESS_ROW("processes lose", LOSES),
	PROCESS_ROW("processes reorder", REORDERS),
	PROCESS_ROW("processes hang", HANGS),
	PROCESS_ROW("processes die", DIES),
};
/* clang-format on */

static const struct bench_peer peer = BENCH_ROWS(rows);
static const struct bench_peer *const peers[] = { &peer, NULL };
static const struct bench_missing missing[] = { { "a library that is not there", "libnotthere-dev" }, { NULL, NULL } };
static const struct bench_case cases[] = {
	{ .name = "control/1p1c",
	  .title = "1 producer, 1 consumer",
	  .set = BENCH_SPSC,
	  .first = BENCH_PRODUCE,
	  .second = BENCH_CONSUME,
	  .firsts = 1,
	  .seconds = 1,
	  .batch = 1,
	  .capacity = 64 },
	{ .name = "control/timed",
	  .title = "1 producer, 1 consumer, each call timed",
	  .set = BENCH_SPSC,
	  .first = BENCH_PRODUCE_TIMED,
	  .second = BENCH_CONSUME_TIMED,
	  .firsts = 1,
	  .seconds = 1,
	  .batch = 1,
	  .capacity = 64 },
	{ .name = "control/processes",
	  .title = "a process that produces, one that consumes",
	  .set = BENCH_IPC_STREAM,
	  .first = BENCH_PRODUCE,
	  .second = BENCH_CONSUME,
	  .firsts = 1,
	  .seconds = 1,
	  .batch = 1,
	  .capacity = 64,
	  .processes = 1 },
	{ .name = "control/exchange",
	  .title = "1 producer, 1 consumer, messages of a pool",
	  .set = BENCH_EXCHANGE,
	  .first = BENCH_SEND,
	  .second = BENCH_RECEIVE,
	  .firsts = 1,
	  .seconds = 1,
	  .batch = 1,
	  .capacity = 64,
	  .bytes = WORDS * 8,
	  .touch = WORDS * 8 },
};

int main(int argc, char **argv)
{
	static const struct bench_program program = {
		.name = "bench_control",
		.doc = "Contestants that do wrong: the test of the harness.",
		.cases = cases,
		.n_cases = sizeof(cases) / sizeof(*cases),
		.peers = peers,
		.missing = missing,
	};

	return bench_main(&program, argc, argv);
}
