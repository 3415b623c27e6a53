/* The python.exe and pythonw.exe of environments: starts the Python of the base that the environment belongs to.
 *
 * The folder of that Python is `home` in the pyvenv.cfg beside this program or in the folder above
 * (https://docs.python.org/3/library/site.html). The arguments, the standard handles and the exit code are passed on as
 * they are; __PYVENV_LAUNCHER__ tells Python who it is to be (CPython, PC/launcher.c and Modules/getpath.py).
 *
 * No C runtime: everything is Windows' own, so that the program stays small and loads nothing but kernel32 and user32.
 * Compiled twice: with PROGRAM=python.exe for the console, and with PROGRAM=pythonw.exe and GUI for the desktop. */
#include <windows.h>

#define WIDE_(text) L##text
#define WIDE(text) WIDE_(text)

/* As CPython's own launcher. */
#define EXIT_CREATE_PROCESS 101
#define EXIT_NO_PYTHON 103
#define EXIT_NO_MEMORY 104
#define EXIT_BAD_CONFIG 106

#define LONGEST_PATH 32768 /* what Windows can hold, in characters */
#define LARGEST_CONFIG 65536

static const WCHAR CONFIG[] = L"pyvenv.cfg";

/* --- Text ------------------------------------------------------------------------------------------------------- */

static size_t length(const WCHAR *text)
{
    size_t count = 0;

    while (text[count] != 0)
        count++;
    return count;
}

static WCHAR *allocate(size_t characters)
{
    WCHAR *text = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, characters * sizeof *text);

    if (text == NULL)
        ExitProcess(EXIT_NO_MEMORY);
    return text;
}

/* A new text of up to four parts. */
static WCHAR *join(const WCHAR *first, const WCHAR *second, const WCHAR *third, const WCHAR *fourth)
{
    const WCHAR *parts[] = {first, second, third, fourth};
    size_t size = 1, at = 0;
    WCHAR *text;

    for (int i = 0; i < 4; i++)
        size += length(parts[i]);
    text = allocate(size);
    for (int i = 0; i < 4; i++)
        for (const WCHAR *from = parts[i]; *from != 0; from++)
            text[at++] = *from;
    return text;
}

/* Cut `path` before its last backslash; false where there is none. */
static BOOL to_parent(WCHAR *path)
{
    size_t end = length(path);

    while (end > 0 && path[end - 1] != '\\' && path[end - 1] != '/')
        end--;
    if (end == 0)
        return FALSE;
    path[end - 1] = 0;
    return TRUE;
}

/* --- Failure ---------------------------------------------------------------------------------------------------- */

#ifdef GUI
static void show(const WCHAR *text)
{
    MessageBoxW(NULL, text, WIDE(PROGRAM), MB_OK | MB_ICONERROR);
}
#else
static void show(const WCHAR *text)
{
    HANDLE stream = GetStdHandle(STD_ERROR_HANDLE);
    DWORD mode, written;
    int size = (int)length(text), bytes = WideCharToMultiByte(CP_UTF8, 0, text, size, NULL, 0, NULL, NULL);
    char *utf8;

    if (GetConsoleMode(stream, &mode)) {
        WriteConsoleW(stream, text, (DWORD)size, &written, NULL);
        return;
    }
    utf8 = HeapAlloc(GetProcessHeap(), 0, (size_t)bytes + 1);
    if (utf8 == NULL)
        return;
    WideCharToMultiByte(CP_UTF8, 0, text, size, utf8, bytes, NULL, NULL);
    WriteFile(stream, utf8, (DWORD)bytes, &written, NULL);
}
#endif

static void fail(UINT code, const WCHAR *what, const WCHAR *path, const WCHAR *hint)
{
    show(join(L"error: ", what, path, join(L"\r\nhint: ", hint, L"\r\n", L"")));
    ExitProcess(code);
}

/* --- The base --------------------------------------------------------------------------------------------------- */

