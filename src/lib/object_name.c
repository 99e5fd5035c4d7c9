/* SPDX-License-Identifier: MIT */
/* Names of the object manager; object_name.h has the contract. */

#include "lib/object_name.h"

#include <stdlib.h>

/* Room for the longest. */
#define NAME_SIZE                     (sizeof(UNICODE_STRING) + 65536)

/* ObjectNameInformation, which the header lacks. */
#define OBJECT_NAME_INFORMATION_CLASS ((OBJECT_INFORMATION_CLASS)1)

UNICODE_STRING *object_name(HANDLE handle)
{
    ULONG length = 0;
    UNICODE_STRING *name = malloc(NAME_SIZE);
    if (name != NULL && NtQueryObject(handle, OBJECT_NAME_INFORMATION_CLASS, name, NAME_SIZE, &length) < 0) {
        free(name);
        name = NULL;
    }
    return name;
}
