/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * A library that "behave libraries" loads and unloads: it allocates when it comes, for each thread, and when it goes.
 */
#include <stdlib.h>
#include <string.h>

void *module_give(size_t bytes);
void module_take(void *block);

static char *mine;
static __thread char *of_thread;

static __attribute__((constructor)) void come(void)
{
	mine = malloc(1000);
	if (mine)
		memset(mine, 1, 1000);
}

static __attribute__((destructor)) void go(void)
{
	free(mine);
	free(of_thread);
	free(malloc(70000));
}

void *module_give(size_t bytes)
{
	if (!of_thread)
		of_thread = malloc(50);
	return malloc(bytes);
}

void module_take(void *block)
{
	free(block);
}
