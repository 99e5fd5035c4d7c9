/* SPDX-License-Identifier: MIT */
/* The mount manager and volumes that arrive. The driver here has two. rules.h says the rest. */

#include "tests/sim/rules.h"

#include <string.h>

#define CODE_CREATE_POINT  0x006DC000u
#define CODE_DELETE_POINTS 0x006DC004u
#define CODE_QUERY_POINTS  0x006D0008u
#define CODE_ARRIVAL       0x006D402Cu
#define VOLUME             "\\Device\\Volume0"
#define LETTER(letter)     "\\DosDevices\\" letter ":"

struct point { /* MOUNTMGR_MOUNT_POINT */
    ULONG link_offset;
    USHORT link_length;
    ULONG id_offset;
    USHORT id_length;
    ULONG device_offset;
    USHORT device_length;
};

static PDEVICE_OBJECT volume;
static unsigned char unique_id; /* of the volume */
static const char *suggested;   /* NULL: no letter */
static uint64_t attributes;
static unsigned created, deleted; /* links that it has heard of */

/* ---- the driver ---- */

static ULONG counted(unsigned char *bytes, ULONG before, const char *text)
{
    USHORT length = (USHORT)(2 * strlen(text));
    memset(bytes, 0, before);
    memcpy(bytes + before, &length, sizeof(length));
    for (size_t i = 0; text[i] != 0; i++) {
        bytes[before + 2 + 2 * i] = (unsigned char)text[i];
        bytes[before + 3 + 2 * i] = 0;
    }
    return before + 2u + length;
}

static NTSTATUS answer(PDEVICE_OBJECT device, PIRP irp)
{
    static const unsigned char id[] = {2, 0};
    unsigned char *bytes = irp->AssociatedIrp.SystemBuffer;
    (void)device;
    switch (IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.IoControlCode) {
    case 0x004D0000:
        memcpy(bytes, id, sizeof(id));
        bytes[2] = bytes[3] = unique_id;
        return complete(irp, STATUS_SUCCESS, 4);
    case 0x004D0008:
        return complete(irp, STATUS_SUCCESS, counted(bytes, 0, VOLUME));
    case 0x004D000C:
        return suggested != NULL ? complete(irp, STATUS_SUCCESS, counted(bytes, 2, suggested))
                                 : complete(irp, STATUS_NOT_FOUND, 0);
    case 0x00560038:
        memcpy(bytes, &attributes, sizeof(attributes));
        return complete(irp, STATUS_SUCCESS, sizeof(attributes));
    case 0x004DC010:
        created++;
        return complete(irp, STATUS_SUCCESS, 0);
    case 0x004DC014:
        deleted++;
        return complete(irp, STATUS_SUCCESS, 0);
    default:
        return complete(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
}

static void make_volume(PDRIVER_OBJECT driver)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\Volume0");
    driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = answer;
    CHECK_EQUAL(IoCreateDevice(driver, 0, &name, FILE_DEVICE_DISK, 0, FALSE, &volume), STATUS_SUCCESS);
    volume->Flags &= ~DO_DEVICE_INITIALIZING;
}

/* ---- the mount manager's side ---- */

static NTSTATUS send(ULONG code, void *input, ULONG length, void *output, ULONG output_length)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\MountPointManager");
    OBJECT_ATTRIBUTES attributes_of_manager;
    IO_STATUS_BLOCK io;
    HANDLE manager;
    InitializeObjectAttributes(&attributes_of_manager, &name, OBJ_KERNEL_HANDLE, NULL, NULL);
    CHECK_EQUAL(ZwCreateFile(&manager, GENERIC_READ, &attributes_of_manager, &io, NULL, 0, 0, FILE_OPEN,
                             FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0),
                STATUS_SUCCESS);
    NTSTATUS status = ZwDeviceIoControlFile(manager, NULL, NULL, NULL, &io, code, input, length, output, output_length);
    (void)ZwClose(manager);
    return status;
}

static NTSTATUS arrive(void)
{
    unsigned char bytes[128];
    return send(CODE_ARRIVAL, bytes, counted(bytes, 0, VOLUME), NULL, 0);
}

static NTSTATUS create_point(const char *link)
{
    unsigned char bytes[256];
    ULONG first = counted(bytes, 8, link);
    ULONG second = first + counted(bytes + first, 0, VOLUME);
    USHORT fields[4] = {10, (USHORT)(first - 10), (USHORT)(first + 2), (USHORT)(second - first - 2)};
    memcpy(bytes, fields, sizeof(fields));
    return send(CODE_CREATE_POINT, bytes, second, NULL, 0);
}

