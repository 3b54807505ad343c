/* fault.h - a statement of the database layer that fails, or ends its process, when a test wants.
 * For programs linked with -Wl,--wrap of two functions: okapi__conn_sql, through which goes what
 * isn't in the table of statements, so each step of a migration; and okapi__script_commit, which
 * ends writing transactions.
 */
#ifndef FAULT_H
#define FAULT_H

#include <signal.h>
#include <unistd.h>

#include "db/private.h"

/* What happens at a statement. LOST_…: its connection goes away before the server has read it, or
 * after it has done it and before it could say so. */
typedef enum fault_e { FAULT_NONE, FAULT_LOST_BEFORE, FAULT_LOST_AFTER } fault_e;

static struct {
    fault_e kind;    /* at a COMMIT of a writing transaction */
    int skip;        /* so many of them pass unharmed */
    int happened;
    /* Called before and after each statement; may be NULL. */
    void (*before)(okapi__conn_t *conn, const char *sql);
    void (*after)(okapi__conn_t *conn, const char *sql);
} fault;

okapi__failure_e __real_okapi__conn_sql(okapi__conn_t *conn, const char *sql);
okapi__failure_e __wrap_okapi__conn_sql(okapi__conn_t *conn, const char *sql);

okapi__failure_e __real_okapi__script_commit(okapi__conn_t *conn);
okapi__failure_e __wrap_okapi__script_commit(okapi__conn_t *conn);

okapi__failure_e __wrap_okapi__conn_sql(okapi__conn_t *conn, const char *sql)
{
    okapi__failure_e failure;

    if (fault.before != NULL) {
        fault.before(conn, sql);
    }
    failure = __real_okapi__conn_sql(conn, sql);
    if (fault.after != NULL) {
        fault.after(conn, sql);
    }
    return failure;
}

/* The mark is known in either case: what posts it goes before what is lost. */
okapi__failure_e __wrap_okapi__script_commit(okapi__conn_t *conn)
{
    if (fault.kind == FAULT_NONE || fault.happened || fault.skip-- > 0) {
        return __real_okapi__script_commit(conn);
    }
    fault.happened = 1;
    conn->discard = 1;
    if (fault.kind == FAULT_LOST_AFTER) {
        __real_okapi__script_commit(conn);
    } else {
        okapi__mark_post(conn);
        okapi__script_forget(conn);
        __real_okapi__conn_sql(conn, "ROLLBACK");
    }
    return FAILURE_LOST;
}

/* Arms a fault of the COMMIT of a writing transaction, after SKIP others. */
static inline void fault_at_commit(fault_e kind, int skip)
{
    fault.kind = kind;
    fault.skip = skip;
    fault.happened = 0;
}

#endif
