#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# The Debian packages: built from a copy of the tree, judged by lintian, installed on a bare Debian 12, tried there as
# debian/tests says (what autopkgtest would run), and removed without a trace.
set -eu
export LC_ALL=C

usage()
{
	cat <<'END'
usage: make check-packages      or: tests/install/packages.sh [--tests] [--keep DIRECTORY] [--suite NAME] [--mirror URI]

  --tests   run debian/rules' tests too (make check-compiler: some minutes more)
  --keep    leave the packages there
  --suite, --mirror   of the root to install into, as of tests/install/fresh.sh

Needs what ./bootstrap full installs (dpkg-buildpackage, lintian, mmdebstrap), and for the root that the packages are installed
into: root or user namespaces, and a Debian mirror. Takes some 5 minutes, 2 GB in $TMPDIR. 77: a tool is missing.
END
}

die() { echo "packages.sh: $*" >&2; exit 1; }

suite=bookworm mirror='' options=nocheck keep=''
while [ $# -gt 0 ]; do
	case $1 in
	--tests) options='' ;;
	--keep | --suite | --mirror)
		[ $# -ge 2 ] || die "$1 wants a value"
		case $1 in
		--keep) keep=$2 ;;
		--suite) suite=$2 ;;
		*) mirror=$2 ;;
		esac
		shift
		;;
	-h | --help) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
	shift
done
for tool in dpkg-buildpackage:dpkg-dev dh:debhelper lintian:lintian mmdebstrap:mmdebstrap; do
	command -v "${tool%:*}" >/dev/null || { echo "MISSING: ${tool%:*} (Debian: ${tool#*:}); ./bootstrap full installs it"; exit 77; }
done

