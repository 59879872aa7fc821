#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# make demo: exchange reads 256 MB of the installed system's own files, in several configurations, and accounts for
# each. Fails if one is not accounted for. Usage: demo.sh EXCHANGE
set -eu

exchange=$1
bytes=256M

set --
for dir in /usr/lib /usr/share /usr/bin /usr/include; do
	if [ -d "$dir" ]; then
		set -- "$@" "$dir"
	fi
done
echo "demo: threads exchange $bytes of $*, as pooled messages; every row must be accounted for"
exec "$exchange" --table --recursive --verify --limit="$bytes" --at-least="$bytes" "$@"
