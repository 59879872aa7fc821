/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The inline calls of <maar/mring.h>: handle and address.
 */
#ifndef MAAR_BITS_MRING_IMPL_H
#define MAAR_BITS_MRING_IMPL_H
#ifndef MAAR_BITS_OK
#error "include a header of <maar/...>, not of <maar/bits/...>"
#endif

#ifdef MAAR__BODIES

MAAR_INLINE void *maar_mring_slot(const struct maar_mring *mring, uint32_t handle)
{
	return maar_likely(handle < mring->slots) ? mring->slab + handle * mring->stride : NULL;
}

MAAR_INLINE uint32_t maar_mring_handle(const struct maar_mring *mring, const void *slot)
{
	const uint64_t offset = (uint64_t)((uintptr_t)slot - (uintptr_t)mring->slab);
	uint64_t number;

	if (maar_unlikely(offset >= mring->slots * mring->stride))
		return MAAR_NO_HANDLE;
#ifdef __SIZEOF_INT128__
	/* Exact for a true slot: number < 2^31 and stride <= 2^30 keep the rounding error of `inverse` below one. */
	number = (uint64_t)((__extension__(unsigned __int128) offset * mring->inverse) >> 64);
#else
	number = offset / mring->stride;
#endif
	return maar_likely(number * mring->stride == offset) ? (uint32_t)number : MAAR_NO_HANDLE;
}

MAAR_INLINE uint32_t maar_mring_slots(const struct maar_mring *mring)
{
	return mring->slots;
}

MAAR_INLINE size_t maar_mring_slot_bytes(const struct maar_mring *mring)
{
	return (size_t)mring->stride;
}

#endif
#endif
