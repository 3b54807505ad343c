/* extract.c - which bodies and attachments have text, and how it is got. */
#include <string.h>

#include <apr_strings.h>
#include <okapi/error.h>
#include <okapi/extract.h>
#include <okapi/rtf.h>

#include "charset.h"
#include "extract_process.h"
#include "html.h"

enum {
    MARKUP_FACTOR = 4,            /* bytes of text or HTML that are read for one of text */
    RTF_MAX = 32 << 20,
    DOCUMENT_MAX = 64 << 20       /* larger ones aren't tried */
};

#define TIMEOUT apr_time_from_sec(30)

typedef enum kind_e {
    KIND_NONE,
    KIND_TEXT,
    KIND_HTML,
    KIND_RTF,
    KIND_RTF_COMPRESSED,
    KIND_DOCUMENT
} kind_e;

/* The first that fits the type or, where mail didn't know it, the end of the name. */
static const struct {
    const char *type;   /* or its beginning, which then ends with '/' or '.' */
    const char *ending; /* NULL: of no name */
    kind_e kind;
} kinds[] = {
    {"text/html", ".html", KIND_HTML},
    {"application/xhtml+xml", ".htm", KIND_HTML},
    {"text/rtf", ".rtf", KIND_RTF},
    {"application/rtf", NULL, KIND_RTF},
    {"application/x-rtf", NULL, KIND_RTF},
    {OKAPI_FULLTEXT_RTF_COMPRESSED, NULL, KIND_RTF_COMPRESSED},
    {"text/", ".txt", KIND_TEXT},
    {"application/json", ".csv", KIND_TEXT},
    {"application/xml", ".log", KIND_TEXT},
    {"application/pdf", ".pdf", KIND_DOCUMENT},
    {"application/x-pdf", ".docx", KIND_DOCUMENT},
    {"application/vnd.openxmlformats-officedocument.", ".xlsx", KIND_DOCUMENT},
    {"application/vnd.oasis.opendocument.", ".pptx", KIND_DOCUMENT},
    {"application/vnd.ms-word.document.macroenabled.12", ".docm", KIND_DOCUMENT},
    {"application/vnd.ms-excel.sheet.macroenabled.12", ".xlsm", KIND_DOCUMENT},
    {"application/vnd.ms-powerpoint.presentation.macroenabled.12", ".pptm", KIND_DOCUMENT},
    {"", ".odt", KIND_DOCUMENT},
    {"", ".ods", KIND_DOCUMENT},
    {"", ".odp", KIND_DOCUMENT},
    {"", ".ics", KIND_TEXT},
    {"", ".md", KIND_TEXT},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

typedef struct extract_t {
    okapi_t *okapi;
    const char *program; /* NULL: documents have no text */
    int is_missing;      /* said once */
} extract_t;

static int has_type(const char *type, const char *wanted)
{
    apr_size_t len = strlen(wanted);
    int is_beginning = len > 0 && (wanted[len - 1] == '/' || wanted[len - 1] == '.');
    return len > 0 && (is_beginning ? strncasecmp(type, wanted, len) == 0
                                    : strcasecmp(type, wanted) == 0);
}

static kind_e kind_of(const okapi_fulltext_source_t *source)
{
    const char *dot = strrchr(source->filename, '.');
    for (int i = 0; i < KINDS; i++) {
        if (has_type(source->mime_type, kinds[i].type)) {
            return kinds[i].kind;
        }
    }
    for (int i = 0; dot && i < KINDS; i++) {
        if (kinds[i].ending && strcasecmp(dot, kinds[i].ending) == 0) {
            return kinds[i].kind;
        }
    }
    return KIND_NONE;
}

/* ---- text and HTML ---- */

/* Everything, or OKAPI_ETOOBIG and the beginning. */
static apr_status_t read_some(okapi_binary_t *bytes, okapi_stream_t *stream, apr_size_t max,
                              apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    apr_int64_t size = okapi_stream_size(stream);
    int is_cut = size > (apr_int64_t)max;
    apr_size_t len = is_cut ? max : (apr_size_t)size;
    unsigned char *data = apr_palloc(result_pool, len + 1);
    apr_status_t rv = okapi_stream_read_at(stream, 0, data, &len, scratch_pool);
    data[len] = '\0';
    *bytes = (okapi_binary_t){data, len};
    return rv == APR_SUCCESS && is_cut ? OKAPI_ETOOBIG : rv;
}

static apr_status_t read_text(const char **text, const okapi_fulltext_source_t *source,
                              okapi_stream_t *stream, int is_html, apr_size_t max,
                              apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    const okapi__charset_t *charset = okapi__charset_by_codepage(source->codepage);
    okapi_binary_t bytes;
    apr_size_t len;
    apr_status_t rv = read_some(&bytes, stream, is_html ? max * MARKUP_FACTOR : max, scratch_pool,
                                scratch_pool);
    if (rv != APR_SUCCESS && rv != OKAPI_ETOOBIG) {
        return rv;
    }
    if (!charset) {
        charset = okapi__charset_of(
            bytes, is_html ? okapi__html_charset(bytes, scratch_pool) : NULL, NULL);
    }
    char *decoded = okapi__charset_decode(charset, bytes, &len, result_pool);
    if (is_html) {
        decoded = okapi__html_to_text(decoded, len, &len, result_pool);
    }
    if (len > max) {
        decoded[max] = '\0';
        rv = OKAPI_ETOOBIG;
    }
    *text = decoded;
    return rv;
}

/* ---- RTF ---- */

/* Pictures make RTF large, so it is read to its end. What only calls itself so has no text. */
static apr_status_t read_rtf(const char **text, okapi_stream_t *stream, int is_compressed,
                             apr_size_t max, apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    okapi_binary_t rtf, found;
    apr_status_t rv = read_some(&rtf, stream, RTF_MAX, scratch_pool, scratch_pool);
    if (rv == APR_SUCCESS && is_compressed) {
        rv = okapi_rtf_decompress(&rtf, rtf, RTF_MAX, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi_rtf_to_text(&found, rtf, result_pool, scratch_pool);
    }
    if (rv == OKAPI_EFORMAT && !is_compressed) {
        return APR_SUCCESS;
    }
    if (rv == APR_SUCCESS) {
        *text = found.len > max
                    ? apr_pstrmemdup(result_pool, (const char *)found.data, max)
                    : (const char *)found.data;
        rv = found.len > max ? OKAPI_ETOOBIG : APR_SUCCESS;
    }
    return rv;
}

/* ---- documents ---- */

static apr_status_t read_document(extract_t *e, const char **text, okapi_stream_t *stream,
                                  apr_size_t max, apr_pool_t *result_pool,
                                  apr_pool_t *scratch_pool)
{
    okapi__extraction_t extraction = {e->program, TIMEOUT, "it is too large"};
    apr_status_t rv = OKAPI_EFORMAT;
    if (!e->program) {
        return APR_SUCCESS;
    }
    if (okapi_stream_size(stream) <= DOCUMENT_MAX) {
        rv = okapi__extract_run(&extraction, text, stream, max, result_pool, scratch_pool);
    }
    if (APR_STATUS_IS_ENOENT(rv)) {
        if (!e->is_missing) {
            okapi_log(e->okapi, OKAPI_LOG_WARNING, rv,
                      "%s isn't there: documents have no text for the index of words; see "
                      "ExtractProgram in okapi.conf",
                      e->program);
        }
        e->is_missing = 1;
        return APR_SUCCESS;
    }
    if (rv == OKAPI_EFORMAT) {
        okapi_log(e->okapi, OKAPI_LOG_INFO, APR_SUCCESS, "an attachment is not extractable: %s",
                  extraction.failure);
    }
    return rv;
}

static apr_status_t read_source(void *baton, const char **text,
                                const okapi_fulltext_source_t *source, okapi_stream_t *bytes,
                                apr_size_t max, apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    kind_e kind = kind_of(source);
    *text = NULL;
    switch (kind) {
    case KIND_TEXT:
    case KIND_HTML:
        return read_text(text, source, bytes, kind == KIND_HTML, max, result_pool, scratch_pool);
    case KIND_RTF:
    case KIND_RTF_COMPRESSED:
        return read_rtf(text, bytes, kind == KIND_RTF_COMPRESSED, max, result_pool, scratch_pool);
    case KIND_DOCUMENT:
        return read_document(baton, text, bytes, max, result_pool, scratch_pool);
    case KIND_NONE:
        break;
    }
    return APR_SUCCESS;
}

okapi_fulltext_reader_t okapi_extract_reader(okapi_t *okapi, apr_pool_t *result_pool)
{
    extract_t *e = apr_pcalloc(result_pool, sizeof(*e));
    const char *program = okapi_config(okapi)->extract_program;
    e->okapi = okapi;
    if (strcmp(program, "none") != 0) {
        e->program = *program == '/'
                         ? program
                         : apr_pstrcat(result_pool, OKAPI_LIBEXECDIR "/", program, NULL);
    }
    return (okapi_fulltext_reader_t){read_source, e};
}
