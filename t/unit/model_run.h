/* model_run.h - random operations on a store and, step by step, what they have to do. */
#ifndef MODEL_RUN_H
#define MODEL_RUN_H

#include "model.h"

enum { MODEL_TOMBSTONES = 512 }; /* the last ones */

typedef struct model_run_t {
    okapi_store_t *store;   /* its owner's, who does most */
    okapi_store_t *visitor; /* the same for somebody with the folders' default rights */
    model_t *model;         /* what has to be there */
    int writer;             /* only what this one made is changed; from 1 */
    apr_uint64_t random;
    apr_uint32_t seeds;     /* used so far */
    model_t *trash;         /* what it has softly deleted */
    int may_skip;           /* the last operation takes numbers for what it doesn't do */
    okapi_id_t touched[2];  /* folders it has changed at its end */
    okapi_id_t counter;     /* a message all writers change, 0: none */
    int counted;            /* by how much we have raised its number */
    okapi_change_t *expected; /* what the last operation changed; room for MODEL_OBJECTS */
    int nexpected;
    okapi_cn_t cn; /* after the last operation, if nobody else writes */
    okapi_change_t tombstones[MODEL_TOMBSTONES];
    int ntombstones; /* ever, the last is at (ntombstones - 1) % MODEL_TOMBSTONES */
    apr_pool_t *pool; /* cleared after each operation */
} model_run_t;

typedef struct model_operation_t {
    const char *name;
    int weight;
    int (*run)(model_run_t *run); /* 0 if the store did something else than it should */
} model_operation_t;

/* An operation of the tables; *NAME tells which. */
int model_run_operation(model_run_t *run, const char **name);

/* ---- for operations ---- */

apr_uint32_t model_random(model_run_t *run, apr_uint32_t below);
apr_uint32_t model_seed(model_run_t *run); /* not used before */

enum { MODEL_MESSAGES_MAX = 1200, MODEL_ID_NONE = 999999999 };
int model_count(const model_t *model, int is_folder);

/* A random object, or NULL. A place is where this writer may put something. */
model_object_t *model_pick_message(model_run_t *run, okapi_id_t folder_id); /* 0: in any */
model_object_t *model_pick_folder(model_run_t *run); /* that this writer made */
model_object_t *model_pick_place(model_run_t *run);

okapi_folder_t *model_open_folder(model_run_t *run, okapi_id_t id);

/* OBJECT of the model has changed, or with OKAPI_CHANGE_DELETED is about to be removed from it. */
void model_expect(model_run_t *run, okapi_change_e kind, const model_object_t *object);
int model_is(model_run_t *run, const char *what, long long got, long long want);

/* model_transfer.c: copying, moving, deleting; of one writer and of several. */
extern const model_operation_t model_transfers[];
extern const int model_transfers_count;

/* ---- the sequence: model_sequence.c ---- */

/* Takes the numbers of the last operation's changes into the model. 0 unless they are exactly those
 * that were expected, and their numbers follow the ones before, without a gap unless it may skip. */
int model_observe(model_run_t *run);

/* Whether the sequence from a random moment on is, in steps of any size, what the model says. */
int model_check_sequence(model_run_t *run);

#endif
