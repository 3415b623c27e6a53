/* What the files of os.h for Windows share. */
#ifndef KEEL_OS_WINDOWS_H
#define KEEL_OS_WINDOWS_H

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

/* The errno value that says what a Windows error code says. */
int windows_errno(DWORD code);

/* The same for the last error of this thread. */
int windows_last_errno(void);

/* Make folders with this access list from now on (os_make_folder). descriptor: stays in use. */
void windows_protect_new_folders(PSECURITY_DESCRIPTOR descriptor);

/* An absolute UTF-8 path with `/` as a wide one with the prefix `\\?\`, for which Windows has no limit of 260 characters;
 * relative paths are completed first. NULL without memory, or for text that is not UTF-8. Free it. */
wchar_t *windows_wide(const char *path);

/* "folder\name" of a wide folder and a UTF-8 relative path. */
wchar_t *windows_wide_in(const wchar_t *folder, const char *path);

/* A wide string as UTF-8 with `/`, without the prefix `\\?\`. */
char *windows_narrow(const wchar_t *wide);

#endif
