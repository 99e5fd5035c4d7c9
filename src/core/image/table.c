/* SPDX-License-Identifier: MIT */
/* What reading either kind of partition table takes; table.h has the contract. */

#include "core/image/table.h"

bool partition_read(const struct partition_image *image, uint64_t offset, void *buffer, uint32_t length)
{
    uint64_t limit = (uint64_t)INT64_MAX - image->offset - length;
    return offset <= limit && image->read(image->context, image->offset + offset, buffer, length);
}

static bool is_only_told(enum partition_result kind)
{
    return kind >= PARTITION_COPY_DAMAGED;
}

void partition_report(struct partition_scanning *scan, enum partition_result kind, uint32_t number, uint64_t offset)
{
    if (scan->first == PARTITION_OK && !is_only_told(kind)) {
        scan->first = kind;
    }
    if (scan->visit != NULL && scan->image->problem != NULL) {
        struct partition_problem problem = {.kind = kind, .number = number, .offset = offset};
        scan->image->problem(scan->image->problem_context, &problem);
    }
}

static bool is_beyond_end(const struct partition_image *image, const struct partition *partition)
{
    uint64_t size = image->size > image->offset ? image->size - image->offset : 0;
    return image->size != 0 &&
           (partition->start_bytes > size || partition->length_bytes > size - partition->start_bytes);
}

bool partition_visit(struct partition_scanning *scan, struct partition *partition)
{
    scan->numbers++;
    partition->number = scan->numbers;
    if (partition->length_bytes == 0) {
        partition_report(scan, PARTITION_EMPTY, partition->number, partition->start_bytes);
    } else if (is_beyond_end(scan->image, partition)) {
        partition_report(scan, PARTITION_TRUNCATED, partition->number, partition->start_bytes);
    } else {
        scan->intact++;
    }
    partition->damaged = partition->length_bytes == 0 || is_beyond_end(scan->image, partition);
    scan->stopped = scan->visit != NULL && !scan->visit(scan->context, partition);
    return !scan->stopped;
}
