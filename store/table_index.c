/* table_index.c - the plan by index: the sort is one the message table has an index of, and there
 * is no restriction. Reading costs the rows that are read, wherever in the folder they are. */
#include <string.h>

#include <apr_strings.h>
#include <okapi/entryid.h>

#include "table_private.h"

/* By what is read of a row: keys, TABLE_LIST_COLUMNS, MESSAGE_COLUMNS. */
enum { READ_KEYS, READ_LIST, READ_ROWS, READS };

/* Indexed by whether the scan goes up. */
typedef struct scan_stmts_t {
    okapi__stmt_e beyond[2], ties[2];
} scan_stmts_t;

typedef struct okapi__index_t {
    okapi_proptag_t tag;
    int is_text;
    scan_stmts_t scans[READS], skip;
    okapi__stmt_e below, ties_below;
} okapi__index_t;

#define SCAN(name)                                                                                \
    {                                                                                             \
        {STMT_TABLE_##name##_DOWN, STMT_TABLE_##name##_UP},                                       \
        {STMT_TABLE_##name##_TIES_DOWN, STMT_TABLE_##name##_TIES_UP}                              \
    }
#define INDEX(tag, is_text, name)                                                                 \
    {                                                                                             \
        tag, is_text, {SCAN(name##_KEYS), SCAN(name##_LIST), SCAN(name##_ROWS)},                  \
            SCAN(name##_SKIP), STMT_TABLE_##name##_BELOW, STMT_TABLE_##name##_TIES_BELOW          \
    }

/* Both forms of the subject sort by the normalized one: replies stand with what they answer. */
static const okapi__index_t indexes[] = {
    INDEX(PR_MESSAGE_DELIVERY_TIME, 0, DELIVERED),
    INDEX(PR_SUBJECT, 1, SUBJECT),
    INDEX(PR_NORMALIZED_SUBJECT, 1, SUBJECT),
    INDEX(PR_SENT_REPRESENTING_NAME, 1, SENDER),
    INDEX(PR_MESSAGE_SIZE, 0, SIZE),
    INDEX(PR_MESSAGE_SIZE_EXTENDED, 0, SIZE),
};

/* Above every number and every key: the alphabet of keys ends before '~' (message_row.c). */
static const okapi__key_t lowest = {APR_INT64_MIN, "", 0};
static const okapi__key_t highest = {APR_INT64_MAX, "~", OKAPI_ID_MAX};

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
    return sort->n == 1 && sort->ncategories == 0 ? index_of_tag(sort->keys[0].tag) : NULL;
}

int okapi__index_is_text(const okapi__index_t *index)
{
    return index && index->is_text;
}

int okapi__index_key(okapi_writer_t *w, okapi_proptag_t tag, const okapi__message_row_t *row)
{
    const okapi__index_t *index = index_of_tag(tag);
    switch (index ? index->below : STMT__COUNT) {
    case STMT_TABLE_DELIVERED_BELOW:
        okapi__key_number(w, row->delivered);
        return 1;
    case STMT_TABLE_SUBJECT_BELOW:
        okapi__key_text(w, row->subject_key, strlen(row->subject_key));
        return 1;
    case STMT_TABLE_SENDER_BELOW:
        okapi__key_text(w, row->sender_key, strlen(row->sender_key));
        return 1;
    case STMT_TABLE_SIZE_BELOW:
        okapi__key_number(w, row->size);
        return 1;
    default:
        return 0;
    }
}

int okapi__index_key_needs(okapi_proptag_t tag)
{
    const okapi__index_t *index = index_of_tag(tag);
    return index && index->is_text ? OKAPI__NEED_ROW : 0;
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

static okapi_binary_t key_of(const okapi__index_t *index, const okapi__key_t *key, int descending,
                             apr_pool_t *result_pool)
{
    okapi_writer_t w;
    okapi_writer_init(&w, 96, 512, result_pool);
    if (index->is_text) {
        okapi__key_text(&w, key->text, strlen(key->text));
    } else {
        okapi__key_number(&w, key->number);
    }
    okapi__key_id(&w, key->id);
    if (descending) {
        okapi__key_descend(&w, 0);
    }
    return (okapi_binary_t){w.data, w.len};
}

/* One page of a scan, which two statements may bring. */
typedef struct page_t {
    apr_array_header_t *refs;
    const okapi_table_t *table;
    okapi__conn_t *conn;
    const okapi__scan_t *scan;
    int read, up;
    apr_pool_t *pool; /* of the refs, and of the rows: nothing is copied */
} page_t;

/* The value of the sort column, behind the other columns or among them. */
static void row_value(okapi__key_t *key, const page_t *page, okapi__rows_t *rows,
                      okapi_message_t *message)
{
    const okapi__index_t *index = page->table->view->index;
    enum { LIST_COLUMNS = 11 };
    if (page->read == READ_ROWS) {
        key->text = index->below == STMT_TABLE_SUBJECT_BELOW ? message->row.subject_key
                                                             : message->row.sender_key;
    } else if (index->is_text) {
        key->text = okapi__rows_str(rows, page->read == READ_KEYS ? 1 : LIST_COLUMNS);
    }
    if (page->read != READ_KEYS) {
        key->number = index->below == STMT_TABLE_SIZE_BELOW ? message->row.size
                                                            : message->row.delivered;
    } else if (!index->is_text) {
        key->number = okapi__rows_int(rows, 1);
    }
}

static void add_row(page_t *page, okapi__rows_t *rows)
{
    const okapi_table_t *table = page->table;
    okapi__ref_t *ref = apr_array_push(page->refs);
    okapi_message_t *message = NULL;
    okapi__key_t key = {0};
    *ref = (okapi__ref_t){0};
    if (page->read == READ_KEYS) {
        ref->id = okapi__rows_int(rows, 0);
    } else {
        message = okapi__row_message(rows, table->folder, okapi__table_part(table),
                                     page->scan->needs, page->pool);
        ref->id = message->id;
        ref->object = &message->object;
    }
    key.id = ref->id;
    row_value(&key, page, rows, message);
    ref->key = key_of(table->view->index, &key, is_descending(table), page->pool);
}

/* As many rows as are still wanted, from FROM on, which isn't one of them. */
static apr_status_t add_rows(page_t *page, const okapi__key_t *from, int ties)
{
    const okapi_table_t *table = page->table;
    const okapi__index_t *index = table->view->index;
    const scan_stmts_t *stmts = &index->scans[page->read];
    okapi__arg_t folder = DB_I(table->folder_id), part = DB_I(okapi__table_part(table)),
                 value = value_arg(index, from),
                 left = DB_I(page->scan->max - page->refs->nelts);
    okapi__rows_t *rows;
    apr_status_t rv =
        ties ? okapi__db_select(&rows, page->conn, stmts->ties[page->up],
                                DB_ARGS(folder, part, value, DB_I(from->id), left), page->pool)
             : okapi__db_select(&rows, page->conn, stmts->beyond[page->up],
                                DB_ARGS(folder, part, value, left), page->pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        add_row(page, rows);
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

/* Where a scan begins, exclusive. A place next to a row that is to be read itself begins one id
 * earlier. *EMPTY: at the table's end. *TIES: there may be rows with the same value. */
static apr_status_t start_of(okapi__key_t *key, int *empty, int *ties, const page_t *page,
                             apr_pool_t *scratch_pool)
{
    const okapi_table_t *table = page->table;
    const okapi__place_t *place = page->scan->place;
    int backward = page->scan->backward != 0, at_begin = !place->at_end && place->len == 0;
    *empty = backward ? at_begin : place->at_end;
    *ties = 1;
    if (at_begin || place->at_end) {
        *key = page->up ? lowest : highest;
        *ties = page->up && table->view->index->is_text; /* empty texts */
        return APR_SUCCESS;
    }
    apr_status_t rv = okapi__key_split(key, (okapi_binary_t){place->key, place->len},
                                       table->view->index->is_text, is_descending(table),
                                       scratch_pool);
    if (place->before != backward) { /* the row itself is the first one */
        key->id += page->up ? -1 : 1;
    }
    return rv;
}

static apr_status_t refs(apr_array_header_t *found, okapi_table_t *table, okapi__conn_t *conn,
                         const okapi__scan_t *scan, apr_pool_t *result_pool,
                         apr_pool_t *scratch_pool)
{
    page_t page = {.refs = found, .table = table, .conn = conn, .scan = scan,
                   .up = is_descending(table) == (scan->backward != 0), .pool = result_pool};
    okapi__key_t from;
    int empty, ties;
    page.read = !scan->fetch                     ? READ_KEYS
                : scan->needs & OKAPI__NEED_ROW ? READ_ROWS
                                                : READ_LIST;
    apr_status_t rv = start_of(&from, &empty, &ties, &page, scratch_pool);
    if (rv != APR_SUCCESS || empty || scan->max <= 0) {
        return rv;
    }
    if (ties) {
        rv = add_rows(&page, &from, 1);
    }
    return rv == APR_SUCCESS && found->nelts < scan->max ? add_rows(&page, &from, 0) : rv;
}

/* Its row isn't in the way of a scan: it is read by its id. */
static apr_status_t of_id(apr_array_header_t *found, okapi_table_t *table, okapi__conn_t *conn,
                          apr_int64_t inst_id, apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    const okapi__index_t *index = table->view->index;
    okapi__ref_t *ref = apr_array_push(found);
    okapi_writer_t w;
    *ref = (okapi__ref_t){.id = okapi_id_of_eid((apr_uint64_t)inst_id)};
    apr_status_t rv = okapi__rows_fetch(found, table->folder, okapi__table_part(table),
                                        OKAPI__NEED_ROW, conn, result_pool, scratch_pool);
    if (rv != APR_SUCCESS || found->nelts == 0) {
        return rv;
    }
    okapi_writer_init(&w, 96, 512, result_pool);
    okapi__index_key(&w, index->tag, &((okapi_message_t *)ref->object)->row);
    okapi__key_id(&w, ref->id);
    if (is_descending(table)) {
        okapi__key_descend(&w, 0);
    }
    ref->key = (okapi_binary_t){w.data, w.len};
    return APR_SUCCESS;
}

/* ---- counting ---- */

static apr_status_t add_count(apr_uint32_t *count, okapi__conn_t *conn, okapi__stmt_e stmt,
                              const okapi__arg_t *args, int nargs, apr_pool_t *scratch_pool)
{
    okapi__rows_t *rows;
    int there;
    apr_status_t rv = okapi__db_select_one(&rows, &there, conn, stmt, args, nargs, scratch_pool);
    *count += rv == APR_SUCCESS ? (apr_uint32_t)okapi__rows_int(rows, 0) : 0;
    return rv;
}

/* Rows up to and with KEY in the order of the index. */
static apr_status_t count_to(apr_uint32_t *count, okapi_table_t *table, okapi__conn_t *conn,
                             const okapi__key_t *key, apr_pool_t *scratch_pool)
{
    const okapi__index_t *index = table->view->index;
    okapi__arg_t folder = DB_I(table->folder_id), part = DB_I(okapi__table_part(table)),
                 value = value_arg(index, key);
    *count = 0;
    apr_status_t rv = add_count(count, conn, index->below, DB_ARGS(folder, part, value),
                                scratch_pool);
    return rv == APR_SUCCESS ? add_count(count, conn, index->ties_below,
                                         DB_ARGS(folder, part, value, DB_I(key->id)), scratch_pool)
                             : rv;
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

/* ---- skipping ---- */

/* The row after SKIPPED others from FROM on; *FOUND 0: there aren't so many. */
static apr_status_t row_after(okapi__key_t *row, int *found, const page_t *page,
                              const okapi__key_t *from, int ties, apr_int64_t skipped,
                              apr_pool_t *scratch_pool)
{
    const okapi_table_t *table = page->table;
    const okapi__index_t *index = table->view->index;
    okapi__arg_t folder = DB_I(table->folder_id), part = DB_I(okapi__table_part(table)),
                 value = value_arg(index, from), offset = DB_I(skipped);
    okapi__rows_t *rows;
    apr_status_t rv =
        ties ? okapi__db_select_one(&rows, found, page->conn, index->skip.ties[page->up],
                                    DB_ARGS(folder, part, value, DB_I(from->id), offset),
                                    scratch_pool)
             : okapi__db_select_one(&rows, found, page->conn, index->skip.beyond[page->up],
                                    DB_ARGS(folder, part, value, offset), scratch_pool);
    if (rv == APR_SUCCESS && *found) {
        row->id = okapi__rows_int(rows, 0);
        row->text = index->is_text ? okapi__rows_str(rows, 1) : "";
        row->number = index->is_text ? 0 : okapi__rows_int(rows, 1);
    }
    return rv;
}

/* How many rows have the value of FROM, beyond it. */
static apr_status_t count_ties(apr_uint32_t *count, const page_t *page, const okapi__key_t *from,
                               apr_pool_t *scratch_pool)
{
    const okapi_table_t *table = page->table;
    const okapi__index_t *index = table->view->index;
    okapi__arg_t folder = DB_I(table->folder_id), part = DB_I(okapi__table_part(table)),
                 value = value_arg(index, from);
    apr_uint32_t upto = 0, all = 0;
    apr_status_t rv = add_count(&upto, page->conn, index->ties_below,
                                DB_ARGS(folder, part, value, DB_I(from->id - !page->up)),
                                scratch_pool);
    if (rv == APR_SUCCESS && page->up) {
        rv = add_count(&all, page->conn, index->ties_below,
                       DB_ARGS(folder, part, value, DB_I(OKAPI_ID_MAX)), scratch_pool);
    }
    *count = page->up ? all - upto : upto;
    return rv;
}

/* To the end that there are too few rows before. */
static apr_status_t skip_all(okapi__place_t *place, int backward, apr_int32_t *moved,
                             okapi_table_t *table, okapi__conn_t *conn, apr_pool_t *scratch_pool)
{
    apr_uint32_t all = 0, before = 0;
    apr_status_t rv = number(&before, table, conn, place, scratch_pool);
    if (rv == APR_SUCCESS && !backward) {
        rv = count_all(&all, table, conn, scratch_pool);
    }
    *moved = backward ? -(apr_int32_t)before : all > before ? (apr_int32_t)(all - before) : 0;
    (backward ? okapi__place_begin : okapi__place_end)(place);
    return rv;
}

static apr_status_t skip(okapi__place_t *place, apr_int32_t count, apr_int32_t *moved,
                         okapi_table_t *table, okapi__conn_t *conn, apr_pool_t *scratch_pool)
{
    const okapi__scan_t scan = {.place = place, .backward = count < 0};
    page_t page = {.table = table, .conn = conn, .scan = &scan,
                   .up = is_descending(table) == scan.backward};
    apr_int64_t left = count < 0 ? -(apr_int64_t)count : count;
    okapi__key_t from, to;
    int empty, ties, found = 0;
    apr_status_t rv = start_of(&from, &empty, &ties, &page, scratch_pool);
    if (rv != APR_SUCCESS || empty) {
        return rv;
    }
    if (ties) {
        apr_uint32_t n = 0;
        rv = row_after(&to, &found, &page, &from, 1, left - 1, scratch_pool);
        if (rv == APR_SUCCESS && !found) {
            rv = count_ties(&n, &page, &from, scratch_pool);
        }
        left = n < left ? left - n : 1; /* some may have come since */
    }
    if (rv == APR_SUCCESS && !found) {
        rv = row_after(&to, &found, &page, &from, 0, left - 1, scratch_pool);
    }
    if (rv != APR_SUCCESS || !found) {
        return rv == APR_SUCCESS ? skip_all(place, scan.backward, moved, table, conn, scratch_pool)
                                 : rv;
    }
    *moved = count;
    okapi__place_at(place, key_of(table->view->index, &to, is_descending(table), scratch_pool),
                    scan.backward);
    return APR_SUCCESS;
}

/* ---- what a restriction on the sort column leaves ---- */

/* Keys from FROM to TO, both included. */
typedef struct range_t {
    okapi__key_t from, to;
} range_t;

/* Cuts the range to what is RELOP the value of AT; 0 if that says nothing. */
static int cut(range_t *range, apr_byte_t relop, const okapi__key_t *at)
{
    if (relop == RELOP_GE || relop == RELOP_GT || relop == RELOP_EQ) {
        range->from = *at;
        range->from.id = 0;
    }
    if (relop == RELOP_LE || relop == RELOP_LT || relop == RELOP_EQ) {
        range->to = *at;
        range->to.id = OKAPI_ID_MAX;
    }
    return relop <= RELOP_EQ;
}

static int cut_by_number(range_t *range, const okapi_restriction_t *leaf)
{
    okapi__key_t at = {0, "", 0};
    if (leaf->type != RES_PROPERTY) {
        return 0;
    }
    switch (OKAPI_PROP_TYPE(leaf->prop.tag)) {
    case PT_SYSTIME:
        at.number = leaf->prop.v.time;
        break;
    case PT_I8:
        at.number = leaf->prop.v.i64;
        break;
    default: /* PR_MESSAGE_SIZE, which of what is larger is the largest number there is */
        at.number = leaf->prop.v.i32;
        if (leaf->prop.v.i32 == APR_INT32_MAX) {
            return 0;
        }
    }
    return cut(range, leaf->relop, &at);
}

/* A character that follows may change how the last one sorts, but no letter of ASCII. */
static const char *safe_prefix(const char *prefix, apr_pool_t *result_pool)
{
    apr_size_t len = strlen(prefix);
    if (len > 0 && (unsigned char)prefix[len - 1] >= 0x80) {
        while (len > 0 && ((unsigned char)prefix[--len] & 0xC0) == 0x80) {
        }
    }
    return apr_pstrmemdup(result_pool, prefix, len);
}

static int cut_by_text(range_t *range, const okapi_restriction_t *leaf, apr_pool_t *result_pool)
{
    const char *text = leaf->prop.v.str;
    okapi__key_t at = {0, okapi__text_key(text, result_pool), 0};
    if (leaf->type == RES_PROPERTY) {
        return cut(range, leaf->relop, &at);
    }
    if (leaf->type != RES_CONTENT || leaf->fuzzy & (FL_IGNORENONSPACE | FL_LOOSE)) {
        return 0;
    }
    switch (leaf->fuzzy & FL_LEVEL_MASK) {
    case FL_FULLSTRING:
        return cut(range, RELOP_EQ, &at);
    case FL_PREFIX:
        text = safe_prefix(text, result_pool);
        at.text = okapi__text_key(text, result_pool);
        cut(range, RELOP_GE, &at);
        at.text = okapi__text_key_above(text, result_pool);
        return *text ? cut(range, RELOP_LE, &at) : 0;
    default:
        return 0;
    }
}

int okapi__index_bounds(okapi_binary_t *low, okapi_binary_t *high, const okapi_table_t *table,
                        const okapi_restriction_t *leaf, apr_pool_t *result_pool)
{
    const okapi__index_t *index = table->view->index;
    int named = leaf->type == RES_PROPERTY || leaf->type == RES_CONTENT;
    const okapi__index_t *by = named ? index_of_tag(leaf->tag) : NULL;
    range_t range = {lowest, highest};
    /* The index of subjects knows nothing of what stands before the normalized one. */
    if (!by || by->below != index->below || by->tag == PR_SUBJECT ||
        index_of_tag(leaf->prop.tag) != by) {
        return 0;
    }
    if (!(by->is_text ? cut_by_text(&range, leaf, result_pool) : cut_by_number(&range, leaf))) {
        return 0;
    }
    int descending = is_descending(table);
    *low = key_of(index, descending ? &range.to : &range.from, descending, result_pool);
    *high = key_of(index, descending ? &range.from : &range.to, descending, result_pool);
    return 1;
}

static apr_status_t prepare(okapi_table_t *table, apr_pool_t *scratch_pool)
{
    return APR_SUCCESS;
}

static void finish(okapi_table_t *table)
{
}

const okapi__plan_t okapi__plan_index = {prepare, finish, refs, of_id, skip, count_all, number};
