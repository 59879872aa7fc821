/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Parts of maar-bridge by themselves: names and identities on the wire and back; the marks, which outlive a kill.
 */
#include "../../tools/bridge/mapping.h"
#include "../../tools/bridge/marks.h"
#include "../unit/common.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAMES	  20000
#define POSITIONS 4194304 /* that marks keep of a ring */
#define RINGS	  64

/* ---- names ---- */

static const char plain[] = "abcxyzABCXYZ019_-.";

static void random_name(struct unit_rng *rng, char name[MAPPING_ROOM])
{
	const size_t n = 1 + (size_t)unit_random_below(rng, MAPPING_NAME);
	size_t i;

	for (i = 0; i < n; i++)
		name[i] = plain[unit_random_below(rng, sizeof(plain) - 1 - (i == 0))];
	name[n] = 0;
}

START_TEST(names_there_and_back)
{
	struct unit_rng rng = unit_rng(1);
	char name[MAPPING_ROOM], host[MAPPING_ROOM], text[MAPPING_ROOM], back[MAPPING_ROOM], host_back[MAPPING_ROOM];
	char subject[MAPPING_SUBJECT], stream[MAPPING_SUBJECT];
	unsigned i, k;

	for (i = 0; i < NAMES; i++) {
		random_name(&rng, name);
		random_name(&rng, host);
		unit_must(mapping_encode(text, name) && mapping_decode(back, text));
		unit_must(strcmp(name, back) == 0);
		/* A subject parts words at dots, and three characters mean something; streams' names have none of them. */
		unit_must(mapping_subject(subject, host, name) && mapping_stream(stream, name));
		for (k = 0; stream[k]; k++)
			unit_must(!strchr(".*> \t\r\n/\\", stream[k]));
		unit_must(mapping_from_subject(subject, host_back, back));
		unit_must(strcmp(name, back) == 0 && strcmp(host, host_back) == 0);
	}
	unit_must(mapping_subject(subject, "a.example", "jobs.fast_1"));
	unit_must(strcmp(subject, "maar.a=example.jobs=fast_1") == 0);
	unit_must(mapping_subject(subject, NULL, "q"));
	unit_must(strcmp(subject, "maar.*.q") == 0);
}
END_TEST

START_TEST(wrong_names)
{
	static const char *const wrong[] = { "", ".", ".a", "a b", "a*", "a>", "a=b", "a/b", "a\n", "\xc3\xa4" };
	static const char *const texts[] = { "", "=", "=a", "a.b", "a b", "*" };
	static const char *const subjects[] = { "",	   "maar",    "maar.",	    "maar.a",
						"maar.a.", "maar..q", "maar.a.b.c", "other.a.q" };
	char to[MAPPING_ROOM], other[MAPPING_ROOM], subject[MAPPING_SUBJECT], many[MAPPING_NAME + 2];
	unsigned i;

	for (i = 0; i < COUNT_OF(wrong); i++) {
		unit_must(!mapping_encode(to, wrong[i]) && !to[0]);
		unit_must(!mapping_subject(subject, "a", wrong[i]) && !mapping_subject(subject, wrong[i], "q"));
	}
	for (i = 0; i < COUNT_OF(texts); i++)
		unit_must(!mapping_decode(to, texts[i]) && !to[0]);
	for (i = 0; i < COUNT_OF(subjects); i++)
		unit_must(!mapping_from_subject(subjects[i], to, other));
	memset(many, 'a', sizeof(many));
	many[MAPPING_NAME + 1] = 0;
	unit_must(!mapping_encode(to, many) && !mapping_decode(to, many));
	many[MAPPING_NAME] = 0;
	unit_must(mapping_encode(to, many) && mapping_decode(other, many));
}
END_TEST

