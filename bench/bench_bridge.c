/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar-bridge beside what the same client library does alone, on one nats-server that this program starts: publishing with
 * every message acknowledged, 1024 of them under way, and one at a time; and how long a message takes from A to B,
 * with and without bridges. Interleaved, medians. Everything shares the processors there are.
 *
 *     bench/bench_bridge [-n MESSAGES] [-b BYTES] [-r ROUNDS] [-o FILE]
 */
#include "internal.h"

#include "../tools/bridge/marks.h"

#include <maar/ipc_names.h>

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <libgen.h>
#include <nats/nats.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST_ROUNDS 51
#define WINDOW	    1024
#define PINGS	    2000
#define QUEUE	    "bench"

struct bench {
	uint64_t n, bytes, rounds;
	const char *out;
	char bridge[4096], base[64], dir[2][80], url[64];
	pid_t server, sides[2];
	natsConnection *asap, *lazy; /* each message sent at once; by the client's flusher, its default */
	jsCtx *asap_js, *lazy_js;
	uint64_t id;
	unsigned char *payload;
};

static void die(const char *what, natsStatus s)
{
	fprintf(stderr, "bench_bridge: %s: %s\n", what, s == NATS_OK ? strerror(errno) : natsStatus_GetText(s));
	exit(1);
}

static void must(const char *what, natsStatus s)
{
	if (s != NATS_OK)
		die(what, s);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void nap(long us)
{
	const struct timespec t = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&t, NULL);
}

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(double *of, size_t n, double q)
{
	qsort(of, n, sizeof(*of), by_size);
	return of[(size_t)((double)(n - 1) * q)];
}

/* ---- the processes ---- */

static pid_t start(char *const *argv)
{
	const pid_t pid = fork();
	int fd;

	if (pid < 0)
		die("fork", NATS_OK);
	if (pid)
		return pid;
	fd = open("/dev/null", O_RDWR);
	(void)dup2(fd, 1);
	(void)dup2(fd, 2);
	execvp(argv[0], argv);
	_exit(127);
}

static void start_server(struct bench *b)
{
	char port[16], store[80];
	char *argv[] = { (char *)"nats-server", (char *)"-a", (char *)"127.0.0.1",
			 (char *)"-p",		port,	      (char *)"-js",
			 (char *)"-sd",		store,	      NULL };
	natsConnection *nc = NULL;
	int tries;

	(void)snprintf(port, sizeof(port), "%d", 20000 + (int)getpid() % 20000);
	(void)snprintf(store, sizeof(store), "%s/js", b->base);
	(void)snprintf(b->url, sizeof(b->url), "nats://127.0.0.1:%s", port);
	b->server = start(argv);
	for (tries = 0; natsConnection_ConnectTo(&nc, b->url) != NATS_OK; tries++) {
		if (tries == 500)
			die("nats-server does not answer (Debian: nats-server)", NATS_TIMEOUT);
		nap(10000);
	}
	natsConnection_Destroy(nc);
}

static void start_side(struct bench *b, int side)
{
	char *argv[] = { b->bridge,	(char *)"-d", b->dir[side], (char *)(side ? "import" : "export"),
			 (char *)"-u",	b->url,	      (char *)"-H", (char *)"bench",
			 (char *)QUEUE, NULL };

	b->sides[side] = start(argv);
}

static void link_to(struct bench *b, bool asap, natsConnection **nc, jsCtx **js)
{
	natsOptions *options = NULL;
	jsOptions js_options;

	must("options", natsOptions_Create(&options));
	must("url", natsOptions_SetURL(options, b->url));
	must("options", natsOptions_SetSendAsap(options, asap));
	must("connect", natsConnection_Connect(nc, options));
	natsOptions_Destroy(options);
	must("options", jsOptions_Init(&js_options));
	js_options.PublishAsync.MaxPending = WINDOW;
	js_options.PublishAsync.StallWait = 60000;
	must("JetStream", natsConnection_JetStream(js, *nc, &js_options));
}

