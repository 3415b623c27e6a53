#include "link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cancel.h"
#include "joblist.h"
#include "os.h"
#include "path.h"

/* Reflinks are private files, so their owner may write to them whatever the source says. */
#define OWNER_MAY_WRITE 0200

/* What could not be done. */
struct refusal {
    uint64_t job, entry;
    int error;
};

/* What all workers share. mutex: for the list, and for `why`, its failure. stopped: no more jobs are to be begun. */
struct linking {
    struct job_list list;
    os_folder root;
    uint32_t folder_mode;
    os_mutex *mutex;
    atomic_bool stopped;
    struct failure *why;
};

/* A folder below the root, with all folders on the way to it: jobs come folder by folder, so that most of the way stays.
 * path: of the innermost; depth: how many are open. Paths are opened name by name, thus never through a link. */
struct way_down {
    char path[PATH_LONGEST + 1];
    os_folder folders[PATH_DEEPEST];
    size_t ends[PATH_DEEPEST]; /* where in `path` the name of each ends */
    size_t depth;
};

struct worker {
    struct linking *shared;
    os_thread *thread;
    struct job job;
    struct way_down into;
    uint64_t made;
    struct refusal *refusals;
    size_t refusal_count, refusal_capacity;
    struct failure why;
};

/* --- Folders -------------------------------------------------------------------------------------------------------- */

static void climb(struct way_down *self, size_t depth)
{
    while (self->depth > depth)
        os_folder_close(self->folders[--self->depth]);
}

/* How many of the folders that are open lie on the way to `path`. */
static size_t common_depth(const struct way_down *self, const char *path)
{
    size_t depth = 0;

    while (depth < self->depth) {
        size_t end = self->ends[depth];
        if (strncmp(self->path, path, end) != 0 || (path[end] != '/' && path[end] != '\0'))
            break;
        depth++;
    }
    return depth;
}

/* Open the folder `path` below the root, making what is missing. The folder belongs to `self`. */
static int enter(struct way_down *self, const struct linking *shared, const char *path, os_folder *folder)
{
    size_t depth = common_depth(self, path), at = depth > 0 ? self->ends[depth - 1] + 1 : 0, length = strlen(path);

    climb(self, depth);
    memcpy(self->path, path, length + 1);
    while (at < length) {
        os_folder above = self->depth > 0 ? self->folders[self->depth - 1] : shared->root;
        size_t end = at + strcspn(path + at, "/");
        self->path[end] = '\0';
        int error = os_folder_step(above, self->path + at, shared->folder_mode, &self->folders[self->depth]);
        self->path[end] = path[end];
        if (error != 0)
            return error;
        self->ends[self->depth++] = end;
        at = end + 1;
    }
    *folder = self->depth > 0 ? self->folders[self->depth - 1] : shared->root;
    return 0;
}

/* --- Files ---------------------------------------------------------------------------------------------------------- */

/* Whether the next way may do better: this one cannot work here, or not with this file. */
static bool is_next(int error)
{
    return error == EXDEV || error == EMLINK || error == EPERM || error == EACCES || error == ENOTSUP ||
           error == EOPNOTSUPP || error == ENOSYS || error == EINVAL || error == ENOTTY;
}

static int link_symbolically(const char *target, os_folder folder, const char *name)
{
    char text[PATH_LONGEST + 1]; /* the list's reader saw to it that both fit */

    snprintf(text, sizeof text, "%s/%s", target, name);
    return os_symbolic_link(text, folder, name);
}

static int make_link(const struct job *job, os_folder source, os_folder folder, const char *name)
{
    int error = ENOTSUP;

    for (const char *way = job->ways; *way != '\0' && is_next(error); way++) {
        if (*way == 'r')
            error = os_clone(source, name, folder, name, OWNER_MAY_WRITE);
        else if (*way == 'h')
            error = os_hard_link(source, name, folder, name);
        else
            error = link_symbolically(job->target, folder, name);
        if (error == 0)
            break;
    }
    return error;
}

static bool note(struct worker *self, uint64_t entry, int error)
{
    if (self->refusal_count == self->refusal_capacity) {
        size_t capacity = 2 * self->refusal_capacity + 64;
        struct refusal *grown = realloc(self->refusals, capacity * sizeof *grown);
        if (grown == NULL)
            return fail_memory(&self->why);
        self->refusals = grown;
        self->refusal_capacity = capacity;
    }
    self->refusals[self->refusal_count++] = (struct refusal){self->job.number, entry, error};
    return true;
}

