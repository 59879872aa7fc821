/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * <maar/track.h>: what is asked for by flags and by the environment; reports as text and as JSON, on demand, at destroy, at
 * exit; back traces; that no get allocates.
 */
#include "child.h"

#include "../../src/base/options.h"
#include "../../src/base/unwind.h"
#include "../../src/mring/track.h"

#include <maar/pool.h>

#include <jansson.h>
#include <sys/syscall.h>

#define MESSAGES 300
#define BYTES	 100

/* ---- allocation, forbidden at times ---- */

static __thread volatile bool no_malloc;

#ifndef UNIT_HAS_SANITIZER
extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t n, size_t bytes);
extern void *__libc_realloc(void *block, size_t bytes);
extern void *__libc_memalign(size_t align, size_t bytes);

static void allocates(void)
{
	if (no_malloc)
		abort();
}

void *malloc(size_t bytes)
{
	allocates();
	return __libc_malloc(bytes);
}

void *calloc(size_t n, size_t bytes)
{
	allocates();
	return __libc_calloc(n, bytes);
}

void *realloc(void *block, size_t bytes)
{
	allocates();
	return __libc_realloc(block, bytes);
}

int posix_memalign(void **block, size_t align, size_t bytes)
{
	allocates();
	*block = __libc_memalign(align, bytes);
	return *block ? 0 : ENOMEM;
}
#endif

/* ---- takers, to be found by name ---- */

#define NAMED __attribute__((noinline, used, cold))
NAMED struct maar_msg *parse(struct maar_pool *pool);
NAMED struct maar_msg *reply(struct maar_pool *pool);
NAMED struct maar_msg *through_one(struct maar_pool *pool);
NAMED struct maar_msg *through_two(struct maar_pool *pool);
NAMED void *slot_taker(struct maar_mring *mring);
NAMED size_t bulk_taker(struct maar_pool *pool, struct maar_msg **msgs, size_t n);
__thread volatile int behind; /* the call is not the function's last */

struct maar_msg *parse(struct maar_pool *pool)
{
	struct maar_msg *m = maar_pool_get(pool);

	behind++;
	return m;
}

struct maar_msg *reply(struct maar_pool *pool)
{
	struct maar_msg *m = maar_pool_get(pool);

	behind--;
	return m;
}

struct maar_msg *through_one(struct maar_pool *pool)
{
	struct maar_msg *m = parse(pool);

	behind++;
	return m;
}

struct maar_msg *through_two(struct maar_pool *pool)
{
	struct maar_msg *m = parse(pool);

	behind--;
	return m;
}

void *slot_taker(struct maar_mring *mring)
{
	void *slot = maar_mring_get(mring);

	behind++;
	return slot;
}

size_t bulk_taker(struct maar_pool *pool, struct maar_msg **msgs, size_t n)
{
	const size_t got = maar_pool_get_bulk(pool, msgs, n);

	behind++;
	return got;
}

static struct maar_pool *new_pool(uint32_t track)
{
	const struct maar_pool_options options = { .track = track };
	struct maar_pool *pool = maar_pool_create(MESSAGES, BYTES, &options);

	ck_assert_ptr_nonnull(pool);
	return pool;
}

static struct maar_mring *new_mring(uint32_t track)
{
	const struct maar_mring_options options = { .track = track };
	struct maar_mring *mring = maar_mring_create(MESSAGES, BYTES, &options);

	ck_assert_ptr_nonnull(mring);
	return mring;
}

static unsigned tracking(struct maar_pool *pool)
{
	return maar_mring_tracking(maar_pool_mring(pool));
}

/* ---- what is asked for ---- */

#define NOTHING MAAR_TRACK_NOTHING

static const struct {
	uint32_t asked, in_force;
} flags[] = {
	{ 0, 0 },
	{ MAAR_TRACK_SITE, MAAR_TRACK_SITE },
	{ MAAR_TRACK_TRACE, MAAR_TRACK_SITE | MAAR_TRACK_TRACE },
	{ MAAR_TRACK_CHECKED, MAAR_TRACK_CHECKED },
	{ MAAR_TRACK_DEBUG, MAAR_TRACK_DEBUG | MAAR_TRACK_SITE | MAAR_TRACK_CHECKED },
	{ MAAR_TRACK_STOP, MAAR_TRACK_STOP | MAAR_TRACK_DEBUG | MAAR_TRACK_SITE | MAAR_TRACK_CHECKED },
	{ MAAR_TRACK_AT_DESTROY, MAAR_TRACK_AT_DESTROY },
	{ MAAR_TRACK_AT_EXIT, MAAR_TRACK_AT_EXIT },
};

