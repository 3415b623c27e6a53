/* os.h for Windows: process, threads, open files and folders. Paths: os_windows_paths.c and os_windows_changes.c.
 * A folder is not held open here: its handle points to its wide path. */
#include "os.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "os_windows.h"
#include "path.h"

#define SIGNAL_INT 2
#define SIGNAL_TERM 15

/* --- Process ---------------------------------------------------------------------------------------------------- */

atomic_int os_cancelled;

void os_start_process(void)
{
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOOPENFILEERRORBOX); /* no message boxes */
    SetConsoleOutputCP(CP_UTF8);
}

uint32_t os_user_folder_mode(void)
{
    return 0777; /* folders inherit what their parent allows */
}

static BOOL WINAPI on_event(DWORD event)
{
    atomic_store(&os_cancelled, event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT ? SIGNAL_INT : SIGNAL_TERM);
    if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT)
        Sleep(INFINITE); /* the process ends when this returns, so the main thread cleans up first */
    return TRUE;
}

void os_catch_signals(void)
{
    SetConsoleCtrlHandler(on_event, TRUE);
}

void os_unlink_self(const char *name)
{
    (void)name; /* a running program cannot be removed here; whoever starts it removes it */
}

unsigned os_cpus(void)
{
    DWORD_PTR ours, all;
    unsigned count = 0;

    if (GetProcessAffinityMask(GetCurrentProcess(), &ours, &all))
        for (; ours != 0; ours &= ours - 1)
            count++;
    return count > 0 ? count : 1;
}

bool os_stderr_is_terminal(void)
{
    DWORD mode;

    return GetConsoleMode(GetStdHandle(STD_ERROR_HANDLE), &mode) != 0;
}

int os_read_input(void *buffer, size_t size, size_t *got)
{
    DWORD count = 0;

    *got = 0;
    if (atomic_load(&os_cancelled) != 0)
        return EINTR;
    if (!ReadFile(GetStdHandle(STD_INPUT_HANDLE), buffer, size < 1u << 30 ? (DWORD)size : 1u << 30, &count, NULL))
        return GetLastError() == ERROR_BROKEN_PIPE ? 0 : windows_last_errno(); /* the writer has closed its end */
    *got = count;
    return 0;
}

uint64_t os_milliseconds(void)
{
    return GetTickCount64();
}

/* --- Threads ---------------------------------------------------------------------------------------------------- */

struct os_thread {
    HANDLE handle;
    void (*work)(void *argument);
    void *argument;
};

static DWORD WINAPI run_thread(void *thread)
{
    os_thread *self = thread;

    self->work(self->argument);
    return 0;
}

os_thread *os_thread_start(void (*work)(void *argument), void *argument)
{
    os_thread *self = malloc(sizeof *self);

    if (self == NULL)
        return NULL;
    self->work = work;
    self->argument = argument;
    self->handle = CreateThread(NULL, 0, run_thread, self, 0, NULL);
    if (self->handle == NULL) {
        free(self);
        return NULL;
    }
    return self;
}

void os_thread_join(os_thread *thread)
{
    WaitForSingleObject(thread->handle, INFINITE);
    CloseHandle(thread->handle);
    free(thread);
}

struct os_mutex {
    SRWLOCK lock;
};

os_mutex *os_mutex_new(void)
{
    os_mutex *self = malloc(sizeof *self);

    if (self != NULL)
        InitializeSRWLock(&self->lock);
    return self;
}

void os_mutex_lock(os_mutex *mutex)
{
    AcquireSRWLockExclusive(&mutex->lock);
}

bool os_mutex_try(os_mutex *mutex)
{
    return TryAcquireSRWLockExclusive(&mutex->lock) != 0;
}

void os_mutex_unlock(os_mutex *mutex)
{
    ReleaseSRWLockExclusive(&mutex->lock);
}

void os_mutex_free(os_mutex *mutex)
{
    free(mutex);
}

/* --- Open files ------------------------------------------------------------------------------------------------- */

