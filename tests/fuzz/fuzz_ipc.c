/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Fuzz target: every call of a queue between processes, by three participants that die and come again, in memory that is
 * written over anywhere between the calls; the header also with its sum made right. No crash, no access outside, no
 * endless loop, no answer but those that the header names, no pointer out of the segment; and what one finds broken is
 * broken for all. As long as nothing was written over, nothing is broken, and every slot is somewhere.
 */
#include "fuzz.h"

#include "../unit/ipcs.h"

#include "../../src/ipc/ipc_priv.h"

#define PEOPLE	 3
#define MOST	 4 /* loans, and messages, in one's hands */
#define STRANGER 6 /* attached, and gone, in one step */
#define MOMENT	 1 /* ns */
#define BOTH	 ((uint32_t)(MAAR_IPC_PRODUCER | MAAR_IPC_CONSUMER))
#define KINDS	 (sizeof(kinds) / sizeof(kinds[0]))

static const struct maar_ipc_options kinds[] = {
	{ .classes = { { .bytes = 24, .slots = 6 }, { .bytes = 100, .slots = 5 } },
	  .n_classes = 2,
	  .priorities = 2,
	  .depth = { 4, 0 },
	  .participants = STRANGER,
	  .event_flags = MAAR_EVENT_NO_SPIN },
	{ .classes = { { .bytes = 24, .slots = 8 } },
	  .n_classes = 1,
	  .when_full = MAAR_IPC_OVERWRITE,
	  .participants = STRANGER,
	  .event_flags = MAAR_EVENT_NO_SPIN },
	{ .classes = { { .bytes = 24, .slots = 8 } },
	  .n_classes = 1,
	  .depth = { 3 },
	  .when_full = MAAR_IPC_DROP_NEWEST,
	  .when_dead = MAAR_IPC_TO_DEAD_LETTERS,
	  .participants = STRANGER,
	  .event_flags = MAAR_EVENT_NO_SPIN },
	{ .classes = { { .bytes = 8, .slots = 1 }, { .bytes = 9, .slots = 2 }, { .bytes = 64, .slots = 3 } },
	  .n_classes = 3,
	  .priorities = 3,
	  .most_deliveries = 2,
	  .participants = STRANGER,
	  .event_flags = MAAR_EVENT_NO_SPIN },
	{ .classes = { { .bytes = 24, .slots = 4 } },
	  .n_classes = 1,
	  .participants = STRANGER,
	  .event_flags = MAAR_EVENT_NO_SPIN,
	  .kind = MAAR_IPC_PAIR },
	{ .classes = { { .bytes = 100, .slots = 8 } },
	  .n_classes = 1,
	  .when_full = MAAR_IPC_DROP_NEWEST,
	  .when_dead = MAAR_IPC_DROP,
	  .participants = STRANGER,
	  .event_flags = MAAR_EVENT_NO_SPIN,
	  .kind = MAAR_IPC_PAIR },
};

/* One kind: its segment, of exactly its size, and how all was when the three had attached. */
struct kind {
	unsigned char *memory, *saved;
	size_t bytes;
	struct maar_ipc *of[PEOPLE], saved_of[PEOPLE];
};
static struct kind made[KINDS];
static struct ipc_lives lives;
static FILE *null;

static struct kind *k;
static struct {
	void *loans[MOST];
	struct maar_ipc_message messages[MOST];
	unsigned n_loans, n_messages;
} hands[PEOPLE];
static int patched;

static void all_alive(void)
{
	memset(&lives, 0, sizeof(lives));
	for (unsigned i = 1; i <= PEOPLE; i++)
		lives.alive[i] = true;
}

/* Of a pair one produces, one consumes, and the third looks. */
static uint32_t roles_of(const struct maar_ipc_options *o, unsigned who)
{
	static const uint32_t pair[] = { MAAR_IPC_PRODUCER, MAAR_IPC_CONSUMER, 0 };

	return o->kind == MAAR_IPC_PAIR ? pair[who < PEOPLE ? who : PEOPLE - 1] : BOTH;
}