START_TEST(by_flags)
{
	struct maar_pool *pool = new_pool(flags[_i].asked | NOTHING);
	struct maar_mring *mring = new_mring(flags[_i].asked | NOTHING);
	const size_t redzone = flags[_i].in_force & MAAR_TRACK_DEBUG ? MAAR_TRACK_REDZONE : 0;

	unit_eq(tracking(pool), flags[_i].in_force | NOTHING);
	unit_eq(maar_mring_tracking(mring), flags[_i].in_force | NOTHING);
	unit_eq(maar_mring_slot_bytes(mring), 128 + redzone);
	unit_eq(maar_pool_bytes(pool), BYTES);
	unit_eq(maar_pool_destroy(pool), 0);
	unit_eq(maar_mring_destroy(mring), 0);
}
END_TEST

START_TEST(bad_flags)
{
	const struct maar_mring_options mring = { .track = 2 * NOTHING }, reserved = { .reserved0 = 1 };
	const struct maar_pool_options pool = { .track = UINT32_MAX };

	errno = 0;
	ck_assert_ptr_null(maar_mring_create(1, 1, &mring));
	unit_eq(errno, EINVAL);
	errno = 0;
	ck_assert_ptr_null(maar_mring_create(1, 1, &reserved));
	unit_eq(errno, EINVAL);
	errno = 0;
	ck_assert_ptr_null(maar_pool_create(1, 1, &pool));
	unit_eq(errno, EINVAL);
	unit_eq(maar_mring_tracking(NULL), 0);
}
END_TEST

/* The largest slots have no room for a redzone, and are tracked all the same. */
START_TEST(largest_slots)
{
	const struct maar_mring_options options = { .track = MAAR_TRACK_DEBUG | NOTHING };
	struct maar_mring *mring = maar_mring_create(1, MAAR_MRING_MAX_SLOT_BYTES, &options);

	if (!mring) {
		unit_eq(errno, ENOMEM);
		return;
	}
	unit_eq(maar_mring_slot_bytes(mring), MAAR_MRING_MAX_SLOT_BYTES);
	unit_eq(maar_mring_destroy(mring), 0);
}
END_TEST

static void use_environment(const char *text)
{
	if (text)
		setenv("MAAR_OPTIONS", text, 1);
	else
		unsetenv("MAAR_OPTIONS");
	maar__options_forget();
}

static const struct {
	const char *text;
	uint32_t asked, in_force;
} environments[] = {
	{ NULL, 0, 0 },
	{ "", 0, 0 },
	{ ",,", 0, 0 },
	{ "track=counters", MAAR_TRACK_SITE, MAAR_TRACK_SITE },
	{ "track=site", 0, MAAR_TRACK_SITE },
	{ "track=trace", 0, MAAR_TRACK_SITE | MAAR_TRACK_TRACE },
	{ "track=trace", NOTHING, NOTHING },
	{ "track=site,track=counters", 0, 0 },
	{ "checked=1", MAAR_TRACK_SITE, MAAR_TRACK_SITE | MAAR_TRACK_CHECKED },
	{ "checked=0,debug=0,report=none", 0, 0 },
	{ "debug=1", 0, MAAR_TRACK_DEBUG | MAAR_TRACK_SITE | MAAR_TRACK_CHECKED },
	{ "debug=stop", 0, MAAR_TRACK_STOP | MAAR_TRACK_DEBUG | MAAR_TRACK_SITE | MAAR_TRACK_CHECKED },
	{ "report=destroy", 0, MAAR_TRACK_AT_DESTROY },
	{ "report=exit", 0, MAAR_TRACK_AT_EXIT },
	{ "report=both", 0, MAAR_TRACK_AT_DESTROY | MAAR_TRACK_AT_EXIT },
};

