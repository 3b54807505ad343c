/* mime_write.c - messages as Internet mail: each kind of field, body and attachment, what comes
 * back of it, and what means harm. */
#include <okapi/entryid.h>
#include <okapi/mime.h>
#include <okapi/named.h>
#include <okapi/rtf.h>

#include "mailbox.h"

static okapi_message_t *create(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *message;
    mailbox_must(okapi_message_create(&message, m->store, okapi_folder_id(m->inbox), 0, pool, pool),
                 "create");
    return message;
}

static void set(okapi_message_t *message, okapi_propval_t value, apr_pool_t *pool)
{
    mailbox_must(okapi_object_set(okapi_message_object(message), &value, 1, pool), "set");
}

static void set_named(okapi_message_t *message, okapi_propname_t name, okapi_propval_t value,
                      apr_pool_t *pool)
{
    apr_uint16_t id;
    mailbox_must(okapi_named_ids(okapi_message_store(message), &name, 1, 1, &id, pool), "name");
    value.tag = OKAPI_PROP_TAG(value.tag, id);
    set(message, value, pool);
}

static okapi_binary_t bytes_of(okapi_message_t *message, int flags, apr_pool_t *pool)
{
    okapi_binary_t raw;
    mailbox_must(okapi_mime_from_message(&raw, message, flags, pool, pool), "write");
    return raw;
}

static const char *written(okapi_message_t *message, int flags, apr_pool_t *pool)
{
    okapi_binary_t raw = bytes_of(message, flags, pool);
    return apr_pstrmemdup(pool, (const char *)raw.data, raw.len);
}

static int has(const char *text, const char *part)
{
    int found = strstr(text, part) != NULL;
    if (!found)
        diag("no \"%s\" in:\n%s", part, text);
    return found;
}

static okapi_message_t *reread(mailbox_t *m, okapi_message_t *message, int flags, apr_pool_t *pool)
{
    okapi_message_t *again = create(m, pool);
    mailbox_must(okapi_mime_to_message(again, bytes_of(message, flags, pool), pool, pool), "read");
    return again;
}

static okapi_propval_t get(okapi_object_t *object, okapi_proptag_t tag, apr_pool_t *pool)
{
    okapi_propval_t value;
    mailbox_must(okapi_object_get(object, &tag, 1, 0, &value, pool, pool), "get");
    return value;
}

static okapi_message_t *read_text(mailbox_t *m, const char *text, apr_pool_t *pool)
{
    okapi_message_t *message = create(m, pool);
    okapi_binary_t raw = {(const unsigned char *)text, strlen(text)};
    mailbox_must(okapi_mime_to_message(message, raw, pool, pool), "read");
    return message;
}

static const char *text_of(okapi_message_t *message, okapi_proptag_t tag, apr_pool_t *pool)
{
    okapi_propval_t value = get(okapi_message_object(message), tag, pool);
    return value.tag == tag ? value.v.str : "(none)";
}

static void add_recipient(okapi_message_t *message, int type, const char *name, const char *address)
{
    okapi_recipient_t *r = okapi_message_add_recipient(message, type);
    okapi_props_set_str(r->props, PR_DISPLAY_NAME, name);
    okapi_props_set_str(r->props, PR_ADDRTYPE, "SMTP");
    okapi_props_set_str(r->props, PR_EMAIL_ADDRESS, address);
}

static okapi_attachment_t *attach(okapi_message_t *message, const char *name, const char *type,
                                  const char *data, apr_pool_t *pool)
{
    okapi_attachment_t *a = okapi_attachment_create(message, ATTACH_BY_VALUE);
    const okapi_propval_t values[] = {okapi_propval_str(PR_ATTACH_LONG_FILENAME, name),
                                      okapi_propval_str(PR_ATTACH_MIME_TAG, type)};
    okapi_attachment_set_data(a, (okapi_binary_t){(const unsigned char *)data, strlen(data)});
    mailbox_must(okapi_object_set(okapi_attachment_object(a), values, 2, pool), "attachment");
    return a;
}

/* ---- fields ---- */

static void test_names_alone(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *message = create(m, pool);
    for (int i = 0; i < 20; i++)
        add_recipient(message, MAPI_CC, "Nobody's, Address", "Nobody's, Address");
    ok(has(written(message, 0, pool), ", \r\n \"Nobody's, Address\", \"Nobody's, Address\""),
       "names without addresses are folded, too");
}

