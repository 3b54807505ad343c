/* folder_read.c - the read flag of messages.
 *
 * A change of the flag is a change of the message's mod_cn, not of its cn: synchronisation tells
 * read state from content by that (FORMAT.md).
 */
#include <stdlib.h>

#include <apr_strings.h>

#include "access.h"
#include "cn.h"
#include "message_private.h"
#include "pace.h"
#include "per_user_read.h"
#include "search_private.h"

typedef struct reading_t {
    okapi_folder_t *folder;
    int read;
    int changed, missing; /* so far; some are not there, or may not be changed */
} reading_t;

/* One transaction of it. */
typedef struct step_t {
    const reading_t *reading;
    const okapi_id_t *ids;
    int n;
    apr_array_header_t *todo; /* ids of messages whose flag differs */
    apr_int64_t changed;
    int missing;
} step_t;

/* A row of STMT_READ_FLAGS. Whoever may change a message may mark it. */
static void consider(step_t *s, okapi__rows_t *rows)
{
    const reading_t *b = s->reading;
    apr_uint32_t flags = (apr_uint32_t)okapi__rows_int(rows, 2);
    int part = (int)okapi__rows_int(rows, 1);
    apr_uint32_t rights = okapi__message_rights(b->folder->store, b->folder->rights, part, flags,
                                                okapi__rows_int(rows, 3));
    if (!(rights & OKAPI_RIGHT_EDIT_ANY)) {
        s->missing = 1;
    } else if (part == OKAPI__PART_NORMAL && ((flags & MSGFLAG_READ) != 0) != b->read) {
        APR_ARRAY_PUSH(s->todo, okapi_id_t) = okapi__rows_int(rows, 0);
    }
}

static apr_status_t find_some(okapi__conn_t *conn, step_t *s, const okapi_id_t *ids, int n,
                              apr_pool_t *scratch_pool)
{
    okapi__arg_t args[1 + OKAPI__DB_IDS];
    okapi__rows_t *rows;
    int found = 0;
    args[0] = DB_I(s->reading->folder->id);
    okapi__db_ids(args + 1, ids, n);
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_READ_FLAGS, args, 1 + OKAPI__DB_IDS,
                                       scratch_pool);
    for (; rv == APR_SUCCESS && okapi__rows_next(rows); found++) {
        consider(s, rows);
    }
    s->missing |= found < n;
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

/* Messages from number AT on of those that differ, with the numbers from FIRST on. */
static apr_status_t mark_some(okapi__conn_t *conn, step_t *s, int at, int n, okapi_cn_t first,
                              apr_pool_t *scratch_pool)
{
    const okapi_id_t *ids = (const okapi_id_t *)s->todo->elts + at;
    okapi__arg_t args[2 + 2 * OKAPI__DB_IDS];
    apr_int64_t affected;
    args[0] = DB_I(first);
    okapi__db_ids(args + 1, ids, n);
    args[1 + OKAPI__DB_IDS] = DB_I(s->reading->folder->id);
    okapi__db_ids(args + 2 + OKAPI__DB_IDS, ids, n);
    apr_status_t rv = okapi__db_exec(conn, s->reading->read ? STMT_READ_SET : STMT_READ_CLEAR,
                                     &affected, args, 2 + 2 * OKAPI__DB_IDS, scratch_pool);
    s->changed += affected;
    return rv;
}

static int batch_of(int left)
{
    return left < OKAPI__DB_IDS ? left : OKAPI__DB_IDS;
}

