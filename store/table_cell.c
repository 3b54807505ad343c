/* table_cell.c - the values of a table's rows: for their cells, for restrictions, for sorting. */
#include <string.h>

#include <apr_strings.h>
#include <okapi/error.h>

#include "mapi/proptype.h"
#include "object_private.h"
#include "table_private.h"

/* MS-OXCTABL 2.2.2.5.2: bytes of a cell, which are 255 characters of UTF-16. */
enum { CELL_BYTES = 510, CELL_CHARS = CELL_BYTES / 2 };

/* Rows that one message is at most, by the values of one property. */
enum { INSTANCES_MAX = 1000 };

/* Of a large value this much is read to cut it from. */
enum { CELL_LARGE = 4 * CELL_BYTES };

/* ---- what the row in the folder has ---- */

/* Properties the row keeps copies of. The functions give APR_INCOMPLETE if the copy may have been
 * cut, and OKAPI_ENOTFOUND if the message hasn't the property. */
typedef struct row_cell_t {
    okapi_proptag_t tag;
    int needs; /* 0: it is one of TABLE_LIST_COLUMNS */
    apr_status_t (*value)(okapi_propval_t *v, const okapi__message_row_t *row, apr_pool_t *pool);
} row_cell_t;

#define ROW_CELL(name)                                                                            \
    static apr_status_t name(okapi_propval_t *v, const okapi__message_row_t *row, apr_pool_t *pool)

/* As many bytes as the column has characters: perhaps not all of it. */
static apr_status_t give_text(okapi_propval_t *v, const char *text, apr_size_t max)
{
    v->v.str = text;
    return strlen(text) < max ? APR_SUCCESS : APR_INCOMPLETE;
}

static apr_status_t give_time(okapi_propval_t *v, okapi_time_t t)
{
    v->v.time = t;
    return t ? APR_SUCCESS : OKAPI_ENOTFOUND;
}

ROW_CELL(importance)
{
    v->v.i32 = row->importance;
    return APR_SUCCESS;
}

ROW_CELL(message_class)
{
    return give_text(v, row->message_class, OKAPI__CLASS_MAX);
}

ROW_CELL(subject)
{
    v->v.str = *row->prefix ? apr_pstrcat(pool, row->prefix, row->subject, NULL) : row->subject;
    return strlen(row->prefix) < OKAPI__PREFIX_MAX ? APR_SUCCESS : APR_INCOMPLETE;
}

ROW_CELL(prefix)
{
    return give_text(v, row->prefix, OKAPI__PREFIX_MAX);
}

/* No cell shows more of it. */
ROW_CELL(normalized_subject)
{
    v->v.str = row->subject;
    return APR_SUCCESS;
}

ROW_CELL(sender)
{
    return *row->sender ? give_text(v, row->sender, OKAPI__SENDER_MAX) : OKAPI_ENOTFOUND;
}

ROW_CELL(display_to)
{
    v->v.str = row->display_to;
    return APR_SUCCESS;
}

ROW_CELL(submitted)
{
    return give_time(v, row->submitted);
}

ROW_CELL(delivered)
{
    return give_time(v, row->delivered);
}

ROW_CELL(start)
{
    return give_time(v, row->start);
}

ROW_CELL(end)
{
    return give_time(v, row->end);
}

ROW_CELL(icon)
{
    v->v.i32 = row->icon;
    return row->icon != -1 ? APR_SUCCESS : OKAPI_ENOTFOUND;
}

ROW_CELL(flag_status)
{
    v->v.i32 = row->flag_status;
    return row->flag_status ? APR_SUCCESS : OKAPI_ENOTFOUND;
}

static const row_cell_t row_cells[] = {
    {PR_IMPORTANCE, 0, importance},
    {PR_MESSAGE_CLASS, 0, message_class},
    {PR_SUBJECT, 0, subject},
    {PR_CLIENT_SUBMIT_TIME, OKAPI__NEED_ROW, submitted},
    {PR_SUBJECT_PREFIX, 0, prefix},
    {PR_SENT_REPRESENTING_NAME, 0, sender},
    {PR_START_DATE, OKAPI__NEED_ROW, start},
    {PR_END_DATE, OKAPI__NEED_ROW, end},
    {PR_DISPLAY_TO, OKAPI__NEED_ROW, display_to},
    {PR_MESSAGE_DELIVERY_TIME, 0, delivered},
    {PR_NORMALIZED_SUBJECT, 0, normalized_subject},
    {PR_ICON_INDEX, 0, icon},
    {PR_FLAG_STATUS, OKAPI__NEED_ROW, flag_status},
};

