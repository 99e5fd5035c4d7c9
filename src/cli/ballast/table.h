/* SPDX-License-Identifier: MIT */
/* A table of text whose columns are as wide as their widest cell. */
#ifndef CLI_BALLAST_TABLE_H
#define CLI_BALLAST_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#define TABLE_COLUMNS   12
#define TABLE_CELL_SIZE 272 /* bytes: the longest rule, or name of a process */

struct table_column {
    const char *heading;
    bool right; /* aligned */
};

struct table {
    const struct table_column *columns;
    size_t column_count; /* at most TABLE_COLUMNS */
    size_t rows;
    size_t capacity;
    char (*cells)[TABLE_CELL_SIZE];
};

/* Adds a row and returns its first cell, all of them empty; NULL if memory is exhausted. */
char (*table_add(struct table *table))[TABLE_CELL_SIZE];

/* Calls `line` with the headings and each row, without blanks at the end. Two blanks separate columns. */
void table_write(const struct table *table, void (*line)(const char *text, void *context), void *context);

/* Empties the table. */
void table_free(struct table *table);

#endif