START_TEST(by_environment)
{
	char text[128];
	struct maar_pool *pool;

	/* Without what AddressSanitizer would add. */
	snprintf(text, sizeof(text), "tools=0,%s", environments[_i].text ? environments[_i].text : "");
	use_environment(text);
	pool = new_pool(environments[_i].asked);
	unit_eq(tracking(pool), environments[_i].in_force);
	unit_eq(maar_pool_destroy(pool), 0);
}
END_TEST

static void wrong_environment(void)
{
	char text[5000];
	int i;

	use_environment("colour=red,track=all,nonsense,debug=1");
	for (i = 0; i < 3; i++) {
		struct maar_pool *pool = new_pool(0);

		unit_must(tracking(pool) & MAAR_TRACK_DEBUG);
		unit_must(!(tracking(pool) & MAAR_TRACK_TRACE) || maar__tools());
		maar_pool_destroy(pool);
	}
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	use_environment(text);
	unit_must(!maar__option(MAAR__OPTION_DEBUG));
}

START_TEST(told_once)
{
	static struct child said;

	child_must_end(wrong_environment, &said);
	unit_eq(child_count(&said, "'colour' is no key of this library"), 1);
	unit_eq(child_count(&said, "'nonsense' is no key=value"), 1);
	unit_eq(child_count(&said, "track=all is none of counters site trace"), 1);
	unit_eq(child_count(&said, "is longer than 4095 bytes, and not read"), 1);
	unit_eq(child_count(&said, "maar: "), 4);
}
END_TEST

/* ---- reports ---- */

static char *text_of(const struct maar_pool *pool)
{
	struct unit_text text;

	unit_text_open(&text);
	unit_eq(maar_pool_report(pool, text.to, MAAR_REPORT_TEXT), 0);
	return unit_text_close(&text);
}

static json_t *parse_json(const char *text)
{
	json_error_t error;
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);

	ck_assert_msg(json != NULL, "%s at %d:\n%s", error.text, error.position, text);
	return json;
}

static json_t *json_of(const struct maar_pool *pool)
{
	struct unit_text text;
	char *written;
	json_t *json;

	unit_text_open(&text);
	unit_eq(maar_pool_report(pool, text.to, MAAR_REPORT_JSON), 0);
	written = unit_text_close(&text);
	unit_must(strchr(written, '\n') == written + strlen(written) - 1); /* one line */
	json = parse_json(written);
	free(written);
	return json;
}

static long long number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	ck_assert_msg(json_is_integer(value), "no number %s", key);
	return json_integer_value(value);
}

static const char *string(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_null(value) ? "" : json_string_value(value);
}

static const json_t *site(const json_t *json, size_t i)
{
	return json_array_get(json_object_get(json, "sites"), i);
}

static size_t sites(const json_t *json)
{
	return json_array_size(json_object_get(json, "sites"));
}

static const json_t *frame(const json_t *the_site, size_t i)
{
	return json_array_get(json_object_get(the_site, "trace"), i);
}

static void put_all(struct maar_pool *pool, struct maar_msg **msgs, size_t n)
{
	unit_eq(maar_pool_put_bulk(pool, msgs, n), n);
}

/* 17 by one, 5 by another, 2 put again. */
static void take_some(struct maar_pool *pool, struct maar_msg **msgs)
{
	size_t i;

	for (i = 0; i < 22; i++) {
		msgs[i] = i % 4 == 3 ? reply(pool) : parse(pool);
		ck_assert_ptr_nonnull(msgs[i]);
	}
	put_all(pool, msgs + 20, 2);
}

