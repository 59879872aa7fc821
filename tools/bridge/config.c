/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Options of a job: on the command line, and under the same names in the configuration file.
 */
#include "bridge.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)

enum kind { TEXT, SECONDS, NUMBER, FLAG };

/* One name for both; what is said at the top of the file holds for all its queues. */
struct setting {
	const char *name;
	int key;
	enum kind kind;
	size_t at; /* in struct config */
	const char *arg, *help;
	uint64_t least, most; /* SECONDS: in ns */
};

#define AT(field) offsetof(struct config, field)
static const struct setting settings[] = {
	{ "url", 'u', TEXT, AT(url), "URL",
	  "The server, nats://HOST:PORT or tls://HOST:PORT; or several, with commas between", 0, 0 },
	{ "host", 'H', TEXT, AT(host), "NAME", "This host's name in subjects (default: the system's)", 0, 0 },
	{ "credentials", 'C', TEXT, AT(credentials), "FILE", "A user's JWT and seed", 0, 0 },
	{ "user", 'U', TEXT, AT(user), "NAME", "User, with password", 0, 0 },
	{ "password", 'P', TEXT, AT(password), "WORD",
	  "Password; better in a configuration file that others cannot read", 0, 0 },
	{ "token", 'T', TEXT, AT(token), "WORD", "Token; the same", 0, 0 },
	{ "tls", 's', FLAG, AT(tls), NULL, "TLS, or no link", 0, 0 },
	{ "tls-ca", 1, TEXT, AT(tls_ca), "FILE", "Certificates of those who sign servers' (default: the system's)", 0,
	  0 },
	{ "tls-cert", 2, TEXT, AT(tls_cert), "FILE", "This client's certificate", 0, 0 },
	{ "tls-key", 3, TEXT, AT(tls_key), "FILE", "Its key", 0, 0 },
	{ "tls-host", 4, TEXT, AT(tls_host), "NAME", "The name that the server's certificate must have", 0, 0 },
	{ "window", 'w', NUMBER, AT(window), "N", "Messages in hand, not acknowledged, at most (default: 1024)", 1,
	  65536 },
	{ "answer", 'a', SECONDS, AT(answer_ns), "SECONDS",
	  "After so long without an answer a message is looked for, and sent again (default: 5)", SECOND / 10,
	  3600 * SECOND },
	{ "state", 'S', TEXT, AT(state), "DIR", "Marks are kept there (default: beside the queues)", 0, 0 },
	{ "create", 'c', FLAG, AT(create), NULL, "Make the queue if there is none: 256 slots of 1024 bytes", 0, 0 },
	{ "consumer", 'n', TEXT, AT(consumer), "NAME",
	  "Import: the consumer; hosts that use the same share the messages (default: maar-HOST)", 0, 0 },
	{ "from", 'f', TEXT, AT(from), "HOST", "Import: only what this host has exported", 0, 0 },
	{ "ack-wait", 'A', SECONDS, AT(ack_wait_ns), "SECONDS",
	  "New consumer: what is not acknowledged for so long comes again (default: 10)", SECOND / 10, 3600 * SECOND },
	{ "dedup-window", 'D', SECONDS, AT(dedup_ns), "SECONDS",
	  "New stream: the server remembers identities so long (default: 600)", SECOND / 10, 86400 * SECOND },
	{ "replicas", 'R', NUMBER, AT(replicas), "N", "New stream: on so many servers (default: 1)", 1, 5 },
	{ "most-messages", 'm', NUMBER, AT(most_messages), "N", "New stream: full with so many (default: no limit)", 1,
	  INT64_MAX },
	{ "most-bytes", 'M', NUMBER, AT(most_bytes), "N", "New stream: full with so many (default: no limit)", 1,
	  INT64_MAX },
	{ "memory", 'V', FLAG, AT(memory), NULL, "New stream: in memory, not in files", 0, 0 },
	{ "keep", 'k', FLAG, AT(keep), NULL,
	  "New stream: what is acknowledged stays, for other consumers, until it is full", 0, 0 },
};
#define N_SETTINGS (sizeof(settings) / sizeof(settings[0]))

static char **text_of(const struct config *c, const struct setting *o)
{
	return (char **)((uintptr_t)c + o->at);
}

static uint64_t *number_of(const struct config *c, const struct setting *o)
{
	return (uint64_t *)((uintptr_t)c + o->at);
}

