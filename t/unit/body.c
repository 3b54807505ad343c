/* body.c - the forms of a message's body: those that are made of another one, which one is best,
 * what goes when one is set, and that words in RTF are found. */
#include <okapi/bodies.h>
#include <okapi/extract.h>
#include <okapi/rtf.h>
#include <okapi/message.h>

#include "mailbox.h"

static mailbox_t m;

static okapi_message_t *make(apr_pool_t *pool)
{
    okapi_message_t *message;
    mailbox_must(okapi_message_create(&message, m.store, okapi_folder_id(m.inbox), 0, pool, pool),
                 "create");
    return message;
}

static okapi_message_t *saved(okapi_message_t *message, apr_pool_t *pool)
{
    okapi_message_t *again;
    mailbox_must(okapi_message_save(message, 0, pool), "save");
    mailbox_must(okapi_message_open(&again, m.store, 0, okapi_message_id(message), pool, pool),
                 "open");
    return again;
}

static okapi_propval_t rtf_value(const char *rtf, apr_pool_t *pool)
{
    okapi_binary_t raw = {(const unsigned char *)rtf, strlen(rtf)}, compressed;
    mailbox_must(okapi_rtf_compress(&compressed, raw, pool), "compress");
    return okapi_propval_bin(PR_RTF_COMPRESSED, compressed.data, compressed.len);
}

static void set(okapi_message_t *message, okapi_propval_t value, apr_pool_t *pool)
{
    mailbox_must(okapi_object_set(okapi_message_object(message), &value, 1, pool), "set");
}

static okapi_propval_t html_value(const char *html)
{
    return okapi_propval_bin(PR_HTML, html, strlen(html));
}

static okapi_propval_t get(okapi_message_t *message, okapi_proptag_t tag, apr_pool_t *pool)
{
    okapi_propval_t v;
    mailbox_must(okapi_object_get(okapi_message_object(message), &tag, 1, 0, &v, pool, pool),
                 "get");
    return v;
}

/* A body as text; what the RTF was made of, if it is that; "none" if there is none. */
static const char *body(okapi_message_t *message, okapi_proptag_t tag, apr_pool_t *pool)
{
    okapi_propval_t v = get(message, tag, pool);
    okapi_binary_t rtf, back;
    if (v.tag != tag)
        return "none";
    if (OKAPI_PROP_TYPE(tag) == PT_UNICODE)
        return v.v.str;
    if (tag == PR_HTML)
        return apr_pstrmemdup(pool, (const char *)v.v.bin.data, v.v.bin.len);
    mailbox_must(okapi_rtf_decompress(&rtf, v.v.bin, 1 << 20, pool), "decompress");
    mailbox_must(okapi_rtf_origin(rtf) == OKAPI_RTF_FROM_HTML
                     ? okapi_rtf_to_html(&back, rtf, pool, pool)
                     : okapi_rtf_to_text(&back, rtf, pool, pool),
                 "read");
    return apr_pstrcat(pool, okapi_rtf_origin(rtf) == OKAPI_RTF_NATIVE ? "RTF " : "made of ",
                       (const char *)back.data, NULL);
}

static void says(okapi_message_t *message, int native, int in_sync, const char *what,
                 apr_pool_t *pool)
{
    is_int(get(message, PR_NATIVE_BODY_INFO, pool).v.i32, native, "%s: the native body", what);
    is_int(get(message, PR_RTF_IN_SYNC, pool).v.boolean, in_sync, "%s: is RTF in sync", what);
}

static int lists(okapi_message_t *message, okapi_proptag_t tag, apr_pool_t *pool)
{
    apr_array_header_t *tags;
    int n = 0;
    mailbox_must(okapi_object_tags(okapi_message_object(message), &tags, pool, pool), "tags");
    for (int i = 0; i < tags->nelts; i++)
        n += APR_ARRAY_IDX(tags, i, okapi_proptag_t) == tag;
    return n;
}

static void test_made(apr_pool_t *pool)
{
    okapi_message_t *message = make(pool);
    set(message, rtf_value("{\\rtf1\\ansi\\b bold \\'e4}", pool), pool);
    message = saved(message, pool);
    is_str(body(message, PR_BODY, pool), "bold ä", "text of RTF");
    ok(strstr(body(message, PR_HTML, pool), "<b>bold &#228;</b>") != NULL, "HTML of RTF");
    ok(strstr(body(message, PR_BODY_HTML, pool), "<b>bold ä</b>") != NULL, "as text");
    says(message, 2, 1, "RTF", pool);
    is_int(lists(message, PR_RTF_COMPRESSED, pool), 1, "what is stored is listed");
    is_int(lists(message, PR_BODY, pool) + lists(message, PR_HTML, pool), 0, "what is made isn't");

    message = make(pool);
    set(message, html_value("<p>gr\xFC\xDF</p>"), pool);
    set(message, okapi_propval_i32(PR_INTERNET_CPID, 1252), pool);
    message = saved(message, pool);
    is_str(body(message, PR_BODY, pool), "grüß", "text of HTML");
    is_str(body(message, PR_RTF_COMPRESSED, pool), "made of <p>grüß</p>", "RTF of HTML");
    is_str(body(message, PR_BODY_HTML, pool), "<p>grüß</p>", "HTML as text");
    says(message, 3, 0, "HTML", pool);

    message = make(pool);
    set(message, okapi_propval_str(PR_BODY, "a\r\nb"), pool);
    message = saved(message, pool);
    is_str(body(message, PR_RTF_COMPRESSED, pool), "made of a\r\nb", "RTF of text");
    is_str(body(message, PR_HTML, pool), "none", "text has no HTML, which would be better");
    says(message, 1, 1, "text", pool);

    message = make(pool);
    is_str(body(message, PR_BODY, pool), "none", "of nothing, nothing is made");
    says(message, 0, 0, "nothing", pool);
    set(message, okapi_propval_bin(PR_RTF_COMPRESSED, "damaged", 7), pool);
    is_str(body(message, PR_BODY, pool), "none", "nor of what is damaged");
}

