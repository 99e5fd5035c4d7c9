/* SPDX-License-Identifier: MIT */
/*
 * What was wrong in the original driver, defect by defect, each shown not to be here. Numbers 14 and 15 are about its
 * installer: tests/wine/ai.sh installs and uninstalls.
 */

#include "tests/behaviour/ai_table.h"

#include <fenv.h>
#include <math.h>
#include <string.h>

void defect_1_no_device_name(void)
{
    uint32_t status;
    struct target_handle *handle = target_open("BallastAi", TARGET_QUERY, &status);
    CHECK_EQUAL(status, SUCCESS);
    target_close(handle);
}

/* A client's code never reaches another function: what GET_GPU_STATUS answers has its own length. */
void defect_2_four_tables(void)
{
    static const struct {
        uint32_t code;
        uint32_t length;
    } answers[] = {{0x222004, 32}, {0x222010, 32}, {0x222014, 32}, {0x222018, 12},
                   {0x22300C, 32}, {0x223010, 32}, {0x223014, 12}};
    unsigned char buffer[256];
    size_t information;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        CHECK_EQUAL(ai_request(answers[i].code, NULL, 0, buffer, sizeof(buffer), &information), SUCCESS);
        CHECK_EQUAL(information, answers[i].length);
    }
    CHECK_EQUAL(ai_request(0x222000, buffer, 64, buffer, 64, NULL), INVALID_DEVICE_REQUEST);
    CHECK_EQUAL(ai_request(0x222024, buffer, 64, buffer, 64, NULL), INVALID_DEVICE_REQUEST);
}

/* The temperature is where the natural layout has it, at 24, and arrives. */
void defect_3_two_packings(void)
{
    unsigned char buffer[32];
    float temperature;
    memset(buffer, 0, sizeof(buffer));
    CHECK_EQUAL(ai_request(0x222010, NULL, 0, buffer, sizeof(buffer), NULL), SUCCESS);
    memcpy(&temperature, buffer + 24, sizeof(temperature));
    CHECK(isnan(temperature));
}

void defect_4_truncated_information(void)
{
    unsigned char buffer[64];
    size_t information;
    CHECK_EQUAL(ai_request(0x222010, NULL, 0, buffer, 31, &information), BUFFER_TOO_SMALL);
    CHECK_EQUAL(ai_request(0x222010, NULL, 0, buffer, 64, &information), SUCCESS);
    CHECK_EQUAL(information, 32);
}

void defect_5_kernel_addresses(void)
{
    uint64_t size = 4096;
    uint64_t address = 0;
    CHECK_EQUAL(ai_request(0x22201C, &size, sizeof(size), &address, sizeof(address), NULL), SUCCESS);
    CHECK(address < 0x800000000000u);
    CHECK(target_memory(address, 4096) != NULL); /* ours to write */
    CHECK_EQUAL(ai_request(0x222020, &address, sizeof(address), NULL, 0, NULL), SUCCESS);
}

void defect_6_no_ownership(void)
{
    struct target_handle *other = target_open("BallastAi", TARGET_READ_WRITE, NULL);
    uint64_t size = MIB;
    uint64_t address = 0;
    CHECK_EQUAL(target_ioctl(other, 0x22201C, &size, sizeof(size), &address, sizeof(address), NULL), SUCCESS);
    CHECK_EQUAL(ai_request(0x222020, &address, sizeof(address), NULL, 0, NULL), NOT_FOUND);
    CHECK_EQUAL(ai_pool().used_bytes, MIB);
    target_close(other);
    CHECK(ai_pool_soon_empty());
}

/* That many threads cannot exceed the quota together: tests/unit/pool_test.c and tests/sim/ai_pool.c. Here: not by one. */
void defect_7_quota_race(void)
{
    struct ballast_ai_mapping mapping[3];
    CHECK_EQUAL(ai_allocate(32 * MIB, &mapping[0]), SUCCESS);
    CHECK_EQUAL(ai_allocate(32 * MIB, &mapping[1]), SUCCESS);
    CHECK_EQUAL(ai_allocate(1, &mapping[2]), INSUFFICIENT_RESOURCES);
    CHECK_EQUAL(ai_free(mapping[0].id), SUCCESS);
    CHECK_EQUAL(ai_free(mapping[1].id), SUCCESS);
}

/* Kernel memory besides pool, list and rules. */
void defect_8_memory_taken_at_load(void)
{
    struct ballast_ai_driver_reply driver;
    uint64_t bytes = 0;
    CHECK_EQUAL(ai_request(BALLAST_IOCTL_AI_QUERY_DRIVER, NULL, 0, &driver, sizeof(driver), NULL), SUCCESS);
    for (size_t i = 0; i < BALLAST_POOL_TAGS; i++) {
        bytes += driver.pool[i].bytes;
    }
    test_note("%u bytes", (unsigned)bytes);
    CHECK(bytes <= 65536);
    CHECK_EQUAL(ai_pool().used_bytes, 0);
}

void defect_9_anybody_may(void)
{
    struct target_handle *query = target_open("BallastAi", TARGET_QUERY, NULL);
    struct ballast_ai_allocate allocate = {.header = HEADER(allocate), .size_bytes = 4096};
    struct ballast_ai_mapping mapping;
    CHECK_EQUAL(
        target_ioctl(query, BALLAST_IOCTL_AI_ALLOCATE, &allocate, sizeof(allocate), &mapping, sizeof(mapping), NULL),
        ACCESS_DENIED);
    target_close(query);
}

/* The caller's floating-point state survives a reply with floats: they are composed from integers. */
void defect_10_floating_point(void)
{
    volatile double three = 3.0;
    unsigned char buffer[32];
    CHECK_EQUAL(fesetround(FE_UPWARD), 0);
    volatile double before = 1.0 / three;
    CHECK_EQUAL(ai_request(0x222010, NULL, 0, buffer, sizeof(buffer), NULL), SUCCESS);
    volatile double after = 1.0 / three;
    CHECK_EQUAL(fegetround(), FE_UPWARD);
    CHECK_EQUAL(fesetround(FE_TONEAREST), 0);
    CHECK(before == after);
    volatile double nearest = 1.0 / three;
    CHECK(before != nearest);
}

/* Closing one handle takes nothing away from another. */
void defect_11_state_of_the_device(void)
{
    struct ballast_ai_mapping mapping;
    CHECK_EQUAL(ai_allocate(MIB, &mapping), SUCCESS);
    for (int i = 0; i < 20; i++) {
        target_close(target_open("BallastAi", TARGET_READ_WRITE, NULL));
    }
    CHECK(target_memory(mapping.address, MIB) != NULL);
    CHECK_EQUAL(ai_pool().used_bytes, MIB);
    CHECK_EQUAL(ai_free(mapping.id), SUCCESS);
}

/* The list is right while processes come and go; that a list that grew meanwhile is asked for again: tests/sim/ai_kernel.c. */
void defect_12_enumeration_race(void)
{
    for (int i = 0; i < 10; i++) {
        union ai_processes list;
        uint32_t process = system_process_start("python-race.exe");
        CHECK_EQUAL(ai_processes(&list), SUCCESS);
        CHECK(list.head.processes >= 1);
        system_process_stop(process);
    }
}

void defect_13_priority_is_no_increment(void)
{
    uint32_t thread = system_thread_id();
    for (int i = 0; i < 3; i++) {
        CHECK_EQUAL(ai_request(0x22200C, &thread, sizeof(thread), NULL, 0, NULL), SUCCESS);
        CHECK_EQUAL(system_thread_priority(), 2);
    }
}