static void make(struct kind *kind, const struct maar_ipc_options *o)
{
	const struct maar_ipc_life life = ipc_life(&lives);
	void *memory;

	memset(&lives, 0, sizeof(lives));
	kind->bytes = (size_t)maar_ipc_bytes(o);
	fuzz_must(kind->bytes && posix_memalign(&memory, MAAR_APART, kind->bytes) == 0);
	kind->memory = memory;
	kind->saved = malloc(kind->bytes);
	fuzz_must(kind->saved && maar_ipc_init(memory, kind->bytes, o) == 0);
	for (unsigned i = 0; i < PEOPLE; i++) {
		const struct maar_ipc_who who = { .roles = roles_of(o, i), .key = i, .slice_ns = MOMENT };

		kind->of[i] = maar_ipc_attach(memory, kind->bytes, &who, &life);
		fuzz_must(kind->of[i] != NULL);
		kind->saved_of[i] = *kind->of[i];
	}
	memcpy(kind->saved, memory, kind->bytes);
}

static void begin(struct fuzz_input *in)
{
	const unsigned which = fuzz_byte(in) % KINDS;

	k = &made[which];
	if (!null)
		null = fopen("/dev/null", "w");
	fuzz_must(null != NULL);
	if (!k->memory)
		make(k, &kinds[which]);
	memcpy(k->memory, k->saved, k->bytes);
	for (unsigned i = 0; i < PEOPLE; i++)
		*k->of[i] = k->saved_of[i];
	all_alive();
	memset(hands, 0, sizeof(hands));
	patched = 0;
}

/* ---- what is written over ---- */

static struct maar__ipc_header *header(void)
{
	return (void *)k->memory;
}

/* The sum as layout.c makes it: FNV-1a. */
static void make_sum_right(void)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < offsetof(struct maar__ipc_header, sum); i++)
		sum = (sum ^ k->memory[i]) * UINT64_C(0x100000001b3);
	header()->sum = sum;
}

/* From where on, by the parts that there are, so that each is met; the header is what it was when the kind was made. */
static size_t part(struct fuzz_input *in)
{
	const struct maar__ipc_header *h = (const void *)k->saved;
	const size_t at[] = { 0,
			      offsetof(struct maar__ipc_header, ready),
			      offsetof(struct maar__ipc_header, recoverer),
			      (size_t)h->participants_at,
			      (size_t)h->events_at,
			      (size_t)h->free_at[0],
			      (size_t)h->rings_at[0],
			      (size_t)h->rings_at[MAAR__IPC_DEAD_RING],
			      (size_t)h->owners_at,
			      (size_t)h->pair_at,
			      (size_t)h->payloads_at[0] - sizeof(struct maar__ipc_slot) };

	return at[fuzz_below(in, sizeof(at) / sizeof(at[0]))] / 8;
}

static void patch(struct fuzz_input *in, unsigned how)
{
	const size_t words = k->bytes / 8, at = (part(in) + fuzz_byte(in)) % words;
	uint64_t *const word = (uint64_t *)(void *)k->memory + at;

	patched = 1;
	switch (how % 5) {
	case 0:
		*word ^= UINT64_C(1) << fuzz_byte(in) % 64;
		break;
	case 1:
		*word += (uint64_t)(int8_t)fuzz_byte(in);
		break;
	case 2: /* another place's */
		*word = ((uint64_t *)(void *)k->memory)[(part(in) + fuzz_byte(in)) % words];
		break;
	case 3:
		*word = fuzz_word(in, 8);
		break;
	default: /* a state, of a participant, at a position */
		*word = maar__own_word(fuzz_byte(in) % 16, fuzz_byte(in), fuzz_word(in, 2));
	}
	if (how & 8)
		make_sum_right();
}

/* ---- calls ---- */

/* Every answer is one of these; -EBADMSG only if something was written over, or the segment is marked already. */
static int known(int rc)
{
	switch (rc) {
	case -EBADMSG:
		fuzz_must(patched);
		return rc;
	case 0:
	case 1:
	case -EPIPE:
	case -EALREADY:
	case -EMSGSIZE:
	case -EINVAL:
	case -EBUSY:
	case -ENOENT:
		return rc;
	case -EPERM:
		fuzz_must(kinds[k - made].kind == MAAR_IPC_PAIR);
		return rc;
	default:
		fprintf(stderr, "answer %d\n", rc);
		abort();
	}
}

