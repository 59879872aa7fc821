/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Misuse under MAAR_DEBUG, program and library: each stops the program and says which call and why, a double put also
 * who did it. Each case runs in a child of its own, whose stderr is read. Correct programs run, and are silent.
 */
#include "child.h"

#include <maar/batch_ring.h>
#include <maar/byte_ring.h>
#include <maar/channel.h>
#include <maar/broadcast.h>
#include <maar/chain.h>
#include <maar/object_pool.h>
#include <maar/queue.h>
#include <maar/topic.h>
#include <maar/select.h>
#include <maar/record_ring.h>
#include <maar/ring.h>
#include <maar/slot_ring.h>
#include <maar/wait.h>

#include <dlfcn.h>
#include <sys/syscall.h>
#include <unistd.h>

static void must_stop(void (*misuse)(void), struct child *said)
{
	child_run_to(misuse, _exit, said); /* not through exit: what is left of a misuse is no leak */
	ck_assert_msg(WIFSIGNALED(said->status) && WTERMSIG(said->status) == SIGABRT,
		      "not aborted: status %#x, stderr:\n%s", (unsigned)said->status, said->text);
	unit_assert_contains(said->text, "maar: misuse: ");
}

/* ---- misuse, one function each ---- */

static uint64_t words[4];
static void *slots[4];
static struct maar_msg *msgs[4];

static struct maar_ring *ring(unsigned flags)
{
	struct maar_ring *r = maar_ring_create(8, flags);

	if (!r)
		_exit(1);
	return r;
}

static struct maar_mring *mring(void)
{
	struct maar_mring *m = maar_mring_create(200, 100, NULL);

	if (!m)
		_exit(1);
	return m;
}

static struct maar_pool *pool(void)
{
	struct maar_pool *p = maar_pool_create(200, 100, NULL);

	if (!p)
		_exit(1);
	return p;
}

#define MISUSE(name, ...)                                                                                              \
	static void name(void)                                                                                         \
	{                                                                                                              \
		__VA_ARGS__;                                                                                           \
	}

MISUSE(enqueue_null, maar_ring_enqueue(NULL, 1))
MISUSE(dequeue_null, maar_ring_dequeue(NULL, &words[0]))
MISUSE(mp_on_sp, maar_ring_enqueue_mp(ring(MAAR_RING_SPSC), 1))
MISUSE(mp_bulk_on_sp, maar_ring_enqueue_bulk_mp(ring(MAAR_RING_SPMC), words, 2))
MISUSE(mp_burst_on_sp, maar_ring_enqueue_burst_mp(ring(MAAR_RING_SPMC), words, 2))
MISUSE(mc_on_sc, maar_ring_dequeue_mc(ring(MAAR_RING_SPSC), words))
MISUSE(mc_bulk_on_sc, maar_ring_dequeue_bulk_mc(ring(MAAR_RING_MPSC | MAAR_RING_TICKET), words, 2))
MISUSE(mc_burst_on_sc, maar_ring_dequeue_burst_mc(ring(MAAR_RING_SPSC), words, 2))
MISUSE(null_pointer, maar_ring_enqueue_ptr(ring(MAAR_RING_SPSC), NULL))
MISUSE(null_in_burst, maar_ring_enqueue_burst_ptr(ring(MAAR_RING_SPSC), slots, 4))
#if MAAR_HAVE_CAS2
MISUSE(bulk_on_lock_free, maar_ring_enqueue_bulk(ring(MAAR_RING_MPMC), words, 2))
MISUSE(bulk_mp_on_lock_free, maar_ring_enqueue_bulk_mp(ring(MAAR_RING_MPSC), words, 2))
#endif

static struct maar_broadcast *broadcast(unsigned flags)
{
	struct maar_broadcast *b = maar_broadcast_create(4, sizeof(words[0]), 2, flags);

	if (!b)
		_exit(1);
	return b;
}

static struct maar_broadcast_reader no_reader;

MISUSE(publish_null, maar_broadcast_publish(NULL, words))
MISUSE(read_null, maar_broadcast_read(NULL, words, NULL))
MISUSE(read_no_reader, maar_broadcast_read(&no_reader, words, NULL))
MISUSE(reserve_elsewhere, maar_broadcast_reserve(broadcast(0)))
MISUSE(commit_nothing, maar_broadcast_commit(broadcast(MAAR_BROADCAST_IN_PLACE)))

static void broadcast_destroyed_twice(void)
{
	static char memory[4096] __attribute__((aligned(MAAR_APART)));

	if (maar_broadcast_init(memory, sizeof(memory), 8, 8, 1, 0))
		return;
	maar_broadcast_destroy((void *)memory);
	maar_broadcast_destroy((void *)memory);
}

static void ring_destroyed_twice(void)
{
	static char memory[4096] __attribute__((aligned(MAAR_APART)));

	if (maar_ring_init(memory, sizeof(memory), 8, MAAR_RING_SPSC))
		return;
	maar_ring_destroy((void *)memory);
	maar_ring_destroy((void *)memory);
}

static struct maar_record_ring *records(void)
{
	struct maar_record_ring *r = maar_record_ring_create(1024, 0);

