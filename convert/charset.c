/* charset.c - text of any charset, declared, undeclared or wrongly declared, to UTF-8. */
#include "charset.h"

#include <string.h>
#include <apr_strings.h>
#include <uchardet.h>
#include <unicode/ucnv.h>
#include <unicode/ucnv_err.h>
#include <unicode/utf8.h>

/* What real mail declares, by name. ICU has aliases of its own, but takes several of these for
 * something narrower than what is sent under them (gb2312, ks_c_5601, iso-8859-1 are used for
 * their Windows supersets), and would open converters that no mail needs. Clients decode PR_HTML
 * by its code page, so that is given only where Windows' idea of the charset is the same. */
static const okapi__charset_t charsets[] = {
    {"437", "ibm-437", 437},
    {"646", "us-ascii", 20127},
    {"ansix341968", "us-ascii", 20127},
    {"arabic", "iso-8859-6", 28596},
    {"ascii", "us-ascii", 20127},
    {"big5", "windows-950", 950},
    {"big5hkscs", "big5-hkscs", 950},
    {"cnbig5", "windows-950", 950},
    {"cp1250", "windows-1250", 1250},
    {"cp1251", "windows-1251", 1251},
    {"cp1252", "windows-1252", 1252},
    {"cp1253", "windows-1253", 1253},
    {"cp1254", "windows-1254", 1254},
    {"cp1255", "windows-1255", 1255},
    {"cp1256", "windows-1256", 1256},
    {"cp1257", "windows-1257", 1257},
    {"cp1258", "windows-1258", 1258},
    {"cp437", "ibm-437", 437},
    {"cp50220", "iso-2022-jp", 50220},
    {"cp65001", NULL, 65001},
    {"cp819", "windows-1252", 1252},
    {"cp850", "ibm-850", 850},
    {"cp852", "ibm-852", 852},
    {"cp866", "ibm-866", 866},
    {"cp874", "windows-874", 874},
    {"cp932", "windows-932", 932},
    {"cp936", "gb18030", 936},
    {"cp949", "windows-949", 949},
    {"cp950", "windows-950", 950},
    {"csbig5", "windows-950", 950},
    {"cseuckr", "windows-949", 949},
    {"csgb2312", "gb18030", 936},
    {"csiso2022jp", "iso-2022-jp", 50220},
    {"csiso2022kr", "iso-2022-kr", 50225},
    {"csisolatin1", "windows-1252", 1252},
    {"csisolatin2", "iso-8859-2", 28592},
    {"cskoi8r", "koi8-r", 20866},
    {"csksc56011987", "windows-949", 949},
    {"csshiftjis", "windows-932", 932},
    {"cyrillic", "iso-8859-5", 28595},
    {"dos437", "ibm-437", 437},
    {"euccn", "gb18030", 936},
    {"eucjp", "euc-jp", 51932},
    {"euckr", "windows-949", 949},
    {"gb18030", "gb18030", 54936},
    {"gb2312", "gb18030", 936},
    {"gb231280", "gb18030", 936},
    {"gbk", "gb18030", 936},
    {"greek", "iso-8859-7", 28597},
    {"hebrew", "iso-8859-8", 28598},
    {"hz", "hz", 52936},
    {"hzgb2312", "hz", 52936},
    {"ibm437", "ibm-437", 437},
    {"ibm850", "ibm-850", 850},
    {"ibm852", "ibm-852", 852},
    {"ibm866", "ibm-866", 866},
    {"iso10646ucs2", "utf-16be", 0},
    {"iso10646utf1", NULL, 65001},
    {"iso2022cn", "iso-2022-cn", 0},
    {"iso2022jp", "iso-2022-jp", 50220},
    {"iso2022jp1", "iso-2022-jp-2", 0},
    {"iso2022jp2", "iso-2022-jp-2", 0},
    {"iso2022kr", "iso-2022-kr", 50225},
    {"iso646us", "us-ascii", 20127},
    {"iso88591", "windows-1252", 1252},
    {"iso885910", "iso-8859-10", 0},
    {"iso885911", "windows-874", 874},
    {"iso885911987", "windows-1252", 1252},
    {"iso885913", "iso-8859-13", 28603},
    {"iso885914", "iso-8859-14", 0},
    {"iso885915", "iso-8859-15", 28605},
    {"iso88592", "iso-8859-2", 28592},
    {"iso885921987", "iso-8859-2", 28592},
    {"iso88593", "iso-8859-3", 28593},
    {"iso88594", "iso-8859-4", 28594},
    {"iso88595", "iso-8859-5", 28595},
    {"iso88596", "iso-8859-6", 28596},
    {"iso88596i", "iso-8859-6", 28596},
    {"iso88597", "iso-8859-7", 28597},
    {"iso88598", "iso-8859-8", 28598},
    {"iso88598e", "iso-8859-8", 28598},
    {"iso88598i", "iso-8859-8", 38598},
    {"iso88599", "windows-1254", 1254},
    {"koi8", "koi8-r", 20866},
    {"koi8r", "koi8-r", 20866},
    {"koi8ru", "koi8-u", 21866},
    {"koi8u", "koi8-u", 21866},
    {"korean", "windows-949", 949},
    {"ksc5601", "windows-949", 949},
    {"ksc56011987", "windows-949", 949},
    {"ksc56011989", "windows-949", 949},
    {"latin1", "windows-1252", 1252},
    {"latin2", "iso-8859-2", 28592},
    {"latin9", "iso-8859-15", 28605},
    {"maccentraleurope", "x-mac-centraleurroman", 10029},
    {"maccyrillic", "x-mac-cyrillic", 10007},
    {"macintosh", "macintosh", 10000},
    {"macroman", "macintosh", 10000},
    {"mskanji", "windows-932", 932},
    {"shiftjis", "windows-932", 932},
    {"sjis", "windows-932", 932},
    {"tis620", "windows-874", 874},
    {"ucs2", "utf-16", 0},
    {"uhc", "windows-949", 949},
    {"unicode", "utf-16", 0},
    {"unicode11utf7", "utf-7", 0},
    {"unicode11utf8", NULL, 65001},
    {"unicodebig", "utf-16be", 0},
    {"usascii", "us-ascii", 20127},
    {"utf16", "utf-16", 0},
    {"utf16be", "utf-16be", 0},
    {"utf16le", "utf-16le", 0},
    {"utf32", "utf-32", 0},
    {"utf32be", "utf-32be", 0},
    {"utf32le", "utf-32le", 0},
    {"utf7", "utf-7", 0},
    {"utf8", NULL, 65001},
    {"utf8mb4", NULL, 65001},
    {"win1250", "windows-1250", 1250},
    {"win1251", "windows-1251", 1251},
    {"win1252", "windows-1252", 1252},
    {"windows1250", "windows-1250", 1250},
    {"windows1251", "windows-1251", 1251},
    {"windows1252", "windows-1252", 1252},
    {"windows1253", "windows-1253", 1253},
    {"windows1254", "windows-1254", 1254},
    {"windows1255", "windows-1255", 1255},
    {"windows1256", "windows-1256", 1256},
    {"windows1257", "windows-1257", 1257},
    {"windows1258", "windows-1258", 1258},
    {"windows31j", "windows-932", 932},
    {"windows874", "windows-874", 874},
    {"windows936", "gb18030", 936},
    {"windows949", "windows-949", 949},
    {"windows950", "windows-950", 950},
    {"xeucjp", "euc-jp", 51932},
    {"xgbk", "gb18030", 936},
    {"xmacce", "x-mac-centraleurroman", 10029},
    {"xmaccentraleurope", "x-mac-centraleurroman", 10029},
    {"xmaccyrillic", "x-mac-cyrillic", 10007},
    {"xmacgreek", "x-mac-greek", 10006},
    {"xmacroman", "macintosh", 10000},
    {"xmacturkish", "x-mac-turkish", 10081},
    {"xsjis", "windows-932", 932},
};

