/* delegate.c - delegates, and what others see of private messages. */
#include <okapi/delegate.h>
#include <okapi/entryid.h>
#include <okapi/message.h>
#include <okapi/named.h>
#include <okapi/permission.h>
#include <okapi/table.h>

#include "mailbox.h"

enum { SENSITIVITY_PRIVATE = 2 };

static okapi_user_t *add_user(mailbox_t *mailbox, const char *name)
{
    okapi_user_t *user, row = {.name = name, .fullname = name};
    row.email = apr_pstrcat(mailbox->pool, name, "@example.org", NULL);
    mailbox_must(okapi_user_add(mailbox->okapi, &row, NULL, mailbox->pool), name);
    okapi_user_by_login(&user, mailbox->okapi, name, mailbox->pool, mailbox->pool);
    return user;
}

static okapi_store_t *open_as(mailbox_t *mailbox, const okapi_user_t *actor)
{
    okapi_store_t *store;
    mailbox_must(okapi_store_open(&store, mailbox->okapi, actor, mailbox->user, mailbox->pool,
                                  mailbox->pool),
                 "store");
    return store;
}

static apr_uint32_t flags_of(mailbox_t *mailbox, const char *name)
{
    apr_array_header_t *delegates;
    mailbox_must(okapi_delegate_list(&delegates, mailbox->store, mailbox->pool, mailbox->pool),
                 "list");
    for (int i = 0; i < delegates->nelts; i++) {
        const okapi_delegate_t *d = &APR_ARRAY_IDX(delegates, i, okapi_delegate_t);
        if (strcmp(d->user->name, name) == 0) {
            return d->flags;
        }
    }
    return 0x80000000;
}

static void listing(mailbox_t *mailbox, const okapi_user_t *mary, const okapi_user_t *peter)
{
    apr_pool_t *pool = mailbox->pool;
    apr_array_header_t *delegates;
    okapi_store_t *hers = open_as(mailbox, mary);
    is_int(okapi_delegate_set(mailbox->store, mary, OKAPI_DELEGATE_MEETINGS, pool), APR_SUCCESS,
           "a delegate");
    is_int(okapi_delegate_set(mailbox->store, peter, 0, pool), APR_SUCCESS, "another one");
    okapi_delegate_list(&delegates, mailbox->store, pool, pool);
    is_int(delegates->nelts, 2, "two");
    is_int(flags_of(mailbox, "mary"), OKAPI_DELEGATE_MEETINGS, "who gets copies");
    okapi_delegate_set(mailbox->store, mary, OKAPI_DELEGATE_PRIVATE, pool);
    is_int(flags_of(mailbox, "mary"), OKAPI_DELEGATE_PRIVATE, "or sees what is private");
    is_int(okapi_delegate_set(mailbox->store, mailbox->user, 0, pool), OKAPI_EINVAL,
           "nobody is his own");
    is_int(okapi_delegate_set(mailbox->store, mary, 0x8000, pool), OKAPI_EINVAL, "no such flag");
    is_int(okapi_delegate_set(hers, mary, 3, pool), OKAPI_EACCESS, "nor makes himself one");
    is_int(okapi_delegate_list(&delegates, hers, pool, pool), OKAPI_EACCESS, "nor sees the list");
    is_int(okapi_delegate_remove(hers, peter, pool), OKAPI_EACCESS, "nor changes it");
    is_int(okapi_delegate_remove(mailbox->store, peter, pool), APR_SUCCESS, "removed");
    is_int(okapi_delegate_remove(mailbox->store, peter, pool), OKAPI_ENOTFOUND, "once");
    okapi_delegate_remove(mailbox->store, mary, pool);
}

