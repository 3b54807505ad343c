/* tnef.c - TNEF streams as messages and back: everything a message has, the attributes of Microsoft
 * Mail, and what is refused. */
#include <okapi/mime.h>

#include "tnef.h"
#include "item_sample.h"

static okapi__item_t *read_stream(okapi_binary_t stream, apr_status_t *status, apr_pool_t *pool)
{
    okapi__item_limits_t limits = OKAPI__ITEM_LIMITS;
    okapi__item_t *item;
    const char *why;
    *status = okapi__tnef_read(&item, &why, stream, &limits, pool);
    if (*status != APR_SUCCESS)
        diag("%s", why);
    return item;
}

static void test_round_trip(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *message = sample_message(m, pool), *again;
    okapi__item_t *before, *after, *item;
    okapi_binary_t stream;
    const char *why;
    apr_status_t status;
    apr_array_header_t *files;
    mailbox_must(okapi_message_save(message, 0, pool), "save");
    mailbox_must(okapi_tnef_from_message(&stream, message, "<1@example.org>", pool, pool), "write");
    mailbox_must(okapi_message_create(&again, m->store, okapi_folder_id(m->inbox), 0, pool, pool),
                 "create");
    mailbox_must(okapi_tnef_to_message(again, &why, stream, pool, pool), "read");
    mailbox_must(okapi_message_save(again, 0, pool), "save");
    mailbox_must(okapi__item_of_message(&before, message, pool, pool), "before");
    mailbox_must(okapi__item_of_message(&after, again, pool, pool), "after");
    ok(sample_same(before, after, pool), "everything comes back");
    item = read_stream(stream, &status, pool);
    const okapi_propval_t *key = okapi__item_get(item->props, PR_TNEF_CORRELATION_KEY);
    is_mem(key->v.bin.data, key->v.bin.len, "<1@example.org>", 16, "the key has its zero");
    mailbox_must(okapi_tnef_files(&files, &why, stream, pool), "files");
    is_int(files->nelts, 3, "the files are listed without a store");
    is_str(APR_ARRAY_IDX(files, 0, okapi_tnef_file_t).name, "Gr\xC3\xB6\xC3\x9F" "e.txt", "a name");
    is_int(APR_ARRAY_IDX(files, 0, okapi_tnef_file_t).data.len, SAMPLE_LARGE, "its bytes");
    for (apr_size_t n = 0; n < stream.len; n += n < 3000 ? 1 : 997) { /* none may be read beyond */
        okapi__item_limits_t limits = OKAPI__ITEM_LIMITS;
        okapi_binary_t part = {apr_pmemdup(pool, stream.data, n + 1), n};
        okapi__tnef_read(&item, &why, part, &limits, pool);
    }
}

/* ---- mail that carries a stream ---- */

static okapi_message_t *mail_of(mailbox_t *m, const char *headers, okapi_binary_t stream,
                                apr_pool_t *pool)
{
    static const char text[] = "MIME-Version: 1.0\r\nFrom: anna@example.net\r\nSubject: outside\r\n"
                               "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
                               "--b\r\n\r\nplain\r\n--b\r\nContent-Type: application/ms-tnef;"
                               " name=winmail.dat\r\nContent-Transfer-Encoding: binary\r\n\r\n";
    okapi_message_t *message;
    okapi_writer_t w;
    okapi_writer_init(&w, stream.len + 1000, stream.len + 1000, pool);
    okapi_write_bytes(&w, headers, strlen(headers));
    okapi_write_bytes(&w, text, sizeof(text) - 1);
    okapi_write_bytes(&w, stream.data, stream.len);
    okapi_write_bytes(&w, "\r\n--b--\r\n", 9);
    okapi_binary_t raw = {w.data, w.len};
    mailbox_must(okapi_message_create(&message, m->store, okapi_folder_id(m->inbox), 0, pool, pool),
                 "create");
    mailbox_must(okapi_mime_to_message(message, raw, pool, pool), "convert");
    mailbox_must(okapi_message_save(message, 0, pool), "save");
    okapi_stream_t *kept;
    okapi_binary_t bytes;
    mailbox_must(okapi_message_raw(&kept, message, pool, pool), "raw");
    mailbox_must(okapi_stream_read_all(kept, raw.len + 1, &bytes, pool, pool), "raw");
    is_mem(bytes.data, bytes.len, raw.data, raw.len, "the mail is kept as it came");
    return message;
}

