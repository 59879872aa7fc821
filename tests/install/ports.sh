#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# maar for other processors, built here and tried by qemu-user; a step of make check-proof. Half an hour, or minutes a port.
set -eu
export LC_ALL=C
: "${srcdir:=.}" "${builddir:=.}"
all='aarch64 armhf riscv64 s390x i386'

usage()
{
	cat <<END
usage: tests/install/ports.sh [PORT...]      from the source tree: srcdir=. builddir=BUILD; or: make check-proof STEPS=ports PORTS="..."

Ports: $all (s390x is big-endian; armhf and i386 have 32 bits).
For each: liburcu and check are built from Debian's source packages (a Debian mirror; nothing is installed), then maar, with
Debian's cross compiler; then the tests of calls, threads, and histories run, with short counts. There is no ptrace under qemu: what
is stopped at each instruction elsewhere is stopped at each point of the hook layer. All is kept in BUILD/proof/ports.
END
}

case ${1-} in
-h | --help) usage; exit 0 ;;
esac
srcdir=$(cd "$srcdir" && pwd)
mkdir -p "$builddir/proof/ports/source"
work=$(cd "$builddir/proof/ports" && pwd)
jobs=$(getconf _NPROCESSORS_ONLN)

# Source packages, by an apt with a state of its own, from where this machine's packages come from.
sources()
{
	cd "$work/source"
	ls liburcu_*.dsc check_*.dsc >/dev/null 2>&1 && return
	mkdir -p apt/lists/partial apt/archives/partial
	: >apt/status
	# shellcheck disable=SC2016 # apt's
	apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
		grep -vE 'security|updates|backports' | sort -u >apt/list
	own="-o Dir::State=$PWD/apt -o Dir::State::status=$PWD/apt/status -o Dir::Cache=$PWD/apt -o Dir::Etc::sourcelist=$PWD/apt/list
		-o Dir::Etc::sourceparts=/dev/null -o Debug::NoLocking=1 -o APT::Sandbox::User=$(id -un)"
	# shellcheck disable=SC2086 # words
	apt-get $own -qq update && apt-get $own -qq source --download-only liburcu check
}

# library NAME ARGUMENT...: built into the port's root.
library()
{
	name=$1
	shift
	rm -rf "${place:?}/$name"
	mkdir -p "$place/$name"
	tar -C "$place/$name" --strip-components=1 -xf "$(ls "$work/source/$name"_*.orig.tar.*[!c])"
	(cd "$place/$name" && { [ -x configure ] || autoreconf -i; } && ./configure -q --host="$triplet" --prefix="$place/root" \
		--disable-shared "$@" && make -s -j"$jobs" && make -s install)
}

port()
{
	case $1 in
	aarch64) triplet=aarch64-linux-gnu qemu=qemu-aarch64 ;;
	armhf) triplet=arm-linux-gnueabihf qemu=qemu-arm ;;
	riscv64) triplet=riscv64-linux-gnu qemu=qemu-riscv64 ;;
	s390x) triplet=s390x-linux-gnu qemu=qemu-s390x ;;
	i386) triplet=i686-linux-gnu qemu=qemu-i386 ;;
	*) echo "no port '$1'; there are: $all" >&2; return 1 ;;
	esac
	for tool in "$triplet-gcc" "$triplet-g++" "$qemu"; do
		command -v "$tool" >/dev/null || { echo "MISSING: $tool; ./bootstrap full installs it"; return 77; }
	done
	place=$work/$1
	mkdir -p "$place"
	if [ ! -e "$place/root/done" ]; then
		sources && library liburcu && library check --disable-subunit --disable-timeout-tests || return 1
		touch "$place/root/done"
	fi
	rm -rf "$place/build"
	mkdir "$place/build" && cd "$place/build" || return 1
	PKG_CONFIG_LIBDIR=$place/root/lib/pkgconfig "$srcdir/configure" -q --host="$triplet" --disable-shared || return 1
	make -s -j"$jobs" check-port LOG_COMPILER="$qemu -L /usr/$triplet"
}

[ $# -gt 0 ] || eval "set -- ${PORTS:-$all}"
rc=0
for name; do
	echo "== $name"
	(port "$name") || { rc=$?; echo "ports: $name: failed ($rc)"; break; }
done
exit "$rc"
