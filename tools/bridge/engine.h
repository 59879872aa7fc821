/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What maar-bridge wants of an engine that keeps messages on other machines: a log ("stream") to which messages are
 * added, each under its identity, and from which they are fetched and acknowledged. One file an engine, or a few:
 * engine_nats.c, engine_redis.c.
 *
 *     exporter:  queue -> take -> publish ----> acked(cookie, 0, place) -> release
 *     importer:  fetch -> publish into the queue -> ack
 *
 * The parts that an engine has to do itself: to find its server again, with a growing pause, for as long as it takes
 * and without the caller; to keep no more than it was given (publish: what the caller has in hand; fetch: what it asked
 * for). The parts that it need not do: to publish once more what was lost, to know what has landed, to drop what comes
 * twice. That is the bridge's, by identities, for all engines alike. An engine whose server drops a message that has
 * an identity which it has seen shall use that: it saves the duplicates from being carried.
 *
 * Threads: the calls on one engine come from one thread at a time. acked is called on any thread, never after close
 * has returned, and may not call the engine.
 */
#ifndef MAAR_BRIDGE_ENGINE_H
#define MAAR_BRIDGE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The identity that a message got when it was published in its first queue: <maar/ipc.h>, struct maar_ipc_id. */
struct engine_id {
	uint64_t segment[2];
	uint64_t position;
	uint32_t ring;
};

/* Where a message lies in a stream. Places grow in the order in which messages came; zeros are before the first. */
struct engine_place {
	uint64_t high, low;
};

enum engine_flag {
	ENGINE_AGAIN = 1u << 0, /* it may be in the stream already: it was redelivered, or published before */
};

struct engine_message {
	struct engine_id id;
	uint64_t sequence; /* the sender's tags, as in struct maar_ipc_message */
	uint32_t type, priority;
	uint32_t flags; /* enum engine_flag */
	const void *payload;
	size_t bytes;
	struct engine_place place; /* fetch: where it lies */
	void *token;		   /* fetch: the engine's; until ack or nack */
};

/*
 * All that there is to say of a stream. Strings stay the caller's, until close. What is said of a new stream is not
 * asked of one that is there.
 *   url            or several, with commas between
 *   credentials, tls_ca, tls_cert, tls_key
 *                  files; NULL: none
 *   tls            required, also if the URL does not say so
 *   tls_host       the name that the server's certificate must have; NULL: the URL's
 *   exports        publish and read_back; false: fetch, ack and nack
 *   queue, host    names as they are: what they become is the engine's mapping
 *   consumer       fetch: on whose behalf; those who fetch under one name share what there is. NULL: the host's
 *   from           fetch: only what this host has published; NULL: any
 *   window         messages that are not acknowledged, at most
 *   ack_wait_ns    fetch: what is not acknowledged for so long comes again
 *   dedup_ns       new stream: how long the server remembers identities
 *   most_messages, most_bytes
 *                  new stream: when it has so many, publish is answered with -ENOSPC; 0: no limit
 *   replicas, memory
 *                  new stream: on so many servers; not in files
 *   keep           new stream: what is acknowledged stays, for others to fetch
 */
struct engine_options {
	const char *url, *user, *password, *token, *credentials;
	const char *tls_ca, *tls_cert, *tls_key, *tls_host;
	const char *queue, *host, *consumer, *from;
	uint64_t dedup_ns, ack_wait_ns, most_messages, most_bytes;
	uint32_t replicas, window;
	bool exports, tls, memory, keep;
};

/*
 * A publish has ended: result 0: the message is in the stream, at `place`, as surely as the stream keeps anything;
 * twice: its identity was there before, and the place may be zeros: not known. Or it is not, as far as the server says:
 *   -ENOSPC    the stream is full          -EAGAIN  nobody is there to take it, or not now
 *   -EMSGSIZE  the server takes none of that size
 *   -EPERM     it may not be published there         -EIO  anything else: `why` says it
 * If the link is lost, or the server does not answer, nothing is said: nobody knows.
 */
typedef void engine_acked_fn(void *arg, uint64_t cookie, int result, struct engine_place place, bool twice,
			     const char *why);

/* A message of this exporter's that is in the stream. */
typedef void engine_landed_fn(void *arg, const struct engine_id *id, struct engine_place place);

#define ENGINE_WHY 256 /* bytes of a text that says why */

struct engine; /* one stream, one direction, one link to the server */

struct engine_class {
	const char *name;
	const char *const *schemes; /* of URLs, before "://"; ends with NULL */

	/*
	 * Checks the options, and begins to connect. Does not wait for the server. NULL: they are wrong, or no memory;
	 * `why` says what.
	 */
	struct engine *(*connect)(const struct engine_options *options, engine_acked_fn *acked, void *arg,
				  char why[ENGINE_WHY]);

	/*
	 * 0: there is no link, or the stream is not ready; `why` says what is missing. Else the link's number, another
	 * one (a higher one) after each loss: what was published under another number and was not answered will perhaps
	 * never be. Where there is none, an engine whose client does not do that by itself tries here, after its pause; where
	 * there is one, and the stream is not known to be ready, it is looked for here, and made if there is none: that
	 * waits for the server, for some seconds at most.
	 */
	uint64_t (*link)(struct engine *engine, char why[ENGINE_WHY]);

	/* Bytes of a message that the server takes, at most; 0: not known yet. */
	uint64_t (*most_bytes)(struct engine *engine);

	/*
	 * Sends a message, without waiting for the server. The payload may change when it returns. 0: acked is called
	 * with the cookie, once, or the link is lost, or the server does not answer; -EAGAIN: not now; -EMSGSIZE; -EIO.
	 * Where it is not 0, acked is not called.
	 */
	int (*publish)(struct engine *engine, const struct engine_message *message, uint64_t cookie);

	/*
	 * Tells of each message that was published by this exporter (host and queue), lies after `after`, and is still
	 * in the stream, in the order of their places. Waits for the server. How many, or -EAGAIN: the link was lost,
	 * or the server did not answer: once more.
	 */
	ssize_t (*read_back)(struct engine *engine, struct engine_place after, engine_landed_fn *landed, void *arg);

	/*
	 * Gets messages that wait, n at most, and waits for the first. Asks the server for no more than n: so n is what
	 * the caller has room for (and it may change from call to call: what was asked for before may come). How many,
	 * 0 by the time-out, or -EAGAIN: there is no link. A message that no bridge has published has an identity made
	 * of its place. Each ends with one ack or nack; until then its payload is the engine's, and stays.
	 */
	ssize_t (*fetch)(struct engine *engine, struct engine_message *messages, size_t n, int64_t timeout_ns);

	/* It is done with: it does not come again. If the link is lost it may. Does not wait. */
	void (*ack)(struct engine *engine, struct engine_message *message);

	/*
	 * It is to come again, to whoever fetches, not before so many nanoseconds, or when ack_wait_ns are over, if that
	 * is sooner. Does not wait.
	 */
	void (*nack)(struct engine *engine, struct engine_message *message, int64_t delay_ns);

	/* Sends what is to be sent, for a second at most, and ends it. Messages that are fetched, and not ended, come again. */
	void (*close)(struct engine *engine);
};

extern const struct engine_class engine_nats, engine_redis;

/* The class for a URL; NULL: none has its scheme. */
const struct engine_class *engine_for(const char *url);

/* a's place is after b's */
static inline bool engine_after(struct engine_place a, struct engine_place b)
{
	return a.high != b.high ? a.high > b.high : a.low > b.low;
}

#endif