START_TEST(identities_there_and_back)
{
	static const char *const wrong[] = { "",
					     "0-0-0",
					     "00000000000000000000000000000000-0",
					     "zz",
					     "00000000000000000000000000000000-0-",
					     "0000000000000000000000000000000G-0-0",
					     "00000000000000000000000000000000-4294967296-0",
					     "00000000000000000000000000000000-0-18446744073709551616",
					     "00000000000000000000000000000000-0-1x",
					     "00000000000000000000000000000000-0--1" };
	struct unit_rng rng = unit_rng(2);
	struct engine_message m, back;
	char text[MAPPING_ID];
	struct engine_id id;
	unsigned i;

	for (i = 0; i < NAMES; i++) {
		memset(&m, 0, sizeof(m));
		m.id.segment[0] = unit_random(&rng);
		m.id.segment[1] = unit_random(&rng) >> unit_random_below(&rng, 64);
		m.id.position = unit_random(&rng) >> unit_random_below(&rng, 64);
		m.id.ring = (uint32_t)unit_random(&rng);
		mapping_id_text(text, &m.id);
		unit_must(mapping_id_from(text, &id));
		unit_must(id.segment[0] == m.id.segment[0] && id.segment[1] == m.id.segment[1]);
		unit_must(id.position == m.id.position && id.ring == m.id.ring);
		m.sequence = unit_random(&rng);
		m.type = (uint32_t)unit_random(&rng);
		m.priority = (uint32_t)unit_random_below(&rng, 8);
		m.flags = (uint32_t)unit_random_below(&rng, 2);
		mapping_tags_text(text, &m);
		unit_must(mapping_tags_from(text, &back));
		unit_must(back.sequence == m.sequence && back.type == m.type && back.priority == m.priority &&
			  back.flags == m.flags);
	}
	for (i = 0; i < COUNT_OF(wrong); i++)
		unit_must(!mapping_id_from(wrong[i], &id));
	unit_must(!mapping_tags_from(NULL, &back) && !mapping_tags_from("1 2 3", &back) && back.sequence == 0);
}
END_TEST

START_TEST(secrets_are_not_shown)
{
	static const char *const urls[][2] = {
		{ "nats://h:1", "nats://h:1" },
		{ "nats://me:secret@h:1", "nats://*@h:1" },
		{ "nats://a@h,tls://b:c@d@i:2/x@y,nats://j", "nats://*@h,tls://*@i:2/x@y,nats://j" },
		{ "nats://@h", "nats://*@h" },
		{ "h", "h" },
		{ "", "" },
		{ "nats://", "nats://" },
	};
	char shown[160], small[12];
	unsigned i;

	for (i = 0; i < COUNT_OF(urls); i++) {
		mapping_url_shown(shown, sizeof(shown), urls[i][0]);
		ck_assert_str_eq(shown, urls[i][1]);
	}
	mapping_url_shown(small, sizeof(small), "nats://me:secret@host:1");
	unit_must(strlen(small) < sizeof(small) && !strstr(small, "me"));
}
END_TEST

/* ---- marks ---- */

static int reserves = -1; /* that succeed yet; -1: all */

/* The marks' own calls of it come here. */
int posix_fallocate(int fd, off_t offset, off_t len)
{
	if (reserves == 0)
		return ENOSPC;
	reserves -= reserves > 0;
	return fallocate(fd, 0, offset, len) ? errno : 0;
}

static char dir[64];

static void setup(void)
{
	(void)snprintf(dir, sizeof(dir), "/dev/shm/maar-marks-%d", (int)getpid());
	unit_eq(mkdir(dir, 0700), 0);
}

static void teardown(void)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	unit_eq(system(command), 0);
}

static struct marks *open_marks(bool exports)
{
	struct marks *m = NULL;

	unit_eq(marks_open(&m, dir, "q", exports), 0);
	return m;
}

static struct engine_id at(uint64_t segment, uint32_t ring, uint64_t position)
{
	const struct engine_id id = { { segment, ~segment }, position, ring };

	return id;
}

static int seen(struct marks *m, struct engine_id id)
{
	return marks_seen(m, &id);
}

static void see(struct marks *m, struct engine_id id)
{
	marks_see(m, &id);
}

/* In an order that is no order, some never; as a plain table says. */
START_TEST(what_came_is_known)
{
	static unsigned char came[POSITIONS];
	struct unit_rng rng = unit_rng(3);
	struct marks *m = open_marks(false);
	unsigned i;

	for (i = 0; i < POSITIONS; i++) {
		const uint64_t p = unit_random_below(&rng, POSITIONS);

		unit_eq(seen(m, at(1, 0, p)), came[p]);
		see(m, at(1, 0, p));
		came[p] = 1;
		unit_eq(seen(m, at(1, 0, p)), 1);
	}
	/* It outlives the process. */
	marks_close(m);
	m = open_marks(false);
	for (i = 0; i < POSITIONS; i++) {
		unit_eq(seen(m, at(1, 0, i)), came[i]);
		unit_eq(seen(m, at(1, 1, i)), 0);
		unit_eq(seen(m, at(2, 0, i)), 0);
	}
	/* What is too old is not said to be anything. */
	see(m, at(1, 0, POSITIONS + 63));
	for (i = 0; i < 64; i++)
		unit_eq(seen(m, at(1, 0, i)), -1);
	see(m, at(1, 0, 5));
	unit_eq(seen(m, at(1, 0, 5)), -1);
	unit_eq(seen(m, at(1, 0, 64)), came[64]);
	unit_eq(seen(m, at(1, 0, POSITIONS + 62)), 0);
	marks_close(m);
}
END_TEST

