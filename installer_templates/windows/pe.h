/* What a program knows of its own file: where its sections end, which is where its payload begins.
 * The format: https://learn.microsoft.com/windows/win32/debug/pe-format */
#ifndef KEEL_PE_H
#define KEEL_PE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PE_HEADERS 4096 /* bytes from a file's beginning that hold all of its headers */

/* end: of the last section, in bytes, rounded up to 8: where a payload begins, or a certificate table.
 * checksum, security: where in the file these header fields lie (4 bytes, and 8: offset and size of that table). */
struct pe {
    uint64_t end;
    size_t checksum, security;
};

/* Read the headers in the first `size` bytes of a file. False for anything but a 64-bit program. */
bool pe_parse(const uint8_t *headers, size_t size, struct pe *pe);

/* Make a copy of the program without what follows its sections a proper file: no certificate table, and the right
 * checksum. program: pe->end bytes. */
void pe_finish_copy(uint8_t *program, const struct pe *pe);

#endif
