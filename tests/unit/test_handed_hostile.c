/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Handed-over queues with a peer that means harm: when they join, everything that can come over the socket; later, everything that
 * it can write into its memory, also at full speed, and send over the pairs. Nothing is kept of a join that failed.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* memfd_create, fallocate */
#endif
#include "handeds.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/un.h>
#include <sys/wait.h>

#ifndef MFD_HUGETLB
#define MFD_HUGETLB 4u
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

/* ---- joins ---- */

/* What join says when the other end has said that, and no more: 0 or an errno. */
static int hears(int type, const struct handed_script *s, unsigned steps, const int *fds, unsigned n_fds)
{
	const struct maar_handed_options o = handed_small();
	struct unit_size before;
	struct maar_handed *h;
	int sockets[2], rc;

	handed_sockets(type, sockets);
	handed_say(sockets[1], &s->hello[0], sizeof(s->hello[0]), fds, steps == 1 ? n_fds : 0);
	if (steps == 2)
		handed_say(sockets[1], &s->hello[1], sizeof(s->hello[1]), fds, n_fds);
	before = unit_size();
	errno = 0;
	h = maar_handed_join(sockets[0], &o, 0);
	rc = h ? 0 : errno;
	if (!h)
		unit_eq(unit_size().fds, before.fds);
	unit_eq(maar_handed_leave(h), 0);
	if (!h)
		close(sockets[0]);
	close(sockets[1]);
	return rc;
}

static int hears_all(const struct handed_script *s)
{
	return hears(SOCK_SEQPACKET, s, 2, s->fds, 2);
}

START_TEST(each_bit)
{
	struct handed_script s = handed_script();
	unsigned step, bit;

	unit_eq(hears_all(&s), 0);
	for (step = 0; step < 2; step++)
		for (bit = 0; bit < 8 * sizeof(s.hello[0]); bit++) {
			unsigned char *byte = (unsigned char *)&s.hello[step] + bit / 8;

			*byte ^= (unsigned char)(1u << bit % 8);
			unit_eq(hears_all(&s), EBADMSG);
			*byte ^= (unsigned char)(1u << bit % 8);
		}
	unit_eq(hears_all(&s), 0);
	handed_script_end(&s);
}
END_TEST

/* The sum is right, and something else is not. */
#define SAYS(step_, error, ...)                                                                                        \
	do {                                                                                                           \
		struct handed_script s = good;                                                                         \
		struct maar__handed_hello *const hello = &s.hello[(step_)-1];                                          \
                                                                                                                       \
		__VA_ARGS__;                                                                                           \
		hello->sum = sum(hello);                                                                               \
		unit_eq(hears_all(&s), error);                                                                         \
	} while (0)

/* Again, by division: the message's bits, lowest first, over the generator 0x1edc6f41. */
static uint32_t sum(const struct maar__handed_hello *hello)
{
	const unsigned char *byte = (const unsigned char *)hello;
	uint32_t rest = UINT32_MAX, turned = 0;
	unsigned i;

	for (i = 0; i < 8 * offsetof(struct maar__handed_hello, sum); i++) {
		const uint32_t bit = (uint32_t)byte[i / 8] >> i % 8 & 1;

		rest = rest << 1 ^ ((rest >> 31 ^ bit) ? UINT32_C(0x1edc6f41) : 0);
	}
	for (i = 0; i < 32; i++)
		turned |= (rest >> i & 1) << (31 - i);
	return ~turned;
}

