/* private.c - private messages, of which others see that there is something and when
 * (MS-OXCMSG 2.2.1.13, MS-OXODLGT 3.2.4.2).
 *
 * Whether a message is private is decided when it is saved and kept in a bit of its row's flags.
 * Whoever may not see it is given a message of which only the properties below are left: nothing
 * else gets into memory that could be asked, sorted or searched for.
 */
#include <okapi/named.h>

#include "access.h"
#include "message_private.h"

enum { SENSITIVITY_PRIVATE = 2, LID_PRIVATE = 0x8506, NAMED_MAX = 16 };

/* What stands for the subject. */
static const char veiled_subject[] = "Private";

static const okapi_proptag_t open_tags[] = {PR_MESSAGE_CLASS, PR_SENSITIVITY, PR_START_DATE,
                                            PR_END_DATE, PR_OWNER_APPT_ID, PR_SEARCH_KEY};

/* The recurrence isn't among them: its exceptions carry subjects and locations of their own. */
static const struct {
    const okapi_guid_t *set;
    apr_uint32_t lid;
} open_names[] = {{&okapi_psetid_common, LID_PRIVATE},
                  {&okapi_psetid_common, 0x8516},       /* PidLidCommonStart */
                  {&okapi_psetid_common, 0x8517},       /* PidLidCommonEnd */
                  {&okapi_psetid_appointment, 0x8205},  /* PidLidBusyStatus */
                  {&okapi_psetid_appointment, 0x820D},  /* PidLidAppointmentStartWhole */
                  {&okapi_psetid_appointment, 0x820E},  /* PidLidAppointmentEndWhole */
                  {&okapi_psetid_appointment, 0x8213},  /* PidLidAppointmentDuration */
                  {&okapi_psetid_appointment, 0x8215},  /* PidLidAppointmentSubType: all day */
                  {&okapi_psetid_appointment, 0x8223}}; /* PidLidRecurring */

enum {
    NTAGS = sizeof(open_tags) / sizeof(open_tags[0]),
    NNAMES = sizeof(open_names) / sizeof(open_names[0])
};

apr_status_t okapi__private_prepare(okapi_store_t *store, apr_pool_t *scratch_pool)
{
    okapi_propname_t names[NNAMES];
    if (store->sees_private || store->open_ids) {
        return APR_SUCCESS;
    }
    for (int i = 0; i < NNAMES; i++) {
        names[i] = (okapi_propname_t){*open_names[i].set, MNID_ID, open_names[i].lid, NULL};
    }
    apr_uint16_t *ids = apr_palloc(store->pool, sizeof(*ids) * NNAMES);
    apr_status_t rv = okapi_named_ids(store, names, NNAMES, 0, ids, scratch_pool);
    store->open_ids = rv == APR_SUCCESS ? ids : NULL;
    return rv;
}

apr_status_t okapi__private_mark(okapi_message_t *message, okapi__message_row_t *row,
                                 apr_pool_t *scratch_pool)
{
    const okapi_props_t *props = message->bag.props;
    const okapi_propname_t name = {okapi_psetid_common, MNID_ID, LID_PRIVATE, NULL};
    int n = okapi_props_count(props);
    int is_private = okapi_props_int(props, PR_SENSITIVITY, 0) == SENSITIVITY_PRIVATE;
    if (!is_private && n && OKAPI_PROP_IS_NAMED(okapi_props_at(props, n - 1)->tag)) {
        apr_uint16_t id;
        apr_status_t rv = okapi_named_ids(message->store, &name, 1, 0, &id, scratch_pool);
        if (rv != APR_SUCCESS) {
            return rv;
        }
        is_private = id && okapi_props_int(props, OKAPI_PROP_TAG(PT_BOOLEAN, id), 0);
    }
    row->flags &= ~(apr_uint32_t)OKAPI__MSGFLAG_PRIVATE;
    row->flags |= is_private ? OKAPI__MSGFLAG_PRIVATE : 0;
    return APR_SUCCESS;
}

static int is_open(const okapi_store_t *store, okapi_proptag_t tag)
{
    for (int i = 0; i < NTAGS; i++) {
        if (open_tags[i] == tag) {
            return 1;
        }
    }
    for (int i = 0; store->open_ids && i < NNAMES; i++) {
        if (store->open_ids[i] && store->open_ids[i] == OKAPI_PROP_ID(tag)) {
            return 1;
        }
    }
    return 0;
}

void okapi__message_admit(okapi_message_t *message, apr_uint32_t rights)
{
    const okapi_store_t *store = message->store;
    okapi__message_row_t *row = &message->row;
    message->rights =
        okapi__message_rights(store, rights, row->part, row->flags, row->creator);
    message->hidden = okapi__message_hidden(store, row->flags, row->creator);
    if (message->hidden) {
        row->subject = veiled_subject;
        row->prefix = row->subject_key = row->sender = row->sender_key = row->display_to = "";
        row->flags &= ~(apr_uint32_t)MSGFLAG_HASATTACH;
    }
}

void okapi__private_veil(okapi_message_t *message)
{
    okapi_props_t *kept = okapi_props_create(message->pool);
    const okapi_props_t *props = message->bag.props;
    for (int i = 0; i < okapi_props_count(props); i++) {
        const okapi_propval_t *v = okapi_props_at(props, i);
        if (is_open(message->store, v->tag)) {
            okapi_props_set(kept, v);
        }
    }
    okapi_props_set_str(kept, PR_NORMALIZED_SUBJECT, veiled_subject);
    message->bag.props = kept;
    apr_array_clear(message->recipients);
}
