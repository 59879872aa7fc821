/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The inline calls of <maar/mring.h>: handle and address; get and put, as far as they stay in this thread's lane.
 */
#ifndef MAAR_BITS_MRING_IMPL_H
#define MAAR_BITS_MRING_IMPL_H
#ifndef MAAR_BITS_OK
#error "include a header of <maar/...>, not of <maar/bits/...>"
#endif

#include <errno.h>
#include <stdbool.h>

#include <maar/bits/mring_slots.h>

MAAR_BEGIN_DECLS

/*
 * A stack of free slots, one line of counters before it. The thread that it belongs to pushes and pops without a locked
 * instruction: it says busy, looks whether it is revoked, works, and says that it is done. Whoever revokes it (which
 * takes the mring's mutex) makes that known by membarrier, waits for busy to end, and is alone with the lane.
 */
struct maar__lane {
	uint32_t busy;		      /* 1 while its thread works in it */
	uint32_t revoked;	      /* 1 while another thread does: written under the mring's mutex */
	uint32_t n;		      /* slots on the stack; written by whoever is alone with it, read by statistics */
	uint32_t limit;		      /* most of them; constant */
	uint64_t fetched;	      /* batches taken from the shared ring, or slots never used, by its thread */
	uint64_t handed;	      /* batches given to the shared ring */
	struct maar__lane *next;      /* all lanes of the mring, under its mutex */
	struct maar__lane *next_idle; /* those without a thread, under its mutex */
	uint32_t in_thread;	      /* under the mring's mutex */
	uint32_t reserved0;
	uint64_t robbed; /* slots that other threads took out; under the mring's mutex */
} __attribute__((aligned(MAAR_CACHE_LINE)));

/*
 * A thread's lanes; the entries stand behind the struct. A key is {serial, 40 bits | id, 20 | 0, 4}: with the mask it is the
 * number of bytes from the first entry to that of the mring.
 */
#define MAAR__KEY_SHIFT 4
struct maar__lane_entry {
	uint64_t key; /* of the mring; its key + 1 if inline calls may not use the lane; 0: none */
	struct maar__lane *lane;
#if UINTPTR_MAX == UINT32_MAX
	uint32_t reserved0;
#endif
};
MAAR_STATIC_ASSERT(sizeof(struct maar__lane_entry) == 1 << MAAR__KEY_SHIFT, "what a key counts");

struct maar__lane_table {
	uint64_t mask; /* (entries, a power of two, less 1) << MAAR__KEY_SHIFT */
};

/*
 * One pointer a thread, never NULL, in the static TLS block: one instruction to reach, and small enough for dlopen. The
 * explorer of tests/model runs many threads in one, and has a table for each.
 */
extern MAAR_API __thread struct maar__lane_table *maar__thread_lanes __attribute__((tls_model("initial-exec")));
#ifndef MAAR__THREAD_LANES
#define MAAR__THREAD_LANES maar__thread_lanes
#endif

/* What get and put do when the lane does not do: src/mring/mring.c. */
MAAR_API void *maar__mring_get_slow(struct maar_mring *mring);
MAAR_API int maar__mring_put_slow(struct maar_mring *mring, void *slot);
MAAR_API size_t maar__mring_get_bulk_slow(struct maar_mring *mring, void **slots, size_t n);
MAAR_API size_t maar__mring_put_bulk_slow(struct maar_mring *mring, void **slots, size_t n);

MAAR_END_DECLS

#ifdef MAAR__BODIES

MAAR_INLINE void *maar_mring_slot(const struct maar_mring *mring, uint32_t handle)
{
	return maar_likely(handle < mring->slots) ? mring->slab + handle * mring->stride : NULL;
}

/*
 * The quotient << shift if the address is that of a slot, else a number not below `most`: a division that is exact or
 * refused, without a division. stride = odd << shift, and an offset without low bits is w << shift; times the inverse of
 * odd that is q << shift with q = w * inverse modulo 2^(64 - shift). If q < slots, then q * odd < 2^(61 - shift), and it
 * equals w modulo 2^(64 - shift); both are below that, so w = q * odd.
 */
MAAR_LOCAL uint64_t maar__mring_quotient(const struct maar_mring *mring, const void *slot)
{
	const uint64_t offset = (uint64_t)(uintptr_t)slot - (uint64_t)(uintptr_t)mring->slab;

	return maar_likely(!(offset & mring->low)) ? offset * mring->inverse : UINT64_MAX;
}

MAAR_INLINE uint32_t maar_mring_handle(const struct maar_mring *mring, const void *slot)
{
	const uint64_t quotient = maar__mring_quotient(mring, slot);

	return maar_likely(quotient < mring->most) ? (uint32_t)(quotient >> (mring->shift & 63)) : MAAR_NO_HANDLE;
}

MAAR_INLINE uint32_t maar_mring_slots(const struct maar_mring *mring)
{
	return mring->slots;
}

MAAR_INLINE size_t maar_mring_slot_bytes(const struct maar_mring *mring)
{
	return (size_t)mring->stride;
}

/* ---- this thread's lane ---- */

MAAR_LOCAL struct maar__lane *maar__lane_quick(const struct maar_mring *mring)
{
	const struct maar__lane_table *t = MAAR__THREAD_LANES;
	const uint64_t key = mring->key;
	const struct maar__lane_entry *e =
		(const struct maar__lane_entry *)(const void *)((const char *)(t + 1) + (key & t->mask));
	struct maar__lane *lane = e->lane;

	if (maar_unlikely(e->key != key))
		return NULL;
	if (!lane)
		__builtin_unreachable();
	return lane;
}