/* Within the segment, and all of it may be read, and written. */
static void touch(void *payload, uint64_t n)
{
	unsigned char *byte = payload;

	fuzz_must(byte >= k->memory && n <= k->bytes && byte - k->memory <= (ptrdiff_t)(k->bytes - n));
	for (uint64_t i = 0; i < n; i++)
		byte[i] ^= 1;
}

static void take(unsigned who, unsigned how, int64_t timeout)
{
	struct maar_ipc_message *m = &hands[who].messages[hands[who].n_messages];
	ssize_t n;

	if (hands[who].n_messages == MOST)
		return;
	if (how % 4 == 0) {
		n = known(maar_ipc_take_dead(k->of[who], m));
	} else if (how % 4 == 1) {
		n = maar_ipc_take_burst(k->of[who], m, MOST - hands[who].n_messages, timeout);
		fuzz_must(n <= (ssize_t)(MOST - hands[who].n_messages));
		n = n > 0 ? n : known((int)n);
	} else {
		n = known(maar_ipc_take(k->of[who], m, timeout));
	}
	for (ssize_t i = 0; i < n; i++)
		touch(m[i].payload, m[i].bytes);
	hands[who].n_messages += n > 0 ? (unsigned)n : 0;
}

static void release(unsigned who, unsigned how)
{
	const unsigned n = hands[who].n_messages;

	if (!n)
		return;
	if (how % 2) {
		(void)known(maar_ipc_release_burst(k->of[who], hands[who].messages, n));
		hands[who].n_messages = 0;
	} else {
		(void)known(maar_ipc_release(k->of[who], &hands[who].messages[n - 1]));
		hands[who].n_messages--;
	}
}

static void loan(unsigned who, size_t n, int64_t timeout)
{
	void **const payload = &hands[who].loans[hands[who].n_loans];

	if (hands[who].n_loans == MOST || known(maar_ipc_loan(k->of[who], n, payload, timeout)) != 1)
		return;
	touch(*payload, n);
	hands[who].n_loans++;
}

static void give(unsigned who, struct fuzz_input *in, int64_t timeout)
{
	const unsigned how = fuzz_byte(in);
	const struct maar_ipc_tags tags = { .priority = how % 4, .journal = how / 4 % 2, .sequence = how };
	void *payload;
	int rc;

	if (!hands[who].n_loans)
		return;
	payload = hands[who].loans[hands[who].n_loans - 1];
	if (how & 64)
		rc = known(maar_ipc_discard(k->of[who], payload));
	else
		rc = known(maar_ipc_publish(k->of[who], payload, how & 128 ? 200 : how % 9, &tags, timeout)) - 1;
	if (rc == 0 || patched)
		hands[who].n_loans--;
}

static void copies(unsigned who, struct fuzz_input *in, int64_t timeout)
{
	unsigned char data[128] = { 0 };
	const unsigned how = fuzz_byte(in);
	const struct maar_ipc_tags tags = { .priority = how % 2 };
	struct maar_ipc_message m;

	if (how & 128)
		(void)known(maar_ipc_send(k->of[who], data, how % 104, &tags, timeout));
	else if (known(maar_ipc_receive(k->of[who], data, how & 64 ? 3 : sizeof(data), &m, timeout)) == 1)
		fuzz_must(m.bytes <= sizeof(data));
}

static void look(unsigned who)
{
	struct maar_ipc_stats s;
	struct maar_ipc_past past;

	(void)known(maar_ipc_stats(k->of[who], &s));
	(void)known(maar_ipc_past(k->of[who], &past));
	(void)known(maar_ipc_forget(k->of[who], who + 1));
	(void)known(maar_ipc_dump(k->of[who], null));
	(void)known(maar_ipc_check(k->of[who]));
	fuzz_must(maar_ipc_most_bytes(k->of[who]) <= 128 && maar_ipc_participant(k->of[who]) == who + 1);
}

/* Somebody comes and goes; what it found of another's in its name, it leaves. */
static void stranger(struct fuzz_input *in)
{
	const struct maar_ipc_life life = ipc_life(&lives);
	const struct maar_ipc_who who = { .roles = roles_of(&kinds[k - made], PEOPLE), .key = fuzz_byte(in) % 8 };
	struct maar_ipc *q = maar_ipc_attach(k->memory, k->bytes, &who, &life);
	void *payload;

	if (!q) {
		fuzz_must(errno == EUSERS || errno == EBUSY ||
			  (patched && (errno == EBADMSG || errno == EPROTO || errno == EAGAIN || errno == ENOTSUP ||
				       errno == ENOSPC || errno == EINVAL)));
		return;
	}
	if (maar_ipc_loan(q, 1, &payload, 0) == 1)
		(void)known(maar_ipc_discard(q, payload));
	if (maar_ipc_detach(q)) {
		fuzz_must(patched);
		munmap(q, (sizeof(*q) + 4095) & ~(size_t)4095);
	}
}

