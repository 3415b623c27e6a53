#include "wizard.h"

#include "kept.h"
#include "os.h"
#include "pages.h"
#include "report.h"
#include "system.h"
#include "window.h"
#include <objbase.h>

#define SIGNAL_INT 2

/* --- Pages ------------------------------------------------------------------------------------------------------------ */

const struct page *wizard_page(const struct wizard *self)
{
    return self->pages[self->page];
}

static bool has_earlier_page(const struct wizard *self)
{
    for (int i = self->page - 1; i >= 0; i--)
        if (self->pages[i]->skip == NULL || !self->pages[i]->skip(self))
            return !wizard_page(self)->no_back && !wizard_page(self)->busy;
    return false;
}

/* Disabling the control that has the keyboard would leave it to nobody. */
void wizard_show_page(struct wizard *self)
{
    const struct page *page = wizard_page(self);
    HWND first;

    SetWindowTextW(self->next, wide_string(page->next));
    window_place_frame(self);
    ShowWindow(self->back, page->last ? SW_HIDE : SW_SHOW);
    ShowWindow(self->cancel, page->last ? SW_HIDE : SW_SHOW);
    EnableWindow(self->back, has_earlier_page(self));
    EnableWindow(self->next, !page->busy);
    EnableWindow(self->cancel, !self->cancelling && !(page->busy && self->removal != NULL));
    page->create(self);
    first = GetNextDlgTabItem(self->ui.panel, NULL, FALSE);
    if (page->busy)
        SetFocus(self->cancel);
    else if (first != NULL && IsChild(self->ui.panel, first))
        SetFocus(first);
    else
        SetFocus(self->next);
}

void wizard_store_page(struct wizard *self)
{
    if (wizard_page(self)->store != NULL)
        wizard_page(self)->store(self);
}

void wizard_go(struct wizard *self, int step)
{
    int page = self->page + step;

    wizard_store_page(self);
    while (page > 0 && page < self->page_count && self->pages[page]->skip != NULL && self->pages[page]->skip(self))
        page += step;
    if (page < 0 || page >= self->page_count)
        return;
    self->page = page;
    wizard_show_page(self);
}

void wizard_press_next(struct wizard *self)
{
    const struct page *page = wizard_page(self);

    if (!IsWindowEnabled(self->next))
        return;
    wizard_store_page(self);
    if (page->leave != NULL && !page->leave(self))
        return;
    if (page->last)
        DestroyWindow(self->ui.window);
    else
        wizard_go(self, 1);
}

/* The window closes at once unless something is being installed: then that is put back first. */
void wizard_press_cancel(struct wizard *self)
{
    if (wizard_page(self)->last) {
        DestroyWindow(self->ui.window);
    } else if (!wizard_page(self)->busy) {
        self->code = CODE_CANCELLED;
        DestroyWindow(self->ui.window);
    } else if (self->removal == NULL && !self->cancelling && wizard_ask(self, string(TEXT_CANCEL_QUESTION)) &&
               !atomic_load(&self->finished)) {
        self->cancelling = true;
        EnableWindow(self->cancel, FALSE);
        atomic_store(&os_cancelled, SIGNAL_INT);
    }
}

void wizard_title(struct wizard *self, const char *title, bool with_picture)
{
    struct ui *ui = &self->ui;

    ui_begin(ui, with_picture ? UI_PICTURE + UI_MARGIN : UI_MARGIN);
    if (with_picture) {
        DWORD style = self->picture != NULL ? SS_BITMAP : SS_OWNERDRAW;
        HWND picture = CreateWindowExW(0, L"STATIC", NULL, WS_CHILD | WS_VISIBLE | style, 0, 0, ui_scaled(ui, UI_PICTURE),
                                       ui_scaled(ui, UI_HEIGHT - UI_FOOTER), ui->panel, NULL, GetModuleHandleW(NULL), NULL);
        if (self->picture != NULL)
            SendMessageW(picture, STM_SETIMAGE, IMAGE_BITMAP, (LPARAM)self->picture);
    }
    ui_text(ui, title, ui->title, -1);
    ui_gap(ui, 8);
}

void wizard_allow_next(struct wizard *self, bool allowed)
{
    EnableWindow(self->next, allowed);
}

void wizard_complain(struct wizard *self, const char *text)
{
    MessageBoxW(self->ui.window, kept_wide(text), kept_wide(self->title), MB_OK | MB_ICONWARNING);
}

