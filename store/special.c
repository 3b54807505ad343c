/* special.c - the well-known folders as properties name them (MS-OXOSFLD 2.2). */
#include <apr_strings.h>
#include <okapi/entryid.h>

#include "store_private.h"

enum { ENTRYID_SIZE = 46 };

static const okapi__special_t specials[] = {
#define OKAPI_SPECIAL(symbol, number, parent, name, container_class, entryid_tag)                  \
    {symbol, parent, name, container_class, entryid_tag},
#include <okapi/special_folders.def>
#undef OKAPI_SPECIAL
};

enum { NSPECIALS = sizeof(specials) / sizeof(specials[0]) };

const okapi__special_t *okapi__special(int which)
{
    for (int i = 0; i < NSPECIALS; i++) {
        if ((int)specials[i].which == which) {
            return &specials[i];
        }
    }
    return NULL;
}

okapi_binary_t okapi__store_entryid(const okapi_store_t *store, apr_pool_t *result_pool)
{
    const char *server = store->okapi->config->server_name;
    return okapi_store_is_public(store)
               ? okapi_entryid_public_store(server, result_pool)
               : okapi_entryid_store(server, okapi_user_dn(store->okapi, store->owner, result_pool),
                                     result_pool);
}

okapi_binary_t okapi__folder_entryid(const okapi_store_t *store, okapi_id_t folder_id,
                                     apr_pool_t *result_pool)
{
    return okapi_store_is_public(store)
               ? okapi_entryid_public_folder(&store->guid, folder_id, result_pool)
               : okapi_entryid_folder(&store->guid, folder_id, result_pool);
}

okapi_binary_t okapi__message_entryid(const okapi_store_t *store, okapi_id_t folder_id,
                                      okapi_id_t id, apr_pool_t *result_pool)
{
    return okapi_store_is_public(store)
               ? okapi_entryid_public_message(&store->guid, folder_id, id, result_pool)
               : okapi_entryid_message(&store->guid, folder_id, id, result_pool);
}

/* Empty if the store has no such folder. */
static okapi_binary_t entryid_of(const okapi_store_t *store, okapi_special_e which,
                                 apr_pool_t *result_pool)
{
    okapi_id_t id = okapi_store_special(store, which);
    okapi_binary_t none = {(const unsigned char *)"", 0};
    return id ? okapi__folder_entryid(store, id, result_pool) : none;
}

apr_status_t okapi__special_entryid(okapi_propval_t *v, const okapi_store_t *store,
                                    apr_pool_t *result_pool)
{
    for (int i = 0; i < NSPECIALS; i++) {
        if (specials[i].entryid_tag == v->tag && store->special[specials[i].which]) {
            v->v.bin = entryid_of(store, specials[i].which, result_pool);
            return APR_SUCCESS;
        }
    }
    const okapi__special_t *special;
    for (int i = 0; okapi_store_is_public(store) && (special = okapi__public_special(i)); i++) {
        if (special->entryid_tag == v->tag) {
            v->v.bin = entryid_of(store, special->which, result_pool);
            return APR_SUCCESS;
        }
    }
    return OKAPI_ENOTFOUND;
}

static apr_status_t entryids(okapi_propval_t *v, const okapi_store_t *store,
                             const okapi_special_e *which, int n, apr_pool_t *result_pool)
{
    okapi_binary_t *ids = apr_palloc(result_pool, sizeof(*ids) * (apr_size_t)n);
    for (int i = 0; i < n; i++) {
        ids[i] = entryid_of(store, which[i], result_pool);
    }
    v->v.mv.count = (apr_uint32_t)n;
    v->v.mv.v.bin = ids;
    return APR_SUCCESS;
}

/* MS-OXOSFLD 2.2.4: the index says which folder it is. */
apr_status_t okapi__special_ren_entryids(okapi_propval_t *v, const okapi_store_t *store,
                                         apr_pool_t *result_pool)
{
    static const okapi_special_e which[] = {OKAPI_FOLDER_CONFLICTS, OKAPI_FOLDER_SYNC_ISSUES,
                                            OKAPI_FOLDER_LOCAL_FAILURES,
                                            OKAPI_FOLDER_SERVER_FAILURES, OKAPI_FOLDER_JUNK};
    return entryids(v, store, which, 5, result_pool);
}

/* MS-OXOSFLD 2.2.6: nothing, the delegate information and the free/busy message, which clients
 * make and write here, and the folder of the latter. */
apr_status_t okapi__special_freebusy_entryids(okapi_propval_t *v, const okapi_store_t *store,
                                              apr_pool_t *result_pool)
{
    static const okapi_special_e which[] = {OKAPI_FOLDER_NONE, OKAPI_FOLDER_NONE, OKAPI_FOLDER_NONE,
                                            OKAPI_FOLDER_FREEBUSY};
    return entryids(v, store, which, 4, result_pool);
}

/* MS-OXOSFLD 2.2.5: PersistData blocks of one PersistElement each, ended by PERSIST_SENTINEL. */
apr_status_t okapi__special_ren_entryids_ex(okapi_propval_t *v, const okapi_store_t *store,
                                            apr_pool_t *result_pool)
{
    static const struct {
        apr_uint16_t persist_id;
        okapi_special_e which;
    } blocks[] = {{0x8001, OKAPI_FOLDER_RSS},
                  {0x8004, OKAPI_FOLDER_TODO},
                  {0x8006, OKAPI_FOLDER_CONVERSATION_ACTIONS},
                  {0x8008, OKAPI_FOLDER_SUGGESTED_CONTACTS}};
    enum {
        NBLOCKS = sizeof(blocks) / sizeof(blocks[0]),
        RSF_ELID_ENTRYID = 1,
        BLOCK_SIZE = 8 + ENTRYID_SIZE,
        MAX = NBLOCKS * BLOCK_SIZE + 4
    };
    okapi_writer_t w;
    okapi_writer_init(&w, MAX, MAX, result_pool);
    for (int i = 0; i < NBLOCKS; i++) {
        okapi_binary_t id = entryid_of(store, blocks[i].which, result_pool);
        if (id.len) {
            okapi_write_u16(&w, blocks[i].persist_id);
            okapi_write_u16(&w, (apr_uint16_t)(4 + id.len));
            okapi_write_u16(&w, RSF_ELID_ENTRYID);
            okapi_write_u16(&w, (apr_uint16_t)id.len);
            okapi_write_bytes(&w, id.data, id.len);
        }
    }
    okapi_write_u32(&w, 0);
    v->v.bin.data = w.data;
    v->v.bin.len = w.len;
    return okapi_writer_status(&w);
}
