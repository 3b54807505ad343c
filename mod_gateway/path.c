/* path.c - the arguments of MAIL and RCPT. */
#include "path.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

enum { ADDRESS_MAX = 320 }; /* RFC 5321 4.5.3.1: 64 bytes, an @ and 255 */

/* The end of the quoted string at P; NULL if there is none. */
static const char *skip_quoted(const char *p)
{
    for (p++; *p != '"'; p++) {
        p += *p == '\\';
        if (*p == '\0') {
            return NULL;
        }
    }
    return p + 1;
}

/* The ">" that ends the path at P; NULL if it isn't one. */
static const char *find_end(const char *p)
{
    while (p != NULL && *p != '>') {
        if (*p == '"') {
            p = skip_quoted(p);
        } else if ((unsigned char)*p <= ' ' || *p == '<' || *p == 0x7F) {
            p = NULL;
        } else {
            p++;
        }
    }
    return p;
}

/* What RFC 5321 appendix C wants to be ignored: "@one,@two:" before the mailbox. */
static const char *skip_route(const char *p, const char *end)
{
    const char *colon = *p == '@' ? memchr(p, ':', end - p) : NULL;

    return colon != NULL ? colon + 1 : p;
}

static int has_controls(const char *text)
{
    for (; *text; text++) {
        if (apr_iscntrl(*text)) {
            return 1;
        }
    }
    return 0;
}

const char *gw_path_parse(gw_path_t *path, const char *text, const char *keyword,
                          apr_pool_t *result_pool)
{
    apr_size_t n = strlen(keyword);
    const char *start, *end, *p;

    if (strncasecmp(text, keyword, n) != 0) {
        return apr_pstrcat(result_pool, keyword, "<address> is expected", NULL);
    }
    text += n;
    text += strspn(text, " "); /* many send one */
    end = *text == '<' ? find_end(text + 1) : NULL;
    if (end == NULL || (end[1] != '\0' && end[1] != ' ')) {
        return "the address must stand between < and >";
    }
    start = skip_route(text + 1, end);
    path->address = apr_pstrmemdup(result_pool, start, end - start);
    path->parameters = apr_pstrdup(result_pool, end + 1);
    path->is_ascii = 1;
    for (p = path->address; *p; p++) {
        path->is_ascii &= (unsigned char)*p < 0x80;
    }
    return has_controls(path->address) ? "the address has control characters"
           : p - path->address > ADDRESS_MAX ? "the address is too long"
                                             : NULL;
}
