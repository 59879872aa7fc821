/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * maar_arena: memory with one end. Blocks are taken one by one and given back all at once: when the request, the
 * connection, the frame is over. A block costs a few instructions and no header; nothing has to be freed.
 *
 *     chunk 1                     chunk 2, twice as large            chunk 3 ...     kept for later
 *     +-----+-------------------+ +--------------------------------+ +-------------+ +-------------+
 *     |arena| alloc ->          | | alloc ->   room    <- nalloc   | |   (empty)   | |   (empty)   |
 *     +-----+-------------------+ +--------------------------------+ +-------------+ +-------------+
 *                                    ^ current
 *     large blocks: one each from the source, in a list, to be freed early    [ 20 KB ]  [ 1 MB ]
 *     after-care: clean-up handlers and child arenas, in a list               fd 7 <- child <- handler
 *
 *     struct maar_arena *a = maar_arena_create(NULL);
 *     struct request *r = maar_arena_alloc(a, sizeof(*r));            r->name = maar_arena_strdup(a, name);
 *     maar_arena_cleanup_fd(a, fd);
 *     maar_arena_reset(a);                                            all of it is gone, the memory stays
 *     maar_arena_destroy(a);
 *
 * Who may call what at the same time
 *     one arena, its ancestors and descendants (a family)     one thread at a time; it may pass from thread to thread
 *                                                              by whatever orders the two (a queue, a lock, a join)
 *     arenas of different families                            any threads, freely
 *     the blocks                                              whoever the program gives them to
 *     from a clean-up handler                                 all calls, but reset, rollback and destroy of an arena that
 *                                                              is at it (or an ancestor of it): -EBUSY
 *     Signal handlers: nothing. After fork the child has arenas of its own, as the parent had them.
 * Progress: no call waits for another thread; what the source does (maar_malloc, malloc, or yours) is added.
 * Cost: alloc and nalloc are inline, some 11 instructions, and out of line once a chunk. Nothing walks what it has been
 * through: a kept chunk is entered, filled and left once between two resets.
 * Origin: nginx's pools (large blocks, handlers), APR's (children, a source shared with them), obstack (growing the last
 * block, rolling back). See doc/lineage.md.
 */
#ifndef MAAR_ARENA_H
#define MAAR_ARENA_H
#define MAAR_BITS_OK 1

#include <stdarg.h>
#include <stdio.h>

#include <maar/bits/cc.h>

MAAR_BEGIN_DECLS

struct maar_arena;
struct maar_arena_cleanup;

/* ---- where chunks and large blocks come from ---- */

/*
 * The caller's own memory. allocate returns `bytes` bytes aligned to 16, or NULL (the call that needs them then returns
 * NULL); release gets back each such piece whole, with the same number of bytes. Called in the thread that calls the
 * arena, which they must not call.
 */
struct maar_arena_source {
	void *(*allocate)(size_t bytes, void *arg);
	void (*release)(void *memory, size_t bytes, void *arg);
	void *arg;
};

enum maar_arena_flags {
	/* From malloc. Else, with no source of yours: from maar_malloc, or from malloc too while a tool watches (maar/track.h). */
	MAAR_ARENA_MALLOC = 1,
};

/* The largest alignment that an option may ask for, in bytes: a page of x86-64. memalign knows no such bound. */
#define MAAR_ARENA_MAX_ALIGN 4096

/* How an arena is made; zero means the default. Bytes, all but the flags. */
struct maar_arena_options {
	size_t first_bytes; /* of the first chunk, which also holds the arena itself. Default 4096 */
	size_t chunk_bytes; /* each chunk is twice as large as the one before, up to this. Default 65536 */
	size_t large_bytes; /* what is larger, and has no room in the current chunk, is a large block. Default chunk_bytes / 4 */
	size_t limit_bytes; /* most that the arena and its descendants have of the source. Default: no limit */
	size_t keep_bytes;  /* most that reset, rollback and a child's end keep. Default: everything */
	uint32_t
		align; /* of each block of alloc, a power of two up to MAAR_ARENA_MAX_ALIGN. Default 16; 1 packs them */
	uint32_t flags;			 /* enum maar_arena_flags */
	struct maar_arena_source source; /* both functions, or none: the default source. None for a child */
	uint64_t reserved[2];		 /* must be 0 */
};

