/* Writes entries into the tree that is being built. */
#ifndef KEEL_TREE_H
#define KEEL_TREE_H

#include <stdbool.h>

#include "failure.h"
#include "os.h"
#include "tar.h"

/* What all writers share: the tree's root, and which way of linking is the first that may still work here. */
struct tree {
    os_folder root;
    atomic_int link_way;
};

/* A folder that stays open, because the next entry is likely to lie in it, too. path: PATH_LONGEST + 1 bytes. */
struct open_folder {
    os_folder folder;
    char path[PATH_LONGEST + 1];
    bool open;
};

/* One writer for each thread. */
struct tree_writer {
    struct tree *tree;
    struct open_folder into, from;
};

void tree_start(struct tree *self, os_folder root);

void tree_writer_open(struct tree_writer *self, struct tree *tree);
void tree_writer_close(struct tree_writer *self);

/* Make what the entry describes, and its parents. A file's content is read from `tar`. */
bool tree_write_folder(struct tree_writer *self, const struct tar_entry *entry, struct failure *why);
bool tree_write_file(struct tree_writer *self, const struct tar_entry *entry, struct tar_reader *tar,
                     struct failure *why);
/* A second name for a file that is there: by reflink, by hard link, or as a copy. */
bool tree_write_hard_link(struct tree_writer *self, const struct tar_entry *entry, struct failure *why);

/* Make the parent folders of a symbolic link. No link is made before all of them have theirs. */
bool tree_prepare_symbolic_link(struct tree_writer *self, const char *path, struct failure *why);
bool tree_write_symbolic_link(struct tree_writer *self, const char *path, const char *target, struct failure *why);

#endif
