#include "registry.h"

#include <string.h>

#include "kept.h"
#include "os_windows.h"

static HKEY root_key(enum registry_root root)
{
    return root == REGISTRY_MACHINE ? HKEY_LOCAL_MACHINE : HKEY_CURRENT_USER;
}

static const char *root_name(enum registry_root root)
{
    return root == REGISTRY_MACHINE ? "HKEY_LOCAL_MACHINE" : "HKEY_CURRENT_USER";
}

static bool failed(LSTATUS status, const char *doing, enum registry_root root, const char *key, struct failure *why)
{
    if (status == ERROR_SUCCESS)
        return true;
    fail(why, status == ERROR_ACCESS_DENIED ? CODE_ELEVATION : CODE_UNEXPECTED, "%s %s\\%s failed: Windows error %ld", doing,
         root_name(root), key, (long)status);
    return fail_hint(why, status == ERROR_ACCESS_DENIED ? "run it as an administrator" : "try again with /NoRegistry=1");
}

static bool set(enum registry_root root, const char *key, const char *name, DWORD type, const void *data, size_t size,
                struct failure *why)
{
    HKEY opened;
    LSTATUS status = RegCreateKeyExW(root_key(root), kept_wide(key), 0, NULL, 0, KEY_SET_VALUE | KEY_WOW64_64KEY, NULL,
                                     &opened, NULL);

    if (status == ERROR_SUCCESS) {
        status = RegSetValueExW(opened, kept_wide(name), 0, type, data, (DWORD)size);
        RegCloseKey(opened);
    }
    return failed(status, "writing to", root, key, why);
}

static bool set_text(enum registry_root root, const char *key, const char *name, DWORD type, const char *text,
                     struct failure *why)
{
    const wchar_t *wide = kept_wide(text);

    return set(root, key, name, type, wide, (wcslen(wide) + 1) * sizeof *wide, why);
}

bool registry_set_text(enum registry_root root, const char *key, const char *name, const char *text, struct failure *why)
{
    return set_text(root, key, name, REG_SZ, text, why);
}

bool registry_set_expandable(enum registry_root root, const char *key, const char *name, const char *text,
                             struct failure *why)
{
    return set_text(root, key, name, REG_EXPAND_SZ, text, why);
}

bool registry_set_number(enum registry_root root, const char *key, const char *name, uint32_t number, struct failure *why)
{
    return set(root, key, name, REG_DWORD, &number, sizeof number, why);
}

char *registry_text(enum registry_root root, const char *key, const char *name)
{
    const wchar_t *wide_key = kept_wide(key), *wide_name = kept_wide(name);
    DWORD flags = RRF_RT_REG_SZ | RRF_RT_REG_EXPAND_SZ | RRF_NOEXPAND | RRF_SUBKEY_WOW6464KEY, size = 0;
    wchar_t *text;

    if (RegGetValueW(root_key(root), wide_key, wide_name, flags, NULL, NULL, &size) != ERROR_SUCCESS)
        return NULL;
    size += 256; /* it may grow meanwhile */
    text = kept(size + sizeof *text);
    if (RegGetValueW(root_key(root), wide_key, wide_name, flags, NULL, text, &size) != ERROR_SUCCESS)
        return NULL;
    return kept_narrow(text);
}

static LSTATUS open_key(enum registry_root root, const char *key, REGSAM access, HKEY *opened)
{
    return RegOpenKeyExW(root_key(root), kept_wide(key), 0, access | KEY_WOW64_64KEY, opened);
}

bool registry_remove_value(enum registry_root root, const char *key, const char *name, struct failure *why)
{
    HKEY opened;
    LSTATUS status = open_key(root, key, KEY_SET_VALUE, &opened);

    if (status == ERROR_SUCCESS) {
        status = RegDeleteValueW(opened, kept_wide(name));
        RegCloseKey(opened);
    }
    return failed(status == ERROR_FILE_NOT_FOUND ? ERROR_SUCCESS : status, "removing from", root, key, why);
}

bool registry_remove_tree(enum registry_root root, const char *key, struct failure *why)
{
    HKEY opened;
    LSTATUS status = open_key(root, key, DELETE | KEY_ENUMERATE_SUB_KEYS | KEY_QUERY_VALUE | KEY_SET_VALUE, &opened);

    if (status == ERROR_SUCCESS) {
        status = RegDeleteTreeW(opened, NULL);
        RegCloseKey(opened);
        if (status == ERROR_SUCCESS)
            status = RegDeleteKeyExW(root_key(root), kept_wide(key), KEY_WOW64_64KEY, 0);
    }
    return failed(status == ERROR_FILE_NOT_FOUND ? ERROR_SUCCESS : status, "removing", root, key, why);
}

/* How many keys and values are directly in a key; one of each where it cannot be read. */
static void count(enum registry_root root, const char *key, DWORD *keys, DWORD *values)
{
    HKEY opened;

    *keys = *values = 1;
    if (open_key(root, key, KEY_QUERY_VALUE, &opened) != ERROR_SUCCESS)
        return;
    if (RegQueryInfoKeyW(opened, NULL, NULL, NULL, keys, NULL, NULL, values, NULL, NULL, NULL, NULL) != ERROR_SUCCESS)
        *keys = *values = 1;
    RegCloseKey(opened);
}

bool registry_has_keys(enum registry_root root, const char *key)
{
    DWORD keys, values;

    count(root, key, &keys, &values);
    return keys > 0;
}

void registry_remove_if_empty(enum registry_root root, const char *key)
{
    DWORD keys, values;

    count(root, key, &keys, &values);
    if (keys == 0 && values == 0)
        RegDeleteKeyExW(root_key(root), kept_wide(key), KEY_WOW64_64KEY, 0);
}
