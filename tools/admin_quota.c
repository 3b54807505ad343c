/* admin_quota.c - okapi-admin quota: how large a mailbox may become, and how large it is. */
#include <stdlib.h>
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>
#include <okapi/error.h>
#include <okapi/quota.h>

#include "admin.h"

static const output_column_t columns[] = {{"owner", "Owner", OUTPUT_TEXT},
                                          {"bytes", "Size", OUTPUT_BYTES},
                                          {"warn", "Warned from", OUTPUT_LIMIT},
                                          {"send", "Sends until", OUTPUT_LIMIT},
                                          {"receive", "Receives until", OUTPUT_LIMIT},
                                          {"own", "Of its own", OUTPUT_TEXT},
                                          {"state", "State", OUTPUT_TEXT},
                                          {NULL, NULL, OUTPUT_TEXT}};

static const output_column_t default_columns[] = {{"warn", "Warned from", OUTPUT_LIMIT},
                                                  {"send", "Sends until", OUTPUT_LIMIT},
                                                  {"receive", "Receives until", OUTPUT_LIMIT},
                                                  {NULL, NULL, OUTPUT_TEXT}};

static const char *const states[] = {[OKAPI_QUOTA_FREE] = "in order",
                                     [OKAPI_QUOTA_WARN] = "is warned",
                                     [OKAPI_QUOTA_SEND] = "can't send",
                                     [OKAPI_QUOTA_RECEIVE] = "can't receive"};

/* Which limits aren't the server's. */
static json_t *own_limits(const okapi_quota_t *quota)
{
    json_t *names = json_array();
    const struct {
        const char *name;
        apr_int64_t limit;
    } limits[] = {{"warn", quota->warn}, {"send", quota->send}, {"receive", quota->receive}};
    for (int i = 0; i < 3; i++) {
        if (limits[i].limit) {
            json_array_append_new(names, json_string(limits[i].name));
        }
    }
    return names;
}

