/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * exchange: what its parts share. The data's way, a file each:
 *
 *     exchange_input.c      files and pipes -> blocks -> records             (no message yet, no maar)
 *     exchange_threads.c    records -> messages -> ring(s) -> consumers      (the part that shows the library)
 *     exchange_tally.c      what is counted on both sides
 *     exchange_report.c     went in = came out? the report, the table
 *     exchange_options.c    the command line
 *     exchange.c            main
 */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <maar/mring.h>

/* ---- what is counted --------------------------------------------------------------------------------------------- */

/* Sums over records, so that the order in which they are counted does not matter. */
struct tally {
	uint64_t records;
	uint64_t bytes;
	uint64_t lines; /* newline characters */
	uint64_t sum;	/* of record_hash, modulo 2^64 */
};

uint64_t record_hash(uint64_t unit, uint64_t offset, const void *data, size_t bytes);
uint64_t newlines(const void *data, size_t bytes);
void tally_add(struct tally *to, const struct tally *from);
bool tally_same(const struct tally *a, const struct tally *b);

/* ---- input ------------------------------------------------------------------------------------------------------- */

/* A piece of work for one producer: a segment of a file, or a whole pipe, device or other file of unknown size. */
struct unit {
	const char *path; /* "-" is standard input */
	uint64_t offset;  /* where it begins in the file */
	uint64_t length;  /* bytes at most */
	bool stream;	  /* of unknown size, read once and to its end */
	/* What its producer found; of no other thread's concern until the producers have ended. */
	bool failed;
	int64_t size;	       /* of the file, and its */
	struct timespec mtime; /* modification time when the unit was opened */
	struct tally in;
};

struct inputs {
	struct unit *units;
	size_t n, room;
	char **paths; /* the memory behind unit.path */
	size_t n_paths;
	size_t files, streams;
	uint64_t bytes;		/* of all units that are no streams */
	atomic_uint unlisted;	/* files and directories refused while listing */
	atomic_uint unreadable; /* units that could not be opened or read to their end, in the run of the moment */
	atomic_uint complaints; /* printed so far */
};

struct options;
int inputs_list(struct inputs *in, const struct options *o);
void inputs_free(struct inputs *in);

/* Cuts a unit into records. bytes and lines are counted from what read(2) returned, before any cutting. */
struct reader {
	const struct unit *unit;
	unsigned char *buffer;
	size_t room, start, end; /* buffer[start..end) waits to be cut */
	size_t record;		 /* the longest record */
	uint64_t offset;	 /* in the file, of buffer[start] */
	uint64_t left;		 /* bytes still to be read */
	uint64_t bytes, lines;
	int fd;
	bool ended; /* nothing more will be read */
};

struct record {
	const unsigned char *data;
	size_t bytes;
	uint64_t offset; /* in the file */
};

int reader_init(struct reader *r, size_t record);
void reader_free(struct reader *r);
bool reader_open(struct reader *r, struct inputs *in, struct unit *u);
bool reader_ready(const struct reader *r); /* false: the next cut needs a reader_fill first */
void reader_fill(struct reader *r, struct inputs *in, struct unit *u); /* one read(2), which may block */
bool reader_cut(struct reader *r, struct record *record);
void reader_close(struct reader *r);

/* ---- options ----------------------------------------------------------------------------------------------------- */

/* How many rings, and of which mode. */
struct ring_kind {
	const char *name;
	const char *drawn;  /* for the report */
	unsigned flags;	    /* enum maar_ring_flag */
	bool each_producer; /* a ring, or a row of rings, for each producer */
	bool each_consumer; /* a ring, or a column of rings, for each consumer */
};

extern const struct ring_kind ring_kinds[];
const struct ring_kind *ring_kind_named(const char *name);

/* Ways to break the exchange on purpose, to see that the end check notices. */
enum sabotage {
	SABOTAGE_NONE,
	SABOTAGE_DROP,	     /* a message is given back uncounted */
	SABOTAGE_TWICE,	     /* a message is counted twice */
	SABOTAGE_CORRUPT,    /* a bit of a message is turned over before it is counted */
	SABOTAGE_DOUBLE_PUT, /* a message is given back twice */
	SABOTAGE_LEAK,	     /* a message is not given back */
};

/* The largest --burst; a thread's array of messages lies on its stack. */
#define MOST_BURST 256

struct options {
	unsigned producers, consumers;
	size_t slots;	/* messages in the pool */
	size_t record;	/* bytes of the longest record */
	size_t entries; /* of each ring */
	size_t burst;	/* messages that move at once through a ring */
	const struct ring_kind *kind;
	uint64_t limit, at_least; /* bytes of input */
	bool recursive, verify, quiet, strict, table;
	enum sabotage sabotage;
	char **paths;
	size_t n_paths;
};

void options_parse(struct options *o, int argc, char **argv);

/* ---- one exchange ------------------------------------------------------------------------------------------------ */

struct result {
	struct tally in, out;
	double seconds;
	uint64_t *produced, *consumed; /* messages, by thread */
	uint64_t refused;	       /* messages that the pool did not take back */
	uint64_t left_in_rings;
	struct maar_mring_stats pool; /* at the end */
	int destroyed;		      /* what maar_pool_destroy said */
	unsigned unreadable;
	size_t ring_entries, rings;
	bool sabotaged;
	/* The second pass (--verify). */
	struct tally verified;
	size_t units_same, units_changed, units_different;
};

int exchange_run(const struct options *o, struct inputs *in, struct result *r);
void exchange_verify(const struct options *o, struct inputs *in, struct result *r);
double seconds_since(const struct timespec *from); /* by the monotonic clock */
void result_free(struct result *r);

/* ---- the report: true if everything is accounted for ------------------------------------------------------------- */

bool report_check(const struct options *o, const struct inputs *in, const struct result *r);
void report_print(const struct options *o, const struct inputs *in, const struct result *r, bool good);
int report_table(const struct options *o, struct inputs *in);

#endif
