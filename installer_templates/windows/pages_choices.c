/* The pages on which the user chooses: folder and options. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kept.h"
#include "os.h"
#include "pages.h"
#include "report.h"
#include "room.h"
#include "system.h"
#include <shlobj.h>

#define ID_FOLDER (ID_PAGE + 0)
#define ID_BROWSE (ID_PAGE + 1)
#define ID_SPACE (ID_PAGE + 2)
#define ID_PROBLEM (ID_PAGE + 3)
#define ID_LONG_PATHS (ID_PAGE + 4)
#define ID_PATH (ID_PAGE + 5)
#define ID_PYTHON (ID_PAGE + 6)
#define ID_SHORTCUTS (ID_PAGE + 7)
#define ID_SHELLS (ID_PAGE + 8)
#define BROWSE_WIDTH 100
#define PROBLEM_HEIGHT 84

/* --- Folder ----------------------------------------------------------------------------------------------------------- */

/* "712 MB" or "3.4 GB" */
static char *size_text(uint64_t bytes)
{
    uint64_t megabytes = (bytes + 999999) / 1000000;

    if (megabytes < 10000)
        return kept_format("%llu MB", (unsigned long long)megabytes);
    return kept_format("%llu.%llu GB", (unsigned long long)(megabytes / 1000), (unsigned long long)(megabytes / 100 % 10));
}

static bool is_too_long(const struct failure *why)
{
    return why->code == CODE_PREFIX && strstr(why->message, "is too long") != NULL;
}

/* What is typed is judged at once, so that nobody has to press Next to learn that it will not do. */
static void judge_folder(struct wizard *self)
{
    struct failure why = {0};
    uint64_t bytes, inodes;
    char *typed = ui_text_of(&self->ui, ID_FOLDER);
    bool fine;

    self->job->prefix = kept_slashes(kept_wide(typed));
    fine = strlen(self->job->prefix) > 2 && os_root_length(self->job->prefix) > 1;
    if (fine && room_free(self->job->prefix, &bytes, &inodes) == 0)
        ui_set_text(&self->ui, ID_SPACE,
                    kept_format(string(TEXT_FOLDER_SPACE), size_text(self->job->bytes), size_text(bytes)));
    else
        ui_set_text(&self->ui, ID_SPACE, kept_format(string(TEXT_FOLDER_SPACE_UNKNOWN), size_text(self->job->bytes)));
    self->job->long_paths = false;
    fine = fine && job_check(self->job, &why);
    ui_set_text(&self->ui, ID_PROBLEM, why.code != CODE_DONE ? report_failure_text(&why, true) : "");
    ShowWindow(GetDlgItem(self->ui.panel, ID_LONG_PATHS), is_too_long(&why) ? SW_SHOW : SW_HIDE);
    if (is_too_long(&why))
        fine = self->job->long_paths = ui_is_checked(&self->ui, ID_LONG_PATHS);
    wizard_allow_next(self, fine);
}

static void create_folder(struct wizard *self)
{
    struct ui *ui = &self->ui;
    HWND edit;
    int y;

    wizard_title(self, string(TEXT_FOLDER_TITLE), false);
    ui_text(ui, kept_format(string(TEXT_FOLDER), self->facts->title), ui->font, -1);
    ui_gap(ui, 8);
    ui_control(ui, L"STATIC", string(TEXT_FOLDER_LABEL), SS_LEFT, 0, -1, 18); /* its letter leads to the next control */
    y = ui->y;
    ui->width -= BROWSE_WIDTH + 8;
    edit = ui_control(ui, L"EDIT", kept_backslashes(self->job->prefix), ES_AUTOHSCROLL | WS_TABSTOP, WS_EX_CLIENTEDGE,
                      ID_FOLDER, 24);
    ui->width += BROWSE_WIDTH + 8;
    ui->y = y;
    ui->left += ui->width - BROWSE_WIDTH;
    ui->width = BROWSE_WIDTH;
    ui_control(ui, L"BUTTON", string(TEXT_FOLDER_BROWSE), BS_PUSHBUTTON | WS_TABSTOP, 0, ID_BROWSE, 24);
    ui->left = UI_MARGIN;
    ui->width = UI_WIDTH - 2 * UI_MARGIN;
    ui_control(ui, L"STATIC", "", SS_LEFT | SS_NOPREFIX, 0, ID_SPACE, 18);
    ui_gap(ui, 8);
    ui_control(ui, L"STATIC", "", SS_LEFT | SS_NOPREFIX | SS_EDITCONTROL, 0, ID_PROBLEM, PROBLEM_HEIGHT);
    ui_button(ui, string(TEXT_FOLDER_LONG_PATHS), BS_AUTOCHECKBOX, ID_LONG_PATHS);
    ui_check(ui, ID_LONG_PATHS, self->job->long_paths);
    SendMessageW(edit, EM_SETSEL, 0, -1);
    judge_folder(self);
}

