/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * liburcu, bp flavour (readers register themselves), behind three calls, and its hash table. This is the one place where liburcu enters,
 * and the one place with annotations for ThreadSanitizer, which cannot see that a grace period orders a reader's last
 * access before the memory is freed. What is protected, and by which read side: doc/memory-model.md, "liburcu".
 */
#ifndef MAAR_RCU_H
#define MAAR_RCU_H

#include <stddef.h>

#include <urcu/urcu-bp.h>

#include <urcu/rculfhash.h>

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

/*
 * liburcu's lock-free hash table, of a fixed number of buckets (so that it neither allocates nor starts a thread after
 * it was made). Nodes are only added: whoever found one may keep it after the read side, as long as the table lives.
 */
typedef struct cds_lfht maar__rcu_table;
typedef struct cds_lfht_node maar__rcu_node;
#define maar__rcu_entry(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

/* `buckets`: a power of two. NULL if there is no memory. */
static inline maar__rcu_table *maar__rcu_table_new(unsigned long buckets)
{
	return cds_lfht_new_flavor(buckets, buckets, buckets, 0, &urcu_bp_flavor, NULL);
}

/* Alone, and not from within a read side. The nodes are the caller's again. NULL: nothing. */
static inline void maar__rcu_table_free(maar__rcu_table *table)
{
	struct cds_lfht_iter at;

	if (!table)
		return;
	urcu_bp_read_lock();
	for (cds_lfht_first(table, &at); cds_lfht_iter_get_node(&at); cds_lfht_next(table, &at))
		(void)cds_lfht_del(table, cds_lfht_iter_get_node(&at));
	urcu_bp_read_unlock();
	(void)cds_lfht_destroy(table, NULL);
}

/* Inside a read side: the node of that hash of which `is(node, wanted)` says 1, or NULL. */
static inline maar__rcu_node *maar__rcu_table_find(maar__rcu_table *table, unsigned long hash,
						   int (*is)(maar__rcu_node *, const void *), const void *wanted)
{
	struct cds_lfht_iter at;

	cds_lfht_lookup(table, hash, is, wanted, &at);
	return cds_lfht_iter_get_node(&at);
}

/* Inside a read side: adds `node`, unless there is such a one; returns the one that is in the table now. */
static inline maar__rcu_node *maar__rcu_table_add(maar__rcu_table *table, unsigned long hash,
						  int (*is)(maar__rcu_node *, const void *), const void *wanted,
						  maar__rcu_node *node)
{
	return cds_lfht_add_unique(table, hash, is, wanted, node);
}

#endif
