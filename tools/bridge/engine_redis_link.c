/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The link to a Redis server: a thread that makes it, again and again with a growing pause, sends the calls that wait,
 * and hands on the answers, which come in the order of the calls.
 */
#include "engine_redis.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define PAUSE_FIRST 50000000		/* ns before the second try to connect; twice that before the third ... */
#define PAUSE_MOST  INT64_C(5000000000) /* ... and so on */
#define TICK	    500			/* ms: silence is looked for so often */
#define LAST_WORDS  INT64_C(1000000000) /* ns for what is to be sent at the end */
#define TEXTS	    64			/* calls taken over by the thread at once */
#define ENDS	    64			/* ends in one call */

/* ---- words ---- */

void redis_word(struct redis_words *w, const char *text, size_t bytes)
{
	w->text[w->n] = text;
	w->bytes[w->n++] = bytes;
}

void redis_words(struct redis_words *w, ...)
{
	const char *text;
	va_list all;

	w->n = 0;
	va_start(all, w);
	while ((text = va_arg(all, const char *)) != NULL)
		redis_word(w, text, strlen(text));
	va_end(all);
}

void redis_place_text(char to[REDIS_PLACE], struct engine_place place)
{
	(void)snprintf(to, REDIS_PLACE, "%" PRIu64 "-%" PRIu64, place.high, place.low);
}

bool redis_place_from(const char *text, struct engine_place *place)
{
	return text && sscanf(text, "%" SCNu64 "-%" SCNu64, &place->high, &place->low) == 2;
}

/* ---- the thread and its callers ---- */

void redis_wake(struct engine *e)
{
	const uint64_t one = 1;

	if (e->asleep && write(e->wake, &one, sizeof(one)) == (ssize_t)sizeof(one))
		e->asleep = false;
}

static bool is_stopped(struct engine *e)
{
	bool stop;

	pthread_mutex_lock(&e->lock);
	stop = e->stop;
	pthread_mutex_unlock(&e->lock);
	return stop;
}

void redis_drop(struct engine *e, uint64_t link, const char *why)
{
	pthread_mutex_lock(&e->lock);
	if (e->link == link && link) {
		e->lost = true;
		(void)snprintf(e->why, sizeof(e->why), "%.200s", why);
		redis_wake(e);
	}
	pthread_mutex_unlock(&e->lock);
}

/* Sleeps until the descriptor has something, or `wake` has, or the time is over; wake < 0: only a descriptor. */
static int wait_for(int fd, short events, int wake, int64_t ns)
{
	struct pollfd polls[2] = { { .fd = fd, .events = events }, { .fd = wake, .events = POLLIN } };
	const int64_t ms = ns <= 0 ? 0 : ns / 1000000 + 1;
	uint64_t times;
	ssize_t got;

	if (poll(polls, 2, (int)(ms > 60000 ? 60000 : ms)) <= 0)
		return 0;
	if (polls[1].revents & POLLIN) {
		got = read(wake, &times, sizeof(times));
		(void)got; /* it is there to be read away */
	}
	return polls[0].revents;
}

/* ---- one command after another ---- */

redisReply *redis_ask(struct engine *e, redisContext *c, bool thread, const struct redis_words *w, int64_t timeout_ns)
{
	const int64_t until = redis_now() + timeout_ns;
	void *reply = NULL;
	int done = 0;

	if (redisAppendCommandArgv(c, w->n, (const char **)(uintptr_t)w->text, w->bytes) != REDIS_OK)
		return NULL;
	for (;;) {
		const int64_t left = until - redis_now();
		int events;

		if (!done && redisBufferWrite(c, &done) != REDIS_OK)
			return NULL;
		if (redisGetReplyFromReader(c, &reply) != REDIS_OK)
			return NULL;
		if (reply)
			return reply;
		if (left <= 0 || (thread && is_stopped(e)))
			return NULL;
		events = wait_for(c->fd, (short)(POLLIN | (done ? 0 : POLLOUT)), thread ? e->wake : -1, left);
		if ((events & (POLLIN | POLLERR | POLLHUP)) && redisBufferRead(c) != REDIS_OK)
			return NULL;
	}
}

static bool begins(const redisReply *r, const char *word)
{
	const size_t n = strlen(word);

	return r->len >= n && strncmp(r->str, word, n) == 0;
}

