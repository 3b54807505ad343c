/* extract_process.h - a program that makes text of a document. */
#ifndef OKAPI__EXTRACT_PROCESS_H
#define OKAPI__EXTRACT_PROCESS_H

#include <okapi/stream.h>

typedef struct okapi__extraction_t {
    const char *program;
    apr_interval_time_t timeout;
    const char *failure; /* why there is no text, for a log; NULL: there is */
} okapi__extraction_t;

/* Gives the program BYTES on its standard input and takes *TEXT from its standard output: UTF-8, at
 * most MAX bytes; OKAPI_ETOOBIG if there is more. APR_ENOENT if there is no such program,
 * OKAPI_EFORMAT for any other failure of it, which EXTRACTION then tells; NULL is the text of what
 * the program knows not to have any. */
apr_status_t okapi__extract_run(okapi__extraction_t *extraction, const char **text,
                                okapi_stream_t *bytes, apr_size_t max, apr_pool_t *result_pool,
                                apr_pool_t *scratch_pool);

#endif