START_TEST(well_summed_lies)
{
	struct handed_script good = handed_script();
	unsigned step;

	for (step = 1; step <= 2; step++) {
		SAYS(step, 0, (void)0);
		SAYS(step, EBADMSG, hello->magic++);
		SAYS(step, EPROTO, hello->layout++);
		SAYS(step, EPROTO, hello->build++);
		SAYS(step, EBADMSG, hello->step = 3 - step);
		SAYS(step, EBADMSG, hello->step = 0);
		SAYS(step, EBADMSG, hello->reserved = 1);
		SAYS(step, EBADMSG, hello->reserved1 = 1);
		SAYS(step, EBADMSG, hello->slots = 0);
		SAYS(step, EBADMSG, hello->slots = 3);
		SAYS(step, EBADMSG, hello->slots = 2 * MAAR_HANDED_MAX_SLOTS);
		SAYS(step, EBADMSG, hello->slots = UINT32_MAX);
		SAYS(step, EBADMSG, hello->most = MAAR_IPC_MAX_BYTES + 1);
		SAYS(step, EBADMSG, hello->most = UINT64_MAX);
		SAYS(step, EBADMSG, hello->peer_slots = 2 * HANDED_SLOTS);
		SAYS(step, EBADMSG, hello->bytes += 4096);
	}
	SAYS(1, EFBIG, hello->most = MAAR_IPC_MAX_BYTES);
	SAYS(1, EFBIG, hello->most = MAAR_HANDED_MOST_MAPPED);
	/* More slots than its memory has, by both words. */
	{
		struct handed_script s = good;

		s.hello[0].slots = s.hello[1].slots = 64;
		maar__handed_seal_hello(&s.hello[0]);
		maar__handed_seal_hello(&s.hello[1]);
		unit_eq(hears_all(&s), EBADMSG);
		unit_must(maar__handed_lay_out(&s.shape, HANDED_BYTES, 64, HANDED_SLOTS));
		s.hello[1].bytes = s.shape.bytes;
		maar__handed_seal_hello(&s.hello[1]);
		unit_eq(hears_all(&s), EBADMSG); /* the file is shorter */
	}
	handed_script_end(&good);
}
END_TEST

/* The words end after n bytes; then nothing comes, or the end. */
static int hears_part(int type, const struct handed_script *s, size_t n, bool hang_up)
{
	const struct maar_handed_options o = handed_small();
	unsigned char room[sizeof(s->hello) + 1] = { 0 };
	struct maar_handed *h;
	int sockets[2], rc;

	memcpy(room, s->hello, sizeof(s->hello));
	handed_sockets(type, sockets);
	if (n > sizeof(s->hello[0]))
		handed_say(sockets[1], room, sizeof(s->hello[0]), NULL, 0);
	if (n > sizeof(s->hello[0]))
		handed_say(sockets[1], room + sizeof(s->hello[0]), n - sizeof(s->hello[0]), s->fds, 2);
	else if (n)
		handed_say(sockets[1], room, n, NULL, 0);
	if (hang_up)
		shutdown(sockets[1], SHUT_WR);
	errno = 0;
	h = maar_handed_join(sockets[0], &o, hang_up ? MAAR_FOREVER : 0);
	rc = h ? 0 : errno;
	unit_eq(maar_handed_leave(h), 0);
	if (!h)
		close(sockets[0]);
	close(sockets[1]);
	return rc;
}

START_TEST(short_and_long)
{
	struct handed_script s = handed_script();
	const struct unit_size before = unit_size();
	size_t n;

	for (n = 0; n < sizeof(s.hello); n++) {
		unit_eq(hears_part(SOCK_STREAM, &s, n, true), ECONNRESET);
		unit_eq(hears_part(SOCK_STREAM, &s, n, false), ETIMEDOUT);
		unit_eq(hears_part(SOCK_SEQPACKET, &s, n, true), n % sizeof(s.hello[0]) ? EBADMSG : ECONNRESET);
	}
	unit_eq(hears_part(SOCK_SEQPACKET, &s, sizeof(s.hello) + 1, false), EBADMSG);
	unit_eq(hears_part(SOCK_STREAM, &s, sizeof(s.hello), false), 0);
	unit_eq(unit_size().fds, before.fds);
	handed_script_end(&s);
}
END_TEST

