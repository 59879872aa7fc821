/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Back traces remembered: the unwinder reads tables for every frame, some 2,500 instructions each, and a program allocates in
 * the same places again and again. A trace is kept by where it was taken (return address, stack and frame pointer) together
 * with the places on the stack where its return addresses lay. Found again, and each of them still there, it is the same:
 *
 *     stack    | malloc's frame | f's frame     | g's frame    | main's ...
 *     kept          caller = in f    "in g" here      "in main" here
 *
 * A frame's place follows from the one below, whose function, instruction and stack pointer are the same. What varies is
 * a frame with memory of alloca's, whose stack pointer varies with it; the others would have to make up for that to the byte,
 * over the same return addresses left from earlier calls, and only functions further out would be named wrongly then.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* RTLD_NOLOAD */
#endif
#include "guard.h"

#include "../base/unwind.h"

#include <dlfcn.h>
#include <string.h>
#include <unwind.h>

#define MEMOS 4096  /* 900 KB, of which is touched what is used */
#define LOCKS 64    /* each for every 64th */
#define REACH 65536 /* bytes of stack between the first return address and the last */

/* Frames of the unwinder and of the library itself before the caller's, at most; generous. */
#define OWN_FRAMES 16

struct memo {
	uint64_t at, pointer; /* frame, and the frame pointer of the caller; 0: it keeps something else there */
	uint32_t n;	      /* 0: nothing is kept */
	uint32_t place[MAAR__GUARD_DEPTH]; /* from `at` */
	uint64_t frame[MAAR__GUARD_DEPTH];
};

static struct memo *memos;
static pthread_mutex_t locks[LOCKS] = { [0 ... LOCKS - 1] = PTHREAD_MUTEX_INITIALIZER };

static _Unwind_Reason_Code (*walk)(_Unwind_Trace_Fn step, void *arg);
static _Unwind_Ptr (*ip_of)(struct _Unwind_Context *context);
static _Unwind_Word (*sp_of)(struct _Unwind_Context *context);

void maar__guard_memo_begin(void)
{
	void *unwinder = dlopen("libgcc_s.so.1", RTLD_NOW | RTLD_NOLOAD);

	if (!unwinder)
		return; /* the C library has another one */
	*(void **)&ip_of = dlsym(unwinder, "_Unwind_GetIP");
	*(void **)&sp_of = dlsym(unwinder, "_Unwind_GetCFA");
	memos = ip_of && sp_of ? maar__map_sparse(MEMOS * sizeof(*memos)) : NULL;
	if (memos)
		*(void **)&walk = dlsym(unwinder, "_Unwind_Backtrace");
}

/* Those that a thread was at work on which the child does not have are half written, perhaps. */
void maar__guard_memo_in_child(void)
{
	const pthread_mutex_t open = PTHREAD_MUTEX_INITIALIZER;
	unsigned i, k;

	for (i = 0; memos && i < LOCKS; i++) {
		if (pthread_mutex_trylock(&locks[i]) == 0) {
			pthread_mutex_unlock(&locks[i]);
			continue;
		}
		for (k = i; k < MEMOS; k += LOCKS)
			memos[k].n = 0;
		locks[i] = open;
	}
}

static uint64_t word_at(uintptr_t at)
{
	return *(const volatile uintptr_t *)at;
}

/* One that a frame's place may depend on points to the stack above. */
static uint64_t pointer_at(uintptr_t at)
{
	const uint64_t pointer = word_at(at);

	return pointer - at < REACH ? pointer : 0;
}

static unsigned home(const struct maar__call *call)
{
	const uint64_t key = ((uintptr_t)call->frame ^ (uintptr_t)call->caller << 20) * UINT64_C(0x9e3779b97f4a7c15);

	return (unsigned)(key >> 40) % MEMOS;
}

/* A thread's stack ends below what the C library keeps of it, unless it is one of the program's making, or the first. */
static bool is_within(uintptr_t at, uintptr_t last)
{
	const uintptr_t self = (uintptr_t)pthread_self();

	return at >= self || last < self;
}