static void test_people(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *message = create(m, pool);
    okapi_binary_t dn =
        okapi_entryid_addressbook(okapi_user_dn(m->okapi, m->user, pool), 0, pool);
    set(message, okapi_propval_str(PR_SENT_REPRESENTING_NAME, "Jürgen Groß"), pool);
    set(message, okapi_propval_str(PR_SENT_REPRESENTING_ADDRTYPE, "SMTP"), pool);
    set(message, okapi_propval_str(PR_SENT_REPRESENTING_EMAIL_ADDRESS, "j@example.com"), pool);
    set(message, okapi_propval_str(PR_SENDER_NAME, "John Doe"), pool);
    set(message, okapi_propval_bin(PR_SENDER_ENTRYID, dn.data, dn.len), pool);
    add_recipient(message, MAPI_TO, "Doe, Jane \"J\"", "jane@example.com");
    add_recipient(message, MAPI_TO, "only@example.com", "only@example.com");
    add_recipient(message, MAPI_CC, "用户", "用户@example.com");
    add_recipient(message, MAPI_CC, "odd", "a b@example.com");
    add_recipient(message, MAPI_BCC, "secret", "secret@example.com");
    okapi_recipient_t *fax = okapi_message_add_recipient(message, MAPI_CC);
    okapi_props_set_str(fax->props, PR_DISPLAY_NAME, "Fax");
    okapi_props_set_str(fax->props, PR_ADDRTYPE, "FAX");
    okapi_props_set_str(fax->props, PR_EMAIL_ADDRESS, "+49 1");
    const char *text = written(message, 0, pool);
    ok(has(text, "From: =?utf-8?Q?J=C3=BCrgen_Gro=C3=9F?= <j@example.com>\r\n"), "who it's from");
    ok(has(text, "Sender: John Doe <john@example.org>\r\n"), "who sent it, by the address book");
    ok(has(text, "To: \"Doe, Jane \\\"J\\\"\" <jane@example.com>, only@example.com\r\n"), "to");
    ok(has(text, "<用户@example.com>"), "an address that isn't ASCII stands");
    ok(has(text, "odd <\"a b\"@example.com>"), "one that has to be is quoted");
    ok(has(text, "Fax <IMCEAFAX-+2B49+201@example.org>"), "one of another kind is encapsulated");
    ok(has(text, "Bcc: secret <secret@example.com>\r\n"), "bcc of what is kept");
    ok(!strstr(written(message, OKAPI_MIME_SEND, pool), "secret"), "but not of what is sent");
    okapi_message_t *again = reread(m, message, 0, pool);
    is_int(okapi_message_recipient_count(again), 6, "all of them are read again");
}

