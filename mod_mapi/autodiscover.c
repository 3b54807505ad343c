/* autodiscover.c - where Outlook finds a mailbox: POX Autodiscover, 2006a
 * (MS-OXDSCLI 2.2.4, 3.2.5).
 *
 * Anyone who is authenticated may ask for any mailbox: what he may see of it the store decides.
 */
#include "mod_mapi.h"

#include <apr_md5.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include <libxml/parser.h>
#include <libxml/tree.h>

#include <okapi/store.h>

APLOG_USE_MODULE(mapi);

#define REQUEST_MAX  (64 * 1024)
#define SCHEMAS      "http://schemas.microsoft.com/exchange/autodiscover/"
#define NS_REQUEST   SCHEMAS "outlook/requestschema/2006"
#define NS_RESPONSE  SCHEMAS "responseschema/2006"
#define NS_RESPONSEA SCHEMAS "outlook/responseschema/2006a"

enum { /* ErrorCode, MS-OXDSCLI 2.2.4.1.1.3.2 */
       AD_OK = 0,
       AD_UNKNOWN_ADDRESS = 500,
       AD_INVALID_REQUEST = 600,
       AD_UNKNOWN_SCHEMA = 601,
       AD_INTERNAL_ERROR = 603
};

typedef struct autodiscover_t {
    request_rec *r;
    okapi_t *engine;
    const char *address; /* what was asked for: NULL if it wasn't there */
    const char *legacy_dn;
    const char *schema;
    const okapi_user_t *owner;
    const okapi_guid_t *mailbox;
} autodiscover_t;

/* ---- the request ---- */

static xmlNode *child_of(const xmlNode *parent, const char *name)
{
    for (xmlNode *node = parent->children; node != NULL; node = node->next)
        if (node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0)
            return node;
    return NULL;
}

/* Without the blanks around it; NULL if the element is missing or empty. */
static const char *text_of(const xmlNode *parent, const char *name, apr_pool_t *pool)
{
    const xmlNode *node = child_of(parent, name);
    xmlChar *content = node != NULL ? xmlNodeGetContent(node) : NULL;
    const char *text = content != NULL ? (const char *)content : "";
    apr_size_t len;

    text += strspn(text, " \t\r\n");
    len = strlen(text);
    while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
        len--;
    text = len > 0 ? apr_pstrndup(pool, text, len) : NULL;
    xmlFree(content);
    return text;
}

static int read_document(autodiscover_t *ad, const xmlDoc *doc)
{
    const xmlNode *root = xmlDocGetRootElement(doc), *request;

    if (root == NULL || doc->intSubset != NULL || root->ns == NULL ||
        strcmp((const char *)root->name, "Autodiscover") != 0)
        return AD_INVALID_REQUEST;
    if (strcmp((const char *)root->ns->href, NS_REQUEST) != 0)
        return AD_UNKNOWN_SCHEMA;
    request = child_of(root, "Request");
    if (request == NULL)
        return AD_INVALID_REQUEST;
    ad->address = text_of(request, "EMailAddress", ad->r->pool);
    ad->legacy_dn = text_of(request, "LegacyDN", ad->r->pool);
    ad->schema = text_of(request, "AcceptableResponseSchema", ad->r->pool);
    if ((ad->address == NULL && ad->legacy_dn == NULL) || ad->schema == NULL)
        return AD_INVALID_REQUEST;
    return strcmp(ad->schema, NS_RESPONSEA) == 0 ? AD_OK : AD_UNKNOWN_SCHEMA;
}

/* Entities stay unresolved, nothing is fetched, and libxml2's own limits of depth stand. */
static int read_request(autodiscover_t *ad)
{
    const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;
    okapi_binary_t body;
    xmlDoc *doc;
    int error;

    if (ad->r->method_number != M_POST || mapi_read_body(&body, ad->r, REQUEST_MAX) != APR_SUCCESS)
        return AD_INVALID_REQUEST;
    doc = xmlReadMemory((const char *)body.data, (int)body.len, NULL, NULL, options);
    if (doc == NULL)
        return AD_INVALID_REQUEST;
    error = read_document(ad, doc);
    xmlFreeDoc(doc);
    return error;
}

/* ---- the mailbox ---- */

static apr_status_t find_owner(autodiscover_t *ad)
{
    apr_pool_t *pool = ad->r->pool;
    okapi_user_t *owner;
    apr_status_t rv;

    if (ad->address != NULL) {
        rv = okapi_user_by_address(&owner, ad->engine, ad->address, pool, pool);
    } else {
        const char *name = okapi_user_name_of_dn(ad->engine, ad->legacy_dn, pool);

        rv = name == NULL ? OKAPI_EUNKNOWNUSER
                          : okapi_user_by_login(&owner, ad->engine, name, pool, pool);
    }
    ad->owner = rv == APR_SUCCESS ? owner : NULL;
    return rv;
}

static int find_mailbox(autodiscover_t *ad)
{
    apr_pool_t *pool = ad->r->pool;
    const okapi_user_t *actor;
    okapi_store_t *store;
    apr_status_t rv = mapi_okapi().user(&actor, ad->r);

    if (rv == APR_SUCCESS)
        rv = find_owner(ad);
    if (rv == APR_SUCCESS)
        rv = okapi_store_open(&store, ad->engine, actor, ad->owner, pool, pool);
    if (rv == APR_SUCCESS) {
        ad->mailbox = okapi_store_guid(store);
        return AD_OK;
    }
    if (rv == OKAPI_EUNKNOWNUSER)
        return AD_UNKNOWN_ADDRESS;
    ap_log_rerror(APLOG_MARK, APLOG_ERR, rv, ad->r,
                  OKLOGNO(01050) "the mailbox that Autodiscover was asked for can't be opened");
    return AD_INTERNAL_ERROR;
}

