/* ical_item.c - a conversion's names, zones and times. */
#include "ical_item.h"

#include <apr_strings.h>
#include <okapi/error.h>

#include "ical_time.h"

/* ---- names ---- */

static const struct {
    const okapi_guid_t *set;
    apr_uint32_t lid;
    const char *name;
    int type;
} named[OKAPI__CAL_PROPS] = {
#define CAL_PROP(symbol, set, lid, type) {&okapi_psetid_##set, lid, NULL, type},
#include "calendar_props.def"
#undef CAL_PROP
    {&okapi_ps_public_strings, 0, "Keywords", PT_MV_UNICODE},
    {&okapi_ps_public_strings, 0, "okapi:summary", PT_UNICODE},
    {&okapi_ps_public_strings, 0, "okapi:icalendar", PT_UNICODE},
    {&okapi_ps_public_strings, 0, "okapi:icalendar-calendar", PT_UNICODE},
};

apr_status_t okapi__cal_open(okapi__cal_t **result, okapi_store_t *store, const char *floating,
                             int create, apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    okapi__cal_t *cal = apr_pcalloc(result_pool, sizeof(*cal));
    okapi_propname_t names[OKAPI__CAL_PROPS];
    apr_uint16_t ids[OKAPI__CAL_PROPS];
    for (int i = 0; i < OKAPI__CAL_PROPS; i++)
        names[i] = (okapi_propname_t){*named[i].set, named[i].name ? MNID_STRING : MNID_ID,
                                      named[i].lid, named[i].name};
    apr_status_t status =
        okapi_named_ids(store, names, OKAPI__CAL_PROPS, create, ids, scratch_pool);
    for (int i = 0; i < OKAPI__CAL_PROPS && status == APR_SUCCESS; i++)
        cal->tags[i] = ids[i] ? OKAPI_PROP_TAG((okapi_proptag_t)named[i].type, ids[i]) : 0;
    cal->store = store;
    cal->pool = result_pool;
    cal->zones = apr_hash_make(result_pool);
    cal->vtimezones = apr_hash_make(result_pool);
    cal->floating = floating ? okapi__zone_by_name(floating, result_pool) : NULL;
    if (!cal->floating)
        cal->floating = okapi__zone_utc(result_pool);
    *result = cal;
    return status;
}

/* ---- zones ---- */

okapi__zone_t *okapi__cal_zone(okapi__cal_t *cal, const char *tzid)
{
    enum { MAX_ZONES = 200 }; /* each may cost milliseconds */
    okapi__tz_rule_t rule;
    okapi__zone_t *zone = apr_hash_get(cal->zones, tzid, APR_HASH_KEY_STRING);
    if (zone || apr_hash_count(cal->zones) >= MAX_ZONES)
        return zone;
    const okapi__comp_t *vtimezone = apr_hash_get(cal->vtimezones, tzid, APR_HASH_KEY_STRING);
    const char *location = vtimezone ? okapi__comp_value(vtimezone, "X-LIC-LOCATION") : NULL;
    zone = okapi__zone_by_name(tzid, cal->pool);
    if (!zone && location)
        zone = okapi__zone_by_name(location, cal->pool);
    if (!zone && vtimezone && okapi__vtimezone_rule(&rule, vtimezone))
        zone = okapi__zone_by_rule(&rule, tzid, cal->pool);
    if (zone)
        apr_hash_set(cal->zones, apr_pstrdup(cal->pool, tzid), APR_HASH_KEY_STRING, zone);
    return zone;
}

/* ---- times ---- */

int okapi__when_read(okapi__when_t *when, okapi__cal_t *cal, const okapi__line_t *line,
                     const char *value)
{
    okapi__ical_time_t t;
    const char *tzid = okapi__line_param(line, "TZID");
    if (!okapi__ical_time_parse(&t, value))
        return 0;
    when->civil = t.civil;
    when->is_date = t.is_date;
    when->zone = NULL;
    if (t.is_utc)
        when->zone = okapi__zone_utc(cal->pool);
    else if (tzid && !t.is_date)
        when->zone = okapi__cal_zone(cal, tzid);
    when->is_floating = !when->zone;
    if (!when->zone)
        when->zone = cal->floating;
    when->utc = t.is_utc ? t.civil : okapi__zone_to_utc(when->zone, t.civil);
    return 1;
}

