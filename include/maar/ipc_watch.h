/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A descriptor for a consumer of a queue between processes, for poll and epoll: it stands beside sockets, timers and
 * whatever else the program waits for.
 *
 *     fd = maar_ipc_fd(q);                once; into the epoll set (level-triggered, the default)
 *     for (;;) {
 *         maar_ipc_arm(q);                from now on fd is readable as long as there is something
 *         epoll_wait(...);
 *         maar_ipc_disarm(q);             fd is not readable from now on
 *         while (maar_ipc_take(q, &m, 0) == 1)
 *             ...                         until there is nothing
 *     }
 *
 * The contract: from arm until disarm the descriptor is readable as long as the queue is not empty, or is closed, or
 * marked as broken, or a participant has died that nobody has recovered yet. It may be readable without that: because
 * another consumer was faster, or a participant has come (whose death is watched for from the next arm on). Then
 * there is nothing to take, and the loop above goes on. A consumer that is not armed costs a producer no system call;
 * one that is armed costs one, once: then it is not armed any more. Of several that are armed all are told, since any
 * of them may be killed before it looks.
 *
 * Kill: whoever is killed armed costs the others at most one more system call. A producer that is killed after it has
 * published and before it has told is found by the armed consumers themselves: their descriptors have the ends of all
 * other participants in them (pidfd_open(2), Linux 5.3 on); disarm then recovers. And whoever recovers anything tells
 * all who are armed. So no wake-up is lost. (Without death notices, as where `death` is NULL, or of a process in
 * another pid namespace, it waits for somebody who recovers: take with a time-out, or maar_ipc_recover, by any
 * participant.) Dead letters are not told of.
 *
 * How a descriptor is made readable by another process is told by functions. Queues by name (<maar/ipc_names.h>)
 * bring their own, and need none of the caller's: a FIFO for each consumer that has called maar_ipc_fd, in the
 * directory of the queues, under a hidden name, opened by those who publish when they have something to tell for the
 * first time; removed at detach, by who recovers the dead, and by maar_ipc_unlink and maar_ipc_clean. Queues in the
 * caller's own memory have none until maar_ipc_set_bells. A descriptor each that was there before the processes were
 * forked, for instance:
 *
 *     static int bells[N];                                       eventfd(0, EFD_NONBLOCK), before the forks
 *     int open_bell(void *arg, uint32_t i, uint32_t life)        { return bells[i - 1]; }
 *     int ring_bell(void *arg, uint32_t i, uint32_t life)        { return eventfd_write(bells[i - 1], 1) ? -errno : 0; }
 *
 * All calls: not in a signal handler, and after fork not in the child, as <maar/ipc.h> has it. set_bells: before any
 * other call of this participant. fd, arm, disarm: one thread of the process at a time, beside others that do other
 * things with the queue. None waits for another process; a publish that has to tell takes a lock of its own process
 * for a system call or two. Where the ideas come from: doc/lineage.md; why it is right: doc/memory-model.md.
 */
#ifndef MAAR_IPC_WATCH_H
#define MAAR_IPC_WATCH_H

#include <maar/ipc.h>

MAAR_BEGIN_DECLS

/*
 * How participants are told by descriptors. i: a participant's number, from 1 on; life: another number for each that
 * has it in turn. None may wait.
 *   open   called by maar_ipc_fd: this one's descriptor, O_NONBLOCK, which ring makes readable, and reading to the end makes
 *          unreadable; it stays open's to close, after detach or in close. Or -errno
 *   ring   any thread: makes i's descriptor readable. 0, also if i is gone; below 0: it is tried again with the next message
 *   close  any thread, or NULL: i, which had called open, ends or is dead. Perhaps more than once, and by more than one
 *   death  or NULL. A new descriptor, which this library closes, readable when who is i has died; -ESRCH: it has; or -errno
 */
struct maar_ipc_bells {
	int (*open)(void *arg, uint32_t i, uint32_t life);
	int (*ring)(void *arg, uint32_t i, uint32_t life);
	void (*close)(void *arg, uint32_t i, uint32_t life);
	int (*death)(void *arg, uint32_t i);
	void *arg;
};

/*
 * Gives this participant the functions, which are copied. All that publish, close or recover are to have them, from
 * their attach on, or who is armed is not told. With attach's `life` NULL, `death` may be NULL: pid and start tell.
 * Returns 0, or
 *   -EINVAL  ipc or bells is NULL, or has no open or ring
 *   -EBUSY   it has bells already
 *   -ECHILD  it was the parent that attached
 */
MAAR_API int maar_ipc_set_bells(struct maar_ipc *ipc, const struct maar_ipc_bells *bells);

/*
 * The descriptor of this participant, made by the first call; it belongs to the queue, which closes it at detach.
 * Only to be waited on (it is an epoll set). Returns it, or
 *   -EINVAL   ipc is NULL, or the descriptor that `open` gave is not O_NONBLOCK
 *   -ENOTSUP  there are no bells
 *   -EPERM    this participant is no consumer
 *   -ECHILD   it was the parent that attached
 *   -EBADMSG  the segment is marked as broken
 *   -EMFILE, -ENFILE, -ENOMEM, -ENOSPC or what else mkfifo(2) and epoll_create(2) say, or `open` does
 * Costs a descriptor for the set, one for the FIFO, and from the first arm on one for each other participant.
 */
MAAR_API int maar_ipc_fd(struct maar_ipc *ipc);

/*
 * Arms, and looks. Returns 0: armed, and the queue was empty; 1: it is not empty or closed, and the descriptor is
 * readable; or
 *   -EINVAL  ipc is NULL, or has no descriptor
 *   -EPERM, -ECHILD, -EBADMSG  as fd
 *   -errno   what `ring` says, of itself
 * Cost: a store and a compare-and-swap, a look at each participant's entry, some 10 system calls for each that
 * has come since the last arm, and one if there is something.
 */
MAAR_API int maar_ipc_arm(struct maar_ipc *ipc);

/*
 * Makes the descriptor unreadable until the next arm, and recovers who has died. Returns 0, or -EINVAL, -EPERM,
 * -ECHILD or -EBADMSG as arm. Cost: one or two system calls; with a death, those of maar_ipc_recover.
 */
MAAR_API int maar_ipc_disarm(struct maar_ipc *ipc);

MAAR_END_DECLS

#endif
