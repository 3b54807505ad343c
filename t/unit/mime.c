/* mime.c - Internet mail becomes a message: each kind of message, and those that mean harm. */
#include <okapi/mime.h>
#include <okapi/named.h>

#include "mailbox.h"

#define MULTIPART(subtype, boundary)                                                               \
    "Content-Type: multipart/" subtype "; boundary=\"" boundary "\"\r\n\r\n"

/* A message converted in memory, not saved; *STATUS is for those that are refused. */
static okapi_message_t *convert_bytes(mailbox_t *m, okapi_binary_t raw, apr_status_t *status,
                                      apr_pool_t *pool)
{
    okapi_message_t *message;
    mailbox_must(okapi_message_create(&message, m->store, okapi_folder_id(m->inbox), 0, pool, pool),
                 "message create");
    *status = okapi_mime_to_message(message, raw, pool, pool);
    return message;
}

static okapi_message_t *convert(mailbox_t *m, const char *text, apr_pool_t *pool)
{
    apr_status_t status;
    okapi_binary_t raw = {(const unsigned char *)text, strlen(text)};
    okapi_message_t *message = convert_bytes(m, raw, &status, pool);
    mailbox_must(status, "conversion");
    return message;
}

static okapi_propval_t get(okapi_object_t *object, okapi_proptag_t tag, apr_pool_t *pool)
{
    okapi_propval_t value;
    mailbox_must(okapi_object_get(object, &tag, 1, 0, &value, pool, pool), "get");
    return value;
}

static const char *text_of(okapi_object_t *object, okapi_proptag_t tag, apr_pool_t *pool)
{
    okapi_propval_t value = get(object, tag, pool);
    return value.tag == tag ? value.v.str : NULL;
}

static int number_of(okapi_object_t *object, okapi_proptag_t tag, apr_pool_t *pool)
{
    okapi_propval_t value = get(object, tag, pool);
    if (value.tag != tag)
        return -1;
    return OKAPI_PROP_TYPE(tag) == PT_BOOLEAN ? value.v.boolean : value.v.i32;
}

static const char *bytes_of(okapi_object_t *object, okapi_proptag_t tag, apr_pool_t *pool)
{
    okapi_propval_t value = get(object, tag, pool);
    if (value.tag != tag)
        return NULL;
    return apr_pstrmemdup(pool, (const char *)value.v.bin.data, value.v.bin.len);
}

static okapi_object_t *attachment(okapi_message_t *message, int i, apr_pool_t *pool)
{
    okapi_attachment_t *found;
    mailbox_must(
        okapi_attachment_open(&found, message, okapi_message_attachment_num(message, i), pool),
        "attachment");
    return okapi_attachment_object(found);
}

static okapi_message_t *embedded(okapi_message_t *message, int i, apr_pool_t *pool)
{
    okapi_message_t *found;
    mailbox_must(
        okapi_attachment_embedded(&found, (okapi_attachment_t *)attachment(message, i, pool), pool),
        "embedded message");
    return found;
}

/* ---- headers ---- */

