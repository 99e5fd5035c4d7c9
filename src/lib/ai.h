/* SPDX-License-Identifier: MIT */
/* What the files of libballast that talk to the AI driver share. */
#ifndef LIB_AI_H
#define LIB_AI_H

#include "lib/internal.h"

struct ballast_ai {
    HANDLE device;
};

/* The header of a request that is `variable`. */
#define AI_HEADER(variable, request_flags)                  \
    {                                                       \
        sizeof(variable), BALLAST_AI_VERSION, request_flags \
    }

struct ai_request {
    DWORD code;
    const void *input;
    DWORD input_length;
    const wchar_t *what; /* in messages: "cannot <what>" */
};

/* A request whose reply has a fixed length, 0 for none; `reply` is undefined after a failure. */
ballast_result ai_query(ballast_ai *ai, const struct ai_request *request, void *reply, DWORD length,
                        ballast_error *error);

/* The message and result for a failed request. */
ballast_result ai_failure(DWORD code, const wchar_t *what, ballast_error *error);

#endif
