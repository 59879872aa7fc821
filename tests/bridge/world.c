/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Two hosts side by side, and servers between them.
 */
#include "world.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <jansson.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEY_PRODUCER 4711

void nap(int64_t ns)
{
	const struct timespec time = { ns / 1000000000, ns % 1000000000 };

	nanosleep(&time, NULL);
}

static const char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *text(const char *format, ...)
{
	static char texts[16][1024];
	static unsigned turn;
	va_list args;

	turn = (turn + 1) % 16;
	va_start(args, format);
	(void)vsnprintf(texts[turn], sizeof(texts[0]), format, args);
	va_end(args);
	return texts[turn];
}

/* A child, which does not outlive this process. */
static pid_t spawn(void)
{
	const pid_t parent = getpid(), pid = fork();

	unit_must(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
	}
	return pid;
}

static void run(char *const *argv, const char *log)
{
	const int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);

	(void)dup2(fd, 1);
	(void)dup2(fd, 2);
	execvp(argv[0], argv);
	_exit(127);
}

/* ---- servers ---- */

static const char *program_of(enum world_engine engine)
{
	return engine == WORLD_REDIS ? "redis-server" : "nats-server";
}

void world_need(enum world_engine engine)
{
	const char *const program = program_of(engine); /* and the Debian package's name */

	if (system(text("command -v %s >/dev/null 2>&1", program)) == 0)
		return;
	printf("1..0 # SKIP no %s here (Debian: %s)\n", program, program);
	exit(0);
}

/* One that is free, below those that the system gives to who connects; another with each call. */
static unsigned free_port(void)
{
	static unsigned next;

	if (!next)
		next = (unsigned)getpid() * 16 + (unsigned)(pace_now() / 1000 % 1000);
	for (;;) {
		const unsigned port = 10000 + next++ % 20000;
		const struct sockaddr_in at = { .sin_family = AF_INET,
						.sin_port = htons((uint16_t)port),
						.sin_addr = { htonl(INADDR_LOOPBACK) } };
		const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		const bool is_free = fd >= 0 && bind(fd, (const struct sockaddr *)&at, sizeof(at)) == 0;

		close(fd);
		if (is_free)
			return port;
	}
}

static bool is_listening(unsigned port)
{
	const struct sockaddr_in at = { .sin_family = AF_INET,
					.sin_port = htons((uint16_t)port),
					.sin_addr = { htonl(INADDR_LOOPBACK) } };
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const bool yes = fd >= 0 && connect(fd, (const struct sockaddr *)&at, sizeof(at)) == 0;

	close(fd);
	return yes;
}

#define ADD(word) (argv[n++] = (char *)(uintptr_t)(word))

/* All it promises: what is acknowledged is in its file. */
static void exec_redis(const struct world *w)
{
	char *argv[24];
	unsigned n = 0;

	ADD("redis-server");
	ADD("--bind");
	ADD("127.0.0.1");
	ADD("--port");
	ADD(text("%u", w->servers[0].port));
	ADD("--dir");
	ADD(w->base);
	ADD("--appendonly");
	ADD("yes");
	ADD("--appendfsync");
	ADD("always");
	ADD("--save");
	ADD("");
	argv[n] = NULL;
	run(argv, text("%s/redis.log", w->base));
}

static void exec_nats(const struct world *w, unsigned i)
{
	const struct server *const s = &w->servers[i];
	char *argv[24];
	unsigned n = 0;

	ADD("nats-server");
	ADD("-a");
	ADD("127.0.0.1");
	ADD("-p");
	ADD(text("%u", s->port));
	ADD("-js");
	ADD("-sd");
	ADD(text("%s/node%u", w->base, i));
	if (w->n_servers > 1) {
		ADD("-n");
		ADD(text("node%u", i));
		ADD("-cluster_name");
		ADD("maar");
		ADD("-cluster");
		ADD(text("nats://127.0.0.1:%u", s->cluster_port));
		ADD("-routes");
		ADD(text("nats://127.0.0.1:%u,nats://127.0.0.1:%u,nats://127.0.0.1:%u", w->servers[0].cluster_port,
			 w->servers[1].cluster_port, w->servers[2].cluster_port));
	}
	argv[n] = NULL;
	run(argv, text("%s/node%u.log", w->base, i));
}

void server_start(struct world *w, unsigned i)
{
	struct server *const s = &w->servers[i];
	int status;

	s->pid = spawn();
	if (s->pid == 0) {
		if (w->engine == WORLD_REDIS)
			exec_redis(w);
		exec_nats(w, i);
	}
	while (!is_listening(s->port)) {
		if (waitpid(s->pid, &status, WNOHANG) == s->pid)
			ck_abort_msg("%s ended: see %s", program_of(w->engine), w->base);
		nap(10000000);
	}
}

