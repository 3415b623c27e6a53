#include "joblist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "path.h"

#define FIRST_FIELD "keel-links 1"
#define LAST_FIELD "end"

bool job_open(struct job *self, struct failure *why)
{
    *self = (struct job){.text = malloc(JOB_MAX_BYTES)};
    return self->text != NULL || fail_memory(why);
}

void job_close(struct job *self)
{
    free(self->text);
    self->text = NULL;
}

static bool refuse(const struct job_list *self, const char *problem, struct failure *why)
{
    return fail(why, CODE_USAGE, "job %llu of the list %s", (unsigned long long)self->jobs, problem);
}

/* Have at least one byte in the buffer; *some is false at the end of the input. */
static bool fill(struct job_list *self, bool *some, struct failure *why)
{
    int error = 0;

    if (self->at == self->filled) {
        self->at = self->filled = 0;
        error = self->read(self, self->buffer, sizeof self->buffer, &self->filled);
    }
    *some = error == 0 && self->filled > 0;
    return error == 0 || (error != EINTR && fail_io(why, error, CODE_UNEXPECTED, "reading", "the list"));
}

/* Append the next field, with its zero, to the job. NULL after a failure. */
static const char *take(struct job_list *self, struct job *job, struct failure *why)
{
    const char *field = job->text + job->size;
    bool some;

    do {
        if (!fill(self, &some, why))
            return NULL;
        const char *from = self->buffer + self->at, *zero = memchr(from, '\0', self->filled - self->at);
        size_t size = zero != NULL ? (size_t)(zero - from) + 1 : self->filled - self->at;
        if (!some)
            return refuse(self, "is cut off", why), NULL;
        if (size > JOB_MAX_BYTES - job->size)
            return refuse(self, "is larger than 1 MiB", why), NULL;
        memcpy(job->text + job->size, from, size);
        job->size += size;
        self->at += size;
        some = zero == NULL;
    } while (some);
    return field;
}

static bool is_plain_name(const char *name, size_t size)
{
    bool dots = (size == 1 || size == 2) && name[0] == '.' && name[size - 1] == '.';

    return size > 0 && size <= NAME_LONGEST && !dots && memchr(name, '/', size) == NULL && memchr(name, '\\', size) == NULL;
}

/* Whether `folder` is "", or names with `/` between them. */
static bool is_relative_folder(const char *folder)
{
    if (folder[0] == '\0')
        return true;
    for (int depth = 1;; depth++) {
        size_t length = strcspn(folder, "/");
        if (depth > PATH_DEEPEST || !is_plain_name(folder, length))
            return false;
        if (folder[length] == '\0')
            return true;
        folder += length + 1;
    }
}

/* One to three different letters of "rhs". */
static bool are_ways(const char *ways)
{
    size_t count = strlen(ways);

    if (count == 0 || count > 3 || strspn(ways, "rhs") != count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (strchr(ways + i + 1, ways[i]) != NULL)
            return false;
    return true;
}

static const char *head_problem(const struct job *job)
{
    bool linked = strpbrk(job->ways, "rh") != NULL, symbolic = strchr(job->ways, 's') != NULL;

    if (linked != (job->source[0] != '\0') || strlen(job->source) > PATH_LONGEST)
        return "has a wrong source";
    if (symbolic != (job->target[0] != '\0') || strlen(job->target) > PATH_LONGEST - NAME_LONGEST - 1)
        return "has a wrong target";
    if (strlen(job->folder) > PATH_LONGEST || !is_relative_folder(job->folder))
        return "has a wrong folder";
    return NULL;
}

static bool take_names(struct job_list *self, struct job *job, struct failure *why)
{
    const char *name;

    job->names = job->text + job->size;
    for (;; job->count++) {
        if ((name = take(self, job, why)) == NULL)
            return false;
        if (name[0] == '\0')
            return true;
        if (!is_plain_name(name, strlen(name)))
            return refuse(self, "has a name that is none", why);
        if (++self->names > JOB_LIST_MAX_NAMES)
            return refuse(self, "is one too many", why);
    }
}

/* Behind the last field there is nothing. */
static bool at_end(struct job_list *self, struct failure *why)
{
    bool some;

    return fill(self, &some, why) && (!some || refuse(self, "comes behind the end", why));
}

bool job_list_next(struct job_list *self, struct job *job, bool *end, struct failure *why)
{
    const char *first, *problem;

    *job = (struct job){.text = job->text, .number = self->jobs};
    first = take(self, job, why);
    if (first != NULL && !self->begun) {
        if (strcmp(first, FIRST_FIELD) != 0)
            return fail(why, CODE_USAGE, "this is no list of links, or one of another version");
        self->begun = true;
        job->size = 0;
        first = take(self, job, why);
    }
    if (first == NULL)
        return false;
    *end = strcmp(first, LAST_FIELD) == 0;
    if (*end)
        return at_end(self, why);
    job->ways = first;
    if (!are_ways(job->ways))
        return refuse(self, "names ways that are none", why);
    if ((job->source = take(self, job, why)) == NULL || (job->target = take(self, job, why)) == NULL ||
        (job->folder = take(self, job, why)) == NULL)
        return false;
    problem = head_problem(job);
    if (problem != NULL)
        return refuse(self, problem, why);
    if (!take_names(self, job, why))
        return false;
    self->jobs++;
    return true;
}
