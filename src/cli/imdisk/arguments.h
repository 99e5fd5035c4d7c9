/* SPDX-License-Identifier: MIT */
/*
 * The command line of imdisk.exe, understood and checked without touching the system: it is built and tested on the host,
 * too. Words are those of ImDisk's command line; what a switch may stand with is in the tables of arguments.c.
 */
#ifndef CLI_IMDISK_ARGUMENTS_H
#define CLI_IMDISK_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

#include "ballast/disk_abi.h"

/* Exit codes, as ImDisk's. A fatal error, such as no memory for a few bytes, is IMDISK_FATAL. */
enum imdisk_exit {
    IMDISK_FATAL = -1,
    IMDISK_SYNTAX = -1, /* ImDisk's documentation says 13 */
    IMDISK_DONE = 0,
    IMDISK_NOT_FOUND = 1,
    IMDISK_INACCESSIBLE = 2,
    IMDISK_FAILED = 3, /* to create or to change a disk; a word is missing, or is no number */
    IMDISK_NO_DRIVER = 4,
    IMDISK_WRONG_VERSION = 5,
    IMDISK_DRIVER_INACCESSIBLE = 6,
    IMDISK_SERVICE_INACCESSIBLE = 7,
    IMDISK_FORMAT_FAILED = 8,
    IMDISK_BAD_MOUNT_POINT = 9,
    IMDISK_BAD_SIZE = 10,
    IMDISK_NO_MEMORY = 11,
    IMDISK_NO_PARTITION = 12,
    IMDISK_NO_LETTER = 14,
};

/* How a proxy is reached: the subtype in the flags. */
#define PROXY_DIRECT        0x0000u
#define PROXY_COMM          0x1000u
#define PROXY_TCP           0x2000u
#define PROXY_SHARED_MEMORY 0x3000u

enum imdisk_mode {
    MODE_NONE,
    MODE_ATTACH,    /* -a */
    MODE_DETACH,    /* -d */
    MODE_FORCE,     /* -D */
    MODE_EMERGENCY, /* -R */
    MODE_LIST,      /* -l */
    MODE_EDIT,      /* -e */
    MODE_VERSION,   /* --version */
    MODE_HELP,      /* no words, or a question for help */
};

/* The argument of -s: what it means depends on how much memory is free. */
struct size_argument {
    bool given;
    bool percent;   /* value is 1 ... 99 */
    bool remaining; /* the free memory without this */
    uint64_t value; /* bytes below 2^63, or percent of the free memory */
};

struct arguments {
    enum imdisk_mode mode;
    bool numeric;                                                      /* -n */
    bool persistent;                                                   /* -P */
    bool number_given;                                                 /* -u */
    uint32_t number;                                                   /* IMDISK_AUTO_DEVICE_NUMBER if not given */
    wchar_t *mount_point;                                              /* -m, perhaps empty; NULL: none */
    const wchar_t *file;                                               /* -f or -F; NULL: none */
    bool native_path;                                                  /* the name is for the driver as it is */
    const wchar_t *format;                                             /* -p; NULL: do not format */
    struct size_argument size;                                         /* -s */
    bool offset_automatic;                                             /* -b auto */
    uint64_t offset;                                                   /* -b: bytes, below 2^63 */
    unsigned partition;                                                /* -v: 1 ... 8; 0: not given */
    uint32_t bytes_per_sector, sectors_per_track, tracks_per_cylinder; /* -S -x -y; 0: not given */
    uint32_t flags;   /* IMDISK_*: for -a what to create with, for -e the values of `changes` */
    uint32_t changes; /* the flags that -o was about */
};

#define ARGUMENTS_MESSAGE_SIZE 256

/*
 * Fills *arguments, which keeps pointers into `words`; words[0] is the first behind the program's name. Other than
 * IMDISK_DONE is the exit code of a wrong command line: IMDISK_SYNTAX, IMDISK_FAILED or IMDISK_BAD_SIZE, with the reason
 * in `message`.
 */
enum imdisk_exit arguments_parse(int count, wchar_t **words, struct arguments *arguments,
                                 wchar_t message[ARGUMENTS_MESSAGE_SIZE]);

/*
 * The bytes that -s asks for when `available` bytes of memory are free; 0 if it was not given. False if nothing
 * remains.
 */
bool size_resolve(const struct size_argument *size, uint64_t available, uint64_t *bytes);

/* The drive letter, upper case, that a mount point is ("R:", "r:\", "R"), '#' for "#:", or 0. */
wchar_t mount_point_letter(const wchar_t *mount_point);

/* "64 MB": with the largest unit that leaves at least 1, and at most six digits. */
void size_describe(uint64_t bytes, wchar_t *text, size_t size);

#endif
