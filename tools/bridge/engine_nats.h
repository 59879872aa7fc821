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
	int64_t looked;	    /* for messages that are passed over */
	uint64_t passed;    /* the first of them, as it was then; 0: none */
	uint64_t brought;   /* for which the consumer was made anew, */
	int64_t brought_at; /* when */
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

/*
 * Every now and then: whether the stream still has, from before all that its consumer has done with, what is never offered then. A
 * cluster of 2.9 of which servers were killed may give numbers of its stream a second time, and its consumer does not know:
 * messages that are acknowledged to their sender are passed over. If the same is there twice, the consumer is made anew.
 */
void nats_look(struct engine *e);

/* The first message of this one's subject after a place: 1; 0: there is none; -EAGAIN. *known: it has an identity. */
int nats_next_after(struct engine *e, uint64_t after, struct engine_id *id, bool *known, uint64_t *place);

#endif