START_TEST(by_site)
{
	struct maar_pool *pool = new_pool(MAAR_TRACK_SITE | NOTHING);
	struct maar_msg *msgs[22];
	char *text, want[64];
	json_t *json;

	take_some(pool, msgs);
	text = text_of(pool);
	snprintf(want, sizeof(want), "pool %p: 20 of %d slots", (void *)pool, MESSAGES);
	unit_assert_contains(text, want);
	unit_assert_contains(text, "  15 slots, from parse+0x");
	unit_assert_contains(text, "  5 slots, from reply+0x");
	unit_assert_contains(text, "test_track"); /* the module */
	unit_must(strstr(text, "parse") < strstr(text, "reply"));
	snprintf(want, sizeof(want), "(thread %ld)", (long)syscall(SYS_gettid));
	unit_assert_contains(text, want);
	free(text);

	json = json_of(pool);
	ck_assert_str_eq(string(json, "kind"), "pool");
	ck_assert_str_eq(string(json, "tracking"), "site");
	unit_eq(number(json, "slots"), MESSAGES);
	unit_eq(number(json, "out"), 20);
	unit_eq(number(json, "misuse"), 0);
	unit_eq(sites(json), 2);
	unit_eq(number(site(json, 0), "slots"), 15);
	unit_eq(number(site(json, 1), "slots"), 5);
	unit_must(json_is_number(json_object_get(site(json, 0), "oldest_ms")));
	unit_eq(number(site(json, 0), "oldest_thread"), syscall(SYS_gettid));
	ck_assert_str_eq(string(frame(site(json, 0), 0), "function"), "parse");
	ck_assert_str_eq(string(frame(site(json, 1), 0), "function"), "reply");
	unit_must(number(frame(site(json, 0), 0), "offset") > 0);
	unit_assert_contains(string(frame(site(json, 0), 0), "module"), "test_track");
	json_decref(json);

	/* And again, from the same table of sites. */
	put_all(pool, msgs, 10);
	json = json_of(pool);
	unit_eq(number(json, "out"), 10);
	unit_eq(number(site(json, 0), "slots") + number(site(json, 1), "slots"), 10);
	json_decref(json);
	put_all(pool, msgs + 10, 10);
	json = json_of(pool);
	unit_eq(sites(json), 0);
	json_decref(json);
	unit_eq(maar_pool_destroy(pool), 0);
}
END_TEST

START_TEST(by_trace)
{
	struct maar_pool *pool = new_pool(MAAR_TRACK_TRACE | NOTHING);
	struct maar_msg *msgs[30];
	const json_t *deep;
	json_t *json;
	char *text;
	size_t i;

	for (i = 0; i < 30; i++)
		msgs[i] = i % 3 ? through_one(pool) : through_two(pool);
	json = json_of(pool);
	ck_assert_str_eq(string(json, "tracking"), "trace");
	unit_eq(sites(json), 2);
	unit_eq(number(site(json, 0), "slots"), 20);
	for (i = 0; i < 2; i++) {
		deep = site(json, i);
		unit_must(json_array_size(json_object_get(deep, "trace")) >= 3);
		ck_assert_str_eq(string(frame(deep, 0), "function"), "parse");
		ck_assert_str_eq(string(frame(deep, 1), "function"), i ? "through_two" : "through_one");
	}
	json_decref(json);
	text = text_of(pool);
	unit_assert_contains(text, "from parse+0x");
	unit_assert_contains(text, "    from through_one+0x");
	free(text);
	put_all(pool, msgs, 30);
	unit_eq(maar_pool_destroy(pool), 0);
}
END_TEST

static const uint32_t strengths[] = { MAAR_TRACK_SITE, MAAR_TRACK_TRACE };

START_TEST(in_bulk)
{
	struct maar_pool *pool = new_pool(strengths[_i] | NOTHING);
	struct maar_msg *msgs[MESSAGES];
	json_t *json;

	unit_eq(bulk_taker(pool, msgs, 0), 0);
	unit_eq(bulk_taker(pool, msgs, MESSAGES + 1), 0);
	unit_eq(bulk_taker(pool, msgs, MESSAGES), MESSAGES);
	json = json_of(pool);
	unit_eq(sites(json), 1);
	unit_eq(number(site(json, 0), "slots"), MESSAGES);
	ck_assert_str_eq(string(frame(site(json, 0), 0), "function"), "bulk_taker");
	json_decref(json);
	put_all(pool, msgs, MESSAGES);
	unit_eq(maar_pool_destroy(pool), 0);
}
END_TEST

START_TEST(of_mrings)
{
	struct maar_mring *mring = new_mring(strengths[_i] | NOTHING);
	void *slot = slot_taker(mring), *slots[5];
	struct unit_text text;
	char *written;

	unit_eq(maar_mring_get_bulk(mring, slots, 5), 5);
	unit_text_open(&text);
	unit_eq(maar_mring_report(mring, text.to, MAAR_REPORT_TEXT), 0);
	written = unit_text_close(&text);
	unit_assert_contains(written, "mring 0x");
	unit_assert_contains(written, "  1 slot, from slot_taker+0x");
	unit_assert_contains(written, "  5 slots, from ");
	free(written);
	unit_eq(maar_mring_put(mring, slot), 0);
	unit_eq(maar_mring_put_bulk(mring, slots, 5), 5);
	unit_eq(maar_mring_destroy(mring), 0);
}
END_TEST

