/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Redis Streams, by libhiredis.
 *
 *     publish    a script: the entry, and the bit that its identity is known by (engine_redis_lua.c)
 *     fetch      XAUTOCLAIM of what nobody has ended in time, then XREADGROUP
 *     ack, nack  go to the thread, which ends many by one script
 *     read_back  a script looks through the stream, and tells places and identities only
 */
#include "engine_redis.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLAIM_NS    INT64_C(250000000) /* what nobody has ended in time is looked for so often */
#define LOOK_AT	    "256"	       /* entries that a look back looks at in one script: they are copied there */
#define MOST_WINDOW 65536

static uint64_t redis_link(struct engine *e, char why[ENGINE_WHY])
{
	uint64_t link;

	pthread_mutex_lock(&e->lock);
	link = e->lost ? 0 : e->link;
	if (!link)
		memcpy(why, e->why, ENGINE_WHY);
	pthread_mutex_unlock(&e->lock);
	return link;
}

static uint64_t redis_most_bytes(struct engine *e)
{
	uint64_t most;

	pthread_mutex_lock(&e->lock);
	most = e->most_payload;
	pthread_mutex_unlock(&e->lock);
	return most;
}

/* ---- publishing ---- */

static int redis_publish(struct engine *e, const struct engine_message *m, uint64_t cookie)
{
	char page[REDIS_KEY + 96], bit[24], dedup[24], messages[24], most[24], id[MAPPING_ID], tags[MAPPING_ID],
		sha[41];
	struct redis_words w;
	char *command = NULL;
	long long bytes;
	uint64_t link;

	pthread_mutex_lock(&e->lock);
	link = e->lost || e->stop || e->next - e->first >= e->room ? 0 : e->link;
	memcpy(sha, e->scripts[REDIS_PUBLISH].sha, sizeof(sha));
	(void)snprintf(dedup, sizeof(dedup), "%" PRIu64, e->dedup_ms);
	(void)snprintf(messages, sizeof(messages), "%" PRIu64, e->most_messages);
	(void)snprintf(most, sizeof(most), "%" PRIu64, e->most_bytes);
	bytes = m->bytes > e->most_payload ? -1 : 0;
	pthread_mutex_unlock(&e->lock);
	if (!link)
		return -EAGAIN;
	if (bytes < 0)
		return -EMSGSIZE;
	(void)snprintf(page, sizeof(page), "%s:seen:%016" PRIx64 "%016" PRIx64 "-%" PRIu32 ":%" PRIx64, e->stream,
		       m->id.segment[0], m->id.segment[1], m->id.ring, m->id.position >> REDIS_PAGE);
	(void)snprintf(bit, sizeof(bit), "%" PRIu64, m->id.position & ((UINT64_C(1) << REDIS_PAGE) - 1));
	mapping_id_text(id, &m->id);
	mapping_tags_text(tags, m);
	redis_words(&w, "EVALSHA", sha, "3", e->stream, page, e->meta, bit, dedup, messages, most, e->o.host, id, tags,
		    NULL);
	redis_word(&w, m->bytes ? m->payload : "", m->bytes);
	bytes = redisFormatCommandArgv(&command, w.n, w.text, w.bytes);
	if (bytes < 0)
		return -EIO;
	pthread_mutex_lock(&e->lock);
	if (link == e->link && !e->lost) {
		e->calls[e->next++ % e->room] =
			(struct redis_call){ .text = command, .bytes = (size_t)bytes, .cookie = cookie };
		command = NULL;
		redis_wake(e);
	}
	pthread_mutex_unlock(&e->lock);
	if (!command)
		return 0;
	redisFreeCommand(command);
	return -EAGAIN;
}

/* ---- the caller's own connection ---- */

static bool own_ready(struct engine *e)
{
	char why[ENGINE_WHY] = "";
	uint64_t link;
	size_t server;

	pthread_mutex_lock(&e->lock);
	link = e->lost ? 0 : e->link;
	server = e->server;
	memcpy(e->own_from, e->from, sizeof(e->own_from));
	pthread_mutex_unlock(&e->lock);
	if (link && link == e->own_link && e->own)
		return true;
	if (e->own)
		redisFree(e->own);
	e->own = link ? redis_open(e, &e->servers.server[server], false, why) : NULL;
	e->own_link = link;
	if (link && !e->own)
		redis_drop(e, link, why);
	return e->own != NULL;
}

/* The answer; NULL: none, or an error: the link is dropped, for a new one sets right what can be. */
static redisReply *own_ask(struct engine *e, const struct redis_words *w, int64_t timeout_ns)
{
	redisReply *r = redis_ask(e, e->own, false, w, timeout_ns);

	if (r && r->type != REDIS_REPLY_ERROR)
		return r;
	redis_drop(e, e->own_link, r ? r->str : e->own->err ? e->own->errstr : "the server does not answer");
	freeReplyObject(r);
	redisFree(e->own);
	e->own = NULL;
	return NULL;
}

