/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The inline calls of <maar/chain.h>.
 */
#ifndef MAAR_BITS_CHAIN_IMPL_H
#define MAAR_BITS_CHAIN_IMPL_H
#ifndef MAAR_BITS_OK
#error "include a header of <maar/...>, not of <maar/bits/...>"
#endif

#ifdef MAAR__BODIES

MAAR_INLINE struct maar_msg *maar_msg_next(const struct maar_msg *msg)
{
	return msg->next;
}

#endif
#endif
