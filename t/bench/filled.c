/* filled.c - a mailbox with many messages, as filled.h says. */
#include "filled.h"

#include <string.h>

#include "bench.h"

void filled_create(filled_t *filled, const char *folder, apr_pool_t *pool)
{
    static const okapi_host_t host = {0};
    okapi_config_t *config = bench_config(folder, pool);
    okapi_user_t john = {.name = "john", .email = "john@example.org", .fullname = "John"}, *user;
    okapi_t *okapi;
    memset(filled, 0, sizeof(*filled));
    BENCH_TRY(okapi_create(config, &host, pool));
    BENCH_TRY(okapi_open(&okapi, config, &host, pool, pool));
    BENCH_TRY(okapi_user_add(okapi, &john, NULL, pool));
    BENCH_TRY(okapi_user_by_login(&user, okapi, "john", pool, pool));
    BENCH_TRY(okapi_store_open(&filled->store, okapi, user, user, pool, pool));
    filled->rival = rival_open(config->database, pool);
}

/* ---- messages ---- */

/* The stored properties of each message. */
static const char *packed_props(const rival_t *rival, apr_pool_t *pool)
{
    okapi_props_t *props = okapi_props_create(pool);
    okapi_writer_t w;
    okapi_props_set_str(props, PR_CONVERSATION_TOPIC, "a topic of some words");
    okapi_writer_init(&w, 128, 4096, pool);
    okapi_props_pack(&w, props);
    return rival_bytes(rival, w.data, w.len, pool);
}

static okapi_folder_t *new_folder(const filled_t *filled, int n, apr_pool_t *pool)
{
    okapi_folder_t *subtree, *folder;
    okapi_id_t id;
    BENCH_TRY(okapi_folder_open(&subtree, filled->store,
                                okapi_store_special(filled->store, OKAPI_FOLDER_IPM_SUBTREE), pool,
                                pool));
    BENCH_TRY(okapi_folder_create(&id, subtree, apr_psprintf(pool, "%d", n), NULL, pool));
    BENCH_TRY(okapi_folder_open(&folder, filled->store, id, pool, pool));
    return folder;
}

/* 7919 is prime: dates come in no order of ids. */
static void insert_rows(const filled_t *filled, okapi_id_t folder, apr_pool_t *pool)
{
    rival_t *rival = filled->rival;
    const char *no_recipients = rival_bytes(rival, "\0\0\0\0", 4, pool);
    rival_sql(rival, apr_psprintf(pool,
        "INSERT INTO message(folder_id, id, store_id, part, cn, mod_cn, add_cn, flags, deliv,"
        " submit, ctime, mtime, size, imap_uid, importance, flag_status, icon, natt, conv_id,"
        " msgid_hash, class, prefix, subject, subject_key, sender, sender_key, disp_to)"
        " SELECT %" APR_INT64_T_FMT ", %" APR_INT64_T_FMT " + i, %" APR_INT64_T_FMT ","
        " 0, 1, 1, 1, CASE WHEN i %% 3 = 0 THEN 1 ELSE 0 END,"
        " %" APR_INT64_T_FMT " + (i * 7919 %% %d) * %" APR_INT64_T_FMT ", 0,"
        " %" APR_INT64_T_FMT ", %" APR_INT64_T_FMT ", 2000 + i, i + 1, i %% 3, 0, -1, 0, 0, i,"
        " 'IPM.Note', '', 'A subject of some length, number ' || i, 'k' || i,"
        " 'Sender ' || (i %% %d), 's' || (i %% %d), 'John Doe; Mary Major' FROM %s",
        folder, filled->first_id, okapi_store_id(filled->store), FILLED_DATE, filled->n,
        FILLED_STEP, FILLED_DATE, FILLED_DATE, FILLED_SENDERS, FILLED_SENDERS,
        rival_series(rival, filled->n, pool)));
    rival_sql(rival, apr_psprintf(pool,
        "INSERT INTO msg_props(id, rev, props, recips)"
        " SELECT %" APR_INT64_T_FMT " + i, 1, %s, %s FROM %s", filled->first_id,
        packed_props(rival, pool), no_recipients, rival_series(rival, filled->n, pool)));
}

void filled_add(filled_t *filled, int n, apr_pool_t *pool)
{
    rival_t *rival = filled->rival;
    filled->n = n;
    filled->folder = new_folder(filled, n, pool);
    okapi_id_t id = okapi_folder_id(filled->folder);
    filled->first_id = rival_number(rival, "SELECT next_id FROM id_seq WHERE name = 'object'");
    rival_begin(rival);
    rival_sql(rival, apr_psprintf(pool, "UPDATE id_seq SET next_id = next_id + %d", n));
    insert_rows(filled, id, pool);
    rival_sql(rival, apr_psprintf(pool, "UPDATE folder_stat SET content = %d, unread = %d,"
                                  " bytes = 1000000000000, uid_next = %d, last_cn = 1"
                                  " WHERE folder_id = %" APR_INT64_T_FMT, n, n - (n + 2) / 3, n + 1,
                                  id));
    rival_commit(rival);
    rival_settle(rival, "message");
    rival_settle(rival, "msg_props");
}

/* ---- time ---- */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double filled_median(double *first, filled_work_t work, filled_work_t before, void *baton,
                     apr_pool_t *pool)
{
    enum { RUNS = 200, LEAST = 5, SECONDS = 3 };
    double took[RUNS + 1], until = bench_now() + SECONDS;
    int n = 0;
    while (n <= RUNS && (n < LEAST || bench_now() < until)) {
        apr_pool_t *iterpool;
        apr_pool_create(&iterpool, pool);
        if (before) {
            before(baton, iterpool);
        }
        double start = bench_now();
        work(baton, iterpool);
        took[n++] = (bench_now() - start) * 1e6;
        apr_pool_destroy(iterpool);
    }
    if (first) {
        *first = took[0];
    }
    qsort(took + 1, (size_t)n - 1, sizeof(took[0]), compare);
    return took[1 + (n - 1) / 2];
}
