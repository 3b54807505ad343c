/* search.h - search folders (MS-OXCFOLD 2.2.1.4, 2.2.1.5; MS-OXOSRCH): folders that show messages
 * of other folders of their store, those that match a restriction.
 *
 * A search folder is a view of the change sequence like all others: it is brought up to date from
 * it whenever somebody looks, and in the background, so nobody who changes a message has to know of
 * it. What it finds, and finds no longer, takes numbers of the same sequence: its contents tables,
 * counts and notifications are those of any folder.
 *
 * It shows what the owner of the store sees, so it is there only for the owner and administrators.
 * Its messages stay where they are; only associated ones can be made in it. Who opens, reads,
 * changes, moves or deletes a message by way of it does that to the message itself.
 */
#ifndef OKAPI_SEARCH_H
#define OKAPI_SEARCH_H

#include <okapi/folder.h>
#include <okapi/restriction.h>

/* SearchFlags of RopSetSearchCriteria, MS-OXCFOLD 2.2.1.4.1. */
enum {
    STOP_SEARCH = 0x00000001,
    RESTART_SEARCH = 0x00000002,
    RECURSIVE_SEARCH = 0x00000004,
    SHALLOW_SEARCH = 0x00000008,
    FOREGROUND_SEARCH = 0x00000010,
    BACKGROUND_SEARCH = 0x00000020,
    CONTENT_INDEXED_SEARCH = 0x00010000,
    NON_CONTENT_INDEXED_SEARCH = 0x00020000,
    STATIC_SEARCH = 0x00040000
};

/* SearchFlags of RopGetSearchCriteria, MS-OXCFOLD 2.2.1.5.2. */
enum {
    SEARCH_RUNNING = 0x00000001,
    SEARCH_REBUILD = 0x00000002,
    SEARCH_RECURSIVE = 0x00000004,
    SEARCH_FOREGROUND = 0x00000008,
    SEARCH_COMPLETE = 0x00001000,
    SEARCH_STATIC = 0x00010000,
    TWIR_TOTALLY = 0x08000000 /* without an index of contents */
};

enum { OKAPI_SEARCH_FOLDERS_MAX = 1000 }; /* that a search can name */

/* Like okapi_folder_create. It finds nothing before it is given criteria. OKAPI_EACCESS for who
 * neither owns nor administers the store, OKAPI_ENOSUPPORT in the public store. */
apr_status_t okapi_search_create(okapi_id_t *id, okapi_folder_t *parent, const char *name,
                                 const char *container_class, apr_pool_t *scratch_pool);

int okapi_folder_is_search(const okapi_folder_t *folder);

/* Starts the search, or stops it while it is being filled. RESTRICTION NULL and N 0 are those of
 * the last time: OKAPI_ENOTINITIALIZED if there was none. Of a RES_COUNT at its top the search ends
 * with so many messages. Some of it is done at once, more by okapi_search_run.
 * OKAPI_ENOTSEARCHFOLDER, OKAPI_EINVAL for FLAGS that aren't allowed, OKAPI_ENOTFOUND for a folder
 * that isn't there, OKAPI_ESEARCHSCOPE for one that is a search folder. */
apr_status_t okapi_search_set(okapi_folder_t *folder, const okapi_restriction_t *restriction,
                              const okapi_id_t *folder_ids, int n, apr_uint32_t flags,
                              apr_pool_t *scratch_pool);

typedef struct okapi_search_t {
    okapi_restriction_t *restriction; /* NULL: none yet */
    const okapi_id_t *folder_ids;     /* as they were set; some may be gone */
    int n;
    apr_uint32_t flags; /* SEARCH_* and TWIR_TOTALLY */
} okapi_search_t;

apr_status_t okapi_search_get(okapi_folder_t *folder, okapi_search_t *search,
                              apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* Brings the search folders of the store up to its last change. Whoever reads one by this API needs
 * not ask for it; only who compares change numbers first does. */
apr_status_t okapi_search_update(okapi_store_t *store, apr_pool_t *scratch_pool);

/* Is there a store whose searches aren't up to date or filled, or something to clear away? */
apr_status_t okapi_search_due(int *due, okapi_t *okapi, apr_pool_t *scratch_pool);

/* Does that in short transactions, until everything is done or STOP (may be NULL) says so. */
apr_status_t okapi_search_run(okapi_t *okapi, int (*stop)(void *baton), void *baton,
                              apr_pool_t *scratch_pool);

#endif
