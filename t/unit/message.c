/* message.c - messages: what is saved comes back, nothing else ever does. */
#include <signal.h>
#include <sys/wait.h>

#include <okapi/change.h>
#include <okapi/message.h>

#include "mailbox.h"
#include "message_private.h"

static char *filled(apr_size_t len, char c, apr_pool_t *pool)
{
    char *text = apr_palloc(pool, len + 1);
    memset(text, c, len);
    text[len] = '\0';
    return text;
}

static okapi_message_t *begin(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *message;
    mailbox_must(okapi_message_create(&message, m->store, okapi_folder_id(m->inbox), 0, pool,
                                      pool),
                 "message create");
    return message;
}

static void put(okapi_message_t *message, okapi_propval_t v, apr_pool_t *pool)
{
    mailbox_must(okapi_object_set(okapi_message_object(message), &v, 1, pool), "set");
}

static okapi_propval_t get(okapi_object_t *object, okapi_proptag_t tag, apr_pool_t *pool)
{
    okapi_propval_t v;
    mailbox_must(okapi_object_get(object, &tag, 1, 0, &v, pool, pool), "get");
    return v;
}

static const char *text_of(okapi_object_t *object, okapi_proptag_t tag, apr_pool_t *pool)
{
    okapi_propval_t v = get(object, tag, pool);
    return OKAPI_PROP_TYPE(v.tag) == PT_ERROR ? NULL : v.v.str;
}

static okapi_message_t *reopen(mailbox_t *m, const okapi_message_t *message, apr_pool_t *pool)
{
    okapi_message_t *opened;
    mailbox_must(okapi_message_open(&opened, m->store, 0, okapi_message_id(message), pool, pool),
                 "message open");
    return opened;
}

static okapi_folder_stat_t stat_of(mailbox_t *m, apr_pool_t *pool)
{
    okapi_folder_stat_t stat;
    mailbox_must(okapi_folder_stat(m->inbox, &stat, pool), "stat");
    return stat;
}

static void test_basics(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *message = begin(m, pool);
    okapi_object_t *object = okapi_message_object(message);
    is_int(get(object, PR_MESSAGE_FLAGS, pool).v.i32, 0x409, "a new message is unsent and read");
    is_str(text_of(object, PR_MESSAGE_CLASS, pool), "IPM.Note", "its class");
    is_int(get(object, PR_ENTRYID, pool).v.error, 0x8004010F, "it has no entry id yet");
    put(message, okapi_propval_str(PR_SUBJECT, "RE:  Gr\xc3\xbc\xc3\x9f" "e"), pool);
    put(message, okapi_propval_i32(PR_IMPORTANCE, 2), pool);
    put(message, okapi_propval_i32(PR_MESSAGE_SIZE, 12), pool);
    okapi_recipient_t *to = okapi_message_add_recipient(message, MAPI_TO);
    okapi_props_set_str(to->props, PR_DISPLAY_NAME, "Mary");
    to = okapi_message_add_recipient(message, MAPI_TO);
    okapi_props_set_str(to->props, PR_SMTP_ADDRESS, "peter@example.org");
    to = okapi_message_add_recipient(message, MAPI_CC);
    okapi_props_set_str(to->props, PR_DISPLAY_NAME, "John");
    is_int(stat_of(m, pool).content, 0, "nothing is stored before it is saved");
    is_int(okapi_message_save(message, OKAPI_SAVE_DELIVERY, pool), APR_SUCCESS, "delivered");

    okapi_message_t *opened = reopen(m, message, pool);
    object = okapi_message_object(opened);
    is_str(text_of(object, PR_SUBJECT_PREFIX, pool), "RE: ", "subject prefix");
    is_str(text_of(object, PR_NORMALIZED_SUBJECT, pool), "Gr\xc3\xbc\xc3\x9f" "e",
           "normalized subject");
    is_str(text_of(object, PR_SUBJECT, pool), "RE: Gr\xc3\xbc\xc3\x9f" "e", "subject of both");
    is_str(text_of(object, OKAPI_PROP_RETYPE(PR_SUBJECT, PT_STRING8), pool),
           "RE: Gr\xc3\xbc\xc3\x9f" "e", "subject as PT_STRING8");
    is_str(text_of(object, PR_DISPLAY_TO, pool), "Mary; peter@example.org", "display to");
    is_str(text_of(object, PR_DISPLAY_CC, pool), "John", "display cc");
    is_str(text_of(object, PR_DISPLAY_BCC, pool), "", "display bcc");
    is_int(okapi_message_recipient_count(opened), 3, "recipients");
    is_int(okapi_message_recipient(opened, 2)->row_id, 2, "row id");
    is_int(get(object, PR_IMPORTANCE, pool).v.i32, 2, "importance");
    is_int(get(object, PR_MESSAGE_FLAGS, pool).v.i32, MSGFLAG_UNMODIFIED, "new mail is unread");
    ok(get(object, PR_MESSAGE_SIZE, pool).v.i32 > 100, "the size can't be set");
    is_int(get(object, PR_MESSAGE_DELIVERY_TIME, pool).tag, PR_MESSAGE_DELIVERY_TIME,
           "delivery time");
    is_int((long long)get(object, PR_SEARCH_KEY, pool).v.bin.len, 16, "search key");
    is_int((long long)get(object, PR_ENTRYID, pool).v.bin.len, 70, "entry id");
    is_int(get(object, PR_RTF_IN_SYNC, pool).v.boolean, 0, "RTF isn't in sync");
    is_int(get(object, PR_INTERNET_ARTICLE_NUMBER, pool).v.i32, 1, "first IMAP uid");
    is_int(stat_of(m, pool).content, 1, "counted");
    is_int(stat_of(m, pool).unread, 1, "as unread");
    ok(stat_of(m, pool).bytes == get(object, PR_MESSAGE_SIZE, pool).v.i32, "with its size");
    is_int(okapi_message_open(&opened, m->store, okapi_store_special(m->store, OKAPI_FOLDER_SENT),
                              okapi_message_id(message), pool, pool),
           OKAPI_ENOTFOUND, "it isn't in another folder");
    is_int(okapi_message_open(&opened, m->store, 0, 123456, pool, pool), OKAPI_ENOTFOUND,
           "no such message");
}

