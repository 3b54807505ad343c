/* named.c - the mapping of names to property ids, once per store and for ever.
 *
 * A mapping never changes, so a process keeps what it has read of a store; what another process
 * added since is above the highest id it knows.
 */
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>
#include <okapi/named.h>

#include "cache.h"
#include "access.h"
#include "text.h"

enum { FIRST_ID = 0x8001, LAST_ID = 0xFFFE, NAME_MAX_CHARS = 255 };

/* What is known of a store, in a cache entry's pool. */
typedef struct names_t {
    apr_hash_t *by_key;      /* key_of(name): okapi_propname_t * with its id */
    apr_array_header_t *all; /* of const entry_t *, by id from FIRST_ID on without gaps */
    apr_pool_t *pool;
} names_t;

typedef struct entry_t {
    okapi_propname_t name;
    apr_uint16_t id;
} entry_t;

/* What two equal names have in common: GUID, kind and LID or folded name. */
static const char *key_of(const okapi_propname_t *name, apr_pool_t *result_pool)
{
    const char *guid = okapi__guid_hex(&name->guid, result_pool);
    return name->kind == MNID_ID
               ? apr_psprintf(result_pool, "%s#%u", guid, (unsigned)name->lid)
               : apr_pstrcat(result_pool, guid, "=",
                             okapi__text_fold(name->name, NAME_MAX_CHARS, result_pool), NULL);
}

static int is_ps_mapi(const okapi_propname_t *name)
{
    return okapi_guid_equal(&name->guid, &okapi_ps_mapi);
}

/* MS-OXCPRPT 3.2.5.10: names of PS_MAPI are the tagged properties themselves. */
static apr_uint16_t id_in_ps_mapi(const okapi_propname_t *name)
{
    return name->kind == MNID_ID && name->lid < 0x8000 ? (apr_uint16_t)name->lid : 0;
}

static int can_be_stored(const okapi_propname_t *name)
{
    return name->kind == MNID_ID || (name->kind == MNID_STRING && name->name && *name->name &&
                                     okapi__text_chars(name->name) <= NAME_MAX_CHARS);
}

/* ---- the cache; under the engine's mutex ---- */

static names_t *names_of(okapi_t *okapi, okapi_id_t store_id)
{
    names_t *names = okapi__cache_get(okapi->named, store_id);
    if (!names) {
        apr_pool_t *pool = okapi__cache_add(okapi->named, store_id);
        names = apr_pcalloc(pool, sizeof(*names));
        names->pool = pool;
        names->by_key = apr_hash_make(pool);
        names->all = apr_array_make(pool, 64, sizeof(entry_t *));
        okapi__cache_set(okapi->named, store_id, names);
    }
    return names;
}

static void remember(names_t *names, const entry_t *entry)
{
    if (entry->id != FIRST_ID + names->all->nelts) {
        return; /* another thread was here before */
    }
    entry_t *copy = apr_pmemdup(names->pool, entry, sizeof(*entry));
    copy->name.name = apr_pstrdup(names->pool, entry->name.name);
    APR_ARRAY_PUSH(names->all, entry_t *) = copy;
    apr_hash_set(names->by_key, key_of(&copy->name, names->pool), APR_HASH_KEY_STRING, copy);
}

static int highest_known(okapi_t *okapi, okapi_id_t store_id)
{
    apr_thread_mutex_lock(okapi->mutex);
    int highest = FIRST_ID - 1 + names_of(okapi, store_id)->all->nelts;
    apr_thread_mutex_unlock(okapi->mutex);
    return highest;
}

/* ---- the database ---- */

typedef struct work_t {
    okapi_store_t *store;
    const okapi_propname_t *names;
    int n;
    int known;                 /* the highest id the cache has */
    apr_array_header_t *added; /* of entry_t: what is above */
} work_t;

static apr_status_t read_new(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    work_t *b = baton;
    okapi__rows_t *rows;
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_NAMED_LIST,
                                       DB_ARGS(DB_I(b->store->id), DB_I(b->known)), scratch_pool);
    apr_array_clear(b->added);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        entry_t entry = {.id = (apr_uint16_t)okapi__rows_int(rows, 0)};
        entry.name.kind = (int)okapi__rows_int(rows, 2);
        entry.name.lid = (apr_uint32_t)okapi__rows_int(rows, 3);
        entry.name.name = apr_pstrdup(b->added->pool, okapi__rows_str(rows, 4));
        rv = okapi__guid_of_hex(&entry.name.guid, okapi__rows_str(rows, 1));
        APR_ARRAY_PUSH(b->added, entry_t) = entry;
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

