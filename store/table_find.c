/* table_find.c - the next row that matches. What a restriction asks for by id, or by the column
 * that an index sorts by, is jumped to; anything else is looked for row by row. */
#include <okapi/entryid.h>
#include <okapi/error.h>

#include "table_private.h"

typedef struct finding_t {
    okapi_table_t *table;
    const okapi_restriction_t *restriction;
    apr_array_header_t *tags; /* that it reads */
    int backward;
    okapi_row_t **row;
    apr_pool_t *result_pool;
} finding_t;

/* The row of REF with values of its own: those of the object end with the batch it was read in. */
static apr_status_t found_row(okapi_row_t **row, const okapi_table_t *table,
                              const okapi__ref_t *ref, apr_pool_t *result_pool,
                              apr_pool_t *scratch_pool)
{
    *row = apr_palloc(result_pool, sizeof(**row));
    apr_status_t rv = okapi__table_row(*row, table, ref, result_pool, scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && i < table->view->ncolumns; i++) {
        (*row)->values[i] = okapi_propval_dup(&(*row)->values[i], result_pool);
    }
    return rv;
}

/* Looks at the rows REFS until one matches, which the cursor goes to. */
static apr_status_t take_match(finding_t *f, const apr_array_header_t *refs,
                               apr_pool_t *scratch_pool)
{
    okapi_table_t *table = f->table;
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && !*f->row && i < refs->nelts; i++) {
        const okapi__ref_t *ref = &APR_ARRAY_IDX(refs, i, okapi__ref_t);
        if (okapi__cell_match(ref, table->view, f->restriction, &rv, scratch_pool)) {
            okapi__place_at(&table->cursor, ref->key, 1);
            rv = found_row(f->row, table, ref, f->result_pool, scratch_pool);
        }
    }
    return rv;
}

/* ---- by id ---- */

static apr_int64_t inst_id_of_key(okapi_binary_t key)
{
    okapi_reader_t r;
    okapi_reader_init(&r, key.data, key.len);
    return (apr_int64_t)okapi_read_u64(&r); /* 0 if it is too short: nobody's */
}

static apr_int64_t inst_id_of_entryid(const okapi_table_t *table, okapi_binary_t entryid)
{
    okapi_id_t folder_id, id = 0;
    apr_status_t rv = okapi_entryid_parse(entryid, &table->store->guid, &folder_id, &id);
    return rv == APR_SUCCESS && id ? (apr_int64_t)okapi_eid_of(id) : 0;
}

/* Can only the rows of one id match? */
static int names_id(apr_int64_t *inst_id, const okapi_table_t *table,
                    const okapi_restriction_t *restriction)
{
    const okapi_propval_t *v = &restriction->prop;
    if (restriction->type == RES_AND) {
        for (int i = 0; i < restriction->n; i++) {
            if (names_id(inst_id, table, &restriction->children[i])) {
                return 1;
            }
        }
    }
    if (restriction->type != RES_PROPERTY || restriction->relop != RELOP_EQ ||
        v->tag != restriction->tag) {
        return 0;
    }
    switch (restriction->tag) {
    case PR_MID:
    case PR_INST_ID:
        *inst_id = v->v.i64;
        return 1;
    case PR_INSTANCE_KEY:
        *inst_id = inst_id_of_key(v->v.bin);
        return 1;
    case PR_ENTRYID:
        *inst_id = inst_id_of_entryid(table, v->v.bin);
        return 1;
    default:
        return 0;
    }
}

/* Only those on the side of the cursor that is searched, nearest first. */
static apr_array_header_t *ahead(const finding_t *f, const apr_array_header_t *refs,
                                 apr_pool_t *result_pool)
{
    apr_array_header_t *found = apr_array_make(result_pool, refs->nelts, sizeof(okapi__ref_t));
    for (int i = 0; i < refs->nelts; i++) {
        const okapi__ref_t *ref =
            &APR_ARRAY_IDX(refs, f->backward ? refs->nelts - 1 - i : i, okapi__ref_t);
        if (okapi__place_precedes(&f->table->cursor, ref->key) != f->backward) {
            APR_ARRAY_PUSH(found, okapi__ref_t) = *ref;
        }
    }
    return found;
}

