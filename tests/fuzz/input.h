/* SPDX-License-Identifier: MIT */
/* What the fuzzers share: their entry, conditions that must hold, and reading the input from its beginning to its end. */
#ifndef TESTS_FUZZ_INPUT_H
#define TESTS_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* libFuzzer calls it for each input; 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What does not hold is a crash, which libFuzzer keeps the input of. */
#define REQUIRE(condition)  \
    do {                    \
        if (!(condition)) { \
            abort();        \
        }                   \
    } while (0)

struct fuzz_input {
    const uint8_t *data; /* not read yet */
    size_t left;         /* bytes */
};

/* Takes up to `count` bytes; what is missing is zero. Returns how many there were. */
static inline size_t fuzz_take(struct fuzz_input *input, void *to, size_t count)
{
    size_t taken = input->left < count ? input->left : count;
    memset(to, 0, count);
    memcpy(to, input->data, taken);
    input->data += taken;
    input->left -= taken;
    return taken;
}

/* Takes a little-endian number of up to 8 bytes; what is missing is zero. */
static inline uint64_t fuzz_take_number(struct fuzz_input *input, unsigned bytes)
{
    uint8_t byte[8];
    uint64_t value = 0;
    (void)fuzz_take(input, byte, bytes);
    for (unsigned i = 0; i < bytes; i++) {
        value |= (uint64_t)byte[i] << 8 * i;
    }
    return value;
}

/* A copy in a block of its own, whose end the sanitizer watches; to be freed. */
static inline void *fuzz_copy(const void *bytes, size_t length)
{
    void *copy = malloc(length != 0 ? length : 1);
    REQUIRE(copy != NULL);
    memcpy(copy, bytes, length);
    return copy;
}

#endif
