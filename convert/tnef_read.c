/* tnef_read.c - a TNEF stream as a tree: MS-OXTNEF 2.3. */
#include "tnef.h"

#include <string.h>
#include <strings.h>

#include <apr_lib.h>
#include <apr_strings.h>
#include <okapi/entryid.h>
#include <okapi/error.h>

#include "civil.h"

typedef struct tnef_t {
    okapi__item_t *item;
    okapi__item_limits_t *limits;
    apr_array_header_t *legacy; /* of the message: what its own properties don't say */
    okapi__item_file_t *file;   /* the attachment being read, and its legacy properties */
    apr_array_header_t *file_legacy;
    apr_uint32_t codepage;
    const char *owner; /* attOwner's data; whose it is depends on the class */
    apr_size_t owner_len;
    const char **why;
    apr_pool_t *pool;
} tnef_t;

static apr_status_t refuse(tnef_t *tnef, apr_status_t status, const char *why)
{
    *tnef->why = why;
    return status;
}

/* ---- encapsulated properties: MS-OXTNEF 2.1.3.4 ---- */

static void skip_padding(okapi_reader_t *r, apr_size_t len)
{
    apr_size_t padding = (4 - len % 4) % 4;
    apr_size_t left = okapi_reader_left(r);
    okapi_read_bytes(r, padding < left ? padding : left);
}

static okapi_propname_t *read_name(okapi_reader_t *r, apr_pool_t *pool)
{
    okapi_propname_t *name = apr_pcalloc(pool, sizeof(*name));
    name->guid = okapi_read_guid(r);
    name->kind = okapi_read_u32(r) == 0 ? MNID_ID : MNID_STRING;
    if (name->kind == MNID_ID) {
        name->lid = okapi_read_u32(r);
        return name;
    }
    apr_size_t len = okapi_read_u32(r);
    const unsigned char *text = okapi_read_bytes(r, len);
    name->name = text ? okapi_utf16_decode(text, len, pool) : "";
    skip_padding(r, len);
    return name;
}

static okapi_binary_t read_piece(okapi_reader_t *r, const okapi__shape_t *shape)
{
    okapi_binary_t piece;
    piece.len = shape->shape == OKAPI__SHAPE_FIXED ? shape->size : okapi_read_u32(r);
    piece.data = okapi_read_bytes(r, piece.len);
    skip_padding(r, piece.len);
    return piece;
}

/* Reads the next property; those of types nobody keeps get the tag 0. */
static void read_prop(tnef_t *tnef, okapi_reader_t *r, okapi__item_prop_t *prop)
{
    apr_pool_t *pool = tnef->pool;
    okapi_proptag_t tag = okapi_read_u32(r);
    int multiple;
    const okapi__shape_t *shape = okapi__shape_of(tag, &multiple);
    prop->name = OKAPI_PROP_IS_NAMED(tag) ? read_name(r, pool) : NULL;
    memset(&prop->value, 0, sizeof(prop->value));
    if (OKAPI_PROP_TYPE(tag) == PT_NULL)
        return;
    if (!shape) {
        okapi_reader_fail(r);
        return;
    }
    int is_counted = multiple || shape->shape != OKAPI__SHAPE_FIXED;
    apr_size_t n = is_counted ? okapi_read_count(r, okapi_read_u32(r), 4) : 1;
    if (!okapi__item_spend(&tnef->limits->values, n))
        okapi_reader_fail(r);
    if (r->failed)
        return;
    okapi_binary_t *pieces = apr_palloc(pool, sizeof(*pieces) * (n + 1));
    for (apr_size_t i = 0; i < n; i++)
        pieces[i] = read_piece(r, shape);
    if (r->failed || (!multiple && n == 0))
        return;
    if (okapi__value_of_pieces(&prop->value, tag, pieces, multiple ? (int)n : 1, tnef->codepage,
                               pool) != APR_SUCCESS)
        okapi_reader_fail(r);
}

/* BROKEN is what is said if they are. */
static apr_status_t read_props(tnef_t *tnef, okapi_reader_t *r, apr_array_header_t *props,
                               const char *broken)
{
    apr_size_t n = okapi_read_count(r, okapi_read_u32(r), 4);
    for (; n > 0 && !r->failed; n--) {
        okapi__item_prop_t prop;
        read_prop(tnef, r, &prop);
        if (prop.value.tag)
            okapi__item_put(props, prop.value, prop.name);
    }
    if (tnef->limits->values <= 0)
        return refuse(tnef, OKAPI_ETOOCOMPLEX, "it has too many properties");
    return r->failed ? refuse(tnef, OKAPI_EFORMAT, broken) : APR_SUCCESS;
}

