#include "removal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "integration.h"
#include "kept.h"
#include "os.h"
#include "os_windows.h"
#include "path.h"
#include "prefix.h"
#include "report.h"
#include "system.h"

#define META "keel-meta"
#define ENVIRONMENTS "envs"
#define MARKER META "/manifest.json"
#define MARK META "/uninstalling.json" /* the marker's name from the beginning of a removal on, so that it can be repeated */
#define BUSY_TRIES 10
#define BUSY_PAUSE 200 /* milliseconds */
#define INIT_SECONDS 120

static enum os_kind kind_of(const char *path)
{
    enum os_kind kind = OS_NOTHING;

    return os_kind_of(path, &kind) == 0 ? kind : OS_NOTHING;
}

static char *in_prefix(const struct removal *self, const char *name)
{
    return kept_format("%s/%s", self->prefix, name);
}

/* --- Opening ---------------------------------------------------------------------------------------------------------- */

static bool read_record(struct removal *self, struct failure *why)
{
    const char *path = in_prefix(self, RECORD_PATH);
    uint64_t size = 0;
    size_t got = 0;
    os_file file;
    char *text;
    int error = os_open(path, &file);

    if (error != 0)
        return fail_io(why, error, CODE_PREFIX, "opening", path);
    if (os_size(file, &size) != 0 || size > RECORD_LONGEST)
        size = 0;
    text = kept((size_t)size + 1);
    error = os_read_at(file, text, (size_t)size, 0, &got);
    os_close(file);
    return error == 0 ? record_parse(text, got, &self->record, why) : fail_io(why, error, CODE_PREFIX, "reading", path);
}

static bool note_environment(void *context, const char *name)
{
    struct removal *self = context;

    if (kind_of(kept_format("%s/" ENVIRONMENTS "/%s", self->prefix, name)) != OS_FILE)
        record_add(&self->found, kept_format("%s", name));
    return true;
}

bool removal_open(struct removal *self, const char *own_path, struct failure *why)
{
    char *parent = prefix_parent(own_path);

    *self = (struct removal){.prefix = kept_format("%s", parent != NULL ? parent : ""), .own = strrchr(own_path, '/') + 1};
    free(parent);
    if (system_is_precious(self->prefix))
        return fail(why, CODE_PREFIX, "%s is not removed: other things live there", self->prefix);
    if (kind_of(in_prefix(self, MARKER)) != OS_FILE && kind_of(in_prefix(self, MARK)) != OS_FILE)
        return fail(why, CODE_PREFIX, "%s is not a base: " MARKER " is missing", self->prefix);
    if (!read_record(self, why))
        return false;
    if (kind_of(in_prefix(self, ENVIRONMENTS)) == OS_FOLDER)
        os_each(in_prefix(self, ENVIRONMENTS), note_environment, self);
    return true;
}

/* --- Programs that are running ---------------------------------------------------------------------------------------- */

static bool is_program(const char *name)
{
    static const char *const ends[] = {".exe", ".dll", ".pyd"};
    size_t length = strlen(name);

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (length > 4 && _stricmp(name + length - 4, ends[i]) == 0)
            return true;
    return false;
}

