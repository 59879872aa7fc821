/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Fuzz target: a side of a handed-over queue whose peer's memory is the input's: each step writes words there, right ones, nearly
 * right ones and any, or is a call of the victim's. A model knows what the victim must have: each payload inside the peer's slots and in no
 * other hand, as many bytes as fit, loans that are its own and no two the same, an error that stays. Before that, the join itself hears
 * what the input says.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include "fuzz.h"

#include "../../src/ipc/handed_priv.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SLOTS 4
#define BYTES 48

static struct {
	struct maar_handed *h;
	struct maar__handed_side *side; /* the peer's memory, as the peer sees it */
	unsigned char *memory;
	struct maar__handed_shape shape; /* of the peer's */
	void *loans[SLOTS];
	struct maar_ipc_message held[SLOTS];
	unsigned n_loans, n_held;
	int over; /* the first error that says so */
} v;

/* Said once, and kept. -EPIPE is not the end of the other direction. */
static int answer(int rc)
{
	fuzz_must(rc == 1 || rc == 0 || rc == -EPIPE || rc == -ECONNRESET || rc == -EBADMSG);
	if (v.over)
		fuzz_must(rc == v.over);
	if (rc == -EBADMSG)
		v.over = rc;
	return rc;
}

static void took(const struct maar_ipc_message *m)
{
	const unsigned char *slots = (const unsigned char *)v.h->theirs + v.shape.slots_at;
	volatile unsigned char sum = 0;
	unsigned i;

	fuzz_must(m->slot < SLOTS && m->bytes <= BYTES);
	fuzz_must((const unsigned char *)m->payload == slots + m->slot * v.shape.stride);
	for (i = 0; i < v.n_held; i++)
		fuzz_must(v.held[i].slot != m->slot);
	for (i = 0; i < m->bytes; i++)
		sum = (unsigned char)(sum + ((const unsigned char *)m->payload)[i]);
}

static void lent(void *payload)
{
	const unsigned char *mine = (const unsigned char *)v.h->mine;
	const size_t from = (size_t)((const unsigned char *)payload - mine);
	unsigned i;

	fuzz_must(from >= v.shape.slots_at && from + BYTES <= v.shape.bytes && from % 64 == 0);
	for (i = 0; i < v.n_loans; i++)
		fuzz_must(v.loans[i] != payload);
	memset(payload, 0x5a, BYTES);
}

/* ---- the peer writes ---- */

static uint64_t some_word(struct fuzz_input *in)
{
	const uint64_t near = (uint64_t)fuzz_byte(in) - 4;

	switch (fuzz_byte(in) % 6) {
	case 0:
		return fuzz_word(in, 8);
	case 1:
		return v.side->tail + near;
	case 2:
		return v.side->released + near;
	case 3:
		return v.h->mine->tail + near;
	case 4:
		return v.side->tail | MAAR__HANDED_CLOSED;
	default:
		return near;
	}
}

static void write_word(struct fuzz_input *in)
{
	uint64_t *at;

	switch (fuzz_byte(in) % 8) {
	case 0:
		at = &v.side->tail;
		break;
	case 1:
		at = &v.side->released;
		break;
	case 2:
		at = &v.side->wants_message;
		break;
	case 3:
		at = &v.side->wants_slot;
		break;
	default:
		at = (uint64_t *)(void *)v.memory + fuzz_below(in, (size_t)v.shape.slots_at / 8);
		break;
	}
	*at = some_word(in);
}

/* As a good peer would, from what stands in its memory by now. */
static void publish_one(struct fuzz_input *in)
{
	struct maar__handed_cell *cells = (void *)(v.memory + v.shape.cells_at);

	cells[v.side->tail % SLOTS] =
		(struct maar__handed_cell){ .slot = fuzz_byte(in) % SLOTS, .length = fuzz_byte(in) % (BYTES + 2) };
	v.side->tail++;
}

static void release_one(struct fuzz_input *in)
{
	uint32_t *returns = (void *)(v.memory + v.shape.released_at);

	returns[v.side->released % SLOTS] = fuzz_byte(in) % SLOTS;
	v.side->released++;
}

/* ---- the victim's calls ---- */

static void lend_or_send(unsigned op)
{
	unsigned char data[BYTES] = { 1 };
	void *payload;

	if (op == 0) {
		(void)answer(maar_handed_send(v.h, data, sizeof(data), NULL, 0));
	} else if (op == 1 && answer(maar_handed_loan(v.h, BYTES, &payload, 0)) == 1) {
		fuzz_must(v.n_loans < SLOTS);
		lent(payload);
		v.loans[v.n_loans++] = payload;
	}
}

static void end_loan(unsigned which, bool publish)
{
	int rc;

	if (!v.n_loans)
		return;
	which %= v.n_loans;
	rc = publish ? answer(maar_handed_publish(v.h, v.loans[which], BYTES, NULL)) : 0;
	if (rc != 1)
		fuzz_must(maar_handed_discard(v.h, v.loans[which]) == 0);
	fuzz_must(maar_handed_discard(v.h, v.loans[which]) == -EALREADY);
	v.loans[which] = v.loans[--v.n_loans];
}

