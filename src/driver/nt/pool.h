/* SPDX-License-Identifier: MIT */
/* The driver's account of the pool memory it holds, per tag. platform_allocate and platform_free keep it. */
#ifndef DRIVER_NT_POOL_H
#define DRIVER_NT_POOL_H

#include "ballast/wire.h"
#include "driver/nt/nt.h"

#define NT_POOL_ACCOUNTS BALLAST_POOL_TAGS

struct nt_pool_account {
    uint32_t tag; /* 0: not in use */
    size_t blocks;
    size_t bytes;
};

/* A copy of account `index` < NT_POOL_ACCOUNTS. Any IRQL. */
struct nt_pool_account nt_pool_read(size_t index);

/* All accounts, as drivers report them. Any IRQL. */
void nt_pool_report(struct ballast_pool_usage usage[NT_POOL_ACCOUNTS]);

/*
 * Last call of the unload routine: prints what is left, which a checked build does not survive.
 */
void nt_pool_report_leaks(const char *driver);

#endif
