#include "window.h"

#include "kept.h"
#include "os.h"
#include "picture.h"
#include "report.h"
#include "resources.h"
#include <commctrl.h>

#define PANEL_CLASS L"KeelSetupPanel"
#define TICK 100 /* milliseconds */
#define SIGNAL_INT 2
#define DPI_CHANGED 0x02e0 /* WM_DPICHANGED, which headers for older Windows lack */
#define BUTTON_WIDTH 92
#define BUTTON_HEIGHT 28
#define STYLE (WS_OVERLAPPED | WS_CAPTION | WS_SYSMENU | WS_MINIMIZEBOX)

static void place_button(const struct wizard *self, HWND button, int right)
{
    const struct ui *ui = &self->ui;
    int x = ui_scaled(ui, UI_WIDTH - right - BUTTON_WIDTH);
    int y = ui_scaled(ui, UI_HEIGHT - UI_FOOTER + (UI_FOOTER - BUTTON_HEIGHT) / 2);

    SetWindowPos(button, NULL, x, y, ui_scaled(ui, BUTTON_WIDTH), ui_scaled(ui, BUTTON_HEIGHT), SWP_NOZORDER);
    SendMessageW(button, WM_SETFONT, (WPARAM)ui->font, TRUE);
}

void window_place_frame(const struct wizard *self)
{
    const struct ui *ui = &self->ui;

    SetWindowPos(ui->panel, NULL, 0, 0, ui_scaled(ui, UI_WIDTH), ui_scaled(ui, UI_HEIGHT - UI_FOOTER), SWP_NOZORDER);
    place_button(self, self->cancel, UI_MARGIN);
    place_button(self, self->next, UI_MARGIN + (wizard_page(self)->last ? 0 : BUTTON_WIDTH + 16));
    place_button(self, self->back, UI_MARGIN + 2 * BUTTON_WIDTH + 16 + 4);
}

static struct wizard *wizard_of(HWND window)
{
    return (struct wizard *)GetWindowLongPtrW(window, GWLP_USERDATA);
}

static void load_picture(struct wizard *self)
{
    size_t size = 0;
    const void *data = self->facts->has_picture ? resource_copy(RESOURCE_PICTURE, &size) : NULL;

    if (self->picture != NULL)
        DeleteObject(self->picture);
    self->picture = NULL;
    if (data != NULL)
        self->picture = picture_load(data, size, ui_scaled(&self->ui, UI_PICTURE),
                                     ui_scaled(&self->ui, UI_HEIGHT - UI_FOOTER));
}

/* Another screen, or another size of text: everything is made anew from what the pages have stored. */
static void change_dots(struct wizard *self, int dots, const RECT *place)
{
    wizard_store_page(self);
    ui_measure(&self->ui, dots);
    load_picture(self);
    SetWindowPos(self->ui.window, NULL, place->left, place->top, place->right - place->left, place->bottom - place->top,
                 SWP_NOZORDER | SWP_NOACTIVATE);
    wizard_show_page(self);
}

static void paint_footer(const struct wizard *self, HDC context)
{
    RECT room = {0, ui_scaled(&self->ui, UI_HEIGHT - UI_FOOTER), ui_scaled(&self->ui, UI_WIDTH),
                 ui_scaled(&self->ui, UI_HEIGHT)};

    FillRect(context, &room, GetSysColorBrush(COLOR_BTNFACE));
    room.bottom = room.top + 1;
    FillRect(context, &room, GetSysColorBrush(COLOR_3DLIGHT));
}

/* The place of a picture where the recipe has none: the title on the colour of selections. */
static void paint_picture(const struct wizard *self, const DRAWITEMSTRUCT *item)
{
    RECT room = item->rcItem;

    FillRect(item->hDC, &room, GetSysColorBrush(COLOR_HIGHLIGHT));
    SetBkMode(item->hDC, TRANSPARENT);
    SetTextColor(item->hDC, GetSysColor(COLOR_HIGHLIGHTTEXT));
    SelectObject(item->hDC, self->ui.title);
    InflateRect(&room, -ui_scaled(&self->ui, 16), -ui_scaled(&self->ui, UI_MARGIN));
    DrawTextW(item->hDC, kept_wide(self->facts->title), -1, &room, DT_WORDBREAK | DT_EDITCONTROL | DT_NOPREFIX);
}

static LRESULT CALLBACK panel_procedure(HWND window, UINT message, WPARAM wide, LPARAM value)
{
    struct wizard *self = wizard_of(window);

    switch (message) {
    case WM_COMMAND:
        if (self != NULL && wizard_page(self)->command != NULL)
            wizard_page(self)->command(self, LOWORD(wide), HIWORD(wide));
        return 0;
    case WM_CLOSE: /* what a text of several lines makes of Escape */
        PostMessageW(GetParent(window), WM_CLOSE, 0, 0);
        return 0;
    case WM_DRAWITEM: paint_picture(self, (const DRAWITEMSTRUCT *)value); return TRUE;
    case WM_CTLCOLORSTATIC:
    case WM_CTLCOLORBTN:
        SetBkColor((HDC)wide, GetSysColor(COLOR_WINDOW));
        SetTextColor((HDC)wide, GetSysColor(COLOR_WINDOWTEXT));
        return (LRESULT)GetSysColorBrush(COLOR_WINDOW);
    default: return DefWindowProcW(window, message, wide, value);
    }
}

