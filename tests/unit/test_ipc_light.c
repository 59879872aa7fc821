/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A pair's producer looks for a sleeper by a plain load, and the sleeper calls membarrier for that: where that works, where it is
 * switched off, and where a sandbox refuses it to one of them. A lost wake-up would be a time-out of the test, since nobody
 * looks at the queue by himself.
 */
#include "ipcs.h"

#include "../../src/base/base.h"
#include "../../src/ipc/ipc_priv.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TRIPS 3000

static const struct maar_ipc_options pair = { .classes = { { .bytes = 8, .slots = 2 } },
					      .n_classes = 1,
					      .event_flags = MAAR_EVENT_NO_SPIN,
					      .kind = MAAR_IPC_PAIR };

static size_t pair_bytes(void)
{
	return (size_t)maar_ipc_bytes(&pair);
}

static void *make_pair(void)
{
	void *memory = ipc_memory(pair_bytes());

	unit_eq(maar_ipc_init(memory, pair_bytes(), &pair), 0);
	return memory;
}

static bool is_light(const void *memory)
{
	return ((const struct maar__ipc_header *)memory)->required & MAAR__IPC_LIGHT;
}

static struct maar_ipc *attach(void *memory, uint32_t role)
{
	const struct maar_ipc_who who = { .roles = role, .slice_ns = INT64_MAX };

	return maar_ipc_attach(memory, pair_bytes(), &who, NULL);
}

/* Whatever this process asks of membarrier from now on is refused. False: the system has no such filters. */
static bool refuse_membarrier(void)
{
#ifdef SYS_membarrier
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { sizeof(rules) / sizeof(rules[0]), rules };

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
#else
	return true; /* there is none to refuse */
#endif
}

/* Whether this process has registered for others' barriers; below 0: the system does not tell (before Linux 6.3). */
static int is_registered(void)
{
#ifdef SYS_membarrier
	const long mask = syscall(SYS_membarrier, 1 << 9 /* GET_REGISTRATIONS */, 0, 0);

	return mask < 0 ? -1 : (mask & 1 << 2) != 0;
#else
	return -1;
#endif
}

/* In a child: its line where something was not so, or 0. */
#define MUST(what)                                                                                                     \
	do {                                                                                                           \
		if (!(what))                                                                                           \
			_exit(__LINE__ % 251 + 1);                                                                     \
	} while (0)

static void end_child(pid_t pid)
{
	int status;

	unit_eq(waitpid(pid, &status, 0), pid);
	unit_eq(status, 0);
}

/* ---- all sleep, and all are woken ---- */

static bool one_way(struct maar_ipc *to, uint64_t n)
{
	return maar_ipc_send(to, &n, sizeof(n), NULL, MAAR_FOREVER) == 1;
}

static bool other_way(struct maar_ipc *from, uint64_t n)
{
	uint64_t got = ~n;

	return maar_ipc_receive(from, &got, sizeof(got), NULL, MAAR_FOREVER) == 1 && got == n;
}

static void answer(void *there, void *back)
{
	struct maar_ipc *from = attach(there, MAAR_IPC_CONSUMER), *to = attach(back, MAAR_IPC_PRODUCER);

	MUST(from && to);
	for (uint64_t n = 0; n < TRIPS; n++)
		MUST(other_way(from, n) && one_way(to, n));
	_exit(maar_ipc_detach(from) || maar_ipc_detach(to));
}

enum { AS_IT_IS, SWITCHED_OFF, PRODUCERS_SWITCHED_OFF, WAYS };

START_TEST(all_are_woken)
{
	void *there, *back;
	struct maar_ipc *to, *from;
	pid_t pid;

	unsetenv("MAAR_NO_MEMBARRIER");
	if (_i == SWITCHED_OFF)
		setenv("MAAR_NO_MEMBARRIER", "1", 1);
	there = make_pair();
	back = make_pair();
	if (_i == PRODUCERS_SWITCHED_OFF)
		setenv("MAAR_NO_MEMBARRIER", "1", 1);
	unit_must(is_light(there) == (_i != SWITCHED_OFF && maar__membarrier_shared()));
	pid = fork();
	unit_must(pid >= 0);
	if (pid == 0)
		answer(there, back);
	to = attach(there, MAAR_IPC_PRODUCER);
	from = attach(back, MAAR_IPC_CONSUMER);
	unit_must(to && from);
	unit_must(to->side.light == (_i == AS_IT_IS && is_light(there)));
	unit_must(is_registered() != 0 || !to->side.light);
	unit_must(is_registered() <= 0 || to->side.light);
	for (uint64_t n = 0; n < TRIPS; n++)
		unit_must(one_way(to, n) && other_way(from, n));
	end_child(pid);
	unit_eq(maar_ipc_detach(to), 0);
	unit_eq(maar_ipc_detach(from), 0);
}
END_TEST

