/* tnef_write.c - a tree as a TNEF stream: MS-OXTNEF 2.2. */
#include "tnef.h"

#include <string.h>
#include <strings.h>

#include <apr_strings.h>

#include "civil.h"

/* Of the texts that attributes have; the properties are Unicode. */
enum { CODEPAGE = 1252 };

/* ---- attributes ---- */

static apr_size_t begin(okapi_writer_t *w, okapi__att_e id)
{
    const okapi__att_t *att = okapi__tnef_attributes;
    while (att->id != id)
        att++;
    okapi_write_u8(w, att->level);
    okapi_write_u32(w, id);
    okapi_write_u32(w, 0);
    return w->len;
}

static void end(okapi_writer_t *w, apr_size_t start)
{
    apr_uint16_t sum = 0;
    for (apr_size_t i = start; i < w->len; i++)
        sum = (apr_uint16_t)(sum + w->data[i]);
    okapi_write_u32_at(w, start - 4, (apr_uint32_t)(w->len - start));
    okapi_write_u16(w, sum);
}

static void write_text(okapi_writer_t *w, okapi__att_e id, const char *text)
{
    static const okapi_codec_t codec = {OKAPI_FORM_WIDE, CODEPAGE};
    apr_size_t start = begin(w, id);
    okapi_propval_t value = okapi_propval_str(OKAPI_PROP_TAG(PT_STRING8, 0), text);
    okapi_propval_write(w, &value, &codec);
    end(w, start);
}

static void write_date(okapi_writer_t *w, okapi__att_e id, const okapi_propval_t *time)
{
    if (!time)
        return;
    okapi__civil_t t = okapi__civil_of_time(time->v.time);
    okapi__date_t date = okapi__date_of(okapi__civil_days(t));
    int seconds = okapi__civil_seconds(t);
    const int parts[] = {date.year,           date.month,   date.day,
                         seconds / 3600,      seconds / 60 % 60, seconds % 60,
                         okapi__weekday_of(okapi__civil_days(t))};
    apr_size_t start = begin(w, id);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        okapi_write_u16(w, (apr_uint16_t)parts[i]);
    end(w, start);
}

static void write_hex(okapi_writer_t *w, okapi__att_e id, const okapi_propval_t *key)
{
    static const char digits[] = "0123456789ABCDEF";
    if (!key)
        return;
    apr_size_t start = begin(w, id);
    for (apr_size_t i = 0; i < key->v.bin.len; i++) {
        okapi_write_u8(w, (apr_byte_t)digits[key->v.bin.data[i] >> 4]);
        okapi_write_u8(w, (apr_byte_t)digits[key->v.bin.data[i] & 15]);
    }
    okapi_write_u8(w, 0);
    end(w, start);
}

/* ---- encapsulated properties: MS-OXTNEF 2.1.3.4 ---- */

static void pad(okapi_writer_t *w, apr_size_t len)
{
    okapi_write_bytes(w, "\0\0\0", (4 - len % 4) % 4);
}

static void write_name(okapi_writer_t *w, const okapi_propname_t *name)
{
    okapi_write_guid(w, &name->guid);
    okapi_write_u32(w, (apr_uint32_t)name->kind);
    if (name->kind == MNID_ID) {
        okapi_write_u32(w, name->lid);
        return;
    }
    okapi_write_u32(w, 0);
    apr_size_t start = w->len;
    okapi_write_str16z(w, name->name);
    apr_size_t len = w->len - start;
    okapi_write_u32_at(w, start - 4, (apr_uint32_t)len);
    pad(w, len);
}

/* The ids of named properties are only to be above 0x8000: their names follow. */
static void write_prop(okapi_writer_t *w, const okapi__item_prop_t *prop)
{
    okapi_proptag_t tag = prop->value.tag;
    int multiple;
    const okapi__shape_t *shape = okapi__shape_of(tag, &multiple);
    apr_array_header_t *pieces = okapi__pieces_of_value(&prop->value, w->pool);
    if (prop->name && !OKAPI_PROP_IS_NAMED(tag))
        tag = OKAPI_PROP_TAG(OKAPI_PROP_TYPE(tag), 0x8000);
    okapi_write_u32(w, tag);
    if (prop->name)
        write_name(w, prop->name);
    if (multiple || shape->shape != OKAPI__SHAPE_FIXED)
        okapi_write_u32(w, (apr_uint32_t)pieces->nelts);
    for (int i = 0; i < pieces->nelts; i++) {
        okapi_binary_t piece = APR_ARRAY_IDX(pieces, i, okapi_binary_t);
        if (shape->shape != OKAPI__SHAPE_FIXED)
            okapi_write_u32(w, (apr_uint32_t)piece.len);
        okapi_write_bytes(w, piece.data, piece.len);
        pad(w, piece.len);
    }
}

static int can_write(const okapi__item_prop_t *prop)
{
    int multiple;
    const okapi__shape_t *shape = okapi__shape_of(prop->value.tag, &multiple);
    return shape && shape->shape != OKAPI__SHAPE_OBJECT &&
           (prop->name || !OKAPI_PROP_IS_NAMED(prop->value.tag));
}