static void test_fields(mailbox_t *m, apr_pool_t *pool)
{
    static const char *const words[] = {"red, not blue", "größer than that"};
    static const unsigned char index[22] = {1, 0xD0};
    okapi_message_t *message = create(m, pool);
    okapi_propval_t keywords = {PT_MV_UNICODE};
    keywords.v.mv.count = 2;
    keywords.v.mv.v.str = words;
    set(message, okapi_propval_i32(PR_IMPORTANCE, 2), pool);
    set(message, okapi_propval_i32(PR_PRIORITY, -1), pool);
    set(message, okapi_propval_i32(PR_SENSITIVITY, 3), pool);
    set(message, okapi_propval_time(PR_CLIENT_SUBMIT_TIME, okapi_time_from_apr(0)), pool);
    set(message, okapi_propval_time(PR_REPLY_TIME, okapi_time_from_apr(APR_USEC_PER_SEC)), pool);
    set(message, okapi_propval_str(PR_INTERNET_MESSAGE_ID, "<1@x>"), pool);
    set(message, okapi_propval_str(PR_CONVERSATION_TOPIC, "topic"), pool);
    set(message, okapi_propval_bin(PR_CONVERSATION_INDEX, index, 22), pool);
    set(message, okapi_propval_i32(PR_AUTO_RESPONSE_SUPPRESS, 0x12), pool);
    set(message, okapi_propval_i32(PR_MESSAGE_LOCALE_ID, 0x0407), pool);
    set(message, okapi_propval_str(PR_LIST_HELP, "<mailto:h@x>"), pool);
    set(message, okapi_propval_str(PR_SENDER_SMTP_ADDRESS, "me@x.org"), pool);
    set(message, okapi_propval_bool(PR_READ_RECEIPT_REQUESTED, 1), pool);
    set_named(message, (okapi_propname_t){okapi_ps_public_strings, MNID_STRING, 0, "Keywords"},
              keywords, pool);
    set_named(message, (okapi_propname_t){okapi_psetid_common, MNID_ID, 0x8530, NULL},
              okapi_propval_str(PT_UNICODE, "Call back"), pool);
    set_named(message, (okapi_propname_t){okapi_ps_internet_headers, MNID_STRING, 0, "X-Own"},
              okapi_propval_str(PT_UNICODE, "ä and ASCII\r\nX-Injected: 1"), pool);
    set_named(message, (okapi_propname_t){okapi_ps_internet_headers, MNID_STRING, 0, "Subject"},
              okapi_propval_str(PT_UNICODE, "another"), pool);
    static const char *const wanted[] = {
        "Importance: high\r\n", "X-Priority: 1\r\n", "Priority: non-urgent\r\n",
        "Sensitivity: Company-Confidential\r\n", "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n",
        "Reply-By: Thu, 01 Jan 1970 00:00:01 +0000\r\n", "Message-ID: <1@x>\r\n",
        "Thread-Topic: topic\r\n", "Thread-Index: AdAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\r\n",
        "X-Auto-Response-Suppress: NDR, OOF\r\n", "Content-Language: de-DE\r\n",
        "List-Help: <mailto:h@x>\r\n", "Disposition-Notification-To: me@x.org\r\n",
        "Keywords: \"red, not blue\", =?utf-8?Q?gr=C3=B6=C3=9Fer_than_that?=\r\n",
        "X-Message-Flag: Call back\r\n", "x-own: =?utf-8?B?w6Q=?= and ASCII  X-Injected: 1\r\n",
        "MIME-Version: 1.0\r\n"};
    const char *text = written(message, 0, pool);
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        ok(has(text, wanted[i]), "%s", apr_pstrmemdup(pool, wanted[i], strlen(wanted[i]) - 2));
    ok(!strstr(text, "another"), "a named property isn't a second one of a field");
    text = written(reread(m, message, 0, pool), OKAPI_MIME_PLAIN, pool);
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        ok(has(text, wanted[i]), "read and written again: %s",
           apr_pstrmemdup(pool, wanted[i], strlen(wanted[i]) - 2));
}

static void test_subjects(mailbox_t *m, apr_pool_t *pool)
{
    static const char *const subjects[] = {
        "plain", "Größe", "=?utf-8?Q?not_a_word?=", "one  two   three", "日本語の件名はとても長いので、"
        "いくつかの行に分けて書かなければなりません。そうでしょう?", "Re: ä b c d e f",
        "a line that is so long that it has to be folded somewhere, which mail does at blanks, "
        "and more than once if it has to be"};
    for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
        okapi_message_t *message = create(m, pool);
        set(message, okapi_propval_str(PR_SUBJECT, subjects[i]), pool);
        const char *text = written(message, 0, pool);
        apr_size_t longest = 0;
        for (const char *p = text; *p; p += strcspn(p, "\n") + 1)
            longest = strcspn(p, "\r") > longest ? strcspn(p, "\r") : longest;
        ok(longest <= 78, "lines as long as they should be");
        is_str(text_of(reread(m, message, 0, pool), PR_SUBJECT, pool), subjects[i], "a subject");
    }
}

/* ---- bodies ---- */

static void test_texts(mailbox_t *m, apr_pool_t *pool)
{
    static const struct {
        const char *text;
        int codepage;
        const char *wanted;
    } texts[] = {
        {"hello\r\n", 20127, "text/plain; charset=us-ascii\r\n"},
        {"ein größerer Text\r\n", 1252, "gr=F6=DFerer"},
        {"größer 日本\r\n", 1252, "charset=utf-8"},
        {"日本語\r\n", 50220, "charset=iso-2022-jp"},
        {"trailing \r\n\r\n\r\nFrom here\r\n.\r\n=20\r\n", 0, "=46rom here"},
        {"a paragraph that is longer than a line of mail, and so is flowed, which others show as "
         "one\r\n> quoted\r\n>not quoted\r\n  blanks\r\n",
         20127, "format=flowed"},
        {"a paragraph that is longer than a line of mail but has a line which ends in a blank \r\n",
         20127, "blank =0D"},
        {"日本語日本語日本語日本語日本語\r\n", 65001, "base64"},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        okapi_message_t *message = create(m, pool);
        set(message, okapi_propval_str(PR_BODY, texts[i].text), pool);
        set(message, okapi_propval_i32(PR_INTERNET_CPID, texts[i].codepage), pool);
        const char *text = written(message, 0, pool);
        ok(i == 6 || has(text, texts[i].wanted), "a text as %s", texts[i].wanted);
        is_str(text_of(reread(m, message, 0, pool), PR_BODY, pool), texts[i].text, "comes back");
        is_str(text_of(reread(m, message, OKAPI_MIME_8BIT, pool), PR_BODY, pool), texts[i].text,
               "with 8BITMIME too");
    }
}

