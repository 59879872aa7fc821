#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# A consumer that has out what is not in the stream any more, as much as may be out at once: what a server of 2.9 is left with
# when it is killed after it has written down that messages are gone, and before it has written that its consumer is done
# with them; here, by the consumer's file of before. It offers those for ever, and nothing else. maar-bridge makes it anew,
# and what is there comes; the control, which does not, gets nothing.
#
# And one that has done with more than was ever in the stream: what a cluster of 2.9 is left with when its stream has lost its end
# and goes on; here, by the stream's files of before. What comes under the numbers that it has done with is never offered.
# Again maar-bridge makes it anew, and the control does not. Wants $srcdir and $builddir.
set -eu
: "${srcdir:?} ${builddir:?}"

command -v nats-server >/dev/null 2>&1 || { echo "SKIP: no nats-server here (Debian: nats-server)"; exit 77; }
maar=$builddir/tools/maar/maar
work=$(mktemp -d "$builddir/bridge.XXXXXX")
b=/dev/shm/maar-stuck-$$
pids=''
# shellcheck disable=SC2317 # the trap calls it
finish()
{
	for pid in $pids; do kill -9 "$pid" 2>/dev/null || :; done
	rm -rf "$work" "$b"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM
mkdir -m 0700 "$b"

failed=0
wrong() { echo "$*"; failed=1; }
until_so() { i=0; until "$@" >/dev/null 2>&1; do i=$((i + 1)); [ "$i" -lt 3000 ] || { wrong "never: $*"; return; }; sleep 0.02; done; }

# start PORT: -1: any
start()
{
	rm -f "$work"/nats-server_*.ports
	nats-server -a 127.0.0.1 -p "$1" -js -sd "$work/js" --ports_file_dir "$work" >>"$work/server" 2>&1 &
	server=$!
	pids="$pids $server"
	until_so test -s "$work/nats-server_$server.ports"
	url=$(sed 's/.*"nats":\["\([^"]*\)".*/\1/' "$work/nats-server_$server.ports")
}
# As it is asked to end, it writes down all it knows.
stop() { kill -TERM "$server"; wait "$server" || :; }

cat >"$work/stick.py" <<'END_OF_PYTHON'
import json
import socket
import sys

url, queue, step = sys.argv[1:4]
host, port = url[len('nats://'):].split(':')
s = socket.create_connection((host, int(port)))
lines = s.makefile('rb')
s.sendall(b'CONNECT {"verbose":false,"headers":true}\r\nSUB in 1\r\n')


def heard():
    """The next message: where to answer, and what is in it."""
    while True:
        words = lines.readline().split()
        if words and words[0] == b'PING':
            s.sendall(b'PONG\r\n')
        if words and words[0] in (b'MSG', b'HMSG'):
            text = lines.read(int(words[-1]) + 2)[:-2]
            return words[3] if len(words) - (words[0] == b'HMSG') == 5 else None, text


def ask(subject, text=b''):
    s.sendall(b'PUB %s in %d\r\n%s\r\n' % (subject.encode(), len(text), text))


def asked(subject, value):
    ask('$JS.API.' + subject, json.dumps(value).encode())
    answer = json.loads(heard()[1])
    if 'error' in answer:
        sys.exit('%s: %s' % (subject, answer['error']))
    return answer


stream = 'MAAR_' + queue
consumer = stream + '.maar-b'


def fetch(n=4):
    """Where to acknowledge each of so many."""
    ask('$JS.API.CONSUMER.MSG.NEXT.' + consumer, b'{"batch":%d}' % n)
    return [heard()[0] for _ in range(n)]


def acknowledge(places):
    for to in places:
        ask(to.decode(), b'+ACK')
        heard()


def publish(what, times, host='other'):
    for n in range(times):
        ask('maar.%s.%s' % (host, queue), b'%s %d' % (what, n))
        heard()


if step == 'fetch':
    asked('STREAM.CREATE.' + stream, {'name': stream, 'subjects': ['maar.*.' + queue], 'retention': 'workqueue',
                                      'storage': 'file'})
    asked('CONSUMER.DURABLE.CREATE.' + consumer, {'stream_name': stream, 'config': {
        'durable_name': 'maar-b', 'ack_policy': 'explicit', 'deliver_policy': 'all', 'ack_wait': 500000000,
        'max_ack_pending': 4, 'filter_subject': 'maar.other.' + queue}})
    publish(b'not for it', 1, 'third')
    publish(b'gone', 4)
    fetch()
if step == 'ack':
    acknowledge(fetch())
    publish(b'there', 3)
    if asked('STREAM.INFO.' + stream, {})['state']['messages'] != 4:
        sys.exit('what was acknowledged is still there')
if step == 'look':
    about = asked('CONSUMER.INFO.' + consumer, {})
    if (about['num_ack_pending'], about['num_pending']) != (4, 3):
        sys.exit('it is not stuck: %s' % about)
if step == 'begin':
    asked('STREAM.CREATE.' + stream, {'name': stream, 'subjects': ['maar.*.' + queue], 'retention': 'workqueue',
                                      'storage': 'file'})
    asked('CONSUMER.DURABLE.CREATE.' + consumer, {'stream_name': stream, 'config': {
        'durable_name': 'maar-b', 'ack_policy': 'explicit', 'deliver_policy': 'all', 'max_ack_pending': 4}})
    publish(b'before', 1)
    acknowledge(fetch(1))
if step == 'end':
    for n in range(5):
        publish(b'lost', 1)
        acknowledge(fetch(1))
if step == 'again':
    publish(b'there', 3)
    about = asked('CONSUMER.INFO.' + consumer, {})
    if (about['ack_floor']['stream_seq'], about['num_pending'], about['num_ack_pending']) != (6, 0, 0):
        sys.exit('they are not passed over: %s' % about)
END_OF_PYTHON
# step NAME QUEUE...
step() { name=$1; shift; for queue; do python3 "$work/stick.py" "$url" "$queue" "$name" || wrong "$queue, $name"; done; }
files() { echo "$work/js/jetstream/\$G/streams/MAAR_$1"; }
start -1
port=${url##*:}
step fetch mended control
step begin passed blind
stop
for queue in mended control; do cp "$(files $queue)/obs/maar-b/o.dat" "$work/$queue.dat"; done
for queue in passed blind; do cp -r "$(files $queue)/msgs" "$work/$queue.msgs"; done
start "$port"
step ack mended control
step end passed blind
stop
for queue in mended control; do cp "$work/$queue.dat" "$(files $queue)/obs/maar-b/o.dat"; done
for queue in passed blind; do rm -r "$(files $queue)/msgs" && mv "$work/$queue.msgs" "$(files $queue)/msgs"; done
start "$port"
step look mended control
step again passed blind
# import PROGRAM QUEUE WITHOUT ARGUMENT...
import()
{
	program=$builddir/$1 queue=$2 without=$3
	shift 3
	MAAR_BRIDGE_WITHOUT=$without "$program" -d "$b" import -u "$url" -H b --create "$@" "$queue" >"$work/$queue" 2>&1 &
	pids="$pids $!"
}
import tools/bridge/maar-bridge mended '' --from other --ack-wait 0.5
import tests/bridge/bridge_control control stir --from other --ack-wait 0.5
import tools/bridge/maar-bridge passed ''
import tests/bridge/bridge_control blind passed
for queue in mended control passed blind; do until_so sh -c "'$maar' -d '$b' ls | grep -q $queue"; done
for queue in mended passed; do
	came=$("$maar" -d "$b" recv -n 3 -t 120 $queue) || :
	[ "$came" = "$(printf 'there 0\nthere 1\nthere 2')" ] || wrong "$queue: what was there comes as \"$came\": $(cat "$work/$queue")"
done
for queue in control blind; do
	came=$("$maar" -d "$b" recv -n 3 -t 2 $queue) || :
	[ -z "$came" ] || wrong "$queue: the control was not stuck: \"$came\""
done
exit "$failed"