static void test_large(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *message = begin(m, pool);
    const char *body = filled(300000, 'b', pool);
    const char *limit = filled(OKAPI__LARGE_VALUE, 'c', pool);
    okapi_stream_t *stream;
    unsigned char bytes[16];
    apr_size_t len = sizeof(bytes);
    okapi_propval_t v;
    okapi_proptag_t tag = PR_BODY;
    put(message, okapi_propval_str(PR_BODY, body), pool);
    put(message, okapi_propval_str(PR_BODY_CONTENT_ID, limit), pool);
    put(message, okapi_propval_bin(PR_HTML, body, 299999), pool);
    okapi_message_set_raw(message, (okapi_binary_t){(const unsigned char *)"Subject: x\n", 11},
                          NULL, 0);
    is_str(text_of(okapi_message_object(message), PR_BODY, pool), body, "large text, pending");
    mailbox_must(okapi_message_save(message, 0, pool), "save");
    is_str(text_of(okapi_message_object(message), PR_BODY, pool), body, "large text, saved");

    okapi_message_t *opened = reopen(m, message, pool);
    okapi_object_t *object = okapi_message_object(opened);
    is_int(opened->bag.large->nelts, 2, "two values are kept apart");
    is_str(text_of(object, PR_BODY, pool), body, "large text");
    is_str(text_of(object, PR_BODY_CONTENT_ID, pool), limit, "text of the limit's size");
    mailbox_must(okapi_object_get(object, &tag, 1, 1000, &v, pool, pool), "get");
    is_int(v.tag, OKAPI_PROP_RETYPE(PR_BODY, PT_ERROR), "above the size limit");
    is_int(v.v.error, 0x8007000E, "not enough memory");
    mailbox_must(okapi_object_stream(&stream, object, PR_BODY, 0, pool, pool), "stream");
    is_int(okapi_stream_size(stream), 600000, "text streams as UTF-16LE");
    mailbox_must(okapi_stream_read_at(stream, 599990, bytes, &len, pool), "read");
    is_mem(bytes, len, "b\0b\0b\0b\0b\0", 10, "its end");
    mailbox_must(okapi_object_stream(&stream, object, PR_HTML, 0, pool, pool), "stream");
    is_int(okapi_stream_size(stream), 299999, "binary streams as it is");
    len = 8;
    mailbox_must(okapi_stream_read_at(stream, 262140, bytes, &len, pool), "read");
    is_mem(bytes, len, "bbbbbbbb", 8, "across two chunks");
    is_int(okapi_object_stream(&stream, object, PR_RTF_COMPRESSED, 0, pool, pool),
           OKAPI_ENOTFOUND, "no stream of what isn't there");
    is_int(get(object, PR_NATIVE_BODY_INFO, pool).v.i32, 3, "the native body is HTML");
    mailbox_must(okapi_message_raw(&stream, opened, pool, pool), "raw");
    is_int(okapi_stream_size(stream), 11, "the Internet's bytes");
    apr_array_header_t *tags;
    int bodies = 0;
    mailbox_must(okapi_object_tags(object, &tags, pool, pool), "tags");
    for (int i = 0; i < tags->nelts; i++) {
        bodies += APR_ARRAY_IDX(tags, i, okapi_proptag_t) == PR_BODY;
    }
    is_int(bodies, 1, "a large value is listed once");

    tag = PR_BODY;
    mailbox_must(okapi_object_unset(object, &tag, 1, pool), "unset");
    put(opened, okapi_propval_bin(PR_HTML, "<p>", 3), pool);
    is_int(get(okapi_message_object(reopen(m, message, pool)), PR_BODY, pool).tag, PR_BODY,
           "pending changes are nobody else's");
    mailbox_must(okapi_message_save(opened, 0, pool), "save");
    opened = reopen(m, message, pool);
    object = okapi_message_object(opened);
    is_int(get(object, PR_BODY, pool).v.error, 0x8004010F, "unset");
    is_int((long long)get(object, PR_HTML, pool).v.bin.len, 3, "a large value became small");
    is_int(opened->bag.large->nelts, 0, "nothing is large any more");
}