/* Counters alone; and every mring and pool there is. */
START_TEST(of_all)
{
	struct maar_pool *tracked = new_pool(MAAR_TRACK_SITE | NOTHING), *pool = new_pool(NOTHING);
	struct maar_mring *mring = new_mring(NOTHING);
	struct maar_msg *m = parse(tracked), *n = parse(pool);
	struct unit_text text;
	char *written, *line, *next;
	unsigned pools = 0, mrings = 0, out = 0;

	written = text_of(pool);
	unit_assert_contains(written, ": 1 of 300 slots");
	unit_assert_contains(written, "where from is not recorded");
	free(written);
	unit_text_open(&text);
	unit_eq(maar_track_report(text.to, MAAR_REPORT_JSON), 0);
	written = unit_text_close(&text);
	for (line = written; *line; line = next) {
		json_t *json;

		next = strchr(line, '\n') + 1;
		next[-1] = 0;
		json = parse_json(line);
		pools += !strcmp(string(json, "kind"), "pool");
		mrings += !strcmp(string(json, "kind"), "mring");
		out += (unsigned)number(json, "out");
		json_decref(json);
	}
	free(written);
	unit_eq(pools, 2);
	unit_eq(mrings, 1);
	unit_eq(out, 2);
	unit_eq(maar_msg_release(m), 0);
	unit_eq(maar_msg_release(n), 0);
	unit_eq(maar_pool_destroy(tracked), 0);
	unit_eq(maar_pool_destroy(pool), 0);
	unit_eq(maar_mring_destroy(mring), 0);
}
END_TEST

START_TEST(report_errors)
{
	struct maar_pool *pool = new_pool(MAAR_TRACK_TRACE | NOTHING);
	static struct maar_mring none;
	FILE *full = unit_full_file();

	unit_eq(maar_pool_report(NULL, stderr, 0), -EINVAL);
	unit_eq(maar_pool_report(pool, NULL, 0), -EINVAL);
	unit_eq(maar_pool_report(pool, stderr, 2), -EINVAL);
	unit_eq(maar_mring_report(NULL, stderr, 0), -EINVAL);
	unit_eq(maar_mring_report(&none, stderr, 0), -EINVAL);
	unit_eq(maar_mring_tracking(&none), 0);
	unit_eq(maar_track_report(NULL, 0), -EINVAL);
	unit_eq(maar_track_report(stderr, 2), -EINVAL);
	unit_eq(maar_pool_report(pool, full, 0), -EIO);
	unit_eq(maar_track_report(full, MAAR_REPORT_JSON), -EIO);
	fclose(full);
	unit_eq(maar_pool_destroy(pool), 0);
}
END_TEST

/* More places than there is room for: they are counted together, and what was known stays known. */
START_TEST(elsewhere)
{
	struct maar_pool *pool = new_pool(MAAR_TRACK_SITE | NOTHING);
	struct maar_msg *m = parse(pool);
	json_t *json = json_of(pool);
	struct maar__track *t = maar__mring_of(maar_pool_mring(pool))->track;
	struct maar_msg *n;
	uint64_t place;
	uint32_t known;
	size_t named;

	json_decref(json);
	place = 1;
	known = maar__site_find(t, &place, 1);
	unit_must(known > 0);
	for (place = 2; place < 2 * MAAR__SITES; place++)
		unit_eq(maar__site_find(t, &place, 1) == 0, place + 1 >= MAAR__SITES);
	place = 1;
	unit_eq(maar__site_find(t, &place, 1), known);
	n = reply(pool);
	json = json_of(pool);
	unit_eq(sites(json), 2);
	unit_eq(number(site(json, 0), "slots") + number(site(json, 1), "slots"), 2);
	/* Both have one slot out, of the same age perhaps. */
	named = json_array_size(json_object_get(site(json, 0), "trace")) ? 0 : 1;
	ck_assert_str_eq(string(frame(site(json, named), 0), "function"), "parse");
	unit_eq(json_array_size(json_object_get(site(json, 1 - named), "trace")), 0);
	json_decref(json);
	unit_eq(maar_msg_release(m), 0);
	unit_eq(maar_msg_release(n), 0);
	unit_eq(maar_pool_destroy(pool), 0);
}
END_TEST

