/* model_run.h - random operations on a store and, step by step, what they have to do. */
#ifndef MODEL_RUN_H
#define MODEL_RUN_H

#include "model.h"

enum {
    MODEL_TOMBSTONES = 512, /* the last ones */
    MODEL_FOLDERS_MAX = 60,
    MODEL_TOUCHED = 2 * MODEL_FOLDERS_MAX
};

typedef struct model_run_t {
    okapi_t *okapi;
    okapi_store_t *stores[MODEL_ACTORS]; /* the store, for each of them */
    model_t *model;         /* what has to be there */
    model_t *trash;         /* what was softly deleted */
    int writer;             /* only what this one made is changed; from 1 */
    int is_alone;           /* nobody else writes */
    int messages_max;       /* there are more or less as many */
    apr_uint64_t random;
    apr_uint32_t seeds;     /* used so far */
    okapi_id_t counter;     /* a message all writers change, 0: none */
    int counted;            /* by how much we have raised its number */
    okapi_cn_t cn; /* after the last operation, if nobody else writes */
    okapi_change_t tombstones[MODEL_TOMBSTONES];
    int ntombstones; /* ever, the last is at (ntombstones - 1) % MODEL_TOMBSTONES */
    apr_pool_t *pool; /* cleared after each operation */

    /* ---- of the last operation ---- */
    int actor;
    int is_wrong;
    int may_skip;             /* it takes numbers for what it doesn't do */
    okapi_id_t ended[2];      /* folders in which its last number is that of the last change */
    okapi_id_t touched[MODEL_TOUCHED]; /* folders in which that is one of its numbers */
    int ntouched;
    okapi_change_t *expected; /* what it changed; room for MODEL_OBJECTS */
    int nexpected;
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

enum { MODEL_ID_NONE = 999999999 };
int model_count(const model_run_t *run, const model_t *model, int is_folder); /* of this writer */
int model_has_room(const model_run_t *run, int messages);

/* A random object, or NULL. A place is where this writer may put something. */
model_object_t *model_pick_message(model_run_t *run, okapi_id_t folder_id); /* 0: in any */
model_object_t *model_pick_folder(model_run_t *run); /* that this writer made */
model_object_t *model_pick_place(model_run_t *run);

/* What the actor of this operation may do. */
int model_may(model_run_t *run, okapi_id_t folder_id, apr_uint32_t one_of);
int model_may_message(model_run_t *run, const model_object_t *message, apr_uint32_t right);

/* As the actor has it open, NULL if he can't see it. */
okapi_folder_t *model_open_folder(model_run_t *run, okapi_id_t id);

/* RV of what was tried: whether it was done. It has to be so if, and only if, MAY. */
int model_done(model_run_t *run, const char *what, apr_status_t rv, int may);

/* The permissions of a new folder in PARENT, which the actor makes. */
void model_permit(model_run_t *run, model_object_t *folder, const model_object_t *parent);

/* OBJECT of the model has changed, or with OKAPI_CHANGE_DELETED is about to be removed from it. */
void model_expect(model_run_t *run, okapi_change_e kind, const model_object_t *object);
void model_touch(model_run_t *run, okapi_id_t folder_id);
int model_is(model_run_t *run, const char *what, long long got, long long want);

/* model_transfer.c: messages that are copied, moved, deleted. */
extern const model_operation_t model_transfers[];
extern const int model_transfers_count;

/* model_folder.c: folders that are made and changed; what is in them. */
extern const model_operation_t model_folders[];
extern const int model_folders_count;

/* model_tree.c: whole trees of folders, likewise. */
extern const model_operation_t model_trees[];
extern const int model_trees_count;

/* ---- the sequence: model_sequence.c ---- */

/* Takes the numbers of the last operation's changes into the model. 0 unless they are exactly those
 * that were expected, and their numbers follow the ones before, without a gap unless it may
 * skip. */
int model_observe(model_run_t *run);

/* Whether the sequence from a random moment on is, in steps of any size, what the model says that
 * a random actor may see of it. */
int model_check_sequence(model_run_t *run);

#endif
