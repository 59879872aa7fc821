#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# make check-proof: what an issue has to pass before it is called done. Each step builds in a directory of its own under
# proof/ in the build directory, from the same source, and leaves its log there.
set -eu
export LC_ALL=C

usage()
{
	cat <<'END'
usage: make check-proof [STEPS="NAME ..."]      or: srcdir=... builddir=... tests/proof.sh [--list | NAME ...]

NAME is a step's, or `usual' (what is run without any: half an hour on two processors, before a change to what threads or
processes share is called done), `release' (another hour, before a release), or `all'. Two steps go on at a time.
usual:
  model                each scenario of the memory-model explorer, 100,000 executions; its controls
  mutation             every memory order weakened in turn: some check must fail
  kill                 a thread stopped, and killed, at every instruction of every call, in every state; a process, in
                       queues between processes, by SIGKILL; and 5,000 of these at random times, 5,000 stopped
  stress               the stress tests at five times their usual count, with delays at ten times, rings at every start in
                       every capacity
  history              the history checker and its controls; rings of all kinds,
                       channels and sets under it, five million operations of each
  gcc-O0 gcc-O3-lto    the unit tests and short stress, histories and stops, built otherwise
  clang-O0 clang-O2 clang-O3
  fuzz                 libFuzzer on every tests/fuzz target, under ASan and UBSan, 30,000 inputs each (FUZZ_RUNS)
  stall                a thread stopped for 50 ms at points of get and put: what the others do meanwhile, 80 % at least; this
                       one alone, at the end
release:
  tsan asan            the suite under ThreadSanitizer; under AddressSanitizer and UBSan, leaks too: of both .ci/run takes
                       a part (check-quick)
  clang-tsan           as gcc-O0, under clang's ThreadSanitizer
  generic              without any code for this processor (-DMAAR_ARCH_GENERIC)
  debug                --enable-debug: misuse stops the program, right use does not
  whole                what make check takes a part of: each header in each standard and form, each contestant in
                       each case of the benchmarks, four times the counts for the malloc
  bridge               20,000 messages over maar-bridge and nats-server, one and a cluster of three, with 24 kills each
  report               the page of make report in a browser, headless Chromium: each picture drawn, nothing complained of
  valgrind             memcheck over the unit tests of lanes, pool and object pool
  lint                 clang-format, cppcheck, clang-tidy; the ABI against the one kept (abidiff)
  packages             a release made twice, from two clones; the Debian packages: built, lintian, installed, tried
                       (tests/install/packages.sh --help; root or user namespaces, a Debian mirror)
  ports                the library on aarch64, armhf, riscv64, s390x and i386, emulated: calls, threads, histories (PORTS="...")
  cross                the rings on aarch64, armhf, riscv64 and s390x, emulated; the stop test there, by hooks
Ends with 0 if all passed, 1 if one failed, 77 if none failed and a tool is missing (its Debian package is named).
END
}

# The longest first, so that both ends come near to each other.
usual='kill mutation gcc-O3-lto stress model gcc-O0 clang-O0 clang-O3 clang-O2 fuzz history stall'
release='tsan clang-tsan asan packages generic debug whole valgrind bridge lint report ports cross'
all="$usual $release"

case ${1-} in
-h | --help) usage; exit 0 ;;
--list) echo "$all"; exit 0 ;;
esac
steps=''
[ $# -gt 0 ] || set -- usual
for name; do
	case $name in
	usual) steps="$steps $usual" ;;
	release) steps="$steps $release" ;;
	all) steps="$steps $all" ;;
	*) steps="$steps $name" ;;
	esac
done

srcdir=$(cd "${srcdir:-.}" && pwd)
builddir=$(cd "${builddir:-.}" && pwd)
work=$builddir/proof
jobs=$(getconf _NPROCESSORS_ONLN)
tests=''
export srcdir builddir
mkdir -p "$work"
[ -x "$srcdir/configure" ] || { echo "check-proof: no $srcdir/configure: run ./bootstrap" >&2; exit 1; }

