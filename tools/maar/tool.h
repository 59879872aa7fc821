/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The tool `maar`: what its commands share.
 */
#ifndef MAAR_TOOL_H
#define MAAR_TOOL_H

#include <maar/ipc_names.h>

#include <argp.h>
#include <jansson.h>
#include <stdbool.h>

enum status {
	STATUS_OK = 0,
	STATUS_WRONG = 1, /* something is wrong, or not all was done; it said what */
	STATUS_USAGE = 2, /* the command line is wrong */
};

/* Options before the command. */
struct tool {
	bool json;
};

/* A command: runs with its own command line, its name first; returns the program's status. */
struct command {
	const char *name;
	int (*run)(const struct tool *tool, int argc, char **argv);
	const char *what;
};

int run_ls(const struct tool *tool, int argc, char **argv);
int run_inspect(const struct tool *tool, int argc, char **argv);
int run_top(const struct tool *tool, int argc, char **argv);
int run_bench(const struct tool *tool, int argc, char **argv);
int run_rm(const struct tool *tool, int argc, char **argv);
int run_recover(const struct tool *tool, int argc, char **argv);
int run_doctor(const struct tool *tool, int argc, char **argv);
int run_send(const struct tool *tool, int argc, char **argv);
int run_recv(const struct tool *tool, int argc, char **argv);

/* For commands that want one name and no more: `input` is a const char *. */
error_t parse_name(int key, char *arg, struct argp_state *state);

/* Numbers of options; what is none is said, and ends the program. In nanoseconds; from 1 on. */
int64_t parse_seconds(struct argp_state *state, const char *text);
uint64_t parse_number(struct argp_state *state, const char *text, const char *of);

/* Says on stderr what could not be done, and why: `error` is an errno, of either sign. STATUS_WRONG. */
int fail(const char *what, const char *about, int error);

/* What an error of a queue means, for people. */
const char *meaning(int error);

/* Writes a value and a newline to stdout, and ends it; STATUS_OK, or STATUS_WRONG: there was no memory, or no room. */
int print_json(json_t *value);

/* A name as it may be shown on a terminal: what is no printable ASCII becomes a question mark. In a buffer of its own. */
const char *shown(const char *name);

/* Bytes for people ("64.0 MiB"). In one of four buffers, by turns. */
const char *bytes_text(uint64_t bytes);

/* All names, sorted. */
struct entry {
	struct maar_ipc_entry about;
	char name[256];
};
struct entries {
	struct entry *entry;
	size_t n, room;
	bool no_memory;
};
/* 0 or -errno; free with entries_end in any case. */
int entries_read(struct entries *entries);
void entries_end(struct entries *entries);
json_t *entry_json(const struct entry *entry);

#endif
