/* SPDX-License-Identifier: MIT */
/* For tests: how the simulated system behaves. */
#ifndef SIM_API_OPTIONS_H
#define SIM_API_OPTIONS_H

#include "sim/api/file_system.h"

struct sim_options {
    uint64_t seed;              /* of delays and of what completes asynchronously */
    unsigned delay_percent;     /* how often a thread is held up at locks, waits and completions; 0: never */
    bool nt52;                  /* hide what NT 5.2 does not export */
    uint64_t file_limit;        /* the longest file that the volume has room for, in bytes; 0: any */
    uint64_t pool_limit;        /* bytes that drivers may have allocated at once; 0: any */
    unsigned watchdog_seconds;  /* what takes longer will never end; 0: 60 */
    ULONG sector_size;          /* of the volume that image files live on; 0: 512 */
    bool raw_device;            /* what images are opened as are devices without a file system */
    bool raw_partition;         /* they know how long their partition is, and not how long they are */
    ULONG physical_sector_size; /* of the medium under that volume; 0: as the sectors */
    bool no_mappings;           /* there is no room to map the memory of requests */
    unsigned hurry;             /* timers and delays take so many times less; 0: 1 */
    unsigned hurry_waits;       /* and timeouts of waits, so that who is slow may be taken for who hangs; 0: 1 */
    unsigned apc_interval;      /* memory accesses of a driver between two special kernel APCs, about; 0: 256 */
    bool early;                 /* the system starts: boot.h says what is missing */
    bool as_imdisk;             /* the driver's service is called ImDisk */
    unsigned timer_tick_us;     /* timers fire at multiples of it; 0: when they are due */

    enum sim_file_system file_system; /* on the driver's disks */
    unsigned file_system_digits;      /* a bit for each last digit of the names that it is on; 0: all */
};

#endif