# A step is a function named step_NAME, with dashes as underscores; it answers 0, 1, or 77.

# want COMMAND PACKAGE: the step cannot run without it.
want()
{
	command -v "$1" >/dev/null 2>&1 && return
	echo "MISSING: $1 (Debian: $2); ./bootstrap full installs it"
	return 77
}

# A source tree that was built in cannot be built beside: the suites then build what the tarball would hold.
source_of_suites()
{
	[ -f "$srcdir/config.status" ] || { echo "$srcdir"; return; }
	rm -rf "$work/source"
	make -s distdir distdir="$work/source" >&2 && echo "$work/source"
}

# suite GOAL DIRECTORY CONFIGURE-ARGUMENT...: a build of its own and in it make GOAL (check with $tests, if that is set), where
# a skipped test counts as missing.
suite()
{
	goal=$1 dir=$work/$2
	shift 2
	rm -rf "$dir"
	mkdir "$dir" && cd "$dir" || return 1
	"$suites/configure" -q "$@" || return 1
	[ "$goal" = check-compiler ] || make -s -j"$jobs" || return 1
	if [ -n "$tests" ]; then
		make -s -j"$jobs" check TESTS="$tests" || return 1
	else
		make -s -j"$jobs" "$goal" || return 1
	fi
	find . -name '*.trs' -exec grep -H '^:test-result: SKIP' {} + && return 77
	cd "$builddir"
	rm -rf "$dir" # half a gigabyte each
}

# The tests that a compiler could break, a quarter as long as in make check, for there are six of them.
by_compiler()
{
	MAAR_STRESS_SCALE=25 MAAR_KILL_OPERATIONS=1000 MAAR_KILLS=300
	export MAAR_STRESS_SCALE MAAR_KILL_OPERATIONS MAAR_KILLS
	suite check-compiler "$@"
}

step_tsan() { suite check-sanitizer tsan --enable-sanitizer=thread; }
step_asan() { suite check-sanitizer asan --enable-sanitizer=address,undefined; }
step_gcc_O0() { want gcc gcc && by_compiler gcc-O0 CC=gcc CXX=g++ CFLAGS='-O0 -g' CXXFLAGS='-O0 -g'; }
step_gcc_O3_lto() { want gcc gcc && by_compiler gcc-O3-lto CC=gcc CXX=g++ CFLAGS='-O3 -flto' CXXFLAGS='-O3 -flto' AR=gcc-ar RANLIB=gcc-ranlib NM=gcc-nm; }
step_clang_O0() { want clang clang && by_compiler clang-O0 CC=clang CXX=clang++ CFLAGS='-O0 -g' CXXFLAGS='-O0 -g'; }
step_clang_O2() { want clang clang && by_compiler clang-O2 CC=clang CXX=clang++ --enable-werror; }
step_clang_O3() { want clang clang && by_compiler clang-O3 CC=clang CXX=clang++ CFLAGS='-O3' CXXFLAGS='-O3'; }
step_clang_tsan() { want clang clang && by_compiler clang-tsan CC=clang CXX=clang++ --enable-sanitizer=thread; }
# Examples and benchmarks make the default ring, which such a processor refuses, as documented.
step_generic()
{
	tests=$(for t in ring ring_abi ring_life ring_life_abi batch_ring mring \
		mring_abi mring_lanes pool pool_abi object_pool faults debug; do printf 'tests/unit/test_%s ' "$t"; done)
	tests="$tests tests/stress/test_ring_stress tests/stress/test_pool_stress tests/history/test_ring_history tests/kill/test_kill tests/model/test_model tests/meta/headers.sh"
	suite check generic CPPFLAGS=-DMAAR_ARCH_GENERIC
}
step_debug() { suite check-built debug --enable-debug; }

