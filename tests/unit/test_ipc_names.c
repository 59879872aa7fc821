/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * <maar/ipc_names.h>: each call and each of its errors, names and directories that somebody has laid traps with, files
 * that are no queues, and a system that has no room, no descriptors and many signals.
 */
#include "faults.h"
#include "ipc_dirs.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

static struct maar_ipc *create(const char *name)
{
	const struct maar_ipc_options options = ipc_small(0);
	struct maar_ipc *q = maar_ipc_create(name, &options, NULL, 0);

	ck_assert_msg(q != NULL, "create %s: %s", name, strerror(errno));
	return q;
}

static void made(const char *name)
{
	unit_eq(maar_ipc_detach(create(name)), 0);
}

static int create_error(const char *name, unsigned flags)
{
	const struct maar_ipc_options options = ipc_small(0);

	errno = 0;
	unit_must(!maar_ipc_create(name, &options, NULL, flags));
	return errno;
}

static int open_error(const char *name)
{
	errno = 0;
	unit_must(!maar_ipc_open(name, NULL));
	return errno;
}

/* ---- what it is for ---- */

START_TEST(messages_pass_by_name)
{
	struct maar_ipc *a = create("jobs"), *b = maar_ipc_open("jobs", NULL);
	char got[64];
	struct stat about;

	unit_must(b);
	unit_must(maar_ipc_participant(a) != maar_ipc_participant(b));
	unit_eq(maar_ipc_send(a, "work", 5, NULL, 0), 1);
	unit_eq(maar_ipc_receive(b, got, sizeof(got), NULL, 0), 1);
	ck_assert_str_eq(got, "work");
	unit_eq(maar_ipc_recover(a), 0);
	unit_eq(stat(ipc_path("jobs"), &about), 0);
	unit_eq(about.st_mode & 07777, 0600);
	unit_must(about.st_blocks * 512 >= about.st_size);
	unit_eq(ipc_dir_files(), 1);
	unit_eq(maar_ipc_send(a, "stays", 6, NULL, 0), 1);
	unit_eq(maar_ipc_detach(a), 0);
	unit_eq(maar_ipc_detach(b), 0);
	/* It stays, with what is in it; create attaches to it. */
	a = create("jobs");
	unit_eq(maar_ipc_receive(a, got, sizeof(got), NULL, 0), 1);
	ck_assert_str_eq(got, "stays");
	unit_eq(maar_ipc_detach(a), 0);
	unit_eq(maar_ipc_unlink("jobs", 0), 0);
	unit_eq(ipc_dir_files(), 0);
}
END_TEST

START_TEST(exclusive)
{
	struct maar_ipc *a;

	a = maar_ipc_create("one", NULL, NULL, MAAR_IPC_EXCLUSIVE);
	unit_must(a);
	unit_eq(create_error("one", MAAR_IPC_EXCLUSIVE), EEXIST);
	unit_eq(maar_ipc_detach(a), 0);
	unit_eq(create_error("one", MAAR_IPC_EXCLUSIVE), EEXIST);
	unit_eq(create_error("two", 1u << 7), EINVAL);
	unit_eq(ipc_dir_files(), 1);
	unit_eq(open_error("two"), ENOENT);
}
END_TEST

START_TEST(all_numbers_taken)
{
	const struct maar_ipc_options options = ipc_small(2);
	struct maar_ipc *a = maar_ipc_create("two", &options, NULL, 0), *b = maar_ipc_open("two", NULL);

	unit_must(a && b);
	unit_eq(open_error("two"), EUSERS);
	unit_eq(create_error("two", 0), EUSERS);
	unit_eq(maar_ipc_detach(a), 0);
	a = maar_ipc_open("two", NULL);
	unit_must(a);
	unit_eq(maar_ipc_detach(a), 0);
	unit_eq(maar_ipc_detach(b), 0);
}
END_TEST

