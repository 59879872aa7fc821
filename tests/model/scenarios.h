/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The scenarios, for the test that runs them and the test that weakens orders under them. Each tests/model/scenarios_NAME.c
 * exports one table of them: an array and its length, declared here and listed in test_model.c.
 */
#ifndef MAAR_TESTS_MODEL_SCENARIOS_H
#define MAAR_TESTS_MODEL_SCENARIOS_H

#include "explorer.h"

extern const struct model_scenario scenarios_alloc[];
extern const unsigned n_scenarios_alloc;

extern const struct model_scenario scenarios_batch[];
extern const unsigned n_scenarios_batch;

extern const struct model_scenario scenarios_byte[];
extern const unsigned n_scenarios_byte;

extern const struct model_scenario scenarios_broadcast[];
extern const unsigned n_scenarios_broadcast;

extern const struct model_scenario scenarios_channel[];
extern const unsigned n_scenarios_channel;

extern const struct model_scenario scenarios_event[];
extern const unsigned n_scenarios_event;

extern const struct model_scenario scenarios_handed[];
extern const unsigned n_scenarios_handed;

extern const struct model_scenario scenarios_ipc[];
extern const unsigned n_scenarios_ipc;
extern const struct model_scenario scenarios_ipc_cast[];
extern const unsigned n_scenarios_ipc_cast;

extern const struct model_scenario scenarios_mring[];
extern const unsigned n_scenarios_mring;
/* True: an mring's thieves do without membarrier, and a slot gets into two hands; a pair's sleepers, and miss a wake-up. */
extern bool scenarios_without_membarrier;

extern const struct model_scenario scenarios_queue[];
extern const unsigned n_scenarios_queue;

extern const struct model_scenario scenarios_pool[];
extern const unsigned n_scenarios_pool;

extern const struct model_scenario scenarios_ring[];
extern const unsigned n_scenarios_ring;

extern const struct model_scenario scenarios_shared[];
extern const unsigned n_scenarios_shared;

extern const struct model_scenario scenarios_slot[];
extern const unsigned n_scenarios_slot;

extern const struct model_scenario scenarios_record[];
extern const unsigned n_scenarios_record;

extern const struct model_scenario scenarios_wait[];
extern const unsigned n_scenarios_wait;

/* scenarios_channel.c: a slot comes back to the mring of that file, whose stand-in the pool's scenarios have. */
bool channel_slot_back(uint32_t handle);
struct maar__mring;
const struct maar__mring *channel_mring(void);

/* sleep.c: a descriptor of maar__eventfd, as a caller of poll uses it; and until poll finds the last one made readable. */
void use_descriptor(int fd);
void sleep_until_readable(void);

#endif