# The tests that look at MAAR_PROOF, in the build that check-proof was called in.
step_whole()
{
	cd "$builddir"
	rm -f tests/meta/headers.trs bench/smoke.trs bench/test_bench.trs tests/malloc/behave.trs
	export MAAR_PROOF=1
	made check check_LTLIBRARIES=libmaar_test_module.la \
		check_PROGRAMS=bench/test_bench \
		TESTS='tests/meta/headers.sh bench/smoke.sh bench/test_bench tests/malloc/behave.sh' || return 1
	grep '^:test-result: SKIP' tests/meta/headers.trs bench/smoke.trs bench/test_bench.trs tests/malloc/behave.trs || return 0
	echo "MISSING: what these tests need, as their logs say"
	return 77
}

# made TARGET...: in the build that check-proof was called in, where two steps are not to make the same at once.
made() { cd "$builddir" && flock "$work/make.lock" make -s -j"$jobs" "$@"; }

# run PROGRAM: a test program of that build.
run()
{
	made "$1" && CK_TAP_LOG_FILE_NAME=- CK_VERBOSITY=silent "./$1"
}

step_model()
{
	MAAR_MODEL_EXECUTIONS=${MODEL_EXECUTIONS:-100000} run tests/model/test_model &&
		MAAR_MODEL_EXECUTIONS=${MODEL_EXECUTIONS:-100000} run tests/model/test_model_controls
}

step_stress()
{
	for test in test_ring_stress test_pool_stress; do
		MAAR_STRESS_WHOLE=1 MAAR_STRESS_SCALE=500 run "tests/stress/$test" || return 1
	done
	for test in test_ring_fuzz test_pool_fuzz; do
		MAAR_STRESS_WHOLE=1 MAAR_STRESS_SCALE=950 run "tests/stress/$test" || return 1
	done
	# 50 million gets and puts, 10,000 births and deaths, with all else going on
	CK_RUN_CASE='all at once' MAAR_STRESS_SCALE=1000 run tests/stress/test_pool_stress
}

step_history()
{
	MAAR_STRESS_SCALE=1000 run tests/history/test_checker && run tests/history/test_history_controls || return 1
	MAAR_HISTORY_OPS=5000000 run tests/history/test_ring_history || return 1
	MAAR_HISTORY_OPS=5000000 run tests/history/test_channel_history || return 1
	MAAR_HISTORY_OPS=5000000 run tests/history/test_set_history || return 1
	MAAR_STRESS_SCALE=190 MAAR_HISTORY_OPS=5000000 run tests/history/test_ring_history_fuzz
}

step_kill()
{
	MAAR_KILL_ALL=1 run tests/kill/test_kill || return 1
	MAAR_KILL_ALL=1 run tests/kill/test_stall || return 1
	MAAR_KILL_ALL=1 run tests/kill/test_ipc_sweep || return 1
	MAAR_KILLS=${KILLS:-5000} run tests/unit/test_ipc_kill
}

# Needs the programs that the test starts.
step_bridge()
{
	want nats-server nats-server || return
	want redis-server redis-server || return
	cd "$builddir"
	grep -q '^am__append_.* tools/bridge/maar-bridge' Makefile || { echo "MISSING: libnats (Debian: libnats-dev); ./bootstrap installs it"; return 77; }
	made tools/bridge/maar-bridge tests/bridge/bridge_control || return 1
	MAAR_PROOF=1 run tests/bridge/test_bridge_points || return 1
	MAAR_PROOF=1 run tests/bridge/test_bridge_kill
}

# What 7 threads do while an eighth is stopped for 50 ms, at points of get and put of each kind: at least four fifths.
step_stall() { MAAR_STALL_MS=${STALL_MS:-50} MAAR_STALL_PERCENT=${STALL_PERCENT:-80} run tests/kill/test_stall; }

