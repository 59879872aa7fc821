# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
#
# MAAR_PEERS: which libraries there are to be measured against. Each is compiled into bench/ only when its package is found.
#   conditionals PEER_DPDK PEER_CK PEER_BOOST PEER_MOODYCAMEL PEER_READERWRITER PEER_XENIUM PEER_CDS PEER_TBB PEER_APR PEER_URCU,
#     and, between processes, PEER_BOOST_IPC PEER_ZMQ PEER_NNG PEER_ICEORYX
#   variables DPDK_CFLAGS DPDK_LIBS APR_CFLAGS APR_LIBS CDS_LIBS TBB_LIBS URCU_COMMON_LIBS ZMQ_LIBS NNG_LIBS ICEORYX_CPPFLAGS ICEORYX_LIBS
#     for those that need some,
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

# MAAR_PEER_LINK(have variable, libraries variable, libraries, #include line, body): sets the first two if it links
AC_DEFUN([MAAR_PEER_LINK], [
$1=no $2=
maar_save_LIBS=$LIBS
LIBS="$3 $LIBS"
AC_MSG_CHECKING([whether a program with $4 links])
AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <$4>]], [[$5]])], [$1=yes $2="$3"])
AC_MSG_RESULT([$][$1])
LIBS=$maar_save_LIBS
AC_SUBST([$2])
])

# iceoryx has no pkg-config file, and its headers lie in a directory of its version; its daemon is a program.
AC_DEFUN([MAAR_PEER_ICEORYX], [
ICEORYX_CPPFLAGS=
for maar_dir in /usr/include/iceoryx/v*; do
  AS_IF([test -f "$maar_dir/iceoryx_binding_c/api.h"], [ICEORYX_CPPFLAGS="-isystem $maar_dir"])
done
maar_save_CPPFLAGS=$CPPFLAGS
CPPFLAGS="$CPPFLAGS $ICEORYX_CPPFLAGS"
MAAR_PEER_LINK([have_iceoryx], [ICEORYX_LIBS], [-liceoryx_binding_c], [iceoryx_binding_c/api.h],
  [iox_set_loglevel(Iceoryx_LogLevel_Off);])
CPPFLAGS=$maar_save_CPPFLAGS
AC_SUBST([ICEORYX_CPPFLAGS])
AC_PATH_PROG([IOX_ROUDI], [iox-roudi], [no])
AS_IF([test "x$IOX_ROUDI" = xno], [have_iceoryx=no])
])

AC_DEFUN([MAAR_PEERS], [
maar_peers=
maar_peers_missing=
MAAR_PEER_DPDK
PKG_CHECK_MODULES([APR], [apr-1], [have_apr=yes], [have_apr=no])
AC_CHECK_HEADER([ck_ring.h], [have_ck=yes], [have_ck=no])
MAAR_PEER_LINK([have_urcu_queue], [URCU_COMMON_LIBS], [-lurcu-common], [urcu/wfcqueue.h],
  [struct cds_wfcq_head head; struct cds_wfcq_tail tail; cds_wfcq_init(&head, &tail);])
MAAR_PEER_LINK([have_zmq], [ZMQ_LIBS], [-lzmq], [zmq.h], [return !zmq_ctx_new();])
MAAR_PEER_LINK([have_nng], [NNG_LIBS], [-lnng], [nng/nng.h], [return !nng_strerror(0);])
MAAR_PEER_ICEORYX
AC_LANG_PUSH([C++])
AC_CHECK_HEADER([boost/interprocess/ipc/message_queue.hpp], [have_boost_ipc=yes], [have_boost_ipc=no])
AC_CHECK_HEADER([boost/lockfree/queue.hpp], [have_boost=yes], [have_boost=no])
AC_CHECK_HEADER([concurrentqueue/concurrentqueue.h], [have_moodycamel=yes], [have_moodycamel=no])
AC_CHECK_HEADER([readerwriterqueue/readerwriterqueue.h], [have_readerwriter=yes], [have_readerwriter=no])
AC_CHECK_HEADER([xenium/vyukov_bounded_queue.hpp], [have_xenium=yes], [have_xenium=no])
MAAR_PEER_LINK([have_cds], [CDS_LIBS], [-lcds], [cds/container/vyukov_mpmc_cycle_queue.h],
  [cds::container::VyukovMPMCCycleQueue<long> queue(64); return !queue.enqueue(1);])
MAAR_PEER_LINK([have_tbb], [TBB_LIBS], [-ltbb], [tbb/concurrent_queue.h],
  [tbb::concurrent_bounded_queue<long> queue; return !queue.try_push(1);])
AC_LANG_POP([C++])
MAAR_PEER([PEER_DPDK], [have_dpdk], [rte_ring+rte_mempool], [libdpdk-dev])
MAAR_PEER([PEER_CK], [have_ck], [ck_ring], [libck-dev])
MAAR_PEER([PEER_BOOST], [have_boost], [boost.lockfree], [libboost-dev])
MAAR_PEER([PEER_MOODYCAMEL], [have_moodycamel], [ConcurrentQueue], [libconcurrentqueue-dev])
MAAR_PEER([PEER_READERWRITER], [have_readerwriter], [ReaderWriterQueue], [libreaderwriterqueue-dev])
MAAR_PEER([PEER_XENIUM], [have_xenium], [xenium], [libxenium-dev])
MAAR_PEER([PEER_CDS], [have_cds], [libcds], [libcds-dev])
MAAR_PEER([PEER_TBB], [have_tbb], [tbb], [libtbb-dev])
MAAR_PEER([PEER_APR], [have_apr], [apr], [libapr1-dev])
MAAR_PEER([PEER_URCU], [have_urcu_queue], [wfcqueue], [liburcu-dev])
MAAR_PEER([PEER_BOOST_IPC], [have_boost_ipc], [boost.interprocess], [libboost-dev])
MAAR_PEER([PEER_ZMQ], [have_zmq], [ZeroMQ], [libzmq3-dev])
MAAR_PEER([PEER_NNG], [have_nng], [nng], [libnng-dev])
MAAR_PEER([PEER_ICEORYX], [have_iceoryx], [iceoryx], [libiceoryx-binding-c-dev, iceoryx])
AC_SUBST([maar_peers])
AC_SUBST([maar_peers_missing])
AS_IF([test -z "$maar_peers"], [maar_peers=" none"])
AS_IF([test -z "$maar_peers_missing"], [maar_peers_missing=" none"])
])
