/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Two hosts for tests of maar-bridge, side by side on this one: a directory of queues each; between them processes of
 * nats-server or redis-server on loopback. What is sent on host A is numbered, and counted on host B.
 */
#ifndef MAAR_TEST_BRIDGE_WORLD_H
#define MAAR_TEST_BRIDGE_WORLD_H

#include "../unit/common.h"

#include <maar/ipc_names.h>
#include <sys/types.h>

#define WORLD_SERVERS 3

enum side { SIDE_A = 0, SIDE_B = 1 };
enum world_engine { WORLD_NATS, WORLD_REDIS };

/* One message at B, in memory that all processes of a test share. */
struct arrival {
	uint64_t position; /* in B's queue, and 1: where it came first */
	uint32_t times;	   /* that it came, but for redeliveries within B */
	uint32_t spoilt;   /* that it was not as it was sent */
};

struct arrivals {
	uint64_t n;		   /* messages there are to be */
	uint64_t kills, killed[8]; /* so far, and whom: the test's */
	uint64_t received;	   /* distinct */
	uint64_t twice, foreign;
	uint32_t stop;
	struct arrival of[];
};

struct server {
	pid_t pid;
	unsigned port, cluster_port;
};

struct world {
	enum world_engine engine;
	char base[512];	 /* directory of all files of the servers */
	char dir[2][64]; /* of the queues */
	char kept[512];	 /* directory of what outlives the program; "": nothing does */
	char url[160];
	unsigned n_servers, replicas;
	struct server servers[WORLD_SERVERS];
};

/* Without a server of that engine the program ends here, as skipped. */
void world_need(enum world_engine engine);

/* Directories and ports; gone at the end. For an unchecked fixture, which is called in any case. Redis: one server. */
void world_begin(struct world *w, enum world_engine engine, unsigned servers);
void world_end(struct world *w);
/*
 * One that stays when the program ends, or is killed, and goes on when it begins again with this directory. True: it does go
 * on, as it was when world_is_begun was called, or later. Gone at the end after world_is_done.
 */
bool world_keep(struct world *w, enum world_engine engine, unsigned servers, const char *kept);
void world_is_begun(const struct world *w);
void world_is_done(const struct world *w);

/* In the test itself, for they are its children; should it fail, they end with it. */
void servers_start(struct world *w);
void servers_end(struct world *w);
void server_start(struct world *w, unsigned i);
void server_kill(struct world *w, unsigned i);

/* The queue at a side: made, with so many slots. */
void queue_make(const struct world *w, enum side side, const char *queue, uint32_t slots, uint32_t priorities);
struct maar_ipc *queue_open(const struct world *w, enum side side, const char *queue, uint32_t roles, uint64_t key);
/* Nobody has anything of it: recovers, and wants every slot free, and nothing queued. */
void queue_is_whole(const struct world *w, enum side side, const char *queue);

/*
 * A bridge: exports the queue of A, or imports to that of B. program: maar-bridge, or the one that can do without parts (die:
 * where; without: what; NULL: nothing). options: more words of the command line, NULL: none.
 */
struct bridge {
	enum side side;
	const char *queue, *die, *without;
	const char *options[12];
	pid_t pid;
};
void bridge_start(const struct world *w, struct bridge *b);
int bridge_wait(struct bridge *b); /* how it ended, as waitpid says */
void bridge_end(struct bridge *b); /* by SIGTERM: must end well */
/* One of the counters of its marks, by its name in the JSON of `status`. */
long long bridge_count(const struct world *w, const struct bridge *b, const char *name);

/* ---- messages ---- */

struct arrivals *arrivals_make(uint64_t n);
/* Those of a kept world, which nobody else counts meanwhile. */
struct arrivals *arrivals_keep(const struct world *w, uint64_t n);
void arrivals_end(struct arrivals *a);
/* Sends those from `from` to `to` - 1, in this process. */
void send_some(const struct world *w, const char *queue, uint64_t from, uint64_t to);
/* Receives, until `received` is as much as there is to be, and then for so long more as nothing should come: ns. */
void receive_all(const struct world *w, const char *queue, struct arrivals *a, int64_t quiet_ns);
/* Processes: one that sends all n, and goes on where it was killed; one that receives until it is told to stop. */
pid_t producer_start(const struct world *w, const char *queue, uint64_t n);
pid_t consumer_start(const struct world *w, const char *queue, struct arrivals *a);

void nap(int64_t ns);

#endif