static struct maar_ipc *queue(struct bench *b, int side, uint32_t roles)
{
	const struct maar_ipc_options options = { .classes = { { .bytes = b->bytes, .slots = (uint32_t)b->n } },
						  .n_classes = 1 };
	const struct maar_ipc_who who = { .roles = roles };
	struct maar_ipc *q;

	(void)setenv("MAAR_DIR", b->dir[side], 1);
	q = maar_ipc_create(QUEUE, &options, &who, 0);
	if (!q)
		die("queue", NATS_OK);
	return q;
}

static void first(const struct marks_report *r, void *arg)
{
	*(struct marks_report *)arg = *r;
}

/* What a bridge has carried since it was first started here. */
static uint64_t carried(struct bench *b, int side)
{
	struct marks_report r = { .queue = "" };

	return marks_list(b->dir[side], first, &r) == 1 && r.alive ? r.counts[MARKS_MESSAGES] : 0;
}

static void purge(struct bench *b, const char *stream)
{
	must("purge", js_PurgeStream(b->asap_js, stream, NULL, NULL));
}

/* ---- rates, messages a second ---- */

static natsMsg *message(struct bench *b, const char *subject)
{
	char id[64];
	natsMsg *m = NULL;

	(void)snprintf(id, sizeof(id), "raw-%d-%" PRIu64, (int)getpid(), b->id++);
	must("message", natsMsg_Create(&m, subject, NULL, (const char *)b->payload, (int)b->bytes));
	must("header", natsMsgHeader_Set(m, "Nats-Msg-Id", id));
	must("header", natsMsgHeader_Set(m, "Maar-Tags", "1 2 0 0"));
	return m;
}

static double raw_async(struct bench *b, jsCtx *js)
{
	const double at = now();
	double took;
	uint64_t i;

	for (i = 0; i < b->n; i++) {
		natsMsg *m = message(b, "bench.raw");

		must("publish", js_PublishMsgAsync(js, &m, NULL));
	}
	must("complete", js_PublishAsyncComplete(js, NULL));
	took = now() - at;
	purge(b, "BENCH_raw");
	return (double)b->n / took;
}

static double raw_sync(struct bench *b)
{
	const uint64_t n = b->n / 20 + 1;
	const double at = now();
	double took;
	uint64_t i;

	for (i = 0; i < n; i++) {
		natsMsg *m = message(b, "bench.raw");

		must("publish", js_PublishMsg(NULL, b->asap_js, m, NULL, NULL));
		natsMsg_Destroy(m);
	}
	took = now() - at;
	purge(b, "BENCH_raw");
	return (double)n / took;
}

static void fill(struct bench *b, struct maar_ipc *q)
{
	uint64_t i;

	for (i = 0; i < b->n; i++)
		if (maar_ipc_send(q, b->payload, b->bytes, NULL, MAAR_FOREVER) != 1)
			die("send", NATS_ERR);
}

/* The exporter is stopped while the queue is filled, so that only it is measured, from a full queue to an empty one. */
static double bridged(struct bench *b, struct maar_ipc *q)
{
	uint64_t before;
	double at, took;

	while (!(before = carried(b, 0)) && b->id)
		nap(1000);
	(void)kill(b->sides[0], SIGSTOP);
	fill(b, q);
	at = now();
	(void)kill(b->sides[0], SIGCONT);
	while (carried(b, 0) < before + b->n)
		nap(2000); /* a look costs 50 us, of the processors that are measured */
	took = now() - at;
	purge(b, "MAAR_" QUEUE);
	return (double)b->n / took;
}

/* From the queue at A to the queue at B, all of it. */
static double carried_over(struct bench *b, struct maar_ipc *from, struct maar_ipc *to)
{
	struct maar_ipc_message m;
	double at;
	uint64_t i;

	(void)kill(b->sides[0], SIGSTOP);
	fill(b, from);
	at = now();
	(void)kill(b->sides[0], SIGCONT);
	for (i = 0; i < b->n; i++)
		if (maar_ipc_take(to, &m, MAAR_FOREVER) != 1 || maar_ipc_release(to, &m))
			die("receive", NATS_ERR);
	return (double)b->n / (now() - at);
}

/* ---- how long one takes ---- */