static bool is_same(const struct memo *m, const struct maar__call *call)
{
	const uintptr_t at = (uintptr_t)call->frame;
	unsigned i;

	if (!m->n || m->at != at || m->frame[0] != (uintptr_t)call->caller || m->pointer != pointer_at(at) ||
	    !is_within(at, at + m->place[m->n - 1]))
		return false;
	for (i = 1; i < m->n; i++)
		if (word_at(at + m->place[i]) != m->frame[i])
			return false;
	return true;
}

/* Nobody waits: whoever finds it locked, a handler too, unwinds. */
static bool recall(struct maar__trace *trace, const struct maar__call *call, unsigned at)
{
	const struct memo *m = &memos[at];
	bool same;

	if (pthread_mutex_trylock(&locks[at % LOCKS]))
		return false;
	same = is_same(m, call);
	if (same) {
		trace->n = m->n;
		memcpy(trace->frame, m->frame, m->n * sizeof(m->frame[0]));
	}
	pthread_mutex_unlock(&locks[at % LOCKS]);
	return same;
}

static void keep(const struct memo *found, unsigned at)
{
	if (pthread_mutex_trylock(&locks[at % LOCKS]))
		return;
	memos[at] = *found;
	pthread_mutex_unlock(&locks[at % LOCKS]);
}

struct walked {
	struct memo memo;
	uintptr_t caller, sp, ip;
	unsigned skipped, most;
	bool exact;
};

/* Where on the stack a frame's return address lies, which is between the stack pointers of the frame below and of its own. */
static uintptr_t place_of(const struct walked *w, uintptr_t ip, uintptr_t sp)
{
	uintptr_t found = 0, at;

	if (!w->memo.n)
		return (uintptr_t)w->memo.at + sizeof(uintptr_t);
#if defined(__x86_64__)
	(void)at;
	found = sp - sizeof(uintptr_t);
	return sp > w->sp && word_at(found) == ip ? found : 0;
#else
	for (at = w->sp; at < sp && sp - w->sp < REACH; at += sizeof(uintptr_t))
		if (word_at(at) == ip) {
			if (found)
				return 0;
			found = at;
		}
	return found;
#endif
}

static _Unwind_Reason_Code step(struct _Unwind_Context *context, void *arg)
{
	const uintptr_t ip = ip_of(context), sp = sp_of(context);
	struct walked *w = arg;
	uintptr_t place;

	if (!w->memo.n && ip != w->caller)
		return ++w->skipped < OWN_FRAMES ? _URC_NO_REASON : _URC_END_OF_STACK;
	if (!ip || (w->memo.n && ip == w->ip && sp == w->sp))
		return _URC_END_OF_STACK;
	place = place_of(w, ip, sp);
	if (place < w->memo.at || place - w->memo.at > REACH)
		w->exact = false;
	w->memo.place[w->memo.n] = (uint32_t)(place - w->memo.at);
	w->memo.frame[w->memo.n++] = ip;
	w->ip = ip;
	w->sp = sp;
	return w->memo.n < w->most ? _URC_NO_REASON : _URC_END_OF_STACK;
}

bool maar__guard_recall(struct maar__trace *trace, const struct maar__call *call)
{
	return walk && recall(trace, call, home(call));
}

bool maar__guard_walk(struct maar__trace *trace, const struct maar__call *call)
{
	struct walked w = { .memo = { .at = (uintptr_t)call->frame },
			    .caller = (uintptr_t)call->caller,
			    .most = maar__guard.trace,
			    .exact = true };

	if (!walk || maar__unwind_is_inside(call->caller))
		return false;
	w.memo.pointer = pointer_at((uintptr_t)call->frame);
	(void)walk(step, &w);
	if (!w.memo.n)
		return false;
	trace->n = w.memo.n;
	memcpy(trace->frame, w.memo.frame, w.memo.n * sizeof(w.memo.frame[0]));
	if (w.exact)
		keep(&w.memo, home(call));
	return true;
}