/* ---- looking back ---- */

static ssize_t redis_read_back(struct engine *e, struct engine_place after, engine_landed_fn *landed, void *arg)
{
	char from[REDIS_PLACE];
	ssize_t n = 0;

	for (;;) {
		struct redis_words w;
		struct engine_place place, last = after;
		struct engine_id id;
		redisReply *r, *out;
		long long looked;
		size_t i;

		redis_place_text(from, after);
		redis_words(&w, "EVAL", redis_lua_look, "1", e->stream, from, e->o.host, LOOK_AT, NULL);
		r = own_ready(e) ? own_ask(e, &w, REDIS_ANSWER) : NULL;
		if (!r)
			return -EAGAIN;
		if (r->type != REDIS_REPLY_ARRAY || r->elements != 3 || !redis_place_from(r->element[1]->str, &last)) {
			freeReplyObject(r);
			return -EAGAIN;
		}
		looked = r->element[0]->integer;
		out = r->element[2];
		for (i = 0; i + 1 < out->elements; i += 2) {
			if (!redis_place_from(out->element[i]->str, &place) ||
			    !mapping_id_from(out->element[i + 1]->str, &id))
				continue;
			landed(arg, &id, place);
			n++;
		}
		freeReplyObject(r);
		if (looked == 0)
			return n;
		after = last;
	}
}

/* ---- fetching ---- */

/* To the thread. False: there is no room, and it comes again when its time is over. */
static bool end_one(struct engine *e, const struct redis_ended *x)
{
	bool room;

	pthread_mutex_lock(&e->lock);
	room = e->ended_n < e->ended_room;
	if (room) {
		e->ended[(e->ended_first + e->ended_n++) % e->ended_room] = *x;
		redis_wake(e);
	}
	pthread_mutex_unlock(&e->lock);
	return room;
}

static void let_go(struct engine *e, struct redis_batch *b)
{
	if (--b->left)
		return;
	if (b->before)
		b->before->next = b->next;
	else
		e->batches = b->next;
	if (b->next)
		b->next->before = b->before;
	freeReplyObject(b->reply);
	free(b);
}

static const redisReply *field(const redisReply *fields, const char *name)
{
	size_t i;

	for (i = 0; i + 1 < fields->elements; i += 2)
		if (fields->element[i]->str && strcmp(fields->element[i]->str, name) == 0)
			return fields->element[i + 1];
	return NULL;
}

/* An identity of its own for what no bridge has published: the stream's name and the place, nothing left out. */
static void id_of_place(struct engine_id *id, const char *stream, struct engine_place place)
{
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */

	for (; *stream; stream++)
		hash = (hash ^ (unsigned char)*stream) * UINT64_C(1099511628211);
	id->segment[0] = hash;
	id->segment[1] = place.high >> 44 << 12 | place.low >> 52;
	id->ring = (uint32_t)(place.low >> 20);
	id->position = place.high << 20 | (place.low & 0xfffff);
}

/* One entry as a message: true; false: it is not for this consumer, or none, and has ended. */
static bool take_entry(struct engine *e, const redisReply *entry, bool again, struct engine_message *m)
{
	struct redis_ended skip = { .how = REDIS_SKIP };
	const redisReply *fields, *id, *host, *data, *tags;

	memset(m, 0, sizeof(*m));
	if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 ||
	    !redis_place_from(entry->element[0]->str, &m->place))
		return false;
	skip.place = m->place;
	fields = entry->element[1];
	if (fields->type != REDIS_REPLY_ARRAY) { /* it was deleted meanwhile */
		(void)end_one(e, &skip);
		return false;
	}
	id = field(fields, "id");
	host = field(fields, "host");
	data = field(fields, "data");
	tags = field(fields, "tags");
	if (*e->own_from && (!host || strcmp(host->str, e->own_from) != 0)) {
		(void)end_one(e, &skip);
		return false;
	}
	if (!id || !mapping_id_from(id->str, &m->id))
		id_of_place(&m->id, e->stream, m->place);
	(void)mapping_tags_from(tags ? tags->str : NULL, m);
	if (!data && fields->elements >= 2)
		data = fields->element[1]; /* another's: what its first field has */
	m->payload = data ? data->str : "";
	m->bytes = data ? data->len : 0;
	m->flags |= again ? ENGINE_AGAIN : 0;
	return true;
}

