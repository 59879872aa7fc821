/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The Redis engine alone, against redis-server processes that the test starts on a socket of its own and kills: what
 * was acknowledged is in the stream, once, whatever happens between.
 */
#include "../../tools/bridge/engine_redis.h"
#include "../unit/common.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MESSAGES 1000
#define WINDOW	 128
#define KILLS	 5
#define SEGMENT	 UINT64_C(0x123456789abcdef0)

static char base[256], url[320];
static pid_t server;

/* ---- the server ---- */

static void server_start(const char *durable, const char *more, const char *than)
{
	char socket[320], log[320];
	const char *argv[] = { "redis-server",
			       "--port",
			       "0",
			       "--unixsocket",
			       socket,
			       "--dir",
			       base,
			       "--appendonly",
			       durable,
			       "--appendfsync",
			       "always",
			       "--save",
			       "",
			       "--logfile",
			       log,
			       more,
			       than,
			       NULL };

	snprintf(socket, sizeof(socket), "%s/socket", base);
	snprintf(log, sizeof(log), "%s/log", base);
	server = fork();
	ck_assert(server >= 0);
	if (server == 0) {
		execvp(argv[0], (char **)(uintptr_t)argv);
		_exit(127);
	}
}

static void server_kill(void)
{
	int status;

	if (server <= 0)
		return;
	kill(server, SIGKILL);
	ck_assert_int_eq(waitpid(server, &status, 0), server);
	server = 0;
	ck_assert_msg(!WIFEXITED(status), "redis-server ended by itself: is it installed (Debian: redis-server)?");
}

/* A command, as anybody could give it: its number, or the length of its answer. */
static long long command(const char *text, const char *word)
{
	redisContext *c;
	redisReply *r = NULL;
	long long n;
	char socket[320];

	snprintf(socket, sizeof(socket), "%s/socket", base);
	for (;;) {
		c = redisConnectUnix(socket);
		r = c && !c->err ? (word ? redisCommand(c, text, word) : redisCommand(c, text)) : NULL;
		if (r && !(r->type == REDIS_REPLY_ERROR && strncmp(r->str, "LOADING", 7) == 0))
			break;
		freeReplyObject(r);
		if (c)
			redisFree(c);
		usleep(2000);
	}
	ck_assert_msg(r->type != REDIS_REPLY_ERROR, "%s: %s", text, r->str);
	n = r->type == REDIS_REPLY_INTEGER ? r->integer : (long long)r->elements;
	freeReplyObject(r);
	redisFree(c);
	return n;
}

static void begin(void)
{
	/* Memory: a kill of the server leaves there what it leaves on a disk, and fsync waits for no disk. */
	const char *const tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

	snprintf(base, sizeof(base), "%s/maar-redis.XXXXXX", tmp);
	ck_assert_ptr_nonnull(mkdtemp(base));
	snprintf(url, sizeof(url), "unix://%s/socket", base);
	server = 0;
}

static void end(void)
{
	char text[320];

	server_kill();
	snprintf(text, sizeof(text), "rm -rf '%s'", base);
	ck_assert_int_eq(system(text), 0);
}

/* ---- engines ---- */

struct result {
	uint32_t answers, good, twice;
	int last;
	struct engine_place place;
};

struct results {
	pthread_mutex_t lock;
	struct result of[MESSAGES];
};

static struct results results;

static void acked(void *arg, uint64_t cookie, int result, struct engine_place place, bool twice, const char *why)
{
	struct results *all = arg;

	pthread_mutex_lock(&all->lock);
	if (cookie < MESSAGES) {
		all->of[cookie].answers++;
		all->of[cookie].good += result == 0;
		all->of[cookie].twice += twice;
		all->of[cookie].last = result;
		all->of[cookie].place = place;
		if (result && result != -ENOSPC)
			unit_note("%d: %s", result, why);
	}
	pthread_mutex_unlock(&all->lock);
}

static struct result result_of(uint64_t cookie)
{
	struct result r;

