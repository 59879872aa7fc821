#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# Real programs on libmaar-malloc.so, preloaded: each says the same as without it. A few that are on every Debian here; with
# MAAR_TEST_LONG=1 (make check-long) servers and larger work too. A program that is not installed
# is named, and the test counts as skipped, which CI does not accept.
# shellcheck source=tests/meta/common.sh
. "${srcdir:-.}/tests/meta/common.sh"

ours=$builddir/.libs/libmaar-malloc.so
[ -e "$ours" ] || { echo "SKIP: libmaar-malloc.so is not built (configure --enable-shared)"; exit 77; }
here=$(cd "$srcdir" && pwd)
long=${MAAR_TEST_LONG:-0}
unset MAAR_OPTIONS
missing=
ran=0

# has PROGRAM PACKAGE
has()
{
	command -v "$1" >/dev/null 2>&1 && return
	missing="$missing $1 (Debian: $2)"
	return 1
}

# What runs with it says so, once for each process: a shim that preloads both would not.
with() { LD_PRELOAD=$ours MAAR_VERBOSE=1 timeout -k 10 1200 "$@"; }

# same WHAT COMMAND...: stdout and status are those without us, and it did run with us
same()
{
	what=$1
	shift
	expected=0 got=0
	timeout -k 10 1200 "$@" >"$tmp/expected" 2>"$tmp/expected.err" </dev/null || expected=$?
	with "$@" >"$tmp/got" 2>"$tmp/got.err" </dev/null || got=$?
	[ "$expected" -eq "$got" ] || fail "$what: ends with $got instead of $expected: $(tail -n 5 "$tmp/got.err")"
	cmp -s "$tmp/expected" "$tmp/got" || fail "$what: says something else: $(diff "$tmp/expected" "$tmp/got" | head -n 5)"
	grep -q '^maar: malloc of maar .* is in place' "$tmp/got.err" || fail "$what: ran without us"
	ran=$((ran + 1))
}

scale=1
[ "$long" = 1 ] && scale=10

awk -v n=$((60000 * scale)) 'BEGIN { srand(1); for (i = 0; i < n; i++) print int(rand() * 1e9), "line", i }' >"$tmp/numbers"
has sort coreutils && same sort sort --parallel=4 -S 20M -k1n "$tmp/numbers"
has bash bash && same bash bash -c "declare -A seen; for i in {1..$((3000 * scale))}; do seen[\$((i * 7919 % 5003))]+=x\$i; done
	for k in \"\${!seen[@]}\"; do echo \"\$k \${seen[\$k]}\"; done | sort | md5sum; echo \$(echo a | cat) \${#seen[@]}"
# shellcheck disable=SC2016 # perl's
has perl perl && same perl perl -e 'my %h; for my $i (1 .. '$((20000 * scale))') { push @{$h{$i % 977}}, "v$i" x ($i % 7); }
	my $s = 0; for my $k (sort keys %h) { $s += length join(",", @{$h{$k}}); } print "$s\n"; my $t = "x" x 5000000;
	$t =~ s/xx/y/g; print length($t), "\n";'
# shellcheck disable=SC2016 # awk's
same awk awk '{ a[$1 % 9973] = a[$1 % 9973] $3 } END { n = 0; for (k in a) n += length(a[k]); print n }' "$tmp/numbers"
if has sqlite3 sqlite3; then
	cat >"$tmp/commands.sql" <<END
create table t(a integer, b text);
with recursive n(i) as (select 1 union all select i + 1 from n where i < $((20000 * scale)))
	insert into t select i * 7919 % 10007, hex(i * i) || printf('%040d', i) from n;
create index by_b on t(b);
select count(*), sum(length(b)), max(b) from t;
select a % 10, count(*), group_concat(substr(b, 1, 2)) from t where a < 200 group by 1 order by 1;
END
	same sqlite3 sqlite3 :memory: ".read $tmp/commands.sql"
fi
# A python that a version manager wraps is a shell script; its sanitized environment would lose LD_PRELOAD.
python=$(python3 -c 'import sys; print(sys.executable)' 2>/dev/null) || has python3 python3 || python=
[ -n "$python" ] && same python3 env PYTHONMALLOC=malloc PYTHONHASHSEED=1 "$python" -c "
import json, threading, re
d = {str(i): list(range(i % 50)) for i in range($((10000 * scale)))}
s = json.dumps(d); assert json.loads(s) == d; print(len(s))
out = []
def work(k):
    out.append((k, sum(len(str(i * k)) for i in range($((5000 * scale))))))
ts = [threading.Thread(target=work, args=(k,)) for k in range(6)]
[t.start() for t in ts]; [t.join() for t in ts]
print(sorted(out)); print(len(re.sub('[0-9]+', lambda m: m.group()[::-1], s)))
"

