/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar send, maar recv: stdin becomes messages, messages become stdout. A record is a line, or four bytes of length (the
 * lowest first) and so many bytes.
 */
#include "tool.h"

#include <maar/ipc_broadcast.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

struct pipe {
	const char *name; /* first: parse_name writes it */
	bool records, create, broadcast, close;
	uint32_t reading; /* enum maar_ipc_reading */
	int64_t timeout_ns;
	uint64_t most; /* messages; 0: any number */
};

static error_t parse_pipe(int key, char *arg, struct argp_state *state)
{
	struct pipe *p = state->input;

	switch (key) {
	case 'r':
		p->records = true;
		return 0;
	case 'c':
		p->create = true;
		return 0;
	case 'b':
		p->create = p->broadcast = true;
		return 0;
	case 'l':
		p->reading |= MAAR_IPC_LOSSY;
		return 0;
	case 'H':
		p->reading |= MAAR_IPC_HISTORY;
		return 0;
	case 'e':
		p->close = true;
		return 0;
	case 't':
		p->timeout_ns = parse_seconds(state, arg);
		return 0;
	case 'n':
		p->most = parse_number(state, arg, "messages");
		return 0;
	default:
		return parse_name(key, arg, state);
	}
}

static struct maar_ipc *attach(const struct pipe *p, uint32_t role)
{
	const struct maar_ipc_options options = { .kind = p->broadcast ? MAAR_IPC_BROADCAST : MAAR_IPC_QUEUE };
	const struct maar_ipc_who who = { .roles = role, .reading = p->reading };
	struct maar_ipc *ipc = p->create ? maar_ipc_create(p->name, &options, &who, 0) : maar_ipc_open(p->name, &who);

	if (!ipc)
		(void)fail("cannot open", p->name, errno);
	return ipc;
}

/* ---- send ---- */

struct record {
	char *text;
	size_t bytes, room;
};

static bool room_for(struct record *r, size_t bytes)
{
	char *more;

	if (bytes <= r->room)
		return true;
	more = realloc(r->text, bytes);
	if (!more)
		return false;
	r->text = more;
	r->room = bytes;
	return true;
}

/* The next record of stdin: 1, 0 at its end, or -errno. `most` bytes at most. */
static int read_record(struct record *r, uint64_t most)
{
	unsigned char head[4];
	size_t n = fread(head, 1, sizeof(head), stdin);

	if (n == 0)
		return ferror(stdin) ? -EIO : 0;
	if (n < sizeof(head))
		return -EBADMSG;
	r->bytes = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
	if (r->bytes > most)
		return -EMSGSIZE;
	if (!room_for(r, r->bytes ? r->bytes : 1))
		return -ENOMEM;
	return fread(r->text, 1, r->bytes, stdin) == r->bytes ? 1 : -EBADMSG;
}

static int read_line(struct record *r, uint64_t most)
{
	const ssize_t n = getline(&r->text, &r->room, stdin);

	if (n < 0)
		return ferror(stdin) ? -EIO : 0;
	r->bytes = (size_t)n - (r->text[n - 1] == '\n');
	return r->bytes > most ? -EMSGSIZE : 1;
}

static int sent(struct maar_ipc *ipc, const struct pipe *p, struct record *r, uint64_t *n)
{
	const uint64_t most = maar_ipc_most_bytes(ipc);
	int rc = 1;

	while (!p->most || *n < p->most) {
		rc = p->records ? read_record(r, most) : read_line(r, most);
		if (rc <= 0)
			return rc;
		rc = maar_ipc_send(ipc, r->text, r->bytes, NULL, p->timeout_ns);
		if (rc <= 0)
			return rc ? rc : -ETIMEDOUT;
		++*n;
	}
	return 0;
}

static const char *why(int error)
{
	switch (-error) {
	case EMSGSIZE:
		return "longer than the queue's slots";
	case EBADMSG:
		return "stdin ends within a record, or the queue is broken";
	case EPIPE:
		return "the queue is closed";
	case ETIMEDOUT:
		return "the queue is full";
	default:
		return strerror(-error);
	}
}

#define PIPE_OPTIONS                                                                                                     \
	{ "records", 'r', NULL, 0, "Records: 4 bytes of length, the lowest first, and so many bytes; not lines", 0 },    \
		{ "create", 'c', NULL, 0, "Make the queue if there is none: 256 slots of 1024 bytes", 0 },               \
		{ "broadcast", 'b', NULL, 0, "The same, but a broadcast, in which each receiver gets each message", 0 }, \
		{ "timeout", 't', "SECONDS", 0, "Wait so long for room, or for a message (default: for ever)", 0 },      \
	{                                                                                                                \
		"number", 'n', "N", 0, "Not more than N messages", 0                                                     \
	}

