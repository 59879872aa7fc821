/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What the survivors of a life that was cut off have had, message by message.
 */
#ifndef MAAR_TEST_KILL_IPC_ACCOUNT_H
#define MAAR_TEST_KILL_IPC_ACCOUNT_H

#include "../unit/ipcs.h"

#include "../../src/ipc/ipc_priv.h"

#define IPC_NUMBERS 512 /* of messages, at most */

struct ipc_account {
	unsigned char plain[IPC_NUMBERS], flagged[IPC_NUMBERS];
	uint64_t next;
	bool anew; /* the queue is not the one that the dead had slots of: that was removed */
};

static inline const char *ipc_take_all(struct maar_ipc *q, struct ipc_account *a)
{
	struct maar_ipc_message m;
	uint64_t n;
	int rc;

	while ((rc = maar_ipc_take(q, &m, 0)) == 1) {
		memcpy(&n, m.payload, sizeof(n));
		if (n >= a->next)
			return "a message is not what was sent";
		if (m.flags)
			a->flagged[n]++;
		else
			a->plain[n]++;
		if (maar_ipc_release(q, &m))
			return "a survivor's release fails";
	}
	return rc ? "a survivor's take fails" : NULL;
}

/* Round the rings; the dead have two slots. */
static inline const char *ipc_go_round(struct maar_ipc *q, struct ipc_account *a)
{
	const char *wrong = ipc_take_all(q, a);

	for (uint64_t i = 0; i <= q->rings[0].ring.mask + 1 && !wrong; i++) {
		const uint64_t n = a->next++;

		unit_must(n < IPC_NUMBERS);
		if (maar_ipc_send(q, &n, sizeof(n), NULL, 0) != 1)
			wrong = "a survivor finds no slot";
		else
			wrong = ipc_take_all(q, a);
	}
	return wrong;
}

/* All that were sent, once each; number 0 with a flag, if its first consumer is dead. */
static inline const char *ipc_judge_messages(const struct ipc_account *a, bool dead)
{
	for (uint64_t n = 0; n < a->next; n++) {
		if (a->plain[n] + a->flagged[n] != 1)
			return a->plain[n] + a->flagged[n] ? "a message came twice" : "a message is lost";
		if (a->flagged[n] != (dead && n == 0))
			return n || !dead ? "a message is flagged that nobody had" : "a flag is missing";
	}
	return NULL;
}

#endif
