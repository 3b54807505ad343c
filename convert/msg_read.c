/* msg_read.c - a .msg file as a tree: MS-OXMSG 2. */
#include "msg.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <apr_strings.h>
#include <okapi/error.h>

typedef struct msg_t {
    apr_array_header_t *names; /* okapi_propname_t * */
    okapi__item_limits_t limits;
    const char **why;
    apr_pool_t *pool;
} msg_t;

static apr_status_t refuse(msg_t *msg, apr_status_t status, const char *why)
{
    *msg->why = why;
    return status;
}

/* ---- property streams: MS-OXMSG 2.4 ---- */

/* Windows' code page by the language of a locale, for files of 8-bit text that name no other. */
static apr_uint32_t codepage_of_locale(apr_uint32_t lcid)
{
    static const struct {
        apr_byte_t language;
        apr_uint16_t codepage;
    } languages[] = {
        {0x01, 1256}, {0x02, 1251}, {0x05, 1250}, {0x08, 1253}, {0x0D, 1255}, {0x0E, 1250},
        {0x11, 932},  {0x12, 949},  {0x15, 1250}, {0x18, 1250}, {0x19, 1251}, {0x1A, 1250},
        {0x1B, 1250}, {0x1E, 874},  {0x1F, 1254}, {0x20, 1256}, {0x22, 1251}, {0x23, 1251},
        {0x24, 1250}, {0x25, 1257}, {0x26, 1257}, {0x27, 1257}, {0x29, 1256}, {0x2A, 1258},
        {0x2F, 1251},
    };
    apr_uint32_t language = lcid & 0x3FF;
    if (language == 0x04)
        return lcid == 0x0804 || lcid == 0x1004 ? 936 : 950;
    for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++)
        if (languages[i].language == language)
            return languages[i].codepage;
    return 1252;
}

/* The storage's property stream, after its header. */
static int open_props(okapi_reader_t *r, const okapi__cfb_node_t *storage, apr_size_t header)
{
    const okapi__cfb_node_t *stream = okapi__cfb_find(storage, OKAPI__MSG_PROPERTIES);
    okapi_binary_t none = {(const unsigned char *)"", 0}, data = stream ? stream->data : none;
    okapi_reader_init(r, data.data, data.len);
    okapi_read_bytes(r, header);
    return stream && !r->failed;
}

/* The code page of 8-bit text: the message's, then that of its locale; the Internet's is the last
 * that can be meant. */
static apr_uint32_t codepage_of(okapi_reader_t r, apr_uint32_t inherited)
{
    apr_uint32_t message = 0, locale = 0, internet = 0;
    while (okapi_reader_left(&r) >= 16) {
        okapi_proptag_t tag = okapi_read_u32(&r);
        okapi_read_u32(&r);
        apr_uint32_t value = okapi_read_u32(&r);
        okapi_read_u32(&r);
        if (tag == PR_MESSAGE_CODEPAGE)
            message = value;
        else if (tag == PR_MESSAGE_LOCALE_ID)
            locale = value;
        else if (tag == PR_INTERNET_CPID)
            internet = value;
    }
    return message ? message : locale ? codepage_of_locale(locale)
                   : internet         ? internet
                                      : inherited;
}

static const okapi__cfb_node_t *value_stream(const okapi__cfb_node_t *storage, okapi_proptag_t tag,
                                             int index)
{
    char name[48];
    if (index < 0)
        apr_snprintf(name, sizeof(name), OKAPI__MSG_VALUE, tag);
    else
        apr_snprintf(name, sizeof(name), OKAPI__MSG_VALUE "-%08X", tag, (unsigned)index);
    const okapi__cfb_node_t *node = okapi__cfb_find(storage, name);
    return node && !node->children ? node : NULL;
}

/* The pieces of TAG's value, of which CELL is what the property stream has; NULL if they aren't
 * there. */
