/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * NATS JetStream: what engine_nats.c (messages) and engine_nats_link.c (the link, and what is on its other end) share.
 */
#ifndef MAAR_BRIDGE_ENGINE_NATS_H
#define MAAR_BRIDGE_ENGINE_NATS_H

#include "bridge.h"

#include <nats/nats.h>

#define NATS_WAIT_MS 2000 /* for the server's answer to what is not a message */

struct engine {
	struct engine_options o;
	engine_acked_fn *acked;
	void *arg;
	natsOptions *options;
	natsConnection *nc;
	jsCtx *js;
	natsSubscription *answers, *messages; /* export; import */
	char *inbox;
	char subject[MAPPING_SUBJECT], all[MAPPING_SUBJECT], stream[MAPPING_SUBJECT], durable[MAPPING_SUBJECT];
	char pull[2 * MAPPING_SUBJECT + 40], get[MAPPING_SUBJECT + 40];
	bool ready;	       /* the stream is there, and the consumer */
	uint64_t drops;	       /* of the link; under the lock */
	uint64_t pulled_under; /* the number of the link */
	size_t pulled;	       /* messages that the last request may still bring */
	int64_t pulled_until;
	int64_t stirred;    /* a message came, or the consumer was looked at */
	uint64_t delivered; /* deliveries of its consumer, to anybody, when it was last stirred; 0: not known */
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool quiet;	   /* no answer will come any more. Under the lock */
	unsigned closings; /* of links that have ended, so that nothing of theirs runs any more. Under the lock */
	unsigned links;	   /* that were made: a link that does not end in time may end beside the next */
	int64_t next;	   /* there is no client, or it has given up: not before then again */
	unsigned pauses;
	char refusal[ENGINE_WHY]; /* why the last attempt failed */
};

struct engine *nats_connect(const struct engine_options *o, engine_acked_fn *acked, void *arg, char why[ENGINE_WHY]);
uint64_t nats_link(struct engine *e, char why[ENGINE_WHY]);
void nats_close(struct engine *e);

/*
 * Nothing has come for long. If the consumer is stuck, it is made anew: a server that was killed may have written down that a
 * message was acknowledged, and not so of its consumer, which then offers for ever what is not there, and nothing
 * else (2.9: "deleted message" in its log). What it offers again that came, the marks know.
 */
void nats_stir(struct engine *e);

#endif
