/* proptype.c - property types as data, MS-OXCDATA 2.11.1. */
#include "mapi/proptype.h"

/* Frequent ones first. */
static const okapi__proptype_t proptypes[] = {
    {PT_UNICODE, OKAPI__KIND_TEXT16, sizeof(const char *), 1},
    {PT_LONG, OKAPI__KIND_FIXED, 4, 1},
    {PT_BINARY, OKAPI__KIND_BINARY, sizeof(okapi_binary_t), 1},
    {PT_BOOLEAN, OKAPI__KIND_BOOLEAN, sizeof(int), 0},
    {PT_SYSTIME, OKAPI__KIND_FIXED, 8, 1},
    {PT_I8, OKAPI__KIND_FIXED, 8, 1},
    {PT_STRING8, OKAPI__KIND_TEXT8, sizeof(const char *), 1},
    {PT_ERROR, OKAPI__KIND_FIXED, 4, 0},
    {PT_SHORT, OKAPI__KIND_FIXED, 2, 1},
    {PT_FLOAT, OKAPI__KIND_FIXED, 4, 1},
    {PT_DOUBLE, OKAPI__KIND_FIXED, 8, 1},
    {PT_CURRENCY, OKAPI__KIND_FIXED, 8, 1},
    {PT_APPTIME, OKAPI__KIND_FIXED, 8, 1},
    {PT_CLSID, OKAPI__KIND_GUID, sizeof(okapi_guid_t), 1},
    {PT_NULL, OKAPI__KIND_NONE, 0, 0},
    {PT_OBJECT, OKAPI__KIND_BINARY, sizeof(okapi_binary_t), 0},
    {PT_SVREID, OKAPI__KIND_SVREID, sizeof(okapi_binary_t), 0},
    {PT_SRESTRICT, OKAPI__KIND_RESTRICTION, sizeof(okapi_binary_t), 0},
    {PT_ACTIONS, OKAPI__KIND_ACTIONS, sizeof(okapi_binary_t), 0},
};

const okapi__proptype_t *okapi__proptype_find(apr_uint16_t type, int *multiple)
{
    apr_uint16_t flags = type & (MV_FLAG | MV_INSTANCE);
    apr_uint16_t base = type & (apr_uint16_t) ~(MV_FLAG | MV_INSTANCE);

    *multiple = flags == MV_FLAG;
    if (flags == MV_INSTANCE)
        return NULL;
    for (apr_size_t i = 0; i < sizeof(proptypes) / sizeof(proptypes[0]); i++)
        if (proptypes[i].type == base)
            return flags && !proptypes[i].multi ? NULL : &proptypes[i];
    return NULL;
}

apr_uint16_t okapi__proptype_stored(apr_uint16_t type)
{
    return (type & (apr_uint16_t)~MV_FLAG) == PT_STRING8 ? type ^ (PT_STRING8 ^ PT_UNICODE) : type;
}