	if (!r)
		_exit(1);
	return r;
}

static struct maar_byte_ring *byte_ring(void)
{
	struct maar_byte_ring *r = maar_byte_ring_create(8, 0);

	if (!r)
		_exit(1);
	return r;
}

static size_t says_too_much(void *record, size_t length, void *arg)
{
	(void)record, (void)arg;
	return length + 1;
}

static const struct iovec no_piece = { NULL, 1 };

MISUSE(record_null, (void)maar_record_ring_reserve(NULL, 1))
MISUSE(record_enqueue_null, maar_record_ring_enqueue(records(), NULL, 1))
MISUSE(record_enqueue_v_null, maar_record_ring_enqueue_v(records(), NULL, 1))
MISUSE(record_enqueue_v_of_null, maar_record_ring_enqueue_v(records(), &no_piece, 1))
MISUSE(record_no_hook, maar_record_ring_enqueue_with(records(), 1, NULL, NULL))
MISUSE(record_hook_too_much, maar_record_ring_enqueue_with(records(), 1, says_too_much, NULL))
MISUSE(record_foreign, maar_record_ring_commit(records(), words))
MISUSE(record_of_other, maar_record_ring_commit(records(), maar_record_ring_reserve(records(), 1)))
MISUSE(record_misaligned, struct maar_record_ring *r = records();
       maar_record_ring_discard(r, (char *)maar_record_ring_reserve(r, 10) + 8))
MISUSE(record_committed_twice, struct maar_record_ring *r = records(); void *record = maar_record_ring_reserve(r, 10);
       maar_record_ring_commit(r, record); maar_record_ring_commit(r, record))
MISUSE(record_discarded_after_commit, struct maar_record_ring *r = records();
       void *record = maar_record_ring_reserve(r, 10); maar_record_ring_commit(r, record);
       maar_record_ring_discard(r, record))
MISUSE(record_too_long, struct maar_record_ring *r = records();
       maar_record_ring_commit_short(r, maar_record_ring_reserve(r, 10), 11))
MISUSE(record_dequeue_null, struct maar_record_ring *r = records(); maar_record_ring_enqueue(r, "a", 1);
       maar_record_ring_dequeue(r, NULL, 1, NULL))

MISUSE(batch_null, (void)maar_batch_ring_count(NULL))
MISUSE(batch_too_many, uint32_t handles[5] = { 0 };
       (void)maar_batch_ring_enqueue(maar_batch_ring_create(4, 4, 0), handles, 5))

static void batch_destroyed_twice(void)
{
	static char memory[4096] __attribute__((aligned(MAAR_APART)));

	if (maar_batch_ring_init(memory, sizeof(memory), 4, 4, MAAR_BATCH_RING_TICKET))
		return;
	maar_batch_ring_destroy((void *)memory);
	maar_batch_ring_destroy((void *)memory);
}

static struct maar_slot_ring *cells(unsigned flags)
{
	struct maar_slot_ring *r = maar_slot_ring_create(8, 24, flags);

	if (!r)
		_exit(1);
	return r;
}

static char element[4 * 24];

MISUSE(slots_null, (void)maar_slot_ring_reserve(NULL))
MISUSE(slots_order, struct maar_slot_ring *r = cells(MAAR_SLOT_RING_SPSC); (void)maar_slot_ring_reserve(r);
       maar_slot_ring_commit(r, maar_slot_ring_reserve(r)))
MISUSE(slots_foreign, maar_slot_ring_commit(cells(MAAR_SLOT_RING_TICKET), element))
MISUSE(slots_twice, struct maar_slot_ring *r = cells(MAAR_SLOT_RING_MPMC); void *slot = maar_slot_ring_reserve(r);
       maar_slot_ring_commit(r, slot); maar_slot_ring_commit(r, slot))
MISUSE(slots_release_spsc, maar_slot_ring_release(cells(MAAR_SLOT_RING_SPSC), element))
MISUSE(slots_release_reserved, struct maar_slot_ring *r = cells(MAAR_SLOT_RING_TICKET);
       maar_slot_ring_release(r, maar_slot_ring_reserve(r)))
MISUSE(slots_abort_spsc, maar_slot_ring_abort(cells(MAAR_SLOT_RING_SPSC), element))
MISUSE(slots_abort_ticket, struct maar_slot_ring *r = cells(MAAR_SLOT_RING_TICKET);
       maar_slot_ring_abort(r, maar_slot_ring_reserve(r)))
MISUSE(slots_unpeek, maar_slot_ring_unpeek(cells(MAAR_SLOT_RING_MPMC), element))
MISUSE(slots_enqueue_out, struct maar_slot_ring *r = cells(MAAR_SLOT_RING_SPSC); (void)maar_slot_ring_reserve(r);
       maar_slot_ring_enqueue(r, element))
MISUSE(slots_dequeue_out, struct maar_slot_ring *r = cells(MAAR_SLOT_RING_SPSC); maar_slot_ring_enqueue(r, element);
       (void)maar_slot_ring_peek(r); maar_slot_ring_dequeue(r, element))
