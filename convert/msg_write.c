/* msg_write.c - a tree as a .msg file: MS-OXMSG 2. */
#include "msg.h"

#include <string.h>

#include <apr_strings.h>

/* PR_STORE_SUPPORT_MASK: what STORE_UNICODE_OK is for, that texts are UTF-16. */
#define STORE_UNICODE_OK 0x00040000

/* Every value may be read and changed: MS-OXMSG 2.4.2.1. */
enum { READABLE_WRITABLE = 6 };

/* The storage's own class: MS-OXMSG 2.2 says nothing, Outlook writes it. */
static const okapi_guid_t mail_message = {
    {0x0B, 0x0D, 0x02, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46}};

typedef struct msg_t {
    okapi__msg_names_t *names;
    apr_size_t max; /* bytes of one property stream */
    apr_pool_t *pool;
} msg_t;

/* ---- properties ---- */

static void write_entry(okapi_writer_t *w, okapi_proptag_t tag, apr_uint32_t size,
                        apr_uint32_t reserved)
{
    okapi_write_u32(w, tag);
    okapi_write_u32(w, READABLE_WRITABLE);
    okapi_write_u32(w, size);
    okapi_write_u32(w, reserved);
}

static void add_value(okapi__cfb_node_t *storage, okapi_proptag_t tag, okapi_binary_t data)
{
    okapi__cfb_add_stream(
        storage, apr_psprintf(storage->children->pool, OKAPI__MSG_VALUE, (unsigned)tag), data);
}

/* Streams of a multiple value: of fixed ones one with all, of others their lengths in one, which
 * are eight bytes for binary ones, and one for each. MS-OXMSG 2.1.4. */
static apr_size_t add_values(okapi__cfb_node_t *storage, okapi_proptag_t tag,
                             const okapi__shape_t *shape, const apr_array_header_t *pieces)
{
    apr_pool_t *pool = storage->children->pool;
    okapi_writer_t w;
    okapi_writer_init(&w, 64, (apr_size_t)pieces->nelts * 16 + 16, pool);
    for (int i = 0; i < pieces->nelts; i++) {
        okapi_binary_t piece = APR_ARRAY_IDX(pieces, i, okapi_binary_t);
        if (shape->shape == OKAPI__SHAPE_FIXED) {
            okapi_write_bytes(&w, piece.data, piece.len);
            continue;
        }
        okapi_write_u32(&w, (apr_uint32_t)piece.len);
        if (shape->shape == OKAPI__SHAPE_BYTES)
            okapi_write_u32(&w, 0);
        okapi__cfb_add_stream(
            storage, apr_psprintf(pool, OKAPI__MSG_VALUE "-%08X", (unsigned)tag, (unsigned)i),
            piece);
    }
    okapi_binary_t all = {w.data, w.len};
    add_value(storage, tag, all);
    return w.len;
}

static void write_prop(const msg_t *msg, okapi_writer_t *w, okapi__cfb_node_t *storage,
                       const okapi__item_prop_t *prop)
{
    okapi_proptag_t tag = prop->value.tag;
    int multiple;
    const okapi__shape_t *shape = okapi__shape_of(tag, &multiple);
    if (!shape || shape->shape == OKAPI__SHAPE_OBJECT)
        return;
    if (prop->name) {
        apr_uint16_t id = okapi__msg_names_id(msg->names, prop->name);
        if (!id)
            return;
        tag = OKAPI_PROP_TAG(OKAPI_PROP_TYPE(tag), id);
    } else if (OKAPI_PROP_IS_NAMED(tag)) {
        return;
    }
    apr_array_header_t *pieces = okapi__pieces_of_value(&prop->value, msg->pool);
    if (multiple) {
        write_entry(w, tag, (apr_uint32_t)add_values(storage, tag, shape, pieces), 0);
        return;
    }
    okapi_binary_t piece = APR_ARRAY_IDX(pieces, 0, okapi_binary_t);
    if (shape->shape == OKAPI__SHAPE_FIXED && shape->size <= 8) {
        okapi_write_u32(w, tag);
        okapi_write_u32(w, READABLE_WRITABLE);
        okapi_write_bytes(w, piece.data, piece.len);
        okapi_write_bytes(w, "\0\0\0\0\0\0\0", 8 - piece.len);
        return;
    }
    write_entry(w, tag, (apr_uint32_t)piece.len, 0);
    if (shape->shape == OKAPI__SHAPE_TEXT16)
        piece.len -= 2; /* the zero is counted but not there */
    add_value(storage, tag, piece);
}

/* The property stream of STORAGE, with what is in W already. */
static void write_props(const msg_t *msg, okapi_writer_t *w, okapi__cfb_node_t *storage,
                        const apr_array_header_t *props)
{
    for (int i = 0; i < props->nelts; i++)
        write_prop(msg, w, storage, &APR_ARRAY_IDX(props, i, okapi__item_prop_t));
}

