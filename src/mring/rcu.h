/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * liburcu, bp flavour (readers register themselves), behind three calls. This is the one place where liburcu enters,
 * and the one place with annotations for ThreadSanitizer, which cannot see that a grace period orders a reader's last
 * access before the memory is freed. What is protected, and by which read side: doc/memory-model.md, "liburcu".
 */
#ifndef MAAR_RCU_H
#define MAAR_RCU_H

#include <urcu/urcu-bp.h>

#ifdef __SANITIZE_THREAD__
#define MAAR__TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MAAR__TSAN 1
#endif
#endif

#ifdef MAAR__TSAN
void __tsan_acquire(void *address);
void __tsan_release(void *address);
extern char maar__rcu_token; /* stands for "every read-side section that has ended"; registry.c */
#define maar__rcu_reader_done()	 __tsan_release(&maar__rcu_token)
#define maar__rcu_readers_seen() __tsan_acquire(&maar__rcu_token)
#else
#define maar__rcu_reader_done()	 ((void)0)
#define maar__rcu_readers_seen() ((void)0)
#endif

/* liburcu's part of a fork: without it a reader that the child does not have would be waited for in it for ever. */
static inline void maar__rcu_before_fork(void)
{
	urcu_bp_before_fork();
}

static inline void maar__rcu_after_fork_in_parent(void)
{
	urcu_bp_after_fork_parent();
}

static inline void maar__rcu_after_fork_in_child(void)
{
	urcu_bp_after_fork_child();
}

static inline void maar__rcu_read_lock(void)
{
	urcu_bp_read_lock();
}

static inline void maar__rcu_read_unlock(void)
{
	maar__rcu_reader_done();
	urcu_bp_read_unlock();
}

/* Returns when every read-side section that was running has ended. Not from within one. */
static inline void maar__rcu_synchronize(void)
{
	urcu_bp_synchronize_rcu();
	maar__rcu_readers_seen();
}

#endif