/* What to do about an error; "": nothing that is known. */
static const char *advice(const redisReply *r)
{
	if (begins(r, "NOAUTH") || begins(r, "WRONGPASS") || begins(r, "ERR invalid password"))
		return " (--user and --password, or --token for a password alone)";
	return begins(r, "NOPERM") ? " (the user's rights: maar-bridge(1))" : "";
}

/* The answer, unless it is an error: that is said, and NULL. */
static redisReply *must(struct engine *e, redisContext *c, bool thread, const struct redis_words *w,
			char why[ENGINE_WHY])
{
	redisReply *r = redis_ask(e, c, thread, w, REDIS_ANSWER);

	if (r && r->type != REDIS_REPLY_ERROR)
		return r;
	if (r)
		(void)snprintf(why, ENGINE_WHY, "%.150s%s", r->str, advice(r));
	else
		(void)snprintf(why, ENGINE_WHY, "%.200s", c->err ? c->errstr : "the server does not answer");
	freeReplyObject(r);
	return NULL;
}

static bool done(redisReply *reply)
{
	freeReplyObject(reply);
	return reply != NULL;
}

/* ---- a connection ---- */

static bool greet(struct engine *e, redisContext *c, const struct redis_server *s, bool thread, char why[ENGINE_WHY])
{
	const char *const user = e->o.user ? e->o.user : s->user;
	const char *const password = e->o.password ? e->o.password : e->o.token ? e->o.token : s->password;
	struct redis_words w;
	char db[16];

	if (password && user && *user)
		redis_words(&w, "AUTH", user, password, NULL);
	else
		redis_words(&w, "AUTH", password, NULL);
	if (password && !done(must(e, c, thread, &w, why)))
		return false;
	(void)snprintf(db, sizeof(db), "%d", s->db);
	redis_words(&w, "SELECT", db, NULL);
	return !s->db || done(must(e, c, thread, &w, why));
}

redisContext *redis_open(struct engine *e, const struct redis_server *s, bool thread, char why[ENGINE_WHY])
{
	redisContext *c = s->port ? redisConnectNonBlock(s->host, s->port) : redisConnectUnixNonBlock(s->host);

	if (c && !c->err) {
		(void)fcntl(c->fd, F_SETFD, FD_CLOEXEC);
		if (s->port)
			(void)redisEnableKeepAlive(c);
		if (wait_for(c->fd, POLLOUT, thread ? e->wake : -1, REDIS_ANSWER) && greet(e, c, s, thread, why))
			return c;
	} else {
		(void)snprintf(why, ENGINE_WHY, "%.128s", c ? c->errstr : strerror(ENOMEM));
	}
	if (c)
		redisFree(c);
	return NULL;
}

/* Whether the server keeps what it is given. */
static bool keeps(struct engine *e, redisContext *c, bool in_memory, char why[ENGINE_WHY])
{
	struct redis_words w;
	const char *wrong = NULL, *maxmemory;
	redisReply *r;

	redis_words(&w, "INFO", NULL);
	r = must(e, c, true, &w, why);
	if (!r)
		return false;
	maxmemory = r->str ? strstr(r->str, "\nmaxmemory:") : NULL;
	if (!r->str || strstr(r->str, "\nloading:1"))
		wrong = "the server is reading its file";
	else if (strstr(r->str, "\nrole:slave"))
		wrong = "the server is a copy of another: it takes nothing";
	else if (strstr(r->str, "\ncluster_enabled:1") && strstr(r->str, "\ncluster_state:fail"))
		wrong = "the cluster is down";
	else if (maxmemory && maxmemory[11] != '0' && strstr(r->str, "\nmaxmemory_policy:allkeys"))
		wrong = "the server throws streams away when its memory is full (maxmemory-policy noeviction)";
	else if (!in_memory && !strstr(r->str, "\naof_enabled:1"))
		wrong = "the server keeps nothing in a file (appendonly yes), and the stream is not one for memory";
	freeReplyObject(r);
	if (wrong)
		(void)snprintf(why, ENGINE_WHY, "%s", wrong);
	return !wrong;
}