/* The full path of this program. */
static WCHAR *own_path(void)
{
    WCHAR *path = allocate(LONGEST_PATH);
    DWORD size = GetModuleFileNameW(NULL, path, LONGEST_PATH);

    if (size == 0 || size >= LONGEST_PATH)
        fail(EXIT_NO_PYTHON, L"the path of this program cannot be told", L"", L"use a shorter path");
    return path;
}

/* A form of an absolute path that Windows takes at any length. */
static WCHAR *openable(WCHAR *path)
{
    if (length(path) < MAX_PATH - 12 || (path[0] == '\\' && path[1] == '\\' && path[2] == '?'))
        return path;
    return path[0] == '\\' && path[1] == '\\' ? join(L"\\\\?\\UNC", path + 1, L"", L"") : join(L"\\\\?\\", path, L"", L"");
}

static HANDLE open_config(WCHAR *path)
{
    const DWORD sharing = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

    return CreateFileW(openable(path), GENERIC_READ, sharing, NULL, OPEN_EXISTING, 0, NULL);
}

/* The text of an open file (UTF-8), and the file closed; NULL where it cannot be read. */
static WCHAR *read_text(HANDLE file)
{
    char *bytes = (char *)allocate(LARGEST_CONFIG / sizeof(WCHAR));
    DWORD size = 0;
    WCHAR *text = NULL;

    if (ReadFile(file, bytes, LARGEST_CONFIG, &size, NULL) && size > 0 && size < LARGEST_CONFIG) {
        text = allocate((size_t)size + 1);
        MultiByteToWideChar(CP_UTF8, 0, bytes, (int)size, text, (int)size);
    }
    CloseHandle(file);
    return text;
}

static BOOL is_space(WCHAR character)
{
    return character == ' ' || character == '\t' || character == '\r' || character == 0xFEFF;
}

/* Whether [start, end) is the word `home` in any case. */
static BOOL is_home(const WCHAR *start, const WCHAR *end)
{
    static const WCHAR word[] = L"home";

    if (end - start != 4)
        return FALSE;
    for (int i = 0; i < 4; i++)
        if ((start[i] | 0x20) != word[i])
            return FALSE;
    return TRUE;
}

static void trim(WCHAR **start, WCHAR **end)
{
    while (*start < *end && is_space(**start))
        (*start)++;
    while (*end > *start && is_space((*end)[-1]))
        (*end)--;
}

/* The value of `home = ...`, or NULL. Changes `text`. */
static WCHAR *find_home(WCHAR *text)
{
    WCHAR *line = text, *end, *equals;

    while (*line != 0) {
        for (end = line; *end != 0 && *end != '\n'; end++)
            ;
        for (equals = line; equals < end && *equals != '='; equals++)
            ;
        if (equals < end) {
            WCHAR *key = line, *key_end = equals, *value = equals + 1, *value_end = end;

            trim(&key, &key_end);
            trim(&value, &value_end);
            if (is_home(key, key_end) && value < value_end) {
                *value_end = 0;
                return value;
            }
        }
        line = *end == 0 ? end : end + 1;
    }
    return NULL;
}

/* The Python of the base, as `home` in pyvenv.cfg says; beside this program, or in the folder above. */
static WCHAR *base_python(const WCHAR *own)
{
    WCHAR *folder = join(own, L"", L"", L""), *config = NULL, *text, *home, *python;
    HANDLE file = INVALID_HANDLE_VALUE;
    size_t end;

    for (int level = 0; level < 2 && file == INVALID_HANDLE_VALUE && to_parent(folder); level++) {
        config = join(folder, L"\\", CONFIG, L"");
        file = open_config(config);
    }
    if (file == INVALID_HANDLE_VALUE)
        fail(EXIT_BAD_CONFIG, L"there is no pyvenv.cfg for ", own, L"create the environment anew: keel create");
    text = read_text(file);
    home = text == NULL ? NULL : find_home(text);
    if (home == NULL)
        fail(EXIT_BAD_CONFIG, L"no line says home = FOLDER in ", config, L"create the environment anew: keel create");
    for (end = length(home); end > 0 && (home[end - 1] == '\\' || home[end - 1] == '/'); end--)
        home[end - 1] = 0;
    python = join(home, L"\\", WIDE(PROGRAM), L"");
    if (GetFileAttributesW(openable(python)) == INVALID_FILE_ATTRIBUTES)
        fail(EXIT_NO_PYTHON, L"the Python of this environment is missing: ", python,
             L"install the base again, or mend `home` in pyvenv.cfg");
    return python;
}

