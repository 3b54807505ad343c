/* bench_change.c - what many messages of a folder cost at once: what has changed since, marking
 * 1,000 as read, deleting 10,000, beside plain prepared statements that do no more than that to the
 * same tables. Ours go in short transactions, between which others write, and keep counts,
 * tombstones and the change sequence. Folders of fewer messages than are deleted are left out.
 */
#include <okapi/change.h>
#include <okapi/transfer.h>

#include "bench.h"
#include "filled.h"

enum { MARKED = 1000, DELETED = 10000 };

typedef struct bench_t {
    filled_t filled;
    okapi_cn_t cn;        /* of the folder's last change but one */
    int read;             /* what is marked next */
    int at;               /* the first message that is still there */
    rival_stmt_t *changes, *mark;
} bench_t;

static okapi_id_t *some_ids(const bench_t *b, int n, apr_pool_t *pool)
{
    okapi_id_t *ids = apr_palloc(pool, sizeof(*ids) * (apr_size_t)n);
    for (int i = 0; i < n; i++) {
        ids[i] = b->filled.first_id + b->at + i;
    }
    return ids;
}

/* ---- changes ---- */

static void changes(void *baton, apr_pool_t *pool)
{
    bench_t *b = baton;
    apr_array_header_t *found;
    okapi_cn_t upto;
    BENCH_TRY(okapi_changes(&found, &upto, b->filled.store, okapi_folder_id(b->filled.folder),
                            b->cn, 2 * MARKED, pool, pool));
    if (found->nelts != MARKED) {
        bench_die("number of changes", APR_EGENERAL);
    }
}

static void plain_changes(void *baton, apr_pool_t *pool)
{
    bench_t *b = baton;
    const apr_int64_t folder = okapi_folder_id(b->filled.folder), cn = (apr_int64_t)b->cn;
    const void *args[] = {&folder, &cn};
    if (rival_rows(b->changes, args, 6, pool) != MARKED) {
        bench_die("number of plain changes", APR_EGENERAL);
    }
}

/* ---- read flags ---- */

static void mark(void *baton, apr_pool_t *pool)
{
    bench_t *b = baton;
    int changed, partial;
    b->read = !b->read;
    BENCH_TRY(okapi_folder_set_read(b->filled.folder, some_ids(b, MARKED, pool), MARKED, b->read,
                                    &changed, &partial, pool));
}

static void plain_mark(void *baton, apr_pool_t *pool)
{
    bench_t *b = baton;
    const apr_int64_t folder = okapi_folder_id(b->filled.folder),
                      from = b->filled.first_id + b->at + MARKED, to = from + MARKED;
    const void *args[] = {&folder, &from, &to};
    rival_begin(b->filled.rival);
    rival_exec(b->mark, args, pool);
    rival_commit(b->filled.rival);
}

/* ---- deletions: once each, of other messages ---- */

static double delete(bench_t *b, int flags, apr_pool_t *pool)
{
    const okapi_id_t *ids = some_ids(b, DELETED, pool);
    int partial;
    double start = bench_now();
    BENCH_TRY(okapi_messages_delete(b->filled.folder, ids, DELETED, flags, &partial, pool));
    b->at += DELETED;
    return (bench_now() - start) * 1e6;
}

static double plain_delete(bench_t *b, const char *const *sql, apr_pool_t *pool)
{
    rival_t *rival = b->filled.rival;
    const apr_int64_t folder = okapi_folder_id(b->filled.folder), from = b->filled.first_id + b->at,
                      to = from + DELETED;
    const void *of_folder[] = {&folder, &from, &to}, *of_all[] = {&from, &to};
    rival_stmt_t *first = rival_prepare(rival, sql[0]);
    rival_stmt_t *then = sql[1] ? rival_prepare(rival, sql[1]) : NULL;
    double start = bench_now();
    rival_begin(rival);
    rival_exec(first, of_folder, pool);
    if (then) {
        rival_exec(then, of_all, pool);
    }
    rival_commit(rival);
    b->at += DELETED;
    return (bench_now() - start) * 1e6;
}

static void measure(bench_t *b, int n, apr_pool_t *pool)
{
    static const char *const hard[] = {
        "DELETE FROM message WHERE folder_id = %lld AND id >= %lld AND id < %lld",
        "DELETE FROM msg_props WHERE id >= %lld AND id < %lld"};
    static const char *const soft[] = {
        "UPDATE message SET part = part + 2 WHERE folder_id = %lld AND id >= %lld AND id < %lld",
        NULL};
    rival_t *rival = b->filled.rival;
    filled_add(&b->filled, n, pool);
    b->at = 0;
    b->changes = rival_prepare(rival, "SELECT id, cn, mod_cn, add_cn, flags, class FROM message"
                                      " WHERE folder_id = %lld AND mod_cn > %lld ORDER BY mod_cn");
    b->mark = rival_prepare(rival, "UPDATE message SET flags = 1 - flags, mod_cn = mod_cn + 1"
                                   " WHERE folder_id = %lld AND id >= %lld AND id < %lld");
    bench_title(apr_psprintf(pool, "of a folder of %d messages, beside plain statements", n),
                "microseconds");
    double floor = filled_median(NULL, plain_mark, NULL, b, pool);
    bench_line("mark 1,000 messages as read", filled_median(NULL, mark, NULL, b, pool), floor);
    BENCH_TRY(okapi_store_cn(b->filled.store, &b->cn, pool));
    mark(b, pool);
    floor = filled_median(NULL, plain_changes, NULL, b, pool);
    bench_line("the 1,000 changes since", filled_median(NULL, changes, NULL, b, pool), floor);
    floor = plain_delete(b, hard, pool);
    bench_line("delete 10,000 messages for good", delete(b, OKAPI_DELETE_HARD, pool), floor);
    floor = plain_delete(b, soft, pool);
    bench_line("delete 10,000 that can be recovered", delete(b, 0, pool), floor);
}

int main(int argc, char **argv)
{
    apr_pool_t *pool, *open;
    bench_t b;
    apr_initialize();
    apr_pool_create(&pool, NULL);
    apr_pool_create(&open, pool);
    const char *folder = bench_folder(pool);
    memset(&b, 0, sizeof(b));
    filled_create(&b.filled, folder, open);
    for (int i = 1; i < argc; i++) {
        if (atoi(argv[i]) >= 5 * DELETED) {
            measure(&b, atoi(argv[i]), open);
        }
    }
    apr_pool_destroy(open);
    bench_remove(folder, pool);
    return 0;
}
