/* table_index.c - the plan by index: the sort is one the message table has an index of, and there
 * is no restriction. Reading costs the rows that are read, wherever in the folder they are. */
#include <string.h>

#include <apr_strings.h>

#include "table_private.h"

typedef struct okapi__index_t {
    okapi_proptag_t tag;
    int is_text;
    okapi__stmt_e up, down, count;
} okapi__index_t;

/* Both forms of the subject sort by the normalized one: replies stand with what they answer. */
static const okapi__index_t indexes[] = {
    {PR_MESSAGE_DELIVERY_TIME, 0, STMT_TABLE_UP_DELIVERED, STMT_TABLE_DOWN_DELIVERED,
     STMT_TABLE_COUNT_DELIVERED},
    {PR_SUBJECT, 1, STMT_TABLE_UP_SUBJECT, STMT_TABLE_DOWN_SUBJECT, STMT_TABLE_COUNT_SUBJECT},
    {PR_NORMALIZED_SUBJECT, 1, STMT_TABLE_UP_SUBJECT, STMT_TABLE_DOWN_SUBJECT,
     STMT_TABLE_COUNT_SUBJECT},
    {PR_SENT_REPRESENTING_NAME, 1, STMT_TABLE_UP_SENDER, STMT_TABLE_DOWN_SENDER,
     STMT_TABLE_COUNT_SENDER},
    {PR_MESSAGE_SIZE, 0, STMT_TABLE_UP_SIZE, STMT_TABLE_DOWN_SIZE, STMT_TABLE_COUNT_SIZE},
    {PR_MESSAGE_SIZE_EXTENDED, 0, STMT_TABLE_UP_SIZE, STMT_TABLE_DOWN_SIZE, STMT_TABLE_COUNT_SIZE},
};

/* Above every number and every key: the alphabet of keys ends before '~' (message_row.c). */
static const okapi__key_t lowest = {APR_INT64_MIN, "", -1};
static const okapi__key_t highest = {APR_INT64_MAX, "~", APR_INT64_MAX};

static const okapi__index_t *index_of_tag(okapi_proptag_t tag)
{
    if (OKAPI_PROP_TYPE(tag) == PT_STRING8) {
        tag = OKAPI_PROP_RETYPE(tag, PT_UNICODE);
    }
    for (apr_size_t i = 0; i < sizeof(indexes) / sizeof(indexes[0]); i++) {
        if (indexes[i].tag == tag) {
            return &indexes[i];
        }
    }
    return NULL;
}

const okapi__index_t *okapi__index_of(const okapi_sort_t *sort)
{
    if (!sort) {
        return &indexes[0];
    }
    return sort->n == 1 ? index_of_tag(sort->keys[0].tag) : NULL;
}

int okapi__index_key(okapi_writer_t *w, okapi_proptag_t tag, const okapi__message_row_t *row)
{
    const okapi__index_t *index = index_of_tag(tag);
    switch (index ? index->up : STMT__COUNT) {
    case STMT_TABLE_UP_DELIVERED:
        okapi__key_number(w, row->delivered);
        return 1;
    case STMT_TABLE_UP_SUBJECT:
        okapi__key_text(w, row->subject_key, strlen(row->subject_key));
        return 1;
    case STMT_TABLE_UP_SENDER:
        okapi__key_text(w, row->sender_key, strlen(row->sender_key));
        return 1;
    case STMT_TABLE_UP_SIZE:
        okapi__key_number(w, row->size);
        return 1;
    default:
        return 0;
    }
}

static int is_descending(const okapi_table_t *table)
{
    return table->view->sort && table->view->sort->keys[0].order == TABLE_SORT_DESCEND;
}

static okapi__arg_t value_arg(const okapi__index_t *index, const okapi__key_t *key)
{
    return index->is_text ? DB_S(key->text) : DB_I(key->number);
}

/* ---- scanning ---- */

/* The key of a row that a scan returned. */
static okapi_binary_t row_key(const okapi__index_t *index, okapi__rows_t *rows, int descending,
                              apr_pool_t *result_pool)
{
    okapi_writer_t w;
    okapi_writer_init(&w, 96, 512, result_pool);
    if (index->is_text) {
        const char *text = okapi__rows_str(rows, 1);
        okapi__key_text(&w, text, strlen(text));
    } else {
        okapi__key_number(&w, okapi__rows_int(rows, 1));
    }
    okapi__key_id(&w, okapi__rows_int(rows, 0));
    if (descending) {
        okapi__key_descend(&w, 0);
    }
    return (okapi_binary_t){w.data, w.len};
}

/* Where a scan UP or down the index begins, exclusive. A place next to a row that is to be read
 * itself begins one id earlier. *EMPTY: at the table's end. */
