/* SPDX-License-Identifier: MIT */
/* Io: devices, symbolic links, requests with their rules of completion and cancellation. */

#include "sim/internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_SIZE 512

/* ---- names ---- */

bool sim_narrow(const UNICODE_STRING *string, char *text, size_t size)
{
    size_t length = string->Length / sizeof(WCHAR);
    if (length + 1 > size) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (string->Buffer[i] == 0 || string->Buffer[i] > 126) {
            return false;
        }
        text[i] = (char)string->Buffer[i];
    }
    text[length] = 0;
    return true;
}

struct link {
    char *name; /* without "\DosDevices\" */
    char *target;
    struct link *next;
};

static struct sim_raw_lock names_lock; /* links, devices */
static struct link *links;
static struct sim_device *devices;

/* What follows "\DosDevices\", "\DosDevices\Global\" or "\??\"; NULL if it is none of these. */
static const char *link_name(const char *path)
{
    static const char *const prefixes[] = {"\\DosDevices\\Global\\", "\\DosDevices\\", "\\??\\"};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        size_t length = strlen(prefixes[i]);
        if (strncasecmp(path, prefixes[i], length) == 0) {
            return path + length;
        }
    }
    return NULL;
}

static struct link **find_link(const char *name)
{
    struct link **link = &links;
    while (*link != NULL && strcasecmp((*link)->name, name) != 0) {
        link = &(*link)->next;
    }
    return link;
}

bool sim_resolve_path(const char *path, char *resolved, size_t size)
{
    const char *name = link_name(path);
    bool found = false;
    if (name == NULL) {
        (void)snprintf(resolved, size, "%s", path);
        return true;
    }
    sim_raw_lock(&names_lock);
    struct link *link = *find_link(name);
    if (link != NULL) {
        (void)snprintf(resolved, size, "%s", link->target);
        found = true;
    }
    sim_raw_unlock(&names_lock);
    return found;
}