bool wizard_ask(struct wizard *self, const char *text)
{
    return MessageBoxW(self->ui.window, kept_wide(text), kept_wide(self->title), MB_YESNO | MB_ICONQUESTION | MB_DEFBUTTON2) ==
           IDYES;
}

void wizard_message(const char *title, const char *text)
{
    MessageBoxW(NULL, kept_wide(text), kept_wide(title), MB_OK | MB_SETFOREGROUND);
}

/* --- The work of a busy page ------------------------------------------------------------------------------------------ */

struct work {
    struct wizard *wizard;
    bool (*work)(struct wizard *wizard, struct failure *why);
};

static DWORD WINAPI run_work(void *argument)
{
    const struct work *work = argument;

    CoInitializeEx(NULL, COINIT_APARTMENTTHREADED | COINIT_DISABLE_OLE1DDE);
    work->work(work->wizard, &work->wizard->why);
    CoUninitialize();
    atomic_store(&work->wizard->finished, true);
    return 0;
}

void wizard_start(struct wizard *self, bool (*work)(struct wizard *wizard, struct failure *why))
{
    struct work *argument;

    if (self->thread != NULL)
        return;
    argument = kept(sizeof *argument);
    *argument = (struct work){self, work};
    self->thread = CreateThread(NULL, 0, run_work, argument, 0, NULL);
    if (self->thread == NULL)
        run_work(argument);
}

void wizard_tick(struct wizard *self)
{
    if (wizard_page(self)->tick != NULL)
        wizard_page(self)->tick(self);
    if (!wizard_page(self)->busy || !atomic_load(&self->finished))
        return;
    if (self->why.code != CODE_DONE)
        report_failure(&self->why);
    self->code = self->why.code;
    wizard_go(self, 1);
    FlashWindow(self->ui.window, GetForegroundWindow() != self->ui.window);
}

/* --- Both wizards ----------------------------------------------------------------------------------------------------- */

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

/* One wizard for each distribution: another one is brought to the front. */
static bool is_only_one(const struct wizard *self)
{
    const char *name = kept_format("Local\\KeelSetup-%s-%s", self->facts->id, self->facts->label);
    HWND other;

    CreateMutexW(NULL, FALSE, kept_wide(name)); /* until the program ends */
    if (GetLastError() != ERROR_ALREADY_EXISTS)
        return true;
    other = FindWindowW(WINDOW_CLASS, kept_wide(self->title));
    if (other != NULL)
        SetForegroundWindow(other);
    wizard_message(self->title, kept_format(string(TEXT_SECOND_INSTANCE), self->facts->title));
    return false;
}

int wizard_install(struct job *job, const struct options *options)
{
    static const struct page *const pages[] = {&PAGE_WELCOME, &PAGE_LICENSE,    &PAGE_SCOPE, &PAGE_FOLDER,
                                               &PAGE_OPTIONS, &PAGE_INSTALLING, &PAGE_DONE};
    struct wizard *self = kept(sizeof *self);
    struct failure why = {0};

    *self = (struct wizard){.pages = pages, .page_count = COUNT(pages), .facts = job->facts, .job = job};
    self->title = kept_format(string(TEXT_SETUP_TITLE), job->facts->title, job->facts->version);
    self->elevated = system_is_elevated();
    self->prefix_chosen = options->prefix[0] != '\0';
    if (!system_check(&why)) {
        report_failure(&why);
        wizard_message(self->title, report_failure_text(&why, true));
        return why.code;
    }
    if (system_in_archive_viewer(job->self)) {
        report_log("%s", string(TEXT_ARCHIVE_VIEWER));
        wizard_message(self->title, string(TEXT_ARCHIVE_VIEWER));
        return CODE_SYSTEM;
    }
    if (!options->resume && !is_only_one(self))
        return CODE_BUSY;
    if (options->resume) { /* what the first half has settled */
        self->accepted = self->resumed = true;
        self->page = 3;
    }
    return window_run(self);
}

int wizard_remove(struct removal *removal, const struct facts *facts)
{
    static const struct page *const pages[] = {&PAGE_REMOVAL, &PAGE_REMOVING, &PAGE_REMOVED};
    struct wizard *self = kept(sizeof *self);

    *self = (struct wizard){.pages = pages, .page_count = COUNT(pages), .facts = facts, .removal = removal};
    self->title = kept_format(string(TEXT_REMOVAL_TITLE), facts->title, facts->version);
    self->elevated = system_is_elevated();
    return window_run(self);
}