void server_kill(struct world *w, unsigned i)
{
	unit_eq(kill(w->servers[i].pid, SIGKILL), 0);
	unit_eq(waitpid(w->servers[i].pid, NULL, 0), w->servers[i].pid);
	w->servers[i].pid = 0;
}

/* ---- the world ---- */

/* Where servers have their files. Memory for Redis: a kill leaves there what it leaves on a disk, and it waits for fsync. */
static const char *place_of_files(enum world_engine engine)
{
	const char *const build = getenv("builddir");

	if (engine == WORLD_REDIS && access("/dev/shm", W_OK) == 0)
		return "/dev/shm";
	return build ? build : ".";
}

static void name_servers(struct world *w, enum world_engine engine, unsigned servers)
{
	unsigned i;

	w->engine = engine;
	w->n_servers = servers;
	w->replicas = servers > 1 ? 3 : 1;
	for (i = 0; i < servers; i++) {
		w->servers[i].port = free_port();
		w->servers[i].cluster_port = free_port();
		(void)snprintf(w->url + strlen(w->url), sizeof(w->url) - strlen(w->url), "%s%s://127.0.0.1:%u",
			       i ? "," : "", engine == WORLD_REDIS ? "redis" : "nats", w->servers[i].port);
	}
}

static void make_directories(const struct world *w)
{
	unit_eq(mkdir(w->base, 0700), 0);
	unit_eq(mkdir(w->dir[0], 0700), 0);
	unit_eq(mkdir(w->dir[1], 0700), 0);
}

static void remove_directories(const struct world *w)
{
	if (system(text("rm -rf '%s' '%s' '%s'", w->base, w->dir[0], w->dir[1])))
		unit_note("cannot remove %s", w->base);
}

void world_begin(struct world *w, enum world_engine engine, unsigned servers)
{
	unsigned i;

	memset(w, 0, sizeof(*w));
	(void)snprintf(w->base, sizeof(w->base), "%s/maar-bridge.%d.%u", place_of_files(engine), (int)getpid(),
		       (unsigned)(pace_now() / 1000 % 1000000));
	for (i = 0; i < 2; i++)
		(void)snprintf(w->dir[i], sizeof(w->dir[i]), "/dev/shm/maar-bridge-%d-%c", (int)getpid(),
			       (char)('a' + i));
	make_directories(w);
	name_servers(w, engine, servers);
}

bool world_keep(struct world *w, enum world_engine engine, unsigned servers, const char *kept)
{
	unsigned i;
	struct stat is;
	bool goes_on;

	memset(w, 0, sizeof(*w));
	(void)snprintf(w->kept, sizeof(w->kept), "%s", kept);
	if (system(text("mkdir -p '%s'", kept)) || stat(kept, &is))
		ck_abort_msg("%s: %s", kept, strerror(errno));
	if (engine == WORLD_REDIS)
		(void)snprintf(w->base, sizeof(w->base), "%s/maar-bridge-%ju", place_of_files(engine),
			       (uintmax_t)is.st_ino);
	else
		(void)snprintf(w->base, sizeof(w->base), "%.500s/servers", kept);
	for (i = 0; i < 2; i++)
		(void)snprintf(w->dir[i], sizeof(w->dir[i]), "/dev/shm/maar-bridge-%ju-%c", (uintmax_t)is.st_ino,
			       (char)('a' + i));
	/* The last is made last; queues and servers' files go together, or it begins anew. */
	goes_on = access(text("%s/begun", kept), F_OK) == 0 && access(w->base, F_OK) == 0 &&
		  access(w->dir[0], F_OK) == 0 && access(w->dir[1], F_OK) == 0;
	if (!goes_on) {
		remove_directories(w);
		unit_eq(system(text("rm -f '%s'/*", kept)), 0);
		make_directories(w);
	}
	name_servers(w, engine, servers);
	return goes_on;
}

