/* submit_recipients.c - for whom a message is that somebody sends. */
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>
#include <okapi/entryid.h>
#include <okapi/error.h>
#include <okapi/group.h>

#include "delivery_private.h"
#include "submit_private.h"
#include "text.h"

enum { ADDRESS_MAX = 320 };

/* Bits of PR_RECIPIENT_TYPE, MS-OXOMSG 2.2.3.1. */
enum { TYPE_MASK = 0x0F, MISSED_IT = 0x10000000 };

typedef struct gathering_t {
    okapi_store_t *store;
    okapi_t *okapi;
    apr_array_header_t *addresses;
    apr_hash_t *seen; /* folded */
    apr_pool_t *pool;
} gathering_t;

static apr_status_t add(void *baton, const char *address)
{
    gathering_t *g = baton;
    const char *folded = okapi__text_fold(address, ADDRESS_MAX, g->pool);
    if (apr_hash_get(g->seen, folded, APR_HASH_KEY_STRING)) {
        return APR_SUCCESS;
    }
    apr_hash_set(g->seen, folded, APR_HASH_KEY_STRING, folded);
    APR_ARRAY_PUSH(g->addresses, const char *) = apr_pstrdup(g->addresses->pool, address);
    return g->addresses->nelts > g->okapi->config->max_recipients ? OKAPI_ETOOMANYRECIPIENTS
                                                                  : APR_SUCCESS;
}

/* ---- groups ---- */

/* The name a recipient would have as a group: of its X.500 name, else of its address here. */
static const char *group_name(const okapi_t *okapi, const okapi_props_t *props,
                              apr_pool_t *result_pool)
{
    const okapi_propval_t *entryid = okapi_props_get(props, PR_ENTRYID);
    const char *email = okapi_props_str(props, PR_EMAIL_ADDRESS, "");
    const char *smtp = okapi_props_str(props, PR_SMTP_ADDRESS, email);
    const char *at = strrchr(smtp, '@');
    const char *dn = entryid ? okapi_entryid_addressbook_dn(entryid->v.bin, result_pool) : NULL;
    if (at) {
        return strcasecmp(at + 1, okapi->config->domain) == 0
                   ? apr_pstrmemdup(result_pool, smtp, (apr_size_t)(at - smtp))
                   : NULL;
    }
    return okapi_user_name_of_dn(okapi, dn ? dn : email, result_pool);
}

static apr_status_t add_members(gathering_t *g, const okapi_group_t *group)
{
    apr_array_header_t *names;
    apr_status_t rv = okapi_group_users(&names, g->okapi, group, g->pool, g->pool);
    for (int i = 0; rv == APR_SUCCESS && i < names->nelts; i++) {
        okapi_user_t *user;
        rv = okapi_user_by_login(&user, g->okapi, APR_ARRAY_IDX(names, i, const char *), g->pool,
                                 g->pool);
        rv = rv == APR_SUCCESS ? add(g, user->email) : rv == OKAPI_EUNKNOWNUSER ? APR_SUCCESS : rv;
    }
    return rv;
}

/* OKAPI_ENOTFOUND if it is no group. */
static apr_status_t add_group(gathering_t *g, okapi_props_t *props)
{
    const char *name = group_name(g->okapi, props, g->pool);
    okapi_group_t *group;
    apr_status_t rv = name ? okapi_group_by_name(&group, g->okapi, name, g->pool, g->pool)
                           : OKAPI_ENOTFOUND;
    if (rv != APR_SUCCESS) {
        return rv;
    }
    okapi_props_set_str(props, PR_SMTP_ADDRESS,
                        apr_pstrcat(g->pool, group->name, "@", g->okapi->config->domain, NULL));
    return add_members(g, group);
}

/* ---- all of them ---- */

static apr_status_t add_recipient(gathering_t *g, const okapi_recipient_t *r)
{
    okapi_message_t *list;
    const char *address;
    apr_status_t rv = okapi__submit_list_of(&list, g->store, r->props, g->pool);
    if (rv != APR_SUCCESS || list) {
        return rv != APR_SUCCESS ? rv : okapi__submit_list(list, 0, add, g, g->pool);
    }
    rv = add_group(g, r->props);
    if (rv != OKAPI_ENOTFOUND) {
        return rv;
    }
    rv = okapi__outgoing_address(&address, g->okapi, r->props, g->pool, g->pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (!address) {
        return add(g, okapi_props_str(r->props, PR_DISPLAY_NAME, "?"));
    }
    okapi_props_set_str(r->props, PR_SMTP_ADDRESS, address);
    return add(g, address);
}

apr_status_t okapi__submit_recipients(apr_array_header_t **addresses, okapi_message_t *message,
                                      apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    int is_resent = (message->row.flags & MSGFLAG_RESEND) != 0;
    gathering_t g = {message->store, message->store->okapi,
                     apr_array_make(result_pool, 8, sizeof(const char *)),
                     apr_hash_make(scratch_pool), scratch_pool};
    apr_status_t rv = APR_SUCCESS;
    *addresses = g.addresses;
    for (int i = 0; rv == APR_SUCCESS && i < message->recipients->nelts; i++) {
        const okapi_recipient_t *r = APR_ARRAY_IDX(message->recipients, i, okapi_recipient_t *);
        int type = r->type & TYPE_MASK;
        if (type >= MAPI_TO && type <= MAPI_BCC && (!is_resent || (r->type & MISSED_IT))) {
            rv = add_recipient(&g, r);
        }
    }
    return rv == APR_SUCCESS && g.addresses->nelts == 0 ? OKAPI_EINVAL : rv;
}

/* ---- who it is from ---- */

apr_status_t okapi__submit_represented(okapi_user_t **user, const char **address,
                                       okapi_message_t *message, apr_pool_t *result_pool,
                                       apr_pool_t *scratch_pool)
{
    static const struct {
        okapi_proptag_t from, to;
    } tags[] = {{PR_SENT_REPRESENTING_ENTRYID, PR_ENTRYID},
                {PR_SENT_REPRESENTING_ADDRTYPE, PR_ADDRTYPE},
                {PR_SENT_REPRESENTING_EMAIL_ADDRESS, PR_EMAIL_ADDRESS},
                {PR_SENT_REPRESENTING_SMTP_ADDRESS, PR_SMTP_ADDRESS}};
    okapi_props_t *props = okapi_props_create(scratch_pool);
    int n = 0;
    *user = NULL;
    *address = NULL;
    for (apr_size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        const okapi_propval_t *v = okapi_props_get(message->bag.props, tags[i].from);
        if (v && OKAPI_PROP_TYPE(v->tag) == OKAPI_PROP_TYPE(tags[i].to)) {
            okapi_propval_t copy = *v;
            copy.tag = tags[i].to;
            okapi_props_set(props, &copy);
            n++;
        }
    }
    if (n == 0) {
        return APR_SUCCESS;
    }
    apr_status_t rv = okapi__outgoing_address(address, message->store->okapi, props, result_pool,
                                              scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    *address = apr_pstrdup(result_pool, *address ? *address : "");
    rv = okapi_user_by_address(user, message->store->okapi, *address, result_pool, scratch_pool);
    if (rv == OKAPI_EUNKNOWNUSER) {
        *user = NULL;
        rv = APR_SUCCESS;
    }
    return rv;
}