/* ---- life cycle ---- */

/*
 * Makes an arena; its first chunk is the only memory it takes. `options` may be NULL.
 * Returns NULL with errno set: EINVAL (an option out of range, one function of a source without the other, or with
 * MAAR_ARENA_MALLOC), ENOMEM (the source has none, or the limit is below the first chunk).
 */
MAAR_API MAAR_NODISCARD struct maar_arena *maar_arena_create(const struct maar_arena_options *options);

/*
 * Makes an arena that ends with `parent` at the latest: when that is destroyed, reset, or rolled back to a time before.
 * Its memory comes from what the parent keeps, else from the parent's source, and goes back to what the parent keeps: a
 * child for each request costs no call of the source once the memory is there. It counts against the parent's limit.
 * `options` NULL: the parent's, without its limit. Returns NULL with errno set as create does, and EINVAL if parent is
 * NULL, or the options name a source or a flag.
 */
MAAR_API MAAR_NODISCARD struct maar_arena *maar_arena_create_child(struct maar_arena *parent,
								   const struct maar_arena_options *options);

/*
 * Ends an arena: handlers and children, newest first, then all memory. Returns 0 (also for NULL), or -EBUSY, with nothing
 * changed, from inside a handler of this arena or of a descendant.
 */
MAAR_API int maar_arena_destroy(struct maar_arena *arena);

/*
 * Makes an arena as empty as a new one: handlers and children, newest first, then large blocks to the source; chunks are
 * kept, as far as keep_bytes lets them. Returns 0; -EINVAL for NULL; -EBUSY as destroy does.
 * Cost: handlers, children and large blocks there are; not chunks, but for those given back.
 */
MAAR_API int maar_arena_reset(struct maar_arena *arena);

/* Gives kept chunks back to the source while the arena has more than `keep` bytes of it. Returns the bytes given back. */
MAAR_API size_t maar_arena_trim(struct maar_arena *arena, size_t keep);

/*
 * ---- blocks ----
 *
 * All return NULL, with errno = ENOMEM and nothing changed, when the source has none, the limit is reached, or the size is
 * absurd; and with errno = EINVAL for a NULL arena. 0 bytes is a block of no bytes, with an address of its own. Blocks are
 * of any content but for calloc's. (To the compiler they are no malloc's, though it would like them to be: it might move a
 * read of a block beyond a reset, which is not told of the block.)
 */

/* Aligned as the arena's options say. */
MAAR_INLINE MAAR_NODISCARD void *maar_arena_alloc(struct maar_arena *arena, size_t bytes);

/* Not aligned, for text: no byte between one and the next. */
MAAR_INLINE MAAR_NODISCARD void *maar_arena_nalloc(struct maar_arena *arena, size_t bytes);

/* n objects of so many bytes, aligned as alloc's; calloc: all zero. ENOMEM also if n * bytes does not fit. */
MAAR_API MAAR_NODISCARD void *maar_arena_array(struct maar_arena *arena, size_t n, size_t bytes);
MAAR_API MAAR_NODISCARD void *maar_arena_calloc(struct maar_arena *arena, size_t n, size_t bytes);

/* Aligned to `align`, any power of two; EINVAL if it is none. */
MAAR_API MAAR_NODISCARD void *maar_arena_memalign(struct maar_arena *arena, size_t align, size_t bytes);

/*
 * Makes a block of `old_bytes` one of `bytes`, as alloc aligns it: in place if it shrinks, or if it is the last that alloc
 * gave out and there is room behind it; else a new block with its content (a large one's memory goes back to the source).
 * NULL, with the block as it was, when there is no memory. block = NULL: alloc. The block must be this arena's.
 */
MAAR_API MAAR_NODISCARD void *maar_arena_realloc(struct maar_arena *arena, void *block, size_t old_bytes, size_t bytes);

/*
 * Gives a large block back to the source before its time. Returns 0; -EINVAL, with nothing done, if it is no large block
 * of this arena (a small one, one freed before, NULL): so it may be called for any block of the arena.
 */
MAAR_API int maar_arena_free(struct maar_arena *arena, void *block);

/* ---- text: blocks as nalloc's, ended by a NUL ---- */

