/* fulltext_word.c - the words of a text.
 *
 * By the properties of characters alone and not by a dictionary: what a word is depends on the word
 * and on nothing around it, today and with another version of ICU. That is what lets a part of a
 * text be looked for.
 */
#include <string.h>

#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/utf8.h>

#include "fulltext_private.h"
#include "mapi/fold.h"

static int is_part_of_word(UChar32 c)
{
    if (c < 0x80) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
    }
    return (U_GET_GC_MASK(c) & (U_GC_L_MASK | U_GC_N_MASK | U_GC_M_MASK)) != 0;
}

/* Is it of a script whose words aren't separated? */
static int is_dense(UChar32 c)
{
    UErrorCode error = U_ZERO_ERROR;
    if (c < 0x0E00) {
        return 0;
    }
    switch (uscript_getScript(c, &error)) {
    case USCRIPT_HAN:
    case USCRIPT_HIRAGANA:
    case USCRIPT_KATAKANA:
    case USCRIPT_BOPOMOFO:
    case USCRIPT_THAI:
    case USCRIPT_LAO:
    case USCRIPT_KHMER:
    case USCRIPT_MYANMAR:
    case USCRIPT_TIBETAN:
        return 1;
    default:
        return 0;
    }
}

/* Takes out what is invisible: soft hyphens, joiners, marks of direction. */
static int remove_format(char *text, int len)
{
    int at = 0, to = 0;
    while (at < len) {
        int from = at;
        UChar32 c;
        U8_NEXT(text, at, len, c);
        if (c < 0x80 || u_charType(c) != U_FORMAT_CHAR) {
            memmove(text + to, text + from, (size_t)(at - from));
            to += at - from;
        }
    }
    return to;
}

void okapi__words_init(okapi__words_t *words, const char *text, apr_pool_t *result_pool)
{
    /* With a mode that folds, what comes back is a text of its own. */
    char *folded = (char *)okapi__fold_text(text, FL_LOOSE, result_pool);
    *words = (okapi__words_t){.text = folded};
    words->len = remove_format(folded, (int)strlen(folded));
}

/* A pair of characters, or the last one of its run. */
static void take_dense(okapi__words_t *words, okapi__word_t *word, int from, int after)
{
    UChar32 c = 0;
    int end = after;
    if (after < words->len) {
        U8_NEXT(words->text, end, words->len, c);
    }
    word->is_dense = 1;
    word->is_first = !words->in_run;
    word->is_last = after >= words->len || !is_part_of_word(c) || !is_dense(c);
    words->in_run = !word->is_last;
    words->at = after;
    word->len = (apr_size_t)((word->is_last ? after : end) - from);
    word->ends = (word->is_last ? after : end) == words->len;
}

static void take_plain(okapi__words_t *words, okapi__word_t *word, int from, int after)
{
    int chars = 1;
    word->len = (apr_size_t)(after - from);
    while (after < words->len) {
        int next = after;
        UChar32 c;
        U8_NEXT(words->text, next, words->len, c);
        if (!is_part_of_word(c) || is_dense(c)) {
            break;
        }
        after = next;
        if (++chars <= OKAPI__WORD_MAX) {
            word->len = (apr_size_t)(after - from);
        }
    }
    words->at = after;
    word->ends = after == words->len;
}

int okapi__words_next(okapi__words_t *words, okapi__word_t *word)
{
    while (words->at < words->len) {
        int from = words->at, after = from;
        UChar32 c;
        U8_NEXT(words->text, after, words->len, c);
        if (!is_part_of_word(c)) {
            words->at = after;
            continue;
        }
        *word = (okapi__word_t){.text = words->text + from, .position = words->position++};
        word->begins = from == 0;
        if (is_dense(c)) {
            take_dense(words, word, from, after);
        } else {
            take_plain(words, word, from, after);
        }
        return 1;
    }
    return 0;
}