static void test_html(mailbox_t *m, apr_pool_t *pool)
{
    static const char html[] = "<p>gr\xF6\xDF" "er <img src=\"cid:1@x\"></p>";
    okapi_message_t *message = create(m, pool);
    set(message, okapi_propval_bin(PR_HTML, html, strlen(html)), pool);
    set(message, okapi_propval_i32(PR_INTERNET_CPID, 1252), pool);
    okapi_attachment_t *image = attach(message, "bild ä.png", "image/png", "png", pool);
    const okapi_propval_t shown[] = {okapi_propval_str(PR_ATTACH_CONTENT_ID, "1@x"),
                                     okapi_propval_i32(PR_ATTACH_FLAGS, 4)};
    mailbox_must(okapi_object_set(okapi_attachment_object(image), shown, 2, pool), "image");
    attach(message, "notes.txt", "text/plain", "1\n2\n", pool);
    const char *text = written(message, 0, pool);
    const char *mixed = strstr(text, "multipart/mixed"), *related, *alternative;
    related = mixed ? strstr(mixed, "multipart/related") : NULL;
    alternative = related ? strstr(related, "multipart/alternative") : NULL;
    ok(alternative && strstr(alternative, "text/plain; charset=windows-1252"), "all its forms");
    ok(has(text, "name=\"=?utf-8?Q?bild_=C3=A4=2Epng?=\""), "a name for those who read words");
    ok(has(text, "filename*=utf-8''bild%20%C3%A4.png"), "and for those who read RFC 2231");
    ok(has(text, "Content-ID: <1@x>\r\n") && has(text, "Content-Disposition: inline;"), "shown");
    okapi_message_t *again = reread(m, message, 0, pool);
    okapi_propval_t value = get(okapi_message_object(again), PR_HTML, pool);
    ok(value.tag == PR_HTML && value.v.bin.len == strlen(html) &&
           memcmp(value.v.bin.data, html, value.v.bin.len) == 0,
       "HTML comes back byte for byte");
    is_int(okapi_message_attachment_count(again), 2, "with both attachments");
    mailbox_must(okapi_message_save(message, 0, pool), "save");
    is_str(written(message, 0, pool), written(message, 0, pool), "and always the same");
}

/* ---- attachments ---- */

static void test_embedded(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *message = create(m, pool), *inner = message;
    for (int i = 0; i < 3; i++) {
        okapi_attachment_t *a = okapi_attachment_create(inner, ATTACH_EMBEDDED_MSG);
        inner = okapi_attachment_create_embedded(a);
        set(inner, okapi_propval_str(PR_SUBJECT, apr_psprintf(pool, "level %d", i)), pool);
    }
    attach(inner, "a.bin", "application/x-thing", "\r\n", pool);
    const char *text = written(message, 0, pool);
    ok(has(text, "Content-Type: message/rfc822\r\n") && has(text, "Subject: level 2"), "nested");
    okapi_message_t *again = reread(m, message, 0, pool);
    for (int i = 0; i < 3; i++) {
        okapi_attachment_t *a;
        mailbox_must(okapi_attachment_open(&a, again, okapi_message_attachment_num(again, 0), pool),
                     "attachment");
        mailbox_must(okapi_attachment_embedded(&again, a, pool), "embedded");
        is_str(text_of(again, PR_SUBJECT, pool), apr_psprintf(pool, "level %d", i), "comes back");
    }
    is_int(okapi_message_attachment_count(again), 1, "with what is in it");

    message = inner = create(m, pool);
    for (int i = 0; i < 60; i++)
        inner = okapi_attachment_create_embedded(
            okapi_attachment_create(inner, ATTACH_EMBEDDED_MSG));
    okapi_binary_t raw;
    ok(okapi_mime_from_message(&raw, message, 0, pool, pool) == OKAPI_ETOOCOMPLEX,
       "but not deeper than MimeDepth");
}

