/* SHA-256 (FIPS 180-4), with the CPU's own instructions where it has them. */
#ifndef KEEL_SHA256_H
#define KEEL_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE 32
#define SHA256_BLOCK 64

/* Works `count` blocks of 64 bytes into the state. */
typedef void sha256_kernel(uint32_t state[8], const uint8_t *blocks, size_t count);

struct sha256 {
    sha256_kernel *kernel;
    uint32_t state[8];
    uint64_t length; /* bytes so far */
    uint8_t tail[SHA256_BLOCK];
};

/* The kernel in plain C, for every CPU. */
sha256_kernel sha256_portable;

/* The kernel with SHA-NI (x86-64) or the Armv8 cryptography extension; NULL where this CPU has neither. */
sha256_kernel *sha256_accelerated(void);

/* Start with the fastest kernel of this CPU, or with the one given. */
void sha256_start(struct sha256 *self);
void sha256_start_with(struct sha256 *self, sha256_kernel *kernel);

void sha256_add(struct sha256 *self, const void *data, size_t size);
void sha256_finish(struct sha256 *self, uint8_t digest[SHA256_SIZE]);

#endif
