/* What the wizard's window and its pages know of each other. */
#ifndef KEEL_PAGES_H
#define KEEL_PAGES_H

#include <stdatomic.h>
#include <stdbool.h>

#include "failure.h"
#include "job.h"
#include "options.h"
#include "removal.h"
#include "strings.h"
#include "ui.h"

#define ID_NEXT IDOK /* Enter presses it */
#define ID_CANCEL IDCANCEL
#define ID_BACK 100
#define ID_PAGE 200 /* the controls of pages count from here */

struct wizard;

/* One page. create: makes its controls from the wizard's state.  store: keeps what they say (NULL: nothing to keep).
 * leave: whether Next may go on (NULL: always); tells the user why not.  command: a control has something to say.
 * tick: ten times a second.  skip: whether there is nothing to ask. */
struct page {
    enum string next; /* the text of the button */
    bool no_back, busy, last;
    void (*create)(struct wizard *wizard);
    void (*store)(struct wizard *wizard);
    bool (*leave)(struct wizard *wizard);
    void (*command)(struct wizard *wizard, int id, int event);
    void (*tick)(struct wizard *wizard);
    bool (*skip)(const struct wizard *wizard);
};

/* job: of an installation.  removal: of the other.  resumed: an earlier process has shown the first pages.  why, done: how it ended.  code: what the program ends with. */
struct wizard {
    struct ui ui;
    HWND back, next, cancel;
    const struct page *const *pages;
    int page, page_count;
    const struct facts *facts;
    struct job *job;
    struct removal *removal;
    bool accepted, elevated, resumed, prefix_chosen, show_prompt, show_log;
    const char *title;
    HBITMAP picture;
    HANDLE thread;
    atomic_bool finished;
    bool cancelling;
    struct failure why;
    int code;
};

extern const struct page PAGE_WELCOME, PAGE_LICENSE, PAGE_SCOPE, PAGE_FOLDER, PAGE_OPTIONS, PAGE_INSTALLING, PAGE_DONE;
extern const struct page PAGE_REMOVAL, PAGE_REMOVING, PAGE_REMOVED;

/* For pages: the title of a page, its column begun. */
void wizard_title(struct wizard *wizard, const char *title, bool with_picture);
/* Enable or disable Next. */
void wizard_allow_next(struct wizard *wizard, bool allowed);
/* A message over the window; true for Yes. */
void wizard_complain(struct wizard *wizard, const char *text);
bool wizard_ask(struct wizard *wizard, const char *text);
/* Run the work of a busy page on a thread of its own, once; the next page is shown when it ends. */
void wizard_start(struct wizard *wizard, bool (*work)(struct wizard *wizard, struct failure *why));

#endif