static apr_status_t insert(okapi__conn_t *conn, const work_t *b, const entry_t *entry,
                           apr_pool_t *scratch_pool)
{
    const okapi_propname_t *name = &entry->name;
    return okapi__db_exec(conn, STMT_NAMED_ADD, NULL,
                          DB_ARGS(DB_I(b->store->id), DB_I(entry->id),
                                  DB_S(okapi__guid_hex(&name->guid, scratch_pool)),
                                  DB_I(name->kind), DB_I(name->lid), DB_S(name->name)),
                          scratch_pool);
}

/* Whoever may write something in the store may need a name for it; for others there is no new one
 * (MS-OXCPRPT 2.2.12.2). */
enum {
    NAMING_RIGHTS = OKAPI_RIGHT_CREATE | OKAPI_RIGHT_EDIT_OWNED | OKAPI_RIGHT_EDIT_ANY |
                    OKAPI_RIGHT_CREATE_SUBFOLDER | OKAPI_RIGHT_OWNER
};

/* Only one transaction at a time gives out ids of a store: it holds the lock of the store's row
 * while it looks what there is and adds what there isn't. */
static apr_status_t create_missing(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    work_t *b = baton;
    apr_hash_t *fresh = apr_hash_make(scratch_pool);
    apr_status_t rv =
        okapi__db_exec(conn, STMT_STORE_LOCK, NULL, DB_ARGS(DB_I(b->store->id)), scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = read_new(conn, b, scratch_pool);
    }
    for (int i = 0; rv == APR_SUCCESS && i < b->added->nelts; i++) {
        const entry_t *entry = &APR_ARRAY_IDX(b->added, i, entry_t);
        apr_hash_set(fresh, key_of(&entry->name, scratch_pool), APR_HASH_KEY_STRING, entry);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__store_entered(conn, b->store, NAMING_RIGHTS, scratch_pool);
    }
    for (int i = 0; rv == APR_SUCCESS && i < b->n; i++) {
        const char *key = key_of(&b->names[i], scratch_pool);
        int id = b->known + 1 + b->added->nelts;
        if (apr_hash_get(fresh, key, APR_HASH_KEY_STRING)) {
            continue;
        }
        if (id > LAST_ID) {
            return OKAPI_ENOMEMORY;
        }
        entry_t entry = {b->names[i], (apr_uint16_t)id};
        entry.name.lid = entry.name.kind == MNID_ID ? entry.name.lid : 0;
        entry.name.name = entry.name.kind == MNID_ID
                              ? ""
                              : okapi__text_clean(entry.name.name, NAME_MAX_CHARS, b->added->pool);
        rv = insert(conn, b, &entry, scratch_pool);
        APR_ARRAY_PUSH(b->added, entry_t) = entry;
        apr_hash_set(fresh, key, APR_HASH_KEY_STRING, "");
    }
    return rv;
}