/* The entries of an answer, which stays as long as one of them is in hand: how many, or -EAGAIN. */
static ssize_t take_entries(struct engine *e, redisReply *reply, const redisReply *entries, bool again,
			    struct engine_message *messages, size_t most)
{
	struct redis_batch *b = entries && entries->elements ? calloc(1, sizeof(*b)) : NULL;
	size_t i, n = 0;

	for (i = 0; b && i < entries->elements && n < most; i++)
		if (take_entry(e, entries->element[i], again, &messages[n]))
			messages[n++].token = b;
	if (n == 0) {
		freeReplyObject(reply);
		free(b);
		return 0;
	}
	b->reply = reply;
	b->left = n;
	b->next = e->batches;
	if (b->next)
		b->next->before = b;
	e->batches = b;
	e->in_hand += n;
	return (ssize_t)n;
}

/* What somebody had, and has not ended in time. */
static ssize_t claim(struct engine *e, struct engine_message *messages, size_t n)
{
	char cursor[64] = "0-0", count[24], idle[24];
	struct redis_words w;
	ssize_t got = 0;

	(void)snprintf(idle, sizeof(idle), "%" PRIu64, e->o.ack_wait_ns / 1000000);
	do {
		redisReply *r;
		ssize_t k;

		(void)snprintf(count, sizeof(count), "%zu", n - (size_t)got);
		redis_words(&w, "XAUTOCLAIM", e->stream, e->group, e->o.host, idle, cursor, "COUNT", count, NULL);
		r = own_ask(e, &w, REDIS_ANSWER);
		if (!r)
			return got ? got : -EAGAIN;
		if (r->type != REDIS_REPLY_ARRAY || r->elements < 2 || !r->element[0]->str) {
			freeReplyObject(r);
			return got;
		}
		(void)snprintf(cursor, sizeof(cursor), "%s", r->element[0]->str);
		k = take_entries(e, r, r->element[1], true, messages + got, n - (size_t)got);
		got += k;
	} while ((size_t)got < n && strcmp(cursor, "0-0") != 0);
	if ((size_t)got < n)
		e->next_claim = redis_now() + CLAIM_NS;
	return got;
}

/* What nobody has had; block: ns. */
static ssize_t read_new(struct engine *e, struct engine_message *messages, size_t n, int64_t block)
{
	char count[24], ms[24];
	struct redis_words w;
	const redisReply *at;
	redisReply *r;

	(void)snprintf(count, sizeof(count), "%zu", n);
	(void)snprintf(ms, sizeof(ms), "%" PRId64, block / 1000000);
	if (block >= 1000000)
		redis_words(&w, "XREADGROUP", "GROUP", e->group, e->o.host, "COUNT", count, "BLOCK", ms, "STREAMS",
			    e->stream, ">", NULL);
	else
		redis_words(&w, "XREADGROUP", "GROUP", e->group, e->o.host, "COUNT", count, "STREAMS", e->stream, ">",
			    NULL);
	r = own_ask(e, &w, block + REDIS_ANSWER);
	if (!r)
		return -EAGAIN;
	at = r->type == REDIS_REPLY_ARRAY && r->elements == 1 ? r->element[0] : NULL;
	at = at && at->type == REDIS_REPLY_ARRAY && at->elements == 2 ? at->element[1] : NULL;
	return take_entries(e, r, at, false, messages, n);
}

/* No more than can be ended, and than the window says. */
static size_t fetch_room(struct engine *e, size_t n)
{
	size_t most = e->o.window > e->in_hand ? e->o.window - e->in_hand : 0, room;

	pthread_mutex_lock(&e->lock);
	room = e->ended_room - e->ended_n;
	pthread_mutex_unlock(&e->lock);
	room = room > e->in_hand ? room - e->in_hand : 0;
	most = most < room ? most : room;
	return n < most ? n : most;
}

static ssize_t redis_fetch(struct engine *e, struct engine_message *messages, size_t n, int64_t timeout_ns)
{
	const int64_t until = redis_now() + timeout_ns;
	ssize_t got = 0, more;

	for (;;) {
		const size_t most = fetch_room(e, n);
		int64_t now, block;

		if (!own_ready(e))
			return -EAGAIN;
		if (most && redis_now() >= e->next_claim)
			got = claim(e, messages, most);
		if (got < 0 || (most && (size_t)got == most))
			return got;
		now = redis_now();
		block = got ? 0 : until < e->next_claim ? until - now : e->next_claim - now;
		block = block < 0 ? 0 : block;
		if (most) {
			more = read_new(e, messages + got, most - (size_t)got, block);
			if (more < 0)
				return got ? got : more;
			got += more;
		} else {
			const struct timespec moment = { 0, 1000000 }; /* all that was in hand is just being ended */

			nanosleep(&moment, NULL);
		}
		if (got || redis_now() >= until)
			return got;
	}
}

