/* os.h for Windows: paths: what is there, and file systems. What changes things: os_windows_changes.c. */
#include "os.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "os_windows.h"
#include "path.h"

#define LONG_PREFIX L"\\\\?\\"
#define LONG_SHARE L"\\\\?\\UNC\\"

int windows_errno(DWORD code)
{
    switch (code) {
    case ERROR_SUCCESS: return 0;
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_BAD_NETPATH:
    case ERROR_BAD_NET_NAME:
    case ERROR_INVALID_DRIVE: return ENOENT;
    case ERROR_ACCESS_DENIED:
    case ERROR_PRIVILEGE_NOT_HELD: return EACCES;
    case ERROR_WRITE_PROTECT: return EROFS;
    case ERROR_FILE_EXISTS:
    case ERROR_ALREADY_EXISTS: return EEXIST;
    case ERROR_DIRECTORY: return ENOTDIR;
    case ERROR_DIR_NOT_EMPTY: return ENOTEMPTY;
    case ERROR_DISK_FULL:
    case ERROR_HANDLE_DISK_FULL:
    case ERROR_DISK_QUOTA_EXCEEDED: return ENOSPC;
    case ERROR_NOT_SAME_DEVICE: return EXDEV;
    case ERROR_TOO_MANY_LINKS: return EMLINK;
    case ERROR_NOT_SUPPORTED:
    case ERROR_INVALID_FUNCTION: return ENOTSUP;
    case ERROR_SHARING_VIOLATION:
    case ERROR_LOCK_VIOLATION:
    case ERROR_BUSY: return EBUSY;
    case ERROR_INVALID_NAME:
    case ERROR_INVALID_PARAMETER: return EINVAL;
    case ERROR_FILENAME_EXCED_RANGE: return ENAMETOOLONG;
    case ERROR_NOT_ENOUGH_MEMORY:
    case ERROR_OUTOFMEMORY: return ENOMEM;
    default: return EIO;
    }
}

int windows_last_errno(void)
{
    return windows_errno(GetLastError());
}

/* --- Between UTF-8 and wide paths ------------------------------------------------------------------------------------ */

static wchar_t *widen(const char *text)
{
    int length = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, NULL, 0);
    wchar_t *wide = length > 0 ? malloc((size_t)length * sizeof *wide) : NULL;

    if (wide == NULL)
        return NULL;
    MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, wide, length);
    for (wchar_t *at = wide; *at != L'\0'; at++)
        if (*at == L'/')
            *at = L'\\';
    return wide;
}

/* The full path of a wide one, without `.` and `..`. */
static wchar_t *full_path(const wchar_t *wide)
{
    DWORD length = GetFullPathNameW(wide, 0, NULL, NULL);
    wchar_t *full = length > 0 ? malloc(((size_t)length + 1) * sizeof *full) : NULL;

    if (full != NULL && GetFullPathNameW(wide, length + 1, full, NULL) == 0) {
        free(full);
        full = NULL;
    }
    return full;
}

wchar_t *windows_wide(const char *path)
{
    wchar_t *wide = widen(path), *full = wide != NULL ? full_path(wide) : NULL, *result = NULL;
    bool is_long = full != NULL && wcsncmp(full, LONG_PREFIX, 4) == 0;
    bool is_share = full != NULL && !is_long && wcsncmp(full, L"\\\\", 2) == 0;
    const wchar_t *before = is_long ? L"" : is_share ? LONG_SHARE : LONG_PREFIX;

    if (full != NULL)
        result = malloc((wcslen(before) + wcslen(full) + 1) * sizeof *result);
    if (result != NULL) {
        wcscpy(result, before);
        wcscat(result, full + (is_share ? 2 : 0));
    }
    free(wide);
    free(full);
    return result;
}

wchar_t *windows_wide_in(const wchar_t *folder, const char *path)
{
    wchar_t *wide = widen(path), *result = NULL;

    if (wide != NULL)
        result = malloc((wcslen(folder) + wcslen(wide) + 2) * sizeof *result);
    if (result != NULL) {
        wcscpy(result, folder);
        if (wide[0] != L'\0') {
            if (result[0] != L'\0' && result[wcslen(result) - 1] != L'\\')
                wcscat(result, L"\\");
            wcscat(result, wide);
        }
    }
    free(wide);
    return result;
}

