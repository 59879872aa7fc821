/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * NATS JetStream: the link, which the client makes again by itself; answers; the stream and the consumer.
 */
#include "engine_nats.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LEAST_PAUSE 50	 /* ms, between attempts to connect: twice as long each time, */
#define MOST_PAUSE  5000 /* to this */

#define BRING_AGAIN INT64_C(600000000000) /* ns */

static void say(char why[ENGINE_WHY], const char *what, natsStatus s)
{
	const char *const last = s == NATS_OK ? NULL : nats_GetLastError(NULL);

	(void)snprintf(why, ENGINE_WHY, "%s%s%.180s", what, s == NATS_OK ? "" : ": ",
		       s == NATS_OK ? "" : (last && *last ? last : natsStatus_GetText(s)));
}

/* ---- the link ---- */

static void dropped(natsConnection *nc, void *arg)
{
	struct engine *e = arg;

	(void)nc;
	pthread_mutex_lock(&e->lock);
	e->drops++;
	pthread_mutex_unlock(&e->lock);
}

static void is_quiet(void *arg)
{
	struct engine *e = arg;

	pthread_mutex_lock(&e->lock);
	e->quiet = true;
	pthread_cond_broadcast(&e->ended);
	pthread_mutex_unlock(&e->lock);
}

/* Longer and longer, and not all at the same time. */
static int64_t pause_after(natsConnection *nc, int attempts, void *arg)
{
	int64_t ms = LEAST_PAUSE;

	(void)nc, (void)arg;
	while (attempts-- > 1 && ms < MOST_PAUSE)
		ms *= 2;
	ms = ms < MOST_PAUSE ? ms : MOST_PAUSE;
	return ms - (int64_t)((uint64_t)bridge_now() / 1000 % (uint64_t)(ms / 4 + 1));
}

/* The client would write it to stderr by itself. What is wrong is seen by what it leads to. */
static void no_error(natsConnection *nc, natsSubscription *sub, natsStatus s, void *arg)
{
	(void)nc, (void)sub, (void)s, (void)arg;
}

/* The last that the client calls. */
static void is_closed(natsConnection *nc, void *arg)
{
	struct engine *e = arg;

	(void)nc;
	pthread_mutex_lock(&e->lock);
	e->closings++;
	pthread_cond_broadcast(&e->ended);
	pthread_mutex_unlock(&e->lock);
}

static natsStatus set_servers(natsOptions *options, const char *url)
{
	const char *servers[64];
	char *copy = strdup(url), *save = NULL, *one;
	natsStatus s;
	int n = 0;

	if (!copy)
		return NATS_NO_MEMORY;
	for (one = strtok_r(copy, ", ", &save); one && n < 64; one = strtok_r(NULL, ", ", &save))
		servers[n++] = one;
	s = n ? natsOptions_SetServers(options, servers, n) : NATS_INVALID_ARG;
	free(copy);
	return s;
}

/* The client reads nothing out of a scheme. One server of several that wants it is enough. */
static bool wants_tls(const char *url)
{
	const char *at;

	for (at = url; (at = strstr(at, "tls://")) != NULL; at++)
		if (at == url || strchr(", ", at[-1]))
			return true;
	return false;
}

static natsStatus set_who(natsOptions *options, const struct engine_options *o)
{
	natsStatus s = NATS_OK;

	if (o->user)
		s = natsOptions_SetUserInfo(options, o->user, o->password ? o->password : "");
	if (s == NATS_OK && o->token)
		s = natsOptions_SetToken(options, o->token);
	if (s == NATS_OK && o->credentials)
		s = natsOptions_SetUserCredentialsFromFiles(options, o->credentials, NULL);
	if (s == NATS_OK && (o->tls || wants_tls(o->url)))
		s = natsOptions_SetSecure(options, true);
	if (s == NATS_OK && o->tls_ca)
		s = natsOptions_LoadCATrustedCertificates(options, o->tls_ca);
	if (s == NATS_OK && o->tls_cert)
		s = natsOptions_LoadCertificatesChain(options, o->tls_cert, o->tls_key);
	if (s == NATS_OK && o->tls_host)
		s = natsOptions_SetExpectedHostname(options, o->tls_host);
	return s;
}

