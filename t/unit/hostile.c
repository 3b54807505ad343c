/* hostile.c - what comes from outside and an engine would refuse, cut, or take for something else:
 * text that is no UTF-8 or longer than its column, names that some collation finds equal, more
 * bytes than a statement carries. Every engine makes the same of it. */
#include <okapi/message.h>

#include "mailbox.h"
#include "message_private.h"

/* TEXT, N times. */
static char *repeat(const char *text, int n, apr_pool_t *pool)
{
    apr_size_t len = strlen(text);
    char *all = apr_palloc(pool, len * (apr_size_t)n + 1), *p = all;
    for (int i = 0; i < n; i++, p += len) {
        memcpy(p, text, len);
    }
    *p = '\0';
    return all;
}

static okapi_message_t *begin(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *message;
    mailbox_must(okapi_message_create(&message, m->store, okapi_folder_id(m->inbox), 0, pool, pool),
                 "message create");
    return message;
}

static void put(okapi_message_t *message, okapi_proptag_t tag, const char *text, apr_pool_t *pool)
{
    okapi_propval_t v = okapi_propval_str(tag, text);
    mailbox_must(okapi_object_set(okapi_message_object(message), &v, 1, pool), "set");
}

static okapi_message_t *reopen(mailbox_t *m, const okapi_message_t *message, apr_pool_t *pool)
{
    okapi_message_t *opened;
    mailbox_must(okapi_message_open(&opened, m->store, 0, okapi_message_id(message), pool, pool),
                 "message open");
    return opened;
}

/* ---- text ---- */

static const struct {
    const char *what, *text;
    int n; /* times the text */
} texts[] = {
    {"no UTF-8",
     "a\xff"
     "b",
     1},
    {"a character that is cut off", "Gr\xc3", 1},
    {"half a surrogate", "\xed\xa0\xbd", 1},
    {"more than Unicode has", "\xf4\x90\x80\x80 \xf8\x88\x80\x80\x80", 1},
    {"NUL in two bytes", "\xc0\x80", 1},
    {"a character of four bytes", "\xf0\x9f\xa6\x8c", 1},
    {"characters of four bytes, more than fit", "\xf0\x9f\xa6\x8c", 3000},
    {"bytes that are none, more than fit", "\xff", 3000},
    {"what folding makes longer", "\xef\xac\x83", 3000},
    {"what means something in SQL", "'; DROP TABLE message; -- \" \\ % _ \\x41 $1 ? :a \x01\x1a",
     1},
};

static void text_in_columns(mailbox_t *m, const char *what, const char *text, apr_pool_t *pool)
{
    static const okapi_proptag_t tags[] = {PR_SUBJECT, PR_SENT_REPRESENTING_NAME, PR_MESSAGE_CLASS,
                                           PR_INTERNET_MESSAGE_ID};
    okapi_message_t *message = begin(m, pool);
    okapi_recipient_t *to = okapi_message_add_recipient(message, MAPI_TO);
    okapi_id_t id;
    okapi_props_set_str(to->props, PR_DISPLAY_NAME, text);
    for (apr_size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        put(message, tags[i], text, pool);
    }
    is_int(okapi_message_save(message, OKAPI_SAVE_DELIVERY, pool), APR_SUCCESS, "%s: saved", what);
    message = reopen(m, message, pool);
    is_int(okapi_message_recipient_count(message), 1, "%s: read", what);
    is_str(okapi_props_str(okapi_message_recipient(message, 0)->props, PR_DISPLAY_NAME, ""), text,
           "%s: as it was", what);
    put(message, PR_SUBJECT, apr_pstrcat(pool, "changed ", text, NULL), pool);
    is_int(okapi_message_save(message, 0, pool), APR_SUCCESS, "%s: changed", what);
    apr_status_t rv = okapi_folder_create(&id, m->inbox, text, text, pool);
    ok(rv == APR_SUCCESS || rv == OKAPI_EINVAL, "%s: a folder's name, or none (%d)", what, rv);
    if (rv == APR_SUCCESS) {
        is_int(okapi_folder_by_name(&id, m->inbox, text, pool), APR_SUCCESS, "%s: found", what);
    }
    okapi_user_t *user;
    is_int(okapi_user_by_login(&user, m->okapi, text, pool, pool), OKAPI_EUNKNOWNUSER,
           "%s: nobody's name", what);
}