static bool do_job(struct worker *self)
{
    const struct job *job = &self->job;
    os_folder source = OS_NO_FOLDER, folder;
    const char *name = job->names;
    int error = enter(&self->into, self->shared, job->folder, &folder);
    bool fine = true;

    if (error == 0 && job->source[0] != '\0' && job->count > 0)
        error = os_root_length(job->source) > 0 ? os_folder_open(job->source, &source) : EINVAL;
    for (uint64_t entry = 0; fine && entry < job->count; entry++) {
        int failed = error != 0 ? error : make_link(job, source, folder, name);
        name += strlen(name) + 1;
        self->made += failed == 0;
        fine = (failed == 0 || note(self, entry, failed)) && !fail_if_cancelled(&self->why);
    }
    if (error == 0)
        os_folder_close(source);
    if (error != 0 && job->count == 0)
        fine = note(self, 0, error); /* a folder alone is an entry, too */
    return fine;
}

/* --- Workers -------------------------------------------------------------------------------------------------------- */

static int read_input(struct job_list *list, void *buffer, size_t size, size_t *got)
{
    (void)list;
    return os_read_input(buffer, size, got);
}

/* Read the next job; false when there is nothing more to do. Only one worker reads at a time, and the others work on
 * what they have got, or wait for their turn. */
static bool next_job(struct worker *self)
{
    struct linking *shared = self->shared;
    bool end = false, got = false;

    os_mutex_lock(shared->mutex);
    if (!atomic_load(&shared->stopped)) {
        got = job_list_next(&shared->list, &self->job, &end, shared->why) && !end;
        if (!got)
            atomic_store(&shared->stopped, true);
    }
    os_mutex_unlock(shared->mutex);
    return got;
}

static void work(void *argument)
{
    struct worker *self = argument;

    while (next_job(self))
        if (!do_job(self))
            atomic_store(&self->shared->stopped, true);
    climb(&self->into, 0);
}

static bool report(const struct worker *workers, unsigned count, struct failure *why)
{
    uint64_t made = 0;

    for (unsigned i = 0; i < count; i++) {
        made += workers[i].made;
        for (size_t at = 0; at < workers[i].refusal_count; at++) {
            const struct refusal *refusal = &workers[i].refusals[at];
            printf("%llu %llu %d\n", (unsigned long long)refusal->job, (unsigned long long)refusal->entry, refusal->error);
        }
    }
    printf("made %llu\n", (unsigned long long)made);
    return fflush(stdout) == 0 || fail_io(why, errno, CODE_WRITE, "writing", "the report");
}

/* The calling thread works as well; threads that cannot be had are done without. */
static bool link_all(struct worker *workers, unsigned count, struct linking *shared, struct failure *why)
{
    bool ready = true;

    for (unsigned i = 0; i < count; i++) {
        workers[i].shared = shared;
        ready = ready && job_open(&workers[i].job, why);
    }
    for (unsigned i = 1; ready && i < count; i++)
        workers[i].thread = os_thread_start(work, &workers[i]);
    if (ready)
        work(&workers[0]);
    for (unsigned i = 1; i < count; i++)
        if (workers[i].thread != NULL)
            os_thread_join(workers[i].thread);
    for (unsigned i = 0; i < count && why->code == CODE_DONE; i++)
        *why = workers[i].why;
    if (why->code == CODE_DONE && !fail_if_cancelled(why))
        report(workers, count, why);
    for (unsigned i = 0; i < count; i++) {
        job_close(&workers[i].job);
        free(workers[i].refusals);
    }
    return why->code == CODE_DONE;
}

bool command_link(const char *into, unsigned threads, struct failure *why)
{
    struct linking *shared = calloc(1, sizeof *shared);
    struct worker *workers = calloc(threads, sizeof *workers);
    os_mutex *mutex = os_mutex_new();
    bool done = false;
    int error;

    if (shared == NULL || workers == NULL || mutex == NULL) {
        fail_memory(why);
    } else if ((error = os_folder_open(into, &shared->root)) != 0) {
        fail_io(why, error, CODE_PREFIX, "opening", into);
    } else {
        shared->list.read = read_input;
        shared->folder_mode = os_user_folder_mode();
        shared->mutex = mutex;
        shared->why = why;
        done = link_all(workers, threads, shared, why);
        os_folder_close(shared->root);
    }
    os_mutex_free(mutex);
    free(workers);
    free(shared);
    return done;
}