START_TEST(wrong_arguments)
{
	struct maar_ipc_options options = ipc_small(2000);
	struct maar_ipc_who who = { .roles = 3, .reading = 4 };
	struct unit_size before = unit_size();
	int i;

	errno = 0;
	unit_must(!maar_ipc_create("x", &options, NULL, 0));
	unit_eq(errno, EINVAL);
	unit_eq(ipc_dir_files(), 0);
	options.participants = 4;
	made("x");
	for (i = -10; i < 100; i++) { /* at first, caches fill */
		if (i == 0)
			before = unit_size();
		errno = 0;
		unit_must(!maar_ipc_open("x", &who));
		unit_eq(errno, EINVAL);
	}
	unit_assert_steady("an open that is refused", &before, 100);
	unit_eq(maar_ipc_list(NULL, NULL), -EINVAL);
	unit_eq(maar_ipc_directory(NULL, 10), -EINVAL);
}
END_TEST

/* ---- unlink, list, clean, view, directory ---- */

START_TEST(unlink_and_unused)
{
	struct maar_ipc *a = create("x"), *b;
	char got[64];

	unit_eq(maar_ipc_unlink("x", 1u << 9), -EINVAL);
	unit_eq(maar_ipc_unlink("y", 0), -ENOENT);
	unit_eq(maar_ipc_unlink("y", MAAR_IPC_UNUSED), -ENOENT);
	unit_eq(maar_ipc_unlink("x", MAAR_IPC_UNUSED), -EBUSY);
	unit_eq(maar_ipc_unlink("x", 0), 0);
	/* Who is attached goes on; the next with that name is another. */
	unit_eq(maar_ipc_send(a, "old", 4, NULL, 0), 1);
	b = create("x");
	unit_eq(maar_ipc_receive(b, got, sizeof(got), NULL, 0), 0);
	unit_eq(maar_ipc_receive(a, got, sizeof(got), NULL, 0), 1);
	unit_eq(maar_ipc_detach(a), 0);
	unit_eq(maar_ipc_detach(b), 0);
	unit_eq(maar_ipc_unlink("x", MAAR_IPC_UNUSED), 0);
	unit_eq(ipc_dir_files(), 0);
	unit_eq(mkdir(ipc_path("dir"), 0700), 0);
	unit_eq(maar_ipc_unlink("dir", 0), -EISDIR);
	unit_eq(maar_ipc_unlink("dir", MAAR_IPC_UNUSED), -EISDIR);
	unit_eq(symlink("/etc/passwd", ipc_path("link")), 0);
	unit_eq(maar_ipc_unlink("link", MAAR_IPC_UNUSED), -ELOOP);
	unit_eq(maar_ipc_unlink("link", 0), 0);
	unit_eq(mkfifo(ipc_path("fifo"), 0600), 0);
	unit_eq(maar_ipc_unlink("fifo", MAAR_IPC_UNUSED), -EPERM);
	unit_eq(maar_ipc_unlink("fifo", 0), 0);
	unit_eq(access("/etc/passwd", F_OK), 0);
}
END_TEST

/* A remover that is stopped in the middle: others, here at the same time, wait for a second, and say so. */
static int busy(void *arg)
{
	switch (*(const int *)arg) {
	case 0:
		return open_error("x") != EBUSY;
	case 1:
		return create_error("x", 0) != EBUSY;
	case 2:
		return maar_ipc_unlink("x", 0) != -EBUSY;
	default:
		return maar_ipc_unlink("x", MAAR_IPC_UNUSED) != -EBUSY;
	}
}

START_TEST(busy_with_removing)
{
	pid_t pids[4];
	int i;

	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 8191 };
	int fd;

	made("x");
	fd = open(ipc_path("x"), O_RDWR);
	unit_eq(fcntl(fd, F_OFD_SETLK, &all), 0);
	for (i = 0; i < 4; i++)
		pids[i] = ipc_child(busy, &i);
	for (i = 0; i < 4; i++)
		unit_eq(ipc_wait(pids[i]), 0);
	close(fd);
	made("x");
}
END_TEST

struct seen {
	unsigned n, alive, sound, left;
	char names[256];
};

