/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * exchange: the end of it. Does what came out equal what went in, and is every message back? The second pass of
 * --verify, the report, and the table of --table.
 */
#include "exchange.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef unsigned long long ull; /* what %llu prints, on every machine */

/* ---- the second pass --------------------------------------------------------------------------------------------- */

static bool has_changed(int fd, const struct unit *u)
{
	struct stat st;

	return fstat(fd, &st) || st.st_size != u->size || st.st_mtim.tv_sec != u->mtime.tv_sec ||
	       st.st_mtim.tv_nsec != u->mtime.tv_nsec;
}

/* Reads a unit again as a producer does, but for the message; the reader stays open for has_changed. */
static bool read_alone(struct inputs *in, struct reader *reader, size_t number, struct unit *again, struct tally *t)
{
	struct record record;

	*again = in->units[number];
	if (!reader_open(reader, in, again))
		return false;
	for (;;) {
		while (!reader_ready(reader))
			reader_fill(reader, in, again);
		if (!reader_cut(reader, &record))
			break;
		t->records++;
		t->bytes += record.bytes;
		t->lines += newlines(record.data, record.bytes);
		t->sum += record_hash(number, record.offset, record.data, record.bytes);
	}
	return true;
}

static void verify_unit(struct inputs *in, struct result *r, struct reader *reader, size_t number)
{
	const struct unit *u = &in->units[number];
	struct unit again;
	struct tally t = { 0 };

	if (!read_alone(in, reader, number, &again, &t)) {
		r->units_changed++;
		return;
	}
	tally_add(&r->verified, &t);
	if (tally_same(&t, &u->in)) {
		r->units_same++;
	} else if (again.failed || has_changed(reader->fd, u)) {
		r->units_changed++; /* its owner wrote to it meanwhile: nothing can be said */
	} else {
		r->units_different++;
		fprintf(stderr,
			"exchange: %s, at %llu: %llu records, %llu bytes, %llu lines went in, now %llu, %llu, %llu\n",
			u->path, (ull)u->offset, (ull)u->in.records, (ull)u->in.bytes, (ull)u->in.lines, (ull)t.records,
			(ull)t.bytes, (ull)t.lines);
	}
	reader_close(reader);
}

/* One thread, no message and no ring: reads every unit again and compares it with what its producer counted. */
void exchange_verify(const struct options *o, struct inputs *in, struct result *r)
{
	struct reader reader;
	size_t i;

	if (reader_init(&reader, o->record)) {
		fprintf(stderr, "exchange: no memory for the second pass\n");
		r->units_different = in->n;
		return;
	}
	for (i = 0; i < in->n; i++)
		if (!in->units[i].stream && !in->units[i].failed)
			verify_unit(in, r, &reader, i);
	reader_free(&reader);
}

/* ---- the check --------------------------------------------------------------------------------------------------- */

