/* ical_tree.c - iCalendar's syntax: RFC 5545 3.1 to 3.6. */
#include "ical_tree.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <okapi/error.h>

enum { MAX_DEPTH = 8, MAX_LINES = 500000, FOLD = 75 };

okapi__comp_t *okapi__comp_create(const char *name, apr_pool_t *result_pool)
{
    okapi__comp_t *comp = apr_palloc(result_pool, sizeof(*comp));
    comp->name = name;
    comp->lines = apr_array_make(result_pool, 8, sizeof(okapi__line_t));
    comp->children = apr_array_make(result_pool, 2, sizeof(okapi__comp_t *));
    return comp;
}

/* ---- lines ---- */

static char *upper(const char *text, apr_size_t len, apr_pool_t *pool)
{
    char *name = apr_pstrmemdup(pool, text, len);
    for (char *p = name; *p; p++)
        *p = (char)apr_toupper(*p);
    return name;
}

/* The next line of *P without its folds; *LINES counts those it is made of. */
static char *unfold(const char **p, int *lines, apr_pool_t *pool)
{
    const char *start = *p, *end = start;
    for (;;) {
        end += strcspn(end, "\r\n");
        ++*lines;
        const char *next = end + (*end == '\r') + (end[*end == '\r'] == '\n');
        if (next == end || (*next != ' ' && *next != '\t')) {
            *p = next;
            break;
        }
        end = next + 1;
    }
    char *line = apr_palloc(pool, (apr_size_t)(end - start) + 1), *to = line;
    for (const char *from = start; from < end;) {
        if (*from == '\r' || *from == '\n') {
            from += (*from == '\r') + (from[*from == '\r'] == '\n');
            from++; /* the blank */
        } else {
            *to++ = *from++;
        }
    }
    *to = 0;
    return line;
}

/* The end of a parameter's value list: a colon or a semicolon outside of quotes. */
static const char *param_end(const char *p)
{
    int quoted = 0;
    for (; *p && (quoted || (*p != ':' && *p != ';')); p++)
        quoted ^= *p == '"';
    return p;
}

static const char *unquote(const char *text, apr_size_t len, apr_pool_t *pool)
{
    char *value = apr_palloc(pool, len + 1), *to = value;
    for (const char *p = text; p < text + len; p++)
        if (*p != '"')
            *to++ = *p;
    *to = 0;
    return value;
}

/* 0 for what isn't a content line. */
static int read_line(okapi__line_t *line, const char *text, apr_pool_t *pool)
{
    apr_size_t len = strcspn(text, ";:");
    const char *p = text + len;
    if (len == 0 || strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                 "-_./") < len)
        return 0;
    *line = (okapi__line_t){.name = upper(text, len, pool), .text = text};
    while (*p == ';') {
        const char *name = ++p, *end = param_end(p);
        apr_size_t name_len = strcspn(name, "=:;");
        if (!line->params)
            line->params = apr_array_make(pool, 2, sizeof(okapi__param_t));
        okapi__param_t *param = apr_array_push(line->params);
        const char *value = name + name_len + (name[name_len] == '=');
        param->name = upper(name, name_len, pool);
        param->value = value < end ? unquote(value, (apr_size_t)(end - value), pool) : "";
        p = end;
    }
    if (*p != ':')
        return 0;
    line->value = p + 1;
    return 1;
}

/* ---- components ---- */

apr_status_t okapi__comp_parse(okapi__comp_t **root, const char **why, const char *text,
                               apr_pool_t *result_pool)
{
    okapi__comp_t *open[MAX_DEPTH + 1];
    int depth = 0, lines = 0;
    *root = open[0] = okapi__comp_create("", result_pool);
    while (*text) {
        int at = lines + 1;
        okapi__line_t line;
        if (!read_line(&line, unfold(&text, &lines, result_pool), result_pool))
            continue; /* a torn text, a blank line: nothing that could be understood */
        if (lines > MAX_LINES) {
            *why = apr_psprintf(result_pool, "there are more than %d lines", MAX_LINES);
            return OKAPI_ETOOCOMPLEX;
        }
        if (strcmp(line.name, "BEGIN") == 0) {
            if (depth == MAX_DEPTH) {
                *why = apr_psprintf(result_pool, "line %d: components are nested deeper than %d",
                                    at, MAX_DEPTH);
                return OKAPI_ETOOCOMPLEX;
            }
            okapi__comp_t *comp = okapi__comp_create(
                upper(line.value, strcspn(line.value, " \t"), result_pool), result_pool);
            APR_ARRAY_PUSH(open[depth]->children, okapi__comp_t *) = comp;
            open[++depth] = comp;
        } else if (strcmp(line.name, "END") == 0) {
            const char *name = upper(line.value, strcspn(line.value, " \t"), result_pool);
            if (depth == 0 || strcmp(open[depth]->name, name) != 0) {
                *why = depth ? apr_psprintf(result_pool, "line %d: END:%s inside of %s", at, name,
                                            open[depth]->name)
                             : apr_psprintf(result_pool, "line %d: END:%s without BEGIN", at, name);
                return OKAPI_EFORMAT;
            }
            depth--;
        } else {
            APR_ARRAY_PUSH(open[depth]->lines, okapi__line_t) = line;
        }
    }
    if (depth > 0) {
        *why = apr_psprintf(result_pool, "line %d: %s has no end", lines, open[depth]->name);
        return OKAPI_EFORMAT;
    }
    return APR_SUCCESS;
}

