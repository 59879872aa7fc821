/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What a bridge knows that has to outlive it.
 */
#include "marks.h"

#include <maar/ipc_names.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC	UINT64_C(0x316564697262616d) /* "mabride1" */
#define SOURCES 64			     /* segments' rings of which identities are kept */
#define BLOCKS	65536			     /* of 64 positions: 4,194,304 of each, in a mebibyte */
#define PREFIX	".bridge-"

/* Positions 64 * (tag - 1) and on; tag 0: nothing. */
struct block {
	uint64_t tag, bits;
};

struct source {
	uint64_t segment[2];
	uint64_t ring;	/* and 1; 0: nobody's */
	uint64_t used;	/* mark of the last that came */
	uint64_t whole; /* blocks, from the first on, of which all came: they are known for good */
};

/* A page and more; what is stored by one word each is found as it was before, or after. */
struct file {
	uint64_t magic, exports, bytes;
	uint64_t pid;
	uint64_t counts[MARKS_COUNTS];
	uint64_t floor_turn; /* which of the two counts */
	struct engine_place floors[2];
	uint64_t next_mark;   /* begins anywhere, so that no other file's are taken for this one's */
	uint64_t intent_mark; /* 0: none */
	struct engine_id intent;
	char queue[72], state[16], subject[160], server[160], why[MARKS_WHY];
	struct source sources[SOURCES];
	struct block blocks[]; /* import: SOURCES times BLOCKS, in memory from a source's first message on */
};

struct marks {
	struct file *at;
	size_t bytes;
	int fd;
	unsigned last; /* source that was asked for last */
};

#define IN_ORDER()                                                                                                     \
	maar_a_compiler_barrier() /* a kill leaves what is stored before, if it leaves what is stored behind */

#define SOURCE_BYTES (BLOCKS * sizeof(struct block))

static size_t bytes_for(bool exports)
{
	return sizeof(struct file) + (exports ? 0 : SOURCES * SOURCE_BYTES);
}

static int path_of(char *path, size_t room, const char *directory, const char *name)
{
	char queues[3072];
	int n;

	if (!directory) {
		const int rc = maar_ipc_directory(queues, sizeof(queues));

		if (rc)
			return rc;
		directory = queues;
	}
	n = snprintf(path, room, "%s/%s", directory, name);
	return n < 0 || (size_t)n >= room ? -ENAMETOOLONG : 0;
}

/* ---- the file ---- */

static int lock(int fd, int what, short type)
{
	struct flock range = { .l_type = type, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1 };

	if (fcntl(fd, what, &range))
		return errno == EACCES || errno == EAGAIN ? -EBUSY : -errno;
	return what == F_OFD_GETLK && range.l_type != F_UNLCK;
}

/* A file that was just made, or that a maker was killed over: magic is stored last. */
static int fill(struct file *at, const char *queue, bool exports)
{
	memset(at, 0, sizeof(*at));
	if (getrandom(&at->next_mark, sizeof(at->next_mark), 0) != sizeof(at->next_mark))
		return -errno;
	at->exports = exports;
	at->bytes = bytes_for(exports);
	(void)snprintf(at->queue, sizeof(at->queue), "%s", queue);
	IN_ORDER();
	at->magic = MAGIC;
	return 0;
}

static bool is_right(const struct file *at, const char *queue, bool exports)
{
	return at->magic == MAGIC && at->exports == exports && at->bytes == bytes_for(exports) &&
	       strncmp(at->queue, queue, sizeof(at->queue)) == 0;
}

/* Memory for all up to there, so that a full file system is an error now, and no signal later. */
static int reserve(const struct marks *m, size_t from, size_t bytes)
{
	return -posix_fallocate(m->fd, (off_t)from, (off_t)bytes);
}

/* With memory for the first source. */
static int map(struct marks *m, const char *queue, bool exports)
{
	struct stat about;
	int rc;

	if (fstat(m->fd, &about))
		return -errno;
	if (!S_ISREG(about.st_mode) || about.st_uid != geteuid() || (about.st_mode & 077))
		return -EPERM;
	if (about.st_size && (size_t)about.st_size != m->bytes)
		return -EBADMSG;
	if (about.st_size == 0 && ftruncate(m->fd, (off_t)m->bytes))
		return -errno;
	rc = reserve(m, 0, sizeof(struct file) + (exports ? 0 : SOURCE_BYTES));
	if (rc)
		return rc;
	m->at = mmap(NULL, m->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);
	if (m->at == MAP_FAILED) {
		m->at = NULL;
		return -errno;
	}
	if (m->at->magic == 0) {
		rc = fill(m->at, queue, exports);
		if (rc)
			return rc;
	}
	if (!is_right(m->at, queue, exports))
		return -EBADMSG;
	m->at->pid = (uint64_t)getpid();
	m->at->counts[MARKS_HANDS] = 0;
	return 0;
}