static void see(const struct maar_ipc_entry *entry, void *arg)
{
	struct seen *seen = arg;

	seen->n++;
	seen->alive += entry->alive;
	seen->sound += entry->error == 0 && entry->participants == 64 && entry->reserved_for >= entry->bytes;
	seen->left += (entry->flags & MAAR_IPC_LEFTOVER) != 0;
	strncat(seen->names, entry->name, sizeof(seen->names) - strlen(seen->names) - 1);
	strncat(seen->names, " ", sizeof(seen->names) - strlen(seen->names) - 1);
}

static struct seen list(void)
{
	struct seen seen;

	memset(&seen, 0, sizeof(seen));
	unit_eq(maar_ipc_list(see, &seen), seen.n);
	return seen;
}

static void write_file(const char *name, const char *text, size_t n, mode_t mode)
{
	const int fd = open(ipc_path(name), O_RDWR | O_CREAT | O_TRUNC, mode);

	unit_must(fd >= 0);
	unit_eq(fchmod(fd, mode), 0);
	unit_eq(write(fd, text, n), n);
	close(fd);
}

START_TEST(list_and_clean)
{
	struct maar_ipc *a, *b;
	struct seen seen = list();

	unit_eq(seen.n, 0);
	a = create("a");
	b = create("a");
	made("b");
	write_file("garbage", "not a queue", 11, 0600);
	write_file(".hidden", "mine", 4, 0600);
	write_file(".make-0123456789abcdef", "dead", 4, 0600);
	seen = list();
	unit_eq(seen.n, 4);
	unit_eq(seen.alive, 2);
	unit_eq(seen.sound, 2);
	unit_eq(seen.left, 1);
	unit_assert_contains(seen.names, "garbage ");
	unit_eq(ipc_dir_files(), 5); /* nothing is changed by it */
	unit_eq(maar_ipc_clean(), 1);
	unit_eq(maar_ipc_clean(), 0);
	unit_eq(ipc_dir_files(), 4);
	write_file(".make-0123456789abcdef", "dead", 4, 0600);
	made("c"); /* a maker cleans */
	unit_eq(list().left, 0);
	unit_eq(maar_ipc_detach(a), 0);
	unit_eq(maar_ipc_detach(b), 0);
	unit_eq(list().alive, 0);
}
END_TEST

START_TEST(observers_only_read)
{
	struct maar_ipc *a = create("x");
	const void *mem = NULL;
	size_t bytes = 0;

	unit_eq(maar_ipc_view("y", &mem, &bytes), -ENOENT);
	unit_eq(maar_ipc_view("../x", &mem, &bytes), -EINVAL);
	unit_eq(maar_ipc_view("x", NULL, &bytes), -EINVAL);
	unit_eq(maar_ipc_view("x", &mem, NULL), -EINVAL);
	unit_eq(maar_ipc_view("x", &mem, &bytes), 0);
	unit_must(bytes >= maar_ipc_most_bytes(a));
	unit_eq(list().alive, 1);
	unit_eq(maar_ipc_detach(a), 0);
	unit_eq(mprotect((void *)(uintptr_t)mem, 1, PROT_WRITE | PROT_READ), -1); /* the descriptor was for reading */
	maar_ipc_unview(mem, bytes);
	maar_ipc_unview(NULL, 0);
}
END_TEST

START_TEST(directory)
{
	char path[IPC_PATH], expected[IPC_PATH];

	unit_eq(maar_ipc_directory(path, sizeof(path)), 0);
	ck_assert_str_eq(path, ipc_dir);
	unit_eq(maar_ipc_directory(path, strlen(ipc_dir)), -ENAMETOOLONG);
	unit_eq(maar_ipc_directory(path, strlen(ipc_dir) + 1), 0);
	unsetenv("MAAR_DIR");
	(void)snprintf(expected, sizeof(expected), "/dev/shm/maar-%lu", (unsigned long)geteuid());
	unit_eq(maar_ipc_directory(path, sizeof(path)), 0);
	ck_assert_str_eq(path, expected);
	setenv("MAAR_DIR", "", 1);
	unit_eq(maar_ipc_directory(path, sizeof(path)), 0);
	ck_assert_str_eq(path, expected);
	setenv("MAAR_DIR", "here", 1);
	unit_eq(maar_ipc_directory(path, sizeof(path)), -EINVAL);
	unit_eq(create_error("x", 0), EINVAL);
	unit_eq(maar_ipc_unlink("x", 0), -EINVAL);
	unit_eq(maar_ipc_list(see, NULL), -EINVAL);
	unit_eq(maar_ipc_clean(), -EINVAL);
}
END_TEST

