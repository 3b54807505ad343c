/* fsck.h - does the database keep what store/FORMAT.md promises? Finding damage and repairing it.
 *
 * It works beside everything else: it reads in short transactions, and what it repairs it finds
 * again in the transaction that repairs it.
 */
#ifndef OKAPI_FSCK_H
#define OKAPI_FSCK_H

#include <okapi/engine.h>
#include <okapi/types.h>

typedef enum okapi_fsck_state_e {
    OKAPI_FSCK_FOUND = 1, /* and not touched */
    OKAPI_FSCK_REPAIRED,
    OKAPI_FSCK_LOST       /* nothing in the database can repair it */
} okapi_fsck_state_e;

/* One thing that is wrong. */
typedef struct okapi_fsck_finding_t {
    const char *check;    /* its name: "folder.counts" */
    const char *owner;    /* of the mailbox; "Public Folders"; "" if it is in none */
    const char *sentence; /* what is wrong */
    const char *remedy;   /* what was done, or can be done, about it */
    okapi_fsck_state_e state;
} okapi_fsck_finding_t;

typedef struct okapi_fsck_t {
    int repair;
    int deep; /* reads every stored byte too */
    /* Either may be NULL. What is found lives as long as the call. */
    void (*begin)(void *baton, const char *check, const char *what);
    void (*found)(void *baton, const okapi_fsck_finding_t *finding);
    void *baton;
    int damaged, repaired; /* results */
} okapi_fsck_t;

/* Every check there is, in their order, and what holds if it finds nothing. */
void okapi_fsck_checks(void (*each)(void *baton, const char *check, const char *what, int deep),
                       void *baton);

/* APR_SUCCESS if it could look everywhere, whatever it found. */
apr_status_t okapi_fsck(okapi_t *okapi, okapi_fsck_t *fsck, apr_pool_t *scratch_pool);

#endif