char *windows_narrow(const wchar_t *wide)
{
    bool share = wcsncmp(wide, LONG_SHARE, 8) == 0;
    const wchar_t *from = share ? wide + 6 : wcsncmp(wide, LONG_PREFIX, 4) == 0 ? wide + 4 : wide;
    int length = WideCharToMultiByte(CP_UTF8, 0, from, -1, NULL, 0, NULL, NULL);
    char *text = length > 0 ? malloc((size_t)length) : NULL;

    if (text == NULL)
        return NULL;
    WideCharToMultiByte(CP_UTF8, 0, from, -1, text, length, NULL, NULL);
    if (share)
        text[0] = '\\'; /* "C\server" was cut out of "\\?\UNC\server" */
    for (char *at = text; *at != '\0'; at++)
        if (*at == '\\')
            *at = '/';
    return text;
}

/* --- What is there -------------------------------------------------------------------------------------------------- */

int os_kind_of(const char *path, enum os_kind *kind)
{
    wchar_t *wide = windows_wide(path);
    DWORD attributes = wide != NULL ? GetFileAttributesW(wide) : INVALID_FILE_ATTRIBUTES;
    int error = wide == NULL ? ENOMEM : attributes == INVALID_FILE_ATTRIBUTES ? windows_last_errno() : 0;

    free(wide);
    *kind = OS_NOTHING;
    if (error != 0)
        return error == ENOENT ? 0 : error;
    if (attributes & FILE_ATTRIBUTE_REPARSE_POINT)
        *kind = OS_LINK;
    else
        *kind = attributes & FILE_ATTRIBUTE_DIRECTORY ? OS_FOLDER : OS_FILE;
    return 0;
}

char *os_absolute_path(const char *path)
{
    wchar_t *wide = windows_wide(path);
    char *absolute = wide != NULL ? windows_narrow(wide) : NULL;

    free(wide);
    return absolute;
}

char *os_real_path(const char *path)
{
    wchar_t *wide = windows_wide(path), *final = NULL;
    HANDLE handle = INVALID_HANDLE_VALUE;
    char *real = NULL;
    DWORD length;

    if (wide != NULL)
        handle = CreateFileW(wide, 0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                             FILE_FLAG_BACKUP_SEMANTICS, NULL);
    if (handle != INVALID_HANDLE_VALUE) {
        length = GetFinalPathNameByHandleW(handle, NULL, 0, VOLUME_NAME_DOS);
        final = length > 0 ? malloc(((size_t)length + 1) * sizeof *final) : NULL;
        if (final != NULL && GetFinalPathNameByHandleW(handle, final, length + 1, VOLUME_NAME_DOS) > 0)
            real = windows_narrow(final);
        CloseHandle(handle);
    }
    free(final);
    free(wide);
    return real;
}

size_t os_root_length(const char *path)
{
    size_t server, share;

    if (path[0] != '\0' && path[1] == ':')
        return path[2] == '/' ? 3 : 2;
    if (path[0] != '/' || path[1] != '/')
        return path[0] == '/';
    server = 2 + strcspn(path + 2, "/");
    share = path[server] == '/' ? server + 1 + strcspn(path + server + 1, "/") : server;
    return share + (path[share] == '/');
}

/* Programs are bound to 260 characters with the closing zero, unless the machine lifts that.
 * https://learn.microsoft.com/windows/win32/fileio/maximum-file-path-limitation */
size_t os_longest_path(void)
{
    DWORD enabled = 0, size = sizeof enabled;
    LSTATUS status = RegGetValueW(HKEY_LOCAL_MACHINE, L"SYSTEM\\CurrentControlSet\\Control\\FileSystem",
                                  L"LongPathsEnabled", RRF_RT_REG_DWORD, NULL, &enabled, &size);

    return status == ERROR_SUCCESS && enabled != 0 ? 32766 : 259;
}

size_t os_path_length(const char *path)
{
    return text_utf16_length(path);
}