/* ---- the answer ---- */

static const char *xml(const autodiscover_t *ad, const char *text)
{
    return ap_escape_html(ad->r->pool, text);
}

/* One for all mailboxes of the domain: made of its name, so that every node has the same. */
static const char *deployment_id(const autodiscover_t *ad)
{
    const char *domain = okapi_config(ad->engine)->domain;
    okapi_guid_t guid;

    apr_md5(guid.bytes, domain, strlen(domain));
    guid.bytes[7] = (guid.bytes[7] & 0x0F) | 0x30; /* RFC 4122, version 3 */
    guid.bytes[8] = (guid.bytes[8] & 0x3F) | 0x80;
    return okapi_guid_format(&guid, ad->r->pool);
}

/* The client gets back to us the way it came. */
static void put_urls(const autodiscover_t *ad, const char *element, const char *path)
{
    apr_pool_t *pool = ad->r->pool;
    const char *at = strchr(ad->owner->email, '@');
    const char *url =
        xml(ad, apr_psprintf(pool, "%s?MailboxId=%s%s", ap_construct_url(pool, path, ad->r),
                             okapi_guid_format(ad->mailbox, pool), at ? at : ""));

    ap_rprintf(ad->r,
               "        <%s>\n"
               "          <InternalUrl>%s</InternalUrl>\n"
               "          <ExternalUrl>%s</ExternalUrl>\n"
               "        </%s>\n",
               element, url, url, element);
}

/* A client says which version of MAPI over HTTP it speaks; 0 is none (MS-OXDSCLI 2.2.2.1). */
static int speaks_mapi_http(request_rec *r)
{
    const char *capability = apr_table_get(r->headers_in, "X-MapiHttpCapability");

    return capability == NULL || atoi(capability) > 0;
}

static void put_settings(const autodiscover_t *ad)
{
    request_rec *r = ad->r;

    ap_rprintf(r,
               "  <Response xmlns=\"" NS_RESPONSEA "\">\n"
               "    <User>\n"
               "      <DisplayName>%s</DisplayName>\n"
               "      <LegacyDN>%s</LegacyDN>\n"
               "      <AutoDiscoverSMTPAddress>%s</AutoDiscoverSMTPAddress>\n"
               "      <DeploymentId>%s</DeploymentId>\n"
               "    </User>\n"
               "    <Account>\n"
               "      <AccountType>email</AccountType>\n"
               "      <Action>settings</Action>\n"
               "      <MicrosoftOnline>False</MicrosoftOnline>\n",
               xml(ad, ad->owner->fullname), xml(ad, okapi_user_dn(ad->engine, ad->owner, r->pool)),
               xml(ad, ad->owner->email), deployment_id(ad));
    if (speaks_mapi_http(r)) {
        ap_rputs("      <Protocol Type=\"mapiHttp\" Version=\"1\">\n", r);
        put_urls(ad, "MailStore", "/mapi/emsmdb/");
        put_urls(ad, "AddressBook", "/mapi/nspi/");
        ap_rputs("      </Protocol>\n", r);
    }
    ap_rputs("    </Account>\n"
             "  </Response>\n",
             r);
}

static void put_error(const autodiscover_t *ad, int error)
{
    static const struct {
        int code;
        const char *text;
    } messages[] = {{AD_UNKNOWN_ADDRESS, "The email address can't be found."},
                    {AD_INVALID_REQUEST, "Invalid Request"},
                    {AD_UNKNOWN_SCHEMA, "Provider is not available"},
                    {AD_INTERNAL_ERROR, "The server failed"}};
    const char *text = "";
    apr_time_exp_t now;

    for (apr_size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
        if (messages[i].code == error)
            text = messages[i].text;
    apr_time_exp_gmt(&now, ad->r->request_time);
    ap_rprintf(ad->r,
               "  <Response>\n"
               "    <Error Time=\"%02d:%02d:%02d.%06d0\" Id=\"%u\">\n"
               "      <ErrorCode>%d</ErrorCode>\n"
               "      <Message>%s</Message>\n"
               "      <DebugData />\n"
               "    </Error>\n"
               "  </Response>\n",
               now.tm_hour, now.tm_min, now.tm_sec, now.tm_usec,
               (unsigned int)apr_time_sec(ad->r->request_time), error, text);
}

/* ---- the handler ---- */

int mapi_autodiscover_handler(request_rec *r)
{
    autodiscover_t ad = {.r = r};
    int error;

    if (r->handler == NULL || strcmp(r->handler, "autodiscover") != 0)
        return DECLINED;
    ad.engine = mapi_okapi().engine(r->server);
    if (ad.engine == NULL)
        return HTTP_SERVICE_UNAVAILABLE;
    error = read_request(&ad);
    if (error == AD_OK)
        error = find_mailbox(&ad);
    if (error != AD_OK)
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                      OKLOGNO(01051) "Autodiscover answers %s with error %d",
                      r->user ? r->user : "nobody", error);
    ap_set_content_type(r, "text/xml; charset=utf-8");
    apr_table_setn(r->headers_out, "Cache-Control", "private");
    ap_rputs("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
             "<Autodiscover xmlns=\"" NS_RESPONSE "\">\n",
             r);
    if (error == AD_OK)
        put_settings(&ad);
    else
        put_error(&ad, error);
    ap_rputs("</Autodiscover>\n", r);
    return OK;
}