/* Where all came, from the first on, nothing is ever too old. */
START_TEST(all_that_came_is_known_for_good)
{
	struct marks *m = open_marks(false);
	uint64_t i;

	for (i = 0; i < 3 * POSITIONS; i++)
		see(m, at(1, 0, i ^ 1)); /* not quite in order */
	for (i = 0; i < 3 * POSITIONS; i++)
		unit_eq(seen(m, at(1, 0, i)), 1);
	unit_eq(seen(m, at(1, 0, i)), 0);
	/* One that is missing ends it, until it comes. */
	for (i = 3 * POSITIONS + 1; i < 4 * POSITIONS; i++)
		see(m, at(1, 0, i));
	unit_eq(seen(m, at(1, 0, 3 * POSITIONS)), 0);
	unit_eq(seen(m, at(1, 0, 0)), 1);
	see(m, at(1, 0, 3 * POSITIONS));
	for (; i < 6 * POSITIONS; i++)
		see(m, at(1, 0, i));
	unit_eq(seen(m, at(1, 0, 3 * POSITIONS)), 1);
	marks_close(m);
}
END_TEST

START_TEST(the_silent_make_room)
{
	struct marks *m = open_marks(false);
	unsigned i;

	for (i = 0; i < RINGS; i++) {
		const struct engine_id id = at(100 + i, i % 3, 7);

		(void)marks_intend(m, &id);
		marks_see(m, &id);
	}
	for (i = 0; i < RINGS; i++)
		unit_eq(seen(m, at(100 + i, i % 3, 7)), 1);
	(void)marks_intend(m, &(struct engine_id){ { 100, ~UINT64_C(100) }, 8, 0 });
	see(m, at(100, 0, 8)); /* the first is not the one that was silent longest any more */
	(void)marks_intend(m, &(struct engine_id){ { 1, 1 }, 1, 0 });
	see(m, at(999, 0, 1));
	unit_eq(seen(m, at(999, 0, 1)), 1);
	unit_eq(seen(m, at(999, 0, 7)), 0);
	unit_eq(seen(m, at(100, 0, 7)), 1);
	unit_eq(seen(m, at(101, 1, 7)), 0);
	unit_eq(seen(m, at(102, 2, 7)), 1);
	marks_close(m);
}
END_TEST

/* No memory for a fourth: it takes the place of who was silent longest. For the first: nothing begins. */
START_TEST(without_memory)
{
	struct marks *m = open_marks(false);
	unsigned i;

	reserves = 3; /* the first, which has it, asks too */
	for (i = 0; i < 4; i++) {
		const struct engine_id id = at(100 + i, 0, 7);

		(void)marks_intend(m, &id);
		marks_see(m, &id);
		unit_eq(marks_seen(m, &id), 1);
	}
	unit_eq(seen(m, at(100, 0, 7)), 0);
	for (i = 1; i < 4; i++)
		unit_eq(seen(m, at(100 + i, 0, 7)), 1);
	marks_close(m);
	reserves = 0;
	unit_eq(marks_open(&m, dir, "q", false), -ENOSPC);
	reserves = -1;
	m = open_marks(false);
	unit_eq(seen(m, at(103, 0, 7)), 1);
	marks_close(m);
}
END_TEST

START_TEST(what_the_journal_says)
{
	const struct engine_id one = at(5, 0, 1), two = at(5, 0, 2);
	struct marks *m = open_marks(false);
	uint64_t mark;

	unit_eq(marks_resolve(m, 0, true), 0);
	mark = marks_intend(m, &one);
	marks_close(m);
	m = open_marks(false);
	unit_eq(marks_resolve(m, mark - 1, true), 0); /* another's */
	unit_eq(marks_resolve(m, mark, false), 0);
	unit_eq(marks_seen(m, &one), 0);
	unit_eq(marks_resolve(m, mark, true), 1);
	unit_eq(marks_seen(m, &one), 1);
	unit_eq(marks_resolve(m, mark, true), 0);
	unit_must(marks_intend(m, &two) != mark);
	unit_eq(marks_resolve(m, mark, true), 0);
	unit_eq(marks_seen(m, &two), 0);
	marks_close(m);
}
END_TEST