	pthread_mutex_lock(&results.lock);
	r = results.of[cookie];
	pthread_mutex_unlock(&results.lock);
	return r;
}

static struct result answer(uint64_t cookie, uint32_t answers)
{
	while (result_of(cookie).answers < answers)
		usleep(200);
	return result_of(cookie);
}

static struct engine_options options(bool exports, const char *host)
{
	const struct engine_options o = { .url = url,
					  .queue = "jobs.fast",
					  .host = host,
					  .dedup_ns = UINT64_C(600000000000),
					  .ack_wait_ns = UINT64_C(600000000000),
					  .replicas = 1,
					  .window = WINDOW,
					  .exports = exports };

	return o;
}

static struct engine *engine(const struct engine_options *o)
{
	char why[ENGINE_WHY] = "";
	struct engine *e = engine_redis.connect(o, acked, &results, why);

	ck_assert_msg(e != NULL, "%s", why);
	return e;
}

static uint64_t linked(struct engine *e)
{
	char why[ENGINE_WHY];
	uint64_t link;

	while ((link = engine_redis.link(e, why)) == 0)
		usleep(1000);
	return link;
}

/* Waits until there is no link, for this reason. */
static void unlinked(struct engine *e, const char *reason)
{
	char why[ENGINE_WHY] = "";

	do {
		usleep(1000);
	} while (engine_redis.link(e, why) || !strstr(why, reason));
}

static int publish(struct engine *e, uint64_t position, uint64_t cookie)
{
	char payload[64];
	const struct engine_message m = { .id = { { SEGMENT, 7 }, position, 2 },
					  .sequence = position * 3,
					  .type = 5,
					  .priority = 2,
					  .payload = payload,
					  .bytes = (size_t)snprintf(payload, sizeof(payload), "message %" PRIu64,
								    position) };

	return engine_redis.publish(e, &m, cookie);
}

static void must_publish(struct engine *e, uint64_t position, uint64_t cookie)
{
	linked(e);
	while (publish(e, position, cookie))
		usleep(200);
}

static void is_as_sent(const struct engine_message *m)
{
	char payload[64];
	const int n = snprintf(payload, sizeof(payload), "message %" PRIu64, m->id.position);

	unit_must(m->id.segment[0] == SEGMENT && m->id.segment[1] == 7 && m->id.ring == 2);
	unit_must(m->sequence == m->id.position * 3 && m->type == 5 && m->priority == 2);
	unit_must(m->bytes == (size_t)n && memcmp(m->payload, payload, (size_t)n) == 0);
}

static size_t fetch(struct engine *e, struct engine_message *m, size_t n, int64_t timeout_ns)
{
	ssize_t got;

	do {
		linked(e);
		got = engine_redis.fetch(e, m, n, timeout_ns);
	} while (got < 0);
	return (size_t)got;
}

static void fetch_all(struct engine *e, struct engine_message *m, size_t n)
{
	size_t got = 0;

	while (got < n)
		got += fetch(e, m + got, n - got, 20000000);
	unit_eq(fetch(e, m, 1, 0), 0);
}

/* ---- tests ---- */

