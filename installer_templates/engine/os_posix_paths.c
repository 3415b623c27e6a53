/* os.h for Linux and macOS: paths. */
#if defined(__linux__)
#define _GNU_SOURCE
#elif defined(__APPLE__)
#define _DARWIN_C_SOURCE
#endif

#include "os.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "path.h"

static int result_of(int returned)
{
    return returned < 0 ? errno : 0;
}

static enum os_kind kind_of_mode(mode_t mode)
{
    if (S_ISREG(mode))
        return OS_FILE;
    if (S_ISDIR(mode))
        return OS_FOLDER;
    return S_ISLNK(mode) ? OS_LINK : OS_OTHER;
}

int os_kind_of(const char *path, enum os_kind *kind)
{
    struct stat facts;

    *kind = OS_NOTHING;
    if (lstat(path, &facts) != 0)
        return errno == ENOENT ? 0 : errno;
    *kind = kind_of_mode(facts.st_mode);
    return 0;
}

char *os_real_path(const char *path)
{
    return realpath(path, NULL);
}

char *os_absolute_path(const char *path)
{
    char here[PATH_MAX];

    if (path[0] == '/')
        return strdup(path);
    return getcwd(here, sizeof here) != NULL ? path_join(here, path) : NULL;
}

size_t os_root_length(const char *path)
{
    return path[0] == '/';
}

size_t os_longest_path(void)
{
    return PATH_MAX - 1;
}

size_t os_path_length(const char *path)
{
    return strlen(path);
}

int os_each(const char *path, bool (*visit)(void *context, const char *name), void *context)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    bool more = true;
    int error;

    if (folder == NULL)
        return errno;
    do {
        errno = 0;
        entry = readdir(folder);
        error = entry == NULL ? errno : 0;
        if (entry != NULL && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            more = visit(context, entry->d_name);
    } while (entry != NULL && more);
    closedir(folder);
    return error;
}

/* What an entry is, from the listing where that tells. */
static int kind_of_entry(int folder, const struct dirent *entry, enum os_kind *kind)
{
    struct stat facts;

    if (entry->d_type != DT_UNKNOWN) {
        *kind = kind_of_mode(DTTOIF(entry->d_type));
        return 0;
    }
    if (fstatat(folder, entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) != 0)
        return errno;
    *kind = kind_of_mode(facts.st_mode);
    return 0;
}

int os_each_in(os_folder folder, bool (*visit)(void *context, const char *name, enum os_kind kind, uint64_t inode),
               void *context)
{
    int opened = openat((int)folder.handle, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* closedir closes it */
    DIR *stream = opened < 0 ? NULL : fdopendir(opened);
    enum os_kind kind = OS_NOTHING;
    struct dirent *entry;
    bool more = true;
    int error;

    if (stream == NULL)
        return errno;
    do {
        errno = 0;
        entry = readdir(stream);
        error = entry == NULL ? errno : 0;
        if (entry == NULL || strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        error = kind_of_entry(opened, entry, &kind);
        more = error == 0 && visit(context, entry->d_name, kind, (uint64_t)entry->d_ino);
    } while (entry != NULL && more);
    closedir(stream);
    return error;
}

int os_make_folder(const char *path, uint32_t mode)
{
    return result_of(mkdir(path, (mode_t)mode));
}

int os_remove_file(const char *path)
{
    return result_of(unlink(path));
}

int os_remove_folder(const char *path)
{
    return result_of(rmdir(path));
}

/* Remove what is in the folder that `stream` has open, and close it. Goes on after an error, and returns the first. */
static int remove_contents(DIR *stream)
{
    struct dirent *entry;
    int error = 0;

    while ((entry = readdir(stream)) != NULL) {
        const char *name = entry->d_name;
        int here = dirfd(stream), failed = 0;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;
        if (unlinkat(here, name, 0) != 0) {
            /* Linux says EISDIR of a folder, POSIX EPERM; anything else shows when it is opened as one. */
            int opened = openat(here, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            DIR *inner = opened < 0 ? NULL : fdopendir(opened);
            failed = inner == NULL ? errno : remove_contents(inner);
            if (failed == 0)
                failed = result_of(unlinkat(here, name, AT_REMOVEDIR));
        }
        error = error != 0 ? error : failed;
    }
    closedir(stream);
    return error;
}

int os_remove_tree(const char *path)
{
    int opened = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *stream = opened < 0 ? NULL : fdopendir(opened);
    int error;

    if (stream == NULL)
        return errno;
    error = remove_contents(stream);
    return error != 0 ? error : result_of(rmdir(path));
}

int os_rename(const char *from, const char *to)
{
    return result_of(rename(from, to));
}

int os_write_file(const char *path, const void *data, size_t size)
{
    os_file file = {open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644)};
    int error, closed;

    if (file.handle < 0)
        return errno;
    error = os_write(file, data, size);
    if (error == 0)
        error = result_of(fsync((int)file.handle));
    closed = result_of(close((int)file.handle));
    return error != 0 ? error : closed;
}

bool os_is_mount(const char *path)
{
    struct stat folder, parent;
    char *above = path_join(path, "..");
    bool mount;

#if defined(__linux__) && defined(STATX_ATTR_MOUNT_ROOT)
    struct statx facts;
    if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, 0, &facts) == 0 && facts.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) {
        free(above);
        return facts.stx_attributes & STATX_ATTR_MOUNT_ROOT;
    }
#endif
    mount = above != NULL && lstat(path, &folder) == 0 && lstat(above, &parent) == 0 &&
            (folder.st_dev != parent.st_dev || folder.st_ino == parent.st_ino);
    free(above);
    return mount;
}

