/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Slots of an mring between processes, by their owner words. Whose a slot is changes by one compare-and-swap of its word,
 * each time: free -> out -> free, and out -> passed -> out.
 */
#include "shared_priv.h"

void *maar_shared_mring_get(struct maar_shared_mring *mring)
{
	uint32_t handle;

	if (maar_unlikely(!mring) ||
	    maar__owned_take(&mring->owned, MAAR__SHARED_FREE, MAAR__SHARED_OUT, mring->me, &handle) <= 0)
		return NULL;
	return mring->measures.slab + handle * mring->measures.stride;
}

/* The handle and the word of a slot that this participant has out; else why it is not, as put says. */
static int find(const struct maar_shared_mring *mring, const void *slot, uint32_t *handle, uint64_t *word)
{
	if (maar_unlikely(!mring))
		return -EINVAL;
	*handle = maar_mring_handle(&mring->measures, slot);
	if (maar_unlikely(*handle == MAAR_NO_HANDLE))
		return -EINVAL;
	*word = maar_a_load(&mring->owned.own[*handle], RELAXED);
	switch (maar__own_state(*word)) {
	case MAAR__SHARED_OUT:
		return maar__own_participant(*word) == mring->me ? 0 : -EPERM;
	case MAAR__SHARED_FREE:
	case MAAR__SHARED_PASSED:
		return -EALREADY;
	default:
		return -EBADMSG;
	}
}

int maar_shared_mring_put(struct maar_shared_mring *mring, void *slot)
{
	uint32_t handle;
	uint64_t word;
	int rc = find(mring, slot, &handle, &word);

	if (maar_likely(rc == 0))
		rc = maar__owned_put(&mring->owned, handle, word, MAAR__SHARED_FREE, mring->me);
	return maar_likely(rc != -EAGAIN) ? rc : -EBADMSG; /* the ring holds all, and this one is not in it */
}

size_t maar_shared_mring_get_bulk(struct maar_shared_mring *mring, void **slots, size_t n)
{
	size_t got;

	for (got = 0; got < n; got++) {
		slots[got] = maar_shared_mring_get(mring);
		if (slots[got])
			continue;
		while (got)
			(void)maar_shared_mring_put(mring, slots[--got]);
		return 0;
	}
	return n;
}

size_t maar_shared_mring_put_bulk(struct maar_shared_mring *mring, void **slots, size_t n)
{
	size_t i, refused = 0;

	for (i = 0; i < n; i++)
		if (maar_shared_mring_put(mring, slots[i]))
			slots[refused++] = slots[i];
	return n - refused;
}

uint32_t maar_shared_mring_pass(struct maar_shared_mring *mring, void *slot)
{
	uint32_t handle;
	uint64_t word;

	if (find(mring, slot, &handle, &word))
		return MAAR_NO_HANDLE;
	return maar_a_cas(&mring->owned.own[handle], word, maar__own_word(MAAR__SHARED_PASSED, mring->me, word),
			  RELEASE) /* R:shared.passed */
		       ? handle
		       : MAAR_NO_HANDLE;
}

void *maar_shared_mring_accept(struct maar_shared_mring *mring, uint32_t handle)
{
	uint64_t word;

	if (!mring || handle >= mring->owned.handles)
		return NULL;
	word = maar_a_load(&mring->owned.own[handle], RELAXED);
	if (maar__own_state(word) != MAAR__SHARED_PASSED ||
	    !maar_a_cas(&mring->owned.own[handle], word, maar__own_word(MAAR__SHARED_OUT, mring->me, word),
			ACQUIRE)) /* A:shared.passed */
		return NULL;
	return mring->measures.slab + handle * mring->measures.stride;
}

void *maar_shared_mring_slot(const struct maar_shared_mring *mring, uint32_t handle)
{
	return maar_mring_slot(&mring->measures, handle);
}

uint32_t maar_shared_mring_handle(const struct maar_shared_mring *mring, const void *slot)
{
	return maar_mring_handle(&mring->measures, slot);
}

uint32_t maar_shared_mring_slots(const struct maar_shared_mring *mring)
{
	return mring ? mring->owned.handles : 0;
}

size_t maar_shared_mring_slot_bytes(const struct maar_shared_mring *mring)
{
	return mring ? (size_t)mring->measures.stride : 0;
}

uint32_t maar_shared_mring_participant(const struct maar_shared_mring *mring)
{
	return mring ? mring->me : 0;
}
