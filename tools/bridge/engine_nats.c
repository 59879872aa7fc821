/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * NATS JetStream, by the C client: publishing with answers and pulling are done here over the client's plain messages, not
 * by its own JetStream calls, so that an answer finds its message by the subject it comes to, a message that waits is
 * had at once and not when a batch is full, and nothing is kept but what the bridge has in hand.
 *
 *     publish    subject maar.HOST.QUEUE, Nats-Msg-Id: identity, Maar-Tags: tags; answers to INBOX.COOKIE
 *     fetch      requests to the durable pull consumer; no new one while messages of the last may come
 *     read_back  the stream's leader is asked for the next message of the subject, one after another
 */
#include "engine_nats.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_HEADER   "Nats-Msg-Id"
#define TAGS_HEADER "Maar-Tags"
#define PULL_NS	    INT64_C(2000000000) /* a request for messages holds so long */
#define STIR_NS	    INT64_C(3000000000) /* without a message, and three times what the server waits for an ack: a look */
#define LOOK_NS	    INT64_C(5000000000) /* and for what is passed over, as often */

/* ---- publishing ---- */

static uint64_t nats_most_bytes(struct engine *e)
{
	const int64_t most = natsConnection_GetMaxPayload(e->nc);

	return most > 512 ? (uint64_t)most - 512 : 0; /* the headers count */
}

static int nats_publish(struct engine *e, const struct engine_message *m, uint64_t cookie)
{
	char reply[128], id[MAPPING_ID], tags[MAPPING_ID];
	natsMsg *msg = NULL;
	natsStatus s;

	if (m->bytes > INT32_MAX)
		return -EMSGSIZE;
	(void)mapping_hex(stpcpy(stpcpy(reply, e->inbox), "."), cookie);
	mapping_id_text(id, &m->id);
	mapping_tags_text(tags, m);
	s = natsMsg_Create(&msg, e->subject, reply, m->payload, (int)m->bytes);
	if (s == NATS_OK)
		s = natsMsgHeader_Set(msg, ID_HEADER, id);
	if (s == NATS_OK)
		s = natsMsgHeader_Set(msg, TAGS_HEADER, tags);
	if (s == NATS_OK)
		s = natsConnection_PublishMsg(e->nc, msg);
	natsMsg_Destroy(msg);
	if (s == NATS_OK)
		return 0;
	return s == NATS_MAX_PAYLOAD ? -EMSGSIZE : s == NATS_NO_MEMORY ? -EIO : -EAGAIN;
}

/* ---- looking back ---- */

static int digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *const at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Base 64: what it says, with an end behind it; the caller's to free. */
static char *decoded(const char *text)
{
	char *to = malloc(strlen(text) + 1), *at = to;
	unsigned bits = 0, n = 0;

	for (; to && digit(*text) >= 0; text++) {
		bits = bits << 6 | (unsigned)digit(*text);
		n += 6;
		if (n >= 8) {
			n -= 8;
			*at++ = (char)(bits >> n);
		}
	}
	if (to)
		*at = 0;
	return to;
}

/* The identity among the headers of a message, as the server keeps them. */
static bool id_among(const char *headers, struct engine_id *id)
{
	char *const text = headers ? decoded(headers) : NULL, *at = text ? strstr(text, "\r\n" ID_HEADER ":") : NULL;
	bool good = false;

	if (at) {
		at += strlen("\r\n" ID_HEADER ":");
		at += strspn(at, " ");
		at[strcspn(at, "\r\n")] = 0;
		good = mapping_id_from(at, id);
	}
	free(text);
	return good;
}

int nats_next_after(struct engine *e, uint64_t after, struct engine_id *id, bool *known, uint64_t *place)
{
	char request[MAPPING_SUBJECT + 80];
	json_t *answer, *message, *error;
	natsMsg *reply = NULL;
	int got = -EAGAIN;

	(void)snprintf(request, sizeof(request), "{\"seq\":%" PRIu64 ",\"next_by_subj\":\"%s\"}", after + 1,
		       e->subject);
	if (natsConnection_RequestString(&reply, e->nc, e->get, request, NATS_WAIT_MS) != NATS_OK)
		return -EAGAIN;
	answer = json_loadb(natsMsg_GetData(reply), (size_t)natsMsg_GetDataLength(reply), JSON_ALLOW_NUL, NULL);
	message = json_object_get(answer, "message");
	error = json_object_get(answer, "error");
	if (message) {
		*place = (uint64_t)json_integer_value(json_object_get(message, "seq"));
		*known = id_among(json_string_value(json_object_get(message, "hdrs")), id);
		got = *place > after ? 1 : -EAGAIN;
	} else if (json_integer_value(json_object_get(error, "code")) == 404) {
		got = 0;
	}
	json_decref(answer);
	natsMsg_Destroy(reply);
	return got;
}

static ssize_t nats_read_back(struct engine *e, struct engine_place after, engine_landed_fn *landed, void *arg)
{
	struct engine_place place = after;
	struct engine_id id;
	ssize_t n = 0;
	bool known;
	int got;

	while ((got = nats_next_after(e, place.low, &id, &known, &place.low)) > 0)
		if (known) {
			landed(arg, &id, place);
			n++;
		}
	return got ? got : n;
}