START_TEST(refuses)
{
	static const char *const good[] = { "redis://h", "redis://h:1/3", "redis://u:p%40x@h,unix:///s",
					    "redis://[::1]:7", "unix://:pw@/a?db=2" };
	static const char *const bad[] = {
		"redis://",	"redis://h:0", "redis://h:99999", "redis://h/x",    "unix://a",
		"rediss://h",	"nats://h",    "redis://a%4@h",	  "redis://a%00@h", "",
		"unix:///s?x=1"
	};
	struct redis_servers s;
	char why[ENGINE_WHY];
	struct engine_options o;
	size_t i;

	for (i = 0; i < COUNT_OF(good); i++) {
		ck_assert_msg(redis_urls(&s, good[i], why), "%s: %s", good[i], why);
		if (i == 2) {
			unit_eq(s.n, 2);
			ck_assert_str_eq(s.server[0].password, "p@x");
			ck_assert_str_eq(s.server[1].host, "/s");
		}
		redis_urls_free(&s);
	}
	for (i = 0; i < COUNT_OF(bad); i++) {
		ck_assert_msg(!redis_urls(&s, bad[i], why), "%s", bad[i]);
		redis_urls_free(&s);
	}
	for (i = 0; i < 6; i++) {
		o = options(true, "a");
		o.tls = i == 0;
		o.credentials = i == 1 ? "file" : NULL;
		o.replicas = i == 2 ? 3 : 1;
		o.window = i == 3 ? 0 : 1;
		o.queue = i == 4 ? ".q" : "q";
		o.url = i == 5 ? "redis://" : "redis://h";
		*why = 0;
		ck_assert_ptr_null(engine_redis.connect(&o, acked, &results, why));
		ck_assert_msg(*why, "%zu", i);
	}
}
END_TEST

/* A message that comes twice is in the stream once; one that comes late is not taken for known. */
START_TEST(knows_identities)
{
	const struct engine_options o = options(true, "a");
	struct engine *e;
	struct result r;

	server_start("yes", NULL, NULL);
	e = engine(&o);
	must_publish(e, 70000, 0);
	r = answer(0, 1);
	unit_must(r.good == 1 && !r.twice && r.place.high);
	must_publish(e, 5, 1); /* its consumer had died: later than a higher one */
	must_publish(e, 69999, 2);
	unit_must(answer(1, 1).good == 1 && answer(2, 1).good == 1 && !result_of(1).twice && !result_of(2).twice);
	must_publish(e, 70000, 3);
	unit_must(answer(3, 1).good == 1 && result_of(3).twice == 1);
	unit_eq(command("XLEN maar:{jobs.fast}", NULL), 3);
	/* The control: what remembers is these keys, and they go by themselves. */
	unit_eq(command("KEYS maar:{jobs.fast}:seen:*", NULL), 2);
	unit_must(command("PTTL maar:{jobs.fast}:seen:123456789abcdef00000000000000007-2:1", NULL) > 600000);
	unit_eq(command("DEL maar:{jobs.fast}:seen:123456789abcdef00000000000000007-2:1", NULL), 1);
	must_publish(e, 70000, 4);
	unit_must(answer(4, 1).good == 1 && !result_of(4).twice);
	unit_eq(command("XLEN maar:{jobs.fast}", NULL), 4);
	engine_redis.close(e);
}
END_TEST

/* As the bridge does, but for looking back: what has no answer when its link is lost goes again. */
static void publish_all(struct engine *e, struct unit_rng *rng)
{
	static bool out[MESSAGES];
	uint64_t next = 0, settled = 0, link = linked(e), kills = 0, at = 1 + unit_random_below(rng, MESSAGES / KILLS);
	uint64_t again = 0;
	char why[ENGINE_WHY];

	while (settled < MESSAGES) {
		const uint64_t now = engine_redis.link(e, why);
		uint64_t i;

		if (kills < KILLS && next >= at) {
			server_kill();
			server_start("yes", NULL, NULL);
			at = next + unit_random_below(rng, MESSAGES / KILLS);
			at = at < MESSAGES ? at : MESSAGES;
			kills++;
		}
		if (now && now != link) {
			for (i = settled; i < next; i++)
				again += out[i] && !result_of(i).good, out[i] = out[i] && result_of(i).good;
			link = now;
		}
		for (i = settled; i < next && now; i++)
			if (!out[i])
				out[i] = publish(e, i, i) == 0;
		if (now && next < MESSAGES && next - settled < WINDOW) {
			out[next] = publish(e, next, next) == 0;
			next++;
		}
		while (settled < next && result_of(settled).good)
			settled++;
		if (!now || next - settled == WINDOW || next == MESSAGES)
			usleep(100);
	}
	unit_note("%" PRIu64 " kills, %" PRIu64 " published again, link %" PRIu64, kills, again, link);
	unit_eq(kills, KILLS);
}