static void ping_bridges(struct bench *b, struct maar_ipc *from, struct maar_ipc *to, double *took)
{
	struct maar_ipc_message m;
	size_t i;

	for (i = 0; i < PINGS; i++) {
		const double at = now();

		if (maar_ipc_send(from, b->payload, b->bytes, NULL, MAAR_FOREVER) != 1 ||
		    maar_ipc_take(to, &m, MAAR_FOREVER) != 1)
			die("ping", NATS_ERR);
		took[i] = now() - at;
		(void)maar_ipc_release(to, &m);
	}
}

/* Published to the stream, and got by a consumer that waits for it: what is under the bridges. */
static void ping_raw(struct bench *b, double *took)
{
	natsSubscription *sub = NULL;
	size_t i;

	must("subscribe", js_SubscribeSync(&sub, b->asap_js, "bench.raw", NULL, NULL, NULL));
	for (i = 0; i < PINGS; i++) {
		const double at = now();
		natsMsg *m = message(b, "bench.raw"), *got = NULL;

		must("ping", natsConnection_PublishMsg(b->asap, m));
		natsMsg_Destroy(m);
		must("ping", natsSubscription_NextMsg(&got, sub, 10000));
		took[i] = now() - at;
		(void)natsMsg_Ack(got, NULL);
		natsMsg_Destroy(got);
	}
	(void)natsSubscription_Unsubscribe(sub);
	natsSubscription_Destroy(sub);
	purge(b, "BENCH_raw");
}

/* ---- the whole ---- */

enum row { BRIDGE, ASAP, LAZY, SYNC, OVER, ROWS };
static const char *const names[ROWS] = { "bridge, export", "raw async, sent at once", "raw async, client's flusher",
					 "raw, one at a time", "bridges, A to B" };

static void make_raw_stream(struct bench *b)
{
	const char *subjects[] = { "bench.raw" };
	jsStreamConfig c;

	must("stream", jsStreamConfig_Init(&c));
	c.Name = "BENCH_raw";
	c.Subjects = subjects;
	c.SubjectsLen = 1;
	c.Duplicates = INT64_C(600000000000);
	c.Retention = js_LimitsPolicy;
	must("stream", js_AddStream(NULL, b->asap_js, &c, NULL, NULL));
}

/* Of a contestant: as bench/report.c writes it, for make report. Rounds are in the order in which they took turns. */
static json_t *row(const char *name, const char *peer, const double *values, size_t n, double unit)
{
	const struct bench_stats s = bench_stats(values, n);
	json_t *rounds = json_array();
	size_t i;

	for (i = 0; i < n && n <= MOST_ROUNDS; i++)
		json_array_append_new(rounds, json_pack("{s:s, s:f}", "status", "ok", "value", unit * values[i]));
	return json_pack("{s:s, s:s, s:s, s:s, s:f, s:f, s:f, s:f, s:{}, s:[], s:o}", "name", name, "peer", peer,
			 "order", "fifo", "status", "ok", "median", unit * s.median, "min", unit * s.min, "max",
			 unit * s.max, "mad", unit * s.mad, "figures", "targets", "rounds", rounds);
}

static json_t *one_case(const struct bench *b, const char *name, const char *title, const char *unit, json_t *results)
{
	char full[64], said[160];

	(void)snprintf(full, sizeof(full), "%s/%" PRIu64, name, b->bytes);
	(void)snprintf(said, sizeof(said), "%s, %" PRIu64 " bytes", title, b->bytes);
	return json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:b, s:i, s:o}", "name", full, "title", said, "unit",
			 unit, "better", *unit == '/' ? "more" : "less", "threads", 1, "producers", 0, "consumers", 0,
			 "batch", 1, "pinned", 0, "load", 0, "results", results);
}

/* What maar-bridge is meant to reach: so many times what its client library does in a way of sending. */
static void aim(json_t *ours, double bound, enum row against, double reached)
{
	char text[128];

	(void)snprintf(text, sizeof(text), ">= %.2gx %s: %.2f %s", bound, names[against], reached,
		       reached >= bound ? "met" : "MISSED");
	json_array_append_new(json_object_get(ours, "targets"),
			      json_pack("{s:s, s:f, s:s, s:f, s:b}", "aim", "at least times", "bound", bound, "text",
					text, "reached", reached, "met", reached >= bound));
}

