#include "pe.h"

#include <string.h>

#define DOS_HEADER 64
#define PE_OFFSET 0x3c
#define COFF_HEADER 24 /* with the signature before it */
#define PE32_PLUS 0x20b
#define CHECKSUM 64 /* these three in the optional header */
#define DIRECTORY_COUNT 108
#define DIRECTORIES 112
#define SECURITY_DIRECTORY 4
#define SECTION_HEADER 40

static uint32_t number(const uint8_t *bytes, int count)
{
    uint32_t value = 0;

    while (count-- > 0)
        value = value << 8 | bytes[count];
    return value;
}

static void write_number(uint8_t *bytes, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
}

bool pe_parse(const uint8_t *headers, size_t size, struct pe *pe)
{
    size_t start, optional, optional_size, sections, count;
    uint64_t end = 0;

    if (size < DOS_HEADER || headers[0] != 'M' || headers[1] != 'Z')
        return false;
    start = number(headers + PE_OFFSET, 4);
    if (start > size || size - start < COFF_HEADER + DIRECTORIES || memcmp(headers + start, "PE\0\0", 4) != 0)
        return false;
    optional = start + COFF_HEADER;
    optional_size = number(headers + start + 20, 2);
    count = number(headers + start + 6, 2);
    sections = optional + optional_size;
    if (number(headers + optional, 2) != PE32_PLUS || optional_size < DIRECTORIES + 8 * (SECURITY_DIRECTORY + 1) ||
        number(headers + optional + DIRECTORY_COUNT, 4) <= SECURITY_DIRECTORY || sections > size || count == 0 ||
        count > (size - sections) / SECTION_HEADER)
        return false;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *header = headers + sections + i * SECTION_HEADER;
        uint64_t section_end = (uint64_t)number(header + 20, 4) + number(header + 16, 4);
        if (section_end > end)
            end = section_end;
    }
    pe->end = (end + 7) & ~(uint64_t)7;
    pe->checksum = optional + CHECKSUM;
    pe->security = optional + DIRECTORIES + 8 * SECURITY_DIRECTORY;
    return pe->end >= size || pe->end >= sections + count * SECTION_HEADER;
}

void pe_finish_copy(uint8_t *program, const struct pe *pe)
{
    uint64_t sum = 0;

    memset(program + pe->security, 0, 8);
    write_number(program + pe->checksum, 0);
    for (uint64_t at = 0; at + 1 < pe->end; at += 2)
        sum += number(program + at, 2);
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    write_number(program + pe->checksum, (uint32_t)(sum + pe->end));
}