static bool *flag_of(const struct config *c, const struct setting *o)
{
	return (bool *)((uintptr_t)c + o->at);
}

/* ---- one ---- */

void config_begin(struct config *c)
{
	memset(c, 0, sizeof(*c));
	c->dedup_ns = 600 * SECOND;
	c->ack_wait_ns = 10 * SECOND;
	c->answer_ns = 5 * SECOND;
	c->replicas = 1;
	c->window = 1024;
}

void config_end(struct config *c)
{
	size_t i;

	for (i = 0; i < N_SETTINGS; i++)
		if (settings[i].kind == TEXT)
			free(*text_of(c, &settings[i]));
	free(c->queue);
	memset(c, 0, sizeof(*c));
}

static bool set_text(char **to, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return false;
	free(*to);
	*to = copy;
	return true;
}

bool config_copy(struct config *to, const struct config *from)
{
	bool good = true;
	size_t i;

	*to = *from;
	to->queue = from->queue ? strdup(from->queue) : NULL;
	good = !from->queue || to->queue;
	for (i = 0; i < N_SETTINGS; i++) {
		if (settings[i].kind != TEXT || !*text_of(from, &settings[i]))
			continue;
		*text_of(to, &settings[i]) = strdup(*text_of(from, &settings[i]));
		good = good && *text_of(to, &settings[i]);
	}
	if (!good)
		config_end(to);
	return good;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool config_same(const struct config *a, const struct config *b)
{
	bool same = same_text(a->queue, b->queue) && a->exports == b->exports && a->patient == b->patient;
	size_t i;

	for (i = 0; same && i < N_SETTINGS; i++) {
		const struct setting *const o = &settings[i];

		if (o->kind == TEXT)
			same = same_text(*text_of(a, o), *text_of(b, o));
		else if (o->kind == FLAG)
			same = *flag_of(a, o) == *flag_of(b, o);
		else
			same = *number_of(a, o) == *number_of(b, o);
	}
	return same;
}

bool config_check(struct config *c, char why[ENGINE_WHY])
{
	char name[256];

	why[0] = 0;
	if (!c->queue || !mapping_name_ok(c->queue))
		(void)snprintf(why, ENGINE_WHY, "%s: no name of a queue: 1 to %d of A-Z a-z 0-9 . _ -, no dot first",
			       c->queue ? c->queue : "(none)", MAPPING_NAME);
	else if (!c->url)
		(void)snprintf(why, ENGINE_WHY, "%s: no url", c->queue);
	else if (!engine_for(c->url))
		(void)snprintf(why, ENGINE_WHY, "%s: %s: no engine for such a URL (nats://, tls://)", c->queue, c->url);
	else if (!c->host && gethostname(name, sizeof(name)) == 0 && !set_text(&c->host, name))
		(void)snprintf(why, ENGINE_WHY, "%s", strerror(ENOMEM));
	else if (!mapping_name_ok(c->host))
		(void)snprintf(why, ENGINE_WHY, "%s: host %s: no name that a subject can hold: say --host", c->queue,
			       c->host ? c->host : "(none)");
	else if (c->from && !mapping_name_ok(c->from))
		(void)snprintf(why, ENGINE_WHY, "%s: from %s: no name of a host", c->queue, c->from);
	else if (c->consumer && (!mapping_name_ok(c->consumer) || strchr(c->consumer, '.')))
		(void)snprintf(why, ENGINE_WHY, "%s: consumer %s: 1 to %d of A-Z a-z 0-9 _ - are wanted", c->queue,
			       c->consumer, MAPPING_NAME);
	else if (c->state && *c->state != '/')
		(void)snprintf(why, ENGINE_WHY, "%s: state %s: an absolute path is wanted", c->queue, c->state);
	else if (!c->tls_cert != !c->tls_key)
		(void)snprintf(why, ENGINE_WHY, "%s: tls-cert and tls-key go together", c->queue);
	else if (c->password && !c->user)
		(void)snprintf(why, ENGINE_WHY, "%s: a password, and no user", c->queue);
	else if (c->exports && (c->from || c->consumer))
		(void)snprintf(why, ENGINE_WHY, "%s: from and consumer are an import's", c->queue);
	return !why[0];
}

/* ---- the command line ---- */

static bool seconds_ok(const struct setting *o, double seconds, uint64_t *ns)
{
	if (!(seconds > 0) || seconds > 1e9)
		return false;
	*ns = (uint64_t)(seconds * 1e9);
	return *ns >= o->least && *ns <= o->most;
}

static bool number_ok(const struct setting *o, const char *text, uint64_t *n)
{
	char *end;

	errno = 0;
	*n = strtoull(text, &end, 10);
	return end != text && !*end && !errno && *text != '-' && *n >= o->least && *n <= o->most;
}

static void parse_option(const struct setting *o, const char *arg, struct argp_state *state)
{
	struct config *const c = state->input;
	char *end;

	switch (o->kind) {
	case TEXT:
		if (!set_text(text_of(c, o), arg))
			argp_failure(state, STATUS_WRONG, ENOMEM, "%s", o->name);
		return;
	case FLAG:
		*flag_of(c, o) = true;
		return;
	case SECONDS: {
		const double seconds = strtod(arg, &end);

		if (end == arg || *end || !seconds_ok(o, seconds, number_of(c, o)))
			argp_error(state, "--%s: %s: a time in seconds is wanted, %g to %g", o->name, arg,
				   (double)o->least / 1e9, (double)o->most / 1e9);
		return;
	}
	case NUMBER:
		if (!number_ok(o, arg, number_of(c, o)))
			argp_error(state, "--%s: %s: a number is wanted, %" PRIu64 " to %" PRIu64, o->name, arg,
				   o->least, o->most);
		return;
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct config *const c = state->input;
	size_t i;

	for (i = 0; i < N_SETTINGS; i++)
		if (key == settings[i].key) {
			parse_option(&settings[i], arg, state);
			return 0;
		}
	switch (key) {
	case ARGP_KEY_INIT:
		return 0;
	case ARGP_KEY_ARG:
		if (c->queue)
			argp_usage(state);
		if (!set_text(&c->queue, arg))
			argp_failure(state, STATUS_WRONG, ENOMEM, "%s", arg);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_usage(state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static struct argp_option shown[N_SETTINGS + 1];
const struct argp config_argp = { shown, parse, "QUEUE", NULL, NULL, NULL, NULL };

/* argp's table is made of the one above. */
__attribute__((constructor)) static void fill_shown(void)
{
	size_t i;

	for (i = 0; i < N_SETTINGS; i++)
		shown[i] = (struct argp_option){ settings[i].name, settings[i].key,
						 settings[i].arg,  0,
						 settings[i].help, 0 };
}

/* ---- the file ---- */

static bool from_json(struct config *c, const char *name, const json_t *value, char why[ENGINE_WHY])
{
	const struct setting *o = settings;
	char text[32];
	bool good = false;

	while (o < settings + N_SETTINGS && strcmp(o->name, name) != 0)
		o++;
	if (o == settings + N_SETTINGS) {
		(void)snprintf(why, ENGINE_WHY, "\"%.60s\": no such option", name);
		return false;
	}
	switch (o->kind) {
	case TEXT:
		good = json_is_string(value) && set_text(text_of(c, o), json_string_value(value));
		break;
	case FLAG:
		good = json_is_boolean(value);
		*flag_of(c, o) = json_is_true(value);
		break;
	case SECONDS:
		good = json_is_number(value) && seconds_ok(o, json_number_value(value), number_of(c, o));
		break;
	case NUMBER:
		(void)snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		good = json_is_integer(value) && number_ok(o, text, number_of(c, o));
		break;
	}
	if (!good)
		(void)snprintf(why, ENGINE_WHY, "\"%s\": that is no value of it", name);
	return good;
}

static bool read_queue(struct config *c, const json_t *about, char why[ENGINE_WHY])
{
	const char *name;
	json_t *value;
	bool direction = false;

	if (!json_is_object(about)) {
		(void)snprintf(why, ENGINE_WHY, "\"queues\": a list of objects is wanted");
		return false;
	}
	json_object_foreach((json_t *)(uintptr_t)about, name, value)
	{
		const char *const text = json_string_value(value);

		if (strcmp(name, "export") == 0 || strcmp(name, "import") == 0) {
			if (!text || direction || !set_text(&c->queue, text)) {
				(void)snprintf(why, ENGINE_WHY, "\"%s\": one queue's name is wanted", name);
				return false;
			}
			direction = true;
			c->exports = *name == 'e';
		} else if (!from_json(c, name, value, why)) {
			return false;
		}
	}
	if (!direction) {
		(void)snprintf(why, ENGINE_WHY, "a queue that has neither \"export\" nor \"import\"");
		return false;
	}
	c->patient = true;
	return config_check(c, why);
}

static bool read_top(struct config *all, const json_t *root, char why[ENGINE_WHY])
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)root, name,
			    value) if (strcmp(name, "queues") != 0 && !from_json(all, name, value, why)) return false;
	if (!json_array_size(json_object_get(root, "queues"))) {
		(void)snprintf(why, ENGINE_WHY, "\"queues\": a list of objects is wanted");
		return false;
	}
	return true;
}

static bool is_twice(const struct configs *all)
{
	const struct config *const last = &all->config[all->n - 1];
	size_t i;

	for (i = 0; i + 1 < all->n; i++)
		if (strcmp(all->config[i].queue, last->queue) == 0 && all->config[i].exports == last->exports)
			return true;
	return false;
}

static int read_all(struct configs *all, const struct config *top, const json_t *queues, char why[ENGINE_WHY])
{
	const json_t *about;
	size_t i;

	all->config = calloc(json_array_size(queues), sizeof(*all->config));
	if (!all->config)
		return -ENOMEM;
	json_array_foreach(queues, i, about)
	{
		if (!config_copy(&all->config[i], top))
			return -ENOMEM;
		all->n++;
		if (!read_queue(&all->config[i], about, why))
			return -EINVAL;
		if (is_twice(all)) {
			(void)snprintf(why, ENGINE_WHY, "%s: stands there twice", all->config[i].queue);
			return -EINVAL;
		}
	}
	return 0;
}

int configs_read(struct configs *all, const char *path, char why[ENGINE_WHY])
{
	json_error_t error;
	struct config top;
	json_t *root;
	int rc = -EINVAL;

	memset(all, 0, sizeof(*all));
	why[0] = 0;
	root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (!root) {
		(void)snprintf(why, ENGINE_WHY, "%.180s (line %d)", error.text, error.line);
		return -EINVAL;
	}
	config_begin(&top);
	if (!json_is_object(root))
		(void)snprintf(why, ENGINE_WHY, "an object is wanted");
	else if (read_top(&top, root, why))
		rc = read_all(all, &top, json_object_get(root, "queues"), why);
	if (rc == -ENOMEM)
		(void)snprintf(why, ENGINE_WHY, "%s", strerror(ENOMEM));
	config_end(&top);
	json_decref(root);
	return rc;
}

void configs_end(struct configs *all)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		config_end(&all->config[i]);
	free(all->config);
	memset(all, 0, sizeof(*all));
}

/* ---- a dry run ---- */

static json_t *to_json(const struct config *c, const char *url, const char *subject, const char *stream,
		       const char *problem)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:s}", "queue", c->queue, "direction",
			 c->exports ? "export" : "import", "engine", engine_for(c->url)->name, "url", url, "subject",
			 subject, "stream", stream, "window", (json_int_t)c->window, "problem", problem ? problem : "");
}