/* Points of the volume, or its one of this name. Their number. */
static ULONG points(ULONG code, const char *link, ULONG room)
{
    static unsigned char reply[1024];
    unsigned char bytes[256];
    struct point point = {.link_offset = 0};
    ULONG header[2] = {0};
    ULONG limit = counted(bytes + sizeof(point), 0, link != NULL ? link : VOLUME) + (ULONG)sizeof(point);
    if (link != NULL) {
        point.link_offset = (ULONG)sizeof(point) + 2;
        point.link_length = (USHORT)(limit - point.link_offset);
    } else {
        point.device_offset = (ULONG)sizeof(point) + 2;
        point.device_length = (USHORT)(limit - point.device_offset);
    }
    memcpy(bytes, &point, sizeof(point));
    NTSTATUS status = send(code, bytes, limit, reply, room);
    memcpy(header, reply, sizeof(header));
    CHECK_EQUAL(status, header[0] <= room ? STATUS_SUCCESS : STATUS_BUFFER_OVERFLOW);
    return header[1];
}

static bool leads(const char *link)
{
    char path[64];
    return sim_resolve_path(link, path, sizeof(path)) && strcmp(path, VOLUME) == 0;
}

static void begin(const char *letter, uint64_t with)
{
    make_volume(wrong_driver);
    unique_id = 1;
    suggested = letter;
    attributes = with;
    created = deleted = 0;
}

static void end(void)
{
    (void)points(CODE_DELETE_POINTS, NULL, 1024);
    CHECK_EQUAL(sim_mount_points(VOLUME), 0);
    CHECK_EQUAL(created, deleted);
    IoDeleteDevice(volume);
}

/* ---- right drivers ---- */

static NTSTATUS letters_are_given(PIRP irp)
{
    begin(LETTER("V"), 0);
    CHECK_EQUAL(arrive(), STATUS_SUCCESS);
    CHECK(leads(LETTER("V")));
    CHECK_EQUAL(sim_mount_points(VOLUME), 2); /* and a name of its own */
    CHECK_EQUAL(created, 2);
    CHECK_EQUAL(create_point(LETTER("W")), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(points(CODE_QUERY_POINTS, NULL, 1024), 2);
    CHECK_EQUAL(points(CODE_QUERY_POINTS, LETTER("V"), 1024), 1);
    CHECK_EQUAL(points(CODE_DELETE_POINTS, LETTER("V"), 8), 1); /* no room for what is deleted */
    CHECK(leads(LETTER("V")));
    CHECK_EQUAL(points(CODE_DELETE_POINTS, LETTER("V"), 1024), 1);
    CHECK(!leads(LETTER("V")));
    CHECK_EQUAL(create_point(LETTER("W")), STATUS_SUCCESS);
    CHECK(leads(LETTER("W")));
    end();
    return good(irp);
}

static NTSTATUS letters_are_free_ones(PIRP irp)
{
    begin(NULL, 0);
    CHECK_EQUAL(arrive(), STATUS_SUCCESS);
    CHECK(leads(LETTER("D")));
    end();
    return good(irp);
}

static NTSTATUS letters_are_not_wanted(PIRP irp)
{
    begin(NULL, 0x8000000000000000u);
    CHECK_EQUAL(arrive(), STATUS_SUCCESS);
    CHECK_EQUAL(sim_mount_points(VOLUME), 1);
    end();
    return good(irp);
}

static NTSTATUS letters_are_remembered(PIRP irp)
{
    static const unsigned char id[] = {2, 0, 1, 1};
    begin(LETTER("V"), 0);
    sim_mount_remember(id, LETTER("X"));
    CHECK_EQUAL(arrive(), STATUS_SUCCESS);
    CHECK(leads(LETTER("X")) && !leads(LETTER("V")));
    end();
    return good(irp);
}

/* ---- wrong ones ---- */

static NTSTATUS links_left(PIRP irp)
{
    begin(LETTER("V"), 0);
    (void)arrive();
    IoDeleteDevice(volume);
    return good(irp);
}

/* Its name stands for another volume. */
static NTSTATUS name_used_again(PIRP irp)
{
    begin(LETTER("V"), 0);
    (void)arrive();
    end();
    begin(LETTER("V"), 0);
    unique_id = 2;
    (void)arrive();
    return good(irp);
}

/* ---- the case ---- */

void rules_mount(void)
{
    static const struct wrong rows[] = {
        ROW(links_left, "leak"),
        ROW(name_used_again, "mount"),
    };
    RULES_RUN(rows);
    rules_allow(letters_are_given);
    rules_allow(letters_are_free_ones);
    rules_allow(letters_are_not_wanted);
    rules_allow(letters_are_remembered);
}
