/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * exchange: threads exchange real bytes as pooled messages, and account for each. `exchange --help` teaches its use;
 * exchange.h has the map of its files.
 */
#include "exchange.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int run_once(const struct options *o, struct inputs *in)
{
	struct result r;
	bool good = false;

	if (exchange_run(o, in, &r) == 0) {
		if (o->verify)
			exchange_verify(o, in, &r);
		good = report_check(o, in, &r);
		if (!o->quiet)
			report_print(o, in, &r, good);
	}
	result_free(&r);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct options o;
	struct inputs in = { 0 };
	int rc;

	options_parse(&o, argc, argv);
	rc = inputs_list(&in, &o);
	if (rc == -ENODATA)
		fprintf(stderr, "exchange: --at-least: there is no file with anything in it to go round\n");
	else if (rc)
		fprintf(stderr, "exchange: cannot list the input: %s\n", strerror(-rc));
	else
		rc = o.table ? report_table(&o, &in) : run_once(&o, &in);
	inputs_free(&in);
	free(o.paths);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "exchange: cannot write the report: %s\n", strerror(errno));
		return EXIT_FAILURE;
	}
	return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}