/* ---- names ---- */

START_TEST(names)
{
	static const char *const bad[] = { "",	   ".",	       "..",  ".x",   "../x", "a/b",	"/x", "a b",
					   "a\nb", "\303\244", "a*b", "a\\b", "x/",   "a\001b", "~",  "a:b" };
	static const char *const good[] = { "a", "A.b_c-9", "-", "_", "0", "a..b", "a." };
	char name[MAAR_IPC_NAME_BYTES + 2];
	size_t i;

	for (i = 0; i < COUNT_OF(bad); i++) {
		unit_eq(create_error(bad[i], 0), EINVAL);
		unit_eq(open_error(bad[i]), EINVAL);
		unit_eq(maar_ipc_unlink(bad[i], 0), -EINVAL);
	}
	unit_eq(create_error(NULL, 0), EINVAL);
	unit_eq(open_error(NULL), EINVAL);
	unit_eq(maar_ipc_unlink(NULL, 0), -EINVAL);
	memset(name, 'n', sizeof(name));
	name[MAAR_IPC_NAME_BYTES + 1] = 0;
	unit_eq(create_error(name, 0), EINVAL);
	unit_eq(ipc_dir_files(), 0);
	name[MAAR_IPC_NAME_BYTES] = 0;
	made(name);
	for (i = 0; i < COUNT_OF(good); i++)
		made(good[i]);
	unit_eq(ipc_dir_files(), 1 + COUNT_OF(good));
}
END_TEST

/* ---- the directory ---- */

START_TEST(directory_is_made)
{
	char parent[IPC_PATH + 8];

	unit_eq(rmdir(ipc_dir), 0);
	unit_eq(open_error("x"), ENOENT);
	unit_eq(maar_ipc_unlink("x", 0), -ENOENT);
	unit_eq(maar_ipc_clean(), 0);
	unit_eq(list().n, 0);
	unit_eq(access(ipc_dir, F_OK), -1);
	umask(0);
	made("x");
	unit_eq(maar_ipc_unlink("x", 0), 0);
	unit_eq(rmdir(ipc_dir), 0);
	umask(0077);
	made("x");
	umask(0177); /* what a file may be is not asked of it: it is 0600 */
	made("y");
	(void)snprintf(parent, sizeof(parent), "%s/no/dir", ipc_dir);
	setenv("MAAR_DIR", parent, 1);
	unit_eq(create_error("x", 0), ENOENT);
}
END_TEST

static void all_say(int error)
{
	const void *mem;
	size_t bytes;

	unit_eq(create_error("x", 0), error);
	unit_eq(create_error("x", MAAR_IPC_EXCLUSIVE), error);
	unit_eq(open_error("x"), error);
	unit_eq(maar_ipc_unlink("x", 0), -error);
	unit_eq(maar_ipc_list(see, NULL), -error);
	unit_eq(maar_ipc_clean(), -error);
	unit_eq(maar_ipc_view("x", &mem, &bytes), -error);
}