MISUSE(slots_drain_out, struct maar_slot_ring *r = cells(MAAR_SLOT_RING_SPSC); maar_slot_ring_enqueue(r, element);
       (void)maar_slot_ring_peek(r); maar_slot_ring_drain(r, NULL, NULL))
MISUSE(slots_bulk_in, maar_slot_ring_enqueue_bulk(cells(MAAR_SLOT_RING_MPMC), element, 2))
MISUSE(slots_bulk_out, maar_slot_ring_dequeue_bulk(cells(MAAR_SLOT_RING_MPSC), element, 2))
MISUSE(slots_assume, (void)maar_slot_ring_assume(cells(MAAR_SLOT_RING_MPSC), 24, MAAR_SLOT_RING_MPMC))

static void slots_destroyed_twice(void)
{
	static char memory[4096] __attribute__((aligned(MAAR_APART)));

	if (maar_slot_ring_init(memory, sizeof(memory), 8, 24, MAAR_SLOT_RING_TICKET))
		return;
	maar_slot_ring_destroy((void *)memory);
	maar_slot_ring_destroy((void *)memory);
}

static void record_destroyed_twice(void)
{
	static char memory[4096] __attribute__((aligned(MAAR_APART)));

	if (maar_record_ring_init(memory, sizeof(memory), 1024, 0))
		return;
	maar_record_ring_destroy((void *)memory);
	maar_record_ring_destroy((void *)memory);
}

static void byte_ring_destroyed_twice(void)
{
	static char memory[4096] __attribute__((aligned(MAAR_APART)));

	if (maar_byte_ring_init(memory, sizeof(memory), 8, 0))
		return;
	maar_byte_ring_destroy((void *)memory);
	maar_byte_ring_destroy((void *)memory);
}

MISUSE(bytes_put_null, maar_byte_ring_put(NULL, words, 1))
MISUSE(bytes_get_null, maar_byte_ring_get(NULL, words, 1))
MISUSE(bytes_read_from_null, maar_byte_ring_read_from(NULL, 0, 1))
MISUSE(commit_nothing_offered, maar_byte_ring_commit(byte_ring(), 1))
MISUSE(commit_too_much, struct maar_byte_ring *r = byte_ring(); struct iovec spans[2];
       maar_byte_ring_write_spans(r, spans, 3); maar_byte_ring_commit(r, 4))

static struct maar_wait *wait_for(unsigned flags)
{
	struct maar_wait *w = maar_wait_create(ring(flags), 0);

	if (!w)
		_exit(1);
	return w;
}

MISUSE(event_notify_null, maar_event_notify_one(NULL))
MISUSE(event_wait_null, (void)maar_event_until(NULL, 0, 0))
MISUSE(event_close_null, maar_event_close(NULL))
MISUSE(wait_enqueue_null, maar_wait_enqueue(NULL, 1, 0))
MISUSE(wait_enqueue_none, maar_wait_enqueue_burst(wait_for(MAAR_RING_SPSC), words, 0, 0))
MISUSE(wait_dequeue_nowhere, maar_wait_dequeue(wait_for(MAAR_RING_SPSC), NULL, 0))

static void wait_destroyed_twice(void)
{
	static char memory[1024] __attribute__((aligned(MAAR_APART)));

	if (maar_wait_init(memory, sizeof(memory), ring(MAAR_RING_SPSC), 0))
		return;
	maar_wait_destroy((void *)memory);
	maar_wait_destroy((void *)memory);
}

static struct maar_queue *queue(void)
{
	struct maar_queue *q = maar_queue_create(maar_mring_create(4, 128, NULL), 0, 0);

	if (!q)
		_exit(1);
	return q;
}

static void queue_destroyed_twice(void)
{
	static char memory[4096] __attribute__((aligned(MAAR_APART)));

	if (maar_queue_init(memory, sizeof(memory), maar_mring_create(4, 128, NULL), 0, 0))
		return;
	maar_queue_destroy((void *)memory);
	maar_queue_destroy((void *)memory);
}

static struct maar_channel *channel(void)
{
	return maar_channel_create(4, 8, NULL);
}

MISUSE(channel_send_null, maar_channel_send(NULL, NULL))
MISUSE(channel_send_foreign, struct maar_msg *m; maar_channel_reserve(channel(), &m); maar_channel_send(channel(), m))
MISUSE(channel_recv_null, maar_channel_recv(channel(), NULL, 0))
MISUSE(select_add_null, (void)maar_select_add(NULL, channel(), NULL))
MISUSE(topic_publish_null, maar_topic_publish(NULL, NULL))
MISUSE(queue_enqueue_null_queue, maar_queue_enqueue(NULL, 1))
MISUSE(queue_enqueue_null, maar_queue_enqueue_ptr(queue(), NULL))
MISUSE(queue_release_too_many, maar_queue_release(queue(), 1))
MISUSE(queue_trim_null, maar_queue_trim(NULL))