static apr_status_t read_recipients(tnef_t *tnef, okapi_reader_t *r)
{
    static const char broken[] = "its list of recipients is broken";
    apr_size_t n = okapi_read_count(r, okapi_read_u32(r), 4);
    apr_status_t status = r->failed ? refuse(tnef, OKAPI_EFORMAT, broken) : APR_SUCCESS;
    if (!okapi__item_spend(&tnef->limits->recipients, n))
        return refuse(tnef, OKAPI_ETOOCOMPLEX, "it has too many recipients");
    for (; n > 0 && status == APR_SUCCESS; n--) {
        apr_array_header_t *props = apr_array_make(tnef->pool, 8, sizeof(okapi__item_prop_t));
        status = read_props(tnef, r, props, broken);
        APR_ARRAY_PUSH(tnef->item->recipients, apr_array_header_t *) = props;
    }
    return status;
}

/* ---- attachments ---- */

static void put_all(apr_array_header_t *to, const apr_array_header_t *from)
{
    for (int i = 0; i < from->nelts; i++)
        APR_ARRAY_PUSH(to, okapi__item_prop_t) = APR_ARRAY_IDX(from, i, okapi__item_prop_t);
}

/* What an attribute says counts only if the property itself isn't there: MS-OXTNEF 2.1.3. */
static apr_array_header_t *merged(const apr_array_header_t *legacy,
                                  const apr_array_header_t *props)
{
    apr_array_header_t *all =
        apr_array_make(props->pool, legacy->nelts + props->nelts, sizeof(okapi__item_prop_t));
    put_all(all, legacy);
    put_all(all, props);
    return all;
}

static void end_file(tnef_t *tnef)
{
    okapi__item_file_t *file = tnef->file;
    if (!file)
        return;
    file->props = merged(tnef->file_legacy, file->props);
    int method = (int)okapi__item_int(file->props, PR_ATTACH_METHOD, file->method);
    if (file->message)
        method = ATTACH_EMBEDDED_MSG;
    else if (file->data.data && method != ATTACH_OLE)
        method = ATTACH_BY_VALUE;
    else if (method == ATTACH_EMBEDDED_MSG)
        method = 0;
    file->method = method;
    tnef->file = NULL;
}

static apr_status_t begin_file(tnef_t *tnef)
{
    end_file(tnef);
    if (!okapi__item_spend(&tnef->limits->attachments, 1))
        return refuse(tnef, OKAPI_ETOOCOMPLEX, "it has too many attachments");
    tnef->file = apr_array_push(tnef->item->attachments);
    memset(tnef->file, 0, sizeof(*tnef->file));
    tnef->file->props = apr_array_make(tnef->pool, 8, sizeof(okapi__item_prop_t));
    tnef->file_legacy = apr_array_make(tnef->pool, 8, sizeof(okapi__item_prop_t));
    return APR_SUCCESS;
}

/* MS-OXTNEF 2.1.3.3.15 */
static void read_rendering(tnef_t *tnef, okapi_reader_t *r)
{
    tnef->file->method = okapi_read_u16(r) == 2 ? ATTACH_OLE : 0;
    apr_int32_t position = (apr_int32_t)okapi_read_u32(r);
    if (!r->failed)
        okapi__item_put(tnef->file_legacy, okapi_propval_i32(PR_RENDERING_POSITION, position),
                        NULL);
}

/* PR_ATTACH_DATA_OBJ: an identifier that says what the bytes behind it are. */
static apr_status_t read_object(tnef_t *tnef, okapi_binary_t object)
{
    okapi_reader_t r;
    okapi_reader_init(&r, object.data, object.len);
    okapi_guid_t iid = okapi_read_guid(&r);
    if (r.failed)
        return refuse(tnef, OKAPI_EFORMAT, "an attached object is broken");
    okapi_binary_t data = {r.p, okapi_reader_left(&r)};
    tnef->file->data = data;
    if (!okapi_guid_equal(&iid, &okapi__iid_message)) {
        tnef->file->method = ATTACH_OLE;
        return APR_SUCCESS;
    }
    return okapi__tnef_read(&tnef->file->message, tnef->why, data, tnef->limits, tnef->pool);
}

