/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The ground floor: memory from the system, arithmetic that cannot overflow unseen, locks, fault points.
 * Nothing above this directory calls mmap, malloc or pthread_mutex_init itself, so a test can make any of them fail.
 */
#ifndef MAAR_BASE_H
#define MAAR_BASE_H

#define MAAR_BITS_OK 1
#include <maar/bits/atomic.h>
#include <maar/bits/cc.h>

#include <pthread.h>
#include <stdbool.h>

/* ---- fault points (fault.c) ---- */

enum maar__fault {
	MAAR__FAULT_ALLOC, /* small blocks from malloc */
	MAAR__FAULT_MAP,   /* mappings */
	MAAR__FAULT_LOCK,  /* mutexes, thread-specific keys, fork handlers */
	MAAR__FAULT_FD,	   /* descriptors */
};

#ifdef MAAR_FAULTS
/* True if this call has to fail: it is the k-th since maar__fault_arm(k). */
bool maar__fault(enum maar__fault kind);
/* Fail the k-th fault point passed from now on (1 is the next one; 0 fails none), and count from 0 again. */
void maar__fault_arm(uint64_t k);
/* Fault points passed since the last arm. */
uint64_t maar__fault_passed(void);
#else
static inline bool maar__fault(enum maar__fault kind)
{
	(void)kind;
	return false;
}
#endif

/* ---- memory (memory.c) ---- */

/* Zeroed, page-aligned memory straight from the system, touched by nobody; NULL with errno = ENOMEM. */
void *maar__map(size_t bytes);
void maar__unmap(void *memory, size_t bytes);

/* As maar__map; in a child, however it was forked, it is zero again. NULL with errno; ENOTSUP: a kernel before 4.14. */
void *maar__map_own(size_t bytes);

/*
 * Addresses without memory, which no strict accounting of memory counts, page-aligned; NULL with errno. maar__unmap
 * ends it. ready: makes a part of it (whole pages) readable and writable, zeroed; false with errno, and nothing
 * changed. unready: gives the memory of such a part back; false: it could not, and the part is as before but for its
 * content.
 */
void *maar__reserve(size_t bytes);
bool maar__ready(void *at, size_t bytes);
bool maar__unready(void *at, size_t bytes);

/* As maar__map, much more than will be touched: counted when it is touched, where the system agrees to that. */
void *maar__map_sparse(size_t bytes);
/* Gives the memory of whole pages back, which are zero from then on, and stay mapped. False: it could not. */
bool maar__discard(void *at, size_t bytes);
/* Another size for a mapping, which may move; NULL with errno, and nothing changed. */
void *maar__remap(void *memory, size_t bytes, size_t new_bytes);

/* Bytes of addresses that the process may have (RLIMIT_AS); UINT64_MAX: no limit. */
uint64_t maar__address_limit(void);

/*
 * Zeroed memory of which a part is mapped twice, back to back: `once` bytes, `twice` bytes, and these again, all
 * multiples of maar__page(), whose sum fits size_t. Shared with children after fork. NULL with errno (ENOMEM, or what
 * memfd_create, ftruncate and mmap say; EFBIG if RLIMIT_FSIZE forbids it). maar__unmap(memory, once + 2 * twice) ends
 * it.
 */
void *maar__map_mirrored(size_t once, size_t twice);
size_t maar__page(void); /* bytes */

/*
 * The first `bytes` of a file, shared with whoever maps it too, to be read only or written. A forked child does not have it.
 * NULL with errno (what mmap says; ENOMEM). maar__unmap ends it.
 */
void *maar__map_shared(int fd, size_t bytes, bool writable);

/* Memory for the first `bytes` of a file, which is made as long if it is shorter; 0 or -errno: ENOSPC, EFBIG (and no SIGXFSZ). */
int maar__file_reserve(int fd, uint64_t bytes);

/* ---- memory that one process writes and another reads (sealed.c) ---- */

/*
 * Zeroed memory, shared, in an anonymous file that nobody can make shorter or longer, and nobody else write to: whoever gets the
 * descriptor can map it to be read only. Returns the descriptor, and *memory; maar__unmap and close end them. Or -errno;
 * -ENOTSUP: a kernel before 5.1. A forked child does not have the mapping.
 */
