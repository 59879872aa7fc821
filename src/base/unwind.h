/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Back traces that allocate nothing, and who the calling thread is.
 *
 * The unwinder of the C library is always right and costs a microsecond; it is loaded beforehand by maar__unwind_ready.
 * The chain of frame pointers costs some ten nanoseconds, and is right only where every function of the program keeps
 * one. Nobody says whether it does, so both are compared: the chain is trusted after 16 traces on which they agreed, compared again
 * every 64th time, and never followed again after they disagreed once. The chain is read within the thread's own stack only.
 */
#ifndef MAAR_UNWIND_H
#define MAAR_UNWIND_H

#include "base.h"

/*
 * Loads the unwinder, which allocates; `full`: never follow frame pointers. Any thread, again at will. A caller that is in
 * the unwinder itself, which may have its lock then, is all that a trace has from then on.
 */
void maar__unwind_ready(bool full);

/*
 * Return addresses, `caller` first and outwards, at most `most`; returns how many, at least 1. `caller` is one that is
 * on the stack. `frame` is __builtin_frame_address(0) of a function that was called from the place `caller` returns to,
 * or tail-called from there; NULL: not to be followed. A thread's first call may allocate.
 */
unsigned maar__unwind(const void *caller, const void *frame, uint64_t *frames, unsigned most);

/* Whether a call that returns to `caller` is the unwinder's own. */
bool maar__unwind_is_inside(const void *caller);

/* The calling thread's number in the kernel, kept after the first call. After fork the child forgets the parent's. */
uint32_t maar__thread_id(void);
void maar__thread_id_forget(void);

#ifdef MAAR_FAULTS
/* Whether frame pointers are trusted now: 1; refused for good: -1; not known yet: 0. And begins anew. */
int maar__unwind_trusts(void);
void maar__unwind_forget(void);
#endif

#endif