/* Returns where the count is, for what follows. */
static apr_size_t write_props(okapi_writer_t *w, const apr_array_header_t *props,
                              apr_uint32_t *count)
{
    apr_size_t at = w->len;
    *count = 0;
    okapi_write_u32(w, 0);
    for (int i = 0; i < props->nelts; i++) {
        const okapi__item_prop_t *prop = &APR_ARRAY_IDX(props, i, okapi__item_prop_t);
        if (can_write(prop)) {
            write_prop(w, prop);
            ++*count;
        }
    }
    okapi_write_u32_at(w, at, *count);
    return at;
}

static void write_recipients(okapi_writer_t *w, const okapi__item_t *item)
{
    apr_uint32_t count;
    if (item->recipients->nelts == 0)
        return;
    apr_size_t start = begin(w, attRecipTable);
    okapi_write_u32(w, (apr_uint32_t)item->recipients->nelts);
    for (int i = 0; i < item->recipients->nelts; i++)
        write_props(w, APR_ARRAY_IDX(item->recipients, i, apr_array_header_t *), &count);
    end(w, start);
}

/* ---- attachments ---- */

static int is_compound(okapi_binary_t data)
{
    return data.len >= 8 && memcmp(data.data, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8) == 0;
}

/* PR_ATTACH_DATA_OBJ: a message or what OLE made. */
static void write_object(okapi_writer_t *w, const okapi__item_file_t *file)
{
    okapi_write_u32(w, PR_ATTACH_DATA_OBJ);
    okapi_write_u32(w, 1);
    okapi_write_u32(w, 0);
    apr_size_t start = w->len;
    if (file->message) {
        okapi_write_guid(w, &okapi__iid_message);
        okapi__tnef_write(w, file->message);
    } else {
        okapi_write_guid(w, is_compound(file->data) ? &okapi__iid_storage : &okapi__iid_stream);
        okapi_write_bytes(w, file->data.data, file->data.len);
    }
    apr_size_t len = w->len - start;
    okapi_write_u32_at(w, start - 4, (apr_uint32_t)len);
    pad(w, len);
}

static void write_file(okapi_writer_t *w, const okapi__item_file_t *file)
{
    int is_object = file->message || (file->method == ATTACH_OLE && file->data.data);
    apr_uint32_t count;
    apr_size_t start = begin(w, attAttachRendData);
    okapi_write_u16(w, file->method == ATTACH_OLE ? 2 : 1);
    okapi_write_u32(w, (apr_uint32_t)okapi__item_int(file->props, PR_RENDERING_POSITION, -1));
    okapi_write_u16(w, 32); /* what its icon takes */
    okapi_write_u16(w, 32);
    okapi_write_u32(w, 0);
    end(w, start);
    if (*okapi__item_file_name(file))
        write_text(w, attAttachTitle, okapi__item_file_name(file));
    if (file->data.data && !is_object) {
        start = begin(w, attAttachData);
        okapi_write_bytes(w, file->data.data, file->data.len);
        end(w, start);
    }
    start = begin(w, attAttachment);
    apr_size_t at = write_props(w, file->props, &count);
    if (!okapi__item_get(file->props, PR_ATTACH_METHOD)) {
        okapi__item_prop_t method = {okapi_propval_i32(PR_ATTACH_METHOD, file->method), NULL};
        write_prop(w, &method);
        count++;
    }
    if (is_object) {
        write_object(w, file);
        count++;
    }
    okapi_write_u32_at(w, at, count);
    end(w, start);
}

/* ---- the stream ---- */

static const char *legacy_class(const char *class)
{
    for (const okapi__tnef_class_t *c = okapi__tnef_classes; c->legacy; c++)
        if (strcasecmp(c->mapi, class) == 0)
            return c->legacy;
    return class;
}

void okapi__tnef_write(okapi_writer_t *w, const okapi__item_t *item)
{
    const apr_array_header_t *props = item->props;
    apr_uint32_t count;
    okapi_write_u32(w, OKAPI__TNEF_SIGNATURE);
    okapi_write_u16(w, 1);
    apr_size_t start = begin(w, attTnefVersion);
    okapi_write_u32(w, 0x00010000);
    end(w, start);
    start = begin(w, attOemCodepage);
    okapi_write_u32(w, CODEPAGE);
    okapi_write_u32(w, 0);
    end(w, start);
    write_text(w, attMessageClass,
               legacy_class(okapi__item_str(props, PR_MESSAGE_CLASS, "IPM.Note")));
    start = begin(w, attPriority);
    apr_int64_t importance = okapi__item_int(props, PR_IMPORTANCE, 1);
    okapi_write_u16(w, (apr_uint16_t)(importance < 0 || importance > 2 ? 2 : 3 - importance));
    end(w, start);
    write_text(w, attSubject, okapi__item_str(props, PR_SUBJECT, ""));
    write_date(w, attDateSent, okapi__item_get(props, PR_CLIENT_SUBMIT_TIME));
    write_date(w, attDateModified, okapi__item_get(props, PR_LAST_MODIFICATION_TIME));
    write_hex(w, attMessageID, okapi__item_get(props, PR_SEARCH_KEY));
    write_recipients(w, item);
    start = begin(w, attMsgProps);
    write_props(w, props, &count);
    end(w, start);
    for (int i = 0; i < item->attachments->nelts; i++)
        write_file(w, &APR_ARRAY_IDX(item->attachments, i, okapi__item_file_t));
}