static void test_mail(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *message = sample_message(m, pool), *mail;
    okapi__item_t *item;
    okapi_binary_t stream;
    mailbox_must(okapi_message_save(message, 0, pool), "save");
    mailbox_must(okapi_tnef_from_message(&stream, message, "<1@example.org>", pool, pool), "write");
    mail = mail_of(m, "Message-ID: <1@example.org>\r\n", stream, pool);
    mailbox_must(okapi__item_of_message(&item, mail, pool, pool), "item");
    is_str(okapi__item_str(item->props, PR_MESSAGE_CLASS, ""), "IPM.Schedule.Meeting.Request",
           "the stream says what it is");
    is_str(okapi__item_str(item->props, PR_SUBJECT, ""), "outside", "headers what they say");
    is_str(okapi__item_str(item->props, PR_BODY, ""), "plain", "a body it lacks is the mail's");
    ok(okapi__item_get(item->props, PR_RTF_COMPRESSED) != NULL, "and the other the stream's");
    is_int(item->attachments->nelts, 3, "its attachments are the mail's");
    is_int(item->recipients->nelts, 1, "and its recipients, where headers name none");
    mail = mail_of(m, "Message-ID: <2@example.org>\r\n", stream, pool);
    mailbox_must(okapi__item_of_message(&item, mail, pool, pool), "item");
    is_str(okapi__item_str(item->props, PR_MESSAGE_CLASS, ""), "IPM.Note", "another mail's stream");
    is_int(item->attachments->nelts, 1, "is a file");
    stream.len = 100;
    mail = mail_of(m, "", stream, pool);
    is_int(okapi_message_attachment_count(mail), 1, "so is a broken one");
}

/* ---- attributes ---- */

static void attribute(okapi_writer_t *w, int level, apr_uint32_t id, const void *data,
                      apr_size_t len)
{
    okapi_write_u8(w, (apr_byte_t)level);
    okapi_write_u32(w, id);
    okapi_write_u32(w, (apr_uint32_t)len);
    okapi_write_bytes(w, data, len);
    okapi_write_u16(w, 0x1234); /* a wrong checksum is no matter */
}

static void begin(okapi_writer_t *w, apr_pool_t *pool)
{
    okapi_writer_init(w, 1024, 64 * 1024 * 1024, pool);
    okapi_write_u32(w, OKAPI__TNEF_SIGNATURE);
    okapi_write_u16(w, 1);
}

static okapi_binary_t bytes_of(const okapi_writer_t *w)
{
    okapi_binary_t bytes = {w->data, w->len};
    return bytes;
}