static void redis_ack(struct engine *e, struct engine_message *m)
{
	const struct redis_ended x = { .place = m->place, .number = m->bytes, .how = REDIS_DONE };

	(void)end_one(e, &x);
	e->in_hand--;
	let_go(e, m->token);
}

static void redis_nack(struct engine *e, struct engine_message *m, int64_t delay_ns)
{
	const int64_t wait = (int64_t)e->o.ack_wait_ns, due = redis_now() + delay_ns + 1000000;
	const struct redis_ended x = { .place = m->place,
				       .number = (uint64_t)(delay_ns < wait ? wait - delay_ns : 0) / 1000000,
				       .how = REDIS_LATER };

	(void)end_one(e, &x);
	if (due < e->next_claim)
		e->next_claim = due;
	e->in_hand--;
	let_go(e, m->token);
}

/* ---- begin and end ---- */

static void forget(struct engine *e)
{
	struct redis_batch *b, *next;

	for (b = e->batches; b; b = next) {
		next = b->next;
		freeReplyObject(b->reply);
		free(b);
	}
	if (e->own)
		redisFree(e->own);
	redis_urls_free(&e->servers);
	pthread_mutex_destroy(&e->lock);
	free(e->calls);
	free(e->ended);
	free(e);
}

static void redis_close(struct engine *e)
{
	redis_end(e);
	forget(e);
}

/* What Redis, or its client, has not got is refused, and not left out in silence. */
static const char *cannot(const struct engine_options *o)
{
	if (o->tls || o->tls_ca || o->tls_cert || o->tls_key || o->tls_host)
		return "libhiredis of this build knows no TLS: go through a tunnel (stunnel4)";
	if (o->credentials)
		return "Redis knows no files of credentials: a user and a password";
	if (o->replicas > 1)
		return "Redis copies without waiting: replicas are the server's own (min-replicas-to-write)";
	if (!o->window || o->window > MOST_WINDOW)
		return "window: 1 to 65536";
	if (!mapping_name_ok(o->queue) || !mapping_name_ok(o->host) || (o->from && !mapping_name_ok(o->from)))
		return "no name of a queue or a host";
	return o->consumer && strlen(o->consumer) > MAPPING_NAME ? "the consumer's name is too long" : NULL;
}

static bool set_up(struct engine *e, char why[ENGINE_WHY])
{
	(void)snprintf(e->stream, sizeof(e->stream), "maar:{%s}", e->o.queue);
	(void)snprintf(e->meta, sizeof(e->meta), "maar:{%s}:meta", e->o.queue);
	(void)snprintf(e->group, sizeof(e->group), "%s%s", e->o.consumer ? "" : "maar-",
		       e->o.consumer ? e->o.consumer : e->o.host);
	e->scripts[REDIS_PUBLISH].text = redis_lua_publish;
	e->scripts[REDIS_END].text = redis_lua_end;
	e->room = e->o.window;
	e->calls = calloc(e->room, sizeof(*e->calls));
	e->ended_room = 2 * (size_t)e->o.window;
	e->ended = calloc(e->ended_room, sizeof(*e->ended));
	if (!e->calls || !e->ended) {
		(void)snprintf(why, ENGINE_WHY, "%s", strerror(ENOMEM));
		return false;
	}
	return redis_urls(&e->servers, e->o.url, why);
}

static struct engine *redis_connect(const struct engine_options *o, engine_acked_fn *acked, void *arg,
				    char why[ENGINE_WHY])
{
	const char *const wrong = cannot(o);
	struct engine *e = wrong ? NULL : calloc(1, sizeof(*e));
	int rc;

	if (!e) {
		(void)snprintf(why, ENGINE_WHY, "%s", wrong ? wrong : strerror(ENOMEM));
		return NULL;
	}
	e->o = *o;
	e->acked = acked;
	e->arg = arg;
	pthread_mutex_init(&e->lock, NULL);
	rc = set_up(e, why) ? redis_begin(e) : 1;
	if (rc == 0)
		return e;
	if (rc < 0)
		(void)snprintf(why, ENGINE_WHY, "%s", strerror(-rc));
	forget(e);
	return NULL;
}

static const char *const schemes[] = { "redis", "rediss", "unix", NULL };

const struct engine_class engine_redis = {
	.name = "Redis Streams",
	.schemes = schemes,
	.connect = redis_connect,
	.link = redis_link,
	.most_bytes = redis_most_bytes,
	.publish = redis_publish,
	.read_back = redis_read_back,
	.fetch = redis_fetch,
	.ack = redis_ack,
	.nack = redis_nack,
	.close = redis_close,
};
