#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# The tool: what each command says and returns, of sound queues, of garbage, of none. Wants $srcdir and $builddir.
set -eu
: "${srcdir:?} ${builddir:?}"

maar=$builddir/tools/maar/maar
work=$(mktemp -d "$builddir/tool.XXXXXX")
MAAR_DIR=/dev/shm/maar-tool-$$
export MAAR_DIR
receiver=
# shellcheck disable=SC2317 # the trap calls it
finish()
{
	[ -z "$receiver" ] || kill -9 "$receiver" 2>/dev/null || :
	rm -rf "$work" "$MAAR_DIR"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

failed=0
wrong() { echo "$*"; failed=1; }
# is WHAT GOT WANTED
is() { [ "$2" = "$3" ] || wrong "$1: \"$2\" instead of \"$3\""; }
# says STATUS PATTERN COMMAND...: it ends so, and what it says (both outputs) has a line like that ('': never mind)
says()
{
	status=0
	wanted=$1 pattern=$2
	shift 2
	"$@" >"$work/said" 2>&1 </dev/null || status=$?
	[ "$status" -eq "$wanted" ] || wrong "$*: status $status instead of $wanted: $(cat "$work/said")"
	[ -z "$pattern" ] || grep -q -e "$pattern" "$work/said" || wrong "$*: no \"$pattern\" in: $(cat "$work/said")"
}
# Until a command succeeds; a stalled machine takes its time.
until_so() { i=0; until "$@" >/dev/null 2>&1; do i=$((i + 1)); [ "$i" -lt 3000 ] || { wrong "never: $*"; return; }; sleep 0.02; done; }

# ---- nothing there, wrong command lines ----
says 0 'is not there yet' "$maar" doctor
is 'ls of nothing' "$("$maar" ls)" ''
says 1 'cannot open' "$maar" recv -t 0 none
says 1 'Invalid argument' "$maar" send -c ../x
says 2 'Usage' "$maar"
says 2 'no such command' "$maar" frobnicate
says 2 'Usage: maar rm' "$maar" rm
says 2 'no time' "$maar" recv -t soon x
says 2 'no number' "$maar" recv -n -3 x
says 2 'absolute' "$maar" -d here ls
says 0 'Commands' "$maar" --help
says 0 '^maar [0-9]' "$maar" --version

# ---- pipelines ----
seq 1 50 | "$maar" send -c numbers || wrong 'send'
is 'received' "$("$maar" recv -n 50 numbers)" "$(seq 1 50)"
says 1 '' "$maar" recv -n 1 -t 0 numbers
printf 'last without newline' | "$maar" send numbers
is 'a last line' "$("$maar" recv -t 0 numbers)" 'last without newline'
printf '\003\000\000\000a\nb\000\000\000\000' >"$work/records"
"$maar" send -r numbers <"$work/records" || wrong 'send -r'
"$maar" recv -r -t 0 numbers | cmp - "$work/records" || wrong 'records'
status=0
printf '\003\000' | "$maar" send -r numbers 2>/dev/null || status=$?
is 'a record that ends too early' "$status" 1
status=0
head -c 5000 /dev/zero | tr '\0' x | "$maar" send numbers 2>"$work/said" || status=$?
is 'a line that is too long' "$status" 1
grep -q 'longer' "$work/said" || wrong 'a line that is too long: no word of it'
"$maar" recv numbers >"$work/got" &
receiver=$!
until_so sh -c "'$maar' ls -l | grep -q ' 1/64'"
is 'inspect' "$("$maar" inspect numbers | grep -c "process $receiver\$")" 1
says 1 'in use' "$maar" rm numbers
seq 1 10 | "$maar" send -e numbers
wait "$receiver" || wrong "recv ends with $? at the end of the queue"
receiver=
is 'until the end' "$(cat "$work/got")" "$(seq 1 10)"
says 1 'closed' sh -c "echo x | '$maar' send numbers"
says 0 '' "$maar" rm numbers

# ---- a receiver that is killed ----
echo one | "$maar" send -c jobs
"$maar" recv jobs >/dev/null &
receiver=$!
until_so sh -c "'$maar' ls -l | grep -q ' 1/64'"
kill -9 "$receiver"
wait "$receiver" 2>/dev/null || :
receiver=
is 'nobody is alive' "$("$maar" ls -l jobs | awk '$1 == "jobs" { print $4 }')" 0/64
says 0 'recovered' "$maar" recover jobs
says 0 '"recovered": 0' "$maar" --json recover jobs

# ---- what is seen ----
is 'names' "$("$maar" ls)" jobs
is 'by pattern' "$("$maar" ls 'x*')" ''
says 0 '"name": "jobs"' "$maar" --json ls
says 0 '"participants": \[\]' "$maar" --json inspect jobs
says 0 'nobody uses 1 of 1' "$maar" doctor
head -c 100000 /dev/urandom >"$MAAR_DIR/garbage"
head -c 100000 /dev/zero >"$MAAR_DIR/zeros"
mkfifo "$MAAR_DIR/fifo"
ln -s garbage "$MAAR_DIR/link"
chmod 0600 "$MAAR_DIR/garbage" "$MAAR_DIR/zeros"
echo x >"$MAAR_DIR/.make-$(printf 'a\033[2Jb')"
says 1 'garbage cannot be opened' "$maar" doctor
says 1 'fifo cannot be opened' "$maar" doctor
says 1 'rm --leftovers' "$maar" doctor
says 0 'left by a maker' "$maar" ls -l
grep -q "$(printf '\033')" "$work/said" && wrong 'ls writes control characters'
says 0 '"leftover": true' "$maar" --json ls
says 1 '"level": "wrong"' "$maar" --json doctor
says 1 'no queue' "$maar" inspect garbage
says 1 'no queue' "$maar" recv -t 0 zeros
says 0 '^1 removed' "$maar" rm --leftovers
says 0 '' "$maar" rm -f garbage zeros fifo link
says 1 'No such file' "$maar" rm garbage
chmod 0755 "$MAAR_DIR"
says 1 "chmod 0700 $MAAR_DIR" "$maar" doctor
says 1 'open to others' "$maar" ls
chmod 0700 "$MAAR_DIR"
says 1 'RLIMIT\|files may have' sh -c "ulimit -f 8; '$maar' doctor"
says 0 '' "$maar" rm jobs
is 'what is left' "$(ls -A "$MAAR_DIR")" ''
exit "$failed"