static natsStatus set_options(struct engine *e)
{
	natsOptions *const options = e->options;
	natsStatus s = set_servers(options, e->o.url);

	if (s == NATS_OK)
		s = set_who(options, &e->o);
	if (s == NATS_OK)
		s = natsOptions_SetName(options, "maar-bridge");
	if (s == NATS_OK)
		s = natsOptions_SetSendAsap(options,
					    true); /* else each message waits for a thread that looks every ms */
	if (s == NATS_OK)
		s = natsOptions_SetMaxReconnect(options, -1);
	if (s == NATS_OK)
		s = natsOptions_SetCustomReconnectDelay(options, pause_after, NULL);
	if (s == NATS_OK)
		s = natsOptions_SetTimeout(options, NATS_WAIT_MS);
	if (s == NATS_OK)
		s = natsOptions_SetPingInterval(options, 5000);
	if (s == NATS_OK)
		s = natsOptions_SetFailRequestsOnDisconnect(options, true);
	if (s == NATS_OK)
		s = natsOptions_SetDisconnectedCB(options, dropped, e);
	if (s == NATS_OK)
		s = natsOptions_SetClosedCB(options, is_closed, e);
	if (s == NATS_OK)
		s = natsOptions_SetErrorHandler(options, no_error, NULL);
	return s;
}

/* Nothing of the client's runs any more when this returns; false: it does not end. */
static bool unlink_all(struct engine *e)
{
	struct timespec until;
	int rc = 0;

	if (e->answers)
		(void)natsSubscription_Unsubscribe(e->answers);
	if (e->nc)
		natsConnection_Close(e->nc);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 10;
	pthread_mutex_lock(&e->lock);
	while (rc == 0 && ((e->answers && !e->quiet) || e->closings != e->links))
		rc = pthread_cond_timedwait(&e->ended, &e->lock, &until);
	pthread_mutex_unlock(&e->lock);
	natsSubscription_Destroy(e->answers);
	natsSubscription_Destroy(e->messages);
	jsCtx_Destroy(e->js);
	natsConnection_Destroy(e->nc);
	e->answers = e->messages = NULL;
	e->js = NULL;
	e->nc = NULL;
	e->ready = false;
	e->pulled = 0;
	return rc == 0;
}

static natsStatus listen_for(struct engine *e);

/* One attempt: seconds, if servers do not say no. A link that is lost later the client makes again by itself. */
static natsStatus begin_link(struct engine *e)
{
	natsStatus s;

	s = natsConnection_Connect(&e->nc, e->options);
	if (s == NATS_OK)
		e->links++;
	if (s == NATS_OK)
		s = listen_for(e);
	return s;
}

/* ---- answers ---- */

static int result_of(int code, int number, const char *text)
{
	if (strstr(text, "maximum messages") || strstr(text, "maximum bytes") || strstr(text, "insufficient"))
		return -ENOSPC;
	if (number == 10054) /* longer than the stream's messages may be */
		return -EMSGSIZE;
	return code == 503 || code == 500 || code == 504 ? -EAGAIN : -EIO;
}

/* {"stream":"NAME", "seq":123}, which nearly all are, without a parser's allocations: its number; 0: it is another. */
static uint64_t place_in(const struct engine *e, const char *text, size_t bytes)
{
	static const char before[] = "{\"stream\":\"", behind[] = "\", \"seq\":";
	const size_t name = strlen(e->stream), fixed = sizeof(before) - 1 + name + sizeof(behind) - 1;
	uint64_t n = 0;
	size_t i;

	if (bytes < fixed + 2 || bytes > fixed + 19 || memcmp(text, before, sizeof(before) - 1) != 0 ||
	    memcmp(text + sizeof(before) - 1, e->stream, name) != 0 ||
	    memcmp(text + sizeof(before) - 1 + name, behind, sizeof(behind) - 1) != 0 || text[bytes - 1] != '}')
		return 0;
	for (i = fixed; i < bytes - 1; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;
		n = n * 10 + (uint64_t)(text[i] - '0');
	}
	return n;
}

static void tell_other(struct engine *e, uint64_t cookie, const char *text, size_t bytes)
{
	struct engine_place place = { 0, 0 };
	json_t *answer = json_loadb(text, bytes, 0, NULL), *error = json_object_get(answer, "error");
	json_t *seq = json_object_get(answer, "seq");

	if (!error && json_is_integer(seq) && json_integer_value(seq) > 0) {
		place.low = (uint64_t)json_integer_value(seq);
		e->acked(e->arg, cookie, 0, place, json_is_true(json_object_get(answer, "duplicate")), "");
	} else if (error) {
		const char *why = json_string_value(json_object_get(error, "description"));

		why = why ? why : "refused";
		e->acked(e->arg, cookie,
			 result_of((int)json_integer_value(json_object_get(error, "code")),
				   (int)json_integer_value(json_object_get(error, "err_code")), why),
			 place, false, why);
	} else {
		e->acked(e->arg, cookie, -EIO, place, false, "no answer of a stream's");
	}
	json_decref(answer);
}

