/* SPDX-License-Identifier: MIT */
/*
 * The pinned pool with real processes.
 *
 *   ai-pool             the cases
 *   ai-pool used        prints how many bytes of the pool are in use
 *   ai-pool hold BYTES  allocates as much and waits to be killed
 *   ai-pool child ...   what the cases start as the other process; its exit status says what it saw
 */

#include "ballast/ai_abi.h"
#include "tests/harness/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define MIB   (1u << 20)
#define SIZE  (3u * MIB + 4096u)
#define EVENT "ballast-ai-pool-test"

static HANDLE device;
static const char *program;

static HANDLE open_device(void)
{
    HANDLE handle = CreateFileA("\\\\.\\BallastAi", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                NULL, OPEN_EXISTING, 0, NULL);
    if (handle == INVALID_HANDLE_VALUE) {
        printf("# \\\\.\\BallastAi cannot be opened: error %lu\n", GetLastError());
        exit(1);
    }
    return handle;
}

/* Returns a Windows error. */
static DWORD control(HANDLE handle, DWORD code, const void *input, size_t input_length, void *output,
                     size_t output_length)
{
    DWORD returned;
    return DeviceIoControl(handle, code, (void *)(uintptr_t)input, (DWORD)input_length, output, (DWORD)output_length,
                           &returned, NULL)
               ? ERROR_SUCCESS
               : GetLastError();
}

static DWORD allocate(HANDLE handle, uint64_t size, uint16_t flags, struct ballast_ai_mapping *mapping)
{
    struct ballast_ai_allocate input = {{sizeof(input), BALLAST_AI_VERSION, flags}, size, 0, 0};
    return control(handle, BALLAST_IOCTL_AI_ALLOCATE, &input, sizeof(input), mapping, sizeof(*mapping));
}

static DWORD request(DWORD code, uint64_t id, uint32_t process_id, uint32_t access)
{
    struct ballast_ai_block_request input = {{sizeof(input), BALLAST_AI_VERSION, 0}, id, process_id, access};
    return control(device, code, &input, sizeof(input), NULL, 0);
}

static DWORD map(uint64_t id, uint32_t access, struct ballast_ai_mapping *mapping)
{
    struct ballast_ai_block_request input = {{sizeof(input), BALLAST_AI_VERSION, 0}, id, 0, access};
    return control(device, BALLAST_IOCTL_AI_MAP, &input, sizeof(input), mapping, sizeof(*mapping));
}

static struct ballast_ai_pool_reply pool_status(void)
{
    struct ballast_ai_pool_reply reply;
    memset(&reply, 0, sizeof(reply));
    CHECK_EQUAL(control(device, BALLAST_IOCTL_AI_QUERY_POOL, NULL, 0, &reply, sizeof(reply)), ERROR_SUCCESS);
    return reply;
}

/* Handles are closed behind the client's back: waits until so much is used, ten seconds at most. */
static bool soon_used(uint64_t used)
{
    for (unsigned i = 0; i < 1000 && pool_status().used_bytes != used; i++) {
        Sleep(10);
    }
    return pool_status().used_bytes == used;
}

static unsigned char *bytes_of(const struct ballast_ai_mapping *mapping)
{
    return (unsigned char *)(uintptr_t)mapping->address;
}

static bool all_bytes_are(const unsigned char *bytes, size_t size, unsigned char value)
{
    return bytes[0] == value && memcmp(bytes, bytes + 1, size - 1) == 0;
}

static bool is_mapped(uint64_t address)
{
    MEMORY_BASIC_INFORMATION information;
    return VirtualQuery((void *)(uintptr_t)address, &information, sizeof(information)) != 0 &&
           information.State != MEM_FREE;
}

/* ---- the other process ---- */

enum { SAW_ALL = 50, SAW_MAP_FAIL, SAW_OTHER_BYTES, SAW_WRITABLE, SAW_STILL_MAPPED, SAW_NO_DENIAL };

/* May read, and nothing else. */
static int child_read(uint64_t id)
{
    struct ballast_ai_mapping view;
    struct ballast_ai_mapping other;
    DWORD old;
    if (map(id, BALLAST_AI_ACCESS_READ, &view) != ERROR_SUCCESS) {
        return SAW_MAP_FAIL;
    }
    if (view.size_bytes != SIZE || !all_bytes_are(bytes_of(&view), SIZE, 0x5A)) {
        return SAW_OTHER_BYTES;
    }
    if (VirtualProtect(bytes_of(&view), 4096, PAGE_READWRITE, &old)) {
        return SAW_WRITABLE;
    }
    return map(id, BALLAST_AI_ACCESS_WRITE, &other) == ERROR_ACCESS_DENIED &&
                   request(BALLAST_IOCTL_AI_FREE, id, 0, 0) == ERROR_NOT_FOUND
               ? SAW_ALL
               : SAW_NO_DENIAL;
}

