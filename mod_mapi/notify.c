/* notify.c - notifications (MS-OXCNOTIF): from cursors in the change sequence to RopNotify.
 *
 * Nothing is queued. A subscription or table holds the change number up to which its client has
 * been told; what there is to tell is read from the store's changes when somebody asks.
 */
#include "notify.h"

#include <okapi/search.h>

#define CHANGES_MAX 256 /* read at once */
#define EVENTS_MAX  3   /* of one change: new mail, created, its folder modified */

enum { /* NotificationFlags, MS-OXCNOTIF 2.2.1.4.1.2; the types are also those of subscriptions */
       NOTIFY_NEW_MAIL = 0x0002,
       NOTIFY_CREATED = 0x0004,
       NOTIFY_DELETED = 0x0008,
       NOTIFY_MODIFIED = 0x0010,
       NOTIFY_SEARCH_COMPLETE = 0x0080,
       NOTIFY_TABLE_MODIFIED = 0x0100,
       NOTIFY_HAS_TOTAL = 0x1000,
       NOTIFY_HAS_UNREAD = 0x2000,
       NOTIFY_IN_SEARCH_FOLDER = 0x4000,
       NOTIFY_IS_MESSAGE = 0x8000
};

#define TABLE_CHANGED 0x0001 /* TableEventType: read it again */

/* Takes the N events of one change, or none of them: 0 ends the walk before this change. */
typedef int (*events_fn)(void *baton, const rop_notify_response_t *events, int n);

/* One look over a session's cursors. */
typedef struct watch_t {
    mapi_session_t *session;
    okapi_t *engine;
    const okapi_user_t *user;
    okapi_store_t *store[MAPI_LOGON_MAX]; /* by logon id; NULL: not looked at yet */
    okapi_cn_t cn[MAPI_LOGON_MAX];        /* its last change number; 0: likewise */
    events_fn take;
    void *baton;
    int ended; /* TAKE has had enough */
    apr_pool_t *pool;
} watch_t;

/* ---- events of a change ---- */

static rop_notify_response_t *add_event(rop_notify_response_t *events, int *n,
                                        const mapi_handle_t *handle, int flags)
{
    rop_notify_response_t *e = &events[(*n)++];
    *e = (rop_notify_response_t){.notification_handle = handle->number,
                                 .logon_id = handle->logon_id,
                                 .notification_flags = (apr_uint16_t)flags};
    return e;
}

static int event_type(okapi_change_e kind)
{
    switch (kind) {
    case OKAPI_CHANGE_CREATED:
        return NOTIFY_CREATED;
    case OKAPI_CHANGE_DELETED:
        return NOTIFY_DELETED;
    default:
        return NOTIFY_MODIFIED;
    }
}

static void object_events(rop_notify_response_t *events, int *n, const mapi_handle_t *handle,
                          const okapi_change_t *change)
{
    okapi_change_e kind = okapi_change_kind(change, handle->u.subscription.told_cn);
    int types = handle->u.subscription.types;
    int about = NOTIFY_IS_MESSAGE | (change->is_link ? NOTIFY_IN_SEARCH_FOLDER : 0);
    if (change->is_folder) {
        if ((types & NOTIFY_SEARCH_COMPLETE) &&
            change->found_cn > handle->u.subscription.told_cn) {
            add_event(events, n, handle, NOTIFY_SEARCH_COMPLETE)->folder_id = change->id;
        }
        if (types & event_type(kind)) {
            rop_notify_response_t *e = add_event(events, n, handle, event_type(kind));
            e->folder_id = change->id;
            e->parent_folder_id = change->folder_id;
        }
        return;
    }
    if (kind == OKAPI_CHANGE_CREATED && change->is_delivered && (types & NOTIFY_NEW_MAIL)) {
        rop_notify_response_t *e =
            add_event(events, n, handle, NOTIFY_NEW_MAIL | NOTIFY_IS_MESSAGE);
        e->folder_id = change->folder_id;
        e->message_id = change->id;
        e->message_flags = change->flags;
        e->message_class = change->message_class;
    }
    if (types & event_type(kind)) {
        rop_notify_response_t *e = add_event(events, n, handle, event_type(kind) | about);
        e->folder_id = change->folder_id;
        e->message_id = change->id;
        e->parent_folder_id = change->folder_id;
    }
}

