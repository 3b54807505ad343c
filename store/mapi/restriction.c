/* restriction.c - restrictions in bytes, MS-OXCDATA 2.12, and what they read. */
#include <string.h>

#include "mapi/proptype.h"
#include <okapi/restriction.h>

enum { MAX_DEPTH = 64, MAX_NODES = 10000 };

/* The fields of each kind in wire order: R relop, F fuzzy level, T tag, U second tag, P tagged
 * value, V 32-bit value, N counted children, C one child, K comment values and maybe a child. */
static const char *const fields_of[] = {
    [RES_AND] = "N",
    [RES_OR] = "N",
    [RES_NOT] = "C",
    [RES_CONTENT] = "FTP",
    [RES_PROPERTY] = "RTP",
    [RES_COMPAREPROPS] = "RTU",
    [RES_BITMASK] = "RTV",
    [RES_SIZE] = "RTV",
    [RES_EXIST] = "T",
    [RES_SUBRESTRICTION] = "TC",
    [RES_COMMENT] = "K",
    [RES_COUNT] = "VC",
};

#define N_KINDS (sizeof(fields_of) / sizeof(fields_of[0]))

/* ---- reading ---- */

typedef struct reading_t {
    okapi_reader_t *r;
    const okapi_codec_t *codec;
    apr_pool_t *pool;
    int depth;
    int nodes;
} reading_t;

static void read_node(reading_t *in, okapi_restriction_t *res);

/* A tagged value that isn't itself a rule's condition or actions: those don't nest. */
static void read_prop(reading_t *in, okapi_propval_t *v)
{
    okapi_proptag_t tag = okapi_read_u32(in->r);

    if (OKAPI_PROP_TYPE(tag) == PT_SRESTRICT || OKAPI_PROP_TYPE(tag) == PT_ACTIONS)
        okapi_reader_fail(in->r);
    okapi_propval_read(in->r, in->r->failed ? PT_NULL : tag, v, in->codec, in->pool);
}

static void read_children(reading_t *in, okapi_restriction_t *res, apr_size_t count)
{
    /* The shortest node is an empty AND: its kind and its count. */
    count = okapi_read_count(in->r, count, 3);
    if (count > (apr_size_t)(MAX_NODES - in->nodes)) {
        okapi_reader_fail(in->r);
        count = 0;
    }
    res->n = (int)count;
    res->children = apr_pcalloc(in->pool, (count ? count : 1) * sizeof(*res->children));
    in->depth++;
    for (int i = 0; i < res->n; i++)
        read_node(in, &res->children[i]);
    in->depth--;
}

static void read_comment(reading_t *in, okapi_restriction_t *res)
{
    apr_size_t count = okapi_read_count(in->r, okapi_read_u8(in->r), sizeof(okapi_proptag_t));

    res->ncomments = (int)count;
    res->comments = apr_pcalloc(in->pool, (count ? count : 1) * sizeof(*res->comments));
    for (int i = 0; i < res->ncomments; i++)
        read_prop(in, &res->comments[i]);
    if (okapi_read_u8(in->r))
        read_children(in, res, 1);
}

static void read_field(reading_t *in, okapi_restriction_t *res, char field)
{
    okapi_reader_t *r = in->r;

    switch (field) {
    case 'R':
        res->relop = okapi_read_u8(r);
        break;
    case 'F':
        res->fuzzy = okapi_read_u32(r); /* two 16-bit halves, the lower first */
        break;
    case 'T':
        res->tag = okapi_read_u32(r);
        break;
    case 'U':
        res->tag2 = okapi_read_u32(r);
        break;
    case 'P':
        read_prop(in, &res->prop);
        break;
    case 'V':
        res->value = okapi_read_u32(r);
        break;
    case 'C':
        read_children(in, res, 1);
        break;
    case 'N':
        read_children(in, res, in->codec->form == OKAPI_FORM_ROP ? okapi_read_u16(r)
                                                                : okapi_read_u32(r));
        break;
    case 'K':
        read_comment(in, res);
    }
}

