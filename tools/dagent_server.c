/* dagent_server.c - delivering to an Okapi on another machine: an HTTPS POST with a certificate of
 * ours (mod_gateway/deliver.c). Whatever isn't a clear answer is worth another try.
 */
#include <stdlib.h>
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>
#include <curl/curl.h>

#include "dagent_server.h"

#define CONNECT_SECONDS 30L
#define STALLED_SECONDS 300L /* without a byte a second: it may be writing to a slow disk */

enum { ANSWER_MAX = 4096 };

typedef struct answer_t {
    char text[ANSWER_MAX];
    size_t len;
} answer_t;

static size_t add_answer(char *data, size_t size, size_t n, void *baton)
{
    answer_t *answer = baton;
    size_t room = sizeof(answer->text) - 1 - answer->len;
    size_t take = n < room ? n : room;
    memcpy(answer->text + answer->len, data, take);
    answer->len += take;
    answer->text[answer->len] = '\0';
    return size * n;
}

static const char *url_of(CURL *curl, const dagent_server_t *server, const char *sender,
                          const char *user, apr_pool_t *pool)
{
    const char *authority = strstr(server->url, "://");
    const char *path = authority ? strchr(authority + 3, '/') : NULL;
    char *to = curl_easy_escape(curl, user, 0), *from = curl_easy_escape(curl, sender, 0);
    const char *base = path ? apr_pstrmemdup(pool, server->url, (apr_size_t)(path - server->url))
                            : server->url;
    const char *url = apr_pstrcat(pool, base, path && path[1] ? path : "/okapi/deliver",
                                  "?to=", to, "&from=", from, NULL);
    curl_free(to);
    curl_free(from);
    return url;
}

static void set_options(CURL *curl, const dagent_server_t *server, const char *url,
                        okapi_binary_t raw, struct curl_slist *headers, answer_t *answer)
{
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(curl, CURLOPT_SSLCERT, server->certificate);
    curl_easy_setopt(curl, CURLOPT_SSLKEY, server->certificate);
    if (server->authority) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, server->authority);
    }
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)raw.len);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, raw.len ? (const char *)raw.data : "");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, STALLED_SECONDS);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, add_answer);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
}

/* The line that the server has for the one recipient: "550 5.1.1 <john> there is no such user". */
static int read_answer(const tool_t *tool, const dagent_server_t *server, long http,
                       const answer_t *answer)
{
    int code = http == 200 && strlen(answer->text) > 4 ? atoi(answer->text) : 0;
    if (code == 250) {
        return EX_OK;
    }
    if (code < 400 || code > 599) {
        tool_error(tool, "%s answers %ld instead of delivering%s", server->url, http,
                   http == 403 ? ": its OkapiDeliverer doesn't have our certificate's subject"
                               : "");
        return EX_TEMPFAIL;
    }
    tool_error(tool, "%s: %.*s", server->url, (int)strcspn(answer->text, "\r\n"), answer->text);
    return code < 500                                ? EX_TEMPFAIL
           : strncmp(answer->text + 4, "5.1.1", 5) == 0 ? EX_NOUSER
                                                     : EX_DATAERR;
}

int dagent_post(tool_t *tool, const dagent_server_t *server, const char *sender, const char *user,
                okapi_binary_t raw)
{
    answer_t answer = {.len = 0};
    CURL *curl = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_easy_init() : NULL;
    if (!curl) {
        tool_error(tool, "libcurl can't be started");
        return EX_TEMPFAIL;
    }
    /* Without "Expect: 100-continue", which only costs a round trip. */
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: message/rfc822");
    headers = curl_slist_append(headers, "Expect:");
    set_options(curl, server, url_of(curl, server, sender ? sender : "", user, tool->pool), raw,
                headers, &answer);
    CURLcode rv = curl_easy_perform(curl);
    long http = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &http);
    int code = EX_TEMPFAIL;
    if (rv == CURLE_OK) {
        code = read_answer(tool, server, http, &answer);
    } else {
        tool_error(tool, "%s: %s", server->url, curl_easy_strerror(rv));
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    curl_global_cleanup();
    return code;
}
