/* Installer and uninstaller for Windows: one program. With a payload behind its sections it is the installer; without one,
 * beside the record of an installation, it is the uninstaller. docs/windows.md. */
#include <stdlib.h>
#include <string.h>

#include "facts.h"
#include "job.h"
#include "kept.h"
#include "options.h"
#include "os.h"
#include "os_windows.h"
#include "pe.h"
#include "prefix.h"
#include "removal.h"
#include "report.h"
#include "resources.h"
#include "strings.h"
#include "system.h"
#include "wizard.h"
#include <objbase.h>

/* What the program knows about itself. has_payload: something lies behind its sections. */
struct self {
    const char *path;
    struct pe pe;
    struct facts facts;
    bool has_payload;
};

static bool read_self(struct self *self, struct failure *why)
{
    uint8_t headers[PE_HEADERS];
    uint64_t size = 0;
    size_t got = 0;
    os_file file;
    int error;

    self->path = system_own_path();
    error = os_open(self->path, &file);
    if (error != 0)
        return fail_io(why, error, CODE_UNEXPECTED, "opening", self->path);
    error = os_size(file, &size);
    if (error == 0)
        error = os_read_at(file, headers, sizeof headers, 0, &got);
    os_close(file);
    if (error != 0)
        return fail_io(why, error, CODE_UNEXPECTED, "reading", self->path);
    if (!pe_parse(headers, got, &self->pe))
        return fail(why, CODE_DAMAGED, "%s is damaged: its headers make no sense", self->path);
    self->has_payload = size > self->pe.end;
    return true;
}

static bool read_facts(struct self *self, struct failure *why)
{
    size_t size = 0;
    char *text = resource_copy(RESOURCE_FACTS, &size);

    if (text == NULL)
        return fail(why, CODE_DAMAGED, "%s is damaged: it does not say what it installs", self->path);
    return facts_parse(text, size, &self->facts, why);
}

static bool is_uninstaller(const struct self *self)
{
    char *folder = prefix_parent(self->path);
    enum os_kind kind = OS_NOTHING;
    bool beside = folder != NULL && os_kind_of(kept_format("%s/" RECORD_PATH, folder), &kind) == 0 && kind == OS_FILE;

    free(folder);
    return !self->has_payload && beside;
}

/* An uninstaller that has done its work, or was copied elsewhere. */
static bool is_stray_uninstaller(const struct self *self)
{
    return !self->has_payload && _stricmp(strrchr(self->path, '/') + 1, integration_uninstaller(&self->facts)) == 0;
}

static void show_help(const struct self *self)
{
    const struct facts *facts = &self->facts;
    const char *text;

    if (is_uninstaller(self))
        text = kept_format(string(TEXT_HELP_REMOVAL), facts->title, facts->version);
    else
        text = kept_format(string(TEXT_HELP_SETUP), facts->title, facts->version, facts->python, facts->label,
                           facts->add_to_path, facts->register_python, kept_backslashes(system_expand(facts->prefix_me)));
    if (report_is_seen())
        report_say("%s", text);
    else
        wizard_message(kept_format(string(TEXT_SETUP_TITLE), facts->title, facts->version), text);
}

/* --- The installer ---------------------------------------------------------------------------------------------------- */

/* Everything that needs no window. */
static bool run_silently(struct job *job, const struct options *options, struct failure *why)
{
    os_catch_signals();
    if (options->only_long_paths)
        return system_enable_long_paths(why);
    if (options->verify)
        return job_verify(job, why);
    if (options->extract[0] != '\0')
        return job_extract(job, options->extract, why);
    if (!job_install(job, why))
        return false;
    report_say("installed %s %s to %s", job->facts->title, job->facts->version, kept_backslashes(job->prefix));
    return true;
}

static int run_installer(struct self *self, const struct options *options, struct failure *why)
{
    struct job job;

    if (!report_open_log(options->log, kept_format("%s-install", self->facts.id), why) ||
        !job_open(&job, &self->facts, self->path, &self->pe, why))
        return why->code;
    report_log("%s %s, Python %s, %s", self->facts.title, self->facts.version, self->facts.python, self->facts.label);
    job_apply(&job, options);
    if (options->silent || options->verify || options->extract[0] != '\0' || options->only_long_paths) {
        run_silently(&job, options, why);
        return why->code;
    }
    return wizard_install(&job, options);
}

/* --- The uninstaller -------------------------------------------------------------------------------------------------- */

static int run_uninstaller(struct self *self, const struct options *options, struct failure *why)
{
    struct removal *removal = kept(sizeof *removal);

    if (!report_open_log(options->log, kept_format("%s-uninstall", self->facts.id), why) ||
        !removal_open(removal, self->path, why))
        return why->code;
    removal->environments = options->environments == CHOICE_YES;
    if (!options->silent)
        return wizard_remove(removal, &self->facts);
    if (!removal_run(removal, why))
        return why->code;
    report_say("removed %s %s from %s%s", removal->record.title, removal->record.version, kept_backslashes(removal->prefix),
               removal->left ? ", but for what does not belong to it" : "");
    return removal->restart ? CODE_RESTART : CODE_DONE;
}

/* ---------------------------------------------------------------------------------------------------------------------- */

static int run(struct options *options, struct failure *why)
{
    struct self self = {0};
    char *arguments = options_behind_program(kept_narrow(GetCommandLineW()));
    bool parsed = options_parse(arguments, options, why);

    if (!parsed || !read_self(&self, why) || !read_facts(&self, why))
        return why->code;
    if (options->help) {
        show_help(&self);
        return CODE_DONE;
    }
    if (options->show_version) {
        report_say("%s %s (Python %s, %s)", self.facts.title, self.facts.version, self.facts.python, self.facts.label);
        return CODE_DONE;
    }
    if (is_uninstaller(&self))
        return run_uninstaller(&self, options, why);
    if (is_stray_uninstaller(&self)) {
        fail(why, CODE_PREFIX, "there is nothing to remove: " RECORD_PATH " is missing beside %s", self.path);
        return why->code;
    }
    return run_installer(&self, options, why);
}

int WINAPI wWinMain(HINSTANCE instance, HINSTANCE previous, wchar_t *line, int show)
{
    struct options options = {0};
    struct failure why = {0};
    int code;

    (void)instance, (void)previous, (void)line, (void)show;
    system_harden();
    os_start_process();
    report_start();
    CoInitializeEx(NULL, COINIT_APARTMENTTHREADED | COINIT_DISABLE_OLE1DDE);
    code = run(&options, &why);
    if (why.code != CODE_DONE) {
        report_failure(&why);
        if (!options.silent && !report_is_seen())
            wizard_message(string(TEXT_DAMAGED_TITLE), report_failure_text(&why, true));
    }
    return code >= CODE_SIGNAL && code != CODE_RESTART ? CODE_CANCELLED : code;
}
