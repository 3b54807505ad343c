/* rop_codec.c - ROP buffers through the generated codec, with examples of the specifications. */
#include "tap.h"

#include "rops_gen.h"

static apr_pool_t *pool;
static rop_codec_t codec;

static apr_status_t read_request(const void *data, apr_size_t len, rop_request_t *q)
{
    okapi_reader_t r;

    okapi_reader_init(&r, data, len);
    rop_request_read(&r, q, &codec);
    return okapi_reader_status(&r, 1);
}

static void rewritten(const rop_request_t *q, const void *data, apr_size_t len, const char *what)
{
    okapi_writer_t w;

    okapi_writer_init(&w, 16, 1000, pool);
    rop_request_write(&w, q, &codec);
    is_mem(w.data, w.len, data, len, "%s is written as it was read", what);
}

/* MS-OXCFOLD 4.1.1 with replica 1. */
static void open_folder(void)
{
    static const unsigned char in[] = {0x02, 0x00, 0x01, 0x02, 0x01, 0x00, 0x00,
                                       0x00, 0x00, 0x00, 0x01, 0x0d, 0x00};
    rop_request_t q;

    is_int(read_request(in, sizeof(in), &q), APR_SUCCESS, "RopOpenFolder");
    is_int(q.h.in_index, 1, "InputHandleIndex");
    is_int(q.h.out_index, 2, "OutputHandleIndex");
    is_int(q.u.rop_open_folder.folder_id, 0x10d, "FolderId");
    rewritten(&q, in, sizeof(in), "RopOpenFolder");
}

/* MS-OXCTABL 4.1: four columns. */
static void set_columns(void)
{
    static const unsigned char in[] = {0x12, 0x00, 0x01, 0x00, 0x04, 0x00, 0x14, 0x00, 0x48,
                                       0x67, 0x14, 0x00, 0x4a, 0x67, 0x14, 0x00, 0x4d, 0x67,
                                       0x03, 0x00, 0x4e, 0x67};
    rop_request_t q;

    is_int(read_request(in, sizeof(in), &q), APR_SUCCESS, "RopSetColumns");
    is_int(q.u.rop_set_columns.n_property_tags, 4, "PropertyTagCount");
    is_int(q.u.rop_set_columns.property_tags[3], 0x674E0003, "the last tag");
    rewritten(&q, in, sizeof(in), "RopSetColumns");
    for (apr_size_t n = 0; n < sizeof(in); n++)
        is_int(read_request(in, n, &q), OKAPI_EFORMAT, "cut after %d bytes", (int)n);
}

static void counts(void)
{
    static const unsigned char in[] = {0x12, 0x00, 0x01, 0x00, 0xff, 0xff, 0x14, 0x00, 0x48, 0x67};
    rop_request_t q;

    is_int(read_request(in, sizeof(in), &q), OKAPI_EFORMAT, "65535 columns in four bytes");
}

static void unknown(void)
{
    static const unsigned char in[] = {0x00, 0x00, 0x00};
    static const unsigned char pushed[] = {0x2a, 0x00, 0x00, 0x00, 0x00, 0x00};
    rop_request_t q;

    is_int(read_request(in, sizeof(in), &q), OKAPI_EFORMAT, "there is no ROP 0");
    is_int(read_request(pushed, sizeof(pushed), &q), OKAPI_EFORMAT, "nobody asks for RopNotify");
}

