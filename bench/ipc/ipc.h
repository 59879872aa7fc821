/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The contestants that carry messages between processes, one file each. What `open` makes is inherited by the processes,
 * at the same address; `enter` is called in each of them, and `close` when all have ended.
 */
#ifndef BENCH_IPC_H
#define BENCH_IPC_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "bench/loop_ipc.h"

/* Of who carries all sizes. */
#define BENCH_IPC_STREAMS (BENCH_IPC_STREAM | BENCH_IPC_STREAM_LARGE)
#define BENCH_IPC_BUSIES  (BENCH_IPC_BUSY | BENCH_IPC_BUSY_LARGE)
#define BENCH_IPC_SLEEPS  (BENCH_IPC_ASLEEP | BENCH_IPC_ASLEEP_LARGE)
/* And of who has bits for the large ones. */
#define BENCH_IPC_LARGE (BENCH_IPC_STREAM_LARGE | BENCH_IPC_BUSY_LARGE | BENCH_IPC_ASLEEP_LARGE)

#define BENCH_IPC_MOST 16384 /* bytes of a message, in all cases */

MAAR_BEGIN_DECLS
extern const struct bench_peer bench_peer_ipc_maar;
extern const struct bench_peer bench_peer_ipc_life;
extern const struct bench_peer bench_peer_ipc_limits;
extern const struct bench_peer bench_peer_ipc_boost;
extern const struct bench_peer bench_peer_ipc_stream;
extern const struct bench_peer bench_peer_ipc_rte;
extern const struct bench_peer bench_peer_ipc_zmq;
extern const struct bench_peer bench_peer_ipc_nng;
extern const struct bench_peer bench_peer_ipc_iceoryx;

/* Rows that this system may not carry large messages of; *rows is changed accordingly (kernel.c). */
extern struct bench_peer bench_peer_ipc_mq;
const char *bench_ipc_mq_limits(void);

/* System calls made through the C library's syscall() in this process are counted here while it is not NULL (calls.c). */
extern uint64_t *bench_ipc_calls;
MAAR_END_DECLS

/* Memory that the processes share; NULL with a word on stderr. */
BENCH_INLINE void *bench_ipc_map(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory != MAP_FAILED)
		return memory;
	perror("mmap");
	return NULL;
}

#endif
