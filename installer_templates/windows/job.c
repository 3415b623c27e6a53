#include "job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "install.h"
#include "installer.h"
#include "kept.h"
#include "os.h"
#include "os_windows.h"
#include "path.h"
#include "prefix.h"
#include "removal.h"
#include "report.h"
#include "room.h"
#include "searchpath.h"
#include "system.h"

#define THREADS_AT_MOST 8
#define INIT_SECONDS 120
#define SETTLE_SECONDS 3600 /* every module is compiled, on slow disks under a virus scanner */

bool job_open(struct job *job, const struct facts *facts, const char *self, const struct pe *pe, struct failure *why)
{
    struct installer installer;

    *job = (struct job){.facts = facts, .self = self, .pe = *pe};
    if (installer_open(&installer, self, pe->end, why)) {
        job->files = installer.payload.files;
        job->bytes = installer.payload.bytes;
        job->longest = installer.payload.longest;
        if (!installer.payload.windows)
            fail(why, CODE_SYSTEM, "the installer's content is made for %s", installer.payload.platform);
    }
    installer_close(&installer);
    return why->code == CODE_DONE;
}

static bool pick(enum choice choice, bool otherwise)
{
    return choice == CHOICE_OPEN ? otherwise : choice == CHOICE_YES;
}

void job_apply(struct job *job, const struct options *options)
{
    bool registry = pick(options->registry, true);

    job->wishes = (struct wishes){
        .all_users = pick(options->all_users, false),
        .add_to_path = pick(options->add_to_path, job->facts->add_to_path && registry),
        .register_python = pick(options->register_python, job->facts->register_python && registry),
        .registry = registry,
        .shortcuts = pick(options->shortcuts, true),
        .init_shells = pick(options->init_shells, false),
    };
    job->long_paths = pick(options->long_paths, false);
    job->prefix = options->prefix[0] != '\0' ? options->prefix : job_default_prefix(job);
}

char *job_default_prefix(const struct job *job)
{
    return system_expand(job->wishes.all_users ? job->facts->prefix_all : job->facts->prefix_me);
}

/* --- Checks ----------------------------------------------------------------------------------------------------------- */

static bool check_prefix(const struct job *job, const char *prefix, struct failure *why)
{
    const char *problem = path_problem(prefix + os_root_length(prefix), true);
    struct prefix_state state;

    if (problem != NULL && strlen(prefix) > os_root_length(prefix)) {
        fail(why, CODE_PREFIX, "%s is no folder that Windows can have: %s", prefix, problem);
        return fail_hint(why, "choose another folder");
    }
    if (system_is_precious(prefix)) {
        fail(why, CODE_PREFIX, "%s is no place for a base: other things live there", prefix);
        return fail_hint(why, "choose a folder of its own, such as %s", kept_backslashes(job_default_prefix(job)));
    }
    if (!prefix_look(prefix, &state, why))
        return false;
    if (state.filled) {
        fail(why, CODE_PREFIX, "%s is not empty", prefix);
        return fail_hint(why, "choose another folder, or uninstall what is in it first");
    }
    if (system_restart_is_pending_for(prefix)) {
        fail(why, CODE_RESTART_FIRST, "Windows is going to remove files in %s when it starts again", prefix);
        return fail_hint(why, "restart the computer first, or choose another folder");
    }
    return !job->wishes.add_to_path || searchpath_can_hold(kept_backslashes(prefix), why);
}

bool job_check(const struct job *job, struct failure *why)
{
    char *resolved, *prefix;

    if (!system_check(why))
        return false;
    if ((job->wishes.all_users || job->long_paths) && !system_is_elevated()) {
        fail(why, CODE_ELEVATION, "%s needs the rights of an administrator",
             job->wishes.all_users ? "an installation for all users" : "enabling long paths");
        return fail_hint(why, job->wishes.all_users ? "run it as an administrator, or with /InstallationType=JustMe"
                                                    : "run it as an administrator");
    }
    resolved = prefix_resolve(job->prefix, why);
    if (resolved == NULL)
        return false;
    prefix = kept_format("%s", resolved);
    free(resolved);
    return check_prefix(job, prefix, why) && (job->long_paths || room_check_length(prefix, job->longest, why)) &&
           room_check_space(prefix, job->bytes, job->files, why);
}

