/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What ipc_send and ipc_recv exchange: fixed-width members and no pointers, as for a file.
 */
#ifndef EXAMPLES_IPC_RECORD_H
#define EXAMPLES_IPC_RECORD_H

#include <maar/ipc_names.h>
#include <stdint.h>

struct record {
	uint64_t number, square;
};

#endif