/* One of the three dies, another finds it, and it comes again under its number. */
static void die(unsigned who)
{
	const struct maar_ipc_life life = ipc_life(&lives);
	const struct maar_ipc_who as = { .roles = roles_of(&kinds[k - made], who), .key = who, .slice_ns = MOMENT };
	struct maar_ipc *q;
	int rc;

	lives.alive[who + 1] = false;
	rc = maar_ipc_recover(k->of[(who + 1) % PEOPLE]);
	fuzz_must(rc >= 0 || rc == -EBADMSG);
	fuzz_must(patched || rc == 1);
	hands[who].n_loans = hands[who].n_messages = 0;
	q = maar_ipc_attach(k->memory, k->bytes, &as, &life);
	if (q) {
		if (q->me == who + 1)
			*k->of[who] = *q;
		else
			lives.alive[q->me] = false;
		munmap(q, (sizeof(*q) + 4095) & ~(size_t)4095);
	}
	lives.alive[who + 1] = true;
}

static void drained(const struct maar_ipc_message *m, void *unused)
{
	(void)unused;
	touch(m->payload, m->bytes);
}

static void step(struct fuzz_input *in)
{
	const unsigned op = fuzz_byte(in), who = op / 16 % PEOPLE, how = op / 48;
	const int64_t timeout = how == 3 ? MOMENT : 0;
	ssize_t n;
	int rc;

	switch (op % 16) {
	case 0:
	case 1:
		loan(who, fuzz_byte(in) % 110, timeout);
		break;
	case 2:
	case 3:
		give(who, in, timeout);
		break;
	case 4:
	case 5:
		take(who, fuzz_byte(in), timeout);
		break;
	case 6:
		release(who, how);
		break;
	case 7:
	case 8:
		copies(who, in, timeout);
		break;
	case 9:
		die(who);
		break;
	case 10:
		stranger(in);
		break;
	case 11:
		look(who);
		break;
	case 12:
		n = how ? maar_ipc_drain(k->of[who], drained, NULL) : known(maar_ipc_close(k->of[who]));
		fuzz_must(n >= 0 || n == -EALREADY || known((int)n) < 0);
		break;
	case 13:
		rc = maar_ipc_recover(k->of[who]);
		fuzz_must(rc >= 0 || rc == -EBADMSG);
		fuzz_must(patched || rc == 0);
		break;
	default:
		patch(in, op / 16);
	}
}

/* Unless somebody wrote where nobody may. */
static void all_is_well(void)
{
	struct maar_ipc_stats s;
	unsigned out = 0;

	for (unsigned i = 0; i < PEOPLE; i++)
		out += hands[i].n_loans + hands[i].n_messages;
	fuzz_must(maar_ipc_check(k->of[0]) == 0 && maar_ipc_stats(k->of[0], &s) == 0);
	fuzz_must(s.loaned + s.read == out && s.free + s.queued + s.dead_letters + out == s.slots);
	fuzz_must(!s.broken && !s.marked_broken && s.participants == PEOPLE && !s.dead);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	void *payload;

	begin(&in);
	while (fuzz_more(&in)) {
		step(&in);
		if (!patched)
			all_is_well();
	}
	if (header()->broken)
		for (unsigned i = 0; i < PEOPLE; i++) {
			const uint32_t roles = k->of[i]->roles;

			fuzz_must(maar_ipc_loan(k->of[i], 1, &payload, MAAR_FOREVER) ==
				  (roles & MAAR_IPC_PRODUCER ? -EBADMSG : -EPERM));
			fuzz_must(maar_ipc_take(k->of[i], &hands[i].messages[0], MAAR_FOREVER) ==
				  (roles & MAAR_IPC_CONSUMER ? -EBADMSG : -EPERM));
			fuzz_must(maar_ipc_recover(k->of[i]) == -EBADMSG);
		}
	return 0;
}