static bool load_scripts(struct engine *e, redisContext *c, char why[ENGINE_WHY])
{
	struct redis_words w;
	redisReply *r;
	int i;

	for (i = 0; i < REDIS_SCRIPTS; i++) {
		redis_words(&w, "SCRIPT", "LOAD", e->scripts[i].text, NULL);
		r = must(e, c, true, &w, why);
		if (!r)
			return false;
		pthread_mutex_lock(&e->lock);
		(void)snprintf(e->scripts[i].sha, sizeof(e->scripts[i].sha), "%.40s", r->str ? r->str : "");
		pthread_mutex_unlock(&e->lock);
		freeReplyObject(r);
	}
	return true;
}

/* Bytes of one word of a command: what the server says, or, if it does not tell, its default. */
static uint64_t most_payload(struct engine *e, redisContext *c)
{
	struct redis_words w;
	char why[ENGINE_WHY];
	redisReply *r;
	uint64_t n = 0;

	redis_words(&w, "CONFIG", "GET", "proto-max-bulk-len", NULL);
	r = must(e, c, true, &w, why);
	if (r && r->type == REDIS_REPLY_ARRAY && r->elements == 2 && r->element[1]->str)
		n = strtoull(r->element[1]->str, NULL, 10);
	freeReplyObject(r);
	if (n == 0 || n > UINT64_C(512) << 20)
		n = UINT64_C(512) << 20;
	return n;
}

static bool make(struct engine *e, redisContext *c, char why[ENGINE_WHY])
{
	char number[3][24];
	struct redis_words w;
	bool memory = false;
	redisReply *r;

	(void)snprintf(number[0], 24, "%" PRIu64, e->o.most_messages);
	(void)snprintf(number[1], 24, "%" PRIu64, e->o.most_bytes);
	(void)snprintf(number[2], 24, "%" PRIu64, e->o.dedup_ns / 1000000 ? e->o.dedup_ns / 1000000 : 1);
	redis_words(&w, "EVAL", redis_lua_make, "2", e->stream, e->meta, number[0], number[1], number[2],
		    e->o.keep ? "1" : "0", e->o.memory ? "1" : "0", e->o.exports ? "" : e->group,
		    e->o.from && !e->o.exports ? e->o.from : "", NULL);
	r = must(e, c, true, &w, why);
	if (!r)
		return false;
	pthread_mutex_lock(&e->lock);
	if (r->type == REDIS_REPLY_ARRAY && r->elements == 6) {
		uint64_t is[5] = { 0 };
		size_t i;

		for (i = 0; i < 5; i++)
			is[i] = r->element[i]->str ? strtoull(r->element[i]->str, NULL, 10) : 0;
		e->most_messages = is[0];
		e->most_bytes = is[1];
		e->dedup_ms = is[2] ? is[2] : 1;
		e->keep = is[3] != 0;
		memory = is[4] != 0;
		(void)snprintf(e->from, sizeof(e->from), "%s", r->element[5]->str ? r->element[5]->str : "");
	}
	pthread_mutex_unlock(&e->lock);
	freeReplyObject(r);
	return keeps(e, c, memory, why);
}

static redisContext *link_up(struct engine *e, char why[ENGINE_WHY])
{
	redisContext *c = redis_open(e, &e->servers.server[e->server], true, why);
	uint64_t most;

	if (!c)
		return NULL;
	/* A stream is made where it can stay only: so the server is asked before and, by what the stream is, after. */
	if (!keeps(e, c, true, why) || !load_scripts(e, c, why) || !make(e, c, why)) {
		redisFree(c);
		return NULL;
	}
	most = most_payload(e, c);
	pthread_mutex_lock(&e->lock);
	e->most_payload = most;
	e->lost = false;
	e->link = ++e->links;
	e->first = e->sent = e->next = 0;
	pthread_mutex_unlock(&e->lock);
	return c;
}

/* ---- calls ---- */

