#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# The README's promises on a bare Debian 12, each from nothing: ./bootstrap demo; ./bootstrap check; make install, the
# README's program against what was installed, make uninstall; and the release tarball for a user who is not root.
set -eu

usage()
{
	cat <<'END'
usage: tests/install/fresh.sh [--suite NAME] [--mirror URI] [demo] [check] [install]

Makes a minimal Debian root with mmdebstrap for each of the parts named (all three by default), copies this source tree
into it as it is now, and runs the part inside:
  demo     ./bootstrap demo; twice, the second time without the network being asked
  check    ./bootstrap check
  install  ./bootstrap demo and make install; the README's program, shared and static; make uninstall leaves nothing;
           then the release tarball, unpacked read-only, built by a user without rights in a directory of his own

Needs mmdebstrap (./bootstrap full installs it), root or user namespaces, and a Debian mirror: what this machine's own apt
uses, unless --mirror says otherwise. Takes some 10 minutes a part and 2 GB in $TMPDIR. Leaves nothing behind.
END
}

die() { echo "fresh.sh: $*" >&2; exit 1; }

suite=bookworm mirror='' parts=''
while [ $# -gt 0 ]; do
	case $1 in
	--suite | --mirror)
		[ $# -ge 2 ] || die "$1 wants a value"
		if [ "$1" = --suite ]; then suite=$2; else mirror=$2; fi
		shift
		;;
	demo | check | install) parts="$parts $1" ;;
	-h | --help) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
	shift
done
: "${parts:= demo check install}"
command -v mmdebstrap >/dev/null || die "there is no mmdebstrap (Debian: mmdebstrap; ./bootstrap full installs it)"

source=$(cd "$(dirname "$0")/../.." && pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# This machine's Debian mirrors, whatever form its sources are written in; not those of other vendors.
if [ -n "$mirror" ]; then
	echo "deb $mirror $suite main" >"$work/sources.list"
else
	# shellcheck disable=SC2016 # apt's own variables
	apt-get indextargets --format '$(CODENAME) deb $(REPO_URI) $(CODENAME) main' 'Created-By: Packages' \
		'Origin: Debian' 'Component: main' | sed -n "s/^${suite}[^ ]* //p" | sort -u >"$work/sources.list"
fi
grep -q " $suite main$" "$work/sources.list" || die "this machine's apt knows no mirror of $suite: apt-get update, or --mirror"

# The tree as it is now, without what was built in it: what git lists, or all of an unpacked release.
if [ -e "$source/.git" ]; then
	git -C "$source" ls-files -co --exclude-standard | while read -r f; do
		[ ! -e "$source/$f" ] || echo "$f"
	done >"$work/files"
	tar -C "$source" -cf "$work/maar.tar" -T "$work/files"
else
	tar -C "$source" -cf "$work/maar.tar" .
fi

# ---- what runs inside --------------------------------------------------------------------------------------------------

cat >"$work/inside.sh" <<'END'
set -eu
cd /root/maar
files() { find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /root -o -path /tmp -o -path /var \) -prune \
	-o \( ! -type d -o -name '*maar*' \) -print | sort; }

part_demo()
{
	./bootstrap demo
	rm -rf /var/lib/apt/lists/* # no lists, no mirror: the second time must need neither
	mv /etc/apt /etc/apt.away
	./bootstrap demo >/tmp/again 2>&1 || { cat /tmp/again; exit 1; }
	mv /etc/apt.away /etc/apt
	grep -q 'every package needed is installed' /tmp/again
	! grep -qE 'configuring|generating|^ *CC ' /tmp/again
}

part_check() { ./bootstrap check; }

part_install()
{
	./bootstrap demo
	files >/tmp/before
	make install
	ldconfig
	awk '/^```c$/ { inside = 1; next } /^```$/ { inside = 0 } inside' README.md >/tmp/hello.c
	cd /tmp
	# As the README says it.
	cc hello.c $(pkg-config --cflags --libs maar)
	[ "$(./a.out)" = hello ]
	cc -static hello.c $(pkg-config --static --cflags --libs maar)
	[ "$(./a.out)" = hello ]
	cd /root/maar
	make uninstall
	ldconfig
	files >/tmp/after
	diff /tmp/before /tmp/after

	make -s dist
	mkdir -m 755 /srv/maar
	tar -xf maar-*.tar.xz -C /srv/maar --strip-components=1
	chmod -R a-w /srv/maar
	install -d -o nobody /srv/build
	cd /srv/build
	setpriv --reuid nobody --regid nogroup --clear-groups env HOME=/nonexistent /srv/maar/bootstrap demo
}

"part_$1"
echo "fresh.sh: $1 passed"
END

# ---- a root for each part ----------------------------------------------------------------------------------------------

for part in $parts; do
	echo "fresh.sh: $part: a root of $suite"
	# mmdebstrap mounts what a chroot needs, and takes all of it away again, also when a hook fails.
	mmdebstrap --quiet --variant=minbase --format=null \
		--customize-hook="mkdir -p \"\$1/root/maar\"" \
		--customize-hook="tar-in '$work/maar.tar' /root/maar" \
		--customize-hook="copy-in '$work/inside.sh' /root" \
		--customize-hook="rm -rf \"\$1\"/var/lib/apt/lists/*" \
		--customize-hook="env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root chroot \"\$1\" sh /root/inside.sh $part" \
		"$suite" "$work/sources.list" </dev/null || die "$part FAILED"
done
echo "fresh.sh: all passed:$parts"
