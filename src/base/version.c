/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Which maar this is.
 */
#include <maar/version.h>

const char *maar_version(void)
{
	return MAAR_VERSION;
}
