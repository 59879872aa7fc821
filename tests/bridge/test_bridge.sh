#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# maar-bridge as it is called: what it says of right and wrong command lines and files, what it tells the service manager,
# that it carries messages with a real server, reloads, ends cleanly, and what becomes of messages that do not fit. Wants
# $srcdir and $builddir.
set -eu
: "${srcdir:?} ${builddir:?}"

command -v nats-server >/dev/null 2>&1 || { echo "SKIP: no nats-server here (Debian: nats-server)"; exit 77; }
bridge=$builddir/tools/bridge/maar-bridge
maar=$builddir/tools/maar/maar
work=$(mktemp -d "$builddir/bridge.XXXXXX")
a=/dev/shm/maar-bridge-a-$$ b=/dev/shm/maar-bridge-b-$$
server='' pids=''
# shellcheck disable=SC2317 # the trap calls it
finish()
{
	for pid in $server $pids; do kill -9 "$pid" 2>/dev/null || :; done
	rm -rf "$work" "$a" "$b"
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
# The exit status of a process that is ending: one that does not end is named, and killed.
gone() { state=$(sed 's/.*) //' "/proc/$1/stat") && [ "${state%% *}" != Z ] && return 1 || return 0; }
end_of()
{
	until_so gone "$1"
	gone "$1" || { tr '\0' ' ' <"/proc/$1/cmdline"; cat "/proc/$1/task/"*/wchan; echo; kill -ABRT "$1"; }
	wait "$1"
}
# shows DIRECTION QUEUE PATTERN: the status of that bridge has a line like that
shows() { "$bridge" -j -d "$1" status "$2" | grep -q -e "$3"; }

# ---- command lines, files ----
mkdir -m 0700 "$a" "$b"
url=nats://127.0.0.1:1
says 2 'Usage' "$bridge"
says 2 'no such command' "$bridge" carry
says 2 'Usage: maar-bridge export' "$bridge" export
says 2 'no url' "$bridge" export q
says 2 'no engine' "$bridge" export -u http://x q
says 2 'no name of a queue' "$bridge" export -u $url 'a b'
says 2 'no name of a queue' "$bridge" export -u $url .hidden
says 2 'host' "$bridge" export -u $url -H 'a*' q
says 2 'an import' "$bridge" export -u $url --from x q
says 2 'go together' "$bridge" export -u $url --tls-cert x q
says 2 'no user' "$bridge" import -u $url --password x q
says 2 'a number is wanted' "$bridge" export -u $url --window 0 q
says 2 'a time in seconds' "$bridge" export -u $url --answer soon q
says 2 'absolute' "$bridge" -d here status
says 2 'a configuration file' "$bridge" run
says 0 'Commands' "$bridge" --help
says 0 'dedup-window' "$bridge" import --help
says 0 '^maar-bridge [0-9]' "$bridge" --version
says 1 'no such queue' "$bridge" -d "$a" export -u $url none
says 1 'there is no bridge' "$bridge" -d "$a" status none
says 0 '"bridges": \[\]' "$bridge" -j -d "$a" status
says 1 'the options are wrong' "$bridge" -d "$a" export -u $url --create --tls-ca "$work/none" refused
config() { printf '%s\n' "$1" >"$work/config"; }
wrong_file() { config "$1"; says 2 "$2" "$bridge" run -c "$work/config"; }
wrong_file '{' 'line 2'
wrong_file '[]' 'an object'
wrong_file '{ "url": "nats://x" }' '"queues"'
wrong_file '{ "url": "nats://x", "queues": [ {} ] }' 'neither'
wrong_file '{ "url": "nats://x", "queues": [ "q" ] }' 'list of objects'
wrong_file '{ "url": "nats://x", "queues": [ { "export": "q", "import": "q" } ] }' "one queue's name"
wrong_file '{ "url": "nats://x", "windows": 5, "queues": [ { "export": "q" } ] }' '"windows": no such option'
wrong_file '{ "url": "nats://x", "window": "5", "queues": [ { "export": "q" } ] }' '"window"'
wrong_file '{ "url": "nats://x", "window": 65537, "queues": [ { "export": "q" } ] }' '"window"'
wrong_file '{ "url": "nats://x", "keep": 1, "queues": [ { "export": "q" } ] }' '"keep"'
wrong_file '{ "url": "nats://x", "answer": -1, "queues": [ { "export": "q" } ] }' '"answer"'
wrong_file '{ "queues": [ { "export": "q" } ] }' 'no url'
wrong_file '{ "url": "nats://x", "queues": [ { "export": "q" }, { "export": "q" } ] }' 'twice'
says 2 'none' "$bridge" run -c "$work/none"

# ---- names ----
"$maar" -d "$a" send -c jobs.fast_1 </dev/null
says 0 'subject maar.h=example.jobs=fast_1, stream MAAR_jobs=fast_1' \
	"$bridge" -n -d "$a" export -u $url -H h.example jobs.fast_1
says 1 'subject maar.\*.none, .*there is no such queue' "$bridge" -n -d "$a" import -u $url none
says 1 'at nats://\*@h' "$bridge" -n -d "$a" export -u nats://me:secret@h none
says 0 '"subject": "maar.other.jobs=fast_1"' "$bridge" -n -j -d "$a" import -u $url --from other jobs.fast_1
config '{ "url": "nats://x", "host": "h", "queues": [ { "export": "jobs.fast_1", "window": 7 },
	{ "import": "jobs.fast_1", "url": "tls://y", "answer": 0.5 } ] }'
