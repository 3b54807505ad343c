/* line.c - reading and writing lines through httpd's filters, so that TLS and logs work as ever. */
#include "line.h"

#include <ap_mpm.h>
#include <apr_buckets.h>
#include <apr_strings.h>
#include <http_connection.h>
#include <http_core.h>
#include <string.h>
#include <util_filter.h>

#include <okapi/error.h>

#define SLICE apr_time_from_sec(2) /* how soon a waiting connection hears that the child ends */

enum { BUFFER = 32768 };

struct gw_line_t {
    conn_rec *c;
    apr_socket_t *socket;
    apr_bucket_brigade *in, *out;
    apr_size_t max;
    apr_interval_time_t timeout;
    apr_size_t start, end; /* what is unread in the buffer */
    int is_dropping;       /* the rest of a line that is too long */
    char buffer[BUFFER + 1];
};

gw_line_t *gw_line_create(conn_rec *c, apr_size_t max, apr_interval_time_t timeout)
{
    gw_line_t *line = apr_pcalloc(c->pool, sizeof(*line));

    line->c = c;
    line->socket = ap_get_conn_socket(c);
    line->in = apr_brigade_create(c->pool, c->bucket_alloc);
    line->out = apr_brigade_create(c->pool, c->bucket_alloc);
    line->max = max < BUFFER ? max : BUFFER;
    line->timeout = timeout;
    return line;
}

/* ---- writing ---- */

void gw_line_printf(gw_line_t *line, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    apr_brigade_vprintf(line->out, NULL, NULL, format, args);
    va_end(args);
}

apr_status_t gw_line_flush(gw_line_t *line)
{
    apr_status_t rv;

    if (APR_BRIGADE_EMPTY(line->out)) {
        return APR_SUCCESS;
    }
    apr_socket_timeout_set(line->socket, line->timeout);
    APR_BRIGADE_INSERT_TAIL(line->out, apr_bucket_flush_create(line->c->bucket_alloc));
    rv = ap_pass_brigade(line->c->output_filters, line->out);
    apr_brigade_cleanup(line->out);
    return rv == APR_SUCCESS && line->c->aborted ? APR_ECONNABORTED : rv;
}

/* ---- reading ---- */

static int is_stopping(void)
{
    int state = AP_MPMQ_RUNNING;

    return ap_mpm_query(AP_MPMQ_MPM_STATE, &state) == APR_SUCCESS && state == AP_MPMQ_STOPPING;
}

/* Something into line->in. */
static apr_status_t receive(gw_line_t *line, apr_size_t room)
{
    apr_time_t deadline = apr_time_now() + line->timeout;
    apr_status_t rv;

    do {
        apr_socket_timeout_set(line->socket, SLICE);
        apr_brigade_cleanup(line->in);
        rv = ap_get_brigade(line->c->input_filters, line->in, AP_MODE_READBYTES, APR_BLOCK_READ,
                            (apr_off_t)room);
        if (APR_STATUS_IS_TIMEUP(rv) && is_stopping()) {
            return OKAPI_EBUSY;
        }
    } while ((APR_STATUS_IS_TIMEUP(rv) || APR_STATUS_IS_EAGAIN(rv)) &&
             apr_time_now() < deadline);
    return rv;
}

/* More bytes into the buffer, which has room. */
static apr_status_t fill(gw_line_t *line)
{
    apr_size_t room;
    apr_status_t rv = gw_line_flush(line);

    if (line->start > 0) {
        memmove(line->buffer, line->buffer + line->start, line->end - line->start);
        line->end -= line->start;
        line->start = 0;
    }
    room = BUFFER - line->end;
    if (rv == APR_SUCCESS) {
        rv = receive(line, room);
    }
    if (rv == APR_SUCCESS) {
        rv = apr_brigade_flatten(line->in, line->buffer + line->end, &room);
        line->end += rv == APR_SUCCESS ? room : 0;
    }
    apr_brigade_cleanup(line->in);
    return rv == APR_SUCCESS && room == 0 ? APR_EOF : rv;
}

apr_status_t gw_line_peek(gw_line_t *line, const char **data, apr_size_t *len)
{
    apr_status_t rv = line->start == line->end ? fill(line) : APR_SUCCESS;

    *data = line->buffer + line->start;
    *len = line->end - line->start;
    return rv;
}

void gw_line_take(gw_line_t *line, apr_size_t len)
{
    line->start += len;
}

/* Passes over what is there of a line that is too long; 1 when it ends. */
static int drop(gw_line_t *line)
{
    char *nl = memchr(line->buffer + line->start, '\n', line->end - line->start);

    line->start = nl != NULL ? (apr_size_t)(nl + 1 - line->buffer) : line->end;
    line->is_dropping = nl == NULL;
    return nl != NULL;
}

apr_status_t gw_line_read(gw_line_t *line, char **text, apr_size_t *len)
{
    for (;;) {
        char *start = line->buffer + line->start;
        char *nl = memchr(start, '\n', line->end - line->start);
        apr_status_t rv;

        if (line->is_dropping || (nl == NULL ? line->end - line->start >= line->max
                                             : (apr_size_t)(nl + 1 - start) > line->max)) {
            if (drop(line)) {
                return OKAPI_ETOOBIG;
            }
        } else if (nl != NULL) {
            line->start = (apr_size_t)(nl + 1 - line->buffer);
            *len = (apr_size_t)(nl - start);
            *len -= *len > 0 && start[*len - 1] == '\r';
            start[*len] = '\0';
            *text = start;
            return APR_SUCCESS;
        }
        rv = fill(line);
        if (rv != APR_SUCCESS) {
            return rv;
        }
    }
}
