/* SPDX-License-Identifier: MIT */
/* imdisk.exe: ImDisk's command line for Ballast's disks. */

#include "cli/imdisk/imdisk.h"

#include "ballast/version.h"

/* In place: it is shown like this, too. */
static void to_upper_case(wchar_t *text)
{
    (void)LCMapStringW(LOCALE_USER_DEFAULT, LCMAP_UPPERCASE, text, -1, text, (int)wcslen(text) + 1);
}

static enum imdisk_exit print_version(void)
{
    ballast_driver_status status = {.struct_size = sizeof(status)};
    say(L"imdisk %hs (Ballast), for driver interface 0x%04x\n", BALLAST_VERSION_STRING, IMDISK_VERSION);
    (void)ballast_driver_query(BALLAST_DRIVER_DISK, &status, NULL);
    if (status.state == BALLAST_SERVICE_RUNNING) {
        say(L"Driver: %u.%u.%u, interface 0x%04x\n", status.version >> 16, status.version >> 8 & 255,
            status.version & 255, status.interface_version);
    } else {
        say(status.state == BALLAST_SERVICE_NOT_INSTALLED ? L"Driver: not installed\n" : L"Driver: not running\n");
    }
    return IMDISK_DONE;
}

static enum imdisk_exit run(int count, wchar_t **words)
{
    struct arguments arguments;
    wchar_t message[ARGUMENTS_MESSAGE_SIZE];
    enum imdisk_exit result = arguments_parse(count, words, &arguments, message);
    if (result == IMDISK_SYNTAX || arguments.mode == MODE_HELP) {
        print_help();
        if (result != IMDISK_DONE) {
            complain(L"\nError: %ls.", message); /* last, where it is seen */
        }
        return IMDISK_SYNTAX;
    }
    if (result != IMDISK_DONE) {
        complain(L"Error: %ls.", message);
        return result;
    }
    if (arguments.mount_point != NULL) {
        to_upper_case(arguments.mount_point);
    }
    switch (arguments.mode) {
    case MODE_ATTACH:
        return attach(&arguments);
    case MODE_LIST:
        return list(&arguments);
    case MODE_EDIT:
        return edit(&arguments);
    case MODE_EMERGENCY:
        return emergency(&arguments);
    case MODE_VERSION:
        return print_version();
    default:
        return detach(&arguments);
    }
}

int wmain(int argc, wchar_t **argv);

int wmain(int argc, wchar_t **argv)
{
    return (int)run(argc - 1, argv + (argc > 0 ? 1 : 0));
}
