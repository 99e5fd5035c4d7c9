/* SPDX-License-Identifier: MIT */
/* Numbers of the dialogs and of what is in them, for C and for the resource compiler. */
#ifndef LIB_IMDISK_RESOURCE_H
#define LIB_IMDISK_RESOURCE_H

#define STRING_NAME        1
#define STRING_DESCRIPTION 2

#define DIALOG_DISKS       100
#define DIALOG_CREATE      101
#define DIALOG_PROGRESS    102
#define DIALOG_EXTEND      103

/* DIALOG_DISKS */
#define DISKS_LIST         200
#define DISKS_CREATE       201
#define DISKS_REMOVE       202
#define DISKS_SAVE         203
#define DISKS_EXTEND       204
#define DISKS_READ_ONLY    205

/* DIALOG_CREATE */
#define CREATE_IMAGE       300
#define CREATE_BROWSE      301
#define CREATE_PARTITION   302
#define CREATE_TABLE_STATE 303
#define CREATE_SIZE        304
#define CREATE_OFFSET      305
#define CREATE_LETTER      306
#define CREATE_DEVICE      307
#define CREATE_MEMORY      308
#define CREATE_READ_ONLY   309
#define CREATE_REMOVABLE   310
#define CREATE_STATUS      311

/* DIALOG_PROGRESS */
#define PROGRESS_TEXT      400
#define PROGRESS_BAR       401

/* DIALOG_EXTEND */
#define EXTEND_SIZE        500

#endif
