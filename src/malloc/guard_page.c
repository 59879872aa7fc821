/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Blocks with pages of their own, between two that nobody may touch: an access behind the block's end is stopped where it
 * happens, not found when the block is freed; and so is any access once it is freed, for then the pages are gone too.
 */
#include "guard.h"

#include "../alloc/alloc_priv.h"

bool maar__guard_page_get(struct maar__guard_block *b, size_t align)
{
	const size_t page = maar__page();
	size_t room, data, all;
	unsigned char *map;

	if (align < 16)
		align = 16;
	if (align > page || !maar__round_up(b->bytes ? b->bytes : 1, align, &room) ||
	    !maar__round_up(room, page, &data) || !maar__add(data, 2 * page, &all) || !maar__space_charge(data))
		return false;
	map = maar__reserve(all);
	if (map && maar__ready(map + page, data)) {
		b->raw = map;
		b->raw_bytes = all;
		b->at = map + page + data - room; /* to the right: what is beyond is the page but for the alignment */
		b->paged = true;
		return true;
	}
	maar__unmap(map, all);
	maar__space_discharge(data);
	return false;
}

void maar__guard_page_hide(const struct maar__guard_block *b)
{
	const size_t page = maar__page(), data = b->raw_bytes - 2 * page;

	(void)maar__unready(b->raw + page,
			    data); /* if it cannot, the block is as it was: misuse of it goes unnoticed */
	maar__space_discharge(data);
}

void maar__guard_page_drop(const struct maar__guard_block *b)
{
	if (!b->freed)
		maar__space_discharge(b->raw_bytes - 2 * maar__page());
	maar__unmap(b->raw, b->raw_bytes);
}
