/* search_private.h - how search folders are kept.
 *
 * Each start of a search is a run with an id of its own: its folders (`search_scope`) and what it
 * has found in them (`search_link`) go by that, so starting anew costs nothing; what is left of the
 * last run is swept away later. `search_state` has one position in the change sequence for all
 * searches of a store. A step reads what changed after it, or looks at some more messages of one
 * folder, decides outside of any transaction, and writes links, counts and the new position in one:
 * nothing is ever lost or done twice, whoever dies when. Steps don't lock each other out. Each
 * names the revision of `search_state` it began with, and is done again if another one was faster.
 */
#ifndef OKAPI_SEARCH_PRIVATE_H
#define OKAPI_SEARCH_PRIVATE_H

#include <apr_hash.h>
#include <okapi/search.h>

#include "message_private.h"

/* search.state */
typedef enum okapi__search_e {
    OKAPI__SEARCH_NEW = 0,
    OKAPI__SEARCH_FILLING = 1,
    OKAPI__SEARCH_STOPPED = 2, /* folders that weren't looked at yet won't be */
    OKAPI__SEARCH_COMPLETE = 3
} okapi__search_e;

/* search_scope.after_id of folders that are not being looked through: what was found there is being
 * removed, or all of it has been looked at. */
#define OKAPI__SCOPE_LEAVING (-1)
#define OKAPI__SCOPE_DONE    OKAPI_ID_MAX

typedef struct okapi__scope_t {
    okapi_id_t folder_id;
    apr_int64_t after;
} okapi__scope_t;

typedef struct okapi__link_t {
    okapi_id_t msg_id, scope_id;
    enum { OKAPI__LINK_ADD, OKAPI__LINK_READ, OKAPI__LINK_EDIT, OKAPI__LINK_DROP } what;
    int unread, was_unread;
} okapi__link_t;

typedef struct okapi__search_t {
    okapi_id_t folder_id, parent_id, run_id;
    okapi__search_e state;
    apr_uint32_t flags; /* as they were set */
    okapi_restriction_t *restriction;
    int needs;              /* OKAPI__NEED_* of it */
    const okapi_id_t *asked; /* the folders that were named */
    int nasked;
    apr_int64_t content; /* messages it has found */
    apr_int64_t limit;   /* and may find */
    apr_hash_t *scopes;  /* folder id: okapi__scope_t * */

    /* what this step does to it */
    apr_array_header_t *links;  /* of okapi__link_t */
    apr_array_header_t *moves;  /* of okapi__scope_t: what scopes become */
    apr_array_header_t *gone;   /* of okapi_id_t: scopes that are no longer */
    int completes;
} okapi__search_t;

/* All searches of a store that have been started, as of one revision. */
typedef struct okapi__searches_t {
    okapi_store_t *store;
    okapi_cn_t cn;       /* up to which change they are */
    apr_int64_t rev;
    int busy;            /* there is a folder to be looked through, or left */
    okapi_cn_t store_cn; /* the last change there is */
    okapi_cn_t upto;     /* up to which change they are after this step */
    apr_array_header_t *all; /* of okapi__search_t * */
    apr_pool_t *pool;
} okapi__searches_t;

/* ---- search_read.c ---- */

/* The position only, *FOUND 0 if no search was ever started here; and with everything. */
apr_status_t okapi__searches_position(okapi__searches_t *s, int *found, okapi_store_t *store,
                                      apr_pool_t *scratch_pool);
