#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# The small examples run, say what they should, and end well. 300 s: enough for a machine that stalls.
set -eu
export LC_ALL=C

dir=${builddir:-.}/examples
status=0

# expect PROGRAM TEXT
expect()
{
	rc=0
	said=$(timeout 300 "$dir/$1") || rc=$?
	if [ "$rc" -eq 0 ] && [ "$said" = "$2" ]; then
		echo "ok: $1"
	else
		echo "FAILED: $1 (status $rc) says:"
		echo "$said"
		status=1
	fi
}

expect hello 'received: hello from maar'
expect pipeline 'sum of 20000 squares: 2666866670000'
expect epoll_loop '10000 results in order, 10 rings of the bell'
# A queue has a name: in a directory of its own, so that another run beside this one does not mind.
MAAR_DIR=$(mktemp -d)
export MAAR_DIR
trap 'rm -rf "$MAAR_DIR"' EXIT
expect ipc_epoll '10001 messages, 1 of them again, 2 good-byes'
if [ -n "$(ls -A "$MAAR_DIR")" ]; then
	echo "FAILED: ipc_epoll leaves:"
	ls -A "$MAAR_DIR"
	status=1
fi
expect requests 'hello maar; 1000 served, no memory asked for since the first ten
a bad one: refused'
expect ipc_handed '"one": 1
"two words": 2
"evil": Connection reset by peer
"the next has three": 4
"": 0'
expect typed 'sum of digits: 13501'
expect object_pool 'a third of two: No buffer space available
request 1 wrote 10 bytes
put twice: Operation already in progress
one that cannot be opened: Invalid argument
destroyed while one is out: Device or resource busy
request 2 wrote 0 bytes'
exit "$status"
