#include "merge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cancel.h"
#include "os.h"
#include "path.h"
#include "text.h"

#define FIRST_LINE "keel-journal 1\n"
#define LAST_LINE "end\n"
#define NAMED_COLLISIONS 10

/* The places of one merge. */
struct places {
    const char *prefix;
    char *tree, *journal, *aside; /* aside: the marker while it waits */
};

static bool find_places(struct places *self, const char *staging, const char *prefix, struct failure *why)
{
    self->prefix = prefix;
    self->tree = path_join(staging, "tree");
    self->journal = path_join(staging, "journal");
    self->aside = path_join(staging, "marker");
    return (self->tree != NULL && self->journal != NULL && self->aside != NULL) || fail_memory(why);
}

static void free_places(struct places *self)
{
    free(self->tree);
    free(self->journal);
    free(self->aside);
}

/* --- Planning: the tree and the prefix, side by side -------------------------------------------------------------- */

struct plan {
    const struct places *places;
    const char *relative; /* where the walk is, "" at the top */
    struct text journal, collisions;
    unsigned collision_count;
    struct failure *why;
};

static bool plan_name(void *context, const char *name);

static bool plan_folder(struct plan *plan, const char *relative, const char *staged)
{
    const char *above = plan->relative;
    int error;

    plan->relative = relative;
    error = os_each(staged, plan_name, plan);
    plan->relative = above;
    if (error != 0)
        fail_io(plan->why, error, CODE_WRITE, "reading", staged);
    return plan->why->code == CODE_DONE;
}

/* One thing in the tree: moved as a whole where nothing is in the way, merged where two folders meet. */
static bool plan_path(struct plan *plan, const char *relative, const char *staged, const char *wanted)
{
    enum os_kind ours = OS_NOTHING, present = OS_NOTHING;
    int error = os_kind_of(staged, &ours);

    if (error == 0)
        error = os_kind_of(wanted, &present);
    if (error != 0)
        return fail_io(plan->why, error, CODE_PREFIX, "looking at", wanted);
    if (ours == OS_FOLDER && present == OS_FOLDER)
        return plan_folder(plan, relative, staged);
    if (present == OS_NOTHING) {
        text_add(&plan->journal, "move ");
        text_add(&plan->journal, relative);
        text_add(&plan->journal, "\n");
    } else if (plan->collision_count++ < NAMED_COLLISIONS) {
        text_add(&plan->collisions, plan->collision_count > 1 ? ", " : "");
        text_add(&plan->collisions, relative);
    }
    return true;
}

static bool plan_name(void *context, const char *name)
{
    struct plan *plan = context;
    char *relative = path_join(plan->relative, name);
    char *staged = relative != NULL ? path_join(plan->places->tree, relative) : NULL;
    char *wanted = relative != NULL ? path_join(plan->places->prefix, relative) : NULL;
    bool planned = staged != NULL && wanted != NULL ? plan_path(plan, relative, staged, wanted) : fail_memory(plan->why);

    free(relative);
    free(staged);
    free(wanted);
    return planned;
}

static bool refuse_collisions(const struct plan *plan)
{
    fail(plan->why, CODE_PREFIX, "%s already holds %u of the files to be installed: %s%s", plan->places->prefix,
         plan->collision_count, plan->collisions.bytes, plan->collision_count > NAMED_COLLISIONS ? ", ..." : "");
    return fail_hint(plan->why, "move them away, or choose another folder; nothing was changed");
}

/* Fill the plan's journal with every move, the marker's last. */
static bool make_plan(struct plan *plan, const char *marker)
{
    text_add(&plan->journal, FIRST_LINE);
    if (!plan_folder(plan, "", plan->places->tree))
        return false;
    text_add(&plan->journal, "marker ");
    text_add(&plan->journal, marker);
    text_add(&plan->journal, "\n" LAST_LINE);
    if (plan->journal.failed || plan->collisions.failed)
        return fail_memory(plan->why);
    return plan->collision_count == 0 || refuse_collisions(plan);
}

/* --- Moving ------------------------------------------------------------------------------------------------------- */

static int move(const char *from_folder, const char *to_folder, const char *relative)
{
    char *from = path_join(from_folder, relative), *to = path_join(to_folder, relative);
    int error = from != NULL && to != NULL ? os_rename(from, to) : ENOMEM;

    free(from);
    free(to);
    return error;
}

/* Move the marker out of the tree, so that no move takes it along. */
static bool set_marker_aside(const struct places *places, const char *marker, struct failure *why)
{
    char *staged = path_join(places->tree, marker);
    int error = staged != NULL ? os_rename(staged, places->aside) : ENOMEM;

    free(staged);
    return error == 0 || fail_io(why, error, CODE_WRITE, "setting aside", marker);
}

