#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# make check-long: the stress tests and the explorer, round after round with fresh seeds. A round that is done is noted in
# long/done in the build directory, so an interrupted run goes on where it stopped.
set -eu
export LC_ALL=C

usage()
{
	cat <<'END'
usage: make check-long [ROUNDS=N] [SCALE=PERCENT] [KILLS=N] [FUZZ=MILLIONS] [BRIDGE=MESSAGES]      or: srcdir=... builddir=... tests/long.sh

Runs N rounds (default 20; some 10^9 messages in all) of the ring stress, the pool stress, rings under the history checker
(5 million operations of each kind a round, 100 million in all), all three again with random delays, the memory-model
explorer, and participants of queues between processes killed at random times (5,000 a round, 100,000 in all, and as many
stopped), each at PERCENT (default 1000) of its count in make check and with a seed of its own. Hours.
After them: libFuzzer on the memory of queues between processes, FUZZ million inputs (default 100), by the million, with a
corpus that is kept in long/fuzz_ipc.corpus (clang).
Before them, once: BRIDGE messages (default 1,000,000) over maar-bridge, to one nats-server, to a cluster and over Redis, with a kill
for each 2,000; redis-server, nginx, sqlite3, python3, perl, gcc and clang on libmaar-malloc.so, and its behaviours in whole counts.
Rounds that passed are kept in long/done: a run that was interrupted goes on with the next, and one that is complete does
nothing until that file is removed or ROUNDS is raised. Stops at the first failure and says how to repeat it.
END
}

case ${1-} in
-h | --help) usage; exit 0 ;;
esac
builddir=$(cd "${builddir:-.}" && pwd)
: "${ROUNDS:=20}" "${SCALE:=1000}" "${KILLS:=$((SCALE * 5))}" "${FUZZ:=100}" "${BRIDGE:=1000000}"
done=$builddir/long/done
tests='stress/test_ring_stress stress/test_pool_stress stress/test_ring_fuzz stress/test_pool_fuzz
	history/test_ring_history history/test_ring_history_fuzz model/test_model unit/test_ipc_kill'

cd "$builddir"
mkdir -p long
touch "$done"
for test in $tests; do
	make -s "tests/$test"
done
# Once: real programs on libmaar-malloc.so, and how it behaves, with whole counts.
: "${srcdir:=.}"
srcdir=$(cd "$srcdir" && pwd)
make -s all libmaar_test_module.la tests/malloc/behave tests/malloc/operators tests/malloc/replaced
for test in programs behave; do
	grep -qxF "0 malloc/$test 100" "$done" && continue
	printf 'check-long: malloc, %s: ' "$test"
	at=$(date +%s)
	if ! env "srcdir=$srcdir" "builddir=$builddir" MAAR_TEST_LONG=1 MAAR_TEST_SCALE=100 sh "$srcdir/tests/malloc/$test.sh" \
		>"long/malloc-$test.log" 2>&1 </dev/null; then
		echo FAILED
		tail -n 30 "long/malloc-$test.log"
		echo "again: MAAR_TEST_LONG=1 MAAR_TEST_SCALE=100 srcdir=$srcdir builddir=$builddir sh $srcdir/tests/malloc/$test.sh"
		exit 1
	fi
	echo "passed ($(($(date +%s) - at)) s)"
	echo "0 malloc/$test 100" >>"$done"
