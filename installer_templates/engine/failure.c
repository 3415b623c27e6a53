#include "failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "path.h"

bool fail(struct failure *why, int code, const char *format, ...)
{
    va_list arguments;

    if (why->code != CODE_DONE)
        return false;
    why->code = code;
    va_start(arguments, format);
    vsnprintf(why->message, sizeof why->message, format, arguments);
    va_end(arguments);
    return false;
}

bool fail_hint(struct failure *why, const char *format, ...)
{
    va_list arguments;

    if (why->hint[0] != '\0')
        return false;
    va_start(arguments, format);
    vsnprintf(why->hint, sizeof why->hint, format, arguments);
    va_end(arguments);
    return false;
}

static bool is_space(int error)
{
#ifdef EDQUOT
    if (error == EDQUOT)
        return true;
#endif
    return error == ENOSPC;
}

bool fail_io(struct failure *why, int error, int otherwise, const char *doing, const char *path)
{
    int code = otherwise;

    if (is_space(error) || error == EIO || error == EFBIG)
        code = CODE_WRITE;
    fail(why, code, "%s %s failed: %s", doing, path, strerror(error));
    if (is_space(error))
        return fail_hint(why, "free some space on that disk, or choose a folder on another one");
    if (error == EACCES || error == EPERM)
        return fail_hint(why, "choose a folder that you may write to");
    if (error == EBUSY)
        return fail_hint(why, "a program has it open: end that program, and try again");
    if (error == EROFS)
        return fail_hint(why, "the file system is read-only; choose another folder");
    if (error == EFBIG)
        return fail_hint(why, "the file system or a limit (ulimit -f) does not allow files of that size");
    return false;
}

bool fail_memory(struct failure *why)
{
    fail(why, CODE_UNEXPECTED, "out of memory");
    return fail_hint(why, "try again with --threads 1");
}

/* Names of files may hold escape sequences, line breaks or bytes of no encoding; none belongs on a terminal or in a log. */
static void print_clean(const char *label, const char *text)
{
    fputs(label, stderr);
    for (size_t size = strlen(text), length; size > 0; text += length, size -= length) {
        bool clean = (length = text_clean_character(text, size)) > 0;
        length = clean ? length : 1;
        fwrite(clean ? text : "?", 1, length, stderr);
    }
    fputc('\n', stderr);
}

void failure_print(const struct failure *why)
{
    print_clean("error: ", why->message);
    if (why->hint[0] != '\0')
        print_clean("hint: ", why->hint);
    fflush(stderr);
}
