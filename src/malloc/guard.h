/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The guard: what stands between the program and the allocator in libmaar-malloc-debug.so. Each block has a redzone on either
 * side and a record elsewhere, which no overflow reaches; what is freed lies in quarantine for a while, filled with a pattern,
 * or, where it has pages of its own, out of reach.
 *     guard.c        the calls: get, put, resize
 *     guard_table.c  the records, by address; quarantine
 *     guard_zone.c   redzones and patterns
 *     guard_page.c   blocks between pages that nobody may touch
 *     guard_site.c   back traces, each kept once
 *     guard_memo.c   back traces without unwinding
 *     guard_report.c what is said of misuse
 *     guard_fault.c  accesses that the system stops
 *     guard_leak.c   what is left at exit
 *
 * Locks: the paragraph's, one shard's, then one of the sites', with all signals blocked, so that a handler may allocate. All of
 * them, the shards in the order of their numbers: before fork, and for the leak report. Nothing is allocated, and no other
 * lock taken, with one held; only tables are mapped.
 */
#ifndef MAAR_GUARD_H
#define MAAR_GUARD_H

#include "../base/base.h"

#include <signal.h>

/* ---- what malloc.c and operators.c call ---- */

/* Which calls belong together. */
enum maar__family { MAAR__FAMILY_MALLOC, MAAR__FAMILY_NEW, MAAR__FAMILY_ARRAY };

/* A call of the program's: made where it enters the library. */
struct maar__call {
	const char *name;   /* as it is exported */
	const void *caller; /* where it returns to */
	const void *frame;  /* its frame: the caller's frame pointer, and above that where it returns to; NULL: none */
	enum maar__family family;
};

#define MAAR__UNTOLD SIZE_MAX /* a size or an alignment that the call does not have */

/* align: a power of two; 1: what malloc promises. NULL with errno = ENOMEM. */
void *maar__guard_get(const struct maar__call *call, size_t bytes, size_t align, bool zero);
/* As realloc: a block that moves always, so that old pointers to it are found out. */
void *maar__guard_resize(const struct maar__call *call, void *block, size_t bytes);
void maar__guard_put(const struct maar__call *call, void *block, size_t bytes, size_t align);
/* The bytes that were asked for. */
size_t maar__guard_usable(const struct maar__call *call, const void *block);
/*
 * A block that this call got by another, C++'s operator new by the run-time's malloc, is the call's from now on: its family,
 * size and alignment (MAAR__UNTOLD: none), its place. What is no block in use stays what it is.
 */
void maar__guard_own(const struct maar__call *call, void *block, size_t bytes, size_t align);

/* ---- options: guard.c ---- */

enum maar__leaks { MAAR__LEAKS_NO, MAAR__LEAKS_LOST, MAAR__LEAKS_ALL, MAAR__LEAKS_FAIL };

struct maar__guard_options {
	uint32_t sample; /* one block in so many has pages of its own; 0: none */
	unsigned trace;	 /* return addresses of a site */
	size_t quarantine;
	bool stop; /* at the first misuse */
	bool mismatch;
	enum maar__leaks leaks;
};
extern struct maar__guard_options maar__guard;

/* ---- sites: guard_site.c ---- */

#define MAAR__GUARD_DEPTH 16
#define MAAR__GUARD_SITES ((uint32_t)1 << 18)

struct maar__guard_site {
	const char *name; /* the call */
	uint32_t frames, next;
	uint64_t frame[MAAR__GUARD_DEPTH];
};

struct maar__trace {
	const char *name;
	unsigned n;
	uint64_t frame[MAAR__GUARD_DEPTH];
};

/* ---- guard_memo.c ---- */

/* After maar__unwind_ready. Until then, and without memory, nothing is found. */
void maar__guard_memo_begin(void);
void maar__guard_memo_in_child(void);
/* The back trace of a call, if it is known; never waits. */
bool maar__guard_recall(struct maar__trace *trace, const struct maar__call *call);
/* The back trace by unwinding, known from then on; false: not to be had that way. */
bool maar__guard_walk(struct maar__trace *trace, const struct maar__call *call);

/* A call with its back trace. */
void maar__guard_trace(struct maar__trace *trace, const struct maar__call *call);
/* Its number; 0: there is no room for one more. With signals blocked; takes locks. */
uint32_t maar__guard_site(const struct maar__trace *trace);
/* NULL for 0. */
const struct maar__guard_site *maar__guard_site_at(uint32_t number);
void maar__guard_sites_lock(void);
void maar__guard_sites_unlock(void);

/* ---- records: guard_table.c ---- */

struct maar__guard_block {
	unsigned char *at;  /* what the program has; NULL: no record */
	unsigned char *raw; /* what the allocator, or the system, gave */
	size_t bytes;	    /* that the program asked for */
	size_t raw_bytes;
	unsigned char *next; /* in quarantine: the `at` of the one that came after it */
	uint32_t got, put;   /* sites */
	uint32_t got_thread, put_thread;
	uint8_t align;	/* that was asked for, as a power of two; 0: none, or 1 */
	uint8_t family; /* enum maar__family */
	bool paged;	/* between pages that nobody may touch */
	bool freed;	/* in quarantine */
};