enum { ROW_CELLS = sizeof(row_cells) / sizeof(row_cells[0]) };

static okapi_proptag_t as_unicode(okapi_proptag_t tag)
{
    return OKAPI_PROP_TYPE(tag) == PT_STRING8 ? OKAPI_PROP_RETYPE(tag, PT_UNICODE) : tag;
}

static const row_cell_t *row_cell_of(okapi_proptag_t tag)
{
    tag = as_unicode(tag);
    for (int i = 0; i < ROW_CELLS; i++) {
        if (row_cells[i].tag == tag) {
            return &row_cells[i];
        }
    }
    return NULL;
}

/* Of what is computed from the row: flags, size and ids are in lists, the rest isn't. */
static int computed_needs(okapi_proptag_t tag)
{
    switch (tag) {
    case PR_INTERNET_ARTICLE_NUMBER:
    case PR_CREATION_TIME:
    case PR_LAST_MODIFICATION_TIME:
    case PR_LOCAL_COMMIT_TIME:
    case PR_CHANGE_KEY:
    case PR_PREDECESSOR_CHANGE_LIST:
    case PR_CHANGE_NUM:
        return OKAPI__NEED_ROW;
    default:
        return 0;
    }
}

int okapi__cell_needs(okapi_proptag_t tag)
{
    const row_cell_t *cell = row_cell_of(tag);
    if (cell) {
        return cell->needs;
    }
    for (const okapi__computed_t *c = okapi__message_computed; c->tag; c++) {
        if (c->tag == as_unicode(tag)) {
            return c->flags & OKAPI__PROP_ROW ? computed_needs(c->tag) : OKAPI__NEED_PROPS;
        }
    }
    return OKAPI__NEED_PROPS;
}

int okapi__cells_need(const okapi_proptag_t *tags, int n)
{
    int needs = 0;
    for (int i = 0; i < n; i++) {
        needs |= okapi__cell_needs(tags[i]);
    }
    return needs;
}

const okapi_proptag_t *okapi__cell_tags(void)
{
    static const okapi_proptag_t tags[] = {
        PR_CLIENT_SUBMIT_TIME, PR_SENT_REPRESENTING_NAME, PR_START_DATE, PR_END_DATE,
        PR_MESSAGE_DELIVERY_TIME, PR_ICON_INDEX, PR_FLAG_STATUS, PR_SENDER_NAME,
        PR_CONVERSATION_TOPIC, PR_CONVERSATION_INDEX, PR_INTERNET_MESSAGE_ID, PR_SEARCH_KEY, 0
    };
    return tags;
}

/* ---- values ---- */

/* Only the row of a table: an opened message may have pending changes. */
static const okapi__message_row_t *row_of(const okapi_object_t *object)
{
    const okapi_message_t *message = (const okapi_message_t *)object;
    return okapi_object_kind(object) == OKAPI_OBJECT_MESSAGE && !message->dirty ? &message->row
                                                                               : NULL;
}

static apr_status_t object_value(okapi_propval_t *v, okapi_object_t *object, okapi_proptag_t tag,
                                 apr_size_t limit, apr_pool_t *result_pool,
                                 apr_pool_t *scratch_pool)
{
    const okapi__message_row_t *row = row_of(object);
    const row_cell_t *cell = row ? row_cell_of(tag) : NULL;
    apr_status_t rv = APR_INCOMPLETE;
    if (cell) {
        v->tag = tag;
        rv = cell->value(v, row, result_pool);
    }
    if (rv == OKAPI_ENOTFOUND) {
        *v = okapi_propval_error(tag, okapi_error_mapi(rv));
        return APR_SUCCESS;
    }
    return rv == APR_INCOMPLETE ? okapi__object_value(v, object, tag, limit, result_pool,
                                                      scratch_pool)
                                : rv;
}

/* The tag of all values of which TAG, with MV_INSTANCE, is one. */
static okapi_proptag_t all_values(okapi_proptag_t tag)
{
    return tag & ~(okapi_proptag_t)MV_INSTANCE;
}