/* --- The process ------------------------------------------------------------------------------------------------ */

static BOOL WINAPI ignore(DWORD event)
{
    (void)event; /* Python gets it as well, and decides */
    return TRUE;
}

/* One of our standard handles in a form that a child inherits; NULL where there is none. */
static HANDLE inheritable(DWORD name)
{
    HANDLE own = GetStdHandle(name), copy = NULL;

    if (own == NULL || own == INVALID_HANDLE_VALUE)
        return own;
    if (!DuplicateHandle(GetCurrentProcess(), own, GetCurrentProcess(), &copy, 0, TRUE, DUPLICATE_SAME_ACCESS))
        return own;
    return copy;
}

/* A job that ends Python with us; what Python itself starts is none of it. NULL where there can be none. */
static HANDLE make_job(void)
{
    HANDLE job = CreateJobObjectW(NULL, NULL);
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION *limits = (void *)allocate(sizeof *limits);

    if (job == NULL)
        return NULL;
    limits->BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK;
    SetInformationJobObject(job, JobObjectExtendedLimitInformation, limits, sizeof *limits);
    return job;
}

/* Our command line with `python` as its first word: some versions take sys._base_executable from there, which
 * multiprocessing starts. A first word ends as the C runtime says: quotes do not nest, backslashes mean nothing. */
static WCHAR *command_line(const WCHAR *python)
{
    const WCHAR *rest = GetCommandLineW();
    BOOL quoted = FALSE;

    for (; *rest != 0 && (quoted || (*rest != ' ' && *rest != '\t')); rest++)
        if (*rest == '"')
            quoted = !quoted;
    return join(L"\"", python, L"\"", rest);
}

static DWORD run(WCHAR *python)
{
    STARTUPINFOW *start = (void *)allocate(sizeof *start);
    PROCESS_INFORMATION process;
    HANDLE job = make_job();
    DWORD code = EXIT_CREATE_PROCESS;

    GetStartupInfoW(start); /* lpReserved2 carries the open files of a C runtime */
    start->dwFlags |= STARTF_USESTDHANDLES;
    start->hStdInput = inheritable(STD_INPUT_HANDLE);
    start->hStdOutput = inheritable(STD_OUTPUT_HANDLE);
    start->hStdError = inheritable(STD_ERROR_HANDLE);
    SetConsoleCtrlHandler(ignore, TRUE);
    if (!CreateProcessW(openable(python), command_line(python), NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL, start,
                        &process))
        fail(EXIT_CREATE_PROCESS, L"Windows cannot start ", python, L"is it complete, and made for this computer?");
    if (job != NULL)
        AssignProcessToJobObject(job, process.hProcess); /* refused inside of some old jobs, which end us both anyway */
    ResumeThread(process.hThread);
    CloseHandle(process.hThread);
#ifdef GUI
    MSG message;

    /* Fetching a message tells the desktop that the program has started. */
    PostMessageW(NULL, 0, 0, 0);
    GetMessageW(&message, NULL, 0, 0);
#endif
    WaitForSingleObject(process.hProcess, INFINITE);
    GetExitCodeProcess(process.hProcess, &code);
    return code;
}

void start(void)
{
    WCHAR *own = own_path(), *python = base_python(own);

    SetEnvironmentVariableW(L"__PYVENV_LAUNCHER__", own);
    ExitProcess(run(python));
}
