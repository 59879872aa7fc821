/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Taking every slot of an mring and looking whether each is there once.
 */
#ifndef MAAR_TEST_UNIT_SLOTS_H
#define MAAR_TEST_UNIT_SLOTS_H

#include "common.h"

#include <maar/mring.h>

static inline struct maar_mring *slots_create(size_t slots, size_t bytes, const struct maar_mring_options *options)
{
	struct maar_mring *mring = maar_mring_create(slots, bytes, options);

	ck_assert_ptr_nonnull(mring);
	return mring;
}

/* Gets until there is none; each must be a slot of this mring, and no slot may come twice. Returns how many. */
static inline size_t slots_take_all(struct maar_mring *mring, void **slots)
{
	unsigned char *seen = calloc(maar_mring_slots(mring), 1);
	size_t n = 0;
	void *slot;

	ck_assert_ptr_nonnull(seen);
	while ((slot = maar_mring_get(mring)) != NULL) {
		const uint32_t handle = maar_mring_handle(mring, slot);

		unit_must(handle < maar_mring_slots(mring));
		unit_must(maar_mring_slot(mring, handle) == slot);
		unit_must(!seen[handle]);
		seen[handle] = 1;
		slots[n++] = slot;
	}
	free(seen);
	return n;
}

static inline void slots_put_all(struct maar_mring *mring, void *const *slots, size_t n)
{
	while (n)
		unit_eq(maar_mring_put(mring, slots[--n]), 0);
}

/* Every slot can be had, once. */
static inline void slots_check_all_there(struct maar_mring *mring)
{
	void **slots = calloc(maar_mring_slots(mring), sizeof(*slots));
	size_t n;

	ck_assert_ptr_nonnull(slots);
	n = slots_take_all(mring, slots);
	unit_eq(n, maar_mring_slots(mring));
	slots_put_all(mring, slots, n);
	free(slots);
}

/* At rest: the numbers add up, and `in_use` slots are out. */
static inline struct maar_mring_stats slots_check_stats(const struct maar_mring *mring, uint32_t in_use)
{
	struct maar_mring_stats s;

	unit_eq(maar_mring_stats(mring, &s), 0);
	unit_eq(s.slots, maar_mring_slots(mring));
	unit_eq(s.in_use, in_use);
	unit_eq(s.in_use + s.in_lanes + s.in_shared, s.slots);
	unit_must(s.high_water >= s.in_use && s.high_water <= s.slots);
	return s;
}

/* The numbers add up, every slot is there, and destroy agrees. */
static inline void slots_finish(struct maar_mring *mring)
{
	slots_check_stats(mring, 0);
	slots_check_all_there(mring);
	unit_eq(maar_mring_destroy(mring), 0);
}

#endif
