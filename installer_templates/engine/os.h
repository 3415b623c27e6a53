/* The operating system, as far as the engine needs it. Only os_posix*.c and os_windows*.c differ by system. Paths are UTF-8 with `/` between components. Functions that return int return 0 or an errno value. */
#ifndef KEEL_OS_H
#define KEEL_OS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- Process ---------------------------------------------------------------------------------------------------- */

/* Call once, before anything else: modes of new files are taken as given from here on. */
void os_start_process(void);

/* The mode that the user's umask gives to new folders. */
uint32_t os_user_folder_mode(void);

/* Make signals that end a process (Ctrl-C, terminate, hang up) set os_cancelled instead, unless they are ignored. */
void os_catch_signals(void);
extern atomic_int os_cancelled; /* the signal's number, or 0 */

/* Remove this program's own file; does nothing where that is impossible. name: its first argument. */
void os_unlink_self(const char *name);

/* The CPUs that this process may use, at least 1. */
unsigned os_cpus(void);

/* Whether standard error is a terminal. */
bool os_stderr_is_terminal(void);

/* Wait for standard input and read what is there, at most `size` bytes; *got is 0 at its end. EINTR: os_cancelled. */
int os_read_input(void *buffer, size_t size, size_t *got);

/* Milliseconds of a clock that only goes forward. */
uint64_t os_milliseconds(void);

/* --- Threads ---------------------------------------------------------------------------------------------------- */

typedef struct os_thread os_thread;

/* Run `work(argument)` on a new thread; NULL if there cannot be one. */
os_thread *os_thread_start(void (*work)(void *argument), void *argument);
void os_thread_join(os_thread *thread);

typedef struct os_mutex os_mutex;

os_mutex *os_mutex_new(void); /* NULL without memory */
void os_mutex_lock(os_mutex *mutex);
bool os_mutex_try(os_mutex *mutex); /* true: locked now */
void os_mutex_unlock(os_mutex *mutex);
void os_mutex_free(os_mutex *mutex);

/* --- Open files and folders ------------------------------------------------------------------------------------- */

typedef struct {
    intptr_t handle;
} os_file;

typedef struct {
    intptr_t handle;
} os_folder;

#define OS_NO_FOLDER ((os_folder){-1})

int os_open(const char *path, os_file *file);
int os_size(os_file file, uint64_t *size);
/* *got is less than `size` only at the end of the file. */
int os_read_at(os_file file, void *buffer, size_t size, uint64_t offset, size_t *got);
void os_close(os_file file);

/* Create a new file for writing; EEXIST where there is anything of that name. */
int os_create(os_folder folder, const char *name, uint32_t mode, os_file *file);
int os_write(os_file file, const void *data, size_t size);
/* Set the modification time (seconds since 1970) and close, also after a failure. */
int os_close_at(os_file file, int64_t mtime);

/* Open a folder. */
int os_folder_open(const char *path, os_folder *folder);
/* Open a folder below `root`, which holds no symbolic links; missing folders are made with mode 0755. */
int os_folder_enter(os_folder root, const char *path, os_folder *folder);
/* Open the folder `name` (one component) in `above`, not through a link; it is made with `mode` where it is missing. */
int os_folder_step(os_folder above, const char *name, uint32_t mode, os_folder *folder);
/* The same for a folder that is there. */
int os_folder_inside(os_folder above, const char *name, os_folder *folder);
void os_folder_close(os_folder folder);

/* What a regular file is like. */
struct os_facts {
    uint64_t size;
    uint32_t mode;
    int64_t mtime;
};

/* Open a regular file in a folder, not through a symbolic link. */
int os_open_in(os_folder folder, const char *name, os_file *file, struct os_facts *facts);

/* Make `to` in `to_folder` share the content of a file (reflink), mode and time included. more: mode bits to add to it.
 * ENOTSUP where the file system or the system has no such thing; nothing is left behind then. */
int os_clone(os_folder from_folder, const char *from, os_folder to_folder, const char *to, uint32_t more);
int os_hard_link(os_folder from_folder, const char *from, os_folder to_folder, const char *to);
int os_symbolic_link(const char *target, os_folder folder, const char *name);

/* --- Paths ------------------------------------------------------------------------------------------------------ */

enum os_kind { OS_NOTHING, OS_FILE, OS_FOLDER, OS_LINK, OS_OTHER };

/* What is at `path`; links are not followed. */
int os_kind_of(const char *path, enum os_kind *kind);

/* The absolute path of something that exists, without links and `..`; NULL where that fails. Free it. */
char *os_real_path(const char *path);
/* An absolute path, made by adding the current folder where needed; NULL without memory. Free it. */
char *os_absolute_path(const char *path);
/* Bytes at the beginning of an absolute path that are its root: "/" or "C:/" or "//server/share/". */
size_t os_root_length(const char *path);

/* The longest path that programs can use here, in UTF-16 code units on Windows and bytes elsewhere. */
size_t os_longest_path(void);
/* How this system counts `path` towards that. */
size_t os_path_length(const char *path);

/* Visit the names in a folder, `.` and `..` left out, until `visit` returns false. */
int os_each(const char *path, bool (*visit)(void *context, const char *name), void *context);

/* The same for an open folder, with what each name is and its inode number. ENOTSUP where listings hold no such numbers. */
int os_each_in(os_folder folder, bool (*visit)(void *context, const char *name, enum os_kind kind, uint64_t inode),
               void *context);

int os_make_folder(const char *path, uint32_t mode);
int os_remove_file(const char *path);
int os_remove_folder(const char *path);
/* Remove a folder with everything in it; links are removed, not followed. */
int os_remove_tree(const char *path);
/* Move within one file system. An empty folder in the way is replaced. */
int os_rename(const char *from, const char *to);
/* Write a new small file, and force it to the disk. */
int os_write_file(const char *path, const void *data, size_t size);

/* Whether a folder is the root of a mounted file system. */
bool os_is_mount(const char *path);
/* Whether this user may create and remove things in a folder. */
bool os_may_write(const char *folder);
/* Whether a folder belongs to the user who runs this. */
bool os_is_own(const char *folder);
/* Give a folder the mode bits (POSIX) of another one, or the mode given where `like` is NULL. */
int os_copy_folder_mode(const char *like, uint32_t mode, const char *folder);

/* Free bytes and inodes for this user; UINT64_MAX where unknown. */
int os_free_space(const char *path, uint64_t *bytes, uint64_t *inodes);

/* Force the file system that holds the folder `path` to the disk. */
int os_sync(const char *path);
/* Force the names in the folder `path` to the disk. */
void os_sync_folder(const char *path);

/* Open or create the file `path` and lock it; EBUSY where another process has it. A file system without locks counts as
 * locked. The lock ends when the file is closed. ENOENT: it was removed meanwhile, try again. */
int os_lock(const char *path, os_file *file);

#endif
