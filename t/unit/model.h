/* model.h - what a store should be, and what it is: a model so simple that one sees it is right.
 *
 * A model is a list of folders and messages, each with what matters of it. One is kept by whoever
 * changes the store and says what should be there; others are read from it in various ways. They
 * have to be equal. A value is the number it was made from, so a model has no pointers and can be
 * in memory that processes share.
 */
#ifndef MODEL_H
#define MODEL_H

#include <okapi/change.h>
#include <okapi/message.h>

#include "mailbox.h"

enum {
    MODEL_OBJECTS = 8192, /* that a model has room for */
    MODEL_VALUES = 4,     /* model_value.c: name or subject, text, number, bytes */
    MODEL_MEMBERS = 5,    /* model_actor.c: who may stand in a folder's permissions */
    MODEL_ABSENT = 0,
    MODEL_FOREIGN = 0x7FFFFFFF, /* a value that wasn't made by us */
    MODEL_NO_ENTRY = 0x40000000
};

enum { MODEL_NOBODY = -1 }; /* a writer */

typedef struct model_object_t {
    okapi_id_t id, parent; /* the folder it is in, 0 of the root */
    int is_folder, is_associated, is_read;
    int is_gone;           /* a follower's: a folder that goes when the walk ends */
    int is_soft;           /* in the trash: a message that was softly deleted by itself */
    okapi_id_t deleted;    /* in the trash: the folder with which it went, 0: it went by itself */
    int writer;            /* who made it and is alone in changing it; 0: it was there before;
                              MODEL_NOBODY: a search folder, where nothing can be put */
    int creator;           /* a message's: the actor who made it */
    apr_uint32_t entries[MODEL_MEMBERS]; /* a folder's permissions, MODEL_NO_ENTRY: none */
    apr_uint32_t values[MODEL_VALUES];
    okapi_cn_t cn, content_cn, add_cn; /* FORMAT.md: mod_cn, cn, add_cn */
    okapi_cn_t last_cn;                /* a folder's: of the last change inside */
} model_object_t;

typedef struct model_t {
    int n;
    model_object_t objects[MODEL_OBJECTS];
} model_t;

/* NULL if there is none. A pointer is good until the next object is added or removed. */
model_object_t *model_find(model_t *model, okapi_id_t id);
model_object_t *model_add(model_t *model, okapi_id_t id);
void model_remove(model_t *model, okapi_id_t id);
void model_remove_tree(model_t *model, okapi_id_t id); /* a folder, with all that is in it */

/* Whether A and B have the same objects, and of these the same of what WHAT says; if not, the first
 * differences are told. */
enum { MODEL_CONTENT = 0x1, MODEL_NUMBERS = 0x2 };
int model_equal(model_t *a, const char *a_name, model_t *b, const char *b_name, int what);

/* ---- values: model_value.c ---- */

/* The value that is made from SEED, which isn't 0, of a folder or a message. */
okapi_propval_t model_value(int is_folder, int i, apr_uint32_t seed, apr_pool_t *pool);
okapi_proptag_t model_tag(int is_folder, int i);

/* Reads the values of OBJECT, and of folders the permissions, from the store. OKAPI_ENOTFOUND if
 * it isn't there any more. */
apr_status_t model_load(model_object_t *object, okapi_store_t *store, apr_pool_t *scratch_pool);

/* ---- who does it: model_actor.c ---- */

/* The owner of the store and three others: mary and bob are in the group staff, carol isn't. */
typedef enum model_actor_e {
    MODEL_OWNER,
    MODEL_MARY,
    MODEL_BOB,
    MODEL_CAROL,
    MODEL_ACTORS
} model_actor_e;

const char *model_actor_name(int actor);

/* The index in model_object_t.entries of an entry with this name, -1 for none; "" is the default
 * entry. */
int model_member(const char *name);
const char *model_member_name(int member);
int model_member_of(int actor); /* of the actor's own entry */

void model_actors_add(mailbox_t *mailbox); /* to the database */
void model_actors_open(okapi_store_t **stores, mailbox_t *mailbox, apr_pool_t *pool);

/* MS-OXCPERM 2.2.7 and 3.1.4.5, as simple as it can be said. */
apr_uint32_t model_rights(const model_object_t *folder, int actor);
apr_uint32_t model_message_rights(const model_object_t *folder, const model_object_t *message,
                                  int actor);
int model_sees(const model_object_t *folder, int actor);  /* that there is this folder */
int model_lists(const model_object_t *folder, int actor); /* what is in it, or what is his own */

/* ---- reading: model_read.c ---- */

/* Everything there is, by the tables a client lists it with, into MODEL. Checks each folder's
 * counts against what was found; 0 if one is wrong. */
int model_read(model_t *model, okapi_store_t *store, apr_pool_t *scratch_pool);

/* The folder TOP and everything below it, with what was softly deleted there. */
int model_read_tree(model_t *model, okapi_store_t *store, okapi_id_t top,
                    apr_pool_t *scratch_pool);

/* ---- following: model_follow.c ---- */

typedef struct model_follower_t {
    okapi_store_t *store;
    okapi_cn_t cn;   /* everything up to this one was told */
    okapi_cn_t base; /* the last one at which the model was whole */
    model_t model;
} model_follower_t;

/* Takes at most MAX changes; *MORE is set if there are more. 0 if they are out of order. */
int model_follow(model_follower_t *follower, int max, int *more, apr_pool_t *scratch_pool);
int model_follow_all(model_follower_t *follower, int max, apr_pool_t *scratch_pool);

#endif