static apr_status_t read_attachment(tnef_t *tnef, okapi_reader_t *r)
{
    apr_array_header_t *props = tnef->file->props;
    apr_status_t status =
        read_props(tnef, r, props, "the properties of an attachment are broken");
    if (status != APR_SUCCESS)
        return status;
    const okapi_propval_t *object = okapi__item_get(props, PR_ATTACH_DATA_OBJ);
    const okapi_propval_t *data = okapi__item_get(props, PR_ATTACH_DATA_BIN);
    if (data && !tnef->file->data.data)
        tnef->file->data = data->v.bin;
    return object ? read_object(tnef, object->v.bin) : APR_SUCCESS;
}

/* ---- attributes that aren't a property as they are ---- */

static const okapi_proptag_t sender_tags[] = {PR_SENDER_NAME, PR_SENDER_ADDRTYPE,
                                              PR_SENDER_EMAIL_ADDRESS, PR_SENDER_ENTRYID};
static const okapi_proptag_t sent_for_tags[] = {
    PR_SENT_REPRESENTING_NAME, PR_SENT_REPRESENTING_ADDRTYPE, PR_SENT_REPRESENTING_EMAIL_ADDRESS,
    PR_SENT_REPRESENTING_ENTRYID};
static const okapi_proptag_t received_for_tags[] = {
    PR_RCVD_REPRESENTING_NAME, PR_RCVD_REPRESENTING_ADDRTYPE, PR_RCVD_REPRESENTING_EMAIL_ADDRESS,
    PR_RCVD_REPRESENTING_ENTRYID};

/* ADDRESS is "TYPE:ADDRESS". */
static void put_person(tnef_t *tnef, const okapi_proptag_t *tags, const char *name,
                       const char *address)
{
    const char *colon = strchr(address, ':');
    if (!colon)
        return;
    const char *type = apr_pstrmemdup(tnef->pool, address, (apr_size_t)(colon - address));
    okapi_binary_t entryid = okapi_entryid_oneoff(name, type, colon + 1, tnef->pool);
    okapi__item_put(tnef->legacy, okapi_propval_str(tags[0], name), NULL);
    okapi__item_put(tnef->legacy, okapi_propval_str(tags[1], type), NULL);
    okapi__item_put(tnef->legacy, okapi_propval_str(tags[2], colon + 1), NULL);
    okapi__item_put(tnef->legacy, okapi_propval_bin(tags[3], entryid.data, entryid.len), NULL);
}

static const char *read_string(tnef_t *tnef, okapi_reader_t *r, apr_size_t len)
{
    okapi_binary_t bytes = {okapi_read_bytes(r, len), len};
    return bytes.data ? okapi__codepage_text(bytes, tnef->codepage, tnef->pool) : "";
}

/* A triple: MS-OXTNEF 2.1.3.3.2. */
static void read_from(tnef_t *tnef, okapi_reader_t *r)
{
    okapi_read_u16(r); /* trpidOneOff, and the size */
    okapi_read_u16(r);
    apr_size_t name_len = okapi_read_u16(r), address_len = okapi_read_u16(r);
    const char *name = read_string(tnef, r, name_len);
    const char *address = read_string(tnef, r, address_len);
    if (!r->failed)
        put_person(tnef, sender_tags, name, address);
}

/* MS-OXTNEF 2.1.3.3.16 */
static void read_counted_person(tnef_t *tnef, okapi_reader_t *r, const okapi_proptag_t *tags)
{
    const char *name = read_string(tnef, r, okapi_read_u16(r));
    const char *address = read_string(tnef, r, okapi_read_u16(r));
    if (!r->failed)
        put_person(tnef, tags, name, address);
}

/* The organizer of a request; of a response whom it was received for. */
static void read_owner(tnef_t *tnef)
{
    const char *class = okapi__item_str(tnef->item->props, PR_MESSAGE_CLASS, NULL);
    if (!class)
        class = okapi__item_str(tnef->legacy, PR_MESSAGE_CLASS, "");
    okapi_reader_t r;
    okapi_reader_init(&r, tnef->owner, tnef->owner_len);
    read_counted_person(tnef, &r,
                        strncasecmp(class, "IPM.Schedule.Meeting.Resp.", 26) == 0
                            ? received_for_tags
                            : sent_for_tags);
}

static void read_class(tnef_t *tnef, const okapi__att_t *att, okapi_binary_t data)
{
    const char *class = okapi__codepage_text(data, tnef->codepage, tnef->pool);
    for (const okapi__tnef_class_t *c = okapi__tnef_classes; c->legacy; c++)
        if (strcasecmp(c->legacy, class) == 0) {
            class = c->mapi;
            break;
        }
    okapi__item_put(tnef->legacy, okapi_propval_str(att->tag, class), NULL);
}

