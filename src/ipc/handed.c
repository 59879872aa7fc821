/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Handed-over queues: joining, leaving, looking on.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* SOCK_CLOEXEC */
#endif
#include "handed_priv.h"

#include "../base/life.h"
#include "../base/sleep.h"

#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAGE	   4096 /* what memory ends at, on every machine; the system's page may be larger */
#define SLOT_ALIGN 64

/* ---- sizes ---- */

/* *at moves behind n pieces of `bytes`, up to a multiple of `align`. */
static bool advance(uint64_t *at, uint64_t n, uint64_t bytes, size_t align)
{
	size_t all, end;

	if (!maar__mul((size_t)n, (size_t)bytes, &all) || !maar__add((size_t)*at, all, &end) ||
	    !maar__round_up(end, align, &end))
		return false;
	*at = end;
	return true;
}

bool maar__handed_lay_out(struct maar__handed_shape *shape, uint64_t most, uint32_t slots, uint32_t peer_slots)
{
	uint64_t at = sizeof(struct maar__handed_side);

	*shape = (struct maar__handed_shape){ .most = most, .slots = slots, .peer_slots = peer_slots };
	if (most > SIZE_MAX / 2)
		return false;
	shape->stride = (most + SLOT_ALIGN - 1) & ~(uint64_t)(SLOT_ALIGN - 1);
	if (!shape->stride)
		shape->stride = SLOT_ALIGN;
	shape->cells_at = at;
	if (!advance(&at, slots, sizeof(struct maar__handed_cell), MAAR_APART))
		return false;
	shape->released_at = at;
	if (!advance(&at, peer_slots, sizeof(uint32_t), PAGE))
		return false;
	shape->slots_at = at;
	if (!advance(&at, slots, shape->stride, PAGE))
		return false;
	shape->bytes = at;
	return at <= SIZE_MAX / 2;
}

/* ---- what the caller wants ---- */

static int check_options(struct maar_handed_options *o)
{
	unsigned i;

	if (o->bytes > MAAR_IPC_MAX_BYTES || o->slots > MAAR_HANDED_MAX_SLOTS || o->who > MAAR_HANDED_ANYBODY ||
	    (o->event_flags & ~(unsigned)MAAR_EVENT_NO_SPIN))
		return -EINVAL;
	for (i = 0; i < sizeof(o->reserved) / sizeof(o->reserved[0]); i++)
		if (o->reserved[i])
			return -EINVAL;
	o->bytes = o->bytes ? o->bytes : MAAR_HANDED_BYTES;
	o->slots = (uint32_t)maar__pow2_at_least(o->slots ? o->slots : MAAR_HANDED_SLOTS);
	o->most_mapped = o->most_mapped ? o->most_mapped : MAAR_HANDED_MOST_MAPPED;
	return 0;
}

static int check_peer(const struct maar_handed_options *o, const struct maar_handed_peer *peer)
{
	if (o->who != MAAR_HANDED_ANYBODY && peer->uid != (o->who == MAAR_HANDED_ONE_USER ? o->uid : geteuid()))
		return -EACCES;
	return o->accept ? o->accept(o->arg, peer) : 0;
}

/* ---- joining ---- */

/* One of the calling process's own, closed on exec, and in a child: 0 or -errno; the descriptor is closed if it fails. */
static int adopt(struct maar__ipc_held *held, int fd)
{
	const int rc = fd < 0 ? fd : maar__ipc_held_adopt(held, fd);

	if (rc && fd >= 0)
		(void)close(fd);
	return rc;
}

/* What both say first: how much they bring. */
static int greet(struct maar_handed *h, int socket, const struct maar_handed_options *o, int64_t deadline)
{
	struct maar__handed_hello hello = { .step = 1, .most = o->bytes, .slots = o->slots };
	int rc;

	maar__handed_seal_hello(&hello);
	rc = maar__handed_tell(socket, &hello, NULL, 0, deadline);
	if (rc == 0)
		rc = maar__handed_hear(socket, &hello, 1, NULL, 0, deadline);
	if (rc)
		return rc;
	if (hello.most > MAAR_IPC_MAX_BYTES || !hello.slots || hello.slots > MAAR_HANDED_MAX_SLOTS ||
	    !maar__is_pow2(hello.slots) || hello.peer_slots || hello.bytes)
		return -EBADMSG;
	if (!maar__handed_lay_out(&h->shape, o->bytes, o->slots, hello.slots) ||
	    !maar__handed_lay_out(&h->peer_shape, hello.most, hello.slots, o->slots) ||
	    h->peer_shape.bytes > o->most_mapped)
		return -EFBIG;
	return 0;
}

