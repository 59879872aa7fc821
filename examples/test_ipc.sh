#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# The examples of queues between processes: two programs by name, in either order, one of several receivers killed; one in
# memory of its own; and a broadcast, one of whose readers is killed. 300 s each: enough for a machine that stalls.
set -eu
export LC_ALL=C
dir=${builddir:-.}/examples
work=$(mktemp -d "${builddir:-.}/ipc.XXXXXX")
MAAR_DIR=/dev/shm/maar-examples-$$
export MAAR_DIR
victim='' receiver=''
# shellcheck disable=SC2317 # the trap calls it
finish()
{
	for pid in $victim $receiver; do kill -9 "$pid" 2>/dev/null || :; done
	rm -rf "$work" "$MAAR_DIR"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

failed=0
# is WHAT GOT WANTED
is() { [ "$2" = "$3" ] || { echo "$1: \"$2\" instead of \"$3\""; failed=1; }; }

is 'own mapping' "$(timeout 300 "$dir/ipc_own_mapping")" '1000 jobs, 1000 done once'

is 'broadcast' "$(timeout 300 "$dir/ipc_broadcast" | sort)" 'recorded: 20000 of 20000
shown or missed: 20000 of 20000'

# the receiver first
timeout 300 "$dir/ipc_recv" squares 1000 >"$work/got" &
receiver=$!
is 'sent' "$(timeout 300 "$dir/ipc_send" squares 1 1000)" '1000 sent'
wait "$receiver" || { echo "ipc_recv ends with $?"; failed=1; }
receiver=''
is 'received' "$(cat "$work/got")" '1000 received, sum 500500, 0 once more'

# One that is stopped and then killed, wherever it is: what it had in hand comes to another. It had received some that it says
# nothing of any more, so those that come are the rest: no more than were sent, and none that was not.
"$dir/ipc_recv" squares 1000000 >/dev/null &
victim=$!
timeout 300 "$dir/ipc_send" squares 1 20000 >/dev/null
timeout 300 "$dir/ipc_send" squares 20001 100 >/dev/null &
sender=$!
kill -9 "$victim"
wait "$victim" 2>/dev/null || :
victim=''
wait "$sender" || { echo "ipc_send ends with $? when a receiver is killed"; failed=1; }
# the queue works as before: nothing is stuck, and a second receiver gets all that comes now
timeout 300 "$dir/ipc_send" squares 1 100 >/dev/null
timeout 300 "$dir/ipc_recv" squares 100 >"$work/got" || { echo "ipc_recv ends with $?"; failed=1; }
grep -q '^100 received' "$work/got" || { echo "after a kill: $(cat "$work/got")"; failed=1; }
exit "$failed"
