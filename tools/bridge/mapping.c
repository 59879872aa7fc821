/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Names and identities as they stand on the wire.
 */
#include "mapping.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool mapping_name_ok(const char *name)
{
	size_t n;

	if (!name || !*name || *name == '.')
		return false;
	for (n = 0; name[n]; n++)
		if (n == MAPPING_NAME || (!is_plain(name[n]) && name[n] != '.'))
			return false;
	return true;
}

bool mapping_encode(char to[MAPPING_ROOM], const char *name)
{
	size_t n;

	to[0] = 0;
	if (!mapping_name_ok(name))
		return false;
	for (n = 0; name[n]; n++)
		to[n] = (char)(name[n] == '.' ? '=' : name[n]);
	to[n] = 0;
	return true;
}

bool mapping_decode(char to[MAPPING_ROOM], const char *text)
{
	const size_t bytes = strlen(text);
	size_t n;

	to[0] = 0;
	if (bytes > MAPPING_NAME || strchr(text, '.'))
		return false;
	for (n = 0; n < bytes; n++)
		to[n] = (char)(text[n] == '=' ? '.' : text[n]);
	to[n] = 0;
	if (mapping_name_ok(to))
		return true;
	to[0] = 0;
	return false;
}

bool mapping_subject(char to[MAPPING_SUBJECT], const char *host, const char *queue)
{
	char h[MAPPING_ROOM] = "*", q[MAPPING_ROOM];

	to[0] = 0;
	if ((host && !mapping_encode(h, host)) || !mapping_encode(q, queue))
		return false;
	(void)snprintf(to, MAPPING_SUBJECT, "maar.%s.%s", h, q);
	return true;
}

bool mapping_stream(char to[MAPPING_SUBJECT], const char *queue)
{
	char q[MAPPING_ROOM];

	to[0] = 0;
	if (!mapping_encode(q, queue))
		return false;
	(void)snprintf(to, MAPPING_SUBJECT, "MAAR_%s", q);
	return true;
}

bool mapping_from_subject(const char *subject, char host[MAPPING_ROOM], char queue[MAPPING_ROOM])
{
	char h[MAPPING_ROOM];
	const char *dot;

	host[0] = queue[0] = 0;
	if (strncmp(subject, "maar.", 5) != 0)
		return false;
	subject += 5;
	dot = strchr(subject, '.');
	if (!dot || (size_t)(dot - subject) > MAPPING_NAME)
		return false;
	memcpy(h, subject, (size_t)(dot - subject));
	h[dot - subject] = 0;
	return mapping_decode(host, h) && mapping_decode(queue, dot + 1);
}

/* By hand, for each message has five: printf takes longer over them than the queue over the message. */
char *mapping_hex(char *to, uint64_t n)
{
	int shift;

	for (shift = 60; shift >= 0; shift -= 4)
		*to++ = "0123456789abcdef"[n >> shift & 15];
	*to = 0;
	return to;
}

static char *decimal(char *to, uint64_t n)
{
	char digits[20];
	unsigned k = 0;

	do {
		digits[k++] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	while (k)
		*to++ = digits[--k];
	*to = 0;
	return to;
}

void mapping_id_text(char to[MAPPING_ID], const struct engine_id *id)
{
	to = mapping_hex(mapping_hex(to, id->segment[0]), id->segment[1]);
	*to++ = '-';
	to = decimal(to, id->ring);
	*to++ = '-';
	(void)decimal(to, id->position);
}

/* A decimal number that ends at `end`; the text behind it, or NULL. */
static const char *number(const char *text, char end, uint64_t most, uint64_t *n)
{
	char *behind;

	if (!isdigit((unsigned char)*text))
		return NULL;
	errno = 0;
	*n = strtoull(text, &behind, 10);
	if (errno || *n > most || *behind != end)
		return NULL;
	return end ? behind + 1 : behind;
}

bool mapping_id_from(const char *text, struct engine_id *id)
{
	char digits[17];
	uint64_t ring;
	unsigned i;

	for (i = 0; i < 32; i++)
		if (!isdigit((unsigned char)text[i]) && !(text[i] >= 'a' && text[i] <= 'f'))
			return false;
	for (i = 0; i < 2; i++) {
		memcpy(digits, text + 16 * i, 16);
		digits[16] = 0;
		id->segment[i] = strtoull(digits, NULL, 16);
	}
	if (text[32] != '-')
		return false;
	text = number(text + 33, '-', UINT32_MAX, &ring);
	if (!text || !number(text, 0, UINT64_MAX, &id->position))
		return false;
	id->ring = (uint32_t)ring;
	return true;
}

void mapping_tags_text(char to[MAPPING_ID], const struct engine_message *m)
{
	to = decimal(to, m->sequence);
	*to++ = ' ';
	to = decimal(to, m->type);
	*to++ = ' ';
	to = decimal(to, m->priority);
	*to++ = ' ';
	(void)decimal(to, m->flags);
}

bool mapping_tags_from(const char *text, struct engine_message *m)
{
	uint64_t sequence = 0, type = 0, priority = 0, flags = 0;

	m->sequence = 0;
	m->type = m->priority = m->flags = 0;
	if (!text || !(text = number(text, ' ', UINT64_MAX, &sequence)) ||
	    !(text = number(text, ' ', UINT32_MAX, &type)) || !(text = number(text, ' ', UINT32_MAX, &priority)) ||
	    !number(text, 0, UINT32_MAX, &flags))
		return false;
	m->sequence = sequence;
	m->type = (uint32_t)type;
	m->priority = (uint32_t)priority;
	m->flags = (uint32_t)flags;
	return true;
}

void mapping_url_shown(char *to, size_t room, const char *url)
{
	size_t n = 0;

	while (*url && n + 4 < room) {
		const size_t scheme = strncmp(url, "://", 3) == 0 ? 3 : 1;
		const size_t host = scheme == 3 ? 3 + strcspn(url + 3, ",/") : 0;
		const char *at = url + host;

		memcpy(to + n, url, scheme);
		n += scheme;
		while (at > url + 3 && *at != '@')
			at--;
		url += scheme;
		if (scheme == 3 && *at == '@' && n + 2 < room) {
			to[n++] = '*';
			url = at;
		}
	}
	to[n] = 0;
}
