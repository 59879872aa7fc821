/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Memory as AddressSanitizer and valgrind see it: hidden while nobody may touch it. The one place that knows them.
 */
#ifndef MAAR_TOOLS_H
#define MAAR_TOOLS_H

#include "base.h"

enum maar__tools { MAAR__TOOL_ASAN = 1, MAAR__TOOL_VALGRIND = 2 };

/* Those that watch this program and are to be told (MAAR_OPTIONS=tools=0: none). Of valgrind's, memcheck. */
unsigned maar__tools(void);

/* Whoever touches it is told on. AddressSanitizer: in whole groups of 8 bytes, the first of which may begin earlier. */
void maar__tools_hide(unsigned tools, void *from, size_t bytes);

/* May be touched; undefined to valgrind until it is written. AddressSanitizer: `from` should be a multiple of 8. */
void maar__tools_show(unsigned tools, void *from, size_t bytes);

/* May be touched, as it is. */
void maar__tools_reveal(unsigned tools, void *from, size_t bytes);

/* A word that may be hidden, and stays as it is to the tools. */
uint64_t maar__tools_peek(unsigned tools, const uint64_t *at);
void maar__tools_poke(unsigned tools, uint64_t *at, uint64_t value);

/*
 * Blocks of malloc's kind, whose stacks valgrind keeps; each ended before the memory is somebody else's. again: it was ended
 * already, which is told. */
void maar__tools_block(unsigned tools, void *at, size_t bytes, bool zeroed);
void maar__tools_block_end(unsigned tools, void *at, bool again);

/* The same of slots of a pool, which is any address; `redzone` bytes on either side of each are the pool's. */
void maar__tools_pool(unsigned tools, void *pool, size_t redzone);
void maar__tools_pool_end(unsigned tools, void *pool);
void maar__tools_pool_got(unsigned tools, void *pool, void *at, size_t bytes);
void maar__tools_pool_put(unsigned tools, void *pool, void *at, size_t bytes);

/*
 * What lies before the first slot of all is not the pool's, and yet valgrind hides it with each word about that slot, as its
 * redzone. What it was before, and to be so again.
 */
#define MAAR__TOOLS_BEFORE 64 /* bytes, and the most that `redzone` may be */
struct maar__tools_before {
	unsigned char shown[MAAR__TOOLS_BEFORE], bits[MAAR__TOOLS_BEFORE];
};
void maar__tools_keep(unsigned tools, const void *slot, struct maar__tools_before *before);
void maar__tools_restore(unsigned tools, const void *slot, const struct maar__tools_before *before);

/* What is called, with the address, before AddressSanitizer ends the program. */
void maar__tools_on_error(unsigned tools, void (*explain)(void *address));

#endif
