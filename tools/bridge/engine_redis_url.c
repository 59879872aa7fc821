/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * URLs of Redis servers: redis://[USER[:PASSWORD]@]HOST[:PORT][/DB], unix://[USER[:PASSWORD]@]/PATH[?db=DB]; several
 * with commas between. What is before the @ may have %XX.
 */
#include "engine_redis.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_PORT 6379

static bool wrong(char why[ENGINE_WHY], const char *what, const char *url)
{
	(void)snprintf(why, ENGINE_WHY, "%s: %.128s", what, url);
	return false;
}

/* In place; false: a % without two digits, or %00. */
static bool unescape(char *text)
{
	char *to = text, digits[3] = "";

	for (; *text; text++) {
		if (*text == '%') {
			if (!isxdigit((unsigned char)text[1]) || !isxdigit((unsigned char)text[2]))
				return false;
			memcpy(digits, text + 1, 2);
			*to = (char)strtoul(digits, NULL, 16);
			if (!*to++)
				return false;
			text += 2;
		} else {
			*to++ = *text;
		}
	}
	*to = 0;
	return true;
}

static bool number(const char *text, long most, int *to)
{
	char *end;
	long n;

	if (!isdigit((unsigned char)*text))
		return false;
	n = strtol(text, &end, 10);
	*to = (int)n;
	return !*end && n <= most;
}

/* USER:PASSWORD, in place. */
static bool take_user(struct redis_server *s, char *text)
{
	char *const colon = strchr(text, ':');

	if (colon) {
		*colon = 0;
		s->password = strdup(colon + 1);
		if (!s->password || !unescape(s->password))
			return false;
	}
	s->user = strdup(text);
	return s->user && unescape(s->user);
}

static bool take_path(struct redis_server *s, char *text)
{
	char *const query = strchr(text, '?');

	if (query) {
		*query = 0;
		if (strncmp(query + 1, "db=", 3) != 0 || !number(query + 4, 1 << 20, &s->db))
			return false;
	}
	s->host = strdup(text);
	return s->host && *text == '/';
}

static bool take_host(struct redis_server *s, char *text)
{
	char *const slash = strchr(text, '/'), *colon;

	if (slash) {
		*slash = 0;
		if (slash[1] && !number(slash + 1, 1 << 20, &s->db))
			return false;
	}
	if (*text == '[') { /* IPv6 */
		char *const end = strchr(text, ']');

		if (!end || (end[1] && end[1] != ':'))
			return false;
		*end = 0;
		text++;
		colon = end[1] ? end + 1 : NULL;
	} else {
		colon = strchr(text, ':');
	}
	s->port = DEFAULT_PORT;
	if (colon) {
		*colon = 0;
		if (!number(colon + 1, 65535, &s->port) || !s->port)
			return false;
	}
	s->host = strdup(text);
	return s->host && *text;
}

static bool take_url(struct redis_server *s, char *url, char why[ENGINE_WHY])
{
	char *const text = strstr(url, "://"), *rest, *at;
	bool path;

	if (strncmp(url, "rediss:", 7) == 0)
		return wrong(why, "libhiredis of this build knows no TLS: go through a tunnel (stunnel4)", url);
	path = strncmp(url, "unix://", 7) == 0;
	if (!text || (!path && strncmp(url, "redis://", 8) != 0))
		return wrong(why, "no URL of a Redis server", url);
	rest = text + 3;
	at = path && *rest == '/' ? NULL : strchr(rest, '@');
	if (at) {
		*at = 0;
		if (!take_user(s, rest))
			return wrong(why, "no user and password", url);
		rest = at + 1;
	}
	if (!(path ? take_path(s, rest) : take_host(s, rest)))
		return wrong(why, path ? "no path of a socket" : "no host, port and number of a database", rest);
	return true;
}

bool redis_urls(struct redis_servers *servers, const char *urls, char why[ENGINE_WHY])
{
	char *const copy = strdup(urls), *rest = NULL, *url;
	bool good = true;

	servers->n = 0;
	servers->server = calloc(strlen(urls) / 8 + 1, sizeof(*servers->server));
	if (!copy || !servers->server) {
		free(copy);
		return wrong(why, "no memory", "");
	}
	for (url = strtok_r(copy, ",", &rest); url && good; url = strtok_r(NULL, ",", &rest))
		good = take_url(&servers->server[servers->n++], url, why);
	free(copy);
	return good && (servers->n || wrong(why, "no URL", urls));
}

void redis_urls_free(struct redis_servers *servers)
{
	size_t i;

	for (i = 0; i < servers->n; i++) {
		free(servers->server[i].host);
		free(servers->server[i].user);
		free(servers->server[i].password);
	}
	free(servers->server);
	servers->server = NULL;
	servers->n = 0;
}