int marks_open(struct marks **marks, const char *directory, const char *queue, bool exports)
{
	char name[128], path[4096];
	struct marks *m;
	int rc;

	(void)snprintf(name, sizeof(name), PREFIX "%s-%s", exports ? "export" : "import", queue);
	rc = path_of(path, sizeof(path), directory, name);
	if (rc)
		return rc;
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->bytes = bytes_for(exports);
	m->fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
	rc = m->fd < 0 ? -errno : lock(m->fd, F_OFD_SETLK, F_WRLCK);
	if (rc == 0)
		rc = map(m, queue, exports);
	if (rc) {
		marks_close(m);
		return rc;
	}
	*marks = m;
	return 0;
}

void marks_close(struct marks *m)
{
	if (!m)
		return;
	if (m->at)
		munmap(m->at, m->bytes);
	if (m->fd >= 0)
		close(m->fd);
	free(m);
}

/* ---- for people ---- */

void marks_count(struct marks *m, enum marks_count which, int64_t n)
{
	(void)maar_a_add(&m->at->counts[which], (uint64_t)n, RELAXED);
}

/* Observers may see half of a text, and know it. */
static void put_text(char *to, size_t room, const char *text)
{
	if (text && strncmp(to, text, room - 1) != 0)
		(void)snprintf(to, room, "%s", text);
}

void marks_say(struct marks *m, const char *state)
{
	put_text(m->at->state, sizeof(m->at->state), state);
}

void marks_tell(struct marks *m, const char *subject, const char *server, const char *why)
{
	put_text(m->at->subject, sizeof(m->at->subject), subject);
	put_text(m->at->server, sizeof(m->at->server), server);
	put_text(m->at->why, sizeof(m->at->why), why);
}

/* ---- export ---- */

struct engine_place marks_floor(const struct marks *m)
{
	return m->at->floors[m->at->floor_turn % 2];
}

void marks_set_floor(struct marks *m, struct engine_place floor)
{
	if (!engine_after(floor, marks_floor(m)))
		return;
	m->at->floors[(m->at->floor_turn + 1) % 2] = floor;
	IN_ORDER();
	m->at->floor_turn++;
	IN_ORDER();
}

/* ---- import ---- */

static bool is_of(const struct source *s, const struct engine_id *id)
{
	return s->ring == (uint64_t)id->ring + 1 && s->segment[0] == id->segment[0] && s->segment[1] == id->segment[1];
}

static struct block *blocks_of(struct marks *m, unsigned source)
{
	return m->at->blocks + (size_t)source * BLOCKS;
}

/* Its number, or SOURCES. */
static unsigned find(struct marks *m, const struct engine_id *id)
{
	unsigned i;

	if (is_of(&m->at->sources[m->last], id))
		return m->last;
	for (i = 0; i < SOURCES; i++)
		if (is_of(&m->at->sources[i], id))
			return m->last = i;
	return SOURCES;
}

/* One that nobody has, or from which nothing has come for longest: this, if there is no memory for more. */
static unsigned place_for_one(const struct marks *m)
{
	const struct source *const s = m->at->sources;
	unsigned i, best = 0;

	for (i = 0; i < SOURCES; i++) {
		if (!s[i].ring && reserve(m, sizeof(struct file) + i * SOURCE_BYTES, SOURCE_BYTES) == 0)
			return i;
		if (s[i].ring && m->at->next_mark - s[i].used > m->at->next_mark - s[best].used)
			best = i;
	}
	return best;
}

static unsigned add(struct marks *m, const struct engine_id *id)
{
	const unsigned best = place_for_one(m);
	struct source *const s = &m->at->sources[best];

	s->ring = 0;
	IN_ORDER();
	memset(blocks_of(m, best), 0, SOURCE_BYTES);
	s->segment[0] = id->segment[0];
	s->segment[1] = id->segment[1];
	s->whole = 0;
	IN_ORDER();
	s->ring = (uint64_t)id->ring + 1;
	IN_ORDER();
	return m->last = best;
}

