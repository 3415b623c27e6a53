#include "ui.h"

#include <string.h>

#include "kept.h"

#define CHOICE_INDENT 20
#define SPACING 8

/* Functions that Windows 8.1 and the first Windows 10 lack; the program must start there to say that it is too old. */
static FARPROC user32(const char *name)
{
    return GetProcAddress(GetModuleHandleW(L"user32.dll"), name);
}

static int dots_per_inch(HWND window)
{
    UINT(WINAPI * of_window)(HWND) = (UINT(WINAPI *)(HWND))(void *)user32("GetDpiForWindow");
    int dots = of_window != NULL ? (int)of_window(window) : 0;
    HDC screen;

    if (dots == 0) {
        screen = GetDC(NULL);
        dots = GetDeviceCaps(screen, LOGPIXELSX);
        ReleaseDC(NULL, screen);
    }
    return dots;
}

/* "Make text bigger" in Windows' settings, in percent. */
static int text_percent(void)
{
    DWORD percent = 100, size = sizeof percent;

    if (RegGetValueW(HKEY_CURRENT_USER, L"Software\\Microsoft\\Accessibility", L"TextScaleFactor", RRF_RT_REG_DWORD, NULL,
                     &percent, &size) != ERROR_SUCCESS ||
        percent < 100 || percent > 225)
        return 100;
    return (int)percent;
}

int ui_scaled(const struct ui *ui, int length)
{
    return MulDiv(length, ui->scale, 100);
}

static HFONT make_font(const LOGFONTW *like, int height, int weight)
{
    LOGFONTW font = *like;

    font.lfHeight = -height;
    font.lfWidth = 0;
    font.lfWeight = weight;
    return CreateFontIndirectW(&font);
}

void ui_measure(struct ui *ui, int dots)
{
    NONCLIENTMETRICSW metrics = {.cbSize = sizeof metrics};
    HFONT old[] = {ui->font, ui->bold, ui->title};
    RECT room;
    int most;

    ui->scale = MulDiv(dots > 0 ? dots : dots_per_inch(ui->window), text_percent(), 96);
    /* A window that does not fit on the screen is of no use. */
    if (SystemParametersInfoW(SPI_GETWORKAREA, 0, &room, 0) && room.bottom > room.top) {
        most = MulDiv(room.bottom - room.top, 90, UI_HEIGHT + 40);
        ui->scale = ui->scale > most && most >= 100 ? most : ui->scale;
    }
    SystemParametersInfoW(SPI_GETNONCLIENTMETRICS, sizeof metrics, &metrics, 0);
    ui->font = make_font(&metrics.lfMessageFont, ui_scaled(ui, 12), FW_NORMAL);
    ui->bold = make_font(&metrics.lfMessageFont, ui_scaled(ui, 12), FW_SEMIBOLD);
    ui->title = make_font(&metrics.lfMessageFont, ui_scaled(ui, 19), FW_NORMAL);
    for (int i = 0; i < 3; i++)
        if (old[i] != NULL)
            DeleteObject(old[i]);
}

void ui_begin(struct ui *ui, int left)
{
    HWND child;

    while ((child = GetWindow(ui->panel, GW_CHILD)) != NULL)
        DestroyWindow(child);
    ui->left = left;
    ui->width = UI_WIDTH - left - UI_MARGIN;
    ui->y = UI_MARGIN;
    InvalidateRect(ui->panel, NULL, TRUE);
}

static HWND create(const struct ui *ui, const wchar_t *kind, const char *text, DWORD style, DWORD extended, int id, RECT place)
{
    HWND control = CreateWindowExW(extended, kind, kept_wide(text), style | WS_CHILD | WS_VISIBLE, place.left, place.top,
                                   place.right - place.left, place.bottom - place.top, ui->panel, (HMENU)(INT_PTR)id,
                                   GetModuleHandleW(NULL), NULL);

    SendMessageW(control, WM_SETFONT, (WPARAM)ui->font, FALSE);
    return control;
}

/* The place of the next control: `height` pixels of this screen. */
static RECT take_place(struct ui *ui, int indent, int height)
{
    RECT place = {ui_scaled(ui, ui->left + indent), ui_scaled(ui, ui->y), ui_scaled(ui, ui->left + ui->width), 0};

    place.bottom = place.top + height;
    ui->y += MulDiv(height, 100, ui->scale) + SPACING;
    return place;
}

/* How high a text becomes in the column. */
static int text_height(const struct ui *ui, const char *text, HFONT font, int indent)
{
    RECT room = {0, 0, ui_scaled(ui, ui->width - indent), 0};
    HDC screen = GetDC(ui->panel);
    HGDIOBJ before = SelectObject(screen, font);

    DrawTextW(screen, kept_wide(text), -1, &room, DT_CALCRECT | DT_WORDBREAK | DT_NOPREFIX | DT_EDITCONTROL);
    SelectObject(screen, before);
    ReleaseDC(ui->panel, screen);
    return room.bottom + ui_scaled(ui, 2);
}

HWND ui_text(struct ui *ui, const char *text, HFONT font, int id)
{
    /* SS_EDITCONTROL breaks words that are too long for a line, such as paths. */
    RECT place = take_place(ui, 0, text_height(ui, text, font, 0));
    HWND control = create(ui, L"STATIC", text, SS_LEFT | SS_NOPREFIX | SS_EDITCONTROL, 0, id, place);

    SendMessageW(control, WM_SETFONT, (WPARAM)font, FALSE);
    return control;
}

HWND ui_button(struct ui *ui, const char *text, DWORD style, int id)
{
    RECT place = take_place(ui, 0, text_height(ui, text, ui->font, CHOICE_INDENT) + ui_scaled(ui, 4));

    return create(ui, L"BUTTON", text, style | WS_TABSTOP | BS_MULTILINE, 0, id, place);
}

void ui_indented_text(struct ui *ui, const char *text)
{
    ui->y -= SPACING - 2;
    create(ui, L"STATIC", text, SS_LEFT | SS_NOPREFIX, 0, -1,
           take_place(ui, CHOICE_INDENT, text_height(ui, text, ui->font, CHOICE_INDENT)));
}

HWND ui_control(struct ui *ui, const wchar_t *kind, const char *text, DWORD style, DWORD extended, int id, int height)
{
    return create(ui, kind, text, style, extended, id, take_place(ui, 0, ui_scaled(ui, height)));
}

void ui_gap(struct ui *ui, int height)
{
    ui->y += height;
}

char *ui_text_of(const struct ui *ui, int id)
{
    HWND control = GetDlgItem(ui->panel, id);
    int length = GetWindowTextLengthW(control);
    wchar_t *text = kept(((size_t)length + 1) * sizeof *text);

    GetWindowTextW(control, text, length + 1);
    return kept_narrow(text);
}

void ui_set_text(const struct ui *ui, int id, const char *text)
{
    HWND control = GetDlgItem(ui->panel, id);
    char *now = ui_text_of(ui, id);

    if (strcmp(now, text) != 0) /* painting the same again flickers */
        SetWindowTextW(control, kept_wide(text));
}

bool ui_is_checked(const struct ui *ui, int id)
{
    return IsDlgButtonChecked(ui->panel, id) == BST_CHECKED;
}

void ui_check(const struct ui *ui, int id, bool checked)
{
    CheckDlgButton(ui->panel, id, checked ? BST_CHECKED : BST_UNCHECKED);
}
