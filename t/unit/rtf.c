/* rtf.c - RTF: compression (the examples of MS-OXRTFCP), what a document is as HTML and as text,
 * and HTML and text as RTF (the example of MS-OXRTFEX). */
#include <okapi/error.h>
#include <okapi/rtf.h>

#include <apr_strings.h>

#include "charset.h"
#include "tap.h"

#define BYTES(literal) ((okapi_binary_t){(const unsigned char *)(literal), sizeof(literal) - 1})

static int same(okapi_binary_t a, okapi_binary_t b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* ---- compression ---- */

/* MS-OXRTFCP 3.1 and 3.2 */
static const struct {
    okapi_binary_t raw, compressed;
} examples[] = {
    {BYTES("{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"),
     BYTES("\x2d\x00\x00\x00\x2b\x00\x00\x00\x4c\x5a\x46\x75\xf1\xc5\xc7\xa7\x03\x00\x0a\x00\x72"
           "\x63\x70\x67\x31\x32\x35\x42\x32\x0a\xf3\x20\x68\x65\x6c\x09\x00\x20\x62\x77\x05\xb0"
           "\x6c\x64\x7d\x0a\x80\x0f\xa0")},
    {BYTES("{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"),
     BYTES("\x1a\x00\x00\x00\x1c\x00\x00\x00\x4c\x5a\x46\x75\xe2\xd4\x4b\x51\x41\x00\x04\x20\x57"
           "\x58\x59\x5a\x0d\x6e\x7d\x01\x0e\xb0")},
};

static void test_examples(apr_pool_t *pool)
{
    for (int i = 0; i < 2; i++) {
        okapi_binary_t bytes;
        is_int(okapi_rtf_decompress(&bytes, examples[i].compressed, 1000, pool), APR_SUCCESS,
               "example %d is decompressed", i);
        ok(same(bytes, examples[i].raw), "... as the specification says");
        is_int(okapi_rtf_compress(&bytes, examples[i].raw, pool), APR_SUCCESS, "and compressed");
        ok(same(bytes, examples[i].compressed), "... as the specification says");
    }
}

/* The specification's search, byte by byte. */
static apr_size_t slow_match(const unsigned char *all, apr_size_t at, apr_size_t end,
                             apr_size_t *position)
{
    apr_size_t best = 0;
    for (apr_size_t from = at < 4096 ? 0 : at - 4095; from < at; from++) {
        apr_size_t len = 0;
        while (len < 17 && at + len < end && all[from + len] == all[at + len])
            len++;
        if (len > best) {
            best = len;
            *position = from;
        }
    }
    return best;
}

/* Do the tokens of COMPRESSED say what the slow search finds in RAW? */
static int is_by_rule(okapi_binary_t compressed, okapi_binary_t raw, apr_pool_t *pool)
{
    static const char start[] =
        "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern "
        "\\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0"
        "\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
    apr_size_t at = strlen(start), end = at + raw.len, position = 0;
    unsigned char *all = apr_palloc(pool, end + 1);
    const unsigned char *p = compressed.data + 16;
    memcpy(all, start, at);
    memcpy(all + at, raw.data, raw.len);
    for (unsigned control = 1; at < end; control >>= 1) {
        if (control == 1)
            control = 0x100u | *p++;
        apr_size_t len = slow_match(all, at, end, &position);
        if ((control & 1) != (len >= 2))
            return 0;
        if (len < 2) {
            at++;
            p++;
            continue;
        }
        if ((unsigned)(p[0] << 8 | p[1]) != ((position & 4095) << 4 | (len - 2)))
            return 0;
        at += len;
        p += 2;
    }
    return 1;
}

/* Texts of LEN bytes from few letters, so that matches are long, short, many and overlapping. */
static void test_rule(apr_pool_t *pool)
{
    unsigned seed = 4711;
    for (int letters = 1; letters <= 64; letters *= 2) {
        enum { LEN = 20000 };
        unsigned char *text = apr_palloc(pool, LEN);
        for (int i = 0; i < LEN; i++) {
            seed = seed * 1103515245u + 12345u;
            text[i] = (unsigned char)('a' + (seed >> 16) % (unsigned)letters);
        }
        okapi_binary_t raw = {text, LEN}, compressed, back;
        okapi_rtf_compress(&compressed, raw, pool);
        ok(is_by_rule(compressed, raw, pool), "of %d letters, the first longest match", letters);
        is_int(okapi_rtf_decompress(&back, compressed, LEN, pool), APR_SUCCESS, "decompressed");
        ok(same(raw, back), "and the same again");
    }
}

static void put_u32(unsigned char *p, apr_size_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (unsigned char)(v >> 8 * i);
}

/* The LEN bytes of CONTENTS behind a header that says SIZE. */
static okapi_binary_t with_header(const char *type, apr_size_t size, const void *contents,
                                  apr_size_t len, apr_pool_t *pool)
{
    unsigned char *bytes = apr_pcalloc(pool, 16 + len);
    apr_uint32_t crc = 0;
    memcpy(bytes + 16, contents, len);
    for (apr_size_t i = 0; i < len; i++) {
        crc ^= bytes[16 + i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
    }
    put_u32(bytes, len + 12);
    put_u32(bytes + 4, size);
    memcpy(bytes + 8, type, 4);
    put_u32(bytes + 12, strcmp(type, "LZFu") == 0 ? crc : 0);
    return (okapi_binary_t){bytes, 16 + len};
}

static void test_sizes(apr_pool_t *pool)
{
    okapi_binary_t bytes, empty = {(const unsigned char *)"", 0}, raw;
    is_int(okapi_rtf_compress(&bytes, empty, pool), APR_SUCCESS, "nothing is compressed");
    is_int(okapi_rtf_decompress(&raw, bytes, 0, pool), APR_SUCCESS, "and decompressed");
    is_int((int)raw.len, 0, "to nothing");

    okapi_binary_t stored = with_header("MELA", 7, "{\\rtf1}", 7, pool);
    is_int(okapi_rtf_decompress(&raw, stored, 7, pool), APR_SUCCESS, "uncompressed");
    ok(same(raw, BYTES("{\\rtf1}")), "as it stands");
    is_int(okapi_rtf_decompress(&raw, stored, 6, pool), OKAPI_ETOOBIG, "one byte too many");
    is_int(okapi_rtf_decompress(&raw, with_header("MELA", 8, "{\\rtf1}", 7, pool), 100, pool),
           APR_SUCCESS, "a size that some writers say, with the header's");
    ok(same(raw, BYTES("{\\rtf1}")), "gives what there is");
    is_int(okapi_rtf_decompress(&raw, with_header("LZFz", 7, "{\\rtf1}", 7, pool), 100, pool),
           OKAPI_EFORMAT, "no such compression");

    is_int(okapi_rtf_decompress(&raw, examples[0].compressed, 42, pool), OKAPI_ETOOBIG,
           "more than allowed");
    unsigned char *damaged =
        apr_pmemdup(pool, examples[0].compressed.data, examples[0].compressed.len);
    damaged[20] ^= 1;
    is_int(okapi_rtf_decompress(&raw, (okapi_binary_t){damaged, examples[0].compressed.len}, 100,
                                pool),
           OKAPI_EFORMAT, "a damaged byte is noticed by the CRC");
    for (apr_size_t len = 0; len < examples[0].compressed.len; len++)
        if (okapi_rtf_decompress(&raw, (okapi_binary_t){examples[0].compressed.data, len}, 100,
                                 pool) != OKAPI_EFORMAT)
            ok(0, "cut at %d", (int)len);
    unsigned char *padded = apr_pcalloc(pool, examples[0].compressed.len + 9);
    memcpy(padded, examples[0].compressed.data, examples[0].compressed.len);
    okapi_binary_t longer = {padded, examples[0].compressed.len + 9};
    is_int(okapi_rtf_decompress(&raw, longer, 100, pool), APR_SUCCESS, "bytes behind are ignored");
}

static void test_references(apr_pool_t *pool)
{
    okapi_binary_t raw;
    is_int(okapi_rtf_decompress(&raw, with_header("LZFu", 4, "\x01\x0d\x00", 3, pool), 100, pool),
           OKAPI_EFORMAT, "a reference to what was never written");
    is_int(
        okapi_rtf_decompress(&raw, with_header("LZFu", 3, "\x02\x61\x0c\xf0", 4, pool), 100, pool),
        APR_SUCCESS, "a reference to the byte just written");
    ok(same(raw, BYTES("aaa")), "repeats it");

    /* A bomb says 4 GB; it has two bytes. */
    is_int(okapi_rtf_decompress(&raw, with_header("LZFu", 0xFFFFFFFF, "\x00\x61", 2, pool),
                                0xFFFFFFFF, pool),
           APR_SUCCESS, "a size that is a lie");
    is_int((int)raw.len, 1, "gives what there is");
}

/* ---- HTML and text of a document ---- */

#define HEADER "<!DOCTYPE html>\r\n<html><head><meta charset=\"utf-8\"></head>\r\n<body>\r\n"
#define FOOTER "</body></html>\r\n"
#define SPAN   "<span style=\"\">"

static okapi_binary_t bytes_of(const char *text)
{
    return (okapi_binary_t){(const unsigned char *)text, strlen(text)};
}

static const char *html_of(const char *rtf, apr_pool_t *pool)
{
    okapi_binary_t html;
    apr_status_t status = okapi_rtf_to_html(&html, bytes_of(rtf), pool, pool);
    return status == APR_SUCCESS ? (const char *)html.data : okapi_error_symbol(status);
}

static const char *text_of(const char *rtf, apr_pool_t *pool)
{
    okapi_binary_t text;
    apr_status_t status = okapi_rtf_to_text(&text, bytes_of(rtf), pool, pool);
    return status == APR_SUCCESS ? (const char *)text.data : okapi_error_symbol(status);
}

/* What text a document has, of all code pages and ways to write a character. */
static const struct {
    const char *what, *rtf, *text;
} texts[] = {
    {"plain text", "{\\rtf1\\ansi hello\\par\nworld}", "hello\r\nworld"},
    {"a delimiter is one blank", "{\\rtf1\\ansi a\\b  b\\b0 c}", "a bc"},
    {"escapes", "{\\rtf1 \\{\\}\\\\\\~\\_\\tab x}", "{}\\\xC2\xA0\xE2\x80\x91\tx"},
    {"the ANSI code page", "{\\rtf1\\ansi\\ansicpg1252 \\'e4\\'80}", "ä€"},
    {"another one", "{\\rtf1\\ansi\\ansicpg1251 \\'cf\\'f0}", "Пр"},
    {"the Macintosh", "{\\rtf1\\mac \\'8a}", "ä"},
    {"a PC", "{\\rtf1\\pc \\'84}", "ä"},
    {"raw bytes", "{\\rtf1\\ansi\\ansicpg1252 \xE4}", "ä"},
    {"a font's charset",
     "{\\rtf1\\ansi{\\fonttbl{\\f0 A;}{\\f1\\fcharset204 B;}}\\'e4{\\f1 \\'e4}\\'e4}", "äдä"},
    {"a font's code page", "{\\rtf1\\ansi{\\fonttbl{\\f7\\cpg1253 A;}}\\f7 \\'e1}", "α"},
    {"two bytes are a character",
     "{\\rtf1\\ansi{\\fonttbl{\\f1\\fcharset128 A;}}\\f1 \\'93\\'fa\\'96\\'7b}", "日本"},
    {"the second may be a letter",
     "{\\rtf1\\ansi{\\fonttbl{\\f1\\fcharset128 A;}}\\f1 \\'83A\\'83\\'43}", "アイ"},
    {"Unicode with its fallback", "{\\rtf1\\uc1 \\u228?\\u8364 \\'80x}", "ä€x"},
    {"of two characters, none and a group",
     "{\\rtf1\\uc2\\u228 ab{\\uc0\\u246 }\\u252 \\'81\\'82z}", "äöüz"},
    {"negative and beyond the first plane", "{\\rtf1 \\u-3913?\\u-10179?\\u-8704?}", "•😀"},
    {"half of a pair", "{\\rtf1 a\\u-10179?b}",
     "a\xEF\xBF\xBD"
     "b"},
    {"characters with names",
     "{\\rtf1 \\lquote a\\rquote\\ldblquote b\\rdblquote\\bullet\\endash\\emdash}", "‘a’“b”•–—"},
    {"tables in front aren't text",
     "{\\rtf1{\\fonttbl{\\f0 A;}}{\\colortbl;\\red1;}{\\stylesheet{\\s0 N;}}{\\info{\\title T}}x}",
     "x"},
    {"nor is what is optional", "{\\rtf1{\\*\\unheardof{ y} z}{\\*\\generator G;}x}", "x"},
    {"nor headers and notes", "{\\rtf1{\\header h}{\\footer f}a{\\footnote n}{\\xe i}b}", "ab"},
    {"nor hidden text", "{\\rtf1 a{\\v b}\\v c\\v0 d}", "ad"},
    {"\\bin", "{\\rtf1 a{\\*\\x\\bin4 }}}}b}c}", "ac"},
    {"longer than what is there", "{\\rtf1 a\\bin2000000000 b}", "a"},
    {"a list of Word 6", "{\\rtf1{\\pntext\\'b7\\tab}{\\*\\pn\\pnlvlblt}one\\par two}",
     "·\tone\r\ntwo"},
    {"a table", "{\\rtf1\\trowd\\pard\\intbl a\\cell b\\cell\\row\\pard c}", "a\tb\r\nc"},
    {"a field", "{\\rtf1{\\field{\\*\\fldinst{HYPERLINK \"http://x/\"}}{\\fldrslt{here}}}}",
     "here"},
    {"unclosed", "{\\rtf1 a{\\b b", "ab"},
    {"what follows isn't RTF", "{\\rtf1 a}b}c", "a"},
    {"a backslash at the end", "{\\rtf1 a\\", "a"},
    {"half of an escape", "{\\rtf1 a\\'4}", "a4"},
    {"words in capitals", "{\\rtf1\\ANSI\\PAR a}", "\r\na"},
    {"a number too large", "{\\rtf1\\fs99999999999999999999 a\\u99999999999?b}",
     "a\xEF\xBF\xBD"
     "b"},
    {"text that became RTF", "{\\rtf1\\ansi\\fromtext{\\fonttbl{\\f0 A;}}a\\par\nb\\tab c\\lquote}",
     "a\r\nb\tc‘"},
    {"HTML that became RTF", "{\\rtf1\\fromhtml1{\\*\\htmltag <p>}a{\\*\\htmltag <br>}b}",
     "a\r\nb"},
    {"an HTML page isn't RTF", "<html>", "OKAPI_EFORMAT"},
    {"nor is nothing", "", "OKAPI_EFORMAT"},
};

static void test_texts(apr_pool_t *pool)
{
    for (apr_size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        is_str(text_of(texts[i].rtf, pool), texts[i].text, "text: %s", texts[i].what);
}

/* BODY stands between HEADER and FOOTER. */
static const struct {
    const char *what, *rtf, *body;
} pages[] = {
    {"characters that mean something", "{\\rtf1 <a & \"b\">}",
     "<div>" SPAN "&lt;a &amp; &quot;b&quot;&gt;</span></div>\r\n"},
    {"bold, italic, underlined, struck", "{\\rtf1{\\b a}{\\i b}{\\ul c}{\\strike d}e}",
     "<div>" SPAN "<b>a</b></span>" SPAN "<i>b</i></span>" SPAN "<u>c</u></span>" SPAN
     "<s>d</s></span>" SPAN "e</span></div>\r\n"},
    {"above and below", "{\\rtf1 a\\super 1\\sub 2\\nosupersub b}",
     "<div>" SPAN "a</span>" SPAN "<sup>1</sup></span>" SPAN "<sub>2</sub></span>" SPAN
     "b</span></div>\r\n"},
    {"font, size, colour, background",
     "{\\rtf1{\\fonttbl{\\f1 Comic 'Sans\";}}{\\colortbl;\\red255\\green0\\blue16;\\red1;}"
     "\\f1\\fs21\\cf1\\highlight2 a\\plain b}",
     "<div><span style=\"font-family:'Comic Sans';font-size:10.5pt;color:#ff0010;"
     "background-color:#010000;\">a</span>" SPAN "b</span></div>\r\n"},
    {"paragraphs", "{\\rtf1\\qc a\\par\\pard\\qr b\\par\\pard\\li720 c\\par\\pard\\rtlpar d}",
     "<div style=\"text-align:center;\">" SPAN "a</span></div>\r\n"
     "<div style=\"text-align:right;\">" SPAN "b</span></div>\r\n"
     "<div style=\"margin-left:36pt;\">" SPAN "c</span></div>\r\n"
     "<div dir=\"rtl\">" SPAN "d</span></div>\r\n"},
    {"an empty line, a break, blanks", "{\\rtf1 a\\par\\par b\\line  c}",
     "<div>" SPAN "a</span></div>\r\n<div><br></div>\r\n<div>" SPAN
     "b<br>\r\n&nbsp;c</span></div>\r\n"},
    {"a list with one inside",
     "{\\rtf1{\\listtext\\bullet\\tab}\\ilvl0 a\\par{\\listtext 3.\\tab}\\ilvl1 b\\par"
     "{\\listtext\\bullet\\tab}\\ilvl0 c\\par\\pard d}",
     "<ul><li>" SPAN "a</span><ol start=\"3\"><li>" SPAN "b</span></li></ol>\r\n</li>\r\n<li>" SPAN
     "c</span></li></ul>\r\n<div>" SPAN "d</span></div>\r\n"},
    {"a table", "{\\rtf1\\trowd\\pard\\intbl a\\cell\\cell\\row\\pard b}",
     "<table border=\"1\" cellspacing=\"0\" cellpadding=\"3\">\r\n<tr><td><div>" SPAN
     "a</span></div>\r\n</td><td></td></tr>\r\n</table>\r\n<div>" SPAN "b</span></div>\r\n"},
    {"a link",
     "{\\rtf1{\\field{\\*\\fldinst HYPERLINK \"http://x/?a&b\" \\\\l \"c\"}{\\fldrslt x}}y}",
     "<div><a href=\"http://x/?a&amp;b#c\">" SPAN "x</span></a>" SPAN "y</span></div>\r\n"},
    {"no link to a script",
     "{\\rtf1{\\field{\\*\\fldinst HYPERLINK \"javascript:x\"}{\\fldrslt x}}}",
     "<div>" SPAN "x</span></div>\r\n"},
    {"another field", "{\\rtf1{\\field{\\*\\fldinst PAGE}{\\fldrslt 7}}}",
     "<div>" SPAN "7</span></div>\r\n"},
    {"a picture, once",
     "{\\rtf1{\\*\\shppict{\\pict\\pngblip 89 50\n4E}}{\\nonshppict{\\pict\\wmetafile8 00}}}",
     "<div><img alt=\"\" src=\"data:image/png;base64,iVBO\"></div>\r\n"},
    {"a picture of bytes", "{\\rtf1{\\pict\\jpegblip\\bin3 }{x}}",
     "<div><img alt=\"\" src=\"data:image/jpeg;base64,fXt4\"></div>\r\n"},
    {"where attachments are", "{\\rtf1 a\\objattph b\\objattph}",
     "<div>" SPAN "a<span id=\"attachment-0\"></span>b<span id=\"attachment-1\"></span>"
     "</span></div>\r\n"},
    {"an object's picture", "{\\rtf1{\\object{\\*\\objdata 00}{\\result a}}}",
     "<div>" SPAN "a</span></div>\r\n"},
};

static void test_pages(apr_pool_t *pool)
{
    for (apr_size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
        is_str(html_of(pages[i].rtf, pool), apr_pstrcat(pool, HEADER, pages[i].body, FOOTER, NULL),
               "HTML: %s", pages[i].what);
}

/* MS-OXRTFEX 3.1, but for what its own two sides don't have alike: blanks at line ends. */
static const char encapsulated[] =
    "{\\rtf1\\ANSI\\ansicpg1251\\fromhtml1 \\deff0\r\n"
    "{\\fonttbl {\\f0\\fmodern Courier New;}{\\f1\\fswiss Arial;}{\\f2\\fswiss\\fcharset0 "
    "Arial;}}\r\n"
    "{\\colortbl\\red0\\green0\\blue0;\\red0\\green0\\blue255;}\r\n"
    "{\\*\\htmltag64}\r\n"
    "\\uc1\\pard\\plain\\deftab360 \\f0\\fs24\r\n"
    "{\\*\\htmltag <HTML><head>\\par\r\n<style>\\par\r\n<!--\\par\r\n /* Style Definitions "
    "*/\\par\r\n"
    " p.MsoNormal, li.MsoNormal \\{font-family:Arial;\\}\\par\r\n-->\\par\r\n</style>\\par\r\n"
    "\\tab <!-- This is a HTML comment.\\par\r\n"
    "There is a horizontal tab (%x09) character before the comment,\\par\r\n"
    "and some new line inside the comment. -->\\par\r\n</head>\\par\r\n<body>\\par\r\n<p\\par\r\n"
    "class=\"MsoNormal\">}\r\n"
    "{\\htmlrtf \\f1 \\htmlrtf0 Note the line break inside a P tag. {\\*\\htmltag <b>}"
    "{\\htmlrtf \\b \\htmlrtf0 This is a bold text{\\*\\htmltag </b>}} "
    "\\htmlrtf\\par\\htmlrtf0}\r\n"
    "\\htmlrtf \\par \\htmlrtf0\r\n"
    "{\\*\\htmltag </p>\\par\r\n<p class=\"MsoNormal\">\\par}\r\n"
    "{\\htmlrtf \\f1 \\htmlrtf0 This is a normal text with a character references:\r\n"
    "{\\*\\htmltag &nbsp;}\\htmlrtf \\'a0\\htmlrtf0  {\\*\\htmltag &lt;}\\htmlrtf <\\htmlrtf0  "
    "{\\*\\htmltag &uml;}\\htmlrtf {\\f2\\'a8}\\htmlrtf0{\\*\\htmltag "
    "<br>\\par}\\htmlrtf\\line\\htmlrtf0\r\n"
    "characters which have special meaning in RTF: \\{\\}\\\\{\\*\\htmltag<br>\\par}\\htmlrtf\\line"
    "\\htmlrtf0\\htmlrtf\\par\\htmlrtf0}\r\n"
    "{\\*\\htmltag </p>\\par\r\n<ol>\\par\r\n    <li "
    "class=\"MsoNormal\">}{\\htmlrtf{{\\*\\pn\\pnlvlbody"
    "\\pndec\\pnstart1\\pnindent360{\\pntxta.}}\\li360\\fi-360{\\pntext 1.\\tab} \\f1 \\htmlrtf0 "
    "This is a list item}\\htmlrtf\\par\\htmlrtf0}\r\n"
    "{\\*\\htmltag \\par\r\n</ol>\\par\r\n</body>\\par\r\n</HTML>\\par }}";

static const char original[] =
    "<HTML><head>\r\n<style>\r\n<!--\r\n /* Style Definitions */\r\n"
    " p.MsoNormal, li.MsoNormal {font-family:Arial;}\r\n-->\r\n</style>\r\n"
    "\t<!-- This is a HTML comment.\r\n"
    "There is a horizontal tab (%x09) character before the comment,\r\n"
    "and some new line inside the comment. -->\r\n</head>\r\n<body>\r\n<p\r\n"
    "class=\"MsoNormal\">Note the line break inside a P tag. <b>This is a bold text</b> </p>\r\n"
    "<p class=\"MsoNormal\">\r\nThis is a normal text with a character references:"
    "&nbsp; &lt; &uml;<br>\r\ncharacters which have special meaning in RTF: {}\\<br>\r\n</p>\r\n"
    "<ol>\r\n    <li class=\"MsoNormal\">This is a list item\r\n</ol>\r\n</body>\r\n</HTML>\r\n";

static const struct {
    const char *what, *rtf, *html;
} fragments[] = {
    {"the specification's example", encapsulated, original},
    {"a tag beside a number",
     "{\\rtf1\\fromhtml1{\\*\\htmltag241 1}{\\*\\htmltag 2}{\\*\\htmltag<b>}}", "12<b>"},
    {"links that were rewritten aren't wanted",
     "{\\rtf1\\fromhtml1{\\*\\mhtmltag84 <a href=\"x\">}{\\*\\htmltag84 <a>}}", "<a>"},
    {"states of groups", "{\\rtf1\\fromhtml1 a{\\htmlrtf b{\\htmlrtf0 c}d}e{\\htmlrtf1 f}g}",
     "aceg"},
    {"fonts count where nothing is shown",
     "{\\rtf1\\ansi\\fromhtml1{\\fonttbl{\\f1\\fcharset204 A;}}\\htmlrtf\\f1\\htmlrtf0 \\'e4}",
     "д"},
    {"characters with names outside of tags",
     "{\\rtf1\\fromhtml1\\lquote\\rquote\\ldblquote\\rdblquote\\bullet\\endash\\emdash\\~\\_"
     "\\tab\\line x}",
     "&lsquo;&rsquo;&ldquo;&rdquo;&bull;&ndash;&mdash;&nbsp;&shy;\t\r\nx"},
    {"text that became RTF", "{\\rtf1\\ansi\\fromtext a<b\\par\n c}", "a&lt;b<br>\r\n&nbsp;c"},
};

static void test_extraction(apr_pool_t *pool)
{
    for (apr_size_t i = 0; i < sizeof(fragments) / sizeof(fragments[0]); i++)
        is_str(html_of(fragments[i].rtf, pool), fragments[i].html, "back: %s", fragments[i].what);
    is_int(okapi_rtf_origin(BYTES("{\\rtf1\\ansi{\\fonttbl{\\f0 A;}}\\fromhtml1 x}")),
           OKAPI_RTF_NATIVE, "too late to say that it was HTML");
    is_int(okapi_rtf_origin(BYTES("{\\rtf1 text\\fromhtml1 x}")), OKAPI_RTF_NATIVE, "behind text");
    is_int(okapi_rtf_origin(BYTES("{\\rtf1\\ansi\\fromtext x}")), OKAPI_RTF_FROM_TEXT, "text");
}

/* ---- and back ---- */

static const char *const sources[] = {
    "",
    "x",
    "<html><head><title>T & t</title><style>p {a: b}\r\n</style></head><body>\r\n"
    "<p>One <b>two</b>  three</p>\r\n\r\n<div>&auml;ä日😀</div></body></html>\r\n",
    "<script>if (a < b && c) { x(\"</p>\") }</script>y<!-- <b> -- {\\} -->",
    "<a href=\"http://x/?a=1&amp;b={2}\">link</a><a name=x>no <a href='y'>two</a>",
    "<b><i>wrongly</b> nested</i></p></td></a><li>item<li>next<table><tr><td>1<td>2</table>",
    "<pre>  a\r\n\tb  \r\n</pre>1 < 2 & 3 &unknown; &#65;&#x42",
    "a <unclosed \"quote",
};

static void test_encapsulation(apr_pool_t *pool)
{
    okapi_binary_t rtf;
    for (apr_size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        is_int(okapi_rtf_from_html(&rtf, bytes_of(sources[i]), pool), APR_SUCCESS, "HTML %d",
               (int)i);
        is_int(okapi_rtf_origin(rtf), OKAPI_RTF_FROM_HTML, "says where it comes from");
        is_str(html_of((const char *)rtf.data, pool), sources[i], "and comes back");
    }
    okapi_rtf_from_html(&rtf, bytes_of("<p>a<b>b</b></p>c&auml;<br>d"), pool);
    ok(strstr(
           (const char *)rtf.data,
           "{\\*\\htmltag64}\r\n{\\*\\htmltag64 <p>}a{\\*\\htmltag84 <b>}\\htmlrtf \\b\\htmlrtf0 b"
           "{\\*\\htmltag92 </b>}\\htmlrtf \\b0\\htmlrtf0 {\\*\\htmltag76 </p>}\\htmlrtf \\par\r\n"
           "\\htmlrtf0 \\htmlrtf \\par\r\n\\htmlrtf0 c{\\*\\htmltag80 &auml;}\\htmlrtf \\u228?"
           "\\htmlrtf0 {\\*\\htmltag112 <br>}\\htmlrtf \\line\r\n\\htmlrtf0 d}") != NULL,
       "others see bold text and paragraphs");
    okapi_rtf_from_html(&rtf, bytes_of("a\nb\rc\r\nd"), pool);
    is_str(html_of((const char *)rtf.data, pool), "a\r\nb\r\nc\r\nd", "line ends become CRLF");

    const char *text = "a\r\n\r\n\tb {c} \\ ä日😀 'd'";
    is_int(okapi_rtf_from_text(&rtf, bytes_of(text), pool), APR_SUCCESS, "text");
    is_int(okapi_rtf_origin(rtf), OKAPI_RTF_FROM_TEXT, "says where it comes from");
    is_str(text_of((const char *)rtf.data, pool), text, "and comes back");
}

/* ---- bombs ---- */

static char *repeated(const char *start, const char *what, int n, apr_pool_t *pool)
{
    apr_size_t len = strlen(what), at = strlen(start);
    char *text = apr_palloc(pool, at + len * (apr_size_t)n + 1);
    memcpy(text, start, at);
    for (int i = 0; i < n; i++, at += len)
        memcpy(text + at, what, len);
    text[at] = 0;
    return text;
}

static void test_bombs(apr_pool_t *pool)
{
    okapi_binary_t raw;
    is_str(text_of(repeated("{\\rtf1 ", "{", 1000000, pool), pool), "OKAPI_ETOOCOMPLEX",
           "a million groups");
    is_str(html_of(repeated("{\\rtf1\\fromhtml1 ", "{\\*\\htmltag ", 1000000, pool), pool),
           "OKAPI_ETOOCOMPLEX", "a million tags");
    ok(*text_of(repeated("{\\rtf1 ", "\\bin2147483647 ", 100000, pool), pool) != 'O',
       "lengths of binaries that aren't there");
    char *link = repeated("{\\rtf1{\\field{\\*\\fldinst HYPERLINK \"http:", "x", 8000, pool);
    is_str(
        html_of(apr_pstrcat(pool, link, repeated("\"}{\\fldrslt ", "x\\par ", 20000, pool), NULL),
                pool),
        "OKAPI_ETOOBIG", "a long link of many paragraphs");
    unsigned char *contents = apr_palloc(pool, 17 * 100000 + 1);
    for (int i = 0; i < 100000; i++) {
        contents[i * 17] = 0xFF;
        for (int j = 1; j < 17; j += 2)
            memcpy(contents + i * 17 + j, "\x00\x0f", 2);
    }
    is_int(okapi_rtf_decompress(&raw, with_header("LZFu", 13600000, contents, 17 * 100000, pool),
                                13599999, pool),
           OKAPI_ETOOBIG, "compressed to an eighth, one byte too many");
}

/* The name of a font is cut between characters. */
static void test_long_name(apr_pool_t *pool)
{
    const char *umlauts = "\\'e4\\'e4\\'e4\\'e4\\'e4\\'e4\\'e4\\'e4", *name = "x";
    okapi_binary_t html;
    for (int i = 0; i < 100; i++)
        name = apr_pstrcat(pool, name, umlauts, NULL);
    const char *rtf = apr_pstrcat(pool, "{\\rtf1{\\fonttbl{\\f0 ", name, ";}}\\f0 y}", NULL);
    is_int(okapi_rtf_to_html(&html, bytes_of(rtf), pool, pool), APR_SUCCESS, "a font's long name");
    ok(okapi__utf8_valid(html), "is cut where a character ends");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    test_examples(pool);
    test_long_name(pool);
    test_rule(pool);
    test_sizes(pool);
    test_references(pool);
    test_texts(pool);
    test_pages(pool);
    test_extraction(pool);
    test_encapsulation(pool);
    test_bombs(pool);
    return done_testing();
}