static void read_node(reading_t *in, okapi_restriction_t *res)
{
    apr_byte_t type = okapi_read_u8(in->r);

    if (type >= N_KINDS || in->depth > MAX_DEPTH || ++in->nodes > MAX_NODES) {
        okapi_reader_fail(in->r);
        return;
    }
    res->type = (okapi_restype_e)type;
    for (const char *field = fields_of[type]; *field && !in->r->failed; field++)
        read_field(in, res, *field);
}

void okapi_restriction_read(okapi_reader_t *r, okapi_restriction_t *res,
                            const okapi_codec_t *codec, apr_pool_t *result_pool)
{
    reading_t in = {r, codec, result_pool, 0, 0};

    memset(res, 0, sizeof(*res));
    read_node(&in, res);
    if (r->failed) /* what was read of it isn't one */
        memset(res, 0, sizeof(*res));
}

/* ---- writing ---- */

static void write_children(okapi_writer_t *w, const okapi_restriction_t *res,
                           const okapi_codec_t *codec)
{
    for (int i = 0; i < res->n && !w->failed; i++)
        okapi_restriction_write(w, &res->children[i], codec);
}

static void write_comment(okapi_writer_t *w, const okapi_restriction_t *res,
                          const okapi_codec_t *codec)
{
    if (res->ncomments > 0xFF)
        w->failed = 1;
    okapi_write_u8(w, (apr_byte_t)res->ncomments);
    for (int i = 0; i < res->ncomments; i++)
        okapi_tagged_write(w, &res->comments[i], codec);
    okapi_write_u8(w, res->n > 0);
    write_children(w, res, codec);
}

static void write_field(okapi_writer_t *w, const okapi_restriction_t *res, char field,
                        const okapi_codec_t *codec)
{
    switch (field) {
    case 'R':
        okapi_write_u8(w, res->relop);
        break;
    case 'F':
        okapi_write_u32(w, res->fuzzy);
        break;
    case 'T':
        okapi_write_u32(w, res->tag);
        break;
    case 'U':
        okapi_write_u32(w, res->tag2);
        break;
    case 'P':
        okapi_tagged_write(w, &res->prop, codec);
        break;
    case 'V':
        okapi_write_u32(w, res->value);
        break;
    case 'N':
        if (codec->form == OKAPI_FORM_ROP)
            okapi_write_u16(w, (apr_uint16_t)res->n);
        else
            okapi_write_u32(w, (apr_uint32_t)res->n);
        write_children(w, res, codec);
        break;
    case 'C':
        write_children(w, res, codec);
        break;
    case 'K':
        write_comment(w, res, codec);
    }
}

void okapi_restriction_write(okapi_writer_t *w, const okapi_restriction_t *res,
                             const okapi_codec_t *codec)
{
    okapi_write_u8(w, (apr_byte_t)res->type);
    for (const char *field = fields_of[res->type]; *field; field++)
        write_field(w, res, *field, codec);
}

/* ---- what a restriction reads ---- */

static void add_tag(apr_array_header_t *tags, okapi_proptag_t tag)
{
    for (int i = 0; i < tags->nelts; i++)
        if (APR_ARRAY_IDX(tags, i, okapi_proptag_t) == tag)
            return;
    APR_ARRAY_PUSH(tags, okapi_proptag_t) = tag;
}

/* Those of subobjects are of their rows, not of this one. */
void okapi_restriction_tags(const okapi_restriction_t *res, apr_array_header_t *tags)
{
    const char *fields = fields_of[res->type];

    if (res->type == RES_SUBRESTRICTION)
        return;
    if (strchr(fields, 'T'))
        add_tag(tags, res->tag);
    if (strchr(fields, 'U'))
        add_tag(tags, res->tag2);
    for (int i = 0; i < res->n; i++)
        okapi_restriction_tags(&res->children[i], tags);
}