/* Ends that wait become a call. Under the lock. */
static void call_ends(struct engine *e)
{
	char place[ENDS][REDIS_PLACE], number[ENDS][24];
	static const char *const hows[] = { "0", "1", "2" };
	const char *text[7 + 3 * ENDS] = {
		"EVALSHA", e->scripts[REDIS_END].sha, "2", e->stream, e->meta, e->group, e->o.host,
	};
	const char *words[8 + 3 * ENDS];
	char *command = NULL;
	size_t i, n = 0;
	long long bytes;

	if (!e->ended_n || !e->link || e->next - e->first >= e->room)
		return;
	memcpy(words, text, 7 * sizeof(*words));
	words[7] = e->keep ? "1" : "0";
	for (i = 0; i < ENDS && i < e->ended_n; i++) {
		const struct redis_ended *x = &e->ended[(e->ended_first + i) % e->ended_room];

		redis_place_text(place[i], x->place);
		(void)snprintf(number[i], sizeof(number[i]), "%" PRIu64,
			       x->how == REDIS_DONE && !e->most_bytes ? 0 : x->number);
		words[8 + n++] = hows[x->how];
		words[8 + n++] = place[i];
		words[8 + n++] = number[i];
	}
	bytes = redisFormatCommandArgv(&command, (int)(8 + n), words, NULL);
	if (bytes < 0)
		return; /* no memory: later */
	e->ended_first = (e->ended_first + i) % e->ended_room;
	e->ended_n -= i;
	e->calls[e->next++ % e->room] = (struct redis_call){ .text = command, .bytes = (size_t)bytes };
}

/* Takes over what is to be sent: how many calls. None: it is asleep from now on, until woken. */
static size_t take_calls(struct engine *e, redisContext *c, bool *lost, bool *idle)
{
	struct redis_call take[TEXTS];
	size_t n = 0, i;

	pthread_mutex_lock(&e->lock);
	call_ends(e);
	while (n < TEXTS && e->sent != e->next) {
		struct redis_call *k = &e->calls[e->sent++ % e->room];

		take[n++] = *k;
		k->text = NULL;
	}
	*lost = e->lost;
	*idle = e->first == e->next && !e->ended_n;
	e->asleep = n == 0;
	pthread_mutex_unlock(&e->lock);
	for (i = 0; i < n; i++) {
		if (redisAppendFormattedCommand(c, take[i].text, take[i].bytes) != REDIS_OK)
			*lost = true;
		redisFreeCommand(take[i].text);
	}
	return n;
}

/* What an error means for a message; 0: the link is no good. */
static int result_of(const redisReply *r)
{
	static const char *const now[] = { "MISCONF",	 "LOADING",	"BUSY",	   "MASTERDOWN",
					   "NOREPLICAS", "CLUSTERDOWN", "TRYAGAIN" };
	size_t i;

	if (begins(r, "NOSCRIPT") || begins(r, "READONLY") || begins(r, "NOGROUP") || begins(r, "MOVED"))
		return 0;
	if (begins(r, "OOM"))
		return -ENOSPC;
	if (begins(r, "NOPERM") || begins(r, "NOAUTH"))
		return -EPERM;
	for (i = 0; i < sizeof(now) / sizeof(now[0]); i++)
		if (begins(r, now[i]))
			return -EAGAIN;
	return -EIO;
}

/* An answer to the first call. False: the link is no good; it is said. */
static bool take_answer(struct engine *e, const redisReply *r)
{
	struct engine_place place = { 0, 0 };
	struct redis_call call;
	int result = -EIO;

	pthread_mutex_lock(&e->lock);
	call = e->calls[e->first % e->room];
	if (r->type == REDIS_REPLY_ERROR && !(result = result_of(r)))
		(void)snprintf(e->why, sizeof(e->why), "%.200s", r->str);
	else
		e->first++;
	pthread_mutex_unlock(&e->lock);
	if (r->type == REDIS_REPLY_ERROR && !result)
		return false;
	if (!e->o.exports)
		return true; /* what did not end comes again */
	if (r->type == REDIS_REPLY_ERROR)
		e->acked(e->arg, call.cookie, result, place, false, r->str);
	else if (r->type == REDIS_REPLY_STRING && redis_place_from(r->str, &place))
		e->acked(e->arg, call.cookie, 0, place, false, "");
	else if (r->type == REDIS_REPLY_INTEGER && r->integer == 1)
		e->acked(e->arg, call.cookie, 0, place, true, "");
	else if (r->type == REDIS_REPLY_INTEGER && r->integer == 2)
		e->acked(e->arg, call.cookie, -ENOSPC, place, false, "the stream is full");
	else
		e->acked(e->arg, call.cookie, -EIO, place, false, "no answer of a stream's");
	return true;
}

static bool take_answers(struct engine *e, redisContext *c)
{
	void *reply = NULL;

	if (redisBufferRead(c) != REDIS_OK)
		return false;
	for (;;) {
		bool good;

		if (redisGetReplyFromReader(c, &reply) != REDIS_OK)
			return false;
		if (!reply)
			return true;
		good = take_answer(e, reply);
		freeReplyObject(reply);
		if (!good)
			return false;
	}
}