static void read_status(tnef_t *tnef, okapi_reader_t *r)
{
    static const struct {
        apr_byte_t status; /* fmsRead, ...: MS-OXTNEF 2.1.3.3.9 */
        int flag;
    } bits[] = {{0x20, MSGFLAG_READ}, {0x04, MSGFLAG_SUBMIT}, {0x02, MSGFLAG_UNSENT}};
    apr_byte_t status = okapi_read_u8(r);
    int flags = status & 0x01 ? 0 : MSGFLAG_UNMODIFIED;
    for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
        flags |= status & bits[i].status ? bits[i].flag : 0;
    if (!r->failed)
        okapi__item_put(tnef->legacy, okapi_propval_i32(PR_MESSAGE_FLAGS, flags), NULL);
}

static apr_status_t read_special(tnef_t *tnef, const okapi__att_t *att, okapi_binary_t data)
{
    okapi_reader_t r;
    okapi_reader_init(&r, data.data, data.len);
    switch ((okapi__att_e)att->id) {
    case attOemCodepage:
        tnef->codepage = okapi_read_u32(&r);
        break;
    case attMessageClass:
    case attOriginalMessageClass:
        read_class(tnef, att, data);
        break;
    case attFrom:
        read_from(tnef, &r);
        break;
    case attSentFor:
        read_counted_person(tnef, &r, sent_for_tags);
        break;
    case attOwner:
        tnef->owner = (const char *)data.data;
        tnef->owner_len = data.len;
        break;
    case attMessageStatus:
        read_status(tnef, &r);
        break;
    case attPriority: { /* 1 is high: MS-OXTNEF 2.1.3.3.10 */
        apr_uint16_t priority = okapi_read_u16(&r);
        if (priority >= 1 && priority <= 3)
            okapi__item_put(tnef->legacy, okapi_propval_i32(att->tag, 3 - priority), NULL);
        break;
    }
    case attMsgProps:
        return read_props(tnef, &r, tnef->item->props, "its list of properties is broken");
    case attRecipTable:
        return read_recipients(tnef, &r);
    case attAttachRendData:
        read_rendering(tnef, &r);
        break;
    case attAttachData:
        tnef->file->data = data;
        break;
    case attAttachment:
        return read_attachment(tnef, &r);
    default:
        break;
    }
    return APR_SUCCESS;
}

/* ---- attributes that are one property ---- */

/* In the sender's local time, whatever that was; taken as UTC. */
static int read_date(okapi_propval_t *value, okapi_proptag_t tag, okapi_reader_t *r)
{
    int year = okapi_read_u16(r), month = okapi_read_u16(r), day = okapi_read_u16(r);
    int hour = okapi_read_u16(r), minute = okapi_read_u16(r), second = okapi_read_u16(r);
    if (r->failed || year < OKAPI__YEAR_MIN || year > OKAPI__YEAR_MAX || month < 1 || month > 12 ||
        day < 1 || day > okapi__month_days(year, month) || hour > 23 || minute > 59 || second > 59)
        return 0;
    okapi__civil_t t = okapi__days_of(year, month, day) * OKAPI__DAY + hour * 3600 + minute * 60;
    *value = okapi_propval_time(tag, okapi__civil_time(t + second));
    return 1;
}

static int read_hex(okapi_propval_t *value, okapi_proptag_t tag, okapi_binary_t data,
                    apr_pool_t *pool)
{
    unsigned char *bytes = apr_pcalloc(pool, data.len / 2 + 1);
    apr_size_t n = 0;
    while (n < data.len && apr_isxdigit(data.data[n])) {
        int c = apr_tolower(data.data[n]);
        bytes[n / 2] = (unsigned char)(bytes[n / 2] << 4 | (c <= '9' ? c - '0' : c - 'a' + 10));
        n++;
    }
    *value = okapi_propval_bin(tag, bytes, n / 2);
    return n >= 2 && n % 2 == 0;
}

static int read_simple(tnef_t *tnef, const okapi__att_t *att, okapi_binary_t data,
                       okapi_propval_t *value)
{
    okapi_reader_t r;
    okapi_reader_init(&r, data.data, data.len);
    switch ((okapi__att_form_e)att->form) {
    case OKAPI__ATT_TEXT:
        *value = okapi_propval_str(att->tag,
                                   okapi__codepage_text(data, tnef->codepage, tnef->pool));
        return 1;
    case OKAPI__ATT_BYTES:
        *value = okapi_propval_bin(att->tag, data.data, data.len);
        return 1;
    case OKAPI__ATT_DATE:
        return read_date(value, att->tag, &r);
    case OKAPI__ATT_LONG:
        *value = okapi_propval_i32(att->tag, (apr_int32_t)okapi_read_u32(&r));
        return !r.failed;
    case OKAPI__ATT_SHORT:
        *value = okapi_propval_bool(att->tag, okapi_read_u16(&r));
        return !r.failed;
    case OKAPI__ATT_HEX:
        return read_hex(value, att->tag, data, tnef->pool);
    case OKAPI__ATT_SPECIAL:
        break;
    }
    return 0;
}

