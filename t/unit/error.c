/* error.c - the registry: symbols, texts and protocol codes. */
#include <ctype.h>

#include <okapi/error.h>

#include "tap.h"

static const struct {
    apr_status_t status;
    const char *symbol;
    apr_uint32_t mapi;
} rows[] = {
#define OKAPI_ERR(symbol, mapi, http, eas, imap, text) {symbol, #symbol, mapi},
#include <okapi/okapi_err.def>
#undef OKAPI_ERR
};

#define COUNT ((int)(sizeof(rows) / sizeof(rows[0])))

/* The values of MS-OXCDATA 2.4 for what clients act upon. */
static void codes(void)
{
    is_int(okapi_error_mapi(APR_SUCCESS), 0, "Success");
    is_int(okapi_error_mapi(OKAPI_ENOTFOUND), 0x8004010F, "ecNotFound");
    is_int(okapi_error_mapi(OKAPI_EACCESS), 0x80070005, "ecAccessDenied");
    is_int(okapi_error_mapi(OKAPI_ELOGIN), 0x80040111, "ecLoginFailure");
    is_int(okapi_error_mapi(OKAPI_EUNKNOWNUSER), 0x000003EB, "ecUnknownUser");
    is_int(okapi_error_mapi(OKAPI_EINVAL), 0x80070057, "ecInvalidParam");
    is_int(okapi_error_mapi(OKAPI_EFORMAT), 0x000004B6, "ecRpcFormat");
    is_int(okapi_error_mapi(OKAPI_ENULLOBJECT), 0x000004B9, "ecNullObject");
    is_int(okapi_error_mapi(OKAPI_EBUSY), 0x8004010B, "ecBusy");
    is_int(okapi_error_mapi(OKAPI_EDISKFULL), 0x8004010D, "ecDiskFull");
    is_int(okapi_error_mapi(OKAPI_EQUOTA), 0x000004D9, "ecQuotaExceeded");
    is_int(okapi_error_mapi(OKAPI_ESYNC), 0x80040805, "SYNC_E_UNSYNCHRONIZED");
    is_int(okapi_error_mapi(APR_EBADF), 0x80004005, "a foreign status is ecError");
}

static void http(void)
{
    is_int(okapi_error_http(APR_SUCCESS), 200, "HTTP for success");
    is_int(okapi_error_http(OKAPI_ENOTFOUND), 404, "HTTP for what isn't there");
    is_int(okapi_error_http(OKAPI_ENODATABASE), 503, "HTTP without a database");
    is_int(okapi_error_http(APR_EBADF), 500, "HTTP for a foreign status");
}

static void texts(apr_pool_t *pool)
{
    char buffer[120];
    int i, sentences = 1;

    is_str(okapi_error_symbol(OKAPI_EQUOTA), "OKAPI_EQUOTA", "symbol");
    ok(okapi_error_symbol(APR_EBADF) == NULL, "a foreign status has no symbol");
    ok(okapi_error_symbol(OKAPI__ERR_LAST) == NULL, "nor has one after the last");
    ok(okapi_error_symbol(OKAPI__ERR_BEFORE_FIRST) == NULL, "nor one before the first");
    is_str(okapi_strerror(OKAPI_EDISKFULL, buffer, sizeof(buffer)), "the disk is full", "our text");
    ok(okapi_strerror(APR_ENOENT, buffer, sizeof(buffer))[0] != '\0', "APR's text");
    for (i = 0; i < COUNT; i++) {
        const char *text = okapi_strerror(rows[i].status, buffer, sizeof(buffer));
        sentences &= islower((unsigned char)text[0]) && text[strlen(text) - 1] != '.';
    }
    ok(sentences, "texts go behind a colon: they begin small and have no full stop");
}

/* Going to a MAPI code and back gives a status with the same code. */
static void inverse(void)
{
    int i, faithful = 1;

    for (i = 0; i < COUNT; i++) {
        apr_status_t back = okapi_error_from_mapi(rows[i].mapi);
        faithful &= okapi_error_mapi(rows[i].status) == rows[i].mapi;
        faithful &= okapi_error_mapi(back) == rows[i].mapi;
        faithful &= strcmp(okapi_error_symbol(rows[i].status), rows[i].symbol) == 0;
    }
    ok(faithful, "every row is found by its status and by its code");
    is_int(okapi_error_from_mapi(0), APR_SUCCESS, "0 is success");
    is_int(okapi_error_from_mapi(0x8004010F), OKAPI_ENOTFOUND, "the first row wins");
    is_int(okapi_error_from_mapi(0x12345678), APR_EGENERAL, "an unknown code");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();

    codes();
    http();
    texts(pool);
    inverse();
    return done_testing();
}