static void tell_answer(struct engine *e, uint64_t cookie, const char *text, size_t bytes)
{
	const struct engine_place place = { 0, place_in(e, text, bytes) };

	if (place.low)
		e->acked(e->arg, cookie, 0, place, false, "");
	else
		tell_other(e, cookie, text, bytes);
}

static void on_answer(natsConnection *nc, natsSubscription *sub, natsMsg *msg, void *arg)
{
	static const struct engine_place nowhere;
	struct engine *e = arg;
	const char *const subject = natsMsg_GetSubject(msg), *const dot = strrchr(subject, '.');
	const uint64_t cookie = dot ? strtoull(dot + 1, NULL, 16) : 0;

	(void)nc, (void)sub;
	if (natsMsg_IsNoResponders(msg))
		e->acked(e->arg, cookie, -EAGAIN, nowhere, false, "no stream answers");
	else
		tell_answer(e, cookie, natsMsg_GetData(msg), (size_t)natsMsg_GetDataLength(msg));
	natsMsg_Destroy(msg);
}

static natsStatus listen_for(struct engine *e)
{
	char subject[128];
	natsStatus s;

	if (!e->o.exports)
		return natsConnection_SubscribeSync(&e->messages, e->nc, e->inbox);
	(void)snprintf(subject, sizeof(subject), "%s.*", e->inbox);
	s = natsConnection_Subscribe(&e->answers, e->nc, subject, on_answer, e);
	if (s == NATS_OK)
		s = natsSubscription_SetPendingLimits(e->answers, -1, -1); /* as many as are in hand */
	e->quiet = s != NATS_OK;
	if (s == NATS_OK)
		s = natsSubscription_SetOnCompleteCB(e->answers, is_quiet, e);
	if (s != NATS_OK)
		e->quiet = true;
	return s;
}

/* ---- the stream, and the consumer ---- */

static natsStatus make_stream(struct engine *e)
{
	const char *subjects[1] = { e->all };
	jsStreamConfig c;
	natsStatus s = jsStreamConfig_Init(&c);

	if (s != NATS_OK)
		return s;
	c.Name = e->stream;
	c.Subjects = subjects;
	c.SubjectsLen = 1;
	c.Retention = e->o.keep ? js_LimitsPolicy : js_WorkQueuePolicy;
	c.Discard = js_DiscardNew; /* a full stream refuses: so the queue fills, and its own policy holds */
	c.Storage = e->o.memory ? js_MemoryStorage : js_FileStorage;
	c.Replicas = e->o.replicas;
	c.Duplicates = (int64_t)e->o.dedup_ns;
	if (e->o.most_messages)
		c.MaxMsgs = (int64_t)e->o.most_messages;
	if (e->o.most_bytes)
		c.MaxBytes = (int64_t)e->o.most_bytes;
	return js_AddStream(NULL, e->js, &c, NULL, NULL);
}

/* after: only what lies behind it, of a stream that keeps what was acknowledged; 0: all there is. */
static natsStatus make_consumer(struct engine *e, uint64_t after)
{
	jsConsumerConfig c;
	natsStatus s = jsConsumerConfig_Init(&c);

	if (s != NATS_OK)
		return s;
	c.Durable = e->durable;
	c.DeliverPolicy = after ? js_DeliverByStartSequence : js_DeliverAll;
	c.OptStartSeq = after ? after + 1 : 0;
	c.AckPolicy = js_AckExplicit;
	c.AckWait = (int64_t)e->o.ack_wait_ns;
	c.MaxAckPending = e->o.window;
	if (e->o.from)
		c.FilterSubject = e->subject;
	return js_AddConsumer(NULL, e->js, e->stream, &c, NULL, NULL);
}

/* Looks for the stream and, for an import, the consumer; makes what is not there. */
static bool get_ready(struct engine *e, char why[ENGINE_WHY])
{
	jsStreamInfo *stream = NULL;
	jsConsumerInfo *consumer = NULL;
	jsOptions options;
	natsStatus s = NATS_OK;

	if (!e->js) {
		(void)jsOptions_Init(&options);
		options.Wait = NATS_WAIT_MS;
		s = natsConnection_JetStream(&e->js, e->nc, &options);
	}
	if (s == NATS_OK)
		s = js_GetStreamInfo(&stream, e->js, e->stream, NULL, NULL);
	jsStreamInfo_Destroy(stream);
	if (s == NATS_NOT_FOUND)
		s = make_stream(e);
	if (s != NATS_OK) {
		say(why, "no stream", s);
		return false;
	}
	if (e->o.exports)
		return true;
	s = js_GetConsumerInfo(&consumer, e->js, e->stream, e->durable, NULL, NULL);
	jsConsumerInfo_Destroy(consumer);
	if (s == NATS_NOT_FOUND)
		s = make_consumer(e, 0);
	if (s != NATS_OK)
		say(why, "no consumer", s);
	return s == NATS_OK;
}

