#include "integration.h"

#include <stdio.h>
#include <string.h>

#include "kept.h"
#include "os.h"
#include "os_windows.h"
#include "registry.h"
#include "report.h"
#include "searchpath.h"
#include "sha256.h"
#include "shortcut.h"
#include "system.h"

#define APPS "Software\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\"
#define PYTHONS "Software\\Python\\" /* https://peps.python.org/pep-0514/ */

static enum registry_root root_of(bool all_users)
{
    return all_users ? REGISTRY_MACHINE : REGISTRY_USER;
}

static bool exists(const char *path)
{
    enum os_kind kind;

    return os_kind_of(path, &kind) == 0 && kind != OS_NOTHING;
}

char *integration_uninstaller(const struct facts *facts)
{
    return kept_format("Uninstall-%s.exe", facts->id);
}

/* --- Names ------------------------------------------------------------------------------------------------------------ */

/* Eight digits that tell a folder from others; case does not count. */
static char *prefix_tag(const char *prefix)
{
    wchar_t *wide = kept_wide(prefix);
    struct sha256 sha256;
    uint8_t digest[SHA256_SIZE];

    CharLowerW(wide);
    const char *text = kept_narrow(wide);
    sha256_start(&sha256);
    sha256_add(&sha256, text, strlen(text));
    sha256_finish(&sha256, digest);
    return kept_format("%02x%02x%02x%02x", digest[0], digest[1], digest[2], digest[3]);
}

/* A text as one part of a key's or a file's name. */
static char *as_name(const char *text)
{
    char *name = kept_format("%s", text);

    for (char *at = name; *at != '\0'; at++)
        if (strchr("\\/:*?\"<>|", *at) != NULL)
            *at = '-';
    for (size_t size = strlen(name); size > 0 && strchr(". ", name[size - 1]) != NULL; size--)
        name[size - 1] = '\0';
    return name;
}

static char *minor_of(const struct facts *facts)
{
    char *minor = kept(16);

    facts_python_minor(facts, minor);
    return minor;
}

/* The distribution's own company, as PEP 514 asks: never that of the official builds. */
static char *python_company(const struct facts *facts)
{
    char *name = as_name(facts->company[0] != '\0' ? facts->company : facts->title);

    if (_stricmp(name, "PythonCore") == 0 || _stricmp(name, "PyLauncher") == 0)
        return kept_format("%s-distribution", name);
    return name;
}

/* A key that no other installation has taken. */
static char *python_key(const struct facts *facts, const char *prefix, bool all_users)
{
    const char *arm = strstr(facts->label, "arm64") != NULL ? "-arm64" : "";
    char *key = kept_format(PYTHONS "%s\\%s-%s-py%s%s", python_company(facts), facts->id, as_name(facts->version),
                            minor_of(facts), arm);

    if (registry_text(root_of(all_users), kept_format("%s\\InstallPath", key), "") != NULL)
        return kept_format("%s-%s", key, prefix_tag(prefix));
    return key;
}

static char *menu_folder(const struct facts *facts, const char *prefix, bool all_users)
{
    const char *menu = shortcut_menu(all_users);
    char *folder = menu != NULL ? kept_format("%s/%s", menu, as_name(kept_format("%s %s", facts->title, facts->version)))
                                : kept_format("%s", "");

    return menu != NULL && exists(folder) ? kept_format("%s (%s)", folder, prefix_tag(prefix)) : folder;
}

/* --- Plan ------------------------------------------------------------------------------------------------------------- */

static bool plan_path(const struct wishes *wishes, const char *prefix, struct record *record, struct failure *why)
{
    const char *folder = kept_backslashes(prefix);

    if (!wishes->add_to_path)
        return true;
    if (!searchpath_can_hold(folder, why))
        return false;
    record_add(&record->path, kept_format("%s\\cmd", folder));
    if (!wishes->all_users) { /* programs of the base on everybody's PATH would hide those of others */
        record_add(&record->path, folder);
        record_add(&record->path, kept_format("%s\\Scripts", folder));
    }
    return true;
}

static void plan_shortcuts(const struct facts *facts, const char *tree, struct record *record)
{
    if (record->menu[0] == '\0')
        return;
    if (exists(kept_format("%s/cmd/keel.bat", tree)))
        record_add(&record->shortcuts, kept_format("%s/%s Prompt.lnk", record->menu, as_name(facts->title)));
    for (size_t i = 0; i < facts->shortcut_count; i++)
        if (exists(kept_format("%s/%s", tree, facts->shortcuts[i].target)))
            record_add(&record->shortcuts, kept_format("%s/%s.lnk", record->menu, facts->shortcuts[i].name));
        else
            report_warn("there is no %s for the shortcut \"%s\"", facts->shortcuts[i].target, facts->shortcuts[i].name);
    if (record->shortcuts.count == 0)
        record->menu = "";
}