/* A byte at a time: it is heard; what comes with each byte is not kept. */
START_TEST(byte_by_byte)
{
	const struct maar_handed_options o = handed_small();
	struct handed_script s = handed_script();
	const struct unit_size before = unit_size();
	struct maar_handed *h;
	int sockets[2], many;
	size_t i;

	for (many = 0; many < 2; many++) {
		handed_sockets(SOCK_STREAM, sockets);
		for (i = 0; i < sizeof(s.hello); i++)
			handed_say(sockets[1], (char *)s.hello + i, 1, s.fds,
				   i == sizeof(s.hello[0]) || (many && i > sizeof(s.hello[0])) ? 2 : 0);
		errno = 0;
		h = maar_handed_join(sockets[0], &o, 0);
		unit_must(many ? !h && errno == EBADMSG : h != NULL);
		unit_eq(maar_handed_leave(h), 0);
		if (!h)
			close(sockets[0]);
		close(sockets[1]);
	}
	unit_eq(unit_size().fds, before.fds);
	handed_script_end(&s);
}
END_TEST

START_TEST(numbers_of_descriptors)
{
	static const unsigned numbers[] = { 0, 1, 3, 4, 100, 253 };
	struct handed_script s = handed_script();
	int fds[253];
	unsigned i;

	for (i = 0; i < COUNT_OF(fds); i++)
		fds[i] = s.fds[i % 2];
	for (i = 0; i < COUNT_OF(numbers); i++) {
		unit_eq(hears(SOCK_SEQPACKET, &s, 2, fds, numbers[i]), EBADMSG);
		unit_eq(hears(SOCK_STREAM, &s, 2, fds, numbers[i]), EBADMSG);
		unit_eq(hears(SOCK_STREAM, &s, 1, fds, numbers[i]), numbers[i] ? EBADMSG : ETIMEDOUT);
	}
	unit_eq(hears(SOCK_STREAM, &s, 2, fds, 2), 0);
	handed_script_end(&s);
}
END_TEST

static int hears_with(const struct handed_script *s, int memory, int pair)
{
	const int fds[2] = { memory, pair };
	const int rc = hears(SOCK_STREAM, s, 2, fds, 2);

	return rc;
}

