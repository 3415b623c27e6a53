#include "stage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cancel.h"
#include "merge.h"
#include "path.h"
#include "prefix.h"
#include "sha256.h"

#define RETRIES 100
#define LONG_NAME 200 /* with what a staging folder's name adds, it stays below 255 */

enum attempt { OPENED, FAILED, AGAIN };

/* --- A staging folder ---------------------------------------------------------------------------------------------- */

/* Lock the folder; AGAIN where its last owner has just removed it. */
static enum attempt lock_folder(struct stage *self, const char *folder, struct failure *why)
{
    char *path = path_join(folder, "lock");
    int error = path != NULL ? os_lock(path, &self->lock) : ENOMEM;

    free(path);
    self->locked = error == 0;
    if (error == 0)
        return OPENED;
    if (error == ENOENT)
        return AGAIN;
    if (error != EBUSY) {
        fail_io(why, error, CODE_PREFIX, "locking", folder);
        return FAILED;
    }
    fail(why, CODE_BUSY, "another run is installing to %s", self->prefix);
    fail_hint(why, "wait until it has ended");
    return FAILED;
}

static int remove_in(const char *folder, const char *name, int (*remove)(const char *path))
{
    char *path = path_join(folder, name);
    int error = path != NULL ? remove(path) : ENOMEM;

    free(path);
    return error == ENOENT ? 0 : error;
}

/* Undo an unfinished merge, and remove all but the lock. The journal goes first: without it nothing is undone again. */
static bool empty_folder(const struct stage *self, const char *folder, struct failure *why)
{
    int error;

    if (!merge_undo(folder, self->prefix, why))
        return false;
    error = remove_in(folder, "journal", os_remove_file);
    if (error == 0)
        error = remove_in(folder, "marker", os_remove_file);
    if (error == 0)
        error = remove_in(folder, "tree", os_remove_tree);
    return error == 0 || fail_io(why, error, CODE_PREFIX, "removing what a stopped run left in", folder);
}

/* Remove a folder that is locked and empty, and unlock it. */
static void remove_folder(struct stage *self, const char *folder)
{
    remove_in(folder, "lock", os_remove_file);
    os_close(self->lock);
    self->locked = false;
    os_remove_folder(folder);
}

/* A folder that was there before us must be one that an earlier run of this user made. */
static bool is_ours(const char *folder, struct failure *why)
{
    enum os_kind kind = OS_NOTHING;
    int error = os_kind_of(folder, &kind);

    if (error == 0 && (kind == OS_NOTHING || (kind == OS_FOLDER && os_is_own(folder))))
        return true;
    fail(why, CODE_PREFIX, "%s is in the way, and was not left by an earlier run of yours", folder);
    return fail_hint(why, "remove it, or choose another folder");
}

/* --- Opening ------------------------------------------------------------------------------------------------------- */

/* `<parent>/.<name>.keel-staging`; a long name is replaced by a hash. */
static char *sibling_of(const char *prefix)
{
    char name[512], *parent = prefix_parent(prefix), *sibling;
    const char *last = prefix + strlen(prefix);
    struct sha256 sha256;
    uint8_t digest[SHA256_SIZE];

    while (last > prefix && last[-1] != '/')
        last--;
    if (strlen(last) <= LONG_NAME) {
        snprintf(name, sizeof name, ".%s%s", last, STAGING_NAME);
    } else {
        sha256_start(&sha256);
        sha256_add(&sha256, last, strlen(last));
        sha256_finish(&sha256, digest);
        snprintf(name, sizeof name, ".%02x%02x%02x%02x%s", digest[0], digest[1], digest[2], digest[3], STAGING_NAME);
    }
    sibling = parent != NULL ? path_join(parent, name) : NULL;
    free(parent);
    return sibling;
}

/* Clean up what a killed run left in `folder`, if there is such a folder. */
static enum attempt finish_dead_run(struct stage *self, const char *folder, struct failure *why)
{
    enum os_kind kind = OS_NOTHING;
    enum attempt attempt;