bool integration_plan(const struct facts *facts, const struct wishes *wishes, const char *prefix, const char *tree,
                      struct record *record, struct failure *why)
{
    record->title = facts->title;
    record->version = facts->version;
    record->prefix = prefix;
    record->all_users = wishes->all_users;
    record->shells = wishes->init_shells;
    record->arp_key = record->python_key = record->menu = "";
    if (wishes->registry) {
        record->arp_key = kept_format(APPS "%s-%s-py%s-%s", facts->id, as_name(facts->version), minor_of(facts),
                                      prefix_tag(prefix));
        if (wishes->register_python)
            record->python_key = python_key(facts, prefix, wishes->all_users);
    }
    if (wishes->shortcuts)
        record->menu = menu_folder(facts, prefix, wishes->all_users);
    plan_shortcuts(facts, tree, record);
    return plan_path(wishes, prefix, record, why);
}

/* --- Add -------------------------------------------------------------------------------------------------------------- */

static char *display_name(const struct facts *facts)
{
    return kept_format("%s %s (Python %s)", facts->title, facts->version, facts->python);
}

static bool add_to_apps(const struct facts *facts, const struct record *record, uint64_t bytes, struct failure *why)
{
    enum registry_root root = root_of(record->all_users);
    const char *key = record->arp_key, *folder = kept_backslashes(record->prefix);
    const char *uninstaller = kept_format("%s\\%s", folder, integration_uninstaller(facts));
    uint64_t kilobytes = bytes / 1024;
    SYSTEMTIME now;

    GetLocalTime(&now);
    return registry_set_text(root, key, "DisplayName", display_name(facts), why) &&
           registry_set_text(root, key, "DisplayVersion", facts->version, why) &&
           registry_set_text(root, key, "Publisher", facts->company, why) &&
           registry_set_text(root, key, "URLInfoAbout", facts->homepage, why) &&
           registry_set_text(root, key, "DisplayIcon", kept_format("%s,0", uninstaller), why) &&
           registry_set_text(root, key, "InstallLocation", folder, why) &&
           registry_set_text(root, key, "InstallDate",
                             kept_format("%04d%02d%02d", now.wYear, now.wMonth, now.wDay), why) &&
           registry_set_text(root, key, "UninstallString", kept_format("\"%s\"", uninstaller), why) &&
           registry_set_text(root, key, "QuietUninstallString", kept_format("\"%s\" /S", uninstaller), why) &&
           registry_set_number(root, key, "EstimatedSize", kilobytes > UINT32_MAX ? UINT32_MAX : (uint32_t)kilobytes,
                               why) &&
           registry_set_number(root, key, "NoModify", 1, why) && registry_set_number(root, key, "NoRepair", 1, why);
}

static bool add_python(const struct facts *facts, const struct record *record, struct failure *why)
{
    enum registry_root root = root_of(record->all_users);
    const char *key = record->python_key, *folder = kept_backslashes(record->prefix);
    const char *company = kept_format("%.*s", (int)(strrchr(key, '\\') - key), key);
    const char *path = kept_format("%s\\InstallPath", key);

    return registry_set_text(root, company, "DisplayName", facts->company[0] ? facts->company : facts->title, why) &&
           (facts->homepage[0] == '\0' || registry_set_text(root, company, "SupportUrl", facts->homepage, why)) &&
           registry_set_text(root, key, "DisplayName", display_name(facts), why) &&
           registry_set_text(root, key, "SysArchitecture", "64bit", why) &&
           registry_set_text(root, key, "SysVersion", minor_of(facts), why) &&
           registry_set_text(root, key, "Version", facts->python, why) &&
           registry_set_text(root, path, "", kept_format("%s\\", folder), why) &&
           registry_set_text(root, path, "ExecutablePath", kept_format("%s\\python.exe", folder), why) &&
           registry_set_text(root, path, "WindowedExecutablePath", kept_format("%s\\pythonw.exe", folder), why);
}

/* cmd.exe puts variables in even between quotes. With a caret and outside of them, a percent sign begins no name of one. */
char *integration_prompt(const char *prefix)
{
    const char *folder = kept_backslashes(prefix);
    char *quoted = kept(4 * strlen(folder) + 1), *to = quoted;

    for (; *folder != '\0'; folder++)
        to += *folder == '%' ? sprintf(to, "\"^%%\"") : sprintf(to, "%c", *folder);
    return kept_format("/K \"\"%s\\cmd\\keel.bat\" activate\"", quoted);
}

