/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Blocks that are in use at exit. Lost are those that nothing points to: no word of the program's memory (data, stacks,
 * mappings of its own), and no word of a block that is not lost itself. A word is taken for a pointer if it looks like
 * one, into the middle of a block too; registers of other threads that still run are not seen. If the system does not let
 * the program look at its memory, nothing is called lost.
 *
 * All shards are locked while the program's memory is read; what is said is said after that.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* process_vm_readv */
#endif
#include "guard.h"

#include "../alloc/alloc_priv.h"
#include "../base/options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define SITES_TOLD  20		       /* the largest; leaks=all: all of them */
#define READ_BYTES  ((size_t)64 << 10) /* of memory at a time */
#define PAGES_KNOWN 512		       /* entries of /proc/self/pagemap at a time */
#define MAPS_BYTES  4096	       /* of a line of /proc/self/maps, at most */

struct left {
	const unsigned char *at, *raw, *raw_end;
	size_t bytes;
	uint32_t site;
	bool reached;
	uint32_t next; /* to be looked into, plus 1 */
};

struct tally {
	uint32_t site;
	size_t blocks, bytes, lost_blocks, lost_bytes;
};

struct scan {
	struct left *left; /* by address */
	size_t n, room;
	uint32_t todo;	  /* the first to be looked into, plus 1 */
	uintptr_t *words; /* READ_BYTES */
	bool blind;	  /* the program's memory cannot be read, or is not known */
	int memory;	  /* the same as a file, where it cannot be read otherwise; -1: not opened */
	int pagemap;	  /* which pages there are: -1 if the system does not say */
	size_t page;	  /* bytes */
	uintptr_t known;  /* the first page that `pages` tells of; a number */
	uint64_t pages[PAGES_KNOWN];
	const void *frame; /* the stack of this thread, from here on, counts */
};

/* ---- in order: a heap sort, as qsort may allocate ---- */

static void sift(struct left *a, size_t root, size_t n)
{
	size_t child;

	while ((child = 2 * root + 1) < n) {
		const struct left was = a[root];

		if (child + 1 < n && a[child + 1].at > a[child].at)
			child++;
		if (a[child].at <= was.at)
			return;
		a[root] = a[child];
		a[child] = was;
		root = child;
	}
}

static void sort(struct left *a, size_t n)
{
	size_t i;

	for (i = n / 2; i-- > 0;)
		sift(a, i, n);
	for (i = n; i-- > 1;) {
		const struct left was = a[0];

		a[0] = a[i];
		a[i] = was;
		sift(a, 0, i);
	}
}

static bool collect(struct scan *s)
{
	struct maar__guard_shard *shard;
	size_t slots, i;
	struct maar__guard_block *b;

	for (shard = maar__guard_next(NULL); shard; shard = maar__guard_next(shard)) {
		(void)maar__guard_records(shard, &slots);
		s->room += slots;
	}
	s->left = s->room ? maar__map_sparse(s->room * sizeof(s->left[0])) : NULL;
	s->words = s->left ? maar__map(READ_BYTES) : NULL;
	if (!s->words)
		return false;
	for (shard = maar__guard_next(NULL); shard; shard = maar__guard_next(shard)) {
		b = maar__guard_records(shard, &slots);
		for (i = 0; i < slots; i++)
			if (b[i].at && !b[i].freed)
				s->left[s->n++] = (struct left){ b[i].at,    b[i].raw, b[i].raw + b[i].raw_bytes,
								 b[i].bytes, b[i].got, false,
								 0 };
	}
	sort(s->left, s->n);
	return true;
}

