#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# maar-bridge and servers that do not let everybody in: TLS on either side, user and password, token, a file of credentials;
# Redis with a password and with users. With what is wanted it carries; without, or with what is wrong, it is refused, says
# what is wanted, goes on trying, and ends when it is asked to. Wants $srcdir and $builddir.
set -eu
: "${srcdir:?} ${builddir:?}"

for tool in nats-server redis-server openssl python3; do
	command -v $tool >/dev/null 2>&1 || { echo "SKIP: no $tool here (Debian: $tool)"; exit 77; }
done
bridge=$builddir/tools/bridge/maar-bridge
maar=$builddir/tools/maar/maar
work=$(mktemp -d "$builddir/bridge.XXXXXX")
work=$(cd "$work" && pwd)
a=/dev/shm/maar-secure-a-$$ b=/dev/shm/maar-secure-b-$$
# shellcheck disable=SC2317 # the trap calls it
finish()
{
	while read -r pid; do kill -9 "$pid" 2>/dev/null || :; done <"$work/pids"
	rm -rf "$work" "$a" "$b"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM
mkdir -m 0700 "$a" "$b"
mkdir "$work/said"

# ThreadSanitizer does not see the locks and atomics that OpenSSL's own code takes.
printf 'race:libssl.so\nrace:libcrypto.so\n' >"$work/tsan"
export TSAN_OPTIONS="${TSAN_OPTIONS-} suppressions=$work/tsan"

# Cases run side by side, in shells of their own.
touch "$work/pids" "$work/wrongs"
wrong() { echo "$*" | tee -a "$work/wrongs"; }
cases=''
beside() { "$@" & cases="$cases $!"; }
started() { echo "$!" >>"$work/pids"; }
# Until a command succeeds; a stalled machine takes its time.
until_so() { i=0; until "$@" >/dev/null 2>&1; do i=$((i + 1)); [ "$i" -lt 1500 ] || { wrong "never: $*"; return; }; sleep 0.04; done; }
ends() { kill -TERM "$1"; wait "$1" || wrong "$2: ends with $?: $(cat "$work/said/$2")"; }

# ---- certificates: a CA, another that nobody believes, a server's and a client's ----
authority() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$1.key" -out "$1.pem" \
	-days 3650 -subj "/CN=$1"; }
certificate()
{
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1"
	echo "subjectAltName=$2" >"$1.ext"
	openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -out "$1.pem" -days 3650 -extfile "$1.ext"
}
(cd "$work" && authority ca && authority unknown && certificate server IP:127.0.0.1,DNS:hub.example &&
	certificate client DNS:client.example) >"$work/openssl" 2>&1 || { cat "$work/openssl"; exit 1; }
python3 "$srcdir/tests/bridge/credentials.py" "$work"

# ---- servers: server NAME LINES...; its port is the variable NAME ----
server()
{
	name=$1
	shift
	{ echo 'listen: "127.0.0.1:-1"'; echo "jetstream { store_dir: \"$work/js-$name\" }"; printf '%s\n' "$@"; } >"$work/$name.conf"
	nats-server -c "$work/$name.conf" --ports_file_dir "$work" >"$work/$name.log" 2>&1 &
	started
	until_so test -s "$work/nats-server_$!.ports"
	eval "$name=$(sed 's/.*"nats":\["[a-z]*:\/\/\([^"]*\)".*/\1/' "$work/nats-server_$!.ports")"
}
plain='' password='' verify='' token='' creds=''
tls="cert_file: \"$work/server.pem\", key_file: \"$work/server.key\""
server plain
server password "tls { $tls }" 'authorization { users: [ { user: me, password: "hush-1" } ] }'
server verify "tls { $tls, ca_file: \"$work/ca.pem\", verify: true }"
server token 'authorization { token: "hush-2" }'
server creds "include ./resolver.conf"

# carries NAME URL OPTION...: from A to B
carries()
{
	name=$1 url=$2
	shift 2
	seq 1 20 | "$maar" -d "$a" send -c "$name"
	"$bridge" -d "$a" export -u "$url" -H a.example "$@" "$name" >"$work/said/$name" 2>&1 &
	export=$!
	started
	"$bridge" -d "$b" import -u "$url" -H b.example --create "$@" "$name" >>"$work/said/$name" 2>&1 &
	import=$!
	started
	until_so sh -c "'$maar' -d '$b' ls | grep -q -w '$name'"
	[ "$("$maar" -d "$b" recv -n 20 -t 60 "$name")" = "$(seq 1 20)" ] || wrong "$name: does not carry: $(cat "$work/said/$name")"
	ends "$export" "$name"
	ends "$import" "$name"
}
# is_refused NAME PATTERN URL OPTION...: and says that; nothing is lost, and it ends at once
is_refused()
{
	name=$1 pattern=$2 url=$3
	shift 3
	echo "not to be had" | "$maar" -d "$a" send -c "$name"
	"$bridge" -d "$a" export -u "$url" -H a.example "$@" "$name" >"$work/said/$name" 2>&1 &
	started
	export=$!
	until_so grep -q -e "$pattern" "$work/said/$name"
	grep -q -e "$pattern" "$work/said/$name" || wrong "$name: no \"$pattern\" in: $(cat "$work/said/$name")"
	"$bridge" -j -d "$a" status "$name" | grep -q '"state": "no link"' || wrong "$name: $("$bridge" -d "$a" status "$name")"
	ends "$export" "$name"
	[ "$("$maar" -d "$a" recv -n 1 -t 60 "$name")" = "not to be had" ] || wrong "$name: its message is gone"
}

who='(--credentials, --user and --password, or --token)'
beside carries n.password "nats://$password" --tls-ca "$work/ca.pem" --user me --password hush-1
beside carries n.url "tls://me:hush-1@$password" --tls-ca "$work/ca.pem"
beside carries n.host "tls://$password" --tls-ca "$work/ca.pem" --user me --password hush-1 --tls-host hub.example
beside is_refused n.nobody "$who" "tls://$password" --tls-ca "$work/ca.pem"
beside is_refused n.wrong "$who" "tls://$password" --tls-ca "$work/ca.pem" --user me --password hush-0
beside is_refused n.unsigned '(--tls-ca' "tls://$password" --user me --password hush-1
beside is_refused n.stranger '(--tls-ca' "tls://$password" --tls-ca "$work/unknown.pem" --user me --password hush-1
beside is_refused n.other-host '(--tls-host)' "tls://$password" --tls-ca "$work/ca.pem" --tls-host other.example
beside carries n.verify "tls://$verify" --tls-ca "$work/ca.pem" --tls-cert "$work/client.pem" --tls-key "$work/client.key"
beside is_refused n.no-cert 'certificate: --tls-cert and' "tls://$verify" --tls-ca "$work/ca.pem"
# Nobody is there from the first: the same.
beside is_refused n.nobody-there 'no server answers' nats://127.0.0.1:1
# TLS was asked for: never in the clear
beside is_refused n.plain 'it has no TLS' "nats://$plain" --tls
beside is_refused n.plain-url 'it has no TLS' "nats://$plain,tls://$plain"
beside carries n.token "nats://$token" --token hush-2
beside is_refused n.no-token "$who" "nats://$token"
beside carries n.creds "nats://$creds" --credentials "$work/user.creds"
beside is_refused n.strange-creds "$who" "nats://$creds" --credentials "$work/stranger.creds"
beside is_refused n.no-creds "$who" "nats://$creds"

# ---- Redis: a password alone, and users ----
for name in required users; do
	mkdir "$work/$name"
	[ $name = required ] && more='--requirepass hush-3' || more='--user default off --user me on >hush-4 ~maar:* +@read +@write +@scripting +@connection +info'
	set -f
	# shellcheck disable=SC2086 # words
	redis-server --port 0 --unixsocket "$work/$name/s" --dir "$work/$name" --appendonly yes --appendfsync always --save '' \
		$more >"$work/$name/log" 2>&1 &
	set +f
	started
	until_so test -S "$work/$name/s"
done
who='(--user and --password, or --token for a password alone)'
beside carries r.token "unix://$work/required/s" --token hush-3
beside carries r.url "unix://:hush-3@$work/required/s"
beside is_refused r.nobody "$who" "unix://$work/required/s"
beside is_refused r.wrong "$who" "unix://$work/required/s" --token hush-0
beside carries r.user "unix://$work/users/s" --user me --password hush-4
beside carries r.user-url "unix://me:hush-4@$work/users/s"
beside is_refused r.nobody-user "$who" "unix://$work/users/s"
beside is_refused r.wrong-user "$who" "unix://$work/users/s" --user me --password hush-0
# No TLS there: said at once.
for words in '--url redis://h --tls' "--url redis://h --tls-ca $work/ca.pem" '--url rediss://h'; do
	# shellcheck disable=SC2086 # words
	! "$bridge" -d "$a" export $words --create no-tls >"$work/no-tls" 2>&1 || wrong "$words: not refused"
	grep -q 'no TLS: go through a tunnel' "$work/no-tls" || wrong "$words: $(cat "$work/no-tls")"
done

for pid in $cases; do wait "$pid" || wrong "a case ends with $?"; done

# ---- what is secret is nowhere shown ----
! grep -l 'hush-' "$work"/said/* || wrong 'a log has a password'
! "$bridge" -j -d "$a" status | grep 'hush-' || wrong 'status has a password'
[ ! -s "$work/wrongs" ]
