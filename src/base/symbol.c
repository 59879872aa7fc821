/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Code addresses by name: see symbol.h.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* dladdr */
#endif
#include "symbol.h"

#include <dlfcn.h>
#include <elf.h>
#include <inttypes.h>
#include <link.h>
#include <stdio.h>

struct maar__symbol maar__symbol_of(uint64_t address)
{
	struct maar__symbol s = { 0 };
	Dl_info info;

	/* The byte before: behind a call that never returns the next function begins. */
	if (!address || !dladdr((void *)(uintptr_t)(address - 1), &info))
		return s;
	if (info.dli_sname) {
		s.function = info.dli_sname;
		s.offset = address - (uintptr_t)info.dli_saddr;
	}
	if (info.dli_fname && info.dli_fbase) {
		s.module = info.dli_fname;
		s.in_module = address - 1;
		if (((const ElfW(Ehdr) *)info.dli_fbase)->e_type != ET_EXEC)
			s.in_module -= (uintptr_t)info.dli_fbase;
	}
	return s;
}

void maar__symbol_text(char *to, size_t bytes, uint64_t address)
{
	const struct maar__symbol s = maar__symbol_of(address);
	int n = 0;

	to[0] = 0;
	if (s.function)
		n = snprintf(to, bytes, "%s+%#" PRIx64 " ", s.function, s.offset);
	if (n < 0 || (size_t)n >= bytes)
		return;
	if (s.module)
		(void)snprintf(to + n, bytes - (size_t)n, "(%s+%#" PRIx64 ")", s.module, s.in_module);
	else
		(void)snprintf(to + n, bytes - (size_t)n, "%#" PRIx64, address);
}
