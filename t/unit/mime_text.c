/* mime_text.c - what mail conversion is made of: header text, addresses, parameters, charsets,
 * HTML. Each table is input and what has to come of it. */
#include <gmime/gmime.h>

#include "address_list.h"
#include "charset.h"
#include "entity.h"
#include "header.h"
#include "html.h"
#include "tap.h"

#include <apr_strings.h>

static okapi_binary_t bytes_of(const char *text)
{
    okapi_binary_t bytes = {(const unsigned char *)text, strlen(text)};
    return bytes;
}

/* RFC 2047, and what programs send instead. */
static void test_header_text(apr_pool_t *pool)
{
    static const char *const rows[][3] = {
        /* value, hint, text */
        {" plain  text ", NULL, "plain  text"},
        {"folded\r\n line", NULL, "folded line"},
        {"=?utf-8?Q?M=C3=BCller?=", NULL, "Müller"},
        {"=?UTF-8?B?TcO8bGxlcg==?=", NULL, "Müller"},
        {"=?utf-8?B?TcO8bGxlcg?=", NULL, "Müller"},           /* no padding */
        {"=?utf-8*de?q?M=C3=BCller?=", NULL, "Müller"},       /* RFC 2231's language */
        {"=?utf-8?Q?two_blanks =41?=", NULL, "two blanks A"}, /* a blank inside */
        {"=?utf-8?Q?M=C3?= =?utf-8?Q?=BCller?=", NULL, "Müller"},
        {"=?utf-8?B?TcM=?=\r\n =?UTF-8?B?vGxsZXI=?=", NULL, "Müller"},
        {"=?utf-8?Q?a?= =?iso-8859-1?Q?=E4?= b", NULL, "aä b"},
        {"Re: =?utf-8?Q?=C3=A4?= und =?utf-8?Q?=C3=B6?=", NULL, "Re: ä und ö"},
        {"=?utf-8?Q?a?==?utf-8?Q?b?=", NULL, "ab"},
        {"=?nonsense?Q?M=C3=BCller?=", NULL, "Müller"}, /* an unknown charset */
        {"=?us-ascii?Q?M=FCller?=", "iso-8859-1", "Müller"},
        {"=?iso-2022-jp?B?GyRCJUYlOSVIGyhC?= =?iso-2022-jp?B?GyRCJUYbKEI=?=", NULL, "テストテ"},
        {"=?gb2312?B?1tDOxA==?=", NULL, "中文"},
        {"=?utf-8?Q?open", NULL, "=?utf-8?Q?open"},
        {"=?utf-8?X?open?=", NULL, "=?utf-8?X?open?="},
        {"a =? b ?= c", NULL, "a =? b ?= c"},
        {"=?utf-8?Q?line=0D=0AX-Injected:_1?=", NULL, "line  X-Injected: 1"},
        {"raw M\xC3\xBCller", NULL, "raw Müller"},
        {"raw M\xFCller", "iso-8859-1", "raw Müller"},
        {"raw M\xFCller", NULL, "raw Müller"},
        {"=?utf-8?Q?"
         "?=",
         NULL, ""},
        {"", NULL, ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        is_str(okapi__header_text(bytes_of(rows[i][0]), rows[i][1], pool), rows[i][2],
               "header text: %s", rows[i][2]);
}

static void test_addresses(apr_pool_t *pool)
{
    static const char *const rows[][2] = {
        {"john@example.org", "|john@example.org"},
        {"<john@example.org>", "|john@example.org"},
        {"John Doe <john@example.org>", "John Doe|john@example.org"},
        {"\"Doe, John\" <john@example.org>, m@x", "Doe, John|john@example.org;|m@x"},
        {"=?utf-8?Q?Doe=2C_John?= <j@x>", "Doe, John|j@x"},
        {"\"=?utf-8?Q?=C3=9C=22b?=\" <j@x>", "Ü\"b|j@x"},
        {"=?utf-8?Q?=22M=C3=BC=22?= <j@x>", "Mü|j@x"},
        {"john@example.org (John Doe)", "John Doe|john@example.org"},
        {"<j@x> (J. (Jon) Doe)", "J. (Jon) Doe|j@x"},
        {"undisclosed-recipients:;", ""},
        {"Friends: a@x, B <b@x>; c@x", "|a@x;B|b@x;|c@x"},
        {"Team: us <a@x>", "Team: us|a@x"}, /* no semicolon: no group */
        {"a@x; b@x", "|a@x;|b@x"},
        {"a@x b@x", "|a@x;|b@x"},
        {"Bob <b@x> Alice <a@x>", "Bob|b@x;Alice|a@x"},
        {"Alan, Sandi Smith", "Alan|Alan;Sandi Smith|Sandi Smith"},
        {"MAILER-DAEMON <>", "MAILER-DAEMON|MAILER-DAEMON"},
        {"<>", ""},
        {"(only a comment)", ""},
        {"<@route,@b:john@x>", "|john@x"},
        {"john . doe @ x . org", "|john.doe@x.org"},
        {"\"john doe\"@x", "|john doe@x"},
        {"a@b <c@d>", "a@b|c@d"},
        {"info@xn--dmi-0na.fo", "|info@xn--dmi-0na.fo"},
        {"\"unclosed <a@x>", "|unclosed <a@x>"},
        {", ,;", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *text = okapi__header_structured(bytes_of(rows[i][0]), NULL, pool);
        apr_array_header_t *list = okapi__address_list(text, pool);
        char *got = "";
        for (int k = 0; k < list->nelts; k++) {
            const okapi__address_t *a = &APR_ARRAY_IDX(list, k, okapi__address_t);
            got = apr_pstrcat(pool, got, k ? ";" : "", a->name, "|", a->address, NULL);
        }
        is_str(got, rows[i][1], "addresses: %s", rows[i][0]);
    }
}

static void test_parameters(apr_pool_t *pool)
{
    static const char *const rows[][3] = {
        /* value, name, parameter */
        {"text/plain; charset=utf-8", "charset", "utf-8"},
        {"text/plain; charset=\"utf-8\"; x=y", "x", "y"},
        {"text/plain;CHARSET = utf-8 ; x", "charset", "utf-8"},
        {"text/plain charset=utf-8", "charset", "utf-8"},
        {"text/plain; charset=", "charset", ""},
        {"text/plain", "charset", NULL},
        {"x; filename=two words.txt", "filename", "two words.txt"},
        {"x; filename=\"a\\\"b.txt\"", "filename", "a\"b.txt"},
        {"x; filename=\"C:\\docs\\a.txt\"", "filename", "C:\\docs\\a.txt"},
        {"x; filename=\"=?utf-8?Q?=C3=A4.txt?=\"", "filename", "ä.txt"},
        {"x; filename=\"\xE4.txt\"", "filename", "ä.txt"},
        {"x; filename*=utf-8''%C3%A4%20b.txt", "filename", "ä b.txt"},
        {"x; filename*=iso-8859-1'de'%E4.txt", "filename", "ä.txt"},
        {"x; filename*0=\"one \"; filename*1=two", "filename", "one two"},
        {"x; filename*1*=%A4.txt; filename*0*=utf-8''%C3", "filename", "ä.txt"},
        {"x; filename*0*=utf-8''%C3%A4; filename*1=.txt; filename=x", "filename", "ä.txt"},
        {"x; filename*=utf-8'%zz", "filename", "utf-8'%zz"},
        {"x; filename*99999999999=a", "filename", NULL},
        {"x; filename=\"open", "filename", "open"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        is_str(okapi__header_param(bytes_of(rows[i][0]), rows[i][1], NULL, pool), rows[i][2],
               "parameter of %s", rows[i][0]);
}

static void test_charsets(apr_pool_t *pool)
{
    static const struct {
        const char *declared, *bytes, *text;
        int codepage;
    } rows[] = {
        {"UTF-8", "\xC3\xA4", "ä", 65001},
        {"utf-8", "a\xC3(", "a\xEF\xBF\xBD(", 65001},
        {"iso-8859-1", "\xE4\x80", "ä€", 1252},
        {"ISO_8859-15", "\xA4", "€", 28605},
        {"windows-1251", "\xCF\xF0", "Пр", 1251},
        {"koi8-r", "\xF0\xD2", "Пр", 20866},
        {"gb2312", "\xD6\xD0", "中", 936},
        {"ks_c_5601-1987", "\xC7\xD1", "한", 949},
        {"shift_jis", "\x83\x65", "テ", 932},
        {"big5", "\xA4\xA4", "中", 950},
        {"unicode-1-1-utf-7", "+AOQ-", "ä", 0},
        {"x-mac-cyrillic", "\x80", "А", 10007},
        {"us-ascii", "plain", "plain", 20127},
        {"us-ascii", "\xC3\xA4", "ä", 65001}, /* 8-bit isn't ASCII */
        {"utf-16", "plain", "plain", 20127},  /* 7-bit isn't UTF-16 */
        {"unknown-8bit", "\xC3\xA4", "ä", 65001},
        {NULL, "\xE4", "ä", 1252},
        {NULL, "\xEF\xBB\xBFmarked", "marked", 65001},
        {"no-such-charset-as-this-one-is-very-long", "x", "x", 20127},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        okapi_binary_t bytes = bytes_of(rows[i].bytes);
        const okapi__charset_t *charset = okapi__charset_of(bytes, rows[i].declared, NULL);
        const char *name = rows[i].declared ? rows[i].declared : "(undeclared)";
        is_str(okapi__charset_decode(charset, bytes, NULL, pool), rows[i].text, "text in %s", name);
        is_int(charset->codepage, rows[i].codepage, "code page of %s", name);
    }

    static const unsigned char wide[] = {'a', 0, 0xE4, 0};
    okapi_binary_t bytes = {wide, sizeof(wide)};
    is_str(okapi__charset_decode(okapi__charset_of(bytes, "utf-16", NULL), bytes, NULL, pool), "aä",
           "UTF-16 without a mark, little-endian");
    static const unsigned char nul[] = {'a', 0, 'b', 0, 'c'};
    okapi_binary_t with_nul = {nul, sizeof(nul)};
    apr_size_t len;
    is_str(okapi__charset_decode(okapi__charset_of(with_nul, "utf-8", NULL), with_nul, &len, pool),
           "abc", "NULs are dropped");
    is_int((long long)len, 3, "and not counted");
}

static void test_html(apr_pool_t *pool)
{
    static const char *const rows[][2] = {
        {"plain &amp; simple", "plain & simple"},
        {"<html><head><title>x</title><style>p{}</style></head><body>text</body>", "text"},
        {"<p>one</p><p>two</p>", "one\n\ntwo"},
        {"a<br>b<br/><br>c", "a\nb\n\nc"},
        {"<ul><li>one<li>two</ul>after", "* one\n* two\nafter"},
        {"<table><tr><td>a<td>b</tr><tr><td>c</table>", "a\tb\nc"},
        {"  many\n  blanks ", "many blanks"},
        {"<pre>a\n  b</pre>", "a\n  b"},
        {"&#228;&#xE4;&auml;&nbsp;&euro;&unknown;&", "äää €&unknown;&"},
        {"&#0;&#xD800;&#x110000;", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"a < b <!-- c --> d", "a < b d"},
        {"<script>if (a<b) alert('</p>')</script>x", "x"},
        {"a <b c", "a <b c"}, /* no tag: it never closes */
        {"", ""},
    };
    apr_size_t len;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        is_str(okapi__html_to_text(rows[i][0], strlen(rows[i][0]), &len, pool), rows[i][1],
               "text of HTML %d", (int)i);

    const char *text = "a <b> & c\r\n  d";
    is_str(okapi__html_from_text(text, strlen(text), &len, pool),
           "a &lt;b&gt; &amp; c<br>\r\n&nbsp;&nbsp;d", "HTML of text");
    is_str(okapi__html_charset(bytes_of("<meta name=x><META http-equiv=Content-Type "
                                        "content='text/html; charset=koi8-r'>"),
                               pool),
           "koi8-r", "charset of a meta tag");

    int used[3] = {0, 0, 0};
    apr_hash_t *targets = apr_hash_make(pool);
    const char *html = "<img src=\"CID:one@x\"><td background='http://x/y.png'>cid:tw%6f)";
    apr_hash_set(targets, "cid:one@x", APR_HASH_KEY_STRING, &used[0]);
    apr_hash_set(targets, "http://x/y.png", APR_HASH_KEY_STRING, &used[1]);
    apr_hash_set(targets, "cid:two", APR_HASH_KEY_STRING, &used[2]);
    okapi__html_mark_references(html, strlen(html), targets, pool);
    ok(used[0] && used[1] && used[2], "references in HTML are found");
}

/* The tree as text: "type/subtype(children)". */
static char *tree(const okapi__entity_t *entity, apr_pool_t *pool)
{
    char *text = apr_pstrcat(pool, entity->kind == OKAPI__ENTITY_OPAQUE ? "!" : "", entity->subtype,
                             entity->first ? "(" : "", NULL);
    for (const okapi__entity_t *child = entity->first; child; child = child->next)
        text = apr_pstrcat(pool, text, child == entity->first ? "" : " ", tree(child, pool), NULL);
    return apr_pstrcat(pool, text, entity->first ? ")" : "", NULL);
}

static const char *tree_of(const char *raw, int max_depth, int max_parts, apr_pool_t *pool)
{
    okapi__entity_limits_t limits = {65536, max_depth, max_parts, 0};
    return tree(okapi__entity_parse(bytes_of(raw), &limits, pool), pool);
}

#define MULTIPART(subtype, boundary)                                                               \
    "Content-Type: multipart/" subtype "; boundary=" boundary "\n\n"

static void test_structure(apr_pool_t *pool)
{
    static const char *const rows[][2] = {
        {"", "plain"},
        {"no headers at all", "plain"},
        {"Subject: x\n\nbody", "plain"},
        {"Content-Type: text/html\nnot a header\n", "html"},
        {"Content-Type: nonsense\n\n", "plain"},
        {MULTIPART("mixed", "b") "--b\n\nx\n--b--\n", "mixed(plain)"},
        {MULTIPART("mixed", "b") "pre\n--b\n\nx\n--b \t\n\ny", "mixed(plain plain)"},
        {MULTIPART("mixed", "b") "--b\n\nx\n--bb\n--b--x\n--b--\n--b\n\nepilogue", "mixed(plain)"},
        {MULTIPART("mixed", "b") "the boundary never comes", "plain"},
        {"Content-Type: multipart/mixed\n\n--b\n\nx", "plain"},
        {MULTIPART("mixed", "b") "--b\n" MULTIPART("alternative", "c") "--c\n\n1\n--b\n\n2\n--b--",
         "mixed(alternative(plain) plain)"},
        {MULTIPART("digest", "b") "--b\n\nSubject: x\n\n1\n--b--", "digest(rfc822(plain))"},
        {"Content-Type: message/rfc822\n\n" MULTIPART("mixed", "b") "--b\n\n1\n--b--",
         "rfc822(mixed(plain))"},
        {"Content-Type: multipart/mixed; boundary=b\r\r--b\r\rx\r--b--\r", "mixed(plain)"},
        {"From x Mon\nContent-Type: text/html\n\n", "html"},
        {"X: 1\n>From x Mon\nContent-Type: text/html\n\n", "html"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        is_str(tree_of(rows[i][0], 10, 100, pool), rows[i][1], "structure %d: %s", (int)i,
               rows[i][1]);

    const char *deep = MULTIPART("mixed", "a") "--a\n" MULTIPART("mixed", "b") "--b\n" MULTIPART(
        "mixed", "c") "--c\n\nx\n--c--\n--b\n\ny\n--b--\n--a--";
    is_str(tree_of(deep, 10, 100, pool), "mixed(mixed(mixed(plain) plain))", "three levels");
    is_str(tree_of(deep, 2, 100, pool), "mixed(mixed(!mixed plain))", "the third is too deep");
    const char *many = MULTIPART("mixed", "b") "--b\n\n1\n--b\n\n2\n--b\n\n3\n--b--";
    is_str(tree_of(many, 10, 3, pool), "mixed(plain plain !plain)", "the third is too much");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    g_mime_init();
    test_header_text(pool);
    test_addresses(pool);
    test_parameters(pool);
    test_charsets(pool);
    test_html(pool);
    test_structure(pool);
    return done_testing();
}