/* ---- at destroy, at exit ---- */

static void leave_some(void)
{
	struct maar_pool *pool = new_pool(0), *whole = new_pool(0);
	struct maar_msg *m = parse(pool), *n = reply(whole);

	if (!m || !n || maar_pool_put(whole, n))
		_exit(1);
	if (maar_pool_destroy(pool) != -EBUSY || maar_pool_destroy(whole))
		_exit(2);
}

static void leaves_told_at_destroy(void)
{
	use_environment("tools=0,track=site,report=destroy");
	leave_some();
}

static void leaves_told_at_exit(void)
{
	use_environment("tools=0,track=site,report=exit");
	leave_some();
	leave_some();
}

static void leaves_counted(void)
{
	use_environment("tools=0,report=both");
	leave_some();
}

static void leaves_in_silence(void)
{
	use_environment("tools=0,track=trace");
	leave_some();
}

START_TEST(at_the_end)
{
	static struct child said;

	child_must_end(leaves_told_at_destroy, &said);
	unit_eq(child_count(&said, "1 slot, from parse+0x"), 1);
	unit_eq(child_count(&said, "\n"), 2);
	child_must_end(leaves_told_at_exit, &said);
	unit_eq(child_count(&said, "1 slot, from parse+0x"), 2);
	unit_eq(child_count(&said, "\n"), 4);
	child_must_end(leaves_counted, &said);
	unit_eq(child_count(&said, "1 of 300 slots"), 2);
	unit_eq(child_count(&said, "not recorded"), 2);
	child_must_end(leaves_in_silence, &said);
	ck_assert_str_eq(said.text, "");
}
END_TEST

static char file[] = "/tmp/maar-track-XXXXXX";

static void leaves_in_file(void)
{
	char text[128];

	snprintf(text, sizeof(text), "tools=0,track=trace,report=both,format=json,to=%s", file);
	use_environment(text);
	leave_some();
}

static void leaves_nowhere(void)
{
	use_environment("tools=0,report=destroy,to=/nonexistent/file,format=xml");
	leave_some();
}

START_TEST(to_a_file)
{
	static struct child said;
	char line[16384];
	FILE *from;
	int fd = mkstemp(file), lines = 0;

	unit_must(fd >= 0);
	child_must_end(leaves_in_file, &said);
	ck_assert_str_eq(said.text, "");
	from = fdopen(fd, "r");
	ck_assert_ptr_nonnull(from);
	while (fgets(line, sizeof(line), from)) {
		json_t *json = parse_json(line);

		unit_eq(number(json, "out"), 1);
		ck_assert_str_eq(string(frame(site(json, 0), 0), "function"), "parse");
		json_decref(json);
		lines++;
	}
	unit_eq(lines, 2);
	fclose(from);
	unlink(file);
	child_must_end(leaves_nowhere, &said);
	unit_assert_contains(said.text, "to=/nonexistent/file: No such file");
	unit_assert_contains(said.text, "format=xml is none of text json");
	unit_assert_contains(said.text, "1 of 300 slots");
}
END_TEST

/* ---- nothing is allocated in get ---- */

static const uint32_t all_kinds[] = { MAAR_TRACK_SITE, MAAR_TRACK_TRACE, MAAR_TRACK_CHECKED, MAAR_TRACK_DEBUG,
				      MAAR_TRACK_DEBUG | MAAR_TRACK_TRACE };

START_TEST(allocates_nothing)
{
	struct maar_pool *pool = new_pool(all_kinds[_i] | NOTHING);
	struct maar_msg *msgs[32];
	unsigned round, i;

	msgs[0] = parse(pool); /* the thread's first call gets it a lane */
	ck_assert_ptr_nonnull(msgs[0]);
	unit_eq(maar_msg_release(msgs[0]), 0);
	no_malloc = true;
	for (round = 0; round < 200; round++) {
		for (i = 0; i < 16; i++)
			msgs[i] = i % 2 ? through_one(pool) : round % 2 ? through_two(pool) : reply(pool);
		if (bulk_taker(pool, msgs + 16, 16) != 16)
			abort();
		if (maar_pool_put_bulk(pool, msgs, 30) != 30 || maar_msg_release(msgs[30]) ||
		    maar_pool_put(pool, msgs[31]))
			abort();
	}
	no_malloc = false;
	unit_eq(maar_pool_destroy(pool), 0);
}
END_TEST