/* As Outlook writes it: MS-OXODLGT 2.2.2.2. */
static void information(mailbox_t *mailbox, const okapi_user_t *mary, const okapi_user_t *peter)
{
    apr_pool_t *pool = mailbox->pool;
    okapi_message_t *message;
    okapi_binary_t ids[3];
    apr_int32_t flags[] = {1, 0, 1};
    ids[0] = okapi_entryid_addressbook(okapi_user_dn(mailbox->okapi, mary, pool), 0, pool);
    ids[1] = okapi_entryid_addressbook(okapi_user_dn(mailbox->okapi, peter, pool), 0, pool);
    ids[2] = (okapi_binary_t){(const unsigned char *)"damaged", 7};
    okapi_propval_t values[2] = {{.tag = PR_SCHDINFO_DELEGATE_ENTRYIDS},
                                 {.tag = PR_DELEGATE_FLAGS}};
    values[0].v.mv.count = values[1].v.mv.count = 3;
    values[0].v.mv.v.bin = ids;
    values[1].v.mv.v.i32 = flags;
    okapi_delegate_set(mailbox->store, peter, OKAPI_DELEGATE_MEETINGS | OKAPI_DELEGATE_PRIVATE,
                       pool);
    mailbox_must(okapi_message_create(&message, mailbox->store,
                                      okapi_store_special(mailbox->store, OKAPI_FOLDER_FREEBUSY), 0,
                                      pool, pool),
                 "object");
    okapi_object_set(okapi_message_object(message), values, 2, pool);
    is_int(okapi_message_save(message, 0, pool), APR_SUCCESS, "the Delegate Information object");
    is_int(flags_of(mailbox, "mary"), OKAPI_DELEGATE_PRIVATE, "ShowPrivate");
    is_int(flags_of(mailbox, "peter"), OKAPI_DELEGATE_MEETINGS, "HidePrivate; copies as before");
    values[0].v.mv.count = values[1].v.mv.count = 1;
    okapi_object_set(okapi_message_object(message), values, 2, pool);
    mailbox_must(okapi_message_save(message, 0, pool), "save");
    is_int(flags_of(mailbox, "peter"), 0x80000000, "who isn't named any more is none");
    is_int(flags_of(mailbox, "mary"), OKAPI_DELEGATE_PRIVATE, "others are");
}

/* ---- private messages ---- */

typedef struct appointments_t {
    okapi_folder_t *calendar;
    okapi_id_t open, sensitive, flagged; /* one anybody may see, two that are private */
} appointments_t;

static okapi_id_t add_appointment(mailbox_t *mailbox, okapi_id_t folder_id, const char *subject,
                                  const okapi_propval_t *mark)
{
    apr_pool_t *pool = mailbox->pool;
    okapi_message_t *message;
    okapi_propval_t values[] = {okapi_propval_str(PR_SUBJECT, subject),
                                okapi_propval_str(PR_BODY, "a secret"),
                                okapi_propval_str(PR_MESSAGE_CLASS, "IPM.Appointment"),
                                okapi_propval_time(PR_START_DATE, 131000000000000000),
                                okapi_propval_time(PR_END_DATE, 131000036000000000)};
    mailbox_must(okapi_message_create(&message, mailbox->store, folder_id, 0, pool, pool),
                 "appointment");
    okapi_object_set(okapi_message_object(message), values, 5, pool);
    if (mark) {
        okapi_object_set(okapi_message_object(message), mark, 1, pool);
    }
    okapi_attachment_t *attachment = okapi_attachment_create(message, ATTACH_BY_VALUE);
    okapi_attachment_set_data(attachment, (okapi_binary_t){(const unsigned char *)"x", 1});
    okapi_recipient_t *recipient = okapi_message_add_recipient(message, MAPI_TO);
    okapi_props_set_str(recipient->props, PR_DISPLAY_NAME, "A lover");
    okapi_message_set_raw(message,
                          (okapi_binary_t){(const unsigned char *)"Subject: raw\r\n\r\n", 16},
                          NULL, 0);
    mailbox_must(okapi_message_save(message, 0, pool), "save");
    return okapi_message_id(message);
}