static void test_attributes(apr_pool_t *pool)
{
    okapi_writer_t w;
    apr_status_t status;
    begin(&w, pool);
    attribute(&w, 1, attOemCodepage, "\xE3\x04\0\0\0\0\0\0", 8); /* 1251 */
    attribute(&w, 1, attMessageClass, "IPM.Microsoft Schedule.MtgRespP", 32);
    attribute(&w, 1, attSubject, "\xD4", 2);
    attribute(&w, 1, attBody, "text", 5);
    attribute(&w, 1, attPriority, "\1", 2);
    attribute(&w, 1, attMessageStatus, "\x22", 1);
    attribute(&w, 1, attMessageID, "0A1b", 5);
    attribute(&w, 1, attDateSent, "\xD4\x07\x02\0\x11\0\x0B\0\x19\0\x23\0\x02\0", 14);
    attribute(&w, 1, attDateStart, "\xD4\x07\x0D\0\x11\0\x0B\0\x19\0\x23\0\x02\0", 14);
    attribute(&w, 1, attFrom, "\4\0\x20\0\5\0\x0A\0Anna\0SMTP:a@b\0", 23);
    attribute(&w, 1, attOwner, "\4\0Ben\0\x0A\0SMTP:b@c\0", 18);
    attribute(&w, 1, attRequestRes, "\1", 2);
    attribute(&w, 2, attAttachRendData, "\1\0\5\0\0\0\0\0\0\0\0\0\0\0", 14);
    attribute(&w, 2, attAttachTitle, "a.txt", 6);
    attribute(&w, 2, attAttachData, "hello", 5);
    attribute(&w, 2, 0x9002, "\1\0\6\0\0\0\0\0\0\0\0\0\0\0", 14); /* without its kind */
    attribute(&w, 2, attAttachTitle, "b.txt", 6);
    attribute(&w, 2, attAttachMetaFile, "m", 1);
    okapi_write_bytes(&w, "garbage", 7);
    okapi__item_t *item = read_stream(bytes_of(&w), &status, pool);
    is_int(status, APR_SUCCESS, "old attributes are read");
    const apr_array_header_t *p = item->props;
    is_str(okapi__item_str(p, PR_MESSAGE_CLASS, ""), "IPM.Schedule.Meeting.Resp.Pos", "class");
    is_str(okapi__item_str(p, PR_SUBJECT, ""), "\xD0\xA4", "subject, of its code page");
    is_str(okapi__item_str(p, PR_BODY, ""), "text", "body");
    is_int(okapi__item_int(p, PR_IMPORTANCE, -1), 2, "importance");
    is_int(okapi__item_int(p, PR_MESSAGE_FLAGS, -1),
           MSGFLAG_READ | MSGFLAG_UNSENT | MSGFLAG_UNMODIFIED, "status");
    const okapi_propval_t *key = okapi__item_get(p, PR_SEARCH_KEY);
    is_mem(key->v.bin.data, key->v.bin.len, "\x0A\x1B", 2, "message id");
    const okapi_propval_t *sent = okapi__item_get(p, PR_CLIENT_SUBMIT_TIME);
    is_int(sent->v.time, 127214907350000000, "date");
    ok(!okapi__item_get(p, PR_START_DATE), "a thirteenth month is none");
    is_str(okapi__item_str(p, PR_SENDER_NAME, ""), "Anna", "sender");
    is_str(okapi__item_str(p, PR_SENDER_EMAIL_ADDRESS, ""), "a@b", "its address");
    is_str(okapi__item_str(p, PR_RCVD_REPRESENTING_NAME, ""), "Ben", "a response's owner");
    ok(okapi__item_get(p, PR_RESPONSE_REQUESTED)->v.boolean, "response requested");
    is_int(item->attachments->nelts, 2, "two attachments");
    const okapi__item_file_t *files = (const okapi__item_file_t *)item->attachments->elts;
    is_str(okapi__item_file_name(&files[0]), "a.txt", "one name");
    is_mem(files[0].data.data, files[0].data.len, "hello", 5, "its data");
    is_int(files[0].method, ATTACH_BY_VALUE, "is by value");
    is_int(okapi__item_int(files[1].props, PR_RENDERING_POSITION, -1), 6, "the other's position");
    is_int(files[1].method, 0, "has no data");
}

/* ---- what is refused ---- */

/* N messages inside each other, made from the inside. */
static okapi_binary_t nested(int n, apr_pool_t *pool)
{
    okapi_writer_t inner, outer, props;
    begin(&inner, pool);
    attribute(&inner, 1, attSubject, "in", 3);
    for (; n > 0; n--) {
        okapi_writer_init(&props, 1024, 64 * 1024 * 1024, pool);
        okapi_write_u32(&props, 1);
        okapi_write_u32(&props, PR_ATTACH_DATA_OBJ);
        okapi_write_u32(&props, 1);
        okapi_write_u32(&props, (apr_uint32_t)inner.len + 16);
        okapi_write_guid(&props, &okapi__iid_message);
        okapi_write_bytes(&props, inner.data, inner.len);
        begin(&outer, pool);
        attribute(&outer, 2, attAttachment, props.data, props.len);
        inner = outer;
    }
    return bytes_of(&inner);
}