bool os_may_write(const char *folder)
{
    return faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0;
}

bool os_is_own(const char *folder)
{
    struct stat facts;

    return stat(folder, &facts) == 0 && facts.st_uid == geteuid();
}

int os_copy_folder_mode(const char *like, uint32_t mode, const char *folder)
{
    struct stat facts;

    if (like == NULL)
        return result_of(chmod(folder, (mode_t)mode));
    if (stat(like, &facts) != 0)
        return errno;
    if (chown(folder, (uid_t)-1, facts.st_gid) != 0) { /* a group that is not ours: the mode is all we can keep */
        return result_of(chmod(folder, facts.st_mode & 0777));
    }
    return result_of(chmod(folder, facts.st_mode & 07777));
}

int os_free_space(const char *path, uint64_t *bytes, uint64_t *inodes)
{
    struct statvfs facts;

    if (statvfs(path, &facts) != 0)
        return errno;
    *bytes = (uint64_t)facts.f_bavail * facts.f_frsize;
    *inodes = facts.f_files == 0 ? UINT64_MAX : (uint64_t)facts.f_favail; /* some file systems make inodes as needed */
    return 0;
}

int os_sync(const char *path)
{
    int opened = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error;

    if (opened < 0)
        return errno;
#if defined(__linux__)
    error = result_of(syncfs(opened));
#else
    sync(); /* hands everything to the disk, which F_FULLFSYNC then makes keep it */
    error = result_of(fcntl(opened, F_FULLFSYNC));
    if (error == ENOTSUP || error == EINVAL || error == ENOTTY)
        error = result_of(fsync(opened));
#endif
    close(opened);
    return error;
}

void os_sync_folder(const char *path)
{
    int opened = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (opened >= 0) {
        fsync(opened); /* some file systems refuse this for folders, and need no such thing */
        close(opened);
    }
}

int os_lock(const char *path, os_file *file)
{
    struct stat opened, named;
    int error = 0, descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (descriptor < 0)
        return errno;
    if (flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        error = EBUSY;
    /* Whoever held the lock may have removed the file before we got it. */
    if (error == 0 && (fstat(descriptor, &opened) != 0 || lstat(path, &named) != 0 || opened.st_ino != named.st_ino ||
                       opened.st_dev != named.st_dev))
        error = ENOENT;
    if (error != 0)
        close(descriptor);
    file->handle = descriptor;
    return error;
}