MISUSE(mring_get_null, (void)maar_mring_get(NULL))
MISUSE(mring_put_null_mring, maar_mring_put(NULL, words))
MISUSE(mring_put_null_slot, maar_mring_put(mring(), NULL))
MISUSE(mring_get_bulk_null, maar_mring_get_bulk(NULL, slots, 4))
MISUSE(mring_get_bulk_no_array, maar_mring_get_bulk(mring(), NULL, 4))
MISUSE(mring_put_bulk_null, maar_mring_put_bulk(NULL, slots, 4))
MISUSE(mring_put_bulk_of_null, maar_mring_put_bulk(mring(), slots, 4))
MISUSE(mring_put_foreign, maar_mring_put(mring(), words))
MISUSE(mring_put_of_other, maar_mring_put(mring(), maar_mring_get(mring())))
MISUSE(mring_put_misaligned, struct maar_mring *m = mring(); maar_mring_put(m, (char *)maar_mring_get(m) + 8))
MISUSE(mring_put_unused, struct maar_mring *m = mring(); maar_mring_put(m, maar_mring_slot(m, 7)))
MISUSE(mring_put_twice, struct maar_mring *m = mring(); void *slot = maar_mring_get(m); maar_mring_put(m, slot);
       maar_mring_put(m, slot))
MISUSE(mring_put_bulk_twice, struct maar_mring *m = mring(); slots[0] = slots[1] = maar_mring_get(m);
       maar_mring_put_bulk(m, slots, 2))
static struct maar_mring no_mring;
MISUSE(mring_destroy_none, maar_mring_destroy(&no_mring))

MISUSE(pool_get_null, (void)maar_pool_get(NULL))
MISUSE(pool_put_null_pool, struct maar_msg *m = maar_pool_get(pool()); maar_pool_put(NULL, m))
MISUSE(pool_put_null_msg, maar_pool_put(pool(), NULL))
MISUSE(pool_get_bulk_null, maar_pool_get_bulk(NULL, msgs, 4))
MISUSE(pool_put_bulk_null, maar_pool_put_bulk(NULL, msgs, 4))
MISUSE(release_null, maar_msg_release(NULL))
MISUSE(pool_put_foreign, maar_pool_put(pool(), (void *)words))
MISUSE(pool_put_of_other, maar_pool_put(pool(), maar_pool_get(pool())))
MISUSE(pool_put_misaligned, struct maar_pool *p = pool(); maar_pool_put(p, (void *)((char *)maar_pool_get(p) + 8)))
MISUSE(pool_put_twice, struct maar_pool *p = pool(); struct maar_msg *m = maar_pool_get(p); maar_pool_put(p, m);
       maar_pool_put(p, m))
MISUSE(pool_release_twice, struct maar_msg *m = maar_pool_get(pool()); maar_msg_release(m); maar_msg_release(m))
MISUSE(pool_put_bulk_twice, struct maar_pool *p = pool(); msgs[0] = msgs[1] = maar_pool_get(p);
       maar_pool_put_bulk(p, msgs, 2))
MISUSE(release_bulk_null, (void)maar_msg_release_bulk(NULL, 4))
MISUSE(release_bulk_twice, struct maar_pool *p = pool(); msgs[0] = msgs[1] = maar_pool_get(p);
       maar_msg_release_bulk(msgs, 2))
MISUSE(clone_null, (void)maar_msg_clone(NULL, maar_pool_get(pool())))
MISUSE(chain_null, maar_msg_chain(maar_pool_get(pool()), NULL))
MISUSE(attach_null, maar_msg_attach(NULL, maar_pool_get(pool())))
MISUSE(attach_memory_null, maar_msg_attach_memory(maar_pool_get(pool()), NULL, 0))
MISUSE(detach_null, maar_msg_detach(NULL))
MISUSE(reset_null, maar_msg_reset(NULL))
MISUSE(split_null, maar_msg_split(maar_pool_get(pool()), 0, NULL, NULL))
MISUSE(linearize_null, maar_msg_linearize(NULL))
MISUSE(copy_null, (void)maar_msg_copy(pool(), NULL))
MISUSE(pull_of_held, (void)maar_msg_pull(maar_msg_retain(maar_pool_get(pool())), 0))
MISUSE(trim_of_free, struct maar_msg *m = maar_pool_get(pool()); maar_msg_release(m); maar_msg_trim(m, 0))
MISUSE(retain_of_free, struct maar_msg *m = maar_pool_get(pool()); maar_msg_release(m); maar_msg_retain(m))

static int no_work(uint64_t *object, void *arg)
{
	(void)object, (void)arg;
	return 0;
}

static void no_end(uint64_t *object)
{
	(void)object;
}

MAAR_OBJECT_POOL(number, uint64_t, no_work, no_end);

/* The object pool answers -EALREADY itself; its mring is told only if the answer was missed. */
MISUSE(object_behind_its_pool, struct number_pool *p = number_pool_create(4);
       void *object = p ? number_pool_get(p, NULL) : NULL; maar_mring_put(number_pool_mring(p), object);
       number_pool_put(p, object))

/* What all the others end in. */
MISUSE(by_name, maar__debug_fail("a call", "and what is wrong with it"))

#define SAYS(name, call, what)                                                                                         \
	{                                                                                                              \
#name, name, call ": ", what                                                                           \
	}