/* --- Installing ------------------------------------------------------------------------------------------------------- */

/* For all users, everything comes into being in folders that were made for it, and protected from the first moment on. One that
 * was there before may belong to somebody else: who may rename things in it could exchange the tree. */
static bool on_opened(void *context, const char *tree, struct failure *why)
{
    const struct job *job = context;
    size_t length = strlen(job->prefix);

    if (!job->wishes.all_users || strncmp(tree, job->prefix, length) != 0 || tree[length] != '/')
        return true;
    fail(why, CODE_PREFIX, "%s was there before, and does not belong to an administrator", job->prefix);
    return fail_hint(why, "remove it, or choose a folder that does not exist yet");
}

static bool add_name(void *list, const char *name)
{
    return record_add(list, kept_format("%s", name));
}

/* What `keel --settle` writes beside what was unpacked; the removal takes it, too. False without room. */
static bool note_settled(struct record_list *names)
{
    static const char *const settled[] = {"etc", "pip.ini"};

    for (size_t i = 0; i < sizeof settled / sizeof *settled; i++)
        if (!record_holds(names, settled[i]) && !record_add(names, settled[i]))
            return false;
    return names->count < RECORD_ITEMS;
}

static bool write_file(const char *path, const void *data, size_t size, struct failure *why)
{
    int error = os_write_file(path, data, size);

    return error == 0 || fail_io(why, error, CODE_WRITE, "writing", path);
}

/* The uninstaller is this program without its payload. */
static bool write_uninstaller(const struct job *job, const char *tree, struct failure *why)
{
    const char *path = kept_format("%s/%s", tree, integration_uninstaller(job->facts));
    uint8_t *program = kept(job->pe.end);
    size_t got = 0;
    os_file file;
    int error = os_open(job->self, &file);

    if (error != 0)
        return fail_io(why, error, CODE_DAMAGED, "opening", job->self);
    error = os_read_at(file, program, job->pe.end, 0, &got);
    os_close(file);
    if (error != 0)
        return fail_io(why, error, CODE_DAMAGED, "reading", job->self);
    if (got < job->pe.end)
        return fail(why, CODE_DAMAGED, "%s has become shorter", job->self);
    pe_finish_copy(program, &job->pe);
    return write_file(path, program, job->pe.end, why);
}

static bool on_unpacked(void *context, const char *tree, struct failure *why)
{
    struct job *job = context;
    struct text text = {0};
    bool done;

    if (!integration_plan(job->facts, &job->wishes, job->prefix, tree, &job->record, why) ||
        !write_uninstaller(job, tree, why))
        return false;
    if (os_each(tree, add_name, &job->record.names) != 0 || !note_settled(&job->record.names))
        return fail(why, CODE_UNEXPECTED, "%s cannot be listed", tree);
    record_write(&job->record, &text);
    done = text.failed ? fail_memory(why)
                       : write_file(kept_format("%s/" RECORD_PATH, tree), text.bytes, text.size, why);
    text_free(&text);
    return done;
}

static struct command command_for(const struct job *job)
{
    unsigned cpus = os_cpus();

    return (struct command){.file = job->self, .offset = job->pe.end,
                            .threads = cpus < THREADS_AT_MOST ? cpus : THREADS_AT_MOST};
}

/* Two installations at once would overwrite each other's changes of PATH. */
static HANDLE lock_registration(bool all_users)
{
    HANDLE mutex = CreateMutexW(NULL, FALSE, all_users ? L"Global\\KeelSetupRegistration" : L"Local\\KeelSetupRegistration");

    if (mutex != NULL)
        WaitForSingleObject(mutex, 60000);
    return mutex;
}

