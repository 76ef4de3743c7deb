/* report: tables whose columns are as wide as what stands in them. */
#include <stdlib.h>
#include <string.h>

#include "jobs/report.h"

struct report_table {
    const struct report_column *columns;
    size_t column_count;
    char **cells;
    size_t cell_count, cell_capacity;
};

struct report_table *report_table_open(const struct report_column *columns, size_t count)
{
    struct report_table *table = calloc(1, sizeof *table);
    CHECK(table != NULL && count > 0);
    table->columns = columns;
    table->column_count = count;
    return table;
}

void report_table_add(struct report_table *table, const char *text)
{
    if (table->cell_count == table->cell_capacity) {
        table->cell_capacity = table->cell_capacity == 0 ? 64 : 2 * table->cell_capacity;
        table->cells = realloc(table->cells, table->cell_capacity * sizeof *table->cells);
        CHECK(table->cells != NULL);
    }
    char *copy = strdup(text);
    CHECK(copy != NULL);
    table->cells[table->cell_count++] = copy;
}

void report_table_add_count(struct report_table *table, int64_t count)
{
    char text[MONEY_TEXT_BYTES];
    report_table_add(table, money_format(count, text));
}

/* Characters, of UTF-8. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static size_t column_width(const struct report_table *table, size_t column)
{
    size_t width = width_of(table->columns[column].title);
    for (size_t at = column; at < table->cell_count; at += table->column_count) {
        size_t cell = width_of(table->cells[at]);
        width = cell > width ? cell : width;
    }
    return width;
}

static void print_cell(const struct report_table *table, size_t column, const char *text,
                       size_t width, FILE *out)
{
    int blanks = (int)(width - width_of(text));
    bool is_last = column + 1 == table->column_count;
    if (table->columns[column].is_right)
        fprintf(out, "%*s%s", blanks, "", text);
    else
        fprintf(out, "%s%*s", text, is_last ? 0 : blanks, "");
    fputs(is_last ? "\n" : "  ", out);
}

void report_table_print(const struct report_table *table, int indent, FILE *out)
{
    size_t *widths = calloc(table->column_count, sizeof *widths);
    CHECK(widths != NULL && table->cell_count % table->column_count == 0);
    for (size_t column = 0; column < table->column_count; column++)
        widths[column] = column_width(table, column);
    for (size_t column = 0; column < table->column_count && table->cell_count > 0; column++) {
        fprintf(out, "%*s", column == 0 ? indent : 0, "");
        print_cell(table, column, table->columns[column].title, widths[column], out);
    }
    for (size_t at = 0; at < table->cell_count; at++) {
        size_t column = at % table->column_count;
        fprintf(out, "%*s", column == 0 ? indent : 0, "");
        print_cell(table, column, table->cells[at], widths[column], out);
    }
    free(widths);
}

void report_table_close(struct report_table *table)
{
    for (size_t at = 0; at < table->cell_count; at++)
        free(table->cells[at]);
    free(table->cells);
    free(table);
}
