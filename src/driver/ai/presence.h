/* SPDX-License-Identifier: MIT */
/* Which adapters are present. PASSIVE_LEVEL. */
#ifndef DRIVER_AI_PRESENCE_H
#define DRIVER_AI_PRESENCE_H

#include "driver/nt/nt.h"

/*
 * The class key of the registry also has adapters that are gone, disabled or of former sessions. From NT 6 on those that are
 * there have an interface. False on older systems and in Wine, whose functions for that do nothing.
 */
bool ai_presence_known(void);

/* Calls changed() when an adapter comes or goes, until it is stopped. Does nothing if presence is not known. */
NTSTATUS ai_presence_start(PDRIVER_OBJECT driver, void (*changed)(void));
void ai_presence_stop(void);

/*
 * Calls found(context, index, key) for each adapter with its driver's key, which is closed after that. An error of `found` ends
 * it. What is no adapter by then is left out.
 */
NTSTATUS ai_presence_list(NTSTATUS (*found)(void *context, uint32_t index, HANDLE key), void *context);

#endif