static void test_secured(mailbox_t *m, apr_pool_t *pool)
{
    static const char entity[] =
        "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=b\r\n"
        "\r\n--b\r\n\r\nsigned \r\n--b\r\nContent-Type: application/pkcs7-signature\r\n\r\nx\r\n"
        "--b--\r\n";
    okapi_message_t *message = create(m, pool);
    set(message, okapi_propval_str(PR_MESSAGE_CLASS, "IPM.Note.SMIME.MultipartSigned"), pool);
    attach(message, "smime.p7m", "multipart/signed", entity, pool);
    const char *text = written(message, OKAPI_MIME_SEND, pool);
    ok(strlen(text) > strlen(entity) &&
           strcmp(text + strlen(text) - strlen(entity), entity) == 0,
       "what is signed stands to the byte");
    is_str(text_of(reread(m, message, 0, pool), PR_MESSAGE_CLASS, pool),
           "IPM.Note.SMIME.MultipartSigned", "and is known again");

    static const char opaque[] =
        "Subject: s\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data;\r\n"
        " name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\n";
    message = read_text(m, opaque, pool);
    text = written(message, OKAPI_MIME_PLAIN, pool);
    ok(has(text, "application/pkcs7-mime; smime-type=enveloped-data;"), "an encrypted one's type");
    ok(has(text, "\r\n\r\nAAEC\r\n"), "and its bytes");
}

static void test_pgp(mailbox_t *m, apr_pool_t *pool)
{
    static const char raw[] =
        "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\r\n"
        "\r\n--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n"
        "\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n-----BEGIN PGP-----\r\n"
        "\r\n--b--\r\n";
    const char *text = written(read_text(m, raw, pool), OKAPI_MIME_PLAIN, pool);
    ok(has(text, "multipart/encrypted;\r\n") && has(text, "protocol=\"application/pgp-encrypted\""),
       "what is encrypted with PGP is so again");
}

/* ---- as they came ---- */

static void test_kept(mailbox_t *m, apr_pool_t *pool)
{
    static const char raw[] = "Received: from x by y; Thu, 1 Jan 2026 00:00:00 +0000\n"
                              "X-Loop: a\nSubject:   odd\n\n8-bit \xFF, no line end";
    okapi_message_t *message = read_text(m, raw, pool);
    is_str(written(message, 0, pool), raw, "what came is what goes");
    const char *text = written(message, OKAPI_MIME_PLAIN, pool);
    ok(has(text, "X-Loop: a\r\n") && has(text, "Received: from x by y;"), "whose fields are known");
    ok(!strstr(written(message, OKAPI_MIME_PLAIN | OKAPI_MIME_SEND, pool), "X-Loop"),
       "but not sent");
    set_named(message, (okapi_propname_t){okapi_ps_internet_headers, MNID_STRING, 0, "X-Loop"},
              okapi_propval_str(PT_UNICODE, "a, b"), pool);
    is_str(written(message, 0, pool), raw, "what came doesn't change");
    is_str(written(message, OKAPI_MIME_SEND, pool),
           apr_pstrcat(pool, "x-loop: a, b\r\n", raw, NULL),
           "what is passed on has the mark of who does");
}

/* ---- reports ---- */

