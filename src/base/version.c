/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Which maar a program runs on, in distinction from the one whose headers it was compiled with (<maar/version.h>).
 */
#include <maar/version.h>

const char *maar_version(void)
{
	return MAAR_VERSION;
}
