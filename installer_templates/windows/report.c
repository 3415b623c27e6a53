#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "kept.h"
#include "os_windows.h"

#define LINE 8192 /* bytes of a line, the longest message included */

static HANDLE out, err, log_file = INVALID_HANDLE_VALUE;
static char *log_path = "";
static bool log_is_temporary;

/* --- Console and pipes ------------------------------------------------------------------------------------------------ */

/* A handle that leads somewhere: to a file, a pipe, or a console. */
static bool is_open(HANDLE handle)
{
    return handle != NULL && handle != INVALID_HANDLE_VALUE && GetFileType(handle) != FILE_TYPE_UNKNOWN;
}

void report_start(void)
{
    out = GetStdHandle(STD_OUTPUT_HANDLE);
    err = GetStdHandle(STD_ERROR_HANDLE);
    if (is_open(out) && is_open(err))
        return;
    /* A program with a window gets no console of its own; cmd.exe does not wait for it, but shows what it writes. */
    if (!AttachConsole(ATTACH_PARENT_PROCESS))
        return;
    HANDLE console = CreateFileW(L"CONOUT$", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                                 OPEN_EXISTING, 0, NULL);
    if (!is_open(out))
        out = console;
    if (!is_open(err))
        err = console;
}

bool report_is_seen(void)
{
    return is_open(out) || is_open(err);
}

static void write_bytes(HANDLE handle, const char *text)
{
    DWORD count;

    WriteFile(handle, text, (DWORD)strlen(text), &count, NULL);
}

/* Text for people goes to a console as UTF-16, and anywhere else as UTF-8. */
static void write_line(HANDLE handle, const char *line)
{
    DWORD mode, count;
    const char *ended;

    if (!is_open(handle))
        return;
    ended = kept_format("%s\r\n", line);
    if (GetConsoleMode(handle, &mode)) {
        const wchar_t *wide = kept_wide(ended);
        WriteConsoleW(handle, wide, (DWORD)wcslen(wide), &count, NULL);
    } else {
        write_bytes(handle, ended);
    }
}

/* --- The log ---------------------------------------------------------------------------------------------------------- */

static void time_stamp(char stamp[32], const char *format)
{
    SYSTEMTIME now;

    GetSystemTime(&now);
    snprintf(stamp, 32, format, now.wYear, now.wMonth, now.wDay, now.wHour, now.wMinute, now.wSecond);
}

static HANDLE create_log(const wchar_t *path, DWORD how)
{
    return CreateFileW(path, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL, how, FILE_ATTRIBUTE_NORMAL, NULL);
}

static bool open_temporary_log(const char *name)
{
    wchar_t folder[MAX_PATH + 1];
    char stamp[32];

    time_stamp(stamp, "%04d%02d%02dT%02d%02d%02dZ");
    if (GetTempPathW(MAX_PATH + 1, folder) == 0)
        return false;
    for (int i = 0; i < 100 && log_file == INVALID_HANDLE_VALUE; i++) {
        char *more = i == 0 ? "" : kept_format("-%d", i);
        log_path = kept_backslashes(kept_format("%s%s-%s%s.log", kept_narrow(folder), name, stamp, more));
        log_file = create_log(kept_wide(log_path), CREATE_NEW); /* never through what somebody else has put there */
        if (log_file == INVALID_HANDLE_VALUE && GetLastError() != ERROR_FILE_EXISTS)
            break;
    }
    log_is_temporary = true;
    return log_file != INVALID_HANDLE_VALUE;
}

bool report_open_log(const char *wanted, const char *name, struct failure *why)
{
    if (wanted[0] == '\0') {
        if (!open_temporary_log(name))
            log_path = "";
    } else {
        wchar_t full[32768];
        DWORD length = GetFullPathNameW(kept_wide_path(wanted), 32768, full, NULL);
        log_path = length > 0 && length < 32768 ? kept_narrow(full) : kept_backslashes(wanted);
        log_file = create_log(kept_wide(log_path), CREATE_ALWAYS);
        if (log_file == INVALID_HANDLE_VALUE) {
            int error = windows_last_errno();
            fail(why, CODE_USAGE, "the log %s cannot be written: %s", log_path, strerror(error));
            log_path = "";
            return fail_hint(why, "name another file with /Log=");
        }
    }
    return true;
}

const char *report_log_path(void)
{
    return log_path;
}

void report_keep_log(const char *folder)
{
    const char *name = strrchr(log_path, '\\');
    char *copy = name != NULL ? kept_format("%s%s", kept_backslashes(folder), name) : NULL;

    if (copy == NULL || log_file == INVALID_HANDLE_VALUE)
        return;
    CreateDirectoryW(kept_wide_path(folder), NULL);
    FlushFileBuffers(log_file);
    if (!CopyFileW(kept_wide(log_path), kept_wide(copy), FALSE) || !log_is_temporary)
        return;
    CloseHandle(log_file);
    DeleteFileW(kept_wide(log_path));
    log_path = copy;
    log_file = CreateFileW(kept_wide(copy), FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                           FILE_ATTRIBUTE_NORMAL, NULL);
}

static void write_log(const char *line)
{
    char stamp[32];

    if (log_file == INVALID_HANDLE_VALUE)
        return;
    time_stamp(stamp, "%04d-%02d-%02dT%02d:%02d:%02dZ ");
    write_bytes(log_file, kept_format("%s%s\r\n", stamp, line));
}

/* --- Lines ------------------------------------------------------------------------------------------------------------ */

/* `before` and the text, on `handle` and in the log. */
static void say(HANDLE handle, const char *before, const char *format, va_list arguments)
{
    char line[LINE];
    size_t length = strlen(before);

    memcpy(line, before, length);
    vsnprintf(line + length, LINE - length, format, arguments);
    write_line(handle, line);
    write_log(line);
}

void report_say(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(out, "", format, arguments);
    va_end(arguments);
}

void report_log(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(NULL, "", format, arguments);
    va_end(arguments);
}

void report_warn(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(err, "warning: ", format, arguments);
    va_end(arguments);
}

/* The engine writes paths with `/`; a path that begins with a drive ends at the latest before a colon, which it cannot hold. */
static void turn_slashes(char *text)
{
    bool in_path = false;

    for (char *at = text; *at != '\0'; at++) {
        if (at > text && at[0] == ':' && at[1] == '/')
            in_path = true;
        else if (*at == ':' || *at == '\n')
            in_path = false;
        if (in_path && *at == '/')
            *at = '\\';
    }
}

char *report_failure_text(const struct failure *why, bool hint)
{
    char *text = hint && why->hint[0] != '\0' ? kept_format("%s (%s)", why->message, why->hint)
                                              : kept_format("%s", why->message);

    turn_slashes(text);
    for (char *at = text; *at != '\0'; at++)
        if ((unsigned char)*at < ' ')
            *at = '?';
    return text;
}

void report_failure(const struct failure *why)
{
    const char *line = kept_format("error: %s", report_failure_text(why, true));

    write_line(err, line);
    write_log(line);
}