/* ---- a sandbox ---- */

/* Who may not call it may produce, and make pairs that do without; it may not consume from one that does not. */
START_TEST(refused)
{
	void *light = make_pair(), *made_there = ipc_memory(pair_bytes());
	const struct maar_ipc_who keyed = { .roles = MAAR_IPC_CONSUMER, .key = 7 };
	const bool was_light = is_light(light);
	struct maar_ipc *q;
	pid_t pid = fork();
	uint64_t n = 1;

	unit_must(pid >= 0);
	if (pid == 0) {
		MUST(refuse_membarrier());
		errno = 0;
		q = maar_ipc_attach(light, pair_bytes(), &keyed, NULL);
		MUST(was_light ? !q && errno == ENOTSUP : q && !maar_ipc_detach(q));
		q = attach(light, MAAR_IPC_PRODUCER);
		MUST(q && !q->side.light && one_way(q, n) && !maar_ipc_detach(q));
		MUST(!maar_ipc_init(made_there, pair_bytes(), &pair) && !is_light(made_there));
		q = attach(made_there, MAAR_IPC_CONSUMER);
		MUST(q && !maar_ipc_detach(q));
		_exit(0);
	}
	end_child(pid);
	q = attach(light, MAAR_IPC_CONSUMER); /* the refused one has left nothing, not even its key */
	unit_must(q && other_way(q, n));
	unit_eq(maar_ipc_detach(q), 0);
}
END_TEST

/* From one call to the next: it does not sleep then, and misses nothing. */
START_TEST(refused_later)
{
	void *memory = make_pair();
	struct maar_ipc *q;
	int ends[2];
	char word;
	pid_t pid;

	unit_eq(pipe(ends), 0);
	pid = fork();
	unit_must(pid >= 0);
	if (pid == 0) {
		uint64_t got;

		q = attach(memory, MAAR_IPC_CONSUMER);
		MUST(q && refuse_membarrier());
		MUST(maar_ipc_receive(q, &got, sizeof(got), NULL, 2000000) == 0);
		MUST(write(ends[1], "", 1) == 1);
		MUST(maar_ipc_receive(q, &got, sizeof(got), NULL, MAAR_FOREVER) == 1 && got == 5);
		_exit(maar_ipc_detach(q));
	}
	q = attach(memory, MAAR_IPC_PRODUCER);
	unit_must(q != NULL);
	unit_eq(read(ends[0], &word, 1), 1);
	nanosleep(&(struct timespec){ 0, 10000000 }, NULL); /* or it is not asleep yet, which is as right */
	unit_must(one_way(q, 5));
	end_child(pid);
	unit_eq(maar_ipc_detach(q), 0);
}
END_TEST

/* As layout.c's. */
static uint64_t sum_of(const struct maar__ipc_header *h)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < offsetof(struct maar__ipc_header, sum); i++)
		sum = (sum ^ ((const unsigned char *)h)[i]) * UINT64_C(0x100000001b3);
	return sum;
}

/* A header that asks for what no pair is, or what nobody knows. */
START_TEST(other_features)
{
	static const uint64_t bits[] = { MAAR__IPC_LIGHT, MAAR__IPC_LIGHT << 1 };
	const size_t bytes = (size_t)maar_ipc_bytes(NULL);
	struct maar__ipc_header *h;

	for (unsigned i = 0; i < COUNT_OF(bits); i++) {
		h = ipc_memory(bytes);
		unit_eq(maar_ipc_init(h, bytes, NULL), 0);
		unit_eq(h->required, 0);
		h->required = bits[i];
		h->sum = sum_of(h);
		errno = 0;
		unit_must(!maar_ipc_attach(h, bytes, NULL, NULL));
		unit_eq(errno, i ? ENOTSUP : EBADMSG);
		munmap(h, bytes);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("ipc, a pair's barrier");
	TCase *tcase = unit_tcase(suite, "membarrier");

	tcase_add_loop_test(tcase, all_are_woken, 0, WAYS);
	tcase_add_test(tcase, refused);
	tcase_add_test(tcase, refused_later);
	tcase_add_test(tcase, other_features);
	return suite;
}
