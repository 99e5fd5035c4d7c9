/* SPDX-License-Identifier: MIT */
/*
 * A count of users that can be closed: nobody enters any more then, and who leaves last is told. One word: twice the users,
 * plus one when it is closed. With a word for each processor, entering and leaving write nothing that processors share, as
 * long as everybody leaves by the word that he entered by. Leaving is the last access. Any IRQL.
 */
#ifndef CORE_BASE_RUNDOWN_H
#define CORE_BASE_RUNDOWN_H

#include <stdbool.h>
#include <stdint.h>

#define RUNDOWN_CLOSED 1u
#define RUNDOWN_USER   2u

/* False: it is closed. */
static inline bool rundown_enter(uint32_t *word)
{
    uint32_t seen = __atomic_load_n(word, __ATOMIC_RELAXED);
    do {
        if ((seen & RUNDOWN_CLOSED) != 0) {
            return false;
        }
    } while (!__atomic_compare_exchange_n(word, &seen, seen + RUNDOWN_USER, true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
    return true;
}

/* True: it was closed, and this was the last user. */
static inline bool rundown_leave(uint32_t *word)
{
    return __atomic_sub_fetch(word, RUNDOWN_USER, __ATOMIC_ACQ_REL) == RUNDOWN_CLOSED;
}

/* True: there is no user. Otherwise the last one is told when he leaves. Once only, until it is opened. */
static inline bool rundown_close(uint32_t *word)
{
    return __atomic_fetch_or(word, RUNDOWN_CLOSED, __ATOMIC_ACQ_REL) == 0;
}

/* A closed one without users. */
static inline void rundown_open(uint32_t *word)
{
    __atomic_store_n(word, 0, __ATOMIC_RELEASE);
}

static inline uint32_t rundown_users(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_RELAXED) / RUNDOWN_USER;
}

#endif