apr_status_t okapi__cell_instances(apr_uint32_t *n, okapi_object_t *object,
                                   const okapi__view_t *view, apr_pool_t *scratch_pool)
{
    okapi_propval_t v;
    *n = 1;
    if (!view->instance_tag) {
        return APR_SUCCESS;
    }
    apr_status_t rv = object_value(&v, object, all_values(view->instance_tag), 0, scratch_pool,
                                   scratch_pool);
    if (rv == APR_SUCCESS && OKAPI_PROP_TYPE(v.tag) & MV_FLAG && v.v.mv.count > 1) {
        *n = v.v.mv.count < INSTANCES_MAX ? v.v.mv.count : INSTANCES_MAX;
    }
    return rv;
}

/* The one of several values that the row is of. */
static apr_status_t instance_value(okapi_propval_t *v, const okapi__ref_t *ref,
                                   okapi_proptag_t tag, apr_pool_t *result_pool,
                                   apr_pool_t *scratch_pool)
{
    okapi_propval_t all;
    apr_status_t rv = object_value(&all, ref->object, all_values(tag), 0, result_pool,
                                   scratch_pool);
    if (rv == APR_SUCCESS && !okapi__propval_element(v, &all, ref->instance)) {
        *v = okapi_propval_error(tag, okapi_error_mapi(OKAPI_ENOTFOUND));
    }
    return rv;
}

apr_status_t okapi__cell_value(okapi_propval_t *v, const okapi__ref_t *ref,
                               const okapi__view_t *view, okapi_proptag_t tag, apr_size_t limit,
                               apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    if (view && okapi__shaped_value(v, ref, view, tag, result_pool)) {
        return APR_SUCCESS;
    }
    return OKAPI_PROP_TYPE(tag) & MV_INSTANCE
               ? instance_value(v, ref, tag, result_pool, scratch_pool)
               : object_value(v, ref->object, tag, limit, result_pool, scratch_pool);
}

