#include "foreign.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "os.h"
#include "path.h"
#include "prefix.h"
#include "text.h"

/* A walk through the prefix. */
struct walk {
    const char *prefix, *relative; /* relative: where the walk is, "" at the top */
    struct text list;
    struct failure *why;
};

static bool visit(void *context, const char *name);

static bool walk_folder(struct walk *walk, const char *relative, const char *path)
{
    const char *above = walk->relative;
    size_t before = walk->list.size;
    int error;

    walk->relative = relative;
    error = os_each(path, visit, walk);
    walk->relative = above;
    if (error != 0)
        fail_io(walk->why, error, CODE_PREFIX, "looking into", path);
    if (walk->why->code != CODE_DONE)
        return false;
    if (walk->list.size == before && relative[0] != '\0') { /* an empty folder */
        text_add(&walk->list, relative);
        text_add(&walk->list, "\n");
    }
    return true;
}

static bool visit_path(struct walk *walk, const char *relative, const char *path)
{
    enum os_kind kind;
    int error = os_kind_of(path, &kind);

    if (error != 0)
        return fail_io(walk->why, error, CODE_PREFIX, "looking at", path);
    if (strchr(relative, '\n') != NULL) {
        fail(walk->why, CODE_PREFIX, "%s has a line break in its name, which a list of files cannot hold", path);
        return fail_hint(walk->why, "rename it, or choose another folder");
    }
    if (kind == OS_FOLDER)
        return walk_folder(walk, relative, path);
    text_add(&walk->list, relative);
    text_add(&walk->list, "\n");
    return true;
}

static bool visit(void *context, const char *name)
{
    struct walk *walk = context;
    char *relative, *path;
    bool visited;

    if (walk->relative[0] == '\0' && strcmp(name, STAGING_NAME) == 0)
        return true;
    relative = path_join(walk->relative, name);
    path = relative != NULL ? path_join(walk->prefix, relative) : NULL;
    visited = path != NULL ? visit_path(walk, relative, path) : fail_memory(walk->why);
    free(relative);
    free(path);
    return visited;
}

/* A new file in the tree, with its parents. */
static int write_list(const char *tree, const char *list, const struct text *text)
{
    char *parent = prefix_parent(list), *path = path_join(tree, list);
    os_folder root, folder;
    int error = parent != NULL && path != NULL ? os_folder_open(tree, &root) : ENOMEM;

    if (error == 0) {
        error = os_folder_enter(root, parent, &folder);
        if (error == 0)
            os_folder_close(folder);
        os_folder_close(root);
    }
    if (error == 0)
        error = os_write_file(path, text->size > 0 ? text->bytes : "", text->size);
    free(parent);
    free(path);
    return error;
}

bool foreign_write_list(const char *prefix, const char *tree, const char *list, struct failure *why)
{
    struct walk walk = {.prefix = prefix, .relative = "", .why = why};
    bool done = walk_folder(&walk, "", prefix);
    int error = 0;

    if (done && walk.list.failed)
        done = fail_memory(why);
    if (done && (error = write_list(tree, list, &walk.list)) != 0)
        done = fail_io(why, error, CODE_WRITE, "writing", list);
    text_free(&walk.list);
    return done;
}