static void end_props(okapi_writer_t *w, okapi__cfb_node_t *storage)
{
    okapi_binary_t data = {w->data, w->len};
    okapi__cfb_add_stream(storage, OKAPI__MSG_PROPERTIES, data);
}

static void begin_props(const msg_t *msg, okapi_writer_t *w)
{
    okapi_writer_init(w, 1024, msg->max, msg->pool);
    okapi_write_u64(w, 0);
}

/* ---- storages ---- */

static void write_message(const msg_t *msg, okapi__cfb_node_t *storage, const okapi__item_t *item,
                          int is_top);

/* What OLE made, as a storage. */
static int write_storage(const msg_t *msg, okapi__cfb_node_t *storage, okapi_binary_t data)
{
    okapi__cfb_node_t *root;
    const char *why;
    if (okapi__cfb_read(&root, &why, data, msg->pool) != APR_SUCCESS)
        return 0;
    okapi__cfb_node_t *object = okapi__cfb_add_storage(
        storage, apr_psprintf(msg->pool, OKAPI__MSG_VALUE, (unsigned)PR_ATTACH_DATA_OBJ));
    object->children = root->children;
    object->by_name = root->by_name;
    object->clsid = root->clsid;
    return 1;
}

static void write_file(const msg_t *msg, okapi__cfb_node_t *parent, const okapi__item_file_t *file,
                       int number)
{
    okapi__cfb_node_t *storage = okapi__cfb_add_storage(
        parent, apr_psprintf(msg->pool, OKAPI__MSG_ATTACHMENT "%08X", (unsigned)number));
    okapi_writer_t w;
    begin_props(msg, &w);
    write_props(msg, &w, storage, file->props);
    okapi__item_prop_t prop = {okapi_propval_i32(PR_ATTACH_NUM, number), NULL};
    write_prop(msg, &w, storage, &prop);
    if (!okapi__item_get(file->props, PR_ATTACH_METHOD)) {
        prop.value = okapi_propval_i32(PR_ATTACH_METHOD, file->method);
        write_prop(msg, &w, storage, &prop);
    }
    if (file->message) {
        write_entry(&w, PR_ATTACH_DATA_OBJ, 0xFFFFFFFFu, 1);
        write_message(msg,
                      okapi__cfb_add_storage(storage, apr_psprintf(msg->pool, OKAPI__MSG_VALUE,
                                                                   (unsigned)PR_ATTACH_DATA_OBJ)),
                      file->message, 0);
    } else if (file->method == ATTACH_OLE && write_storage(msg, storage, file->data)) {
        write_entry(&w, PR_ATTACH_DATA_OBJ, 0xFFFFFFFFu, 4);
    } else if (file->data.data && !okapi__item_get(file->props, PR_ATTACH_DATA_BIN)) {
        prop.value = okapi_propval_bin(PR_ATTACH_DATA_BIN, file->data.data, file->data.len);
        write_prop(msg, &w, storage, &prop);
    }
    end_props(&w, storage);
}

static void write_message(const msg_t *msg, okapi__cfb_node_t *storage, const okapi__item_t *item,
                          int is_top)
{
    apr_uint32_t recipients = (apr_uint32_t)item->recipients->nelts;
    apr_uint32_t attachments = (apr_uint32_t)item->attachments->nelts;
    okapi__item_prop_t unicode = {okapi_propval_i32(PR_STORE_SUPPORT_MASK, STORE_UNICODE_OK), NULL};
    okapi_writer_t w;
    begin_props(msg, &w);
    okapi_write_u32(&w, recipients); /* the next ones' numbers, then how many there are */
    okapi_write_u32(&w, attachments);
    okapi_write_u32(&w, recipients);
    okapi_write_u32(&w, attachments);
    if (is_top)
        okapi_write_u64(&w, 0);
    write_props(msg, &w, storage, item->props);
    write_prop(msg, &w, storage, &unicode);
    end_props(&w, storage);
    for (int i = 0; i < item->recipients->nelts; i++) {
        okapi__cfb_node_t *person = okapi__cfb_add_storage(
            storage, apr_psprintf(msg->pool, OKAPI__MSG_RECIPIENT "%08X", (unsigned)i));
        begin_props(msg, &w);
        write_props(msg, &w, person, APR_ARRAY_IDX(item->recipients, i, apr_array_header_t *));
        end_props(&w, person);
    }
    for (int i = 0; i < item->attachments->nelts; i++)
        write_file(msg, storage, &APR_ARRAY_IDX(item->attachments, i, okapi__item_file_t), i);
}

void okapi__msg_write(okapi_writer_t *w, const okapi__item_t *item)
{
    msg_t msg = {.names = okapi__msg_names_create(w->pool), .max = w->max, .pool = w->pool};
    okapi__cfb_node_t *root = okapi__cfb_root(w->pool);
    root->clsid = mail_message;
    write_message(&msg, root, item, 1);
    okapi__msg_names_write(msg.names, root);
    okapi__cfb_write(w, root);
}
