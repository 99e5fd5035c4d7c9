/* SPDX-License-Identifier: MIT */
/* Tables of text. */

#include "cli/ballast/table.h"

#include <stdlib.h>
#include <string.h>

#include "cli/ballast/text.h"

char (*table_add(struct table *table))[TABLE_CELL_SIZE]
{
    if (table->rows == table->capacity) {
        size_t capacity = table->capacity == 0 ? 16 : table->capacity * 2;
        void *cells = realloc(table->cells, capacity * table->column_count * TABLE_CELL_SIZE);
        if (cells == NULL) {
            return NULL;
        }
        table->cells = cells;
        table->capacity = capacity;
    }
    char(*row)[TABLE_CELL_SIZE] = table->cells + table->rows * table->column_count;
    for (size_t i = 0; i < table->column_count; i++) {
        row[i][0] = 0;
    }
    table->rows++;
    return row;
}

static size_t pad(char *line, size_t used, size_t count)
{
    memset(line + used, ' ', count);
    return used + count;
}

/* `row` is NULL for the headings. */
static void write_row(const struct table *table, const size_t *widths, char (*row)[TABLE_CELL_SIZE],
                      void (*write)(const char *text, void *context), void *context)
{
    char line[TABLE_COLUMNS * (2 * TABLE_CELL_SIZE + 2) + 1]; /* a cell is padded to less than another's bytes */
    size_t used = 0;
    for (size_t i = 0; i < table->column_count; i++) {
        const char *cell = row != NULL ? row[i] : table->columns[i].heading;
        size_t length = strlen(cell);
        size_t blanks = widths[i] - text_columns(cell);
        used = pad(line, used, i == 0 ? 0 : 2);
        used = table->columns[i].right ? pad(line, used, blanks) : used;
        memcpy(line + used, cell, length);
        used += length;
        used = table->columns[i].right ? used : pad(line, used, blanks);
    }
    while (used > 0 && line[used - 1] == ' ') {
        used--;
    }
    line[used] = 0;
    write(line, context);
}

void table_write(const struct table *table, void (*line)(const char *text, void *context), void *context)
{
    size_t widths[TABLE_COLUMNS];
    for (size_t i = 0; i < table->column_count; i++) {
        widths[i] = text_columns(table->columns[i].heading);
        for (size_t row = 0; row < table->rows; row++) {
            size_t width = text_columns(table->cells[row * table->column_count + i]);
            widths[i] = width > widths[i] ? width : widths[i];
        }
    }
    write_row(table, widths, NULL, line, context);
    for (size_t row = 0; row < table->rows; row++) {
        write_row(table, widths, table->cells + row * table->column_count, line, context);
    }
}

void table_free(struct table *table)
{
    free(table->cells);
    table->cells = NULL;
    table->rows = 0;
    table->capacity = 0;
}