static int child_write(uint64_t id)
{
    struct ballast_ai_mapping view;
    if (map(id, BALLAST_AI_ACCESS_WRITE, &view) != ERROR_SUCCESS) {
        return SAW_MAP_FAIL;
    }
    memset(bytes_of(&view), 0x77, SIZE);
    return SAW_ALL;
}

/* Maps, says so, and looks whether it is gone when it is told to. */
static int child_lose(uint64_t id)
{
    struct ballast_ai_mapping view;
    HANDLE mapped = OpenEventA(EVENT_ALL_ACCESS, FALSE, EVENT "-mapped");
    HANDLE revoked = OpenEventA(EVENT_ALL_ACCESS, FALSE, EVENT "-revoked");
    if (map(id, BALLAST_AI_ACCESS_WRITE, &view) != ERROR_SUCCESS) {
        return SAW_MAP_FAIL;
    }
    SetEvent(mapped);
    WaitForSingleObject(revoked, 20000);
    return is_mapped(view.address) ? SAW_STILL_MAPPED : SAW_ALL;
}

static int child_denied(uint64_t id)
{
    struct ballast_ai_mapping view;
    return map(id, BALLAST_AI_ACCESS_READ, &view) == ERROR_NOT_FOUND ? SAW_ALL : SAW_NO_DENIAL;
}

static int child(const char *what, uint64_t id)
{
    return strcmp(what, "read") == 0    ? child_read(id)
           : strcmp(what, "write") == 0 ? child_write(id)
           : strcmp(what, "lose") == 0  ? child_lose(id)
                                        : child_denied(id);
}

struct child {
    PROCESS_INFORMATION process;
};

/* Starts it after it has been granted `access`. */
static struct child start(const char *what, uint64_t id, uint32_t access)
{
    char command[600];
    struct child result;
    STARTUPINFOA startup;
    memset(&result, 0, sizeof(result));
    memset(&startup, 0, sizeof(startup));
    startup.cb = sizeof(startup);
    snprintf(command, sizeof(command), "\"%s\" child %s %llu", program, what, (unsigned long long)id);
    if (!CHECK(CreateProcessA(NULL, command, NULL, NULL, FALSE, CREATE_SUSPENDED, NULL, NULL, &startup,
                              &result.process) != 0)) {
        exit(1);
    }
    if (access != BALLAST_AI_ACCESS_NONE) {
        CHECK_EQUAL(request(BALLAST_IOCTL_AI_GRANT, id, result.process.dwProcessId, access), ERROR_SUCCESS);
    }
    ResumeThread(result.process.hThread);
    return result;
}

static void end(struct child *other)
{
    DWORD status = 0;
    CHECK_EQUAL(WaitForSingleObject(other->process.hProcess, 30000), WAIT_OBJECT_0);
    GetExitCodeProcess(other->process.hProcess, &status);
    CHECK_EQUAL(status, SAW_ALL);
    CloseHandle(other->process.hThread);
    CloseHandle(other->process.hProcess);
}

/* ---- cases ---- */

static void ten_mib_are_used_and_freed(void)
{
    struct ballast_ai_mapping block;
    uint64_t before = pool_status().used_bytes;
    CHECK_EQUAL(allocate(device, 10 * MIB, 0, &block), ERROR_SUCCESS);
    CHECK_EQUAL(pool_status().used_bytes, before + 10 * MIB);
    CHECK(all_bytes_are(bytes_of(&block), 10 * MIB, 0));
    memset(bytes_of(&block), 0xA5, 10 * MIB);
    CHECK_EQUAL(request(BALLAST_IOCTL_AI_FREE, block.id, 0, 0), ERROR_SUCCESS);
    CHECK_EQUAL(pool_status().used_bytes, before);
    CHECK(!is_mapped(block.address));
    CHECK_EQUAL(allocate(device, 10 * MIB, 0, &block), ERROR_SUCCESS); /* none of the old bytes */
    CHECK(all_bytes_are(bytes_of(&block), 10 * MIB, 0));
    CHECK_EQUAL(request(BALLAST_IOCTL_AI_FREE, block.id, 0, 0), ERROR_SUCCESS);
}

