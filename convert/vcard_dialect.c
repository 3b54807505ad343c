/* vcard_dialect.c - what versions 2.1, 3.0 and 4.0 of vCard write differently. Between reading and
 * writing a card is in the syntax that 3.0 and 4.0 share. */
#include "vcard_item.h"

#include <string.h>
#include <strings.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "charset.h"
#include "transfer.h"

/* ---- lines of 2.1 ---- */

static apr_size_t line_end(const char *p)
{
    apr_size_t len = strcspn(p, "\r\n");
    return len + (p[len] == '\r') + (p[len + (p[len] == '\r')] == '\n');
}

/* Do the first LEN bytes of a line, up to its colon, have WORD? */
static int has_word(const char *line, apr_size_t len, const char *word)
{
    apr_size_t n = strlen(word);
    for (apr_size_t i = 0; i + n <= len && line[i] != ':'; i++)
        if (strncasecmp(line + i, word, n) == 0)
            return 1;
    return 0;
}

/* A line of nothing but base64, which old phones don't indent. */
static int is_base64(const char *line)
{
    apr_size_t len = strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "+/=");
    return len > 0 && (line[len] == '\r' || line[len] == '\n' || !line[len]);
}

/* Is the card that begins at TEXT of version 2.1? */
static int is_21(const char *text)
{
    for (const char *p = text + line_end(text); *p; p += line_end(p)) {
        if (strncasecmp(p, "BEGIN:", 6) == 0)
            return 0;
        if (strncasecmp(p, "VERSION:", 8) == 0)
            return strncmp(p + 8, "2.1", 3) == 0;
    }
    return 0;
}

const char *okapi__vcard_unfold(const char *text, apr_pool_t *result_pool)
{
    char *out = apr_palloc(result_pool, 2 * strlen(text) + 1), *to = out;
    int old = 0, quoted = 0, base64 = 0, joined = 0;
    for (const char *p = text; *p;) {
        apr_size_t len = strcspn(p, "\r\n"), all = line_end(p);
        int folded = *p == ' ' || *p == '\t';
        if (strncasecmp(p, "BEGIN:", 6) == 0)
            old = is_21(p);
        if (!folded && !joined) {
            quoted = has_word(p, len, "QUOTED-PRINTABLE");
            base64 = has_word(p, len, "BASE64") || has_word(p, len, "ENCODING=B");
        } else if (folded && old && !quoted && !base64) {
            *to++ = ' '; /* RFC 822's folding, of which the blank stays */
        }
        while (quoted && len > 0 && p[len - 1] == '=' && p[all]) {
            memcpy(to, p, len - 1);
            to += len - 1;
            p += all;
            len = strcspn(p, "\r\n");
            all = line_end(p);
        }
        memcpy(to, p, len);
        to += len;
        p += all;
        joined = base64 && is_base64(p);
        if (!joined)
            *to++ = '\n';
    }
    *to = 0;
    return out;
}

/* ---- 2.1 to 3.0 ---- */

/* TEXT of 2.1, where only semicolons are escaped, with 3.0's escapes. */
static const char *escape(const char *text, apr_pool_t *pool)
{
    char *out = apr_palloc(pool, 2 * strlen(text) + 1), *to = out;
    for (const char *p = text; *p; p++) {
        if (*p == '\r')
            continue;
        if (*p == '\n') {
            *to++ = '\\';
            *to++ = 'n';
        } else if (*p == '\\' && p[1] && strchr(";,\\nN", p[1])) {
            *to++ = *p++;
            *to++ = *p;
        } else {
            if (*p == ',' || *p == '\\')
                *to++ = '\\';
            *to++ = *p;
        }
    }
    *to = 0;
    return out;
}

static const char *unquote(const char *value, const char *charset, apr_pool_t *pool)
{
    okapi_binary_t bytes = {(const unsigned char *)value, strlen(value)};
    bytes = okapi__transfer_decode(OKAPI__TRANSFER_QUOTED, bytes, pool);
    return okapi__charset_decode(okapi__charset_of(bytes, charset, NULL), bytes, NULL, pool);
}

