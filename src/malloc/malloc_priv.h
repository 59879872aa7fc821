/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What malloc.c and operators.c share: how a call is exported. src/libmaar-malloc.map lists them all.
 */
#ifndef MAAR_MALLOC_PRIV_H
#define MAAR_MALLOC_PRIV_H

#include <maar/bits/cc.h>

#define MAAR_MALLOC_CALL __attribute__((visibility("default")))

#endif
