/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A look at a queue: see look.h.
 */
#include "look.h"

#include "tool.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* There is no going on: what was looked at has no memory any more. */
static void cut_short(int number)
{
	static const char text[] = "maar: the queue's file was cut short while it was looked at\n";

	(void)number;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(STATUS_WRONG);
	_exit(STATUS_WRONG);
}

int look_open(struct look *look, const char *name)
{
	const struct sigaction action = { .sa_handler = cut_short };
	int dir, rc;

	memset(look, 0, sizeof(*look));
	if (!maar__ipc_name_ok(name))
		return -EINVAL;
	sigaction(SIGBUS, &action, NULL);
	dir = maar__ipc_dir_open(false);
	if (dir < 0)
		return dir;
	pthread_mutex_init(&look->live.lock, NULL);
	rc = maar__ipc_file_open(&look->live.file, dir, name, false);
	close(dir);
	if (rc)
		return rc;
	rc = maar__ipc_peek(look->live.file.map, (size_t)look->live.file.bytes, &look->seen);
	if (rc)
		maar__ipc_file_close(&look->live.file);
	return rc;
}

void look_close(struct look *look)
{
	maar__ipc_file_close(&look->live.file);
}

int look_alive(struct look *look, uint32_t number)
{
	return maar__ipc_live_alive(&look->live, number);
}

void look_take(struct look *look)
{
	struct maar__ipc_entry_seen entry;
	uint32_t i;

	maar__ipc_peek_stats(&look->seen, &look->stats, look->hands);
	maar__ipc_peek_sleepers(&look->seen, &look->consumers_asleep, &look->producers_asleep);
	look->alive = look->stats.dead = 0;
	for (i = 1; i <= look->seen.max_participants; i++) {
		const bool alive = look_alive(look, i) != 0;

		look->alive += alive;
		look->stats.dead += !alive && maar__ipc_peek_entry(&look->seen, i, &entry);
	}
}

uint64_t look_queued(const struct look *look)
{
	return look->stats.queued;
}

static uint64_t sum(const uint64_t *of)
{
	uint64_t all = 0;
	uint32_t i;

	for (i = 0; i < MAAR_IPC_PRIORITIES; i++)
		all += of[i];
	return all;
}

uint64_t look_published(const struct look *look)
{
	return sum(look->stats.published);
}

uint64_t look_taken(const struct look *look)
{
	return sum(look->stats.taken);
}

uint64_t look_dropped(const struct look *look)
{
	return look->stats.dropped_newest + look->stats.dropped_oldest + look->stats.dropped_dead;
}

uint64_t look_lag(const struct look *look)
{
	struct maar_ipc_reader reader;
	uint64_t most = 0;
	uint32_t i;

	for (i = 1; i <= look->seen.max_participants; i++)
		if (maar__ipc_cast_peek(&look->seen, i, &reader) && !(reader.reading & MAAR_IPC_LOSSY) &&
		    reader.lag > most)
			most = reader.lag;
	return most;
}

const char *look_state(const struct look *look)
{
	return look->stats.marked_broken ? "BROKEN" : look->stats.closed ? "closed" : "";
}
