/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Names and identities as they stand on the wire. A queue's name is 1 to 64 of A-Z a-z 0-9 . _ - and does not begin with
 * a dot; in subjects and in names of streams a dot would part words, so it becomes "=", which no name can contain: the
 * one escape there is, and it is undone by its inverse. Hosts' names follow the same rule.
 *
 *     queue "jobs.fast" of host "a.example":  subject maar.a=example.jobs=fast, stream MAAR_jobs=fast
 */
#ifndef MAAR_BRIDGE_MAPPING_H
#define MAAR_BRIDGE_MAPPING_H

#include "engine.h"

#define MAPPING_NAME	64 /* bytes of a queue's or a host's name, at most */
#define MAPPING_ROOM	(MAPPING_NAME + 1)
#define MAPPING_SUBJECT (2 * MAPPING_NAME + 8)
#define MAPPING_ID	80 /* of an identity's text, with its end: 32 digits, and two numbers */

/* Whether it is a name of a queue or of a host. */
bool mapping_name_ok(const char *name);

/* The name with its dots escaped, and back: false, and nothing, if it is not one (decode: not what encode makes). */
bool mapping_encode(char to[MAPPING_ROOM], const char *name);
bool mapping_decode(char to[MAPPING_ROOM], const char *text);

/* maar.HOST.QUEUE; host NULL: of any ("*"). False: no names. */
bool mapping_subject(char to[MAPPING_SUBJECT], const char *host, const char *queue);
/* MAAR_QUEUE */
bool mapping_stream(char to[MAPPING_SUBJECT], const char *queue);
/* Which host and queue a subject is of. */
bool mapping_from_subject(const char *subject, char host[MAPPING_ROOM], char queue[MAPPING_ROOM]);

/* A number as 16 hexadecimal digits; where they end. */
char *mapping_hex(char *to, uint64_t n);

/* An identity as text: the segment's 128 bits in hexadecimal, the ring, the position: unchanged by redelivery. */
void mapping_id_text(char to[MAPPING_ID], const struct engine_id *id);
bool mapping_id_from(const char *text, struct engine_id *id);

/* The tags that go with a message: SEQUENCE TYPE PRIORITY FLAGS, decimal. Of another's message (NULL): zeros, and false. */
void mapping_tags_text(char to[MAPPING_ID], const struct engine_message *message);
bool mapping_tags_from(const char *text, struct engine_message *message);

/* A URL, or several, as they may be shown: of user and password, before an "@", only that they are there. */
void mapping_url_shown(char *to, size_t room, const char *url);

#endif
