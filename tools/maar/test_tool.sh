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
receiver='' reader=''
# shellcheck disable=SC2317 # the trap calls it
finish()
{
	for pid in $receiver $reader; do kill -9 "$pid" 2>/dev/null || :; done
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

# ---- a broadcast: each gets all, the late have history, the lossy say what they missed ----
seq 1 300 | "$maar" send -b casts || wrong 'send -b'
is 'history' "$("$maar" recv -H -t 0 casts | tail -n 1)" 300
is 'nothing is taken' "$("$maar" recv -H -l -t 0 casts)" "$(seq 45 300)"
is 'no history' "$("$maar" recv -t 0 casts)" ''
"$maar" recv casts >"$work/got" &
receiver=$!
"$maar" recv -l casts >"$work/got2" &
reader=$!
until_so sh -c "'$maar' inspect casts | grep -q 'consumer; .*; reads lossless, 0 behind'"
until_so sh -c "'$maar' inspect casts | grep -q 'consumer; .*; reads lossy, 0 behind'"
says 0 '^casts: .*, broadcast' "$maar" inspect casts
says 0 '"reads": "lossless"' "$maar" --json inspect casts
says 0 '^casts .*broadcast, 0 behind' "$maar" top --once -i 0.05 casts
says 0 '"behind": 0' "$maar" --json top -n 1 -i 0.05 casts
seq 1 20 | "$maar" send -e casts || wrong 'send -e to a broadcast'
wait "$receiver" "$reader"
receiver='' reader=''
is 'each got all' "$(cat "$work/got" "$work/got2")" "$(seq 1 20; seq 1 20)"
"$maar" rm casts
seq 1 3 | "$maar" send -c plain
says 1 'Invalid argument' "$maar" recv -l plain
"$maar" rm plain

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
is 'inspect' "$("$maar" inspect numbers | grep -c "process $receiver  *alive, consumer; loans 0, taken 0\$")" 1
says 0 "\"pid\": $receiver" "$maar" --json inspect numbers
until_so sh -c "'$maar' inspect numbers | grep -q '^asleep  *consumers 1, producers 0'"
says 0 '^numbers  *0/256  *0  *0  *0  *1  *0  *0  *[0-9]* ' "$maar" top --once -i 0.1 'n*'
is 'not among them' "$("$maar" top --once -i 0.05 'x*' | grep -c .)" 1
says 0 '"empty_percent": 100.0' "$maar" --json top -n 1 -i 0.1
says 1 'in use' "$maar" rm numbers
seq 1 10 | "$maar" send -e numbers
wait "$receiver" || wrong "recv ends with $? at the end of the queue"
receiver=
is 'until the end' "$(cat "$work/got")" "$(seq 1 10)"
says 1 'closed' sh -c "echo x | '$maar' send numbers"
says 0 '' "$maar" rm numbers

# ---- a receiver that is stopped, and then killed, with a message in its hands ----
echo one | "$maar" send -c jobs
"$maar" recv jobs >/dev/null &
receiver=$!
until_so sh -c "'$maar' ls -l | grep -q ' 1/64'"
kill -9 "$receiver"
wait "$receiver" 2>/dev/null || :
is 'nobody is alive' "$("$maar" ls -l jobs | awk '$1 == "jobs" { print $4 }')" 0/64
says 0 "process $receiver  *DEAD" "$maar" inspect jobs
says 0 '^participants  *0 alive, 1 dead' "$maar" inspect jobs
says 0 '"dead": 1' "$maar" --json top --once -i 0.05
says 0 '^1 recovered' "$maar" recover jobs
says 0 '"recovered": 0' "$maar" --json recover jobs
says 0 '"dead": 0' "$maar" --json inspect jobs
"$maar" recv -t 0 jobs >/dev/null || wrong 'recv after recover'
# Nobody reads: the pipe fills, and the receiver waits with one message taken.
mkfifo "$work/pipe"
sh -c 'exec sleep 1000' <"$work/pipe" &
reader=$!
"$maar" recv jobs >"$work/pipe" &
receiver=$!
yes "$(printf '%01000d' 7)" | head -n 200 | "$maar" send jobs
until_so sh -c "'$maar' inspect jobs | grep -q 'process $receiver .*loans 0, taken 1'"
kill -STOP "$receiver"
says 0 "process $receiver  *alive" "$maar" inspect jobs
says 0 '^0 recovered' "$maar" recover jobs
queued=$("$maar" inspect jobs | sed -n 's/.* queued \([0-9]*\),.*/\1/p')
kill -9 "$receiver"
wait "$receiver" 2>/dev/null || :
receiver=
kill "$reader"
reader=
says 0 "DEAD, not recovered, consumer; loans 0, taken 1" "$maar" inspect jobs
says 0 '^1 recovered' "$maar" recover jobs
is 'again in the queue' "$("$maar" inspect jobs | sed -n 's/.* queued \([0-9]*\),.*/\1/p')" $((queued + 1))
says 0 ', delivered 1 times before  "0*\.\.\."' "$maar" inspect -m 1000 jobs
is 'all of them' "$("$maar" inspect -m 1000 jobs | grep -c '1000 bytes')" $((queued + 1))
is 'inspect takes nothing' "$("$maar" recv -t 0 jobs | wc -l)" $((queued + 1))

# ---- what is seen ----
is 'names' "$("$maar" ls)" jobs
is 'by pattern' "$("$maar" ls 'x*')" ''
says 0 '"name": "jobs"' "$maar" --json ls
says 0 '"participants": \[\]' "$maar" --json inspect jobs
printf 'a\033[2Jb\n' | "$maar" send jobs
says 0 '"a\\x1b\[2Jb"' "$maar" inspect -m 1 jobs
grep -q "$(printf '\033')" "$work/said" && wrong 'inspect writes control characters'
says 0 '"text": "a.*b"' "$maar" --json inspect -m 1 jobs
"$maar" recv -t 0 jobs >/dev/null || wrong 'recv'
says 2 'no number' "$maar" inspect -m x jobs
says 2 'too short' "$maar" top -i 0
# Anything may stand behind the header: it is told, and nobody falls over it.
echo x | "$maar" send -c spoilt
for seed in 1 2 3; do
	dd if=/dev/urandom of="$MAAR_DIR/spoilt" bs=1024 seek=2 count=$((seed * 100)) conv=notrunc 2>/dev/null
	says 0 'slots' "$maar" inspect -m 1000 spoilt
	says 0 '"messages"' "$maar" --json inspect -m 1000 spoilt
	says 0 'spoilt' "$maar" top --once -i 0.05
done
says 0 'NONSENSE' "$maar" inspect spoilt
says 1 'no queue' "$maar" recv -t 0 spoilt
# A file that is cut short under somebody's eyes.
"$maar" top -i 1000 spoilt >/dev/null 2>"$work/cut" &
receiver=$!
until_so grep -q "$MAAR_DIR/spoilt" "/proc/$receiver/maps"
truncate -s 4096 "$MAAR_DIR/spoilt"
status=0
wait "$receiver" || status=$?
receiver=
is 'top of a file cut short' "$status" 1
grep -q 'cut short' "$work/cut" || wrong "top of a file cut short says: $(cat "$work/cut")"
says 0 '' "$maar" rm spoilt
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
says 0 'left by a process' "$maar" ls -l
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
says 0 '' "$maar" bench -n1 -c200 -l300 -q --distance=any -f 'pool/*,queue/*' -o "$work/figures"
grep -q 'maar_ipc' "$work/said" || wrong "bench says nothing of maar_ipc: $(cat "$work/said")"
grep -q '"program": "maar bench"' "$work/figures" || wrong 'bench writes no figures'
says 1 'no case' "$maar" bench -f nothing
is 'what is left' "$(ls -A "$MAAR_DIR")" ''
exit "$failed"
