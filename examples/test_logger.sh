#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# The logger loses nothing: every thread's lines are there once and in order, over all files; no file is larger than
# asked; and when the disk is full (a small tmpfs in a mount namespace of one's own, where that is allowed; and /dev/full)
# it goes on as soon as there is room. 300 s: enough for a machine that stalls.
set -eu
export LC_ALL=C

logger=$(cd "${builddir:-.}" && pwd)/examples/logger
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
status=0

# check PREFIX FILES LINES: what is in PREFIX.0 to PREFIX.FILES-1, each thread's lines 0 to LINES-1
check()
{
	i=0
	while [ "$i" -lt "$2" ]; do
		cat "$1.$i"
		i=$((i + 1))
	done | awk -v lines="$3" '
		$2 != "line" || $3 != next_of[$1]++ || NF != 3 { print "wrong line " NR ": " $0; bad = 1; exit }
		END {
			for (name in next_of) {
				names++
				if (next_of[name] != lines) {
					print name " wrote " next_of[name] " lines"
					bad = 1
				}
			}
			exit bad || names != 4
		}'
}

# ok WHAT: the command before it ended so
ok()
{
	if [ "$1" -eq 0 ]; then
		echo "ok: $2"
	else
		echo "FAILED: $2"
		status=1
	fi
}

rc=0
said=$(timeout 300 "$logger" "$tmp/log" 50000 never 5000) || rc=$?
ok "$rc" "runs: $said"
rc=0
check "$tmp/log" "${said%% *}" 5000 || rc=$?
[ "${said%% *}" -ge 5 ] || rc=1
[ -z "$(find "$tmp" -name 'log.*' -size +50000c)" ] || rc=1
ok "$rc" "nothing is lost over ${said%% *} files"

said=$(timeout 300 "$logger" "$tmp/synced" 100000000 batch 500) && check "$tmp/synced" 1 500 && rc=0 || rc=$?
ok "$rc" "nothing is lost with a sync for each batch"

# Controls: a line that is missing, one that is there twice.
sed 2000d "$tmp/synced.0" >"$tmp/less.0"
sed 1000p "$tmp/synced.0" >"$tmp/more.0"
if check "$tmp/less" 1 500 >/dev/null || check "$tmp/more" 1 500 >/dev/null; then
	ok 1 "controls: a missing or a doubled line is not noticed"
else
	ok 0 "controls"
fi

# A disk of 64 KiB for 70 KB and more, with room made after it was full; it is full when the logger stops writing.
cat >"$tmp/full.sh" <<'END'
mount -t tmpfs -o size=128k tmpfs "$2/disk" || exit 77
head -c 65536 /dev/zero >"$2/disk/ballast"
timeout 300 "$1" "$2/disk/log" 1000000 never 1500 >"$2/said" &
pid=$!
while [ ! -e "$2/disk/log.0" ] || [ "$(wc -c <"$2/disk/log.0")" -lt 57344 ]; do
	sleep 0.1
	kill -0 "$pid" || break
done
sleep 0.3 # so that it meets the error; if it has not, it is slow, and nothing is tested
rm "$2/disk/ballast"
wait "$pid" || exit 1
cp "$2/disk/log.0" "$2/full.0"
END
mkdir "$tmp/disk"
rc=0
timeout 300 unshare -rm sh "$tmp/full.sh" "$logger" "$tmp" 2>/dev/null || rc=$?
if [ "$rc" -eq 0 ]; then
	check "$tmp/full" 1 1500 || rc=$?
	ok "$rc" "nothing is lost on a full disk: $(cat "$tmp/said")"
else
	echo "# no mount namespace of one's own here: the full disk is left out"
fi

# /dev/full, in place of the file: it waits, and the threads wait for it; then the file is writable.
ln -s /dev/full "$tmp/dev.0"
timeout 300 "$logger" "$tmp/dev" 1000000 never 2000 >"$tmp/said" &
pid=$!
sleep 0.5
rc=0
kill -0 "$pid" || rc=1
kill "$pid" 2>/dev/null || :
wait "$pid" 2>/dev/null || :
ok "$rc" "waits while the disk is full"
exit "$status"