/* Everything, in the form of the other benchmarks. The rates are in order of the rounds still. */
static json_t *program_json(const struct bench *b, double rates[ROWS][MOST_ROUNDS], double pings[2][PINGS])
{
	const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	const struct bench_options o = { .rounds = (unsigned)b->rounds,
					 .cpus = { 0, 1 },
					 .n_cpus = cpus > 1 ? (unsigned)cpus : 1 };
	json_t *each[ROWS], *rate = json_array(), *cases = json_array();
	const double bridge = bench_stats(rates[BRIDGE], b->rounds).median;
	int i;

	for (i = 0; i < ROWS; i++)
		each[i] = row(names[i], i == BRIDGE || i == OVER ? "maar" : "libnats", rates[i], b->rounds, 1);
	aim(each[BRIDGE], 0.9, ASAP, bridge / bench_stats(rates[ASAP], b->rounds).median);
	aim(each[BRIDGE], 5, SYNC, bridge / bench_stats(rates[SYNC], b->rounds).median);
	for (i = 0; i < OVER; i++)
		json_array_append_new(rate, each[i]);
	json_array_append_new(cases, one_case(b, "rate", "messages to the stream, each acknowledged", "/s", rate));
	json_array_append_new(cases, one_case(b, "rate/over", "messages from a queue at A to a queue at B", "/s",
					      json_pack("[o]", each[OVER])));
	json_array_append_new(cases,
			      one_case(b, "trip", "one message on its way from A to B", "us",
				       json_pack("[o, o]", row("bridges, A to B", "maar", pings[0], PINGS, 1e6),
						 row("raw, under the bridges", BENCH_MACHINE, pings[1], PINGS, 1e6))));
	return json_pack("{s:s, s:o, s:o, s:{s:i, s:i, s:I, s:s}, s:[], s:o}", "program", "bench_bridge", "machine",
			 bench_machine_json(&o), "build", bench_build_json(), "settings", "rounds", (int)b->rounds,
			 "time_ms", 0, "count", (json_int_t)b->n, "options", "", "missing", "cases", cases);
}

static json_t *measure(struct bench *b)
{
	static double rates[ROWS][MOST_ROUNDS], pings[2][PINGS];
	struct maar_ipc *const from = queue(b, 0, MAAR_IPC_PRODUCER), *const to = queue(b, 1, MAAR_IPC_CONSUMER);
	json_t *all = json_object();
	double middle[ROWS];
	uint64_t r;
	int i;

	start_side(b, 0);
	if (maar_ipc_send(from, b->payload, b->bytes, NULL, MAAR_FOREVER) != 1)
		die("send", NATS_ERR);
	while (!carried(b, 0))
		nap(1000);
	for (r = 0; r < b->rounds; r++) {
		rates[BRIDGE][r] = bridged(b, from);
		rates[ASAP][r] = raw_async(b, b->asap_js);
		rates[LAZY][r] = raw_async(b, b->lazy_js);
		rates[SYNC][r] = raw_sync(b);
	}
	start_side(b, 1);
	for (r = 0; r < b->rounds; r++)
		rates[OVER][r] = carried_over(b, from, to);
	ping_bridges(b, from, to, pings[0]);
	ping_raw(b, pings[1]);
	json_object_set_new(all, "maar_bench", json_integer(1));
	json_object_set_new(all, "programs", json_pack("[o]", program_json(b, rates, pings)));
	for (i = 0; i < ROWS; i++) { /* sorts them */
		middle[i] = quantile(rates[i], b->rounds, 0.5);
		printf("%-28s %10.0f /s  [%.0f-%.0f]\n", names[i], middle[i], rates[i][0], rates[i][b->rounds - 1]);
		json_object_set_new(all, names[i], json_real(middle[i]));
	}
	printf("bridge, of raw async at once: %.2f (wanted: 0.9); of one at a time: %.1f (wanted: 5)\n",
	       middle[BRIDGE] / middle[ASAP], middle[BRIDGE] / middle[SYNC]);
	printf("one message from A to B: p50 %.0f us, p99 %.0f us; raw, under the bridges: p50 %.0f us, p99 %.0f us\n",
	       1e6 * quantile(pings[0], PINGS, 0.5), 1e6 * quantile(pings[0], PINGS, 0.99),
	       1e6 * quantile(pings[1], PINGS, 0.5), 1e6 * quantile(pings[1], PINGS, 0.99));
	for (i = 0; i < 2; i++) {
		json_object_set_new(all, i ? "raw_p50_us" : "p50_us", json_real(1e6 * quantile(pings[i], PINGS, 0.5)));
		json_object_set_new(all, i ? "raw_p99_us" : "p99_us", json_real(1e6 * quantile(pings[i], PINGS, 0.99)));
	}
	(void)maar_ipc_detach(from);
	(void)maar_ipc_detach(to);
	return all;
}

