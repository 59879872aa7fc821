/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * What is out, from where, since when: for people and as JSON; on demand, at destroy, at exit.
 */
#include "track.h"

#include "../base/options.h"
#include "../base/sleep.h"
#include "../base/symbol.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define NS_PER_S 1e9

/* ---- places ---- */

void maar__print_place(FILE *to, uint64_t address)
{
	char text[MAAR__SYMBOL_TEXT];

	maar__symbol_text(text, sizeof(text), address);
	fputs(text, to);
}

static double seconds_since(int64_t when)
{
	const int64_t now = maar__now_coarse();

	return now > when ? (double)(now - when) / NS_PER_S : 0;
}

/* The chain of frame pointers may have led into data at its end: what is in no module is no function. */
static unsigned frames_of(const struct maar__site *s)
{
	const uint32_t n = maar_a_load(&s->frames, RELAXED);
	unsigned i;

	for (i = 1; i < n; i++)
		if (!maar__symbol_of(maar_a_load(&s->frame[i], RELAXED)).module)
			return i;
	return n;
}

void maar__print_trace(FILE *to, const struct maar__track *t, uint32_t site)
{
	unsigned i, n;

	if (!site)
		return;
	n = frames_of(&t->sites[site]);
	for (i = 1; i < n; i++) {
		fputs("    from ", to);
		maar__print_place(to, maar_a_load(&t->sites[site].frame[i], RELAXED));
		fputc('\n', to);
	}
}

void maar__print_event(FILE *to, const struct maar__track *t, const char *what, const struct maar__track_event *e)
{
	fprintf(to, "  %s by thread %" PRIu32 " at ", what, e->thread);
	maar__print_place(to, e->caller);
	fprintf(to, ", %.3f s ago\n", seconds_since((int64_t)e->when));
	maar__print_trace(to, t, e->site);
}

/* ---- JSON ---- */

