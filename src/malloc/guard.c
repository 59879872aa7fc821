/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What each call of libmaar-malloc-debug.so does to a block and its record: see guard.h.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* RTLD_DEFAULT */
#endif
#include "guard.h"

#include "../base/options.h"
#include "../base/unwind.h"

#include <maar/alloc.h>

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SAMPLE	   100			/* a page for each: 40 bytes an allocation on average, and some 50 ns */
#define TRACE	   6			/* return addresses: out of C++'s containers, into who uses them */
#define QUARANTINE ((uint64_t)32 << 20) /* bytes */
#define EXIT_LEAKS 23			/* LeakSanitizer's */

/* Alignments up to this have a redzone in front; beyond, it would cost as much again. */
#define MOST_FRONT 4096

/* After it could get no pages, how many blocks a thread goes without. */
#define PAGES_PAUSE 1000

/* Blocks that leave quarantine at a time, under one lock. */
#define AT_A_TIME 8

/* No program has so many addresses: quarantine is not given up for a block of that size. */
#define BEYOND ((size_t)1 << 48)

/* Until the constructor has read the environment: what needs nothing but this. */
struct maar__guard_options maar__guard = { .trace = 1, .quarantine = QUARANTINE, .stop = true };

/* ---- which blocks have pages ---- */

static __thread uint32_t until_sample __attribute__((tls_model("initial-exec")));
static __thread uint32_t random_state __attribute__((tls_model("initial-exec")));

/* Between 1 and twice the rate less one, the rate on average: so that no pattern of the program's goes by it. */
static uint32_t next_sample(void)
{
	if (!random_state)
		random_state = maar__thread_id() * 2654435761u | 1;
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return 1 + random_state % (2 * maar__guard.sample - 1);
}

static bool is_sampled(size_t bytes)
{
	uint32_t n;

	if (!maar__guard.sample)
		return false;
	if (bytes >= MAAR__PAGES_ABOVE)
		return true;
	n = until_sample; /* read once: a handler may come and count, too */
	if (!n)
		n = next_sample();
	until_sample = n - 1;
	return n == 1;
}

/* ---- get ---- */

static bool from_allocator(struct maar__guard_block *b, size_t align, bool zero)
{
	const size_t front = align <= MAAR__ZONE ? MAAR__ZONE : align <= MOST_FRONT ? align : 0;

	b->paged = false;
	if (!maar__add(b->bytes, front + MAAR__ZONE, &b->raw_bytes))
		return false;
	if (align > 16)
		b->raw = maar_memalign(align, b->raw_bytes);
	else
		b->raw = zero ? maar_calloc(1, b->raw_bytes) : maar_malloc(b->raw_bytes);
	if (!b->raw)
		return false;
	b->at = b->raw + front;
	if (zero && align > 16)
		memset(b->at, 0, b->bytes);
	return true;
}

/* Back to where it came from. */
static void drop(const struct maar__guard_block *b)
{
	if (b->paged)
		maar__guard_page_drop(b);
	else
		maar_free(b->raw);
}

static bool enter(struct maar__guard_block *b, const struct maar__trace *trace)
{
	sigset_t before;
	struct maar__guard_shard *s = maar__guard_lock(b->at, &before);
	bool added;

	b->got = maar__guard_site(trace);
	added = maar__guard_add(s, b);
	maar__guard_unlock(s, &before);
	return added;
}

/* Gets and records it. */
static bool make(struct maar__guard_block *b, size_t align, bool zero, const struct maar__trace *trace)
{
	if (is_sampled(b->bytes) && maar__guard_page_get(b, align)) {
		maar__zone_paint(b);
		if (enter(b, trace))
			return true;
		drop(b);
		until_sample = PAGES_PAUSE;
	}
	if (!from_allocator(b, align, zero))
		return false;
	maar__zone_paint(b);
	if (enter(b, trace))
		return true;
	drop(b);
	return false;
}

/* A block leaves quarantine: has somebody written to it meanwhile? */
static void release(const struct maar__guard_block *b)
{
	struct maar__misuse m = { .what = NULL };

	if (maar__zone_check(&m, b))
		maar__guard_report(&m, NULL);
	drop(b);
}

static void clear_quarantine(void)
{
	struct maar__guard_shard *s;
	struct maar__guard_block b;
	sigset_t before;
	bool one;

	for (s = maar__guard_next(NULL); s; s = maar__guard_next(s))
		do {
			maar__guard_lock_shard(s, &before);
			one = maar__guard_evict(s, true, &b);
			maar__guard_unlock(s, &before);
			if (one)
				release(&b);
		} while (one);
}

/* Of a power of two, or MAAR__UNTOLD, as a record has it. */
static uint8_t align_of(size_t align)
{
	return align == MAAR__UNTOLD || !align ? 0 : (uint8_t)__builtin_ctzll(align);
}