/* A parameter that is only a word says what kind of parameter it is. */
static const char *param_name(const okapi__param_t *param)
{
    static const struct {
        const char *word, *name;
    } words[] = {{"QUOTED-PRINTABLE", "ENCODING"},
                 {"BASE64", "ENCODING"},
                 {"8BIT", "ENCODING"},
                 {"7BIT", "ENCODING"},
                 {"INLINE", "VALUE"},
                 {"URL", "VALUE"},
                 {"CID", "VALUE"},
                 {"CONTENT-ID", "VALUE"}};
    if (*param->value)
        return param->name;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(param->name, words[i].word) == 0)
            return words[i].name;
    return "TYPE";
}

static void line_from_21(okapi__comp_t *comp, const okapi__line_t *line)
{
    apr_pool_t *pool = comp->lines->pool;
    apr_array_header_t *params = apr_array_make(pool, 4, sizeof(const char *));
    const char *charset = okapi__line_param(line, "CHARSET"), *value = line->value;
    int is_base64 = 0, is_quoted = 0;
    for (int i = 0; line->params && i < line->params->nelts; i++) {
        const okapi__param_t *param = &APR_ARRAY_IDX(line->params, i, okapi__param_t);
        const char *name = param_name(param), *word = *param->value ? param->value : param->name;
        if (strcmp(name, "ENCODING") == 0) {
            is_base64 |= strcasecmp(word, "BASE64") == 0 || strcasecmp(word, "B") == 0;
            is_quoted |= strcasecmp(word, "QUOTED-PRINTABLE") == 0;
        } else if (strcmp(name, "CHARSET") != 0) {
            APR_ARRAY_PUSH(params, const char *) =
                apr_pstrcat(pool, name, "=", okapi__param_write(word, pool), NULL);
        }
    }
    if (is_base64)
        APR_ARRAY_PUSH(params, const char *) = "ENCODING=b";
    else
        value = escape(is_quoted ? unquote(value, charset, pool) : value, pool);
    okapi__comp_add(comp, line->name, params->nelts ? apr_array_pstrcat(pool, params, ';') : NULL,
                    value);
}

okapi_vcard_version_e okapi__card_version(const okapi__comp_t *card)
{
    const char *version = okapi__comp_value(card, "VERSION");
    version = version ? version + strspn(version, " ") : "";
    return strncmp(version, "2.1", 3) == 0 ? OKAPI_VCARD_21
           : *version == '4'               ? OKAPI_VCARD_40
                                           : OKAPI_VCARD_30;
}

/* Many a program says VERSION:3.0 and writes quoted-printable all the same. */
static int is_quoted(const okapi__line_t *line)
{
    const char *encoding = okapi__line_param(line, "ENCODING");
    return okapi__line_param(line, "QUOTED-PRINTABLE") != NULL ||
           (encoding && strcasecmp(encoding, "QUOTED-PRINTABLE") == 0);
}

void okapi__card_normalize(okapi__comp_t *card)
{
    int is_old = !okapi__comp_line(card, "VERSION") || okapi__card_version(card) == OKAPI_VCARD_21;
    apr_pool_t *pool = card->lines->pool;
    apr_array_header_t *lines = card->lines;
    card->lines = apr_array_make(pool, lines->nelts, sizeof(okapi__line_t));
    for (int i = 0; i < lines->nelts; i++) {
        const okapi__line_t *line = &APR_ARRAY_IDX(lines, i, okapi__line_t);
        if (is_old || is_quoted(line))
            line_from_21(card, line);
        else
            APR_ARRAY_PUSH(card->lines, okapi__line_t) = *line;
    }
}

/* ---- and back ---- */

static const char *without_escapes(const char *value, apr_pool_t *pool)
{
    char *out = apr_palloc(pool, 2 * strlen(value) + 1), *to = out;
    for (const char *p = value; *p; p++) {
        if (*p == '\\' && (p[1] == 'n' || p[1] == 'N')) {
            *to++ = '\r';
            *to++ = '\n';
            p++;
        } else if (*p == '\\' && p[1] == ',') {
            *to++ = *++p;
        } else {
            *to++ = *p;
        }
    }
    *to = 0;
    return out;
}

static const char *quote(const char *text, apr_pool_t *pool)
{
    static const char digits[] = "0123456789ABCDEF";
    char *out = apr_palloc(pool, 3 * strlen(text) + 1), *to = out;
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p >= ' ' && *p < 0x7F && *p != '=') {
            *to++ = (char)*p;
        } else {
            *to++ = '=';
            *to++ = digits[*p >> 4];
            *to++ = digits[*p & 15];
        }
    }
    *to = 0;
    return out;
}

