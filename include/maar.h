/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * All of maar. The data's way, and where to read about each step:
 *
 *     get a slot -> fill it -> enqueue it -> dequeue it -> put it back
 *     maar/pool.h              maar/ring.h                 maar/pool.h
 */
#ifndef MAAR_H
#define MAAR_H

#include <maar/alloc.h>
#include <maar/arena.h>
#include <maar/batch_ring.h>
#include <maar/broadcast.h>
#include <maar/byte_ring.h>
#include <maar/chain.h>
#include <maar/channel.h>
#include <maar/event.h>
#include <maar/ipc.h>
#include <maar/ipc_handed.h>
#include <maar/ipc_names.h>
#include <maar/ipc_watch.h>
#include <maar/mring.h>
#include <maar/object_pool.h>
#include <maar/pool.h>
#include <maar/queue.h>
#include <maar/record_ring.h>
#include <maar/ring.h>
#include <maar/select.h>
#include <maar/shared_mring.h>
#include <maar/slot_ring.h>
#include <maar/topic.h>
#include <maar/track.h>
#include <maar/typed_pool.h>
#include <maar/version.h>
#include <maar/wait.h>

#endif
