/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * Queues by name: create, open, detach, recover and unlink. After each instruction that changes the file's contents, and
 * after each system call, which may change locks and names, the directory is copied: in the copy nobody has a lock, so
 * all are dead, and whoever comes next must find a whole queue, or none. And kills in earnest, as in ipc_lives.c.
 */
#ifdef __x86_64__

#include "ipc_account.h"
#include "ipc_victim.h"

#include "../unit/ipc_dirs.h"

#define QUEUED	    3	 /* messages 0 to 2 are in the queue, or with the dead one */
#define SLOTS	    8	 /* ipc_small's */
#define ONE_OF	    50	 /* kills with MAAR_KILL_ALL */
#define ONE_OF_FEW  9001 /* in make check */
#define AT_LEAST    4	 /* kills of one call */
#define COPY_OF_FEW 5	 /* of the changes, in make check */

static struct maar_ipc *victims;
static char copy_dir[IPC_PATH + 8], first_dir[IPC_PATH];
static unsigned char file[1 << 15];
static size_t file_bytes;

/* ---- what the victim does ---- */

static struct maar_ipc *create_queue(void)
{
	const struct maar_ipc_options options = ipc_small(4);

	return maar_ipc_create("x", &options, NULL, 0);
}

static void create(int unused)
{
	(void)unused;
	ipc_board->result = create_queue() ? 0 : -errno;
}

static void open_it(int unused)
{
	(void)unused;
	ipc_board->result = maar_ipc_open("x", NULL) ? 0 : -errno;
}

static bool opened(int unused)
{
	(void)unused;
	victims = maar_ipc_open("x", NULL);
	return victims != NULL;
}

static void detach(int unused)
{
	(void)unused;
	ipc_board->result = maar_ipc_detach(victims);
}

static void recover(int unused)
{
	(void)unused;
	ipc_board->result = maar_ipc_recover(victims) == 1 ? 0 : -1;
}

static void unlink_it(int unused)
{
	(void)unused;
	ipc_board->result = maar_ipc_unlink("x", MAAR_IPC_UNUSED);
}

static const struct file_call {
	const char *name;
	bool (*prepare)(int);
	void (*call)(int);
	bool there;   /* the queue is, with messages */
	bool removes; /* it */
} calls[] = {
	{ "create", NULL, create, false, false },
	{ "create what is there", NULL, create, true, false },
	{ "open", NULL, open_it, true, false },
	{ "detach, by name", opened, detach, true, false },
	{ "recover, by name", opened, recover, true, false },
	{ "unlink", NULL, unlink_it, true, true },
};

unsigned ipc_file_calls(void)
{
	return COUNT_OF(calls);
}

const char *ipc_file_name(unsigned call)
{
	return calls[call].name;
}

/* ---- files ---- */

static void in_dir(const char *dir)
{
	(void)snprintf(ipc_dir, sizeof(ipc_dir), "%s", dir);
	unit_eq(setenv("MAAR_DIR", dir, 1), 0);
}

static void remove_files(const char *dir)
{
	in_dir(dir);
	ipc_dir_end();
	unit_eq(mkdir(dir, 0700), 0);
}

static size_t read_file(const char *path)
{
	const int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return 0;
	n = read(fd, file, sizeof(file));
	unit_must(n >= 0 && (size_t)n < sizeof(file));
	close(fd);
	return (size_t)n;
}

static void write_file(const char *path, const void *from, size_t n)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	unit_must(fd >= 0);
	unit_eq(write(fd, from, n), n);
	close(fd);
}

static void copy_files(void)
{
	struct dirent *entry;
	DIR *dir;

	remove_files(copy_dir);
	in_dir(first_dir);
	dir = opendir(first_dir);
	unit_must(dir);
	while ((entry = readdir(dir)) != NULL) {
		char path[sizeof(copy_dir) + 300];
		struct stat about;

		if (lstat(ipc_path(entry->d_name), &about) || !S_ISREG(about.st_mode))
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", copy_dir, entry->d_name);
		write_file(path, file, read_file(ipc_path(entry->d_name)));
	}
	closedir(dir);
}

/* ---- the first state ---- */

