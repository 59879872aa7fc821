/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Memory as AddressSanitizer and valgrind see it: hidden while nobody may touch it.
 */
#ifndef MAAR_TOOLS_H
#define MAAR_TOOLS_H

#include "base.h"

enum maar__tools { MAAR__TOOL_ASAN = 1, MAAR__TOOL_VALGRIND = 2 };

/* Those that watch this program and are to be told (MAAR_OPTIONS=tools=0: none). */
unsigned maar__tools(void);

/* Whoever touches it is told on. AddressSanitizer: in whole groups of 8 bytes, the first of which may begin earlier. */
void maar__tools_hide(unsigned tools, void *from, size_t bytes);

/* May be touched; undefined to valgrind until it is written. AddressSanitizer: `from` should be a multiple of 8. */
void maar__tools_show(unsigned tools, void *from, size_t bytes);

#endif
