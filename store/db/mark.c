/* mark.c - did it commit? What tells when a COMMIT was not answered, or failed.
 *
 * On a server, a writing transaction stores a row of its own, its mark, in the very message that
 * commits it, so it costs no waiting. If no answer comes, another connection stores the same mark.
 * If that is a duplicate, the transaction has committed. If not, it never will: should its COMMIT
 * still be on the way, the mark that is there then makes the server refuse it. While the server is
 * about to commit it, the other connection waits for it at the mark.
 *
 * SQLite always answers. But if it can't sync its log, or not write the last of it, it says that
 * the transaction failed while all of it may be in the log: nobody sees it there, yet who opens the
 * database first after a crash would. And to sync once more proves nothing: the system may have
 * given up the pages that it could not write. So another transaction, a mark again, is written over
 * the beginning of the failed one at once. Each frame's checksum is made of all frames before it:
 * once that is durable, the failed one is no more, whatever is left of it.
 */
#include <apr_general.h>
#include <apr_strings.h>

#include "db/private.h"

/* Marks that old are nobody's any more; a connection's next transaction removes its last one. */
#define LIFETIME ((okapi_time_t)3600 * 10000000)

apr_status_t okapi__mark_post(okapi__conn_t *conn)
{
    const okapi__mark_t *last = &conn->last_mark;
    okapi__mark_t mark;
    apr_uint64_t random;
    apr_status_t rv;

    conn->mark = (okapi__mark_t){0, 0};
    if (conn->db->dialect->script[0] == NULL || conn->mode != MODE_WRITE || !conn->wrote) {
        return APR_SUCCESS;
    }
    apr_generate_random_bytes((unsigned char *)&random, sizeof(random));
    mark.time = okapi_time_now();
    mark.id = (apr_int64_t)(random >> 1) | 1;
    rv = okapi__db_post(conn, STMT_MARK_DROP, DB_ARGS(DB_I(last->time), DB_I(last->id)), NULL);
    rv = rv ? rv
            : okapi__db_post(conn, STMT_MARK_ADD, DB_ARGS(DB_I(mark.time), DB_I(mark.id)), NULL);
    if (rv == APR_SUCCESS) {
        conn->mark = mark;
    }
    return rv;
}

static apr_status_t add(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const okapi__mark_t *mark = baton;

    return okapi__db_exec(conn, STMT_MARK_ADD, NULL, DB_ARGS(DB_I(mark->time), DB_I(mark->id)),
                          scratch_pool);
}

apr_status_t okapi__mark_find_out(int *committed, okapi__db_t *db, const okapi__mark_t *mark,
                                  apr_pool_t *scratch_pool)
{
    apr_status_t rv = okapi__db_run(db, MODE_WRITE_UNMARKED, add, (void *)mark, scratch_pool);

    *committed = rv == OKAPI_EEXISTS;
    return *committed ? APR_SUCCESS : rv;
}

void okapi__mark_bury(okapi__conn_t *conn)
{
    okapi__failure_e failure;
    apr_uint64_t random;
    char insert[120];

    apr_generate_random_bytes((unsigned char *)&random, sizeof(random));
    apr_snprintf(insert, sizeof(insert),
                 "INSERT INTO commit_mark(time, id) VALUES(%" APR_INT64_T_FMT ", %" APR_INT64_T_FMT
                 ")",
                 okapi_time_now(), (apr_int64_t)(random >> 1));
    const char *const sql[] = {"BEGIN IMMEDIATE", "DELETE FROM commit_mark", insert, "COMMIT"};
    failure = FAILURE_NONE;
    for (int i = 0; failure == FAILURE_NONE && i < 4; i++) {
        failure = okapi__conn_sql(conn, sql[i]);
    }
    if (failure != FAILURE_NONE) {
        conn->discard = 1;
        okapi__db_log(conn->db, OKAPI_LOG_ERROR, okapi__failures[failure].status,
                      "database %s: a transaction failed to commit, and so does everything after "
                      "it: should this program or the machine crash now, it may have happened",
                      conn->db->label);
    }
}

apr_status_t okapi__mark_expire(okapi__conn_t *conn, apr_pool_t *scratch_pool)
{
    if (conn->db->dialect->script[0] == NULL) {
        return APR_SUCCESS;
    }
    return okapi__db_exec(conn, STMT_MARK_EXPIRE, NULL, DB_ARGS(DB_I(okapi_time_now() - LIFETIME)),
                          scratch_pool);
}
