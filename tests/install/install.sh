#!/bin/sh
# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# What make install puts down is enough for somebody who has nothing else of maar: pkg-config finds it, the README's program
# and a C++ program compile, link shared and static, and run. make uninstall takes every file away.
# shellcheck source=tests/meta/common.sh
. "${srcdir:-.}/tests/meta/common.sh"
: "${PKG_CONFIG:=pkg-config}"
need "$PKG_CONFIG" pkg-config
need readelf binutils

root=$tmp/root
"$MAKE" -s --no-print-directory -C "$builddir" install DESTDIR="$root" >"$tmp/log" 2>&1 ||
	{ cat "$tmp/log"; echo "make install failed"; exit 1; }

pc=$(find "$root" -name maar.pc)
libdir=$(dirname "$(dirname "$pc")")
export PKG_CONFIG_SYSROOT_DIR="$root"
export PKG_CONFIG_PATH="$libdir/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"

# The program that README.md shows, as it stands there.
awk '/^```c$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$srcdir/README.md" >"$tmp/hello.c"
cp "$srcdir/tests/install/user.cc" "$tmp/user.cc"

# built NAME COMMAND...: the command, which has what pkg-config says and nothing else, ends well.
built()
{
	name=$1
	shift
	"$@" >"$tmp/log" 2>&1 || { fail "$name does not compile: $*: $(cat "$tmp/log")"; return 1; }
}

# object NAME COMPILER SOURCE: compiles, once for both kinds of library.
object()
{
	# shellcheck disable=SC2046,SC2086 # lists of words
	built "$1" $2 -Wall -Wextra -Werror -pthread $("$PKG_CONFIG" --cflags maar) -c -o "$tmp/$1.o" "$3"
}

# try NAME COMPILER OBJECT [--static]: links and runs.
try()
{
	name=$1 static=${4-}
	# shellcheck disable=SC2046,SC2086 # lists of words
	built "$1" $2 -pthread ${static:+-static} -o "$tmp/$name" "$tmp/$3.o" $("$PKG_CONFIG" $static --libs maar) || return 0
	LD_LIBRARY_PATH="$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" timeout 300 "$tmp/$name" >"$tmp/log" 2>&1 ||
		fail "$name fails when it runs: $(cat "$tmp/log")"
	grep -q '^hello' "$tmp/log" || fail "$name does not say hello"
}

# Either kind of library may have been configured away.
forms=''
[ ! -e "$libdir/libmaar.so" ] || forms=shared
[ ! -e "$libdir/libmaar.a" ] || forms="$forms static"
[ -n "$forms" ] || fail "no library is installed"
object hello "$CC" "$tmp/hello.c" || finish
object user "$CXX" "$tmp/user.cc" || finish
for form in $forms; do
	option=''
	[ "$form" = shared ] || option=--static
	try "c_$form" "$CC" hello $option
	try "cxx_$form" "$CXX" user $option
done
# The shared one is really used, and the static one really needs nothing.
if [ -e "$tmp/c_shared" ]; then
	readelf -d "$tmp/c_shared" | grep -q 'NEEDED.*libmaar\.so' || fail "c_shared does not use libmaar.so"
fi
if [ -e "$tmp/c_static" ]; then
	readelf -d "$tmp/c_static" 2>/dev/null | grep -q NEEDED && fail "c_static still needs shared libraries"
fi

# The malloc takes its place in a program that knows nothing of it.
if [ -e "$libdir/libmaar-malloc.so" ]; then
	LD_PRELOAD="$libdir/libmaar-malloc.so" MAAR_VERBOSE=1 /bin/true 2>"$tmp/log"
	grep -q "^maar: malloc of maar .*: $libdir/libmaar-malloc.so$" "$tmp/log" ||
		fail "the installed libmaar-malloc.so is not in place: $(cat "$tmp/log")"
	LD_PRELOAD="$libdir/libmaar-malloc-debug.so" MAAR_VERBOSE=1 /bin/true 2>"$tmp/log"
	grep -q "^maar: malloc of maar .*: $libdir/libmaar-malloc-debug.so$" "$tmp/log" ||
		fail "the installed libmaar-malloc-debug.so is not in place: $(cat "$tmp/log")"
fi

# gdb finds the printers by the library's name, and people the scripts.
if [ -e "$libdir/libmaar.so" ]; then
	library=$(readlink -f "$libdir/libmaar.so")
	autoload=$(find "$root" -path "*/gdb/auto-load/*/$(basename "$library")-gdb.py")
	[ "${autoload##*/gdb/auto-load}" = "${library#"$root"}-gdb.py" ] || fail "gdb would not find its printers: $autoload"
fi
for script in maar-alloc.bt maar-blocks.bt maar-drops.bt maar-recovery.bt maar-refills.bt maar-trace.py maar-gdb.py; do
	[ -n "$(find "$root" -path "*/share/maar/*/$script")" ] || fail "$script is not installed"
done

# Every header that a header includes is installed with it, and nothing private.
installed=$(find "$root" -name '*.h' -o -name '*.hpp' | sed 's|.*/include/||' | sort)
wanted=$(cd "$srcdir/include" && { find . -name '*.h' -o -name '*.hpp' | sed 's|^\./||'; echo maar/version.h; } | sort -u)
[ "$installed" = "$wanted" ] || fail "headers installed: $installed"

"$MAKE" -s --no-print-directory -C "$builddir" uninstall DESTDIR="$root" >"$tmp/log" 2>&1 || fail "uninstall: $(cat "$tmp/log")"
left=$(find "$root" ! -type d -o -path '*/include/maar*')
[ -z "$left" ] || fail "make uninstall leaves: $left"
finish