step_mutation() { cd "$builddir" && sh "$srcdir/tests/mutation/mutate.sh"; }

# Each target (FUZZ_TARGET: that one) with the whole library in one program, so that libFuzzer sees coverage of all of it.
step_fuzz()
{
	want clang clang || return
	flags="-g -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -D_GNU_SOURCE -DMAAR_FAULTS
		-DMAAR__IPC_LEAST_CELLS=1 -DMAAR__IPC_CLAIM_TRIES=2 -I$srcdir/include -I$builddir/include -I$srcdir $URCU_CFLAGS"
	rm -rf "$work/fuzz" && mkdir "$work/fuzz" || return 1
	# The drop-in malloc is left out: malloc is the sanitizer's.
	for source in "$srcdir"/src/*/*.c; do
		case $source in */src/malloc/*) continue ;; esac
		object=${source#"$srcdir"/src/}
		echo "$source -o $work/fuzz/$(echo "${object%.c}" | tr / -).o"
	done >"$work/fuzz/sources"
	# shellcheck disable=SC2086 # flags are words
	xargs -L 1 -P "$jobs" clang $flags -c <"$work/fuzz/sources" || return 1
	for target in "$srcdir"/tests/fuzz/${FUZZ_TARGET:-fuzz_*}.c; do
		[ -f "$target" ] || continue
		name=$(basename "$target" .c)
		echo "== $name"
		# shellcheck disable=SC2086 # flags are words
		clang $flags -fsanitize=fuzzer "$target" "$work"/fuzz/*.o $URCU_LIBS -lpthread -o "$work/$name" || return 1
		mkdir -p "$work/$name.corpus"
		"$work/$name" -runs="${FUZZ_RUNS:-30000}" -max_len=2048 -timeout=60 -artifact_prefix="$work/" \
			"$work/$name.corpus" || return 1
	done
}

step_report()
{
	want python3 python3 && want gnuplot gnuplot-nox && want chromium chromium || return
	cd "$builddir"
	grep -q '^am__append_.* libmaar_bench_own\.a' Makefile || { echo "MISSING: jansson (Debian: libjansson-dev); ./bootstrap installs it"; return 77; }
	made bench/bench_ring bench/bench_slot bench/bench_pool bench/bench_arena bench/bench_malloc bench/bench_ipc \
		bench/bench_ladder bench/bench_control bench/malloc_shapes bench/malloc_rungs libmaar-malloc.la || return 1
	sh "$srcdir/bench/report/view.sh"
}

step_valgrind()
{
	want valgrind valgrind || return
	cd "$builddir"
	for test in test_mring_lanes test_pool test_object_pool; do
		made "tests/unit/$test" || return 1
		# Pools' tests say how large slots are, and put them twice, which a tool that sees slots rightly calls an
		# error. What memcheck sees of a pool's slots is tests/tools'.
		[ "$test" = test_mring_lanes ] || export MAAR_OPTIONS=tools=0
		CK_TAP_LOG_FILE_NAME=- CK_VERBOSITY=silent ./libtool --mode=execute valgrind -q --error-exitcode=99 \
			"tests/unit/$test" || return 1
	done
}

step_lint() { made all && sh "$srcdir/tests/meta/lint.sh"; }

step_packages()
{
	for tool in lintian mmdebstrap; do
		want "$tool" "$tool" || return
	done
	MAKE=make MAAR_PROOF=1 sh "$srcdir/tests/install/dist.sh" && sh "$srcdir/tests/install/packages.sh"
}

# The rings have no dependency, so a cross compiler and an emulator are enough.
step_cross()
{
	rc=0
	for triplet in aarch64-linux-gnu arm-linux-gnueabihf riscv64-linux-gnu s390x-linux-gnu; do
		name=${triplet%%-*}
		want "$triplet-gcc" "gcc-$triplet" || { rc=77; continue; }
		want "qemu-$name" qemu-user || { rc=77; continue; }
		echo "== $name"
		"$triplet-gcc" -static -O2 -Wall -Wextra -Werror -D_GNU_SOURCE -I"$srcdir/include" "$srcdir/src/ring/ring.c" \
			"$srcdir/src/ring/ring_abi.c" "$srcdir/src/base/memory.c" "$srcdir/src/base/misuse.c" \
			"$srcdir/tests/stress/cross.c" -lpthread -o "$work/cross-$name" || return 1
		"qemu-$name" "$work/cross-$name" || return 1
		# Where size_t has 32 bits, some limits are beyond it.
		"$triplet-gcc" -static -O2 -Wall -Wextra -Wno-type-limits -Werror -D_GNU_SOURCE -I"$srcdir/include" \
			-include "$srcdir/tests/kill/point.h" -DKILL_LIBRARY_HAS_POINTS "$srcdir"/src/ring/*.c \
			"$srcdir/src/base/memory.c" "$srcdir/src/base/misuse.c" "$srcdir"/tests/kill/cross.c \
			"$srcdir/tests/kill/calls_hooked.c" "$srcdir/tests/kill/by_hooks.c" "$srcdir/tests/kill/others.c" \
			"$srcdir/tests/kill/kinds.c" "$srcdir/tests/kill/sweep.c" "$srcdir/tests/kill/cases.c" \
			"$srcdir/tests/kill/run.c" -lpthread -o "$work/cross-kill-$name" || return 1
		"qemu-$name" "$work/cross-kill-$name" || return 1
	done
	return "$rc"
}

# The library, whole, for each; the rings' stop tests are cross's.
step_ports() { sh "$srcdir/tests/install/ports.sh"; }

for step in $steps; do
	case " $all " in
	*" $step "*) ;;
	*) echo "check-proof: no step '$step'; there are: $all" >&2; exit 1 ;;
	esac
done
began=$(date +%s)
suites=$(cd "$builddir" && source_of_suites) || { echo "check-proof: no source to build: see above" >&2; exit 1; }
# one STEP: runs it, and leaves how it ended and how long it took.
one()
{
	at=$(date +%s)
	rc=0
	# set -e is off inside a function that is tested, as here: a step answers by its own tests.
	("step_$(echo "$1" | tr - _)") >"$work/$1.log" 2>&1 </dev/null || rc=$?
	echo "$rc $(($(date +%s) - at))" >"$work/$1.result"
}

# tell STEP: says so.
tell()
{
	read -r rc seconds <"$work/$1.result"
	case $rc in
	0) word=passed ;;
	77) word="MISSING: see $work/$1.log" ;;
	*) word="FAILED: see $work/$1.log" ;;
	esac
	printf 'check-proof: %-12s %s (%s s)\n' "$1" "$word" "$seconds"
}

# Takes one step after the other, of those that the other has not taken. One that measures is left for the end.
work_on()
{
	for step in $steps; do
		[ "$step" != stall ] || continue
		mkdir "$work/taken/$step" 2>/dev/null || continue
		one "$step"
		tell "$step"
	done
}
rm -rf "$work/taken"
mkdir "$work/taken"
[ "$jobs" -lt 2 ] || work_on &
work_on
wait
failed='' missing=''
for step in $steps; do
	[ "$step" != stall ] || { one stall && tell stall; }
	read -r rc seconds <"$work/$step.result"
	case $rc in
	0) ;;
	77) missing="$missing $step" ;;
	*) failed="$failed $step" ;;
	esac
done
echo "check-proof: $(($(date +%s) - began)) s in all"
if [ -n "$failed" ]; then
	echo "check-proof: failed:$failed"
	exit 1
fi
if [ -n "$missing" ]; then
	grep -h '^MISSING' "$work"/*.log 2>/dev/null | sort -u
	echo "check-proof: not proved, for want of tools:$missing"
	exit 77
fi
echo "check-proof: all passed"