int marks_seen(struct marks *m, const struct engine_id *id)
{
	const unsigned source = find(m, id);
	const uint64_t tag = id->position / 64 + 1;
	const struct block *b;

	if (source == SOURCES)
		return 0;
	if (tag <= m->at->sources[source].whole)
		return 1;
	b = &blocks_of(m, source)[id->position / 64 % BLOCKS];
	if (b->tag == tag)
		return (int)(b->bits >> id->position % 64 & 1);
	return b->tag > tag ? -1 : 0;
}

/* Looked at with each that comes, so that a kill between the last bit and this leaves nothing behind. */
static void find_whole(struct marks *m, unsigned source)
{
	struct source *const s = &m->at->sources[source];
	const struct block *b = &blocks_of(m, source)[s->whole % BLOCKS];

	while (b->tag == s->whole + 1 && b->bits == UINT64_MAX) {
		s->whole++;
		b = &blocks_of(m, source)[s->whole % BLOCKS];
	}
}

void marks_see(struct marks *m, const struct engine_id *id)
{
	unsigned source = find(m, id);
	const uint64_t tag = id->position / 64 + 1, bit = UINT64_C(1) << id->position % 64;
	struct block *b;

	if (source == SOURCES)
		source = add(m, id);
	m->at->sources[source].used = m->at->next_mark;
	b = &blocks_of(m, source)[id->position / 64 % BLOCKS];
	if (b->tag == tag) {
		maar_a_store(&b->bits, b->bits | bit, RELAXED);
	} else if (b->tag < tag) {
		/* What it held is too old by now. */
		b->tag = 0;
		IN_ORDER();
		b->bits = bit;
		IN_ORDER();
		b->tag = tag;
	}
	IN_ORDER();
	find_whole(m, source);
}

uint64_t marks_intend(struct marks *m, const struct engine_id *id)
{
	m->at->intent_mark = 0;
	IN_ORDER();
	if (++m->at->next_mark == 0)
		m->at->next_mark = 1;
	m->at->intent = *id;
	IN_ORDER();
	m->at->intent_mark = m->at->next_mark;
	IN_ORDER();
	return m->at->next_mark;
}

int marks_resolve(struct marks *m, uint64_t mark, bool delivered)
{
	if (!delivered || m->at->intent_mark == 0 || m->at->intent_mark != mark || marks_seen(m, &m->at->intent) == 1)
		return 0;
	marks_see(m, &m->at->intent);
	return 1;
}

/* ---- observers ---- */

static void copy_text(char *to, const char *from, size_t room)
{
	size_t i;

	for (i = 0; i + 1 < room && from[i]; i++)
		to[i] = (char)(from[i] >= ' ' && from[i] <= '~' ? from[i] : '?');
	to[i] = 0;
}

/* By read(2), which a file that is cut short does not kill. */
static bool report(int directory, const char *name, struct marks_report *r)
{
	const int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	struct file *f = calloc(1, sizeof(*f));
	bool good = false;

	if (fd >= 0 && f && pread(fd, f, sizeof(*f), 0) == (ssize_t)sizeof(*f) && f->magic == MAGIC) {
		memset(r, 0, sizeof(*r));
		copy_text(r->queue, f->queue, sizeof(r->queue));
		copy_text(r->state, f->state, sizeof(r->state));
		copy_text(r->subject, f->subject, sizeof(r->subject));
		copy_text(r->server, f->server, sizeof(r->server));
		copy_text(r->why, f->why, sizeof(r->why));
		memcpy(r->counts, f->counts, sizeof(r->counts));
		r->floor = f->floors[f->floor_turn % 2];
		r->exports = f->exports != 0;
		r->pid = (int64_t)f->pid;
		r->alive = lock(fd, F_OFD_GETLK, F_WRLCK) == 1;
		good = true;
	}
	free(f);
	if (fd >= 0)
		close(fd);
	return good;
}

static int is_marks(const struct dirent *entry)
{
	return strncmp(entry->d_name, PREFIX, strlen(PREFIX)) == 0;
}

ssize_t marks_list(const char *directory, marks_report_fn *each, void *arg)
{
	char path[4096];
	struct marks_report r;
	struct dirent **names;
	int n, i, fd, rc = path_of(path, sizeof(path), directory, ".");
	ssize_t sum = 0;

	if (rc)
		return rc;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	n = scandir(path, &names, is_marks, alphasort);
	rc = n < 0 ? -errno : 0;
	for (i = 0; i < n; i++) {
		if (report(fd, names[i]->d_name, &r)) {
			each(&r, arg);
			sum++;
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	close(fd);
	return rc ? rc : sum;
}