static void test_delivery_report(mailbox_t *m, apr_pool_t *pool)
{
    static const struct {
        const char *message_class, *action, *status;
    } kinds[] = {
        {"REPORT.IPM.Note.NDR", "failed", "5.1.1"},
        {"REPORT.IPM.Note.Delayed.DR", "delayed", "4.4.7"},
        {"REPORT.IPM.Note.DR", "delivered", "2.0.0"},
    };
    static const int codes[] = {511, 447, 0}, diagnostics[] = {0, 5, -1};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        okapi_message_t *message = create(m, pool);
        set(message, okapi_propval_str(PR_MESSAGE_CLASS, kinds[i].message_class), pool);
        set(message, okapi_propval_str(PR_BODY, "see below"), pool);
        set(message, okapi_propval_str(PR_DSN_REPORTING_MTA, "mx.example.org"), pool);
        set(message, okapi_propval_str(PR_ORIGINAL_SENDER_NAME, "John"), pool);
        set(message, okapi_propval_str(PR_ORIGINAL_SENDER_ADDRTYPE, "SMTP"), pool);
        set(message, okapi_propval_str(PR_ORIGINAL_SENDER_EMAIL_ADDRESS, "john@x.org"), pool);
        add_recipient(message, MAPI_TO, "Jane", "jane@example.com");
        okapi_props_t *props = okapi_message_recipient(message, 0)->props;
        if (codes[i])
            okapi_props_set_i32(props, PR_NDR_STATUS_CODE, codes[i]);
        okapi_props_set_str(props, PR_SUPPLEMENTARY_INFO, "550 no such user");
        set(okapi_attachment_create_embedded(okapi_attachment_create(message, ATTACH_EMBEDDED_MSG)),
            okapi_propval_str(PR_SUBJECT, "the original"), pool);
        const char *text = written(message, OKAPI_MIME_SEND, pool);
        ok(has(text, "multipart/report;\r\n") && has(text, "report-type=delivery-status"),
           "a report");
        ok(has(text, "To: John <john@x.org>\r\n"), "to who sent");
        ok(has(text, apr_pstrcat(pool, "Reporting-MTA: dns; mx.example.org\r\n\r\n"
                                       "Final-Recipient: rfc822; jane@example.com\r\nAction: ",
                                 kinds[i].action, "\r\nStatus: ", kinds[i].status,
                                 "\r\nDiagnostic-Code: smtp; 550 no such user\r\n", NULL)),
           "what became of a recipient: %s", kinds[i].action);
        okapi_message_t *again = reread(m, message, 0, pool);
        is_str(text_of(again, PR_MESSAGE_CLASS, pool), kinds[i].message_class, "read again");
        is_str(text_of(again, PR_DSN_REPORTING_MTA, pool), "mx.example.org", "by whom");
        is_str(text_of(again, PR_ORIGINAL_SENDER_EMAIL_ADDRESS, pool), "john@x.org", "for whom");
        is_int(okapi_message_recipient_count(again), 1, "on whom");
        props = okapi_message_recipient(again, 0)->props;
        is_str(okapi_props_str(props, PR_SMTP_ADDRESS, ""), "jane@example.com", "the recipient");
        is_int(okapi_props_int(props, PR_NDR_STATUS_CODE, -1), codes[i] ? codes[i] : 200, "status");
        is_int(okapi_props_int(props, PR_NDR_DIAG_CODE, -2), diagnostics[i], "diagnostic");
        is_str(okapi_props_str(props, PR_SUPPLEMENTARY_INFO, ""), "550 no such user", "why");
    }
}

static void test_receipt(mailbox_t *m, apr_pool_t *pool)
{
    static const char *const classes[] = {"REPORT.IPM.Note.IPNRN", "REPORT.IPM.Note.IPNNRN"};
    for (int i = 0; i < 2; i++) {
        okapi_message_t *message = create(m, pool);
        set(message, okapi_propval_str(PR_MESSAGE_CLASS, classes[i]), pool);
        set(message, okapi_propval_str(PR_SENDER_SMTP_ADDRESS, "john@x.org"), pool);
        set(message, okapi_propval_str(PR_INTERNET_RETURN_PATH, "<id@x>"), pool);
        set(message, okapi_propval_bin(PR_PARENT_KEY, "key", 3), pool);
        add_recipient(message, MAPI_TO, "Jane", "jane@example.com");
        const char *text = written(message, OKAPI_MIME_SEND, pool);
        ok(has(text, "report-type=disposition-notification") && has(text, "To: Jane <jane@"),
           "a receipt");
        ok(has(text, i ? "Disposition: manual-action/MDN-sent-manually; deleted\r\n"
                       : "Disposition: manual-action/MDN-sent-manually; displayed\r\n"),
           "what was done");
        ok(has(text, "Final-Recipient: rfc822; john@x.org\r\n"), "by whom");
        okapi_message_t *again = reread(m, message, 0, pool);
        is_str(text_of(again, PR_MESSAGE_CLASS, pool), classes[i], "read again");
        is_str(text_of(again, PR_INTERNET_RETURN_PATH, pool), "<id@x>", "of which message");
        okapi_propval_t key = get(okapi_message_object(again), PR_PARENT_KEY, pool);
        ok(key.tag == PR_PARENT_KEY && key.v.bin.len == 3, "with its key");
        is_int(okapi_message_recipient_count(again), 1, "for whom");
    }
}