/* Windows lets nobody write to the file of a program or library that is in use. */
static bool is_in_use(const char *path)
{
    wchar_t *wide = windows_wide(path);
    HANDLE handle = wide == NULL ? INVALID_HANDLE_VALUE
                                 : CreateFileW(wide, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                               NULL, OPEN_EXISTING, FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    DWORD error = handle == INVALID_HANDLE_VALUE ? GetLastError() : ERROR_SUCCESS;

    free(wide);
    if (handle != INVALID_HANDLE_VALUE)
        CloseHandle(handle);
    return error == ERROR_SHARING_VIOLATION || error == ERROR_USER_MAPPED_FILE;
}

/* A walk that looks for the first program in use. */
struct search {
    const char *folder, *spare;
    struct failure *why;
};

static bool look_at(void *context, const char *name)
{
    const struct search *self = context;
    char *path = path_join(self->folder, name);
    enum os_kind kind = path != NULL ? kind_of(path) : OS_NOTHING;
    int tries = 0;

    if (kind == OS_FOLDER) {
        struct search inner = {path, "", self->why};
        os_each(path, look_at, &inner);
    } else if (kind == OS_FILE && is_program(name) && _stricmp(name, self->spare) != 0) {
        while (is_in_use(path) && ++tries < BUSY_TRIES)
            Sleep(BUSY_PAUSE);
        if (tries == BUSY_TRIES) {
            fail(self->why, CODE_BUSY, "%s is in use", path);
            fail_hint(self->why, "end the programs of this Python that are running, and try again");
        }
    }
    free(path);
    return self->why->code == CODE_DONE;
}

static bool goes(const struct removal *self, const char *name)
{
    if (_stricmp(name, ENVIRONMENTS) == 0)
        return self->environments || self->found.count == 0;
    return record_holds(&self->record.names, name);
}

/* Nothing is removed while a program of the base runs: half a base helps nobody. */
static bool check_running(const struct removal *self, struct failure *why)
{
    struct search search = {self->prefix, self->own, why};

    for (size_t i = 0; i < self->record.names.count && why->code == CODE_DONE; i++)
        if (goes(self, self->record.names.items[i]))
            look_at(&search, self->record.names.items[i]);
    return why->code == CODE_DONE;
}

/* --- Removing --------------------------------------------------------------------------------------------------------- */

/* restart: where to note that a file waits for the next start of Windows, or NULL where that is not wanted. */
struct walk {
    const char *folder;
    bool *restart;
    struct failure *why;
};

static bool remove_entry(void *context, const char *name);

static void remove_path(const char *path, bool *restart, struct failure *why)
{
    enum os_kind kind = OS_NOTHING;
    int error = os_kind_of(path, &kind);
    struct walk inner = {path, restart, why};

    if (error == 0 && kind == OS_NOTHING)
        return;
    if (error == 0 && kind == OS_FOLDER) {
        os_each(path, remove_entry, &inner);
        error = os_remove_folder(path);
        if (error == ENOTEMPTY && why->code != CODE_DONE)
            return; /* what is in it has been told */
    } else if (error == 0 && (error = os_remove_file(path)) == EISDIR) {
        error = os_remove_folder(path); /* a junction: the folder that it leads to stays */
    }
    if (error == 0)
        return;
    if (restart != NULL && system_remove_at_restart(path)) {
        report_log("%s is removed when Windows starts again", kept_backslashes(path));
        *restart = true;
        return;
    }
    fail_io(why, error, error == EBUSY || error == EACCES ? CODE_BUSY : CODE_WRITE, "removing", path);
}

static bool remove_entry(void *context, const char *name)
{
    const struct walk *self = context;
    char *path = path_join(self->folder, name);

    if (path != NULL)
        remove_path(path, self->restart, self->why);
    free(path);
    return true;
}

bool removal_remove_tree(const char *path, struct failure *why)
{
    remove_path(path, NULL, why);
    return why->code == CODE_DONE;
}

static void reverse_shells(const struct removal *self)
{
    const char *python = in_prefix(self, "python.exe");
    const char *manager = kept_backslashes(in_prefix(self, META "/keel/__main__.py"));
    const char *const words[] = {python, "-I", "-S", "-B", "-X", "utf8", manager, "init", "--reverse", NULL};
    int code = kind_of(python) == OS_FILE ? system_run(words, INIT_SECONDS, false) : 0;

    if (code != 0)
        report_warn("the start-up files of shells could not be restored (keel init --reverse ended with code %d)", code);
}

/* Everything but the record's folder and the uninstaller, which are needed until the end. */
static bool remove_names(struct removal *self, struct failure *why)
{
    bool *restart = self->record.all_users ? &self->restart : NULL;

    for (size_t i = 0; i < self->record.names.count; i++) {
        const char *name = self->record.names.items[i];
        if (goes(self, name) && _stricmp(name, META) != 0 && _stricmp(name, self->own) != 0)
            remove_path(in_prefix(self, name), restart, why);
    }
    return why->code == CODE_DONE;
}

static bool look_for_rest(void *context, const char *name)
{
    struct removal *self = context;

    if (_stricmp(name, self->own) == 0)
        return true;
    report_log("%s stays", kept_backslashes(in_prefix(self, name)));
    self->left = true;
    return true;
}

bool removal_run(struct removal *self, struct failure *why)
{
    if (self->record.all_users && !system_is_elevated()) {
        fail(why, CODE_ELEVATION, "%s was installed for all users: its removal needs the rights of an administrator",
             self->record.title);
        return fail_hint(why, "run it as an administrator");
    }
    report_log("removing %s", kept_backslashes(self->prefix));
    SetCurrentDirectoryW(kept_wide_path(system_expand("%SystemRoot%"))); /* the prefix could not be removed otherwise */
    if (!check_running(self, why))
        return false;
    if (self->record.shells)
        reverse_shells(self);
    if (kind_of(in_prefix(self, MARKER)) == OS_FILE)
        os_rename(in_prefix(self, MARKER), in_prefix(self, MARK));
    if (!integration_undo(&self->record, why) || !remove_names(self, why) || !integration_forget(&self->record, why))
        return false;
    remove_path(in_prefix(self, META), self->record.all_users ? &self->restart : NULL, why);
    if (why->code != CODE_DONE)
        return false;
    os_each(self->prefix, look_for_rest, self);
    system_remove_self_later(self->prefix);
    return true;
}