/* How many of them begin at the address, or before. */
static size_t up_to(const struct scan *s, const unsigned char *address)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		const size_t middle = (low + high) / 2;

		if (s->left[middle].at <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* ---- marking ---- */

static void mark(struct scan *s, uintptr_t word)
{
	const unsigned char *to = (const unsigned char *)word;
	struct left *l;
	size_t i;

	if (!s->n || to < s->left[0].at || to > s->left[s->n - 1].raw_end)
		return;
	i = up_to(s, to);
	if (!i)
		return;
	l = &s->left[i - 1];
	/* A pointer to its end is one: of a loop over it, or of a block of 0 bytes. */
	if (l->reached || to > l->at + l->bytes)
		return;
	l->reached = true;
	l->next = s->todo;
	s->todo = (uint32_t)i;
}

/* Whether the program ever touched a page: tables and stacks are much larger than what is used of them. */
static bool is_there(struct scan *s, const unsigned char *at)
{
	const uintptr_t page = (uintptr_t)at / s->page;

	if (s->pagemap < 0)
		return true;
	if (page - s->known >= PAGES_KNOWN) {
		s->known = page;
		if (pread(s->pagemap, s->pages, sizeof(s->pages), (off_t)(page * sizeof(s->pages[0]))) !=
		    (ssize_t)sizeof(s->pages)) {
			s->known = UINTPTR_MAX;
			return true;
		}
	}
	return s->pages[page - s->known] >> 62 != 0; /* present, or swapped out */
}

/* Into s->words; how many bytes, or -1. The system reads them, which says so instead of a fault if they are not there. */
static ssize_t read_words(struct scan *s, const unsigned char *from, size_t bytes)
{
	const struct iovec here = { s->words, bytes }, there = { (void *)(uintptr_t)from, bytes };
	ssize_t got = -1;

	if (s->memory < 0) {
		got = process_vm_readv(getpid(), &here, 1, &there, 1, 0);
		if (got >= 0 || errno == EFAULT || errno == ENOMEM)
			return got;
		s->memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC); /* it is forbidden, in a sandbox */
	}
	if (s->memory >= 0)
		got = pread(s->memory, s->words, bytes, (off_t)(uintptr_t)from);
	if (got < 0 && (s->memory < 0 || (errno != EIO && errno != EFAULT)))
		s->blind = true;
	return got;
}

/* Words of a stretch of pages that are there; those that nobody may read are passed by. */
static void look_into_pages(struct scan *s, const unsigned char *from, const unsigned char *to)
{
	while (from + sizeof(uintptr_t) <= to && !s->blind) {
		const size_t want = (size_t)(to - from) < READ_BYTES ? (size_t)(to - from) : READ_BYTES;
		const ssize_t got = read_words(s, from, want);
		ssize_t i;

		if (got < (ssize_t)sizeof(uintptr_t)) {
			from += s->page - (uintptr_t)from % s->page;
			continue;
		}
		for (i = 0; i < got / (ssize_t)sizeof(uintptr_t); i++)
			mark(s, s->words[i]);
		from += got / (ssize_t)sizeof(uintptr_t) * (ssize_t)sizeof(uintptr_t);
	}
}

static void look_into(struct scan *s, const unsigned char *from, const unsigned char *to)
{
	from += (sizeof(uintptr_t) - (uintptr_t)from % sizeof(uintptr_t)) % sizeof(uintptr_t);
	while (from < to) {
		const unsigned char *end = from;
		const bool there = is_there(s, from);

		while (end < to && is_there(s, end) == there)
			end += s->page - (uintptr_t)end % s->page;
		if (there)
			look_into_pages(s, from, end < to ? end : to);
		from = end;
	}
}

/* Memory of our own, which knows all blocks. */
struct own {
	const unsigned char *from, *to;
};