static apr_status_t refresh(work_t *b, int create, apr_pool_t *scratch_pool)
{
    okapi_t *okapi = b->store->okapi;
    b->known = highest_known(okapi, b->store->id);
    b->added = apr_array_make(scratch_pool, 16, sizeof(entry_t));
    apr_status_t rv = create ? okapi__db_write(okapi->db, create_missing, b, scratch_pool)
                             : okapi__db_read(okapi->db, read_new, b, scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    apr_thread_mutex_lock(okapi->mutex);
    names_t *names = names_of(okapi, b->store->id);
    for (int i = 0; i < b->added->nelts; i++) {
        remember(names, &APR_ARRAY_IDX(b->added, i, entry_t));
    }
    apr_thread_mutex_unlock(okapi->mutex);
    return APR_SUCCESS;
}

/* ---- names to ids ---- */

/* Fills IDS from the cache and MISSING with the names it doesn't know. */
static void look_up(okapi_store_t *store, const okapi_propname_t *names, int n, apr_uint16_t *ids,
                    apr_array_header_t *missing, apr_pool_t *scratch_pool)
{
    okapi_t *okapi = store->okapi;
    apr_array_clear(missing);
    apr_thread_mutex_lock(okapi->mutex);
    names_t *known = names_of(okapi, store->id);
    for (int i = 0; i < n; i++) {
        ids[i] = 0;
        if (is_ps_mapi(&names[i])) {
            ids[i] = id_in_ps_mapi(&names[i]);
        } else if (can_be_stored(&names[i])) {
            const entry_t *entry =
                apr_hash_get(known->by_key, key_of(&names[i], scratch_pool), APR_HASH_KEY_STRING);
            if (entry) {
                ids[i] = entry->id;
            } else {
                APR_ARRAY_PUSH(missing, okapi_propname_t) = names[i];
            }
        }
    }
    apr_thread_mutex_unlock(okapi->mutex);
}

/* MS-OXCPRPT 3.2.5.10: names of Internet headers are kept in lower case. */
static okapi_propname_t canonical(const okapi_propname_t *name, apr_pool_t *result_pool)
{
    okapi_propname_t copy = *name;
    if (copy.kind == MNID_STRING && copy.name &&
        okapi_guid_equal(&copy.guid, &okapi_ps_internet_headers)) {
        char *lower = apr_pstrdup(result_pool, copy.name);
        for (char *p = lower; *p; p++) {
            *p = (char)apr_tolower(*p);
        }
        copy.name = lower;
    }
    return copy;
}

apr_status_t okapi_named_ids(okapi_store_t *store, const okapi_propname_t *names, int n, int create,
                             apr_uint16_t *ids, apr_pool_t *scratch_pool)
{
    apr_array_header_t *missing = apr_array_make(scratch_pool, 8, sizeof(okapi_propname_t));
    okapi_propname_t *wanted = apr_palloc(scratch_pool, sizeof(*wanted) * (apr_size_t)(n + 1));
    for (int i = 0; i < n; i++) {
        wanted[i] = canonical(&names[i], scratch_pool);
    }
    look_up(store, wanted, n, ids, missing, scratch_pool);
    for (int writing = 0; missing->nelts > 0 && writing <= (create != 0); writing++) {
        work_t work = {
            .store = store, .names = (okapi_propname_t *)missing->elts, .n = missing->nelts};
        apr_status_t rv = refresh(&work, writing, scratch_pool);
        if (rv != APR_SUCCESS) {
            return rv == OKAPI_EACCESS ? APR_SUCCESS : rv;
        }
        look_up(store, wanted, n, ids, missing, scratch_pool);
    }
    return APR_SUCCESS;
}

/* ---- ids to names ---- */

static int name_of(const names_t *known, apr_uint16_t id, okapi_propname_t *name,
                   apr_pool_t *result_pool)
{
    memset(name, 0, sizeof(*name));
    if (id < 0x8000) {
        name->guid = okapi_ps_mapi;
        name->kind = MNID_ID;
        name->lid = id;
        return 1;
    }
    name->kind = -1;
    if (id < FIRST_ID || id >= FIRST_ID + known->all->nelts) {
        return id == 0x8000 || id > LAST_ID; /* what can't be is known not to be */
    }
    const entry_t *entry = APR_ARRAY_IDX(known->all, id - FIRST_ID, entry_t *);
    *name = entry->name;
    name->name = apr_pstrdup(result_pool, entry->name.name);
    return 1;
}

/* Returns how many aren't known. */
static int name_all(okapi_store_t *store, const apr_uint16_t *ids, int n, okapi_propname_t *names,
                    apr_pool_t *result_pool)
{
    okapi_t *okapi = store->okapi;
    int unknown = 0;
    apr_thread_mutex_lock(okapi->mutex);
    const names_t *known = names_of(okapi, store->id);
    for (int i = 0; i < n; i++) {
        unknown += !name_of(known, ids[i], &names[i], result_pool);
    }
    apr_thread_mutex_unlock(okapi->mutex);
    return unknown;
}

apr_status_t okapi_named_names(okapi_store_t *store, const apr_uint16_t *ids, int n,
                               okapi_propname_t *names, apr_pool_t *result_pool,
                               apr_pool_t *scratch_pool)
{
    work_t work = {.store = store};
    if (name_all(store, ids, n, names, result_pool) == 0) {
        return APR_SUCCESS;
    }
    apr_status_t rv = refresh(&work, 0, scratch_pool);
    if (rv == APR_SUCCESS) {
        name_all(store, ids, n, names, result_pool);
    }
    return rv;
}

apr_status_t okapi_named_list(okapi_store_t *store, const okapi_guid_t *guid,
                              apr_array_header_t **ids, apr_array_header_t **names,
                              apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    okapi_t *okapi = store->okapi;
    work_t work = {.store = store};
    apr_status_t rv = refresh(&work, 0, scratch_pool);
    *ids = apr_array_make(result_pool, 64, sizeof(apr_uint16_t));
    *names = apr_array_make(result_pool, 64, sizeof(okapi_propname_t));
    if (rv != APR_SUCCESS) {
        return rv;
    }
    apr_thread_mutex_lock(okapi->mutex);
    const names_t *known = names_of(okapi, store->id);
    for (int i = 0; i < known->all->nelts; i++) {
        const entry_t *entry = APR_ARRAY_IDX(known->all, i, entry_t *);
        if (!guid || okapi_guid_equal(guid, &entry->name.guid)) {
            APR_ARRAY_PUSH(*ids, apr_uint16_t) = entry->id;
            okapi_propname_t *name = apr_array_push(*names);
            *name = entry->name;
            name->name = apr_pstrdup(result_pool, entry->name.name);
        }
    }
    apr_thread_mutex_unlock(okapi->mutex);
    return APR_SUCCESS;
}