static const struct {
	const char *name;
	void (*misuse)(void);
	const char *call, *what;
} misuses[] = {
	SAYS(enqueue_null, "maar_ring", "NULL ring"),
	SAYS(dequeue_null, "maar_ring", "NULL ring"),
	SAYS(mp_on_sp, "maar_ring_enqueue*_mp", "many-producer enqueue on a single-producer ring"),
	SAYS(mp_bulk_on_sp, "maar_ring_enqueue*_mp", "many-producer enqueue on a single-producer ring"),
	SAYS(mp_burst_on_sp, "maar_ring_enqueue*_mp", "many-producer enqueue on a single-producer ring"),
	SAYS(mc_on_sc, "maar_ring_dequeue*_mc", "many-consumer dequeue on a single-consumer ring"),
	SAYS(mc_bulk_on_sc, "maar_ring_dequeue*_mc", "many-consumer dequeue on a single-consumer ring"),
	SAYS(mc_burst_on_sc, "maar_ring_dequeue*_mc", "many-consumer dequeue on a single-consumer ring"),
	SAYS(null_pointer, "maar_ring_enqueue_ptr", "NULL enqueued as a pointer"),
	SAYS(null_in_burst, "maar_ring_enqueue_burst_ptr", "NULL enqueued as a pointer"),
#if MAAR_HAVE_CAS2
	SAYS(bulk_on_lock_free, "maar_ring_enqueue_bulk*", "bulk enqueue on a lock-free many-producer ring"),
	SAYS(bulk_mp_on_lock_free, "maar_ring_enqueue_bulk*", "bulk enqueue on a lock-free many-producer ring"),
#endif
	SAYS(ring_destroyed_twice, "maar_ring_destroy_each", "destroyed before"),
	SAYS(batch_null, "maar_batch_ring_count", "NULL ring"),
	SAYS(batch_too_many, "maar_batch_ring_enqueue", "more handles than a batch"),
	SAYS(batch_destroyed_twice, "maar_batch_ring_destroy_each", "not a batch ring, or one destroyed before"),
	SAYS(slots_null, "maar_slot_ring", "NULL ring"),
	SAYS(slots_order, "maar_slot_ring_commit", "not the slot to commit next"),
	SAYS(slots_foreign, "maar_slot_ring_commit", "not a slot of this ring's that is reserved"),
	SAYS(slots_twice, "maar_slot_ring_commit", "not a slot of this ring's that is reserved"),
	SAYS(slots_release_spsc, "maar_slot_ring_release", "not the slot to release next"),
	SAYS(slots_release_reserved, "maar_slot_ring_release", "not a slot of this ring's that was peeked at"),
	SAYS(slots_abort_spsc, "maar_slot_ring_abort", "not a slot of this ring's that is reserved"),
	SAYS(slots_abort_ticket, "maar_slot_ring_abort", "or a ring of tickets"),
	SAYS(slots_unpeek, "maar_slot_ring_unpeek", "not a slot that an SPSC ring's consumer has out"),
	SAYS(slots_enqueue_out, "maar_slot_ring_enqueue*", "slots of this side are out"),
	SAYS(slots_dequeue_out, "maar_slot_ring_dequeue*", "slots of this side are out"),
	SAYS(slots_drain_out, "maar_slot_ring_drain", "slots of this side are out"),
	SAYS(slots_bulk_in, "maar_slot_ring_enqueue_bulk", "bulk on a lock-free ring"),
	SAYS(slots_bulk_out, "maar_slot_ring_dequeue_bulk", "bulk on a lock-free ring"),
	SAYS(slots_assume, "maar_slot_ring_assume", "not the flags"),
	SAYS(slots_destroyed_twice, "maar_slot_ring_destroy_each", "destroyed before"),
	SAYS(record_null, "maar_record_ring_reserve", "NULL ring"),
	SAYS(record_enqueue_null, "maar_record_ring_enqueue", "NULL bytes"),
	SAYS(record_enqueue_v_null, "maar_record_ring_enqueue_v", "NULL pieces"),
	SAYS(record_enqueue_v_of_null, "maar_record_ring_enqueue_v", "NULL piece"),
	SAYS(record_no_hook, "maar_record_ring_enqueue_with", "NULL hook"),
	SAYS(record_hook_too_much, "maar_record_ring_enqueue_with", "the hook says more than it was given"),
	SAYS(record_foreign, "maar_record_ring_commit", "not in this ring"),
	SAYS(record_of_other, "maar_record_ring_commit", "not in this ring"),
	SAYS(record_misaligned, "maar_record_ring_discard", "not the beginning of a record"),
	SAYS(record_committed_twice, "maar_record_ring_commit", "committed or discarded before"),
	SAYS(record_discarded_after_commit, "maar_record_ring_discard", "committed or discarded before"),
	SAYS(record_too_long, "maar_record_ring_commit_short", "longer than what was reserved"),
	SAYS(record_dequeue_null, "maar_record_ring_dequeue", "NULL to copy to"),
	SAYS(record_destroyed_twice, "maar_record_ring_destroy_each", "destroyed before"),
	SAYS(byte_ring_destroyed_twice, "maar_byte_ring_destroy", "destroyed before"),
	SAYS(bytes_put_null, "maar_byte_ring", "NULL ring"),
	SAYS(bytes_get_null, "maar_byte_ring", "NULL ring"),
	SAYS(bytes_read_from_null, "maar_byte_ring", "NULL ring"),
	SAYS(commit_nothing_offered, "maar_byte_ring_commit", "more bytes than write_spans offered"),
	SAYS(commit_too_much, "maar_byte_ring_commit", "more bytes than write_spans offered"),
	SAYS(publish_null, "maar_broadcast", "NULL ring"),
	SAYS(read_null, "maar_broadcast", "not a reader"),
	SAYS(read_no_reader, "maar_broadcast", "not a reader"),
	SAYS(reserve_elsewhere, "maar_broadcast_reserve", "not a ring with MAAR_BROADCAST_IN_PLACE"),
	SAYS(commit_nothing, "maar_broadcast_commit", "what was not reserved"),
	SAYS(broadcast_destroyed_twice, "maar_broadcast_destroy", "destroyed before"),
	SAYS(event_notify_null, "maar_event_notify*", "NULL event"),
	SAYS(event_wait_null, "maar_waiting_begin", "NULL event"),
	SAYS(event_close_null, "maar_event_close", "NULL event"),
	SAYS(wait_enqueue_null, "maar_wait_enqueue*", "NULL, or no values"),
	SAYS(wait_enqueue_none, "maar_wait_enqueue*", "NULL, or no values"),
	SAYS(wait_dequeue_nowhere, "maar_wait_dequeue*", "NULL, or no place for values"),
	SAYS(wait_destroyed_twice, "maar_wait_destroy", "destroyed before"),
	SAYS(queue_destroyed_twice, "maar_queue_destroy_each", "destroyed before"),
	SAYS(channel_send_null, "maar_channel_send*", "NULL, a message of another pool, or no such priority"),
	SAYS(channel_send_foreign, "maar_channel_send*", "NULL, a message of another pool, or no such priority"),
	SAYS(channel_recv_null, "maar_channel_recv", "NULL channel, or no place for a message"),
	SAYS(select_add_null, "maar_select_add", "NULL set or channel"),
	SAYS(topic_publish_null, "maar_topic_publish", "NULL, or a message of another pool"),
	SAYS(queue_enqueue_null_queue, "maar_queue", "NULL queue"),
	SAYS(queue_enqueue_null, "maar_queue_enqueue_ptr", "NULL enqueued as a pointer"),
	SAYS(queue_release_too_many, "maar_queue_release", "released more values than there are"),
	SAYS(queue_trim_null, "maar_queue_trim", "not a queue"),
	SAYS(mring_get_null, "maar_mring_get", "NULL mring"),
	SAYS(mring_put_null_mring, "maar_mring_put", "NULL mring or slot"),
	SAYS(mring_put_null_slot, "maar_mring_put", "NULL mring or slot"),
	SAYS(mring_get_bulk_null, "maar_mring_get_bulk", "NULL mring or array"),
	SAYS(mring_get_bulk_no_array, "maar_mring_get_bulk", "NULL mring or array"),
	SAYS(mring_put_bulk_null, "maar_mring_put_bulk", "NULL mring or array"),
	SAYS(mring_put_bulk_of_null, "maar_mring_put_bulk", "not the start of a slot"),
	SAYS(mring_put_foreign, "maar_mring_put", "not the start of a slot"),
	SAYS(mring_put_of_other, "maar_mring_put", "not the start of a slot"),
	SAYS(mring_put_misaligned, "maar_mring_put", "not the start of a slot"),
	SAYS(mring_put_unused, "maar_mring_put", "slot 7 is free: nobody ever got it"),
	SAYS(mring_put_twice, "maar_mring_put", "is free already: put by thread "),
	SAYS(mring_put_bulk_twice, "maar_mring_put", "is free already: put by thread "),
	SAYS(mring_destroy_none, "maar_mring_destroy", "not an mring"),
	SAYS(pool_get_null, "maar_pool_get", "NULL pool"),
	SAYS(pool_put_null_pool, "maar_pool_put", "NULL pool or message"),
	SAYS(pool_put_null_msg, "maar_pool_put", "NULL pool or message"),
	SAYS(pool_get_bulk_null, "maar_pool_get_bulk", "NULL pool or array"),
	SAYS(pool_put_bulk_null, "maar_pool_put_bulk", "NULL pool or array"),
	SAYS(release_null, "maar_msg_release", "NULL message"),
	SAYS(pool_put_foreign, "maar_pool_put", "not the start of a message"),
	SAYS(pool_put_of_other, "maar_pool_put", "not the start of a message"),
	SAYS(pool_put_misaligned, "maar_pool_put", "not the start of a message"),
	SAYS(pool_put_twice, "maar_pool_put", "is free already: put by thread "),
	SAYS(pool_release_twice, "maar_msg_release", "is free already: put by thread "),
	SAYS(release_bulk_null, "maar_msg_release_bulk", "NULL array"),
	SAYS(release_bulk_twice, "maar_msg_release_bulk", "is free already: put by thread "),
	SAYS(clone_null, "maar_msg_clone", "NULL pool or message"),
	SAYS(chain_null, "maar_msg_chain", "NULL message"),
	SAYS(attach_null, "maar_msg_attach", "NULL message"),
	SAYS(attach_memory_null, "maar_msg_attach_memory", "NULL message or memory"),
	SAYS(detach_null, "maar_msg_detach", "NULL message"),
	SAYS(reset_null, "maar_msg_reset", "NULL message"),
	SAYS(split_null, "maar_msg_split", "NULL message or rest"),
	SAYS(linearize_null, "maar_msg_linearize", "NULL message"),
	SAYS(copy_null, "maar_msg_copy", "NULL pool or message"),
	SAYS(pull_of_held, "maar_msg_pull", "change of a message with several holders"),
	SAYS(trim_of_free, "maar_msg_trim", "change of a message with several holders, or none"),
	SAYS(pool_put_bulk_twice, "maar_pool_put_bulk", "is free already: put by thread "),
	SAYS(retain_of_free, "maar_msg_retain", "retain of a free message"),
	SAYS(by_name, "misuse: a call", "and what is wrong with it"),
	SAYS(object_behind_its_pool, "maar_mring_put", "is free already: put by thread "),
};