void *maar__guard_get(const struct maar__call *call, size_t bytes, size_t align, bool zero)
{
	const int saved = errno;
	struct maar__guard_block b = { .bytes = bytes, .align = align_of(align), .family = (uint8_t)call->family };
	struct maar__trace trace;

	maar__guard_trace(&trace, call);
	b.got_thread = maar__thread_id();
	if (bytes < BEYOND) {
		if (make(&b, align, zero, &trace)) {
			errno = saved;
			return b.at;
		}
		clear_quarantine();
		if (make(&b, align, zero, &trace)) {
			errno = saved;
			return b.at;
		}
	}
	errno = ENOMEM;
	return NULL;
}

void maar__guard_own(const struct maar__call *call, void *block, size_t bytes, size_t align)
{
	struct maar__guard_shard *s;
	struct maar__guard_block *b;
	struct maar__trace trace;
	sigset_t before;

	maar__guard_trace(&trace, call);
	s = maar__guard_lock(block, &before);
	b = maar__guard_find(s, block);
	if (b && !b->freed && bytes <= b->bytes) {
		b->family = (uint8_t)call->family;
		b->align = align_of(align);
		b->got = maar__guard_site(&trace);
		b->bytes = bytes;
		maar__zone_paint(b);
	}
	maar__guard_unlock(s, &before);
}

/* ---- put ---- */

static bool families_differ(const struct maar__guard_block *b, const struct maar__call *call)
{
	return maar__guard.mismatch && b->family != call->family;
}

/* What is wrong with a call on this block, NULL if it is none; m->block is set. */
static void judge(struct maar__misuse *m, const struct maar__guard_block *b, const void *block)
{
	m->address = block;
	if (!b) {
		m->what = "a pointer that is no block";
		return;
	}
	m->block = *b;
	if (b->freed)
		m->what = "use after free: the block is free already";
	else
		(void)maar__zone_check(m, b);
}

static void judge_put(struct maar__misuse *m, const struct maar__guard_block *b, const struct maar__call *call,
		      const void *block, size_t bytes, size_t align)
{
	judge(m, b, block);
	if (m->what) {
		if (b && b->freed)
			m->what = "double free";
		else if (!b)
			m->what = "foreign free: a pointer that is no block";
		return;
	}
	if (families_differ(b, call))
		m->what = "mismatched free: the block came from a call of another family";
	else if (b->family == call->family && bytes != MAAR__UNTOLD && bytes != b->bytes)
		m->what = "mismatched free: the block has another size than the call says";
	else if (align != MAAR__UNTOLD && maar__guard.mismatch && b->family == call->family &&
		 align_of(align) != b->align)
		m->what = "mismatched free: the block has another alignment than the call says";
}

/* Frees what is a block in use; returns how many came out of quarantine for it. */
static unsigned retire(struct maar__guard_shard *s, struct maar__guard_block *b, const struct maar__trace *trace,
		       struct maar__guard_block *out)
{
	unsigned n = 0;

	if (b && !b->freed) {
		b->put = maar__guard_site(trace);
		b->put_thread = maar__thread_id();
		if (b->paged) {
			maar__guard_page_hide(b);
		} else {
			maar__zone_fill(b);
			maar__zone_paint(b);
		}
		maar__guard_retire(s, b);
	}
	while (n < AT_A_TIME && maar__guard_evict(s, false, &out[n]))
		n++;
	return n;
}

void maar__guard_put(const struct maar__call *call, void *block, size_t bytes, size_t align)
{
	struct maar__guard_block *b, out[AT_A_TIME];
	struct maar__misuse m = { .what = NULL };
	const int saved = errno;
	struct maar__guard_shard *s;
	sigset_t before;
	struct maar__trace trace;
	unsigned n, i;

	if (!block)
		return;
	maar__guard_trace(&trace, call);
	s = maar__guard_lock(block, &before);
	b = maar__guard_find(s, block);
	judge_put(&m, b, call, block, bytes, align);
	n = retire(s, b, &trace, out);
	maar__guard_unlock(s, &before);
	if (m.what)
		maar__guard_report(&m, call);
	for (i = 0; i < n; i++)
		release(&out[i]);
	errno = saved;
}

/* ---- the rest ---- */

/* Whether it is a block in use, and of how many bytes; tells if not. */
static bool look_up(const struct maar__call *call, const void *block, size_t *bytes)
{
	struct maar__misuse m = { .what = NULL };
	struct maar__guard_shard *s;
	sigset_t before;

	s = maar__guard_lock(block, &before);
	judge(&m, maar__guard_find(s, block), block);
	maar__guard_unlock(s, &before);
	if (m.what)
		maar__guard_report(&m, call);
	*bytes = m.block.bytes;
	return m.block.at && !m.block.freed;
}

size_t maar__guard_usable(const struct maar__call *call, const void *block)
{
	size_t bytes;

	return block && look_up(call, block, &bytes) ? bytes : 0;
}

