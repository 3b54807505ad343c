/* permission_row.c - an entry of a folder's permissions as a row of a table (MS-OXCPERM 2.2.4 to
 * 2.2.7). */
#include <okapi/entryid.h>

#include "access.h"

enum { DISPLAY_TYPE_USER = 0, DISPLAY_TYPE_GROUP = 1 }; /* DT_MAILUSER, DT_DISTLIST */

typedef struct row_t {
    okapi_object_t object;
    okapi_props_t *props;
} row_t;

static apr_status_t stored(const okapi_props_t **props, okapi_object_t *object,
                           apr_pool_t *scratch_pool)
{
    *props = ((row_t *)object)->props;
    return APR_SUCCESS;
}

static const okapi__computed_t nothing_computed[] = {{0, 0, NULL}};

static const okapi__object_class_t row_class = {
    .kind = OKAPI_OBJECT_PERMISSION,
    .computed = nothing_computed,
    .stored = stored,
};

/* Of the two reserved entries it is empty. */
static okapi_binary_t entryid_of(okapi_t *okapi, const okapi_permission_t *entry,
                                 apr_pool_t *result_pool)
{
    const okapi_user_t member = {.name = entry->name};
    return *entry->name ? okapi_entryid_addressbook(
                              okapi_user_dn(okapi, &member, result_pool),
                              entry->is_group ? DISPLAY_TYPE_GROUP : DISPLAY_TYPE_USER, result_pool)
                        : (okapi_binary_t){(const unsigned char *)"", 0};
}

okapi_object_t *okapi__permission_object(okapi_t *okapi, const okapi_permission_t *entry,
                                         apr_pool_t *result_pool)
{
    row_t *row = apr_palloc(result_pool, sizeof(*row));
    okapi_binary_t entryid = entryid_of(okapi, entry, result_pool);
    const okapi_propval_t id = okapi_propval_i64(PR_MEMBER_ID, entry->member_id),
                          bytes = okapi_propval_bin(PR_ENTRYID, entryid.data, entryid.len);
    row->object.object_class = &row_class;
    row->props = okapi_props_create(result_pool);
    okapi_props_set(row->props, &bytes);
    okapi_props_set(row->props, &id);
    okapi_props_set_str(row->props, PR_MEMBER_NAME, entry->display_name);
    okapi_props_set_i32(row->props, PR_MEMBER_RIGHTS, (apr_int32_t)entry->rights);
    return &row->object;
}

const okapi_proptag_t *okapi__permission_tags(int *n)
{
    static const okapi_proptag_t tags[] = {PR_ENTRYID, PR_MEMBER_ID, PR_MEMBER_NAME,
                                           PR_MEMBER_RIGHTS};
    *n = sizeof(tags) / sizeof(tags[0]);
    return tags;
}
