/* header.c - header fields: splitting and parameters (RFC 5322 2.2, RFC 2045 5.1, RFC 2231). */
#include "header.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "charset.h"

int okapi__is_blank(int c)
{
    return c == ' ' || c == '\t';
}

int okapi__hex_digit(int c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Behind the line that starts at P. */
static const unsigned char *next_line(const unsigned char *p, const unsigned char *end, char eol)
{
    const unsigned char *nl = memchr(p, eol, (apr_size_t)(end - p));
    return nl ? nl + 1 : end;
}

/* The colon of the field that starts at P, or NULL; *NAME_LEN are the bytes of its name. */
static const unsigned char *field_colon(const unsigned char *p, const unsigned char *end,
                                        apr_size_t *name_len)
{
    const unsigned char *start = p;
    while (p<end && * p> ' ' && *p < 0x7F && *p != ':')
        p++;
    *name_len = (apr_size_t)(p - start);
    while (p < end && okapi__is_blank(*p))
        p++;
    return *name_len && p < end && *p == ':' ? p : NULL;
}

/* Programs put mailbox files' "From " lines among the headers. Such a line counts as one only if
 * a field follows. */
static const unsigned char *skip_envelope(const unsigned char *p, const unsigned char *end,
                                          char eol)
{
    apr_size_t quote = p < end && *p == '>', n;
    if ((apr_size_t)(end - p) < 5 + quote || memcmp(p + quote, "From ", 5) != 0)
        return p;
    const unsigned char *next = next_line(p, end, eol);
    return field_colon(next, end, &n) ? next : p;
}

int okapi__field_next(okapi_binary_t *rest, char eol, okapi__field_t *field)
{
    const unsigned char *end = rest->data + rest->len;
    const unsigned char *p = skip_envelope(rest->data, end, eol);
    field->name.data = p;
    p = field_colon(p, end, &field->name.len);
    if (!p)
        return 0;

    field->value.data = ++p;
    do {
        p = next_line(p, end, eol);
    } while (p < end && okapi__is_blank(*p));
    const unsigned char *last = p;
    while (last > field->value.data && (last[-1] == '\n' || last[-1] == '\r'))
        last--;
    field->value.len = (apr_size_t)(last - field->value.data);
    rest->data = p;
    rest->len = (apr_size_t)(end - p);
    return 1;
}

int okapi__field_is(const okapi__field_t *field, const char *name)
{
    return strlen(name) == field->name.len &&
           strncasecmp((const char *)field->name.data, name, field->name.len) == 0;
}

int okapi__field_find(okapi_binary_t headers, char eol, const char *name, okapi__field_t *field)
{
    while (okapi__field_next(&headers, eol, field))
        if (okapi__field_is(field, name))
            return 1;
    return 0;
}

/* ---- parameters ---- */

enum { MAX_SECTIONS = 100 };

/* What was found of one parameter. */
typedef struct param_t {
    char *plain;                  /* name=value */
    char *sections[MAX_SECTIONS]; /* name*=value is section 0, name*N=value section N */
    char is_extended[MAX_SECTIONS];
} param_t;

/* The value at *P, which it moves behind it: quoted or not, in a copy. What isn't quoted goes on
 * to the semicolon: file names with blanks are sent so. */
static char *param_value(const char **p, apr_pool_t *result_pool)
{
    const char *s = *p;
    while (apr_isspace(*s))
        s++;
    if (*s != '"') {
        apr_size_t n = strcspn(s, ";");
        *p = s + n;
        while (n && apr_isspace(s[n - 1]))
            n--;
        return apr_pstrmemdup(result_pool, s, n);
    }
    s++;
    char *value = apr_palloc(result_pool, strlen(s) + 1), *to = value;
    for (; *s && *s != '"'; s++) {
        if (*s == '\\' && (s[1] == '"' || s[1] == '\\'))
            s++;
        *to++ = *s;
    }
    *to = '\0';
    *p = s;
    return value;
}

/* ATTRIBUTE is NAME, NAME*, NAME*3 or NAME*3*: remember its VALUE. */
static void param_remember(param_t *param, const char *attribute, const char *name, char *value)
{
    apr_size_t n = strlen(name);
    if (strncasecmp(attribute, name, n) != 0)
        return;
    attribute += n;
    if (*attribute == '\0') {
        if (!param->plain)
            param->plain = value;
        return;
    }
    if (*attribute++ != '*')
        return;
    int section = 0, is_extended = *attribute == '\0';
    if (!is_extended) {
        if (!apr_isdigit(*attribute))
            return;
        for (; apr_isdigit(*attribute) && section < MAX_SECTIONS; attribute++)
            section = section * 10 + (*attribute - '0');
        is_extended = *attribute == '*';
    }
    if (section < MAX_SECTIONS && !param->sections[section]) {
        param->sections[section] = value;
        param->is_extended[section] = (char)is_extended;
    }
}

static apr_size_t percent_decode(char *to, const char *from)
{
    char *start = to;
    while (*from) {
        int high = *from == '%' ? okapi__hex_digit((unsigned char)from[1]) : -1;
        int low = high < 0 ? -1 : okapi__hex_digit((unsigned char)from[2]);
        if (low >= 0) {
            *to++ = (char)(high << 4 | low);
            from += 3;
        } else {
            *to++ = *from++;
        }
    }
    return (apr_size_t)(to - start);
}

/* The sections of RFC 2231 put together. */
static char *param_join(param_t *param, const char *hint, apr_pool_t *result_pool)
{
    apr_size_t size = 1;
    for (int i = 0; i < MAX_SECTIONS && param->sections[i]; i++)
        size += strlen(param->sections[i]);
    char *joined = apr_palloc(result_pool, size);
    const char *declared = NULL;
    apr_size_t n = 0;
    int is_extended = 0;
    for (int i = 0; i < MAX_SECTIONS && param->sections[i]; i++) {
        char *section = param->sections[i];
        if (i == 0 && param->is_extended[0]) { /* charset'language'text */
            char *language = strchr(section, '\'');
            char *text = language ? strchr(language + 1, '\'') : NULL;
            if (text) {
                *language = '\0';
                declared = section;
                section = text + 1;
            }
        }
        if (param->is_extended[i]) {
            is_extended = 1;
            n += percent_decode(joined + n, section);
        } else {
            apr_size_t len = strlen(section);
            memcpy(joined + n, section, len);
            n += len;
        }
    }
    okapi_binary_t bytes = {(unsigned char *)joined, n};
    if (!is_extended)
        return okapi__header_text(bytes, hint, result_pool);
    return okapi__charset_decode(okapi__charset_of(bytes, declared, hint), bytes, NULL,
                                 result_pool);
}

char *okapi__header_param(okapi_binary_t value, const char *name, const char *hint,
                          apr_pool_t *result_pool)
{
    char *text = apr_palloc(result_pool, value.len + 1), *to = text;
    for (apr_size_t i = 0; i < value.len; i++) {
        char c = (char)value.data[i];
        if (c != '\0' && c != '\r' && c != '\n')
            *to++ = c;
    }
    *to = '\0';

    param_t param = {0};
    const char *p = text;
    p += strcspn(p, "; \t");
    for (;;) {
        p += strspn(p, "; \t\"");
        apr_size_t n = strcspn(p, "=;");
        if (p[n] == '\0')
            break;
        const char *attribute = p;
        p += n;
        if (*p == ';')
            continue;
        p++;
        while (n && okapi__is_blank(attribute[n - 1]))
            n--;
        char *found = param_value(&p, result_pool);
        param_remember(&param, apr_pstrmemdup(result_pool, attribute, n), name, found);
    }

    if (param.sections[0])
        return param_join(&param, hint, result_pool);
    if (!param.plain)
        return NULL;
    okapi_binary_t plain = {(unsigned char *)param.plain, strlen(param.plain)};
    return okapi__header_text(plain, hint, result_pool);
}
