/* address_list.c - address lists as people and programs really write them.
 *
 * RFC 5322 3.4 read leniently, in one pass. Every list gives something: names without addresses,
 * addresses with blanks between them, unquoted colons, semicolons as separators. Comments are
 * names where there is no other. An address stays as it was written, where GMime's parser would
 * decode its punycode.
 */
#include "address_list.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

/* One entry being read: three strings that grow in buffers of the whole text's length. */
typedef struct entry_t {
    char *phrase, *angle, *comment; /* outside and inside of <>, inside of () */
    apr_size_t phrase_len, angle_len, comment_len;
    int has_angle;
    apr_size_t angle_end; /* bytes of the phrase before the > */
    int is_quoted;        /* the phrase has a quoted string: blanks in it don't separate */
} entry_t;

static void entry_clear(entry_t *e)
{
    e->phrase_len = e->angle_len = e->comment_len = e->angle_end = 0;
    e->has_angle = e->is_quoted = 0;
}

/* Without blanks around, and without quotes that were encoded along with the name. */
static char *trimmed(const char *text, apr_size_t len, apr_pool_t *pool)
{
    for (int pass = 0; pass < 2; pass++) {
        while (len && apr_isspace(*text)) {
            text++;
            len--;
        }
        while (len && apr_isspace(text[len - 1]))
            len--;
        if (pass == 0 && len >= 2 && text[0] == '"' && text[len - 1] == '"') {
            text++;
            len -= 2;
        }
    }
    return apr_pstrmemdup(pool, text, len);
}

/* Without the blanks that RFC 5322 4.4 allows around the dots and the @ of an address. */
static void squeeze(char *address)
{
    char *to = address;
    for (const char *p = address; *p;) {
        const char *blanks = p;
        while (apr_isspace(*p))
            p++;
        if (*p == '@' || (*p == '.' && p > blanks)) {
            *to++ = *p++;
            while (apr_isspace(*p))
                p++;
            continue;
        }
        while (blanks < p)
            *to++ = *blanks++;
        if (*p)
            *to++ = *p++;
    }
    *to = '\0';
}

static void push(apr_array_header_t *list, const char *name, const char *address)
{
    if (!*address)
        address = name;
    if (!*address)
        return;
    okapi__address_t *entry = apr_array_push(list);
    entry->name = name;
    entry->address = address;
}

/* A phrase without <>: words with an @ are addresses, the others are the first one's name. */
static void push_words(apr_array_header_t *list, entry_t *e, const char *phrase,
                       const char *comment, apr_pool_t *pool)
{
    if (e->is_quoted || !strchr(phrase, '@')) {
        push(list, strchr(phrase, '@') ? comment : phrase, phrase);
        return;
    }
    int first = list->nelts;
    char *state, *words = apr_pstrdup(pool, phrase);
    char *name = apr_palloc(pool, strlen(phrase) + 2), *to = name;
    squeeze(words);
    for (char *word = apr_strtok(words, " \t", &state); word;
         word = apr_strtok(NULL, " \t", &state)) {
        if (strchr(word, '@')) {
            push(list, "", word);
            continue;
        }
        if (to > name)
            *to++ = ' ';
        to = apr_cpystrn(to, word, strlen(word) + 1);
    }
    *to = '\0';
    if (list->nelts > first)
        APR_ARRAY_IDX(list, first, okapi__address_t).name = *name ? name : comment;
}

/* What is between < and >, without a route (RFC 5322 4.4). */
static const char *angle_address(const entry_t *e, apr_pool_t *pool)
{
    char *address = trimmed(e->angle, e->angle_len, pool);
    char *route = address[0] == '@' ? strchr(address, ':') : NULL;
    if (route)
        address = route + 1;
    if (!strchr(address, '"'))
        squeeze(address);
    return address;
}

static void entry_finish(entry_t *e, apr_array_header_t *list, apr_pool_t *pool)
{
    const char *phrase = trimmed(e->phrase, e->phrase_len, pool);
    const char *comment = trimmed(e->comment, e->comment_len, pool);
    if (e->has_angle)
        push(list, *phrase ? phrase : comment, angle_address(e, pool));
    else if (*phrase)
        push_words(list, e, phrase, comment, pool);
    entry_clear(e);
}

/* A < where there was one already: a comma was forgotten. What came since the > is the next name.
 */
static void entry_split(entry_t *e, apr_array_header_t *list, apr_pool_t *pool)
{
    apr_size_t len = e->phrase_len - e->angle_end;
    const char *phrase = apr_pstrmemdup(pool, e->phrase + e->angle_end, len);
    e->phrase_len = e->angle_end;
    entry_finish(e, list, pool);
    memcpy(e->phrase, phrase, len);
    e->phrase_len = len;
}

/* The quoted string after P's quote, unescaped into the phrase or as it stands into the address.
 * Returns the place of its closing quote, or of the end. */
static const char *read_quoted(entry_t *e, const char *p, int is_angle)
{
    char *to = is_angle ? e->angle : e->phrase;
    apr_size_t *n = is_angle ? &e->angle_len : &e->phrase_len;
    if (is_angle)
        to[(*n)++] = '"';
    else
        e->is_quoted = 1;
    for (p++; *p && *p != '"'; p++) {
        if (*p == '\\' && p[1]) {
            if (is_angle)
                to[(*n)++] = *p;
            p++;
        }
        to[(*n)++] = *p;
    }
    if (is_angle)
        to[(*n)++] = '"';
    return p;
}

static const char *read_comment(entry_t *e, const char *p)
{
    int depth = 0;
    if (e->comment_len)
        e->comment[e->comment_len++] = ' ';
    for (; *p; p++) {
        if (*p == '\\' && p[1])
            p++;
        else if (*p == '(' && depth++ == 0)
            continue;
        else if (*p == ')' && --depth == 0)
            return p;
        e->comment[e->comment_len++] = *p;
    }
    return p;
}

apr_array_header_t *okapi__address_list(const char *text, apr_pool_t *result_pool)
{
    apr_array_header_t *list = apr_array_make(result_pool, 4, sizeof(okapi__address_t));
    apr_size_t size = strlen(text) + 4;
    entry_t e = {apr_palloc(result_pool, size), apr_palloc(result_pool, size * 2),
                 apr_palloc(result_pool, size)};
    const char *last_semicolon = strrchr(text, ';');
    int is_angle = 0;
    for (const char *p = text; *p; p++) {
        switch (*p) {
        case '"':
            p = read_quoted(&e, p, is_angle);
            break;
        case '(':
            p = read_comment(&e, p);
            break;
        case '<':
            if (e.angle_len)
                entry_split(&e, list, result_pool);
            is_angle = e.has_angle = 1;
            continue;
        case '>':
            is_angle = 0;
            e.angle_end = e.phrase_len;
            continue;
        case ',':
        case ';':
            if (is_angle)
                e.angle[e.angle_len++] = *p;
            else
                entry_finish(&e, list, result_pool);
            continue;
        case ':':
            if (!is_angle && p < last_semicolon) { /* what came before was a group's name */
                entry_clear(&e);
                continue;
            }
            /* fall through */
        default:
            if (is_angle)
                e.angle[e.angle_len++] = *p;
            else
                e.phrase[e.phrase_len++] = *p;
            continue;
        }
        if (!*p) /* an unclosed quote or comment went on to the end */
            break;
    }
    entry_finish(&e, list, result_pool);
    return list;
}
