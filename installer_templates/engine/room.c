#include "room.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "os.h"
#include "path.h"
#include "prefix.h"

#ifdef _WIN32
#define OR_LONG_PATHS ", or enable long paths (/EnableLongPaths=1, as administrator)"
#else
#define OR_LONG_PATHS ""
#endif

bool room_check_length(const char *prefix, uint64_t longest, struct failure *why)
{
    size_t most = os_longest_path(), length = os_path_length(prefix);

    if (length < most && longest < most - length)
        return true;
    fail(why, CODE_PREFIX, "%s is too long: paths below it would have up to %" PRIu64 " characters, %zu are possible",
         prefix, length + 1 + longest, most);
    return fail_hint(why, "choose a folder with a shorter path" OR_LONG_PATHS);
}

int room_free(const char *path, uint64_t *bytes, uint64_t *inodes)
{
    char *folder = path_copy(path), *above;
    enum os_kind kind = OS_NOTHING;
    int error = ENOMEM;

    while (folder != NULL && strlen(folder) > os_root_length(folder) &&
           (os_kind_of(folder, &kind) != 0 || kind != OS_FOLDER)) {
        above = prefix_parent(folder);
        free(folder);
        folder = above;
    }
    if (folder != NULL)
        error = folder[0] != '\0' ? os_free_space(folder, bytes, inodes) : ENOENT;
    free(folder);
    return error;
}

bool room_check_space(const char *prefix, uint64_t bytes, uint64_t files, struct failure *why)
{
    uint64_t free_bytes, inodes;

    if (room_free(prefix, &free_bytes, &inodes) != 0)
        return true; /* then the writing tells */
    if (free_bytes < bytes)
        fail(why, CODE_WRITE, "there is no space for %s: %" PRIu64 " MB are needed, %" PRIu64 " MB are free", prefix,
             bytes / 1000000 + 1, free_bytes / 1000000);
    else if (inodes < files / 2)
        fail(why, CODE_WRITE, "the file system of %s is out of inodes: %" PRIu64 " are needed, %" PRIu64 " are free",
             prefix, files / 2, inodes);
    else
        return true;
    return fail_hint(why, "free some space on that disk, or choose a folder on another one");
}
