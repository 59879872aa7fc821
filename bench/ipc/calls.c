/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The C library's syscall(), counted: the only way in which libmaar sleeps and wakes. A program's own name comes before the
 * library's, so whatever libmaar.so calls by this name is this one.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* syscall */
#endif
#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#include "ipc.h"

uint64_t *bench_ipc_calls;

#if defined(__x86_64__)
static long enter(long n, const long *a)
{
	register long r10 __asm__("r10") = a[3];
	register long r8 __asm__("r8") = a[4];
	register long r9 __asm__("r9") = a[5];
	long rc;

	__asm__ __volatile__("syscall"
			     : "=a"(rc)
			     : "a"(n), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
			     : "rcx", "r11", "memory");
	return rc;
}
#elif defined(__aarch64__)
static long enter(long n, const long *a)
{
	register long x8 __asm__("x8") = n;
	register long x0 __asm__("x0") = a[0];
	register long x1 __asm__("x1") = a[1];
	register long x2 __asm__("x2") = a[2];
	register long x3 __asm__("x3") = a[3];
	register long x4 __asm__("x4") = a[4];
	register long x5 __asm__("x5") = a[5];

	__asm__ __volatile__("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
}
#endif

#if defined(__x86_64__) || defined(__aarch64__)
long syscall(long n, ...)
{
	long a[6], rc;
	va_list args;
	int i;

	va_start(args, n);
	for (i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (bench_ipc_calls)
		__atomic_fetch_add(bench_ipc_calls, 1, __ATOMIC_RELAXED);
	rc = enter(n, a);
	if (rc >= 0 || rc < -4095)
		return rc;
	errno = (int)-rc;
	return -1;
}
#endif