static void test_conflict(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *message = begin(m, pool);
    mailbox_must(okapi_message_save(message, OKAPI_SAVE_DELIVERY, pool), "save");
    okapi_message_t *first = reopen(m, message, pool), *second = reopen(m, message, pool);
    okapi_id_t id = okapi_message_id(message);
    int changed, partial;
    put(first, okapi_propval_str(PR_SUBJECT, "first"), pool);
    put(second, okapi_propval_str(PR_SUBJECT, "second"), pool);
    mailbox_must(okapi_folder_set_read(m->inbox, &id, 1, 1, &changed, &partial, pool), "set read");
    is_int(okapi_message_save(first, 0, pool), APR_SUCCESS, "the first one saves");
    is_int(okapi_message_save(second, 0, pool), OKAPI_EOBJECTMODIFIED, "the second doesn't");
    put(first, okapi_propval_str(PR_SUBJECT, "again"), pool);
    is_int(okapi_message_save(first, 0, pool), APR_SUCCESS, "the first one saves again");
    okapi_object_t *object = okapi_message_object(reopen(m, message, pool));
    is_str(text_of(object, PR_SUBJECT, pool), "again", "and is what is stored");
    is_int(get(object, PR_MESSAGE_FLAGS, pool).v.i32, MSGFLAG_READ | MSGFLAG_EVERREAD,
           "read meanwhile, modified");
}

/* The blob of an attachment's bytes. */
static okapi_id_t blob_of(okapi_message_t *message, apr_uint32_t num, apr_pool_t *pool)
{
    okapi_attachment_t *a;
    mailbox_must(okapi_attachment_open(&a, message, num, pool), "attachment open");
    const okapi__large_t *large = okapi__propbag_large(&a->bag, PR_ATTACH_DATA_BIN);
    return large ? large->blob_id : 0;
}