/* A message that comes, goes or is read changes its folder's counts: the client shows them. */
static void count_event(rop_notify_response_t *events, int *n, const mapi_handle_t *handle,
                        okapi_folder_t *folder, apr_pool_t *pool)
{
    okapi_folder_stat_t stat;
    if (!(handle->u.subscription.types & NOTIFY_MODIFIED) ||
        okapi_folder_stat(folder, &stat, pool) != APR_SUCCESS) {
        return;
    }
    rop_notify_response_t *e =
        add_event(events, n, handle, NOTIFY_MODIFIED | NOTIFY_HAS_TOTAL | NOTIFY_HAS_UNREAD);
    e->folder_id = okapi_folder_id(folder);
    e->total_message_count = (apr_uint32_t)stat.content;
    e->unread_message_count = (apr_uint32_t)stat.unread;
}

static int in_scope(const mapi_handle_t *handle, const okapi_change_t *change)
{
    const mapi_place_t *place = &handle->place;
    switch (handle->object) {
    case MAPI_KIND_FOLDER:
        return change->folder_id == place->folder_id ||
               (change->is_folder && change->id == place->folder_id);
    case MAPI_KIND_MESSAGE:
        return !change->is_folder && change->id == place->message_id;
    default:
        return 1;
    }
}

/* Is a later one of CHANGES about a message of the same folder? Then that one tells the counts. */
static int counts_come_later(const apr_array_header_t *changes, int i)
{
    okapi_id_t folder_id = APR_ARRAY_IDX(changes, i, okapi_change_t).folder_id;
    while (++i < changes->nelts) {
        const okapi_change_t *c = &APR_ARRAY_IDX(changes, i, okapi_change_t);
        if (!c->is_folder && c->folder_id == folder_id) {
            return 1;
        }
    }
    return 0;
}

/* What HANDLE's client is told of the I-th of CHANGES; nothing of a folder that it may not see. */
static int change_events(rop_notify_response_t *events, const mapi_handle_t *handle,
                         okapi_store_t *store, const apr_array_header_t *changes, int i,
                         apr_pool_t *pool)
{
    const okapi_change_t *change = &APR_ARRAY_IDX(changes, i, okapi_change_t);
    int n = 0;
    if (!in_scope(handle, change)) {
        return 0;
    }
    okapi_folder_t *folder;
    if (okapi_folder_open(&folder, store, change->folder_id, pool, pool) != APR_SUCCESS) {
        return 0;
    }
    object_events(events, &n, handle, change);
    if (!change->is_folder && handle->object != MAPI_KIND_MESSAGE &&
        !counts_come_later(changes, i)) {
        count_event(events, &n, handle, folder, pool);
    }
    return n;
}

/* ---- walking ---- */

/* In steps, and in several Executes if the client's buffers are small. What is told of an object is
 * what happened to it since the walk began, not since the step before: told_cn. */
static apr_status_t walk_subscription(watch_t *watch, mapi_handle_t *handle, okapi_store_t *store,
                                      apr_pool_t *iterpool)
{
    okapi_cn_t *cursor = &handle->u.subscription.cn;
    while (*cursor < watch->cn[handle->logon_id]) {
        apr_array_header_t *changes;
        okapi_cn_t upto;
        apr_pool_clear(iterpool);
        apr_status_t rv =
            okapi_changes(&changes, &upto, store, 0, *cursor, CHANGES_MAX, iterpool, iterpool);
        if (rv != APR_SUCCESS) {
            return rv;
        }
        for (int i = 0; i < changes->nelts; i++) {
            rop_notify_response_t events[EVENTS_MAX];
            int n = change_events(events, handle, store, changes, i, iterpool);
            if (n > 0 && !watch->take(watch->baton, events, n)) {
                watch->ended = 1;
                return APR_SUCCESS;
            }
            *cursor = APR_ARRAY_IDX(changes, i, okapi_change_t).cn;
        }
        *cursor = upto;
    }
    handle->u.subscription.told_cn = *cursor;
    return APR_SUCCESS;
}

