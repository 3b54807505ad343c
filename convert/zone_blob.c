/* zone_blob.c - time zones as MAPI has them: MS-OXOCAL 2.2.1.39 and 2.2.1.41. */
#include <string.h>
#include <apr_strings.h>
#include <okapi/wire.h>

#include "zone.h"

enum {
    RULE_EFFECTIVE = 0x2,     /* TZRULE_FLAG_EFFECTIVE_TZREG */
    RULE_RECUR_CURRENT = 0x1, /* TZRULE_FLAG_RECUR_CURRENT_TZREG */
    RULE_SIZE = 66,
    MAX_BLOB = 4096
};

/* SYSTEMTIME, MS-DTYP 2.3.13, as a rule uses it. */
static void write_change(okapi_writer_t *w, const okapi__tz_change_t *c)
{
    okapi_write_u16(w, 0);
    okapi_write_u16(w, (apr_uint16_t)c->month);
    okapi_write_u16(w, (apr_uint16_t)c->weekday);
    okapi_write_u16(w, (apr_uint16_t)c->nth);
    okapi_write_u16(w, (apr_uint16_t)(c->second / 3600));
    okapi_write_u16(w, (apr_uint16_t)(c->second / 60 % 60));
    okapi_write_u16(w, (apr_uint16_t)(c->second % 60));
    okapi_write_u16(w, 0);
}

static void read_change(okapi_reader_t *r, okapi__tz_change_t *c)
{
    int year = okapi_read_u16(r);
    c->month = okapi_read_u16(r);
    c->weekday = okapi_read_u16(r);
    c->nth = okapi_read_u16(r);
    c->second = okapi_read_u16(r) * 3600;
    c->second += okapi_read_u16(r) * 60;
    c->second += okapi_read_u16(r);
    okapi_read_u16(r);
    if (year || c->month > 12 || c->weekday > 6 || (c->month && (c->nth < 1 || c->nth > 5)) ||
        c->second >= OKAPI__DAY)
        *c = (okapi__tz_change_t){0}; /* a single year's date: no rule */
}

static void write_biases(okapi_writer_t *w, const okapi__tz_rule_t *rule)
{
    okapi_write_u32(w, (apr_uint32_t)rule->bias);
    okapi_write_u32(w, 0);
    okapi_write_u32(w, (apr_uint32_t)rule->daylight_bias);
}

static void read_biases(okapi_reader_t *r, okapi__tz_rule_t *rule)
{
    apr_int32_t bias = (apr_int32_t)okapi_read_u32(r), standard = (apr_int32_t)okapi_read_u32(r);
    apr_int32_t daylight = (apr_int32_t)okapi_read_u32(r);
    if (bias < -1440 || bias > 1440 || standard < -1440 || standard > 1440 || daylight < -1440 ||
        daylight > 1440) {
        okapi_reader_fail(r);
        return;
    }
    rule->bias = bias + standard;
    rule->daylight_bias = daylight - standard;
}

/* One change without the other is none. */
static void pair(okapi__tz_rule_t *rule)
{
    if (!rule->standard.month || !rule->daylight.month)
        rule->standard = rule->daylight = (okapi__tz_change_t){0};
}

okapi_binary_t okapi__zone_struct(const okapi__zone_t *zone, apr_pool_t *result_pool)
{
    okapi_writer_t w;
    okapi_writer_init(&w, 48, MAX_BLOB, result_pool);
    write_biases(&w, &zone->rule);
    okapi_write_u16(&w, 0);
    write_change(&w, &zone->rule.standard);
    okapi_write_u16(&w, 0);
    write_change(&w, &zone->rule.daylight);
    return (okapi_binary_t){w.data, w.len};
}

okapi__zone_t *okapi__zone_from_struct(okapi_binary_t blob, const char *description,
                                       apr_pool_t *result_pool)
{
    okapi__tz_rule_t rule = {0};
    okapi_reader_t r;
    okapi_reader_init(&r, blob.data, blob.len);
    read_biases(&r, &rule);
    okapi_read_u16(&r);
    read_change(&r, &rule.standard);
    okapi_read_u16(&r);
    read_change(&r, &rule.daylight);
    pair(&rule);
    if (r.failed)
        return NULL;
    okapi__zone_t *zone = description ? okapi__zone_by_name(description, result_pool) : NULL;
    return zone ? zone : okapi__zone_by_rule(&rule, description, result_pool);
}

okapi_binary_t okapi__zone_definition(const okapi__zone_t *zone, int recur, apr_pool_t *result_pool)
{
    okapi_writer_t w, name;
    okapi_writer_init(&name, 64, 512, result_pool);
    okapi_write_utf16(&name, zone->windows);
    if (okapi_writer_status(&name) != APR_SUCCESS)
        name.len = 0;
    okapi_writer_init(&w, 192, MAX_BLOB, result_pool);
    okapi_write_u8(&w, 2);
    okapi_write_u8(&w, 1);
    okapi_write_u16(&w, (apr_uint16_t)(6 + name.len));
    okapi_write_u16(&w, 2);
    okapi_write_u16(&w, (apr_uint16_t)(name.len / 2));
    okapi_write_bytes(&w, name.data, name.len);
    okapi_write_u16(&w, 1);
    okapi_write_u8(&w, 2);
    okapi_write_u8(&w, 1);
    okapi_write_u16(&w, RULE_SIZE - 4);
    okapi_write_u16(&w, recur ? RULE_EFFECTIVE | RULE_RECUR_CURRENT : RULE_EFFECTIVE);
    okapi_write_u16(&w, OKAPI__YEAR_MIN);
    okapi_write_bytes(&w, "\0\0\0\0\0\0\0\0\0\0\0\0\0", 14);
    write_biases(&w, &zone->rule);
    write_change(&w, &zone->rule.standard);
    write_change(&w, &zone->rule.daylight);
    return (okapi_binary_t){w.data, w.len};
}

okapi__zone_t *okapi__zone_from_definition(okapi_binary_t blob, apr_pool_t *result_pool)
{
    okapi__tz_rule_t effective = {0};
    okapi_reader_t r;
    okapi_reader_init(&r, blob.data, blob.len);
    okapi_read_u16(&r);
    okapi_reader_t header = okapi_read_sub(&r, okapi_read_u16(&r));
    okapi_read_u16(&header);
    apr_size_t len = okapi_read_u16(&header) * (apr_size_t)2;
    const unsigned char *name = okapi_read_bytes(&header, len);
    const char *key = name ? okapi_utf16_decode(name, len, result_pool) : "";
    apr_size_t rules = okapi_read_count(&r, okapi_read_u16(&header), RULE_SIZE);
    for (apr_size_t i = 0; i < rules; i++) {
        okapi__tz_rule_t rule = {0};
        okapi_read_u32(&r);
        int flags = okapi_read_u16(&r);
        okapi_read_bytes(&r, 16);
        read_biases(&r, &rule);
        read_change(&r, &rule.standard);
        read_change(&r, &rule.daylight);
        pair(&rule);
        if (flags & RULE_EFFECTIVE || i == 0)
            effective = rule;
    }
    if (r.failed || header.failed || rules == 0)
        return NULL;
    okapi__zone_t *zone = okapi__zone_by_name(key, result_pool);
    return zone ? zone : okapi__zone_by_rule(&effective, key, result_pool);
}