/* A process that is dead: with a loan, and message 0. */
static int die_with_slots(void *unused)
{
	struct maar_ipc *q = maar_ipc_open("x", NULL);
	struct maar_ipc_message m;
	void *payload;

	(void)unused;
	return !q || maar_ipc_loan(q, 8, &payload, 0) != 1 || maar_ipc_take(q, &m, 0) != 1;
}

static unsigned char *first_file;

static void set_up(bool there)
{
	struct maar_ipc *q;

	(void)snprintf(first_dir, sizeof(first_dir), "%s", getenv("MAAR_DIR"));
	(void)snprintf(copy_dir, sizeof(copy_dir), "%s-copy", first_dir);
	in_dir(first_dir);
	unit_eq(mkdir(copy_dir, 0700), 0);
	file_bytes = 0;
	if (!there)
		return;
	q = create_queue();
	unit_must(q);
	for (uint64_t n = 0; n < QUEUED; n++)
		unit_eq(maar_ipc_send(q, &n, sizeof(n), NULL, 0), 1);
	unit_eq(ipc_wait(ipc_child(die_with_slots, NULL)), 0);
	unit_eq(maar_ipc_detach(q), 0);
	file_bytes = read_file(ipc_path("x"));
	first_file = malloc(file_bytes);
	unit_must(file_bytes && first_file);
	memcpy(first_file, file, file_bytes);
}

static void restore(void)
{
	struct dirent *entry;
	DIR *dir;

	in_dir(first_dir);
	dir = opendir(first_dir);
	unit_must(dir);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_type == DT_REG)
			unit_eq(unlink(ipc_path(entry->d_name)), 0);
	closedir(dir);
	if (file_bytes)
		write_file(ipc_path("x"), first_file, file_bytes);
}

static void tear_down(void)
{
	in_dir(copy_dir);
	ipc_dir_end();
	in_dir(first_dir);
	free(first_file);
	first_file = NULL;
}

/* ---- judgement ---- */

static const struct file_call *now;

static void see(const struct maar_ipc_entry *entry, void *arg)
{
	unsigned *unsound = arg;

	*unsound += entry->error && !(entry->flags & MAAR_IPC_LEFTOVER);
}

static const char *judge_queue(struct maar_ipc *q, struct ipc_account *a)
{
	struct maar_ipc_stats s;
	const char *wrong = maar_ipc_recover(q) < 0 ? "recover fails" : ipc_go_round(q, a);

	if (!wrong && (maar_ipc_stats(q, &s) || s.free != SLOTS || s.broken || s.marked_broken))
		wrong = "a slot is not back";
	if (!wrong && (s.dead || s.participants != 1))
		wrong = "a number is not free";
	if (!wrong && maar_ipc_check(q))
		wrong = "a slot is not where its word says";
	return wrong;
}

/* The present directory, in which all but the tester are dead. The victim's may have been the last, if it removes. */
static const char *judge(struct ipc_account *a)
{
	unsigned unsound = 0;
	const char *wrong;
	bool gone;
	struct maar_ipc *q;

	if (maar_ipc_list(see, &unsound) < 0 || unsound)
		return "a file is half made";
	gone = access(ipc_path("x"), F_OK) != 0;
	if (gone && now->there && !now->removes)
		return "the queue is gone";
	if (gone) {
		a->next = 0;
		a->anew = true;
	}
	q = create_queue();
	if (!q)
		return "no create";
	wrong = judge_queue(q, a);
	if (maar_ipc_detach(q))
		return "detach fails";
	if (wrong)
		return wrong;
	if (maar_ipc_unlink("x", MAAR_IPC_UNUSED) || maar_ipc_clean() < 0)
		return "unlink or clean fails";
	if (access(ipc_path("x"), F_OK) == 0)
		return "it is not removed";
	return ipc_judge_messages(a, now->there && !a->anew);
}

static const char *leftover(void)
{
	return ipc_dir_files() ? "a file is left over" : NULL;
}

/* ---- copies ---- */

static struct ipc_swept *swept;
static unsigned char *seen;
static const unsigned char *mapped;
static bool was_in_system;
static unsigned changes;