/* The address is the caller's own memory; neither a kernel address nor a handle comes with it. */
static void only_memory_reaches_the_caller(void)
{
    MEMORY_BASIC_INFORMATION information;
    SYSTEM_INFO system;
    struct ballast_ai_mapping block;
    DWORD handles_before = 0;
    DWORD handles_after = 0;
    GetSystemInfo(&system);
    GetProcessHandleCount(GetCurrentProcess(), &handles_before);
    CHECK_EQUAL(allocate(device, SIZE - 1, 0, &block), ERROR_SUCCESS);
    GetProcessHandleCount(GetCurrentProcess(), &handles_after);
    CHECK_EQUAL(handles_after, handles_before);
    CHECK(block.address >= (uintptr_t)system.lpMinimumApplicationAddress);
    CHECK(block.address + SIZE <= (uintptr_t)system.lpMaximumApplicationAddress);
    CHECK_EQUAL(block.address % BALLAST_AI_MAXIMUM_ALIGNMENT, 0);
    CHECK_EQUAL(block.size_bytes, SIZE);
    CHECK(VirtualQuery(bytes_of(&block), &information, sizeof(information)) != 0);
    CHECK_EQUAL(information.Type, MEM_MAPPED);
    CHECK_EQUAL(information.State, MEM_COMMIT);
    CHECK_EQUAL(information.Protect, PAGE_READWRITE);
    CHECK_EQUAL(request(BALLAST_IOCTL_AI_FREE, block.id, 0, 0), ERROR_SUCCESS);
}

static void locking_succeeds_or_says_why(void)
{
    struct ballast_ai_mapping block;
    uint64_t before = pool_status().used_bytes;
    CHECK_EQUAL(allocate(device, MIB, BALLAST_AI_LOCK_IF_POSSIBLE, &block), ERROR_SUCCESS);
    CHECK_EQUAL(block.state == BALLAST_AI_BLOCK_LOCKED, block.lock_status == 0);
    CHECK_EQUAL(pool_status().locked_bytes, block.lock_status == 0 ? MIB : 0);
    printf("# note: locking 1 MiB: status 0x%08x\n", (unsigned)block.lock_status);
    bool possible = block.lock_status == 0;
    CHECK_EQUAL(request(BALLAST_IOCTL_AI_FREE, block.id, 0, 0), ERROR_SUCCESS);
    CHECK_EQUAL(allocate(device, MIB, BALLAST_AI_LOCK, &block) == ERROR_SUCCESS, possible);
    if (possible) {
        CHECK_EQUAL(request(BALLAST_IOCTL_AI_FREE, block.id, 0, 0), ERROR_SUCCESS);
    }
    CHECK_EQUAL(pool_status().used_bytes, before);
    CHECK_EQUAL(pool_status().locked_bytes, 0);
}

static void another_process_reads_what_it_may_read(void)
{
    struct ballast_ai_mapping block;
    CHECK_EQUAL(allocate(device, SIZE, 0, &block), ERROR_SUCCESS);
    memset(bytes_of(&block), 0x5A, SIZE);
    struct child other = start("read", block.id, BALLAST_AI_ACCESS_READ);
    end(&other);
    struct child stranger = start("denied", block.id, BALLAST_AI_ACCESS_NONE);
    end(&stranger);
    CHECK_EQUAL(request(BALLAST_IOCTL_AI_FREE, block.id, 0, 0), ERROR_SUCCESS);
}

static void another_process_writes_what_it_may_write(void)
{
    struct ballast_ai_mapping block;
    CHECK_EQUAL(allocate(device, SIZE, 0, &block), ERROR_SUCCESS);
    struct child other = start("write", block.id, BALLAST_AI_ACCESS_WRITE);
    end(&other);
    CHECK(all_bytes_are(bytes_of(&block), SIZE, 0x77));
    CHECK_EQUAL(request(BALLAST_IOCTL_AI_FREE, block.id, 0, 0), ERROR_SUCCESS);
}

