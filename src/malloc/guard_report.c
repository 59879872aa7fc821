/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What is said of misuse: one paragraph on stderr, in one piece: the call, what is wrong, the block, who got it, who freed it,
 * and where the program is now.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* dladdr */
#endif
#include "guard.h"

#include "../base/symbol.h"
#include "../base/unwind.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How long a reader that does not read is waited for. */
#define PATIENCE_MS 10000

/* How often, and after what time, a lock that somebody has is tried again by who must not wait for it: a second. */
#define TRIALS	 200
#define TRIAL_NS 5000000

/* An address so far above a frame of this thread's is probably of its stack. */
#define STACK_BYTES ((uintptr_t)8 << 20)

static pthread_mutex_t speaking = PTHREAD_MUTEX_INITIALIZER;
static struct maar__paragraph paragraph;
static __thread bool speaks __attribute__((tls_model("initial-exec")));	  /* it is in the middle of saying something */
static __thread bool has_lock __attribute__((tls_model("initial-exec"))); /* it forks */

struct maar__paragraph *maar__say_begin(struct maar__speech *speech, int fd)
{
	sigset_t all;

	if (speaks)
		return NULL;
	/* write is where a thread may be cancelled, and free is not. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &speech->cancel);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &speech->signals);
	if (!has_lock)
		pthread_mutex_lock(&speaking);
	speaks = true;
	paragraph.fd = fd;
	paragraph.n = 0;
	return &paragraph;
}

void maar__say_done(const struct maar__speech *speech)
{
	speaks = false;
	if (!has_lock)
		pthread_mutex_unlock(&speaking);
	pthread_sigmask(SIG_SETMASK, &speech->signals, NULL);
	pthread_setcancelstate(speech->cancel, NULL);
}

void maar__say_lock(void)
{
	pthread_mutex_lock(&speaking);
	has_lock = true;
}

void maar__say_unlock(void)
{
	has_lock = false;
	pthread_mutex_unlock(&speaking);
}

void maar__say(struct maar__paragraph *p, const char *format, ...)
{
	const size_t room = sizeof(p->text) - p->n;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(p->text + p->n, room, format, args);
	va_end(args);
	if (n > 0)
		p->n += (size_t)n < room ? (size_t)n : room - 1;
}

void maar__say_end(struct maar__paragraph *p)
{
	struct pollfd ready = { .fd = p->fd, .events = POLLOUT };
	size_t from = 0;

	while (from < p->n) {
		const ssize_t n = write(p->fd, p->text + from, p->n - from);

		if (n >= 0)
			from += (size_t)n;
		else if (errno == EAGAIN ? poll(&ready, 1, PATIENCE_MS) <= 0 : errno != EINTR)
			break; /* nobody listens */
	}
	p->n = 0;
}

static void say_place(struct maar__paragraph *p, const char *before, uint64_t address)
{
	maar__say(p, "%s", before);
	maar__symbol_text(p->text + p->n, sizeof(p->text) - p->n, address);
	p->n += strlen(p->text + p->n);
	maar__say(p, "\n");
}

static void say_frames(struct maar__paragraph *p, const uint64_t *frames, unsigned n)
{
	unsigned i;

	for (i = 1; i < n; i++)
		say_place(p, "    from ", frames[i]);
}

/* operator new and delete by the names that people know. */
static const char *plain_name(const char *name)
{
	if (!strncmp(name, "_Znw", 4))
		return "operator new";
	if (!strncmp(name, "_Zna", 4))
		return "operator new[]";
	if (!strncmp(name, "_Zdl", 4))
		return "operator delete";
	return strncmp(name, "_Zda", 4) ? name : "operator delete[]";
}

void maar__say_site(struct maar__paragraph *p, uint32_t number)
{
	const struct maar__guard_site *site = maar__guard_site_at(number);
	char before[64];

	if (!site) {
		maar__say(p, " somewhere\n");
		return;
	}
	(void)snprintf(before, sizeof(before), " with %s at ", plain_name(site->name));
	say_place(p, before, site->frame[0]);
	say_frames(p, site->frame, site->frames);
}

static void say_bytes(struct maar__paragraph *p, const struct maar__misuse *m)
{
	const ptrdiff_t bytes = (ptrdiff_t)m->block.bytes;

	if (m->where < 0)
		maar__say(p, "  byte %td before it was written: %#x\n", -m->where, m->byte);
	else if (m->where < bytes)
		maar__say(p, "  byte %td of it was written: %#x\n", m->where, m->byte);
	else
		maar__say(p, "  byte %td behind its end was written: %#x\n", m->where - bytes, m->byte);
}

static void say_block(struct maar__paragraph *p, const struct maar__guard_block *b)
{
	maar__say(p, "  allocated by thread %u", b->got_thread);
	maar__say_site(p, b->got);
	if (b->freed) {
		maar__say(p, "  freed by thread %u", b->put_thread);
		maar__say_site(p, b->put);
	}
}