/* ---- what only Outlook knows ---- */

static void test_rtf(mailbox_t *m, apr_pool_t *pool)
{
    static const char rtf[] =
        "{\\rtf1\\ansi\\deff0{\\fonttbl{\\f0 Arial;}}\\f0 a {\\b bold} word\\par}";
    okapi_message_t *message = create(m, pool);
    okapi_binary_t compressed, plain = {(const unsigned char *)rtf, strlen(rtf)};
    mailbox_must(okapi_rtf_compress(&compressed, plain, pool), "compress");
    set(message, okapi_propval_bin(PR_RTF_COMPRESSED, compressed.data, compressed.len), pool);
    const char *text = written(message, 0, pool);
    ok(has(text, "text/html; charset=utf-8") && has(text, "bold"), "RTF goes out as HTML");
    ok(has(text, "a bold word"), "and as text");
    set(message, okapi_propval_bin(PR_RTF_COMPRESSED, "damaged", 7), pool);
    set(message, okapi_propval_str(PR_BODY, "text"), pool);
    ok(!strstr(written(message, 0, pool), "text/html"), "unless it is damaged");
}

static void test_tnef(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *message = create(m, pool);
    set(message, okapi_propval_str(PR_BODY, "text"), pool);
    set(message, okapi_propval_str(PR_INTERNET_MESSAGE_ID, "<1@x>"), pool);
    attach(message, "a.txt", "text/plain", "attached", pool);
    const char *text = written(message, OKAPI_MIME_TNEF, pool);
    ok(has(text, "application/ms-tnef; name=winmail.dat\r\n"), "a TNEF stream");
    ok(has(text, "X-MS-TNEF-Correlator: <1@x>\r\n"), "tied to the message");
    ok(!strstr(text, "a.txt") && has(text, "\r\n\r\ntext"), "has the attachments, not the text");
}

/* ---- meetings ---- */

static void test_meeting(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *message = create(m, pool);
    set(message, okapi_propval_str(PR_MESSAGE_CLASS, "IPM.Schedule.Meeting.Request"), pool);
    set(message, okapi_propval_str(PR_SUBJECT, "planning"), pool);
    set(message, okapi_propval_str(PR_BODY, "come"), pool);
    set(message, okapi_propval_time(PR_START_DATE, okapi_time_from_apr(0)), pool);
    const char *text = written(message, OKAPI_MIME_SEND, pool);
    ok(has(text, "Content-Type: text/calendar; charset=utf-8; method=REQUEST\r\n"), "a meeting");
    ok(has(text, "BEGIN:VEVENT") && has(text, "multipart/alternative"), "as another form");
}

/* ---- harm ---- */

static void test_bomb(mailbox_t *m, apr_pool_t *pool)
{
    enum { PARTS = 1000000 };
    static const char part[] = "--b\r\n\r\nx\r\n";
    static const char head[] = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
    char *text = apr_palloc(pool, sizeof(head) + sizeof(part) * (apr_size_t)PARTS), *to = text;
    to += apr_cpystrn(to, head, sizeof(head)) - to;
    for (int i = 0; i < PARTS; i++, to += sizeof(part) - 1)
        memcpy(to, part, sizeof(part) - 1);
    okapi_message_t *message = create(m, pool);
    mailbox_must(okapi_mime_to_message(
                     message,
                     (okapi_binary_t){(unsigned char *)text, (apr_size_t)(to - text)}, pool, pool),
                 "read");
    ok(okapi_message_attachment_count(message) <= 1001, "a million parts are a few");
    ok(bytes_of(message, OKAPI_MIME_PLAIN, pool).len > (apr_size_t)(to - text), "but all is there");
}

int main(void)
{
    static void (*const tests[])(mailbox_t * m, apr_pool_t * pool) = {
        test_names_alone, test_people, test_fields, test_subjects, test_texts,
        test_html,     test_embedded, test_secured, test_pgp, test_kept,
        test_delivery_report, test_receipt, test_rtf, test_tnef,
        test_meeting,  test_bomb,
    };
    static mailbox_t m;
    apr_pool_t *root = tap_pool();
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
