/* SPDX-License-Identifier: MIT */
/*
 * What ZwQuerySystemInformation answers to SystemProcessInformation (class 5), laid out for the system that this is
 * compiled for: an entry for each process, followed by its threads and somewhere by its name.
 */
#ifndef CORE_AI_SYSTEM_PROCESSES_H
#define CORE_AI_SYSTEM_PROCESSES_H

#include <stddef.h>
#include <stdint.h>

struct system_process {
    uint32_t next_entry_offset; /* from this entry; 0: the last */
    uint32_t threads;
    _Alignas(8) int64_t working_set_private_size;
    uint32_t hard_fault_count;
    uint32_t threads_high_watermark;
    uint64_t cycle_time;
    uint64_t create_time;
    uint64_t user_time_100ns;
    uint64_t kernel_time_100ns;
    uint16_t image_name_length; /* bytes */
    uint16_t image_name_maximum_length;
    uintptr_t image_name; /* an address in the answer; 0 if there is no name */
    int32_t base_priority;
    uintptr_t process_id;
    uintptr_t parent_process_id;
    uint32_t handles;
    uint32_t session_id;
    uintptr_t process_key;
    uintptr_t peak_virtual_size;
    uintptr_t virtual_size;
    uint32_t page_fault_count;
    uintptr_t peak_working_set_size;
    uintptr_t working_set_size;
    uintptr_t quota[6];
    uintptr_t private_page_count;
    _Alignas(8) uint64_t io[6];
};

struct system_thread {
    _Alignas(8) uint64_t kernel_time_100ns;
    uint64_t user_time_100ns;
    uint64_t create_time;
    uint32_t wait_time;
    uintptr_t start_address;
    uintptr_t process_id;
    uintptr_t thread_id;
    int32_t priority;
    int32_t base_priority;
    uint32_t context_switches;
    uint32_t state;
    uint32_t wait_reason;
};

/* system_thread.state */
#define SYSTEM_THREAD_READY          1u
#define SYSTEM_THREAD_RUNNING        2u
#define SYSTEM_THREAD_STANDBY        3u
#define SYSTEM_THREAD_DEFERRED_READY 7u

#if UINTPTR_MAX > UINT32_MAX
_Static_assert(offsetof(struct system_process, image_name) == 64, "layout of the system");
_Static_assert(offsetof(struct system_process, process_id) == 80, "layout of the system");
_Static_assert(offsetof(struct system_process, handles) == 96, "layout of the system");
_Static_assert(offsetof(struct system_process, working_set_size) == 144, "layout of the system");
_Static_assert(sizeof(struct system_process) == 256, "layout of the system");
_Static_assert(offsetof(struct system_thread, context_switches) == 64, "layout of the system");
_Static_assert(offsetof(struct system_thread, state) == 68, "layout of the system");
_Static_assert(sizeof(struct system_thread) == 80, "layout of the system");
#else
_Static_assert(offsetof(struct system_process, image_name) == 60, "layout of the system");
_Static_assert(offsetof(struct system_process, process_id) == 68, "layout of the system");
_Static_assert(offsetof(struct system_process, handles) == 76, "layout of the system");
_Static_assert(offsetof(struct system_process, working_set_size) == 104, "layout of the system");
_Static_assert(sizeof(struct system_process) == 184, "layout of the system");
_Static_assert(offsetof(struct system_thread, context_switches) == 48, "layout of the system");
_Static_assert(offsetof(struct system_thread, state) == 52, "layout of the system");
_Static_assert(sizeof(struct system_thread) == 64, "layout of the system");
#endif

#endif