START_TEST(squatted_directory)
{
	static const mode_t modes[] = { 0777, 01777, 0770, 0750, 0701, 0710, 0740, 0755, 0500 };
	char real[IPC_PATH + 8];
	size_t i;

	for (i = 0; i < COUNT_OF(modes); i++) {
		unit_eq(chmod(ipc_dir, modes[i]), 0);
		all_say(EPERM);
	}
	unit_eq(chmod(ipc_dir, 0700), 0);
	if (geteuid() == 0) {
		unit_eq(chown(ipc_dir, 1, 1), 0);
		all_say(EPERM);
		unit_eq(chown(ipc_dir, 0, 0), 0);
	}
	made("x");
	/* A link to a directory that would do. */
	(void)snprintf(real, sizeof(real), "%s-real", ipc_dir);
	unit_eq(rename(ipc_dir, real), 0);
	unit_eq(symlink(real, ipc_dir), 0);
	all_say(ENOTDIR);
	unit_eq(unlink(ipc_dir), 0);
	/* A link to nothing, a file, a FIFO. */
	unit_eq(symlink("/dev/shm/maar-test-nothing", ipc_dir), 0);
	all_say(ENOTDIR);
	unit_eq(access("/dev/shm/maar-test-nothing", F_OK), -1);
	unit_eq(unlink(ipc_dir), 0);
	unit_eq(close(open(ipc_dir, O_CREAT | O_RDWR, 0700)), 0);
	all_say(ENOTDIR);
	unit_eq(unlink(ipc_dir), 0);
	unit_eq(mkfifo(ipc_dir, 0700), 0);
	all_say(ENOTDIR);
	unit_eq(unlink(ipc_dir), 0);
	unit_eq(rename(real, ipc_dir), 0);
	made("x");
}
END_TEST

/* ---- what has the name is no queue ---- */

static void not_a_queue(const char *name, int error)
{
	const void *mem;
	size_t bytes;

	unit_eq(open_error(name), error);
	unit_eq(create_error(name, 0), error);
	unit_eq(create_error(name, MAAR_IPC_EXCLUSIVE), EEXIST);
	unit_eq(maar_ipc_view(name, &mem, &bytes), -error);
}

START_TEST(other_files)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	static char garbage[65536];
	const int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memset(garbage, 0x5a, sizeof(garbage));
	write_file("empty", "", 0, 0600);
	not_a_queue("empty", EBADMSG);
	write_file("short", garbage, 1023, 0600);
	not_a_queue("short", EBADMSG);
	write_file("garbage", garbage, sizeof(garbage), 0600);
	not_a_queue("garbage", EBADMSG);
	write_file("zeros", "", 0, 0600);
	unit_eq(truncate(ipc_path("zeros"), 1 << 20), 0);
	not_a_queue("zeros", EBADMSG);
	unit_eq(symlink("empty", ipc_path("link")), 0);
	not_a_queue("link", ELOOP);
	unit_eq(mkfifo(ipc_path("fifo"), 0600), 0);
	not_a_queue("fifo", EPERM);
	unit_eq(mkdir(ipc_path("dir"), 0700), 0);
	not_a_queue("dir", EPERM);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/socket", ipc_dir);
	unit_eq(bind(s, (struct sockaddr *)&address, sizeof(address)), 0);
	not_a_queue("socket", EPERM);
	close(s);
}
END_TEST

START_TEST(other_modes_and_sizes)
{
	struct stat about;
	struct maar_ipc *a;

	made("x");
	unit_eq(chmod(ipc_path("x"), 0660), 0);
	not_a_queue("x", EPERM);
	unit_eq(chmod(ipc_path("x"), 0604), 0);
	not_a_queue("x", EPERM);
	if (geteuid() == 0) {
		unit_eq(chmod(ipc_path("x"), 0600), 0);
		unit_eq(chown(ipc_path("x"), 1, 1), 0);
		not_a_queue("x", EPERM);
		unit_eq(chown(ipc_path("x"), 0, 0), 0);
	}
	unit_eq(chmod(ipc_path("x"), 0600), 0);
	unit_eq(stat(ipc_path("x"), &about), 0);
	/* Cut short, or longer than it says. */
	unit_eq(truncate(ipc_path("x"), about.st_size + 4096), 0);
	not_a_queue("x", EBADMSG);
	/* The last page lost, and there again without memory: open reserves it. */
	unit_eq(truncate(ipc_path("x"), about.st_size - 4096), 0);
	not_a_queue("x", EBADMSG);
	unit_eq(truncate(ipc_path("x"), about.st_size), 0);
	unit_eq(stat(ipc_path("x"), &about), 0);
	unit_must(about.st_blocks * 512 < about.st_size);
	a = maar_ipc_open("x", NULL);
	unit_must(a);
	unit_eq(stat(ipc_path("x"), &about), 0);
	unit_must(about.st_blocks * 512 >= about.st_size);
	unit_eq(maar_ipc_detach(a), 0);
}
END_TEST

