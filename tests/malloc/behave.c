/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * The program: which behaviours there are, and what they share.
 */
#include "behave.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void behave_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: not so: %s (errno %d)\n", file, line, what, errno);
	_exit(1);
}

unsigned behave_count(unsigned n)
{
	const char *text = getenv("MAAR_TEST_SCALE");
	const unsigned long percent = text ? strtoul(text, NULL, 10) : 100;
	const unsigned long scaled = n * percent / 100;

	return scaled ? (unsigned)scaled : 1;
}

/* The file that has malloc, without its directory. */
static const char *whose(void)
{
	Dl_info info;
	void *where = dlsym(RTLD_DEFAULT, "malloc");
	const char *slash;

	if (!where || !dladdr(where, &info))
		return "?";
	slash = strrchr(info.dli_fname, '/');
	return slash ? slash + 1 : info.dli_fname;
}

bool behave_is_maar(void)
{
	return !strncmp(whose(), "libmaar-malloc", 14);
}

uint32_t behave_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*state >> 33);
}

void behave_child_ended(int pid)
{
	int status = 0, i;

	for (i = 0; i < 120000; i++) {
		const pid_t got = waitpid(pid, &status, WNOHANG);

		if (got == pid)
			break;
		must(got == 0 || errno == EINTR);
		usleep(i < 1000 ? 100 : 1000);
	}
	if (i == 120000)
		behave_fail(__FILE__, __LINE__, "the child ends");
	must(WIFEXITED(status));
	must(WEXITSTATUS(status) == 0);
}

void behave_fill(void *block, size_t bytes, unsigned seed)
{
	unsigned char *at = block;
	size_t i;

	for (i = 0; i < bytes; i++)
		at[i] = (unsigned char)(seed * 31 + i * 7);
}

bool behave_filled(const void *block, size_t bytes, unsigned seed)
{
	const unsigned char *at = block;
	size_t i;

	for (i = 0; i < bytes; i++)
		if (at[i] != (unsigned char)(seed * 31 + i * 7))
			return false;
	return true;
}

void *behave_hide(void *block)
{
	__asm__ volatile("" : "+r"(block) : : "memory");
	return block;
}

int main(int argc, char **argv)
{
	static const struct behaviour *const tables[] = { behave_calls, behave_life, behave_limits, behave_signals };
	const char *wanted = getenv("MAAR_TEST_MALLOC");
	const struct behaviour *b;
	size_t i;

	if (wanted && strncmp(whose(), wanted, strlen(wanted)) != 0) {
		fprintf(stderr, "malloc is %s's, and not %s's\n", whose(), wanted);
		return 1;
	}
	for (i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		for (b = tables[i]; b->name; b++) {
			if (argc < 2 && b->name[0] != '.')
				puts(b->name);
			else if (argc < 2)
				continue;
			else if (!strcmp(argv[1], b->name)) {
				b->run();
				return 0;
			}
		}
	if (argc < 2)
		return 0;
	fprintf(stderr, "%s: no such behaviour\n", argv[1]);
	return 64;
}