int maar__sealed_make(size_t bytes, void **memory);

/*
 * The same memory, as another process has handed it over, to be read. It is mapped only if nothing that anybody does can make a
 * read fail later. 0 and *memory; -EPERM: a seal is missing, or it is no such file at all; -EBADMSG: it has not exactly so many
 * bytes, or no memory for some of them; or -errno.
 */
int maar__sealed_map(int fd, size_t bytes, const void **memory);

/* ---- where it lies (place.c) ---- */

/* Bytes of a huge page, a power of two; 0 where there are none. */
size_t maar__huge_page(void);

/*
 * As maar__reserve, aligned to a huge page, for so many bytes rounded up to whole ones (which is what maar__unmap is
 * told). If the system has set aside enough of them for all, they are of those, and *set_aside is true; else huge pages
 * are asked for.
 */
void *maar__reserve_huge(size_t bytes, size_t huge, bool *set_aside);

/*
 * Pages of this part (whole ones), when they are touched, are to come from a NUMA node, as long as it has some. 0;
 * -ENOTSUP without libnuma, or NUMA in the kernel; -EINVAL, no such node; or what mbind says.
 */
int maar__on_node(void *at, size_t bytes, unsigned node);

/* A zeroed block aligned to MAAR_APART for the library's own bookkeeping; NULL with errno = ENOMEM. */
void *maar__alloc(size_t bytes);
void maar__free(void *block);

/* malloc's own: of any content, aligned to 16; NULL with errno = ENOMEM. maar__free ends it. */
void *maar__malloc(size_t bytes);

/* ---- locks (memory.c) ---- */

/* 0 or a negative errno. */
int maar__lock_init(pthread_mutex_t *lock);
int maar__key_create(pthread_key_t *key, void (*at_exit)(void *));
/* A thread with all signals blocked; 0 or a negative errno. */
int maar__thread_start(pthread_t *thread, void *(*body)(void *), void *arg);
int maar__at_fork(void (*before)(void), void (*in_parent)(void), void (*in_child)(void));

/* ---- membarrier (barrier.c) ---- */

/*
 * Once before maar__membarrier is used; it costs little when done before. False where the system refuses it (an old
 * kernel, a sandbox), or MAAR_NO_MEMBARRIER is in the environment: both sides of a pair then need SEQ_CST.
 */
bool maar__membarrier_register(void);

/*
 * Afterwards this thread sees whatever any thread of the process stored before, and every other thread, from some point
 * of its own work within this call on, sees what this one stored before. False: refused. Costs microseconds.
 */
bool maar__membarrier(void);

/*
 * The same between processes: each that shall see the barriers of others registers (Linux 4.16; a child that was forked is
 * registered, a program that was exec'ed is not); who asks for one need not have.
 */
bool maar__membarrier_shared_register(void);
bool maar__membarrier_shared_wanted(void); /* whether it works here, and MAAR_NO_MEMBARRIER does not forbid it */
bool maar__membarrier_shared(void);

/* ---- arithmetic: false if the result does not fit ---- */

static inline bool maar__mul(size_t a, size_t b, size_t *product)
{
	return !__builtin_mul_overflow(a, b, product);
}

static inline bool maar__add(size_t a, size_t b, size_t *sum)
{
	return !__builtin_add_overflow(a, b, sum);
}

static inline bool maar__is_pow2(uint64_t n)
{
	return n && !(n & (n - 1));
}

/* Up to a multiple of `to`, a power of two. */
static inline bool maar__round_up(size_t n, size_t to, size_t *rounded)
{
	if (!maar__add(n, to - 1, rounded))
		return false;
	*rounded &= ~(to - 1);
	return true;
}

/* The smallest power of two >= n, for 1 <= n <= 2^63. */
static inline uint64_t maar__pow2_at_least(uint64_t n)
{
	return n <= 1 ? 1 : UINT64_C(1) << (64 - __builtin_clzll(n - 1));
}

#endif