START_TEST(survives_kills)
{
	const struct engine_options to = options(true, "a"), from = options(false, "b");
	static uint32_t times[MESSAGES];
	struct unit_rng rng = unit_rng(1);
	struct engine *e;
	struct engine_message m[32];
	uint64_t seen = 0, twice = 0, kills = 0, i;
	size_t n;

	server_start("yes", NULL, NULL);
	e = engine(&to);
	publish_all(e, &rng);
	engine_redis.close(e);
	unit_eq(command("XLEN maar:{jobs.fast}", NULL), MESSAGES); /* none lost, none twice */

	/* The same on the other side. What was acknowledged and comes again nevertheless was acknowledged in vain. */
	e = engine(&from);
	while (seen < MESSAGES || command("XLEN maar:{jobs.fast}", NULL)) {
		if (kills < KILLS && seen >= (kills + 1) * (MESSAGES / (KILLS + 1))) {
			server_kill();
			server_start("yes", NULL, NULL);
			kills++;
			/* Nobody waits ten minutes for what has been lost with the link. */
			engine_redis.close(e);
			command("XGROUP DELCONSUMER maar:{jobs.fast} maar-b %s", "none");
			command("XGROUP SETID maar:{jobs.fast} maar-b %s", "0");
			e = engine(&from);
		}
		n = fetch(e, m, COUNT_OF(m), 1000000);
		for (i = 0; i < n; i++) {
			is_as_sent(&m[i]);
			unit_must(m[i].id.position < MESSAGES);
			twice += times[m[i].id.position]++ != 0;
			seen += times[m[i].id.position] == 1;
			engine_redis.ack(e, &m[i]);
		}
	}
	for (i = 0; i < MESSAGES; i++)
		unit_must(times[i] >= 1);
	unit_note("%" PRIu64 " kills, %" PRIu64 " came again", kills, twice);
	unit_must(twice <= KILLS * (2 * WINDOW + COUNT_OF(m)));
	engine_redis.close(e);
}
END_TEST

struct look {
	uint64_t n, positions[8];
	struct engine_place last;
};

static void landed(void *arg, const struct engine_id *id, struct engine_place place)
{
	struct look *l = arg;

	unit_must(engine_after(place, l->last));
	l->last = place;
	l->positions[l->n++ % 8] = id->position;
}

START_TEST(looks_back)
{
	const struct engine_options a = options(true, "a"), b = options(true, "b");
	struct engine *ea, *eb;
	struct look l = { 0 };
	uint64_t i;

	server_start("yes", NULL, NULL);
	ea = engine(&a);
	eb = engine(&b);
	linked(ea);
	unit_eq(engine_redis.read_back(ea, (struct engine_place){ 0, 0 }, landed, &l), 0);
	for (i = 0; i < 4; i++) {
		must_publish(i % 2 ? eb : ea, 10 + i, i);
		answer(i, 1);
	}
	unit_eq(engine_redis.read_back(ea, (struct engine_place){ 0, 0 }, landed, &l), 2);
	unit_must(l.n == 2 && l.positions[0] == 10 && l.positions[1] == 12);
	l = (struct look){ 0 };
	unit_eq(engine_redis.read_back(ea, result_of(0).place, landed, &l), 1);
	unit_eq(l.positions[0], 12);
	server_kill();
	unit_eq(engine_redis.read_back(ea, (struct engine_place){ 0, 0 }, landed, &l), -EAGAIN);
	server_start("yes", NULL, NULL);
	linked(ea);
	l = (struct look){ 0 };
	for (i = 0; i < 900; i++)
		must_publish(ea, 100 + i, 4 + i);
	for (i = 0; i < 900; i++)
		unit_must(answer(4 + i, 1).good);
	unit_eq(engine_redis.read_back(ea, (struct engine_place){ 0, 0 }, landed, &l), 902);
	engine_redis.close(ea);
	engine_redis.close(eb);
}
END_TEST