START_TEST(each_misuse)
{
	struct child said;

	must_stop(misuses[_i].misuse, &said);
	unit_assert_contains(said.text, misuses[_i].call);
	unit_assert_contains(said.text, misuses[_i].what);
}
END_TEST

/* ---- both culprits of a double put ---- */

static struct maar_mring *the_mring;
static struct maar_pool *the_pool;
static void *the_slot;

/*
 * Not static, not inlined, and with something behind the call: their names are to be found from its return address.
 * cold keeps a function in one piece: otherwise -O3 -flto moves the part that puts away, under a name of its own.
 */
#define CULPRIT __attribute__((noinline, used, cold))
CULPRIT void first_culprit(void);
CULPRIT void second_culprit(void);
CULPRIT void bulk_culprit(void);
CULPRIT void innocent(void);
volatile int culprits_done;

void first_culprit(void)
{
	if (the_pool)
		maar_pool_put(the_pool, the_slot);
	else
		maar_mring_put(the_mring, the_slot);
	culprits_done++;
}

void second_culprit(void)
{
	if (the_pool)
		maar_msg_release(the_slot);
	else
		maar_mring_put(the_mring, the_slot);
	culprits_done++;
}

void bulk_culprit(void)
{
	struct maar_msg *m = the_slot;

	maar_pool_put_bulk(the_pool, &m, 1);
	culprits_done++;
}

