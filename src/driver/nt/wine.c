/* SPDX-License-Identifier: MIT */
/* Detects Wine; wine.h has the workarounds. */

#include "driver/nt/wine.h"

bool nt_in_wine;

void nt_wine_detect(void)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"wine_ntoskrnl_main_loop");
    nt_in_wine = MmGetSystemRoutineAddress(&name) != NULL;
}