static void touch(const struct world *w, const char *name)
{
	const int fd = open(text("%s/%s", w->kept, name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	unit_must(fd >= 0);
	close(fd);
}

void world_is_begun(const struct world *w)
{
	touch(w, "begun");
}

void world_is_done(const struct world *w)
{
	touch(w, "done");
}

void world_end(struct world *w)
{
	if (*w->kept && access(text("%s/done", w->kept), F_OK))
		return;
	remove_directories(w);
	if (*w->kept && system(text("rm -rf '%s'", w->kept)))
		unit_note("cannot remove %s", w->kept);
}

void servers_start(struct world *w)
{
	unsigned i;

	for (i = 0; i < w->n_servers; i++)
		server_start(w, i);
}

void servers_end(struct world *w)
{
	unsigned i;

	for (i = 0; i < w->n_servers; i++)
		server_kill(w, i);
}

/* ---- queues ---- */

static void at_side(const struct world *w, enum side side)
{
	unit_eq(setenv("MAAR_DIR", w->dir[side], 1), 0);
}

void queue_make(const struct world *w, enum side side, const char *queue, uint32_t slots, uint32_t priorities)
{
	const struct maar_ipc_options options = { .classes = { { .bytes = 256, .slots = slots } },
						  .n_classes = 1,
						  .priorities = priorities };
	struct maar_ipc *q;

	at_side(w, side);
	q = maar_ipc_create(queue, &options, NULL, MAAR_IPC_EXCLUSIVE);
	ck_assert_msg(q != NULL, "%s: %s", queue, strerror(errno));
	unit_eq(maar_ipc_detach(q), 0);
}

struct maar_ipc *queue_open(const struct world *w, enum side side, const char *queue, uint32_t roles, uint64_t key)
{
	const struct maar_ipc_who who = { .roles = roles, .key = key };
	struct maar_ipc *q;

	at_side(w, side);
	q = maar_ipc_open(queue, &who);
	ck_assert_msg(q != NULL, "%s: %s", queue, strerror(errno));
	return q;
}

void queue_is_whole(const struct world *w, enum side side, const char *queue)
{
	struct maar_ipc *q = queue_open(w, side, queue, 0, 0);
	struct maar_ipc_stats stats;

	unit_must(maar_ipc_recover(q) >= 0);
	unit_eq(maar_ipc_check(q), 0);
	unit_eq(maar_ipc_stats(q, &stats), 0);
	unit_eq(stats.queued, 0);
	unit_eq(stats.dead_letters, 0);
	unit_eq(stats.free, stats.slots);
	unit_eq(maar_ipc_detach(q), 0);
}

/* ---- bridges ---- */

void bridge_start(const struct world *w, struct bridge *b)
{
	const char *const build = getenv("builddir");
	const bool controls = b->die || b->without;
	const char *program = text("%s/%s", build ? build : ".",
				   controls ? "tests/bridge/bridge_control" : "tools/bridge/maar-bridge");
	char *argv[40];
	unsigned n = 0, i;
	sigset_t term;

	ADD(program);
	ADD("-d");
	ADD(w->dir[b->side]);
	ADD(b->side == SIDE_A ? "export" : "import");
	ADD("--url");
	ADD(w->url);
	ADD("--host");
	ADD(b->side == SIDE_A ? "a.example" : "b.example");
	ADD("--replicas");
	ADD(text("%u", w->replicas));
	for (i = 0; i < COUNT_OF(b->options) && b->options[i]; i++)
		ADD(b->options[i]);
	ADD(b->queue);
	argv[n] = NULL;
	/* It may be told to end before it listens: then it finds that when it does. */
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &term, NULL);
	b->pid = spawn();
	if (b->pid) {
		(void)sigprocmask(SIG_UNBLOCK, &term, NULL);
		return;
	}
	if (b->die)
		(void)setenv("MAAR_BRIDGE_DIE", b->die, 1);
	if (b->without)
		(void)setenv("MAAR_BRIDGE_WITHOUT", b->without, 1);
	run(argv, text("%s/%s-%s.log", w->base, b->side == SIDE_A ? "export" : "import", b->queue));
}

int bridge_wait(struct bridge *b)
{
	int status;

	unit_eq(waitpid(b->pid, &status, 0), b->pid);
	b->pid = 0;
	return status;
}

void bridge_end(struct bridge *b)
{
	int status;

	unit_eq(kill(b->pid, SIGTERM), 0);
	status = bridge_wait(b);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the bridge ends with %#x", status);
}

long long bridge_count(const struct world *w, const struct bridge *b, const char *name)
{
	const char *const build = getenv("builddir");
	FILE *from = popen(text("%s/tools/bridge/maar-bridge -j -d %s status '%s'", build ? build : ".",
				w->dir[b->side], b->queue),
			   "r");
	json_t *root = from ? json_loadf(from, 0, NULL) : NULL;
	json_t *value = json_object_get(json_array_get(json_object_get(root, "bridges"), 0), name);
	long long n;

	ck_assert_msg(json_is_integer(value), "no %s in the status of %s", name, b->queue);
	n = json_integer_value(value);
	json_decref(root);
	unit_eq(pclose(from), 0);
	return n;
}

/* ---- messages ---- */

static size_t bytes_of(uint64_t n)
{
	return sizeof(n) + n * 13 % 200;
}

static void fill(unsigned char *data, uint64_t n)
{
	memset(data, (int)(n * 7 & 0xff), bytes_of(n));
	memcpy(data, &n, sizeof(n));
}

static size_t arrivals_bytes(uint64_t n)
{
	return sizeof(struct arrivals) + n * sizeof(struct arrival);
}

struct arrivals *arrivals_make(uint64_t n)
{
	struct arrivals *a = mmap(NULL, arrivals_bytes(n), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	unit_must(a != MAP_FAILED);
	a->n = n;
	return a;
}

struct arrivals *arrivals_keep(const struct world *w, uint64_t n)
{
	const int fd = open(text("%s/arrivals", w->kept), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct arrivals *a;

	unit_must(fd >= 0);
	unit_eq(flock(fd, LOCK_EX), 0); /* until this process ends */
	unit_eq(ftruncate(fd, (off_t)arrivals_bytes(n)), 0);
	a = mmap(NULL, arrivals_bytes(n), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	unit_must(a != MAP_FAILED);
	if (a->n && a->n != n)
		ck_abort_msg("%s is of %llu messages", w->kept, (unsigned long long)a->n);
	a->n = n;
	return a;
}

void arrivals_end(struct arrivals *a)
{
	munmap(a, arrivals_bytes(a->n));
}

static void send_from(struct maar_ipc *q, uint64_t from, uint64_t to)
{
	unsigned char data[256];

	for (; from < to; from++) {
		const struct maar_ipc_tags tags = { .sequence = from, .type = (uint32_t)from ^ 0x55u, .journal = 1 };

		fill(data, from);
		unit_eq(maar_ipc_send(q, data, bytes_of(from), &tags, MAAR_FOREVER), 1);
	}
}

void send_some(const struct world *w, const char *queue, uint64_t from, uint64_t to)
{
	struct maar_ipc *q = queue_open(w, SIDE_A, queue, MAAR_IPC_PRODUCER, KEY_PRODUCER);

	send_from(q, from, to);
	unit_eq(maar_ipc_detach(q), 0);
}

pid_t producer_start(const struct world *w, const char *queue, uint64_t n)
{
	const pid_t pid = spawn();
	struct maar_ipc_past past;
	struct maar_ipc *q;
	uint64_t from = 0;

	if (pid)
		return pid;
	q = queue_open(w, SIDE_A, queue, MAAR_IPC_PRODUCER, KEY_PRODUCER);
	if (maar_ipc_past(q, &past) == 0)
		from = past.sequence + past.delivered;
	send_from(q, from, n);
	_exit(maar_ipc_detach(q) != 0);
}

/* Killed at any point, what it has counted is right once it comes again, flagged. */
static void count(struct arrivals *a, const struct maar_ipc_message *m)
{
	unsigned char expected[256];
	struct arrival *one;

	if (m->sequence >= a->n) {
		a->foreign++;
		return;
	}
	one = &a->of[m->sequence];
	fill(expected, m->sequence);
	if (m->bytes != bytes_of(m->sequence) || memcmp(m->payload, expected, (size_t)m->bytes) != 0 ||
	    m->type != ((uint32_t)m->sequence ^ 0x55u))
		one->spoilt++;
	if (one->times && (m->flags & MAAR_IPC_REDELIVERED) && one->position == m->id.position + 1)
		return;
	if (one->times) {
		a->twice++;
	} else {
		one->position = m->id.position + 1;
		maar_a_compiler_barrier();
	}
	one->times++;
}

static uint64_t distinct(const struct arrivals *a)
{
	uint64_t n = 0, i;

	for (i = 0; i < a->n; i++)
		n += a->of[i].times != 0;
	return n;
}

static bool receive(struct maar_ipc *q, struct arrivals *a, int64_t timeout_ns)
{
	struct maar_ipc_message m;

	if (maar_ipc_take(q, &m, timeout_ns) != 1)
		return false;
	count(a, &m);
	unit_eq(maar_ipc_release(q, &m), 0);
	maar_a_store(&a->received, maar_a_load(&a->received, RELAXED) + 1, RELAXED);
	return true;
}

pid_t consumer_start(const struct world *w, const char *queue, struct arrivals *a)
{
	const pid_t pid = spawn();
	struct maar_ipc *q;

	if (pid)
		return pid;
	q = queue_open(w, SIDE_B, queue, MAAR_IPC_CONSUMER, 0);
	/* What the one before was killed over counts now. */
	maar_a_store(&a->received, distinct(a), RELAXED);
	while (!maar_a_load(&a->stop, RELAXED))
		(void)receive(q, a, 20000000);
	maar_a_store(&a->received, distinct(a), RELAXED);
	_exit(maar_ipc_detach(q) != 0);
}

void receive_all(const struct world *w, const char *queue, struct arrivals *a, int64_t quiet_ns)
{
	struct maar_ipc *q = queue_open(w, SIDE_B, queue, MAAR_IPC_CONSUMER, 0);
	int64_t last = pace_now();

	while (distinct(a) < a->n)
		if (receive(q, a, 50000000))
			last = pace_now();
	while (receive(q, a, 50000000) || pace_now() - last < quiet_ns)
		;
	unit_eq(maar_ipc_detach(q), 0);
}