done
# Once each: a million messages over maar-bridge, to one server, to a cluster and over Redis, while 500 times one of all who are in it
# is killed. All of it is kept in long/bridge and /dev/shm: interrupted, it goes on where it was.
for case in single redis cluster; do
	grep -q '^am__append_.* tools/bridge/maar-bridge' Makefile || break
	grep -qxF "0 bridge/$case $BRIDGE" "$done" && continue
	make -s tools/bridge/maar-bridge tests/bridge/test_bridge_kill
	seed=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
	printf 'check-long: bridge, %s, %s messages, seed %s (so far: long/bridge-%s.log): ' "$case" "$BRIDGE" "$seed" "$case"
	at=$(date +%s)
	if ! env "builddir=$builddir" MAAR_SEED="$seed" MAAR_PROOF=1 MAAR_BRIDGE_MESSAGES="$BRIDGE" MAAR_BRIDGE_KILLS=$((BRIDGE / 2000)) \
		MAAR_BRIDGE_STATE="$builddir/long/bridge" CK_RUN_CASE=$case CK_TAP_LOG_FILE_NAME=- CK_VERBOSITY=silent \
		tests/bridge/test_bridge_kill >"long/bridge-$case.log" 2>&1 </dev/null; then
		echo FAILED
		tail -n 30 "long/bridge-$case.log"
		echo "all of it is in $builddir/long/bridge/$case; again, from the beginning: remove that, and"
		echo "builddir=$builddir MAAR_SEED=$seed MAAR_PROOF=1 MAAR_BRIDGE_MESSAGES=$BRIDGE MAAR_BRIDGE_KILLS=$((BRIDGE / 2000))" \
			"CK_RUN_CASE=$case CK_TAP_LOG_FILE_NAME=- $builddir/tests/bridge/test_bridge_kill"
		exit 1
	fi
	echo "passed ($(($(date +%s) - at)) s)"
	echo "0 bridge/$case $BRIDGE" >>"$done"
done
round=1
while [ "$round" -le "$ROUNDS" ]; do
	for test in $tests; do
		grep -qxF "$round $test $SCALE" "$done" && continue
		seed=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
		printf 'check-long: round %s of %s, %s, seed %s: ' "$round" "$ROUNDS" "$test" "$seed"
		at=$(date +%s)
		log=long/${test##*/}.$round.log
		if ! MAAR_SEED=$seed MAAR_KILLS=$KILLS MAAR_STRESS_SCALE=$SCALE MAAR_MODEL_EXECUTIONS=$((SCALE * 1000)) \
			CK_TAP_LOG_FILE_NAME=- CK_VERBOSITY=silent "tests/$test" >"$log" 2>&1 </dev/null; then
			echo FAILED
			tail -n 30 "$log"
			echo "again: MAAR_SEED=$seed MAAR_KILLS=$KILLS MAAR_STRESS_SCALE=$SCALE CK_TAP_LOG_FILE_NAME=- $builddir/tests/$test"
			exit 1
		fi
		echo "passed ($(($(date +%s) - at)) s)"
		rm -f "$log"
		echo "$round $test $SCALE" >>"$done"
	done
	round=$((round + 1))
done

# By the million, so that an interrupted run loses no more than one; what they bred is kept in any case.
million=1
while [ "$million" -le "$FUZZ" ]; do
	if grep -qxF "$million fuzz/fuzz_ipc 1000000" "$done"; then
		million=$((million + 1))
		continue
	fi
	if [ -z "${fuzzer-}" ]; then
		export srcdir builddir
		FUZZ_TARGET=fuzz_ipc FUZZ_RUNS=1 sh "$srcdir/tests/proof.sh" fuzz || exit
		fuzzer=proof/fuzz_ipc
		mkdir -p long/fuzz_ipc.corpus
	fi
	seed=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
	printf 'check-long: fuzz_ipc, million %s of %s, seed %s: ' "$million" "$FUZZ" "$seed"
	at=$(date +%s)
	if ! "$fuzzer" -runs=1000000 -max_len=2048 -timeout=60 -seed="$seed" -artifact_prefix=long/ long/fuzz_ipc.corpus \
		>long/fuzz_ipc.log 2>&1 </dev/null; then
		echo FAILED
		tail -n 30 long/fuzz_ipc.log
		echo "again: $builddir/$fuzzer FILE, which the log names"
		exit 1
	fi
	echo "passed ($(($(date +%s) - at)) s)"
	echo "$million fuzz/fuzz_ipc 1000000" >>"$done"
	million=$((million + 1))
done
echo "check-long: $ROUNDS rounds passed, and $FUZZ million inputs"
