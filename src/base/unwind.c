/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Back traces: see unwind.h.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* pthread_getattr_np, syscall */
#endif
#include "unwind.h"

#include <execinfo.h>
#include <link.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Frames of the library itself between the unwinder and the caller, at most; generous. */
#define OWN_FRAMES 8

/* Return addresses of one trace, the library's own left out, at most. */
#define MOST_FRAMES 32

/* What the C library puts below main or a thread's function, and keeps no frame pointers in: three functions at most. */
#define BOTTOM 3

/* Agreements before the chain is trusted, and how often it is compared afterwards. */
#define AGREEMENTS    16
#define COMPARE_EVERY 64

enum { UNTRIED, TRUSTED, REFUSED };

static uint32_t chain;	   /* one of these; only ever written by whoever compared, so a race costs a comparison */
static uint32_t agreed;	   /* agreements so far */
static uint32_t full_only; /* the environment wants no chain */

/*
 * The unwinder's code: where it lies, and how many bytes; 0: not known. Neither changes once it is set; who sees the second
 * without the first finds no address there.
 */
static uintptr_t unwinder, unwinder_bytes;

/* The calling thread's stack; high = 0: not asked yet, high = 1: not to be had. */
static __thread struct {
	uintptr_t low, high;
} stack __attribute__((tls_model("initial-exec")));
static __thread uint32_t uses __attribute__((tls_model("initial-exec"))); /* of a trusted chain */
static __thread uint32_t thread_id __attribute__((tls_model("initial-exec")));

uint32_t maar__thread_id(void)
{
	if (maar_unlikely(!thread_id))
		thread_id = (uint32_t)syscall(SYS_gettid);
	return thread_id;
}

void maar__thread_id_forget(void)
{
	thread_id = 0;
}

static void find_stack(void)
{
	pthread_attr_t attr;
	void *low;
	size_t bytes;

	stack.high = 1;
	if (pthread_getattr_np(pthread_self(), &attr))
		return;
	if (!pthread_attr_getstack(&attr, &low, &bytes)) {
		stack.low = (uintptr_t)low;
		stack.high = (uintptr_t)low + bytes;
	}
	pthread_attr_destroy(&attr);
}

/* The words of another function's frame: of this thread's stack, but none of this function's business. */
__attribute__((no_sanitize("address"), noinline)) static uint64_t word_at(uintptr_t at)
{
	return *(const volatile uintptr_t *)at;
}

/* Follows the chain from `frame`, whose own return address counts; the caller's comes first, or 0 is returned. */
static unsigned follow(const void *caller, const void *frame, uint64_t *frames, unsigned most)
{
	uintptr_t at = (uintptr_t)frame, next;
	unsigned n = 0, i;

	if (!stack.high)
		find_stack();
	for (i = 0; n < most && i < MOST_FRAMES + OWN_FRAMES; i++) {
		uint64_t address;

		if (at % sizeof(void *) || at < stack.low || at + 2 * sizeof(void *) > stack.high || at >= stack.high)
			break;
		address = word_at(at + sizeof(void *));
		if (n || address == (uintptr_t)caller)
			frames[n++] = address;
		else if (i >= OWN_FRAMES)
			return 0;
		next = (uintptr_t)word_at(at);
		if (next <= at)
			break;
		at = next;
	}
	return n;
}

static unsigned unwind_full(const void *caller, uint64_t *frames, unsigned most)
{
	void *raw[MOST_FRAMES + OWN_FRAMES];
	int n, i, first;
	unsigned k = 0;

	if (most > MOST_FRAMES)
		most = MOST_FRAMES;
	n = backtrace(raw, (int)most + OWN_FRAMES);
	for (first = 0; first < n && raw[first] != caller; first++)
		;
	if (first == n) {
		frames[0] = (uintptr_t)caller;
		return 1;
	}
	for (i = first; i < n && k < most; i++)
		frames[k++] = (uintptr_t)raw[i];
	return k;
}

/* Whether the chain told what the unwinder told, as far as the program's own functions go. */
static void compare(const uint64_t *right, unsigned n, const uint64_t *got, unsigned got_n)
{
	unsigned same = 0;

	while (same < n && same < got_n && right[same] == got[same])
		same++;
	if (same + BOTTOM < n) {
		maar_a_store(&chain, REFUSED, RELAXED);
		return;
	}
	if (n < BOTTOM + 2) /* no two functions of the program's: says nothing */
		return;
	if (maar_a_add(&agreed, 1, RELAXED) + 1 >= AGREEMENTS)
		maar_a_store(&chain, TRUSTED, RELAXED);
}

/* The library that the C library takes its unwinder from. */
static int find_unwinder(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	const char *name = strrchr(info->dlpi_name, '/');
	uintptr_t end = 0;
	unsigned i;

	(void)bytes;
	(void)arg;
	if (!name || strncmp(name, "/libgcc_s.so", sizeof("/libgcc_s.so") - 1) != 0)
		return 0;
	for (i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD)
			end = info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz;
	maar_a_store(&unwinder, info->dlpi_addr, RELAXED);
	maar_a_store(&unwinder_bytes, end, RELAXED);
	return 1;
}

bool maar__unwind_is_inside(const void *address)
{
	return (uintptr_t)address - maar_a_load(&unwinder, RELAXED) < maar_a_load(&unwinder_bytes, RELAXED);
}

unsigned maar__unwind(const void *caller, const void *frame, uint64_t *frames, unsigned most)
{
	const uint32_t state = maar_a_load(&chain, RELAXED);
	uint64_t other[MOST_FRAMES];
	unsigned n;

	if (maar_unlikely(maar__unwind_is_inside(caller))) {
		frames[0] = (uintptr_t)caller;
		return 1;
	}
	if (!frame || state == REFUSED || maar_a_load(&full_only, RELAXED))
		return unwind_full(caller, frames, most);
	if (state == TRUSTED && ++uses % COMPARE_EVERY) {
		n = follow(caller, frame, frames, most);
		if (maar_likely(n))
			return n;
	}
	n = unwind_full(caller, frames, most);
	compare(frames, n, other, follow(caller, frame, other, n));
	return n;
}

void maar__unwind_ready(bool full)
{
	void *one[1];

	(void)backtrace(one, 1); /* loads libgcc_s when called first */
	(void)dl_iterate_phdr(find_unwinder, NULL);
	if (full)
		maar_a_store(&full_only, 1, RELAXED);
	if (!stack.high)
		find_stack();
}

#ifdef MAAR_FAULTS
int maar__unwind_trusts(void)
{
	const uint32_t state = maar_a_load(&chain, RELAXED);

	return state == TRUSTED ? 1 : state == REFUSED ? -1 : 0;
}

void maar__unwind_forget(void)
{
	maar_a_store(&chain, UNTRIED, RELAXED);
	maar_a_store(&agreed, 0, RELAXED);
	maar_a_store(&full_only, 0, RELAXED);
}
#endif