static void add_appointments(mailbox_t *mailbox, appointments_t *a)
{
    apr_pool_t *pool = mailbox->pool;
    const okapi_propname_t name = {okapi_psetid_common, MNID_ID, 0x8506, NULL};
    apr_uint16_t id;
    okapi_id_t folder_id = okapi_store_special(mailbox->store, OKAPI_FOLDER_CALENDAR);
    mailbox_must(okapi_folder_open(&a->calendar, mailbox->store, folder_id, pool, pool),
                 "calendar");
    mailbox_must(okapi_named_ids(mailbox->store, &name, 1, 1, &id, pool), "PidLidPrivate");
    okapi_propval_t sensitive = okapi_propval_i32(PR_SENSITIVITY, SENSITIVITY_PRIVATE);
    okapi_propval_t flagged = {.tag = OKAPI_PROP_TAG(PT_BOOLEAN, id)};
    flagged.v.boolean = 1;
    a->open = add_appointment(mailbox, folder_id, "Open", NULL);
    a->sensitive = add_appointment(mailbox, folder_id, "Sensitive", &sensitive);
    a->flagged = add_appointment(mailbox, folder_id, "Flagged", &flagged);
    const okapi_permission_change_t change = {
        OKAPI_PERMISSION_MODIFY, NULL, OKAPI_MEMBER_DEFAULT, OKAPI_RIGHT_ALL};
    mailbox_must(okapi_permission_modify(a->calendar, &change, 1, 0, pool), "everybody");
}

static const char *text_of(okapi_object_t *object, okapi_proptag_t tag, apr_pool_t *pool)
{
    okapi_propval_t v;
    mailbox_must(okapi_object_get(object, &tag, 1, 0, &v, pool, pool), "get");
    return OKAPI_PROP_TYPE(v.tag) == PT_ERROR ? "(none)" : v.v.str;
}

static void sees(okapi_store_t *store, okapi_id_t id, const char *subject, const char *body,
                 apr_pool_t *pool)
{
    okapi_message_t *message;
    okapi_proptag_t start = PR_START_DATE;
    okapi_propval_t v;
    okapi_stream_t *stream;
    int hidden = strcmp(body, "(none)") == 0;
    if (!is_int(okapi_message_open(&message, store, 0, id, pool, pool), APR_SUCCESS, "opened")) {
        return;
    }
    okapi_object_t *object = okapi_message_object(message);
    is_str(text_of(object, PR_SUBJECT, pool), subject, "the subject");
    is_str(text_of(object, PR_NORMALIZED_SUBJECT, pool), subject, "the normalized one");
    is_str(text_of(object, PR_BODY, pool), body, "the body");
    okapi_object_get(object, &start, 1, 0, &v, pool, pool);
    is_int(v.v.time, 131000000000000000, "when it is");
    is_int(okapi_message_attachment_count(message), !hidden, "attachments");
    is_int(okapi_message_recipient_count(message), !hidden, "recipients");
    is_str(text_of(object, PR_DISPLAY_TO, pool), hidden ? "" : "A lover", "and their names");
    is_int(okapi_message_raw(&stream, message, pool, pool), hidden ? OKAPI_ENOTFOUND : APR_SUCCESS,
           "the Internet's bytes");
    is_int(okapi_message_save(message, 0, pool), hidden ? OKAPI_EACCESS : APR_SUCCESS, "saving it");
}

