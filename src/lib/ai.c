/* SPDX-License-Identifier: MIT */
/* The AI driver: opening it and asking it. */

#include "lib/ai.h"
#include "lib/service.h"

#include <stdlib.h>

#define DEVICE_PATH   L"\\\\.\\BallastAi"

/* A list that grows between asking how long it is and reading it is read again, so often. */
#define LIST_ATTEMPTS 8

/* ---- opening ---- */

DWORD query_ai_driver(HANDLE device, struct ballast_ai_driver_reply *reply)
{
    DWORD returned = 0;
    DWORD code =
        device_control(device, BALLAST_IOCTL_AI_QUERY_DRIVER, NULL, 0, reply, (DWORD)sizeof(*reply), &returned);
    if (code == 0 && (returned < sizeof(*reply) || reply->header.version != BALLAST_AI_VERSION)) {
        code = ERROR_REVISION_MISMATCH;
    }
    return code;
}

static ballast_result explain_open(DWORD code, ballast_error *error)
{
    if (result_of(code) == BALLAST_NOT_FOUND) {
        return service_absent(BALLAST_DRIVER_AI, error);
    }
    if (code == ERROR_ACCESS_DENIED) {
        return error_set(error, BALLAST_NO_ACCESS, code, L"cannot open the AI driver; this user has not the right");
    }
    return error_set(error, result_of(code), code, L"cannot open the AI driver");
}

HANDLE open_ai(int for_changes, ballast_result *result, ballast_error *error)
{
    struct ballast_ai_driver_reply reply;
    DWORD access = for_changes ? GENERIC_READ | GENERIC_WRITE : 0;
    HANDLE device = CreateFileW(DEVICE_PATH, access, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
                                FILE_FLAG_OVERLAPPED, NULL);
    if (device == INVALID_HANDLE_VALUE) {
        *result = explain_open(GetLastError(), error);
        return device;
    }
    DWORD code = query_ai_driver(device, &reply);
    if (code != 0) {
        *result = error_set(error, BALLAST_DRIVER_UNAVAILABLE, code == ERROR_REVISION_MISMATCH ? 0 : code,
                            L"the AI driver does not answer in version %u of its interface; install the one that "
                            L"belongs to this program",
                            BALLAST_AI_VERSION);
        CloseHandle(device);
        return INVALID_HANDLE_VALUE;
    }
    return device;
}

ballast_result ballast_ai_open(uint32_t how, ballast_ai **ai, ballast_error *error)
{
    ballast_result result = BALLAST_OK;
    if (how > BALLAST_AI_OPEN_CHANGES) {
        return error_set(error, BALLAST_INVALID_ARGUMENT, 0, L"cannot open the AI driver: unknown flags 0x%x", how);
    }
    ballast_ai *opened = malloc(sizeof(*opened));
    if (opened == NULL) {
        return error_set(error, BALLAST_FAILED, ERROR_NOT_ENOUGH_MEMORY, L"cannot open the AI driver");
    }
    opened->device = open_ai(how == BALLAST_AI_OPEN_CHANGES, &result, error);
    if (opened->device == INVALID_HANDLE_VALUE) {
        free(opened);
        return result;
    }
    *ai = opened;
    return BALLAST_OK;
}

void ballast_ai_close(ballast_ai *ai)
{
    if (ai != NULL) {
        CloseHandle(ai->device);
        free(ai);
    }
}

void ballast_ai_release(void *reply)
{
    free(reply);
}

/* ---- asking ---- */

ballast_result ai_failure(DWORD code, const wchar_t *what, ballast_error *error)
{
    switch (code) {
    case ERROR_FILE_NOT_FOUND: /* the device is gone although the handle is there */
    case ERROR_DEV_NOT_EXIST:
    case ERROR_INVALID_HANDLE:
    case ERROR_DEVICE_REMOVED:
    case ERROR_FILE_INVALID:
        return error_set(error, BALLAST_DRIVER_UNAVAILABLE, code, L"cannot %ls: the AI driver is gone", what);
    case ERROR_REVISION_MISMATCH:
        return error_set(error, BALLAST_DRIVER_UNAVAILABLE, 0, L"cannot %ls: the AI driver's reply makes no sense",
                         what);
    case ERROR_INVALID_PARAMETER:
        return error_set(error, BALLAST_INVALID_ARGUMENT, code, L"cannot %ls", what);
    case ERROR_ACCESS_DENIED:
        return error_set(error, BALLAST_NO_ACCESS, code, L"cannot %ls; this user or handle has not the right", what);
    default:
        return error_set(error, result_of(code), code, L"cannot %ls", what);
    }
}

