/* SPDX-License-Identifier: MIT */
/*
 * A device control request and the table that says what each code requires. Lengths are checked here, once, before any
 * handler runs.
 */
#ifndef CORE_BASE_REQUEST_H
#define CORE_BASE_REQUEST_H

#include "core/base/status.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * A METHOD_BUFFERED request. Input and output share one kernel buffer of max(input_length, output_length) bytes: a
 * handler takes what it needs of the input before it writes output.
 */
struct request {
    uint32_t code;
    void *buffer;
    size_t input_length;
    size_t output_length;
    size_t information; /* set by the handler: bytes of output */
    /* Whether nobody waits for the result any more: asked by handlers that take long. NULL: always wanted. */
    bool (*cancelled)(const struct request *request);
};

static inline bool request_cancelled(const struct request *request)
{
    return request->cancelled != NULL && request->cancelled(request);
}

typedef ballast_status request_handler(void *target, struct request *request);

#define REQUEST_EXACT_INPUT \
    0x0001u /* input longer than the minimum is as wrong as shorter; flags above are the driver's */

struct request_entry {
    uint32_t code;
    uint32_t flags;
    uint32_t minimum_input;
    uint32_t minimum_output;
    ballast_status short_input;
    ballast_status short_output;
    request_handler *handler;
};

/* Returns NULL for a code that the table does not have, or not with all of `flags`. */
static inline const struct request_entry *request_find(const struct request_entry *table, size_t entries, uint32_t code,
                                                       uint32_t flags)
{
    for (size_t i = 0; i < entries; i++) {
        if (table[i].code == code && (table[i].flags & flags) == flags) {
            return &table[i];
        }
    }
    return NULL;
}

static inline ballast_status request_check_lengths(const struct request_entry *entry, const struct request *request)
{
    if (request->input_length < entry->minimum_input ||
        ((entry->flags & REQUEST_EXACT_INPUT) != 0 && request->input_length != entry->minimum_input)) {
        return entry->short_input;
    }
    return request->output_length < entry->minimum_output ? entry->short_output : BALLAST_SUCCESS;
}

/* Ends a handler with output that fits, which the table has checked. */
static inline ballast_status request_reply(struct request *request, const void *data, size_t size)
{
    __builtin_memcpy(request->buffer, data, size);
    request->information = size;
    return BALLAST_SUCCESS;
}

#endif
