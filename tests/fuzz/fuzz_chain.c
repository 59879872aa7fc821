/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Fuzz target: the calls of <maar/chain.h> on a few chains of one thread, which clone and attach and hold parts of each
 * other, against an array of bytes each. Whatever a call does to one chain, all others read as before; what it refuses, it
 * had a reason to refuse, and nothing changed. At the end every message and all memory has come back.
 */
#include "fuzz.h"

#include <maar/chain.h>

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#define CHAINS	 5
#define MOST	 600 /* bytes of a chain */
#define MESSAGES 40
#define ROOM	 24
#define HEADROOM 6
#define PAGES	 16
#define PAGE	 40 /* bytes */

/* A chain that this thread holds, and what it reads as; msg is NULL: none. */
static struct chain {
	struct maar_msg *msg;
	size_t n;
	uint8_t bytes[MOST];
} chains[CHAINS];

static struct page {
	struct maar_msg_memory memory;
	int used;
	uint8_t bytes[PAGE];
} pages[PAGES];

static struct maar_pool *pool, *headers; /* messages with bytes, and without */
static uint8_t next_byte;

static size_t free_in(const struct maar_pool *of)
{
	struct maar_mring_stats stats;

	fuzz_must(maar_pool_stats(of, &stats) == 0);
	return stats.slots - stats.in_use;
}

/* ---- what may be a reason to refuse ---- */

static int somewhere_shared(const struct maar_msg *m)
{
	for (; m; m = maar_msg_next(m))
		if (maar_msg_is_shared(m))
			return 1;
	return 0;
}

/* Whether all up to `last` are this chain's alone, so that calls which do not look may change it. */
static int alone_up_to(const struct maar_msg *m, const struct maar_msg *last)
{
	while (m->refs == 1 && m != last)
		m = maar_msg_next(m);
	return m->refs == 1;
}

static void answered(int rc, const struct maar_msg *m)
{
	fuzz_must(rc == 0 || (rc == -EBUSY && somewhere_shared(m)));
}

/* ---- all is as the model says ---- */

static void check(void)
{
	size_t i, k, at;

	for (i = 0; i < CHAINS; i++) {
		const struct chain *c = &chains[i];
		struct iovec iov[MESSAGES * 2];
		uint8_t seen[MOST];

		if (!c->msg)
			continue;
		fuzz_must(maar_msg_total(c->msg) == c->n);
		fuzz_must(maar_msg_copy_out(c->msg, 0, seen, MOST) == c->n);
		fuzz_must(memcmp(seen, c->bytes, c->n) == 0);
		k = maar_msg_iovec(c->msg, iov, MESSAGES * 2);
		fuzz_must(k <= maar_msg_segments(c->msg) && k <= MESSAGES * 2);
		for (at = 0; k; k--)
			at += iov[k - 1].iov_len;
		fuzz_must(at == c->n);
	}
}

static void look(const struct chain *c, struct fuzz_input *in)
{
	const size_t offset = fuzz_below(in, c->n + 3), n = fuzz_below(in, c->n + 3);
	uint8_t buffer[MOST + 3];
	const void *seen = maar_msg_view(c->msg, offset, n, buffer);

	fuzz_must((seen != NULL) == (offset <= c->n && n <= c->n - offset));
	fuzz_must(!seen || memcmp(seen, c->bytes + offset, n) == 0);
}

/* ---- operations ---- */

static void fill(uint8_t *to, struct chain *c, size_t n, int front)
{
	if (front)
		memmove(c->bytes + n, c->bytes, c->n);
	for (size_t i = 0; i < n; i++)
		to[i] = c->bytes[(front ? 0 : c->n) + i] = next_byte++;
	c->n += n;
}

static void make(struct chain *c, struct fuzz_input *in)
{
	const size_t n = fuzz_below(in, ROOM + 1);
	const int had = free_in(pool) != 0;

	c->msg = maar_pool_get(pool);
	c->n = 0;
	fuzz_must((c->msg != NULL) == had);
	if (c->msg)
		fill(maar_msg_put(c->msg, n), c, n, 0);
}

static void free_page(struct maar_msg_memory *memory)
{
	struct page *page = (struct page *)(void *)memory; /* its first member */

	fuzz_must(page->used);
	page->used = 0;
	memset(page->bytes, 0xdd, sizeof(page->bytes));
}

static void make_of_memory(struct chain *c, struct fuzz_input *in)
{
	const size_t n = fuzz_below(in, PAGE + 1);
	struct page *page = pages;

	while (page < pages + PAGES && page->used)
		page++;
	if (page == pages + PAGES || !(c->msg = maar_pool_get(headers)))
		return;
	*page = (struct page){ .memory = { .data = page->bytes, .bytes = PAGE, .free_cb = free_page }, .used = 1 };
	c->n = 0;
	fill(page->bytes, c, n, 0);
	fuzz_must(maar_msg_attach_memory(c->msg, &page->memory, n) == 0);
}