/* The end of what is not to be looked into at `at`, which is `at` if it is; *stop: where that may change. */
static const unsigned char *skip(const struct scan *s, const unsigned char *at, const unsigned char **stop)
{
	const unsigned char *range = maar__space.base, *range_end = range + (maar__space.units << MAAR__UNIT_SHIFT);
	const struct own fixed[] = {
		{ range, range_end },
		{ (const unsigned char *)s->left, (const unsigned char *)(s->left + s->room) },
		{ (const unsigned char *)s->words, (const unsigned char *)s->words + READ_BYTES },
	};
	struct maar__guard_shard *shard;
	size_t i = up_to(s, at), slots;

	/* A block's redzone may lie before its `at`. */
	if (i < s->n && s->left[i].raw <= at)
		return s->left[i].raw_end;
	if (i && at < s->left[i - 1].raw_end)
		return s->left[i - 1].raw_end;
	if (i < s->n && s->left[i].raw < *stop)
		*stop = s->left[i].raw;
	for (i = 0; i < sizeof(fixed) / sizeof(*fixed); i++) {
		if (at >= fixed[i].from && at < fixed[i].to)
			return fixed[i].to;
		if (fixed[i].from > at && fixed[i].from < *stop)
			*stop = fixed[i].from;
	}
	for (shard = maar__guard_next(NULL); shard; shard = maar__guard_next(shard)) {
		const unsigned char *from = (const unsigned char *)maar__guard_records(shard, &slots);
		const unsigned char *to = from + slots * sizeof(struct maar__guard_block);

		if (at >= from && at < to)
			return to;
		if (from > at && from < *stop)
			*stop = from;
	}
	return at;
}

static void look_around(struct scan *s, const unsigned char *from, const unsigned char *to)
{
	const unsigned char *frame = s->frame;

	if (from <= frame && frame < to)
		from = frame; /* below it there are calls that have returned */
	while (from < to) {
		const unsigned char *stop = to, *past = skip(s, from, &stop);

		if (past == from) {
			look_into(s, from, stop);
			past = stop;
		}
		from = past;
	}
}

/* One line of the system's list of mappings. */
static void look_at_line(struct scan *s, const char *line)
{
	unsigned long from, to, inode;
	char may[5];

	/* Private (devices that are mapped are shared), and writable, or so once: no file's. */
	if (sscanf(line, "%lx-%lx %4s %*s %*s %lu", &from, &to, may, &inode) == 4 && may[0] == 'r' && may[3] == 'p' &&
	    (may[1] == 'w' || !inode))
		look_around(s, (const unsigned char *)from, (const unsigned char *)to);
}

static void look_everywhere(struct scan *s)
{
	char text[MAPS_BYTES + 1];
	const int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t got = -1;

	while (fd >= 0 && (got = read(fd, text + n, MAPS_BYTES - n)) > 0) {
		char *line = text, *end;

		n += (size_t)got;
		text[n] = 0;
		while ((end = strchr(line, '\n')) != NULL) {
			*end = 0;
			look_at_line(s, line);
			line = end + 1;
		}
		n -= (size_t)(line - text);
		if (n == MAPS_BYTES) /* a longer line than there are */
			n = 0;
		memmove(text, line, n);
	}
	if (fd >= 0)
		close(fd);
	if (got < 0)
		s->blind = true;
	while (s->todo) {
		const struct left *l = &s->left[s->todo - 1];

		s->todo = l->next;
		look_into(s, l->at, l->at + l->bytes);
	}
}

/* ---- what is said ---- */

static size_t weight(const struct tally *t, bool all)
{
	return all ? t->bytes : t->lost_bytes;
}

static size_t blocks_of(const struct tally *t, bool all)
{
	return all ? t->blocks : t->lost_blocks;
}

static bool is_before(const struct tally *a, const struct tally *b, bool all)
{
	return weight(a, all) != weight(b, all) ? weight(a, all) < weight(b, all) : a->site > b->site;
}

/* The heavier of two below it goes up, until the heaviest of all is the first: leaks=all may be of very many places. */
static void sink(struct tally *t, size_t at, size_t n, bool all)
{
	size_t child;

	while ((child = 2 * at + 1) < n) {
		const struct tally was = t[at];

		if (child + 1 < n && is_before(&t[child], &t[child + 1], all))
			child++;
		if (!is_before(&was, &t[child], all))
			return;
		t[at] = t[child];
		t[child] = was;
		at = child;
	}
}

