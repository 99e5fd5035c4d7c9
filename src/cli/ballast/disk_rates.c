/* SPDX-License-Identifier: MIT */
#include "cli/ballast/disk_rates.h"

struct disk_sample disk_sample_of(const ballast_disk_info *info, double seconds)
{
    return (struct disk_sample){
        .number = info->number,
        .drive_letter = info->drive_letter,
        .memory_known = info->memory_known != 0,
        /* The query that has told it was one of them. */
        .queue_depth = info->requests_in_flight != 0 ? info->requests_in_flight - 1 : 0,
        .seconds = seconds,
        .memory = info->memory_known != 0 ? info->allocated_memory + info->overhead_memory : 0,
        .counters =
            {
                [DISK_READ_REQUESTS] = info->read_requests,
                [DISK_READ_BYTES] = info->read_bytes,
                [DISK_WRITE_REQUESTS] = info->write_requests,
                [DISK_WRITTEN_BYTES] = info->written_bytes,
                [DISK_FLUSH_REQUESTS] = info->flush_requests,
                [DISK_TRIM_REQUESTS] = info->trim_requests,
                [DISK_TRIMMED_BYTES] = info->trimmed_bytes,
                [DISK_FAILED_REQUESTS] = info->failed_requests,
            },
    };
}

bool disk_rates(const struct disk_sample *earlier, const struct disk_sample *now, double rates[DISK_COUNTERS])
{
    double seconds = now->seconds - earlier->seconds;
    if (!(seconds > 0)) {
        return false;
    }
    for (int i = 0; i < DISK_COUNTERS; i++) {
        if (now->counters[i] < earlier->counters[i]) {
            return false;
        }
        rates[i] = (double)(now->counters[i] - earlier->counters[i]) / seconds;
    }
    return true;
}

bool disk_rates_since(const struct disk_sample *earlier, size_t count, const struct disk_sample *now,
                      double rates[DISK_COUNTERS])
{
    for (size_t i = 0; i < count; i++) {
        if (earlier[i].number == now->number) {
            return disk_rates(&earlier[i], now, rates);
        }
    }
    return false;
}
