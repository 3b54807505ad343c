/* rtf_html.h - a document in RTF as HTML that looks like it. */
#ifndef OKAPI__RTF_HTML_H
#define OKAPI__RTF_HTML_H

#include <okapi/wire.h>

apr_status_t okapi__rtf_render_html(okapi_writer_t *out, okapi_binary_t rtf,
                                    apr_pool_t *scratch_pool);

#endif
