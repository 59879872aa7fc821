# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# MAAR_PEERS: which libraries there are to be measured against. Each is compiled into bench/ only when its package is found.
#   conditionals PEER_DPDK PEER_CK PEER_BOOST PEER_MOODYCAMEL; lists maar_peers and maar_peers_missing for the report
# MAAR_PEER(conditional, variable, name, Debian package)
AC_DEFUN([MAAR_PEER], [
AM_CONDITIONAL([$1], [test "x$[]$2" = xyes])
AS_IF([test "x$[]$2" = xyes], [maar_peers="$maar_peers $3"], [maar_peers_missing="$maar_peers_missing $3 (Debian: $4)"])
])

AC_DEFUN([MAAR_PEERS], [
maar_peers=
maar_peers_missing=
PKG_CHECK_MODULES([DPDK], [libdpdk], [have_dpdk=yes], [have_dpdk=no])
AC_CHECK_HEADER([ck_ring.h], [have_ck=yes], [have_ck=no])
AC_LANG_PUSH([C++])
AC_CHECK_HEADER([boost/lockfree/queue.hpp], [have_boost=yes], [have_boost=no])
AC_CHECK_HEADER([concurrentqueue/concurrentqueue.h], [have_moodycamel=yes], [have_moodycamel=no])
AC_LANG_POP([C++])
MAAR_PEER([PEER_DPDK], [have_dpdk], [rte_ring+rte_mempool], [libdpdk-dev])
MAAR_PEER([PEER_CK], [have_ck], [ck_ring], [libck-dev])
MAAR_PEER([PEER_BOOST], [have_boost], [boost.lockfree], [libboost-dev])
MAAR_PEER([PEER_MOODYCAMEL], [have_moodycamel], [moodycamel], [libconcurrentqueue-dev])
AS_IF([test -z "$maar_peers"], [maar_peers=" none"])
AS_IF([test -z "$maar_peers_missing"], [maar_peers_missing=" none"])
])
