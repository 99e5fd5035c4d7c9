/* SPDX-License-Identifier: MIT */
/* From a device interface to the keys of its device in the registry. Pure functions, any IRQL. */
#ifndef CORE_AI_GPU_LINK_H
#define CORE_AI_GPU_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The device instance of an interface's symbolic link: "\??\PCI#VEN_10DE&DEV_2204#4&1&0#{class}" is "PCI\VEN_10DE&DEV_2204\4&1&0".
 * Returns its length; 0: this is no such link, or there is not enough room.
 */
size_t gpu_instance_of_link(const uint16_t *link, size_t characters, uint16_t *instance, size_t capacity);

/* Adapters of other classes than display's, such as compute accelerators, have their number plus this as their index. */
#define GPU_OTHER_CLASSES 10000u

/* The index of an adapter from its device's value `Driver`, "{class}\0003". False for anything else. */
bool gpu_index_of_driver(const uint16_t *text, size_t characters, uint32_t *index);

#endif
