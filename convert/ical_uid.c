/* ical_uid.c - UID and PidLidGlobalObjectId: MS-OXCICAL 2.1.3.1.1.20.26, MS-OXOCAL 2.2.1.27. */
#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "ical_item.h"

static const unsigned char array_id[16] = {0x04, 0,    0,    0,    0x82, 0,    0xE0, 0,
                                           0x74, 0xC5, 0xB7, 0x10, 0x1A, 0x82, 0xE0, 0x08};
static const char vcal_uid[12] = "vCal-Uid\1\0\0";

enum { DATE_AT = 16, TIME_AT = 20, SIZE_AT = 36, DATA_AT = 40, MAX_UID = 4096 };

/* UID as bytes if it is a GlobalObjectId in hexadecimal digits, as Outlook's are. */
static unsigned char *from_hex(const char *uid, apr_size_t *len, apr_pool_t *pool)
{
    *len = strlen(uid) / 2;
    if (strlen(uid) % 2 || *len < DATA_AT || *len > MAX_UID ||
        strspn(uid, "0123456789ABCDEFabcdef") != 2 * *len)
        return NULL;
    unsigned char *bytes = apr_palloc(pool, *len);
    for (apr_size_t i = 0; i < *len; i++) {
        char digits[3] = {uid[2 * i], uid[2 * i + 1], 0};
        bytes[i] = (unsigned char)apr_strtoi64(digits, NULL, 16);
    }
    return memcmp(bytes, array_id, sizeof(array_id)) == 0 ? bytes : NULL;
}

okapi_binary_t okapi__uid_to_goid(const char *uid, okapi__civil_t instance, int is_instance,
                                  apr_pool_t *result_pool)
{
    okapi_binary_t goid;
    unsigned char *bytes = from_hex(uid, &goid.len, result_pool);
    if (!bytes) {
        apr_size_t data = sizeof(vcal_uid) + strlen(uid) + 1;
        goid.len = DATA_AT + data;
        bytes = apr_pcalloc(result_pool, goid.len);
        memcpy(bytes, array_id, sizeof(array_id));
        for (int i = 0; i < 4; i++)
            bytes[SIZE_AT + i] = (unsigned char)(data >> 8 * i);
        memcpy(bytes + DATA_AT, vcal_uid, sizeof(vcal_uid));
        memcpy(bytes + DATA_AT + sizeof(vcal_uid), uid, strlen(uid));
    }
    memset(bytes + DATE_AT, 0, TIME_AT - DATE_AT);
    if (is_instance) {
        okapi__date_t d = okapi__date_of(okapi__civil_days(instance));
        bytes[DATE_AT] = (unsigned char)(d.year >> 8);
        bytes[DATE_AT + 1] = (unsigned char)d.year;
        bytes[DATE_AT + 2] = (unsigned char)d.month;
        bytes[DATE_AT + 3] = (unsigned char)d.day;
    }
    goid.data = bytes;
    return goid;
}

const char *okapi__uid_of_goid(okapi_binary_t goid, apr_pool_t *result_pool)
{
    static const char digits[] = "0123456789ABCDEF";
    if (goid.len < DATA_AT || goid.len > MAX_UID ||
        memcmp(goid.data, array_id, sizeof(array_id)) != 0)
        return NULL;
    const unsigned char *data = goid.data + DATA_AT;
    apr_size_t len = goid.len - DATA_AT;
    if (len > sizeof(vcal_uid) && memcmp(data, vcal_uid, sizeof(vcal_uid)) == 0)
        return apr_pstrmemdup(
            result_pool, (const char *)data + sizeof(vcal_uid),
            strnlen((const char *)data + sizeof(vcal_uid), len - sizeof(vcal_uid)));
    char *uid = apr_palloc(result_pool, 2 * goid.len + 1);
    for (apr_size_t i = 0; i < goid.len; i++) {
        unsigned char byte = i >= DATE_AT && i < TIME_AT ? 0 : goid.data[i];
        uid[2 * i] = digits[byte >> 4];
        uid[2 * i + 1] = digits[byte & 15];
    }
    uid[2 * goid.len] = 0;
    return uid;
}
