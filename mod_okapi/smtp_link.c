/* smtp_link.c - the connection to the relay: libcurl's, up to a session that is logged in. */
#include "smtp_link.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <apr_file_io.h>
#include <apr_strings.h>
#include <curl/curl.h>

#define CONNECT_TIMEOUT 30000 /* ms */
#define SLICE           500   /* ms between two looks at whether the child is stopping */
#define BUFFER_SIZE     4096
#define REPLY_LINES     100   /* of one answer, at most */
#define REPLY_TEXT      480   /* bytes that are kept of an answer */

struct okapi__smtp_t {
    CURL *curl;
    curl_socket_t socket;
    apr_time_t deadline;
    const int *stopping;
    int is_given; /* a whole message; only its answer is still to come */
    int features;
    int is_greeting; /* what is read now tells of features */
    char last[REPLY_TEXT]; /* the last line that libcurl read */
    char error[CURL_ERROR_SIZE];
    char buffer[BUFFER_SIZE];
    apr_size_t begin, end; /* of what is in it */
};

apr_status_t okapi__smtp_init(void)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? APR_SUCCESS : APR_EGENERAL;
}

int okapi__smtp_offers(const okapi__smtp_t *smtp, int feature)
{
    return (smtp->features & feature) != 0;
}

/* ---- connecting ---- */

static int feature_of(const char *line, apr_size_t len)
{
    static const struct {
        const char *name;
        int feature;
    } known[] = {{"PIPELINING", OKAPI__SMTP_PIPELINING}, {"8BITMIME", OKAPI__SMTP_8BITMIME},
                 {"SMTPUTF8", OKAPI__SMTP_SMTPUTF8},     {"SIZE", OKAPI__SMTP_SIZE},
                 {"DSN", OKAPI__SMTP_DSN}};
    apr_size_t i;

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        apr_size_t n = strlen(known[i].name);

        if (len >= n && strncasecmp(line, known[i].name, n) == 0 &&
            (len == n || strchr(" =\r\n", line[n]) != NULL)) {
            return known[i].feature;
        }
    }
    return 0;
}

/* A line of an answer that libcurl reads. After 220, which STARTTLS has too, all is said anew. */
static size_t hear(char *line, size_t size, size_t count, void *baton)
{
    okapi__smtp_t *smtp = baton;
    size_t len = size * count;

    apr_cpystrn(smtp->last, line, len < sizeof(smtp->last) ? len + 1 : sizeof(smtp->last));
    smtp->last[strcspn(smtp->last, "\r\n")] = '\0';
    if (len > 4 && memcmp(line, "220", 3) == 0) {
        smtp->features = 0;
    } else if (len > 4 && memcmp(line, "250", 3) == 0) {
        smtp->features |= feature_of(line + 4, len - 4);
    }
    return len;
}

static int has_to_stop(const okapi__smtp_t *smtp)
{
    return !smtp->is_given && __atomic_load_n(smtp->stopping, __ATOMIC_RELAXED);
}

static int watch(void *baton, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    return has_to_stop(baton);
}

static apr_status_t end_connection(void *baton)
{
    okapi__smtp_t *smtp = baton;

    curl_easy_cleanup(smtp->curl);
    return APR_SUCCESS;
}

/* The first line of the file: USER:PASSWORD. */
static const char *credentials(const char **error, const char *path, apr_pool_t *pool)
{
    apr_file_t *file;
    char line[1024];
    apr_status_t rv = apr_file_open(&file, path, APR_FOPEN_READ, 0, pool);

    if (rv == APR_SUCCESS) {
        rv = apr_file_gets(line, sizeof(line), file);
        apr_file_close(file);
    }
    line[rv == APR_SUCCESS ? strcspn(line, "\r\n") : 0] = '\0';
    if (strchr(line, ':') == NULL) {
        *error = apr_psprintf(pool, "SendCredentials: %s: %s", path,
                              rv != APR_SUCCESS
                                  ? apr_strerror(rv, apr_palloc(pool, 128), 128)
                                  : "its first line isn't USER:PASSWORD");
        return NULL;
    }
    return apr_pstrdup(pool, line);
}