static apr_array_header_t *pieces_of(const okapi__cfb_node_t *storage, okapi_proptag_t tag,
                                     okapi_binary_t cell, apr_pool_t *pool)
{
    int multiple;
    const okapi__shape_t *shape = okapi__shape_of(tag, &multiple);
    apr_array_header_t *pieces = apr_array_make(pool, 1, sizeof(okapi_binary_t));
    if (!multiple && shape->shape == OKAPI__SHAPE_FIXED && shape->size <= 8) {
        APR_ARRAY_PUSH(pieces, okapi_binary_t) = cell;
        return pieces;
    }
    const okapi__cfb_node_t *stream = value_stream(storage, tag, -1);
    if (!stream)
        return NULL;
    if (!multiple) {
        APR_ARRAY_PUSH(pieces, okapi_binary_t) = stream->data;
        return pieces;
    }
    if (shape->shape == OKAPI__SHAPE_FIXED) {
        for (apr_size_t at = 0; at + shape->size <= stream->data.len; at += shape->size) {
            okapi_binary_t piece = {stream->data.data + at, shape->size};
            APR_ARRAY_PUSH(pieces, okapi_binary_t) = piece;
        }
        return pieces;
    }
    apr_size_t n = stream->data.len / (shape->shape == OKAPI__SHAPE_BYTES ? 8 : 4);
    for (apr_size_t i = 0; i < n; i++) {
        const okapi__cfb_node_t *one = value_stream(storage, tag, (int)i);
        if (!one)
            break;
        APR_ARRAY_PUSH(pieces, okapi_binary_t) = one->data;
    }
    return pieces;
}

static apr_status_t read_props(msg_t *msg, const okapi__cfb_node_t *storage, okapi_reader_t *r,
                               apr_uint32_t codepage, apr_array_header_t *props)
{
    while (okapi_reader_left(r) >= 16) {
        okapi_proptag_t tag = okapi_read_u32(r);
        const okapi_propname_t *name = NULL;
        okapi_propval_t value;
        int multiple;
        okapi_read_u32(r); /* flags */
        okapi_binary_t cell = {okapi_read_bytes(r, 8), 8};
        const okapi__shape_t *shape = okapi__shape_of(tag, &multiple);
        if (!shape || shape->shape == OKAPI__SHAPE_OBJECT)
            continue;
        if (OKAPI_PROP_IS_NAMED(tag)) {
            int at = OKAPI_PROP_ID(tag) - 0x8000;
            if (at < msg->names->nelts)
                name = APR_ARRAY_IDX(msg->names, at, okapi_propname_t *);
            if (!name)
                continue;
        }
        apr_array_header_t *pieces = pieces_of(storage, tag, cell, msg->pool);
        if (pieces && !okapi__item_spend(&msg->limits.values, (apr_size_t)pieces->nelts + 1))
            return refuse(msg, OKAPI_ETOOCOMPLEX, "it has too many properties");
        if (pieces &&
            okapi__value_of_pieces(&value, tag, (const okapi_binary_t *)pieces->elts,
                                   pieces->nelts, codepage, msg->pool) == APR_SUCCESS)
            okapi__item_put(props, value, name);
    }
    return APR_SUCCESS;
}

/* ---- storages ---- */

static int by_name(const void *a, const void *b)
{
    const okapi__cfb_node_t *x = *(okapi__cfb_node_t *const *)a;
    const okapi__cfb_node_t *y = *(okapi__cfb_node_t *const *)b;
    return strcasecmp(x->name, y->name);
}

/* The storages below STORAGE whose names begin with PREFIX, in order. */
static apr_array_header_t *storages_of(const okapi__cfb_node_t *storage, const char *prefix,
                                       apr_pool_t *pool)
{
    apr_array_header_t *found = apr_array_make(pool, 4, sizeof(okapi__cfb_node_t *));
    for (int i = 0; i < storage->children->nelts; i++) {
        okapi__cfb_node_t *node = APR_ARRAY_IDX(storage->children, i, okapi__cfb_node_t *);
        if (node->children && strncasecmp(node->name, prefix, strlen(prefix)) == 0)
            APR_ARRAY_PUSH(found, okapi__cfb_node_t *) = node;
    }
    qsort(found->elts, (size_t)found->nelts, sizeof(okapi__cfb_node_t *), by_name);
    return found;
}

static apr_status_t read_message(msg_t *msg, okapi__item_t **item, const okapi__cfb_node_t *storage,
                                 apr_size_t header, apr_uint32_t codepage);

/* What OLE made is a storage; it is kept as the compound file that it was before. */
static apr_status_t keep_storage(msg_t *msg, okapi__item_file_t *file,
                                 const okapi__cfb_node_t *storage)
{
    okapi_writer_t w;
    okapi_writer_init(&w, 8192, 0x7FFFFFFF, msg->pool);
    okapi__cfb_write(&w, storage);
    file->data.data = w.data;
    file->data.len = w.len;
    return okapi_writer_status(&w) == APR_SUCCESS
               ? APR_SUCCESS
               : refuse(msg, OKAPI_ETOOCOMPLEX, "an attached object is too large");
}