int os_each(const char *path, bool (*visit)(void *context, const char *name), void *context)
{
    wchar_t *wide = windows_wide(path), *pattern = wide != NULL ? windows_wide_in(wide, "*") : NULL;
    WIN32_FIND_DATAW found;
    HANDLE search = pattern != NULL ? FindFirstFileW(pattern, &found) : INVALID_HANDLE_VALUE;
    bool more = search != INVALID_HANDLE_VALUE;
    int error = more ? 0 : pattern == NULL ? ENOMEM : windows_last_errno();

    free(wide);
    free(pattern);
    while (more) {
        char *name = windows_narrow(found.cFileName);
        if (name == NULL)
            error = ENOMEM;
        more = name != NULL && (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || visit(context, name));
        free(name);
        if (more && !FindNextFileW(search, &found)) {
            error = GetLastError() == ERROR_NO_MORE_FILES ? 0 : windows_last_errno();
            more = false;
        }
    }
    if (search != INVALID_HANDLE_VALUE)
        FindClose(search);
    return error;
}

int os_each_in(os_folder folder, bool (*visit)(void *context, const char *name, enum os_kind kind, uint64_t inode),
               void *context)
{
    (void)folder, (void)visit, (void)context;
    return ENOTSUP;
}

bool os_is_mount(const char *path)
{
    enum os_kind kind; /* a volume in a folder is a reparse point */

    return strlen(path) <= os_root_length(path) || (os_kind_of(path, &kind) == 0 && kind == OS_LINK);
}

/* Access control lists cannot be judged without trying; the attempt to create the staging folder tells. */
bool os_may_write(const char *folder)
{
    (void)folder;
    return true;
}

static bool is_own_user(PSID owner)
{
    union {
        TOKEN_USER user;
        BYTE bytes[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
    } found;
    DWORD size;
    HANDLE token;
    bool is_own = false;

    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return false;
    if (GetTokenInformation(token, TokenUser, &found, sizeof found, &size))
        is_own = EqualSid(owner, found.user.User.Sid);
    CloseHandle(token);
    return is_own;
}

/* Administrators count as everybody's own: what an elevated run makes belongs to them all. So does `Everyone`, the owner of
 * everything on a file system without owners, and what does not say whose it is. */
bool os_is_own(const char *folder)
{
    static const WELL_KNOWN_SID_TYPE trusted[] = {WinBuiltinAdministratorsSid, WinLocalSystemSid, WinWorldSid};
    wchar_t *wide = windows_wide(folder);
    BYTE descriptor[sizeof(SECURITY_DESCRIPTOR) + 2 * SECURITY_MAX_SID_SIZE];
    PSID owner = NULL;
    DWORD size;
    BOOL defaulted;
    bool known = wide != NULL &&
                 GetFileSecurityW(wide, OWNER_SECURITY_INFORMATION, descriptor, sizeof descriptor, &size) &&
                 GetSecurityDescriptorOwner(descriptor, &owner, &defaulted) && owner != NULL;

    free(wide);
    for (size_t i = 0; known && i < sizeof trusted / sizeof *trusted; i++)
        if (IsWellKnownSid(owner, trusted[i]))
            return true;
    return !known || is_own_user(owner);
}

/* --- File systems ---------------------------------------------------------------------------------------------------- */

int os_free_space(const char *path, uint64_t *bytes, uint64_t *inodes)
{
    wchar_t *wide = windows_wide(path);
    ULARGE_INTEGER available;
    int error = ENOMEM;

    if (wide != NULL)
        error = GetDiskFreeSpaceExW(wide, &available, NULL, NULL) ? 0 : windows_last_errno();
    free(wide);
    *bytes = error == 0 ? available.QuadPart : 0;
    *inodes = UINT64_MAX;
    return error;
}

/* Flushing a volume is for administrators; NTFS keeps its own structures consistent, and the moves are written through. */
int os_sync(const char *path)
{
    (void)path;
    return 0;
}

void os_sync_folder(const char *path)
{
    (void)path;
}

int os_lock(const char *path, os_file *file)
{
    wchar_t *wide = windows_wide(path);
    OVERLAPPED place = {0};
    HANDLE handle = INVALID_HANDLE_VALUE;
    int error = ENOMEM;

    if (wide != NULL) {
        handle = CreateFileW(wide, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                             NULL, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
        error = handle == INVALID_HANDLE_VALUE ? windows_last_errno() : 0;
    }
    free(wide);
    if (handle == INVALID_HANDLE_VALUE)
        return error == EACCES ? EBUSY : error; /* removed, and still open in the process that did it */
    if (!LockFileEx(handle, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &place)) {
        error = GetLastError() == ERROR_LOCK_VIOLATION ? EBUSY : 0;
        if (error != 0)
            CloseHandle(handle);
    }
    file->handle = (intptr_t)handle;
    return error;
}