START_TEST(delivers_again)
{
	struct engine_options to = options(true, "a"), from = options(false, "b"), other = options(false, "c");
	struct engine *e, *b, *c;
	struct engine_message m[8], again[1];
	uint64_t i, had = 0;

	server_start("yes", NULL, NULL);
	e = engine(&to);
	for (i = 0; i < 6; i++)
		must_publish(e, i, i);
	for (i = 0; i < 6; i++)
		answer(i, 1);
	from.window = 4;
	other.consumer = "maar-b"; /* the same consumer's other half */
	other.ack_wait_ns = 1000000;
	b = engine(&from);
	unit_eq(fetch(b, m, 8, 20000000), 4); /* its window */
	unit_eq(fetch(b, m + 4, 1, 0), 0);
	engine_redis.ack(b, &m[0]);
	engine_redis.nack(b, &m[1], 0);
	do { /* one comes that was given back, and none that has not been */
		if (fetch(b, again, 1, 1000000) == 0)
			continue;
		unit_eq((again[0].flags & ENGINE_AGAIN) != 0, again[0].id.position == 1);
		is_as_sent(&again[0]);
		had |= 1u << again[0].id.position;
		engine_redis.ack(b, &again[0]);
	} while (!(had & 1u << 1));
	unit_must(!(had & (1u << 2 | 1u << 3)));
	engine_redis.close(b); /* it has 2 and 3, and says nothing of them */
	c = engine(&other);
	do {
		if (fetch(c, m, 1, 1000000) == 0)
			continue;
		unit_must(m[0].id.position > 3 || (m[0].flags & ENGINE_AGAIN));
		is_as_sent(&m[0]);
		had |= 1u << m[0].id.position;
		engine_redis.ack(c, &m[0]);
	} while (command("XLEN maar:{jobs.fast}", NULL));
	unit_eq(had, 0x3e); /* all but 0, which was done with at once */
	engine_redis.close(c);
	engine_redis.close(e);
}
END_TEST

START_TEST(brings_what_others_send)
{
	struct engine_options from = options(false, "b");
	struct engine *e;
	struct engine_message m[2];

	server_start("yes", NULL, NULL);
	command("XADD maar:{jobs.fast} 77-5 text %s", "hello");
	command("XADD maar:{jobs.fast} 77-6 text %s", "you");
	e = engine(&from);
	fetch_all(e, m, 2);
	unit_must(m[0].bytes == 5 && memcmp(m[0].payload, "hello", 5) == 0 && m[0].sequence == 0);
	unit_must(m[0].place.high == 77 && m[0].place.low == 5);
	unit_must(memcmp(&m[0].id, &m[1].id, sizeof(m[0].id)) != 0);
	engine_redis.ack(e, &m[0]);
	engine_redis.ack(e, &m[1]);
	engine_redis.close(e);
	unit_eq(command("XLEN maar:{jobs.fast}", NULL), 0);
}
END_TEST

START_TEST(is_full)
{
	struct engine_options to = options(true, "a"), from = options(false, "b");
	struct engine *e, *f;
	struct engine_message m[8];
	uint64_t cookie = 0, i;

	server_start("yes", NULL, NULL);
	to.most_messages = _i ? 0 : 3;
	to.most_bytes = _i ? 29 : 0; /* a message here has 9 */
	e = engine(&to);
	linked(e); /* whoever comes first says what the stream is */
	f = engine(&from);
	for (i = 0; i < 3; i++) {
		must_publish(e, i, cookie);
		unit_must(answer(cookie++, 1).good);
	}
	must_publish(e, 3, cookie);
	unit_eq(answer(cookie++, 1).last, -ENOSPC);
	unit_eq(command("XLEN maar:{jobs.fast}", NULL), 3);
	fetch_all(f, m, 3);
	engine_redis.ack(f, &m[0]);
	while (command("XLEN maar:{jobs.fast}", NULL) == 3)
		usleep(1000);
	must_publish(e, 3, cookie); /* and the refused one is not taken for known */
	unit_must(answer(cookie, 1).good && !result_of(cookie).twice);
	must_publish(e, 4, ++cookie);
	unit_eq(answer(cookie, 1).last, -ENOSPC);
	engine_redis.close(e);
	engine_redis.close(f);
}
END_TEST

