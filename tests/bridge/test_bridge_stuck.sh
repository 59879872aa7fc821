#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# A consumer that has out what is not in the stream any more, as much as may be out at once: what a server of 2.9 is left with
# when it is killed after it has written down that messages are gone, and before it has written that its consumer is done
# with them; here, by the consumer's file of before. It offers those for ever, and nothing else. maar-bridge makes it anew,
# and what is there comes; the control, which does not, gets nothing. Wants $srcdir and $builddir.
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


def fetch():
    """Where to acknowledge each of four."""
    ask('$JS.API.CONSUMER.MSG.NEXT.' + consumer, b'{"batch":4}')
    return [heard()[0] for n in range(4)]


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
    for to in fetch():
        ask(to.decode(), b'+ACK')
        heard()
    publish(b'there', 3)
    if asked('STREAM.INFO.' + stream, {})['state']['messages'] != 4:
        sys.exit('what was acknowledged is still there')
if step == 'look':
    about = asked('CONSUMER.INFO.' + consumer, {})
    if (about['num_ack_pending'], about['num_pending']) != (4, 3):
        sys.exit('it is not stuck: %s' % about)
END_OF_PYTHON
step() { for queue in mended control; do python3 "$work/stick.py" "$url" $queue "$1" || wrong "$queue, $1"; done; }
file() { echo "$work/js/jetstream/\$G/streams/MAAR_$1/obs/maar-b/o.dat"; }
start -1
port=${url##*:}
step fetch
stop
for queue in mended control; do cp "$(file $queue)" "$work/$queue.dat"; done
start "$port"
step ack
stop
for queue in mended control; do cp "$work/$queue.dat" "$(file $queue)"; done
start "$port"
step look
"$builddir/tools/bridge/maar-bridge" -d "$b" import -u "$url" -H b --from other --create --ack-wait 0.5 mended >"$work/mended" 2>&1 &
pids="$pids $!"
MAAR_BRIDGE_WITHOUT=stir "$builddir/tests/bridge/bridge_control" -d "$b" import -u "$url" -H b --from other --create --ack-wait 0.5 control \
	>"$work/control" 2>&1 &
pids="$pids $!"
until_so sh -c "'$maar' -d '$b' ls | grep -q mended"
until_so sh -c "'$maar' -d '$b' ls | grep -q control"
came=$("$maar" -d "$b" recv -n 3 -t 120 mended) || :
[ "$came" = "$(printf 'there 0\nthere 1\nthere 2')" ] || wrong "what was there comes as \"$came\": $(cat "$work/mended")"
came=$("$maar" -d "$b" recv -n 3 -t 5 control) || :
[ -z "$came" ] || wrong "the control was not stuck: \"$came\""
exit "$failed"
