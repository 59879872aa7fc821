/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Ahead of the library's headers, it counts every atomic access down and does something when the count is 0: a victim
 * is left there (by_hooks.c), a call of the others that never returns is ended there (others.c).
 */
#ifndef MAAR_TEST_KILL_POINT_H
#define MAAR_TEST_KILL_POINT_H

#define MAAR_POINT(address) kill_point()

/* One counter is enough: the victim and the others never run at the same time. */
extern unsigned long kill_points_left;
extern void (*kill_at_point)(void);

static inline void kill_point(void)
{
	if (--kill_points_left == 0)
		kill_at_point();
}

#endif
