/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Lanes come and go under the mring's mutex: a thread that exits leaves its lane, with the slots in it, to the idle ones,
 * where the next new thread takes it over. Which lane is whose, threads remember themselves: lane.c.
 */
#include "mring_priv.h"

struct maar__lane *maar__lane_new(const struct maar__mring *m)
{
	struct maar__lane *lane = maar__alloc(sizeof(*lane) + m->lane_slots * sizeof(void *));

	if (lane)
		lane->limit = m->lane_slots;
	return lane;
}

static struct maar__lane *make(void *arg)
{
	return maar__lane_new(arg);
}

struct maar__lane *maar__lane_adopt(struct maar__mring *m)
{
	return m->single ? m->common : maar__lanes_adopt(&m->set, make, m);
}

void maar__lane_retire(struct maar__mring *m, struct maar__lane *lane)
{
	if (lane != m->common) /* that is nobody's, or everybody's who is alone */
		maar__lanes_retire(&m->set, lane);
}
