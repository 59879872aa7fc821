/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Code addresses by name, as the dynamic linker knows them: functions that are exported, and in which file. Allocates nothing.
 */
#ifndef MAAR_SYMBOL_H
#define MAAR_SYMBOL_H

#include "base.h"

/* Where a call is that returns to an address. */
struct maar__symbol {
	const char *function; /* NULL: not known */
	uint64_t offset;      /* of the return address, from the function's beginning */
	const char *module;   /* NULL: not known */
	uint64_t in_module;   /* of the call, as addr2line -e module wants it */
};
struct maar__symbol maar__symbol_of(uint64_t address);

/* "function+0x12 (/path/module+0x1234)", cut where `to` ends. */
#define MAAR__SYMBOL_TEXT 4608 /* a path and a function */
void maar__symbol_text(char *to, size_t bytes, uint64_t address);

#endif
