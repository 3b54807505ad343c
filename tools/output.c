/* output.c - aligned columns for people, JSON for scripts. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "output.h"

enum { MAX_COLUMNS = 16, GAP = 2 };

/* Columns a text takes on a terminal; what is wider than a letter is rare here. */
static int width_of(const char *text)
{
    int width = 0;
    for (; *text; text++) {
        width += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return width;
}

static const char *bytes_text(json_int_t bytes, apr_pool_t *pool)
{
    static const char *const units[] = {"B", "KB", "MB", "GB", "TB"};
    double value = (double)bytes;
    int unit = 0;
    while (value >= 1024 && unit < 4) {
        value /= 1024;
        unit++;
    }
    return apr_psprintf(pool, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

static const char *integer_text(json_int_t value, output_form_e form, apr_pool_t *pool)
{
    if (form == OUTPUT_LIMIT && value == 0) {
        return "none";
    }
    return form == OUTPUT_BYTES || form == OUTPUT_LIMIT
               ? bytes_text(value, pool)
               : apr_psprintf(pool, "%" APR_INT64_T_FMT, (apr_int64_t)value);
}

static const char *joined(const json_t *array, apr_pool_t *pool)
{
    const char *text = "";
    size_t i;
    json_t *item;
    json_array_foreach(array, i, item)
    {
        text = apr_pstrcat(pool, text, i ? ", " : "", json_string_value(item), NULL);
    }
    return text;
}

static const char *cell_text(const json_t *row, const output_column_t *column, apr_pool_t *pool)
{
    const json_t *value = json_object_get(row, column->key);
    if (json_is_string(value)) {
        int depth = column->form == OUTPUT_TREE
                        ? (int)json_integer_value(json_object_get(row, "depth"))
                        : 0;
        return depth > 1
                   ? apr_psprintf(pool, "%*s%s", 2 * (depth - 1), "", json_string_value(value))
                   : json_string_value(value);
    }
    if (json_is_integer(value)) {
        return integer_text(json_integer_value(value), column->form, pool);
    }
    if (json_is_boolean(value)) {
        return json_is_true(value) ? "yes" : "no";
    }
    return json_is_array(value) ? joined(value, pool) : "";
}

static void print_json(json_t *value)
{
    json_dumpf(value, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    putchar('\n');
}

static int is_right(const output_column_t *column)
{
    return column->form == OUTPUT_NUMBER || column->form == OUTPUT_BYTES ||
           column->form == OUTPUT_LIMIT;
}

/* TEXT in a field of WIDTH; the last column of a line isn't filled up. */
static void print_cell(const char *text, int width, const output_column_t *column, int is_last)
{
    int fill = width - width_of(text);
    printf("%*s%s%*s", is_right(column) ? fill : 0, "", text,
           is_right(column) || is_last ? 0 : fill, "");
    if (!is_last) {
        printf("%*s", GAP, "");
    }
}

void output_table(json_t *rows, const output_column_t *columns, int as_json,
                  apr_pool_t *scratch_pool)
{
    int width[MAX_COLUMNS], n = 0;
    size_t i;
    json_t *row;
    if (as_json) {
        print_json(rows);
        json_decref(rows);
        return;
    }
    for (; columns[n].key && n < MAX_COLUMNS; n++) {
        width[n] = width_of(columns[n].heading);
        json_array_foreach(rows, i, row)
        {
            int w = width_of(cell_text(row, &columns[n], scratch_pool));
            width[n] = w > width[n] ? w : width[n];
        }
    }
    for (int c = 0; c < n; c++) {
        print_cell(columns[c].heading, width[c], &columns[c], c == n - 1);
    }
    putchar('\n');
    json_array_foreach(rows, i, row)
    {
        for (int c = 0; c < n; c++) {
            print_cell(cell_text(row, &columns[c], scratch_pool), width[c], &columns[c],
                       c == n - 1);
        }
        putchar('\n');
    }
    json_decref(rows);
}

void output_record(json_t *record, const output_column_t *columns, int as_json,
                   apr_pool_t *scratch_pool)
{
    int width = 0;
    if (as_json) {
        print_json(record);
        json_decref(record);
        return;
    }
    for (const output_column_t *column = columns; column->key; column++) {
        int w = width_of(column->heading);
        width = w > width ? w : width;
    }
    for (const output_column_t *column = columns; column->key; column++) {
        if (!json_object_get(record, column->key)) {
            continue;
        }
        printf("%s:%*s%s\n", column->heading, width - width_of(column->heading) + GAP, "",
               cell_text(record, column, scratch_pool));
    }
    json_decref(record);
}

void output_done(json_t *object, int as_json, const char *format, ...)
{
    va_list args;
    if (as_json) {
        print_json(object);
    } else {
        va_start(args, format);
        vprintf(format, args);
        va_end(args);
        putchar('\n');
    }
    json_decref(object);
}