static void test_headers(mailbox_t *m, apr_pool_t *pool)
{
    static const char raw[] = "Return-Path: <bounce@example.net>\r\n"
                              "From: Jane Roe <jane@example.net>\r\n"
                              "Sender: <secretary@example.net>\r\n"
                              "To: John <john+tag@example.org>, team@example.net\r\n"
                              "Cc: =?utf-8?Q?M=C3=BCller?= <mueller@example.net>\r\n"
                              "Reply-To: a@example.net, B <b@example.net>\r\n"
                              "Subject: AW: Budget\r\n"
                              "Date: Mon, 23 Nov 2026 18:30:00 +0100\r\n"
                              "Message-ID: <1@example.net>\r\n"
                              "In-Reply-To: <0@example.net>\r\n"
                              "References: <0@example.net>\r\n <00@example.net>\r\n"
                              "Importance: High\r\nX-Priority: 5\r\n"
                              "Sensitivity: Private\r\n"
                              "Keywords: Red Category, money\r\n"
                              "Disposition-Notification-To: jane@example.net\r\n"
                              "\r\nHello\r\n";
    okapi_message_t *message = convert(m, raw, pool);
    okapi_object_t *object = okapi_message_object(message);
    static const struct {
        okapi_proptag_t tag;
        const char *text;
    } texts[] = {
        {PR_MESSAGE_CLASS, "IPM.Note"},
        {PR_SUBJECT, "AW: Budget"},
        {PR_NORMALIZED_SUBJECT, "Budget"},
        {PR_CONVERSATION_TOPIC, "Budget"},
        {PR_SENT_REPRESENTING_NAME, "Jane Roe"},
        {PR_SENT_REPRESENTING_ADDRTYPE, "SMTP"},
        {PR_SENT_REPRESENTING_EMAIL_ADDRESS, "jane@example.net"},
        {PR_SENDER_NAME, "secretary@example.net"},
        {PR_SENDER_SMTP_ADDRESS, "secretary@example.net"},
        {PR_INTERNET_MESSAGE_ID, "<1@example.net>"},
        {PR_IN_REPLY_TO_ID, "<0@example.net>"},
        {PR_INTERNET_REFERENCES, "<0@example.net> <00@example.net>"},
        {PR_REPLY_RECIPIENT_NAMES, "a@example.net;B"},
        {PR_BODY, "Hello\r\n"},
        {PR_DISPLAY_TO, "John; team@example.net"},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        is_str(text_of(object, texts[i].tag, pool), texts[i].text, "%s",
               okapi_proptag_name(texts[i].tag));
    is_str(bytes_of(object, PR_SENDER_SEARCH_KEY, pool), "SMTP:SECRETARY@EXAMPLE.NET",
           "search key");
    is_int(number_of(object, PR_IMPORTANCE, pool), 2, "the first header about importance counts");
    is_int(number_of(object, PR_SENSITIVITY, pool), 2, "sensitivity");
    is_int(number_of(object, PR_READ_RECEIPT_REQUESTED, pool), 1, "read receipt");
    is_int(get(object, PR_CLIENT_SUBMIT_TIME, pool).v.time,
           okapi_time_from_apr(apr_time_from_sec(1795455000)), "date");
    okapi_propval_t entries = get(object, PR_REPLY_RECIPIENT_ENTRIES, pool);
    is_int(entries.v.bin.data[0], 2, "two reply recipients");
    const char *headers = text_of(object, PR_TRANSPORT_MESSAGE_HEADERS, pool);
    ok(headers && strncmp(headers, "Return-Path:", 12) == 0 && strstr(headers, "Cc: =?utf-8?Q?") &&
           !strstr(headers, "Hello"),
       "the header section is kept as text");

    okapi_propname_t name = {okapi_ps_public_strings, MNID_STRING, 0, "Keywords"};
    apr_uint16_t id;
    mailbox_must(okapi_named_ids(m->store, &name, 1, 0, &id, pool), "named property");
    okapi_propval_t keywords = get(object, OKAPI_PROP_TAG(PT_MV_UNICODE, id), pool);
    is_int(keywords.v.mv.count, 2, "two categories");
    is_str(keywords.v.mv.v.str[0], "Red Category", "a category with a blank");

    is_int(okapi_message_recipient_count(message), 3, "three recipients");
    const okapi_recipient_t *john = okapi_message_recipient(message, 0);
    is_int(john->type, MAPI_TO, "To");
    is_str(okapi_props_str(john->props, PR_ADDRTYPE, ""), "EX", "a local user by the directory");
    is_str(okapi_props_str(john->props, PR_EMAIL_ADDRESS, ""),
           okapi_user_dn(m->okapi, m->user, pool), "by his name there");
    is_str(okapi_props_str(john->props, PR_SMTP_ADDRESS, ""), "john+tag@example.org",
           "as he was addressed");
    const okapi_recipient_t *mueller = okapi_message_recipient(message, 2);
    is_int(mueller->type, MAPI_CC, "Cc");
    is_str(okapi_props_str(mueller->props, PR_DISPLAY_NAME, ""), "Müller", "an encoded name");
    ok(okapi_props_get(mueller->props, PR_ENTRYID) != NULL, "a one-off entry id");

    object = okapi_message_object(convert(m,
                                          "Received: by x; Mon, 23 Nov 2026 18:30:00 +0100\n"
                                          "Date: gestern\nSubject: x\n\n",
                                          pool));
    is_int(get(object, PR_CLIENT_SUBMIT_TIME, pool).v.time,
           okapi_time_from_apr(apr_time_from_sec(1795455000)), "a Received date for a broken one");
}

/* ---- bodies ---- */

static void test_bodies(mailbox_t *m, apr_pool_t *pool)
{
    static const struct {
        const char *name, *raw, *text, *html;
        int codepage, attachments;
    } rows[] = {
        {"plain", "\nä\n", "ä\r\n", NULL, 65001, 0},
        {"declared", "Content-Type: text/plain; charset=iso-8859-1\n\n\xE4", "ä", NULL, 1252, 0},
        {"HTML keeps its bytes", "Content-Type: text/html; charset=iso-8859-1\n\n<p>\xE4", "ä",
         "<p>\xE4", 1252, 0},
        {"HTML that clients can't decode",
         "Content-Type: text/html; charset=unicode-1-1-utf-7\n\n<p>+AOQ-", "ä", "<p>ä", 65001, 0},
        {"HTML that says its charset itself",
         "Content-Type: text/html\n\n<meta charset=koi8-r>\xF0", "П", "<meta charset=koi8-r>\xF0",
         20866, 0},
        {"flowed", "Content-Type: text/plain; format=flowed\n\none \ntwo\n> a \n> b\n \n-- \nx\n",
         "one two\r\n> a b\r\n\r\n-- \r\nx\r\n", NULL, 20127, 0},
        {"flowed, delsp", "Content-Type: text/plain; format=flowed; delsp=yes\n\none \ntwo\n",
         "onetwo\r\n", NULL, 20127, 0},
        {"alternative",
         MULTIPART("alternative", "b") "--b\n\ntext\n--b\nContent-Type: text/html\n\n<b>t\n--b--",
         "text", "<b>t", 20127, 0},
        {"alternative, HTML first",
         MULTIPART("alternative", "b") "--b\nContent-Type: text/html\n\n<b>t\n--b\n\ntext\n--b--",
         "text", "<b>t", 20127, 0},
        {"alternative with an invitation",
         MULTIPART("alternative", "b") "--b\n\ntext\n--b\nContent-Type: text/calendar\n\nX\n--b--",
         "text", NULL, 20127, 1},
        {"several texts are joined", MULTIPART("mixed", "b") "--b\n\none\n--b\n\ntwo\n--b--",
         "one\r\ntwo", NULL, 65001, 0},
        {"text and HTML are joined as HTML",
         MULTIPART("mixed", "b") "--b\n\na<b\n--b\nContent-Type: text/html\n\n<p>c\n--b--",
         "a<b\r\nc", "<div>a&lt;b</div>\r\n<p>c", 65001, 0},
        {"a file between texts",
         MULTIPART("mixed", "b") "--b\n\none\n--b\nContent-Type: image/png\n\nX\n--b\n\ntwo\n--b--",
         "one\r\ntwo", NULL, 65001, 1},
        {"text that is a file",
         MULTIPART("mixed", "b") "--b\n\none\n--b\nContent-Disposition: attachment\n\ntwo\n--b--",
         "one", NULL, 20127, 1},
        {"named text is a file unless it comes first",
         MULTIPART("mixed", "b") "--b\nContent-Type: text/plain; name=a.txt\n\none\n"
                                 "--b\nContent-Type: text/plain; name=b.txt\n\ntwo\n--b--",
         "one", NULL, 20127, 1},
        {"signed by PGP",
         MULTIPART("signed", "b") "--b\n\none\n--b\nContent-Type: application/pgp-signature\n\n"
                                  "X\n--b--",
         "one", NULL, 20127, 1},
        {"a report",
         MULTIPART("report", "b") "--b\n\none\n--b\nContent-Type: message/delivery-status\n\nX\n"
                                  "--b\nContent-Type: text/plain\n\nheaders\n--b--",
         "one", NULL, 20127, 2},
        {"blank text beside HTML",
         MULTIPART("alternative", "b") "--b\n\n \n--b\nContent-Type: text/html\n\n<b>t\n--b--", "t",
         "<b>t", 20127, 0},
        {"quoted-printable", "Content-Transfer-Encoding: quoted-printable\n\na=3Db=\nc", "a=bc",
         NULL, 20127, 0},
        {"base64 without padding", "Content-Transfer-Encoding: base64\n\nYWI", "ab", NULL, 20127,
         0},
        {"uuencode stays text", "\nbegin 644 a\n#86)C\n`\nend\n",
         "begin 644 a\r\n#86)C\r\n`\r\nend\r\n", NULL, 20127, 0},
        {"no separator", "Subject: x\nthe body\n", "the body\r\n", NULL, 20127, 0},
        {"no headers", "the body", "the body", NULL, 20127, 0},
        {"CR alone", "Subject: x\r\rone\rtwo\r", "one\r\ntwo\r\n", NULL, 20127, 0},
        {"a mailbox file's line", "From x@y Mon Nov 23\nSubject: x\n\nbody", "body", NULL, 20127,
         0},
        {"nothing", "", "", NULL, 20127, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        okapi_message_t *message = convert(m, rows[i].raw, pool);
        okapi_object_t *object = okapi_message_object(message);
        is_str(text_of(object, PR_BODY, pool), rows[i].text, "%s: text", rows[i].name);
        is_str(bytes_of(object, PR_HTML, pool), rows[i].html, "%s: HTML", rows[i].name);
        is_int(number_of(object, PR_INTERNET_CPID, pool), rows[i].codepage, "%s: code page",
               rows[i].name);
        is_int(okapi_message_attachment_count(message), rows[i].attachments, "%s: attachments",
               rows[i].name);
    }
}

/* ---- attachments ---- */

static void test_attachments(mailbox_t *m, apr_pool_t *pool)
{
    static const char raw[] = MULTIPART("mixed", "o") "--o\n" MULTIPART(
        "related",
        "i") "--i\nContent-Type: text/html\n\n<img src=\"cid:logo%40x\">\n"
             "--i\nContent-Type: image/png\nContent-ID: <logo@x>\n"
             "Content-Transfer-Encoding: base64\n\niVBORw==\n--i--\n"
             "--o\nContent-Type: application/pdf; name=x\n"
             "Content-Disposition: attachment;\n filename*=utf-8''%C3%9Cber%20alles.pdf\n\n"
             "one\r\ntwo\r\n\n"
             "--o\nContent-Type: text/plain; charset=koi8-r\n"
             "Content-Disposition: attachment; filename=\"../../etc/passwd\"\n\n\xF0\n"
             "--o--\n";
    okapi_message_t *message = convert(m, raw, pool);
    is_int(okapi_message_attachment_count(message), 3, "three attachments");

    okapi_object_t *image = attachment(message, 0, pool);
    is_int(number_of(image, PR_ATTACHMENT_HIDDEN, pool), 1,
           "a shown image is hidden from the list");
    is_int(number_of(image, PR_ATTACH_FLAGS, pool), 4, "and marked as shown");
    is_str(text_of(image, PR_ATTACH_CONTENT_ID, pool), "logo@x", "content id");
    is_str(text_of(image, PR_ATTACH_LONG_FILENAME, pool), "ATT00001.png", "it gets a name");
    is_str(bytes_of(image, PR_ATTACH_DATA_BIN, pool), "\x89PNG", "decoded bytes");

    okapi_object_t *file = attachment(message, 1, pool);
    is_int(number_of(file, PR_ATTACHMENT_HIDDEN, pool), 0, "a file isn't hidden");
    is_str(text_of(file, PR_ATTACH_LONG_FILENAME, pool), "Über alles.pdf", "long name");
    is_str(text_of(file, PR_ATTACH_FILENAME, pool), "berall~1.pdf", "8.3 name");
    is_str(text_of(file, PR_ATTACH_EXTENSION, pool), ".pdf", "extension");
    is_str(text_of(file, PR_ATTACH_MIME_TAG, pool), "application/pdf", "type");
    is_str(bytes_of(file, PR_ATTACH_DATA_BIN, pool), "one\r\ntwo\r\n", "bytes as they came");
    is_int(number_of(file, PR_RENDERING_POSITION, pool), -1, "not in the text");

    okapi_object_t *text = attachment(message, 2, pool);
    is_str(text_of(text, PR_ATTACH_LONG_FILENAME, pool), "passwd", "a name has no directories");
    is_str(text_of(text, PR_TEXT_ATTACHMENT_CHARSET, pool), "koi8-r", "its charset");
    is_str(bytes_of(text, PR_ATTACH_DATA_BIN, pool), "\xF0", "bytes aren't converted");
}

static void test_alternatives(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *message =
        convert(m,
                MULTIPART("alternative", "b") "--b\n\none\n--b\nContent-Type: text/watch-html\n\n"
                                              "x\n--b\nContent-Type: text/calendar\n\nx\n--b\n"
                                              "Content-Type: application/pdf\n\nx\n--b--",
                pool);
    is_int(okapi_message_attachment_count(message), 3, "three more forms of a text");
    is_int(number_of(attachment(message, 0, pool), PR_ATTACHMENT_HIDDEN, pool), 1,
           "text nobody misses is hidden");
    is_int(number_of(attachment(message, 1, pool), PR_ATTACHMENT_HIDDEN, pool), 0,
           "an invitation isn't");
    is_int(number_of(attachment(message, 2, pool), PR_ATTACHMENT_HIDDEN, pool), 0,
           "nor is a document");
}

static void test_embedded(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *message =
        convert(m,
                MULTIPART("mixed", "o") "--o\n\nsee\n--o\nContent-Type: message/rfc822\n\n"
                                        "Subject: inner\nFrom: a@x\nTo: b@x\n\nbody\n"
                                        "--o\nContent-Type: message/rfc822\n"
                                        "Content-Transfer-Encoding: base64\n\n"
                                        "U3ViamVjdDogZW5jb2RlZAoKYm9keTI=\n--o--",
                pool);
    is_int(okapi_message_attachment_count(message), 2, "two embedded messages");
    okapi_message_t *inner = embedded(message, 0, pool);
    is_str(text_of(okapi_message_object(inner), PR_SUBJECT, pool), "inner", "its subject");
    is_str(text_of(okapi_message_object(inner), PR_BODY, pool), "body", "its body");
    is_int(okapi_message_recipient_count(inner), 1, "its recipient");
    is_int(number_of(okapi_message_object(inner), PR_MESSAGE_FLAGS, pool) & MSGFLAG_UNSENT, 0,
           "it isn't a draft");
    is_str(text_of(attachment(message, 0, pool), PR_DISPLAY_NAME, pool), "inner",
           "shown by its subject");
    inner = embedded(message, 1, pool);
    is_str(text_of(okapi_message_object(inner), PR_SUBJECT, pool), "encoded",
           "a message in a transfer encoding");
}

static void test_smime(mailbox_t *m, apr_pool_t *pool)
{
    static const char clear[] =
        "Subject: s\r\nContent-Type: multipart/signed; "
        "protocol=\"application/pkcs7-signature\";\r\n"
        " boundary=b\r\nX-Other: 1\r\n\r\n--b\r\n\r\nsigned  \r\n--b\r\n"
        "Content-Type: application/pkcs7-signature\r\n\r\nSIG\r\n--b--\r\nepilogue";
    okapi_message_t *message = convert(m, clear, pool);
    okapi_object_t *object = okapi_message_object(message);
    is_str(text_of(object, PR_MESSAGE_CLASS, pool), "IPM.Note.SMIME.MultipartSigned",
           "clear-signed");
    is_str(text_of(object, PR_BODY, pool), "signed  ", "its text is readable");
    is_int(okapi_message_attachment_count(message), 1, "one attachment");
    is_str(text_of(attachment(message, 0, pool), PR_ATTACH_MIME_TAG, pool), "multipart/signed",
           "of the whole");
    is_str(bytes_of(attachment(message, 0, pool), PR_ATTACH_DATA_BIN, pool),
           "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\";\r\n"
           " boundary=b\r\n\r\n--b\r\n\r\nsigned  \r\n--b\r\n"
           "Content-Type: application/pkcs7-signature\r\n\r\nSIG\r\n--b--\r\nepilogue",
           "with every byte");

    message = convert(m,
                      "Content-Type: application/pkcs7-mime; name=smime.p7m\n"
                      "Content-Transfer-Encoding: base64\n\nAQID\n",
                      pool);
    object = okapi_message_object(message);
    is_str(text_of(object, PR_MESSAGE_CLASS, pool), "IPM.Note.SMIME", "encrypted");
    ok(text_of(object, PR_BODY, pool) == NULL, "it has no text");
    is_str(bytes_of(attachment(message, 0, pool), PR_ATTACH_DATA_BIN, pool), "\1\2\3", "its CMS");
}

/* ---- harm ---- */

/* HEAD, then N times PART. */
static okapi_binary_t repeated(const char *head, const char *part, int n, apr_pool_t *pool)
{
    apr_size_t head_len = strlen(head), part_len = strlen(part);
    char *text = apr_palloc(pool, head_len + part_len * (apr_size_t)n + 1);
    memcpy(text, head, head_len);
    for (int i = 0; i < n; i++)
        memcpy(text + head_len + part_len * (apr_size_t)i, part, part_len);
    okapi_binary_t raw = {(unsigned char *)text, head_len + part_len * (apr_size_t)n};
    return raw;
}

static int depth_of(okapi_message_t *message, apr_pool_t *pool)
{
    int depth = 0;
    okapi_message_t *inner;
    while (okapi_message_attachment_count(message) == 1) {
        okapi_attachment_t *a = (okapi_attachment_t *)attachment(message, 0, pool);
        if (okapi_attachment_embedded(&inner, a, pool) != APR_SUCCESS)
            break;
        message = inner;
        depth++;
    }
    return depth;
}

static void test_harm(mailbox_t *m, apr_pool_t *pool)
{
    apr_status_t status;
    okapi_binary_t raw;
    okapi_message_t *message;

    raw = repeated("", "Content-Type: message/rfc822\n\n", 10000, pool);
    message = convert_bytes(m, raw, &status, pool);
    is_int(status, APR_SUCCESS, "10,000 messages inside each other");
    is_int(depth_of(message, pool), m->config.mime_depth, "are taken apart as deep as configured");
    mailbox_must(okapi_message_save(message, OKAPI_SAVE_DELIVERY, pool), "save");

    raw = repeated(MULTIPART("mixed", "b"), "--b\n" MULTIPART("mixed", "b"), 10000, pool);
    message = convert_bytes(m, raw, &status, pool);
    is_int(status, APR_SUCCESS, "10,000 multiparts inside each other");

    raw = repeated(MULTIPART("mixed", "b"), "--b\n\nx\n", 1000000, pool);
    message = convert_bytes(m, raw, &status, pool);
    is_int(status, APR_SUCCESS, "1,000,000 parts");
    const char *rest = bytes_of(attachment(message, 0, pool), PR_ATTACH_DATA_BIN, pool);
    is_int(okapi_message_attachment_count(message), 1, "what is too much stays one attachment");
    is_int(rest ? strncmp(rest, "--b\n\nx\n--b", 10) : 1, 0, "with all of it");

    raw = repeated("X: ", "a", (int)m->config.max_header, pool);
    convert_bytes(m, raw, &status, pool);
    is_int(status, OKAPI_ETOOBIG, "a header section beyond the maximum is refused");
    raw = repeated("", "X: a\n", (int)m->config.max_header / 5 + 1, pool);
    convert_bytes(m, raw, &status, pool);
    is_int(status, OKAPI_ETOOBIG, "so are too many headers");
    m->config.max_message = 1000;
    raw = repeated("", "a", 1001, pool);
    convert_bytes(m, raw, &status, pool);
    is_int(status, OKAPI_ETOOBIG, "so is a message");
    m->config.max_message = 100 * 1024 * 1024;

    raw = repeated("To: ", "a,", 300000, pool);
    message = convert_bytes(m, raw, &status, pool);
    is_int(okapi_message_recipient_count(message), 10000, "recipients are bounded");
    raw = repeated("\n", "a", 1 << 20, pool);
    message = convert_bytes(m, raw, &status, pool);
    is_int((long long)strlen(text_of(okapi_message_object(message), PR_BODY, pool)), 1 << 20,
           "a line of 1 MB");
    static const char nul[] = "Subject: a\0b\n\nc\0d";
    okapi_binary_t with_nul = {(const unsigned char *)nul, sizeof(nul) - 1};
    message = convert_bytes(m, with_nul, &status, pool);
    is_str(text_of(okapi_message_object(message), PR_SUBJECT, pool), "ab", "NUL in a header");
    is_str(text_of(okapi_message_object(message), PR_BODY, pool), "cd", "NUL in the text");
}

static void test_kept(mailbox_t *m, apr_pool_t *pool)
{
    static const char text[] = "Subject: x\nX-Odd :\t1\r\n\r\nkept\0\xFF";
    okapi_binary_t raw = {(const unsigned char *)text, sizeof(text) - 1}, kept;
    okapi_stream_t *stream;
    okapi_message_t *saved;
    apr_status_t status;
    okapi_message_t *message = convert_bytes(m, raw, &status, pool);
    mailbox_must(okapi_message_save(message, OKAPI_SAVE_DELIVERY, pool), "save");
    mailbox_must(okapi_message_open(&saved, m->store, 0, okapi_message_id(message), pool, pool),
                 "open");
    mailbox_must(okapi_message_raw(&stream, saved, pool, pool), "raw");
    mailbox_must(okapi_stream_read_all(stream, 1000, &kept, pool, pool), "read");
    is_mem(kept.data, kept.len, raw.data, raw.len, "the message's own bytes are kept");
}

int main(void)
{
    static void (*const tests[])(mailbox_t * m, apr_pool_t * pool) = {
        test_headers,  test_bodies, test_attachments, test_alternatives,
        test_embedded, test_smime,  test_harm,        test_kept,
    };
    apr_pool_t *root = tap_pool();
    mailbox_t m;
    mailbox_create(&m, root);
    okapi_mime_init();
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        apr_pool_t *pool;
        apr_pool_create(&pool, root);
        tests[i](&m, pool);
        apr_pool_destroy(pool);
    }
    return done_testing();
}
