/* SPDX-License-Identifier: MIT */
/* Names of disks' objects, written and read. */

#include "core/base/disk_name.h"
#include "tests/harness/test.h"

#include <string.h>

static bool parses(const char *text, struct disk_name *name)
{
    uint16_t units[64];
    return disk_name_parse(units, test_widen(text, units), name);
}

static void written_and_read(void)
{
    static const struct {
        struct disk_name name;
        const char *text;
    } rows[] = {
        {{.number = 0}, "\\Device\\ImDisk0"},
        {{.number = 9}, "\\Device\\ImDisk9"},
        {{.number = 10}, "\\Device\\ImDisk10"},
        {{.number = 63999}, "\\Device\\ImDisk63999"},
        {{.volume = 1}, "\\Device\\BallastVolume1"},
        {{.volume = 0x1AF}, "\\Device\\BallastVolume1AF"},
        {{.volume = UINT64_MAX}, "\\Device\\BallastVolumeFFFFFFFFFFFFFFFF"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint16_t units[DISK_NAME_UNITS];
        uint16_t expected[DISK_NAME_UNITS];
        struct disk_name name;
        size_t length = test_widen(rows[i].text, expected);
        test_note("%s", rows[i].text);
        if (CHECK_EQUAL(disk_name_write(&rows[i].name, units), length)) {
            CHECK_BYTES(units, expected, length * sizeof(units[0]));
        }
        CHECK(parses(rows[i].text, &name));
        CHECK_EQUAL(name.number, rows[i].name.number);
        CHECK_EQUAL(name.volume, rows[i].name.volume);
    }
}

static void names_of_others(void)
{
    static const char *const texts[] = {
        "",
        "\\Device",
        "\\Device\\ImDisk",
        "\\Device\\ImDiskCtl",
        "\\Device\\ImDisk5A",
        "\\Device\\ImDisk100000",
        "\\Device\\ImDisk5\\",
        "\\Device\\ImDisk-1",
        "\\Device\\Harddisk5",
        "\\Device\\BallastVolume",
        "\\Device\\BallastVolume0",
        "\\Device\\BallastVolumeG",
        "\\Device\\BallastVolume@",
        "\\Device\\BallastVolume:",
        "\\Device\\BallastVolume10000000000000000",
    };
    struct disk_name name;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        test_note("%s", texts[i]);
        CHECK(!parses(texts[i], &name));
    }
}

TEST_MAIN({"written_and_read", written_and_read}, {"names_of_others", names_of_others})