/* A file of so many bytes, with such seals; `there`: it has memory for all of them. */
static int file_of(size_t bytes, int seals, bool there)
{
	const int fd = memfd_create("hostile", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	unit_must(fd >= 0);
	unit_eq(ftruncate(fd, (off_t)bytes), 0);
	if (there)
		unit_eq(posix_fallocate(fd, 0, (off_t)bytes), 0);
	unit_eq(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

START_TEST(other_memory)
{
	static const int seals[] = { F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_FUTURE_WRITE };
	const int all = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE;
	struct handed_script s = handed_script();
	const size_t bytes = (size_t)s.shape.bytes;
	const struct {
		size_t bytes;
		bool there;
		int error;
	} sizes[] = {
		{ bytes, true, 0 },	      { bytes - 1, true, EBADMSG },	   { bytes - 4096, true, EBADMSG },
		{ bytes + 1, true, EBADMSG }, { bytes + 4096, true, EBADMSG },	   { 1, true, EBADMSG },
		{ 0, false, EBADMSG },	      { (size_t)1 << 40, false, EBADMSG }, { bytes, false, EBADMSG }
	};
	unsigned i;
	int fd;

	for (i = 0; i < COUNT_OF(seals); i++) {
		fd = file_of(bytes, all & ~seals[i], true);
		unit_eq(hears_with(&s, fd, s.fds[1]), EPERM);
		close(fd);
	}
	for (i = 0; i < COUNT_OF(sizes); i++) {
		if (sizes[i].bytes > SIZE_MAX / 2)
			continue;
		fd = file_of(sizes[i].bytes, all, sizes[i].there);
		unit_eq(hears_with(&s, fd, s.fds[1]), sizes[i].error);
		close(fd);
	}
	/* One page is missing. */
	fd = memfd_create("hostile", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	unit_eq(posix_fallocate(fd, 0, (off_t)bytes), 0);
	unit_eq(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), 0);
	unit_eq(fcntl(fd, F_ADD_SEALS, all), 0);
	unit_eq(hears_with(&s, fd, s.fds[1]), EBADMSG);
	close(fd);
	handed_script_end(&s);
}
END_TEST

START_TEST(no_memory_at_all)
{
	static const char *const paths[] = { "/dev/zero", "/dev/null", "/", "/proc/self/status" };
	struct handed_script s = handed_script();
	int pipes[2], fd;
	unsigned i;

	for (i = 0; i < COUNT_OF(paths); i++) {
		fd = open(paths[i], O_RDONLY | O_CLOEXEC);
		unit_must(fd >= 0);
		unit_eq(hears_with(&s, fd, s.fds[1]), EPERM);
		close(fd);
		fd = open(paths[i], O_PATH | O_CLOEXEC);
		unit_eq(hears_with(&s, fd, s.fds[1]), EPERM);
		close(fd);
	}
	unit_eq(pipe(pipes), 0);
	unit_eq(hears_with(&s, pipes[0], s.fds[1]), EPERM);
	unit_eq(hears_with(&s, pipes[1], s.fds[1]), EPERM);
	unit_eq(hears_with(&s, s.fds[1], s.fds[0]), EPERM);
	close(pipes[0]);
	close(pipes[1]);
	/* Of huge pages, if the system knows them: none has to be set aside for that. */
	fd = memfd_create("huge", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB);
	if (fd >= 0) {
		unit_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE), 0);
		unit_eq(hears_with(&s, fd, s.fds[1]), EPERM);
		close(fd);
	}
	handed_script_end(&s);
}
END_TEST

/* What is no end of a pair is not written to: it might make the writer wait for ever, or be somebody's service. */
START_TEST(other_wakers)
{
	struct handed_script s = handed_script();
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	const int event = eventfd(0, EFD_CLOEXEC), inet = socket(AF_INET, SOCK_STREAM, 0);
	const int service = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
	const socklen_t bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 20);
	int pipes[2], sockets[2];

	unit_eq(pipe(pipes), 0);
	unit_eq(hears_with(&s, s.fds[0], pipes[1]), EPERM);
	unit_eq(hears_with(&s, s.fds[0], event), EPERM);
	unit_eq(hears_with(&s, s.fds[0], s.fds[0]), EPERM);
	if (inet >= 0)
		unit_eq(hears_with(&s, s.fds[0], inet), EPERM);
	handed_sockets(SOCK_DGRAM, sockets);
	unit_eq(hears_with(&s, s.fds[0], sockets[0]), EPERM);
	close(sockets[0]);
	close(sockets[1]);
	handed_sockets(SOCK_SEQPACKET, sockets);
	unit_eq(hears_with(&s, s.fds[0], sockets[0]), EPERM);
	close(sockets[0]);
	close(sockets[1]);
	/* In the abstract name space: no file is left. */
	(void)snprintf(name.sun_path + 1, 20, "maar-test-%08d", (int)getpid());
	unit_eq(bind(service, (struct sockaddr *)&name, bytes), 0);
	unit_eq(hears_with(&s, s.fds[0], service), EPERM);
	unit_eq(listen(service, 1), 0);
	unit_eq(hears_with(&s, s.fds[0], service), EPERM);
	unit_eq(connect(client, (struct sockaddr *)&name, bytes), 0);
	unit_eq(hears_with(&s, s.fds[0], client), EPERM);
	close(service);
	close(client);
	close(event);
	close(inet);
	close(pipes[0]);
	close(pipes[1]);
	handed_script_end(&s);
}
END_TEST

/* ---- what the memory allows ---- */

