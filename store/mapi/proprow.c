/* proprow.c - PropertyRow, MS-OXCDATA 2.8: the answers to a list of property tags. */
#include "mapi/proptype.h"

#define MAPI_E_NOT_FOUND 0x8004010Fu

/* MS-OXCDATA 2.8.1: the byte before the row, and 2.11.5: the one before each of its values. */
enum { ROW_STANDARD = 0x00, ROW_FLAGGED = 0x01 };
enum { VALUE_PRESENT = 0x00, VALUE_ABSENT = 0x01, VALUE_ERROR = 0x0A };

static apr_byte_t flag_of(const okapi_propval_t *v)
{
    switch (OKAPI_PROP_TYPE(v->tag)) {
    case PT_ERROR:
        return VALUE_ERROR;
    case PT_NULL:
        return VALUE_ABSENT;
    default:
        return VALUE_PRESENT;
    }
}

/* The value as a column of TAG's type carries it: text in the column's width, a value of a wrong
 * type as one that isn't there. */
static okapi_propval_t as_column(okapi_proptag_t tag, const okapi_propval_t *v)
{
    apr_uint16_t want = OKAPI_PROP_TYPE(tag);
    apr_uint16_t have = OKAPI_PROP_TYPE(v->tag);
    okapi_propval_t column = *v;

    if (want == PT_UNSPECIFIED || flag_of(v) != VALUE_PRESENT)
        return column;
    if ((want & (MV_FLAG | MV_INSTANCE)) == (MV_FLAG | MV_INSTANCE))
        want &= (apr_uint16_t) ~(MV_FLAG | MV_INSTANCE);
    if ((have & (MV_FLAG | MV_INSTANCE)) == (MV_FLAG | MV_INSTANCE))
        have &= (apr_uint16_t) ~(MV_FLAG | MV_INSTANCE);
    if (okapi__proptype_stored(have) != okapi__proptype_stored(want))
        return okapi_propval_error(tag, MAPI_E_NOT_FOUND);
    column.tag = OKAPI_PROP_RETYPE(v->tag, want);
    return column;
}

void okapi_proprow_write(okapi_writer_t *w, const okapi_proptag_t *tags,
                         const okapi_propval_t *values, int n, const okapi_codec_t *codec)
{
    apr_byte_t kind = ROW_STANDARD;

    for (int i = 0; i < n && kind == ROW_STANDARD; i++) {
        okapi_propval_t v = as_column(tags[i], &values[i]);

        if (flag_of(&v) != VALUE_PRESENT)
            kind = ROW_FLAGGED;
    }
    okapi_write_u8(w, kind);
    for (int i = 0; i < n && !w->failed; i++) {
        okapi_propval_t v = as_column(tags[i], &values[i]);

        if (OKAPI_PROP_TYPE(tags[i]) == PT_UNSPECIFIED)
            okapi_write_u16(w, OKAPI_PROP_TYPE(v.tag));
        if (kind == ROW_FLAGGED)
            okapi_write_u8(w, flag_of(&v));
        okapi_propval_write(w, &v, codec);
    }
}

void okapi_proprow_read(okapi_reader_t *r, const okapi_proptag_t *tags, int n,
                        okapi_propval_t *values, const okapi_codec_t *codec,
                        apr_pool_t *result_pool)
{
    apr_byte_t kind = okapi_read_u8(r);

    if (kind != ROW_STANDARD && kind != ROW_FLAGGED)
        okapi_reader_fail(r);
    for (int i = 0; i < n; i++) {
        okapi_proptag_t tag = tags[i];
        apr_byte_t flag = VALUE_PRESENT;

        if (OKAPI_PROP_TYPE(tag) == PT_UNSPECIFIED)
            tag = OKAPI_PROP_RETYPE(tag, okapi_read_u16(r));
        if (kind == ROW_FLAGGED)
            flag = okapi_read_u8(r);
        if (flag == VALUE_ERROR)
            tag = OKAPI_PROP_RETYPE(tag, PT_ERROR);
        else if (flag == VALUE_ABSENT)
            tag = OKAPI_PROP_RETYPE(tag, PT_NULL);
        else if (flag != VALUE_PRESENT)
            okapi_reader_fail(r);
        okapi_propval_read(r, tag, &values[i], codec, result_pool);
    }
}
