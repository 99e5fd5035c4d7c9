/* SPDX-License-Identifier: MIT */
/* The driver's account of the pool memory it holds, per tag. platform_allocate and platform_free keep it. */
#ifndef DRIVER_NT_POOL_H
#define DRIVER_NT_POOL_H

#include "driver/nt/nt.h"

#define NT_POOL_ACCOUNTS 16

struct nt_pool_account {
    uint32_t tag; /* 0: not in use */
    size_t blocks;
    size_t bytes;
};

/* A copy of account `index` < NT_POOL_ACCOUNTS. Any IRQL. */
struct nt_pool_account nt_pool_read(size_t index);

/*
 * Last call of the unload routine: prints what is left, which a checked build does not survive.
 */
void nt_pool_report_leaks(const char *driver);

#endif
