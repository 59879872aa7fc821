/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The inline calls of <maar/event.h>: what a notify costs when nobody is there.
 */
#ifndef MAAR_BITS_EVENT_IMPL_H
#define MAAR_BITS_EVENT_IMPL_H
#ifndef MAAR_BITS_OK
#error "include a header of <maar/...>, not of <maar/bits/...>"
#endif

/* The word's parts. Waiters: more than there can be threads, and one beyond the field does not reach `armed`. */
#define MAAR__EVENT_WAITERS ((UINT64_C(1) << 30) - 1)
#define MAAR__EVENT_ARMED   (UINT64_C(1) << 30)
#define MAAR__EVENT_CLOSED  (UINT64_C(1) << 31)
#define MAAR__EVENT_EPOCH   (UINT64_C(1) << 32) /* one epoch */

MAAR_STATIC_ASSERT(offsetof(struct maar_event, spin) == 128, "layout 1");
MAAR_STATIC_ASSERT(sizeof(struct maar_event) == 256, "layout 1");

/*
 * The notifier's half of the pair: a read-modify-write that changes nothing and shows whoever announced itself before.
 * A load would not do: it may be done before the stores that precede it. RELEASE is all that is needed, as the waiter's
 * half is a read-modify-write of the same word (doc/memory-model.md); on x86-64 it is the instruction of SEQ_CST.
 */
MAAR_LOCAL void maar__event_notify(struct maar_event *e, size_t n)
{
	uint64_t word;

	MAAR_DEBUG_CHECK_AS("maar_event_notify*", e, "NULL event");
	if (maar_unlikely(!e))
		return;
	word = maar_a_add(&e->word, 0, RELEASE); /* R:event.word */
	if (maar_unlikely(word & (MAAR__EVENT_WAITERS | MAAR__EVENT_ARMED)))
		maar__event_wake(e, n);
}

#ifdef MAAR__BODIES

MAAR_INLINE void maar_event_notify_one(struct maar_event *event)
{
	maar__event_notify(event, 1);
}

MAAR_INLINE void maar_event_notify_many(struct maar_event *event, size_t n)
{
	if (maar_likely(n != 0))
		maar__event_notify(event, n);
}

MAAR_INLINE void maar_event_notify_all(struct maar_event *event)
{
	maar__event_notify(event, SIZE_MAX);
}

MAAR_INLINE int maar_event_closed(const struct maar_event *event)
{
	MAAR_DEBUG_CHECK(event, "NULL event");
	/* A NULL event is one that nothing will happen on. */
	return maar_unlikely(!event) ||
	       (maar_a_load(&event->word, ACQUIRE) & MAAR__EVENT_CLOSED) != 0; /* A:event.closed */
}

#endif
#endif
