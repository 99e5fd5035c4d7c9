/* SPDX-License-Identifier: MIT */
/* The AI driver's pinned pool. */

#include "lib/ai.h"

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
