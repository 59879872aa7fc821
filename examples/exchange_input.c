/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * exchange: the input. Lists the files, shares them out as units, and cuts a unit into records.
 *
 * Blocks are read with read(2) into a buffer of the producer's, and each record is copied once, from there into its
 * message. Not mmap: a mapped file that somebody shortens kills its reader with SIGBUS. Not read(2) into the message
 * itself: where a record ends is known only once its bytes are there, so each message would cost a system call of its
 * own, and its surplus a second read.
 */
#include "exchange.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Large files are shared out in segments of this size: many for each producer, and each worth an open(2). A segment's
 * end also ends a record, so it is a constant: the same file gives the same records whatever the number of threads. */
#define SEGMENT ((uint64_t)1 << 20)

/* Bytes of one read(2): large enough to make the system call cheap, small enough for a core's own cache. */
#define BLOCK ((size_t)1 << 18)

/* Complaints about files that are printed; the others are only counted. */
#define MOST_COMPLAINTS 10

static void __attribute__((format(printf, 3, 4)))
complain(struct inputs *in, atomic_uint *counter, const char *format, ...)
{
	const unsigned before = atomic_fetch_add(&in->complaints, 1);
	char text[512];
	va_list args;

	atomic_fetch_add(counter, 1);
	if (before > MOST_COMPLAINTS)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (before < MOST_COMPLAINTS)
		fprintf(stderr, "exchange: %s\n", text);
	else
		fprintf(stderr, "exchange: more files cannot be read; they are only counted from here on\n");
}

/* ---- listing ----------------------------------------------------------------------------------------------------- */

static int add_unit(struct inputs *in, const struct unit *u)
{
	if (in->n == in->room) {
		const size_t room = in->room ? 2 * in->room : 256;
		struct unit *units = reallocarray(in->units, room, sizeof(*units));

		if (!units)
			return -ENOMEM;
		in->units = units;
		in->room = room;
	}
	in->units[in->n++] = *u;
	if (!u->stream)
		in->bytes += u->length;
	return 0;
}

static const char *keep_path(struct inputs *in, const char *path)
{
	char **paths = reallocarray(in->paths, in->n_paths + 1, sizeof(*paths));

	if (!paths)
		return NULL;
	in->paths = paths;
	paths[in->n_paths] = strdup(path);
	return paths[in->n_paths] ? paths[in->n_paths++] : NULL;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* A file of known size, in segments. */
static int add_file(struct inputs *in, const char *path, uint64_t size, uint64_t limit)
{
	struct unit u = { .path = keep_path(in, path) };
	int rc = u.path ? 0 : -ENOMEM;

	in->files++;
	for (; rc == 0 && u.offset < size && in->bytes < limit; u.offset += SEGMENT) {
		u.length = least(least(size - u.offset, SEGMENT), limit - in->bytes);
		rc = add_unit(in, &u);
	}
	return rc;
}

/* A pipe, a device, or a file that does not know its size, as those of /proc: nothing can be shared out. */
static int add_stream(struct inputs *in, const char *path, uint64_t limit)
{
	struct unit u = { .path = keep_path(in, path), .stream = true, .length = limit - in->bytes };

	if (!u.path)
		return -ENOMEM;
	in->files++;
	in->streams++;
	return add_unit(in, &u);
}

/* One thing that fts met. Below the top of a walk only regular files count; what the user named is taken as it is. */
static int add_entry(struct inputs *in, FTS *walk, FTSENT *e, const struct options *o)
{
	const struct stat *st = e->fts_statp;

	switch (e->fts_info) {
	case FTS_D:
		if (o->recursive)
			return 0;
		complain(in, &in->unlisted, "%s: is a directory: give -r to read the files in it", e->fts_path);
		fts_set(walk, e, FTS_SKIP);
		return 0;
	case FTS_DP:
	case FTS_SL:
		return 0;
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
	case FTS_SLNONE:
	case FTS_DC:
		complain(in, &in->unlisted, "%s: %s", e->fts_path,
			 e->fts_info == FTS_DC ? "a directory inside itself"
					       : strerror(e->fts_errno ? e->fts_errno : ENOENT));
		return 0;
	default:
		break;
	}
	if (e->fts_level > FTS_ROOTLEVEL && !S_ISREG(st->st_mode))
		return 0;
	if (access(e->fts_path, R_OK)) {
		complain(in, &in->unlisted, "%s: %s", e->fts_path, strerror(errno));
		return 0;
	}
	if (S_ISREG(st->st_mode) && (st->st_size || e->fts_level > FTS_ROOTLEVEL))
		return add_file(in, e->fts_path, (uint64_t)st->st_size, o->limit);
	return add_stream(in, e->fts_path, o->limit);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int walk(struct inputs *in, char *path, const struct options *o)
{
	char *roots[] = { path, NULL };
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
	FTSENT *e;
	int rc = 0;

	if (!fts)
		return -errno;
	while (rc == 0 && in->bytes < o->limit) {
		errno = 0;
		e = fts_read(fts);
		if (!e) {
			rc = -errno; /* 0 at the end of the walk */
			break;
		}
		rc = add_entry(in, fts, e, o);
	}
	fts_close(fts);
	return rc;
}

/* Goes round again through the units of known size, until there are at_least bytes. */
static int repeat(struct inputs *in, const struct options *o)
{
	const size_t once = in->n;
	size_t i;
	int rc = 0;

	if (in->bytes == 0 && o->at_least)
		return -ENODATA;
	for (i = 0; rc == 0 && in->bytes < o->at_least; i = (i + 1) % once) {
		struct unit u = in->units[i];

		if (u.stream)
			continue;
		u.length = least(u.length, o->limit - in->bytes);
		rc = add_unit(in, &u);
	}
	return rc;
}

int inputs_list(struct inputs *in, const struct options *o)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < o->n_paths && in->bytes < o->limit; i++) {
		if (strcmp(o->paths[i], "-") == 0)
			rc = add_stream(in, "-", o->limit);
		else
			rc = walk(in, o->paths[i], o);
	}
	return rc ? rc : repeat(in, o);
}

