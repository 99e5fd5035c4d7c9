/* SPDX-License-Identifier: MIT */
/* Processes as objects, sections, views. */
#ifndef SIM_KERNEL_MM_H
#define SIM_KERNEL_MM_H

#include <ntifs.h>

/* Its existence holds a reference, which dereferencing after the exit gives back. */
PEPROCESS sim_eprocess_create(void);
/* Its views are gone. */
void sim_eprocess_exit(PEPROCESS process);
void sim_eprocess_reference(PEPROCESS process);
void sim_eprocess_dereference(PEPROCESS process);
bool sim_is_eprocess(const void *object);
/* id 0: as it is; lock_limit 0: none. */
void sim_eprocess_set(PEPROCESS process, uint32_t id, bool narrow, size_t lock_limit);
void *sim_eprocess_memory(PEPROCESS process, uint64_t address, size_t size, bool write);
unsigned sim_eprocess_views(PEPROCESS process);
bool sim_eprocess_unmap(PEPROCESS process, uint64_t address);
uint32_t sim_eprocess_id(PEPROCESS process);
uint64_t sim_eprocess_create_time(PEPROCESS process);
/* It has an exit status from now on; drivers have not been told yet, and its memory is there. */
void sim_eprocess_begin_exit(PEPROCESS process);
/* What its exit status will be; 0 unless this is called. */
void sim_eprocess_exit_with(PEPROCESS process, NTSTATUS status);
void sim_eprocess_set_user(PEPROCESS process, uint32_t user);
void sim_eprocess_open_to_all(PEPROCESS process);
/* Whether who runs in this thread may: its user, everybody if it is open to all. What privileges add is not asked here. */
bool sim_eprocess_may_query(PEPROCESS process, ACCESS_MASK access);
/* A violation if it is another right than that, by which nobody is told from others. */
void sim_check_query_right(ACCESS_MASK access);
void sim_eprocess_hide(PEPROCESS process, bool on);
void sim_eprocess_hold(PEPROCESS process, bool on);
unsigned sim_eprocess_waiting(PEPROCESS process);
bool sim_eprocess_map_own(PEPROCESS process, uint64_t address, size_t size);
void sim_eprocess_unlock(PEPROCESS process, uint64_t address);
bool sim_eprocess_hidden(PEPROCESS process);
/* Of system threads; has no memory. */
PEPROCESS sim_system_eprocess(void);
void sim_section_handle_closed(void *section);
/* No views, no references but those of processes that exist. */
void sim_mm_check_released(void);

/* What drivers look up by name. */
HANDLE sim_MmSecureVirtualMemory(PVOID address, SIZE_T size, ULONG mode);
void sim_MmUnsecureVirtualMemory(HANDLE secure);
LONGLONG sim_PsGetProcessCreateTimeQuadPart(PEPROCESS process);
NTSTATUS sim_PsGetProcessExitStatus(PEPROCESS process);
BOOLEAN sim_PsGetProcessExitProcessCalled(PEPROCESS process);
POBJECT_TYPE *sim_process_type(void);
NTSTATUS sim_ZwLockVirtualMemory(HANDLE process, PVOID *base, SIZE_T *size, ULONG type);

#endif