NTSTATUS IoCreateSymbolicLink(PUNICODE_STRING link_string, PUNICODE_STRING target_string)
{
    char path[NAME_SIZE];
    char target[NAME_SIZE];
    NTSTATUS status = STATUS_SUCCESS;
    sim_check_irql("IoCreateSymbolicLink", PASSIVE_LEVEL);
    if (!sim_narrow(link_string, path, sizeof(path)) || !sim_narrow(target_string, target, sizeof(target)) ||
        link_name(path) == NULL) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    if (sim_fault("IoCreateSymbolicLink")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    sim_raw_lock(&names_lock);
    struct link **place = find_link(link_name(path));
    if (*place != NULL) {
        status = STATUS_OBJECT_NAME_COLLISION;
    } else {
        *place = calloc(1, sizeof(struct link));
        (*place)->name = strdup(link_name(path));
        (*place)->target = strdup(target);
    }
    sim_raw_unlock(&names_lock);
    return status;
}

static void free_link(struct link *link)
{
    free(link->name);
    free(link->target);
    free(link);
}

NTSTATUS IoDeleteSymbolicLink(PUNICODE_STRING link_string)
{
    char path[NAME_SIZE];
    struct link *link = NULL;
    sim_check_irql("IoDeleteSymbolicLink", PASSIVE_LEVEL);
    if (!sim_narrow(link_string, path, sizeof(path)) || link_name(path) == NULL) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    sim_raw_lock(&names_lock);
    struct link **place = find_link(link_name(path));
    link = *place;
    if (link != NULL) {
        *place = link->next;
    }
    sim_raw_unlock(&names_lock);
    if (link == NULL) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    free_link(link);
    return STATUS_SUCCESS;
}

/* ---- devices ---- */

struct sim_device *sim_device_find(const char *path)
{
    sim_raw_lock(&names_lock);
    struct sim_device *device = devices;
    while (device != NULL && (device->name == NULL || strcasecmp(device->name, path) != 0)) {
        device = device->next;
    }
    if (device != NULL) {
        device->references++;
        sim_observe(device);
    }
    sim_raw_unlock(&names_lock);
    return device;
}

NTSTATUS IoCreateDevice(PDRIVER_OBJECT driver, ULONG extension_size, PUNICODE_STRING name, DEVICE_TYPE type,
                        ULONG characteristics, BOOLEAN exclusive, PDEVICE_OBJECT *result)
{
    char path[NAME_SIZE];
    UNREFERENCED_PARAMETER(exclusive);
    sim_check_irql("IoCreateDevice", APC_LEVEL);
    if (!sim_narrow(name, path, sizeof(path))) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    if (sim_fault("IoCreateDevice")) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    struct sim_device *existing = sim_device_find(path);
    if (existing != NULL) {
        sim_device_dereference(existing);
        return STATUS_OBJECT_NAME_COLLISION;
    }
    struct sim_device *device = calloc(1, sizeof(*device));
    device->object.DriverObject = driver;
    device->object.DeviceExtension = calloc(1, extension_size != 0 ? extension_size : 1);
    device->object.DeviceType = type;
    device->object.Characteristics = characteristics;
    device->object.Flags = DO_DEVICE_INITIALIZING;
    device->extension_size = extension_size;
    device->name = strdup(path);
    device->references = 1; /* dropped by IoDeleteDevice */
    sim_publish(device);
    sim_raw_lock(&names_lock);
    device->next = devices;
    devices = device;
    device->object.NextDevice = driver->DeviceObject;
    driver->DeviceObject = &device->object;
    sim_raw_unlock(&names_lock);
    *result = &device->object;
    return STATUS_SUCCESS;
}

static void free_device(struct sim_device *device)
{
    sim_objects_forget(device->object.DeviceExtension, device->extension_size);
    free(device->object.DeviceExtension);
    free(device->name);
    free(device);
}

/* Takes a device without references out of the lists; names lock held. */
static void unlink_device(struct sim_device *device)
{
    struct sim_device **link = &devices;
    PDEVICE_OBJECT *public_link = &device->object.DriverObject->DeviceObject;
    while (*link != device) {
        link = &(*link)->next;
    }
    *link = device->next;
    while (*public_link != &device->object) {
        public_link = &(*public_link)->NextDevice;
    }
    *public_link = device->object.NextDevice;
}

void sim_device_reference(struct sim_device *device)
{
    sim_raw_lock(&names_lock);
    device->references++;
    sim_raw_unlock(&names_lock);
}

void sim_device_dereference(struct sim_device *device)
{
    sim_raw_lock(&names_lock);
    bool last = sim_drop_reference(&device->references);
    if (last) {
        unlink_device(device);
    }
    sim_raw_unlock(&names_lock);
    if (last) {
        free_device(device);
    }
}

void IoDeleteDevice(PDEVICE_OBJECT object)
{
    struct sim_device *device = (struct sim_device *)object;
    sim_check_irql("IoDeleteDevice", APC_LEVEL);
    sim_delay();
    sim_raw_lock(&names_lock);
    bool again = device->deleted;
    device->deleted = true;
    free(device->name);
    device->name = NULL; /* the name goes at once, the object with its last handle */
    sim_raw_unlock(&names_lock);
    if (again) {
        sim_violation("device", "IoDeleteDevice twice for one device");
    }
    sim_device_dereference(device);
}

ACCESS_MASK sim_device_granted(const struct sim_device *device, bool administrator)
{
    if (!device->has_dacl) {
        return FILE_ALL_ACCESS;
    }
    return device->everyone | (administrator ? device->administrators : 0);
}

void sim_io_check_empty(void)
{
    const struct sim_device *device = devices;
    if (device != NULL) {
        sim_violation("leak", "device '%s' is left, with %d references",
                      device->name != NULL ? device->name : "(deleted)", (int)device->references);
    }
    if (links != NULL) {
        sim_violation("leak", "symbolic link '%s' is left", links->name);
    }
}

/* ---- requests ---- */

#define IRP_MAGIC      0x51A10019u
#define IRP_DEAD_MAGIC 0x51A1DEADu

static struct {
    pthread_mutex_t mutex;
    struct sim_thread *owner;
    KIRQL irql;
} cancel_lock = {.mutex = PTHREAD_MUTEX_INITIALIZER};

struct irp {
    IRP public; /* first */
    IO_STACK_LOCATION stack;
    uint32_t magic;
    LONG holds; /* atomic; the request lives while it is not completed or somebody holds it */
    sim_completion *completion;
    void *context;
    bool completed;        /* atomic */
    bool dispatching;      /* atomic; its dispatch routine has not returned */
    NTSTATUS final_status; /* valid in the thread that completed it */
};

struct _MDL {
    void *user;
    void *buffer;
    size_t length;
    bool output;
};

PMDL sim_mdl_create(void *user, size_t length, bool output)
{
    PMDL mdl = calloc(1, sizeof(*mdl));
    *mdl = (struct _MDL){user, sim_system_buffer_create(user, output ? 0 : length, length), length, output};
    return mdl;
}

static void finish_mdl(PMDL mdl, ULONG_PTR transferred)
{
    if (mdl == NULL) {
        return;
    }
    if (transferred > mdl->length) {
        sim_violation("information", "%zu bytes transferred, only %zu asked for", (size_t)transferred, mdl->length);
    }
    if (mdl->output) {
        size_t unwritten = sim_system_buffer_unwritten(mdl->buffer, 0, transferred);
        if (unwritten != transferred) {
            sim_violation("information", "%zu bytes transferred, but byte %zu was never written", (size_t)transferred,
                          unwritten);
        }
        memcpy(mdl->user, mdl->buffer, transferred);
    }
    sim_system_buffer_free(mdl->buffer);
    free(mdl);
}

PVOID MmGetSystemAddressForMdlSafe(PMDL mdl, ULONG priority)
{
    UNREFERENCED_PARAMETER(priority);
    sim_check_irql("MmGetSystemAddressForMdlSafe", DISPATCH_LEVEL);
    return sim_fault("MmGetSystemAddressForMdlSafe") ? NULL : mdl->buffer;
}

PIRP sim_irp_create(PDEVICE_OBJECT device, UCHAR major, sim_completion *completion, void *context)
{
    struct irp *irp = calloc(1, sizeof(*irp));
    irp->magic = IRP_MAGIC;
    irp->holds = 1; /* dropped by completion */
    irp->completion = completion;
    irp->context = context;
    irp->stack.MajorFunction = major;
    irp->stack.DeviceObject = device;
    irp->public.RequestorMode = UserMode;
    irp->public.IoStatus.Status = STATUS_PENDING; /* what nobody set */
    irp->public.Tail.Overlay.CurrentStackLocation = &irp->stack;
    irp->public.Tail.Overlay.Thread = sim_self();
    return &irp->public;
}

void sim_irp_hold(PIRP irp)
{
    __atomic_add_fetch(&((struct irp *)irp)->holds, 1, __ATOMIC_RELAXED);
}

void sim_irp_release(PIRP public)
{
    struct irp *irp = (struct irp *)public;
    if (sim_drop_reference(&irp->holds)) {
        irp->magic = IRP_DEAD_MAGIC;
        sim_memory_unpoison(irp, sizeof(*irp));
        free(irp);
    }
}

void IoCompleteRequest(PIRP public, CCHAR boost)
{
    struct irp *irp = (struct irp *)public;
    struct sim_thread *self = sim_self();
    UNREFERENCED_PARAMETER(boost);
    sim_check_irql("IoCompleteRequest", DISPATCH_LEVEL);
    if (irp->magic != IRP_MAGIC || __atomic_exchange_n(&irp->completed, true, __ATOMIC_ACQ_REL)) {
        sim_violation("irp-twice", "a request is completed a second time");
    }
    if (irp->public.IoStatus.Status == STATUS_PENDING) {
        sim_violation("irp-status", "a request is completed with STATUS_PENDING, or without a status");
    }
    if (irp->public.CancelRoutine != NULL) {
        sim_violation("irp-cancel", "a request is completed with its cancel routine set");
    }
    if (__atomic_load_n(&cancel_lock.owner, __ATOMIC_RELAXED) == self ||
        (self->irql == DISPATCH_LEVEL && self->held_count != 0)) {
        sim_violation("irp-locked", "a request is completed while a spin lock is held");
    }
    if (!__atomic_load_n(&irp->dispatching, __ATOMIC_RELAXED) && (irp->stack.Control & SL_PENDING_RETURNED) == 0) {
        sim_violation("irp-pending", "a request is completed after its dispatch routine, but was not marked pending");
    }
    irp->final_status = irp->public.IoStatus.Status;
    sim_delay();
    finish_mdl(irp->public.MdlAddress, NT_ERROR(irp->final_status) ? 0 : irp->public.IoStatus.Information);
    irp->completion(public, irp->context);
    sim_memory_poison(irp, sizeof(*irp)); /* not the driver's any more */
    sim_irp_release(public);
    sim_delay();
}

/* Calls the dispatch routine and holds what it returns against what became of the request. */
NTSTATUS sim_irp_dispatch(PDEVICE_OBJECT device, PIRP public)
{
    struct irp *irp = (struct irp *)public;
    UCHAR major = irp->stack.MajorFunction;
    sim_irp_hold(public);
    __atomic_store_n(&irp->dispatching, true, __ATOMIC_RELAXED);
    struct sim_entry state = sim_enter_driver();
    NTSTATUS status = device->DriverObject->MajorFunction[major](device, public);
    sim_leave_driver("a dispatch routine", state);
    bool completed = __atomic_load_n(&irp->completed, __ATOMIC_ACQUIRE);
    UCHAR control = irp->stack.Control;
    if (status == STATUS_PENDING) {
        if ((control & SL_PENDING_RETURNED) == 0) {
            sim_violation("irp-pending", "a dispatch routine returned STATUS_PENDING without marking the request");
        }
    } else {
        if (!completed) {
            sim_violation("irp-missed", "a dispatch routine returned 0x%08x without completing the request",
                          (unsigned)status);
        }
        if ((control & SL_PENDING_RETURNED) != 0) {
            sim_violation("irp-pending", "a dispatch routine marked a request pending and returned 0x%08x",
                          (unsigned)status);
        }
        if (irp->final_status != status) {
            sim_violation("irp-status", "a dispatch routine returned 0x%08x for a request completed with 0x%08x",
                          (unsigned)status, (unsigned)irp->final_status);
        }
    }
    __atomic_store_n(&irp->dispatching, false, __ATOMIC_RELAXED);
    sim_irp_release(public);
    return status;
}

/* ---- cancellation ---- */

void IoReleaseCancelSpinLock(KIRQL irql)
{
    struct sim_thread *self = sim_self();
    if (__atomic_load_n(&cancel_lock.owner, __ATOMIC_RELAXED) != self) {
        sim_violation("lock-not-held", "the cancel spin lock is released by a thread that does not hold it");
    }
    if (irql != cancel_lock.irql) {
        sim_violation("irql", "the cancel spin lock is released to IRQL %u instead of %u", irql, cancel_lock.irql);
    }
    __atomic_store_n(&cancel_lock.owner, NULL, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&cancel_lock.mutex);
    self->irql = irql;
}

/* As IoCancelIrp. The caller holds the request. */
void sim_irp_cancel(PIRP public)
{
    struct irp *irp = (struct irp *)public;
    struct sim_thread *self = sim_self();
    KIRQL before = self->irql;
    sim_delay();
    pthread_mutex_lock(&cancel_lock.mutex);
    __atomic_store_n(&cancel_lock.owner, self, __ATOMIC_RELAXED);
    cancel_lock.irql = before;
    self->irql = DISPATCH_LEVEL;
    __atomic_store_n(&public->Cancel, TRUE, __ATOMIC_SEQ_CST);
    PDRIVER_CANCEL routine = IoSetCancelRoutine(public, NULL);
    if (routine == NULL) {
        IoReleaseCancelSpinLock(before);
        return;
    }
    public->CancelIrql = before;
    struct sim_entry state = sim_enter_driver();
    state.irql = before; /* it leaves at the IRQL before the lock */
    routine(irp->stack.DeviceObject, public);
    if (__atomic_load_n(&cancel_lock.owner, __ATOMIC_RELAXED) == self) {
        sim_violation("irp-cancel", "a cancel routine returned without releasing the cancel spin lock");
    }
    sim_leave_driver("a cancel routine", state);
}

/* ---- requests between drivers ---- */

NTSTATUS IoCallDriver(PDEVICE_OBJECT device, PIRP irp)
{
    sim_check_irql("IoCallDriver", DISPATCH_LEVEL);
    return sim_irp_dispatch(device, irp);
}

struct fsd_request {
    PKEVENT event;
    PIO_STATUS_BLOCK io;
};

static void fsd_completed(PIRP irp, void *context)
{
    struct fsd_request *request = context;
    *request->io = irp->IoStatus;
    if (request->event != NULL) {
        sim_waitable_signal(request->event->Header.object, 1);
    }
    free(request);
}

PIRP IoBuildSynchronousFsdRequest(ULONG major, PDEVICE_OBJECT device, PVOID buffer, ULONG length, PLARGE_INTEGER offset,
                                  PKEVENT event, PIO_STATUS_BLOCK io)
{
    sim_check_irql("IoBuildSynchronousFsdRequest", PASSIVE_LEVEL);
    if (major != IRP_MJ_FLUSH_BUFFERS || buffer != NULL || length != 0 || offset != NULL) {
        sim_violation("test", "IoBuildSynchronousFsdRequest is only simulated for flushes");
    }
    if (sim_fault("IoBuildSynchronousFsdRequest")) {
        return NULL;
    }
    struct fsd_request *request = malloc(sizeof(*request));
    *request = (struct fsd_request){event, io};
    PIRP irp = sim_irp_create(device, (UCHAR)major, fsd_completed, request);
    irp->RequestorMode = KernelMode;
    return irp;
}