static apr_status_t set_security(CURL *curl, const char **error, const okapi_config_t *config,
                                 apr_pool_t *pool)
{
    static const long levels[] = {CURLUSESSL_NONE, CURLUSESSL_TRY, CURLUSESSL_ALL};
    int is_checked = config->send_tls == OKAPI_SEND_TLS_MUST ||
                     strncasecmp(config->send_relay, "smtps:", 6) == 0;

    curl_easy_setopt(curl, CURLOPT_USE_SSL, levels[config->send_tls]);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, is_checked ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, is_checked ? 2L : 0L);
    if (*config->send_ca_file) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, config->send_ca_file);
    }
    if (*config->send_credentials) {
        const char *userpwd = credentials(error, config->send_credentials, pool);

        if (userpwd == NULL) {
            return APR_EGENERAL;
        }
        curl_easy_setopt(curl, CURLOPT_USERPWD, userpwd);
    }
    return APR_SUCCESS;
}

/* libcurl knows no LMTP: it only connects, as it would for HTTP. */
static void set_target(okapi__smtp_t *smtp, const okapi_config_t *config, apr_pool_t *pool)
{
    const char *relay = config->send_relay;

    if (strncasecmp(relay, "lmtp:", 5) == 0) {
        smtp->features = OKAPI__SMTP_LMTP;
        curl_easy_setopt(smtp->curl, CURLOPT_URL, apr_pstrcat(pool, "http", relay + 4, NULL));
        curl_easy_setopt(smtp->curl, CURLOPT_PROTOCOLS_STR, "http");
        return;
    }
    curl_easy_setopt(smtp->curl, CURLOPT_URL,
                     apr_pstrcat(pool, relay, "/", config->send_helo, NULL));
    curl_easy_setopt(smtp->curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
}

static long left(const okapi__smtp_t *smtp)
{
    apr_interval_time_t t = smtp->deadline - apr_time_now();

    return t > 0 ? (long)apr_time_as_msec(t) + 1 : 1;
}

/* What the server said last is worth more than what libcurl makes of it. */
static const char *complaint(const okapi__smtp_t *smtp, CURLcode code, apr_pool_t *result_pool)
{
    const char *error = *smtp->error ? smtp->error : curl_easy_strerror(code);

    return (code == CURLE_LOGIN_DENIED || code == CURLE_WEIRD_SERVER_REPLY ||
            code == CURLE_REMOTE_ACCESS_DENIED) && *smtp->last
               ? apr_pstrcat(result_pool, error, ": ", smtp->last, NULL)
               : apr_pstrdup(result_pool, error);
}

/* ---- bytes ---- */

static apr_status_t wait_for(const okapi__smtp_t *smtp, short events)
{
    struct pollfd fd = {smtp->socket, events, 0};

    do {
        long rest = left(smtp);

        if (apr_time_now() >= smtp->deadline) {
            return APR_TIMEUP;
        }
        if (has_to_stop(smtp)) {
            return APR_EINTR;
        }
        if (poll(&fd, 1, rest < SLICE ? (int)rest : SLICE) < 0 && errno != EINTR) {
            return errno;
        }
    } while (fd.revents == 0);
    return APR_SUCCESS;
}

apr_status_t okapi__smtp_write(okapi__smtp_t *smtp, const void *data, apr_size_t len, int is_last)
{
    const char *p = data;
    apr_status_t rv = APR_SUCCESS;

    smtp->is_given = is_last;
    while (rv == APR_SUCCESS && len > 0) {
        size_t n = 0;
        CURLcode code = curl_easy_send(smtp->curl, p, len, &n);

        p += n;
        len -= n;
        rv = code == CURLE_OK      ? APR_SUCCESS
             : code == CURLE_AGAIN ? wait_for(smtp, POLLOUT)
                                   : APR_ECONNRESET;
    }
    return rv;
}

static apr_status_t fill(okapi__smtp_t *smtp)
{
    apr_status_t rv = APR_SUCCESS;

    if (smtp->begin > 0) {
        memmove(smtp->buffer, smtp->buffer + smtp->begin, smtp->end - smtp->begin);
        smtp->end -= smtp->begin;
        smtp->begin = 0;
    }
    if (smtp->end == sizeof(smtp->buffer)) {
        return APR_EGENERAL; /* no line is so long: RFC 5321 4.5.3.1.5 */
    }
    while (rv == APR_SUCCESS) {
        size_t n = 0;
        CURLcode code = curl_easy_recv(smtp->curl, smtp->buffer + smtp->end,
                                       sizeof(smtp->buffer) - smtp->end, &n);

        if (code == CURLE_OK && n > 0) {
            smtp->end += n;
            return APR_SUCCESS;
        }
        rv = code == CURLE_AGAIN ? wait_for(smtp, POLLIN) : APR_ECONNRESET;
    }
    return rv;
}

/* The next line without its end, valid until the next call. */
static apr_status_t read_line(okapi__smtp_t *smtp, char **line)
{
    apr_status_t rv = APR_SUCCESS;

    while (rv == APR_SUCCESS) {
        char *from = smtp->buffer + smtp->begin;
        char *end = memchr(from, '\n', smtp->end - smtp->begin);

        if (end != NULL) {
            smtp->begin = (apr_size_t)(end + 1 - smtp->buffer);
            *end = '\0';
            from[strcspn(from, "\r")] = '\0';
            *line = from;
            return APR_SUCCESS;
        }
        rv = fill(smtp);
    }
    return rv;
}

apr_status_t okapi__smtp_read(okapi__smtp_t *smtp, okapi__smtp_reply_t *reply,
                              apr_pool_t *result_pool)
{
    char text[REPLY_TEXT] = "", *line;
    int i, is_more = 1;

    for (i = 0; is_more; i++) {
        apr_status_t rv = read_line(smtp, &line);
        apr_size_t len = strlen(text);

        if (rv != APR_SUCCESS) {
            return rv;
        }
        if (i == REPLY_LINES || strlen(line) < 3 || strspn(line, "0123456789") != 3) {
            return APR_EGENERAL;
        }
        is_more = line[3] == '-';
        if (smtp->is_greeting && strlen(line) > 4) {
            smtp->features |= feature_of(line + 4, strlen(line + 4));
        }
        apr_snprintf(text + len, sizeof(text) - len, "%s%s", i > 0 ? " " : "",
                     i == 0 ? line : line + 3 + (line[3] != '\0'));
        reply->code = atoi(line);
    }
    if (text[3] == '-') {
        text[3] = ' ';
    }
    reply->text = apr_pstrdup(result_pool, text);
    return APR_SUCCESS;
}

/* ---- a session ---- */

/* LHLO, and which extensions its answer has (RFC 2033 4.1). */
static apr_status_t greet(okapi__smtp_t *smtp, const char **error, const okapi_config_t *config,
                          apr_pool_t *result_pool)
{
    const char *command = apr_pstrcat(result_pool, "LHLO ", config->send_helo, "\r\n", NULL);
    okapi__smtp_reply_t reply = {0, ""};
    apr_status_t rv = okapi__smtp_read(smtp, &reply, result_pool);

    if (rv == APR_SUCCESS && reply.code == 220) {
        rv = okapi__smtp_write(smtp, command, strlen(command), 0);
        smtp->is_greeting = 1;
        rv = rv == APR_SUCCESS ? okapi__smtp_read(smtp, &reply, result_pool) : rv;
        smtp->is_greeting = 0;
    }
    if (rv == APR_SUCCESS && reply.code == 250) {
        return APR_SUCCESS;
    }
    *error = rv == APR_SUCCESS ? reply.text : "no LMTP is spoken there";
    return APR_EGENERAL;
}

apr_status_t okapi__smtp_connect(okapi__smtp_t **smtp_p, const char **error,
                                 const okapi_config_t *config, apr_time_t deadline,
                                 const int *stopping, apr_pool_t *result_pool)
{
    okapi__smtp_t *smtp = apr_pcalloc(result_pool, sizeof(*smtp));
    CURL *curl = smtp->curl = curl_easy_init();
    CURLcode code;

    *error = "there is no memory";
    if (curl == NULL) {
        return APR_ENOMEM;
    }
    apr_pool_cleanup_register(result_pool, smtp, end_connection, apr_pool_cleanup_null);
    smtp->deadline = deadline;
    smtp->stopping = stopping;
    set_target(smtp, config, result_pool);
    curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, smtp->error);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, hear);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, smtp);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, watch);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, smtp);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, left(smtp));
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT);
    if (set_security(curl, error, config, result_pool) != APR_SUCCESS) {
        return APR_EGENERAL;
    }
    code = curl_easy_perform(curl);
    if (code == CURLE_OK) {
        code = curl_easy_getinfo(curl, CURLINFO_ACTIVESOCKET, &smtp->socket);
    }
    if (code != CURLE_OK || smtp->socket == CURL_SOCKET_BAD) {
        *error = complaint(smtp, code, result_pool);
        return APR_EGENERAL;
    }
    *smtp_p = smtp;
    return smtp->features & OKAPI__SMTP_LMTP ? greet(smtp, error, config, result_pool)
                                             : APR_SUCCESS;
}