static struct shortcut prompt_shortcut(const struct facts *facts, const struct record *record, const char *file)
{
    return (struct shortcut){
        .file = file,
        .target = system_expand("%SystemRoot%/System32/cmd.exe"),
        .arguments = integration_prompt(record->prefix),
        .folder = "%USERPROFILE%",
        .icon = kept_format("%s/%s", record->prefix, integration_uninstaller(facts)),
        .description = kept_format("A command prompt in which %s is active", facts->title),
    };
}

static struct shortcut recipe_shortcut(const struct facts_shortcut *fact, const struct record *record, const char *file)
{
    return (struct shortcut){
        .file = file,
        .target = kept_format("%s/%s", record->prefix, fact->target),
        .arguments = fact->arguments,
        .folder = "%USERPROFILE%",
        .icon = fact->icon[0] != '\0' ? kept_format("%s/%s", record->prefix, fact->icon) : "",
        .description = fact->name,
    };
}

/* The fact that a recorded shortcut comes from; NULL for the prompt. */
static const struct facts_shortcut *fact_of(const struct facts *facts, const struct record *record, const char *file)
{
    for (size_t i = 0; i < facts->shortcut_count; i++)
        if (strcmp(file, kept_format("%s/%s.lnk", record->menu, facts->shortcuts[i].name)) == 0)
            return &facts->shortcuts[i];
    return NULL;
}

static bool add_shortcuts(const struct facts *facts, const struct record *record, struct failure *why)
{
    if (record->menu[0] != '\0')
        os_make_folder(record->menu, 0755); /* if it fails, the shortcut tells */
    for (size_t i = 0; i < record->shortcuts.count; i++) {
        const char *file = record->shortcuts.items[i];
        const struct facts_shortcut *fact = fact_of(facts, record, file);
        struct shortcut shortcut = fact != NULL ? recipe_shortcut(fact, record, file)
                                                : prompt_shortcut(facts, record, file);
        if (!shortcut_write(&shortcut, why))
            return false;
    }
    return true;
}

bool integration_add(const struct facts *facts, const struct record *record, uint64_t bytes, struct failure *why)
{
    if (record->arp_key[0] != '\0' && !add_to_apps(facts, record, bytes, why))
        return false;
    if (record->python_key[0] != '\0' && !add_python(facts, record, why))
        return false;
    for (size_t i = record->path.count; i-- > 0;) /* the last one added comes first */
        if (!searchpath_add(root_of(record->all_users), record->path.items[i], why))
            return false;
    if (record->path.count > 0)
        system_announce_environment();
    return add_shortcuts(facts, record, why);
}

/* --- Undo ------------------------------------------------------------------------------------------------------------- */

/* Only below the keys that installers write to: the record is a file, and files can be edited. */
static bool is_below(const char *key, const char *above)
{
    return strncmp(key, above, strlen(above)) == 0 && key[strlen(above)] != '\0' && key[strlen(above)] != '\\';
}

static void undo_python(const struct record *record, struct failure *why)
{
    enum registry_root root = root_of(record->all_users);
    const char *key = record->python_key, *last = strrchr(key, '\\');
    const char *folder = registry_text(root, kept_format("%s\\InstallPath", key), "");
    const char *company;

    if (!is_below(key, PYTHONS) || last < key + strlen(PYTHONS) || last[1] == '\0')
        return;
    if (folder != NULL && _stricmp(folder, kept_format("%s\\", kept_backslashes(record->prefix))) != 0)
        return; /* another installation has taken it over */
    if (!registry_remove_tree(root, key, why))
        return;
    company = kept_format("%.*s", (int)(last - key), key);
    if (!registry_has_keys(root, company))
        registry_remove_tree(root, company, why);
    registry_remove_if_empty(root, "Software\\Python");
}

static void undo_shortcuts(const struct record *record, struct failure *why)
{
    for (size_t i = 0; i < record->shortcuts.count; i++) {
        const char *file = record->shortcuts.items[i];
        size_t length = strlen(file);
        if (length > 4 && _stricmp(file + length - 4, ".lnk") == 0 && exists(file)) {
            int error = os_remove_file(file);
            if (error != 0)
                fail_io(why, error, CODE_UNEXPECTED, "removing", file);
        }
    }
    if (record->menu[0] != '\0')
        os_remove_folder(record->menu); /* only when nothing else is in it */
}

bool integration_undo(const struct record *record, struct failure *why)
{
    if (record->python_key[0] != '\0')
        undo_python(record, why);
    for (size_t i = 0; i < record->path.count; i++)
        searchpath_remove(root_of(record->all_users), record->path.items[i], why);
    if (record->path.count > 0)
        system_announce_environment();
    undo_shortcuts(record, why);
    return why->code == CODE_DONE;
}

bool integration_forget(const struct record *record, struct failure *why)
{
    return !is_below(record->arp_key, APPS) || registry_remove_tree(root_of(record->all_users), record->arp_key, why);
}
