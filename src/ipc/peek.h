/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A segment as somebody sees it who is no participant and has it mapped to be read only (report.c). What stands there changes
 * all the time, and may be anything: each word is loaded once, and checked before anything is looked up by it.
 */
#ifndef MAAR_IPC_PEEK_H
#define MAAR_IPC_PEEK_H

#include "ipc_priv.h"

/* What a participant has, by the owner words. */
struct maar__ipc_hands {
	uint32_t loaned, read;
};

/* What a participant says of itself; whether it lives, the caller knows. */
struct maar__ipc_entry_seen {
	uint64_t key;
	uint32_t roles; /* enum maar_ipc_role */
	uint32_t phase; /* enum maar__ipc_phase, if it is one */
};

/* The geometry of a segment, for the calls below and for no others. 0, or -errno as maar_ipc_attach says. */
int maar__ipc_peek(const void *mem, size_t bytes, struct maar_ipc *seen);

/* As maar_ipc_stats, but that who is dead is for the caller to find out. `hands`: of each number up to the most, from 0 on; or NULL. */
void maar__ipc_peek_stats(const struct maar_ipc *seen, struct maar_ipc_stats *stats, struct maar__ipc_hands *hands);

/* False: nobody is this number, which is from 1 to seen->max_participants. */
bool maar__ipc_peek_entry(const struct maar_ipc *seen, uint32_t number, struct maar__ipc_entry_seen *entry);

/* How many sleep, or are about to: consumers for a message, producers for room. */
void maar__ipc_peek_sleepers(const struct maar_ipc *seen, uint32_t *consumers, uint32_t *producers);

/*
 * The message at a position of a priority's ring, positions being from stats.taken[priority] up to stats.published[priority].
 * 1; 0: it is not there, or not any more; -EBADMSG: what stands there is none. Of the payload no more than `bytes` may be read.
 */
int maar__ipc_peek_message(const struct maar_ipc *seen, uint32_t priority, uint64_t position,
			   struct maar_ipc_message *message);

#endif