/* A pointer that is no block: what it is. */
static void say_foreign(struct maar__paragraph *p, const void *address)
{
	const uintptr_t here = (uintptr_t)__builtin_frame_address(0), at = (uintptr_t)address;
	struct maar__guard_block b;
	Dl_info info;

	if (maar__guard_near(address, false, &b)) {
		maar__say(p, "  it points to byte %td of the %sblock %p of %zu bytes\n",
			  (const unsigned char *)address - b.at, b.freed ? "freed " : "", (void *)b.at, b.bytes);
		say_block(p, &b);
	} else if (dladdr(address, &info) && info.dli_fname)
		maar__say(p, "  it points into %s%s%s\n", info.dli_fname, info.dli_sname ? ": " : "",
			  info.dli_sname ? info.dli_sname : "");
	else if (at >= here && at - here < STACK_BYTES)
		maar__say(p, "  it points into this thread's stack\n");
	else
		maar__say(p, "  nothing is known of it: it never was a block, or was freed long ago\n");
}

/* After a call that returns to `where`; or, `at`, at an access. */
static void say_now(struct maar__paragraph *p, const void *where, bool at)
{
	uint64_t frames[MAAR__GUARD_DEPTH];
	unsigned n;

	n = maar__unwind(where, NULL, frames, MAAR__GUARD_DEPTH);
	maar__say(p, "  now in thread %u", maar__thread_id());
	say_place(p, " at ", frames[0] + at);
	say_frames(p, frames, n);
}

void maar__guard_report(const struct maar__misuse *m, const struct maar__call *call)
{
	struct maar__speech speech;
	struct maar__paragraph *p = maar__say_begin(&speech, STDERR_FILENO);

	if (!p)
		return;
	maar__say(p, "maar: misuse: %s: %s: %p", call ? plain_name(call->name) : "found late", m->what, m->address);
	if (m->block.at)
		maar__say(p, ", a block of %zu bytes", m->block.bytes);
	maar__say(p, "\n");
	if (m->written)
		say_bytes(p, m);
	if (m->block.at)
		say_block(p, &m->block);
	else
		say_foreign(p, m->address);
	if (call)
		say_now(p, call->caller, false);
	maar__say_end(p);
	maar__say_done(&speech);
	if (maar__guard.stop)
		abort();
}

void maar__guard_report_access(const struct maar__misuse *m, const void *pc)
{
	struct maar__speech speech;
	struct maar__paragraph *p = maar__say_begin(&speech, STDERR_FILENO);

	if (!p)
		return;
	maar__say(p, "maar: misuse: memory access: %s: %p, a block of %zu bytes\n", m->what, (void *)m->block.at,
		  m->block.bytes);
	if (m->where < 0)
		maar__say(p, "  byte %td before it, %p, was touched\n", -m->where, m->address);
	else
		maar__say(p, "  byte %td from its beginning, %p, was touched\n", m->where, m->address);
	say_block(p, &m->block);
	say_now(p, pc, true);
	maar__say_end(p);
	maar__say_done(&speech);
}

/* ---- the block next to an address ---- */

static bool is_near(const struct maar__guard_block *b, const unsigned char *address)
{
	return address >= b->raw && address < b->raw + b->raw_bytes;
}

static bool look_near(struct maar__guard_shard *s, const void *address, struct maar__guard_block *block)
{
	struct maar__guard_block *b;
	size_t slots, i;

	b = maar__guard_records(s, &slots);
	for (i = 0; i < slots; i++)
		if (b[i].at && is_near(&b[i], address)) {
			*block = b[i];
			return true;
		}
	return false;
}

/* One round. *more: some had to be passed by. */
static bool try_near(const void *address, struct maar__guard_block *block, bool *more)
{
	struct maar__guard_shard *s;
	bool found = false;

	*more = false;
	for (s = maar__guard_next(NULL); s && !found; s = maar__guard_next(s)) {
		if (!maar__guard_trylock_shard(s)) {
			*more = true;
			continue;
		}
		found = look_near(s, address, block);
		maar__guard_unlock_shard(s);
	}
	return found;
}

bool maar__guard_near(const void *address, bool try, struct maar__guard_block *block)
{
	const struct timespec pause = { .tv_nsec = TRIAL_NS };
	struct maar__guard_shard *s;
	sigset_t before;
	bool found = false, more = true;
	unsigned i;

	for (i = 0; try && more && !found && i < TRIALS; i++) {
		if (i)
			nanosleep(&pause, NULL);
		found = try_near(address, block, &more);
	}
	for (s = maar__guard_next(NULL); !try && s && !found; s = maar__guard_next(s)) {
		maar__guard_lock_shard(s, &before);
		found = look_near(s, address, block);
		maar__guard_unlock(s, &before);
	}
	return found;
}
