/* os.h for Linux and macOS: process, threads, open files and folders. Paths: os_posix_paths.c. */
#if defined(__linux__)
#define _GNU_SOURCE
#elif defined(__APPLE__)
#define _DARWIN_C_SOURCE
#endif

#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#if defined(__linux__)
#include <sched.h>
#include <sys/ioctl.h>
#define CLONE_FILE_RANGE_ALL _IOW(0x94, 9, int) /* FICLONE of <linux/fs.h>, which musl does not bring */
#elif defined(__APPLE__)
#include <mach-o/dyld.h>
#include <sys/clonefile.h>
#endif

#include "path.h"

/* --- Process ---------------------------------------------------------------------------------------------------- */

atomic_int os_cancelled;
static mode_t user_umask;

void os_start_process(void)
{
    user_umask = umask(0);
    signal(SIGPIPE, SIG_IGN); /* a closed terminal must not keep us from cleaning up */
    signal(SIGXFSZ, SIG_IGN); /* writing fails with EFBIG instead */
}

uint32_t os_user_folder_mode(void)
{
    return 0777 & ~(uint32_t)user_umask;
}

static void on_signal(int number)
{
    atomic_store(&os_cancelled, number);
}

void os_catch_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction action, before;
        memset(&action, 0, sizeof action);
        action.sa_handler = on_signal;
        action.sa_flags = SA_RESTART;
        /* nohup, and shells that start us in the background, ask for signals to be ignored. */
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    }
}

void os_unlink_self(const char *name)
{
    char path[4096];
#if defined(__APPLE__)
    uint32_t size = sizeof path;
    if (_NSGetExecutablePath(path, &size) == 0) {
        unlink(path);
        return;
    }
#else
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length > 0) {
        path[length] = '\0';
        unlink(path);
        return;
    }
#endif
    if (strchr(name, '/') != NULL) /* no /proc here: the name may still be a path */
        unlink(name);
}

unsigned os_cpus(void)
{
#if defined(__linux__)
    cpu_set_t set; /* what a container or taskset leaves us */
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return (unsigned)CPU_COUNT(&set);
#endif
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (unsigned)count : 1;
}

bool os_stderr_is_terminal(void)
{
    return isatty(STDERR_FILENO) == 1;
}

int os_read_input(void *buffer, size_t size, size_t *got)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    ssize_t count;

    /* A signal may find another thread, so this one looks up from time to time. */
    do {
        if (atomic_load(&os_cancelled) != 0)
            return EINTR;
    } while (poll(&input, 1, 100) <= 0);
    while ((count = read(STDIN_FILENO, buffer, size)) < 0 && errno == EINTR)
        continue;
    *got = count > 0 ? (size_t)count : 0;
    return count < 0 ? errno : 0;
}

uint64_t os_milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* --- Threads ---------------------------------------------------------------------------------------------------- */

#define STACK ((size_t)1 << 20)

struct os_thread {
    pthread_t thread;
    void (*work)(void *argument);
    void *argument;
};

static void *run_thread(void *thread)
{
    os_thread *self = thread;

    self->work(self->argument);
    return NULL;
}

os_thread *os_thread_start(void (*work)(void *argument), void *argument)
{
    os_thread *self = malloc(sizeof *self);

    pthread_attr_t attributes;
    int error;

    if (self == NULL)
        return NULL;
    self->work = work;
    self->argument = argument;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK); /* musl's default would be tight for zstd */
    error = pthread_create(&self->thread, &attributes, run_thread, self);
    pthread_attr_destroy(&attributes);
    if (error != 0) {
        free(self);
        return NULL;
    }
    return self;
}

void os_thread_join(os_thread *thread)
{
    pthread_join(thread->thread, NULL);
    free(thread);
}

struct os_mutex {
    pthread_mutex_t mutex;
};

os_mutex *os_mutex_new(void)
{
    os_mutex *self = malloc(sizeof *self);

    if (self != NULL)
        pthread_mutex_init(&self->mutex, NULL);
    return self;
}

void os_mutex_lock(os_mutex *mutex)
{
    pthread_mutex_lock(&mutex->mutex);
}

bool os_mutex_try(os_mutex *mutex)
{
    return pthread_mutex_trylock(&mutex->mutex) == 0;
}

void os_mutex_unlock(os_mutex *mutex)
{
    pthread_mutex_unlock(&mutex->mutex);
}

void os_mutex_free(os_mutex *mutex)
{
    if (mutex != NULL)
        pthread_mutex_destroy(&mutex->mutex);
    free(mutex);
}

/* --- Open files and folders ------------------------------------------------------------------------------------- */

static int result_of(int returned)
{
    return returned < 0 ? errno : 0;
}

static int fd(os_file file)
{
    return (int)file.handle;
}

static int keep_fd(int opened, intptr_t *handle)
{
    *handle = opened;
    return result_of(opened);
}

int os_open(const char *path, os_file *file)
{
    return keep_fd(open(path, O_RDONLY | O_CLOEXEC), &file->handle);
}

int os_size(os_file file, uint64_t *size)
{
    struct stat facts;

    if (fstat(fd(file), &facts) != 0)
        return errno;
    if (!S_ISREG(facts.st_mode))
        return EINVAL;
    *size = (uint64_t)facts.st_size;
    return 0;
}

int os_read_at(os_file file, void *buffer, size_t size, uint64_t offset, size_t *got)
{
    for (*got = 0; *got < size;) {
        ssize_t count = pread(fd(file), (char *)buffer + *got, size - *got, (off_t)(offset + *got));
        if (count < 0 && errno != EINTR)
            return errno;
        if (count == 0)
            return 0;
        if (count > 0)
            *got += (size_t)count;
    }
    return 0;
}

