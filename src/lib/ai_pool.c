/* SPDX-License-Identifier: MIT */
/* The AI driver's pinned pool. */

#include "lib/ai.h"

#include <stdbool.h>
#include <wchar.h>

#define WHAT_LENGTH 64 /* of "allocate 123 bytes" and the like */

ballast_result ballast_ai_pool(ballast_ai *ai, struct ballast_ai_pool_reply *reply, ballast_error *error)
{
    struct ballast_ai_pool_reply answer;
    struct ai_request request = {BALLAST_IOCTL_AI_QUERY_POOL, NULL, 0, L"query the pinned pool"};
    ballast_result result = ai_query(ai, &request, &answer, sizeof(answer), error);
    if (result == BALLAST_OK) {
        *reply = answer;
    }
    return result;
}

/* Which quota does not admit so many bytes, and the value in the registry that sets it. False: none, so it was memory. */
static bool name_quota(const struct ballast_ai_pool_reply *pool, uint64_t size, const wchar_t *what,
                       ballast_error *error)
{
    const uint64_t unreserved = pool->total_bytes - (pool->limited != 0 ? pool->reserve_bytes : 0);
    if (size <= pool->largest_free_bytes) {
        return false;
    }
    if (size > pool->owner_quota_bytes - pool->owner_used_bytes) {
        (void)error_set(error, BALLAST_FAILED, 0,
                        L"cannot %ls: this process has %llu of the %llu bytes that one may have; the registry value "
                        L"OwnerPoolBytes of the driver says so",
                        what, pool->owner_used_bytes, pool->owner_quota_bytes);
    } else if (size > pool->user_quota_bytes - pool->user_used_bytes) {
        (void)error_set(error, BALLAST_FAILED, 0,
                        L"cannot %ls: the processes of this user have %llu of the %llu bytes that one may have; the "
                        L"registry value UserPoolBytes of the driver says so",
                        what, pool->user_used_bytes, pool->user_quota_bytes);
    } else {
        (void)error_set(
            error, BALLAST_FAILED, 0,
            L"cannot %ls: %llu of the pool's %llu bytes are in use, and %llu are kept for administrators; the "
            L"registry values PoolBytes and ReservePoolBytes of the driver say so",
            what, pool->used_bytes, pool->total_bytes, pool->total_bytes - unreserved);
    }
    return true;
}

ballast_result ballast_ai_allocate(ballast_ai *ai, uint64_t size, uint32_t alignment, uint32_t flags,
                                   struct ballast_ai_mapping *mapping, ballast_error *error)
{
    wchar_t what[WHAT_LENGTH];
    struct ballast_ai_mapping answer;
    struct ballast_ai_allocate input = {
        .header = AI_HEADER(input, (uint16_t)flags), .size_bytes = size, .alignment_bytes = alignment};
    struct ai_request request = {BALLAST_IOCTL_AI_ALLOCATE, &input, sizeof(input), what};
    (void)swprintf(what, WHAT_LENGTH, L"allocate %llu pinned bytes", (unsigned long long)size);
    if (flags > UINT16_MAX) {
        return ai_failure(ERROR_INVALID_PARAMETER, what, error);
    }
    ballast_result result = ai_query(ai, &request, &answer, sizeof(answer), error);
    if (result == BALLAST_OK) {
        *mapping = answer;
    } else if (result == BALLAST_FAILED) {
        struct ballast_ai_pool_reply pool;
        if (ballast_ai_pool(ai, &pool, NULL) == BALLAST_OK) {
            (void)name_quota(&pool, size, what, error);
        }
    }
    return result;
}

/* A request about one block. */
static ballast_result block_request(ballast_ai *ai, DWORD code, const wchar_t *verb,
                                    struct ballast_ai_block_request *input, struct ballast_ai_mapping *mapping,
                                    ballast_error *error)
{
    wchar_t what[WHAT_LENGTH];
    struct ai_request request = {code, input, sizeof(*input), what};
    (void)swprintf(what, WHAT_LENGTH, L"%ls block %llu", verb, (unsigned long long)input->id);
    return ai_query(ai, &request, mapping, mapping != NULL ? (DWORD)sizeof(*mapping) : 0, error);
}

ballast_result ballast_ai_free(ballast_ai *ai, uint64_t id, ballast_error *error)
{
    struct ballast_ai_block_request input = {.header = AI_HEADER(input, 0), .id = id};
    return block_request(ai, BALLAST_IOCTL_AI_FREE, L"free", &input, NULL, error);
}

ballast_result ballast_ai_grant(ballast_ai *ai, uint64_t id, uint32_t process_id, uint32_t access, ballast_error *error)
{
    struct ballast_ai_block_request input = {
        .header = AI_HEADER(input, 0), .id = id, .process_id = process_id, .access = access};
    return block_request(ai, BALLAST_IOCTL_AI_GRANT, L"grant", &input, NULL, error);
}

/* Where the driver cannot use the handle, because it is in another process, the id and the time of creation name it. */
static DWORD describe_process(HANDLE process, struct ballast_ai_grant *input)
{
    FILETIME created, ended, kernel, user;
    input->process_handle = 0;
    input->process_id = GetProcessId(process);
    if (input->process_id == 0 || !GetProcessTimes(process, &created, &ended, &kernel, &user)) {
        return GetLastError();
    }
    input->create_time = (uint64_t)created.dwHighDateTime << 32 | created.dwLowDateTime;
    return 0;
}

ballast_result ballast_ai_grant_process(ballast_ai *ai, uint64_t id, void *process, uint32_t access,
                                        ballast_error *error)
{
    wchar_t what[WHAT_LENGTH];
    struct ballast_ai_grant input = {
        .header = AI_HEADER(input, 0), .id = id, .access = access, .process_handle = (uintptr_t)process};
    (void)swprintf(what, WHAT_LENGTH, L"grant block %llu", (unsigned long long)id);
    DWORD code = device_control(ai->device, BALLAST_IOCTL_AI_GRANT, &input, (DWORD)sizeof(input), NULL, 0, NULL);
    if (code == ERROR_NOT_SUPPORTED) {
        code = describe_process(process, &input);
        if (code == 0) {
            code = device_control(ai->device, BALLAST_IOCTL_AI_GRANT, &input, (DWORD)sizeof(input), NULL, 0, NULL);
        }
    }
    return code == 0 ? BALLAST_OK : ai_failure(code, what, error);
}

ballast_result ballast_ai_map(ballast_ai *ai, uint64_t id, uint32_t access, uint32_t flags,
                              struct ballast_ai_mapping *mapping, ballast_error *error)
{
    struct ballast_ai_mapping answer;
    struct ballast_ai_block_request input = {.header = AI_HEADER(input, (uint16_t)flags), .id = id, .access = access};
    if (flags > UINT16_MAX) {
        return ai_failure(ERROR_INVALID_PARAMETER, L"map a block", error);
    }
    ballast_result result = block_request(ai, BALLAST_IOCTL_AI_MAP, L"map", &input, &answer, error);
    if (result == BALLAST_OK) {
        *mapping = answer;
    }
    return result;
}

ballast_result ballast_ai_unmap(ballast_ai *ai, uint64_t id, ballast_error *error)
{
    struct ballast_ai_block_request input = {.header = AI_HEADER(input, 0), .id = id};
    return block_request(ai, BALLAST_IOCTL_AI_UNMAP, L"unmap", &input, NULL, error);
}