static LRESULT CALLBACK window_procedure(HWND window, UINT message, WPARAM wide, LPARAM value)
{
    struct wizard *self = wizard_of(window);

    if (self == NULL)
        return DefWindowProcW(window, message, wide, value);
    switch (message) {
    case WM_COMMAND:
        if (LOWORD(wide) == ID_NEXT)
            wizard_press_next(self);
        else if (LOWORD(wide) == ID_CANCEL)
            wizard_press_cancel(self);
        else if (LOWORD(wide) == ID_BACK)
            wizard_go(self, -1);
        return 0;
    case WM_CLOSE: wizard_press_cancel(self); return 0;
    case WM_TIMER: wizard_tick(self); return 0;
    case WM_QUERYENDSESSION: /* Windows is going down: stop, and put everything back until it kills us */
        if (wizard_page(self)->busy)
            atomic_store(&os_cancelled, SIGNAL_INT);
        return TRUE;
    case WM_ENDSESSION:
        if (wide && self->thread != NULL)
            WaitForSingleObject(self->thread, 4000);
        return 0;
    case DPI_CHANGED: change_dots(self, LOWORD(wide), (const RECT *)value); return 0;
    case WM_ERASEBKGND: paint_footer(self, (HDC)wide); return 1;
    case WM_DESTROY: PostQuitMessage(0); return 0;
    default: return DefWindowProcW(window, message, wide, value);
    }
}

static HWND make_button(struct wizard *self, enum string text, DWORD style, int id)
{
    return CreateWindowExW(0, L"BUTTON", wide_string(text), WS_CHILD | WS_VISIBLE | WS_TABSTOP | style, 0, 0, 0, 0,
                           self->ui.window, (HMENU)(INT_PTR)id, GetModuleHandleW(NULL), NULL);
}

static void register_class(const wchar_t *name, WNDPROC procedure, int colour)
{
    HINSTANCE instance = GetModuleHandleW(NULL);
    WNDCLASSEXW about = {.cbSize = sizeof about, .lpfnWndProc = procedure, .hInstance = instance, .lpszClassName = name};

    about.hCursor = LoadCursorW(NULL, (const wchar_t *)IDC_ARROW);
    about.hIcon = LoadIconW(instance, MAKEINTRESOURCEW(RESOURCE_ICON));
    about.hbrBackground = (HBRUSH)(INT_PTR)(colour + 1);
    RegisterClassExW(&about);
}

/* The window in the middle of the screen, empty. */
static bool make_window(struct wizard *self)
{
    INITCOMMONCONTROLSEX controls = {sizeof controls, ICC_STANDARD_CLASSES | ICC_PROGRESS_CLASS};
    RECT room, size = {0, 0, 0, 0};

    InitCommonControlsEx(&controls);
    register_class(WINDOW_CLASS, window_procedure, COLOR_BTNFACE);
    register_class(PANEL_CLASS, panel_procedure, COLOR_WINDOW);
    self->ui.window = CreateWindowExW(WS_EX_CONTROLPARENT, WINDOW_CLASS, kept_wide(self->title), STYLE, CW_USEDEFAULT,
                                      CW_USEDEFAULT, 100, 100, NULL, NULL, GetModuleHandleW(NULL), NULL);
    if (self->ui.window == NULL)
        return false;
    self->ui.panel = CreateWindowExW(WS_EX_CONTROLPARENT, PANEL_CLASS, NULL, WS_CHILD | WS_VISIBLE | WS_CLIPCHILDREN, 0, 0, 0,
                                     0, self->ui.window, NULL, GetModuleHandleW(NULL), NULL);
    self->back = make_button(self, TEXT_BACK, BS_PUSHBUTTON, ID_BACK);
    self->next = make_button(self, TEXT_NEXT, BS_DEFPUSHBUTTON, ID_NEXT);
    self->cancel = make_button(self, TEXT_CANCEL, BS_PUSHBUTTON, ID_CANCEL);
    ui_measure(&self->ui, 0);
    load_picture(self);
    size.right = ui_scaled(&self->ui, UI_WIDTH);
    size.bottom = ui_scaled(&self->ui, UI_HEIGHT);
    AdjustWindowRectEx(&size, STYLE, FALSE, WS_EX_CONTROLPARENT);
    SystemParametersInfoW(SPI_GETWORKAREA, 0, &room, 0);
    SetWindowPos(self->ui.window, NULL, (room.left + room.right - (size.right - size.left)) / 2,
                 (room.top + room.bottom - (size.bottom - size.top)) / 2, size.right - size.left, size.bottom - size.top,
                 SWP_NOZORDER);
    SetWindowLongPtrW(self->ui.window, GWLP_USERDATA, (LONG_PTR)self);
    SetWindowLongPtrW(self->ui.panel, GWLP_USERDATA, (LONG_PTR)self);
    return true;
}

int window_run(struct wizard *self)
{
    MSG message;

    if (!make_window(self)) {
        fail(&self->why, CODE_UNEXPECTED, "no window can be opened: Windows error %lu", (unsigned long)GetLastError());
        fail_hint(&self->why, "install without one: /S");
        report_failure(&self->why);
        return self->why.code;
    }
    wizard_show_page(self);
    ShowWindow(self->ui.window, SW_SHOWNORMAL);
    SetForegroundWindow(self->ui.window);
    SetTimer(self->ui.window, 1, TICK, NULL);
    while (GetMessageW(&message, NULL, 0, 0) > 0)
        if (!IsDialogMessageW(self->ui.window, &message)) {
            TranslateMessage(&message);
            DispatchMessageW(&message);
        }
    return self->code;
}
