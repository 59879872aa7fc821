/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Sets of channels and descriptors. A channel's seat holds its set's event; so the set needs to know of a channel only what
 * it shows.
 */
#include "channel_priv.h"

#include <maar/select.h>

#include "../base/probe.h"
#include "../base/sleep.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

struct entry {
	struct maar_channel *channel;
	void *tag;
};

struct maar_select {
	struct maar_event event; /* a channel has something */
	size_t most, channels, fds;
	uint64_t turn;	       /* where the next wait begins to look; a hint */
	struct entry *channel; /* [channels] */
	void **fd_tag;	       /* [fds] */
	struct pollfd *fd;     /* [fds], and one more for the event's own */
};

/* ---- life cycle ---- */

/* All in one block, as `most` is small. */
struct maar_select *maar_select_create(size_t most, unsigned flags)
{
	struct maar_select *set;

	if (most == 0 || most > MAAR_SELECT_MAX || (flags & ~(unsigned)MAAR_SELECT_NO_SPIN)) {
		errno = EINVAL;
		return NULL;
	}
	set = maar__alloc(sizeof(*set) + most * (sizeof(struct entry) + sizeof(void *)) +
			  (most + 1) * sizeof(struct pollfd));
	if (!set)
		return NULL;
	set->event.flags = flags; /* zeroed memory is an event */
	set->most = most;
	set->channel = (struct entry *)(void *)(set + 1);
	set->fd_tag = (void **)(set->channel + most);
	set->fd = (struct pollfd *)(void *)(set->fd_tag + most);
	return set;
}

void maar_select_destroy(struct maar_select *set)
{
	size_t i;

	if (!set)
		return;
	for (i = 0; i < set->channels; i++)
		maar__seat_free(&set->channel[i].channel->set);
	maar_event_destroy(&set->event);
	maar__free(set);
}

/* ---- what is in it ---- */

int maar_select_add(struct maar_select *set, struct maar_channel *channel, void *tag)
{
	MAAR_DEBUG_CHECK(set && channel, "NULL set or channel");
	if (!set || !channel)
		return -EINVAL;
	if (set->channels + set->fds == set->most)
		return -ENOSPC;
	if (!maar__seat_take(&channel->set, &set->event))
		return -EBUSY;
	/* A sender's read-modify-write of the same word comes after this one, and finds the set; or before: a look shows its message. */
	(void)maar_a_add(&channel->not_empty.word, 0, RELEASE); /* R:channel.joined */
	set->channel[set->channels++] = (struct entry){ channel, tag };
	return 0;
}

int maar_select_add_fd(struct maar_select *set, int fd, short events, void *tag)
{
	size_t i;
	int own;

	MAAR_DEBUG_CHECK(set && fd >= 0, "NULL set, or no descriptor");
	if (!set || fd < 0)
		return -EINVAL;
	for (i = 0; i < set->fds; i++)
		if (set->fd[i].fd == fd)
			return -EEXIST;
	if (set->channels + set->fds == set->most)
		return -ENOSPC;
	own = maar_event_fd(&set->event);
	if (own < 0)
		return own;
	set->fd_tag[set->fds] = tag;
	set->fd[set->fds++] = (struct pollfd){ .fd = fd, .events = events };
	set->fd[set->fds] = (struct pollfd){ .fd = own, .events = POLLIN };
	return 0;
}

int maar_select_remove(struct maar_select *set, struct maar_channel *channel)
{
	size_t i;

	if (!set)
		return -EINVAL;
	for (i = 0; i < set->channels; i++)
		if (set->channel[i].channel == channel) {
			maar__seat_free(&channel->set);
			set->channel[i] = set->channel[--set->channels];
			return 0;
		}
	return -ENOENT;
}

int maar_select_remove_fd(struct maar_select *set, int fd)
{
	size_t i;

	if (!set)
		return -EINVAL;
	for (i = 0; i < set->fds; i++)
		if (set->fd[i].fd == fd) {
			const struct pollfd own = set->fd[set->fds--];

			set->fd[i] = set->fd[set->fds];
			set->fd_tag[i] = set->fd_tag[set->fds];
			set->fd[set->fds] = own;
			return 0;
		}
	return -ENOENT;
}

/* ---- wait ---- */

static bool channel_is_ready(const struct maar_channel *c)
{
	return !maar__channel_is_empty(c) || maar_channel_closed(c);
}

/* The i-th of all is ready: fills in *ready. */
static bool is_ready(const struct maar_select *set, size_t i, struct maar_selected *ready)
{
	if (i < set->channels) {
		const struct entry *e = &set->channel[i];

		*ready = (struct maar_selected){ .channel = e->channel, .tag = e->tag, .fd = -1 };
		return channel_is_ready(e->channel);
	}
	i -= set->channels;
	*ready = (struct maar_selected){ .tag = set->fd_tag[i], .fd = set->fd[i].fd, .events = set->fd[i].revents };
	return set->fd[i].revents != 0;
}

/* One look at everything, from another entry on each time that it finds something. Fills in up to n. */
static size_t look(struct maar_select *set, struct maar_selected *ready, size_t n)
{
	const size_t all = set->channels + set->fds;
	const uint64_t turn = maar_a_load(&set->turn, RELAXED);
	size_t i, k = 0;

	if (set->fds)
		(void)maar__poll(set->fd, set->fds, 0);
	for (i = 0; i < all && k < n; i++)
		if (is_ready(set, (size_t)((turn + i) % all), &ready[k])) {
			if (k++ == 0)
				maar_a_store(&set->turn, turn + i + 1, RELAXED);
		}
	return k;
}

static bool any_channel(const struct maar_select *set)
{
	size_t i;

	for (i = 0; i < set->channels; i++)
		if (channel_is_ready(set->channel[i].channel))
			return true;
	return false;
}

static ssize_t wait_by_poll(struct maar_select *set, struct maar_selected *ready, size_t n, int64_t timeout_ns)
{
	const int64_t end = timeout_ns ? maar_event_deadline(timeout_ns) : 0;

	for (;;) {
		const bool last = end >= 0 && (end == 0 || maar__now() >= end);
		const size_t k = look(set, ready, n);

		if (k || last)
			return k ? (ssize_t)k : -ETIMEDOUT;
		(void)maar_event_arm(&set->event);
		if (!any_channel(set)) {
			MAAR__PROBE(event_block, &set->event, end);
			(void)maar__poll(set->fd, set->fds + 1, end);
			MAAR__PROBE(event_unblock, &set->event, 0);
		}
		maar_event_disarm(&set->event);
	}
}

ssize_t maar_select_wait(struct maar_select *set, struct maar_selected *ready, size_t n, int64_t timeout_ns)
{
	size_t k = 0;
	int rc;

	MAAR_DEBUG_CHECK(set && ready && n && set->channels + set->fds,
			 "NULL, no place for what is ready, or an empty set");
	if (!set || !ready || !n || !(set->channels + set->fds))
		return -EINVAL;
	if (set->fds)
		return wait_by_poll(set, ready, n, timeout_ns);
	rc = maar_event_until(&set->event, timeout_ns, (k = look(set, ready, n)) != 0);
	return rc ? rc : (ssize_t)k;
}
