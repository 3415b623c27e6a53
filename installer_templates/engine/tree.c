#include "tree.h"

#include <errno.h>
#include <string.h>

#include "cancel.h"

/* In this order; a way that a file system does not know is not tried again. */
enum { WAY_CLONE, WAY_HARD_LINK, WAY_COPY };

#define COPY_BUFFER ((size_t)64 << 10)

void tree_start(struct tree *self, os_folder root)
{
    self->root = root;
    atomic_init(&self->link_way, WAY_CLONE);
}

void tree_writer_open(struct tree_writer *self, struct tree *tree)
{
    self->tree = tree;
    self->into.open = self->from.open = false;
}

static void close_folder(struct open_folder *self)
{
    if (self->open)
        os_folder_close(self->folder);
    self->open = false;
}

void tree_writer_close(struct tree_writer *self)
{
    close_folder(&self->into);
    close_folder(&self->from);
}

/* Writing `path` ended with `error`. The tree is ours alone, so whatever is in the way came from the payload. */
static bool write_failed(struct failure *why, int error, const char *path)
{
    if (error != EEXIST && error != ENOTDIR && error != EISDIR && error != ELOOP)
        return fail_io(why, error, CODE_WRITE, "writing", path);
    fail(why, CODE_DAMAGED, "the payload holds two things that would both become %s here", path);
    return fail_hint(why, "if names in it differ by upper and lower case only, choose a disk that tells them apart");
}

/* The last component of `path`, after opening the folder that holds it. NULL after a failure. */
static const char *enter_parent(const struct tree *tree, struct open_folder *self, const char *path, struct failure *why)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash != NULL ? (size_t)(slash - path) : 0;
    int error;

    if (!self->open || strncmp(self->path, path, length) != 0 || self->path[length] != '\0') {
        close_folder(self);
        memcpy(self->path, path, length);
        self->path[length] = '\0';
        error = os_folder_enter(tree->root, self->path, &self->folder);
        self->open = error == 0;
        if (error != 0) {
            write_failed(why, error, path);
            return NULL;
        }
    }
    return slash != NULL ? slash + 1 : path;
}

bool tree_write_folder(struct tree_writer *self, const struct tar_entry *entry, struct failure *why)
{
    os_folder folder;
    int error = os_folder_enter(self->tree->root, entry->path, &folder);

    if (error != 0)
        return write_failed(why, error, entry->path);
    os_folder_close(folder);
    return true;
}

static bool write_content(os_file file, const struct tar_entry *entry, struct tar_reader *tar, struct failure *why)
{
    size_t size;
    int error;

    for (;;) {
        if (!tar_content(tar, &size, why))
            return false;
        if (size == 0)
            return true;
        if (fail_if_cancelled(why))
            return false;
        error = os_write(file, tar->stream->data, size);
        if (error != 0)
            return fail_io(why, error, CODE_WRITE, "writing", entry->path);
        tar_take(tar, size);
    }
}

bool tree_write_file(struct tree_writer *self, const struct tar_entry *entry, struct tar_reader *tar,
                     struct failure *why)
{
    const char *name = enter_parent(self->tree, &self->into, entry->path, why);
    os_file file;
    bool written;
    int error;

    if (name == NULL)
        return false;
    error = os_create(self->into.folder, name, entry->mode, &file);
    if (error != 0)
        return write_failed(why, error, entry->path);
    written = write_content(file, entry, tar, why);
    error = os_close_at(file, entry->mtime);
    if (written && error != 0)
        return fail_io(why, error, CODE_WRITE, "writing", entry->path);
    return written;
}

static int copy_bytes(os_file from, os_file to, uint64_t size)
{
    char buffer[COPY_BUFFER];
    size_t got;
    int error;

    for (uint64_t at = 0; at < size; at += got) {
        error = os_read_at(from, buffer, sizeof buffer, at, &got);
        if (error == 0 && got == 0)
            error = EIO; /* the file has become shorter */
        if (error == 0)
            error = os_write(to, buffer, got);
        if (error != 0)
            return error;
    }
    return 0;
}

static int copy_file(os_folder from_folder, const char *from, os_folder to_folder, const char *to)
{
    struct os_facts facts;
    os_file source, copy;
    int error = os_open_in(from_folder, from, &source, &facts), closed;

    if (error != 0)
        return error;
    error = os_create(to_folder, to, facts.mode, &copy);
    if (error == 0) {
        error = copy_bytes(source, copy, facts.size);
        closed = os_close_at(copy, facts.mtime);
        error = error != 0 ? error : closed;
    }
    os_close(source);
    return error;
}

static bool is_unsupported(int error)
{
    return error == ENOTSUP || error == EOPNOTSUPP || error == EXDEV || error == EPERM || error == ENOSYS ||
           error == EINVAL || error == ENOTTY;
}

bool tree_write_hard_link(struct tree_writer *self, const struct tar_entry *entry, struct failure *why)
{
    const char *from = enter_parent(self->tree, &self->from, entry->link, why);
    const char *to = from != NULL ? enter_parent(self->tree, &self->into, entry->path, why) : NULL;
    os_folder source = self->from.folder, folder = self->into.folder;
    int way = atomic_load_explicit(&self->tree->link_way, memory_order_relaxed), error = ENOTSUP;

    if (to == NULL)
        return false;
    if (way == WAY_CLONE) {
        error = os_clone(source, from, folder, to, 0);
        if (is_unsupported(error))
            atomic_store(&self->tree->link_way, way = WAY_HARD_LINK);
    }
    if (way == WAY_HARD_LINK) {
        error = os_hard_link(source, from, folder, to);
        if (is_unsupported(error))
            atomic_store(&self->tree->link_way, way = WAY_COPY);
    }
    if (way == WAY_COPY || error == EMLINK) /* this one file may have too many names already */
        error = copy_file(source, from, folder, to);
    return error == 0 || write_failed(why, error, entry->path);
}

bool tree_prepare_symbolic_link(struct tree_writer *self, const char *path, struct failure *why)
{
    return enter_parent(self->tree, &self->into, path, why) != NULL;
}

bool tree_write_symbolic_link(struct tree_writer *self, const char *path, const char *target, struct failure *why)
{
    const char *name = enter_parent(self->tree, &self->into, path, why);
    int error = name != NULL ? os_symbolic_link(target, self->into.folder, name) : 0;

    if (name == NULL)
        return false;
    return error == 0 || write_failed(why, error, path);
}
