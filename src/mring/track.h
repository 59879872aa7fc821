/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Leak tracking inside. What an mring calls when slots come and go; m->track is NULL when there is nothing to do.
 *     track.c         the table, got and put
 *     track_check.c   poison, redzones, and how misuse is told
 *     track_site.c    back traces, each kept once
 *     track_report.c  reports
 *     track_tools.c   AddressSanitizer and valgrind
 *
 * The state of a slot is a word that is counted up when it is got and when it is put: 0 never got, odd out, even free. It
 * stands in the record, or, without records (CHECKED alone), in a table of such words.
 */
#ifndef MAAR_TRACK_PRIV_H
#define MAAR_TRACK_PRIV_H

#include "mring_priv.h"

#include "../base/tools.h"

#include "rcu.h"

#define MAAR__POISON  0xdb /* of a free slot's bytes: odd, large and negative as a number, no address */
#define MAAR__REDZONE 0xfd

/* Return addresses of one back trace: deep enough to leave libraries and reach what the program does. */
#define MAAR__TRACE_DEPTH 16

/* Places, or back traces, that one mring tells apart. What is beyond is counted as "elsewhere". */
#define MAAR__SITES	   8192
#define MAAR__SITE_BUCKETS 1024

struct maar__track_event {
	uint64_t when;	 /* maar__now_coarse() */
	uint64_t caller; /* return address of the call into the library */
	uint32_t thread; /* maar__thread_id() */
	uint32_t site;	 /* of the back trace; 0: none */
};

/* One a slot, and a line of its own: slots next to each other are in different threads' hands. */
struct maar__track_record {
	uint64_t state;
	struct maar__track_event got, put;
	uint64_t reserved;
};

/* A place or a back trace; written once, before it enters the table. The tallies are a report's, under its lock. */
struct maar__site {
	maar__rcu_node node;
	uint32_t frames;
	uint32_t slots; /* out, from here */
	int64_t oldest, newest;
	uint32_t oldest_thread;
	uint32_t reserved;
	uint64_t frame[MAAR__TRACE_DEPTH]; /* return addresses, the caller's first */
};

struct maar__track {
	struct maar__mring *m;
	unsigned flags;			    /* MAAR_TRACK_* */
	unsigned tools;			    /* enum maar__tools */
	bool poisoned;			    /* DEBUG, and no tool does it better */
	uint32_t head;			    /* bytes at a slot's front that are the pool's: no poison there */
	uint32_t used;			    /* bytes to where the redzone begins */
	uint64_t faults;		    /* misuse told so far */
	unsigned char *states;		    /* the word of slot 0 */
	size_t state_stride;		    /* bytes to the next */
	struct maar__track_record *records; /* NULL: CHECKED alone */
	void *mapping;			    /* records, or words */
	size_t mapping_bytes;
	maar__rcu_table *table;	  /* of sites by their return addresses */
	struct maar__site *sites; /* the first is "elsewhere" */
	uint32_t next_site;	  /* used so far; beyond MAAR__SITES: that many more were asked for */
	bool locked;		  /* `lock` was made */
	pthread_mutex_t lock;	  /* one report at a time */
};

/* ---- life: of a tracked mring (track.c) ---- */

/* What a create is to do, by its options, the environment and the tools; -EINVAL in *rc for unknown flags. */
unsigned maar__track_wanted(uint32_t asked, int *rc);

/* Bytes that a slot of this size needs with its redzone. */
size_t maar__track_slot_bytes(unsigned flags, size_t slot_bytes);

/* Sets m->tracking, and m->track if there is something to do. The slab is mapped, nobody else knows of m. 0 or -errno. */
int maar__track_create(struct maar__mring *m, unsigned flags, size_t slot_bytes);
void maar__track_destroy(struct maar__mring *m);

/* Where the table keeps a slot's state. */
static inline uint64_t *maar__track_word(const struct maar__track *t, uint32_t handle)
{
	return (uint64_t *)(void *)(t->states + handle * t->state_stride);
}

/* ---- track_check.c ---- */

/* What is wrong with a slot that comes back, or that is about to go out; and what is to be watched from now on. */
void maar__check_put(struct maar__track *t, uint32_t handle);
void maar__check_got(struct maar__track *t, uint32_t handle, const void *caller);
void maar__check_first(struct maar__track *t, uint32_t handle);

/* ---- track_site.c ---- */

int maar__sites_create(struct maar__track *t);
void maar__sites_destroy(struct maar__track *t);
/* The number of a trace, 0 if there is no room for one more. Enters an RCU read-side section. */
uint32_t maar__site_find(struct maar__track *t, const uint64_t *frames, unsigned n);

/* ---- track_report.c ---- */

/* "function+0x12 (/path/module+0x1234)", of a return address. */
void maar__print_place(FILE *to, uint64_t address);
/* The frames of a site, one a line; nothing for site 0. */
void maar__print_trace(FILE *to, const struct maar__track *t, uint32_t site);
/* "taken by thread 7 at ..., 0.4 s ago"; the trace behind it, if there is one. */
void maar__print_event(FILE *to, const struct maar__track *t, const char *what, const struct maar__track_event *e);
/* Destroy has found slots out. */
void maar__report_at_destroy(const struct maar__mring *m);
/* Sees to it that a report is made at exit. 0 or -errno. */
int maar__report_at_exit(void);
struct maar__track_event maar__track_event(const struct maar__track_event *from);

/* ---- track_tools.c ---- */

void maar__tools_begin(struct maar__track *t);
void maar__tools_hide_slots(struct maar__track *t, uint32_t first, uint32_t n);
void maar__tools_end(struct maar__track *t);
void maar__tools_got(struct maar__track *t, void *slot);
void maar__tools_put(struct maar__track *t, void *slot);

#endif