static void test_attachments(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *message = begin(m, pool);
    const char *data = filled(600000, 'a', pool);
    okapi_attachment_t *a;
    for (int i = 0; i < 2; i++) {
        a = okapi_attachment_create(message, ATTACH_BY_VALUE);
        okapi_attachment_set_data(a, (okapi_binary_t){(const unsigned char *)data, 600000});
    }
    a = okapi_attachment_create(message, ATTACH_BY_VALUE);
    okapi_attachment_set_data(a, (okapi_binary_t){(const unsigned char *)"tiny", 4});
    is_int(get(okapi_message_object(message), PR_HASATTACH, pool).v.boolean, 1,
           "pending attachments count");
    mailbox_must(okapi_message_save(message, 0, pool), "save");
    okapi_message_t *opened = reopen(m, message, pool);
    is_int(okapi_message_attachment_count(opened), 3, "attachments");
    okapi_id_t blob = blob_of(opened, 0, pool);
    is_int(blob_of(opened, 1, pool), blob, "twice the same bytes in one message");
    mailbox_must(okapi_attachment_open(&a, opened, 1, pool), "attachment open");
    is_int(get(okapi_attachment_object(a), PR_ATTACH_NUM, pool).v.i32, 1, "number");
    ok(get(okapi_attachment_object(a), PR_ATTACH_SIZE, pool).v.i32 > 600000, "size");
    okapi_propval_t v = get(okapi_attachment_object(a), PR_ATTACH_DATA_BIN, pool);
    is_mem(v.v.bin.data, v.v.bin.len, data, 600000, "bytes");
    is_int(okapi_attachment_open(&a, opened, 3, pool), OKAPI_ENOTFOUND, "no such attachment");

    message = begin(m, pool);
    a = okapi_attachment_create(message, ATTACH_BY_VALUE);
    okapi_attachment_set_data(a, (okapi_binary_t){(const unsigned char *)data, 600000});
    v = okapi_propval_bool(PR_ATTACHMENT_HIDDEN, 1);
    mailbox_must(okapi_object_set(okapi_attachment_object(a), &v, 1, pool), "set");
    mailbox_must(okapi_message_save(message, 0, pool), "save");
    opened = reopen(m, message, pool);
    is_int(get(okapi_message_object(opened), PR_HASATTACH, pool).v.boolean, 0,
           "a hidden attachment doesn't count");
    is_int(blob_of(opened, 0, pool), blob, "the same bytes are stored once");

    a = okapi_attachment_create(opened, ATTACH_BY_VALUE);
    okapi_attachment_set_data(a, (okapi_binary_t){(const unsigned char *)"tiny", 4});
    is_int((long long)okapi_attachment_num(a), 1, "an attachment is added");
    mailbox_must(okapi_message_save(opened, 0, pool), "save");
    opened = reopen(m, message, pool);
    is_int(okapi_message_attachment_count(opened), 2, "to an existing message");
    is_int(get(okapi_message_object(opened), PR_HASATTACH, pool).v.boolean, 1, "and counts");
}

static void test_embedded(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *outer = begin(m, pool), *message = outer;
    const char *html = filled(5000, 'h', pool);
    okapi_attachment_t *a;
    for (int depth = 1; depth <= 3; depth++) {
        a = okapi_attachment_create(message, ATTACH_EMBEDDED_MSG);
        message = okapi_attachment_create_embedded(a);
        put(message, okapi_propval_str(PR_SUBJECT, apr_psprintf(pool, "depth %d", depth)), pool);
        put(message, okapi_propval_bin(PR_HTML, html, 5000), pool);
        okapi_props_set_str(okapi_message_add_recipient(message, MAPI_TO)->props, PR_DISPLAY_NAME,
                            "Mary");
    }
    is_int(okapi_message_save(message, 0, pool), OKAPI_ENOSUPPORT, "saved with the outermost only");
    mailbox_must(okapi_message_save(outer, 0, pool), "save");
    apr_int64_t size = outer->row.size;
    ok(size > 15000, "the size is that of all");

    message = outer = reopen(m, outer, pool);
    for (int depth = 1; depth <= 3; depth++) {
        mailbox_must(okapi_attachment_open(&a, message, 0, pool), "attachment open");
        mailbox_must(okapi_attachment_embedded(&message, a, pool), "embedded");
        is_str(text_of(okapi_message_object(message), PR_SUBJECT, pool),
               apr_psprintf(pool, "depth %d", depth), "subject at depth %d", depth);
        is_str(text_of(okapi_message_object(message), PR_DISPLAY_TO, pool), "Mary", "recipient");
        is_int((long long)get(okapi_message_object(message), PR_HTML, pool).v.bin.len, 5000,
               "large value");
        is_int(get(okapi_message_object(message), PR_HASATTACH, pool).v.boolean, depth < 3,
               "attachment");
    }
    put(message, okapi_propval_str(PR_SUBJECT, "changed"), pool);
    mailbox_must(okapi_message_save(outer, 0, pool), "save");
    message = outer = reopen(m, outer, pool);
    for (int depth = 1; depth <= 3; depth++) {
        mailbox_must(okapi_attachment_open(&a, message, 0, pool), "attachment open");
        mailbox_must(okapi_attachment_embedded(&message, a, pool), "embedded");
    }
    is_str(text_of(okapi_message_object(message), PR_SUBJECT, pool), "changed",
           "the innermost changed");
    ok(outer->row.size > size - 100 && outer->row.size < size + 400,
       "the size is as before (%d, %d)", (int)size, (int)outer->row.size);
    is_int(okapi_attachment_embedded(&message, okapi_attachment_create(outer, ATTACH_BY_VALUE),
                                     pool),
           OKAPI_ENOTFOUND, "nothing is embedded in a file");
}

/* ---- a process that dies while it saves ---- */

/* The child: saves messages with a large attachment each, until it is killed, and tells of each
 * with a byte. */
