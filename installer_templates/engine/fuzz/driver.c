/* Runs the fuzz target without libFuzzer: mutates the files of a corpus, with a fixed seed, for a number of seconds.
 *
 *     fuzz SECONDS CORPUS-FILE...
 *
 * Before each run the input goes to `last-input` in the current folder, so that a crash can be repeated:
 * `fuzz 0 last-input` runs the target once on each file as it is. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LONGEST = 1 << 16, SEEDS = 64 };

static struct {
    uint8_t *bytes;
    size_t size;
} seeds[SEEDS];
static size_t seed_count;

/* xorshift64*: the same sequence on every machine. */
static uint64_t state = 20261123;

static uint64_t chance(uint64_t below)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (state * 2685821657736338717u >> 16) % below;
}

static void load(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || seed_count == SEEDS) {
        perror(path);
        exit(2);
    }
    seeds[seed_count].bytes = malloc(LONGEST);
    seeds[seed_count].size = fread(seeds[seed_count].bytes, 1, LONGEST, file);
    seed_count++;
    fclose(file);
}

/* A whole number, a digit of one, or any byte: what head, index and tar headers are made of. */
static void disturb(uint8_t *bytes, size_t *size)
{
    static const char digits[] = "0123456789 \n/.\0";
    size_t at = chance(*size), length = 1 + chance(32);
    if (at + length > *size)
        length = *size - at;
    switch (chance(6)) {
    case 0: bytes[at] ^= (uint8_t)(1u << chance(8)); break;
    case 1: bytes[at] = (uint8_t)chance(256); break;
    case 2: bytes[at] = (uint8_t)digits[chance(sizeof digits)]; break;
    case 3: *size = at + 1; break;
    case 4: memmove(bytes + at, bytes + chance(*size - length + 1), length); break;
    default:
        if (*size + length <= LONGEST) {
            memmove(bytes + at + length, bytes + at, *size - at);
            *size += length;
        }
    }
}

/* Make the checksums of tar headers right again, or mutations would never come past them. */
static void mend_checksums(uint8_t *bytes, size_t size)
{
    for (size_t at = 1; at + 512 <= size; at += 512) {
        unsigned sum = 8 * ' ';
        char text[8];
        if (memcmp(bytes + at + 257, "ustar", 5) != 0)
            continue;
        for (size_t i = 0; i < 512; i++)
            sum += i < 148 || i >= 156 ? bytes[at + i] : 0;
        snprintf(text, sizeof text, "%06o", sum & 0777777);
        memcpy(bytes + at + 148, text, 7);
    }
}

int main(int count, char **words)
{
    static uint8_t work[LONGEST];
    unsigned long runs = 0;
    time_t end;
    uint8_t *last;
    size_t size;
    int file;
    if (count < 3)
        return 2;
    for (int i = 2; i < count; i++)
        load(words[i]);
    for (size_t i = 0; i < seed_count; i++)
        LLVMFuzzerTestOneInput(seeds[i].bytes, seeds[i].size);
    file = open("last-input", O_RDWR | O_CREAT, 0644);
    if (file < 0 || ftruncate(file, LONGEST) != 0)
        return 2;
    last = mmap(NULL, LONGEST, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (last == MAP_FAILED)
        return 2;
    for (end = time(NULL) + atoi(words[1]); time(NULL) < end; runs++) {
        size_t seed = chance(seed_count);
        uint8_t *exact;
        memcpy(work, seeds[seed].bytes, seeds[seed].size);
        size = seeds[seed].size;
        for (uint64_t times = 1 + chance(8); times > 0; times--)
            disturb(work, &size);
        if (chance(4) != 0)
            mend_checksums(work, size);
        memcpy(last, work, size);
        exact = malloc(size); /* of its own size, so that the sanitizer sees any byte too many */
        if (exact == NULL)
            return 2;
        memcpy(exact, work, size);
        LLVMFuzzerTestOneInput(exact, size);
        free(exact);
    }
    printf("%lu runs, no crash\n", runs);
    return 0;
}
