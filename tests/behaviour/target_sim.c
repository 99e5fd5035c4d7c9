/* SPDX-License-Identifier: MIT */
/*
 * Behaviour target: the driver in the simulated kernel. It is loaded when the first device is opened and unloaded, with
 * the simulation's checks for what is left, when the program exits. SIM_SEED, SIM_DELAY_PERCENT, SIM_NT52 and
 * SIM_FILE_SYSTEM (1: RAW, 2: one with files) set the options of these names.
 */

#include "sim/sim.h"
#include "tests/behaviour/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define INVALID_HANDLE_STATUS 0xC0000008u

DRIVER_INITIALIZE DriverEntry;

struct target_handle {
    struct sim_file *file;
};

static struct sim_process *process;

static void unload(void)
{
    sim_kill_process(process);
    sim_unload();
}

static unsigned long variable(const char *name)
{
    const char *text = getenv(name);
    return text != NULL ? strtoul(text, NULL, 0) : 0;
}

static void load(void)
{
    struct sim_options options = {.seed = variable("SIM_SEED"),
                                  .delay_percent = (unsigned)variable("SIM_DELAY_PERCENT"),
                                  .nt52 = variable("SIM_NT52") != 0,
                                  .file_system = (enum sim_file_system)variable("SIM_FILE_SYSTEM")};
    if (process != NULL) {
        return;
    }
    sim_reset(&options);
    NTSTATUS status = sim_load(DriverEntry);
    if (status != STATUS_SUCCESS) {
        printf("# the driver does not load: 0x%08x\n", (unsigned)status);
        exit(1);
    }
    process = sim_process_create(true);
    (void)atexit(unload);
}

enum target_kind target_kind(void)
{
    return TARGET_SIMULATION;
}

bool target_is_nt52(void)
{
    return variable("SIM_NT52") != 0;
}

bool target_kernel_is_64_bit(void)
{
    return sizeof(void *) == 8;
}

/* ---- file systems ---- */

bool target_file_system(void)
{
    return variable("SIM_FILE_SYSTEM") != SIM_NO_FILE_SYSTEM;
}

bool target_raw(void)
{
    return variable("SIM_FILE_SYSTEM") == SIM_RAW;
}

void target_alone(bool on)
{
    sim_hold_apcs(on);
}

bool target_sparse_images(void)
{
    return true;
}

struct target_handle *target_open(const char *name, unsigned rights, uint32_t *status)
{
    static const ACCESS_MASK masks[] = {FILE_READ_ATTRIBUTES, GENERIC_READ, GENERIC_WRITE,
                                        GENERIC_READ | GENERIC_WRITE};
    char path[64];
    struct sim_file *file;
    load();
    (void)snprintf(path, sizeof(path), "\\Device\\%s", name);
    NTSTATUS result = sim_create_file(process, path, masks[rights] | SYNCHRONIZE, &file);
    if (status != NULL) {
        *status = (uint32_t)result;
    }
    if (!NT_SUCCESS(result)) {
        return NULL;
    }
    struct target_handle *handle = malloc(sizeof(*handle));
    handle->file = file;
    return handle;
}

void target_close(struct target_handle *handle)
{
    if (handle != NULL) {
        sim_close(handle->file);
        free(handle);
    }
}

bool target_link(const char *name, char *path, size_t size)
{
    char link[64];
    (void)snprintf(link, sizeof(link), "\\DosDevices\\%s", name);
    return sim_resolve_path(link, path, size);
}

uint32_t target_ioctl(struct target_handle *handle, uint32_t code, const void *input, size_t input_length, void *output,
                      size_t output_length, size_t *information)
{
    if (handle == NULL) {
        return INVALID_HANDLE_STATUS;
    }
    return (uint32_t)sim_ioctl(handle->file, code, input, (ULONG)input_length, output, (ULONG)output_length,
                               information);
}

uint32_t target_read(struct target_handle *handle, uint64_t offset, void *buffer, size_t length, size_t *information)
{
    if (handle == NULL) {
        return INVALID_HANDLE_STATUS;
    }
    return (uint32_t)sim_read(handle->file, offset, buffer, (ULONG)length, information);
}

uint32_t target_write(struct target_handle *handle, uint64_t offset, const void *buffer, size_t length,
                      size_t *information)
{
    if (handle == NULL) {
        return INVALID_HANDLE_STATUS;
    }
    return (uint32_t)sim_write(handle->file, offset, buffer, (ULONG)length, information);
}

uint32_t target_flush(struct target_handle *handle)
{
    if (handle == NULL) {
        return INVALID_HANDLE_STATUS;
    }
    return (uint32_t)sim_flush(handle->file);
}

void *target_memory(uint64_t address, size_t size)
{
    return sim_process_memory(process, address, size, true);
}

bool target_refreshed_by(void (*act)(void))
{
    const char *path =
        variable("SIM_NT52") != 0 ? "\\BaseNamedObjects\\ImDiskRefresh" : "\\BaseNamedObjects\\Global\\ImDiskRefresh";
    unsigned long before = sim_event_pulses(path);
    struct timespec time = {0, 1000000};
    act();
    for (unsigned i = 0; i < 10000 && sim_event_pulses(path) == before; i++) {
        (void)nanosleep(&time, NULL);
    }
    return sim_event_pulses(path) != before;
}

const uint16_t *target_image_path(const char *name, size_t *length_bytes)
{
    static uint16_t path[64];
    char text[64];
    int length = snprintf(text, sizeof(text), "\\??\\C:\\%s", name);
    for (int i = 0; i < length; i++) {
        path[i] = (unsigned char)text[i];
    }
    *length_bytes = (size_t)length * sizeof(path[0]);
    return path;
}

bool target_image_create(const char *name, uint64_t size)
{
    static unsigned char *data; /* kept: most images are of one size */
    static uint64_t filled;
    if (size > filled) {
        free(data);
        data = malloc(size);
        for (filled = 0; data != NULL && filled < size; filled++) {
            data[filled] = target_pattern(filled);
        }
    }
    return sim_volume_create(name, data, size);
}

int64_t target_image_size(const char *name)
{
    return sim_volume_size(name);
}

static unsigned kept; /* handles with a cache */

bool target_image_read(const char *name, uint64_t offset, void *buffer, size_t length)
{
    return sim_volume_cached_read(name, offset, buffer, length);
}

bool target_image_write(const char *name, uint64_t offset, const void *buffer, size_t length)
{
    return kept != 0 ? sim_volume_cached_write(name, offset, buffer, length)
                     : sim_volume_write(name, offset, buffer, length);
}

bool target_image_truncate(const char *name, uint64_t size)
{
    return sim_volume_truncate(name, size);
}

void target_image_delete(const char *name)
{
    sim_volume_delete(name);
}

/* What is written while one is kept is dirty for a while. */
struct target_kept *target_image_keep(const char *name)
{
    if (sim_volume_size(name) < 0) {
        return NULL;
    }
    kept++;
    return (struct target_kept *)&kept;
}

void target_image_release(struct target_kept *handle)
{
    (void)handle;
    kept--;
}