static void test_large(apr_pool_t *pool)
{
    const okapi_proptag_t tag = PR_BODY;
    char *html = apr_palloc(pool, 100004);
    okapi_propval_t v;
    okapi_stream_t *stream;
    memset(html, 'x', 100003);
    memcpy(html, "<p>", 3);
    html[100003] = 0;
    okapi_message_t *message = make(pool);
    set(message, html_value(html), pool);
    message = saved(message, pool);
    mailbox_must(okapi_object_get(okapi_message_object(message), &tag, 1, 1000, &v, pool, pool),
                 "get");
    is_int(OKAPI_PROP_TYPE(v.tag), PT_ERROR, "a value made too large for the answer");
    mailbox_must(
        okapi_object_stream(&stream, okapi_message_object(message), PR_BODY, 0, pool, pool),
        "stream");
    is_int(okapi_stream_size(stream), 200000, "is read piecewise");
}

static void test_set(apr_pool_t *pool)
{
    okapi_message_t *message = make(pool);
    set(message, okapi_propval_str(PR_BODY, "old"), pool);
    set(message, html_value("<p>old"), pool);
    set(message, okapi_propval_bool(PR_RTF_IN_SYNC, 0), pool);
    message = saved(message, pool);
    is_str(body(message, PR_BODY, pool), "old", "forms set one after the other");
    is_str(body(message, PR_HTML, pool), "<p>old", "are all kept");

    set(message, html_value("<p>new"), pool);
    is_str(body(message, PR_BODY, pool), "new", "a new one, and the text is its");
    set(message, okapi_propval_str(PR_BODY, "its own"), pool);
    is_str(body(message, PR_HTML, pool), "<p>new", "until that is set, too");
    mailbox_must(okapi_message_save(message, 0, pool), "save");
    is_str(body(message, PR_BODY, pool), "its own", "and saved");

    set(message, rtf_value("{\\rtf1 rtf}", pool), pool);
    is_str(body(message, PR_BODY, pool), "rtf", "after saving, a form replaces all others");
    says(message, 2, 1, "RTF behind HTML", pool);
    message = saved(message, pool);
    ok(lists(message, PR_HTML, pool) == 0, "for good");
    okapi_propval_t subject = okapi_propval_str(PR_SUBJECT, "S");
    set(message, subject, pool);
    is_str(body(message, PR_RTF_COMPRESSED, pool), "RTF rtf", "others don't touch it");
}

static void test_without(apr_pool_t *pool)
{
    okapi_message_t *message = make(pool);
    m.okapi->host.bodies = NULL;
    set(message, okapi_propval_str(PR_BODY, "a"), pool);
    is_str(body(message, PR_RTF_COMPRESSED, pool), "none", "no converter, no other form");
    says(message, 1, 0, "without", pool);
    m.okapi->host.bodies = okapi_body_converter();
}

/* ---- the index of words ---- */

static int finds(const char *query, apr_pool_t *pool)
{
    apr_array_header_t *terms = okapi_fulltext_parse(query, 0, pool), *hits;
    mailbox_must(okapi_fulltext_search(&hits, m.store, (okapi_fulltext_term_t *)terms->elts,
                                       terms->nelts, NULL, 0, pool, pool),
                 "search");
    return hits->nelts;
}

static void attach(okapi_message_t *message, const char *name, const char *type, const char *data,
                   apr_pool_t *pool)
{
    okapi_attachment_t *a = okapi_attachment_create(message, ATTACH_BY_VALUE);
    okapi_propval_t values[] = {okapi_propval_str(PR_ATTACH_LONG_FILENAME, name),
                                okapi_propval_str(PR_ATTACH_MIME_TAG, type)};
    okapi_object_set(okapi_attachment_object(a), values, 2, pool);
    okapi_attachment_set_data(a, (okapi_binary_t){(const unsigned char *)data, strlen(data)});
}

static void test_words(apr_pool_t *pool)
{
    okapi_fulltext_fed_t fed;
    m.config.extract_program = "none";
    okapi_fulltext_reader_t reader = okapi_extract_reader(m.okapi, pool);
    okapi_message_t *message = make(pool);
    set(message, rtf_value("{\\rtf1\\ansi Aardv\\b ark}", pool), pool);
    attach(message, "a.RTF", "", "{\\rtf1\\ansi W\\'f6mbat}", pool);
    attach(message, "b", "application/rtf", "{\\rtf1 Quokka}", pool);
    attach(message, "c.rtf", "text/rtf", "no RTF", pool);
    mailbox_must(okapi_message_save(message, 0, pool), "save");
    mailbox_must(okapi_fulltext_feed(m.okapi, 0, &reader, NULL, NULL, &fed, pool), "feed");
    is_int(finds("aardvark", pool), 1, "a word of RTF is found, though it changes its look");
    is_int(finds("wömbat", pool), 1, "one of an attachment, by its name");
    is_int(finds("quokka", pool), 1, "and by its type");
    is_int(finds("rtf1", pool), 0, "RTF itself isn't");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    mailbox_create(&m, pool);
    m.okapi->host.bodies = okapi_body_converter();
    test_made(pool);
    test_large(pool);
    test_set(pool);
    test_without(pool);
    test_words(pool);
    return done_testing();
}
