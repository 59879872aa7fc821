/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Where slots and messages have gone: leak tracking, and the finding of misuse, for mrings and all that is made of them
 * (message pools, object pools). Nothing of it costs anything unless it is asked for, by a flag at create or by the
 * environment at run time. A tracked mring has a table beside its slots, made at create:
 *
 *     slot   |  the slot, `used` bytes  | redzone |  |  ...         record  | state | taken: who, where, when | put: ... |
 *              0xdb while free (DEBUG)    0xfd                                                     |
 *                                                          call sites, and back traces:  a hash table of addresses
 *
 *     strength         flag               MAAR_OPTIONS     what is known of a slot that is out
 *     counters         none               track=counters   that it is: maar_mring_stats; always on
 *     site             MAAR_TRACK_SITE    track=site       who took it last, from where, when
 *     trace            MAAR_TRACK_TRACE   track=trace      the same, and how that place was reached
 *
 * The environment: MAAR_OPTIONS=key=value,key=value, read at the first create. A key that is unknown is told once.
 *     track=counters|site|trace   checked=0|1   debug=0|1|stop   report=none|destroy|exit|both
 *     format=text|json   to=FILE (instead of stderr)   unwind=auto|full   tools=0|1
 * What it asks for is added to what the program asks for.
 *
 * Who may call what at the same time: report: any thread, freely, while the mring or pool lives; beside gets and puts
 * what it says of slots that move meanwhile may be mixed. check: alone with the mring or pool.
 * Progress: report and check take mutexes. Gets and puts of a tracked mring are as wait-free as without; with
 * MAAR_TRACK_TRACE each get may enter an RCU read-side section. None allocates, but a thread's first.
 * After fork the child may go on; reports in it speak of the parent's threads too.
 */
#ifndef MAAR_TRACK_H
#define MAAR_TRACK_H
#define MAAR_BITS_OK 1

#include <stdio.h>

#include <maar/bits/cc.h>

MAAR_BEGIN_DECLS

struct maar_mring;
struct maar_pool;

/* To be or-ed into the options' `track` at create. */
enum maar_track {
	MAAR_TRACK_SITE = 1,	    /* record who took each slot, from where and when; who put it */
	MAAR_TRACK_TRACE = 2,	    /* the same with a back trace of the taking */
	MAAR_TRACK_CHECKED = 4,	    /* own each slot: a double put is answered by -EALREADY always, a race included */
	MAAR_TRACK_DEBUG = 8,	    /* SITE and CHECKED, poison and redzones; misuse is told on stderr */
	MAAR_TRACK_STOP = 16,	    /* DEBUG, and abort() after misuse was told */
	MAAR_TRACK_AT_DESTROY = 32, /* report when destroy finds slots out */
	MAAR_TRACK_AT_EXIT = 64,    /* report when the program exits while slots are out */
	MAAR_TRACK_NOTHING = 128    /* only what the other flags ask for, whatever environment and tools want */
};

/*
 * With MAAR_TRACK_DEBUG, and under AddressSanitizer and valgrind, exactly the bytes asked for at create are the holder's;
 * what alignment added is redzone too, and behind it stand so many bytes more: a cache line, so that slots stay aligned.
 */
#define MAAR_TRACK_REDZONE 64

/* How a report is written. */
enum maar_report {
	MAAR_REPORT_TEXT = 0, /* for people */
	MAAR_REPORT_JSON = 1  /* one object, one line */
};

/* ---- observers: any thread ---- */

/* Which MAAR_TRACK_* are in force, the environment's and the tools' included; 0 for no mring. */
MAAR_API unsigned maar_mring_tracking(const struct maar_mring *mring);

/*
 * Writes what is out: how many slots; if it is tracked, grouped by the place (or the back trace) that took them, the most
 * first, with the age of the oldest. A place is told as function+offset, and as module+address for addr2line.
 * Returns 0, or -EINVAL (NULL, no mring, flags), -ENOMEM (nothing written), -EIO. Cost: a walk over all records.
 */
MAAR_API int maar_mring_report(const struct maar_mring *mring, FILE *to, unsigned flags);

/* The same of a pool's messages. */
MAAR_API int maar_pool_report(const struct maar_pool *pool, FILE *to, unsigned flags);

/* The same of every living mring and pool, one after another. Creates and destroys wait for it. */
MAAR_API int maar_track_report(FILE *to, unsigned flags);

/* ---- debug: alone ---- */

/*
 * Looks at every slot's redzone and at every free slot's poison (slots never used before are left alone). What was
 * changed is told on stderr, as misuse is, and made good, so that it is told once. Returns how many slots were found
 * damaged, -EINVAL (NULL, no mring), or -ENOTSUP without MAAR_TRACK_DEBUG, and under AddressSanitizer and valgrind, which
 * watch those bytes themselves. With MAAR_TRACK_STOP it stops at the first. Cost: reads every slot.
 */
MAAR_API int maar_mring_check(struct maar_mring *mring);

/* The same of a pool's messages; their headers and user areas are not watched. */
MAAR_API int maar_pool_check(struct maar_pool *pool);

MAAR_END_DECLS

#endif