void os_close(os_file file)
{
    close(fd(file));
}

int os_create(os_folder folder, const char *name, uint32_t mode, os_file *file)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;

    return keep_fd(openat((int)folder.handle, name, flags, (mode_t)mode), &file->handle);
}

int os_write(os_file file, const void *data, size_t size)
{
    const char *bytes = data;

    while (size > 0) {
        ssize_t count = write(fd(file), bytes, size);
        if (count < 0 && errno != EINTR)
            return errno;
        if (count > 0) {
            bytes += count;
            size -= (size_t)count;
        }
    }
    return 0;
}

int os_close_at(os_file file, int64_t mtime)
{
    struct timespec times[2] = {{.tv_sec = (time_t)mtime}, {.tv_sec = (time_t)mtime}};
    int error = result_of(futimens(fd(file), times));

    if (close(fd(file)) != 0 && error == 0 && errno != EINTR)
        error = errno; /* network file systems tell about a full disk here */
    return error;
}

#define OPEN_FOLDER (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

int os_folder_open(const char *path, os_folder *folder)
{
    return keep_fd(open(path, OPEN_FOLDER), &folder->handle);
}

/* Make the folder `path` after its missing parents; mostly they are there already, so the search goes upwards. */
static int make_folders(int root, const char *path)
{
    char part[PATH_LONGEST + 1];
    size_t whole = strlen(path), length = whole;
    int error;

    memcpy(part, path, whole + 1);
    while ((error = result_of(mkdirat(root, part, 0755))) == ENOENT && strrchr(part, '/') != NULL) {
        length = (size_t)(strrchr(part, '/') - part);
        part[length] = '\0';
    }
    while ((error == 0 || error == EEXIST) && length < whole) {
        part[length] = '/';
        length = strlen(part);
        error = result_of(mkdirat(root, part, 0755));
    }
    return error == EEXIST ? 0 : error; /* another thread was faster, or it is no folder, which opening it tells */
}

int os_folder_enter(os_folder root, const char *path, os_folder *folder)
{
    int error = keep_fd(openat((int)root.handle, path[0] == '\0' ? "." : path, OPEN_FOLDER), &folder->handle);

    if (error != ENOENT)
        return error;
    error = make_folders((int)root.handle, path);
    if (error != 0)
        return error;
    return keep_fd(openat((int)root.handle, path, OPEN_FOLDER), &folder->handle);
}

int os_folder_step(os_folder above, const char *name, uint32_t mode, os_folder *folder)
{
    int made = result_of(mkdirat((int)above.handle, name, (mode_t)mode)); /* first, as most are missing */
    int error = keep_fd(openat((int)above.handle, name, OPEN_FOLDER), &folder->handle);

    return error == ENOENT && made != 0 ? made : error;
}

int os_folder_inside(os_folder above, const char *name, os_folder *folder)
{
    return keep_fd(openat((int)above.handle, name, OPEN_FOLDER), &folder->handle);
}

void os_folder_close(os_folder folder)
{
    if (folder.handle >= 0)
        close((int)folder.handle);
}

int os_open_in(os_folder folder, const char *name, os_file *file, struct os_facts *facts)
{
    struct stat stat;
    int error = keep_fd(openat((int)folder.handle, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), &file->handle);

    if (error != 0)
        return error;
    error = result_of(fstat(fd(*file), &stat));
    if (error == 0 && !S_ISREG(stat.st_mode))
        error = EINVAL;
    if (error != 0) {
        close(fd(*file));
        return error;
    }
    *facts = (struct os_facts){(uint64_t)stat.st_size, stat.st_mode & 0777, (int64_t)stat.st_mtime};
    return 0;
}

#if defined(__APPLE__)

int os_clone(os_folder from_folder, const char *from, os_folder to_folder, const char *to, uint32_t more)
{
    int folder = (int)to_folder.handle;
    int error = result_of(clonefileat((int)from_folder.handle, from, folder, to, CLONE_NOFOLLOW));
    struct stat made;

    if (error != 0 || more == 0)
        return error;
    error = result_of(fstatat(folder, to, &made, AT_SYMLINK_NOFOLLOW));
    if (error == 0)
        error = result_of(fchmodat(folder, to, (made.st_mode & 0777) | (mode_t)more, AT_SYMLINK_NOFOLLOW));
    if (error != 0)
        unlinkat(folder, to, 0);
    return error;
}

#else

int os_clone(os_folder from_folder, const char *from, os_folder to_folder, const char *to, uint32_t more)
{
    struct os_facts facts;
    os_file source, copy;
    int error = os_open_in(from_folder, from, &source, &facts);

    if (error != 0)
        return error;
    error = os_create(to_folder, to, facts.mode | more, &copy);
    if (error == 0) {
        error = ioctl(fd(copy), CLONE_FILE_RANGE_ALL, fd(source)) == 0 ? 0 : ENOTSUP;
        int closed = os_close_at(copy, facts.mtime);
        error = error != 0 ? error : closed;
        if (error != 0)
            unlinkat((int)to_folder.handle, to, 0);
    }
    close(fd(source));
    return error;
}

#endif

int os_hard_link(os_folder from_folder, const char *from, os_folder to_folder, const char *to)
{
    return result_of(linkat((int)from_folder.handle, from, (int)to_folder.handle, to, 0));
}

int os_symbolic_link(const char *target, os_folder folder, const char *name)
{
    return result_of(symlinkat(target, (int)folder.handle, name));
}