struct maar__guard_shard;

/* Takes the lock of the shard in whose table a block of this address is, or has to be. */
struct maar__guard_shard *maar__guard_lock(const void *at, sigset_t *before);
void maar__guard_unlock(struct maar__guard_shard *shard, const sigset_t *before);

/* Under its lock. */
struct maar__guard_block *maar__guard_find(struct maar__guard_shard *shard, const void *at);
/* False: no memory, or too many that have pages. */
bool maar__guard_add(struct maar__guard_shard *shard, const struct maar__guard_block *block);
/* Into quarantine, as the last. */
void maar__guard_retire(struct maar__guard_shard *shard, struct maar__guard_block *block);
/* Out of it, and of the table, if there is more than there may be (or, all: anything). False: there is not. */
bool maar__guard_evict(struct maar__guard_shard *shard, bool all, struct maar__guard_block *block);

/* The next shard after one, or the first after NULL; NULL: that was the last. Its lock is the caller's to take: */
struct maar__guard_shard *maar__guard_next(struct maar__guard_shard *shard);
void maar__guard_lock_shard(struct maar__guard_shard *shard, sigset_t *before);
bool maar__guard_trylock_shard(struct maar__guard_shard *shard);
void maar__guard_unlock_shard(struct maar__guard_shard *shard);
/* Its records; slots, not all of which are records. */
struct maar__guard_block *maar__guard_records(struct maar__guard_shard *shard, size_t *slots);

/* All shards at once: this thread passes by their locks until it lets go. */
void maar__guard_lock_all(sigset_t *before);
void maar__guard_unlock_all(const sigset_t *before);

/* ---- misuse ---- */

struct maar__misuse {
	const char *what;		/* NULL: nothing is wrong */
	struct maar__guard_block block; /* as it was found; at = NULL: there is none */
	const void *address;		/* the pointer in question */
	ptrdiff_t where;		/* of the byte, from the block's beginning */
	bool written;			/* it was, and is now: */
	unsigned char byte;
};

/* ---- redzones: guard_zone.c ---- */

#define MAAR__ZONE 32 /* bytes before and behind a block: what a loop that runs one or two elements too far writes to */

void maar__zone_paint(const struct maar__guard_block *block);
void maar__zone_fill(const struct maar__guard_block *block);
/* What is wrong with them, or with a freed block's own bytes: into *misuse, and painted over. False: nothing. */
bool maar__zone_check(struct maar__misuse *misuse, const struct maar__guard_block *block);

/* ---- pages: guard_page.c ---- */

/* Smaller blocks have pages of their own one time in many; from here on always: the pages cost little then. */
#define MAAR__PAGES_ABOVE ((size_t)256 << 10)

/* Sets at, raw, raw_bytes, paged. False: no memory, or the alignment is beyond a page. */
bool maar__guard_page_get(struct maar__guard_block *block, size_t align);
void maar__guard_page_hide(const struct maar__guard_block *block);
void maar__guard_page_drop(const struct maar__guard_block *block);

/* ---- what is said: guard_report.c, guard_fault.c ---- */

/* Says it; ends the program, unless stop=0. */
void maar__guard_report(const struct maar__misuse *misuse, const struct maar__call *call);
/* The same in a handler: returns. pc: of the access; read_write: 0 read, 1 write, 2 not known. */
void maar__guard_report_access(const struct maar__misuse *misuse, const void *pc);
/* The block that an address lies in, or next to; false: none. Takes locks; `try`: if it can have them within a second. */
bool maar__guard_near(const void *address, bool try, struct maar__guard_block *block);
void maar__guard_catch_faults(void);

/* Text that is written at once. */
struct maar__paragraph {
	int fd;
	size_t n;
	char text[8192];
};

/*
 * The one paragraph that there is, to be begun, for this thread until it gives it back: a stack may be too little for it. No
 * signal and no cancellation comes meanwhile. NULL: the thread has it already, and is in no state to say more.
 */
struct maar__speech {
	sigset_t signals;
	int cancel;
};
struct maar__paragraph *maar__say_begin(struct maar__speech *speech, int fd);
void maar__say_done(const struct maar__speech *speech);
/* For who forks: before all other locks, and after them. */
void maar__say_lock(void);
void maar__say_unlock(void);

__attribute__((format(printf, 2, 3))) void maar__say(struct maar__paragraph *p, const char *format, ...);
void maar__say_site(struct maar__paragraph *p, uint32_t site);
void maar__say_end(struct maar__paragraph *p);

/* ---- leaks: guard_leak.c ---- */

/* How many blocks are lost; said as the options want it. */
size_t maar__guard_leaks(void);

#endif