/* ---- fetching ---- */

static bool is_status(natsMsg *msg)
{
	const char *value = NULL;

	/* An end of a request: no bytes, no place to acknowledge at. */
	return !natsMsg_GetReply(msg) || natsMsg_GetDataLength(msg) < 0 ||
	       (natsMsg_GetDataLength(msg) == 0 && natsMsgHeader_Get(msg, "Status", &value) == NATS_OK);
}

static natsStatus ask(struct engine *e, size_t n, uint64_t link)
{
	char request[96];
	natsStatus s;

	(void)snprintf(request, sizeof(request), "{\"batch\":%zu,\"expires\":%" PRId64 "}", n, PULL_NS);
	s = natsConnection_PublishRequestString(e->nc, e->pull, e->inbox, request);
	if (s != NATS_OK)
		return s;
	e->pulled = n;
	e->pulled_under = link;
	e->pulled_until = bridge_now() + PULL_NS + PULL_NS / 4;
	return s;
}

/* What is known of a message by its place: $JS.ACK.STREAM.CONSUMER.DELIVERIES.PLACE.... */
static bool describe(struct engine *e, natsMsg *msg, struct engine_message *m)
{
	const char *text = NULL, *id = NULL;
	jsMsgMetaData *meta = NULL;

	if (natsMsg_GetMetaData(&meta, msg) != NATS_OK)
		return false;
	memset(m, 0, sizeof(*m));
	m->place.low = meta->Sequence.Stream;
	jsMsgMetaData_Destroy(meta);
	(void)natsMsgHeader_Get(msg, TAGS_HEADER, &text);
	(void)mapping_tags_from(text, m);
	if (natsMsgHeader_Get(msg, ID_HEADER, &id) != NATS_OK || !mapping_id_from(id, &m->id)) {
		/* Not a bridge's: no segment is 0. */
		m->id.segment[0] = m->id.segment[1] = 0;
		m->id.ring = 0;
		m->id.position = m->place.low;
	}
	m->payload = natsMsg_GetData(msg);
	m->bytes = (size_t)natsMsg_GetDataLength(msg);
	m->token = msg;
	(void)e;
	return true;
}

static ssize_t nats_fetch(struct engine *e, struct engine_message *messages, size_t n, int64_t timeout_ns)
{
	const int64_t until = bridge_now() + timeout_ns;
	char why[ENGINE_WHY];
	const uint64_t link = nats_link(e, why);
	size_t got = 0;

	if (!link)
		return -EAGAIN;
	if (bridge_now() - e->stirred > STIR_NS + 3 * (int64_t)e->o.ack_wait_ns) {
		if (e->stirred && !bridge_without("stir"))
			nats_stir(e);
		e->stirred = bridge_now();
	}
	if (bridge_now() - e->looked > LOOK_NS) {
		if (!bridge_without("passed"))
			nats_look(e);
		e->looked = bridge_now();
	}
	if (e->pulled_under != link || bridge_now() > e->pulled_until)
		e->pulled = 0;
	while (got < n) {
		const int64_t left = until - bridge_now();
		uint64_t waiting = 0;
		natsMsg *msg = NULL;

		(void)natsSubscription_QueuedMsgs(e->messages, &waiting);
		if (!waiting && (got || left <= 0))
			break;
		if (!waiting && !e->pulled && ask(e, n, link) != NATS_OK)
			return -EAGAIN;
		if (natsSubscription_NextMsg(&msg, e->messages, waiting ? 1 : left / 1000000 + 1) != NATS_OK)
			break;
		if (is_status(msg)) {
			e->pulled = 0; /* the request has ended */
			natsMsg_Destroy(msg);
			if (!got)
				bridge_pause(1000000); /* if it is refused, not for ever as fast as can be */
			continue;
		}
		e->pulled -= e->pulled > 0;
		if (describe(e, msg, &messages[got]))
			got++;
		else
			natsMsg_Destroy(msg);
	}
	if (got)
		e->stirred = bridge_now();
	return (ssize_t)got;
}

static void nats_ack(struct engine *e, struct engine_message *m)
{
	(void)e;
	(void)natsConnection_PublishString(e->nc, natsMsg_GetReply(m->token), "+ACK");
	natsMsg_Destroy(m->token);
}

static void nats_nack(struct engine *e, struct engine_message *m, int64_t delay_ns)
{
	char text[64];

	(void)snprintf(text, sizeof(text), delay_ns > 0 ? "-NAK {\"delay\":%" PRId64 "}" : "-NAK", delay_ns);
	(void)natsConnection_PublishString(e->nc, natsMsg_GetReply(m->token), text);
	natsMsg_Destroy(m->token);
}

static const char *const schemes[] = { "nats", "tls", NULL };

const struct engine_class engine_nats = {
	.name = "nats",
	.schemes = schemes,
	.connect = nats_connect,
	.link = nats_link,
	.most_bytes = nats_most_bytes,
	.publish = nats_publish,
	.read_back = nats_read_back,
	.fetch = nats_fetch,
	.ack = nats_ack,
	.nack = nats_nack,
	.close = nats_close,
};
