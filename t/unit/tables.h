/* tables.h - what the tests of tables have in common. */
#ifndef TABLES_H
#define TABLES_H

#include <okapi/table.h>
#include <okapi/transfer.h>

#include "mailbox.h"

static inline int pick(int n)
{
    return (int)((unsigned)rand() % (unsigned)n);
}

static inline void tables_remove(const mailbox_t *m, okapi_id_t id, apr_pool_t *pool)
{
    int partial;
    mailbox_must(okapi_messages_delete(m->inbox, &id, 1, pick(2) ? OKAPI_DELETE_HARD : 0, &partial,
                                       pool),
                 "delete");
}

static inline apr_array_header_t *read_rows(okapi_table_t *table, int max, int backward,
                                            int advance, apr_pool_t *pool)
{
    apr_array_header_t *rows;
    mailbox_must(okapi_table_rows(table, max, backward, advance, &rows, pool, pool), "rows");
    return rows;
}

static inline const okapi_propval_t *cell(const apr_array_header_t *rows, int row, int column)
{
    return &APR_ARRAY_IDX(rows, row, okapi_row_t).values[column];
}

#endif
