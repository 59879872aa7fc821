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

struct maar__lane *maar__lane_adopt(struct maar__mring *m)
{
	struct maar__lane *lane;

	if (m->single)
		return m->common;
	pthread_mutex_lock(&m->lock);
	lane = m->idle;
	if (lane) {
		m->idle = lane->next_idle;
	} else {
		lane = maar__lane_new(m);
		if (lane) {
			lane->next = m->lanes;
			m->lanes = lane;
		}
	}
	if (lane)
		lane->in_thread = 1;
	pthread_mutex_unlock(&m->lock);
	return lane;
}

void maar__lane_retire(struct maar__mring *m, struct maar__lane *lane)
{
	if (lane == m->common)
		return; /* it is nobody's, or everybody's who is alone */
	pthread_mutex_lock(&m->lock);
	lane->in_thread = 0;
	lane->next_idle = m->idle;
	m->idle = lane;
	pthread_mutex_unlock(&m->lock);
}