const okapi__line_t *okapi__comp_line(const okapi__comp_t *comp, const char *name)
{
    for (int i = 0; i < comp->lines->nelts; i++) {
        const okapi__line_t *line = &APR_ARRAY_IDX(comp->lines, i, okapi__line_t);
        if (strcmp(line->name, name) == 0)
            return line;
    }
    return NULL;
}

const char *okapi__comp_value(const okapi__comp_t *comp, const char *name)
{
    const okapi__line_t *line = okapi__comp_line(comp, name);
    return line ? line->value : NULL;
}

const char *okapi__line_param(const okapi__line_t *line, const char *name)
{
    for (int i = 0; line->params && i < line->params->nelts; i++) {
        const okapi__param_t *param = &APR_ARRAY_IDX(line->params, i, okapi__param_t);
        if (strcmp(param->name, name) == 0)
            return param->value;
    }
    return NULL;
}

okapi__line_t *okapi__comp_add(okapi__comp_t *comp, const char *name, const char *params,
                               const char *value)
{
    apr_pool_t *pool = comp->lines->pool;
    okapi__line_t line;
    const char *text =
        apr_pstrcat(pool, name, params ? ";" : "", params ? params : "", ":", value, NULL);
    if (!read_line(&line, text, pool))
        return NULL;
    okapi__line_t *added = apr_array_push(comp->lines);
    *added = line;
    return added;
}

/* ---- values ---- */

char *okapi__text_read(const char *value, apr_pool_t *result_pool)
{
    char *text = apr_palloc(result_pool, strlen(value) + 1), *to = text;
    for (const char *p = value; *p; p++) {
        if (*p == '\\' && p[1]) {
            p++;
            *to++ = *p == 'n' || *p == 'N' ? '\n' : *p;
        } else {
            *to++ = *p;
        }
    }
    *to = 0;
    return text;
}

apr_array_header_t *okapi__text_list(const char *value, apr_pool_t *result_pool)
{
    apr_array_header_t *list = apr_array_make(result_pool, 4, sizeof(const char *));
    for (const char *p = value; *p;) {
        apr_size_t len = 0;
        while (p[len] && p[len] != ',')
            len += p[len] == '\\' && p[len + 1] ? 2 : 1;
        if (len)
            APR_ARRAY_PUSH(list, const char *) =
                okapi__text_read(apr_pstrmemdup(result_pool, p, len), result_pool);
        p += len + (p[len] == ',');
    }
    return list;
}

const char *okapi__text_write(const char *text, apr_pool_t *result_pool)
{
    char *value = apr_palloc(result_pool, 2 * strlen(text) + 1), *to = value;
    for (const char *p = text; *p; p++) {
        if (*p == '\r' && p[1] == '\n')
            continue;
        if (*p == '\n' || *p == '\r') {
            *to++ = '\\';
            *to++ = 'n';
            continue;
        }
        if ((unsigned char)*p < ' ' && *p != '\t')
            continue;
        if (strchr("\\;,", *p))
            *to++ = '\\';
        *to++ = *p;
    }
    *to = 0;
    return value;
}

const char *okapi__param_write(const char *value, apr_pool_t *result_pool)
{
    char *text = apr_palloc(result_pool, strlen(value) + 3), *to = text;
    int quote = value[strcspn(value, ":;, ")] != 0;
    if (quote)
        *to++ = '"';
    for (const char *p = value; *p; p++)
        *to++ = *p == '"' ? '\'' : (unsigned char)*p < ' ' ? ' ' : *p;
    if (quote)
        *to++ = '"';
    *to = 0;
    return text;
}

/* ---- writing ---- */

static void write_folded(okapi_writer_t *w, const char *text)
{
    apr_size_t left = strlen(text), room = FOLD;
    while (left > room) {
        apr_size_t len = room;
        while (len > 1 && ((unsigned char)text[len] & 0xC0) == 0x80)
            len--;
        okapi_write_bytes(w, text, len);
        okapi_write_bytes(w, "\r\n ", 3);
        text += len;
        left -= len;
        room = FOLD - 1;
    }
    okapi_write_bytes(w, text, left);
    okapi_write_bytes(w, "\r\n", 2);
}

static void write_frame(okapi_writer_t *w, const char *word, const char *name)
{
    okapi_write_bytes(w, word, strlen(word));
    okapi_write_bytes(w, name, strlen(name));
    okapi_write_bytes(w, "\r\n", 2);
}

void okapi__comp_write(okapi_writer_t *w, const okapi__comp_t *comp)
{
    if (*comp->name)
        write_frame(w, "BEGIN:", comp->name);
    for (int i = 0; i < comp->lines->nelts; i++)
        write_folded(w, APR_ARRAY_IDX(comp->lines, i, okapi__line_t).text);
    for (int i = 0; i < comp->children->nelts; i++)
        okapi__comp_write(w, APR_ARRAY_IDX(comp->children, i, okapi__comp_t *));
    if (*comp->name)
        write_frame(w, "END:", comp->name);
}
