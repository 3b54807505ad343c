/* body.h - the forms a message's body has. A client may ask for one that nobody has stored: it is
 * made, whenever it is read, of the one that is there. How, the engine doesn't know: whoever opens
 * it gives it a converter (okapi_host_t).
 *
 * Of plain text no HTML is made: where a message has HTML, that is its best body (MS-OXBBODY
 * 2.1.3.1), which plain text is not to lose to.
 */
#ifndef OKAPI_BODY_H
#define OKAPI_BODY_H

#include <okapi/property.h>

typedef struct okapi_body_t {
    okapi_proptag_t tag; /* PR_BODY, PR_HTML, PR_BODY_HTML or PR_RTF_COMPRESSED */
    okapi_binary_t value;
    int codepage; /* of PR_HTML; 0: not known. Text of the others is UTF-8. */
} okapi_body_t;

typedef struct okapi_body_converter_t {
    /* *MADE is the value WANTED has, zero-terminated, with PR_HTML good in any code page that has
     * ASCII. OKAPI_EFORMAT, OKAPI_ETOOBIG or OKAPI_ETOOCOMPLEX if there is none. */
    apr_status_t (*convert)(okapi_binary_t *made, okapi_proptag_t wanted, const okapi_body_t *body,
                            apr_pool_t *result_pool, apr_pool_t *scratch_pool);
} okapi_body_converter_t;

#endif
