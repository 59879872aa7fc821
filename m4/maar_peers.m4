# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# MAAR_PEERS: which libraries there are to be measured against. Each is compiled into bench/ only when its package is found.
#   conditionals PEER_DPDK PEER_CK PEER_BOOST PEER_MOODYCAMEL, variables DPDK_CFLAGS DPDK_LIBS for the one that needs some,
#   lists maar_peers and maar_peers_missing for the report
# Sanitizer builds leave all of them out: a peer's data races and assembly are not ours to report. After MAAR_SANITIZERS.

# MAAR_PEER(conditional, variable, name, Debian package)
AC_DEFUN([MAAR_PEER], [
AM_CONDITIONAL([$1], [test "x$[]$2" = xyes])
AS_IF([test "x$[]$2" = xyes], [maar_peers="$maar_peers $3"], [maar_peers_missing="$maar_peers_missing $3 (Debian: $4)"])
])

# DPDK's own flags name every library it has, and an instruction set: they go to its adapters only, its headers as system
# headers (our warnings are not theirs), and of the libraries those that are used.
AC_DEFUN([MAAR_PEER_DPDK], [
PKG_CHECK_MODULES([DPDK], [libdpdk >= 20.11], [have_dpdk=yes], [have_dpdk=no])
AS_IF([test $have_dpdk = yes], [
  DPDK_CFLAGS=`AS_ECHO(["$DPDK_CFLAGS"]) | $SED 's/-I\([[^ ]]\)/-isystem \1/g'`
  DPDK_LIBS="`$PKG_CONFIG --libs-only-L libdpdk` -lrte_mempool -lrte_ring -lrte_eal"
  maar_save_CFLAGS=$CFLAGS maar_save_LIBS=$LIBS
  CFLAGS="$CFLAGS $DPDK_CFLAGS" LIBS="$DPDK_LIBS $LIBS"
  AC_MSG_CHECKING([whether rte_ring and rte_mempool link])
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <rte_eal.h>
#include <rte_mempool.h>
#include <rte_ring.h>]],
    [[return rte_ring_get_memsize(1024) < 0 || rte_mempool_lookup("x") || rte_thread_register();]])],
    [], [have_dpdk=no])
  AC_MSG_RESULT([$have_dpdk])
  CFLAGS=$maar_save_CFLAGS LIBS=$maar_save_LIBS
])
])

AC_DEFUN([MAAR_PEERS], [
maar_peers=
maar_peers_missing=
MAAR_PEER_DPDK
AC_CHECK_HEADER([ck_ring.h], [have_ck=yes], [have_ck=no])
AC_LANG_PUSH([C++])
AC_CHECK_HEADER([boost/lockfree/queue.hpp], [have_boost=yes], [have_boost=no])
AC_CHECK_HEADER([concurrentqueue/concurrentqueue.h], [have_moodycamel=yes], [have_moodycamel=no])
AC_LANG_POP([C++])
MAAR_PEER([PEER_DPDK], [have_dpdk], [rte_ring+rte_mempool], [libdpdk-dev])
MAAR_PEER([PEER_CK], [have_ck], [ck_ring], [libck-dev])
MAAR_PEER([PEER_BOOST], [have_boost], [boost.lockfree], [libboost-dev])
MAAR_PEER([PEER_MOODYCAMEL], [have_moodycamel], [moodycamel], [libconcurrentqueue-dev])
AC_SUBST([maar_peers])
AC_SUBST([maar_peers_missing])
AS_IF([test -z "$maar_peers"], [maar_peers=" none"])
AS_IF([test -z "$maar_peers_missing"], [maar_peers_missing=" none"])
])