    if (os_kind_of(folder, &kind) != 0 || kind == OS_NOTHING)
        return OPENED;
    attempt = is_ours(folder, why) ? lock_folder(self, folder, why) : FAILED;
    if (attempt == OPENED && !empty_folder(self, folder, why))
        return FAILED;
    if (attempt == OPENED)
        remove_folder(self, folder);
    return attempt;
}

/* The same for both places where a staging folder may be. */
static enum attempt finish_dead_runs(struct stage *self, struct failure *why)
{
    char *inside = path_join(self->prefix, STAGING_NAME), *sibling = sibling_of(self->prefix);
    enum attempt attempt = FAILED;

    if (inside == NULL || sibling == NULL)
        fail_memory(why);
    else
        attempt = finish_dead_run(self, inside, why);
    if (attempt == OPENED)
        attempt = finish_dead_run(self, sibling, why);
    free(inside);
    free(sibling);
    return attempt;
}

static bool must_be_in_place(const char *prefix, const struct prefix_state *state)
{
    char *parent = prefix_parent(prefix);
    bool in_place = state->exists && (state->filled || parent == NULL || !os_may_write(parent) || os_is_mount(prefix) ||
                                      !os_is_own(prefix)); /* so that its owner and mode stay */

    free(parent);
    return in_place;
}

static bool check_state(const struct stage *self, const struct prefix_state *state, const char *marker, bool force,
                        struct failure *why)
{
    char *path = path_join(self->prefix, marker);
    enum os_kind kind = OS_NOTHING;

    if (path == NULL)
        return fail_memory(why);
    if (os_kind_of(path, &kind) == 0 && kind != OS_NOTHING) {
        fail(why, CODE_PREFIX, "%s holds an installed base already", self->prefix);
        fail_hint(why, "uninstall that one first, or choose another folder");
    } else if (state->filled && !force) {
        fail(why, CODE_PREFIX, "%s is not empty", self->prefix);
        fail_hint(why, "choose another folder, or force the installation into this one");
    }
    free(path);
    return why->code == CODE_DONE;
}

/* Make `path` and its missing parents, with the user's own mode; self->first_parent becomes the outermost one. */
static int make_parents(struct stage *self, const char *path)
{
    int error = os_make_folder(path, os_user_folder_mode());
    char *above;

    if (error == EEXIST)
        return 0;
    if (error == ENOENT && strlen(path) > os_root_length(path)) {
        above = prefix_parent(path);
        error = above != NULL ? make_parents(self, above) : ENOMEM;
        free(above);
        if (error == 0)
            error = os_make_folder(path, os_user_folder_mode());
    }
    if (error == 0 && self->first_parent == NULL)
        self->first_parent = path_copy(path);
    return error == EEXIST ? 0 : error;
}

/* Make self->folder, or take over what is there. */
static bool make_folder(struct stage *self, struct failure *why)
{
    char *parent = prefix_parent(self->folder);
    int error = ENOMEM;
    enum os_kind kind = OS_NOTHING;

    /* Asked for first: a folder such as `/` answers mkdir with anything but EEXIST on a read-only file system. */
    if (parent != NULL && os_kind_of(parent, &kind) == 0 && kind == OS_FOLDER)
        error = 0;
    else if (parent != NULL)
        error = make_parents(self, parent);
    free(parent);
    if (error == 0)
        error = os_make_folder(self->folder, 0700);
    if (error == EEXIST)
        return is_ours(self->folder, why);
    return error == 0 || fail_io(why, error, CODE_PREFIX, "creating", self->folder);
}

static enum attempt open_folder(struct stage *self, struct failure *why)
{
    struct prefix_state now;
    enum attempt attempt;
    int error;

    if (!make_folder(self, why))
        return FAILED;
    attempt = lock_folder(self, self->folder, why);
    if (attempt != OPENED)
        return attempt;
    if (!empty_folder(self, self->folder, why) || !prefix_look(self->prefix, &now, why))
        return FAILED;
    if (now.exists != self->exists || now.filled != self->filled) { /* somebody was faster */
        remove_folder(self, self->folder);
        return AGAIN;
    }
    error = os_make_folder(self->tree, 0700);
    if (error == 0)
        return OPENED;
    fail_io(why, error, CODE_PREFIX, "creating", self->tree);
    return FAILED;
}