static int needs_quoting(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p < ' ' || *p >= 0x7F)
            return 1;
    return 0;
}

static void line_to_21(okapi__comp_t *comp, const okapi__line_t *line)
{
    apr_pool_t *pool = comp->lines->pool;
    apr_array_header_t *params = apr_array_make(pool, 4, sizeof(const char *));
    const char *value = line->value;
    int is_base64 = 0;
    for (int i = 0; line->params && i < line->params->nelts; i++) {
        const okapi__param_t *param = &APR_ARRAY_IDX(line->params, i, okapi__param_t);
        if (strcmp(param->name, "ENCODING") == 0) {
            is_base64 = 1;
        } else if (strcmp(param->name, "TYPE") == 0) {
            char *words = apr_pstrdup(pool, param->value), *state;
            for (char *w = apr_strtok(words, ",", &state); w; w = apr_strtok(NULL, ",", &state))
                APR_ARRAY_PUSH(params, const char *) = okapi__param_write(w, pool);
        } else {
            APR_ARRAY_PUSH(params, const char *) =
                apr_pstrcat(pool, param->name, "=", okapi__param_write(param->value, pool), NULL);
        }
    }
    if (!is_base64)
        value = without_escapes(value, pool);
    if (is_base64) {
        APR_ARRAY_PUSH(params, const char *) = "ENCODING=BASE64";
    } else if (needs_quoting(value)) {
        APR_ARRAY_PUSH(params, const char *) = "CHARSET=UTF-8";
        APR_ARRAY_PUSH(params, const char *) = "ENCODING=QUOTED-PRINTABLE";
        value = quote(value, pool);
    }
    okapi__comp_add(comp, line->name, params->nelts ? apr_array_pstrcat(pool, params, ';') : NULL,
                    value);
}

/* ---- bytes in 3.0 and 4.0 ---- */

static void copy_params(apr_array_header_t *params, const okapi__line_t *line, const char *type)
{
    apr_pool_t *pool = params->pool;
    for (int i = 0; line->params && i < line->params->nelts; i++) {
        const okapi__param_t *param = &APR_ARRAY_IDX(line->params, i, okapi__param_t);
        if (strcmp(param->name, "ENCODING") != 0 && strcmp(param->name, "VALUE") != 0 &&
            (type == NULL || strcmp(param->value, type) != 0))
            APR_ARRAY_PUSH(params, const char *) =
                apr_pstrcat(pool, param->name, "=", okapi__param_write(param->value, pool), NULL);
    }
}

static void add(okapi__comp_t *comp, const okapi__line_t *line, apr_array_header_t *params,
                const char *value)
{
    okapi__comp_add(comp, line->name,
                    params->nelts ? apr_array_pstrcat(params->pool, params, ';') : NULL, value);
}

/* ENCODING=b is a data: URI in 4.0. */
static void line_to_40(okapi__comp_t *comp, const okapi__line_t *line)
{
    apr_pool_t *pool = comp->lines->pool;
    const char *type = okapi__line_param(line, "TYPE");
    apr_array_header_t *params = apr_array_make(pool, 4, sizeof(const char *));
    if (!okapi__line_param(line, "ENCODING")) {
        APR_ARRAY_PUSH(comp->lines, okapi__line_t) = *line;
        return;
    }
    copy_params(params, line, type);
    const char *kind = strcmp(okapi__card_line_name(line), "SOUND") == 0 ? "audio" : "image";
    add(comp, line, params,
        type && strchr(type, '/') == NULL
            ? apr_pstrcat(pool, "data:", kind, "/", type, ";base64,", line->value, NULL)
            : apr_pstrcat(pool, "data:", type ? type : "application/octet-stream", ";base64,",
                          line->value, NULL));
}