static void find(const struct marks_report *r, void *arg)
{
	*(struct marks_report *)arg = *r;
}

START_TEST(floors_and_reports)
{
	struct marks *m = open_marks(true);
	struct marks_report r;

	unit_eq(marks_floor(m).low, 0);
	marks_set_floor(m, (struct engine_place){ 0, 9 });
	marks_set_floor(m, (struct engine_place){ 0, 8 });
	unit_eq(marks_floor(m).low, 9);
	marks_set_floor(m, (struct engine_place){ 1, 3 });
	unit_eq(marks_floor(m).high, 1);
	marks_count(m, MARKS_MESSAGES, 12);
	marks_say(m, "working");
	marks_tell(m, "maar.a.q", "nats://x", "a\033b");
	unit_eq(marks_list(dir, find, &r), 1);
	unit_must(r.exports && r.alive && r.pid == getpid() && r.counts[MARKS_MESSAGES] == 12 && r.floor.low == 3);
	unit_must(strcmp(r.queue, "q") == 0 && strcmp(r.state, "working") == 0 && strcmp(r.why, "a?b") == 0);
	marks_close(m);
	unit_eq(marks_list(dir, find, &r), 1);
	unit_must(!r.alive);
	unit_eq(marks_list("/dev/shm/none/none", find, &r), 0);
}
END_TEST

/* One at a time; a kill is an end. And what is no such file is not written over. */
START_TEST(one_at_a_time)
{
	struct marks *m = open_marks(true), *other = NULL;
	char path[128];
	int to[2], fd;
	pid_t pid;
	char c;

	unit_eq(marks_open(&other, dir, "q", true), -EBUSY);
	unit_must(other == NULL);
	unit_eq(marks_open(&other, dir, "q", false), 0);
	marks_close(other);
	marks_close(m);
	unit_eq(pipe(to), 0);
	pid = fork();
	if (pid == 0) {
		m = open_marks(true);
		(void)!write(to[1], "x", 1);
		for (;;)
			pause();
	}
	unit_eq(read(to[0], &c, 1), 1);
	unit_eq(marks_open(&other, dir, "q", true), -EBUSY);
	unit_eq(kill(pid, SIGKILL), 0);
	unit_eq(waitpid(pid, NULL, 0), pid);
	marks_close(open_marks(true));
	(void)snprintf(path, sizeof(path), "%s/.bridge-export-q", dir);
	unit_eq(truncate(path, 100), 0);
	unit_eq(marks_open(&m, dir, "q", true), -EBADMSG);
	unit_eq(truncate(path, 0), 0);
	marks_close(open_marks(true));
	fd = open(path, O_WRONLY);
	unit_eq(pwrite(fd, "garbage!", 8, 0), 8);
	unit_eq(marks_open(&m, dir, "q", true), -EBADMSG);
	close(fd);
	unit_eq(chmod(path, 0644), 0);
	unit_eq(marks_open(&m, dir, "q", true), -EPERM);
	unit_eq(unlink(path), 0);
	unit_eq(symlink("x", path), 0);
	unit_eq(marks_open(&m, dir, "q", true), -ELOOP);
	unit_eq(unlink(path), 0);
	unit_eq(marks_open(&m, "/dev/shm/none/none", "q", true), -ENOENT);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("bridge, parts");
	TCase *names = unit_tcase(suite, "mapping"), *marks = unit_tcase(suite, "marks");

	tcase_add_test(names, names_there_and_back);
	tcase_add_test(names, wrong_names);
	tcase_add_test(names, identities_there_and_back);
	tcase_add_test(names, secrets_are_not_shown);
	tcase_add_checked_fixture(marks, setup, teardown);
	tcase_add_test(marks, what_came_is_known);
	tcase_add_test(marks, all_that_came_is_known_for_good);
	tcase_add_test(marks, the_silent_make_room);
	tcase_add_test(marks, without_memory);
	tcase_add_test(marks, what_the_journal_says);
	tcase_add_test(marks, floors_and_reports);
	tcase_add_test(marks, one_at_a_time);
	return suite;
}