static void grow(struct chain *c, struct fuzz_input *in)
{
	const int front = fuzz_byte(in) % 2;
	struct maar_msg *m = front ? c->msg : maar_msg_last(c->msg);
	const size_t n = fuzz_below(in, ROOM), room = front ? maar_msg_headroom(m) : maar_msg_tailroom(m);
	const int may = !maar_msg_is_shared(m) && n <= room;
	void *to;

	if (!alone_up_to(c->msg, m) || c->n + n > MOST)
		return;
	to = front ? maar_msg_push(m, n) : maar_msg_put(m, n);
	fuzz_must((to != NULL) == may);
	if (to)
		fill(to, c, n, front);
}

static void cut(struct chain *c, struct fuzz_input *in)
{
	const int front = fuzz_byte(in) % 2;
	const size_t n = fuzz_below(in, c->n + 2);
	const int rc = front ? maar_msg_cut_front(c->msg, n) : maar_msg_cut_back(c->msg, n);

	if (n > c->n) {
		fuzz_must(rc == -EMSGSIZE);
		return;
	}
	answered(rc, c->msg);
	if (rc)
		return;
	c->n -= n;
	if (front)
		memmove(c->bytes, c->bytes + n, c->n);
}

static void join(struct chain *c, struct chain *tail)
{
	int rc;

	if (c == tail || !tail->msg || c->n + tail->n > MOST)
		return;
	rc = maar_msg_chain(c->msg, tail->msg);
	if (rc == -EINVAL) {
		fuzz_must(maar_msg_last(c->msg) == maar_msg_last(tail->msg));
		return;
	}
	answered(rc, c->msg);
	if (rc)
		return;
	memcpy(c->bytes + c->n, tail->bytes, tail->n);
	c->n += tail->n;
	tail->msg = NULL;
}

/* What `from` has from `offset` on is now in `to`, and no longer in `from`. */
static void model_split(struct chain *from, struct chain *to, size_t offset)
{
	to->n = from->n - offset;
	memcpy(to->bytes, from->bytes + offset, to->n);
	from->n = offset;
}

static void split(struct chain *c, struct chain *to, struct fuzz_input *in)
{
	const size_t offset = fuzz_below(in, c->n + 2);
	const int had = free_in(headers) != 0;
	const int rc = maar_msg_split(c->msg, offset, headers, &to->msg);

	if (offset > c->n)
		fuzz_must(rc == -EINVAL && !to->msg);
	else if (rc == -ENOBUFS)
		fuzz_must(!had && !to->msg);
	else
		answered(rc, c->msg);
	fuzz_must((to->msg != NULL) == (rc == 0 && offset < c->n));
	if (to->msg)
		model_split(c, to, offset);
}

static void unchain(struct chain *c, struct chain *to)
{
	const size_t offset = maar_msg_length(c->msg);

	to->msg = maar_msg_unchain(c->msg);
	if (to->msg)
		model_split(c, to, offset);
	else
		fuzz_must(!maar_msg_next(c->msg) || c->msg->refs > 1);
}

static void duplicate(struct chain *c, struct chain *to, struct fuzz_input *in)
{
	struct maar_pool *from = fuzz_byte(in) % 2 ? pool : headers;
	const int copies = fuzz_byte(in) % 2;
	const size_t had = free_in(from);
	const size_t per = maar_pool_bytes(from);
	size_t want = maar_msg_segments(c->msg);

	if (copies)
		want = c->n == 0 ? 1 : per ? (c->n + per - 1) / per : MESSAGES + 1;
	to->msg = copies ? maar_msg_copy(from, c->msg) : maar_msg_clone(from, c->msg);
	fuzz_must((to->msg != NULL) == (had >= want));
	fuzz_must(free_in(from) == (to->msg ? had - want : had));
	if (!to->msg)
		return;
	fuzz_must(!copies || !somewhere_shared(to->msg));
	to->n = c->n;
	memcpy(to->bytes, c->bytes, c->n);
}

/* A new message on the bytes of the first of a chain. */
static void attach(struct chain *c, struct chain *to)
{
	to->msg = maar_pool_get(pool);
	if (!to->msg)
		return;
	fuzz_must(maar_msg_attach(to->msg, c->msg) == 0);
	to->n = maar_msg_length(c->msg);
	memcpy(to->bytes, c->bytes, to->n);
}