static void allocate_forbidden(void)
{
	void *volatile block;

	no_malloc = true;
	block = malloc(1);
	no_malloc = false;
	free(block);
}

/* The control. */
START_TEST(would_be_seen)
{
	static struct child said;

	child_run(allocate_forbidden, &said);
	unit_must(UNIT_SANITIZED || (WIFSIGNALED(said.status) && WTERMSIG(said.status) == SIGABRT));
}
END_TEST

/* ---- the unwinder ---- */

#if defined(__GNUC__) && !defined(__clang__)
/* noipa: a clone for each argument would have return addresses of its own. */
#define KEEPS_FRAMES __attribute__((noipa, used, optimize("no-omit-frame-pointer", "no-optimize-sibling-calls")))
#else
#define KEEPS_FRAMES __attribute__((noinline, used))
#endif

KEEPS_FRAMES unsigned innermost(uint64_t *frames, unsigned most, const void *chain);
KEEPS_FRAMES unsigned inner(uint64_t *frames, unsigned most, const void *chain);
KEEPS_FRAMES unsigned middle(uint64_t *frames, unsigned most, const void *chain);
KEEPS_FRAMES void *outermost(void *arg);

static const char here; /* "the function's own frame" */

unsigned innermost(uint64_t *frames, unsigned most, const void *chain)
{
	const void *own = __builtin_frame_address(0);
	const unsigned n = maar__unwind(__builtin_return_address(0), chain == &here ? own : chain, frames, most);

	behind++;
	return n;
}

unsigned inner(uint64_t *frames, unsigned most, const void *chain)
{
	const unsigned n = innermost(frames, most, chain);

	behind++;
	return n;
}

unsigned middle(uint64_t *frames, unsigned most, const void *chain)
{
	const unsigned n = inner(frames, most, chain);

	behind++;
	return n;
}

/* The third frame is outermost's, which calls from several places. */
static void same_trace(const uint64_t *want, unsigned want_n, const uint64_t *got, unsigned n, unsigned but)
{
	unsigned i;

	unit_must(n + but >= want_n);
	for (i = 0; i + but < want_n; i++)
		unit_must(got[i] == want[i] || i == 2);
}

void *outermost(void *arg)
{
	static const uint64_t nowhere[4];
	uint64_t want[32], got[32];
	unsigned i, n, want_n;

	(void)arg;
	maar__unwind_forget();
	maar__unwind_ready(false);
	want_n = middle(want, 32, NULL);
	unit_must(want_n >= 3);
	unit_eq(maar__unwind_trusts(), 0);
	for (i = 0; i < 200; i++) {
		const unsigned most = 1 + i % 32;

		/* Nothing was followed where it could not be; what was followed is right but for the C library's frames. */
		n = middle(got, most, &here);
		unit_must(n >= 1 && n <= most);
		same_trace(want, want_n < most ? want_n : most, got, n, maar__unwind_trusts() > 0 ? 4 : want_n - 3);
	}
	unit_note("frame pointers trusted: %d", maar__unwind_trusts());
	if (maar__unwind_trusts() > 0) {
		n = middle(got, 1, &here);
		unit_eq(n, 1);
		unit_eq(got[0], want[0]);
	}
	/* A chain that leads astray is never followed again. */
	maar__unwind_forget();
	for (i = 0; i < 3; i++) {
		n = middle(got, 32, nowhere);
		unit_eq(n, want_n);
		same_trace(want, want_n, got, n, 0);
		unit_eq(maar__unwind_trusts(), -1);
	}
	/* A place that is not on the stack is all that is told. */
	n = maar__unwind(nowhere, NULL, got, 32);
	unit_eq(n, 1);
	unit_eq(got[0], (uintptr_t)nowhere);
	maar__unwind_forget();
	maar__unwind_ready(true);
	n = middle(got, 32, &here);
	unit_eq(n, want_n);
	unit_eq(maar__unwind_trusts(), 0);
	return NULL;
}