START_TEST(memory_is_as_sealed)
{
	struct handed_script s = handed_script();
	struct handed_ends e = handed_ends();
	const size_t bytes = (size_t)s.shape.bytes;
	void *own = (void *)(uintptr_t)e.a->theirs, *at;

	unit_eq(ftruncate(s.fds[0], 0), -1);
	unit_eq(errno, EPERM);
	unit_eq(ftruncate(s.fds[0], (off_t)(2 * bytes)), -1);
	unit_eq(errno, EPERM);
	unit_eq(fallocate(s.fds[0], FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), -1);
	unit_eq(errno, EPERM);
	unit_eq(write(s.fds[0], "x", 1), -1);
	unit_eq(errno, EPERM);
	unit_eq(fcntl(s.fds[0], F_ADD_SEALS, F_SEAL_WRITE), -1);
	unit_eq(errno, EPERM);
	unit_must(mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, s.fds[0], 0) == MAP_FAILED);
	unit_eq(errno, EPERM);
	at = mmap(NULL, bytes, PROT_READ, MAP_SHARED, s.fds[0], 0);
	unit_must(at != MAP_FAILED);
	unit_eq(mprotect(at, bytes, PROT_READ | PROT_WRITE), -1);
	unit_eq(errno, EACCES);
	munmap(at, bytes);
	unit_eq(madvise(s.memory, bytes, MADV_REMOVE), -1);
	/* The peer's, as it is mapped in a connection. */
	unit_eq(mprotect(own, bytes, PROT_READ | PROT_WRITE), -1);
	unit_eq(errno, EACCES);
	unit_eq(mprotect(own, bytes, PROT_WRITE), -1);
	handed_leave_both(&e);
	handed_script_end(&s);
}
END_TEST

/* ---- words that cannot be: `a` is the victim, and b's memory says so ---- */

enum lie {
	TAIL_TOO_FAR,
	TAIL_BACK,
	TAIL_HUGE,
	TAIL_UNCLOSED,
	CELL_SLOT,
	CELL_SLOT_HELD,
	CELL_LENGTH,
	RELEASED_TOO_FAR,
	RELEASED_BACK,
	RETURN_SLOT,
	RETURN_NOT_AWAY,
	RETURN_TWICE,
	LIES
};

static void tell_lie(struct handed_ends *e, enum lie lie)
{
	struct maar__handed_side *side = e->b->mine;
	struct maar__handed_cell *cell = &e->b->out.cells[side->tail % HANDED_SLOTS];

	switch (lie) {
	case TAIL_TOO_FAR:
		side->tail += HANDED_SLOTS; /* of which one is in hand */
		break;
	case TAIL_BACK:
		side->tail--;
		break;
	case TAIL_HUGE:
		side->tail = (UINT64_C(1) << 63) - 1;
		break;
	case TAIL_UNCLOSED:
		unit_eq(maar_handed_close(e->b), 0);
		unit_eq(maar_handed_take(e->a, &(struct maar_ipc_message){ .slot = 0 }, 0), -EPIPE);
		side->tail &= ~MAAR__HANDED_CLOSED;
		break;
	case CELL_SLOT:
		cell->slot = HANDED_SLOTS;
		side->tail++;
		break;
	case CELL_SLOT_HELD:
		*cell = (struct maar__handed_cell){ .slot = 0 };
		side->tail++;
		break;
	case CELL_LENGTH:
		*cell = (struct maar__handed_cell){ .slot = 1, .length = HANDED_BYTES + 1 };
		side->tail++;
		break;
	case RELEASED_TOO_FAR:
		side->released++;
		break;
	case RELEASED_BACK:
		side->released = UINT64_MAX; /* before the first */
		break;
	case RETURN_SLOT:
		e->b->in.returns[(side->released - 1) % HANDED_SLOTS] = HANDED_SLOTS;
		break;
	case RETURN_NOT_AWAY:
		e->b->in.returns[(side->released - 1) % HANDED_SLOTS] = 3;
		break;
	case RETURN_TWICE:
		e->b->in.returns[(side->released - 2) % HANDED_SLOTS] = 1;
		e->b->in.returns[(side->released - 1) % HANDED_SLOTS] = 1;
		break;
	default:
		break;
	}
}