static void take_or_receive(unsigned op)
{
	unsigned char data[BYTES];
	struct maar_ipc_message m;

	if (op == 0) {
		if (answer(maar_handed_receive(v.h, data, sizeof(data), &m, 0)) == 1)
			fuzz_must(m.bytes <= BYTES);
	} else if (answer(maar_handed_take(v.h, &m, 0)) == 1) {
		fuzz_must(v.n_held < SLOTS);
		took(&m);
		v.held[v.n_held++] = m;
	}
}

static void release(unsigned which)
{
	int rc;

	if (!v.n_held)
		return;
	which %= v.n_held;
	rc = maar_handed_release(v.h, &v.held[which]);
	fuzz_must(rc == (v.over ? -EBADMSG : 0));
	fuzz_must(maar_handed_release(v.h, &v.held[which]) == -EALREADY);
	v.held[which] = v.held[--v.n_held];
}

static void arm(void)
{
	const int armed = maar_handed_arm(v.h);

	fuzz_must(armed == 0 || armed == 1 || (v.over && armed == v.over));
	fuzz_must(maar_handed_disarm(v.h) == v.over);
}

static void step(struct fuzz_input *in)
{
	const unsigned op = fuzz_byte(in), more = fuzz_byte(in);

	switch (op % 12) {
	case 0:
	case 1:
		write_word(in);
		break;
	case 2:
	case 3:
		publish_one(in);
		break;
	case 4:
		release_one(in);
		break;
	case 5:
		lend_or_send(more % 2);
		break;
	case 6:
	case 7:
		end_loan(more / 2, more % 2);
		break;
	case 8:
	case 9:
		take_or_receive(more % 3);
		break;
	case 10:
		release(more);
		break;
	default:
		arm();
		break;
	}
}

/* ---- the join ---- */

/* A hello with some of its bytes changed; in half of the cases with its sum made right again, as far as that goes. */
static void spoil(struct maar__handed_hello *hello, struct fuzz_input *in)
{
	const unsigned changes = fuzz_byte(in) % 4;
	unsigned i;

	for (i = 0; i < changes; i++)
		((unsigned char *)hello)[fuzz_below(in, sizeof(*hello))] = fuzz_byte(in);
	if (fuzz_byte(in) % 2)
		maar__handed_seal_hello(hello);
}

static void say(int socket, const struct maar__handed_hello *hello, size_t n, const int *fds, unsigned n_fds)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(4 * sizeof(int))];
	} control;
	struct iovec piece = { (void *)(uintptr_t)hello, n };
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };

	if (n_fds) {
		memset(&control, 0, sizeof(control));
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(&control.head), fds, n_fds * sizeof(int));
	}
	fuzz_must(sendmsg(socket, &message, MSG_NOSIGNAL) >= 0);
}

/* Half of the inputs say it right, and go on. */
static void join(struct fuzz_input *in, int sockets[2], int memory, int pair)
{
	const struct maar_handed_options options = { .bytes = BYTES, .slots = SLOTS };
	struct maar__handed_hello hello[2] = {
		{ .step = 1, .most = BYTES, .slots = SLOTS },
		{ .step = 2, .most = BYTES, .slots = SLOTS, .peer_slots = SLOTS, .bytes = v.shape.bytes }
	};
	const int fds[4] = { memory, pair, memory, pair };
	const unsigned right = fuzz_byte(in) % 2;
	size_t n = sizeof(hello[0]);
	unsigned n_fds = 2;

	maar__handed_seal_hello(&hello[0]);
	maar__handed_seal_hello(&hello[1]);
	if (!right) {
		spoil(&hello[fuzz_byte(in) % 2], in);
		n_fds = fuzz_byte(in) % 8 ? 2 : fuzz_byte(in) % 5;
		n = fuzz_byte(in) % 8 ? n : fuzz_below(in, n + 1);
	}
	say(sockets[1], &hello[0], sizeof(hello[0]), NULL, 0);
	if (n)
		say(sockets[1], &hello[1], n, fds, n_fds);
	v.h = maar_handed_join(sockets[0], &options, 0);
	fuzz_must(v.h || !right);
	if (!v.h)
		fuzz_must(errno == EBADMSG || errno == EPROTO || errno == EFBIG || errno == ETIMEDOUT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	int sockets[2], pair[2], fd;
	void *memory;

	memset(&v, 0, sizeof(v));
	fuzz_must(maar__handed_lay_out(&v.shape, BYTES, SLOTS, SLOTS));
	fd = maar__sealed_make((size_t)v.shape.bytes, &memory);
	fuzz_must(fd >= 0);
	v.memory = memory;
	v.side = memory;
	fuzz_must(socketpair(AF_UNIX, (fuzz_byte(&in) % 2 ? SOCK_STREAM : SOCK_SEQPACKET) | SOCK_CLOEXEC, 0, sockets) ==
		  0);
	fuzz_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	join(&in, sockets, fd, pair[0]);
	if (v.h)
		fuzz_must(maar_handed_fd(v.h) >= 0);
	while (v.h && fuzz_more(&in))
		step(&in);
	while (v.n_loans)
		end_loan(0, false);
	while (v.n_held)
		release(0);
	if (!v.h)
		close(sockets[0]);
	fuzz_must(maar_handed_leave(v.h) == 0);
	close(sockets[1]);
	close(pair[0]);
	close(pair[1]);
	close(fd);
	maar__unmap(memory, (size_t)v.shape.bytes);
	return 0;
}
