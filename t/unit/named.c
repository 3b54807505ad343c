/* named.c - named properties: one id per name and store, for ever. */
#include <okapi/named.h>

#include "mailbox.h"

static okapi_propname_t lid(const okapi_guid_t *guid, apr_uint32_t value)
{
    return (okapi_propname_t){.guid = *guid, .kind = MNID_ID, .lid = value};
}

static okapi_propname_t string(const okapi_guid_t *guid, const char *name)
{
    return (okapi_propname_t){.guid = *guid, .kind = MNID_STRING, .name = name};
}

static apr_uint16_t id_of(mailbox_t *mailbox, okapi_propname_t name, int create)
{
    apr_uint16_t id = 0xFFFF;
    is_int(okapi_named_ids(mailbox->store, &name, 1, create, &id, mailbox->pool), APR_SUCCESS,
           "asked");
    return id;
}

static void creation(mailbox_t *mailbox)
{
    okapi_propname_t names[] = {lid(&okapi_psetid_common, 0x8501),
                                string(&okapi_ps_public_strings, "Keywords"),
                                lid(&okapi_psetid_common, 0x8501), lid(&okapi_psetid_task, 0x8501)};
    apr_uint16_t ids[4];
    is_int(id_of(mailbox, names[0], 0), 0, "nothing is there before");
    is_int(okapi_named_ids(mailbox->store, names, 4, 1, ids, mailbox->pool), APR_SUCCESS,
           "four names");
    is_int(ids[0], 0x8001, "ids begin at 0x8001");
    is_int(ids[1], 0x8002, "and go on");
    is_int(ids[2], 0x8001, "a name twice is one id");
    is_int(ids[3], 0x8003, "the GUID counts");
    is_int(id_of(mailbox, string(&okapi_ps_public_strings, "KEYWORDS"), 0), 0x8002,
           "strings compare without case");
    is_int(id_of(mailbox, string(&okapi_psetid_common, "Keywords"), 0), 0, "not of another GUID");
    is_int(id_of(mailbox, string(&okapi_ps_public_strings, ""), 1), 0, "no empty name");
}

static void special_sets(mailbox_t *mailbox)
{
    okapi_propname_t name;
    apr_uint16_t id;
    is_int(id_of(mailbox, lid(&okapi_ps_mapi, 0x37), 1), 0x37, "PS_MAPI is the tag itself");
    is_int(id_of(mailbox, string(&okapi_ps_mapi, "x"), 1), 0, "PS_MAPI has no strings");
    id = id_of(mailbox, string(&okapi_ps_internet_headers, "X-Mailer"), 1);
    is_int(okapi_named_names(mailbox->store, &id, 1, &name, mailbox->pool, mailbox->pool),
           APR_SUCCESS, "its name");
    is_str(name.name, "x-mailer", "names of headers are in lower case");
}

static void back(mailbox_t *mailbox)
{
    apr_uint16_t ids[] = {0x8001, 0x8002, 0x0037, 0x8000, 0xFFFE, 0xFFFF};
    okapi_propname_t names[6];
    is_int(okapi_named_names(mailbox->store, ids, 6, names, mailbox->pool, mailbox->pool),
           APR_SUCCESS, "names of ids");
    is_int(names[0].kind, MNID_ID, "by LID");
    is_int(names[0].lid, 0x8501, "the LID");
    ok(okapi_guid_equal(&names[0].guid, &okapi_psetid_common), "the GUID");
    is_int(names[1].kind, MNID_STRING, "by string");
    is_str(names[1].name, "Keywords", "as it was first written");
    ok(okapi_guid_equal(&names[2].guid, &okapi_ps_mapi) && names[2].lid == 0x37, "PS_MAPI");
    for (int i = 3; i < 6; i++) {
        is_int(names[i].kind, -1, "0x%04X has none", ids[i]);
    }
}

/* What one process adds another one finds; what both add is one. */
static void two_processes(mailbox_t *mailbox)
{
    mailbox_t other = {.config = mailbox->config};
    mailbox_open(&other, mailbox->pool);
    is_int(id_of(&other, string(&okapi_ps_public_strings, "keywords"), 0), 0x8002, "read");
    is_int(id_of(&other, string(&okapi_ps_public_strings, "later"), 1), 0x8005, "added");
    is_int(id_of(mailbox, string(&okapi_ps_public_strings, "Later"), 1), 0x8005,
           "found, not added again");
    is_int(id_of(mailbox, string(&okapi_ps_public_strings, "last"), 1), 0x8006, "the next");
}

static void listing(mailbox_t *mailbox)
{
    apr_array_header_t *ids, *names;
    is_int(okapi_named_list(mailbox->store, NULL, &ids, &names, mailbox->pool, mailbox->pool),
           APR_SUCCESS, "all names");
    is_int(ids->nelts, 6, "there are six");
    is_int(names->nelts, 6, "as many names");
    okapi_named_list(mailbox->store, &okapi_ps_public_strings, &ids, &names, mailbox->pool,
                     mailbox->pool);
    is_int(ids->nelts, 3, "of one GUID");
}

int main(void)
{
    mailbox_t mailbox;
    mailbox_create(&mailbox, tap_pool());
    creation(&mailbox);
    special_sets(&mailbox);
    back(&mailbox);
    two_processes(&mailbox);
    listing(&mailbox);
    return done_testing();
}