static void end(struct bench *b)
{
	char command[256];
	int i;

	for (i = 0; i < 2; i++) {
		(void)kill(b->sides[i], SIGTERM);
		(void)waitpid(b->sides[i], NULL, 0);
	}
	jsCtx_Destroy(b->asap_js);
	jsCtx_Destroy(b->lazy_js);
	natsConnection_Destroy(b->asap);
	natsConnection_Destroy(b->lazy);
	(void)kill(b->server, SIGTERM);
	(void)waitpid(b->server, NULL, 0);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", b->base);
	if (system(command))
		fprintf(stderr, "bench_bridge: cannot remove %s\n", b->base);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct bench *b = state->input;
	uint64_t *const to = key == 'n' ? &b->n : key == 'b' ? &b->bytes : &b->rounds;

	switch (key) {
	case 'n':
	case 'b':
	case 'r':
		*to = strtoull(arg, NULL, 10);
		if (!*to || *to > (key == 'r' ? MOST_ROUNDS : 1000000))
			argp_error(state, "%s: no such number", arg);
		return 0;
	case 'o':
		b->out = arg;
		return 0;
	case ARGP_KEY_ARG:
		argp_usage(state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int main(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "messages", 'n', "N", 0, "In a round (default: 20,000)", 0 },
		{ "bytes", 'b', "N", 0, "In a message (default: 64)", 0 },
		{ "rounds", 'r', "N", 0, "Of which the median counts (default: 5)", 0 },
		{ "out", 'o', "FILE", 0, "JSON", 0 },
		{ 0 },
	};
	static const struct argp argp = { .options = options,
					  .parser = parse,
					  .doc = "maar-bridge beside its client library." };
	struct bench b = { .n = 20000, .bytes = 64, .rounds = 5 };
	char *self;
	json_t *all;
	int i;

	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, &b);
	self = strdup(argv[0]); /* dirname writes to it */
	(void)snprintf(b.bridge, sizeof(b.bridge), "%s/../tools/bridge/maar-bridge", self ? dirname(self) : ".");
	free(self);
	(void)snprintf(b.base, sizeof(b.base), "/dev/shm/maar-bench-bridge-%d", (int)getpid());
	for (i = 0; i < 2; i++)
		(void)snprintf(b.dir[i], sizeof(b.dir[i]), "%s/%c", b.base, 'a' + i);
	b.payload = calloc(1, b.bytes);
	if (!b.payload || mkdir(b.base, 0700) || mkdir(b.dir[0], 0700) || mkdir(b.dir[1], 0700))
		die(b.base, NATS_OK);
	start_server(&b);
	link_to(&b, true, &b.asap, &b.asap_js);
	link_to(&b, false, &b.lazy, &b.lazy_js);
	make_raw_stream(&b);
	printf("%" PRIu64 " messages of %" PRIu64 " bytes, median of %" PRIu64 " [least-most]; files in memory\n", b.n,
	       b.bytes, b.rounds);
	all = measure(&b);
	if (b.out && json_dump_file(all, b.out, JSON_INDENT(2)))
		fprintf(stderr, "bench_bridge: cannot write %s\n", b.out);
	json_decref(all);
	end(&b);
	free(b.payload);
	return 0;
}