says 0 '"window": 7' "$bridge" -n -j -d "$a" run -c "$work/config"
grep -q '"url": "tls://y"' "$work/said" || wrong "run --dry-run: $(cat "$work/said")"

# ---- a server ----
nats-server -a 127.0.0.1 -p -1 -js -sd "$work/js" --ports_file_dir "$work" >"$work/server" 2>&1 &
server=$!
until_so test -s "$work/nats-server_$server.ports"
url=$(sed 's/.*"nats":\["\([^"]*\)".*/\1/' "$work/nats-server_$server.ports")
config '{ "url": "'"$url"'", "host": "a.example", "queues": [ { "export": "jobs.fast_1" } ] }'
# What the service manager would hear.
python3 - "$work/notify" "$work/heard" <<'END' &
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
heard = ''
while heard[-10:] != 'STOPPING=1':
    heard = s.recv(100).decode()
    print(heard, file=open(sys.argv[2], 'a'), flush=True)
END
pids=$!
until_so test -S "$work/notify"
NOTIFY_SOCKET=$work/notify "$bridge" -d "$a" run -c "$work/config" 2>"$work/export" &
export=$!
pids="$pids $export"
until_so grep -q 'READY=1' "$work/heard"
"$bridge" -d "$b" import -u "$url" --create -H b.example jobs.fast_1 2>"$work/import" &
import=$!
pids="$pids $import"
seq 1 300 | "$maar" -d "$a" send jobs.fast_1
until_so sh -c "'$maar' -d '$b' ls | grep -q jobs.fast_1"
is 'what comes' "$("$maar" -d "$b" recv -n 300 -t 60 jobs.fast_1)" "$(seq 1 300)"
until_so shows "$a" jobs.fast_1 '"messages": 300'
until_so shows "$a" jobs.fast_1 '"in_hand": 0'
until_so shows "$b" jobs.fast_1 '"state": "working"'
shows "$b" jobs.fast_1 '"running": true' || wrong 'import: not running'
says 0 'import of jobs.fast_1: working, process' "$bridge" -d "$b" status
says 1 'another bridge' "$bridge" -d "$a" export -u "$url" jobs.fast_1
# A message that no bridge has published.
printf 'PUB maar.other.jobs=fast_1 5\r\nplain\r\nPING\r\n' >"$work/plain"
python3 - "$url" "$work/plain" <<'END'
import socket, sys
host, port = sys.argv[1][len('nats://'):].split(':')
s = socket.create_connection((host, int(port)))
s.sendall(b'CONNECT {"verbose":false}\r\n' + open(sys.argv[2], 'rb').read())
while b'PONG' not in s.recv(4096):
    pass
END
is "another's message" "$("$maar" -d "$b" recv -n 1 -t 60 jobs.fast_1)" plain

# ---- reload: another queue comes, the first goes on; then a wrong file; then the first goes ----
config '{ "url": "'"$url"'", "host": "a.example", "queues": [ { "export": "jobs.fast_1" }, { "export": "later" } ] }'
kill -HUP "$export"
until_so grep -q 'RELOADING=1' "$work/heard"
until_so grep -q 'export of later: there is no such queue' "$work/export"
seq 1 3 | "$maar" -d "$a" send -c later
until_so shows "$a" later '"messages": 3'
shows "$a" jobs.fast_1 '"links": 1' || wrong 'a queue that stayed as it was was begun again'
config '{'
kill -HUP "$export"
until_so grep -q "config: .*line 2" "$work/export"
config '{ "url": "'"$url"'", "host": "a.example", "queues": [ { "export": "later" } ] }'
kill -HUP "$export"
until_so shows "$a" jobs.fast_1 '"state": "not running"'
shows "$a" later '"running": true' || wrong 'a queue that stayed is not carried any more'