static enum attempt try_open(struct stage *self, const char *marker, bool force, struct failure *why)
{
    enum attempt attempt = finish_dead_runs(self, why);
    struct prefix_state state;

    if (attempt != OPENED)
        return attempt;
    if (!prefix_look(self->prefix, &state, why) || !check_state(self, &state, marker, force, why))
        return FAILED;
    self->exists = state.exists;
    self->filled = state.filled;
    self->in_place = must_be_in_place(self->prefix, &state);
    free(self->folder);
    free(self->tree);
    self->folder = self->in_place ? path_join(self->prefix, STAGING_NAME) : sibling_of(self->prefix);
    self->tree = self->folder != NULL ? path_join(self->folder, "tree") : NULL;
    if (self->tree == NULL) {
        fail_memory(why);
        return FAILED;
    }
    return open_folder(self, why);
}

bool stage_open(struct stage *self, const char *prefix, const char *marker, bool force, struct failure *why)
{
    enum attempt attempt = AGAIN;

    memset(self, 0, sizeof *self);
    self->prefix = prefix_resolve(prefix, why);
    if (self->prefix == NULL)
        return false;
    for (int i = 0; i < RETRIES && attempt == AGAIN; i++)
        attempt = try_open(self, marker, force, why);
    if (attempt == AGAIN)
        return fail(why, CODE_BUSY, "other runs are installing to %s", self->prefix);
    return attempt == OPENED;
}

/* --- Committing ---------------------------------------------------------------------------------------------------- */

static bool rename_tree(const struct stage *self, struct failure *why)
{
    char *parent = prefix_parent(self->prefix);
    int error = os_copy_folder_mode(self->exists ? self->prefix : NULL, 0755, self->tree);

    if (error != 0)
        fail_io(why, error, CODE_WRITE, "setting the mode of", self->tree);
    else if (!fail_if_cancelled(why)) {
        error = os_rename(self->tree, self->prefix);
        if (error == EEXIST || error == ENOTEMPTY)
            fail(why, CODE_PREFIX, "%s was filled by somebody else meanwhile", self->prefix);
        else if (error != 0)
            fail_io(why, error, CODE_PREFIX, "creating", self->prefix);
        else if (parent != NULL)
            os_sync_folder(parent);
    }
    free(parent);
    return why->code == CODE_DONE;
}

bool stage_commit(struct stage *self, const char *marker, struct failure *why)
{
    int error;

    if (fail_if_cancelled(why))
        return false;
    error = os_sync(self->tree);
    if (error != 0)
        return fail_io(why, error, CODE_WRITE, "writing to the disk below", self->tree);
    return self->in_place ? merge_commit(self->folder, self->prefix, marker, why) : rename_tree(self, why);
}

/* --- Closing ------------------------------------------------------------------------------------------------------- */

/* Remove the folders that were made to hold the prefix, as far as they are empty. */
static void remove_parents(const struct stage *self)
{
    char *folder = prefix_parent(self->prefix), *above;

    while (folder != NULL && strlen(folder) >= strlen(self->first_parent) && os_remove_folder(folder) == 0) {
        above = prefix_parent(folder);
        free(folder);
        folder = above;
    }
    free(folder);
}

void stage_close(struct stage *self, struct failure *why)
{
    struct failure undo = {0};

    if (self->locked && empty_folder(self, self->folder, &undo))
        remove_folder(self, self->folder);
    else if (self->locked)
        os_close(self->lock); /* the next run tries again */
    if (why->code != CODE_DONE && undo.code != CODE_DONE) {
        why->hint[0] = '\0';
        fail_hint(why, "run the installer again to clean up %s, which failed now: %.200s", self->folder, undo.message);
    }
    if (why->code != CODE_DONE && self->first_parent != NULL)
        remove_parents(self);
    free(self->prefix);
    free(self->folder);
    free(self->tree);
    free(self->first_parent);
    memset(self, 0, sizeof *self);
}