/* Drops a reference that is not the last: nothing is put, so nobody may be told that it was here. */
void innocent(void)
{
	maar_pool_put(the_pool, the_slot);
	culprits_done++;
}

static void name_thread(const char *role)
{
	fprintf(stderr, "%s is %ld\n", role, (long)syscall(SYS_gettid));
}

static void *first_thread(void *arg)
{
	(void)arg;
	name_thread("first");
	first_culprit();
	return NULL;
}

static void two_threads_put_slot(void)
{
	the_mring = mring();
	the_slot = maar_mring_get(the_mring);
	name_thread("second");
	unit_in_thread(first_thread, NULL);
	second_culprit();
}

static void two_threads_put_message(void)
{
	the_pool = pool();
	the_slot = maar_pool_get(the_pool);
	name_thread("second");
	unit_in_thread(first_thread, NULL);
	second_culprit();
}

/* The caller that an earlier call left behind must not be blamed for a later one. */
static void innocent_bystander(void)
{
	void *slot;

	the_mring = mring();
	slot = maar_mring_get(the_mring);
	name_thread("first");
	name_thread("second");
	the_pool = pool();
	the_slot = maar_msg_retain(maar_pool_get(the_pool));
	innocent();
	the_pool = NULL;
	the_slot = slot;
	first_culprit();
	second_culprit();
}

/* The bulk calls are the culprits' own, too. */
static void first_in_bulk(void)
{
	struct maar_msg *m;

	the_pool = pool();
	if (!maar_pool_get_bulk(the_pool, &m, 1))
		return;
	the_slot = m;
	name_thread("first");
	name_thread("second");
	bulk_culprit();
	second_culprit();
}

static void (*const double_puts[])(void) = { two_threads_put_slot, two_threads_put_message, innocent_bystander,
					     first_in_bulk };

/* The function that an address printed by the child lies in; the child is a copy of this process. */
static const char *function_of(void *address)
{
	Dl_info info;

	return dladdr(address, &info) && info.dli_sname ? info.dli_sname : "(none)";
}

START_TEST(names_both)
{
	unsigned first, second, by, again_by;
	void *from, *again_from;
	const char *text;
	struct child said;

	must_stop(double_puts[_i], &said);
	text = strstr(said.text, "first is ");
	unit_eq(text && sscanf(text, "first is %u", &first), 1);
	text = strstr(said.text, "second is ");
	unit_eq(text && sscanf(text, "second is %u", &second), 1);
	text = strstr(said.text, "put by thread ");
	ck_assert_msg(text && sscanf(text, "put by thread %u from %p, and put again by thread %u from %p", &by, &from,
				     &again_by, &again_from) == 4,
		      "names them not:\n%s", said.text);
	unit_eq(by, first);
	unit_eq(again_by, second);
	ck_assert_str_eq(function_of(from), double_puts[_i] == first_in_bulk ? "bulk_culprit" : "first_culprit");
	ck_assert_str_eq(function_of(again_from), "second_culprit");
}
END_TEST