enum { KEY_SIZE = 32, GUESS_BYTES = 65536, GUESS_MIN = 4 };

const okapi__charset_t *okapi__charset_by_name(const char *name)
{
    char key[KEY_SIZE];
    apr_size_t n = 0;
    for (; *name; name++) {
        char c = *name;
        if (c >= 'A' && c <= 'Z')
            c += 'a' - 'A';
        if ((c < 'a' || c > 'z') && (c < '0' || c > '9'))
            continue;
        if (n == sizeof(key) - 1)
            return NULL;
        key[n++] = c;
    }
    key[n] = '\0';

    int low = 0, high = (int)(sizeof(charsets) / sizeof(charsets[0]));
    while (low < high) {
        int middle = (low + high) / 2;
        int order = strcmp(key, charsets[middle].name);
        if (order == 0)
            return &charsets[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const okapi__charset_t *okapi__charset_by_codepage(int codepage)
{
    for (apr_size_t i = 0; i < sizeof(charsets) / sizeof(charsets[0]); i++)
        if (codepage && charsets[i].codepage == codepage)
            return &charsets[i];
    return NULL;
}

/* ---- which one is it ---- */

/* The first byte from AT on that isn't ASCII. Most text has none: eight are looked at in one. */
static apr_size_t skip_ascii(okapi_binary_t bytes, apr_size_t at)
{
    apr_uint64_t eight;
    while (bytes.len - at >= sizeof(eight)) {
        memcpy(&eight, bytes.data + at, sizeof(eight));
        if (eight & 0x8080808080808080u)
            break;
        at += sizeof(eight);
    }
    while (at < bytes.len && bytes.data[at] < 0x80)
        at++;
    return at;
}

static apr_size_t count_8bit(okapi_binary_t bytes)
{
    apr_size_t n = 0;
    for (apr_size_t i = skip_ascii(bytes, 0); i < bytes.len; i = skip_ascii(bytes, i + 1))
        n++;
    return n;
}

int okapi__utf8_valid(okapi_binary_t bytes)
{
    apr_size_t i;
    for (i = skip_ascii(bytes, 0); i < bytes.len; i = skip_ascii(bytes, i)) {
        /* ICU's macro works with 32-bit offsets: look at one character at a time. */
        UChar32 c;
        int32_t at = 0;
        int32_t left = bytes.len - i < 4 ? (int32_t)(bytes.len - i) : 4;
        U8_NEXT(bytes.data + i, at, left, c);
        if (c < 0)
            return 0;
        i += (apr_size_t)at;
    }
    return 1;
}

/* The charset a byte order mark tells of; NULL if there is none. */
static const okapi__charset_t *marked(okapi_binary_t bytes)
{
    if (bytes.len >= 3 && memcmp(bytes.data, "\xEF\xBB\xBF", 3) == 0)
        return okapi__charset_by_name("utf-8");
    if (bytes.len >= 2 &&
        (memcmp(bytes.data, "\xFF\xFE", 2) == 0 || memcmp(bytes.data, "\xFE\xFF", 2) == 0))
        return okapi__charset_by_name("utf-16");
    return NULL;
}

/* Statistics, on a stretch that starts at the first byte which says something. */
static const okapi__charset_t *guess(okapi_binary_t bytes)
{
    apr_size_t start = 0;
    while (start < bytes.len && bytes.data[start] < 0x80 && bytes.data[start] != 0x1B)
        start++;
    start -= start < 16 ? start : 16;
    apr_size_t len = bytes.len - start;
    if (len > GUESS_BYTES)
        len = GUESS_BYTES;

    uchardet_t detector = uchardet_new();
    const okapi__charset_t *charset = NULL;
    if (uchardet_handle_data(detector, (const char *)bytes.data + start, len) == 0) {
        uchardet_data_end(detector);
        charset = okapi__charset_by_name(uchardet_get_charset(detector));
    }
    uchardet_delete(detector);
    return charset;
}

static int is_clean(const okapi__charset_t *charset, okapi_binary_t bytes);

static int is_wide(const okapi__charset_t *charset)
{
    return charset->icu &&
           (strncmp(charset->icu, "utf-16", 6) == 0 || strncmp(charset->icu, "utf-32", 6) == 0);
}

/* UTF-16 without a mark is big-endian by RFC 2781 and little-endian by those who send it: the
 * zeros of its ASCII tell. */
static const okapi__charset_t *utf16_order(okapi_binary_t bytes)
{
    apr_size_t zeros[2] = {0, 0};
    for (apr_size_t i = 0; i < bytes.len; i++)
        zeros[i & 1] += bytes.data[i] == 0;
    return okapi__charset_by_name(zeros[1] > zeros[0] ? "utf-16le" : "utf-16be");
}

const okapi__charset_t *okapi__charset_of(okapi_binary_t bytes, const char *declared,
                                          const char *hint)
{
    apr_size_t n = count_8bit(bytes);
    const okapi__charset_t *charset = declared ? okapi__charset_by_name(declared) : NULL;
    if (charset) {
        int is_ascii = charset->codepage == 20127;
        if (charset->icu && strcmp(charset->icu, "utf-16") == 0 && !marked(bytes))
            charset = utf16_order(bytes);
        /* "utf-16" on 7-bit text without NULs is a mislabel: it would decode to Chinese. */
        int is_possible = is_wide(charset) ? n || (bytes.len && memchr(bytes.data, 0, bytes.len))
                                           : !is_ascii || n == 0;
        if (is_possible)
            return charset;
    }

    if ((charset = marked(bytes)))
        return charset;
    if (n == 0 && !(bytes.len && memchr(bytes.data, 0x1B, bytes.len)))
        return okapi__charset_by_name("us-ascii");
    if (n && okapi__utf8_valid(bytes))
        return okapi__charset_by_name("utf-8");
    if (hint && (charset = okapi__charset_by_name(hint)) && is_clean(charset, bytes))
        return charset;
    if ((n == 0 || n >= GUESS_MIN) && (charset = guess(bytes)))
        return charset;
    return okapi__charset_by_name("windows-1252");
}

/* ---- conversion ---- */

/* ICU's substitution, which is what we want; and that there was one, in CONTEXT. */
static void U_CALLCONV on_invalid(const void *context, UConverterToUnicodeArgs *args,
                                  const char *units, int32_t length,
                                  UConverterCallbackReason reason, UErrorCode *error)
{
    if (reason == UCNV_IRREGULAR) { /* ISO-2022: back to ASCII and at once away again */
        *error = U_ZERO_ERROR;
        return;
    }
    if (reason < UCNV_IRREGULAR)
        *(int *)context = 1;
    UCNV_TO_U_CALLBACK_SUBSTITUTE(NULL, args, units, length, reason, error);
}

/* An ICU built without CHARSET's table still has ISO-8859-1. NULL only without memory. */
static UConverter *open_converter(const okapi__charset_t *charset, int *is_invalid)
{
    UErrorCode error = U_ZERO_ERROR;
    UConverter *converter = ucnv_open(charset->icu ? charset->icu : "utf-8", &error);
    if (U_FAILURE(error)) {
        error = U_ZERO_ERROR;
        converter = ucnv_open("iso-8859-1", &error);
    }
    if (U_FAILURE(error))
        return NULL;
    *is_invalid = 0;
    ucnv_setToUCallBack(converter, on_invalid, is_invalid, NULL, NULL, &error);
    return converter;
}

/* Would all of BYTES decode? */
static int is_clean(const okapi__charset_t *charset, okapi_binary_t bytes)
{
    int is_invalid;
    UConverter *converter = open_converter(charset, &is_invalid);
    if (!converter)
        return 0;
    const char *source = (const char *)bytes.data, *end = source + bytes.len;
    UErrorCode error;
    do {
        UChar chunk[512];
        UChar *target = chunk;
        error = U_ZERO_ERROR;
        ucnv_toUnicode(converter, &target, chunk + 512, &source, end, NULL, TRUE, &error);
    } while (error == U_BUFFER_OVERFLOW_ERROR && !is_invalid);
    ucnv_close(converter);
    return !is_invalid && U_SUCCESS(error);
}

/* Without byte order mark and NULs, in place, and terminated. */
static char *tidy(char *text, apr_size_t *len)
{
    apr_size_t n = *len;
    if (n >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3;
        n -= 3;
    }
    char *hole = n ? memchr(text, 0, n) : NULL;
    if (hole) {
        char *to = hole;
        for (const char *from = hole; from < text + n; from++)
            if (*from)
                *to++ = *from;
        n = (apr_size_t)(to - text);
    }
    text[n] = '\0';
    *len = n;
    return text;
}

/* Through ICU's UTF-16 pivot to UTF-8, growing the buffer as needed. */
static char *convert(UConverter *from, UConverter *to, okapi_binary_t bytes, apr_size_t *len,
                     apr_pool_t *result_pool)
{
    apr_size_t size = bytes.len + bytes.len / 2 + 64;
    char *text = apr_palloc(result_pool, size + 1);
    char *target = text;
    const char *source = (const char *)bytes.data, *end = source + bytes.len;
    UChar pivot[1024];
    UChar *pivot_source = pivot, *pivot_target = pivot;
    int reset = TRUE;
    for (;;) {
        UErrorCode error = U_ZERO_ERROR;
        ucnv_convertEx(to, from, &target, text + size, &source, end, pivot, &pivot_source,
                       &pivot_target, pivot + 1024, (UBool)reset, TRUE, &error);
        if (error != U_BUFFER_OVERFLOW_ERROR)
            break;
        reset = FALSE;
        apr_size_t used = (apr_size_t)(target - text);
        char *bigger = apr_palloc(result_pool, size * 2 + 1);
        memcpy(bigger, text, used);
        text = bigger;
        target = text + used;
        size *= 2;
    }
    *len = (apr_size_t)(target - text);
    return text;
}

char *okapi__charset_decode(const okapi__charset_t *charset, okapi_binary_t bytes, apr_size_t *len,
                            apr_pool_t *result_pool)
{
    apr_size_t n = bytes.len;
    char *text = NULL;
    int is_plain = charset->codepage == 65001 || charset->codepage == 20127;
    if (is_plain && okapi__utf8_valid(bytes)) {
        text = apr_pstrmemdup(result_pool, (const char *)bytes.data, bytes.len);
    } else {
        int is_invalid;
        UErrorCode error = U_ZERO_ERROR;
        UConverter *from = open_converter(charset, &is_invalid);
        UConverter *to = ucnv_open("utf-8", &error);
        if (from && to)
            text = convert(from, to, bytes, &n, result_pool);
        ucnv_close(from);
        ucnv_close(to);
    }
    if (!text) {
        n = 0;
        text = apr_pcalloc(result_pool, 1);
    }
    text = tidy(text, &n);
    if (len)
        *len = n;
    return text;
}
