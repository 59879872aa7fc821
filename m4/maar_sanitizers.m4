# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# MAAR_SANITIZERS: --enable-sanitizer=LIST, a list that -fsanitize= understands: "address,undefined" or "thread".
# Everything is compiled and linked with it, so CFLAGS, CXXFLAGS and LDFLAGS carry it.
AC_DEFUN([MAAR_SANITIZERS], [
AC_ARG_ENABLE([sanitizer],
  [AS_HELP_STRING([--enable-sanitizer=LIST], [build everything with -fsanitize=LIST: address,undefined or thread])],
  [], [enable_sanitizer=no])
AS_IF([test "x$enable_sanitizer" = xyes], [enable_sanitizer=address,undefined])
AS_IF([test "x$enable_sanitizer" != xno], [
  maar_san="-fsanitize=$enable_sanitizer -fno-omit-frame-pointer"
  AS_CASE([" $CFLAGS"], [*" -g"*], [], [maar_san="$maar_san -g"])
  AS_CASE([",$enable_sanitizer,"], [*,undefined,*], [maar_san="$maar_san -fno-sanitize-recover=undefined"])
  AX_CHECK_COMPILE_FLAG([$maar_san], [],
    [AC_MSG_ERROR([the compiler does not know -fsanitize=$enable_sanitizer; use address,undefined or thread])])
  CFLAGS="$CFLAGS $maar_san"
  CXXFLAGS="$CXXFLAGS $maar_san"
  LDFLAGS="$LDFLAGS -fsanitize=$enable_sanitizer"
])
AM_CONDITIONAL([SANITIZED], [test "x$enable_sanitizer" != xno])
])