ballast_result ai_query(ballast_ai *ai, const struct ai_request *request, void *reply, DWORD length,
                        ballast_error *error)
{
    DWORD returned = 0;
    DWORD code =
        device_control(ai->device, request->code, request->input, request->input_length, reply, length, &returned);
    if (code == 0 && length != 0 &&
        (returned < length || ((const struct ballast_header *)reply)->version != BALLAST_AI_VERSION)) {
        code = ERROR_REVISION_MISMATCH;
    }
    return code == 0 ? BALLAST_OK : ai_failure(code, request->what, error);
}

/* How every reply with a list begins. */
struct list_head {
    struct ballast_header header;
    uint32_t rows; /* that there are */
    uint32_t rows_returned;
};
_Static_assert(offsetof(struct ballast_ai_gpu_reply, adapters_returned) == 12, "a list begins so");
_Static_assert(offsetof(struct ballast_ai_process_reply, processes_returned) == 12, "a list begins so");
_Static_assert(offsetof(struct ballast_ai_rule_reply, rules_returned) == 12, "a list begins so");
_Static_assert(offsetof(struct ballast_ai_block_reply, blocks_returned) == 12, "a list begins so");
_Static_assert(offsetof(struct ballast_ai_owner_reply, owners_returned) == 12, "a list begins so");

struct list {
    size_t fixed; /* bytes before the rows */
    size_t row;   /* bytes of one */
    uint32_t first_guess;
};

/* One attempt with room for `capacity` rows. The reply is the caller's to free, also after a failure. */
static DWORD read_list(ballast_ai *ai, const struct ai_request *request, const struct list *list, size_t capacity,
                       struct list_head **reply)
{
    DWORD returned = 0;
    DWORD length = (DWORD)(list->fixed + capacity * list->row);
    *reply = calloc(1, length);
    if (*reply == NULL) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    DWORD code =
        device_control(ai->device, request->code, request->input, request->input_length, *reply, length, &returned);
    if (code == 0 && (returned < list->fixed || (*reply)->header.version != BALLAST_AI_VERSION ||
                      (*reply)->rows_returned > (returned - list->fixed) / list->row)) {
        code = ERROR_REVISION_MISMATCH;
    }
    return code;
}

static ballast_result query_list(ballast_ai *ai, const struct ai_request *request, const struct list *list,
                                 void **result, ballast_error *error)
{
    struct list_head *reply = NULL;
    size_t capacity = list->first_guess;
    DWORD code = 0;
    for (int i = 0; i < LIST_ATTEMPTS; i++) {
        code = read_list(ai, request, list, capacity, &reply);
        /* Fewer rows than there was room for: the driver has no more to give. */
        if (code != 0 || reply->rows_returned >= reply->rows || reply->rows_returned < capacity) {
            break;
        }
        capacity = reply->rows < 1u << 20 ? reply->rows + reply->rows / 4 + 8 : 1u << 20;
        if (i + 1 < LIST_ATTEMPTS) {
            free(reply);
            reply = NULL;
        }
    }
    if (code != 0) {
        free(reply);
        return ai_failure(code, request->what, error);
    }
    *result = reply;
    return BALLAST_OK;
}

ballast_result ballast_ai_gpus(ballast_ai *ai, uint32_t flags, struct ballast_ai_gpu_reply **reply,
                               ballast_error *error)
{
    static const struct list list = {sizeof(struct ballast_ai_gpu_reply), sizeof(struct ballast_ai_adapter), 4};
    struct ballast_ai_gpu_query query = {.header = AI_HEADER(query, (uint16_t)flags)};
    struct ai_request request = {BALLAST_IOCTL_AI_QUERY_GPUS, &query, sizeof(query), L"query GPUs"};
    void *answer = NULL;
    if (flags > UINT16_MAX) {
        return ai_failure(ERROR_INVALID_PARAMETER, request.what, error);
    }
    ballast_result result = query_list(ai, &request, &list, &answer, error);
    if (result == BALLAST_OK) {
        *reply = answer;
    }
    return result;
}

ballast_result ballast_ai_processes(ballast_ai *ai, uint32_t maximum_age_ms, struct ballast_ai_process_reply **reply,
                                    ballast_error *error)
{
    static const struct list list = {sizeof(struct ballast_ai_process_reply), sizeof(struct ballast_ai_process), 64};
    struct ballast_ai_process_query query = {.header = AI_HEADER(query, 0), .maximum_age_ms = maximum_age_ms};
    struct ai_request request = {BALLAST_IOCTL_AI_QUERY_PROCESSES, &query, sizeof(query), L"query AI processes"};
    void *answer = NULL;
    ballast_result result = query_list(ai, &request, &list, &answer, error);
    if (result == BALLAST_OK) {
        *reply = answer;
    }
    return result;
}

