/* SPDX-License-Identifier: MIT */
#include "core/ai/gpu_link.h"
#include "tests/harness/test.h"

#include <stdlib.h>
#include <string.h>

/* In a block of its own, whose end is watched; zeros may be among them. */
static uint16_t *widened(const char *text, size_t length)
{
    uint16_t *wide = malloc(length * sizeof(*wide) + 1);
    for (size_t i = 0; i < length; i++) {
        wide[i] = (unsigned char)text[i];
    }
    return wide;
}

#define CLASS "#{1ca05180-a699-450a-9a0c-de4fbe3ddd89}"

static void instances_of_links(void)
{
    static const struct {
        const char *link, *instance; /* NULL: none */
    } rows[] = {
        {"\\??\\PCI#VEN_10DE&DEV_2204#4&1&0" CLASS, "PCI\\VEN_10DE&DEV_2204\\4&1&0"},
        {"\\\\?\\SWD#RemoteDisplayEnum#RdpIdd" CLASS, "SWD\\RemoteDisplayEnum\\RdpIdd"},
        {"\\??\\A" CLASS, "A"},
        {"\\??\\" CLASS, NULL},
        {CLASS, NULL},
        {"", NULL},
        {"\\??\\PCI#VEN_10DE", NULL},
        {"\\DosDevices\\PCI#A#B" CLASS, NULL},
        {"\\??\\PCI\\..\\..#A" CLASS, NULL},
        {"\\??\\PCI#A#B" CLASS "\\x", NULL},
        {"x??\\PCI#A#B" CLASS, NULL},
        {"\\.?\\PCI#A#B" CLASS, NULL},
        {"\\?.\\PCI#A#B" CLASS, NULL},
        {"\\???PCI#A#B" CLASS, NULL},
        {"\\??\\PCI#A#Bx{1ca05180-a699-450a-9a0c-de4fbe3ddd89}", NULL},
        {"\\??\\PCI#A#B#x1ca05180-a699-450a-9a0c-de4fbe3ddd89}", NULL},
        {"\\??\\PCI#A#B#{1ca05180-a699-450a-9a0c-de4fbe3ddd89x", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t length = strlen(rows[i].link);
        size_t expected = rows[i].instance != NULL ? strlen(rows[i].instance) : 0;
        uint16_t *link = widened(rows[i].link, length);
        uint16_t *instance = malloc(64 * sizeof(*instance));
        test_note("%s", rows[i].link);
        CHECK_EQUAL(gpu_instance_of_link(link, length, instance, 64), expected);
        for (size_t j = 0; j < expected; j++) {
            CHECK_EQUAL(instance[j], (unsigned char)rows[i].instance[j]);
        }
        if (expected != 0) {
            CHECK_EQUAL(gpu_instance_of_link(link, length, instance, expected - 1), 0);
        }
        for (size_t cut = 0; cut < length && expected != 0; cut++) {
            CHECK_EQUAL(gpu_instance_of_link(link, cut, instance, 64), 0);
        }
        free(instance);
        free(link);
    }
}

static void zeros_are_no_part_of_links(void)
{
    uint16_t instance[64];
    char text[] = "\\??\\PCI#A_B" CLASS;
    size_t length = strlen(text);
    *strchr(text, '_') = 0;
    uint16_t *link = widened(text, length);
    CHECK_EQUAL(gpu_instance_of_link(link, length, instance, 64), 0);
    free(link);
}

static void indices_of_drivers(void)
{
    static const struct {
        const char *text;
        bool valid;
        uint32_t index;
    } rows[] = {
        {"{4d36e968-e325-11ce-bfc1-08002be10318}\\0003", true, 3},
        {"{4D36E968-E325-11CE-BFC1-08002BE10318}\\9999", true, 9999},
        {"{f01a9d53-3ff6-48d2-9f97-c8a7004be10c}\\0001", true, 10001},
        {"{4d36e968-e325-11ce-bfc1-08002be10318}\\003", false, 0},
        {"{4d36e968-e325-11ce-bfc1-08002be10318}\\00003", false, 0},
        {"{4d36e968-e325-11ce-bfc1-08002be10318}\\000x", false, 0},
        {"{4d36e968-e325-11ce-bfc1-08002be10318}\\00 1", false, 0},
        {"{4d36e968-e325-11ce-bfc1-08002be10318}/0003", false, 0},
        {"x4d36e968-e325-11ce-bfc1-08002be10318}\\0003", false, 0},
        {"", false, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t length = strlen(rows[i].text);
        uint16_t *text = widened(rows[i].text, length);
        uint32_t index = 77;
        test_note("%s", rows[i].text);
        CHECK_EQUAL(gpu_index_of_driver(text, length, &index), rows[i].valid);
        CHECK_EQUAL(index, rows[i].valid ? rows[i].index : 77);
        free(text);
    }
    CHECK(gpu_index_of_driver(u"{4d36e968-e325-11ce-bfc1-08002be10318}\\0003\0x", 45, &(uint32_t){0}));
}

TEST_MAIN({"instances_of_links", instances_of_links}, {"zeros_are_no_part_of_links", zeros_are_no_part_of_links},
          {"indices_of_drivers", indices_of_drivers})