# ---- ends: by a signal, and with the queue ----
kill -TERM "$export"
end_of "$export" || wrong "run ends with $?: $(cat "$work/export")"
until_so grep -q 'STOPPING=1' "$work/heard"
{ echo; seq 2 50; } | "$maar" -d "$a" send -e jobs.fast_1
says 0 '' "$bridge" -d "$a" export -u "$url" -H a.example jobs.fast_1
is 'until the end' "$("$maar" -d "$b" recv -n 50 -t 60 jobs.fast_1)" "$(echo; seq 2 50)"

# ---- what does not fit stays in the stream, and is said; what follows comes ----
"$maar" -d "$b" send -c small </dev/null
python3 - "$url" <<'END'
import socket, sys
host, port = sys.argv[1][len('nats://'):].split(':')
s = socket.create_connection((host, int(port)))
s.sendall(b'CONNECT {"verbose":false}\r\nPING\r\n')
while b'PONG' not in s.recv(4096):
    pass
create = b'{"name":"MAAR_small","subjects":["maar.*.small"],"retention":"workqueue","storage":"file"}'
s.sendall(b'SUB answer 1\r\nPUB $JS.API.STREAM.CREATE.MAAR_small answer %d\r\n%s\r\n' % (len(create), create))
while b'MSG answer' not in s.recv(65536):
    pass
for text in (b'x' * 2000, b'short'):
    s.sendall(b'PUB maar.other.small %d\r\n%s\r\n' % (len(text), text))
s.sendall(b'PING\r\n')
while b'PONG' not in s.recv(65536):
    pass
END
"$bridge" -d "$b" import -u "$url" -H b.example small 2>"$work/small" &
small=$!
pids="$pids $small"
is 'what fits' "$("$maar" -d "$b" recv -n 1 -t 60 small)" short
until_so grep -q "2000 bytes, and the queue's slots 1024" "$work/small"
until_so shows "$b" small '"refused": 1'
kill -TERM "$small"
end_of "$small" || wrong "import ends with $?"

# ---- a stream that is full: the exporter holds what it has, and the queue fills up ----
"$maar" -d "$a" send -c full </dev/null
"$bridge" -d "$a" export -u "$url" -H a.example --most-messages 5 --window 4 full 2>"$work/full" &
full=$!
pids="$pids $full"
seq 1 20 | "$maar" -d "$a" send full
until_so shows "$a" full '"messages": 5'
until_so shows "$a" full '"state": "refused"'
until_so grep -q 'maximum messages' "$work/full"
until_so shows "$a" full '"in_hand": 4'
is 'what waits' "$("$maar" -d "$a" inspect full | sed -n 's/.* queued \([0-9]*\),.*/\1/p')" 11
"$bridge" -d "$b" import -u "$url" --create -H b.example full 2>>"$work/import" &
pids="$pids $!"
until_so sh -c "'$maar' -d '$b' ls | grep -q full"
is 'what waited' "$("$maar" -d "$b" recv -n 20 -t 60 full | sort -n)" "$(seq 1 20)"
kill -TERM "$full"
end_of "$full" || wrong "export ends with $?"

# ---- the benchmark, at a glance ----
says 0 'of one at a time' "$builddir/bench/bench_bridge" -n 300 -r 1 -o "$work/figures"
grep -q '"raw_p99_us"' "$work/figures" || wrong 'bench_bridge writes no figures'
says 2 'no such number' "$builddir/bench/bench_bridge" -n x

# ---- no server: it waits, and says so; and ends when it is asked to ----
kill -9 "$server"
wait "$server" 2>/dev/null || :
server=
until_so shows "$b" jobs.fast_1 '"state": "no link"'
until_so grep -q 'no server answers' "$work/import"
kill -TERM "$import"
end_of "$import" || wrong "import ends with $?: $(cat "$work/import")"
shows "$b" jobs.fast_1 '"running": false' || wrong 'import: still running?'
exit "$failed"
