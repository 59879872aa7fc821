/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * An asynchronous logger: many threads log, one writes. A line costs its thread a copy into the channel. The writer takes
 * what there is at once, begins a new file at a size, syncs once for each batch or never, and loses nothing: not at the
 * end, as close lets it drain, and not on a full disk, where it tries again, and the threads wait for room meanwhile.
 *     logger PREFIX BYTES never|batch LINES      writes PREFIX.0, PREFIX.1, ... from 4 threads, LINES each
 */
#include <errno.h>
#include <fcntl.h>
#include <maar.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 4, BATCH = 64, LINE = 256 };
static char names[THREADS + 1] = "abcd";
static struct maar_channel *lines;
static long lines_each;

struct file {
	const char *prefix;
	long most, size, errors; /* bytes it may have, and has */
	int fd, part, sync;
};

static void wait_after_error(struct file *f)
{
	f->errors++;
	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL); /* room on a disk does not come faster */
}

static void write_line(struct file *f, const char *text, size_t bytes)
{
	char name[4096];

	if (f->fd < 0 || f->size + (long)bytes > f->most) {
		close(f->fd);
		snprintf(name, sizeof(name), "%s.%d", f->prefix, f->part++);
		while ((f->fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) < 0)
			wait_after_error(f);
		f->size = 0;
	}
	while (bytes) { /* a disk that fills up takes the beginning of a line: go on behind it */
		const ssize_t n = write(f->fd, text, bytes);

		if (n < 0)
			wait_after_error(f);
		else
			text += n, bytes -= (size_t)n, f->size += n;
	}
}

static void write_all(struct file *f)
{
	struct maar_msg *batch[BATCH];
	ssize_t n;

	while ((n = maar_channel_recv_many(lines, batch, BATCH, MAAR_FOREVER)) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			write_line(f, maar_msg_data(batch[i]), maar_msg_length(batch[i]));
			maar_channel_release(lines, batch[i]);
		}
		while (f->sync && fdatasync(f->fd) && errno == ENOSPC)
			wait_after_error(f);
	}
}

static void *work(void *name)
{
	static int working = THREADS; /* the last one closes */
	char line[LINE];

	for (long i = 0; i < lines_each; i++)
		if (maar_channel_send_bytes(lines, line, (size_t)sprintf(line, "%c line %ld\n", *(char *)name, i)) != 1)
			abort();
	if (__atomic_sub_fetch(&working, 1, __ATOMIC_RELAXED) == 0)
		maar_channel_close(lines);
	return NULL;
}

int main(int argc, char **argv)
{
	struct file f = { .fd = -1 };
	pthread_t thread[THREADS];

	if (argc != 5 || !(lines = maar_channel_create(1024, LINE, NULL)))
		return 2;
	f.prefix = argv[1], f.most = atol(argv[2]), f.sync = *argv[3] == 'b', lines_each = atol(argv[4]);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, work, &names[i]);
	write_all(&f);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	printf("%d files, %s\n", f.part, f.errors ? "after errors" : "no error");
	return maar_channel_destroy(lines) != 0; /* -EBUSY if a line were still out */
}
