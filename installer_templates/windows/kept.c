#include "kept.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "os_windows.h"

void *kept(size_t size)
{
    void *memory = calloc(1, size);

    if (memory == NULL)
        ExitProcess(CODE_UNEXPECTED);
    return memory;
}

char *kept_format(const char *format, ...)
{
    va_list arguments;
    char *text;
    int length;

    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    text = kept((size_t)length + 1);
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

wchar_t *kept_wide(const char *text)
{
    int length = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
    wchar_t *wide = kept(((size_t)length + 1) * sizeof *wide);

    MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, length);
    return wide;
}

char *kept_narrow(const wchar_t *wide)
{
    int length = WideCharToMultiByte(CP_UTF8, 0, wide, -1, NULL, 0, NULL, NULL);
    char *text = kept((size_t)length + 1);

    WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, length, NULL, NULL);
    return text;
}

static char *replace(char *text, char from, char to)
{
    for (char *at = text; *at != '\0'; at++)
        if (*at == from)
            *at = to;
    return text;
}

char *kept_backslashes(const char *path)
{
    return replace(kept_format("%s", path), '/', '\\');
}

wchar_t *kept_wide_path(const char *path)
{
    return kept_wide(kept_backslashes(path));
}

char *kept_slashes(const wchar_t *path)
{
    return replace(kept_narrow(path), '\\', '/');
}
