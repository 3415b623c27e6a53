#include "system.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "kept.h"
#include "os.h"
#include "os_windows.h"
#include <shlobj.h>

#define OLDEST_MAJOR 10
#define FILE_SYSTEM L"SYSTEM\\CurrentControlSet\\Control\\FileSystem"
#define SESSION_MANAGER L"SYSTEM\\CurrentControlSet\\Control\\Session Manager"

void system_harden(void)
{
    SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_SYSTEM32);
    SetDllDirectoryW(L"");
    HeapSetInformation(NULL, HeapEnableTerminationOnCorruption, NULL, 0);
}

/* GetVersionEx tells the truth only about versions that the manifest names. */
static bool read_version(RTL_OSVERSIONINFOW *version)
{
    typedef LONG(WINAPI * get_version)(RTL_OSVERSIONINFOW *);
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
    get_version get = ntdll != NULL ? (get_version)(void *)GetProcAddress(ntdll, "RtlGetVersion") : NULL;

    version->dwOSVersionInfoSize = sizeof *version;
    return get != NULL && get(version) == 0;
}

bool system_check(struct failure *why)
{
    RTL_OSVERSIONINFOW version = {0};

    if (!read_version(&version) || version.dwMajorVersion >= OLDEST_MAJOR)
        return true;
    fail(why, CODE_SYSTEM, "this Windows is too old: it is version %lu.%lu, and Windows 10 is needed",
         (unsigned long)version.dwMajorVersion, (unsigned long)version.dwMinorVersion);
    return fail_hint(why, "install on Windows 10, Windows Server 2016 or later");
}

bool system_is_elevated(void)
{
    TOKEN_ELEVATION elevation = {0};
    HANDLE token;
    DWORD size;

    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return false;
    if (!GetTokenInformation(token, TokenElevation, &elevation, sizeof elevation, &size))
        elevation.TokenIsElevated = 0;
    CloseHandle(token);
    return elevation.TokenIsElevated != 0;
}

bool system_has_long_paths(void)
{
    return os_longest_path() > MAX_PATH;
}

bool system_enable_long_paths(struct failure *why)
{
    DWORD one = 1;
    LSTATUS status = RegSetKeyValueW(HKEY_LOCAL_MACHINE, FILE_SYSTEM, L"LongPathsEnabled", REG_DWORD, &one, sizeof one);

    if (status == ERROR_SUCCESS)
        return true;
    fail(why, status == ERROR_ACCESS_DENIED ? CODE_ELEVATION : CODE_UNEXPECTED,
         "long paths cannot be enabled: Windows error %ld", (long)status);
    return fail_hint(why, "run the installer as an administrator, or choose a folder with a shorter path");
}

/* --- Folders ---------------------------------------------------------------------------------------------------------- */

/* A known folder with `/`; NULL where there is none. */
static char *known_folder(const KNOWNFOLDERID *id)
{
    PWSTR wide = NULL;
    char *path = SHGetKnownFolderPath(id, KF_FLAG_DONT_VERIFY, NULL, &wide) == S_OK ? kept_slashes(wide) : NULL;

    CoTaskMemFree(wide);
    return path;
}

char *system_expand(const char *path)
{
    const char *profile = path[0] == '~' && (path[1] == '/' || path[1] == '\\') ? known_folder(&FOLDERID_Profile) : NULL;
    const wchar_t *wide = kept_wide_path(profile != NULL ? kept_format("%s%s", profile, path + 1) : path);
    DWORD length = ExpandEnvironmentStringsW(wide, NULL, 0);
    wchar_t *expanded = kept(((size_t)length + 1) * sizeof *expanded);

    ExpandEnvironmentStringsW(wide, expanded, length);
    return kept_slashes(expanded);
}

char *system_own_path(void)
{
    wchar_t path[32768];
    DWORD length = GetModuleFileNameW(NULL, path, 32768);

    return length > 0 && length < 32768 ? kept_slashes(path) : kept_format("%s", "");
}

/* Whether two paths are the same folder, or `path` holds `inner`; case does not count. */
static bool is_or_holds(const char *path, const char *inner)
{
    const wchar_t *outer = kept_wide(path), *whole = kept_wide(inner);
    int length = (int)wcslen(outer);

    while (length > 0 && outer[length - 1] == L'/')
        length--;
    return (int)wcslen(whole) >= length && (whole[length] == L'/' || whole[length] == L'\0') &&
           CompareStringOrdinal(outer, length, whole, length, TRUE) == CSTR_EQUAL;
}

