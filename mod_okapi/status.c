/* status.c - /okapi/status: is the database there, who waits, what has been done.
 *
 * JSON, or Prometheus' text format for ?format=prometheus and for clients that accept text/plain
 * rather than JSON.
 */
#include "okapi_httpd.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>

APLOG_USE_MODULE(okapi);

typedef struct status_t {
    int database_ok;
    const char *database_text;
    int children;
    apr_uint64_t total[OKAPI__COUNTERS]; /* of all children there have been */
} status_t;

typedef struct field_t {
    const char *name;
    const char *help;
} field_t;

static const field_t fields[OKAPI__COUNTERS] = {
    [OKAPI__HELD] = {"held", "Requests that wait for an event now."},
    [OKAPI__PARKED] = {"parked", "Connections that wait without a thread now."},
    [OKAPI__RESUMES] = {"resumes", "Times a parked connection was taken up."},
    [OKAPI__RINGS] = {"rings", "Times a child heard the bell."},
    [OKAPI__PASSWORDS] = {"passwords", "Password hashes computed for logins."},
    [OKAPI__CACHED] = {"cached", "Logins that needed no hash."},
    [OKAPI__REFUSED] = {"refused", "Failed logins."},
};

static void add(apr_uint64_t *total, const apr_uint64_t *counts)
{
    int i;

    for (i = 0; i < OKAPI__COUNTERS; i++) {
        total[i] += __atomic_load_n(&counts[i], __ATOMIC_RELAXED);
    }
}

static void collect(status_t *status, request_rec *r, const okapi__bell_t *bell)
{
    okapi_t *okapi = okapi_httpd_engine(r->server);
    apr_status_t rv = OKAPI_ENODATABASE;
    const okapi__bell_slot_t *slots;
    const apr_uint64_t *gone;
    char buffer[256];
    int i, count;

    if (okapi != NULL) {
        rv = okapi_ping(okapi, r->pool);
    }
    status->database_ok = rv == APR_SUCCESS;
    status->database_text =
        rv == APR_SUCCESS ? "ok" : apr_pstrdup(r->pool, okapi_strerror(rv, buffer, sizeof(buffer)));
    slots = okapi__bell_slots(bell, &count, &gone);
    add(status->total, gone);
    for (i = 0; i < count; i++) {
        if (slots[i].pid != 0) {
            status->children++;
            add(status->total, slots[i].counts);
        }
    }
}

/* TEXT as the inside of a JSON string. */
static const char *json_text(request_rec *r, const char *text)
{
    char *out = apr_palloc(r->pool, 6 * strlen(text) + 1), *o = out;

    for (; *text; text++) {
        if (*text == '"' || *text == '\\') {
            *o++ = '\\';
        }
        if ((unsigned char)*text < 0x20) {
            o += apr_snprintf(o, 7, "\\u%04x", *text);
        } else {
            *o++ = *text;
        }
    }
    *o = '\0';
    return out;
}

static void put_json_counts(request_rec *r, const apr_uint64_t *counts)
{
    int i;

    for (i = 0; i < OKAPI__COUNTERS; i++) {
        ap_rprintf(r, ",\"%s\":%" APR_UINT64_T_FMT, fields[i].name, counts[i]);
    }
}

static void put_json(request_rec *r, const status_t *status, const okapi__bell_t *bell)
{
    const okapi__bell_slot_t *slots;
    const apr_uint64_t *gone;
    const char *comma = "";
    int i, count;

    ap_set_content_type(r, "application/json");
    ap_rprintf(r, "{\"version\":\"%s\",\"database\":{\"ok\":%s,\"text\":\"%s\"}", OKAPI_VERSION,
               status->database_ok ? "true" : "false", json_text(r, status->database_text));
    put_json_counts(r, status->total);
    ap_rputs(",\"children\":[", r);
    slots = okapi__bell_slots(bell, &count, &gone);
    for (i = 0; i < count; i++) {
        if (slots[i].pid == 0) {
            continue;
        }
        ap_rprintf(r, "%s{\"pid\":%d", comma, (int)slots[i].pid);
        put_json_counts(r, slots[i].counts);
        ap_rputs("}", r);
        comma = ",";
    }
    ap_rputs("]}\n", r);
}

static void put_prometheus(request_rec *r, const status_t *status)
{
    int i;

    ap_set_content_type(r, "text/plain; version=0.0.4; charset=utf-8");
    ap_rprintf(r,
               "# HELP okapi_info The version.\n# TYPE okapi_info gauge\n"
               "okapi_info{version=\"%s\"} 1\n"
               "# HELP okapi_database_up Can the database be read and written?\n"
               "# TYPE okapi_database_up gauge\nokapi_database_up %d\n"
               "# HELP okapi_children Processes of httpd.\n"
               "# TYPE okapi_children gauge\nokapi_children %d\n",
               OKAPI_VERSION, status->database_ok, status->children);
    for (i = 0; i < OKAPI__COUNTERS; i++) {
        const char *kind = i < OKAPI__GAUGES ? "gauge" : "counter";
        const char *name =
            apr_pstrcat(r->pool, "okapi_", fields[i].name, i < OKAPI__GAUGES ? "" : "_total", NULL);

        ap_rprintf(r, "# HELP %s %s\n# TYPE %s %s\n%s %" APR_UINT64_T_FMT "\n", name,
                   fields[i].help, name, kind, name, status->total[i]);
    }
}

static int wants_prometheus(request_rec *r)
{
    const char *accept = apr_table_get(r->headers_in, "Accept");

    if (r->args != NULL && strncmp(r->args, "format=", 7) == 0) {
        return strcmp(r->args, "format=prometheus") == 0;
    }
    return accept != NULL && strstr(accept, "text/plain") != NULL && strstr(accept, "json") == NULL;
}

int okapi__status_handler(request_rec *r)
{
    okapi__process_t *process = okapi__server_of(r->server)->process;
    status_t status = {0};

    if (r->handler == NULL || strcmp(r->handler, "okapi-status") != 0) {
        return DECLINED;
    }
    r->allowed = AP_METHOD_BIT << M_GET;
    if (r->method_number != M_GET) {
        return HTTP_METHOD_NOT_ALLOWED;
    }
    collect(&status, r, process->bell);
    if (!status.database_ok) {
        r->status = HTTP_SERVICE_UNAVAILABLE;
    }
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    if (wants_prometheus(r)) {
        put_prometheus(r, &status);
    } else {
        put_json(r, &status, process->bell);
    }
    return OK;
}