static apr_status_t read_file(msg_t *msg, okapi__item_t *item, const okapi__cfb_node_t *storage,
                              apr_uint32_t codepage)
{
    okapi_reader_t r;
    apr_status_t status = APR_SUCCESS;
    if (!okapi__item_spend(&msg->limits.attachments, 1))
        return refuse(msg, OKAPI_ETOOCOMPLEX, "it has too many attachments");
    if (!open_props(&r, storage, OKAPI__MSG_SUB_HEADER))
        return refuse(msg, OKAPI_EFORMAT, "an attachment of it has no properties");
    okapi__item_file_t *file = apr_array_push(item->attachments);
    memset(file, 0, sizeof(*file));
    file->props = apr_array_make(msg->pool, 16, sizeof(okapi__item_prop_t));
    status = read_props(msg, storage, &r, codepage, file->props);
    if (status != APR_SUCCESS)
        return status;
    file->method = (int)okapi__item_int(file->props, PR_ATTACH_METHOD, 0);
    const okapi__cfb_node_t *object = okapi__cfb_find(
        storage, apr_psprintf(msg->pool, OKAPI__MSG_VALUE, (unsigned)PR_ATTACH_DATA_OBJ));
    const okapi_propval_t *data = okapi__item_get(file->props, PR_ATTACH_DATA_BIN);
    if (data)
        file->data = data->v.bin;
    if (object && object->children && file->method == ATTACH_EMBEDDED_MSG)
        status = read_message(msg, &file->message, object, OKAPI__MSG_EMBEDDED_HEADER, codepage);
    else if (object && object->children)
        status = keep_storage(msg, file, object);
    if (!file->message && file->method == ATTACH_EMBEDDED_MSG)
        file->method = 0;
    if (file->data.data && file->method != ATTACH_OLE)
        file->method = ATTACH_BY_VALUE;
    return status;
}

static apr_status_t read_message(msg_t *msg, okapi__item_t **result,
                                 const okapi__cfb_node_t *storage, apr_size_t header,
                                 apr_uint32_t codepage)
{
    okapi_reader_t r;
    apr_status_t status = APR_SUCCESS;
    if (!open_props(&r, storage, header))
        return refuse(msg, OKAPI_EFORMAT, "a message of it has no properties");
    if (msg->limits.depth-- <= 0)
        return refuse(msg, OKAPI_ETOOCOMPLEX, "messages are nested too deeply in it");
    okapi__item_t *item = *result = okapi__item_create(msg->pool);
    codepage = codepage_of(r, codepage);
    status = read_props(msg, storage, &r, codepage, item->props);

    apr_array_header_t *people = storages_of(storage, OKAPI__MSG_RECIPIENT, msg->pool);
    if (!okapi__item_spend(&msg->limits.recipients, (apr_size_t)people->nelts))
        return refuse(msg, OKAPI_ETOOCOMPLEX, "it has too many recipients");
    for (int i = 0; status == APR_SUCCESS && i < people->nelts; i++) {
        const okapi__cfb_node_t *person = APR_ARRAY_IDX(people, i, okapi__cfb_node_t *);
        apr_array_header_t *props = apr_array_make(msg->pool, 12, sizeof(okapi__item_prop_t));
        if (!open_props(&r, person, OKAPI__MSG_SUB_HEADER))
            return refuse(msg, OKAPI_EFORMAT, "a recipient of it has no properties");
        status = read_props(msg, person, &r, codepage, props);
        APR_ARRAY_PUSH(item->recipients, apr_array_header_t *) = props;
    }
    apr_array_header_t *files = storages_of(storage, OKAPI__MSG_ATTACHMENT, msg->pool);
    for (int i = 0; status == APR_SUCCESS && i < files->nelts; i++)
        status = read_file(msg, item, APR_ARRAY_IDX(files, i, okapi__cfb_node_t *), codepage);
    msg->limits.depth++;
    return status;
}

apr_status_t okapi__msg_read(okapi__item_t **item, const char **why, okapi_binary_t file,
                             apr_pool_t *result_pool)
{
    msg_t msg = {.limits = OKAPI__ITEM_LIMITS, .why = why, .pool = result_pool};
    okapi__cfb_node_t *root;
    apr_status_t status = okapi__cfb_read(&root, why, file, result_pool);
    if (status != APR_SUCCESS)
        return status;
    if (!okapi__cfb_find(root, OKAPI__MSG_PROPERTIES))
        return refuse(&msg, OKAPI_EFORMAT, "this compound file is no message");
    msg.names = okapi__msg_names_read(root, result_pool);
    return read_message(&msg, item, root, OKAPI__MSG_TOP_HEADER, 1252);
}