/* a has one message of b's in hand; of its own slots two have come back, of which it has not heard, one is on loan, one is to be lent. */
START_TEST(lies)
{
	struct handed_ends e = handed_ends();
	struct maar_ipc_message held, m;
	struct maar_handed_stats stats;
	void *loan, *loans[HANDED_SLOTS];
	int i, rc = 0;

	unit_eq(maar_handed_send(e.b, "x", 1, NULL, 0), 1);
	unit_eq(maar_handed_take(e.a, &held, 0), 1);
	unit_eq(held.slot, 0);
	for (i = 0; i < 3; i++)
		unit_eq(maar_handed_send(e.a, "x", 1, NULL, 0), 1);
	for (i = 0; i < 3; i++) {
		unit_eq(maar_handed_take(e.b, &m, 0), 1);
		unit_eq(maar_handed_release(e.b, &m), 0);
	}
	unit_eq(maar_handed_loan(e.a, 1, &loan, 0), 1); /* the fourth */
	tell_lie(&e, (enum lie)_i);
	if (_i < RELEASED_TOO_FAR) {
		rc = maar_handed_take(e.a, &m, _i % 2 ? MAAR_FOREVER : 0);
	} else {
		for (i = 0; i < HANDED_SLOTS && rc >= 0; i++)
			rc = maar_handed_loan(e.a, 1, &loans[i], _i % 2 ? MAAR_FOREVER : 0);
		unit_eq(i, _i == LIES ? HANDED_SLOTS : 1);
	}
	unit_eq(rc, _i == LIES ? 0 : -EBADMSG);
	if (_i == LIES) /* control: without a lie there is no error */
		goto end;
	/* For good, and the other side hears of it. */
	unit_eq(maar_handed_take(e.a, &m, 0), -EBADMSG);
	unit_eq(maar_handed_take(e.a, &m, MAAR_FOREVER), -EBADMSG);
	unit_eq(maar_handed_send(e.a, "x", 1, NULL, MAAR_FOREVER), -EBADMSG);
	unit_eq(maar_handed_publish(e.a, loan, 1, NULL), -EBADMSG);
	unit_eq(maar_handed_drain(e.a, NULL, NULL), -EBADMSG);
	unit_eq(maar_handed_stats(e.a, &stats), 0);
	unit_eq(stats.broken, 1);
	unit_eq(maar_handed_alive(e.b), 0);
	unit_eq(maar_handed_leave(e.a), -EBUSY);
end:
	unit_eq(maar_handed_release(e.a, &held), _i == LIES ? 0 : -EBADMSG);
	unit_eq(maar_handed_discard(e.a, loan), 0);
	for (i = 0; _i == LIES && i < 3; i++)
		unit_eq(maar_handed_discard(e.a, loans[i]), 0);
	handed_leave_both(&e);
}
END_TEST

/* ---- bytes that wake, and should not ---- */

static void *floods(void *arg)
{
	struct maar_handed *h = arg;
	const int fd[2] = { h->socket.fd, h->out.slot.pair.fd };
	unsigned i;

	while (maar_a_load(&h->in.head, RELAXED) == 0) /* the test says when */
		for (i = 0; i < 2; i++)
			(void)send(fd[i], "flood", 5, MSG_DONTWAIT | MSG_NOSIGNAL);
	return NULL;
}

START_TEST(flooded)
{
	struct handed_ends e = handed_ends();
	const struct unit_size before = unit_size();
	struct maar_ipc_message m;
	const int junk[2] = { 0, 1 };
	pthread_t thread;
	int i;

	for (i = 0; i < 5; i++) { /* with descriptors */
		handed_say(e.b->out.slot.pair.fd, "x", 1, junk, 2);
		handed_say(e.b->socket.fd, "x", 1, junk, 2);
	}
	unit_eq(maar_handed_take(e.a, &m, HANDED_SOON), 0);
	unit_eq(unit_size().fds, before.fds);
	thread = unit_thread(floods, e.b);
	for (i = 0; i < 5; i++)
		unit_eq(maar_handed_take(e.a, &m, HANDED_SOON), 0); /* in time all the same */
	unit_eq(maar_handed_send(e.b, "x", 1, NULL, 0), 1);
	unit_eq(maar_handed_take(e.a, &m, MAAR_FOREVER), 1);
	unit_eq(maar_handed_release(e.a, &m), 0);
	maar_a_store(&e.b->in.head, 1, RELAXED);
	unit_join(thread);
	handed_leave_both(&e);
}
END_TEST

