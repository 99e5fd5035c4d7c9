/* SPDX-License-Identifier: MIT */
/* What the files of the AI driver's behaviour table share. */
#ifndef TESTS_BEHAVIOUR_AI_TABLE_H
#define TESTS_BEHAVIOUR_AI_TABLE_H

#include "ballast/ai_abi.h"
#include "tests/behaviour/system.h"
#include "tests/behaviour/target.h"
#include "tests/harness/test.h"

#define SUCCESS                0x00000000u
#define INVALID_PARAMETER      0xC000000Du
#define INVALID_DEVICE_REQUEST 0xC0000010u
#define ACCESS_DENIED          0xC0000022u
#define BUFFER_TOO_SMALL       0xC0000023u
#define INSUFFICIENT_RESOURCES 0xC000009Au
#define NOT_FOUND              0xC0000225u

#define MIB                    (1u << 20)
#define HEADER(type)                        \
    {                                       \
        sizeof(type), BALLAST_AI_VERSION, 0 \
    }

/* The device, open for reading and writing; exits if it cannot be opened. */
struct target_handle *ai_device(void);

/* A request on it. */
uint32_t ai_request(uint32_t code, const void *input, size_t input_length, void *output, size_t output_length,
                    size_t *information);

union ai_gpus {
    struct ballast_ai_gpu_reply head;
    unsigned char
        room[sizeof(struct ballast_ai_gpu_reply) + BALLAST_AI_MAXIMUM_ADAPTERS * sizeof(struct ballast_ai_adapter)];
};

/* Reads the registry anew if `refresh`. */
uint32_t ai_gpus(union ai_gpus *gpus, bool refresh);
/* NULL and a failed check if the adapter is not listed. */
const struct ballast_ai_adapter *ai_find_adapter(const union ai_gpus *gpus, uint32_t index);

union ai_processes {
    struct ballast_ai_process_reply head;
    unsigned char room[sizeof(struct ballast_ai_process_reply) + 64 * sizeof(struct ballast_ai_process)];
};

/* A list that is made for this call. */
uint32_t ai_processes(union ai_processes *processes);

/* ---- ai_pool.c ---- */

struct ballast_ai_pool_reply ai_pool(void);
uint32_t ai_allocate(uint64_t size, struct ballast_ai_mapping *mapping);
uint32_t ai_free(uint64_t id);

/* Wine closes handles asynchronously: whether the pool is empty soon. */
bool ai_pool_soon_empty(void);

void pool_blocks(void);
void pool_limits(void);
void pool_closing_frees(void);
void pool_block_list(void);

#define AI_POOL_CASES                                                                                       \
    {"pool_blocks", pool_blocks}, {"pool_limits", pool_limits}, {"pool_closing_frees", pool_closing_frees}, \
    {                                                                                                       \
        "pool_block_list", pool_block_list                                                                  \
    }

/* ---- ai_codex.c ---- */

void codex_stats(void);
void codex_gpu(void);
void codex_pool(void);
void codex_scheduler(void);
void codex_pinned(void);
void codex_runtime(void);
void codex_priority(void);
void codex_lengths(void);

#define AI_CODEX_CASES                                                                                          \
    {"codex_stats", codex_stats}, {"codex_gpu", codex_gpu}, {"codex_pool", codex_pool},                         \
        {"codex_scheduler", codex_scheduler}, {"codex_pinned", codex_pinned}, {"codex_runtime", codex_runtime}, \
        {"codex_priority", codex_priority},                                                                     \
    {                                                                                                           \
        "codex_lengths", codex_lengths                                                                          \
    }

/* ---- ai_defects.c: what was wrong in the original, by the numbers of its description ---- */

void defect_1_no_device_name(void);
void defect_2_four_tables(void);
void defect_3_two_packings(void);
void defect_4_truncated_information(void);
void defect_5_kernel_addresses(void);
void defect_6_no_ownership(void);
void defect_7_quota_race(void);
void defect_8_memory_taken_at_load(void);
void defect_9_anybody_may(void);
void defect_10_floating_point(void);
void defect_11_state_of_the_device(void);
void defect_12_enumeration_race(void);
void defect_13_priority_is_no_increment(void);

#define AI_DEFECT_CASES                                                                                             \
    {"defect_1_no_device_name", defect_1_no_device_name}, {"defect_2_four_tables", defect_2_four_tables},           \
        {"defect_3_two_packings", defect_3_two_packings},                                                           \
        {"defect_4_truncated_information", defect_4_truncated_information},                                         \
        {"defect_5_kernel_addresses", defect_5_kernel_addresses}, {"defect_6_no_ownership", defect_6_no_ownership}, \
        {"defect_7_quota_race", defect_7_quota_race},                                                               \
        {"defect_8_memory_taken_at_load", defect_8_memory_taken_at_load},                                           \
        {"defect_9_anybody_may", defect_9_anybody_may}, {"defect_10_floating_point", defect_10_floating_point},     \
        {"defect_11_state_of_the_device", defect_11_state_of_the_device},                                           \
        {"defect_12_enumeration_race", defect_12_enumeration_race},                                                 \
    {                                                                                                               \
        "defect_13_priority_is_no_increment", defect_13_priority_is_no_increment                                    \
    }

#endif
