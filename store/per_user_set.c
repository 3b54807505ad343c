/* per_user_set.c - what a reader has read in a public folder, as a set of change numbers
 * (MS-OXCSTOR 3.2.5.12.3, 3.2.5.13.3). A message that changes has another number, so it is unread
 * in sets from before. */
#include <stdlib.h>

#include <okapi/idset.h>
#include <okapi/per_user.h>

#include "access.h"
#include "cn.h"
#include "per_user_read.h"

typedef struct mark_t {
    okapi_id_t id;
    int read;
} mark_t;

typedef struct set_t {
    okapi_folder_t *folder;
    apr_array_header_t *numbers; /* of okapi_cn_t: of what is read */
    apr_array_header_t *wanted;  /* of okapi_idrange_t; NULL: only read */
    apr_array_header_t *todo;    /* of mark_t: what is otherwise than wanted */
} set_t;

/* A row of STMT_USER_READ_NUMBERS: messages the actor may not read are as they are. */
static void consider(set_t *b, okapi__rows_t *rows)
{
    apr_uint32_t rights = okapi__message_rights(b->folder->store, b->folder->rights,
                                                (int)okapi__rows_int(rows, 1),
                                                (apr_uint32_t)okapi__rows_int(rows, 2),
                                                okapi__rows_int(rows, 3));
    int is_read = okapi__rows_int(rows, 4) != 0;
    okapi_cn_t cn = okapi__rows_int(rows, 5);
    if (!(rights & OKAPI_RIGHT_READ_ANY)) {
        return;
    }
    if (is_read) {
        APR_ARRAY_PUSH(b->numbers, okapi_cn_t) = cn;
    }
    if (b->wanted && okapi_idset_has(b->wanted, cn) != is_read) {
        APR_ARRAY_PUSH(b->todo, mark_t) = (mark_t){okapi__rows_int(rows, 0), !is_read};
    }
}

static apr_status_t look(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    set_t *b = baton;
    okapi__rows_t *rows;
    apr_array_clear(b->numbers);
    apr_array_clear(b->todo);
    apr_status_t rv = okapi__db_select(
        &rows, conn, STMT_USER_READ_NUMBERS,
        DB_ARGS(DB_I(b->folder->store->actor->id), DB_I(b->folder->id)), scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        consider(b, rows);
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

static apr_status_t begin(set_t *b, okapi_folder_t *folder, apr_pool_t *scratch_pool)
{
    *b = (set_t){.folder = folder,
                 .numbers = apr_array_make(scratch_pool, 64, sizeof(okapi_cn_t)),
                 .todo = apr_array_make(scratch_pool, 16, sizeof(mark_t))};
    if (!okapi_store_is_public(folder->store)) {
        return OKAPI_ENOSUPPORT;
    }
    return okapi__contents_check(folder->rights);
}

static int compare_numbers(const void *a, const void *b)
{
    okapi_cn_t x = *(const okapi_cn_t *)a, y = *(const okapi_cn_t *)b;
    return (x > y) - (x < y);
}

apr_status_t okapi_per_user_get(okapi_binary_t *set, okapi_folder_t *folder,
                                apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    apr_array_header_t *ranges = apr_array_make(scratch_pool, 16, sizeof(okapi_idrange_t));
    okapi_writer_t w;
    set_t b;
    *set = (okapi_binary_t){NULL, 0};
    apr_status_t rv = begin(&b, folder, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi__db_read(folder->store->okapi->db, look, &b, scratch_pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    qsort(b.numbers->elts, (size_t)b.numbers->nelts, sizeof(okapi_cn_t), compare_numbers);
    for (int i = 0; i < b.numbers->nelts; i++) {
        okapi_idset_add(ranges, APR_ARRAY_IDX(b.numbers, i, okapi_cn_t));
    }
    okapi_writer_init(&w, 256, OKAPI_PER_USER_MAX, result_pool);
    okapi_idset_write(&w, &folder->store->guid, ranges);
    *set = (okapi_binary_t){w.data, w.len};
    return okapi_writer_status(&w) == APR_SUCCESS ? APR_SUCCESS : OKAPI_ETOOBIG;
}

/* Each that changes takes a number, as when it is marked by itself. */
static apr_status_t mark(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    set_t *b = baton;
    const okapi_store_t *store = b->folder->store;
    okapi_cn_t last;
    apr_status_t rv = look(conn, b, scratch_pool);
    if (rv != APR_SUCCESS || b->todo->nelts == 0) {
        return rv;
    }
    rv = okapi__cn_take(conn, store->id, b->todo->nelts, 0, &last, scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && i < b->todo->nelts; i++) {
        const mark_t *m = &APR_ARRAY_IDX(b->todo, i, mark_t);
        rv = okapi__per_user_mark(conn, store, b->folder->id, m->id, m->read,
                                  last - b->todo->nelts + 1 + i, scratch_pool);
    }
    return rv;
}

apr_status_t okapi_per_user_set(okapi_folder_t *folder, okapi_binary_t set,
                                apr_pool_t *scratch_pool)
{
    okapi_reader_t r;
    set_t b;
    apr_status_t rv = begin(&b, folder, scratch_pool);
    if (rv == APR_SUCCESS && !folder->store->actor->id) {
        rv = OKAPI_EACCESS;
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    okapi_reader_init(&r, set.data, set.len);
    if (okapi_idset_read(&b.wanted, &r, &folder->store->guid, scratch_pool) != APR_SUCCESS) {
        return OKAPI_ECORRUPT;
    }
    rv = okapi__db_write(folder->store->okapi->db, mark, &b, scratch_pool);
    if (rv == APR_SUCCESS && b.todo->nelts) {
        okapi__changed(folder->store->okapi, folder->store->id);
    }
    return rv;
}