static void responses(void)
{
    static const unsigned char found[] = {0x02, 0x02, 0, 0, 0, 0, 0x01, 0x00};
    static const unsigned char not_found[] = {0x02, 0x02, 0x0f, 0x01, 0x04, 0x80};
    static const unsigned char no_destination[] = {0x33, 0x01, 0x03, 0x05, 0, 0, 0x02, 0, 0, 0, 1};
    rop_response_t s = {.h.id = ROP_OPEN_FOLDER, .h.index = 2};
    okapi_writer_t w;

    okapi_writer_init(&w, 16, 1000, pool);
    s.u.rop_open_folder.has_rules = 1;
    rop_response_write(&w, &s, &codec);
    is_mem(w.data, w.len, found, sizeof(found), "a success has its fields");

    okapi_writer_truncate(&w, 0);
    s.h.status = 0x8004010f;
    rop_response_write(&w, &s, &codec);
    is_mem(w.data, w.len, not_found, sizeof(not_found), "a failure has none");

    memset(&s, 0, sizeof(s));
    s.h.id = ROP_MOVE_COPY_MESSAGES;
    s.h.index = 1;
    s.h.dest_index = 2;
    s.h.status = ROP_NULL_DESTINATION;
    s.u.rop_move_copy_messages.partial_completion = 1;
    okapi_writer_truncate(&w, 0);
    rop_response_write(&w, &s, &codec);
    is_mem(w.data, w.len, no_destination, sizeof(no_destination),
           "without a destination its index comes first");
}

static void typed_strings(void)
{
    static const unsigned char want[] = {0x00, 0x01, 0x03, 'o', 'k', 0x00,
                                         0x04, 0xe4, 0x00, 0x00, 0x00};
    okapi_writer_t w;
    okapi_reader_t r;

    okapi_writer_init(&w, 16, 1000, pool);
    rop_typedstr_write(&w, NULL, &codec);
    rop_typedstr_write(&w, "", &codec);
    rop_typedstr_write(&w, "ok", &codec);
    rop_typedstr_write(&w, "\xc3\xa4", &codec);
    is_mem(w.data, w.len, want, sizeof(want), "TypedStrings");
    okapi_reader_init(&r, w.data, w.len);
    is_str(rop_typedstr_read(&r, &codec), NULL, "none");
    is_str(rop_typedstr_read(&r, &codec), "", "empty");
    is_str(rop_typedstr_read(&r, &codec), "ok", "reduced");
    is_str(rop_typedstr_read(&r, &codec), "\xc3\xa4", "Unicode");
}

static void traced(void)
{
    rop_request_t q = {.h = {.id = ROP_OPEN_FOLDER, .in_index = 1, .out_index = 2}};

    q.u.rop_open_folder.folder_id = 5;
    is_str(rop_trace_request(&q, pool),
           "OpenFolder logon=0 in=1 out=2 folder_id=5 open_mode_flags=0", "a trace line");
}

/* Every request of zeros is written as it was read, but for the two RopSetProperties: zero bytes
 * can't hold the count of values. */
static void every_rop(void)
{
    static const unsigned char zeros[600];
    int good = 0, refused = 0, rows = 0;

    for (int id = 0; id < 256; id++) {
        unsigned char in[600];
        rop_request_t q;
        okapi_reader_t r;
        okapi_writer_t w;

        if (rop_table[id].name == NULL || (rop_table[id].flags & ROP_PUSH))
            continue;
        rows++;
        memcpy(in, zeros, sizeof(in));
        in[0] = (unsigned char)id;
        okapi_reader_init(&r, in, sizeof(in));
        rop_request_read(&r, &q, &codec);
        okapi_writer_init(&w, 64, 4000, pool);
        rop_request_write(&w, &q, &codec);
        apr_size_t used = sizeof(in) - okapi_reader_left(&r);
        if (r.failed) {
            refused++;
            continue;
        }
        if (w.len != used || memcmp(w.data, in, used) != 0)
            diag("%s: read %d bytes, wrote %d", rop_table[id].name, (int)used, (int)w.len);
        else
            good++;
    }
    ok(rows > 120, "there are %d ROPs", rows);
    is_int(refused, 2, "two refuse a request of zeros");
    is_int(good, rows - 2, "each other one reads and writes it");
}

int main(void)
{
    pool = tap_pool();
    codec.prop.form = OKAPI_FORM_ROP;
    codec.prop.codepage = 1252;
    codec.pool = pool;
    open_folder();
    set_columns();
    counts();
    unknown();
    responses();
    typed_strings();
    traced();
    every_rop();
    return done_testing();
}
