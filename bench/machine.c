/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * On what was measured: the machine, the compiler and its flags, the version. A figure without them says nothing.
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <maar.h>

#include "bench/build-info.h" /* generated: BENCH_COMPILER, BENCH_CFLAGS, BENCH_COMMIT */

#ifdef __OPTIMIZE__
#define OPTIMIZED 1
#else
#define OPTIMIZED 0
#endif

/* First line of a file without its newline, or "unknown". */
static void first_line(const char *path, char *line, size_t bytes)
{
	FILE *f = fopen(path, "r");

	if (!f || !fgets(line, (int)bytes, f))
		snprintf(line, bytes, "unknown");
	if (f)
		fclose(f);
	line[strcspn(line, "\n")] = '\0';
}

/* "model name" of x86; other architectures call it otherwise, or leave it out. */
static void cpu_model(char *model, size_t bytes)
{
	static const char *const keys[] = { "model name", "Model", "cpu model", "uarch", "CPU part", "processor 0" };
	char line[512];
	size_t k;
	FILE *f;

	snprintf(model, bytes, "unknown");
	for (k = 0; k < sizeof(keys) / sizeof(*keys); k++) {
		f = fopen("/proc/cpuinfo", "r");
		while (f && fgets(line, sizeof(line), f)) {
			char *value = strchr(line, ':');

			if (!value || strncmp(line, keys[k], strlen(keys[k])))
				continue;
			value += 1 + strspn(value + 1, " \t");
			value[strcspn(value, "\n")] = '\0';
			snprintf(model, bytes, "%.200s", value);
			fclose(f);
			return;
		}
		if (f)
			fclose(f);
	}
}

/* Which processors the system takes for hyperthreads of the core of the first one used. */
static void siblings(const struct bench_options *o, char *list, size_t bytes)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", o->cpus[0]);
	first_line(path, list, bytes);
}

json_t *bench_machine_json(const struct bench_options *o)
{
	char model[256], governor[64], when[32], core[128];
	struct utsname u;
	double load = -1;
	time_t now = time(NULL);
	struct tm utc;

	cpu_model(model, sizeof(model));
	first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", governor, sizeof(governor));
	siblings(o, core, sizeof(core));
	if (uname(&u))
		memset(&u, 0, sizeof(u));
	if (getloadavg(&load, 1) != 1)
		load = -1;
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
	return json_pack("{s:s, s:i, s:i, s:s, s:s, s:s, s:s, s:f, s:s, s:s, s:f}", "cpu", model, "cpus",
			 (int)sysconf(_SC_NPROCESSORS_ONLN), "cpus_used", (int)o->n_cpus, "architecture", u.machine,
			 "kernel", u.release, "system", u.sysname, "governor", governor, "load_at_start", load, "time",
			 when, "thread_siblings", core, "distance_ns", bench_probe(o));
}

json_t *bench_build_json(void)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "maar", maar_version(), "commit", BENCH_COMMIT, "compiler",
			 BENCH_COMPILER " " __VERSION__, "cflags", BENCH_CFLAGS, "cxxflags", BENCH_CXXFLAGS,
			 "optimized", OPTIMIZED);
}

/* Now, and how it decides what is measured. */
static void print_distance(const struct bench_options *o, double ns, const char *core)
{
	printf("distance  ");
	if (ns > 0)
		printf("processors %d and %d are %.0f ns apart now, there and back (near: below %d);", o->cpus[0],
		       o->cpus[1], ns, BENCH_NEAR_NS);
	else
		printf("not known how far apart the processors are;");
	printf(" on the core of %d, says the system: %s\n", o->cpus[0], core);
	printf("          between threads, runs count that are %s\n",
	       o->distance == BENCH_WISH_ANY	? "near or far, all of them"
	       : o->distance == BENCH_WISH_MOST ? "near, or far: whichever there are enough of first"
						: bench_wish_name(o->distance));
}

void bench_machine_print(const struct bench_options *o)
{
	json_t *m = bench_machine_json(o), *b = bench_build_json();
	const char *const unknown = "unknown";
#define TEXT(object, key) (json_string_value(json_object_get(object, key)) ?: unknown)

	printf("machine   %s, %lld of %lld processors, %s %s, governor %s, load %.2f\n", TEXT(m, "cpu"),
	       (long long)json_integer_value(json_object_get(m, "cpus_used")),
	       (long long)json_integer_value(json_object_get(m, "cpus")), TEXT(m, "system"), TEXT(m, "kernel"),
	       TEXT(m, "governor"), json_number_value(json_object_get(m, "load_at_start")));
	printf("build     maar %s (%s), %s, %s\n", TEXT(b, "maar"), TEXT(b, "commit"), TEXT(b, "compiler"),
	       TEXT(b, "cflags"));
	print_distance(o, json_number_value(json_object_get(m, "distance_ns")), TEXT(m, "thread_siblings"));
	if (!OPTIMIZED)
		printf("note      compiled without optimization: the figures mean nothing\n");
#undef TEXT
	json_decref(m);
	json_decref(b);
}