/* What would keep it from working, of what can be seen without a server and without being a participant. */
static const char *problem_of(const struct config *c)
{
	const void *mem;
	size_t bytes;
	const int rc = maar_ipc_view(c->queue, &mem, &bytes);

	if (rc == 0)
		maar_ipc_unview(mem, bytes);
	if (rc == -ENOENT)
		return c->create ? NULL : "there is no such queue";
	return rc ? strerror(-rc) : NULL;
}

int config_show(const struct config *config, size_t n, bool json)
{
	json_t *list = json ? json_array() : NULL;
	int status = STATUS_OK;
	size_t i;

	for (i = 0; i < n; i++) {
		const struct config *const c = &config[i];
		const char *const problem = problem_of(c);
		char subject[MAPPING_SUBJECT], stream[MAPPING_SUBJECT], url[512];

		mapping_url_shown(url, sizeof(url), c->url);
		(void)mapping_subject(subject, c->exports ? c->host : c->from, c->queue);
		(void)mapping_stream(stream, c->queue);
		if (problem)
			status = STATUS_WRONG;
		if (json && json_array_append_new(list, to_json(c, url, subject, stream, problem)))
			status = STATUS_WRONG;
		if (!json)
			printf("%s %s %s subject %s, stream %s, %s at %s%s%s\n", c->exports ? "export" : "import",
			       c->queue, c->exports ? "to" : "from", subject, stream, engine_for(c->url)->name, url,
			       problem ? ": " : "", problem ? problem : "");
	}
	if (json && print_json(json_pack("{s:o}", "jobs", list)) != STATUS_OK)
		return STATUS_WRONG;
	return status;
}
