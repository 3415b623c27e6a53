/* The pages of an installation from Install on, and those of a removal. */
#include <string.h>

#include "kept.h"
#include "os.h"
#include "pages.h"
#include "report.h"
#include "system.h"
#include "wizard.h"
#include <commctrl.h>
#include <shellapi.h>

#define ID_BAR (ID_PAGE + 0)
#define ID_STATE (ID_PAGE + 1)
#define ID_PROMPT (ID_PAGE + 2)
#define ID_LOG (ID_PAGE + 3)
#define ID_LIST (ID_PAGE + 4)
#define ID_ENVIRONMENTS (ID_PAGE + 5)
#define STEPS 1000 /* of the bar */
#define LIST_HEIGHT 110

static void create_busy(struct wizard *self, const char *title, const char *text, DWORD style)
{
    struct ui *ui = &self->ui;

    wizard_title(self, title, false);
    ui_text(ui, text, ui->font, -1);
    ui_gap(ui, 24);
    SendMessageW(ui_control(ui, L"msctls_progress32", "", style, 0, ID_BAR, 20), PBM_SETRANGE32, 0, STEPS);
    ui_control(ui, L"STATIC", string(TEXT_PROGRESS_PREPARING), SS_LEFT | SS_NOPREFIX | SS_ENDELLIPSIS, 0, ID_STATE, 20);
}

/* --- Installing ------------------------------------------------------------------------------------------------------- */

static bool install(struct wizard *self, struct failure *why)
{
    return job_install(self->job, why);
}

static void create_installing(struct wizard *self)
{
    create_busy(self, string(TEXT_PROGRESS_TITLE),
                kept_format(string(TEXT_PROGRESS), self->facts->title, kept_backslashes(self->job->prefix)), 0);
    wizard_start(self, install);
}

static void tick_installing(struct wizard *self)
{
    struct report_state state = report_progress();
    const char *text = string(TEXT_PROGRESS_PREPARING);
    int step = state.total > 0 ? (int)((double)state.done / (double)state.total * STEPS) : 0;

    if (state.running && state.unit[0] != '\0')
        text = kept_format(string(TEXT_PROGRESS_UNIT), state.unit);
    else if (!state.running && state.total > 0)
        text = string(self->facts->compiles ? TEXT_PROGRESS_COMPILING : TEXT_PROGRESS_FINISHING);
    if (self->cancelling)
        text = string(TEXT_PROGRESS_BACK);
    SendDlgItemMessageW(self->ui.panel, ID_BAR, PBM_SETPOS, (WPARAM)step, 0);
    ui_set_text(&self->ui, ID_STATE, text);
}

const struct page PAGE_INSTALLING = {
    .next = TEXT_NEXT, .busy = true, .create = create_installing, .tick = tick_installing};

/* --- The end of both -------------------------------------------------------------------------------------------------- */

static void offer_log(struct wizard *self)
{
    if (report_log_path()[0] == '\0')
        return;
    ui_button(&self->ui, string(TEXT_SHOW_LOG), BS_AUTOCHECKBOX, ID_LOG);
    ui_check(&self->ui, ID_LOG, self->show_log);
}

static void end_page(struct wizard *self, const char *title, const char *text)
{
    wizard_title(self, title, true);
    ui_text(&self->ui, text, self->ui.font, -1);
    ui_gap(&self->ui, 12);
}

/* The half of the wizard that runs as administrator opens none: it would be one of an administrator. */
static bool has_prompt(const struct wizard *self)
{
    enum os_kind kind = OS_NOTHING;

    return !self->resumed && os_kind_of(kept_format("%s/cmd/keel.bat", self->job->prefix), &kind) == 0 && kind == OS_FILE;
}

static void create_done(struct wizard *self)
{
    const char *title = self->facts->title;

    if (self->why.code == CODE_CANCELLED) {
        end_page(self, string(TEXT_CANCELLED_TITLE), kept_format(string(TEXT_CANCELLED), title));
    } else if (self->why.code != CODE_DONE) {
        end_page(self, kept_format(string(TEXT_FAILED_TITLE), title),
                 kept_format(string(TEXT_FAILED), report_failure_text(&self->why, true)));
    } else {
        end_page(self, kept_format(string(TEXT_DONE_TITLE), title),
                 kept_format(string(TEXT_DONE), kept_backslashes(self->job->prefix)));
        if (has_prompt(self)) {
            ui_button(&self->ui, string(TEXT_DONE_PROMPT), BS_AUTOCHECKBOX, ID_PROMPT);
            ui_check(&self->ui, ID_PROMPT, self->show_prompt);
        }
    }
    offer_log(self);
}

static void store_end(struct wizard *self)
{
    self->show_prompt = ui_is_checked(&self->ui, ID_PROMPT);
    self->show_log = ui_is_checked(&self->ui, ID_LOG);
}

static void open_program(const char *program, const char *arguments)
{
    ShellExecuteW(NULL, NULL, kept_wide_path(system_expand(program)), kept_wide(arguments),
                  kept_wide_path(system_expand("%USERPROFILE%")), SW_SHOWNORMAL);
}

