/* admin_oof.c - okapi-admin oof: whether somebody is out of office, and what people are told. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <apr_escape.h>
#include <apr_strings.h>
#include <okapi/error.h>
#include <okapi/oof.h>

#include "admin.h"

static const output_column_t columns[] = {{"owner", "Owner", OUTPUT_TEXT},
                                          {"state", "Out of office", OUTPUT_TEXT},
                                          {"now", "Now", OUTPUT_TEXT},
                                          {"from", "From", OUTPUT_TEXT},
                                          {"until", "Until", OUTPUT_TEXT},
                                          {"audience", "Told outside", OUTPUT_TEXT},
                                          {"internal", "Text inside", OUTPUT_TEXT},
                                          {"known", "Text for contacts", OUTPUT_TEXT},
                                          {"unknown", "Text outside", OUTPUT_TEXT},
                                          {NULL, NULL, OUTPUT_TEXT}};

static const char *const states[] = {[OKAPI_OOF_OFF] = "off",
                                     [OKAPI_OOF_ON] = "on",
                                     [OKAPI_OOF_SCHEDULED] = "scheduled"};

/* EWS's words for who outside is told: the bits are those of the two external replies. */
static const char *const audiences[] = {"none", "known", "unknown", "all"};

/* ---- times ---- */

/* 2026-12-24 or 2026-12-24 08:00 as the clock on the wall shows it, or with a Z in Greenwich. */
static int parse_time(okapi_time_t *time, const char *text)
{
    struct tm tm = {.tm_isdst = -1};
    int used = 0;
    char blank;
    if (sscanf(text, "%4d-%2d-%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &used) < 3) {
        return 0;
    }
    if (text[used] && text[used] != 'Z') {
        int more = 0;
        if (sscanf(text + used, "%c%2d:%2d%n", &blank, &tm.tm_hour, &tm.tm_min, &more) < 3 ||
            !strchr(" T", blank)) {
            return 0;
        }
        used += more;
    }
    int is_utc = text[used] == 'Z';
    if (text[used + is_utc] || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 ||
        tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_year < 1900) {
        return 0;
    }
    tm.tm_year -= 1900;
    tm.tm_mon--;
    *time = okapi_time_from_apr(apr_time_from_sec(is_utc ? timegm(&tm) : mktime(&tm)));
    return 1;
}

static const char *format_time(const admin_t *admin, okapi_time_t time)
{
    time_t seconds = (time_t)apr_time_sec(okapi_time_to_apr(time));
    char *text = apr_palloc(admin->tool.pool, 32);
    struct tm tm;
    if (admin->as_json) {
        gmtime_r(&seconds, &tm);
        strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
    } else {
        localtime_r(&seconds, &tm);
        strftime(text, 32, "%Y-%m-%d %H:%M", &tm);
    }
    return text;
}

/* ---- texts ---- */

/* HTML, as which plain text becomes a paragraph of its own. */
static const char *html_of(const char *text, apr_pool_t *pool)
{
    return *text == '<' || !*text
               ? text
               : apr_pstrcat(pool, "<p>", apr_pescape_entity(pool, text, 0), "</p>", NULL);
}

/* ---- commands ---- */

static int show(admin_t *admin, okapi_store_t *store)
{
    okapi_oof_t oof;
    const char *name = okapi_store_owner(store)->name;
    apr_status_t rv = okapi_oof_get(&oof, store, admin->tool.pool, admin->tool.pool);
    if (rv != APR_SUCCESS) {
        return tool_fail(&admin->tool, rv, "what people are told for %s can't be read", name);
    }
    int audience = oof.replies[OKAPI_OOF_EXTERNAL_KNOWN].is_sent |
                   oof.replies[OKAPI_OOF_EXTERNAL_UNKNOWN].is_sent << 1;
    json_t *record = json_pack("{s:s, s:s, s:b}", "owner", name, "state", states[oof.state], "now",
                               okapi_oof_is_on(&oof, okapi_time_now()));
    if (oof.state == OKAPI_OOF_SCHEDULED) {
        json_object_set_new(record, "from", json_string(format_time(admin, oof.start)));
        json_object_set_new(record, "until", json_string(format_time(admin, oof.end)));
    }
    json_object_set_new(record, "audience", json_string(audiences[audience]));
    json_object_set_new(record, "internal", json_string(oof.replies[OKAPI_OOF_INTERNAL].html));
    json_object_set_new(record, "known", json_string(oof.replies[OKAPI_OOF_EXTERNAL_KNOWN].html));
    json_object_set_new(record, "unknown",
                        json_string(oof.replies[OKAPI_OOF_EXTERNAL_UNKNOWN].html));
    output_record(record, columns, admin->as_json, admin->tool.pool);
    return EX_OK;
}

static int open_store(admin_t *admin, okapi_store_t **store)
{
    okapi_user_t *user;
    int code = admin_find_user(admin, 0, &user);
    if (code) {
        return code;
    }
    apr_status_t rv = tool_open_mailbox(&admin->tool, user, store, admin->tool.pool);
    return rv == APR_SUCCESS ? 0 : tool_fail(&admin->tool, rv, "the mailbox of %s", user->name);
}

int admin_oof_show(admin_t *admin)
{
    okapi_store_t *store;
    int code = open_store(admin, &store);
    return code ? code : show(admin, store);
}

static int misused(const admin_t *admin, const char *what)
{
    return tool_usage_error(&admin->tool, "okapi-admin oof set", "%s", what);
}

/* --on, --off, or --from and --until. */
static int change_state(const admin_t *admin, okapi_oof_t *oof)
{
    const char *from = admin_option(admin, "from"), *until = admin_option(admin, "until");
    int on = admin_option(admin, "on") != NULL, off = admin_option(admin, "off") != NULL;
    if (on + off + (from || until) > 1) {
        return misused(admin, "one of --on, --off, --from and --until");
    }
    if ((from && !parse_time(&oof->start, from)) || (until && !parse_time(&oof->end, until))) {
        return misused(admin, "a time is 2026-12-24 or \"2026-12-24 08:00\", with Z UTC");
    }
    if (from || until) {
        oof->state = OKAPI_OOF_SCHEDULED;
        return oof->end > oof->start
                   ? 0
                   : misused(admin, "--from and --until are both needed, and in this order");
    }
    oof->state = on ? OKAPI_OOF_ON : off ? OKAPI_OOF_OFF : oof->state;
    return 0;
}

static int change_audience(const admin_t *admin, okapi_oof_t *oof)
{
    const char *audience = admin_option(admin, "audience");
    if (!audience) {
        return 0;
    }
    for (int i = 0; i < 4; i++) {
        if (strcmp(audience, audiences[i]) == 0) {
            oof->replies[OKAPI_OOF_EXTERNAL_KNOWN].is_sent = i & 1;
            oof->replies[OKAPI_OOF_EXTERNAL_UNKNOWN].is_sent = i >> 1;
            return 0;
        }
    }
    return misused(admin, "--audience is none, known, unknown or all");
}

/* --external is for both audiences outside; --known, after it, for contacts only. */
static void change_texts(const admin_t *admin, okapi_oof_t *oof)
{
    static const struct {
        const char *option;
        okapi_oof_audience_e audience;
    } texts[] = {{"internal", OKAPI_OOF_INTERNAL},
                 {"external", OKAPI_OOF_EXTERNAL_UNKNOWN},
                 {"external", OKAPI_OOF_EXTERNAL_KNOWN},
                 {"known", OKAPI_OOF_EXTERNAL_KNOWN}};
    for (int i = 0; i < 4; i++) {
        const char *text = admin_option(admin, texts[i].option);
        if (text) {
            oof->replies[texts[i].audience].html = html_of(text, admin->tool.pool);
        }
    }
}

int admin_oof_set(admin_t *admin)
{
    okapi_store_t *store;
    okapi_oof_t oof;
    apr_pool_t *pool = admin->tool.pool;
    int code = open_store(admin, &store);
    if (code) {
        return code;
    }
    const char *name = okapi_store_owner(store)->name;
    apr_status_t rv = okapi_oof_get(&oof, store, pool, pool);
    if (rv != APR_SUCCESS) {
        return tool_fail(&admin->tool, rv, "what people are told for %s can't be read", name);
    }
    code = change_state(admin, &oof);
    code = code ? code : change_audience(admin, &oof);
    if (code) {
        return code;
    }
    change_texts(admin, &oof);
    rv = okapi_oof_set(store, &oof, pool);
    return rv == APR_SUCCESS ? show(admin, store)
                             : tool_fail(&admin->tool, rv,
                                         "what people are told for %s can't be set", name);
}