static void flatten(struct chain *c, struct fuzz_input *in)
{
	const int all = fuzz_byte(in) % 4 == 0;
	const size_t n = all ? c->n : fuzz_below(in, c->n + 2), length = maar_msg_length(c->msg);
	const int room = n <= length || n <= maar_msg_room(c->msg), shared = somewhere_shared(c->msg);

	if (all) {
		const int rc = maar_msg_linearize(c->msg);

		fuzz_must(rc == 0 || (rc == -EBUSY && shared) || (rc == -EMSGSIZE && !room));
		fuzz_must(rc || !maar_msg_next(c->msg));
	} else {
		const void *data = maar_msg_pullup(c->msg, n);

		fuzz_must(data ? n <= c->n && data == maar_msg_data(c->msg) : n > c->n || !room || shared);
		fuzz_must(!data || maar_msg_length(c->msg) >= n);
		fuzz_must(data || n > length);
	}
}

static void overwrite(struct chain *c, struct fuzz_input *in)
{
	const size_t offset = fuzz_below(in, c->n + 2), n = fuzz_below(in, c->n + 2);
	uint8_t bytes[MOST + 2];
	int rc;

	for (size_t i = 0; i < n; i++)
		bytes[i] = next_byte++;
	rc = maar_msg_copy_in(c->msg, offset, bytes, n);
	if (offset > c->n || n > c->n - offset) {
		fuzz_must(rc == -EMSGSIZE);
		return;
	}
	answered(rc, c->msg);
	if (!rc)
		memcpy(c->bytes + offset, bytes, n);
}

/* Another reference to a part of a chain. */
static void hold(struct chain *c, struct chain *to, struct fuzz_input *in)
{
	size_t skip = fuzz_below(in, maar_msg_segments(c->msg)), offset = 0;
	struct maar_msg *m = c->msg;

	for (; skip; skip--) {
		offset += maar_msg_length(m);
		m = maar_msg_next(m);
	}
	to->msg = maar_msg_retain(m);
	to->n = c->n - offset;
	memcpy(to->bytes, c->bytes + offset, to->n);
}

/* The first message's bytes go, and what it is attached to; with reset the others too. */
static void back_to_own(struct chain *c, struct fuzz_input *in)
{
	const int whole = fuzz_byte(in) % 2, attached = c->msg->attached != NULL, alone = c->msg->refs == 1;
	const size_t n = maar_msg_length(c->msg);
	const int rc = whole ? maar_msg_reset(c->msg) : maar_msg_detach(c->msg);

	fuzz_must(rc == (!whole && !attached ? -EINVAL : !alone ? -EBUSY : 0));
	if (rc)
		return;
	fuzz_must(!c->msg->attached && maar_msg_length(c->msg) == 0);
	c->n = whole ? 0 : c->n - n;
	memmove(c->bytes, c->bytes + n, c->n);
}

static void let_go(struct chain *c)
{
	fuzz_must(maar_msg_release(c->msg) == 0);
	c->msg = NULL;
}

static void step(struct fuzz_input *in)
{
	const unsigned op = fuzz_byte(in);
	struct chain *c = &chains[fuzz_byte(in) % CHAINS], *to = chains;

	while (to < chains + CHAINS && to->msg)
		to++;
	if (!c->msg) {
		if (op % 4)
			make(c, in);
		else
			make_of_memory(c, in);
	} else if (op % 16 < 10) {
		switch (op % 16) {
		case 0:
		case 1:
			join(c, &chains[fuzz_byte(in) % CHAINS]);
			break;
		case 2:
			grow(c, in);
			break;
		case 3:
			cut(c, in);
			break;
		case 4:
			flatten(c, in);
			break;
		case 5:
			overwrite(c, in);
			break;
		case 6:
			back_to_own(c, in);
			break;
		case 7:
			look(c, in);
			break;
		default:
			let_go(c);
		}
	} else if (to < chains + CHAINS) {
		switch (op % 16) {
		case 10:
		case 11:
			split(c, to, in);
			break;
		case 12:
			unchain(c, to);
			break;
		case 13:
			hold(c, to, in);
			break;
		case 14:
			attach(c, to);
			break;
		default:
			duplicate(c, to, in);
		}
	}
	check();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	const struct maar_pool_options with_headroom = { .headroom = HEADROOM };
	size_t i;

	pool = maar_pool_create(MESSAGES, ROOM, &with_headroom);
	headers = maar_pool_create(MESSAGES / 4, 0, NULL);
	fuzz_must(pool && headers);
	while (fuzz_more(&in))
		step(&in);
	for (i = 0; i < CHAINS; i++)
		if (chains[i].msg)
			let_go(&chains[i]);
	for (i = 0; i < PAGES; i++)
		fuzz_must(!pages[i].used);
	fuzz_must(maar_pool_destroy(pool) == 0 && maar_pool_destroy(headers) == 0);
	return 0;
}
