/* SPDX-License-Identifier: MIT */
/* Names of the object manager. */
#ifndef LIB_OBJECT_NAME_H
#define LIB_OBJECT_NAME_H

#include <windows.h>
#include <winternl.h>

/* The name of what is open: its device's, and behind that the path. The caller's to free; NULL: there is none. */
UNICODE_STRING *object_name(HANDLE handle);

#endif