START_TEST(unwinds)
{
	unit_in_thread(outermost, NULL);
}
END_TEST

/* ---- threads ---- */

static void child_takes(void)
{
	struct maar_pool *pool = new_pool(MAAR_TRACK_SITE | NOTHING);
	struct maar_msg *m = parse(pool);

	maar_pool_report(pool, stderr, 0);
	fprintf(stderr, "I am %ld\n", (long)syscall(SYS_gettid));
	maar_msg_release(m);
	maar_pool_destroy(pool);
}

START_TEST(after_fork)
{
	static struct child said;
	struct maar_pool *pool = new_pool(MAAR_TRACK_SITE | NOTHING);
	const char *told, *is;
	unsigned thread, own;

	unit_eq(maar_msg_release(parse(pool)), 0); /* the parent's number is known */
	child_must_end(child_takes, &said);
	told = strstr(said.text, "(thread ");
	is = strstr(said.text, "I am ");
	unit_must(told && is && sscanf(told, "(thread %u", &thread) == 1 && sscanf(is, "I am %u", &own) == 1);
	unit_eq(thread, own);
	unit_eq(maar_pool_destroy(pool), 0);
}
END_TEST

#define WORKERS 3
#define ROUNDS	(UNIT_SANITIZED ? 300 : 2000)

static uint32_t at_work;

static void *work(void *arg)
{
	struct maar_msg *msgs[8];
	int round, i;

	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < 8; i++) {
			msgs[i] = i % 2 ? through_one(arg) : reply(arg);
			unit_must(msgs[i]);
			memset(maar_msg_data(msgs[i]), i, BYTES);
		}
		for (i = 0; i < 7; i++)
			unit_eq(maar_msg_release(msgs[i]), 0);
		unit_eq(maar_pool_put_bulk(arg, &msgs[7], 1), 1);
	}
	maar_a_add(&at_work, (uint32_t)-1, RELAXED);
	return NULL;
}

START_TEST(while_others_work)
{
	struct maar_pool *pool = new_pool(all_kinds[_i] | NOTHING);
	pthread_t threads[WORKERS];
	json_t *json;
	int i;

	at_work = WORKERS;
	for (i = 0; i < WORKERS; i++)
		threads[i] = unit_thread(work, pool);
	while (maar_a_load(&at_work, RELAXED)) {
		json = json_of(pool);
		unit_must(number(json, "out") <= MESSAGES);
		json_decref(json);
		pace_yield();
	}
	for (i = 0; i < WORKERS; i++)
		unit_join(threads[i]);
	json = json_of(pool);
	unit_eq(number(json, "out"), 0);
	unit_eq(number(json, "misuse"), 0);
	unit_eq(sites(json), 0);
	json_decref(json);
	unit_eq(maar_pool_destroy(pool), 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("track");
	TCase *asked = unit_tcase(suite, "asked"), *reports = unit_tcase(suite, "reports"),
	      *end = unit_tcase(suite, "end");
	TCase *memory = unit_tcase(suite, "memory"), *threads = unit_tcase(suite, "threads");

	tcase_add_loop_test(asked, by_flags, 0, (int)COUNT_OF(flags));
	tcase_add_test(asked, bad_flags);
	tcase_add_test(asked, largest_slots);
	tcase_add_loop_test(asked, by_environment, 0, (int)COUNT_OF(environments));
	tcase_add_test(asked, told_once);
	tcase_add_test(reports, by_site);
	tcase_add_test(reports, by_trace);
	tcase_add_loop_test(reports, in_bulk, 0, (int)COUNT_OF(strengths));
	tcase_add_loop_test(reports, of_mrings, 0, (int)COUNT_OF(strengths));
	tcase_add_test(reports, of_all);
	tcase_add_test(reports, report_errors);
	tcase_add_test(reports, elsewhere);
	tcase_add_test(end, at_the_end);
	tcase_add_test(end, to_a_file);
	tcase_add_loop_test(memory, allocates_nothing, 0, (int)COUNT_OF(all_kinds));
	tcase_add_test(memory, would_be_seen);
	tcase_add_test(memory, unwinds);
	tcase_add_test(threads, after_fork);
	tcase_add_loop_test(threads, while_others_work, 0, (int)COUNT_OF(all_kinds));
	return suite;
}