static void say_sites(struct maar__paragraph *p, struct tally *t, size_t sites, bool all)
{
	size_t i, n = 0;
	unsigned told;

	for (i = 0; i < sites; i++)
		if (blocks_of(&t[i], all))
			t[n++] = t[i];
	for (i = n / 2; i-- > 0;)
		sink(t, i, n, all);
	for (told = 0; n; told++) {
		if (told == SITES_TOLD && !all) {
			maar__say(p, "  and from %zu more places\n", n);
			maar__say_end(p);
			return;
		}
		maar__say(p, "  %zu bytes in %zu blocks", weight(t, all), blocks_of(t, all));
		if (all && t->lost_blocks)
			maar__say(p, " (%zu bytes in %zu lost)", t->lost_bytes, t->lost_blocks);
		maar__say_site(p, t->site);
		maar__say_end(p);
		t[0] = t[--n];
		sink(t, 0, n, all);
	}
}

static void say(struct tally *t, size_t sites, const struct tally *sum, bool blind)
{
	const char *path = maar__option(MAAR__OPTION_TO);
	const int to = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;
	const bool all = maar__guard.leaks == MAAR__LEAKS_ALL;
	struct maar__speech speech;
	struct maar__paragraph *p = maar__say_begin(&speech, to < 0 ? STDERR_FILENO : to);

	if (p && blind)
		maar__say(
			p,
			"maar: leaks: at exit of process %ld %zu bytes in %zu blocks are in use; whether anything points"
			" to them cannot be told: the system does not show the program its memory\n",
			(long)getpid(), sum->bytes, sum->blocks);
	else if (p)
		maar__say(
			p,
			"maar: leaks: at exit of process %ld nothing points to %zu bytes in %zu blocks; %zu bytes in %zu"
			" blocks are in use otherwise\n",
			(long)getpid(), sum->lost_bytes, sum->lost_blocks, sum->bytes - sum->lost_bytes,
			sum->blocks - sum->lost_blocks);
	if (p) {
		maar__say_end(p);
		say_sites(p, t, sites, all);
		maar__say_done(&speech);
	}
	if (to >= 0)
		close(to);
}

static void add(struct tally *t, const struct left *l)
{
	t->site = l->site;
	t->blocks++;
	t->bytes += l->bytes;
	if (!l->reached) {
		t->lost_blocks++;
		t->lost_bytes += l->bytes;
	}
}

/* Fills s->left, with what is reached. */
static void look(struct scan *s)
{
	sigset_t before;
	size_t i;

	s->pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	s->memory = -1;
	maar__guard_lock_all(&before);
	if (collect(s))
		look_everywhere(s);
	maar__guard_unlock_all(&before);
	if (s->pagemap >= 0)
		close(s->pagemap);
	if (s->memory >= 0)
		close(s->memory);
	for (i = 0; s->blind && i < s->n; i++)
		s->left[i].reached = true;
}

size_t maar__guard_leaks(void)
{
	struct tally sum = { 0 }, *t = maar__map_sparse(MAAR__GUARD_SITES * sizeof(*t));
	struct scan s = { .frame = __builtin_frame_address(0), .page = maar__page(), .known = UINTPTR_MAX };
	size_t sites = 0, i;

	if (!t)
		return 0;
	look(&s);
	for (i = 0; i < s.n; i++) {
		add(&t[s.left[i].site], &s.left[i]);
		add(&sum, &s.left[i]);
		if (s.left[i].site >= sites)
			sites = s.left[i].site + 1;
	}
	if (maar__guard.leaks == MAAR__LEAKS_ALL || s.blind ? sum.blocks : sum.lost_blocks)
		say(t, sites, &sum, s.blind);
	if (s.left)
		maar__unmap(s.left, s.room * sizeof(s.left[0]));
	if (s.words)
		maar__unmap(s.words, READ_BYTES);
	maar__unmap(t, MAAR__GUARD_SITES * sizeof(*t));
	return sum.lost_blocks;
}