static void unlock_registration(HANDLE mutex)
{
    if (mutex == NULL)
        return;
    ReleaseMutex(mutex);
    CloseHandle(mutex);
}

/* Take away what was installed and registered. */
static void put_back(const struct job *job)
{
    struct failure undo = {0};
    HANDLE mutex = lock_registration(job->wishes.all_users);

    report_log("putting everything back");
    integration_undo(&job->record, &undo);
    integration_forget(&job->record, &undo);
    unlock_registration(mutex);
    if (!removal_remove_tree(job->prefix, &undo))
        report_warn("%s", report_failure_text(&undo, false));
}

static bool register_base(const struct job *job, struct failure *why)
{
    HANDLE mutex = lock_registration(job->wishes.all_users);
    bool done = integration_add(job->facts, &job->record, job->bytes, why);

    unlock_registration(mutex);
    if (!done)
        put_back(job);
    return done;
}

/* The exit code of a command of the base's keel, as system_run gives it. */
static int run_keel(const struct job *job, const char *command, unsigned seconds, bool cancellable)
{
    const char *python = kept_format("%s/python.exe", job->prefix);
    const char *manager = kept_backslashes(kept_format("%s/keel-meta/keel/__main__.py", job->prefix));
    const char *const words[] = {python, "-I", "-S", "-B", "-X", "utf8", manager, command, NULL};

    report_log("running keel %s", command);
    return system_run(words, seconds, cancellable);
}

/* What names the place of the base, and bytecode that the installer does not hold. Without them the base works, too. It comes
 * after the registration, so that an end by force in its long run leaves what can be removed as every base. */
static bool settle(const struct job *job, struct failure *why)
{
    int code = run_keel(job, "--settle", SETTLE_SECONDS, true);

    if (atomic_load(&os_cancelled) != 0) {
        put_back(job);
        return fail(why, CODE_CANCELLED, "cancelled; nothing was changed");
    }
    if (code != 0)
        report_warn("the base is installed, but its pip does not know yet where its packages are (keel --settle ended with "
                    "code %d); try again: \"%s\" --settle", code,
                    kept_backslashes(kept_format("%s/cmd/keel.bat", job->prefix)));
    return true;
}

static void init_shells(const struct job *job)
{
    int code = run_keel(job, "init", INIT_SECONDS, false);

    if (code != 0)
        report_warn("the shells could not be initialised (keel init ended with code %d)", code);
}

bool job_install(struct job *job, struct failure *why)
{
    struct command command = command_for(job);
    char *resolved;

    if (!job_check(job, why) || (job->long_paths && !system_has_long_paths() && !system_enable_long_paths(why)) ||
        (job->wishes.all_users && !system_protect_new_folders(why)))
        return false;
    resolved = prefix_resolve(job->prefix, why);
    if (resolved == NULL)
        return false;
    command.prefix = job->prefix = kept_format("%s", resolved);
    free(resolved);
    command.quiet = true;
    command.hooks = (struct install_hooks){job, on_opened, on_unpacked};
    report_log("installing to %s", kept_backslashes(job->prefix));
    if (!command_install(&command, why)) {
        if (why->code >= CODE_SIGNAL)
            *why = (struct failure){.code = CODE_CANCELLED, .message = "cancelled; nothing was changed"};
        return false;
    }
    if (!register_base(job, why) || !settle(job, why))
        return false;
    if (job->wishes.init_shells)
        init_shells(job);
    report_keep_log(kept_format("%s/keel-meta/logs", job->prefix));
    return true;
}

bool job_verify(const struct job *job, struct failure *why)
{
    struct command command = command_for(job);

    return command_verify(&command, why);
}

bool job_extract(const struct job *job, const char *folder, struct failure *why)
{
    struct command command = command_for(job);

    command.prefix = folder;
    return system_check(why) && command_install(&command, why);
}