/* What is taken back, or freed, is unmapped from the process that has it. */
static void another_process_loses_what_is_taken_back(void)
{
    HANDLE mapped = CreateEventA(NULL, FALSE, FALSE, EVENT "-mapped");
    HANDLE revoked = CreateEventA(NULL, FALSE, FALSE, EVENT "-revoked");
    for (unsigned round = 0; round < 2; round++) {
        struct ballast_ai_mapping block;
        CHECK_EQUAL(allocate(device, SIZE, 0, &block), ERROR_SUCCESS);
        struct child other = start("lose", block.id, BALLAST_AI_ACCESS_WRITE);
        CHECK_EQUAL(WaitForSingleObject(mapped, 20000), WAIT_OBJECT_0);
        if (round == 0) {
            CHECK_EQUAL(request(BALLAST_IOCTL_AI_GRANT, block.id, other.process.dwProcessId, BALLAST_AI_ACCESS_NONE),
                        ERROR_SUCCESS);
        } else {
            CHECK_EQUAL(request(BALLAST_IOCTL_AI_FREE, block.id, 0, 0), ERROR_SUCCESS);
        }
        SetEvent(revoked);
        end(&other);
        if (round == 0) {
            CHECK(is_mapped(block.address));
            CHECK_EQUAL(request(BALLAST_IOCTL_AI_FREE, block.id, 0, 0), ERROR_SUCCESS);
        }
    }
    CloseHandle(mapped);
    CloseHandle(revoked);
}

static void closing_a_handle_frees_its_blocks(void)
{
    struct ballast_ai_mapping block[3];
    struct ballast_ai_mapping kept;
    uint64_t before = pool_status().used_bytes;
    HANDLE second = open_device();
    CHECK_EQUAL(allocate(device, 4096, 0, &kept), ERROR_SUCCESS);
    for (unsigned i = 0; i < 3; i++) {
        CHECK_EQUAL(allocate(second, MIB, 0, &block[i]), ERROR_SUCCESS);
    }
    CHECK_EQUAL(pool_status().used_bytes, before + 3 * MIB + 4096);
    CloseHandle(second);
    CHECK(soon_used(before + 4096));
    for (unsigned i = 0; i < 3; i++) {
        CHECK(!is_mapped(block[i].address));
    }
    CHECK(is_mapped(kept.address));
    CHECK_EQUAL(request(BALLAST_IOCTL_AI_FREE, kept.id, 0, 0), ERROR_SUCCESS);
}

static void a_thousand_blocks_leave_nothing(void)
{
    uint64_t before = pool_status().used_bytes;
    struct ballast_ai_mapping block;
    for (unsigned i = 0; i < 1000; i++) {
        if (!CHECK_EQUAL(allocate(device, 65536, 0, &block), ERROR_SUCCESS)) {
            break;
        }
        memset(bytes_of(&block) + i, 1, 1);
        CHECK_EQUAL(request(BALLAST_IOCTL_AI_FREE, block.id, 0, 0), ERROR_SUCCESS);
    }
    CHECK_EQUAL(pool_status().used_bytes, before);
}

static int hold(const char *size)
{
    struct ballast_ai_mapping block;
    if (allocate(device, strtoull(size, NULL, 10), 0, &block) != ERROR_SUCCESS) {
        return 1;
    }
    Sleep(60000);
    return 1;
}

int main(int argc, char **argv)
{
    static const struct test_case cases[] = {
        {"ten_mib_are_used_and_freed", ten_mib_are_used_and_freed},
        {"only_memory_reaches_the_caller", only_memory_reaches_the_caller},
        {"locking_succeeds_or_says_why", locking_succeeds_or_says_why},
        {"another_process_reads_what_it_may_read", another_process_reads_what_it_may_read},
        {"another_process_writes_what_it_may_write", another_process_writes_what_it_may_write},
        {"another_process_loses_what_is_taken_back", another_process_loses_what_is_taken_back},
        {"closing_a_handle_frees_its_blocks", closing_a_handle_frees_its_blocks},
        {"a_thousand_blocks_leave_nothing", a_thousand_blocks_leave_nothing},
    };
    setvbuf(stdout, NULL, _IONBF, 0);
    program = argv[0];
    device = open_device();
    if (argc == 4 && strcmp(argv[1], "child") == 0) {
        return child(argv[2], strtoull(argv[3], NULL, 10));
    }
    if (argc == 3 && strcmp(argv[1], "hold") == 0) {
        return hold(argv[2]);
    }
    if (argc == 2 && strcmp(argv[1], "used") == 0) {
        printf("%llu\n", (unsigned long long)pool_status().used_bytes);
        return 0;
    }
    return test_main(cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