/* Where it is to go on; a stream of which each message is one consumer's has only what was not acknowledged. */
static natsStatus place_of(struct engine *e, const jsConsumerInfo *consumer, uint64_t *after)
{
	jsStreamInfo *stream = NULL;
	const natsStatus s = js_GetStreamInfo(&stream, e->js, e->stream, NULL, NULL);

	if (s == NATS_OK)
		*after = stream->Config->Retention == js_WorkQueuePolicy ? 0 : consumer->AckFloor.Stream;
	jsStreamInfo_Destroy(stream);
	return s;
}

static bool make_anew(struct engine *e, uint64_t after)
{
	if (js_DeleteConsumer(e->js, e->stream, e->durable, NULL, NULL) != NATS_OK)
		return false;
	e->pulled = 0;
	e->delivered = 0; /* it counts anew */
	e->ready = make_consumer(e, after) == NATS_OK;
	return true;
}

void nats_stir(struct engine *e)
{
	jsConsumerInfo *c = NULL;
	uint64_t after = 0, before;
	natsStatus s = js_GetConsumerInfo(&c, e->js, e->stream, e->durable, NULL, NULL);

	if (s == NATS_NOT_FOUND)
		e->ready = false;
	before = e->delivered;
	e->delivered = s == NATS_OK ? c->Delivered.Consumer : 0;
	/*
	 * There is something, and nobody gets anything: all that is out was offered before; or nothing has been offered to anybody
	 * since the last time, when all that is out should have been, as its time to be acknowledged is over.
	 */
	if (s == NATS_OK && c->NumPending > 0 && c->NumAckPending > 0 &&
	    (c->NumRedelivered >= c->NumAckPending || c->Delivered.Consumer == before) &&
	    place_of(e, c, &after) == NATS_OK)
		(void)make_anew(e, after);
	jsConsumerInfo_Destroy(c);
}

/* A stream that keeps what was acknowledged has it there by right. */
static bool is_passed(struct engine *e, const jsConsumerInfo *c, uint64_t *first)
{
	struct engine_id id;
	uint64_t after = 0;
	bool known;

	return nats_next_after(e, 0, &id, &known, first) > 0 && *first <= c->AckFloor.Stream &&
	       place_of(e, c, &after) == NATS_OK && after == 0;
}

void nats_look(struct engine *e)
{
	const int64_t now = bridge_now();
	jsConsumerInfo *c = NULL;
	uint64_t first = 0;

	if (js_GetConsumerInfo(&c, e->js, e->stream, e->durable, NULL, NULL) == NATS_OK) {
		const bool passed = is_passed(e, c, &first);

		/* What is offered, acknowledged, and stays all the same, is not offered for ever. */
		if (passed && first == e->passed && (first != e->brought || now - e->brought_at > BRING_AGAIN) &&
		    make_anew(e, 0)) {
			e->brought = first;
			e->brought_at = now;
		}
		e->passed = passed ? first : 0;
	}
	jsConsumerInfo_Destroy(c);
}

/* ---- begin and end ---- */

void nats_close(struct engine *e)
{
	if (e->nc && natsConnection_Status(e->nc) == NATS_CONN_STATUS_CONNECTED)
		(void)natsConnection_FlushTimeout(e->nc, 1000);
	if (!unlink_all(e))
		return; /* rather lost than used after it is given back */
	natsInbox_Destroy(e->inbox);
	natsOptions_Destroy(e->options);
	pthread_cond_destroy(&e->ended);
	pthread_mutex_destroy(&e->lock);
	free(e);
}

static bool names(struct engine *e)
{
	char host[MAPPING_ROOM];

	if (!mapping_subject(e->subject, e->o.exports ? e->o.host : e->o.from, e->o.queue) ||
	    !mapping_subject(e->all, NULL, e->o.queue) || !mapping_stream(e->stream, e->o.queue) ||
	    !mapping_encode(host, e->o.host))
		return false;
	if (e->o.consumer)
		(void)snprintf(e->durable, sizeof(e->durable), "%s", e->o.consumer);
	else
		(void)snprintf(e->durable, sizeof(e->durable), "maar-%s", host);
	(void)snprintf(e->pull, sizeof(e->pull), "$JS.API.CONSUMER.MSG.NEXT.%s.%s", e->stream, e->durable);
	(void)snprintf(e->get, sizeof(e->get), "$JS.API.STREAM.MSG.GET.%s", e->stream);
	return true;
}

