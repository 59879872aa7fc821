/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Memory that one process writes and others, who need not trust it, read: an anonymous file with seals (memfd_create(2),
 * F_ADD_SEALS in fcntl(2)). The maker maps it to be written, and then seals it: from then on nobody gets it writable, the maker
 * neither, and its size stays. Its pages are all there when it is sealed, and holes cannot be made in a sealed file: so who reads
 * is neither killed (SIGBUS) nor made to pay for pages.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memfd_create, F_ADD_SEALS */
#endif
#include "base.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Younger than some C libraries that have the rest. */
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE)

#define STAT_BLOCK 512 /* bytes of one of st_blocks, as stat(2) has it */

static int anonymous_file(void)
{
	int fd;

	if (maar__fault(MAAR__FAULT_FD))
		return -ENOMEM;
	fd = memfd_create("maar", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
	if (fd < 0 && errno == EINVAL) /* a kernel before 6.3 */
		fd = memfd_create("maar", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return errno == ENOSYS ? -ENOTSUP : -errno;
	return fd;
}

static int seal(int fd)
{
	if (maar__fault(MAAR__FAULT_FD))
		return -ENOMEM;
	if (fcntl(fd, F_ADD_SEALS, SEALS) == 0)
		return 0;
	return errno == EINVAL ? -ENOTSUP : -errno;
}

int maar__sealed_make(size_t bytes, void **memory)
{
	int rc, fd = anonymous_file();

	if (fd < 0)
		return fd;
	*memory = NULL;
	rc = maar__file_reserve(fd, bytes);
	if (rc == 0) {
		*memory = maar__map_shared(fd, bytes, true);
		rc = *memory ? seal(fd) : -errno;
	}
	if (rc == 0)
		return fd;
	maar__unmap(*memory, bytes);
	(void)close(fd);
	return rc;
}

int maar__sealed_map(int fd, size_t bytes, const void **memory)
{
	const int seals = fcntl(fd, F_GET_SEALS);
	struct stat about;
	struct statfs where;

	/* In this order: what is asked after the seals were seen does not change any more. */
	if (seals < 0)
		return -EPERM; /* also one that was opened for its path only */
	if ((seals & SEALS) != SEALS)
		return -EPERM;
	if (fstat(fd, &about) || fstatfs(fd, &where))
		return -errno;
	if (where.f_type != TMPFS_MAGIC) /* of huge pages, which are promised when they are touched */
		return -EPERM;
	if ((uint64_t)about.st_size != bytes || (uint64_t)about.st_blocks * STAT_BLOCK < bytes)
		return -EBADMSG;
	*memory = maar__map_shared(fd, bytes, false);
	return *memory ? 0 : -errno;
}
