/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The engines that there are, by the schemes of their URLs.
 */
#include "engine.h"

#include <string.h>

static const struct engine_class *const engines[] = { &engine_nats, &engine_redis };

const struct engine_class *engine_for(const char *url)
{
	const char *const end = strstr(url, "://");
	size_t i, k;

	for (i = 0; end && i < sizeof(engines) / sizeof(engines[0]); i++)
		for (k = 0; engines[i]->schemes[k]; k++)
			if (strlen(engines[i]->schemes[k]) == (size_t)(end - url) &&
			    strncmp(engines[i]->schemes[k], url, (size_t)(end - url)) == 0)
				return engines[i];
	return NULL;
}
