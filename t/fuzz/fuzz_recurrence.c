/* fuzz_recurrence.c - any bytes as a recurrence blob, and as a rule: what is read is written and
 * read again as the same, and expanded in bounded time. */
#include <okapi/error.h>
#include <okapi/recurrence.h>

#include <apr_strings.h>

#include "fuzz.h"
#include "recurrence_rule.h"

static int count(void *baton, okapi__civil_t t)
{
    okapi__civil_t *last = baton;
    MUST(t > *last);
    *last = t;
    return 1;
}

static void expand(const okapi__rrule_t *rule, okapi__civil_t start)
{
    apr_int64_t work = 100000;
    okapi__civil_t last = start - 1;
    apr_status_t status =
        okapi__rrule_expand(rule, start, start, start + 3653L * OKAPI__DAY, &work, count, &last);
    MUST(status == APR_SUCCESS || status == OKAPI_ETOOCOMPLEX);
}

static void blob(okapi_binary_t data, apr_pool_t *pool)
{
    okapi_recurrence_t *r, *again;
    okapi_binary_t first, second;
    okapi__rrule_t rule;
    if (okapi_recurrence_decode(&r, data, pool) != APR_SUCCESS)
        return;
    if (okapi_recurrence_encode(&first, r, 1, pool) == APR_SUCCESS) {
        MUST(okapi_recurrence_decode(&again, first, pool) == APR_SUCCESS);
        MUST(okapi_recurrence_encode(&second, again, 1, pool) == APR_SUCCESS);
        MUST(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
    }
    if (okapi__recurrence_to_rule(&rule, r) == APR_SUCCESS)
        expand(&rule, okapi__recurrence_start(r));
}

static void text(const char *rule_text, apr_pool_t *pool)
{
    const okapi__civil_t start = okapi__days_of(2024, 1, 31) * OKAPI__DAY + 32400;
    okapi_recurrence_t *r;
    okapi__rrule_t rule, again;
    if (okapi__rrule_parse(&rule, rule_text) != APR_SUCCESS)
        return;
    MUST(okapi__rrule_parse(&again, okapi__rrule_format(&rule, pool)) == APR_SUCCESS);
    expand(&rule, start);
    if (okapi__recurrence_from_rule(&r, &rule, start, 3600, pool) == APR_SUCCESS)
        MUST(okapi__recurrence_to_rule(&again, r) == APR_SUCCESS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    okapi_binary_t bytes = {data, size};
    if (size > 0 && data[0] == 'F')
        text(apr_pstrmemdup(pool, (const char *)data, size), pool);
    else
        blob(bytes, pool);
    apr_pool_destroy(pool);
    return 0;
}