/* A contents table shows its folder's messages, a hierarchy table folders with their counts, which
 * any message changes. */
static apr_status_t table_changed(int *changed, const watch_t *watch, const mapi_handle_t *handle,
                                  okapi_store_t *store, apr_pool_t *iterpool)
{
    int contents = handle->u.table.kind == OKAPI_TABLE_CONTENTS;
    okapi_id_t folder_id = contents ? handle->place.folder_id : 0;
    okapi_cn_t since = handle->u.table.cn;
    *changed = 0;
    while (!*changed && since < watch->cn[handle->logon_id]) {
        apr_array_header_t *changes;
        apr_pool_clear(iterpool);
        apr_status_t rv = okapi_changes(&changes, &since, store, folder_id, since, CHANGES_MAX,
                                        iterpool, iterpool);
        if (rv == OKAPI_ESYNC) { /* a search that has begun anew, or somebody long away */
            *changed = 1;
            return APR_SUCCESS;
        }
        if (rv != APR_SUCCESS) {
            return rv;
        }
        for (int i = 0; i < changes->nelts && !*changed; i++) {
            *changed = !contents || !APR_ARRAY_IDX(changes, i, okapi_change_t).is_folder;
        }
    }
    return APR_SUCCESS;
}

static apr_status_t walk_table(watch_t *watch, mapi_handle_t *handle, okapi_store_t *store,
                               apr_pool_t *iterpool)
{
    int changed;
    apr_status_t rv = table_changed(&changed, watch, handle, store, iterpool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rop_notify_response_t event;
    int n = 0;
    add_event(&event, &n, handle, NOTIFY_TABLE_MODIFIED)->table_event_type = TABLE_CHANGED;
    if (changed && !watch->take(watch->baton, &event, 1)) {
        watch->ended = 1;
        return APR_SUCCESS;
    }
    handle->u.table.cn = watch->cn[handle->logon_id];
    return APR_SUCCESS;
}

/* Where HANDLE keeps its cursor; NULL if it wants no notifications. */
static okapi_cn_t *cursor_of(mapi_handle_t *handle)
{
    if (handle->kind == MAPI_KIND_SUBSCRIPTION) {
        return &handle->u.subscription.cn;
    }
    if (handle->kind == MAPI_KIND_TABLE && !handle->u.table.silent && handle->u.table.cn != 0) {
        return &handle->u.table.cn;
    }
    return NULL;
}

static apr_status_t open_store(watch_t *watch, int logon_id, okapi_store_t **store)
{
    if (watch->store[logon_id] == NULL) {
        apr_status_t rv =
            mapi_logon_open(&watch->store[logon_id], watch->session->logons[logon_id],
                            watch->engine, watch->user, watch->pool, watch->pool);
        /* What search folders show is told of up to the same change as everything else. */
        if (rv == APR_SUCCESS) {
            rv = okapi_search_update(watch->store[logon_id], watch->pool);
        }
        if (rv == APR_SUCCESS) {
            rv = okapi_store_cn(watch->store[logon_id], &watch->cn[logon_id], watch->pool);
        }
        if (rv != APR_SUCCESS) {
            return rv;
        }
    }
    *store = watch->store[logon_id];
    return APR_SUCCESS;
}

static apr_status_t walk_handle(watch_t *watch, mapi_handle_t *handle, okapi_cn_t *cursor)
{
    int logon_id = handle->logon_id;
    const mapi_logon_t *logon = watch->session->logons[logon_id];
    apr_status_t rv = APR_SUCCESS;
    if (watch->cn[logon_id] == 0) {
        rv =
            okapi_store_cn_by_id(watch->engine, logon->store_id, &watch->cn[logon_id], watch->pool);
    }
    if (rv != APR_SUCCESS || watch->cn[logon_id] <= *cursor) {
        return rv;
    }
    okapi_store_t *store;
    rv = open_store(watch, logon_id, &store);
    if (rv == APR_SUCCESS) {
        apr_pool_t *iterpool;
        apr_pool_create(&iterpool, watch->pool);
        rv = handle->kind == MAPI_KIND_TABLE ? walk_table(watch, handle, store, iterpool)
                                             : walk_subscription(watch, handle, store, iterpool);
        apr_pool_destroy(iterpool);
    }
    if (rv == OKAPI_ESYNC) { /* so far behind that what was deleted since is forgotten */
        *cursor = watch->cn[logon_id];
        if (handle->kind == MAPI_KIND_SUBSCRIPTION) {
            handle->u.subscription.told_cn = *cursor;
        }
        return APR_SUCCESS;
    }
    return rv;
}

/* Gives TAKE what every cursor of the session has to tell, and moves the cursors past it. */
static apr_status_t walk(watch_t *watch)
{
    apr_array_header_t *handles = watch->session->handles;
    apr_status_t rv = APR_SUCCESS;
    for (int i = 0; i < handles->nelts && rv == APR_SUCCESS && !watch->ended; i++) {
        mapi_handle_t *handle = APR_ARRAY_IDX(handles, i, mapi_handle_t *);
        okapi_cn_t *cursor = cursor_of(handle);
        if (cursor != NULL) {
            rv = walk_handle(watch, handle, cursor);
        }
    }
    return rv;
}

static watch_t *make_watch(mapi_session_t *session, okapi_t *engine, const okapi_user_t *user,
                           events_fn take, void *baton, apr_pool_t *pool)
{
    watch_t *watch = apr_pcalloc(pool, sizeof(*watch));
    watch->session = session;
    watch->engine = engine;
    watch->user = user;
    watch->take = take;
    watch->baton = baton;
    watch->pool = pool;
    return watch;
}

/* ---- is there anything? ---- */

static int take_none(void *baton, const rop_notify_response_t *events, int n)
{
    return 0;
}

apr_status_t mapi_session_has_events(mapi_session_t *session, okapi_t *engine,
                                     const okapi_user_t *user, int *events,
                                     apr_pool_t *scratch_pool)
{
    watch_t *watch = make_watch(session, engine, user, take_none, NULL, scratch_pool);
    apr_status_t rv = walk(watch);
    *events = watch->ended;
    return rv;
}

/* ---- telling ---- */

#define PENDING_SIZE 3 /* RopId and SessionIndex of RopPending */

typedef struct telling_t {
    okapi_writer_t *w;
    const rop_codec_t *codec;
} telling_t;

static int take_written(void *baton, const rop_notify_response_t *events, int n)
{
    telling_t *telling = baton;
    okapi_writer_t *w = telling->w;
    apr_size_t before = w->len;
    rop_response_t res = {.h.id = ROP_NOTIFY};
    for (int i = 0; i < n; i++) {
        res.u.rop_notify = events[i];
        rop_response_write(w, &res, telling->codec);
    }
    if (okapi_writer_status(w) != APR_SUCCESS) {
        okapi_writer_truncate(w, before);
        return 0;
    }
    return 1;
}

apr_status_t mapi_notify_append(mapi_rop_ctx_t *ctx, okapi_writer_t *w)
{
    if (w->max - w->len < PENDING_SIZE) {
        return APR_SUCCESS;
    }
    telling_t telling = {w, &ctx->codec};
    watch_t *watch =
        make_watch(ctx->session, ctx->engine, ctx->user, take_written, &telling, ctx->scratch_pool);
    w->max -= PENDING_SIZE;
    apr_status_t rv = walk(watch);
    w->max += PENDING_SIZE;
    if (rv == APR_SUCCESS && watch->ended) {
        rop_response_t pending = {.h.id = ROP_PENDING};
        rop_response_write(w, &pending, &ctx->codec);
    }
    return rv;
}