static bool move_marker(const struct places *places, const char *marker, struct failure *why)
{
    char *wanted = path_join(places->prefix, marker);
    int error = wanted != NULL ? os_rename(places->aside, wanted) : ENOMEM;

    free(wanted);
    return error == 0 || fail_io(why, error, CODE_WRITE, "moving", marker);
}

/* Cut the next line off `*text`; the kind is told by its word. NULL at the end. */
static char *next_line(char **text)
{
    char *line = *text, *newline = strchr(line, '\n');

    if (newline == NULL)
        return NULL;
    *newline = '\0';
    *text = newline + 1;
    return line;
}

/* Make all moves of a journal, which is cut into lines on the way. */
static bool make_moves(const struct places *places, char *journal, struct failure *why)
{
    char *line;

    while ((line = next_line(&journal)) != NULL) {
        int error = 0;
        if (fail_if_cancelled(why))
            return false;
        if (strncmp(line, "move ", 5) == 0)
            error = move(places->tree, places->prefix, line + 5);
        if (error != 0)
            return fail_io(why, error, CODE_WRITE, "moving", line + 5);
    }
    return true;
}

static bool commit(struct plan *plan, const char *marker)
{
    const struct places *places = plan->places;
    int error;

    if (!make_plan(plan, marker) || !set_marker_aside(places, marker, plan->why))
        return false;
    error = os_write_file(places->journal, plan->journal.bytes, plan->journal.size);
    if (error != 0)
        return fail_io(plan->why, error, CODE_WRITE, "writing", places->journal);
    return make_moves(places, plan->journal.bytes, plan->why) && move_marker(places, marker, plan->why);
}

bool merge_commit(const char *staging, const char *prefix, const char *marker, struct failure *why)
{
    struct places places;
    struct plan plan = {.places = &places, .relative = "", .why = why};
    bool done = find_places(&places, staging, prefix, why) && commit(&plan, marker);

    if (done)
        os_sync_folder(prefix);
    text_free(&plan.journal);
    text_free(&plan.collisions);
    free_places(&places);
    return done;
}

/* --- Undoing ------------------------------------------------------------------------------------------------------ */

/* Move one thing back into the tree, if it had been moved out of it. */
static int move_back(const struct places *places, const char *relative)
{
    char *staged = path_join(places->tree, relative), *moved = path_join(places->prefix, relative);
    enum os_kind in_tree = OS_NOTHING, in_prefix = OS_NOTHING;
    int error = staged != NULL && moved != NULL ? os_kind_of(staged, &in_tree) : ENOMEM;

    if (error == 0)
        error = os_kind_of(moved, &in_prefix);
    if (error == 0 && in_tree == OS_NOTHING && in_prefix != OS_NOTHING)
        error = os_rename(moved, staged);
    free(staged);
    free(moved);
    return error;
}

static int undo_moves(const struct places *places, char *journal)
{
    char *line;
    int error = 0, failed;

    while ((line = next_line(&journal)) != NULL)
        if (strncmp(line, "move ", 5) == 0 && (failed = move_back(places, line + 5)) != 0)
            error = error != 0 ? error : failed;
    return error;
}

/* The journal's text; empty where it was not completely written, so that no move was made. NULL after a failure. */
static char *read_journal(const char *path, int *error)
{
    const size_t first = strlen(FIRST_LINE), last = strlen(LAST_LINE);
    uint64_t size = 0;
    size_t got = 0;
    char *text = NULL;
    os_file file;

    *error = os_open(path, &file);
    if (*error != 0)
        return NULL;
    *error = os_size(file, &size);
    if (*error == 0 && (size >= SIZE_MAX || (text = malloc((size_t)size + 1)) == NULL))
        *error = ENOMEM;
    if (*error == 0)
        *error = os_read_at(file, text, (size_t)size, 0, &got);
    os_close(file);
    if (*error != 0) {
        free(text);
        return NULL;
    }
    if (got < first + last || memcmp(text, FIRST_LINE, first) != 0 || memcmp(text + got - last, LAST_LINE, last) != 0)
        got = 0;
    text[got] = '\0';
    return text;
}

static bool undo(const struct places *places, struct failure *why)
{
    enum os_kind journal = OS_NOTHING, aside = OS_NOTHING;
    char *text;
    int error = os_kind_of(places->journal, &journal);

    if (error == 0)
        error = os_kind_of(places->aside, &aside);
    if (error == 0 && (journal == OS_NOTHING || aside == OS_NOTHING))
        return true;
    text = error == 0 ? read_journal(places->journal, &error) : NULL;
    if (text != NULL)
        error = undo_moves(places, text);
    free(text);
    if (error == 0)
        return true;
    fail_io(why, error, CODE_PREFIX, "rolling back what a stopped run had done to", places->prefix);
    return fail_hint(why, "mend that, then run the installer again");
}

bool merge_undo(const char *staging, const char *prefix, struct failure *why)
{
    struct places places;
    bool done = find_places(&places, staging, prefix, why) && undo(&places, why);

    free_places(&places);
    return done;
}
