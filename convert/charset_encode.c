/* charset_encode.c - UTF-8 to the charset of a code page, for mail that is written. */
#include "charset.h"

#include <string.h>
#include <unicode/ucnv.h>

const char *okapi__charset_mime_name(int codepage)
{
    static const struct {
        int codepage;
        const char *name;
    } names[] = {
        {874, "windows-874"},    {932, "shift_jis"},      {936, "gb2312"},
        {949, "ks_c_5601-1987"}, {950, "big5"},           {1250, "windows-1250"},
        {1251, "windows-1251"},  {1252, "windows-1252"},  {1253, "windows-1253"},
        {1254, "windows-1254"},  {1255, "windows-1255"},  {1256, "windows-1256"},
        {1257, "windows-1257"},  {1258, "windows-1258"},  {20127, "us-ascii"},
        {20866, "koi8-r"},       {21866, "koi8-u"},       {28591, "iso-8859-1"},
        {28592, "iso-8859-2"},   {28593, "iso-8859-3"},   {28594, "iso-8859-4"},
        {28595, "iso-8859-5"},   {28596, "iso-8859-6"},   {28597, "iso-8859-7"},
        {28598, "iso-8859-8"},   {28603, "iso-8859-13"},  {28605, "iso-8859-15"},
        {38598, "iso-8859-8-i"}, {50220, "iso-2022-jp"},  {50225, "iso-2022-kr"},
        {51932, "euc-jp"},       {52936, "hz-gb-2312"},   {54936, "gb18030"},
        {65001, "utf-8"},
    };
    for (apr_size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].codepage == codepage)
            return names[i].name;
    return NULL;
}

int okapi__charset_encode(const okapi__charset_t *charset, const char *text, apr_size_t len,
                          okapi_binary_t *bytes, apr_pool_t *result_pool)
{
    UErrorCode error = U_ZERO_ERROR;
    UChar pivot[1024];
    UChar *pivot_source = pivot, *pivot_target = pivot;
    const char *source = text, *end = text + len;
    apr_size_t size = len * 2 + 64; /* shifting charsets are longer: those give up */
    *bytes = (okapi_binary_t){(const unsigned char *)text, len};
    if (!charset->icu)
        return 1;
    UConverter *from = ucnv_open("utf-8", &error), *to = ucnv_open(charset->icu, &error);
    char *start = apr_palloc(result_pool, size), *target = start;
    if (U_SUCCESS(error)) {
        ucnv_setFromUCallBack(to, UCNV_FROM_U_CALLBACK_STOP, NULL, NULL, NULL, &error);
        ucnv_setFallback(to, FALSE);
        ucnv_convertEx(to, from, &target, start + size, &source, end, pivot, &pivot_source,
                       &pivot_target, pivot + 1024, TRUE, TRUE, &error);
    }
    ucnv_close(from);
    ucnv_close(to);
    *bytes = (okapi_binary_t){(unsigned char *)start, (apr_size_t)(target - start)};
    return U_SUCCESS(error);
}
