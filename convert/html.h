/* html.h - the little of HTML that mail conversion needs. All text is UTF-8. */
#ifndef OKAPI__HTML_H
#define OKAPI__HTML_H

#include <apr_hash.h>
#include <okapi/types.h>

/* What a reader would see, as plain text with LF line ends; never more than a constant times the
 * input. */
char *okapi__html_to_text(const char *html, apr_size_t len, apr_size_t *text_len,
                          apr_pool_t *result_pool);

/* TEXT with the line ends of mail, zero-terminated. */
okapi_binary_t okapi__text_crlf(const char *text, apr_size_t len, apr_pool_t *result_pool);

/* TEXT as HTML that looks the same. */
char *okapi__html_from_text(const char *text, apr_size_t len, apr_size_t *html_len,
                            apr_pool_t *result_pool);

/* Sets the int each value of TARGETS points to if HTML refers to its key: "cid:X" for a content
 * id, anything else as it stands in a src or background attribute. */
void okapi__html_mark_references(const char *html, apr_size_t len, apr_hash_t *targets,
                                 apr_pool_t *scratch_pool);

/* The charset a <meta> tag near the beginning tells of, or NULL. BYTES are in an unknown charset.
 */
const char *okapi__html_charset(okapi_binary_t bytes, apr_pool_t *result_pool);

#endif
