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
#include "searchpath.h"
#include "system.h"

#define THREADS_AT_MOST 8
#define INIT_SECONDS 120

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
    struct prefix_state state;

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

static bool check_length(const struct job *job, const char *prefix, struct failure *why)
{
    size_t longest = os_longest_path(), length = os_path_length(prefix);

    if (job->long_paths || (length < longest && job->longest + 1 <= longest - length))
        return true;
    fail(why, CODE_PREFIX, "%s is too long: paths below it would have up to %llu characters, %zu are possible", prefix,
         (unsigned long long)(length + 1 + job->longest), longest);
    return fail_hint(why, "choose a folder with a shorter path, or enable long paths (/EnableLongPaths=1, as administrator)");
}

static bool check_space(const struct job *job, const char *prefix, struct failure *why)
{
    char *folder = kept_format("%s", prefix), *parent;
    uint64_t bytes, inodes;
    enum os_kind kind = OS_NOTHING;

    while (strlen(folder) > os_root_length(folder) && os_kind_of(folder, &kind) == 0 && kind == OS_NOTHING) {
        parent = prefix_parent(folder);
        folder = kept_format("%s", parent != NULL ? parent : "");
        free(parent);
    }
    if (os_free_space(folder, &bytes, &inodes) != 0 || bytes >= job->bytes)
        return true;
    fail(why, CODE_WRITE, "there is no space for %s: %llu MB are needed, %llu MB are free", prefix,
         (unsigned long long)(job->bytes / 1000000 + 1), (unsigned long long)(bytes / 1000000));
    return fail_hint(why, "free some space on that disk, or choose a folder on another one");
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
    return check_prefix(job, prefix, why) && check_length(job, prefix, why) && check_space(job, prefix, why);
}

/* --- Installing ------------------------------------------------------------------------------------------------------- */

static bool on_opened(void *context, const char *tree, struct failure *why)
{
    const struct job *job = context;
    char *staging;
    bool done;

    if (!job->wishes.all_users)
        return true;
    staging = prefix_parent(tree); /* who may rename things in it could exchange the tree */
    done = staging != NULL ? system_protect_folder(staging, why) && system_protect_folder(tree, why) : fail_memory(why);
    free(staging);
    return done;
}

static bool add_name(void *list, const char *name)
{
    return record_add(list, kept_format("%s", name));
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
    if (os_each(tree, add_name, &job->record.names) != 0 || job->record.names.count == RECORD_ITEMS)
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

static void init_shells(const struct job *job)
{
    const char *python = kept_format("%s/python.exe", job->prefix);
    const char *manager = kept_backslashes(kept_format("%s/keel-meta/keel/__main__.py", job->prefix));
    const char *const words[] = {python, "-I", "-S", "-B", "-X", "utf8", manager, "init", NULL};
    int code = system_run(words, INIT_SECONDS);

    if (code != 0)
        report_warn("the shells could not be initialised (keel init ended with code %d)", code);
}

/* Two installations at once would overwrite each other's changes of PATH. */
static HANDLE lock_registration(void)
{
    HANDLE mutex = CreateMutexW(NULL, FALSE, L"Local\\KeelSetupRegistration");

    if (mutex != NULL)
        WaitForSingleObject(mutex, 60000);
    return mutex;
}

static bool register_base(struct job *job, struct failure *why)
{
    struct failure undo = {0};
    HANDLE mutex = lock_registration();
    bool done = integration_add(job->facts, &job->record, job->bytes, why);

    if (!done) {
        report_log("putting everything back");
        integration_undo(&job->record, &undo);
        integration_forget(&job->record, &undo);
    }
    if (mutex != NULL) {
        ReleaseMutex(mutex);
        CloseHandle(mutex);
    }
    if (!done && !removal_remove_tree(job->prefix, &undo))
        report_warn("%s", report_failure_text(&undo, false));
    return done;
}

bool job_install(struct job *job, struct failure *why)
{
    struct command command = command_for(job);
    char *resolved;

    if (!job_check(job, why) || (job->long_paths && !system_has_long_paths() && !system_enable_long_paths(why)))
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
    if (!register_base(job, why))
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