/* ---- a system at its limits ---- */

START_TEST(too_large_for_the_file_system)
{
	struct maar_ipc_options options = ipc_small(0);

	options.classes[0].bytes = MAAR_IPC_MAX_BYTES; /* 2^54 bytes: more than any memory */
	options.classes[0].slots = 1u << 22;
	errno = 0;
	unit_must(!maar_ipc_create("x", &options, NULL, 0));
	unit_must(errno == ENOSPC || errno == EFBIG);
	unit_eq(ipc_dir_files(), 0);
}
END_TEST

/* A tmpfs of this process's own, if it may mount one (as root, or in a user namespace), full but for a page. */
START_TEST(full_file_system)
{
	struct maar_ipc_options options = ipc_small(0);
	static char page[4096];
	unsigned n = 0;
	int fd;

	if ((unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER | CLONE_NEWNS)) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", ipc_dir, "tmpfs", 0, "size=1m,mode=0700")) {
		unit_note("no mount allowed here: full file systems are tested by too_large_for_the_file_system alone");
		return;
	}
	made("before");
	options.classes[0].slots = 1u << 15;
	errno = 0;
	unit_must(!maar_ipc_create("x", &options, NULL, 0));
	unit_eq(errno, ENOSPC);
	unit_eq(ipc_dir_files(), 1);
	fd = open(ipc_path("filler"), O_RDWR | O_CREAT, 0600);
	while (write(fd, page, sizeof(page)) == (ssize_t)sizeof(page))
		n++;
	unit_must(n > 1);
	unit_eq(create_error("x", 0), ENOSPC);
	unit_eq(ipc_dir_files(), 2);
	made("before"); /* it has its memory */
	unit_eq(ftruncate(fd, 0), 0);
	close(fd);
	made("x");
	unit_eq(umount2(ipc_dir, MNT_DETACH), 0); /* or the directory could not be removed */
}
END_TEST

START_TEST(files_limited_in_length)
{
	struct rlimit limit = { 8192, RLIM_INFINITY };
	struct maar_ipc *a;
	sigset_t pending;

	made("before");
	unit_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	unit_eq(create_error("x", 0), EFBIG); /* SIGXFSZ has its default: it would kill */
	unit_eq(sigpending(&pending), 0);
	unit_must(!sigismember(&pending, SIGXFSZ));
	unit_eq(ipc_dir_files(), 1);
	/* One that was there works: it is not written as a file is. */
	a = maar_ipc_open("before", NULL);
	unit_must(a);
	unit_eq(maar_ipc_send(a, "x", 2, NULL, 0), 1);
	unit_eq(maar_ipc_detach(a), 0);
	limit.rlim_cur = RLIM_INFINITY;
	unit_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	made("x");
}
END_TEST

START_TEST(no_descriptors)
{
	struct rlimit limit;
	int fds[1024], n = 0, had;
	struct unit_size before = unit_size();

	unit_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = 64;
	unit_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	made("warm");
	while (n < 1024 && (fds[n] = dup(0)) >= 0)
		n++;
	unit_must(n > 4 && n < 1024);
	/* With one more each time, it comes a step further; in the end it works. */
	for (had = n; had > 0; had--) {
		struct maar_ipc *a = maar_ipc_create("x", NULL, NULL, 0);

		if (a) {
			unit_eq(maar_ipc_detach(a), 0);
			break;
		}
		unit_eq(errno, EMFILE);
		close(fds[had - 1]);
	}
	unit_must(had > n - 6 && had < n);
	while (had-- > 0)
		close(fds[had]);
	unit_eq(unit_size().fds, before.fds);
	unit_eq(ipc_dir_files(), 2);
}
END_TEST

static unsigned alarms;

static void on_alarm(int signal)
{
	(void)signal;
	__atomic_fetch_add(&alarms, 1, __ATOMIC_RELAXED);
}

