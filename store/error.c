/* error.c - the registry of statuses as a table, and look-ups in it. */
#include <stddef.h>

#include <okapi/error.h>

static const struct {
    const char *symbol;
    apr_uint32_t mapi;
    int http;
    const char *text;
} errors[] = {
#define OKAPI_ERR(symbol, mapi, http, eas, imap, text) {#symbol, mapi, http, text},
#include <okapi/okapi_err.def>
#undef OKAPI_ERR
};

#define COUNT ((int)(sizeof(errors) / sizeof(errors[0])))

enum { EC_ERROR = 0x80004005 }; /* ecError, for what the registry doesn't hold */

/* The index in the registry; -1 for a status that isn't ours. */
static int find(apr_status_t status)
{
    return status >= OKAPI_ERR_START && status < OKAPI_ERR_START + COUNT ? status - OKAPI_ERR_START
                                                                         : -1;
}

apr_uint32_t okapi_error_mapi(apr_status_t status)
{
    int i = find(status);

    if (status == APR_SUCCESS) {
        return 0;
    }
    return i >= 0 ? errors[i].mapi : EC_ERROR;
}

apr_status_t okapi_error_from_mapi(apr_uint32_t code)
{
    int i;

    if (code == 0) {
        return APR_SUCCESS;
    }
    for (i = 0; i < COUNT; i++) {
        if (errors[i].mapi == code) {
            return OKAPI_ERR_START + i;
        }
    }
    return APR_EGENERAL;
}

int okapi_error_http(apr_status_t status)
{
    int i = find(status);

    if (status == APR_SUCCESS) {
        return 200;
    }
    return i >= 0 ? errors[i].http : 500;
}

const char *okapi_error_symbol(apr_status_t status)
{
    int i = find(status);

    return i >= 0 ? errors[i].symbol : NULL;
}

const char *okapi_strerror(apr_status_t status, char *buffer, apr_size_t size)
{
    int i = find(status);

    return i >= 0 ? errors[i].text : apr_strerror(status, buffer, size);
}
