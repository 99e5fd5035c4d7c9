/* SPDX-License-Identifier: MIT */
/* Links; link.h has the contract. */

#include "driver/nt/link.h"
#include "driver/nt/wine.h"

NTSTATUS nt_link_create(PUNICODE_STRING link, PUNICODE_STRING target)
{
    if (nt_in_wine) {
        (void)IoDeleteSymbolicLink(link);
    }
    return IoCreateSymbolicLink(link, target);
}
