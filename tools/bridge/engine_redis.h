/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Redis Streams: what engine_redis.c (messages), engine_redis_link.c (the link, and its thread) and engine_redis_url.c
 * share.
 *
 *     maar:{QUEUE}               the stream: entries of host, id, tags, data
 *     maar:{QUEUE}:meta          what was said of it when it was made, and its bytes
 *     maar:{QUEUE}:seen:ID:PAGE  which of 65,536 positions of one ring are in the stream, a bit each
 *
 * The braces make one slot of a cluster of them. A link is two connections: the thread's, over which calls go one
 * after another without waiting for answers, and the caller's own, over which it waits (fetch, read_back).
 */
#ifndef MAAR_BRIDGE_ENGINE_REDIS_H
#define MAAR_BRIDGE_ENGINE_REDIS_H

#include "engine.h"
#include "mapping.h"

#include <hiredis/hiredis.h>
#include <pthread.h>
#include <time.h>

#define REDIS_ANSWER   INT64_C(5000000000) /* ns after which a server that is silent has gone */
#define REDIS_MOST_OUT (256 * 1024) /* bytes handed to the socket's buffer ahead: the client moves what is left */
#define REDIS_KEY      (MAPPING_NAME + 32)
#define REDIS_PAGE     16 /* 2^n positions share a key: 8 KiB */

struct redis_server {
	char *host, *user, *password; /* host: or the path of a socket */
	int port;		      /* 0: a path */
	int db;
};

struct redis_servers {
	struct redis_server *server;
	size_t n;
};

/* The servers of a list of URLs, to be freed in any case; false: they are wrong, `why`. */
bool redis_urls(struct redis_servers *servers, const char *urls, char why[ENGINE_WHY]);
void redis_urls_free(struct redis_servers *servers);

/* A command on its way: of a message, or of what has ended. */
struct redis_call {
	char *text; /* until it is sent */
	size_t bytes;
	uint64_t cookie;
};

enum redis_end { REDIS_DONE, REDIS_SKIP, REDIS_LATER };

/* What was fetched and has ended. */
struct redis_ended {
	struct engine_place place;
	uint64_t number; /* DONE: its bytes; LATER: milliseconds for which it counts as idle */
	enum redis_end how;
};

/* What came by one answer; goes with the last message of it. */
struct redis_batch {
	struct redis_batch *next, *before;
	redisReply *reply;
	size_t left;
};

struct redis_script {
	const char *text;
	char sha[41];
};

enum { REDIS_PUBLISH, REDIS_END, REDIS_SCRIPTS };

struct engine {
	struct engine_options o;
	engine_acked_fn *acked;
	void *arg;
	struct redis_servers servers;
	char stream[REDIS_KEY], meta[REDIS_KEY], group[REDIS_KEY];
	pthread_t thread;
	int wake; /* eventfd: the thread has something to do */

	pthread_mutex_t lock; /* of all down to the next line that says so */
	bool stop, asleep, lost;
	uint64_t link, links; /* the number of the link, or 0; how many there were */
	char why[ENGINE_WHY]; /* there is none */
	size_t server;	      /* the one in use, or tried next */
	/* calls: first to sent - 1 have no answer yet, sent to next - 1 are not sent; modulo room */
	struct redis_call *calls;
	uint64_t first, sent, next, room;
	struct redis_ended *ended; /* import: a FIFO of ends_room */
	size_t ended_first, ended_n, ended_room;
	/* the stream, as its meta says */
	uint64_t most_messages, most_bytes, dedup_ms, most_payload;
	bool keep;
	char from[MAPPING_ROOM]; /* only this host's; "": any */
	struct redis_script scripts[REDIS_SCRIPTS];

	/* the thread's */
	int64_t pause;

	/* the caller's */
	redisContext *own;
	uint64_t own_link;
	char own_from[MAPPING_ROOM];
	int64_t next_claim;
	struct redis_batch *batches;
	size_t in_hand;
};

/* The scripts: what has to happen at once, or not at all. */
extern const char redis_lua_publish[], redis_lua_end[], redis_lua_make[], redis_lua_look[];

static inline int64_t redis_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

#define REDIS_PLACE 44 /* of a place's text, with its end */
void redis_place_text(char to[REDIS_PLACE], struct engine_place place);
bool redis_place_from(const char *text, struct engine_place *place);

/* The words of a command. */
struct redis_words {
	const char *text[24];
	size_t bytes[24];
	int n;
};
void redis_word(struct redis_words *w, const char *text, size_t bytes);
void redis_words(struct redis_words *w, ...); /* strings, and NULL */

/*
 * A connection to a server that is ready for commands; NULL: `why`. By the thread: it ends early when it is to stop.
 */
redisContext *redis_open(struct engine *e, const struct redis_server *server, bool thread, char why[ENGINE_WHY]);
/* One command and its answer, also one that says no. NULL: no answer came, and the connection is of no more use. */
redisReply *redis_ask(struct engine *e, redisContext *c, bool thread, const struct redis_words *w, int64_t timeout_ns);

/* Begins the thread; 0 or -errno. Ends it, once what is to be sent is sent, in a second at most. */
int redis_begin(struct engine *e);
void redis_end(struct engine *e);
/* The link is no good: the thread shall make another. Any thread. */
void redis_drop(struct engine *e, uint64_t link, const char *why);
/* Under the lock: the thread looks at what is new. */
void redis_wake(struct engine *e);

#endif