static void test_refused(apr_pool_t *pool)
{
    okapi_writer_t w;
    apr_status_t status;
    okapi_binary_t empty = {(const unsigned char *)"", 0};
    read_stream(empty, &status, pool);
    is_int(status, OKAPI_EFORMAT, "nothing is no stream");
    begin(&w, pool);
    read_stream(bytes_of(&w), &status, pool);
    is_int(status, OKAPI_EFORMAT, "nor is a signature alone");
    attribute(&w, 1, attMsgProps, "\xFF\xFF\xFF\xFF\3\0\x17\0\1\0\0\0", 12);
    read_stream(bytes_of(&w), &status, pool);
    is_int(status, OKAPI_EFORMAT, "more properties than there are bytes");
    begin(&w, pool);
    attribute(&w, 1, attMsgProps, "\1\0\0\0\x1E\x10\x17\0\xFF\xFF\xFF\x7F\1\0\0\0", 16);
    read_stream(bytes_of(&w), &status, pool);
    is_int(status, OKAPI_EFORMAT, "more values than there are bytes");
    begin(&w, pool);
    for (int i = 0; i < 3000; i++)
        attribute(&w, 2, attAttachRendData, "\1\0", 2);
    read_stream(bytes_of(&w), &status, pool);
    is_int(status, OKAPI_ETOOCOMPLEX, "too many attachments");
    begin(&w, pool);
    okapi_write_u8(&w, 1);
    okapi_write_u32(&w, attRecipTable);
    okapi_write_u32(&w, 4 + 4000000);
    okapi_write_u32(&w, 1000000);
    okapi_write_bytes(&w, apr_pcalloc(pool, 4000002), 4000002);
    read_stream(bytes_of(&w), &status, pool);
    is_int(status, OKAPI_ETOOCOMPLEX, "a million recipients");
    begin(&w, pool);
    for (int i = 0; i < 1000000; i++)
        attribute(&w, 1, attBody, "", 1);
    read_stream(bytes_of(&w), &status, pool);
    is_int(status, OKAPI_ETOOCOMPLEX, "a million attributes");
    read_stream(nested(10, pool), &status, pool);
    is_int(status, APR_SUCCESS, "ten messages in each other");
    read_stream(nested(300, pool), &status, pool);
    is_int(status, OKAPI_ETOOCOMPLEX, "three hundred");
}

/* Names that nobody uses can't fill the store. */
static void test_names(mailbox_t *m, apr_pool_t *pool)
{
    enum { NAMES = 9000 };
    okapi_propname_t *names = apr_pcalloc(pool, sizeof(*names) * NAMES);
    apr_uint16_t *ids = apr_pcalloc(pool, sizeof(*ids) * NAMES);
    int made = 0;
    for (int i = 0; i < NAMES; i++) {
        names[i].guid = i == NAMES - 1 ? okapi_psetid_common : okapi_ps_public_strings;
        names[i].kind = i == NAMES - 1 ? MNID_ID : MNID_STRING;
        names[i].lid = 0x8501;
        names[i].name = apr_psprintf(pool, "strange %d", i);
    }
    mailbox_must(okapi__item_name_ids(m->store, names, NAMES, ids, pool), "names");
    for (int i = 0; i < NAMES; i++)
        made += ids[i] != 0;
    ok(made > 8000 && made < 8200, "%d of %d names are made", made, NAMES);
    ok(ids[0] && ids[NAMES - 1] && !ids[NAMES - 2], "known ones are among them");
}

int main(void)
{
    static mailbox_t mailbox;
    apr_pool_t *pool = tap_pool();
    mailbox_create(&mailbox, pool);
    mailbox_open(&mailbox, pool);
    test_round_trip(&mailbox, pool);
    test_mail(&mailbox, pool);
    test_attributes(pool);
    test_refused(pool);
    test_names(&mailbox, pool);
    return done_testing();
}
