/* SPDX-License-Identifier: MIT */
/*
 * Handles of the kernel to the driver's devices, or to what is mounted on them. Each belongs to a process of its own, which nobody
 * checks if the handle is not opened with the caller's rights.
 * Requests through them go to the driver in the calling thread, which is the driver's: it goes on as who it was.
 */

#include "sim/world/device_file.h"

#include "sim/ground/thread.h"
#include "sim/ground/violation.h"
#include "sim/world/request.h"
#include "sim/world/user.h"

#include <stdlib.h>

struct sim_device_file {
    struct sim_process *process;
    struct sim_file *file;
};

/* What requests change of the thread. */
struct identity {
    bool administrator;
    uint32_t user;
    PEPROCESS process;
};

static struct identity save(void)
{
    const struct sim_thread *self = sim_self();
    return (struct identity){self->administrator, self->user, self->process};
}

static void restore(struct identity identity)
{
    struct sim_thread *self = sim_self();
    self->administrator = identity.administrator;
    self->user = identity.user;
    self->process = identity.process;
}

NTSTATUS sim_device_file_open(const char *path, ACCESS_MASK access, bool checked, struct sim_device_file **result)
{
    struct identity identity = save();
    struct sim_device_file *file = calloc(1, sizeof(*file));
    file->process = sim_process_create(identity.administrator);
    if (!checked) {
        sim_process_set_kernel(file->process);
    }
    NTSTATUS status = sim_create_file(file->process, path, access, &file->file);
    if (NT_SUCCESS(status)) {
        *result = file;
    } else {
        sim_kill_process(file->process);
        free(file);
    }
    restore(identity);
    return status;
}

FILE_OBJECT *sim_device_file_reference(struct sim_device_file *file)
{
    __atomic_add_fetch(&file->file->references, 1, __ATOMIC_SEQ_CST);
    return &file->file->object;
}

bool sim_device_file_dereference(FILE_OBJECT *object)
{
    if (object->DeviceObject == NULL) { /* a file on the volume */
        return false;
    }
    __atomic_sub_fetch(&CONTAINING_RECORD(object, struct sim_file, object)->references, 1, __ATOMIC_SEQ_CST);
    return true;
}

void sim_device_file_closed(struct sim_device_file *file)
{
    struct identity identity = save();
    if (__atomic_load_n(&file->file->references, __ATOMIC_SEQ_CST) != 0) {
        sim_violation("reference", "the handle of a device is closed before its file object is given back");
    }
    sim_kill_process(file->process);
    free(file);
    restore(identity);
}

NTSTATUS sim_device_file_transfer(struct sim_device_file *file, bool write, PIO_STATUS_BLOCK io, PVOID buffer,
                                  ULONG length, uint64_t offset)
{
    struct identity identity = save();
    io->Information = 0;
    io->Status = write ? sim_write(file->file, offset, buffer, length, &io->Information)
                       : sim_read(file->file, offset, buffer, length, &io->Information);
    restore(identity);
    return io->Status;
}

NTSTATUS sim_device_file_control(struct sim_device_file *file, bool file_system, PIO_STATUS_BLOCK io, ULONG code,
                                 PVOID input, ULONG input_length, PVOID output, ULONG output_length)
{
    struct identity identity = save();
    io->Information = 0;
    if (file_system) {
        io->Status = sim_fsctl(file->file, code, input, input_length, output, output_length);
    } else {
        io->Status = sim_ioctl(file->file, code, input, input_length, output, output_length, &io->Information);
    }
    restore(identity);
    return io->Status;
}

NTSTATUS sim_device_file_flush(struct sim_device_file *file, PIO_STATUS_BLOCK io)
{
    struct identity identity = save();
    io->Information = 0;
    io->Status = sim_flush(file->file);
    restore(identity);
    return io->Status;
}