static apr_status_t find_by_id(finding_t *f, apr_int64_t inst_id, apr_pool_t *scratch_pool)
{
    apr_array_header_t *refs;
    apr_status_t rv = okapi__table_of_id(&refs, f->table, inst_id, f->tags, scratch_pool);
    return rv == APR_SUCCESS ? take_match(f, ahead(f, refs, scratch_pool), scratch_pool) : rv;
}

/* ---- within a range ---- */

/* The keys outside of which nothing matches; LEN 0: there is no such bound. */
static void bounds_of(okapi_binary_t *low, okapi_binary_t *high, const okapi_table_t *table,
                      const okapi_restriction_t *restriction, apr_pool_t *result_pool)
{
    *low = *high = (okapi_binary_t){NULL, 0};
    if (!table->view->index) {
        return;
    }
    if (restriction->type != RES_AND) {
        okapi__index_bounds(low, high, table, restriction, result_pool);
    }
    for (int i = 0; restriction->type == RES_AND && i < restriction->n; i++) {
        if (okapi__index_bounds(low, high, table, &restriction->children[i], result_pool)) {
            return;
        }
    }
}

/* The cursor need not look at what lies before the range. */
static void enter(finding_t *f, okapi_binary_t low, okapi_binary_t high)
{
    okapi__place_t *cursor = &f->table->cursor;
    if (!f->backward && low.len && okapi__place_precedes(cursor, low)) {
        okapi__place_at(cursor, low, 1);
    } else if (f->backward && high.len && !okapi__place_precedes(cursor, high)) {
        okapi__place_at(cursor, high, 0);
    }
}

static int has_left(const finding_t *f, okapi_binary_t key, okapi_binary_t low,
                    okapi_binary_t high)
{
    return f->backward ? low.len && okapi__key_compare(key, low) < 0
                       : high.len && okapi__key_compare(key, high) > 0;
}

static apr_status_t find_by_rows(finding_t *f, apr_pool_t *scratch_pool)
{
    okapi_table_t *table = f->table;
    okapi_binary_t low, high;
    apr_array_header_t *refs;
    apr_pool_t *iterpool;
    int more;
    bounds_of(&low, &high, table, f->restriction, scratch_pool);
    enter(f, low, high);
    apr_status_t rv = apr_pool_create(&iterpool, scratch_pool);
    do {
        apr_pool_clear(iterpool);
        rv = okapi__table_fetch(&refs, table, &table->cursor, OKAPI__DB_IDS, f->backward,
                                f->tags, iterpool);
        rv = rv == APR_SUCCESS ? take_match(f, refs, iterpool) : rv;
        more = rv == APR_SUCCESS && !*f->row && refs->nelts > 0;
        if (more) {
            okapi_binary_t last = APR_ARRAY_IDX(refs, refs->nelts - 1, okapi__ref_t).key;
            okapi__place_at(&table->cursor, last, f->backward);
            more = !has_left(f, last, low, high);
        }
    } while (more);
    apr_pool_destroy(iterpool);
    return rv;
}

apr_status_t okapi_table_find(okapi_table_t *table, const okapi_restriction_t *restriction,
                              int backward, okapi_row_t **row, apr_pool_t *result_pool,
                              apr_pool_t *scratch_pool)
{
    finding_t f = {.table = table, .restriction = restriction, .backward = backward != 0,
                   .row = row, .result_pool = result_pool};
    apr_int64_t inst_id;
    *row = NULL;
    if (table->view->ncolumns == 0) {
        return OKAPI_ENOTSET;
    }
    f.tags = apr_array_make(scratch_pool, 8, sizeof(okapi_proptag_t));
    okapi_restriction_tags(restriction, f.tags);
    apr_status_t rv = okapi__table_prepare(table, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = table->kind == OKAPI_TABLE_CONTENTS && names_id(&inst_id, table, restriction)
                 ? find_by_id(&f, inst_id, scratch_pool)
                 : find_by_rows(&f, scratch_pool);
    }
    if (rv == APR_SUCCESS && !*row) {
        okapi__place_end(&table->cursor);
    }
    return okapi__table_finish(table, rv);
}