/* NULL with EINVAL also if text is NULL. strndup: at most n bytes of it. memdup: aligned as alloc's, of any bytes. */
MAAR_API MAAR_NODISCARD char *maar_arena_strdup(struct maar_arena *arena, const char *text);
MAAR_API MAAR_NODISCARD char *maar_arena_strndup(struct maar_arena *arena, const char *text, size_t n);
MAAR_API MAAR_NODISCARD void *maar_arena_memdup(struct maar_arena *arena, const void *from, size_t bytes);

/* As printf. NULL also, with vsnprintf's errno, if the format cannot be carried out (EILSEQ, EOVERFLOW). */
MAAR_API MAAR_PRINTF_LIKE char *maar_arena_printf(struct maar_arena *arena, const char *format, ...);
MAAR_API MAAR_VPRINTF_LIKE char *maar_arena_vprintf(struct maar_arena *arena, const char *format, va_list args);

/* ---- clean-up handlers ---- */

/* Runs once, in the thread that ends, resets or rolls back: all memory taken before it was added is still there. */
typedef void maar_arena_cleanup_fn(void *arg);

/*
 * Adds a handler. Those there are run newest first, in one order with the ends of children. Returns it, for cancel and
 * run; NULL with errno = ENOMEM, or EINVAL (arena or fn is NULL). Cost: a block of 48 bytes. What handlers add while they
 * run, runs too.
 */
MAAR_API struct maar_arena_cleanup *maar_arena_cleanup_add(struct maar_arena *arena, maar_arena_cleanup_fn *fn,
							   void *arg);

/* Adds one that closes a descriptor. EINVAL also if fd is negative. */
MAAR_API struct maar_arena_cleanup *maar_arena_cleanup_fd(struct maar_arena *arena, int fd);

/*
 * Takes a handler out without running it; or runs it now instead of later. Return 0; -EINVAL for NULL; -EALREADY if it has
 * run or been taken out (seen until its memory is used again).
 */
MAAR_API int maar_arena_cleanup_cancel(struct maar_arena *arena, struct maar_arena_cleanup *cleanup);
MAAR_API int maar_arena_cleanup_run(struct maar_arena *arena, struct maar_arena_cleanup *cleanup);

/* ---- savepoints ---- */

/* A moment of an arena's life. A value: copy it, forget it. */
struct maar_arena_mark {
	struct maar_arena *arena;
	uint64_t serial;
};

/* Marks this moment. Returns 0; -EINVAL; -ENOMEM: nothing changed. Cost: a block of 48 bytes. */
MAAR_API int maar_arena_save(struct maar_arena *arena, struct maar_arena_mark *mark);

/*
 * Undoes all since the mark: handlers and children, newest first, large blocks, blocks. The mark stays good. Returns 0;
 * -EINVAL, with nothing changed, if it is no mark of this arena or a moment that has been undone itself (by a reset, or a
 * rollback to before it); -EBUSY as destroy does.
 * Cost: as reset's, and the marks since.
 */
MAAR_API int maar_arena_rollback(struct maar_arena *arena, struct maar_arena_mark mark);

/* ---- observers: the thread that has the arena ---- */

struct maar_arena_stats {
	size_t held_bytes;  /* of the source, descendants' included */
	size_t most_bytes;  /* the most that this has been */
	size_t limit_bytes; /* SIZE_MAX: no limit */
	size_t used_bytes;  /* of chunks, by blocks and what lies between them; without large blocks and children */
	size_t kept_bytes;  /* of chunks beyond the current one */
	size_t large_bytes; /* of large blocks, with their headers */
	size_t chunks;	    /* kept ones included */
	size_t kept;
	size_t large;
	size_t children;
	size_t cleanups;
	uint64_t refused; /* calls that got no memory, of this arena and its descendants */
};

/* Fills in *stats. 0, or -EINVAL. Cost: a walk over chunks, large blocks, handlers and children. */
MAAR_API int maar_arena_stats(const struct maar_arena *arena, struct maar_arena_stats *stats);

/* Writes a description for people, of an arena and its descendants. 0, -EINVAL, or -EIO. */
MAAR_API int maar_arena_dump(const struct maar_arena *arena, FILE *to);

/* Whether its bookkeeping agrees with itself, its descendants' too: 0; -EINVAL for NULL; -EBADMSG: something wrote over it. */
MAAR_API int maar_arena_check(const struct maar_arena *arena);

MAAR_END_DECLS

#include <maar/bits/arena_impl.h>

#endif