static HANDLE handle_of(os_file file)
{
    return (HANDLE)file.handle;
}

/* Open a wide path, which is freed. */
static int open_wide(wchar_t *path, DWORD access, DWORD how, DWORD flags, os_file *file)
{
    HANDLE handle = INVALID_HANDLE_VALUE;
    int error = path != NULL ? 0 : ENOMEM;

    if (path != NULL) {
        handle = CreateFileW(path, access, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL, how, flags, NULL);
        error = handle == INVALID_HANDLE_VALUE ? windows_last_errno() : 0;
    }
    free(path);
    file->handle = (intptr_t)handle;
    return error;
}

int os_open(const char *path, os_file *file)
{
    return open_wide(windows_wide(path), GENERIC_READ, OPEN_EXISTING, FILE_FLAG_SEQUENTIAL_SCAN, file);
}

int os_size(os_file file, uint64_t *size)
{
    LARGE_INTEGER found;

    if (!GetFileSizeEx(handle_of(file), &found))
        return windows_last_errno();
    *size = (uint64_t)found.QuadPart;
    return 0;
}

int os_read_at(os_file file, void *buffer, size_t size, uint64_t offset, size_t *got)
{
    for (*got = 0; *got < size;) {
        uint64_t at = offset + *got;
        OVERLAPPED place = {.Offset = (DWORD)at, .OffsetHigh = (DWORD)(at >> 32)};
        size_t want = size - *got < 1u << 30 ? size - *got : 1u << 30;
        DWORD count = 0;
        if (!ReadFile(handle_of(file), (char *)buffer + *got, (DWORD)want, &count, &place))
            return GetLastError() == ERROR_HANDLE_EOF ? 0 : windows_last_errno();
        if (count == 0)
            return 0;
        *got += count;
    }
    return 0;
}

void os_close(os_file file)
{
    CloseHandle(handle_of(file));
}

static const wchar_t *path_of(os_folder folder)
{
    return (const wchar_t *)folder.handle;
}

/* Windows has no modes: everybody may execute, and a read-only attribute would not survive pip (the design page). */
int os_create(os_folder folder, const char *name, uint32_t mode, os_file *file)
{
    (void)mode;
    return open_wide(windows_wide_in(path_of(folder), name), GENERIC_WRITE | FILE_WRITE_ATTRIBUTES, CREATE_NEW,
                     FILE_ATTRIBUTE_NORMAL, file);
}

int os_write(os_file file, const void *data, size_t size)
{
    const char *bytes = data;

    while (size > 0) {
        DWORD want = size < 1u << 30 ? (DWORD)size : 1u << 30, count = 0;
        if (!WriteFile(handle_of(file), bytes, want, &count, NULL))
            return windows_last_errno();
        bytes += count;
        size -= count;
    }
    return 0;
}

int os_close_at(os_file file, int64_t mtime)
{
    /* 100 nanoseconds since 1601 */
    uint64_t ticks = ((uint64_t)mtime + UINT64_C(11644473600)) * 10000000;
    FILETIME time = {.dwLowDateTime = (DWORD)ticks, .dwHighDateTime = (DWORD)(ticks >> 32)};
    int error = SetFileTime(handle_of(file), NULL, NULL, &time) ? 0 : windows_last_errno();

    CloseHandle(handle_of(file));
    return error;
}

/* --- Open folders ----------------------------------------------------------------------------------------------- */

int os_folder_open(const char *path, os_folder *folder)
{
    wchar_t *wide = windows_wide(path);

    folder->handle = wide != NULL ? (intptr_t)wide : -1;
    return wide != NULL ? 0 : ENOMEM;
}

/* 0 for a real folder, ENOENT for nothing, ENOTDIR for anything else: links and junctions among it. */
static int check_folder(const wchar_t *path)
{
    DWORD attributes = GetFileAttributesW(path);

    if (attributes == INVALID_FILE_ATTRIBUTES)
        return windows_last_errno();
    return attributes & FILE_ATTRIBUTE_DIRECTORY && !(attributes & FILE_ATTRIBUTE_REPARSE_POINT) ? 0 : ENOTDIR;
}