source=$(cd "$(dirname "$0")/../.." && pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
# For _apt and the others inside.
chmod 755 "$work"

# ---- a copy of what people wrote, or of an unpacked release; built ------------------------------------------------------

mkdir "$work/maar"
if [ -e "$source/.git" ]; then
	git -C "$source" ls-files -co --exclude-standard | while read -r f; do
		[ ! -e "$source/$f" ] || echo "$f"
	done >"$work/files"
	tar -C "$source" -cf "$work/maar.tar" -T "$work/files"
else
	tar -C "$source" --exclude-vcs -cf "$work/maar.tar" .
fi
tar -C "$work/maar" -xf "$work/maar.tar"
cd "$work/maar"
[ ! -e Makefile ] || make -s distclean
# lintian gives its opinion of a development version too; who builds for himself needs no key.
DEB_BUILD_OPTIONS="$options parallel=${JOBS:-$(getconf _NPROCESSORS_ONLN)}" dpkg-buildpackage -us -uc -b >"$work/build.log" 2>&1 ||
	{ tail -n 60 "$work/build.log"; die "dpkg-buildpackage failed"; }
cd "$work"
built=$(for deb in *.deb; do echo "${deb%%_*}"; done | grep -v -e '-dbgsym$' | tr '\n' ' ')
wanted=$(sed -n 's/^Package: //p' maar/debian/control | sort | tr '\n' ' ')
[ "$built" = "$wanted" ] || die "built: $built; wanted: $wanted"
echo "packages.sh: built: $built"

# ---- lintian: no error, no warning, no override without its reason ------------------------------------------------------

lintian --allow-root -i --fail-on error,warning -- *.changes >"$work/lintian" 2>&1 || { cat "$work/lintian"; die "lintian is not content"; }
for file in maar/debian/*.lintian-overrides; do
	[ ! -e "$file" ] || head -n 1 "$file" | grep -q '^# [A-Z]' || die "$file: no reason is given"
done
# Control: without its tools' page a package is worse, and lintian sees it.
dpkg-deb -R maar-tools_*.deb control
rm control/usr/share/man/man1/maar.1.gz
dpkg-deb --root-owner-group -b control planted.deb >/dev/null
if lintian --allow-root --fail-on error,warning planted.deb >control.out 2>&1 || ! grep -q 'no-manual-page' control.out; then
	die "lintian is blind: it did not find that maar.1 is missing"
fi
echo "packages.sh: lintian finds no error and no warning"
if [ -n "$keep" ]; then
	mkdir -p "$keep"
	rm -f planted.deb
	cp ./*.deb ./*.changes ./*.buildinfo "$keep"
fi
rm -f planted.deb

# ---- on a bare Debian ----------------------------------------------------------------------------------------------------

if [ -n "$mirror" ]; then
	echo "deb $mirror $suite main" >"$work/sources.list"
else
	# shellcheck disable=SC2016 # apt's own variables
	apt-get indextargets --format '$(CODENAME) deb $(REPO_URI) $(CODENAME) main' 'Created-By: Packages' \
		'Origin: Debian' 'Component: main' | sed -n "s/^${suite}[^ ]* //p" | sort -u >"$work/sources.list"
fi
grep -q " $suite main$" "$work/sources.list" || die "this machine's apt knows no mirror of $suite: apt-get update, or --mirror"

cat >"$work/inside.sh" <<'END'
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
cd /root/debs
get() { apt-get -q -y --no-install-recommends install "$@" >/tmp/apt.log 2>&1 || { cat /tmp/apt.log; exit 1; }; }
files() { find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /root -o -path /tmp \) -prune -o -name '*maar*' -print | sort; }

# Each stanza of debian/tests/control by itself, so that what a test has not asked for is not there by another's doing.
cd /root/maar
tests=$(sed -n 's/^Tests: //p' debian/tests/control)
for test in $tests; do
	depends=$(sed -n "/^Tests: $test\$/,/^\$/s/^Depends: //p" debian/tests/control | tr -d ,)
	debs=''
	for package in $depends; do
		case $package in
		libmaar-dev) debs="$debs $(ls /root/debs/libmaar-dev_*.deb /root/debs/libmaar0_*.deb | tr '\n' ' ')" ;;
		libmaar* | maar*) debs="$debs $(ls /root/debs/"$package"_*.deb)" ;;
		*) debs="$debs $package" ;;
		esac
	done
	get $debs
	AUTOPKGTEST_TMP=$(mktemp -d)
	export AUTOPKGTEST_TMP
	# On stderr autopkgtest wants nothing, unless it is told.
	aloud=$(sed -n "/^Tests: $test\$/,/^\$/s/^Restrictions: .*allow-stderr.*/1/p" debian/tests/control)
	if ! "debian/tests/$test" 2>/tmp/stderr || { [ -z "$aloud" ] && [ -s /tmp/stderr ]; }; then
		cat /tmp/stderr
		echo "debian/tests/$test FAILED"
		exit 1
	fi
	dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' '*maar*' | sed -n 's/^ii *//p' | xargs apt-get -q -y purge >/tmp/apt.log 2>&1 ||
		{ cat /tmp/apt.log; exit 1; }
	left=$(files)
	[ -z "$left" ] || { echo "purged, but there is still: $left"; exit 1; }
	echo "debian/tests/$test: passed"
done
# All of them beside one another.
get /root/debs/*.deb
dpkg --audit
ldconfig -p | grep -q 'libmaar\.so\.0'
END

# mmdebstrap mounts what a chroot needs, and takes all of it away again, also when a hook fails.
mmdebstrap --quiet --variant=minbase --format=null \
	--customize-hook="mkdir -p \"\$1/root/maar\" \"\$1/root/debs\"" \
	--customize-hook="tar-in '$work/maar.tar' /root/maar" \
	--customize-hook="copy-in $(find "$work" -maxdepth 1 -name '*.deb' ! -name '*-dbgsym_*' | sort | tr '\n' ' ') /root/debs" \
	--customize-hook="copy-in '$work/inside.sh' /root" \
	--customize-hook="env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root chroot \"\$1\" sh /root/inside.sh" \
	"$suite" "$work/sources.list" </dev/null || die "installed, the packages FAILED"
echo "packages.sh: all passed"
