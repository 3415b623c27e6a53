#include "install.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "extract.h"
#include "foreign.h"
#include "installer.h"
#include "path.h"
#include "progress.h"
#include "room.h"
#include "stage.h"

static bool unpack(const struct command *command, const struct installer *installer, const struct stage *stage,
                   struct failure *why)
{
    const struct payload *payload = &installer->payload;
    struct extract_options options = {.threads = command->threads};
    struct progress progress;
    os_folder root;
    bool done;
    int error = os_folder_open(stage->tree, &root);

    if (error != 0)
        return fail_io(why, error, CODE_PREFIX, "opening", stage->tree);
    options.root = &root;
    options.progress = &progress;
    done = progress_start(&progress, "unpacking", payload->files, payload->bytes, extract_work(payload), command->quiet,
                          why) &&
           extract(payload, &installer->source, &options, why);
    progress_end(&progress);
    os_folder_close(root);
    return done;
}

/* Say how much room the rest would have taken when it ran out. */
static void explain_no_space(const struct payload *payload, struct failure *why)
{
    size_t length = strlen(why->message);

    if (why->code == CODE_WRITE)
        snprintf(why->message + length, sizeof why->message - length, " (the installation needs %" PRIu64 " MB)",
                 payload->bytes / 1000000 + 1);
}

static bool fill_stage(const struct command *command, const struct installer *installer, struct stage *stage,
                       struct failure *why)
{
    const struct payload *payload = &installer->payload;
    const struct install_hooks *hooks = &command->hooks;

    if (!room_check_length(stage->prefix, payload->longest, why) ||
        !room_check_space(stage->prefix, payload->bytes, payload->files, why))
        return false;
    if (hooks->opened != NULL && !hooks->opened(hooks->context, stage->tree, why))
        return false;
    if (!unpack(command, installer, stage, why)) {
        explain_no_space(payload, why);
        return false;
    }
    progress_line(command->quiet, "verified");
    if (stage->filled && command->foreign != NULL &&
        !foreign_write_list(stage->prefix, stage->tree, command->foreign, why))
        return false;
    if (hooks->unpacked != NULL && !hooks->unpacked(hooks->context, stage->tree, why))
        return false;
    return stage_commit(stage, payload->marker, why);
}

bool command_install(const struct command *command, struct failure *why)
{
    struct installer installer;
    struct stage stage = {0};

    if (installer_open(&installer, command->file, command->offset, why) &&
        stage_open(&stage, command->prefix, installer.payload.marker, command->force, why) &&
        fill_stage(command, &installer, &stage, why))
        progress_line(command->quiet, "installed %s %s", installer.payload.name, installer.payload.version);
    stage_close(&stage, why);
    installer_close(&installer);
    return why->code == CODE_DONE;
}

bool command_verify(const struct command *command, struct failure *why)
{
    struct installer installer;
    struct progress progress = {0};
    struct extract_options options = {.threads = command->threads, .progress = &progress};

    if (installer_open(&installer, command->file, command->offset, why)) {
        const struct payload *payload = &installer.payload;
        if (progress_start(&progress, "verifying", payload->files, payload->bytes, extract_work(payload), command->quiet,
                           why))
            extract(payload, &installer.source, &options, why);
        progress_end(&progress);
        if (why->code == CODE_DONE)
            progress_line(command->quiet, "verified");
    }
    installer_close(&installer);
    return why->code == CODE_DONE;
}

static bool print_entry(void *context, const struct tar_entry *entry)
{
    (void)context;
    fputs(entry->path, stdout);
    if (entry->type == TAR_FOLDER)
        fputc('/', stdout);
    if (entry->link[0] != '\0' && entry->type != TAR_FILE)
        printf(" -> %s", entry->link);
    fputc('\n', stdout);
    return !ferror(stdout);
}

bool command_list(const struct command *command, struct failure *why)
{
    struct installer installer;
    struct extract_options options = {.threads = 1, .visit = print_entry};

    if (installer_open(&installer, command->file, command->offset, why) &&
        extract(&installer.payload, &installer.source, &options, why) && fflush(stdout) != 0)
        fail(why, CODE_WRITE, "writing the list failed");
    installer_close(&installer);
    return why->code == CODE_DONE;
}