/* The pair's end is shut, the socket is not: the end, and no endless loop. */
START_TEST(pair_shut)
{
	struct handed_ends e = handed_ends();
	struct maar_ipc_message m;

	unit_eq(shutdown(_i ? e.b->out.slot.pair.fd : e.b->in.message.pair.fd, SHUT_RDWR), 0);
	if (_i) {
		unit_eq(maar_handed_take(e.a, &m, MAAR_FOREVER), -ECONNRESET);
	} else {
		while (maar_handed_send(e.a, "x", 1, NULL, 0) == 1)
			;
		unit_eq(maar_handed_send(e.a, "x", 1, NULL, MAAR_FOREVER), -ECONNRESET);
	}
	handed_leave_both(&e);
}
END_TEST

/* ---- a process that scribbles over all it can write, while the victim works ---- */

#define ROUNDS	  60
#define STEPS	  4000
#define PLAUSIBLE 8 /* words near what would be right get further than random ones */

static uint64_t some_word(struct unit_rng *rng, const struct maar_handed *h)
{
	const uint64_t near = unit_random_below(rng, PLAUSIBLE) - PLAUSIBLE / 4;

	switch (unit_random_below(rng, 5)) {
	case 0:
		return unit_random(rng);
	case 1:
		return near;
	case 2:
		return h->theirs->tail + near;
	case 3:
		return h->theirs->released + near;
	default:
		return (h->mine->tail + near) | (unit_random_below(rng, 16) ? 0 : MAAR__HANDED_CLOSED);
	}
}

/* The attacker's life: ended by the victim. */
static void scribble(int socket, unsigned round)
{
	const struct maar_handed_options small = handed_small();
	struct unit_rng rng = unit_rng(round);
	struct maar_handed *h = maar_handed_join(socket, &small, MAAR_FOREVER);
	const size_t words = h ? (size_t)h->shape.slots_at / 8 : 0;
	uint64_t *at;

	if (!h)
		_exit(1);
	at = (uint64_t *)(void *)h->mine;
	for (;;) {
		const uint64_t word = some_word(&rng, h);

		switch (unit_random_below(&rng, round % 3 ? 8 : 4)) {
		case 0: /* a word that is looked at */
			at[unit_random_below(&rng, 4) * MAAR_APART / 8] = word;
			break;
		case 1: /* anything */
			at[unit_random_below(&rng, words)] = word;
			break;
		case 2: /* cells that are nearly right */
			h->out.cells[unit_random_below(&rng, HANDED_SLOTS)] =
				(struct maar__handed_cell){ .slot = (uint32_t)unit_random_below(&rng, HANDED_SLOTS + 1),
							    .length = unit_random_below(&rng, HANDED_BYTES + 2) };
			break;
		case 3:
			h->in.returns[unit_random_below(&rng, HANDED_SLOTS)] =
				(uint32_t)unit_random_below(&rng, HANDED_SLOTS + 1);
			break;
		default: /* right ones in between, so that it goes on for a while */
			(void)maar_handed_send(h, &word, sizeof(word), NULL, 0);
			(void)maar_handed_drain(h, NULL, NULL);
		}
	}
}

static uint64_t look_at(const struct maar_handed *h, const struct maar_ipc_message *m)
{
	const unsigned char *from = m->payload, *first = h->in.slots;
	uint64_t all = 0;

	unit_must(m->slot < HANDED_SLOTS && m->bytes <= HANDED_BYTES);
	unit_must(from == first + m->slot * h->peer_shape.stride);
	for (uint64_t i = 0; i < m->bytes; i++)
		all += from[i];
	return all;
}

