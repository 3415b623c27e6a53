/* The wizard's window: its frame, its buttons, and the messages that Windows sends to it. */
#ifndef KEEL_WINDOW_H
#define KEEL_WINDOW_H

#include "pages.h"

#define WINDOW_CLASS L"KeelSetup"

/* Open the window on the wizard's current page, and return the exit code when it has been closed. */
int window_run(struct wizard *self);

/* Put panel and buttons to their places; on the last page one button takes that of the others. */
void window_place_frame(const struct wizard *self);

/* What the wizard does when a button is pressed, and ten times a second. */
const struct page *wizard_page(const struct wizard *self);
void wizard_show_page(struct wizard *self);
void wizard_store_page(struct wizard *self);
void wizard_go(struct wizard *self, int step);
void wizard_press_next(struct wizard *self);
void wizard_press_cancel(struct wizard *self);
void wizard_tick(struct wizard *self);

#endif
