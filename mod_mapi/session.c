/* session.c - a session's logons and handles. */
#include "session.h"

#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

mapi_session_t *mapi_session_make(const char *user, apr_pool_t *result_pool)
{
    mapi_session_t *session = apr_pcalloc(result_pool, sizeof(*session));
    unsigned char random[16];
    char *id = apr_palloc(result_pool, 2 * sizeof(random) + 1);

    apr_generate_random_bytes(random, sizeof(random));
    for (apr_size_t i = 0; i < sizeof(random); i++)
        apr_snprintf(id + 2 * i, 3, "%02x", random[i]);
    session->id = id;
    session->user = user;
    session->sequence = 1;
    session->handles = apr_array_make(result_pool, 16, sizeof(mapi_handle_t *));
    session->next_handle = 1;
    session->pool = result_pool;
    return session;
}

/* The index of the first handle whose number isn't below NUMBER. */
static int find(const mapi_session_t *session, apr_uint32_t number)
{
    mapi_handle_t **handles = (mapi_handle_t **)session->handles->elts;
    int low = 0, high = session->handles->nelts;

    while (low < high) {
        int middle = low + (high - low) / 2;

        if (handles[middle]->number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

mapi_handle_t *mapi_session_handle(const mapi_session_t *session, apr_uint32_t number)
{
    int i = find(session, number);

    if (i == session->handles->nelts)
        return NULL;
    mapi_handle_t *handle = APR_ARRAY_IDX(session->handles, i, mapi_handle_t *);
    return handle->number == number ? handle : NULL;
}

mapi_handle_t *mapi_session_add(mapi_session_t *session, mapi_kind_e kind, apr_byte_t logon_id)
{
    if (session->handles->nelts >= MAPI_HANDLE_MAX || session->next_handle == 0xFFFFFFFFu)
        return NULL;
    mapi_handle_t *handle = apr_pcalloc(session->pool, sizeof(*handle));
    handle->number = session->next_handle++;
    handle->kind = kind;
    handle->logon_id = logon_id;
    APR_ARRAY_PUSH(session->handles, mapi_handle_t *) = handle;
    return handle;
}

static void release_logon(mapi_session_t *session, apr_byte_t logon_id)
{
    mapi_handle_t **handles = (mapi_handle_t **)session->handles->elts;
    int kept = 0;

    for (int i = 0; i < session->handles->nelts; i++)
        if (handles[i]->logon_id != logon_id)
            handles[kept++] = handles[i];
    session->handles->nelts = kept;
    session->logons[logon_id] = NULL;
}

mapi_logon_t *mapi_session_logon(mapi_session_t *session, apr_byte_t logon_id, okapi_id_t store_id,
                                 const char *owner)
{
    mapi_logon_t *logon = apr_pcalloc(session->pool, sizeof(*logon));

    release_logon(session, logon_id);
    logon->store_id = store_id;
    logon->owner = apr_pstrdup(session->pool, owner);
    session->logons[logon_id] = logon;
    return logon;
}

int mapi_logon_is_public(const mapi_logon_t *logon)
{
    return logon != NULL && *logon->owner == '\0';
}

apr_status_t mapi_logon_open(okapi_store_t **store, const mapi_logon_t *logon, okapi_t *engine,
                             const okapi_user_t *user, apr_pool_t *result_pool,
                             apr_pool_t *scratch_pool)
{
    okapi_user_t *other;

    if (mapi_logon_is_public(logon))
        return okapi_store_open_public(store, engine, user, result_pool, scratch_pool);
    if (strcmp(logon->owner, user->name) == 0)
        return okapi_store_open(store, engine, user, user, result_pool, scratch_pool);
    apr_status_t rv =
        okapi_user_by_login(&other, engine, logon->owner, result_pool, scratch_pool);
    return rv == APR_SUCCESS
               ? okapi_store_open(store, engine, user, other, result_pool, scratch_pool)
               : rv;
}

void mapi_session_release(mapi_session_t *session, mapi_handle_t *handle)
{
    if (handle->kind == MAPI_KIND_LOGON) {
        release_logon(session, handle->logon_id);
        return;
    }
    mapi_handle_t **handles = (mapi_handle_t **)session->handles->elts;
    int i = find(session, handle->number);
    session->handles->nelts--;
    memmove(handles + i, handles + i + 1,
            (apr_size_t)(session->handles->nelts - i) * sizeof(*handles));
}
