/* subject.c - a subject's prefix ("RE: ") and what follows it. */
#include <string.h>

#include <apr_strings.h>

#include "message_private.h"

/* Bytes of the UTF-8 character that begins at P. */
static apr_size_t char_len(const char *p)
{
    apr_size_t len = 1;
    while (((unsigned char)p[len] & 0xC0) == 0x80) {
        len++;
    }
    return len;
}

/* Bytes before the colon if SUBJECT begins with one to three characters that are no colons, blanks
 * or digits, then a colon (MS-OXCMAIL 2.2.3.2.6.1), then a blank or the end; otherwise 0. The
 * blank is required so that "a:b" stays a subject. */
static apr_size_t prefix_len(const char *subject)
{
    apr_size_t len = 0;
    for (int i = 0; i < 3 && subject[len] && !strchr(": 0123456789", subject[len]); i++) {
        len += char_len(subject + len);
    }
    if (len == 0 || subject[len] != ':') {
        return 0;
    }
    return subject[len + 1] == ' ' || subject[len + 1] == '\0' ? len : 0;
}

void okapi__subject_split(const char **new_prefix, const char **normalized, const char *subject,
                          const char *prefix, apr_pool_t *result_pool)
{
    if (prefix && strncmp(subject, prefix, strlen(prefix)) == 0) {
        *new_prefix = prefix;
        *normalized = subject + strlen(prefix);
        return;
    }
    apr_size_t len = prefix_len(subject);
    if (!len) {
        *new_prefix = "";
        *normalized = subject;
        return;
    }
    *new_prefix = apr_psprintf(result_pool, "%.*s: ", (int)len, subject);
    *normalized = subject + len + 1;
    *normalized += strspn(*normalized, " ");
}
