/* SPDX-License-Identifier: MIT */
/* define_letter LETTER: TARGET: makes a drive letter lead to a device, whether there is one or not; without TARGET, undoes it. */
#include <windows.h>

int main(int argc, char **argv)
{
    if (argc < 2) {
        return 2;
    }
    return argc > 2 ? !DefineDosDeviceA(DDD_RAW_TARGET_PATH, argv[1], argv[2])
                    : !DefineDosDeviceA(DDD_REMOVE_DEFINITION, argv[1], NULL);
}
