/* line.h - protocols of lines over httpd's connections: LMTP, and whatever else speaks so.
 *
 * What is written is sent when something has to be waited for, so answers to commands that come
 * together leave together (RFC 2920).
 */
#ifndef GW_LINE_H
#define GW_LINE_H

#include <httpd.h>

typedef struct gw_line_t gw_line_t;

/* C's lines, of at most MAX bytes with their ends; nothing is waited for longer than TIMEOUT. */
gw_line_t *gw_line_create(conn_rec *c, apr_size_t max, apr_interval_time_t timeout);

/* The next line without its end (CRLF or LF), with a zero behind it, until the next call.
 * OKAPI_ETOOBIG: it was too long and is passed over. OKAPI_EBUSY: the child is going away.
 * Anything else ends the connection. */
apr_status_t gw_line_read(gw_line_t *line, char **text, apr_size_t *len);

/* What has come and wasn't read, at least one byte; then LEN bytes of it are taken. */
apr_status_t gw_line_peek(gw_line_t *line, const char **data, apr_size_t *len);
void gw_line_take(gw_line_t *line, apr_size_t len);

void gw_line_printf(gw_line_t *line, const char *format, ...) __attribute__((format(printf, 2, 3)));
apr_status_t gw_line_flush(gw_line_t *line);

#endif