MAAR_LOCAL void **maar__lane_slots(struct maar__lane *lane)
{
	return (void **)(void *)(lane + 1);
}

/*
 * False if another thread is in the lane, or may be; maar__lane_leave in either case. Nothing but the compiler keeps the
 * load behind the store here: membarrier in whoever revokes does the rest.
 */
MAAR_LOCAL bool maar__lane_enter(struct maar__lane *lane)
{
	maar_a_store(&lane->busy, 1, RELAXED);
	maar_a_compiler_barrier();
	return maar_likely(!maar_a_load(&lane->revoked, ACQUIRE)); /* A:lane.revoked */
}

MAAR_LOCAL void maar__lane_leave(struct maar__lane *lane)
{
	maar_a_store(&lane->busy, 0, RELEASE); /* R:lane.busy */
}

/* Pushes or pops; false: it is not for this lane to do. */
MAAR_LOCAL bool maar__lane_pop(struct maar__lane *lane, void **slot)
{
	uint32_t n;

	if (maar__lane_enter(lane) && maar_likely((n = maar_a_load(&lane->n, RELAXED)) != 0)) {
		*slot = maar_n_load(&maar__lane_slots(lane)[n - 1]);
		maar_a_store(&lane->n, n - 1, RELAXED);
		maar__lane_leave(lane);
		return true;
	}
	maar__lane_leave(lane);
	return false;
}

MAAR_LOCAL bool maar__lane_push(struct maar__lane *lane, void *slot)
{
	uint32_t n;

	if (maar__lane_enter(lane) && maar_likely((n = maar_a_load(&lane->n, RELAXED)) < lane->limit)) {
		maar_n_store(&maar__lane_slots(lane)[n], slot);
		maar_a_store(&lane->n, n + 1, RELAXED);
		maar__lane_leave(lane);
		return true;
	}
	maar__lane_leave(lane);
	return false;
}

/* The same with n slots, all or none of them. */
MAAR_LOCAL bool maar__lane_pop_n(struct maar__lane *lane, void **slots, size_t n)
{
	uint32_t have;

	if (maar__lane_enter(lane) && maar_likely(n <= (have = maar_a_load(&lane->n, RELAXED)))) {
		have -= (uint32_t)n;
		maar__slots_copy(slots, maar__lane_slots(lane) + have, n);
		maar_a_store(&lane->n, have, RELAXED);
		maar__lane_leave(lane);
		return true;
	}
	maar__lane_leave(lane);
	return false;
}

MAAR_LOCAL bool maar__lane_push_n(struct maar__lane *lane, void *const *slots, size_t n)
{
	uint32_t have;

	if (maar__lane_enter(lane) && maar_likely(n <= lane->limit - (have = maar_a_load(&lane->n, RELAXED)))) {
		maar__slots_copy(maar__lane_slots(lane) + have, slots, n);
		maar_a_store(&lane->n, have + (uint32_t)n, RELAXED);
		maar__lane_leave(lane);
		return true;
	}
	maar__lane_leave(lane);
	return false;
}

/* ---- the calls ---- */

MAAR_INLINE void *maar_mring_get(struct maar_mring *mring)
{
	struct maar__lane *lane;
	void *slot;

	MAAR_DEBUG_CHECK(mring, "NULL mring");
	if (maar_unlikely(!mring))
		return NULL;
	lane = maar__lane_quick(mring);
	if (maar_likely(lane && maar__lane_pop(lane, &slot)))
		return slot;
	return maar__mring_get_slow(mring);
}

MAAR_INLINE int maar_mring_put(struct maar_mring *mring, void *slot)
{
	struct maar__lane *lane;

	MAAR_DEBUG_CHECK(mring && slot, "NULL mring or slot");
	if (maar_unlikely(!mring || maar__mring_quotient(mring, slot) >= mring->most)) {
		MAAR_DEBUG_CHECK(false, "not the start of a slot of this mring");
		return maar__mring_put_slow(mring, slot); /* says so */
	}
	lane = maar__lane_quick(mring);
	if (maar_likely(lane && maar__lane_push(lane, slot)))
		return 0;
	return maar__mring_put_slow(mring, slot);
}

MAAR_INLINE size_t maar_mring_get_bulk(struct maar_mring *mring, void **slots, size_t n)
{
	struct maar__lane *lane;

	MAAR_DEBUG_CHECK(mring && (slots || !n), "NULL mring or array");
	if (maar_unlikely(!mring || !slots))
		return 0;
	lane = maar__lane_quick(mring);
	if (maar_likely(lane && maar__lane_pop_n(lane, slots, n)))
		return n;
	return maar__mring_get_bulk_slow(mring, slots, n);
}

MAAR_INLINE size_t maar_mring_put_bulk(struct maar_mring *mring, void **slots, size_t n)
{
	struct maar__lane *lane;

	MAAR_DEBUG_CHECK(mring && (slots || !n), "NULL mring or array");
	if (maar_unlikely(!mring || !slots))
		return 0;
	lane = maar__lane_quick(mring);
	if (maar_likely(lane && !maar__slots_any_strange(mring, slots, n) && maar__lane_push_n(lane, slots, n)))
		return n;
	return maar__mring_put_bulk_slow(mring, slots, n);
}

#endif
#endif
