/* meeting_delegate.c - what delegates get of others' meetings: MS-OXOCAL 3.1.4.7.2.1, MS-OXODLGT
 * 3.3.4.3. The calendar that counts is that of whom they act for. */
#include "meeting_private.h"

#include <string.h>
#include <okapi/delegate.h>
#include <okapi/delivery.h>
#include <okapi/error.h>

static const okapi__person_tags_t rcvd_representing = {
    PR_RCVD_REPRESENTING_NAME,          PR_RCVD_REPRESENTING_ADDRTYPE,
    PR_RCVD_REPRESENTING_EMAIL_ADDRESS, PR_RCVD_REPRESENTING_SMTP_ADDRESS,
    PR_RCVD_REPRESENTING_ENTRYID,       PR_RCVD_REPRESENTING_SEARCH_KEY};

/* For whom the mail says that it came; NULL if it doesn't. */
static apr_status_t named_principal(const char **address, okapi__meeting_t *m)
{
    const okapi_proptag_t tag = PR_TRANSPORT_MESSAGE_HEADERS;
    okapi_propval_t value;
    okapi__field_t field;
    *address = NULL;
    apr_status_t status =
        okapi_object_get(okapi_message_object(m->mail), &tag, 1, 0, &value, m->pool, m->pool);
    if (status != APR_SUCCESS || value.tag != tag)
        return status;
    okapi_binary_t header = {(const unsigned char *)value.v.str, strlen(value.v.str)};
    if (header.len && okapi__field_find(header, '\n', OKAPI_DELEGATED_FIELD, &field))
        *address = okapi__header_text(field.value, NULL, m->pool);
    return APR_SUCCESS;
}

/* Anybody can write a field: it counts if the owner of the mailbox is a delegate of whom it names.
 */
static apr_status_t is_delegate_of(int *is_delegate, okapi__meeting_t *m,
                                   const okapi_user_t *principal)
{
    okapi_store_t *store;
    apr_array_header_t *delegates;
    *is_delegate = 0;
    apr_status_t status = okapi_store_open(&store, okapi_store_engine(m->store), principal,
                                           principal, m->pool, m->pool);
    if (status == APR_SUCCESS)
        status = okapi_delegate_list(&delegates, store, m->pool, m->pool);
    for (int i = 0; status == APR_SUCCESS && i < delegates->nelts; i++)
        *is_delegate |= APR_ARRAY_IDX(delegates, i, okapi_delegate_t).user->id ==
                        okapi_store_owner(m->store)->id;
    return status == OKAPI_EUNKNOWNUSER ? APR_SUCCESS : status;
}

static apr_status_t represent(okapi__meeting_t *m, const okapi_user_t *principal)
{
    okapi_props_t *props = okapi_props_create(m->pool);
    okapi_propval_t values[8];
    int n = 0;
    apr_status_t status = okapi__meeting_put_person(m, props, principal->fullname, principal->email,
                                                    &rcvd_representing);
    for (; n < okapi_props_count(props) && n < 7; n++)
        values[n] = *okapi_props_at(props, n);
    values[n++] = okapi_propval_bool(PR_DELEGATED_BY_RULE, 1);
    return status == APR_SUCCESS
               ? okapi_object_set(okapi_message_object(m->mail), values, n, m->pool)
               : status;
}

apr_status_t okapi__meeting_is_for_owner(int *is_own, okapi__meeting_t *m)
{
    const char *address;
    okapi_user_t *principal;
    int is_delegate = 0;
    *is_own = 1;
    apr_status_t status = named_principal(&address, m);
    if (status != APR_SUCCESS || !address)
        return status;
    status =
        okapi_user_by_address(&principal, okapi_store_engine(m->store), address, m->pool, m->pool);
    if (status == OKAPI_EUNKNOWNUSER)
        return APR_SUCCESS;
    if (status == APR_SUCCESS)
        status = is_delegate_of(&is_delegate, m, principal);
    *is_own = !is_delegate;
    return status == APR_SUCCESS && is_delegate ? represent(m, principal) : status;
}
