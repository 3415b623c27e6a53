/* Controls of a page, laid out from top to bottom in a panel; lengths are in pixels of a screen with 96 dots per inch and
 * grow with the screen's resolution and the size of text that the user has chosen. */
#ifndef KEEL_UI_H
#define KEEL_UI_H

#include <stdbool.h>

#include "os_windows.h"

#define UI_WIDTH 620 /* of the window's inside */
#define UI_HEIGHT 440
#define UI_FOOTER 56
#define UI_MARGIN 24
#define UI_PICTURE 164 /* width of the picture on the first and the last page */

/* scale: percent.  panel: what the controls of a page are in.  left, width, y: where the next control goes. */
struct ui {
    HWND window, panel;
    int scale, left, width, y;
    HFONT font, bold, title;
};

/* A length on this screen. */
int ui_scaled(const struct ui *ui, int length);

/* Measure the screen that the window is on (dots: per inch, or 0 to ask), and make the fonts for it. */
void ui_measure(struct ui *ui, int dots);

/* Remove all controls of the page, and begin another. left: where its column begins. */
void ui_begin(struct ui *ui, int left);

/* Text over as many lines as it needs. `font`: one of the three. */
HWND ui_text(struct ui *ui, const char *text, HFONT font, int id);
/* A check box or radio button (style: BS_AUTO...). indent: of what follows a choice. */
HWND ui_button(struct ui *ui, const char *text, DWORD style, int id);
void ui_indented_text(struct ui *ui, const char *text);
/* Any control across the column. */
HWND ui_control(struct ui *ui, const wchar_t *kind, const char *text, DWORD style, DWORD extended, int id, int height);
void ui_gap(struct ui *ui, int height);

/* The text of a control of the page, UTF-8. */
char *ui_text_of(const struct ui *ui, int id);
void ui_set_text(const struct ui *ui, int id, const char *text);
bool ui_is_checked(const struct ui *ui, int id);
void ui_check(const struct ui *ui, int id, bool checked);

#endif
