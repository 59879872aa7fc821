/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Included before all else in test_shared_points.c and the sources that it runs: each access to shared memory passes here.
 */
#ifndef MAAR_TEST_UNIT_SHARED_POINT_H
#define MAAR_TEST_UNIT_SHARED_POINT_H

void shared_point(void);
#define MAAR_POINT(address) shared_point()

#endif
