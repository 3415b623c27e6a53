#include "searchpath.h"

#include <string.h>

#include "kept.h"
#include "os_windows.h"

#define LONGEST 32766 /* UTF-16 code units that a variable can have */

static const char *key_of(enum registry_root root)
{
    return root == REGISTRY_MACHINE ? "SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Environment" : "Environment";
}

bool searchpath_can_hold(const char *folder, struct failure *why)
{
    if (strpbrk(folder, ";%") == NULL)
        return true;
    fail(why, CODE_PREFIX, "%s cannot be added to PATH: it holds a semicolon or a percent sign", folder);
    return fail_hint(why, "choose a folder without them, or install with /AddToPath=0");
}

/* Whether one entry of PATH, `size` bytes, names the folder: quotes, a backslash at the end, and case do not count. */
static bool names(const char *entry, size_t size, const char *folder)
{
    const wchar_t *one, *other = kept_wide(folder);
    char *copy;

    if (size >= 2 && entry[0] == '"' && entry[size - 1] == '"') {
        entry++;
        size -= 2;
    }
    while (size > 0 && entry[size - 1] == '\\')
        size--;
    copy = kept_format("%.*s", (int)size, entry);
    one = kept_wide(copy);
    return CompareStringOrdinal(one, -1, other, -1, TRUE) == CSTR_EQUAL;
}

char *searchpath_without(const char *path, const char *folder, bool *found)
{
    char *result = kept(strlen(path) + 1), *to = result;

    *found = false;
    for (const char *at = path;;) {
        size_t size = strcspn(at, ";");
        bool last = at[size] == '\0';
        if (size > 0 && names(at, size, folder)) {
            *found = true;
            if (last && to > result) /* the separator before it goes with it */
                to--;
        } else {
            memcpy(to, at, size + !last);
            to += size + !last;
        }
        if (last)
            break;
        at += size + 1;
    }
    *to = '\0';
    return result;
}

bool searchpath_add(enum registry_root root, const char *folder, struct failure *why)
{
    const char *path = registry_text(root, key_of(root), "Path");
    bool found = false;
    char *added;

    if (path != NULL)
        searchpath_without(path, folder, &found);
    if (found)
        return true;
    if (path == NULL || path[0] == '\0')
        added = kept_format("%s", folder);
    else if (root == REGISTRY_MACHINE)
        added = kept_format("%s%s%s", path, path[strlen(path) - 1] == ';' ? "" : ";", folder);
    else
        added = kept_format("%s;%s", folder, path);
    if (wcslen(kept_wide(added)) > LONGEST) {
        fail(why, CODE_PREFIX, "PATH has no room for %s", folder);
        return fail_hint(why, "remove what is not needed from PATH, or install with /AddToPath=0");
    }
    return registry_set_expandable(root, key_of(root), "Path", added, why);
}

bool searchpath_remove(enum registry_root root, const char *folder, struct failure *why)
{
    const char *path = registry_text(root, key_of(root), "Path");
    bool found = false;
    char *left = path != NULL ? searchpath_without(path, folder, &found) : NULL;

    if (!found)
        return true;
    if (left[0] == '\0' && root == REGISTRY_USER)
        return registry_remove_value(root, key_of(root), "Path", why);
    return registry_set_expandable(root, key_of(root), "Path", left, why);
}
