/* SPDX-License-Identifier: MIT */
/*
 * Linked into a behaviour table with --wrap: writes what a case does as input for disk_fuzz.c or ai_fuzz.c to the file
 * that RECORD names. What the cases look for is what a fuzzer should start from.
 */

#include "tests/behaviour/target.h"
#include "tests/fuzz/operations.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct target_handle *__real_target_open(const char *name, unsigned rights, uint32_t *status);
struct target_handle *__wrap_target_open(const char *name, unsigned rights, uint32_t *status);
void __real_target_close(struct target_handle *handle);
void __wrap_target_close(struct target_handle *handle);
uint32_t __real_target_ioctl(struct target_handle *handle, uint32_t code, const void *input, size_t input_length,
                             void *output, size_t output_length, size_t *information);
uint32_t __wrap_target_ioctl(struct target_handle *handle, uint32_t code, const void *input, size_t input_length,
                             void *output, size_t output_length, size_t *information);
uint32_t __real_target_read(struct target_handle *handle, uint64_t offset, void *buffer, size_t length,
                            size_t *information);
uint32_t __wrap_target_read(struct target_handle *handle, uint64_t offset, void *buffer, size_t length,
                            size_t *information);
uint32_t __real_target_write(struct target_handle *handle, uint64_t offset, const void *buffer, size_t length,
                             size_t *information);
uint32_t __wrap_target_write(struct target_handle *handle, uint64_t offset, const void *buffer, size_t length,
                             size_t *information);
uint32_t __real_target_flush(struct target_handle *handle);
uint32_t __wrap_target_flush(struct target_handle *handle);
bool __real_target_image_create(const char *name, uint64_t size);
bool __wrap_target_image_create(const char *name, uint64_t size);
bool __real_target_image_truncate(const char *name, uint64_t size);
bool __wrap_target_image_truncate(const char *name, uint64_t size);
void __real_target_image_delete(const char *name);
void __wrap_target_image_delete(const char *name);

static struct target_handle *slots[SLOTS];

static void put(uint64_t value, unsigned bytes)
{
    static FILE *file;
    if (file == NULL) {
        file = fopen(getenv("RECORD"), "wb");
        if (file == NULL) {
            perror("RECORD");
            exit(1);
        }
    }
    for (unsigned i = 0; i < bytes; i++) {
        (void)fputc((int)(value >> 8 * i & 0xFF), file);
    }
}

static void put_bytes(const void *bytes, size_t count)
{
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < count; i++) {
        put(byte[i], 1);
    }
}

static unsigned slot_of(const struct target_handle *handle)
{
    unsigned slot = 0;
    while (slot < SLOTS - 1 && slots[slot] != handle) {
        slot++;
    }
    return slot;
}

struct target_handle *__wrap_target_open(const char *name, unsigned rights, uint32_t *status)
{
    struct target_handle *handle = __real_target_open(name, rights, status);
    unsigned slot = slot_of(NULL);
    slots[slot] = handle;
    put(OPERATION_OPEN, 1);
    put(slot, 1);
    put(strcmp(name, "ImDiskCtl") == 0 ? 0 : strtoul(name + strlen("ImDisk"), NULL, 10) + 1, 1);
    put(rights, 1);
    return handle;
}

void __wrap_target_close(struct target_handle *handle)
{
    unsigned slot = slot_of(handle);
    put(OPERATION_CLOSE, 1);
    put(slot, 1);
    slots[slot] = NULL;
    __real_target_close(handle);
}

uint32_t __wrap_target_ioctl(struct target_handle *handle, uint32_t code, const void *input, size_t input_length,
                             void *output, size_t output_length, size_t *information)
{
    put(OPERATION_IOCTL, 1);
    put(slot_of(handle), 1);
    put(0, 1);
    put(code, 4);
    put(input_length, 2);
    put(output_length, 2);
    put_bytes(input, input_length & 0xFFFF);
    return __real_target_ioctl(handle, code, input, input_length, output, output_length, information);
}

static void transfer(enum operation operation, const struct target_handle *handle, uint64_t offset, size_t length)
{
    put(operation, 1);
    put(slot_of(handle), 1);
    put(0, 1);
    put(offset, 8);
    put(length, 4);
}

uint32_t __wrap_target_read(struct target_handle *handle, uint64_t offset, void *buffer, size_t length,
                            size_t *information)
{
    transfer(OPERATION_READ, handle, offset, length);
    return __real_target_read(handle, offset, buffer, length, information);
}

uint32_t __wrap_target_write(struct target_handle *handle, uint64_t offset, const void *buffer, size_t length,
                             size_t *information)
{
    transfer(OPERATION_WRITE, handle, offset, length);
    return __real_target_write(handle, offset, buffer, length, information);
}

uint32_t __wrap_target_flush(struct target_handle *handle)
{
    put(OPERATION_FLUSH, 1);
    put(slot_of(handle), 1);
    return __real_target_flush(handle);
}

static void image(enum operation operation, const char *name)
{
    put(operation, 1);
    put(strlen(name), 1);
    put_bytes(name, strlen(name));
}

bool __wrap_target_image_create(const char *name, uint64_t size)
{
    image(OPERATION_IMAGE, name);
    put(size, 4);
    return __real_target_image_create(name, size);
}

bool __wrap_target_image_truncate(const char *name, uint64_t size)
{
    image(OPERATION_TRUNCATE, name);
    put(size, 4);
    return __real_target_image_truncate(name, size);
}

void __wrap_target_image_delete(const char *name)
{
    image(OPERATION_DELETE, name);
    __real_target_image_delete(name);
}