/* What a victim does; -EBADMSG is what it waits for. */
static int work(struct maar_handed *h, struct unit_rng *rng)
{
	unsigned char data[HANDED_BYTES];
	struct maar_ipc_message m;
	const int64_t soon = unit_random_below(rng, 50) ? 0 : 50000;
	void *payload;
	int rc;

	switch (unit_random_below(rng, 6)) {
	case 0:
		return maar_handed_send(h, data, unit_random_below(rng, HANDED_BYTES + 1), NULL, soon);
	case 1:
		rc = maar_handed_loan(h, HANDED_BYTES, &payload, soon);
		if (rc != 1)
			return rc;
		memset(payload, 7, HANDED_BYTES);
		rc = maar_handed_publish(h, payload, HANDED_BYTES, NULL);
		if (rc < 0)
			unit_eq(maar_handed_discard(h, payload), 0);
		return rc;
	case 2:
		if (maar_handed_arm(h) == 0) {
			struct pollfd p = { .fd = maar_handed_fd(h), .events = POLLIN };

			(void)poll(&p, 1, 0);
		}
		return maar_handed_disarm(h);
	case 3:
		return maar_handed_receive(h, data, sizeof(data), NULL, soon);
	default:
		rc = maar_handed_take(h, &m, soon);
		if (rc != 1)
			return rc;
		(void)look_at(h, &m);
		return maar_handed_release(h, &m);
	}
}

START_TEST(scribbled_over)
{
	const struct maar_handed_options small = handed_small();
	unsigned round, broken = 0;
	uint64_t steps = 0;

	for (round = 0; round < ROUNDS; round++) {
		struct unit_rng rng = unit_rng(1000 + round);
		struct maar_handed *h;
		int sockets[2], status, rc = 0, i;
		pid_t pid;

		handed_sockets(SOCK_STREAM, sockets);
		pid = fork();
		unit_must(pid >= 0);
		if (pid == 0) {
			close(sockets[0]);
			scribble(sockets[1], round);
		}
		close(sockets[1]);
		h = maar_handed_join(sockets[0], &small, MAAR_FOREVER);
		unit_must(h && maar_handed_fd(h) >= 0);
		/* It may also come to believe that it is the victim who lies, and hang up. */
		for (i = 0; i < STEPS && rc != -EBADMSG && rc != -ECONNRESET; i++) {
			rc = work(h, &rng);
			unit_must(rc == 0 || rc == 1 || rc == -EPIPE || rc == -EBADMSG || rc == -ECONNRESET);
		}
		steps += (uint64_t)i;
		broken += rc == -EBADMSG;
		unit_eq(kill(pid, SIGKILL), 0);
		unit_eq(waitpid(pid, &status, 0), pid);
		unit_must(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		unit_eq(maar_handed_leave(h), 0);
	}
	unit_note("%u of %u connections were found to be broken, after %u calls", broken, ROUNDS, (unsigned)steps);
	unit_must(broken > 0); /* control: it does write, and the victim does look */
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("handed, hostile");
	TCase *tcase = unit_tcase(suite, "joining");

	tcase_add_test(tcase, each_bit);
	tcase_add_test(tcase, well_summed_lies);
	tcase_add_test(tcase, short_and_long);
	tcase_add_test(tcase, byte_by_byte);
	tcase_add_test(tcase, numbers_of_descriptors);
	tcase_add_test(tcase, other_memory);
	tcase_add_test(tcase, no_memory_at_all);
	tcase_add_test(tcase, other_wakers);
	tcase = unit_tcase(suite, "joined");
	tcase_add_test(tcase, memory_is_as_sealed);
	tcase_add_loop_test(tcase, lies, 0, LIES + 1);
	tcase_add_test(tcase, flooded);
	tcase_add_loop_test(tcase, pair_shut, 0, 2);
	tcase_add_test(tcase, scribbled_over);
	return suite;
}
