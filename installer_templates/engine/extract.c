#include "extract.h"

#include <stdlib.h>
#include <string.h>

#include "cancel.h"
#include "pathset.h"
#include "tree.h"

/* A symbolic link, kept until everything else is there, so that no path can lead through one. */
struct symbolic_link {
    struct symbolic_link *next;
    char *path, *target;
};

/* One run over a payload; the second half is shared by all workers and guarded by `mutex`. */
struct run {
    const struct payload *payload;
    const struct payload_source *source;
    const struct extract_options *options;
    struct tree tree;
    unsigned stage;
    atomic_size_t next_frame;
    atomic_bool stop;
    os_mutex *mutex;
    struct pathset paths;
    uint64_t files, bytes;
    struct symbolic_link *symbolic_links;
    struct failure failure; /* the first one of any worker */
};

struct worker {
    struct run *run;
    struct frame_reader reader;
    struct tar_reader tar;
    struct tar_entry entry;
    struct tree_writer writer;
    struct failure why;
    os_thread *thread;
};

static bool malformed(struct failure *why, const char *what)
{
    return fail(why, CODE_DAMAGED, "the payload is malformed: %s", what);
}

static bool keep_symbolic_link(struct run *run, const struct tar_entry *entry, struct failure *why)
{
    struct symbolic_link *link = calloc(1, sizeof *link);

    if (link == NULL)
        return fail_memory(why);
    link->path = path_copy(entry->path);
    link->target = path_copy(entry->link);
    link->next = run->symbolic_links;
    run->symbolic_links = link;
    return (link->path != NULL && link->target != NULL) || fail_memory(why);
}

/* Enter an entry into the books: no path twice, no more than the index has announced. The mutex is held. */
static bool book(struct run *run, const struct tar_entry *entry, struct failure *why)
{
    bool store = entry->type == TAR_FILE && run->stage == 0;
    enum pathset_result added;

    if (entry->type == TAR_HARD_LINK && (run->stage == 0 || pathset_find(&run->paths, entry->link) != PATH_STAGE_0_FILE))
        return fail(why, CODE_DAMAGED, "the payload is malformed: %s links to %s, which is no file of stage 0",
                    entry->path, entry->link);
    added = pathset_add(&run->paths, entry->path, store ? PATH_STAGE_0_FILE : PATH_ANYTHING_ELSE);
    if (added == PATHSET_NO_MEMORY)
        return fail_memory(why);
    if (added == PATHSET_DUPLICATE)
        return fail(why, CODE_DAMAGED, "the payload is malformed: it holds %s twice", entry->path);
    run->files++;
    run->bytes += entry->size; /* each is below 2^36, and their number below 2^53 */
    if (run->files > run->payload->files || run->bytes > run->payload->bytes)
        return malformed(why, "it holds more than its index announces");
    if (text_utf16_length(entry->path) > run->payload->longest)
        return malformed(why, "it holds a longer path than its index announces");
    return entry->type != TAR_SYMBOLIC_LINK || keep_symbolic_link(run, entry, why);
}

static bool write_entry(struct worker *self, struct failure *why)
{
    switch (self->entry.type) {
    case TAR_FOLDER: return tree_write_folder(&self->writer, &self->entry, why);
    case TAR_FILE: return tree_write_file(&self->writer, &self->entry, &self->tar, why);
    case TAR_HARD_LINK: return tree_write_hard_link(&self->writer, &self->entry, why);
    default: return true; /* symbolic links come last */
    }
}

static bool take_entry(struct worker *self, struct failure *why)
{
    struct run *run = self->run;
    bool booked = true;

    if (self->entry.type != TAR_FOLDER) {
        os_mutex_lock(run->mutex);
        booked = book(run, &self->entry, why);
        os_mutex_unlock(run->mutex);
    }
    if (!booked)
        return false;
    if (run->options->visit != NULL && !run->options->visit(run->options->context, &self->entry))
        return fail(why, CODE_WRITE, "writing the list failed");
    return run->options->root == NULL || write_entry(self, why);
}

/* All entries of the frame that has begun. */
static bool take_entries(struct worker *self, struct failure *why)
{
    uint64_t counted = 0;
    bool end;

    tar_start(&self->tar, &self->reader.stream, self->run->payload->windows);
    for (;;) {
        if (!tar_next(&self->tar, &self->entry, &end, why))
            return false;
        if (self->run->options->progress != NULL)
            progress_add(self->run->options->progress, self->reader.produced - counted);
        counted = self->reader.produced;
        if (end)
            return true;
        if (fail_if_cancelled(why) || atomic_load_explicit(&self->run->stop, memory_order_relaxed))
            return false;
        if (!take_entry(self, why))
            return false;
    }
}