/* Until the link is lost, or all that is to be sent at the end has been. */
static void serve(struct engine *e, redisContext *c)
{
	int64_t heard = redis_now(), stopped = 0;
	bool lost = false, idle = true;
	int sent = 1;

	for (;;) {
		const size_t n = sdslen(c->obuf) < REDIS_MOST_OUT ? take_calls(e, c, &lost, &idle) : 1;
		const int64_t now = redis_now();
		int events;

		if (lost || redisBufferWrite(c, &sent) != REDIS_OK)
			return;
		if (is_stopped(e)) {
			stopped = stopped ? stopped : now;
			if (idle || now - stopped > LAST_WORDS)
				return;
		}
		if (idle)
			heard = now;
		else if (now - heard > REDIS_ANSWER)
			return; /* it has taken something, and does not answer */
		events = wait_for(c->fd, (short)(POLLIN | (sent ? 0 : POLLOUT)), e->wake,
				  n && sent ? 0
				  : stopped ? LAST_WORDS / 50
					    : TICK * INT64_C(1000000));
		if (events & (POLLIN | POLLERR | POLLHUP)) {
			if (!take_answers(e, c))
				return;
			heard = redis_now();
		}
	}
}

/* There is no link any more: nobody knows of what was sent; what was not is forgotten. */
static void link_down(struct engine *e, const char *why)
{
	pthread_mutex_lock(&e->lock);
	for (; e->sent != e->next; e->sent++) {
		redisFreeCommand(e->calls[e->sent % e->room].text);
		e->calls[e->sent % e->room].text = NULL;
	}
	e->first = e->sent = e->next = 0;
	e->link = 0;
	e->lost = false;
	e->server = (e->server + 1) % e->servers.n;
	if (*why)
		(void)snprintf(e->why, sizeof(e->why), "%.200s", why);
	else if (!*e->why)
		(void)snprintf(e->why, sizeof(e->why), "the server does not answer");
	e->asleep = true;
	pthread_mutex_unlock(&e->lock);
}

static void *run(void *arg)
{
	struct engine *const e = arg;
	char why[ENGINE_WHY];

	while (!is_stopped(e)) {
		redisContext *c;
		int64_t until;

		*why = 0;
		c = link_up(e, why);
		if (c) {
			const int64_t began = redis_now();

			serve(e, c);
			/* One that ends at once is worth no more tries than none. */
			if (redis_now() - began > PAUSE_MOST)
				e->pause = 0;
			if (c->err)
				(void)snprintf(why, sizeof(why), "%.128s", c->errstr);
			redisFree(c);
		}
		link_down(e, why);
		/* Not at the same time as all others that have lost their server: half of it by the clock's last digits. */
		until = redis_now() + e->pause / 2 + (e->pause ? redis_now() % (e->pause / 2 + 1) : 0);
		e->pause = e->pause ? 2 * e->pause : PAUSE_FIRST;
		if (e->pause > PAUSE_MOST)
			e->pause = PAUSE_MOST;
		while (!is_stopped(e) && redis_now() < until)
			(void)wait_for(-1, 0, e->wake, until - redis_now());
	}
	return NULL;
}

int redis_begin(struct engine *e)
{
	struct sigaction is;
	int rc;

	/* The client writes to sockets that their server has left. */
	if (sigaction(SIGPIPE, NULL, &is) == 0 && is.sa_handler == SIG_DFL)
		(void)signal(SIGPIPE, SIG_IGN);
	e->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (e->wake < 0)
		return -errno;
	e->asleep = true;
	(void)snprintf(e->why, sizeof(e->why), "no server has answered yet");
	rc = pthread_create(&e->thread, NULL, run, e);
	if (rc)
		close(e->wake);
	return -rc;
}

void redis_end(struct engine *e)
{
	const uint64_t one = 1;
	ssize_t sent;

	pthread_mutex_lock(&e->lock);
	e->stop = true;
	pthread_mutex_unlock(&e->lock);
	sent = write(e->wake, &one, sizeof(one));
	(void)sent; /* it is full, then: as good */
	pthread_join(e->thread, NULL);
	close(e->wake);
}