int run_send(const struct tool *tool, int argc, char **argv)
{
	static const struct argp_option options[] = {
		PIPE_OPTIONS,
		{ "end", 'e', NULL, 0, "Close the queue at the end of stdin", 0 },
		{ 0 },
	};
	static const struct argp argp = { options, parse_pipe, "NAME", "Sends each line of stdin, without its newline.",
					  NULL,	   NULL,       NULL };
	struct pipe p = { .timeout_ns = MAAR_FOREVER };
	struct record r = { NULL, 0, 0 };
	struct maar_ipc *ipc;
	uint64_t n = 0;
	int rc;

	(void)tool;
	argp_parse(&argp, argc, argv, 0, NULL, &p);
	ipc = attach(&p, MAAR_IPC_PRODUCER);
	if (!ipc)
		return STATUS_WRONG;
	rc = sent(ipc, &p, &r, &n);
	free(r.text);
	if (rc)
		fprintf(stderr, "maar: message %" PRIu64 " is not sent: %s\n", n + 1, why(rc));
	else if (p.close)
		(void)maar_ipc_close(ipc);
	(void)maar_ipc_detach(ipc);
	return rc ? STATUS_WRONG : STATUS_OK;
}

/* ---- recv ---- */

/* All of it; false with errno. */
static bool write_all(const void *data, size_t bytes)
{
	const char *at = data;

	while (bytes) {
		const ssize_t n = write(STDOUT_FILENO, at, bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		at += n;
		bytes -= (size_t)n;
	}
	return true;
}

static bool write_message(const struct pipe *p, const struct maar_ipc_message *m)
{
	const unsigned char head[4] = { (unsigned char)m->bytes, (unsigned char)(m->bytes >> 8),
					(unsigned char)(m->bytes >> 16), (unsigned char)(m->bytes >> 24) };

	if (!p->records)
		return write_all(m->payload, m->bytes) && write_all("\n", 1);
	if (m->bytes > UINT32_MAX) {
		errno = EMSGSIZE;
		return false;
	}
	return write_all(head, sizeof(head)) && write_all(m->payload, m->bytes);
}

/* A message is released when it is written: killed before, it comes again, to whoever receives then. */
static int received(struct maar_ipc *ipc, const struct pipe *p, uint64_t *n)
{
	struct maar_ipc_message m;
	int rc = 1;

	while (!p->most || *n < p->most) {
		rc = maar_ipc_take(ipc, &m, p->timeout_ns);
		if (rc <= 0)
			return rc;
		if (!write_message(p, &m)) {
			rc = -errno;
			_exit(fail("cannot write", NULL, rc)); /* with the message in hand, which is another's then */
		}
		(void)maar_ipc_release(ipc, &m);
		++*n;
	}
	return 1;
}

int run_recv(const struct tool *tool, int argc, char **argv)
{
	static const struct argp_option options[] = {
		PIPE_OPTIONS,
		{ "lossy", 'l', NULL, 0, "Of a broadcast: hold no sender back, and say at the end how many were missed",
		  0 },
		{ "history", 'H', NULL, 0, "Of a broadcast: begin with the oldest message that it still has", 0 },
		{ 0 },
	};
	static const struct argp argp = { .options = options,
					  .parser = parse_pipe,
					  .args_doc = "NAME",
					  .doc = "Writes each message to stdout, and a newline, until the queue is "
						 "closed and empty." };

	struct pipe p = { .timeout_ns = MAAR_FOREVER };
	struct maar_ipc *ipc;
	uint64_t n = 0;
	int rc;

	(void)tool;
	argp_parse(&argp, argc, argv, 0, NULL, &p);
	ipc = attach(&p, MAAR_IPC_CONSUMER);
	if (!ipc)
		return STATUS_WRONG;
	rc = received(ipc, &p, &n);
	if (maar_ipc_missed(ipc))
		fprintf(stderr, "maar: missed %" PRIu64 " messages\n", maar_ipc_missed(ipc));
	(void)maar_ipc_detach(ipc);
	if (rc < 0 && rc != -EPIPE)
		return fail("cannot receive from", p.name, rc);
	return p.most && n < p.most ? STATUS_WRONG : STATUS_OK; /* closed, or nothing came by then */
}
