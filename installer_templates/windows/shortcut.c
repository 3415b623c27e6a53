#define COBJMACROS
#include "shortcut.h"

#include "kept.h"
#include "os_windows.h"
#include <shlobj.h>

char *shortcut_menu(bool all_users)
{
    PWSTR wide = NULL;
    HRESULT result = SHGetKnownFolderPath(all_users ? &FOLDERID_CommonPrograms : &FOLDERID_Programs, KF_FLAG_CREATE, NULL,
                                          &wide);
    char *path = result == S_OK ? kept_slashes(wide) : NULL;

    CoTaskMemFree(wide);
    return path;
}

static HRESULT fill(IShellLinkW *link, const struct shortcut *shortcut)
{
    HRESULT result = IShellLinkW_SetPath(link, kept_wide_path(shortcut->target));

    if (SUCCEEDED(result))
        result = IShellLinkW_SetArguments(link, kept_wide(shortcut->arguments));
    if (SUCCEEDED(result))
        result = IShellLinkW_SetWorkingDirectory(link, kept_wide_path(shortcut->folder));
    if (SUCCEEDED(result))
        result = IShellLinkW_SetDescription(link, kept_wide(shortcut->description));
    if (SUCCEEDED(result) && shortcut->icon[0] != '\0')
        result = IShellLinkW_SetIconLocation(link, kept_wide_path(shortcut->icon), 0);
    return result;
}

bool shortcut_write(const struct shortcut *shortcut, struct failure *why)
{
    IShellLinkW *link = NULL;
    IPersistFile *file = NULL;
    HRESULT result = CoCreateInstance(&CLSID_ShellLink, NULL, CLSCTX_INPROC_SERVER, &IID_IShellLinkW, (void **)&link);

    if (SUCCEEDED(result))
        result = fill(link, shortcut);
    if (SUCCEEDED(result))
        result = IShellLinkW_QueryInterface(link, &IID_IPersistFile, (void **)&file);
    if (SUCCEEDED(result))
        result = IPersistFile_Save(file, kept_wide_path(shortcut->file), TRUE);
    if (file != NULL)
        IPersistFile_Release(file);
    if (link != NULL)
        IShellLinkW_Release(link);
    if (SUCCEEDED(result))
        return true;
    fail(why, CODE_UNEXPECTED, "the shortcut %s cannot be written: Windows error 0x%08lx", shortcut->file,
         (unsigned long)result);
    return fail_hint(why, "try again with /NoShortcuts=1");
}
