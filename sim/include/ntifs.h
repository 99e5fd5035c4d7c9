/* SPDX-License-Identifier: MIT */
/*
 * The part of NT's kernel interface that our drivers use, for the simulation: they are compiled unmodified against this
 * header instead of the toolchain's. Layouts are not NT's where only the kernel sees them; names, values and meanings are.
 *
 * Compile with -fshort-wchar: WCHAR is 16 bits.
 */
#ifndef SIM_INCLUDE_NTIFS_H
#define SIM_INCLUDE_NTIFS_H

#include "nt/types.h"
#include "nt/status.h"
#include "nt/security.h"
#include "nt/ke.h"
#include "nt/ex.h"
#include "nt/io.h"
#include "nt/mm.h"
#include "nt/ob.h"
#include "nt/rtl.h"
#include "nt/zw.h"

#endif
