/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Messages one behind another. Calls that change look first whether they can, so that a refusal leaves all as it was.
 *
 * Whoever holds a message in the middle of a chain reads what is behind it too. So a message may be changed only if
 * it and all before it, from the caller's on, have one holder: walk() says whether.
 */
#include "pool_priv.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

/* ---- looking ---- */

struct maar_msg *maar_msg_last(const struct maar_msg *msg)
{
	while (msg->next)
		msg = msg->next;
	return (struct maar_msg *)(uintptr_t)msg;
}

size_t maar_msg_segments(const struct maar_msg *msg)
{
	size_t n = 0;

	for (; msg; msg = msg->next)
		n++;
	return n;
}

size_t maar_msg_total(const struct maar_msg *msg)
{
	size_t bytes = 0;

	for (; msg; msg = msg->next)
		bytes += msg->length;
	return bytes;
}

static bool has(const struct maar_msg *msg, size_t offset, size_t n)
{
	const size_t total = maar_msg_total(msg);

	return n <= total && offset <= total - n;
}

size_t maar_msg_iovec(const struct maar_msg *msg, struct iovec *iov, size_t n)
{
	size_t pieces = 0;

	for (; msg; msg = msg->next) {
		if (!msg->length)
			continue;
		if (iov && pieces < n)
			iov[pieces] = (struct iovec){ maar_msg_data(msg), msg->length };
		pieces++;
	}
	return pieces;
}

/* The message that has the byte at *offset, which becomes an offset into it; NULL if there is none. */
static const struct maar_msg *find(const struct maar_msg *msg, size_t *offset)
{
	while (msg && *offset >= msg->length) {
		*offset -= msg->length;
		msg = msg->next;
	}
	return msg;
}

/* Copies up to n bytes from *offset of *msg on, which move on behind them; returns how many. */
static size_t read_on(const struct maar_msg **msg, size_t *offset, void *to, size_t n)
{
	size_t done = 0;

	while (done < n && (*msg = find(*msg, offset))) {
		const size_t here = (*msg)->length - *offset, take = here < n - done ? here : n - done;

		memcpy((char *)to + done, (const char *)maar_msg_data(*msg) + *offset, take);
		done += take;
		*offset += take;
	}
	return done;
}

size_t maar_msg_copy_out(const struct maar_msg *msg, size_t offset, void *to, size_t n)
{
	return read_on(&msg, &offset, to, n);
}

const void *maar_msg_view(const struct maar_msg *msg, size_t offset, size_t n, void *buffer)
{
	const struct maar_msg *at;

	if (!has(msg, offset, n))
		return NULL;
	at = find(msg, &offset);
	if (!at)
		return buffer; /* no bytes, from the end on */
	if (n <= at->length - offset)
		return (const char *)maar_msg_data(at) + offset;
	read_on(&at, &offset, buffer, n);
	return buffer;
}

/* ---- changing ---- */

/*
 * Goes *n bytes into a chain that has them, to the message with the last of them; of the message, *n is what is left.
 * *alone: it may be changed.
 */
static struct maar_msg *walk(struct maar_msg *msg, size_t *n, bool *alone)
{
	*alone = maar__msg_alone(msg);
	while (*n > msg->length) {
		*n -= msg->length;
		msg = msg->next;
		*alone = *alone && maar__msg_alone(msg);
	}
	return msg;
}

int maar_msg_chain(struct maar_msg *msg, struct maar_msg *tail)
{
	struct maar_msg *last = msg;
	bool alone;

	MAAR__POOL_ENTER();
	MAAR_DEBUG_CHECK(msg && tail, "NULL message");
	if (!msg || !tail)
		return -EINVAL;
	for (alone = maar__msg_alone(last); last->next; alone = alone && maar__msg_alone(last))
		last = last->next;
	if (last == maar_msg_last(tail))
		return -EINVAL;
	if (!alone)
		return -EBUSY;
	last->next = tail;
	return 0;
}

struct maar_msg *maar_msg_unchain(struct maar_msg *msg)
{
	struct maar_msg *rest;

	if (!msg || !msg->next || !maar__msg_alone(msg))
		return NULL;
	rest = msg->next;
	msg->next = NULL;
	return rest;
}

int maar_msg_copy_in(struct maar_msg *msg, size_t offset, const void *from, size_t n)
{
	struct maar_msg *at = msg;
	size_t pass, before, done = 0;
	bool mine = true;

	if (!has(msg, offset, n))
		return -EMSGSIZE;
	for (pass = 0; pass < 2 && n; pass++) {
		if (pass && !mine)
			return -EBUSY;
		for (at = msg, before = 0; at && before < offset + n; before += at->length, at = at->next) {
			const size_t skip = offset > before ? offset - before : 0;
			size_t here;

			if (!pass)
				mine = mine && maar__msg_alone(at);
			if (skip >= at->length)
				continue;
			here = at->length - skip < n - done ? at->length - skip : n - done;
			if (!pass)
				mine = mine && !maar_msg_is_shared(at);
			else
				memcpy((char *)maar_msg_data(at) + skip, (const char *)from + done, here);
			done += pass ? here : 0;
		}
	}
	return 0;
}

/* Takes the message behind `msg` out of the chain and releases it. */
static void drop_next(struct maar_msg *msg, const char *call)
{
	struct maar_msg *out = msg->next;

	msg->next = out->next;
	if (maar__msg_alone(out))
		out->next = NULL;
	else if (out->next)
		maar_msg_retain(out->next); /* for whoever holds `out` beside us holds what is behind it */
	maar__msg_let_go(out, call);
}

