/* system.h: other programs. */
#include "system.h"

#include <string.h>

#include "kept.h"
#include "os_windows.h"
#include <shellapi.h>

/* A program that cannot show a window, with its command line; the caller closes the handle. NULL where it cannot be started. */
static HANDLE start(const wchar_t *program, wchar_t *line, const wchar_t *folder)
{
    STARTUPINFOW how = {.cb = sizeof how, .dwFlags = STARTF_USESHOWWINDOW, .wShowWindow = SW_HIDE};
    PROCESS_INFORMATION process;

    if (!CreateProcessW(program, line, NULL, NULL, FALSE, CREATE_NO_WINDOW, NULL, folder, &how, &process))
        return NULL;
    CloseHandle(process.hThread);
    return process.hProcess;
}

static const wchar_t *system_folder(void)
{
    static wchar_t folder[MAX_PATH];

    GetSystemDirectoryW(folder, MAX_PATH);
    return folder;
}

/* Words hold no quotes: they are paths and plain words. */
int system_run(const char *const words[], unsigned seconds)
{
    char *line = kept_format("\"%s\"", kept_backslashes(words[0]));
    DWORD code = 0;
    HANDLE process;

    for (int i = 1; words[i] != NULL; i++)
        line = kept_format("%s \"%s\"", line, words[i]);
    process = start(kept_wide_path(words[0]), kept_wide(line), system_folder());
    if (process == NULL)
        return -1;
    if (WaitForSingleObject(process, seconds * 1000) != WAIT_OBJECT_0 || !GetExitCodeProcess(process, &code))
        TerminateProcess(process, code = (DWORD)-1);
    CloseHandle(process);
    return (int)code;
}

bool system_run_elevated(const char *arguments, int *code, struct failure *why)
{
    SHELLEXECUTEINFOW how = {.cbSize = sizeof how, .fMask = SEE_MASK_NOCLOSEPROCESS | SEE_MASK_NOASYNC};
    DWORD ended = 0;

    how.lpVerb = L"runas";
    how.lpFile = kept_wide_path(system_own_path());
    how.lpParameters = kept_wide(arguments);
    how.nShow = SW_SHOWNORMAL;
    if (!ShellExecuteExW(&how) || how.hProcess == NULL) {
        DWORD error = GetLastError();
        if (error == ERROR_CANCELLED)
            fail(why, CODE_ELEVATION, "the rights of an administrator are needed, and were not given");
        else
            fail(why, CODE_ELEVATION, "the program could not be started as administrator: Windows error %lu",
                 (unsigned long)error);
        return false;
    }
    WaitForSingleObject(how.hProcess, INFINITE);
    GetExitCodeProcess(how.hProcess, &ended);
    CloseHandle(how.hProcess);
    *code = (int)ended;
    return true;
}

/* cmd.exe tries until this program has ended, after 1, 3, 7, 15 and 31 seconds: what follows an `if` belongs to it. The paths
 * travel in variables, because `!NAME!` is put in after everything else on the line has been interpreted: no character in them
 * means anything. rmdir removes empty folders only. */
#define REMOVE(count) \
    L"ping -n " count L" 127.0.0.1 >nul & del /f /q \"!KEEL_FILE!\" 2>nul & rmdir \"!KEEL_FOLDER!\" 2>nul"
#define AGAIN L" & if exist \"!KEEL_FILE!\" "
#define REMOVE_LINE                                                                                                  \
    L"cmd.exe /d /v:on /c \"" REMOVE(L"2") AGAIN REMOVE(L"3") AGAIN REMOVE(L"5") AGAIN REMOVE(L"9") AGAIN REMOVE(L"17") L"\""

void system_remove_self_later(const char *folder)
{
    wchar_t line[] = REMOVE_LINE;
    HANDLE process;

    SetEnvironmentVariableW(L"KEEL_FILE", kept_wide_path(system_own_path()));
    SetEnvironmentVariableW(L"KEEL_FOLDER", kept_wide_path(folder));
    process = start(kept_wide(kept_format("%s\\cmd.exe", kept_narrow(system_folder()))), line, system_folder());
    if (process != NULL)
        CloseHandle(process);
}