/* What this process keeps of each slot. */
static int make_books(struct maar_handed *h)
{
	const uint32_t slots = h->shape.slots;
	uint32_t i;

	h->out.free = maar__malloc(slots * sizeof(uint32_t));
	h->out.states = maar__alloc(slots);
	h->in.held = maar__alloc(h->peer_shape.slots);
	if (!h->out.free || !h->out.states || !h->in.held)
		return -ENOMEM;
	for (i = 0; i < slots; i++)
		h->out.free[i] = slots - 1 - i; /* the first is lent first */
	h->out.n_free = slots;
	return 0;
}

/* Makes this side's memory and pair, and hands them over. */
static int offer(struct maar_handed *h, int socket, int64_t deadline)
{
	struct maar__handed_hello hello = { .step = 2,
					    .most = h->shape.most,
					    .slots = h->shape.slots,
					    .peer_slots = h->shape.peer_slots,
					    .bytes = h->shape.bytes };
	void *memory;
	int fds[2], pair[2], rc;

	fds[0] = maar__sealed_make((size_t)h->shape.bytes, &memory);
	if (fds[0] < 0)
		return fds[0];
	h->mine = memory;
	rc = maar__fault(MAAR__FAULT_FD) ? -ENOMEM : 0;
	if (rc == 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		rc = -errno;
	if (rc == 0) {
		fds[1] = pair[1];
		rc = adopt(&h->out.slot.pair, pair[0]);
		maar__handed_seal_hello(&hello);
		if (rc == 0)
			rc = maar__handed_tell(socket, &hello, fds, 2, deadline);
		(void)close(pair[1]);
	}
	(void)close(fds[0]);
	return rc;
}

/* Takes what the peer hands over. */
static int take_over(struct maar_handed *h, int socket, int64_t deadline)
{
	const struct maar__handed_shape *s = &h->peer_shape;
	struct maar__handed_hello hello;
	const void *memory = NULL;
	int fds[2];
	int rc = maar__handed_hear(socket, &hello, 2, fds, 2, deadline);

	if (rc)
		return rc;
	if (hello.most != s->most || hello.slots != s->slots || hello.peer_slots != s->peer_slots ||
	    hello.bytes != s->bytes)
		rc = -EBADMSG;
	else
		rc = maar__sealed_map(fds[0], (size_t)s->bytes, &memory);
	h->theirs = memory;
	(void)close(fds[0]);
	if (rc == 0 && !maar__handed_is_pair(fds[1]))
		rc = -EPERM;
	if (rc == 0)
		return adopt(&h->in.message.pair, fds[1]);
	(void)close(fds[1]);
	return rc;
}

static void connect_parts(struct maar_handed *h)
{
	unsigned char *const mine = (unsigned char *)h->mine;
	const unsigned char *const theirs = (const unsigned char *)h->theirs;
	struct maar__handed_out *o = &h->out;
	struct maar__handed_in *in = &h->in;

	o->cells = (void *)(mine + h->shape.cells_at);
	o->slots = mine + h->shape.slots_at;
	o->returns = (const void *)(theirs + h->peer_shape.released_at);
	o->slot.wants = &h->mine->wants_slot;
	o->slot.word = &h->theirs->released;
	o->slot.wanted = &h->theirs->wants_message;
	in->cells = (const void *)(theirs + h->peer_shape.cells_at);
	in->slots = theirs + h->peer_shape.slots_at;
	in->returns = (void *)(mine + h->shape.released_at);
	in->message.wants = &h->mine->wants_message;
	in->message.word = &h->theirs->tail;
	in->message.wanted = &h->theirs->wants_slot;
	o->slot.spin.flags = in->message.spin.flags = h->event_flags;
}

/* All but the socket, which is the caller's if join fails. */
static void give_back(struct maar_handed *h)
{
	/* A child has no mappings (and perhaps others there). */
	if (h->mine)
		maar__unmap(h->mine, (size_t)h->shape.bytes);
	if (h->theirs)
		maar__unmap((void *)(uintptr_t)h->theirs, (size_t)h->peer_shape.bytes);
	maar__ipc_held_close(&h->out.slot.pair);
	maar__ipc_held_close(&h->in.message.pair);
	maar__ipc_held_close(&h->event);
	maar__ipc_held_close(&h->epoll);
	maar__free(h->out.free);
	maar__free(h->out.states);
	maar__free(h->in.held);
	maar__free(h);
}

static int meet(struct maar_handed *h, int socket, const struct maar_handed_options *o, int64_t deadline)
{
	int rc = maar__handed_ask_peer(socket, &h->peer);

	if (rc == 0)
		rc = check_peer(o, &h->peer);
	if (rc == 0)
		rc = greet(h, socket, o, deadline);
	if (rc == 0)
		rc = make_books(h);
	if (rc == 0)
		rc = offer(h, socket, deadline);
	if (rc == 0)
		rc = take_over(h, socket, deadline);
	if (rc)
		return rc;
	connect_parts(h);
	if (fcntl(socket, F_SETFD, FD_CLOEXEC))
		return -errno;
	return maar__ipc_held_adopt(&h->socket, socket);
}

struct maar_handed *maar_handed_join(int socket, const struct maar_handed_options *options, int64_t timeout_ns)
{
	struct maar_handed_options o = { .bytes = 0 };
	struct maar_handed *h;
	int rc;

	if (options)
		o = *options;
	if (maar__refused(check_options(&o)))
		return NULL;
	h = maar__alloc(sizeof(*h));
	if (!h)
		return NULL;
	h->socket.fd = h->epoll.fd = h->event.fd = h->out.slot.pair.fd = h->in.message.pair.fd = -1;
	h->event_flags = o.event_flags;
	rc = meet(h, socket, &o, maar_event_deadline(timeout_ns));
	if (rc == 0)
		return h;
	give_back(h);
	errno = -rc;
	return NULL;
}

static bool has_messages(const struct maar_handed *h)
{
	uint32_t i;

	for (i = 0; i < h->peer_shape.slots; i++)
		if (h->in.held[i])
			return true;
	return false;
}

int maar_handed_leave(struct maar_handed *handed)
{
	if (!handed)
		return 0;
	if (handed->socket.fd >= 0) {
		if (handed->out.n_loaned || has_messages(handed))
			return -EBUSY;
		(void)maar_handed_close(handed);
		maar__handed_hang_up(handed); /* also where others have copies of the socket */
		maar__ipc_held_close(&handed->socket);
	} else {
		handed->mine = NULL;
		handed->theirs = NULL;
	}
	give_back(handed);
	return 0;
}

/* ---- the descriptor ---- */

static int watch(int epoll, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events };

	if (maar__fault(MAAR__FAULT_FD))
		return -ENOMEM;
	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* Readable by a byte of the peer's, by arm (the event), and by the end. */
int maar_handed_fd(struct maar_handed *handed)
{
	int rc;

	if (!handed)
		return -EINVAL;
	if (handed->socket.fd < 0)
		return -ECHILD;
	if (handed->event.fd >= 0)
		return handed->epoll.fd;
	rc = maar__fault(MAAR__FAULT_FD) ? -ENOMEM : epoll_create1(EPOLL_CLOEXEC);
	if (rc == -1)
		rc = -errno;
	rc = adopt(&handed->epoll, rc);
	if (rc == 0)
		rc = adopt(&handed->event, maar__eventfd());
	if (rc == 0)
		rc = watch(handed->epoll.fd, handed->event.fd, EPOLLIN);
	if (rc == 0)
		rc = watch(handed->epoll.fd, handed->in.message.pair.fd, EPOLLIN | EPOLLRDHUP);
	if (rc == 0)
		rc = watch(handed->epoll.fd, handed->socket.fd, EPOLLRDHUP);
	if (rc == 0)
		return handed->epoll.fd;
	maar__ipc_held_close(&handed->event);
	maar__ipc_held_close(&handed->epoll);
	return rc;
}

/* ---- observers ---- */

int maar_handed_alive(const struct maar_handed *handed)
{
	if (!handed)
		return -EINVAL;
	if (handed->socket.fd < 0)
		return -ECHILD;
	return !maar_a_load(&handed->gone, RELAXED) && maar__handed_there(handed, NULL);
}

int maar_handed_peer(const struct maar_handed *handed, struct maar_handed_peer *peer)
{
	if (!handed || !peer)
		return -EINVAL;
	*peer = handed->peer;
	return 0;
}

uint64_t maar_handed_most_bytes(const struct maar_handed *handed)
{
	return handed ? handed->shape.most : 0;
}

uint64_t maar_handed_peer_bytes(const struct maar_handed *handed)
{
	return handed ? handed->peer_shape.most : 0;
}

int maar_handed_stats(const struct maar_handed *handed, struct maar_handed_stats *stats)
{
	uint64_t mine, theirs;

	if (!handed || !stats)
		return -EINVAL;
	if (handed->socket.fd < 0)
		return -ECHILD;
	mine = maar_a_load(&handed->mine->tail, RELAXED);
	theirs = maar_a_load(&handed->theirs->tail, RELAXED);
	*stats = (struct maar_handed_stats){
		.published = mine & ~MAAR__HANDED_CLOSED,
		.returned = maar_a_load(&handed->theirs->released, RELAXED),
		.arrived = theirs & ~MAAR__HANDED_CLOSED,
		.taken = maar_a_load(&handed->in.head, RELAXED),
		.released = maar_a_load(&handed->mine->released, RELAXED),
		.wakes =
			maar_a_load(&handed->out.slot.wakes, RELAXED) + maar_a_load(&handed->in.message.wakes, RELAXED),
		.slots = handed->shape.slots,
		.peer_slots = handed->peer_shape.slots,
		.closed = (mine & MAAR__HANDED_CLOSED) != 0,
		.peer_closed = (theirs & MAAR__HANDED_CLOSED) != 0,
		.gone = maar_a_load(&handed->gone, RELAXED),
		.broken = maar_a_load(&handed->broken, RELAXED),
	};
	return 0;
}
