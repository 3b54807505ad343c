/* mod_wait_test.c - held requests to try out: a handler that says what happens to it.
 *
 *   /wait?store=7&tick=500&deadline=3000&stay=1&quiet=1
 *
 * Answers "HELD" at once, "TICK" at every tick, and ends with "NOTIFY", "DEADLINE" or "STOP",
 * each a line. Times are milliseconds. With stay it goes on after NOTIFY; with quiet it says
 * nothing before its last line.
 */
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <httpd.h>
#include <http_config.h>
#include <http_protocol.h>

#include <mod_okapi.h>

typedef struct test_t {
    int stay;
    int quiet;
} test_t;

static apr_int64_t argument(const request_rec *r, const char *name)
{
    const char *at = r->args ? strstr(r->args, name) : NULL;

    return at != NULL && at[strlen(name)] == '=' ? apr_atoi64(at + strlen(name) + 1) : 0;
}

static okapi_wait_e resume(okapi_wait_t *wait, request_rec *r, int events, void *baton,
                           apr_pool_t *scratch_pool)
{
    const test_t *test = baton;

    if (events == 0 && !test->quiet) {
        ap_rputs("HELD\n", r);
    }
    if ((events & OKAPI_WAIT_TICK) && !test->quiet) {
        ap_rputs("TICK\n", r);
    }
    if (events & OKAPI_WAIT_NOTIFY) {
        ap_rputs("NOTIFY\n", r);
        if (!test->stay) {
            return OKAPI_WAIT_DONE;
        }
    }
    if (events & OKAPI_WAIT_DEADLINE) {
        ap_rputs("DEADLINE\n", r);
        return OKAPI_WAIT_DONE;
    }
    if (events & OKAPI_WAIT_STOP) {
        ap_rputs("STOP\n", r);
        return OKAPI_WAIT_DONE;
    }
    return OKAPI_WAIT_PARK;
}

static int handler(request_rec *r)
{
    APR_OPTIONAL_FN_TYPE(okapi_httpd_wait) *wait = APR_RETRIEVE_OPTIONAL_FN(okapi_httpd_wait);
    okapi_id_t store_ids[2];
    test_t *test;
    int rc;

    if (r->handler == NULL || strcmp(r->handler, "wait-test") != 0) {
        return DECLINED;
    }
    rc = ap_discard_request_body(r);
    if (rc != OK) {
        return rc;
    }
    test = apr_pcalloc(r->pool, sizeof(*test));
    test->stay = argument(r, "stay") != 0;
    test->quiet = argument(r, "quiet") != 0;
    ap_set_content_type(r, "text/plain");
    store_ids[0] = argument(r, "store");
    store_ids[1] = argument(r, "other");
    return wait(r, store_ids, store_ids[1] ? 2 : 1, apr_time_from_msec(argument(r, "tick")),
                apr_time_from_msec(argument(r, "deadline")), resume, test);
}

static void register_hooks(apr_pool_t *pool)
{
    ap_hook_handler(handler, NULL, NULL, APR_HOOK_MIDDLE);
}

module AP_MODULE_DECLARE_DATA __attribute__((visibility("default")))
wait_test_module = {STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks};