static apr_status_t describe(json_t **row, okapi_store_t *store, const char *name, apr_pool_t *pool)
{
    okapi_quota_t own, quota;
    okapi_quota_e state;
    apr_int64_t bytes;
    apr_status_t rv = okapi_quota_state(&state, &bytes, store, pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    okapi_quota_get(&own, store);
    okapi_quota_effective(&quota, store);
    *row = json_pack("{s:s, s:I, s:I, s:I, s:I, s:o, s:s}", "owner", name, "bytes",
                     (json_int_t)bytes, "warn", (json_int_t)quota.warn, "send",
                     (json_int_t)quota.send, "receive", (json_int_t)quota.receive, "own",
                     own_limits(&own), "state", states[state]);
    return APR_SUCCESS;
}

static int show(admin_t *admin, okapi_store_t *store)
{
    const char *name = admin_arg(admin, 0);
    json_t *record;
    if (!okapi_store_is_public(store)) {
        name = okapi_store_owner(store)->name;
    }
    apr_status_t rv = describe(&record, store, name, admin->tool.pool);
    if (rv != APR_SUCCESS) {
        return tool_fail(&admin->tool, rv, "the limits of %s can't be read", name);
    }
    output_record(record, columns, admin->as_json, admin->tool.pool);
    return EX_OK;
}

int admin_quota_show(admin_t *admin)
{
    okapi_store_t *store;
    int code = admin_open_mailbox(admin, 0, &store);
    return code ? code : show(admin, store);
}

int admin_quota_list(admin_t *admin)
{
    apr_pool_t *pool = admin->tool.pool, *row_pool;
    apr_array_header_t *users;
    apr_status_t rv = okapi_user_list(&users, admin->tool.okapi, pool, pool);
    json_t *rows = json_array(), *row;
    apr_pool_create(&row_pool, pool);
    for (int i = 0; rv == APR_SUCCESS && i < users->nelts; i++) {
        const okapi_user_t *user = APR_ARRAY_IDX(users, i, okapi_user_t *);
        okapi_store_t *store;
        apr_pool_clear(row_pool);
        rv = tool_open_mailbox(&admin->tool, user, &store, row_pool);
        if (rv == APR_SUCCESS) {
            rv = describe(&row, store, user->name, row_pool);
        }
        if (rv == APR_SUCCESS) {
            json_array_append_new(rows, row);
        }
    }
    if (rv != APR_SUCCESS) {
        json_decref(rows);
        return tool_fail(&admin->tool, rv, "the limits can't be read");
    }
    output_table(rows, columns, admin->as_json, pool);
    return EX_OK;
}

int admin_quota_defaults(admin_t *admin)
{
    const okapi_config_t *config = admin->tool.config;
    json_t *record = json_pack("{s:I, s:I, s:I}", "warn", (json_int_t)config->quota_warn, "send",
                               (json_int_t)config->quota_send, "receive",
                               (json_int_t)config->quota_receive);
    output_record(record, default_columns, admin->as_json, admin->tool.pool);
    return EX_OK;
}

/* ---- setting ---- */

/* "500M", "2GB", "none", "default". Returns 0 if it is neither. */
static int parse_limit(apr_int64_t *limit, const char *text)
{
    static const char units[] = "KMGT";
    const char *unit;
    char *end;
    if (strcmp(text, "none") == 0 || strcmp(text, "default") == 0) {
        *limit = *text == 'n' ? OKAPI_QUOTA_NONE : 0;
        return 1;
    }
    double value = strtod(text, &end);
    if (!apr_isdigit(*text) || value <= 0) {
        return 0;
    }
    end += *end == ' ';
    unit = *end ? strchr(units, apr_toupper(*end)) : NULL;
    if (unit) {
        for (const char *p = units; p <= unit; p++) {
            value *= 1024;
        }
        end++;
    }
    end += unit && (*end == 'b' || *end == 'B');
    if (*end || value < 1 || value >= (double)(APR_INT64_C(1) << 50)) {
        return 0;
    }
    *limit = (apr_int64_t)value;
    return 1;
}

static int change_limit(admin_t *admin, apr_int64_t *limit, const char *option)
{
    const char *text = admin_option(admin, option);
    return !text || parse_limit(limit, text)
               ? 0
               : tool_usage_error(&admin->tool, "okapi-admin quota set",
                                  "--%s takes a size as 500M or 2G, none or default", option);
}

/* Where each limit is reached before the next; 0 is none. */
static int is_in_order(const okapi_quota_t *q)
{
    return !((q->warn && q->send && q->warn > q->send) ||
             (q->send && q->receive && q->send > q->receive) ||
             (q->warn && q->receive && q->warn > q->receive));
}

int admin_quota_set(admin_t *admin)
{
    tool_t *tool = &admin->tool;
    okapi_store_t *store;
    okapi_quota_t quota, effective;
    int code = admin_open_mailbox(admin, 0, &store);
    if (code) {
        return code;
    }
    if (!admin_option(admin, "warn") && !admin_option(admin, "send") &&
        !admin_option(admin, "receive")) {
        return tool_usage_error(tool, "okapi-admin quota set",
                                "one of --warn, --send and --receive has to be given");
    }
    okapi_quota_get(&quota, store);
    code = change_limit(admin, &quota.warn, "warn");
    code = code ? code : change_limit(admin, &quota.send, "send");
    code = code ? code : change_limit(admin, &quota.receive, "receive");
    if (code) {
        return code;
    }
    apr_status_t rv = okapi_quota_set(store, &quota, tool->pool);
    if (rv != APR_SUCCESS) {
        return tool_fail(tool, rv, "the limits of %s can't be set", admin_arg(admin, 0));
    }
    okapi_quota_effective(&effective, store);
    if (!is_in_order(&effective)) {
        tool_error(tool, "note: a limit for warning or sending is above one that comes after it, "
                         "so it is never reached");
    }
    return show(admin, store);
}