static void store_folder(struct wizard *self)
{
    self->job->prefix = kept_slashes(kept_wide(ui_text_of(&self->ui, ID_FOLDER)));
}

/* The chosen folder holds the new one. */
static void browse(struct wizard *self)
{
    wchar_t path[MAX_PATH];
    BROWSEINFOW how = {.hwndOwner = self->ui.window, .lpszTitle = wide_string(TEXT_FOLDER_PICK),
                       .ulFlags = BIF_RETURNONLYFSDIRS | BIF_NEWDIALOGSTYLE};
    PIDLIST_ABSOLUTE picked = SHBrowseForFolderW(&how);
    const char *folder;

    if (picked == NULL)
        return;
    if (SHGetPathFromIDListW(picked, path)) {
        folder = kept_narrow(path);
        ui_set_text(&self->ui, ID_FOLDER,
                    kept_format("%s%s%s", folder, folder[strlen(folder) - 1] == '\\' ? "" : "\\", self->facts->id));
        self->prefix_chosen = true;
    }
    CoTaskMemFree(picked);
}

static void command_folder(struct wizard *self, int id, int event)
{
    if (id == ID_BROWSE && event == BN_CLICKED)
        browse(self);
    if (id == ID_FOLDER && event == EN_CHANGE && GetFocus() == GetDlgItem(self->ui.panel, ID_FOLDER))
        self->prefix_chosen = true;
    if ((id == ID_FOLDER && event == EN_CHANGE) || (id == ID_LONG_PATHS && event == BN_CLICKED))
        judge_folder(self);
}

/* Only the setting itself needs an administrator, so only that is done as one. */
static bool leave_folder(struct wizard *self)
{
    struct failure why = {0};
    int code = CODE_DONE;

    if (!self->job->long_paths || system_has_long_paths() || self->elevated)
        return true;
    if (system_run_elevated("/OnlyEnableLongPaths", &code, &why) && code == CODE_DONE && system_has_long_paths()) {
        self->job->long_paths = false;
        return true;
    }
    wizard_complain(self, why.code != CODE_DONE ? report_failure_text(&why, false) : string(TEXT_FOLDER_LONG_PATHS));
    return false;
}

const struct page PAGE_FOLDER = {
    .next = TEXT_NEXT, .create = create_folder, .store = store_folder, .command = command_folder, .leave = leave_folder};

/* --- Options ---------------------------------------------------------------------------------------------------------- */

static void create_options(struct wizard *self)
{
    const struct wishes *wishes = &self->job->wishes;
    const struct facts *facts = self->facts;
    struct ui *ui = &self->ui;
    char minor[16];

    facts_python_minor(facts, minor);
    wizard_title(self, string(TEXT_OPTIONS_TITLE), false);
    ui_text(ui, string(TEXT_OPTIONS), ui->font, -1);
    ui_gap(ui, 8);
    if (wishes->registry) {
        ui_button(ui, string(TEXT_OPTIONS_PATH), BS_AUTOCHECKBOX, ID_PATH);
        ui_indented_text(ui, string(wishes->all_users ? TEXT_OPTIONS_PATH_ALL : TEXT_OPTIONS_PATH_ME));
        ui_button(ui, string(TEXT_OPTIONS_PYTHON), BS_AUTOCHECKBOX, ID_PYTHON);
        ui_indented_text(ui, kept_format(string(TEXT_OPTIONS_PYTHON_MORE), minor,
                                         facts->company[0] != '\0' ? facts->company : facts->title));
    }
    ui_button(ui, string(TEXT_OPTIONS_SHORTCUTS), BS_AUTOCHECKBOX, ID_SHORTCUTS);
    if (!wishes->all_users) { /* start-up files belong to one user */
        ui_button(ui, string(TEXT_OPTIONS_SHELLS), BS_AUTOCHECKBOX, ID_SHELLS);
        ui_indented_text(ui, string(TEXT_OPTIONS_SHELLS_MORE));
    }
    ui_check(ui, ID_PATH, wishes->add_to_path);
    ui_check(ui, ID_PYTHON, wishes->register_python);
    ui_check(ui, ID_SHORTCUTS, wishes->shortcuts);
    ui_check(ui, ID_SHELLS, wishes->init_shells);
}

static void store_options(struct wizard *self)
{
    struct wishes *wishes = &self->job->wishes;

    wishes->add_to_path = ui_is_checked(&self->ui, ID_PATH);
    wishes->register_python = ui_is_checked(&self->ui, ID_PYTHON);
    wishes->shortcuts = ui_is_checked(&self->ui, ID_SHORTCUTS);
    wishes->init_shells = ui_is_checked(&self->ui, ID_SHELLS);
}

static bool leave_options(struct wizard *self)
{
    struct failure why = {0};

    if (job_check(self->job, &why))
        return true;
    wizard_complain(self, report_failure_text(&why, true));
    return false;
}

const struct page PAGE_OPTIONS = {
    .next = TEXT_INSTALL, .create = create_options, .store = store_options, .leave = leave_options};