static bool take_frame(struct worker *self, const struct payload_frame *frame)
{
    struct failure *why = &self->why;

    if (self->run->options->progress != NULL)
        progress_unit(self->run->options->progress, frame->unit);
    if (frame_begin(&self->reader, frame, why) && take_entries(self, why) && frame_end(&self->reader, why))
        return true;
    /* Whatever a damaged frame led to, the damage is what the user should know about. */
    if (why->code == CODE_DAMAGED && !frame_is_intact(&self->reader)) {
        *why = (struct failure){0};
        fail(why, CODE_DAMAGED, "the installer is damaged: a frame of %s does not have its SHA-256", frame->unit);
        fail_hint(why, "copy or download the installer again");
    }
    return false;
}

/* Frames of the run's stage, until there are none or somebody failed. */
static void work(void *argument)
{
    struct worker *self = argument;
    struct run *run = self->run;
    bool going = true;

    while (going && !atomic_load(&run->stop)) {
        size_t index = atomic_fetch_add(&run->next_frame, 1);
        if (index >= run->payload->frame_count)
            return;
        if (run->payload->frames[index].stage == run->stage)
            going = take_frame(self, &run->payload->frames[index]);
    }
    os_mutex_lock(run->mutex);
    if (run->failure.code == CODE_DONE)
        run->failure = self->why;
    os_mutex_unlock(run->mutex);
    atomic_store(&run->stop, true);
}

static bool run_stage(struct run *run, struct worker *workers, unsigned stage)
{
    run->stage = stage;
    atomic_store(&run->next_frame, 0);
    for (unsigned i = 1; i < run->options->threads; i++)
        workers[i].thread = os_thread_start(work, &workers[i]); /* NULL: the others do its share */
    work(&workers[0]);
    for (unsigned i = 1; i < run->options->threads; i++) {
        if (workers[i].thread != NULL)
            os_thread_join(workers[i].thread);
        workers[i].thread = NULL;
    }
    return !atomic_load(&run->stop);
}

static bool make_symbolic_links(struct run *run, struct worker *worker, struct failure *why)
{
    const struct symbolic_link *link;

    for (link = run->symbolic_links; link != NULL; link = link->next)
        if (!tree_prepare_symbolic_link(&worker->writer, link->path, why))
            return false;
    for (link = run->symbolic_links; link != NULL; link = link->next)
        if (!tree_write_symbolic_link(&worker->writer, link->path, link->target, why))
            return false;
    return true;
}

/* Everything that the index has announced must have come. */
static bool check_books(const struct run *run, struct failure *why)
{
    if (run->files != run->payload->files || run->bytes != run->payload->bytes)
        return malformed(why, "it holds less than its index announces");
    if (pathset_find(&run->paths, run->payload->marker) == PATH_ABSENT)
        return malformed(why, "the marker that its index names is missing");
    return true;
}

static bool run_all(struct run *run, struct worker *workers, struct failure *why)
{
    if (!run_stage(run, workers, 0) || !run_stage(run, workers, 1)) {
        *why = run->failure;
        return false;
    }
    if (!check_books(run, why))
        return false;
    return run->options->root == NULL || make_symbolic_links(run, &workers[0], why);
}

static struct worker *open_workers(struct run *run, struct failure *why)
{
    struct worker *workers = calloc(run->options->threads, sizeof *workers);
    bool opened = workers != NULL;

    for (unsigned i = 0; opened && i < run->options->threads; i++) {
        workers[i].run = run;
        tree_writer_open(&workers[i].writer, &run->tree);
        opened = frame_reader_open(&workers[i].reader, run->source, why);
    }
    if (!opened)
        fail_memory(why);
    return workers;
}

static void close_workers(struct worker *workers, unsigned count)
{
    for (unsigned i = 0; workers != NULL && i < count; i++) {
        frame_reader_close(&workers[i].reader);
        tree_writer_close(&workers[i].writer);
    }
    free(workers);
}

static void free_run(struct run *run)
{
    while (run->symbolic_links != NULL) {
        struct symbolic_link *next = run->symbolic_links->next;
        free(run->symbolic_links->path);
        free(run->symbolic_links->target);
        free(run->symbolic_links);
        run->symbolic_links = next;
    }
    pathset_free(&run->paths);
    os_mutex_free(run->mutex);
    free(run);
}

bool extract(const struct payload *payload, const struct payload_source *source,
             const struct extract_options *options, struct failure *why)
{
    struct run *run = calloc(1, sizeof *run);
    struct worker *workers = NULL;
    bool done = false;

    if (run == NULL)
        return fail_memory(why);
    run->payload = payload;
    run->source = source;
    run->options = options;
    run->mutex = os_mutex_new();
    if (options->root != NULL)
        tree_start(&run->tree, *options->root);
    if (run->mutex == NULL)
        fail_memory(why);
    else if ((workers = open_workers(run, why)) != NULL && why->code == CODE_DONE)
        done = run_all(run, workers, why);
    close_workers(workers, options->threads);
    free_run(run);
    return done;
}

uint64_t extract_work(const struct payload *payload)
{
    uint64_t raw = 0;

    for (size_t i = 0; i < payload->frame_count; i++)
        raw += payload->frames[i].raw; /* only shown, so it may wrap around */
    return raw;
}