static void look_for_change(unsigned k)
{
	struct ipc_account a = { .next = now->there ? QUEUED : 0 };
	bool changed = was_in_system;
	const char *wrong;

	if (mapped && memcmp(seen, mapped, file_bytes)) {
		memcpy(seen, mapped, file_bytes);
		changed = true;
	}
	was_in_system = ipc_victim_at_system_call();
	if (!changed || (!ipc_kill_all() && changes++ % COPY_OF_FEW))
		return;
	copy_files();
	in_dir(copy_dir);
	wrong = judge(&a);
	if (!wrong)
		wrong = leftover();
	in_dir(first_dir);
	swept->copies++;
	ck_assert_msg(!wrong, "%s, dead after instruction %u, in a copy: %s", now->name, k, wrong);
}

static unsigned record(unsigned first)
{
	unsigned points;
	int fd;

	restore();
	mapped = NULL;
	was_in_system = false;
	changes = first;
	fd = open(ipc_path("x"), O_RDONLY);
	if (fd >= 0) {
		mapped = mmap(NULL, file_bytes, PROT_READ, MAP_SHARED, fd, 0);
		seen = malloc(file_bytes);
		unit_must(mapped != MAP_FAILED && seen);
		memcpy(seen, mapped, file_bytes);
		close(fd);
	}
	ipc_victim_start(IPC_OWN_MEMORY, now->prepare, now->call, 0);
	points = ipc_victim_record(look_for_change);
	unit_eq(ipc_board->result, 0);
	ipc_victim_kill();
	if (fd >= 0) {
		munmap((void *)(uintptr_t)mapped, file_bytes);
		free(seen);
	}
	return points;
}

/* ---- kills ---- */

static const char *others_cycle(struct ipc_account *a)
{
	const bool gone = access(ipc_path("x"), F_OK) != 0;
	struct maar_ipc *q = create_queue();
	const char *wrong;

	if (!q)
		return errno == EBUSY && now->removes ? NULL : "no create beside it";
	if (gone) {
		a->next = 0;
		a->anew = true;
	}
	wrong = ipc_go_round(q, a);
	if (!wrong && maar_ipc_recover(q) < 0)
		wrong = "recover fails beside it";
	if (maar_ipc_detach(q))
		return "detach fails beside it";
	return wrong;
}

static void kill_at(unsigned k, bool cycle)
{
	struct ipc_account a = { .next = now->there ? QUEUED : 0 };
	const char *wrong = NULL;

	restore();
	ipc_victim_start(IPC_OWN_MEMORY, now->prepare, now->call, 0);
	(void)ipc_victim_go(k);
	swept->kills++;
	if (cycle) {
		swept->pairs++;
		wrong = others_cycle(&a);
	}
	ipc_victim_kill();
	if (!wrong)
		wrong = judge(&a);
	if (!wrong)
		wrong = leftover();
	ck_assert_msg(!wrong, "%s, killed at instruction %u%s: %s", now->name, k, cycle ? ", after a cycle" : "",
		      wrong);
}

void ipc_sweep_file(unsigned call, struct ipc_swept *out)
{
	unsigned stride = ipc_kill_all() ? ONE_OF : ONE_OF_FEW, points, k, turn = call;

	now = &calls[call];
	swept = out;
	set_up(now->there);
	points = record(call);
	swept->instructions += points;
	if (stride > points / AT_LEAST)
		stride = points / AT_LEAST;
	for (k = (call + 1) * stride / (unsigned)(COUNT_OF(calls) + 1); k < points; k += stride, turn++) {
		if (ipc_kill_all() || turn % 2 == 0)
			kill_at(k, false);
		if (ipc_kill_all() || turn % 2 == 1)
			kill_at(k, true);
	}
	restore();
	tear_down();
}

void ipc_file_controls(void)
{
	struct ipc_account more = { .next = QUEUED + 1 };

	now = &calls[1];
	set_up(true);
	restore();
	unit_must(judge(&more) != NULL);
	/* A file that is half made. */
	restore();
	unit_eq(truncate(ipc_path("x"), (off_t)(file_bytes / 2)), 0);
	more.next = QUEUED;
	unit_must(judge(&more) != NULL);
	restore();
	unit_eq(close(open(ipc_path(".left"), O_CREAT | O_WRONLY, 0600)), 0);
	unit_must(leftover() != NULL);
	unit_eq(unlink(ipc_path(".left")), 0);
	tear_down();
}

#else

/* A file of nothing is no C. */
typedef int ipc_without_files;

#endif
