/* codepage.c - the 8-bit strings of MAPI. */
#include <string.h>

#include <apr_strings.h>
#include <unicode/ucnv.h>
#include <unicode/ustring.h>

#include "mapi/codepage.h"

/* The code pages a session can have; bytes below 0x80 are ASCII in all of them. */
static const struct {
    apr_uint32_t codepage;
    const char *icu_name;
} codepages[] = {
    {1252, "windows-1252"}, {1250, "windows-1250"}, {1251, "windows-1251"},
    {1253, "windows-1253"}, {1254, "windows-1254"}, {1255, "windows-1255"},
    {1256, "windows-1256"}, {1257, "windows-1257"}, {1258, "windows-1258"},
    {65001, "UTF-8"},       {437, "ibm-437"},       {850, "ibm-850"},
    {852, "ibm-852"},       {866, "ibm-866"},       {874, "windows-874"},
    {932, "windows-31j"},   {936, "windows-936"},   {949, "windows-949"},
    {950, "windows-950"},   {10000, "macintosh"},   {20127, "US-ASCII"},
    {20866, "KOI8-R"},      {21866, "KOI8-U"},      {28591, "ISO-8859-1"},
    {28592, "ISO-8859-2"},  {28593, "ISO-8859-3"},  {28594, "ISO-8859-4"},
    {28595, "ISO-8859-5"},  {28596, "ISO-8859-6"},  {28597, "ISO-8859-7"},
    {28598, "ISO-8859-8"},  {28599, "ISO-8859-9"},  {28603, "ISO-8859-13"},
    {28605, "ISO-8859-15"}, {51932, "EUC-JP"},      {51936, "GB2312"},
    {51949, "EUC-KR"},      {54936, "GB18030"},
};

/* Opening finds a shared table in ICU's cache; a converter itself belongs to one thread. */
static UConverter *open_converter(apr_uint32_t codepage)
{
    const char *name = codepages[0].icu_name;
    UErrorCode error = U_ZERO_ERROR;
    UConverter *converter;

    for (apr_size_t i = 0; i < sizeof(codepages) / sizeof(codepages[0]); i++)
        if (codepages[i].codepage == codepage)
            name = codepages[i].icu_name;
    converter = ucnv_open(name, &error);
    if (U_SUCCESS(error))
        ucnv_setSubstString(converter, u"?", 1, &error);
    return converter;
}

static int is_ascii(const char *bytes, apr_size_t len)
{
    for (apr_size_t i = 0; i < len; i++)
        if (bytes[i] & 0x80)
            return 0;
    return 1;
}

const char *okapi__codepage_decode(const char *bytes, apr_size_t len, apr_uint32_t codepage,
                                   apr_pool_t *result_pool)
{
    const char *zero = memchr(bytes, 0, len);
    UErrorCode error = U_ZERO_ERROR;
    UConverter *converter;
    UChar *text;
    char *result;
    int32_t units;
    int32_t size;

    if (zero)
        len = (apr_size_t)(zero - bytes);
    if (is_ascii(bytes, len))
        return apr_pstrmemdup(result_pool, bytes, len);
    converter = open_converter(codepage);
    /* No code page makes more than one character of a byte. */
    text = apr_palloc(result_pool, (len * 2 + 1) * sizeof(UChar));
    units = ucnv_toUChars(converter, text, (int32_t)len * 2 + 1, bytes, (int32_t)len, &error);
    ucnv_close(converter);
    size = units * 3 + 1;
    result = apr_palloc(result_pool, (apr_size_t)size);
    u_strToUTF8WithSub(result, size, NULL, text, units, 0xFFFD, NULL, &error);
    return U_SUCCESS(error) ? result : "";
}

void okapi__codepage_write(okapi_writer_t *w, const char *text, apr_uint32_t codepage)
{
    apr_size_t len = strlen(text);
    UErrorCode error = U_ZERO_ERROR;
    UConverter *converter;
    UChar *units;
    char *bytes;
    int32_t n;
    int32_t size;

    if (is_ascii(text, len)) {
        okapi_write_bytes(w, text, len);
        return;
    }
    converter = open_converter(codepage);
    units = apr_palloc(w->pool, (len + 1) * sizeof(UChar));
    u_strFromUTF8WithSub(units, (int32_t)len + 1, &n, text, (int32_t)len, 0xFFFD, NULL, &error);
    size = UCNV_GET_MAX_BYTES_FOR_STRING(n, ucnv_getMaxCharSize(converter));
    bytes = apr_palloc(w->pool, (apr_size_t)size);
    n = ucnv_fromUChars(converter, bytes, size, units, n, &error);
    ucnv_close(converter);
    if (U_SUCCESS(error))
        okapi_write_bytes(w, bytes, (apr_size_t)n);
    else
        w->failed = 1;
}