static void save_for_ever(mailbox_t *m, apr_pool_t *pool)
{
    apr_pool_t *iterpool;
    apr_pool_create(&iterpool, pool);
    for (int i = 0;; i++) {
        apr_pool_clear(iterpool);
        okapi_message_t *message = begin(m, iterpool);
        char *data = filled(900000, 'k', iterpool);
        apr_snprintf(data, 40, "%d %d", (int)getpid(), i);
        okapi_attachment_set_data(okapi_attachment_create(message, ATTACH_BY_VALUE),
                                  (okapi_binary_t){(const unsigned char *)data, 900000});
        put(message, okapi_propval_str(PR_SUBJECT, data), iterpool);
        mailbox_must(okapi_message_save(message, 0, iterpool), "save");
        if (write(STDOUT_FILENO, ".", 1) != 1) {
            _exit(1);
        }
    }
}

/* A process is killed some time AFTER its first message. */
static void kill_one(mailbox_t *m, apr_interval_time_t after)
{
    int saved[2];
    char byte;
    fflush(stdout);
    if (pipe(saved) != 0) {
        mailbox_must(errno, "pipe");
    }
    pid_t pid = fork();
    if (pid == 0) {
        dup2(saved[1], STDOUT_FILENO);
        close(saved[0]);
        close(saved[1]);
        execl("/proc/self/exe", "message", m->config.database, m->config.run_dir, (char *)NULL);
        _exit(127);
    }
    close(saved[1]);
    is_int(read(saved[0], &byte, 1), 1, "a process saves messages");
    apr_sleep(after);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    close(saved[0]);
}

/* 1 if the message and its attachment can be read to the end. */
static int is_whole(mailbox_t *m, okapi_id_t id, apr_pool_t *pool)
{
    okapi_message_t *message;
    okapi_attachment_t *a;
    okapi_propval_t v;
    if (okapi_message_open(&message, m->store, 0, id, pool, pool) != APR_SUCCESS ||
        okapi_message_attachment_count(message) != 1 ||
        okapi_attachment_open(&a, message, 0, pool) != APR_SUCCESS) {
        return 0;
    }
    v = get(okapi_attachment_object(a), PR_ATTACH_DATA_BIN, pool);
    return OKAPI_PROP_TYPE(v.tag) == PT_BINARY && v.v.bin.len == 900000 &&
           strcmp((const char *)v.v.bin.data,
                  text_of(okapi_message_object(message), PR_SUBJECT, pool)) == 0;
}

static void test_killed(mailbox_t *m, apr_pool_t *pool)
{
    apr_array_header_t *changes;
    okapi_cn_t since, upto;
    okapi_folder_stat_t before = stat_of(m, pool);
    int whole = 0, broken = 0;
    mailbox_must(okapi_store_cn(m->store, &since, pool), "cn");
    for (int i = 0; i < 8; i++) {
        kill_one(m, 1000 + 9000 * i);
    }
    /* A server may still be about what the last one had sent; this comes after it. */
    const okapi_propval_t comment = okapi_propval_str(PR_COMMENT, "after them");
    mailbox_must(okapi_object_set(okapi_folder_object(m->inbox), &comment, 1, pool), "set");
    mailbox_must(okapi_changes(&changes, &upto, m->store, okapi_folder_id(m->inbox), since, 10000,
                               pool, pool),
                 "changes");
    for (int i = 0; i < changes->nelts; i++) {
        const okapi_change_t *c = &APR_ARRAY_IDX(changes, i, okapi_change_t);
        if (is_whole(m, c->id, pool)) {
            whole++;
        } else {
            broken++;
        }
    }
    ok(whole >= 8, "killed processes saved %d messages", whole);
    is_int(broken, 0, "none by half");
    is_int(stat_of(m, pool).content - before.content, whole, "the folder counts them");
}

int main(int argc, char **argv)
{
    apr_pool_t *pool = tap_pool();
    mailbox_t m;
    if (argc > 2) {
        m.config = (okapi_config_t){.path = "okapi.conf", .database = argv[1], .run_dir = argv[2],
                                    .domain = "example.org", .server_name = "mail.example.org",
                                    .connections = 1};
        mailbox_open(&m, pool);
        save_for_ever(&m, pool);
    }
    mailbox_create(&m, pool);
    test_basics(&m, pool);
    test_large(&m, pool);
    test_conflict(&m, pool);
    test_attachments(&m, pool);
    test_embedded(&m, pool);
    test_killed(&m, pool);
    return done_testing();
}