START_TEST(keeps_for_others)
{
	struct engine_options to = options(true, "a"), one = options(false, "b"), two = options(false, "c");
	struct engine *e, *f, *g;
	struct engine_message m[4];

	server_start("yes", NULL, NULL);
	to.keep = _i == 0;
	e = engine(&to);
	must_publish(e, 1, 0);
	answer(0, 1);
	one.from = _i == 2 ? "a" : NULL;
	two.from = _i == 2 ? "z" : NULL;
	f = engine(&one);
	fetch_all(f, m, 1);
	engine_redis.ack(f, &m[0]);
	g = engine(&two);
	if (_i == 0) { /* it is there for the second, too */
		fetch_all(g, m, 1);
		engine_redis.ack(g, &m[0]);
	} else if (_i == 1) { /* it would not be: so there is no second */
		unlinked(g, "maar-b consumes");
	} else { /* each has a host's of its own */
		unit_eq(fetch(g, m, 1, 20000000), 0);
	}
	engine_redis.close(f);
	engine_redis.close(g);
	engine_redis.close(e);
	unit_eq(command("XLEN maar:{jobs.fast}", NULL), _i == 0);
}
END_TEST

/* No server; one that keeps nothing; then one that does. What cannot be said is not said. */
START_TEST(waits_for_its_server)
{
	struct engine_options to = options(true, "a");
	struct engine *e = engine(&to);
	uint64_t link;

	unlinked(e, "No such file");
	unit_eq(publish(e, 1, 0), -EAGAIN);
	unit_eq(engine_redis.most_bytes(e), 0);
	server_start("no", NULL, NULL);
	unlinked(e, "appendonly yes");
	server_kill();
	server_start("yes", "--requirepass", "secret");
	unlinked(e, "NOAUTH");
	engine_redis.close(e);
	to.password = "secret";
	e = engine(&to);
	link = linked(e);
	unit_eq(engine_redis.most_bytes(e), 512 << 20);
	must_publish(e, 1, 0);
	unit_must(answer(0, 1).good);
	server_kill();
	unlinked(e, "");
	unit_eq(publish(e, 2, 1), -EAGAIN);
	server_start("yes", "--requirepass", "secret");
	unit_must(linked(e) > link);
	must_publish(e, 1, 2);
	unit_must(answer(2, 1).good && result_of(2).twice == 1);
	engine_redis.close(e);
}
END_TEST

static void quiet(void)
{
	memset(results.of, 0, sizeof(results.of));
	pthread_mutex_init(&results.lock, NULL);
}

Suite *unit_suite(void)
{
	Suite *const suite = suite_create("engine_redis");
	TCase *const c = unit_tcase(suite, "engine");

	if (system("command -v redis-server >/dev/null 2>&1") != 0) {
		printf("1..0 # SKIP no redis-server here (Debian: redis-server)\n");
		exit(0);
	}
	tcase_add_unchecked_fixture(c, quiet, NULL);
	tcase_add_checked_fixture(c, begin, end);
	tcase_add_test(c, refuses);
	tcase_add_test(c, knows_identities);
	tcase_add_test(c, survives_kills);
	tcase_add_test(c, looks_back);
	tcase_add_test(c, delivers_again);
	tcase_add_test(c, brings_what_others_send);
	tcase_add_loop_test(c, is_full, 0, 2);
	tcase_add_loop_test(c, keeps_for_others, 0, 3);
	tcase_add_test(c, waits_for_its_server);
	return suite;
}