/* The beginning of a large value. */
static apr_status_t beginning(okapi_propval_t *v, okapi_object_t *object, okapi_proptag_t tag,
                              apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    okapi_stream_t *stream;
    apr_size_t len = CELL_LARGE;
    char *data = apr_palloc(result_pool, CELL_LARGE + 1);
    apr_status_t rv = object->object_class->stream(&stream, object, as_unicode(tag), scratch_pool,
                                                   scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi_stream_read_at(stream, 0, data, &len, scratch_pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    data[len] = '\0';
    *v = as_unicode(tag) == tag && OKAPI_PROP_TYPE(tag) != PT_UNICODE
             ? okapi_propval_bin(tag, data, len)
             : okapi_propval_str(tag, data);
    return APR_SUCCESS;
}

/* Cuts to so many UTF-16 units, between characters. */
static const char *cut_text(const char *text, apr_size_t max, apr_pool_t *result_pool)
{
    const unsigned char *p = (const unsigned char *)text;
    apr_size_t units = 0;
    while (*p) {
        units += *p >= 0xF0 ? 2 : 1;
        if (units > max) {
            return apr_pstrmemdup(result_pool, text, (apr_size_t)(p - (const unsigned char *)text));
        }
        do {
            p++;
        } while ((*p & 0xC0) == 0x80);
    }
    return text;
}

apr_status_t okapi__cell(okapi_propval_t *v, const okapi__ref_t *ref, const okapi__view_t *view,
                         okapi_proptag_t tag, apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    okapi_object_t *object = ref->object;
    apr_status_t rv = okapi__cell_value(v, ref, view, tag, 2 * OKAPI__LARGE_VALUE + 2, result_pool,
                                        scratch_pool);
    if (rv == APR_SUCCESS && OKAPI_PROP_TYPE(v->tag) == PT_ERROR &&
        v->v.error == okapi_error_mapi(OKAPI_ENOMEMORY) && object->object_class->stream) {
        rv = beginning(v, object, tag, result_pool, scratch_pool);
        if (rv == OKAPI_ENOTFOUND) { /* no large value: a long one of another kind */
            *v = okapi_propval_error(tag, okapi_error_mapi(OKAPI_ENOMEMORY));
            rv = APR_SUCCESS;
        }
    }
    if (rv == APR_SUCCESS) {
        switch (OKAPI_PROP_TYPE(v->tag)) {
        case PT_UNICODE:
        case PT_STRING8:
            v->v.str = cut_text(v->v.str, CELL_CHARS, result_pool);
            break;
        case PT_BINARY:
            v->v.bin.len = v->v.bin.len < CELL_BYTES ? v->v.bin.len : CELL_BYTES;
            break;
        default:
            break;
        }
    }
    return rv;
}

/* ---- restrictions ---- */

typedef struct matching_t {
    okapi__ref_t ref; /* of a table's row, or of an object of it alone: then VIEW is NULL */
    const okapi__view_t *view;
    const okapi_recipient_t *recipient; /* instead of an object */
    apr_status_t status;
    apr_pool_t *pool;
} matching_t;

static const okapi_propval_t *object_get(void *baton, okapi_proptag_t tag)
{
    matching_t *m = baton;
    okapi_propval_t *v = apr_palloc(m->pool, sizeof(*v));
    apr_status_t rv = okapi__cell_value(v, &m->ref, m->view, tag, 0, m->pool, m->pool);
    if (rv != APR_SUCCESS) {
        m->status = rv;
        return NULL;
    }
    return OKAPI_PROP_TYPE(v->tag) == PT_ERROR ? NULL : v;
}

static const okapi_propval_t *recipient_get(void *baton, okapi_proptag_t tag)
{
    matching_t *m = baton;
    if (tag == PR_RECIPIENT_TYPE) {
        okapi_propval_t *v = apr_palloc(m->pool, sizeof(*v));
        *v = okapi_propval_i32(tag, m->recipient->type);
        return v;
    }
    return okapi_props_get(m->recipient->props, tag);
}

typedef int (*visit_t)(const okapi_row_getter_t *sub, void *baton);

static int visit_recipients(matching_t *m, okapi_message_t *message, visit_t visit, void *baton)
{
    int stop = 0;
    m->status = okapi__message_need(message, m->pool);
    for (int i = 0; m->status == APR_SUCCESS && !stop && i < message->recipients->nelts; i++) {
        matching_t sub = {.recipient = okapi_message_recipient(message, i), .pool = m->pool};
        const okapi_row_getter_t getter = {recipient_get, NULL, &sub};
        stop = visit(&getter, baton);
    }
    return stop;
}

static int visit_attachments(matching_t *m, okapi_message_t *message, visit_t visit, void *baton)
{
    int stop = 0;
    m->status = okapi__attachments_need(message, m->pool);
    for (int i = 0; m->status == APR_SUCCESS && !stop && i < message->attachments->nelts; i++) {
        matching_t sub = {.pool = m->pool};
        sub.ref.object = okapi_attachment_object(APR_ARRAY_IDX(message->attachments, i,
                                                               okapi_attachment_t *));
        const okapi_row_getter_t getter = {object_get, NULL, &sub};
        stop = visit(&getter, baton);
        m->status = sub.status;
    }
    return stop;
}

static int visit_subobjects(void *baton, okapi_proptag_t table, visit_t visit, void *visit_baton)
{
    matching_t *m = baton;
    okapi_message_t *message = (okapi_message_t *)m->ref.object;
    if (okapi_object_kind(m->ref.object) != OKAPI_OBJECT_MESSAGE || m->ref.category) {
        return 0;
    }
    switch (table) {
    case PR_MESSAGE_RECIPIENTS:
        return visit_recipients(m, message, visit, visit_baton);
    case PR_MESSAGE_ATTACHMENTS:
        return visit_attachments(m, message, visit, visit_baton);
    default:
        return 0;
    }
}

int okapi__cell_match(const okapi__ref_t *ref, const okapi__view_t *view,
                      const okapi_restriction_t *restriction, apr_status_t *status,
                      apr_pool_t *scratch_pool)
{
    matching_t m = {.ref = *ref, .view = view, .pool = scratch_pool};
    const okapi_row_getter_t getter = {object_get, visit_subobjects, &m};
    int matches = okapi_restriction_match(restriction, &getter, scratch_pool);
    if (m.status != APR_SUCCESS) {
        *status = m.status;
    }
    return matches && m.status == APR_SUCCESS;
}
