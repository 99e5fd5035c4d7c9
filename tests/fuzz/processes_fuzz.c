/* SPDX-License-Identifier: MIT */
/*
 * Fuzzing of the system's list of processes. Addresses of names are offsets in the input, so that some of them are valid.
 */

#include "core/ai/processes.h"
#include "core/ai/system_processes.h"
#include "core/base/platform_host.h"
#include "tests/fuzz/input.h"

static void relocate(unsigned char *answer, size_t size)
{
    for (size_t offset = 0; offset <= size && size - offset >= sizeof(struct system_process);) {
        struct system_process process;
        memcpy(&process, answer + offset, sizeof(process));
        process.image_name += (uintptr_t)answer;
        memcpy(answer + offset, &process, sizeof(process));
        if (process.next_entry_offset < sizeof(process)) {
            break; /* the last, or one that would be relocated twice */
        }
        offset += process.next_entry_offset;
    }
}

static void check_list(const struct process_list *list, size_t size)
{
    uint64_t threads = 0;
    REQUIRE(list->listed <= list->totals.processes && list->totals.processes <= list->totals.system_processes);
    REQUIRE(list->listed == list->totals.processes || list->listed == BALLAST_AI_MAXIMUM_PROCESSES);
    REQUIRE(list->totals.system_threads <= size / sizeof(struct system_thread));
    for (uint32_t i = 0; i < list->listed; i++) {
        const struct ballast_ai_process *row = &list->entry[i].row;
        REQUIRE(row->rule == 0 && row->name_length >= 1);
        threads += row->threads;
    }
    REQUIRE(threads == list->totals.threads);
    const size_t entries = sizeof(*list) + list->capacity * sizeof(list->entry[0]);
    struct process_list *other = malloc(entries);
    struct process_delta delta;
    memcpy(other, list, entries);
    other->made_100ns = list->made_100ns + 1;
    for (uint32_t i = 0; i < other->listed; i++) {
        other->entry[i].own_cpu_time_100ns ^= i;
    }
    process_list_delta(list, other, &delta);
    REQUIRE(delta.cpu_valid && delta.cpu_permille >= 0 && delta.context_switches_per_second >= 0);
    free(other);
}

/* Input: room for the reply, the answer. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rules *rules;
    struct fuzz_input input = {data, size};
    struct process_list *list = NULL;
    uint64_t blocks, bytes;
    uint32_t rejected;
    if (rules == NULL) {
        REQUIRE(rules_compile(u"a", 1, &rules, &rejected) == BALLAST_SUCCESS);
    }
    size_t room = (size_t)fuzz_take_number(&input, 1) * 4;
    unsigned char *answer = fuzz_copy(input.data, input.left);
    unsigned char *reply = malloc(room + 1);
    relocate(answer, input.left);
    ballast_status status = process_list_build(answer, input.left, rules, &list);
    REQUIRE((status == BALLAST_SUCCESS) == (list != NULL));
    if (list != NULL) {
        check_list(list, input.left);
        REQUIRE(process_list_reply(list, 5, 1, reply, room) <= room);
    }
    process_list_free(list);
    free(reply);
    free(answer);
    platform_host_usage(&blocks, &bytes);
    REQUIRE(blocks == 1); /* the rules */
    return 0;
}
