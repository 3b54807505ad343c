/* output.h - what a command prints: aligned columns for people, JSON for scripts.
 *
 * A command makes a JSON value and says how people shall see it; the rest is here.
 */
#ifndef OKAPI_TOOLS_OUTPUT_H
#define OKAPI_TOOLS_OUTPUT_H

#include <apr_pools.h>
#include <jansson.h>

typedef enum output_form_e {
    OUTPUT_TEXT,
    OUTPUT_NUMBER, /* to the right */
    OUTPUT_BYTES,  /* 1.5 MB; to the right */
    OUTPUT_LIMIT,  /* likewise; 0 is "none" */
    OUTPUT_TREE    /* text, indented by the row's "depth" */
} output_form_e;

/* A member of the objects that are printed. KEY NULL ends an array of columns. */
typedef struct output_column_t {
    const char *key;
    const char *heading;
    output_form_e form;
} output_column_t;

/* ROWS is an array of objects. Releases it. */
void output_table(json_t *rows, const output_column_t *columns, int as_json,
                  apr_pool_t *scratch_pool);

/* One object, a line for each member it has. An array among its members is joined by commas.
 * Releases it. */
void output_record(json_t *record, const output_column_t *columns, int as_json,
                   apr_pool_t *scratch_pool);

/* TEXT for people, OBJECT for scripts. Releases it. */
void output_done(json_t *object, int as_json, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
