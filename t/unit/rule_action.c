/* rule_action.c - the actions of rules in bytes, standard and extended: MS-OXORULE 2.2.5. */
#include <okapi/entryid.h>
#include <okapi/rule.h>

#include "tap.h"

static const okapi_codec_t standard = {OKAPI_FORM_ROP, 0};
static const okapi_codec_t extended = {OKAPI_FORM_WIDE, 0};

/* Bytes written as MS-OXORULE lays them out; the first action in *ACTION. */
static apr_array_header_t *check(const char *what, const void *bytes, apr_size_t len,
                                 const okapi_codec_t *codec, apr_pool_t *pool)
{
    apr_array_header_t *actions;
    okapi_reader_t r;
    okapi_writer_t w;
    okapi_reader_init(&r, bytes, len);
    okapi_actions_read(&r, &actions, codec, pool);
    is_int(okapi_reader_status(&r, 1), APR_SUCCESS, "%s is read", what);
    okapi_writer_init(&w, 64, 65536, pool);
    okapi_actions_write(&w, actions, codec);
    is_mem(w.data, w.len, bytes, len, "%s is written", what);
    /* Cut anywhere it is refused. */
    int refused = 1;
    for (apr_size_t cut = 0; cut < len; cut++) {
        apr_array_header_t *none;
        okapi_reader_init(&r, bytes, cut);
        okapi_actions_read(&r, &none, codec, pool);
        refused &= okapi_reader_status(&r, 1) != APR_SUCCESS;
    }
    ok(refused, "%s is refused if some of it is missing", what);
    return actions;
}

static void test_standard(apr_pool_t *pool)
{
    /* MS-OXORULE_R294, R979 to R987 */
    static const char move[] = "\1\0" "\46\0" "\1" "\0\0\0\0" "\1\2\3\4" "\1" "\3\0" "xyz"
                               "\25\0" "\1" "\1\0\0\0\0\0\0\7" "\0\0\0\0\0\0\0\0" "\0\0\0\0";
    apr_array_header_t *a = check("OP_MOVE", move, sizeof(move) - 1, &standard, pool);
    const okapi_action_t *action = &APR_ARRAY_IDX(a, 0, okapi_action_t);
    is_int(action->type, OP_MOVE, "its type");
    is_int(action->flags, 0x04030201, "the client's flags"); /* MS-OXORULE_R242 */
    is_int(okapi_action_folder(action), 7, "its folder"); /* MS-OXORULE_R736 R983 */

    /* MS-OXORULE_R992, R305 to R309 */
    static const char reply[] = "\1\0" "\51\0" "\3" "\2\0\0\0" "\0\0\0\0" "\1\0\0\0\0\0\0\5"
                                "\1\0\0\0\0\0\0\6" "0123456789ABCDEF";
    a = check("OP_REPLY", reply, sizeof(reply) - 1, &standard, pool);
    action = &APR_ARRAY_IDX(a, 0, okapi_action_t);
    is_int(action->flavor, STOCK_REPLY_TEMPLATE, "its flavor"); /* MS-OXORULE_R289 */
    is_int(okapi_id_of_eid(action->template_fid), 5, "its template's folder");
    is_int(okapi_id_of_eid(action->template_mid), 6, "its template");

    /* MS-OXORULE_R322 to R331, R1003 to R1008 */
    static const char forward[] = "\1\0" "\34\0" "\7" "\3\0\0\0" "\0\0\0\0" "\1\0" "\1" "\2\0"
                                  "\3\0\x15\x0C" "\1\0\0\0" "\2\0\7\0" "\5\0";
    a = check("OP_FORWARD", forward, sizeof(forward) - 1, &standard, pool);
    action = &APR_ARRAY_IDX(a, 0, okapi_action_t);
    is_int(action->nrecipients, 1, "one recipient");
    is_int(action->recipients[0].nvalues, 2, "of two properties");

    static const char many[] = "\5\0"
                               "\15\0" "\6" "\0\0\0\0" "\0\0\0\0" "\x1F\0\0\0" /* R338 */
                               "\21\0" "\11" "\0\0\0\0" "\0\0\0\0" "\3\0\x17\0" "\2\0\0\0" /* R739 */
                               "\11\0" "\12" "\0\0\0\0" "\0\0\0\0"  /* MS-OXORULE_R346 */
                               "\11\0" "\13" "\0\0\0\0" "\0\0\0\0"
                               "\14\0" "\5" "\0\0\0\0" "\0\0\0\0" "any"; /* R320 */
    a = check("a list", many, sizeof(many) - 1, &standard, pool);
    is_int(a->nelts, 5, "of five actions");
    is_int(APR_ARRAY_IDX(a, 0, okapi_action_t).code, 0x1F, "a bounce code");
    is_int(APR_ARRAY_IDX(a, 1, okapi_action_t).value.v.i32, 2, "a value");
    is_int((long long)APR_ARRAY_IDX(a, 4, okapi_action_t).data.len, 3, "what is the client's");
}

static void test_extended(apr_pool_t *pool)
{
    /* MS-OXORULE_R966, R970 to R978 */
    static const char copy[] = "\1\0\0\0" "\26\0\0\0" "\2" "\0\0\0\0" "\0\0\0\0" "\1\0\0\0" "s"
                               "\4\0\0\0" "here";
    apr_array_header_t *a = check("extended OP_COPY", copy, sizeof(copy) - 1, &extended, pool);
    is_int(okapi_action_folder(&APR_ARRAY_IDX(a, 0, okapi_action_t)), 0,
           "its folder is an entry id");
}

static void refuse(const char *what, const void *bytes, apr_size_t len, apr_pool_t *pool)
{
    apr_array_header_t *actions;
    okapi_reader_t r;
    okapi_reader_init(&r, bytes, len);
    okapi_actions_read(&r, &actions, &standard, pool);
    ok(okapi_reader_status(&r, 1) != APR_SUCCESS, "%s", what);
}

static void test_refused(apr_pool_t *pool)
{
    refuse("type 0", "\1\0" "\11\0" "\0" "\0\0\0\0" "\0\0\0\0", 13, pool);
    refuse("type 12", "\1\0" "\11\0" "\14" "\0\0\0\0" "\0\0\0\0", 13, pool);
    refuse("more in a block than its kind has", "\1\0" "\12\0" "\12" "\0\0\0\0" "\0\0\0\0" "x",
           14, pool);
    refuse("a forward to nobody", "\1\0" "\13\0" "\7" "\0\0\0\0" "\0\0\0\0" "\0\0", 15,
           pool); /* MS-OXORULE_R324 */
    refuse("a recipient without properties",
           "\1\0" "\16\0" "\7" "\0\0\0\0" "\0\0\0\0" "\1\0" "\1" "\0\0", 18,
           pool); /* MS-OXORULE_R331 */
    refuse("more actions than bytes", "\xFF\xFF", 2, pool);
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    test_standard(pool);
    test_extended(pool);
    test_refused(pool);
    return done_testing();
}
