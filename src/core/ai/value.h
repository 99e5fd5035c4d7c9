/* SPDX-License-Identifier: MIT */
/* Making a struct ballast_ai_value: known and from where, or unknown and why. Any IRQL. */
#ifndef CORE_AI_VALUE_H
#define CORE_AI_VALUE_H

#include "ballast/ai_abi.h"

/* Milliseconds between two times of 100 ns; 0 if `now` is earlier. */
static inline uint32_t ai_age_ms(uint64_t now_100ns, uint64_t time_100ns)
{
    uint64_t age = now_100ns > time_100ns ? (now_100ns - time_100ns) / 10000 : 0;
    return age < UINT32_MAX ? (uint32_t)age : UINT32_MAX;
}

/* `state` is any but UNKNOWN. */
static inline struct ballast_ai_value ai_value(int64_t value, uint8_t state, uint8_t source, uint32_t age_ms)
{
    return (struct ballast_ai_value){.value = value, .age_ms = age_ms, .state = state, .source = source};
}

static inline struct ballast_ai_value ai_value_unknown(uint16_t reason)
{
    return (struct ballast_ai_value){.state = BALLAST_AI_UNKNOWN, .reason = reason};
}

#endif
