/* os.h for Windows: making, moving and removing. */
#include "os.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "os_windows.h"
#include "path.h"

/* Virus scanners and indexers open new files for a moment, and what is open can be neither moved nor removed. Such an attempt
 * is repeated, for PATIENCE milliseconds of a whole run at most, because what a running program holds does not go away. */
#define PATIENCE 5000
#define PAUSE 50

static bool worth_waiting(DWORD code)
{
    static atomic_uint waited;
    bool busy = code == ERROR_SHARING_VIOLATION || code == ERROR_ACCESS_DENIED || code == ERROR_LOCK_VIOLATION ||
                code == ERROR_DIR_NOT_EMPTY;

    if (!busy || atomic_fetch_add(&waited, PAUSE) >= PATIENCE)
        return false;
    Sleep(PAUSE);
    return true;
}

/* Call `act` with the wide form of `path`. */
static int with_wide(const char *path, int (*act)(const wchar_t *wide))
{
    wchar_t *wide = windows_wide(path);
    int error = wide != NULL ? act(wide) : ENOMEM;

    free(wide);
    return error;
}

static PSECURITY_DESCRIPTOR protection;

void windows_protect_new_folders(PSECURITY_DESCRIPTOR descriptor)
{
    protection = descriptor;
}

static int make_folder(const wchar_t *wide)
{
    SECURITY_ATTRIBUTES security = {.nLength = sizeof security, .lpSecurityDescriptor = protection};

    return CreateDirectoryW(wide, protection != NULL ? &security : NULL) ? 0 : windows_last_errno();
}

static int remove_file(const wchar_t *wide)
{
    DWORD attributes = GetFileAttributesW(wide);

    if (attributes != INVALID_FILE_ATTRIBUTES && attributes & FILE_ATTRIBUTE_DIRECTORY)
        return EISDIR; /* a junction, or a folder: nothing to wait for */
    if (attributes != INVALID_FILE_ATTRIBUTES && attributes & FILE_ATTRIBUTE_READONLY)
        SetFileAttributesW(wide, attributes & ~(DWORD)FILE_ATTRIBUTE_READONLY);
    while (!DeleteFileW(wide))
        if (!worth_waiting(GetLastError()))
            return windows_last_errno();
    return 0;
}

static bool is_anything(void *empty, const char *name)
{
    (void)name;
    *(bool *)empty = false;
    return false;
}

/* A folder that is not empty is worth waiting for only while somebody else still holds what was removed from it. */
static bool looks_empty(const wchar_t *wide)
{
    char *path = windows_narrow(wide);
    bool empty = path != NULL;

    if (path != NULL && os_each(path, is_anything, &empty) != 0)
        empty = false;
    free(path);
    return empty;
}

static int remove_folder(const wchar_t *wide)
{
    while (!RemoveDirectoryW(wide)) {
        DWORD code = GetLastError();
        if ((code == ERROR_DIR_NOT_EMPTY && !looks_empty(wide)) || !worth_waiting(code))
            return windows_errno(code);
    }
    return 0;
}

int os_make_folder(const char *path, uint32_t mode)
{
    (void)mode;
    return with_wide(path, make_folder);
}

int os_remove_file(const char *path)
{
    return with_wide(path, remove_file);
}

int os_remove_folder(const char *path)
{
    return with_wide(path, remove_folder);
}

/* A walk that removes; the first error is kept. */
struct removal {
    const char *folder;
    int error;
};

static bool remove_name(void *context, const char *name)
{
    struct removal *removal = context;
    char *path = path_join(removal->folder, name);
    enum os_kind kind = OS_NOTHING;
    int error = path != NULL ? os_kind_of(path, &kind) : ENOMEM;

    if (error == 0 && kind == OS_FOLDER)
        error = os_remove_tree(path);
    else if (error == 0 && (error = os_remove_file(path)) != 0 && kind == OS_LINK)
        error = os_remove_folder(path); /* a junction */
    if (removal->error == 0)
        removal->error = error;
    free(path);
    return true;
}

int os_remove_tree(const char *path)
{
    struct removal removal = {path, 0};
    int error = os_each(path, remove_name, &removal);

    if (error == 0)
        error = removal.error;
    return error != 0 ? error : os_remove_folder(path);
}

int os_rename(const char *from, const char *to)
{
    wchar_t *source = windows_wide(from), *wanted = windows_wide(to);
    int error = ENOMEM;

    if (source != NULL && wanted != NULL) {
        RemoveDirectoryW(wanted); /* works for an empty folder only */
        while ((error = MoveFileExW(source, wanted, MOVEFILE_WRITE_THROUGH) ? 0 : windows_last_errno()) != 0)
            if (!worth_waiting(GetLastError()))
                break;
    }
    free(source);
    free(wanted);
    return error;
}

int os_write_file(const char *path, const void *data, size_t size)
{
    wchar_t *wide = windows_wide(path);
    HANDLE handle = INVALID_HANDLE_VALUE;
    int error = ENOMEM;

    if (wide != NULL) {
        handle = CreateFileW(wide, GENERIC_WRITE, 0, NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
        error = handle == INVALID_HANDLE_VALUE ? windows_last_errno() : 0;
    }
    if (handle != INVALID_HANDLE_VALUE) {
        error = os_write((os_file){(intptr_t)handle}, data, size);
        if (error == 0 && !FlushFileBuffers(handle))
            error = windows_last_errno();
        CloseHandle(handle);
    }
    free(wide);
    return error;
}

int os_copy_folder_mode(const char *like, uint32_t mode, const char *folder)
{
    (void)like, (void)mode, (void)folder; /* the new folder has inherited its parent's access control list */
    return 0;
}