/* Subjects in a table of the calendar, which is sorted and restricted by them. */
static const char *listed(okapi_store_t *store, const char *contains, apr_pool_t *pool)
{
    okapi_folder_t *calendar;
    okapi_table_t *table;
    apr_uint32_t count;
    apr_array_header_t *rows, *subjects = apr_array_make(pool, 4, sizeof(const char *));
    okapi_proptag_t columns[] = {PR_SUBJECT, PR_BODY};
    okapi_sort_key_t key = {PR_SUBJECT, TABLE_SORT_ASCEND};
    okapi_sort_t sort = {.n = 1, .keys = &key};
    okapi_restriction_t restriction = {.type = RES_CONTENT, .fuzzy = FL_SUBSTRING | FL_IGNORECASE,
                                       .tag = PR_SUBJECT,
                                       .prop = okapi_propval_str(PR_SUBJECT, contains)};
    mailbox_must(okapi_folder_open(&calendar, store, okapi_store_special(store,
                                                                         OKAPI_FOLDER_CALENDAR),
                                   pool, pool),
                 "calendar");
    mailbox_must(okapi_table_contents(&table, &count, calendar, 0, pool, pool), "table");
    okapi_table_set_columns(table, columns, 2);
    mailbox_must(okapi_table_sort(table, &sort), "sort");
    if (*contains) {
        mailbox_must(okapi_table_restrict(table, &restriction), "restrict");
    }
    mailbox_must(okapi_table_rows(table, 10, 0, 1, &rows, pool, pool), "rows");
    for (int i = 0; i < rows->nelts; i++) {
        const okapi_row_t *row = &APR_ARRAY_IDX(rows, i, okapi_row_t);
        APR_ARRAY_PUSH(subjects, const char *) =
            apr_pstrcat(pool, row->values[0].v.str,
                        OKAPI_PROP_TYPE(row->values[1].tag) == PT_ERROR ? "" : "+", NULL);
    }
    return apr_array_pstrcat(pool, subjects, ' ');
}

static void privacy(mailbox_t *mailbox, const okapi_user_t *mary, const okapi_user_t *peter)
{
    apr_pool_t *pool = mailbox->pool;
    appointments_t a;
    add_appointments(mailbox, &a);
    okapi_delegate_set(mailbox->store, mary, OKAPI_DELEGATE_PRIVATE, pool);
    okapi_store_t *hers = open_as(mailbox, mary), *his = open_as(mailbox, peter);
    diag("the owner");
    is_str(listed(mailbox->store, "", pool), "Flagged+ Open+ Sensitive+", "lists all");
    sees(mailbox->store, a.sensitive, "Sensitive", "a secret", pool);
    diag("a delegate who may");
    is_str(listed(hers, "", pool), "Flagged+ Open+ Sensitive+", "lists all");
    sees(hers, a.flagged, "Flagged", "a secret", pool);
    diag("somebody else with all rights");
    is_str(listed(his, "", pool), "Private Private Open+", "lists that there is something");
    is_str(listed(his, "s", pool), "", "can't search for it");
    is_str(listed(his, "open", pool), "Open+", "but for the rest");
    sees(his, a.sensitive, "Private", "(none)", pool);
    sees(his, a.flagged, "Private", "(none)", pool);
    sees(his, a.open, "Open", "a secret", pool);
    int partial;
    okapi_folder_t *folder;
    mailbox_must(okapi_folder_open(&folder, his, okapi_folder_id(a.calendar), pool, pool),
                 "folder");
    okapi_folder_set_read(folder, &a.sensitive, 1, 0, NULL, &partial, pool);
    is_int(partial, 1, "nor can he mark it");

    diag("no longer private");
    okapi_message_t *message;
    okapi_propval_t normal = okapi_propval_i32(PR_SENSITIVITY, 0);
    mailbox_must(okapi_message_open(&message, mailbox->store, 0, a.sensitive, pool, pool), "open");
    okapi_object_set(okapi_message_object(message), &normal, 1, pool);
    mailbox_must(okapi_message_save(message, 0, pool), "save");
    is_str(listed(his, "", pool), "Private Open+ Sensitive+", "listed at once");
    sees(his, a.sensitive, "Sensitive", "a secret", pool);
}

int main(void)
{
    mailbox_t mailbox;
    mailbox_create(&mailbox, tap_pool());
    okapi_user_t *mary = add_user(&mailbox, "mary"), *peter = add_user(&mailbox, "peter");
    listing(&mailbox, mary, peter);
    information(&mailbox, mary, peter);
    privacy(&mailbox, mary, peter);
    return done_testing();
}
