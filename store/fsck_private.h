/* fsck_private.h - the table of checks: fsck_checks.c. */
#ifndef OKAPI_FSCK_PRIVATE_H
#define OKAPI_FSCK_PRIVATE_H

#include <okapi/fsck.h>

#include "store_private.h"

/* A row of a check's statement: what is wrong, or may be. */
typedef struct okapi__damage_t {
    apr_int64_t key;     /* what the check goes along, mostly an id */
    okapi_id_t store_id; /* 0: none */
    apr_int64_t a, b, c; /* what the check's sentence speaks of */
    const char *s, *t;   /* texts, in the last columns */
    okapi_binary_t bytes; /* instead of them */
} okapi__damage_t;

/* Columns after key and store of a check's statement. */
typedef enum okapi__damage_e { DAMAGE_NUMBERS, DAMAGE_TEXTS, DAMAGE_BYTES } okapi__damage_e;

typedef struct okapi__repair_t {
    okapi__conn_t *conn;
    const okapi__damage_t *damage;
    okapi_cn_t cn; /* of its own, for what carries one; 0 if there is no store */
} okapi__repair_t;

/* A statement of a repair and its arguments: k, s, a, b, c of the damage, w its first text, n the
 * change number, t the time. */
typedef struct okapi__remedy_t {
    okapi__stmt_e stmt;
    const char *args; /* NULL: no more statements */
} okapi__remedy_t;

enum { OKAPI__REMEDIES = 6, OKAPI__RANGES = 8 };

typedef struct okapi__check_t {
    const char *name;
    const char *what;     /* "messages have their folders" */
    okapi__stmt_e stmt;   /* rows with keys in a range, of what is wrong, or may be */
    int ranges;           /* how often the statement names the range; 0: once */
    okapi__damage_e columns;
    int flags;
    int (*is_damaged)(const okapi__damage_t *damage, apr_pool_t *scratch_pool); /* NULL: it is */
    const char *sentence; /* %k, %a, %b, %c, %s, %t stand for the damage's; %% for a percent sign */
    const char *remedy;   /* what the repair does; NULL: there is none */
    okapi__remedy_t repairs[OKAPI__REMEDIES];
    apr_status_t (*repair)(const okapi__repair_t *repair, apr_pool_t *scratch_pool); /* or this */
} okapi__check_t;

enum {
    CHECK_NUMBERED = 0x1, /* the repair is a change: it takes a number */
    CHECK_ONE = 0x2       /* repairing one row of a key may mend the others */
};

extern const okapi__check_t okapi__checks[];      /* ended by a name of NULL, in their order */
extern const okapi__check_t okapi__deep_checks[]; /* likewise; what they do is fsck_deep.c's */

/* Reports a finding and counts it. */
apr_status_t okapi__fsck_tell(okapi_t *okapi, okapi_fsck_t *fsck, const okapi__check_t *check,
                              const okapi__damage_t *damage, okapi_fsck_state_e state,
                              apr_pool_t *scratch_pool);

/* fsck_deep.c: reads every message and every stored byte. */
apr_status_t okapi__fsck_deep(okapi_t *okapi, okapi_fsck_t *fsck, apr_pool_t *scratch_pool);

/* fsck_repair.c: what takes more than a statement. */
apr_status_t okapi__repair_address(const okapi__repair_t *repair, apr_pool_t *scratch_pool);
apr_status_t okapi__repair_tree(const okapi__repair_t *repair, apr_pool_t *scratch_pool);
apr_status_t okapi__repair_key(const okapi__repair_t *repair, apr_pool_t *scratch_pool);
apr_status_t okapi__repair_lost(const okapi__repair_t *repair, apr_pool_t *scratch_pool);
apr_status_t okapi__repair_number(const okapi__repair_t *repair, apr_pool_t *scratch_pool);
apr_status_t okapi__repair_special(const okapi__repair_t *repair, apr_pool_t *scratch_pool);

#endif
