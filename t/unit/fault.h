/* fault.h - a statement of the database layer that fails, or ends its process, when a test wants.
 * For programs linked with -Wl,--wrap=okapi__conn_sql: what isn't in the table of statements goes
 * through that function, so BEGIN, COMMIT and each step of a migration.
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

static inline int fault_meets(const okapi__conn_t *conn, const char *sql)
{
    return fault.kind != FAULT_NONE && !fault.happened && conn->mode != MODE_READ &&
           (strcmp(sql, "COMMIT") == 0 || strstr(sql, "; COMMIT") != NULL) && fault.skip-- == 0;
}

okapi__failure_e __wrap_okapi__conn_sql(okapi__conn_t *conn, const char *sql)
{
    okapi__failure_e failure;

    if (fault.before != NULL) {
        fault.before(conn, sql);
    }
    if (fault_meets(conn, sql)) {
        fault.happened = 1;
        conn->discard = 1;
        __real_okapi__conn_sql(conn, fault.kind == FAULT_LOST_AFTER ? sql : "ROLLBACK");
        return FAILURE_LOST;
    }
    failure = __real_okapi__conn_sql(conn, sql);
    if (fault.after != NULL) {
        fault.after(conn, sql);
    }
    return failure;
}

/* Arms a fault of the COMMIT of a writing transaction, after SKIP others. */
static inline void fault_at_commit(fault_e kind, int skip)
{
    fault.kind = kind;
    fault.skip = skip;
    fault.happened = 0;
}

#endif