/* ---- correct programs ---- */

static void *use_pool(void *arg)
{
	struct maar_msg *out[64], *m;
	size_t i, round;

	for (round = 0; round < 200; round++) {
		if (maar_pool_get_bulk(arg, out, 64) != 64)
			_exit(1);
		for (i = 0; i < 64; i++)
			maar_msg_release(maar_msg_retain(out[i]));
		if (maar_pool_put_bulk(arg, out, 64) != 64)
			_exit(2);
		m = maar_pool_get(arg);
		if (!m || maar_msg_append(m, "abc", 3) || maar_pool_put(arg, m))
			_exit(3);
	}
	return NULL;
}

static void correct_pool(void)
{
	struct maar_pool *p = pool();
	pthread_t thread[2];
	int i;

	for (i = 0; i < 2; i++)
		thread[i] = unit_thread(use_pool, p);
	for (i = 0; i < 2; i++)
		unit_join(thread[i]);
	if (maar_pool_destroy(p))
		_exit(4);
}

static void correct_mring(void)
{
	struct maar_mring *m = mring();
	void *all[200];
	size_t i, round;

	for (round = 0; round < 20; round++) {
		for (i = 0; i < 200; i++)
			all[i] = maar_mring_get(m);
		if (maar_mring_get(m) || maar_mring_get_bulk(m, all, 1)) /* empty is an answer, not misuse */
			_exit(1);
		if (maar_mring_destroy(m) != -EBUSY)
			_exit(2);
		for (i = 0; i < 100; i++)
			if (maar_mring_put(m, all[i]))
				_exit(3);
		if (maar_mring_put_bulk(m, all + 100, 100) != 100)
			_exit(4);
		maar_mring_flush(m);
	}
	if (maar_mring_destroy(m) || maar_mring_destroy(NULL))
		_exit(5);
}

static void correct_ring(void)
{
	static const unsigned modes[] = { MAAR_RING_SPSC, MAAR_RING_SPMC, MAAR_RING_MPSC | MAAR_RING_TICKET,
					  MAAR_RING_MPMC | MAAR_RING_TICKET };
	uint64_t value;
	size_t i;

	for (i = 0; i < COUNT_OF(modes); i++) {
		struct maar_ring *r = ring(modes[i]);

		while (maar_ring_enqueue(r, 1)) /* full is an answer, too */
			;
		while (maar_ring_dequeue(r, &value))
			;
		if (maar_ring_enqueue_bulk(r, words, 4) != 4 || maar_ring_enqueue_sp(r, 1) != 1 ||
		    maar_ring_dequeue_sc(r, &value) != 1 || maar_ring_dequeue_burst(r, words, 4) != 4)
			_exit(1);
		maar_ring_destroy(r);
		maar_ring_destroy(NULL);
	}
}

static void correct_broadcast(void)
{
	static const unsigned makes[] = { 0, MAAR_BROADCAST_MP, MAAR_BROADCAST_IN_PLACE };
	struct maar_broadcast_reader reader;
	size_t i;

	for (i = 0; i < COUNT_OF(makes); i++) {
		struct maar_broadcast *b = broadcast(makes[i]);

		if (maar_broadcast_join(b, &reader, 0))
			_exit(1);
		while (maar_broadcast_publish(b, words)) /* full is an answer, and so is nothing new */
			;
		while (maar_broadcast_read(&reader, words, NULL))
			;
		if (makes[i] == MAAR_BROADCAST_IN_PLACE && (!maar_broadcast_reserve(b) || !maar_broadcast_commit(b)))
			_exit(2);
		if (maar_broadcast_evict(b, maar_broadcast_id(&reader)) || maar_broadcast_release(&reader) ||
		    maar_broadcast_leave(&reader) != -ECANCELED)
			_exit(3);
		maar_broadcast_destroy(b);
		maar_broadcast_destroy(NULL);
	}
}

static void (*const correct[])(void) = { correct_broadcast, correct_ring, correct_mring, correct_pool };

START_TEST(silent)
{
	struct child said;

	child_run_to(correct[_i], _exit, &said);
	ck_assert_msg(WIFEXITED(said.status) && WEXITSTATUS(said.status) == 0, "status %#x, stderr:\n%s",
		      (unsigned)said.status, said.text);
	ck_assert_str_eq(said.text, "");
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("debug");
	TCase *tcase = unit_tcase(suite, "misuse");

	tcase_add_loop_test(tcase, each_misuse, 0, (int)COUNT_OF(misuses));
	tcase_add_loop_test(tcase, names_both, 0, (int)COUNT_OF(double_puts));
	tcase_add_loop_test(tcase, silent, 0, (int)COUNT_OF(correct));
	return suite;
}