static bool __attribute__((format(printf, 2, 3))) wrong_if(bool wrong, const char *format, ...)
{
	va_list args;

	if (!wrong)
		return false;
	fputs("exchange: NOT accounted for: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return true;
}

bool report_check(const struct options *o, const struct inputs *in, const struct result *r)
{
	const struct tally *a = &r->in, *b = &r->out;
	const unsigned unread = r->unreadable + atomic_load(&in->unlisted);
	bool bad = false;

	bad |= wrong_if(a->records != b->records, "%llu records went in, %llu came out", (ull)a->records,
			(ull)b->records);
	bad |= wrong_if(a->bytes != b->bytes, "%llu bytes went in, %llu came out", (ull)a->bytes, (ull)b->bytes);
	bad |= wrong_if(a->lines != b->lines, "%llu lines went in, %llu came out", (ull)a->lines, (ull)b->lines);
	bad |= wrong_if(a->sum != b->sum, "the checksum of what went in is %016llx, of what came out %016llx",
			(ull)a->sum, (ull)b->sum);
	bad |= wrong_if(r->refused != 0, "%llu messages were refused by the pool", (ull)r->refused);
	bad |= wrong_if(r->left_in_rings != 0, "%llu messages are left in the rings", (ull)r->left_in_rings);
	bad |= wrong_if(r->pool.in_use != 0, "%u messages are still out", r->pool.in_use);
	bad |= wrong_if(r->destroyed != 0, "the pool cannot be destroyed: %s", strerror(-r->destroyed));
	bad |= wrong_if(r->units_different != 0, "the second pass read %zu pieces of the input differently",
			r->units_different);
	bad |= wrong_if(o->verify && r->units_same == in->n && !tally_same(&r->verified, b),
			"the second pass found %llu records and %llu bytes, the consumers %llu and %llu",
			(ull)r->verified.records, (ull)r->verified.bytes, (ull)b->records, (ull)b->bytes);
	bad |= wrong_if(a->bytes < o->at_least, "%llu bytes were read, and at least %llu asked for", (ull)a->bytes,
			(ull)o->at_least);
	bad |= wrong_if(o->sabotage && !r->sabotaged, "there was no message to sabotage");
	bad |= wrong_if(unread && o->strict, "%u files cannot be read, and --strict is given", unread);
	bad |= wrong_if(unread && !o->strict && a->bytes == 0, "none of the input can be read");
	return !bad;
}

/* ---- the report -------------------------------------------------------------------------------------------------- */

static double rate(double amount, const struct result *r)
{
	return r->seconds > 0 ? amount / r->seconds : 0;
}

static void print_shares(const char *who, const uint64_t *messages, unsigned n, uint64_t all)
{
	unsigned i;

	printf("  %-11s", who);
	for (i = 0; i < n; i++)
		printf(" %.1f %%", all ? 100.0 * (double)messages[i] / (double)all : 0.0);
	putchar('\n');
}

static void print_tally(const char *what, const struct tally *t)
{
	printf("  %-11s %llu records, %llu bytes, %llu lines, checksum %016llx\n", what, (ull)t->records, (ull)t->bytes,
	       (ull)t->lines, (ull)t->sum);
}

void report_print(const struct options *o, const struct inputs *in, const struct result *r, bool good)
{
	const unsigned unread = r->unreadable + atomic_load(&in->unlisted);

	printf("%u producers -> %s (%zu x %zu entries) -> %u consumers\n", o->producers, o->kind->drawn, r->rings,
	       r->ring_entries, o->consumers);
	printf("  %-11s %zu files in %zu pieces, %u not readable\n", "input", in->files, in->n, unread);
	print_tally("went in", &r->in);
	print_tally("came out", &r->out);
	if (o->verify)
		printf("  %-11s %zu pieces the same, %zu different, %zu left out: changed meanwhile, or a pipe\n",
		       "second pass", r->units_same, r->units_different, in->n - r->units_same - r->units_different);
	printf("  %-11s %.3f s, %.0f messages/s, %.1f MB/s\n", "time", r->seconds, rate((double)r->out.records, r),
	       rate((double)r->out.bytes / 1e6, r));
	printf("  %-11s %u messages of up to %zu bytes, high water %u, still out %u\n", "pool", r->pool.slots,
	       o->record, r->pool.high_water, r->pool.in_use);
	print_shares("producers", r->produced, o->producers, r->in.records);
	print_shares("consumers", r->consumed, o->consumers, r->out.records);
	printf("  accounted for: %s\n", good ? "yes" : "NO");
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

/* From one pair to more threads than most small machines have cores; then the other kinds of ring. */
static const struct {
	const char *kind;
	unsigned producers, consumers;
} rows[] = {
	{ "mpmc", 1, 1 }, { "mpmc", 2, 2 }, { "mpmc", 4, 4 }, { "ticket", 4, 4 }, { "spsc", 4, 4 },
};

/* Records of a few lines, where the messages' own cost shows, and of half a page, where the bytes' cost does. */
static const size_t record_sizes[] = { 256, 2048 };

static bool print_row(const struct options *o, struct inputs *in)
{
	struct result r;
	bool good = false;

	if (exchange_run(o, in, &r) == 0) {
		if (o->verify)
			exchange_verify(o, in, &r);
		good = report_check(o, in, &r);
		printf("%-6s %2u x %-2u %7zu %10llu %8.1f %12.0f %9.1f %11u   %s\n", o->kind->name, o->producers,
		       o->consumers, o->record, (ull)r.out.records, (double)r.out.bytes / 1e6,
		       rate((double)r.out.records, &r), rate((double)r.out.bytes / 1e6, &r), r.pool.high_water,
		       good ? "yes" : "NO");
		fflush(stdout);
	}
	result_free(&r);
	return good;
}

/* Bytes a second of one thread that reads, cuts and counts, with nobody to send to: what the rows compare with. */
static double rate_alone(const struct options *o, struct inputs *in)
{
	struct result r = { 0 };
	struct reader reader;
	struct unit again;
	struct timespec begin;
	size_t i;

	if (reader_init(&reader, o->record))
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (i = 0; i < in->n; i++) {
		if (read_alone(in, &reader, i, &again, &r.out))
			reader_close(&reader);
	}
	r.seconds = seconds_since(&begin);
	reader_free(&reader);
	return rate((double)r.out.bytes, &r);
}

/* Runs all rows over one input; EXIT_SUCCESS if each is accounted for. */
int report_table(const struct options *options, struct inputs *in)
{
	struct options o = *options;
	size_t size, i, good = 0, all = 0;

	if (in->streams) {
		fprintf(stderr,
			"exchange: --table reads its input several times: give files that have a size, and no pipes\n");
		return EXIT_FAILURE;
	}
	(void)rate_alone(&o, in); /* brings the files into memory: no row pays for the disk */
	printf("%zu files, %.1f MB (10^6 bytes), a pool of %zu messages; one thread without messages: %.1f MB/s\n",
	       in->files, (double)in->bytes / 1e6, o.slots, rate_alone(&o, in) / 1e6);
	printf("%-6s %7s %7s %10s %8s %12s %9s %11s   %s\n", "ring", "p x c", "record", "messages", "MB", "messages/s",
	       "MB/s", "high water", "accounted for");
	for (size = 0; size < sizeof(record_sizes) / sizeof(record_sizes[0]); size++) {
		for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++, all++) {
			o.record = record_sizes[size];
			o.kind = ring_kind_named(rows[i].kind);
			o.producers = rows[i].producers;
			o.consumers = rows[i].consumers;
			good += print_row(&o, in);
		}
	}
	printf("%zu of %zu rows accounted for\n", good, all);
	return good == all ? EXIT_SUCCESS : EXIT_FAILURE;
}
