/* keel-engine: verifies and unpacks the payload of an installer. The command line. */
#include <stdio.h>
#include <string.h>

#include "extract.h"
#include "failure.h"
#include "install.h"
#include "link.h"
#include "os.h"
#include "path.h"
#include "scan.h"

#define VERSION "1"

static const char USAGE[] =
    "usage: keel-engine install FILE --offset N --prefix DIR [--force] [--foreign PATH] [--threads N] [--unlink-self]\n"
    "                           [--quiet]\n"
    "       keel-engine verify FILE --offset N [--threads N] [--quiet]\n"
    "       keel-engine list FILE --offset N\n"
    "       keel-engine link --into DIR [--threads N]\n"
    "       keel-engine scan DIR\n"
    "       keel-engine version\n"
    "FILE holds a payload (docs/payload-format.md) at byte N. `link` reads what to do (docs/engine.md) from standard input.\n";

static bool usage(struct failure *why, const char *problem, const char *argument)
{
    fail(why, CODE_USAGE, problem, argument);
    return fail_hint(why, "keel-engine --help tells what there is");
}

static bool parse_number(const char *text, uint64_t limit, uint64_t *number)
{
    *number = 0;
    if (text[0] == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9' || *number > limit / 10)
            return false;
        *number = *number * 10 + (uint64_t)(*text - '0');
    }
    return *number <= limit;
}

/* What the options say, in the order of OPTIONS. */
enum option { OFFSET, PREFIX, FORCE, FOREIGN, THREADS, UNLINK_SELF, QUIET, INTO, OPTION_COUNT };

/* The commands that know an option. */
enum { READING = 1, INSTALL = 2, LINK = 4 };

static const struct {
    const char *name;
    bool has_value;
    int commands;
} OPTIONS[OPTION_COUNT] = {
    [OFFSET] = {"--offset", true, READING | INSTALL}, [PREFIX] = {"--prefix", true, INSTALL},
    [FORCE] = {"--force", false, INSTALL},            [FOREIGN] = {"--foreign", true, INSTALL},
    [QUIET] = {"--quiet", false, READING | INSTALL},  [UNLINK_SELF] = {"--unlink-self", false, INSTALL},
    [INTO] = {"--into", true, LINK},                  [THREADS] = {"--threads", true, READING | INSTALL | LINK},
};

/* Sort the arguments behind the command into `values`: NULL where an option is missing, "" where it has no value. */
static bool parse_options(char **arguments, int command, const char *values[OPTION_COUNT], const char **file,
                          struct failure *why)
{
    for (; *arguments != NULL; arguments++) {
        int option = 0;
        while (option < OPTION_COUNT && strcmp(*arguments, OPTIONS[option].name) != 0)
            option++;
        if (option < OPTION_COUNT && !(OPTIONS[option].commands & command))
            return usage(why, "%s belongs to another command", *arguments);
        if (option < OPTION_COUNT && !OPTIONS[option].has_value) {
            values[option] = "";
        } else if (option < OPTION_COUNT) {
            if (arguments[1] == NULL)
                return usage(why, "%s needs a value", *arguments);
            values[option] = *++arguments;
        } else if (strncmp(*arguments, "--", 2) == 0 || command == LINK || *file != NULL) {
            return usage(why, "%s is not understood", *arguments);
        } else {
            *file = *arguments;
        }
    }
    return true;
}

static bool parse_threads(const char *value, unsigned *threads, struct failure *why)
{
    unsigned cpus = os_cpus();
    uint64_t number = cpus < 8 ? cpus : 8;

    if (value != NULL && (!parse_number(value, EXTRACT_MAX_THREADS, &number) || number == 0))
        return usage(why, "--threads %s is not a number from 1 to 64", value);
    *threads = (unsigned)number;
    return true;
}

static bool parse_command(char **arguments, bool install, struct command *command, bool *unlink_self,
                          struct failure *why)
{
    const char *values[OPTION_COUNT] = {0};

    if (!parse_options(arguments, install ? INSTALL : READING, values, &command->file, why))
        return false;
    if (command->file == NULL || values[OFFSET] == NULL || (install && values[PREFIX] == NULL))
        return usage(why, "%s", install ? "FILE, --offset and --prefix are needed" : "FILE and --offset are needed");
    if (!parse_number(values[OFFSET], (uint64_t)1 << 53, &command->offset))
        return usage(why, "--offset %s is not a number of bytes", values[OFFSET]);
    if (!parse_threads(values[THREADS], &command->threads, why))
        return false;
    if (values[FOREIGN] != NULL && path_problem(values[FOREIGN], false) != NULL)
        return usage(why, "--foreign %s is not a path within the prefix", values[FOREIGN]);
    command->prefix = values[PREFIX];
    command->foreign = values[FOREIGN];
    command->force = values[FORCE] != NULL;
    command->quiet = values[QUIET] != NULL;
    *unlink_self = values[UNLINK_SELF] != NULL;
    return true;
}

static bool run_link(char **arguments, struct failure *why)
{
    const char *values[OPTION_COUNT] = {0}, *file = NULL;
    unsigned threads;

    if (!parse_options(arguments, LINK, values, &file, why) || !parse_threads(values[THREADS], &threads, why))
        return false;
    if (values[INTO] == NULL)
        return usage(why, "%s is needed", "--into");
    return command_link(values[INTO], threads, why);
}

static bool run(char **arguments, struct failure *why)
{
    struct command command = {0};
    const char *word = arguments[0] != NULL && arguments[1] != NULL ? arguments[1] : "";
    bool install = strcmp(word, "install") == 0, unlink_self = false;
    bool known = install || strcmp(word, "verify") == 0 || strcmp(word, "list") == 0;

    if (strcmp(word, "link") == 0)
        return run_link(arguments + 2, why);
    if (strcmp(word, "scan") == 0 && (arguments[2] == NULL || arguments[3] != NULL))
        return usage(why, "%s needs one folder", word);
    if (strcmp(word, "scan") == 0)
        return command_scan(arguments[2], why);
    if (!known)
        return usage(why, word[0] != '\0' ? "%s is not a command" : "%sa command is needed", word);
    if (!parse_command(arguments + 2, install, &command, &unlink_self, why))
        return false;
    if (unlink_self)
        os_unlink_self(arguments[0]);
    if (install)
        return command_install(&command, why);
    return strcmp(word, "verify") == 0 ? command_verify(&command, why) : command_list(&command, why);
}

int main(int count, char **arguments)
{
    static struct failure why;

    if (count == 2 && (strcmp(arguments[1], "--help") == 0 || strcmp(arguments[1], "-h") == 0))
        return fputs(USAGE, stdout) < 0;
    if (count == 2 && (strcmp(arguments[1], "version") == 0 || strcmp(arguments[1], "--version") == 0))
        return puts("keel-engine " VERSION) < 0;
    os_start_process();
    os_catch_signals();
    if (!run(arguments, &why))
        failure_print(&why);
    return why.code;
}