/* ---- names ---- */

/* Different for us, and for some collations equal. */
static void names_apart(mailbox_t *m, apr_pool_t *pool)
{
    static const char *const names[] = {
        "name",   "name ", " name", "na me", "na-me", "name.", "na_e", "%", "n\xc3\xa0me",
        "na\xcc\x80me", "n\xc4\x81me", "name\xc2\xad", "name\xe2\x80\x8b", "\xef\xbd\x8e" "ame"};
    enum { N = sizeof(names) / sizeof(names[0]) };
    okapi_id_t ids[N], id;
    for (int i = 0; i < N; i++) {
        mailbox_must(okapi_folder_create(&ids[i], m->inbox, names[i], NULL, pool), names[i]);
    }
    for (int i = 0; i < N; i++) {
        id = 0;
        okapi_folder_by_name(&id, m->inbox, names[i], pool);
        is_int(id, ids[i], "folder '%s' is none of the others", names[i]);
    }
    is_int(okapi_folder_create(&id, m->inbox, "NAME", NULL, pool), OKAPI_EDUPLICATENAME,
           "but there is no other 'NAME'");
}

/* ---- sizes ---- */

static apr_status_t save_large(mailbox_t *m, int properties, int recipients, apr_pool_t *pool)
{
    const char *text = repeat("0123456789abcdef", 250, pool);
    okapi_message_t *message = begin(m, pool);
    for (int i = 0; i < properties; i++) {
        put(message, (okapi_proptag_t)(0x66000000 + (i << 16) + PT_UNICODE), text, pool);
    }
    for (int i = 0; i < recipients; i++) {
        okapi_recipient_t *to = okapi_message_add_recipient(message, MAPI_TO);
        okapi_props_set_str(to->props, PR_DISPLAY_NAME, text);
    }
    return okapi_message_save(message, OKAPI_SAVE_DELIVERY, pool);
}

static void sizes(mailbox_t *m, apr_pool_t *pool)
{
    enum { LARGE = 20 * 1024 * 1024 };
    unsigned char *data = apr_palloc(pool, LARGE);
    okapi_folder_stat_t stat;
    for (int i = 0; i < LARGE; i++) {
        data[i] = (unsigned char)((unsigned)i * 2654435761u >> 13);
    }
    okapi_message_t *message = begin(m, pool);
    okapi_attachment_set_data(okapi_attachment_create(message, ATTACH_BY_VALUE),
                              (okapi_binary_t){data, LARGE});
    is_int(okapi_message_save(message, OKAPI_SAVE_DELIVERY, pool), APR_SUCCESS, "20 MB: saved");
    mailbox_must(okapi_folder_stat(m->inbox, &stat, pool), "stat");
    is_int(save_large(m, 1000, 1000, pool), APR_SUCCESS, "8 MB of properties and recipients");
    is_int(save_large(m, 3000, 3000, pool), OKAPI_ETOOBIG, "12 MB of either are too much");
    is_int(save_large(m, 5000, 0, pool), OKAPI_ETOOBIG, "so are 20 MB of properties");
    is_int(save_large(m, 0, 5000, pool), OKAPI_ETOOBIG, "or of recipients");
    const apr_int64_t before = stat.content;
    mailbox_must(okapi_folder_stat(m->inbox, &stat, pool), "stat");
    is_int(stat.content - before, 1, "nothing of these is there");
}

int main(void)
{
    mailbox_t m;
    apr_pool_t *iterpool;
    mailbox_create(&m, tap_pool());
    apr_pool_create(&iterpool, m.pool);
    for (apr_size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        apr_pool_clear(iterpool);
        text_in_columns(&m, texts[i].what, repeat(texts[i].text, texts[i].n, iterpool), iterpool);
    }
    names_apart(&m, iterpool);
    apr_pool_clear(iterpool);
    sizes(&m, iterpool);
    return done_testing();
}