/* Make `path` and its missing parents, which lie below its first `root` characters. */
static int make_folders(wchar_t *path, size_t root)
{
    for (size_t at = root + 1;; at++) {
        wchar_t letter = path[at];
        if (letter != L'\\' && letter != L'\0')
            continue;
        path[at] = L'\0';
        bool made = CreateDirectoryW(path, NULL) || GetLastError() == ERROR_ALREADY_EXISTS;
        int error = made ? 0 : windows_last_errno();
        path[at] = letter;
        if (error != 0 || letter == L'\0')
            return error;
    }
}

int os_folder_enter(os_folder root, const char *path, os_folder *folder)
{
    wchar_t *wide = windows_wide_in(path_of(root), path);
    int error = wide != NULL ? check_folder(wide) : ENOMEM;

    if (error == ENOENT) {
        error = make_folders(wide, wcslen(path_of(root)));
        if (error == 0)
            error = check_folder(wide);
    }
    if (error != 0) {
        free(wide);
        wide = NULL;
    }
    folder->handle = wide != NULL ? (intptr_t)wide : -1;
    return error;
}

int os_folder_step(os_folder above, const char *name, uint32_t mode, os_folder *folder)
{
    (void)mode;
    return os_folder_enter(above, name, folder);
}

int os_folder_inside(os_folder above, const char *name, os_folder *folder)
{
    wchar_t *wide = windows_wide_in(path_of(above), name);
    int error = wide != NULL ? check_folder(wide) : ENOMEM;

    if (error != 0) {
        free(wide);
        wide = NULL;
    }
    folder->handle = wide != NULL ? (intptr_t)wide : -1;
    return error;
}

void os_folder_close(os_folder folder)
{
    if (folder.handle != -1)
        free((wchar_t *)folder.handle);
}

int os_open_in(os_folder folder, const char *name, os_file *file, struct os_facts *facts)
{
    BY_HANDLE_FILE_INFORMATION found;
    int error = open_wide(windows_wide_in(path_of(folder), name), GENERIC_READ, OPEN_EXISTING,
                          FILE_FLAG_OPEN_REPARSE_POINT, file);
    uint64_t ticks;

    if (error != 0)
        return error;
    if (!GetFileInformationByHandle(handle_of(*file), &found))
        error = windows_last_errno();
    else if (found.dwFileAttributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT))
        error = EINVAL;
    if (error != 0) {
        CloseHandle(handle_of(*file));
        return error;
    }
    ticks = (uint64_t)found.ftLastWriteTime.dwHighDateTime << 32 | found.ftLastWriteTime.dwLowDateTime;
    facts->size = (uint64_t)found.nFileSizeHigh << 32 | found.nFileSizeLow;
    facts->mode = 0644;
    facts->mtime = (int64_t)(ticks / 10000000) - INT64_C(11644473600);
    return 0;
}

/* Only ReFS could do it, and no base lies there yet. */
int os_clone(os_folder from_folder, const char *from, os_folder to_folder, const char *to, uint32_t more)
{
    (void)from_folder, (void)from, (void)to_folder, (void)to, (void)more;
    return ENOTSUP;
}

int os_hard_link(os_folder from_folder, const char *from, os_folder to_folder, const char *to)
{
    wchar_t *source = windows_wide_in(path_of(from_folder), from), *link = windows_wide_in(path_of(to_folder), to);
    int error = ENOMEM;

    if (source != NULL && link != NULL)
        error = CreateHardLinkW(link, source, NULL) ? 0 : windows_last_errno();
    free(source);
    free(link);
    return error;
}

/* Needs a right that users do not have; payloads for Windows hold none. */
int os_symbolic_link(const char *target, os_folder folder, const char *name)
{
    (void)target, (void)folder, (void)name;
    return ENOTSUP;
}