/* Whether n bytes can be taken away behind `msg`, which may be changed: what is emptied goes, the last one changes. */
static bool can_cut_behind(const struct maar_msg *msg, size_t n)
{
	size_t left = n;
	bool alone;

	const struct maar_msg *last = n ? walk(msg->next, &left, &alone) : NULL;

	return !last || left == last->length || alone;
}

static void cut_behind(struct maar_msg *msg, size_t n, const char *call)
{
	while (n && n >= msg->next->length) {
		n -= msg->next->length;
		drop_next(msg, call);
	}
	if (n)
		maar_msg_pull(msg->next, n);
}

int maar_msg_cut_front(struct maar_msg *msg, size_t n)
{
	size_t here;

	MAAR__POOL_ENTER();
	if (!has(msg, 0, n))
		return -EMSGSIZE;
	if (!n)
		return 0;
	here = n < msg->length ? n : msg->length;
	if (!maar__msg_alone(msg) || !can_cut_behind(msg, n - here))
		return -EBUSY;
	maar_msg_pull(msg, here);
	cut_behind(msg, n - here, __func__);
	return 0;
}

int maar_msg_cut_back(struct maar_msg *msg, size_t n)
{
	struct maar_msg *last, *rest;
	size_t keep;
	bool alone;

	MAAR__POOL_ENTER();
	if (!has(msg, 0, n))
		return -EMSGSIZE;
	if (!n)
		return 0;
	keep = maar_msg_total(msg) - n;
	last = walk(msg, &keep, &alone);
	if (!alone)
		return -EBUSY;
	last->length = (uint32_t)keep;
	rest = last->next;
	last->next = NULL;
	if (rest)
		maar__msg_let_go(rest, __func__);
	return 0;
}

int maar_msg_split(struct maar_msg *msg, size_t offset, struct maar_pool *pool, struct maar_msg **rest)
{
	struct maar_msg *last, *second;
	size_t total;
	bool alone;

	MAAR__POOL_ENTER();
	MAAR_DEBUG_CHECK(msg && rest, "NULL message or rest");
	if (rest)
		*rest = NULL;
	if (!msg || !rest)
		return -EINVAL;
	total = maar_msg_total(msg);
	if (offset >= total)
		return offset == total ? 0 : -EINVAL;
	last = walk(msg, &offset, &alone);
	if (!alone)
		return -EBUSY;
	if (offset < last->length) {
		second = pool ? maar__pool_get_for(pool, maar__pool_caller) : NULL;
		if (!second)
			return -ENOBUFS;
		maar__msg_share(second, last);
		maar_msg_pull(second, offset);
		second->next = last->next;
		last->length = (uint32_t)offset;
	} else {
		second = last->next;
	}
	last->next = NULL;
	*rest = second;
	return 0;
}

/* pullup; 0, -EMSGSIZE, or -EBUSY, with nothing changed. */
static int pull_up(struct maar_msg *msg, size_t n, const char *call)
{
	const size_t need = n > msg->length ? n - msg->length : 0, tailroom = maar_msg_tailroom(msg);
	const struct maar_msg *from = msg->next;
	size_t offset = 0;

	if (!need)
		return 0;
	if (!has(from, 0, need) || need > tailroom + msg->headroom)
		return -EMSGSIZE;
	if (maar_msg_is_shared(msg) || !can_cut_behind(msg, need))
		return -EBUSY;
	if (need > tailroom) {
		char *data = maar_msg_data(msg);

		memmove(data - (need - tailroom), data, msg->length);
		msg->headroom -= (uint32_t)(need - tailroom);
	}
	read_on(&from, &offset, (char *)maar_msg_data(msg) + msg->length, need);
	msg->length += (uint32_t)need;
	cut_behind(msg, need, call);
	return 0;
}

void *maar_msg_pullup(struct maar_msg *msg, size_t n)
{
	MAAR__POOL_ENTER();
	return msg && pull_up(msg, n, __func__) == 0 ? maar_msg_data(msg) : NULL;
}

int maar_msg_linearize(struct maar_msg *msg)
{
	struct maar_msg *rest;
	int rc;

	MAAR__POOL_ENTER();
	MAAR_DEBUG_CHECK(msg, "NULL message");
	if (!msg)
		return -EINVAL;
	if (!msg->next)
		return 0;
	if (!maar__msg_alone(msg))
		return -EBUSY;
	rc = pull_up(msg, maar_msg_total(msg), __func__);
	if (rc)
		return rc;
	rest = maar_msg_unchain(msg);
	if (rest)
		maar__msg_let_go(rest, __func__); /* empty ones */
	return 0;
}

/* ---- a copy ---- */

struct maar_msg *maar_msg_copy(struct maar_pool *pool, const struct maar_msg *msg)
{
	struct maar_msg *first = NULL, **end = &first;
	size_t left, offset = 0, n;

	MAAR__POOL_ENTER();
	MAAR_DEBUG_CHECK(pool && msg, "NULL pool or message");
	if (!pool || !msg)
		return NULL;
	left = maar_msg_total(msg);
	do {
		struct maar_msg *copy =
			maar_pool_bytes(pool) || !left ? maar__pool_get_for(pool, maar__pool_caller) : NULL;

		if (!copy) {
			if (first)
				maar__msg_let_go(first, __func__);
			return NULL;
		}
		*end = copy;
		end = &copy->next;
		n = maar_pool_bytes(pool) < left ? maar_pool_bytes(pool) : left;
		read_on(&msg, &offset, maar_msg_data(copy), n);
		copy->length = (uint32_t)n;
		left -= n;
	} while (left);
	return first;
}