static apr_status_t mark(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    step_t *s = baton;
    const okapi_folder_t *folder = s->reading->folder;
    apr_status_t rv = APR_SUCCESS;
    okapi_cn_t last;
    apr_array_clear(s->todo);
    s->missing = 0;
    s->changed = 0;
    for (int i = 0; rv == APR_SUCCESS && i < s->n; i += OKAPI__DB_IDS) {
        rv = find_some(conn, s, s->ids + i, batch_of(s->n - i), scratch_pool);
    }
    int n = s->todo->nelts;
    if (rv != APR_SUCCESS || n == 0) {
        return rv;
    }
    rv = okapi__cn_take(conn, folder->store->id, n, 0, &last, scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && i < n; i += OKAPI__DB_IDS) {
        rv = mark_some(conn, s, i, batch_of(n - i), last - n + 1 + i, scratch_pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    okapi__stat_delta_t delta = {.unread = s->reading->read ? -s->changed : s->changed};
    return okapi__stat_add(conn, folder->id, &delta, last, scratch_pool);
}

static apr_status_t step(void *baton, const okapi_id_t *ids, int n, apr_pool_t *scratch_pool)
{
    reading_t *b = baton;
    okapi_t *okapi = b->folder->store->okapi;
    step_t s = {.reading = b, .ids = ids, .n = n,
                .todo = apr_array_make(scratch_pool, n, sizeof(okapi_id_t))};
    apr_status_t rv = okapi__db_write(okapi->db, mark, &s, scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    b->missing |= s.missing;
    b->changed += (int)s.changed;
    if (s.changed > 0) {
        okapi__changed(okapi, b->folder->store->id);
    }
    return APR_SUCCESS;
}

static int compare_ids(const void *a, const void *b)
{
    okapi_id_t x = *(const okapi_id_t *)a, y = *(const okapi_id_t *)b;
    return (x > y) - (x < y);
}

/* Each once, whoever named it how often. */
static okapi_id_t *unique(int *n, const okapi_id_t *ids, apr_pool_t *result_pool)
{
    okapi_id_t *sorted = apr_pmemdup(result_pool, ids, sizeof(*ids) * (apr_size_t)*n);
    int kept = 0;
    qsort(sorted, (size_t)*n, sizeof(*sorted), compare_ids);
    for (int i = 0; i < *n; i++) {
        if (kept == 0 || sorted[i] != sorted[kept - 1]) {
            sorted[kept++] = sorted[i];
        }
    }
    *n = kept;
    return sorted;
}

static apr_status_t set_read_in(okapi_folder_t *folder, const okapi_id_t *ids, int n, int read,
                                int *changed, int *partial, apr_pool_t *scratch_pool)
{
    reading_t reading = {.folder = folder, .read = read != 0};
    const okapi__pace_filter_t differing = {.mask = MSGFLAG_READ,
                                            .flags = read ? 0 : MSGFLAG_READ};
    apr_status_t rv = okapi__rights_check(
        folder->rights, OKAPI_RIGHT_EDIT_ANY | OKAPI_RIGHT_EDIT_OWNED);
    if (rv == APR_SUCCESS && n > 0) {
        ids = unique(&n, ids, scratch_pool);
        rv = okapi__pace_list(ids, n, step, &reading, scratch_pool);
    } else if (rv == APR_SUCCESS) {
        rv = okapi__pace_folder(folder->store->okapi->db, folder->id, &differing, step, &reading,
                                scratch_pool);
    }
    *partial = reading.missing;
    *changed += reading.changed;
    return rv;
}

/* Messages that a search folder shows, where they are. */
typedef struct found_t {
    int read, changed;
} found_t;

static apr_status_t set_read_there(void *baton, okapi_folder_t *folder, const okapi_id_t *ids,
                                   const int *at, int n, int *partial, apr_pool_t *scratch_pool)
{
    found_t *b = baton;
    return set_read_in(folder, ids, n, b->read, &b->changed, partial, scratch_pool);
}

apr_status_t okapi_folder_set_read(okapi_folder_t *folder, const okapi_id_t *ids, int n, int read,
                                   int *changed, int *partial, apr_pool_t *scratch_pool)
{
    found_t found = {read, 0};
    apr_status_t rv;
    *partial = 0;
    if (okapi_store_is_public(folder->store)) {
        return okapi__per_user_set_read(folder, ids, n, read, changed, partial, scratch_pool);
    }
    if (folder->is_search) {
        rv = okapi__search_sources(folder, ids, n, partial, set_read_there, &found, scratch_pool);
    } else {
        rv = set_read_in(folder, ids, n, read, &found.changed, partial, scratch_pool);
    }
    if (changed) {
        *changed = found.changed;
    }
    return rv;
}