/* Bytes of a well-formed UTF-8 sequence at `text`; 0 if it is none. */
static unsigned sequence(const unsigned char *text)
{
	const unsigned char lead = text[0];
	const unsigned n = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
	unsigned i;

	for (i = 1; i < n; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	/* Too long a form, a half of a surrogate pair, beyond U+10FFFF. */
	if ((lead == 0xe0 && text[1] < 0xa0) || (lead == 0xed && text[1] > 0x9f) || (lead == 0xf0 && text[1] < 0x90) ||
	    (lead == 0xf4 && text[1] > 0x8f))
		return 0;
	return n;
}

/* A string, or null. File names are bytes; what is not UTF-8 in them becomes U+FFFD. */
static void json_string(FILE *to, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	if (!text) {
		fputs("null", to);
		return;
	}
	fputc('"', to);
	while (*at) {
		const unsigned n = sequence(at);

		if (n == 0)
			fputs("\\ufffd", to);
		else if (*at == '"' || *at == '\\')
			fprintf(to, "\\%c", *at);
		else if (*at < 0x20)
			fprintf(to, "\\u%04x", *at);
		else
			fwrite(at, 1, n, to);
		at += n ? n : 1;
	}
	fputc('"', to);
}

static void json_place(FILE *to, uint64_t address)
{
	const struct maar__symbol p = maar__symbol_of(address);

	fprintf(to, "{\"address\":\"%#" PRIx64 "\",\"function\":", address);
	json_string(to, p.function);
	fprintf(to, ",\"offset\":%" PRIu64 ",\"module\":", p.offset);
	json_string(to, p.module);
	fprintf(to, ",\"module_address\":\"%#" PRIx64 "\"}", p.in_module);
}

/* ---- one mring ---- */

/* The sites in use now, most slots first, and the counters beside. */
struct findings {
	const struct maar__mring *m;
	struct maar_mring_stats stats;
	const struct maar__site **sites;
	size_t n;
};

static int most_first(const void *a, const void *b)
{
	const struct maar__site *x = *(const struct maar__site *const *)a, *y = *(const struct maar__site *const *)b;

	if (x->slots != y->slots)
		return x->slots < y->slots ? 1 : -1;
	return x->oldest < y->oldest ? -1 : x->oldest > y->oldest;
}

static void add_to(struct maar__site *s, const struct maar__track_event *e)
{
	const int64_t when = (int64_t)e->when;

	if (!s->slots++ || when < s->oldest) {
		s->oldest = when;
		s->oldest_thread = e->thread;
	}
	if (s->slots == 1 || when > s->newest)
		s->newest = when;
}

/* Tallies the slots that are out to their sites. Under t->lock. */
static int tally(struct maar__track *t, struct findings *f)
{
	uint32_t i, used;

	for (i = 0; i < MAAR__SITES && i < maar_a_load(&t->next_site, RELAXED); i++)
		t->sites[i].slots = 0;
	for (i = 0; i < t->m->front.slots; i++) {
		struct maar__track_event e;

		if (!(maar_a_load(&t->records[i].state, RELAXED) & 1))
			continue;
		e = maar__track_event(&t->records[i].got);
		if (!e.site)
			e.site = maar__site_find(t, &e.caller, 1);
		add_to(&t->sites[e.site], &e);
	}
	used = maar_a_load(&t->next_site, RELAXED); /* by now with those that site_find has added */
	f->sites = maar__alloc(used * sizeof(f->sites[0]));
	if (!f->sites)
		return -ENOMEM;
	for (i = 0; i < used; i++)
		if (t->sites[i].slots)
			f->sites[f->n++] = &t->sites[i];
	qsort(f->sites, f->n, sizeof(f->sites[0]), most_first);
	return 0;
}

static const char *strength(unsigned flags)
{
	return flags & MAAR_TRACK_TRACE ? "trace" : flags & MAAR_TRACK_SITE ? "site" : "counters";
}

static uint64_t faults_of(const struct maar__mring *m)
{
	return m->track ? maar_a_load(&m->track->faults, RELAXED) : 0;
}

static void write_text(FILE *to, const struct findings *f)
{
	const struct maar__mring *m = f->m;
	size_t i;

	fprintf(to, "%s %p: %" PRIu32 " of %" PRIu32 " slots of %" PRIu64 " bytes are out, high water %" PRIu32,
		m->pool ? "pool" : "mring", m->pool ? m->pool : (const void *)m, f->stats.in_use, f->stats.slots,
		m->front.stride, f->stats.high_water);
	if (faults_of(m))
		fprintf(to, ", misuse found %" PRIu64 " times", faults_of(m));
	fputs(f->sites ? "\n" : "; where from is not recorded\n", to);
	for (i = 0; i < f->n; i++) {
		const struct maar__site *s = f->sites[i];

		fprintf(to, "  %" PRIu32 " slot%s, from ", s->slots, s->slots == 1 ? "" : "s");
		if (s == m->track->sites)
			fputs("elsewhere", to);
		else
			maar__print_place(to, maar_a_load(&s->frame[0], RELAXED));
		fprintf(to, ", oldest %.1f s (thread %" PRIu32 ")\n", seconds_since(s->oldest), s->oldest_thread);
		maar__print_trace(to, m->track, (uint32_t)(s - m->track->sites));
	}
}

static void write_json(FILE *to, const struct findings *f)
{
	const struct maar__mring *m = f->m;
	size_t i;
	unsigned k, n;

	fprintf(to, "{\"kind\":\"%s\",\"address\":\"%p\",\"tracking\":\"%s\"", m->pool ? "pool" : "mring",
		m->pool ? m->pool : (const void *)m, strength(m->tracking));
	fprintf(to,
		",\"slots\":%" PRIu32 ",\"slot_bytes\":%" PRIu64 ",\"out\":%" PRIu32 ",\"high_water\":%" PRIu32
		",\"misuse\":%" PRIu64 ",\"sites\":[",
		f->stats.slots, m->front.stride, f->stats.in_use, f->stats.high_water, faults_of(m));
	for (i = 0; i < f->n; i++) {
		const struct maar__site *s = f->sites[i];

		fprintf(to,
			"%s{\"slots\":%" PRIu32 ",\"oldest_ms\":%.0f,\"newest_ms\":%.0f,\"oldest_thread\":%" PRIu32
			",\"trace\":[",
			i ? "," : "", s->slots, seconds_since(s->oldest) * 1e3, seconds_since(s->newest) * 1e3,
			s->oldest_thread);
		n = s == m->track->sites ? 0 : frames_of(s);
		for (k = 0; k < n; k++) {
			if (k)
				fputc(',', to);
			json_place(to, maar_a_load(&s->frame[k], RELAXED));
		}
		fputs("]}", to);
	}
	fputs("]}\n", to);
}

int maar_mring_report(const struct maar_mring *mring, FILE *to, unsigned flags)
{
	struct findings f = { .m = maar__mring_of(mring) };
	struct maar__track *t;
	int rc = 0;

	if (!to || flags > MAAR_REPORT_JSON || maar_mring_stats(mring, &f.stats))
		return -EINVAL;
	t = f.m->track;
	if (t && t->records) {
		pthread_mutex_lock(&t->lock);
		rc = tally(t, &f);
	}
	if (rc == 0) {
		(flags & MAAR_REPORT_JSON ? write_json : write_text)(to, &f);
		rc = ferror(to) ? -EIO : 0;
	}
	if (t && t->records)
		pthread_mutex_unlock(&t->lock);
	maar__free(f.sites);
	return rc;
}

/* ---- all of them; at destroy and at exit ---- */

struct order {
	FILE *to;
	unsigned flags;
	bool leaks; /* only those that are to be told of at exit, and have slots out */
	int rc;
};

static void each(struct maar__mring *m, void *arg)
{
	struct order *o = arg;
	struct maar_mring_stats stats;
	int rc;

	if (o->leaks &&
	    (!(m->tracking & MAAR_TRACK_AT_EXIT) || maar_mring_stats(&m->front, &stats) || stats.in_use == 0))
		return;
	rc = maar_mring_report(&m->front, o->to, o->flags);
	if (rc && !o->rc)
		o->rc = rc;
}

int maar_track_report(FILE *to, unsigned flags)
{
	struct order o = { .to = to, .flags = flags };

	if (!to || flags > MAAR_REPORT_JSON)
		return -EINVAL;
	maar__registry_each_locked(each, &o);
	return o.rc;
}

/* As the environment wants it: where to, in what form. */
static void open_order(struct order *o)
{
	static const char *const formats[] = { "text", "json" };
	const char *path = maar__option(MAAR__OPTION_TO);

	o->flags = maar__option_choice(MAAR__OPTION_FORMAT, formats, 2, 0) ? MAAR_REPORT_JSON : MAAR_REPORT_TEXT;
	o->to = path ? fopen(path, "ae") : stderr;
	if (!o->to) {
		fprintf(stderr, "maar: MAAR_OPTIONS: to=%s: %s\n", path, strerror(errno));
		o->to = stderr;
	}
}

static void close_order(const struct order *o)
{
	if (o->to == stderr)
		fflush(stderr);
	else
		fclose(o->to);
}

void maar__report_at_destroy(const struct maar__mring *m)
{
	struct order o;

	open_order(&o);
	(void)maar_mring_report(&m->front, o.to, o.flags);
	close_order(&o);
}

static void at_exit(void)
{
	struct order o = { .leaks = true };

	open_order(&o);
	maar__registry_each_locked(each, &o);
	close_order(&o);
}

int maar__report_at_exit(void)
{
	static uint32_t done;

	if (!maar_a_cas(&done, 0, 1, RELAXED))
		return 0;
	if (!maar__fault(MAAR__FAULT_ALLOC) && !atexit(at_exit))
		return 0;
	maar_a_store(&done, 0, RELAXED);
	return -ENOMEM;
}