static apr_status_t start_of(okapi__key_t *key, int *empty, const okapi_table_t *table,
                             const okapi__place_t *place, int backward, int up,
                             apr_pool_t *scratch_pool)
{
    int at_begin = !place->at_end && place->len == 0;
    *empty = backward ? at_begin : place->at_end;
    if (at_begin || place->at_end) {
        *key = up ? lowest : highest;
        return APR_SUCCESS;
    }
    apr_status_t rv = okapi__key_split(key, (okapi_binary_t){place->key, place->len},
                                       table->view->index->is_text, is_descending(table),
                                       scratch_pool);
    if (place->before != backward) { /* the row itself is the first one */
        key->id += up ? -1 : 1;
    }
    return rv;
}

static apr_status_t refs(apr_array_header_t *found, okapi_table_t *table, okapi__conn_t *conn,
                         const okapi__place_t *place, int max, int backward,
                         apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    const okapi__index_t *index = table->view->index;
    int descending = is_descending(table);
    int up = descending == (backward != 0);
    okapi__key_t from;
    okapi__rows_t *rows;
    int empty;
    apr_status_t rv = start_of(&from, &empty, table, place, backward != 0, up, scratch_pool);
    if (rv != APR_SUCCESS || empty || max <= 0) {
        return rv;
    }
    okapi__arg_t value = value_arg(index, &from);
    rv = okapi__db_select(&rows, conn, up ? index->up : index->down,
                          DB_ARGS(DB_I(table->folder_id), DB_I(okapi__table_part(table)), value,
                                  value, DB_I(from.id), DB_I(max)),
                          scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        okapi__ref_t *ref = apr_array_push(found);
        *ref = (okapi__ref_t){.id = okapi__rows_int(rows, 0),
                              .key = row_key(index, rows, descending, result_pool)};
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

/* ---- counting ---- */

/* Rows up to and with KEY in the order of the index. */
static apr_status_t count_to(apr_uint32_t *count, okapi_table_t *table, okapi__conn_t *conn,
                             const okapi__key_t *key, apr_pool_t *scratch_pool)
{
    const okapi__index_t *index = table->view->index;
    okapi__arg_t value = value_arg(index, key);
    okapi__rows_t *rows;
    int there;
    apr_status_t rv = okapi__db_select_one(&rows, &there, conn, index->count,
                                           DB_ARGS(DB_I(table->folder_id),
                                                   DB_I(okapi__table_part(table)), value, value,
                                                   DB_I(key->id)),
                                           scratch_pool);
    *count = rv == APR_SUCCESS ? (apr_uint32_t)okapi__rows_int(rows, 0) : 0;
    return rv;
}

/* The folder's counts know it, but for soft-deleted messages, which they count together. */
static apr_status_t count_all(apr_uint32_t *count, okapi_table_t *table, okapi__conn_t *conn,
                              apr_pool_t *scratch_pool)
{
    int part = okapi__table_part(table);
    okapi__rows_t *rows;
    int there;
    if (part & OKAPI__PART_SOFT_DELETED) {
        return count_to(count, table, conn, &highest, scratch_pool);
    }
    apr_status_t rv = okapi__db_select_one(&rows, &there, conn, STMT_STAT_READ,
                                           DB_ARGS(DB_I(table->folder_id)), scratch_pool);
    *count = 0;
    if (rv == APR_SUCCESS && there) { /* content, unread, associated, ... */
        *count = (apr_uint32_t)okapi__rows_int(rows, part & OKAPI__PART_ASSOCIATED ? 2 : 0);
    }
    return rv;
}

static apr_status_t number(apr_uint32_t *before, okapi_table_t *table, okapi__conn_t *conn,
                           const okapi__place_t *place, apr_pool_t *scratch_pool)
{
    int descending = is_descending(table);
    okapi__key_t key;
    apr_uint32_t upto;
    *before = 0;
    if (place->at_end) {
        return count_all(before, table, conn, scratch_pool);
    }
    if (place->len == 0) {
        return APR_SUCCESS;
    }
    apr_status_t rv = okapi__key_split(&key, (okapi_binary_t){place->key, place->len},
                                       table->view->index->is_text, descending, scratch_pool);
    if (rv == APR_SUCCESS) {
        /* Does the row itself belong to those up to the place, in the order of the index? */
        key.id -= (place->before != 0) != descending;
        rv = count_to(&upto, table, conn, &key, scratch_pool);
    }
    if (rv == APR_SUCCESS && descending) {
        rv = count_all(before, table, conn, scratch_pool);
        *before = *before > upto ? *before - upto : 0;
    } else {
        *before = rv == APR_SUCCESS ? upto : 0;
    }
    return rv;
}

static apr_status_t prepare(okapi_table_t *table, apr_pool_t *scratch_pool)
{
    return APR_SUCCESS;
}

static void finish(okapi_table_t *table)
{
}

const okapi__plan_t okapi__plan_index = {prepare, finish, refs, count_all, number};
