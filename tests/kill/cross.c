/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The stop test on another processor, by hooks, without the test library: check-proof compiles everything, the ring's
 * sources included, with point.h ahead, and runs it under an emulator.
 */
#include "kill.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define OPERATIONS 1000 /* emulated: a tenth of what make check does */

static void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

/* One mode, or (mode < 0) the controls. */
static int run(bool kills, int mode)
{
	struct kill_run run = { .stepper = &kill_by_hooks, .operations = OPERATIONS, .kills = kills, .note = note };
	const char *why;

	run.stage = run.stepper->open(&why);
	if (mode < 0)
		kill_run_controls(&run);
	else
		kill_run_mode(&run, &kill_modes[mode]);
	if (!run.error[0])
		return 0;
	printf("WRONG: %s\n", run.error);
	return 1;
}

int main(void)
{
	int mode, wrong = 0;

	for (mode = -1; mode < kill_modes_count; mode++)
		wrong |= run(false, mode) | run(true, mode);
	return wrong;
}