apr_status_t okapi__searches_read(okapi__searches_t **s, okapi_store_t *store,
                                  apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* A restriction and folder ids as columns have them. */
apr_status_t okapi__search_unpack(okapi_restriction_t **restriction, const okapi_id_t **ids, int *n,
                                  okapi_binary_t restriction_column, okapi_binary_t scope_column,
                                  apr_pool_t *result_pool);
apr_status_t okapi__search_pack(okapi_binary_t *restriction_column, okapi_binary_t *scope_column,
                                const okapi_restriction_t *restriction, const okapi_id_t *ids,
                                int n, apr_pool_t *result_pool);

/* ---- search_write.c ---- */

void okapi__search_link(okapi__search_t *search, okapi__link_t link);

/* May the search find one message more? */
int okapi__search_has_room(const okapi__search_t *search);

/* Writes what the step does. *LOST is set, and nothing written, if another step was faster. */
apr_status_t okapi__searches_write(okapi__searches_t *s, int *lost, apr_pool_t *scratch_pool);

/* ---- search_scope.c ---- */

/* Which folders SEARCH has to look through now; sets its MOVES where that isn't what it has. */
apr_status_t okapi__searches_rescope(okapi__searches_t *s, apr_pool_t *scratch_pool);

/* The same for one that starts: ids of folders, as an array of okapi_id_t. Unless it starts AGAIN
 * with those it had: OKAPI_ENOTFOUND if one of IDS isn't there, OKAPI_ESEARCHSCOPE. */
apr_status_t okapi__search_scope(apr_array_header_t **folders, okapi_store_t *store,
                                 const okapi_id_t *ids, int n, int recursive, int again,
                                 apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* ---- search_follow.c ---- */

/* A message of a folder, as the step has read it. */
typedef struct okapi__candidate_t {
    okapi_id_t folder_id, id;
    int edited; /* not only read */
    okapi_object_t *object; /* NULL: it has gone */
} okapi__candidate_t;

/* 1 if it matches; *STATUS is set if that can't be told. */
int okapi__search_matches(const okapi__search_t *search, okapi_object_t *message,
                          apr_status_t *status, apr_pool_t *scratch_pool);

/* Messages of a folder as the searches see them: all of them, whoever looks. */
okapi_folder_t okapi__search_folder(okapi_store_t *store, okapi_id_t id);

/* One step along the change sequence from *FROM, which it moves. What has no consequence isn't
 * written down each time; WRITE: it is. */
apr_status_t okapi__searches_follow(okapi__searches_t *s, okapi_cn_t *from, int write, int *lost,
                                    apr_pool_t *scratch_pool);

/* ---- search_fill.c ---- */

/* Looks at N more messages of folders that aren't done, or removes those of some that left. Clears
 * S->BUSY after the last one. */
apr_status_t okapi__searches_fill(okapi__searches_t *s, int n, int *lost, apr_pool_t *scratch_pool);

/* ---- search_update.c ---- */

/* What somebody who looks at search folders does first: follows, and fills for a moment if FILL. A
 * database that can't be written now shows them as they are. */
apr_status_t okapi__search_look(okapi_store_t *store, int fill, apr_pool_t *scratch_pool);

/* ---- search.c ---- */

/* Makes the folder FOLDER_ID a search folder. Inside the transaction that makes the folder. */
apr_status_t okapi__search_add(okapi__conn_t *conn, okapi_id_t store_id, okapi_id_t folder_id,
                               apr_pool_t *scratch_pool);

/* It is being deleted: *FOUND tells whether it was a search folder. Inside the transaction. */
apr_status_t okapi__search_forget(okapi__conn_t *conn, okapi_id_t folder_id, int *found,
                                  apr_pool_t *scratch_pool);

/* Starts a run. RESTRICTION NULL and N 0: those of the last one; OKAPI_ENOTINITIALIZED. */
apr_status_t okapi__search_start(okapi_folder_t *folder, const okapi_restriction_t *restriction,
                                 const okapi_id_t *folder_ids, int n, apr_uint32_t flags,
                                 apr_pool_t *scratch_pool);

/* Sets the criteria of TO to those of FROM, another search folder of the store. */
apr_status_t okapi__search_copy(okapi_store_t *store, okapi_id_t from, okapi_id_t to,
                                apr_pool_t *scratch_pool);

/* ---- search_source.c ---- */

/* Is this a message that the search folder shows? */
apr_status_t okapi__search_shows(int *shows, okapi__conn_t *conn, okapi_id_t folder_id,
                                 okapi_id_t msg_id, apr_pool_t *scratch_pool);

/* Calls EACH with the real folders of the messages IDS (N 0: of all) of a search folder; what isn't
 * there sets *PARTIAL. AT are the places of ids in IDS. */
typedef apr_status_t (*okapi__source_t)(void *baton, okapi_folder_t *folder, const okapi_id_t *ids,
                                        const int *at, int n, int *partial,
                                        apr_pool_t *scratch_pool);
apr_status_t okapi__search_sources(okapi_folder_t *folder, const okapi_id_t *ids, int n,
                                   int *partial, okapi__source_t each, void *baton,
                                   apr_pool_t *scratch_pool);

#endif