START_TEST(signals)
{
	const struct sigaction action = { .sa_handler = on_alarm }; /* without SA_RESTART */
	const struct itimerval often = { { 0, 500 }, { 0, 500 } }, never = { { 0, 0 }, { 0, 0 } };
	struct maar_ipc_options options = ipc_small(0);
	int i;

	options.classes[0].slots = 1u << 15; /* 4 MiB: longer than from one signal to the next */
	unit_eq(sigaction(SIGALRM, &action, NULL), 0);
	unit_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
	for (i = 0; i < 20; i++) {
		struct maar_ipc *a = maar_ipc_create("x", &options, NULL, MAAR_IPC_EXCLUSIVE);

		ck_assert_msg(a != NULL, "create: %s", strerror(errno));
		unit_eq(maar_ipc_detach(a), 0);
		a = maar_ipc_open("x", NULL);
		ck_assert_msg(a != NULL, "open: %s", strerror(errno));
		unit_eq(list().n, 1);
		unit_eq(maar_ipc_unlink("x", MAAR_IPC_UNUSED), -EBUSY);
		unit_eq(maar_ipc_detach(a), 0);
		unit_eq(maar_ipc_unlink("x", MAAR_IPC_UNUSED), 0);
	}
	unit_eq(setitimer(ITIMER_REAL, &never, NULL), 0);
	unit_must(__atomic_load_n(&alarms, __ATOMIC_RELAXED) > 0);
	unit_eq(ipc_dir_files(), 0);
}
END_TEST

/* ---- each system call failed once ---- */

static int make_and_use(void *arg)
{
	const struct maar_ipc_options options = ipc_small(2);
	struct maar_ipc *a, *b;
	int rc = 0;

	(void)arg;
	a = maar_ipc_create("x", &options, NULL, 0);
	if (!a)
		return -errno;
	b = maar_ipc_open("x", NULL);
	if (!b)
		rc = -errno;
	else
		(void)maar_ipc_detach(b);
	(void)maar_ipc_detach(a);
	if (rc == 0)
		rc = maar_ipc_unlink("x", MAAR_IPC_UNUSED);
	(void)unlink(ipc_path("x"));
	/* What a failing maker leaves would be another file here. */
	unit_eq(ipc_dir_files(), 0);
	return rc;
}

START_TEST(faults)
{
	FAULTS_RUN(make_and_use, NULL, FAULTS_REFUSES | FAULTS_WORKS);
}
END_TEST

/* Refused for who attaches, it has made nothing. */
START_TEST(nothing_is_made_for_a_wrong_one)
{
	const struct maar_ipc_who wrong = { .roles = 1u << 7 };

	errno = 0;
	unit_must(!maar_ipc_create("x", NULL, &wrong, 0) && errno == EINVAL);
	unit_eq(maar_ipc_unlink("x", 0), -ENOENT);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("ipc_names");
	TCase *tcase = unit_tcase(suite, "ipc_names");

	ipc_dir_each(tcase);
	tcase_add_test(tcase, messages_pass_by_name);
	tcase_add_test(tcase, exclusive);
	tcase_add_test(tcase, all_numbers_taken);
	tcase_add_test(tcase, wrong_arguments);
	tcase_add_test(tcase, unlink_and_unused);
	tcase_add_test(tcase, busy_with_removing);
	tcase_add_test(tcase, list_and_clean);
	tcase_add_test(tcase, observers_only_read);
	tcase_add_test(tcase, directory);
	tcase_add_test(tcase, names);
	tcase_add_test(tcase, directory_is_made);
	tcase_add_test(tcase, squatted_directory);
	tcase_add_test(tcase, other_files);
	tcase_add_test(tcase, other_modes_and_sizes);
	tcase_add_test(tcase, too_large_for_the_file_system);
	tcase_add_test(tcase, full_file_system);
	tcase_add_test(tcase, files_limited_in_length);
	tcase_add_test(tcase, no_descriptors);
	tcase_add_test(tcase, signals);
	tcase_add_test(tcase, faults);
	tcase_add_test(tcase, nothing_is_made_for_a_wrong_one);
	return suite;
}
