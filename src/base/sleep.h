/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Sleeping and being woken, as the system does it: the only file (with sleep.c) that knows of futexes, event
 * descriptors, clocks and processors. None of these touches errno.
 */
#ifndef MAAR_SLEEP_H
#define MAAR_SLEEP_H

#include "base.h"

/* Nanoseconds of CLOCK_MONOTONIC. Normally no system call (vDSO). */
int64_t maar__now(void);

/* The same as of the last tick of the kernel, 1 to 10 ms old, for a fifth of the price. */
int64_t maar__now_coarse(void);

/*
 * Sleeps while *word == expected, until maar__futex_wake or `deadline` (of maar__now; negative: none). Returns 0 when
 * woken, when the word was another one, or for no reason; -ETIMEDOUT. A signal does not end the sleep. A thread that a
 * wake has chosen returns 0, also when its deadline passes meanwhile: no wake is lost.
 */
int maar__futex_wait(uint32_t *word, uint32_t expected, int64_t deadline, bool shared);

/* Wakes up to n of those that sleep on the word; returns how many. */
uint32_t maar__futex_wake(uint32_t *word, uint32_t n, bool shared);

/* A new descriptor that is readable from maar__eventfd_set to maar__eventfd_clear, or -errno. */
int maar__eventfd(void);
void maar__eventfd_set(int fd);
void maar__eventfd_clear(int fd);
void maar__close(int fd);

/*
 * A descriptor that is readable when one of others is, each under a key; or -errno. fired: the keys of those that are
 * readable now, up to n: how many. A descriptor leaves the set by drop; it stays there if it is only closed, and a forked
 * child has it too.
 */
int maar__fd_set(void);
int maar__fd_set_add(int set, int fd, uint32_t key);
void maar__fd_set_drop(int set, int fd);
size_t maar__fd_set_fired(int set, uint32_t *keys, size_t n);

/* A byte into a FIFO: 0, also if it is full, which is readable already; or -errno. */
int maar__fifo_set(int fd);
/* Reads whatever a descriptor has that does not wait. */
void maar__fifo_clear(int fd);
bool maar__is_nonblocking(int fd);

/*
 * poll(2) until `deadline` (as above; one that has passed: only looks). Returns how many have events, 0 if none by then, or
 * -errno. A signal does not end it.
 */
struct pollfd;
int maar__poll(struct pollfd *fds, size_t n, int64_t deadline);

/* Processors that are at work in this machine. Enters the system. */
unsigned maar__processors(void);

#ifdef MAAR_FAULTS
/* Calls of maar__futex_wait, maar__futex_wake and maar__eventfd_set that entered the system, since the start. */
uint64_t maar__sleep_calls(void);
#endif

#endif
