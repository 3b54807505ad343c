/* mapi_item_names.c - names of properties that come from outside.
 *
 * A store has room for some 32,000 names, for ever. What a message that anybody may send calls its
 * properties mustn't fill that: the names all clients use are always made, others while there is
 * plenty of room.
 */
#include "mapi_item.h"

#include <apr_strings.h>

enum { STRANGERS_MAX = 8192 };

/* The properties of MS-OXPROPS 2, by set. */
static const struct {
    const okapi_guid_t *guid;
    apr_uint32_t first, last;
} known_sets[] = {
    {&okapi_psetid_address, 0x8000, 0x80FF}, {&okapi_psetid_task, 0x8100, 0x81FF},
    {&okapi_psetid_appointment, 0x8200, 0x82FF}, {&okapi_psetid_common, 0x8500, 0x85FF},
    {&okapi_psetid_log, 0x8700, 0x87FF}, {&okapi_psetid_sharing, 0x8A00, 0x8AFF},
    {&okapi_psetid_note, 0x8B00, 0x8BFF}, {&okapi_psetid_meeting, 0x0000, 0x003F},
};

static int is_known(const okapi_propname_t *name)
{
    for (size_t i = 0; name->kind == MNID_ID && i < sizeof(known_sets) / sizeof(known_sets[0]); i++)
        if (name->lid >= known_sets[i].first && name->lid <= known_sets[i].last &&
            okapi_guid_equal(&name->guid, known_sets[i].guid))
            return 1;
    return 0;
}

apr_status_t okapi__item_name_ids(okapi_store_t *store, const okapi_propname_t *names, int n,
                                  apr_uint16_t *ids, apr_pool_t *scratch_pool)
{
    apr_array_header_t *all = NULL, *all_ids;
    apr_array_header_t *missing = apr_array_make(scratch_pool, 8, sizeof(okapi_propname_t));
    apr_array_header_t *indexes = apr_array_make(scratch_pool, 8, sizeof(int));
    apr_status_t status = okapi_named_ids(store, names, n, 0, ids, scratch_pool);
    for (int i = 0; status == APR_SUCCESS && i < n; i++) {
        if (ids[i])
            continue;
        if (!is_known(&names[i]) && !all)
            status = okapi_named_list(store, NULL, &all_ids, &all, scratch_pool, scratch_pool);
        if (is_known(&names[i]) ||
            (all && all->nelts + missing->nelts < STRANGERS_MAX)) {
            APR_ARRAY_PUSH(missing, okapi_propname_t) = names[i];
            APR_ARRAY_PUSH(indexes, int) = i;
        }
    }
    if (status != APR_SUCCESS || missing->nelts == 0)
        return status;
    apr_uint16_t *made = apr_pcalloc(scratch_pool, sizeof(*made) * (apr_size_t)missing->nelts);
    status = okapi_named_ids(store, (const okapi_propname_t *)missing->elts, missing->nelts, 1,
                             made, scratch_pool);
    for (int i = 0; status == APR_SUCCESS && i < missing->nelts; i++)
        ids[APR_ARRAY_IDX(indexes, i, int)] = made[i];
    return status;
}
