#include "prefix.h"

#include <stdlib.h>
#include <string.h>

#include "os.h"
#include "path.h"

char *prefix_parent(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t root = os_root_length(path), length = slash != NULL ? (size_t)(slash - path) : 0;
    char *parent = malloc(strlen(path) + 1);

    if (parent == NULL)
        return NULL;
    length = length < root ? root : length;
    memcpy(parent, path, length);
    parent[length] = '\0';
    return parent;
}

static void strip_slashes(char *path)
{
    size_t length = strlen(path);

    while (length > os_root_length(path) && path[length - 1] == '/')
        path[--length] = '\0';
}

/* The real path of as much of `path` as exists, with the rest behind it. */
static char *resolve(char *path, struct failure *why)
{
    char *real = os_real_path(path), *parent, *above;
    const char *name;

    strip_slashes(path);
    if (real != NULL || strlen(path) <= os_root_length(path))
        return real != NULL ? real : path_copy(path);
    name = strrchr(path, '/') + 1;
    if (strcmp(name, "..") == 0) {
        fail(why, CODE_PREFIX, "%s leads through a folder that does not exist", path);
        return NULL;
    }
    parent = prefix_parent(path);
    above = parent != NULL ? resolve(parent, why) : NULL;
    if (above != NULL)
        real = strcmp(name, ".") == 0 ? path_copy(above) : path_join(above, name);
    free(parent);
    free(above);
    if (real == NULL)
        fail_memory(why);
    return real;
}

static bool is_usable(const char *path, struct failure *why)
{
    enum os_kind kind;

    if (strlen(path) <= os_root_length(path)) {
        fail(why, CODE_PREFIX, "%s is no place for a base: it is the root of the file system", path);
        return fail_hint(why, "choose a folder of its own");
    }
    if (os_kind_of(path, &kind) == 0 && kind == OS_LINK) {
        fail(why, CODE_PREFIX, "%s is a symbolic link that leads nowhere", path);
        return fail_hint(why, "remove it, or choose another folder");
    }
    return true;
}

char *prefix_resolve(const char *given, struct failure *why)
{
    char *absolute = given[0] != '\0' ? os_absolute_path(given) : NULL, *resolved;

    if (given[0] == '\0') {
        fail(why, CODE_USAGE, "the prefix is empty");
        return NULL;
    }
    if (absolute == NULL) {
        fail(why, CODE_PREFIX, "%s is relative to a folder that does not exist any more", given);
        return NULL;
    }
    resolved = resolve(absolute, why);
    free(absolute);
    if (resolved != NULL && !is_usable(resolved, why)) {
        free(resolved);
        return NULL;
    }
    return resolved;
}

static bool is_foreign(void *filled, const char *name)
{
    if (strcmp(name, STAGING_NAME) == 0)
        return true;
    *(bool *)filled = true;
    return false;
}

bool prefix_look(const char *prefix, struct prefix_state *state, struct failure *why)
{
    enum os_kind kind;
    int error = os_kind_of(prefix, &kind);

    *state = (struct prefix_state){0};
    if (error != 0)
        return fail_io(why, error, CODE_PREFIX, "looking at", prefix);
    if (kind == OS_NOTHING)
        return true;
    if (kind != OS_FOLDER) {
        fail(why, CODE_PREFIX, "%s exists and is not a folder", prefix);
        return fail_hint(why, "choose another folder");
    }
    state->exists = true;
    error = os_each(prefix, is_foreign, &state->filled);
    return error == 0 || fail_io(why, error, CODE_PREFIX, "looking into", prefix);
}