# A compiler's output is its object; of all sources of the library, or of one.
compile_with()
{
	sources="$here/src/ring/ring.c"
	[ "$long" = 1 ] && sources=$(ls "$here"/src/*/*.c)
	for source in $sources; do
		same "$1, $(basename "$source")" "$1" -std=gnu11 -O2 -S -o - -D_GNU_SOURCE "-I$here/include" "-I$builddir/include" "$source"
	done
}
has gcc gcc && compile_with gcc

# ---- servers and larger work ------------------------------------------------------------------------------------------

# port: one that nobody listens on
free_port() { "$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# serve WHAT COMMAND...: in the background, with us; $server is its process
serve()
{
	what=$1
	shift
	LD_PRELOAD=$ours MAAR_VERBOSE=1 "$@" >"$tmp/server" 2>&1 </dev/null &
	server=$!
}

# await COMMAND...: until it succeeds, a minute at most
await()
{
	tries=0
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ "$tries" -lt 600 ] || { fail "$what does not answer: $(tail -n 3 "$tmp/server")"; return 1; }
		sleep 0.1
	done
}

stop_server()
{
	kill "$server" || :
	wait "$server" || :
	grep -q '^maar: malloc of maar .* is in place' "$tmp/server" || fail "$what: ran without us"
	ran=$((ran + 1))
}

redis()
{
	port=$(free_port)
	serve redis-server redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no --dir "$tmp"
	await redis-cli -p "$port" ping || { stop_server; return; }
	redis-benchmark -p "$port" -n 200000 -c 20 -P 16 -d 300 -r 50000 -t set,get,lpush,lpop,hset,zadd -q >"$tmp/benchmark" 2>&1 ||
		fail "redis-benchmark: $(tail -n 3 "$tmp/benchmark")"
	redis-cli -p "$port" eval 'local s = 0; for i = 1, 20000 do redis.call("set", "k" .. i, string.rep("v", i % 977));
		s = s + #redis.call("get", "k" .. i) end return s' 0 >"$tmp/got"
	[ "$(cat "$tmp/got")" = "$(awk 'BEGIN { for (i = 1; i <= 20000; i++) s += i % 977; print s }')" ] ||
		fail "redis has lost something: $(cat "$tmp/got")"
	[ "$(redis-cli -p "$port" bgsave)" = "Background saving started" ] || fail "redis does not fork"
	redis-cli -p "$port" flushall >/dev/null
	stop_server
}

nginx_serves()
{
	port=$(free_port)
	mkdir -p "$tmp/www/logs"
	head -c 3000000 "$tmp/numbers" >"$tmp/www/big.txt"
	cat >"$tmp/www/nginx.conf" <<END
daemon off; master_process on; worker_processes 2; pid $tmp/www/pid; error_log stderr;
events { worker_connections 200; }
http { access_log off; gzip on; gzip_types text/plain; client_body_temp_path $tmp/www/b; proxy_temp_path $tmp/www/p;
	fastcgi_temp_path $tmp/www/f; uwsgi_temp_path $tmp/www/u; scgi_temp_path $tmp/www/s;
	types { text/plain txt; }
	server { listen 127.0.0.1:$port; root $tmp/www; } }
END
	chmod 755 "$tmp" "$tmp/www"
	serve nginx nginx -p "$tmp/www" -c "$tmp/www/nginx.conf"
	await "$python" -c "import urllib.request as u; u.urlopen('http://127.0.0.1:$port/big.txt')" || { stop_server; return; }
	"$python" - "$port" "$tmp/www/big.txt" <<'END' || fail "nginx serves something else"
import gzip, sys, threading, urllib.request as u
expected = open(sys.argv[2], 'rb').read()
wrong = []
def work(k):
    for i in range(40):
        request = u.Request('http://127.0.0.1:%s/big.txt' % sys.argv[1], headers={'Accept-Encoding': 'gzip'} if (i + k) % 2 else {})
        answer = u.urlopen(request)
        body = answer.read()
        if answer.headers.get('Content-Encoding') == 'gzip':
            body = gzip.decompress(body)
        if body != expected:
            wrong.append(i)
threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
[t.start() for t in threads]
[t.join() for t in threads]
sys.exit(len(wrong) != 0)
END
	stop_server
}

if [ "$long" = 1 ]; then
	has clang clang && compile_with clang
	if has g++ g++; then
		cat >"$tmp/large.cc" <<'END'
#include <algorithm>
#include <iostream>
#include <map>
#include <regex>
#include <unordered_map>
int main() { std::map<std::string, std::regex> m; m["a"] = std::regex("a+b*"); std::cout << m.size(); }
END
		same g++ g++ -std=c++17 -O2 -S -o - "$tmp/large.cc"
	fi
	if has redis-server redis-server && has redis-benchmark redis-tools && [ -n "$python" ]; then redis; fi
	# nginx lies in /usr/sbin
	PATH=$PATH:/usr/sbin
	if has nginx nginx-light && [ -n "$python" ]; then nginx_serves; fi
fi

[ "$ran" -gt 0 ] || fail "no program was there"
[ -z "$missing" ] || echo "SKIP: left out, as not installed:$missing; $ran others ran"
finish
[ -z "$missing" ] || exit 77
