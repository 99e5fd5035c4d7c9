/* SPDX-License-Identifier: MIT */
/*
 * What differs between the systems that the drivers support, found out when they load. NT 5.2 has no
 * ZwFlushBuffersFile, Wine has stubs instead of the security functions and the event log: importing them would keep the driver from
 * loading on the one and kill it on the other.
 */
#ifndef DRIVER_NT_LATE_H
#define DRIVER_NT_LATE_H

#include "driver/nt/nt.h"

/* Any member may be NULL but the first three. */
struct nt_late {
    /* Keep special APCs away, too; where there are none, critical regions do. */
    void(NTAPI *enter_guarded_region)(void);
    void(NTAPI *leave_guarded_region)(void);
    ULONG(NTAPI *current_processor)(PVOID number); /* the argument is NULL */
    ULONG(NTAPI *maximum_processors)(USHORT group);
    KAFFINITY(NTAPI *active_processors)(void);
    bool no_execute; /* Windows 8 and later: memory and mappings that cannot be executed */
    /* Characteristic of devices behind which app containers have files; 0: before Windows 8. */
    ULONG app_container_traversal;
    ULONG
    mapping_priority; /* of MmGetSystemAddressForMdlSafe: callers' pages are not executable where that can be said */
    NTSTATUS(NTAPI *flush_buffers_file)(HANDLE file, PIO_STATUS_BLOCK io);
    NTSTATUS(NTAPI *lock_virtual_memory)(HANDLE process, PVOID *base, SIZE_T *size, ULONG type);
    VOID(NTAPI *register_boot_driver_reinitialization)
    (PDRIVER_OBJECT driver, PDRIVER_REINITIALIZE routine, PVOID context);
    /* All or none. */
    PVOID(NTAPI *allocate_mapping_address)(SIZE_T size, ULONG tag);
    VOID(NTAPI *free_mapping_address)(PVOID address, ULONG tag);
    PVOID(NTAPI *map_reserved)(PVOID address, ULONG tag, PMDL mdl, MEMORY_CACHING_TYPE cache);
    VOID(NTAPI *unmap_reserved)(PVOID address, ULONG tag, PMDL mdl);
    /* Both or none. */
    NTSTATUS(NTAPI *register_shutdown_notification)(PDEVICE_OBJECT device);
    VOID(NTAPI *unregister_shutdown_notification)(PDEVICE_OBJECT device);
    /* Both or none. */
    PVOID(NTAPI *allocate_error_log_entry)(PVOID object, UCHAR size);
    VOID(NTAPI *write_error_log_entry)(PVOID entry);
    /* Both or none; Wine has no volume parameter blocks. */
    void(NTAPI *acquire_vpb_spin_lock)(KIRQL *irql);
    void(NTAPI *release_vpb_spin_lock)(KIRQL irql);
    /* All or none. */
    NTSTATUS(NTAPI *create_client_security)
    (PETHREAD thread, PSECURITY_QUALITY_OF_SERVICE qos, BOOLEAN remote, PSECURITY_CLIENT_CONTEXT context);
    NTSTATUS(NTAPI *impersonate_client)(PSECURITY_CLIENT_CONTEXT context, PETHREAD thread);
    void(NTAPI *revert_to_self)(void);
    TOKEN_TYPE(NTAPI *token_type)(PACCESS_TOKEN token);
    void(NTAPI *dereference_primary_token)(PACCESS_TOKEN token);
    POBJECT_TYPE thread_type;  /* of threads, for ObOpenObjectByPointer */
    POBJECT_TYPE process_type; /* the same for processes, for ObReferenceObjectByHandle */
    bool before_nt_6;
    LONGLONG(NTAPI *process_create_time)(PEPROCESS process);
    NTSTATUS(NTAPI *process_exit_status)(PEPROCESS process);
    BOOLEAN(NTAPI *process_exit_called)(PEPROCESS process);
    NTSTATUS(NTAPI *query_information_token)
    (PACCESS_TOKEN token, TOKEN_INFORMATION_CLASS information_class, PVOID *information);
    /* Both or none. */
    HANDLE(NTAPI *secure_virtual_memory)(PVOID address, SIZE_T size, ULONG mode);
    void(NTAPI *unsecure_virtual_memory)(HANDLE secure);
    /* All or none. */
    void(NTAPI *capture_subject_context)(PSECURITY_SUBJECT_CONTEXT context);
    void(NTAPI *release_subject_context)(PSECURITY_SUBJECT_CONTEXT context);
    BOOLEAN(NTAPI *token_is_admin)(PACCESS_TOKEN token);
    NTSTATUS(NTAPI *get_object_security)(PVOID object, PSECURITY_DESCRIPTOR *descriptor, BOOLEAN *allocated);
    void(NTAPI *release_object_security)(PSECURITY_DESCRIPTOR descriptor, BOOLEAN allocated);
    BOOLEAN(NTAPI *access_check)
    (PSECURITY_DESCRIPTOR descriptor, PSECURITY_SUBJECT_CONTEXT subject, BOOLEAN locked, ACCESS_MASK desired,
     ACCESS_MASK previous, PVOID *privileges, PGENERIC_MAPPING mapping, KPROCESSOR_MODE mode, ACCESS_MASK *granted,
     NTSTATUS *status);
};

extern struct nt_late nt_late;

/* After nt_wine_detect. PASSIVE_LEVEL. */
void nt_late_resolve(void);

#endif
