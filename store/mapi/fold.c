/* fold.c - text compared without case, accents or width. */
#include <string.h>

#include <apr_strings.h>
#include <okapi/restriction.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf8.h>

#include "mapi/fold.h"

/* Walks a text by folded characters. One character of the text becomes up to three by case
 * folding, and up to 18 UTF-16 units each by decomposition. */
typedef struct folder_t {
    const char *text;
    int32_t at;
    int32_t len;
    apr_uint32_t fuzzy;
    UChar units[64];
    int32_t next;
    int32_t n;
} folder_t;

static void folder_init(folder_t *f, const char *text, apr_uint32_t fuzzy)
{
    f->text = text;
    f->at = 0;
    f->len = (int32_t)strlen(text);
    f->fuzzy = fuzzy;
    f->next = f->n = 0;
}

/* Katakana to hiragana: loose comparison takes them for one (U+30A1..U+30F6, 0x60 apart). */
static UChar same_syllable(UChar c)
{
    return c >= 0x30A1 && c <= 0x30F6 ? (UChar)(c - 0x60) : c;
}

/* Takes the units apart and drops the marks. */
static void drop_marks(folder_t *f)
{
    UErrorCode error = U_ZERO_ERROR;
    const UNormalizer2 *form = f->fuzzy & FL_LOOSE ? unorm2_getNFKDInstance(&error)
                                                   : unorm2_getNFDInstance(&error);
    UChar apart[64];
    int32_t n = unorm2_normalize(form, f->units, f->n, apart, 64, &error);
    int32_t i = 0;

    if (U_FAILURE(error))
        return;
    f->n = 0;
    while (i < n) {
        UChar32 c;

        U16_NEXT(apart, i, n, c);
        if (u_charType(c) != U_NON_SPACING_MARK)
            U16_APPEND_UNSAFE(f->units, f->n, c);
    }
    for (i = 0; f->fuzzy & FL_LOOSE && i < f->n; i++)
        f->units[i] = same_syllable(f->units[i]);
}

/* Folds the next character of the text into the units. */
static void fill(folder_t *f)
{
    int ignore_case = f->fuzzy & (FL_IGNORECASE | FL_LOOSE);
    UErrorCode error = U_ZERO_ERROR;
    UChar source[2];
    int32_t n = 0;
    UChar32 c;

    U8_NEXT_OR_FFFD(f->text, f->at, f->len, c);
    f->next = 0;
    if (c < 0x80) {
        f->units[0] = (UChar)(ignore_case && c >= 'A' && c <= 'Z' ? c + 0x20 : c);
        f->n = 1;
        return;
    }
    U16_APPEND_UNSAFE(source, n, c);
    if (ignore_case) {
        f->n = u_strFoldCase(f->units, 8, source, n, U_FOLD_CASE_DEFAULT, &error);
    } else {
        memcpy(f->units, source, sizeof(source));
        f->n = n;
    }
    if (f->fuzzy & (FL_IGNORENONSPACE | FL_LOOSE))
        drop_marks(f);
}

/* The next folded character, or -1. */
static UChar32 next_folded(folder_t *f)
{
    UChar32 c;

    while (f->next == f->n) {
        if (f->at >= f->len)
            return -1;
        fill(f);
    }
    U16_NEXT(f->units, f->next, f->n, c);
    return c;
}

int okapi__fold_compare(const char *a, const char *b)
{
    folder_t fa;
    folder_t fb;
    UChar32 ca;
    UChar32 cb;

    folder_init(&fa, a, FL_IGNORECASE);
    folder_init(&fb, b, FL_IGNORECASE);
    do {
        ca = next_folded(&fa);
        cb = next_folded(&fb);
    } while (ca == cb && ca >= 0);
    return (ca > cb) - (ca < cb);
}

const char *okapi__fold_text(const char *text, apr_uint32_t fuzzy, apr_pool_t *result_pool)
{
    okapi_writer_t w;
    folder_t f;
    UChar32 c;

    if (!(fuzzy & (FL_IGNORECASE | FL_IGNORENONSPACE | FL_LOOSE)))
        return text;
    folder_init(&f, text, fuzzy);
    okapi_writer_init(&w, (apr_size_t)f.len + 16, APR_SIZE_MAX, result_pool);
    while ((c = next_folded(&f)) >= 0) {
        unsigned char bytes[U8_MAX_LENGTH];
        int32_t n = 0;

        U8_APPEND_UNSAFE(bytes, n, c);
        okapi_write_bytes(&w, bytes, (apr_size_t)n);
    }
    okapi_write_u8(&w, 0);
    return (const char *)w.data;
}