struct engine *nats_connect(const struct engine_options *o, engine_acked_fn *acked, void *arg, char why[ENGINE_WHY])
{
	struct engine *e = calloc(1, sizeof(*e));
	natsStatus s;

	if (!e) {
		(void)snprintf(why, ENGINE_WHY, "%s", strerror(ENOMEM));
		return NULL;
	}
	e->o = *o;
	e->acked = acked;
	e->arg = arg;
	e->quiet = true;
	pthread_mutex_init(&e->lock, NULL);
	pthread_cond_init(&e->ended, NULL);
	s = names(e) ? natsOptions_Create(&e->options) : NATS_INVALID_ARG;
	if (s == NATS_OK)
		s = set_options(e);
	if (s == NATS_OK)
		s = natsInbox_Create(&e->inbox);
	if (s == NATS_OK)
		return e; /* it connects when the link is asked for */
	say(why, "the options are wrong", s);
	nats_close(e);
	return NULL;
}

/* What to do about it; "": nothing that is known. */
static const char *advice(const struct engine_options *o, natsStatus s, const char *last)
{
	const bool tls = o->tls || o->tls_ca || wants_tls(o->url);

	if (s == NATS_CONNECTION_AUTH_FAILED || s == NATS_NOT_PERMITTED)
		return " (--credentials, --user and --password, or --token)";
	if (s == NATS_SECURE_CONNECTION_WANTED || s == NATS_SECURE_CONNECTION_REQUIRED)
		return " (it has no TLS, and TLS is asked for)";
	if (s == NATS_SSL_ERROR && strstr(last, "mismatch"))
		return " (--tls-host)";
	if (s == NATS_SSL_ERROR && strstr(last, "certificate:"))
		return " (--tls-ca)";
	/* It says nothing, and goes. */
	if (tls && !o->tls_cert && s != NATS_NO_SERVER && s != NATS_TIMEOUT)
		return " (if it wants a certificate: --tls-cert and --tls-key)";
	return "";
}

static void say_refusal(const struct engine *e, char why[ENGINE_WHY], natsStatus s)
{
	const char *last = nats_GetLastError(NULL), *text;

	last = last && *last ? last : natsStatus_GetText(s);
	text = strstr(last, "): "); /* behind the place in the client's source */
	text = text ? text + 3 : last;
	(void)snprintf(why, ENGINE_WHY, "%s: %.140s%s",
		       s == NATS_NO_SERVER || s == NATS_TIMEOUT ? "no server answers"
								: "the server refuses this client",
		       text, advice(&e->o, s, text));
}

/* There is no link, not even one that the client is about to make again: it gives up when it is refused twice. */
static void begin_again(struct engine *e, char why[ENGINE_WHY])
{
	const int64_t now = bridge_now();
	natsStatus s;

	if (now >= e->next) {
		(void)unlink_all(e);
		dropped(NULL, e);
		s = begin_link(e);
		e->refusal[0] = 0;
		if (s != NATS_OK) {
			say_refusal(e, e->refusal, s);
			(void)unlink_all(e);
			e->next = bridge_now() + pause_after(NULL, (int)++e->pauses, NULL) * 1000000;
		}
	}
	(void)snprintf(why, ENGINE_WHY, "%s", e->refusal);
}

uint64_t nats_link(struct engine *e, char why[ENGINE_WHY])
{
	uint64_t number;

	if (!e->nc || natsConnection_Status(e->nc) == NATS_CONN_STATUS_CLOSED) {
		begin_again(e, why);
		if (!e->nc)
			return 0;
	}
	if (natsConnection_Status(e->nc) != NATS_CONN_STATUS_CONNECTED) {
		const char *last = NULL;

		(void)natsConnection_GetLastError(e->nc, &last);
		(void)snprintf(why, ENGINE_WHY, "no server answers%s%.120s", last && *last ? ": " : "",
			       last ? last : "");
		return 0;
	}
	if (!e->ready) {
		e->ready = get_ready(e, why);
		if (!e->ready)
			return 0;
		e->pauses = 0;
	}
	pthread_mutex_lock(&e->lock);
	number = e->drops + 1;
	pthread_mutex_unlock(&e->lock);
	return number;
}