/* ---- the stream ---- */

/* Some writers leave away the half that tells the kind of data. */
static const okapi__att_t *find_attribute(apr_uint32_t id)
{
    const okapi__att_t *att = okapi__tnef_attributes;
    while (att->id && att->id != id && (id > 0xFFFF || (att->id & 0xFFFF) != id))
        att++;
    return att->id ? att : NULL;
}

static apr_status_t read_attribute(tnef_t *tnef, apr_uint32_t id, okapi_binary_t data)
{
    const okapi__att_t *att = find_attribute(id);
    okapi_propval_t value;
    apr_status_t status = APR_SUCCESS;
    if (!att)
        return APR_SUCCESS;
    if (!okapi__item_spend(&tnef->limits->values, 1))
        return refuse(tnef, OKAPI_ETOOCOMPLEX, "it has too many attributes");
    if (att->level == OKAPI__TNEF_ATTACHMENT && (!tnef->file || att->id == attAttachRendData))
        status = begin_file(tnef);
    if (status != APR_SUCCESS)
        return status;
    if (att->form == OKAPI__ATT_SPECIAL)
        return read_special(tnef, att, data);
    if (read_simple(tnef, att, data, &value))
        okapi__item_put(att->level == OKAPI__TNEF_MESSAGE ? tnef->legacy : tnef->file_legacy,
                        value, NULL);
    return APR_SUCCESS;
}

static apr_status_t read_attributes(tnef_t *tnef, okapi_reader_t *r)
{
    apr_status_t status = APR_SUCCESS;
    for (int n = 0; status == APR_SUCCESS && (n == 0 || okapi_reader_left(r) > 0); n++) {
        apr_byte_t level = okapi_read_u8(r);
        if (level != OKAPI__TNEF_MESSAGE && level != OKAPI__TNEF_ATTACHMENT) {
            if (n == 0)
                return refuse(tnef, OKAPI_EFORMAT, "there is no attribute in it");
            break; /* something behind the stream */
        }
        apr_uint32_t id = okapi_read_u32(r);
        okapi_binary_t data;
        data.len = okapi_read_u32(r);
        data.data = okapi_read_bytes(r, data.len);
        if (r->failed)
            return refuse(tnef, OKAPI_EFORMAT, "it ends within an attribute");
        if (okapi_reader_left(r) >= 2)
            okapi_read_u16(r); /* the checksum */
        else
            okapi_read_bytes(r, okapi_reader_left(r));
        status = read_attribute(tnef, id, data);
    }
    return status;
}

apr_status_t okapi__tnef_read(okapi__item_t **item, const char **why, okapi_binary_t stream,
                              okapi__item_limits_t *limits, apr_pool_t *result_pool)
{
    tnef_t tnef = {.limits = limits, .codepage = 1252, .why = why, .pool = result_pool};
    okapi_reader_t r;
    okapi_reader_init(&r, stream.data, stream.len);
    *item = NULL;
    *why = "";
    if (okapi_read_u32(&r) != OKAPI__TNEF_SIGNATURE || r.failed)
        return refuse(&tnef, OKAPI_EFORMAT, "this is no TNEF stream");
    okapi_read_u16(&r); /* the key */
    if (r.failed)
        return refuse(&tnef, OKAPI_EFORMAT, "it ends after its signature");
    if (limits->depth-- <= 0)
        return refuse(&tnef, OKAPI_ETOOCOMPLEX, "messages are nested too deeply in it");
    tnef.item = okapi__item_create(result_pool);
    tnef.legacy = apr_array_make(result_pool, 16, sizeof(okapi__item_prop_t));
    apr_status_t status = read_attributes(&tnef, &r);
    limits->depth++;
    if (status != APR_SUCCESS)
        return status;
    end_file(&tnef);
    if (tnef.owner)
        read_owner(&tnef);
    tnef.item->props = merged(tnef.legacy, tnef.item->props);
    *item = tnef.item;
    return APR_SUCCESS;
}
