#include "scan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cancel.h"
#include "os.h"
#include "path.h"
#include "text.h"

#define LAST_FIELD "/" /* which is no relative path */

/* out: all fields so far, written at the very end, so that whoever reads them can be busy meanwhile.
 * path: of the folder that is being listed. */
struct scan {
    struct text out;
    char path[PATH_LONGEST + 1];
    struct failure *why;
};

/* One folder.  folders: the names of those in it, each with its zero. */
struct listing {
    struct scan *scan;
    struct text folders;
};

static void add_field(struct text *text, const char *field)
{
    text_add_bytes(text, field, strlen(field) + 1);
}

static bool list_name(void *context, const char *name, enum os_kind kind, uint64_t inode)
{
    static const char kinds[] = {[OS_FILE] = 'f', [OS_FOLDER] = 'd', [OS_LINK] = 'l', [OS_OTHER] = 'o', [OS_NOTHING] = 'o'};
    struct listing *listing = context;
    char key[32];

    snprintf(key, sizeof key, "%c%" PRIu64, kinds[kind], inode);
    add_field(&listing->scan->out, key);
    add_field(&listing->scan->out, name);
    if (kind == OS_FOLDER)
        add_field(&listing->folders, name);
    return true;
}

static bool scan_folder(struct scan *self, os_folder folder, size_t length, int depth);

/* Scan the folders in `folder`, whose path takes `length` bytes. */
static bool scan_folders(struct scan *self, os_folder folder, const struct text *names, size_t length, int depth)
{
    for (size_t at = 0; at < names->size; at += strlen(names->bytes + at) + 1) {
        const char *name = names->bytes + at;
        size_t inner = length + (length > 0) + strlen(name);
        os_folder opened;
        int error = inner > PATH_LONGEST ? ENAMETOOLONG : depth == PATH_DEEPEST ? ELOOP : 0;
        if (fail_if_cancelled(self->why))
            return false;
        if (error == 0) {
            snprintf(self->path + length, sizeof self->path - length, "%s%s", length > 0 ? "/" : "", name);
            error = os_folder_inside(folder, name, &opened);
        }
        if (error != 0)
            return fail_io(self->why, error, CODE_PREFIX, "opening", self->path);
        bool fine = scan_folder(self, opened, inner, depth + 1);
        os_folder_close(opened);
        self->path[length] = '\0';
        if (!fine)
            return false;
    }
    return true;
}

static bool scan_folder(struct scan *self, os_folder folder, size_t length, int depth)
{
    struct listing listing = {.scan = self};
    bool fine = true;
    int error;

    add_field(&self->out, self->path);
    error = os_each_in(folder, list_name, &listing);
    add_field(&self->out, "");
    if (error != 0)
        fine = fail_io(self->why, error, CODE_PREFIX, "reading", self->path);
    else if (self->out.failed || listing.folders.failed)
        fine = fail_memory(self->why);
    fine = fine && scan_folders(self, folder, &listing.folders, length, depth);
    text_free(&listing.folders);
    return fine;
}

bool command_scan(const char *path, struct failure *why)
{
    static struct scan scan;
    os_folder folder;
    int error = os_folder_open(path, &folder);
    bool fine;

    scan.why = why;
    if (error != 0)
        return fail_io(why, error, CODE_PREFIX, "opening", path);
    fine = scan_folder(&scan, folder, 0, 0);
    os_folder_close(folder);
    add_field(&scan.out, LAST_FIELD);
    if (fine && scan.out.failed)
        fine = fail_memory(why);
    if (fine && (fwrite(scan.out.bytes, 1, scan.out.size, stdout) != scan.out.size || fflush(stdout) != 0))
        fine = fail_io(why, errno, CODE_WRITE, "writing", "the list");
    text_free(&scan.out);
    return fine;
}