static bool leave_end(struct wizard *self)
{
    if (self->show_log)
        open_program("%SystemRoot%/System32/notepad.exe", kept_format("\"%s\"", report_log_path()));
    if (self->show_prompt)
        open_program("%SystemRoot%/System32/cmd.exe", integration_prompt(self->job->prefix));
    return true;
}

const struct page PAGE_DONE = {
    .next = TEXT_FINISH, .no_back = true, .last = true, .create = create_done, .store = store_end, .leave = leave_end};

/* --- Removing --------------------------------------------------------------------------------------------------------- */

static void create_removal(struct wizard *self)
{
    struct removal *removal = self->removal;
    struct ui *ui = &self->ui;
    HWND list;

    wizard_title(self, kept_format(string(TEXT_REMOVAL_PAGE_TITLE), self->facts->title, self->facts->version), false);
    ui_text(ui, kept_format(string(TEXT_REMOVAL_PAGE), kept_backslashes(removal->prefix)), ui->font, -1);
    if (removal->found.count == 0)
        return;
    ui_gap(ui, 8);
    ui_text(ui, string(TEXT_REMOVAL_ENVIRONMENTS), ui->font, -1);
    list = ui_control(ui, L"LISTBOX", "", WS_VSCROLL | WS_TABSTOP | LBS_NOINTEGRALHEIGHT | LBS_NOSEL, WS_EX_CLIENTEDGE,
                      ID_LIST, LIST_HEIGHT);
    for (size_t i = 0; i < removal->found.count; i++)
        SendMessageW(list, LB_ADDSTRING, 0, (LPARAM)kept_wide(removal->found.items[i]));
    ui_button(ui, string(TEXT_REMOVAL_ENVIRONMENTS_TOO), BS_AUTOCHECKBOX, ID_ENVIRONMENTS);
    ui_check(ui, ID_ENVIRONMENTS, removal->environments);
}

static void store_removal(struct wizard *self)
{
    if (self->removal->found.count > 0)
        self->removal->environments = ui_is_checked(&self->ui, ID_ENVIRONMENTS);
}

/* As administrator where it was installed as one; this half waits without a window. */
static bool leave_removal(struct wizard *self)
{
    struct failure why = {0};
    char *arguments = kept_format("/S /RemoveEnvironments=%d", self->removal->environments);

    if (!self->removal->record.all_users || self->elevated)
        return true;
    ShowWindow(self->ui.window, SW_HIDE);
    if (system_run_elevated(arguments, &self->code, &why)) {
        if (self->code == CODE_DONE || self->code == CODE_RESTART)
            wizard_message(self->title, kept_format(string(TEXT_REMOVED_TITLE), self->facts->title));
        else
            wizard_message(self->title, kept_format(string(TEXT_NOT_REMOVED_TITLE), self->facts->title));
        DestroyWindow(self->ui.window);
        return false;
    }
    ShowWindow(self->ui.window, SW_SHOW);
    wizard_complain(self, report_failure_text(&why, false));
    return false;
}

const struct page PAGE_REMOVAL = {
    .next = TEXT_REMOVE, .create = create_removal, .store = store_removal, .leave = leave_removal};

static bool remove_base(struct wizard *self, struct failure *why)
{
    return removal_run(self->removal, why);
}

static void create_removing(struct wizard *self)
{
    create_busy(self, string(TEXT_REMOVING_TITLE),
                kept_format(string(TEXT_REMOVING), self->facts->title, kept_backslashes(self->removal->prefix)), PBS_MARQUEE);
    ui_set_text(&self->ui, ID_STATE, "");
    SendDlgItemMessageW(self->ui.panel, ID_BAR, PBM_SETMARQUEE, TRUE, 30);
    wizard_start(self, remove_base);
}

const struct page PAGE_REMOVING = {.next = TEXT_NEXT, .busy = true, .create = create_removing};

static void create_removed(struct wizard *self)
{
    const struct removal *removal = self->removal;
    const char *text = string(TEXT_REMOVED);

    if (self->why.code != CODE_DONE) {
        end_page(self, kept_format(string(TEXT_NOT_REMOVED_TITLE), self->facts->title),
                 kept_format(string(TEXT_NOT_REMOVED), report_failure_text(&self->why, true)));
    } else {
        if (removal->left)
            text = kept_format(string(TEXT_REMOVED_REST), kept_backslashes(removal->prefix));
        if (removal->restart)
            text = kept_format("%s\n\n%s", text, string(TEXT_REMOVED_RESTART));
        self->code = removal->restart ? CODE_RESTART : CODE_DONE;
        end_page(self, kept_format(string(TEXT_REMOVED_TITLE), self->facts->title), text);
    }
    offer_log(self);
}

const struct page PAGE_REMOVED = {
    .next = TEXT_CLOSE, .no_back = true, .last = true, .create = create_removed, .store = store_end, .leave = leave_end};