void *maar__guard_resize(const struct maar__call *call, void *block, size_t bytes)
{
	size_t had;
	void *moved;

	if (!block)
		return maar__guard_get(call, bytes, 1, false);
	if (!bytes) {
		maar__guard_put(call, block, MAAR__UNTOLD, MAAR__UNTOLD);
		return NULL;
	}
	if (!look_up(call, block, &had)) {
		errno = EINVAL;
		return NULL;
	}
	moved = maar__guard_get(call, bytes, 1, false);
	if (moved) {
		memcpy(moved, block, had < bytes ? had : bytes);
		maar__guard_put(call, block, MAAR__UNTOLD, MAAR__UNTOLD);
	}
	return moved;
}

/* ---- begin and end ---- */

static sigset_t before_fork; /* of the thread that forks, which has all locks */

static void take_locks(void)
{
	sigset_t before;

	maar__say_lock();
	maar__guard_lock_all(&before);
	maar__guard_sites_lock();
	before_fork = before;
	pthread_sigmask(SIG_SETMASK, &before, NULL); /* whoever comes in between passes by */
}

static void let_go(void)
{
	const sigset_t before = before_fork;
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	maar__guard_sites_unlock();
	maar__guard_unlock_all(&before);
	maar__say_unlock();
}

static void let_go_in_child(void)
{
	maar__thread_id_forget();
	maar__guard_memo_in_child();
	let_go();
}

/* A program that has some of C++'s operators of its own may hand one's blocks to another of ours. */
static bool operators_are_ours(void)
{
	static const char *const names[] = { "_Znwm",
					     "_Znam",
					     "_ZdlPv",
					     "_ZdaPv",
					     "_ZdlPvm",
					     "_ZdaPvm",
					     "_ZnwmSt11align_val_t",
					     "_ZnamSt11align_val_t",
					     "_ZdlPvSt11align_val_t",
					     "_ZdaPvSt11align_val_t" };
	Dl_info ours, found;
	size_t i;

	if (!dladdr(&maar__guard, &ours))
		return false;
	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		void *at = dlsym(RTLD_DEFAULT, names[i]);

		if (!at || !dladdr(at, &found) || found.dli_fbase != ours.dli_fbase)
			return false;
	}
	return true;
}

static __attribute__((constructor)) void begin(void)
{
	static const char *const yes_no[] = { "0", "1" };
	static const char *const leaks[] = { "no", "lost", "all", "fail" };
	const uint64_t trace = maar__option_number(MAAR__OPTION_TRACE, TRACE);
	const uint64_t sample = maar__option_number(MAAR__OPTION_GUARD, SAMPLE);

	(void)maar__at_fork(take_locks, let_go, let_go_in_child);
	maar__unwind_ready(true);
	maar__guard_memo_begin();
	maar__guard.quarantine = (size_t)maar__option_number(MAAR__OPTION_QUARANTINE, QUARANTINE);
	maar__guard.stop = maar__option_choice(MAAR__OPTION_STOP, yes_no, 2, 1) != 0;
	maar__guard.leaks = (enum maar__leaks)maar__option_choice(MAAR__OPTION_LEAKS, leaks, 4, MAAR__LEAKS_LOST);
	maar__guard.mismatch = operators_are_ours();
	maar__guard.trace = trace < MAAR__GUARD_DEPTH ? (unsigned)trace : MAAR__GUARD_DEPTH;
	maar__guard.sample = sample < INT32_MAX ? (uint32_t)sample : INT32_MAX;
	maar__guard_catch_faults();
}

/* The first misuse that nobody has come across yet: overflows of blocks in use, writes to those in quarantine. */
static void look_over(struct maar__guard_shard *s)
{
	struct maar__misuse m = { .what = NULL };
	struct maar__guard_block *b;
	sigset_t before;
	size_t slots, i;

	maar__guard_lock_shard(s, &before);
	b = maar__guard_records(s, &slots);
	for (i = 0; i < slots; i++)
		if (b[i].at && maar__zone_check(&m, &b[i]))
			break;
	maar__guard_unlock(s, &before);
	if (m.what)
		maar__guard_report(&m, NULL);
}

static __attribute__((destructor)) void end(void)
{
	struct maar__guard_shard *s;
	int cancel;

	/* exit is no place where a thread may be cancelled, but what reads and writes is. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	for (s = maar__guard_next(NULL); s; s = maar__guard_next(s))
		look_over(s);
	if (maar__guard.leaks != MAAR__LEAKS_NO && maar__guard_leaks() && maar__guard.leaks == MAAR__LEAKS_FAIL) {
		fcloseall(); /* as exit does it: waits for no thread that has a stream */
		_exit(EXIT_LEAKS);
	}
	pthread_setcancelstate(cancel, NULL);
}