static void line_to_30(okapi__comp_t *comp, const okapi__line_t *line)
{
    apr_pool_t *pool = comp->lines->pool;
    const char *data = strstr(line->value, ";base64,");
    apr_array_header_t *params = apr_array_make(pool, 4, sizeof(const char *));
    if (strncasecmp(line->value, "data:", 5) != 0 || !data) {
        APR_ARRAY_PUSH(comp->lines, okapi__line_t) = *line;
        return;
    }
    const char *type = apr_pstrmemdup(pool, line->value + 5, (apr_size_t)(data - line->value - 5));
    const char *slash = strchr(type, '/');
    copy_params(params, line, NULL);
    APR_ARRAY_PUSH(params, const char *) = "ENCODING=b";
    APR_ARRAY_PUSH(params, const char *) =
        apr_pstrcat(pool, "TYPE=", okapi__param_write(slash ? slash + 1 : type, pool), NULL);
    add(comp, line, params, data + strlen(";base64,"));
}

static void to_version(okapi__comp_t *card, okapi_vcard_version_e version)
{
    static const char *const numbers[] = {
        [OKAPI_VCARD_21] = "2.1", [OKAPI_VCARD_30] = "3.0", [OKAPI_VCARD_40] = "4.0"};
    apr_array_header_t *lines = card->lines;
    card->lines = apr_array_make(lines->pool, lines->nelts + 1, sizeof(okapi__line_t));
    okapi__comp_add(card, "VERSION", NULL, numbers[version]);
    for (int i = 0; i < lines->nelts; i++) {
        const okapi__line_t *line = &APR_ARRAY_IDX(lines, i, okapi__line_t);
        if (strcmp(line->name, "VERSION") == 0)
            continue;
        if (version == OKAPI_VCARD_40) {
            line_to_40(card, line);
        } else if (version == OKAPI_VCARD_30) {
            line_to_30(card, line);
        } else {
            line_to_21(card, line);
        }
    }
}

/* RFC 6350 6.7.9 and the parsers of many want it there. */
static void version_first(okapi__comp_t *card)
{
    okapi__line_t *lines = (okapi__line_t *)card->lines->elts;
    int i = 0;
    while (strcmp(lines[i].name, "VERSION") != 0)
        i++;
    okapi__line_t version = lines[i];
    memmove(lines + 1, lines, (size_t)i * sizeof(*lines));
    lines[0] = version;
}

/* A line of 2.1: folded where folding doesn't leave a blank, which is in base64 and, with soft line
 * breaks, in quoted-printable. */
static void write_21(okapi_writer_t *w, const char *text)
{
    enum { WIDTH = 74 };
    apr_size_t head = strcspn(text, ":");
    int quoted = has_word(text, head, "QUOTED-PRINTABLE");
    const char *fold = quoted ? "=\r\n" : "\r\n ";
    apr_size_t left = strlen(text);
    while ((quoted || has_word(text, head, "BASE64")) && left > WIDTH) {
        apr_size_t len = WIDTH;
        if (len <= head)
            len = head + 1;
        if (len >= left)
            break;
        for (int i = 1; quoted && i <= 2; i++) /* not inside of "=C3" */
            if (text[len - i] == '=')
                len -= (apr_size_t)i;
        while (len > 1 && ((unsigned char)text[len] & 0xC0) == 0x80)
            len--;
        okapi_write_bytes(w, text, len);
        okapi_write_bytes(w, fold, strlen(fold));
        text += len;
        left -= len;
        head = head > len ? head - len : 0;
    }
    okapi_write_bytes(w, text, left);
    okapi_write_bytes(w, "\r\n", 2);
}

void okapi__card_write(okapi_writer_t *w, okapi__comp_t *card, okapi_vcard_version_e version)
{
    static const char begin[] = "BEGIN:VCARD\r\n", end[] = "END:VCARD\r\n";
    if (!okapi__comp_line(card, "VERSION") || okapi__card_version(card) != version ||
        version == OKAPI_VCARD_21)
        to_version(card, version);
    version_first(card);
    if (version != OKAPI_VCARD_21) {
        okapi__comp_write(w, card);
        return;
    }
    okapi_write_bytes(w, begin, sizeof(begin) - 1);
    for (int i = 0; i < card->lines->nelts; i++)
        write_21(w, APR_ARRAY_IDX(card->lines, i, okapi__line_t).text);
    for (int i = 0; i < card->children->nelts; i++)
        okapi__comp_write(w, APR_ARRAY_IDX(card->children, i, okapi__comp_t *));
    okapi_write_bytes(w, end, sizeof(end) - 1);
}
