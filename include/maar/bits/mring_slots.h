/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Arrays of slots: whether all of them are slots of an mring, and copies of them.
 */
#ifndef MAAR_BITS_MRING_SLOTS_H
#define MAAR_BITS_MRING_SLOTS_H
#ifndef MAAR_BITS_OK
#error "include a header of <maar/...>, not of <maar/bits/...>"
#endif

#include <stdbool.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#ifdef MAAR__BODIES

/* In pieces of a size that the compiler knows: a call of memcpy costs more than most of these copies. */
#define MAAR__SLOTS_PIECE 8

MAAR_LOCAL void maar__slots_copy(void **to, void *const *from, size_t n)
{
	for (; n >= MAAR__SLOTS_PIECE; n -= MAAR__SLOTS_PIECE, to += MAAR__SLOTS_PIECE, from += MAAR__SLOTS_PIECE)
		maar_n_copy(to, from, MAAR__SLOTS_PIECE * sizeof(*to));
	for (; n; n--, to++, from++)
		maar_n_copy(to, from, sizeof(*to));
}

/* Some are no slots of this mring: maar__mring_quotient for each, without a branch. */
MAAR_LOCAL bool maar__slots_any_strange_wide(const struct maar_mring *mring, void *const *slots, size_t n)
{
	const uint64_t slab = (uint64_t)(uintptr_t)mring->slab, inverse = mring->inverse, most = mring->most;
	uint64_t low = 0, strange = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		const uint64_t offset = (uint64_t)(uintptr_t)slots[i] - slab;

		low |= offset;
		strange += offset * inverse >= most;
	}
	return strange || low & mring->low;
}

/*
 * The same; true also of an mring that is too wide for this way to ask. Four slots at once, in 32 bits: where slots * odd
 * <= 2^32 (mring->narrow), w = offset >> shift of a slot is below 2^32, and the argument at maar__mring_quotient holds
 * modulo 2^32 too. 15 instructions for four; one after another they are 24, four of them multiplications that wait for
 * one unit.
 */
MAAR_LOCAL bool maar__slots_any_strange(const struct maar_mring *mring, void *const *slots, size_t n)
{
#ifdef __SSE2__
	const __m128i slab = _mm_set1_epi64x((long long)(uintptr_t)mring->slab);
	const __m128i inverse = _mm_set1_epi64x((long long)(uint32_t)mring->inverse);
	const __m128i last = _mm_set1_epi32((int)(mring->slots - 1)), shift = _mm_cvtsi32_si128((int)mring->shift);
	/* Bits that no slot's offset has; bits 31 of what is no number of a slot. */
	const uint64_t never = ~((uint64_t)UINT32_MAX << (mring->shift & 63));
	__m128i all = _mm_setzero_si128(), beyond = all;
	uint64_t any;
	size_t i;

	if (maar_unlikely(!mring->narrow))
		return true;
	for (i = 0; i + 4 <= n; i += 4) {
		__m128i a = _mm_loadu_si128((const __m128i *)(const void *)(slots + i));
		__m128i b = _mm_loadu_si128((const __m128i *)(const void *)(slots + i + 2)), q;

		a = _mm_sub_epi64(a, slab);
		b = _mm_sub_epi64(b, slab);
		all = _mm_or_si128(all, _mm_or_si128(a, b));
		a = _mm_mul_epu32(_mm_srl_epi64(a, shift), inverse);
		b = _mm_mul_epu32(_mm_srl_epi64(b, shift), inverse);
		q = _mm_castps_si128(_mm_shuffle_ps(_mm_castsi128_ps(a), _mm_castsi128_ps(b), 0x88));
		/* slots <= 2^31, so of q > last one of the two has bit 31, and of other q none. */
		beyond = _mm_or_si128(beyond, _mm_or_si128(q, _mm_sub_epi32(last, q)));
	}
	any = (uint64_t)_mm_cvtsi128_si64(_mm_or_si128(all, _mm_unpackhi_epi64(all, all)));
	if (maar_unlikely((any & never) || _mm_movemask_ps(_mm_castsi128_ps(beyond))))
		return true;
	return i < n && maar__slots_any_strange_wide(mring, slots + i, n - i);
#else
	return maar__slots_any_strange_wide(mring, slots, n);
#endif
}

#endif
#endif
