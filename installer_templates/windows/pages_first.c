/* The pages before the folder: welcome, license, who it is for. */
#include "kept.h"
#include "pages.h"
#include "report.h"
#include "resources.h"
#include "system.h"

#define ID_LICENSE (ID_PAGE + 0)
#define ID_ACCEPT (ID_PAGE + 1)
#define ID_DECLINE (ID_PAGE + 2)
#define ID_ME (ID_PAGE + 3)
#define ID_ALL (ID_PAGE + 4)
#define LICENSE_HEIGHT 208
#define SET_SHIELD 0x160c /* BCM_SETSHIELD */

/* --- Welcome ---------------------------------------------------------------------------------------------------------- */

static void create_welcome(struct wizard *self)
{
    const struct facts *facts = self->facts;
    struct ui *ui = &self->ui;

    wizard_title(self, kept_format(string(TEXT_WELCOME_TITLE), facts->title, facts->version), true);
    ui_text(ui, kept_format(string(TEXT_WELCOME), facts->python, facts->title), ui->font, -1);
    if (facts->company[0] != '\0') {
        ui_gap(ui, 12);
        ui_text(ui, kept_format(string(TEXT_WELCOME_COMPANY), facts->company), ui->font, -1);
    }
    if (facts->homepage[0] != '\0')
        ui_text(ui, facts->homepage, ui->font, -1);
}

const struct page PAGE_WELCOME = {.next = TEXT_NEXT, .create = create_welcome};

/* --- License ---------------------------------------------------------------------------------------------------------- */

/* Edit controls want \r\n. */
static char *with_carriage_returns(const char *text)
{
    size_t lines = 0, at = 0;
    char *copy;

    for (const char *from = text; *from != '\0'; from++)
        lines += *from == '\n';
    copy = kept((size_t)lstrlenA(text) + lines + 1);
    for (; *text != '\0'; text++) {
        if (*text == '\n')
            copy[at++] = '\r';
        if (*text != '\r')
            copy[at++] = *text;
    }
    return copy;
}

static void create_license(struct wizard *self)
{
    struct ui *ui = &self->ui;
    size_t size;
    const char *text = resource_copy(RESOURCE_LICENSE, &size);
    HWND edit;

    wizard_title(self, string(TEXT_LICENSE_TITLE), false);
    ui_text(ui, kept_format(string(TEXT_LICENSE), self->facts->title), ui->font, -1);
    edit = ui_control(ui, L"EDIT", "", ES_MULTILINE | ES_READONLY | WS_VSCROLL | WS_TABSTOP, WS_EX_CLIENTEDGE, ID_LICENSE,
                      LICENSE_HEIGHT);
    SendMessageW(edit, EM_SETLIMITTEXT, 0, 0);
    SetWindowTextW(edit, kept_wide(text != NULL ? with_carriage_returns(text) : ""));
    ui_button(ui, string(TEXT_LICENSE_ACCEPT), BS_AUTORADIOBUTTON | WS_GROUP, ID_ACCEPT);
    ui_button(ui, string(TEXT_LICENSE_DECLINE), BS_AUTORADIOBUTTON, ID_DECLINE);
    CheckRadioButton(ui->panel, ID_ACCEPT, ID_DECLINE, self->accepted ? ID_ACCEPT : ID_DECLINE);
    wizard_allow_next(self, self->accepted);
}

static void command_license(struct wizard *self, int id, int event)
{
    (void)event;
    if (id != ID_ACCEPT && id != ID_DECLINE)
        return;
    self->accepted = ui_is_checked(&self->ui, ID_ACCEPT);
    wizard_allow_next(self, self->accepted);
}

static bool skip_license(const struct wizard *self)
{
    return !self->facts->has_license;
}

const struct page PAGE_LICENSE = {
    .next = TEXT_NEXT, .create = create_license, .command = command_license, .skip = skip_license};

/* --- Who it is for ---------------------------------------------------------------------------------------------------- */

static void show_shield(const struct wizard *self)
{
    SendMessageW(self->next, SET_SHIELD, 0, self->job->wishes.all_users && !self->elevated);
}

static void create_scope(struct wizard *self)
{
    struct ui *ui = &self->ui;

    wizard_title(self, string(TEXT_SCOPE_TITLE), false);
    ui_text(ui, kept_format(string(TEXT_SCOPE), self->facts->title), ui->font, -1);
    ui_gap(ui, 8);
    ui_button(ui, string(TEXT_SCOPE_ME), BS_AUTORADIOBUTTON | WS_GROUP, ID_ME);
    ui_indented_text(ui, string(TEXT_SCOPE_ME_MORE));
    ui_gap(ui, 8);
    ui_button(ui, string(TEXT_SCOPE_ALL), BS_AUTORADIOBUTTON, ID_ALL);
    ui_indented_text(ui, string(TEXT_SCOPE_ALL_MORE));
    CheckRadioButton(ui->panel, ID_ME, ID_ALL, self->job->wishes.all_users ? ID_ALL : ID_ME);
    show_shield(self);
}

static void store_scope(struct wizard *self)
{
    self->job->wishes.all_users = ui_is_checked(&self->ui, ID_ALL);
    SendMessageW(self->next, SET_SHIELD, 0, FALSE);
    if (!self->prefix_chosen)
        self->job->prefix = job_default_prefix(self->job);
}

static void command_scope(struct wizard *self, int id, int event)
{
    (void)event;
    if (id != ID_ME && id != ID_ALL)
        return;
    self->job->wishes.all_users = ui_is_checked(&self->ui, ID_ALL);
    show_shield(self);
}

static const char *word(const char *option, bool value)
{
    return kept_format(" /%s=%d", option, value);
}

/* The second half of the wizard runs as administrator, and this one waits for it without a window. */
static bool leave_scope(struct wizard *self)
{
    const struct wishes *wishes = &self->job->wishes;
    struct failure why = {0};
    char *arguments;

    if (!wishes->all_users || self->elevated)
        return true;
    arguments = kept_format("/Resume /InstallationType=AllUsers%s%s%s%s%s", word("NoRegistry", !wishes->registry),
                            word("NoShortcuts", !wishes->shortcuts), word("AddToPath", wishes->add_to_path),
                            word("RegisterPython", wishes->register_python),
                            self->prefix_chosen ? kept_format(" /D=%s", kept_backslashes(self->job->prefix)) : "");
    report_log("starting again as administrator");
    ShowWindow(self->ui.window, SW_HIDE);
    if (system_run_elevated(arguments, &self->code, &why)) {
        DestroyWindow(self->ui.window);
        return false;
    }
    ShowWindow(self->ui.window, SW_SHOW);
    wizard_complain(self, report_failure_text(&why, false));
    return false;
}

const struct page PAGE_SCOPE = {
    .next = TEXT_NEXT, .create = create_scope, .store = store_scope, .command = command_scope, .leave = leave_scope};
