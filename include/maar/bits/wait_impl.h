/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The inline calls of <maar/wait.h>: the first look, and the notify that follows when it succeeds.
 */
#ifndef MAAR_BITS_WAIT_IMPL_H
#define MAAR_BITS_WAIT_IMPL_H
#ifndef MAAR_BITS_OK
#error "include a header of <maar/...>, not of <maar/bits/...>"
#endif

#define MAAR__WAIT_MAGIC 0x6d776169u /* "mwai" */

MAAR_STATIC_ASSERT(offsetof(struct maar_wait, not_empty) == 128, "layout 1");
MAAR_STATIC_ASSERT(offsetof(struct maar_wait, not_full) == 384, "layout 1");
MAAR_STATIC_ASSERT(sizeof(struct maar_wait) == 640, "layout 1");

MAAR_LOCAL struct maar_ring *maar__wait_ring(const struct maar_wait *w)
{
	return (struct maar_ring *)((uintptr_t)w + (uintptr_t)w->ring_at);
}

/* A consumer has freed entries. Its own line tells whether a producer sleeps; only then is the ring counted. */
MAAR_LOCAL void maar__wait_freed(struct maar_wait *w)
{
	if (maar_unlikely(maar_a_add(&w->not_full.word, 0, RELEASE) & /* R:event.word */
			  (MAAR__EVENT_WAITERS | MAAR__EVENT_ARMED)))
		maar__wait_room(w);
}

#ifdef MAAR__BODIES

/* The bit is looked at in the line that the notify is about to change anyway. */
MAAR_INLINE int maar_wait_closed(const struct maar_wait *wait)
{
	return maar_unlikely(!wait) ||
	       (maar_a_load(&wait->not_empty.word, ACQUIRE) & MAAR__EVENT_CLOSED) != 0; /* A:event.closed */
}

MAAR_INLINE ssize_t maar_wait_enqueue_burst(struct maar_wait *wait, const uint64_t *values, size_t n,
					    int64_t timeout_ns)
{
	size_t k;

	MAAR_DEBUG_CHECK_AS("maar_wait_enqueue*", wait && values && n, "NULL, or no values");
	if (maar_likely(wait && values && n && !maar_wait_closed(wait))) {
		k = maar_ring_enqueue_burst(maar__wait_ring(wait), values, n);
		if (maar_likely(k)) {
			maar__event_notify(&wait->not_empty, k);
			return (ssize_t)k;
		}
	}
	return maar__wait_put(wait, values, n, timeout_ns);
}

MAAR_INLINE ssize_t maar_wait_dequeue_burst(struct maar_wait *wait, uint64_t *values, size_t n, int64_t timeout_ns)
{
	size_t k;

	MAAR_DEBUG_CHECK_AS("maar_wait_dequeue*", wait && values && n, "NULL, or no place for values");
	if (maar_likely(wait && values && n)) {
		k = maar_ring_dequeue_burst(maar__wait_ring(wait), values, n);
		if (maar_likely(k)) {
			maar__wait_freed(wait);
			return (ssize_t)k;
		}
	}
	return maar__wait_take(wait, values, n, timeout_ns);
}

MAAR_INLINE ssize_t maar_wait_enqueue(struct maar_wait *wait, uint64_t value, int64_t timeout_ns)
{
	return maar_wait_enqueue_burst(wait, &value, 1, timeout_ns);
}

MAAR_INLINE ssize_t maar_wait_dequeue(struct maar_wait *wait, uint64_t *value, int64_t timeout_ns)
{
	return maar_wait_dequeue_burst(wait, value, 1, timeout_ns);
}

MAAR_INLINE ssize_t maar_wait_enqueue_ptr(struct maar_wait *wait, const void *pointer, int64_t timeout_ns)
{
	return maar_wait_enqueue(wait, (uint64_t)(uintptr_t)pointer, timeout_ns);
}

MAAR_INLINE ssize_t maar_wait_dequeue_ptr(struct maar_wait *wait, void **pointer, int64_t timeout_ns)
{
	uint64_t word = 0;
	const ssize_t rc = maar_wait_dequeue(wait, pointer ? &word : NULL, timeout_ns);

	if (maar_likely(rc > 0))
		*pointer = (void *)(uintptr_t)word;
	return rc;
}

MAAR_INLINE struct maar_ring *maar_wait_ring(const struct maar_wait *wait)
{
	return wait ? maar__wait_ring(wait) : NULL;
}

MAAR_INLINE unsigned maar_wait_flags(const struct maar_wait *wait)
{
	return wait ? wait->flags : 0;
}

#endif
#endif
