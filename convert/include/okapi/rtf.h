/* rtf.h - RTF: compressed as PR_RTF_COMPRESSED has it (MS-OXRTFCP), and what it says as HTML and as
 * text, or the other way round (MS-OXRTFEX). HTML and text are UTF-8, zero-terminated.
 */
#ifndef OKAPI_RTF_H
#define OKAPI_RTF_H

#include <okapi/types.h>

/* The RTF of a PR_RTF_COMPRESSED value. OKAPI_EFORMAT for what isn't one or is damaged, its CRC
 * included; OKAPI_ETOOBIG if it is more than MAX bytes. */
apr_status_t okapi_rtf_decompress(okapi_binary_t *rtf, okapi_binary_t compressed, apr_size_t max,
                                  apr_pool_t *result_pool);

/* The same bytes that the specification's own compressor yields. OKAPI_ETOOBIG from 2 GB on. */
apr_status_t okapi_rtf_compress(okapi_binary_t *compressed, okapi_binary_t rtf,
                                apr_pool_t *result_pool);

/* What a document was before it became RTF: MS-OXRTFEX 2.2.3.1. */
typedef enum okapi_rtf_origin_e {
    OKAPI_RTF_NATIVE, /* RTF */
    OKAPI_RTF_FROM_TEXT,
    OKAPI_RTF_FROM_HTML
} okapi_rtf_origin_e;

okapi_rtf_origin_e okapi_rtf_origin(okapi_binary_t rtf);

/* HTML and text that a document was made of come back as they were. OKAPI_EFORMAT for what isn't
 * RTF, OKAPI_ETOOCOMPLEX for groups nested too deeply, OKAPI_ETOOBIG if the result would be out of
 * proportion to the document. */
apr_status_t okapi_rtf_to_html(okapi_binary_t *html, okapi_binary_t rtf, apr_pool_t *result_pool,
                               apr_pool_t *scratch_pool);
apr_status_t okapi_rtf_to_text(okapi_binary_t *text, okapi_binary_t rtf, apr_pool_t *result_pool,
                               apr_pool_t *scratch_pool);

/* RTF that looks like HTML or TEXT, and from which that comes back, with CRLF as line ends. */
apr_status_t okapi_rtf_from_html(okapi_binary_t *rtf, okapi_binary_t html, apr_pool_t *result_pool);
apr_status_t okapi_rtf_from_text(okapi_binary_t *rtf, okapi_binary_t text, apr_pool_t *result_pool);

#endif
