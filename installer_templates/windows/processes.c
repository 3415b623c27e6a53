/* system.h: other programs. */
#include "system.h"

#include <string.h>

#include "kept.h"
#include "os.h"
#include "os_windows.h"
#include "report.h"
#include <shellapi.h>

#define LOOK_PAUSE 100   /* milliseconds between two looks at a running program */
#define END_PAUSE 10000  /* milliseconds until those that were ended are gone */
#define LINE_LONGEST 1024 /* of what a program says; what is longer goes on in the next line of the log */

static const wchar_t *system_folder(void)
{
    static wchar_t folder[MAX_PATH];

    GetSystemDirectoryW(folder, MAX_PATH);
    return folder;
}

/* A program that cannot show a window, with its command line, in the system's own folder. output: what it writes to, or NULL for
 * nothing; `flags` are further ones. The caller closes both handles. False where it cannot be started. */
static bool start(const wchar_t *program, wchar_t *line, HANDLE output, DWORD flags, PROCESS_INFORMATION *process)
{
    STARTUPINFOW how = {.cb = sizeof how, .dwFlags = STARTF_USESHOWWINDOW, .wShowWindow = SW_HIDE};

    if (output != NULL) {
        how.dwFlags |= STARTF_USESTDHANDLES;
        how.hStdOutput = how.hStdError = output;
    }
    return CreateProcessW(program, line, NULL, NULL, output != NULL, CREATE_NO_WINDOW | flags, NULL, system_folder(), &how,
                          process);
}

/* --- Programs that are waited for --------------------------------------------------------------------------------------- */

/* A program and all that it starts, and what it says. output: our end of its pipe. */
struct run {
    HANDLE process, job, output;
    char line[LINE_LONGEST];
    size_t length;
};

static void log_line(struct run *self)
{
    self->line[self->length] = '\0';
    if (self->length > 0)
        report_log("%s", self->line);
    self->length = 0;
}

/* Put into the log what has been said by now. */
static void listen(struct run *self)
{
    char part[LINE_LONGEST];
    DWORD there = 0, got = 0;

    while (PeekNamedPipe(self->output, NULL, 0, NULL, &there, NULL) && there > 0 &&
           ReadFile(self->output, part, sizeof part, &got, NULL))
        for (DWORD i = 0; i < got; i++) {
            if (part[i] == '\n' || self->length == LINE_LONGEST - 1)
                log_line(self);
            if ((unsigned char)part[i] >= ' ')
                self->line[self->length++] = part[i];
        }
}

/* Its children belong to the job from their first moment on, as it begins only when it does. */
static bool begin(struct run *self, const char *program, const char *line)
{
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE};
    PROCESS_INFORMATION process;
    HANDLE theirs;
    bool done;

    if (!CreatePipe(&self->output, &theirs, &inherited, 0))
        return false;
    SetHandleInformation(self->output, HANDLE_FLAG_INHERIT, 0);
    done = start(kept_wide_path(program), kept_wide(line), theirs, CREATE_SUSPENDED, &process);
    CloseHandle(theirs);
    if (!done) {
        CloseHandle(self->output);
        return false;
    }
    self->process = process.hProcess;
    self->job = CreateJobObjectW(NULL, NULL);
    SetInformationJobObject(self->job, JobObjectExtendedLimitInformation, &limits, sizeof limits);
    AssignProcessToJobObject(self->job, self->process);
    ResumeThread(process.hThread);
    CloseHandle(process.hThread);
    return true;
}

/* End it with everything that it has started, and wait until no file is held any more. */
static void end(struct run *self)
{
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION state = {.ActiveProcesses = 1};
    ULONGLONG begun = GetTickCount64();

    TerminateJobObject(self->job, 1);
    TerminateProcess(self->process, 1);
    WaitForSingleObject(self->process, END_PAUSE);
    while (QueryInformationJobObject(self->job, JobObjectBasicAccountingInformation, &state, sizeof state, NULL) &&
           state.ActiveProcesses > 0 && GetTickCount64() - begun < END_PAUSE)
        Sleep(LOOK_PAUSE);
}

/* Words hold no quotes: they are paths and plain words. */
int system_run(const char *const words[], unsigned seconds, bool cancellable)
{
    char *line = kept_format("\"%s\"", kept_backslashes(words[0]));
    ULONGLONG begun = GetTickCount64();
    DWORD code = (DWORD)-1;
    struct run run = {0};
    bool running = true;

    for (int i = 1; words[i] != NULL; i++)
        line = kept_format("%s \"%s\"", line, words[i]);
    if (!begin(&run, words[0], line))
        return -1;
    while (running && GetTickCount64() - begun < seconds * 1000ull && !(cancellable && atomic_load(&os_cancelled) != 0)) {
        running = WaitForSingleObject(run.process, LOOK_PAUSE) != WAIT_OBJECT_0;
        listen(&run);
    }
    if (running)
        end(&run);
    else
        GetExitCodeProcess(run.process, &code);
    log_line(&run);
    CloseHandle(run.job);
    CloseHandle(run.process);
    CloseHandle(run.output);
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
    PROCESS_INFORMATION process;

    SetEnvironmentVariableW(L"KEEL_FILE", kept_wide_path(system_own_path()));
    SetEnvironmentVariableW(L"KEEL_FOLDER", kept_wide_path(folder));
    if (!start(kept_wide(kept_format("%s\\cmd.exe", kept_narrow(system_folder()))), line, NULL, 0, &process))
        return;
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
}