ballast_result ballast_ai_scheduler(ballast_ai *ai, uint32_t maximum_age_ms, struct ballast_ai_scheduler_reply *reply,
                                    ballast_error *error)
{
    struct ballast_ai_scheduler_reply answer;
    struct ballast_ai_process_query query = {.header = AI_HEADER(query, 0), .maximum_age_ms = maximum_age_ms};
    struct ai_request request = {BALLAST_IOCTL_AI_QUERY_SCHEDULER, &query, sizeof(query), L"query the scheduler"};
    ballast_result result = ai_query(ai, &request, &answer, sizeof(answer), error);
    if (result == BALLAST_OK) {
        *reply = answer;
    }
    return result;
}

static ballast_result query_rules(ballast_ai *ai, DWORD code, const wchar_t *what, struct ballast_ai_rule_reply **reply,
                                  ballast_error *error)
{
    /* Room for all there can be: a reload must not happen twice because its reply did not fit. */
    static const struct list list = {sizeof(struct ballast_ai_rule_reply), sizeof(struct ballast_ai_rule),
                                     BALLAST_AI_MAXIMUM_RULES};
    struct ai_request request = {code, NULL, 0, what};
    void *answer = NULL;
    ballast_result result = query_list(ai, &request, &list, &answer, error);
    if (result == BALLAST_OK) {
        *reply = answer;
    } else if (result == BALLAST_INVALID_ARGUMENT && code == BALLAST_IOCTL_AI_RELOAD_RULES) {
        (void)error_set(error, result, 0,
                        L"cannot reload the rules: one of those in the registry is wrong, and the old ones stay");
    }
    return result;
}

ballast_result ballast_ai_rules(ballast_ai *ai, struct ballast_ai_rule_reply **reply, ballast_error *error)
{
    return query_rules(ai, BALLAST_IOCTL_AI_QUERY_RULES, L"query the rules", reply, error);
}

ballast_result ballast_ai_reload_rules(ballast_ai *ai, struct ballast_ai_rule_reply **reply, ballast_error *error)
{
    return query_rules(ai, BALLAST_IOCTL_AI_RELOAD_RULES, L"reload the rules", reply, error);
}

ballast_result ballast_ai_blocks(ballast_ai *ai, struct ballast_ai_block_reply **reply, ballast_error *error)
{
    static const struct list list = {sizeof(struct ballast_ai_block_reply), sizeof(struct ballast_ai_block), 64};
    struct ai_request request = {BALLAST_IOCTL_AI_QUERY_BLOCKS, NULL, 0, L"query pinned blocks"};
    void *answer = NULL;
    ballast_result result = query_list(ai, &request, &list, &answer, error);
    if (result == BALLAST_OK) {
        *reply = answer;
    }
    return result;
}

ballast_result ballast_ai_owners(ballast_ai *ai, struct ballast_ai_owner_reply **reply, ballast_error *error)
{
    static const struct list list = {sizeof(struct ballast_ai_owner_reply), sizeof(struct ballast_ai_owner), 32};
    struct ai_request request = {BALLAST_IOCTL_AI_QUERY_OWNERS, NULL, 0, L"query who has pinned memory"};
    void *answer = NULL;
    ballast_result result = query_list(ai, &request, &list, &answer, error);
    if (result == BALLAST_OK) {
        *reply = answer;
    }
    return result;
}

ballast_result ballast_ai_push_sample(ballast_ai *ai, const struct ballast_ai_sample *sample, ballast_error *error)
{
    struct ballast_ai_sample input = *sample;
    input.header = (struct ballast_header)AI_HEADER(input, 0);
    DWORD code = device_control(ai->device, BALLAST_IOCTL_AI_PUSH_SAMPLE, &input, (DWORD)sizeof(input), NULL, 0, NULL);
    switch (code) {
    case 0:
        return BALLAST_OK;
    case ERROR_NOT_FOUND:
        return error_set(error, BALLAST_NOT_FOUND, 0, L"there is no adapter %u; 'ballast ai gpu' lists them",
                         sample->adapter_index);
    case ERROR_INVALID_PARAMETER:
        return error_set(error, BALLAST_INVALID_ARGUMENT, code,
                         L"the driver refuses the sample of adapter %u: it is empty, or a value is out of range",
                         sample->adapter_index);
    case ERROR_ACCESS_DENIED:
        return error_set(error, BALLAST_NO_ACCESS, code,
                         L"cannot push a sample of adapter %u; that needs administrator rights", sample->adapter_index);
    default:
        return ai_failure(code, L"push a sample", error);
    }
}

ballast_result ballast_ai_driver(ballast_ai *ai, struct ballast_ai_driver_reply *reply, ballast_error *error)
{
    struct ballast_ai_driver_reply answer;
    DWORD code = query_ai_driver(ai->device, &answer);
    if (code != 0) {
        return ai_failure(code, L"query the AI driver", error);
    }
    *reply = answer;
    return BALLAST_OK;
}
