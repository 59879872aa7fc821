/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Accesses that a page stops. The handler says which block it was, puts back what was there before it, and returns: the access
 * is made again, and ends as it would have ended without us.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* REG_RIP */
#endif
#include "guard.h"

#include <errno.h>
#include <ucontext.h>

static struct sigaction old;

static const void *pc_of(const void *context)
{
	const ucontext_t *u = context;

#if defined(__x86_64__)
	return (const void *)u->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
	return (const void *)u->uc_mcontext.pc;
#else
	(void)u;
	return NULL;
#endif
}

static void judge(struct maar__misuse *m)
{
	const struct maar__guard_block *b = &m->block;

	m->where = (const unsigned char *)m->address - b->at;
	if (b->freed)
		m->what = "use after free";
	else
		m->what = m->where < 0 ? "underflow" : "overflow";
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	struct maar__misuse m = { .address = info->si_addr };
	const int saved = errno;
	int cancel;

	/* What waits for a lock is a place where a thread may be cancelled. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	if (info->si_code > 0 && maar__guard_near(m.address, true, &m.block) && m.block.paged) {
		judge(&m);
		maar__guard_report_access(&m, pc_of(context));
	}
	sigaction(number, &old, NULL);
	if (info->si_code <= 0) /* somebody sent it: it does not come again by itself */
		raise(number);
	pthread_setcancelstate(cancel, NULL);
	errno = saved;
}

void maar__guard_catch_faults(void)
{
	/* Not on a stack for signals: they are often as little as a handler without back traces needs. */
	struct sigaction action = { .sa_flags = SA_SIGINFO };

	if (!maar__guard.sample)
		return; /* no pages, nothing to tell */
	action.sa_sigaction = on_fault;
	sigfillset(&action.sa_mask);
	sigaction(SIGSEGV, &action, &old);
}