void inputs_free(struct inputs *in)
{
	while (in->n_paths)
		free(in->paths[--in->n_paths]);
	free(in->paths);
	free(in->units);
}

/* ---- reading and cutting ----------------------------------------------------------------------------------------- */

int reader_init(struct reader *r, size_t record)
{
	memset(r, 0, sizeof(*r));
	r->fd = -1;
	r->record = record;
	r->room = BLOCK + record; /* behind the beginning of a record there is always room for a whole block */
	r->buffer = malloc(r->room);
	return r->buffer ? 0 : -ENOMEM;
}

void reader_free(struct reader *r)
{
	free(r->buffer);
}

static void cannot_read(struct reader *r, struct inputs *in, struct unit *u, int error)
{
	complain(in, &in->unreadable, "%s: %s", u->path, strerror(error));
	u->failed = true;
	r->ended = true;
}

bool reader_open(struct reader *r, struct inputs *in, struct unit *u)
{
	const bool standard_input = strcmp(u->path, "-") == 0;
	struct stat st;

	memset(&u->in, 0, sizeof(u->in));
	u->failed = false;
	r->unit = u;
	r->start = r->end = 0;
	r->bytes = r->lines = 0;
	r->offset = u->offset;
	r->left = u->length;
	r->ended = r->left == 0;
	r->fd = standard_input ? STDIN_FILENO : open(u->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (r->fd < 0 || fstat(r->fd, &st) || (u->offset && lseek(r->fd, (off_t)u->offset, SEEK_SET) < 0)) {
		cannot_read(r, in, u, errno);
		reader_close(r);
		return false;
	}
	u->size = st.st_size;
	u->mtime = st.st_mtim;
	return true;
}

void reader_close(struct reader *r)
{
	if (r->fd > STDIN_FILENO)
		close(r->fd);
	r->fd = -1;
}

/* A record can be cut when no byte to come could change it. */
bool reader_ready(const struct reader *r)
{
	return r->ended || r->end - r->start >= r->record;
}

void reader_fill(struct reader *r, struct inputs *in, struct unit *u)
{
	const size_t kept = r->end - r->start; /* less than a record: the reader was not ready */
	const unsigned char *p, *end;
	ssize_t n;

	memmove(r->buffer, r->buffer + r->start, kept);
	r->start = 0;
	r->end = kept;
	do
		n = read(r->fd, r->buffer + kept, (size_t)least(r->room - kept, r->left));
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		cannot_read(r, in, u, errno);
		return;
	}
	r->end += (size_t)n;
	r->left -= (size_t)n;
	r->ended = n == 0 || r->left == 0;
	r->bytes += (uint64_t)n;
	for (p = r->buffer + kept, end = p + n; (p = memchr(p, '\n', (size_t)(end - p))); p++)
		r->lines++;
}

/* As many whole lines as fit a record; what fits of a line that does not; at the end whatever is left. */
bool reader_cut(struct reader *r, struct record *record)
{
	const size_t have = r->end - r->start;
	const unsigned char *from = r->buffer + r->start, *newline = NULL;
	size_t n = have < r->record ? have : r->record;

	if (n == 0)
		return false;
	if (!r->ended || have > r->record)
		newline = memrchr(from, '\n', n);
	if (newline)
		n = (size_t)(newline - from) + 1;
	record->data = from;
	record->bytes = n;
	record->offset = r->offset;
	r->start += n;
	r->offset += n;
	return true;
}