void okapi__when_write(okapi__item_t *item, const char *name, const okapi__zone_t *zone,
                       okapi_time_t time, int is_date)
{
    apr_pool_t *pool = item->cal->pool;
    okapi__ical_time_t t = {okapi__civil_of_time(time), is_date, 0};
    const char *tzid = zone->id ? zone->id : zone->windows;
    int is_utc = strcmp(zone->windows, "UTC") == 0 && zone->rule.bias == 0;
    const char *params = NULL;
    t.is_utc = is_utc && !is_date;
    t.civil = okapi__zone_from_utc(zone, t.civil);
    if (is_date)
        params = "VALUE=DATE";
    else if (!is_utc)
        params = apr_pstrcat(pool, "TZID=", okapi__param_write(tzid, pool), NULL);
    okapi__comp_add(item->comp, name, params, okapi__ical_time_format(&t, pool));
}

/* ---- a message's properties ---- */

static const okapi_proptag_t fixed[] = {PR_MESSAGE_CLASS,
                                        PR_SUBJECT,
                                        PR_BODY,
                                        PR_HTML,
                                        PR_INTERNET_CPID,
                                        PR_SENSITIVITY,
                                        PR_IMPORTANCE,
                                        PR_OWNER_APPT_ID,
                                        PR_RESPONSE_REQUESTED,
                                        PR_START_DATE,
                                        PR_END_DATE,
                                        PR_SENT_REPRESENTING_NAME,
                                        PR_SENT_REPRESENTING_ADDRTYPE,
                                        PR_SENT_REPRESENTING_EMAIL_ADDRESS,
                                        PR_SENT_REPRESENTING_SMTP_ADDRESS,
                                        PR_LAST_MODIFICATION_TIME,
                                        PR_SEARCH_KEY,
                                        PR_SCHDINFO_MONTHS_BUSY,
                                        PR_SCHDINFO_FREEBUSY_BUSY,
                                        PR_SCHDINFO_MONTHS_TENTATIVE,
                                        PR_SCHDINFO_FREEBUSY_TENTATIVE,
                                        PR_SCHDINFO_MONTHS_OOF,
                                        PR_SCHDINFO_FREEBUSY_OOF,
                                        PR_FREEBUSY_PUBLISH_START,
                                        PR_FREEBUSY_PUBLISH_END,
                                        PR_FREEBUSY_EMA};
enum { FIXED = sizeof(fixed) / sizeof(fixed[0]) };

apr_status_t okapi__item_load(okapi__item_t *item)
{
    apr_pool_t *pool = item->cal->pool;
    okapi_proptag_t tags[FIXED + OKAPI__CAL_PROPS];
    okapi_propval_t values[FIXED + OKAPI__CAL_PROPS];
    int n = 0;
    for (int i = 0; i < FIXED; i++)
        tags[n++] = fixed[i];
    for (int i = 0; i < OKAPI__CAL_PROPS; i++)
        if (item->cal->tags[i])
            tags[n++] = item->cal->tags[i];
    apr_status_t status =
        okapi_object_get(okapi_message_object(item->message), tags, n, 0, values, pool, pool);
    item->props = okapi_props_create(pool);
    for (int i = 0; i < n && status == APR_SUCCESS; i++)
        if (values[i].tag == tags[i])
            okapi_props_set(item->props, &values[i]);
    okapi_proptag_t summary = item->cal->tags[OKAPI__CAL_SUMMARY];
    if (summary && okapi_props_get(item->props, summary))
        okapi_props_set_str(item->props, PR_SUBJECT, okapi_props_str(item->props, summary, ""));
    return status;
}