bool system_in_archive_viewer(const char *path)
{
    wchar_t temporary[MAX_PATH + 1];
    const char *folder;
    size_t length;

    if (GetTempPathW(MAX_PATH + 1, temporary) == 0)
        return false;
    folder = os_real_path(kept_slashes(temporary));
    length = folder != NULL ? strlen(folder) : 0;
    if (folder == NULL || length > strlen(path) || !is_or_holds(folder, path))
        return false;
    const wchar_t *rest = kept_wide(path + length);
    /* Explorer: Temp1_x.zip or <number>_x.zip.<number>; 7-Zip: 7zO...; WinRAR: Rar$EX... */
    return wcsstr(rest, L".zip") != NULL || wcsncmp(rest, L"/7zO", 4) == 0 || wcsncmp(rest, L"/Rar$", 5) == 0;
}

bool system_is_precious(const char *path)
{
    static const KNOWNFOLDERID *const ids[] = {
        &FOLDERID_Profile,         &FOLDERID_UserProfiles, &FOLDERID_Public,      &FOLDERID_Windows,
        &FOLDERID_ProgramFilesX64, &FOLDERID_ProgramFilesX86, &FOLDERID_ProgramData, &FOLDERID_Desktop,
        &FOLDERID_Documents,       &FOLDERID_Downloads,    &FOLDERID_LocalAppData, &FOLDERID_RoamingAppData,
    };

    const char *windows;

    if (strlen(path) <= os_root_length(path))
        return true;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        const char *folder = known_folder(ids[i]);
        if (folder != NULL && is_or_holds(path, folder))
            return true;
    }
    windows = known_folder(&FOLDERID_Windows);
    return windows != NULL && is_or_holds(windows, path);
}

bool system_restart_is_pending_for(const char *folder)
{
    DWORD size = 0;
    wchar_t *list;
    bool found = false;

    if (RegGetValueW(HKEY_LOCAL_MACHINE, SESSION_MANAGER, L"PendingFileRenameOperations", RRF_RT_REG_MULTI_SZ, NULL, NULL,
                     &size) != ERROR_SUCCESS)
        return false;
    list = kept(size + 2 * sizeof *list);
    if (RegGetValueW(HKEY_LOCAL_MACHINE, SESSION_MANAGER, L"PendingFileRenameOperations", RRF_RT_REG_MULTI_SZ, NULL, list,
                     &size) != ERROR_SUCCESS)
        return false;
    /* Pairs of `\??\C:\from` and where it goes, "" for removal; RegGetValue keeps the empty strings. */
    for (size_t at = 0; !found && at < size / sizeof *list; at += wcslen(list + at) + 1) {
        const wchar_t *name = list[at] == L'!' ? list + at + 1 : list + at;
        if (wcsncmp(name, L"\\??\\", 4) == 0)
            found = is_or_holds(folder, kept_slashes(name + 4));
    }
    return found;
}

/* D: the access list.  P: nothing is inherited.  OICI: files and folders in it inherit.  FA, 0x1200a9: all, read and execute.
 * SY, BA, BU: the system, administrators, users. */
#define PROTECTED L"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)"

bool system_protect_new_folders(struct failure *why)
{
    typedef BOOL(WINAPI * convert)(LPCWSTR, DWORD, PSECURITY_DESCRIPTOR *, PULONG);
    HMODULE library = GetModuleHandleW(L"advapi32.dll");
    convert to_descriptor = (convert)(void *)GetProcAddress(library, "ConvertStringSecurityDescriptorToSecurityDescriptorW");
    PSECURITY_DESCRIPTOR descriptor = NULL;

    if (to_descriptor == NULL || !to_descriptor(PROTECTED, 1, &descriptor, NULL))
        return fail(why, CODE_UNEXPECTED, "folders cannot be protected against other users: Windows error %lu",
                    (unsigned long)GetLastError());
    windows_protect_new_folders(descriptor);
    return true;
}

bool system_remove_at_restart(const char *path)
{
    return MoveFileExW(kept_wide_path(path), NULL, MOVEFILE_DELAY_UNTIL_REBOOT) != 0;
}

void system_announce_environment(void)
{
    DWORD_PTR result;

    SendMessageTimeoutW(HWND_BROADCAST, WM_SETTINGCHANGE, 0, (LPARAM)L"Environment", SMTO_ABORTIFHUNG, 500, &result);
}
