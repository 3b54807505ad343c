/* vcard.c - vCards as contacts and back: what each property becomes, and what is kept. */
#include <okapi/entryid.h>
#include <okapi/error.h>
#include <okapi/vcard.h>

#include "mailbox.h"
#include "vcard_item.h"

static okapi_vcard_t *parse(const char *text, apr_pool_t *pool)
{
    okapi_vcard_t *vcard;
    const char *why;
    okapi_binary_t bytes = {(const unsigned char *)text, strlen(text)};
    apr_status_t status = okapi_vcard_parse(&vcard, &why, bytes, pool);
    if (status != APR_SUCCESS)
        diag("%s", why);
    mailbox_must(status, "parse");
    return vcard;
}

/* The card of VERSION with the lines BODY, saved and opened again. */
static okapi_message_t *message_of(mailbox_t *m, const char *version, const char *body,
                                   apr_pool_t *pool)
{
    okapi_message_t *message, *again;
    const char *why;
    okapi_vcard_t *vcard = parse(
        apr_pstrcat(pool, "BEGIN:VCARD\r\nVERSION:", version, "\r\n", body, "END:VCARD\r\n", NULL),
        pool);
    mailbox_must(okapi_message_create(&message, m->store, okapi_folder_id(m->inbox), 0, pool, pool),
                 "create");
    mailbox_must(okapi_vcard_to_message(message, &why, vcard, 0, pool, pool), "to message");
    mailbox_must(okapi_message_save(message, 0, pool), "save");
    mailbox_must(okapi_message_open(&again, m->store, 0, okapi_message_id(message), pool, pool),
                 "open");
    return again;
}

static const char *text_of(okapi_message_t *message, okapi_vcard_version_e version, int flags,
                           apr_pool_t *pool)
{
    okapi_binary_t text;
    mailbox_must(okapi_vcard_from_messages(&text, &message, 1, version, flags, pool, pool),
                 "writing");
    return apr_pstrmemdup(pool, (const char *)text.data, text.len);
}

/* Does TEXT, unfolded, have the line? */
static int has_line(const char *text, const char *line, apr_pool_t *pool)
{
    char *unfolded = apr_palloc(pool, strlen(text) + 1), *to = unfolded;
    for (const char *p = text; *p; p++)
        if (strncmp(p, "\r\n ", 3) == 0)
            p += 2;
        else
            *to++ = *p;
    *to = 0;
    const char *found = strstr(unfolded, apr_pstrcat(pool, "\n", line, "\r\n", NULL));
    if (!found)
        diag("%s", unfolded);
    return found != NULL;
}

static okapi_propval_t get(okapi_message_t *message, okapi_proptag_t tag, apr_pool_t *pool)
{
    okapi_propval_t v;
    mailbox_must(okapi_object_get(okapi_message_object(message), &tag, 1, 0, &v, pool, pool),
                 "get");
    return v;
}

static const char *str(okapi_message_t *message, okapi_proptag_t tag, apr_pool_t *pool)
{
    okapi_propval_t v = get(message, tag, pool);
    return v.tag == tag ? v.v.str : "(none)";
}

static okapi_proptag_t named(okapi_message_t *message, int symbol, apr_pool_t *pool)
{
    okapi__card_t card;
    mailbox_must(okapi__card_open(&card, message, 0, pool), "names");
    return card.tags[symbol];
}

#define NAMED_STR(symbol) str(c, named(c, OKAPI__CONTACT_##symbol, pool), pool)

static const char full[] = "FN:Dr. Erika M. Mustermann\r\n"
                           "N:Mustermann;Erika;M.;Dr.;jun.\r\n"
                           "ORG:Wellen\\, Reiter & Co;Einkauf;Papier\r\n"
                           "item1.EMAIL;TYPE=work:erika@example.org\r\n"
                           "item1.X-ABLabel:Büro\r\n"
                           "EMAIL;TYPE=home:em@example.net\r\n"
                           "TEL;TYPE=work,voice:+49 30 1\r\n"
                           "TEL;TYPE=work:+49 30 2\r\n"
                           "TEL;TYPE=home,fax:+49 30 3\r\n"
                           "TEL;TYPE=CELL;TYPE=PREF:+49 170 4\r\n"
                           "ADR;TYPE=home:PF 7;Hinterhaus;Weg 5;Bonn;NRW;53111;Deutschland\r\n"
                           "BDAY:1985-04-12\r\n"
                           "CATEGORIES:Freunde,Skat\r\n"
                           "NOTE:eins\\nzwei\r\n"
                           "URL;TYPE=WORK:https://example.org/\r\n"
                           "X-MANAGER:Max\r\n"
                           "X-UNKNOWN;X-P=1:a;b\r\n"
                           "UID:urn:uuid:1-2-3\r\n";

static void test_contact(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *c = message_of(m, "3.0", full, pool);
    is_str(str(c, PR_MESSAGE_CLASS, pool), "IPM.Contact", "class");
    is_str(str(c, PR_DISPLAY_NAME, pool), "Dr. Erika M. Mustermann", "FN");
    is_str(str(c, PR_SURNAME, pool), "Mustermann", "N: surname");
    is_str(str(c, PR_GIVEN_NAME, pool), "Erika", "given name");
    is_str(str(c, PR_MIDDLE_NAME, pool), "M.", "middle name");
    is_str(str(c, PR_DISPLAY_NAME_PREFIX, pool), "Dr.", "prefix");
    is_str(str(c, PR_GENERATION, pool), "jun.", "suffix");
    is_str(NAMED_STR(FILE_UNDER), "Mustermann, Erika M.", "how it is filed");
    is_str(str(c, PR_COMPANY_NAME, pool), "Wellen, Reiter & Co", "ORG");
    is_str(str(c, PR_DEPARTMENT_NAME, pool), "Einkauf", "its department");
    is_str(NAMED_STR(EMAIL1_ADDRESS), "erika@example.org", "EMAIL of a group");
    is_str(NAMED_STR(EMAIL2_ADDRESS), "em@example.net", "the second");
    is_str(NAMED_STR(EMAIL1_ADDRESS_TYPE), "SMTP", "its type");
    is_str(str(c, PR_BUSINESS_TELEPHONE_NUMBER, pool), "+49 30 1", "TEL");
    is_str(str(c, PR_BUSINESS2_TELEPHONE_NUMBER, pool), "+49 30 2", "a second of the kind");
    is_str(str(c, PR_HOME_FAX_NUMBER, pool), "+49 30 3", "a fax");
    is_str(str(c, PR_MOBILE_TELEPHONE_NUMBER, pool), "+49 170 4", "a mobile one");
    is_str(str(c, PR_HOME_ADDRESS_STREET, pool), "Weg 5\r\nHinterhaus", "ADR: street");
    is_str(str(c, PR_HOME_ADDRESS_CITY, pool), "Bonn", "town");
    is_str(str(c, PR_LOCALITY, pool), "Bonn", "it is the address for letters");
    is_str(NAMED_STR(HOME_ADDRESS), "PF 7\r\nWeg 5\r\nHinterhaus\r\nBonn NRW 53111\r\nDeutschland",
           "the whole address");
    is_int(get(c, PR_BIRTHDAY, pool).v.time, 121265856000000000, "BDAY");
    is_str(str(c, PR_BODY, pool), "eins\nzwei", "NOTE");
    is_str(str(c, PR_BUSINESS_HOME_PAGE, pool), "https://example.org/", "URL");
    is_str(str(c, PR_MANAGER_NAME, pool), "Max", "X-MANAGER");
    const okapi_propval_t words = get(c, named(c, OKAPI__CONTACT_KEYWORDS, pool), pool);
    ok(words.v.mv.count == 2 && strcmp(words.v.mv.v.str[1], "Skat") == 0, "CATEGORIES");
}

static void test_back(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *c = message_of(m, "3.0", full, pool);
    const char *text = text_of(c, OKAPI_VCARD_AS_IT_CAME, 0, pool);
    const char *plain = text_of(c, OKAPI_VCARD_AS_IT_CAME, OKAPI_VCARD_PLAIN, pool);
    static const char begin[] = "BEGIN:VCARD\r\nVERSION:3.0\r\n";
    ok(strncmp(text, begin, strlen(begin)) == 0, "VERSION is the first line");
    static const char *const lines[] = {
        "VERSION:3.0",
        "item1.EMAIL;TYPE=work:erika@example.org",
        "item1.X-ABLabel:Büro",
        "ORG:Wellen\\, Reiter & Co;Einkauf;Papier",
        "TEL;TYPE=home,fax:+49 30 3",
        "ADR;TYPE=home:PF 7;Hinterhaus;Weg 5;Bonn;NRW;53111;Deutschland",
        "X-UNKNOWN;X-P=1:a;b",
        "UID:urn:uuid:1-2-3"};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        ok(has_line(text, lines[i], pool), "as it came: %s", lines[i]);
    ok(has_line(plain, "N:Mustermann;Erika;M.;Dr.;jun.", pool), "plain: N");
    ok(has_line(plain, "EMAIL;TYPE=INTERNET:em@example.net", pool), "plain: EMAIL");
    ok(has_line(plain, "TEL;TYPE=FAX,HOME:+49 30 3", pool), "plain: TEL");
    ok(has_line(plain, "ADR;TYPE=HOME:PF 7;;Weg 5\\nHinterhaus;Bonn;NRW;53111;Deutschland", pool),
       "plain: ADR");
    ok(has_line(plain, "BDAY:1985-04-12", pool), "plain: BDAY");
    ok(!strstr(plain, "X-UNKNOWN"), "plain: nothing that was kept");

    okapi_propval_t v =
        okapi_propval_str(named(c, OKAPI__CONTACT_EMAIL1_ADDRESS, pool), "new@x.org");
    mailbox_must(okapi_object_set(okapi_message_object(c), &v, 1, pool), "set");
    text = text_of(c, OKAPI_VCARD_AS_IT_CAME, 0, pool);
    ok(has_line(text, "EMAIL;TYPE=INTERNET:new@x.org", pool), "what a client has changed");
    ok(!strstr(text, "erika@example.org"), "isn't what it was");
    ok(has_line(text, "X-UNKNOWN;X-P=1:a;b", pool), "the rest is");
}

static void set_str(okapi_message_t *message, okapi_proptag_t tag, const char *text,
                    apr_pool_t *pool)
{
    const okapi_propval_t v = okapi_propval_str(tag, text);
    mailbox_must(okapi_object_set(okapi_message_object(message), &v, 1, pool), "set");
}

/* What a client does to one value leaves the others, and what there was no room for, as they came.
 */
static void test_slots(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *c = message_of(m, "3.0",
                                    "FN:A\r\n"
                                    "item1.TEL;TYPE=work,voice:1\r\n"
                                    "item1.X-ABLabel:first\r\n"
                                    "TEL;TYPE=work,msg:2\r\n"
                                    "item3.TEL;TYPE=work,bbs:3\r\n"
                                    "item3.X-ABLabel:three\r\n"
                                    "TEL;TYPE=cell,x-slow:4\r\n"
                                    "EMAIL;TYPE=x-a:a@x.org\r\n"
                                    "EMAIL;TYPE=x-b:b@x.org\r\n"
                                    "EMAIL;TYPE=x-c:c@x.org\r\n"
                                    "EMAIL;TYPE=x-d:d@x.org\r\n"
                                    "ADR;TYPE=home,x-h:;;Weg 1;Bonn;;;\r\n"
                                    "ADR;TYPE=work,x-w:;;Weg 2;Bonn;;;\r\n"
                                    "ADR;TYPE=work,x-v:;;Weg 3;Bonn;;;\r\n"
                                    "NOTE;LANGUAGE=de:eins\r\n"
                                    "NOTE;LANGUAGE=en:one\r\n"
                                    "URL;TYPE=x-u:http://u/\r\n"
                                    "URL;TYPE=WORK,x-w:http://w/\r\n"
                                    "X-MS-SPOUSE:S\r\n"
                                    "BDAY:--0412\r\n"
                                    "KEY;TYPE=PGP;ENCODING=b:mQEB\r\n"
                                    "KEY;ENCODING=b;TYPE=X509:MIIBAQID\r\n",
                                    pool);
    static const char *const stay[] = {"item3.TEL;TYPE=work,bbs:3",
                                       "item3.X-ABLabel:three",
                                       "TEL;TYPE=cell,x-slow:4",
                                       "EMAIL;TYPE=x-a:a@x.org",
                                       "EMAIL;TYPE=x-c:c@x.org",
                                       "EMAIL;TYPE=x-d:d@x.org",
                                       "ADR;TYPE=home,x-h:;;Weg 1;Bonn;;;",
                                       "ADR;TYPE=work,x-v:;;Weg 3;Bonn;;;",
                                       "NOTE;LANGUAGE=en:one",
                                       "URL;TYPE=WORK,x-w:http://w/",
                                       "KEY;TYPE=PGP;ENCODING=b:mQEB"};
    static const char *const change[] = {"TEL;TYPE=WORK:11",
                                         "EMAIL;TYPE=INTERNET:bb@x.org",
                                         "ADR;TYPE=WORK:;;Weg 22;Bonn;;;",
                                         "NOTE:zwei",
                                         "URL:http://uu/",
                                         "X-SPOUSE:T",
                                         "BDAY:1985-04-12",
                                         "KEY;ENCODING=b;TYPE=X509:MIIBAQIE"};
    static const char *const go[] = {":first", ":1\r\n", ":2\r\n",      "x-b:b@", "Weg 2;",
                                     "eins",   "//u/",   "X-MS-SPOUSE", "--0412", "MIIBAQID"};
    static const okapi_binary_t key = {(const unsigned char *)"\x30\x82\1\1\2\4", 6};
    okapi_propval_t values[] = {{.tag = PR_USER_X509_CERTIFICATE}, {.tag = PR_BIRTHDAY}};
    values[0].v.mv.count = 1;
    values[0].v.mv.v.bin = &key;
    values[1].v.time = 121265856000000000;
    mailbox_must(okapi_object_set(okapi_message_object(c), values, 2, pool), "set");
    set_str(c, PR_BUSINESS_TELEPHONE_NUMBER, "11", pool);
    set_str(c, PR_BUSINESS2_TELEPHONE_NUMBER, "", pool);
    set_str(c, named(c, OKAPI__CONTACT_EMAIL2_ADDRESS, pool), "bb@x.org", pool);
    set_str(c, named(c, OKAPI__CONTACT_WORK_STREET, pool), "Weg 22", pool);
    set_str(c, PR_BODY, "zwei", pool);
    set_str(c, named(c, OKAPI__CONTACT_HTML, pool), "http://uu/", pool);
    set_str(c, PR_SPOUSE_NAME, "T", pool);
    const char *text = text_of(c, OKAPI_VCARD_AS_IT_CAME, 0, pool);
    for (size_t i = 0; i < sizeof(stay) / sizeof(stay[0]); i++)
        ok(has_line(text, stay[i], pool), "nobody's or unchanged: %s", stay[i]);
    for (size_t i = 0; i < sizeof(change) / sizeof(change[0]); i++)
        ok(has_line(text, change[i], pool), "changed: %s", change[i]);
    for (size_t i = 0; i < sizeof(go) / sizeof(go[0]); i++)
        ok(!strstr(text, go[i]), "gone: %s", go[i]);
}

static void test_texts(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *c = message_of(m, "3.0",
                                    "FN:A\r\nX-MS-TEXT:a\r\nX-MS-TEXT:b\r\nX-MS-TEXT:c\r\n"
                                    "X-MS-TEXT:d\r\nX-MS-TEXT:e\r\n",
                                    pool);
    is_str(NAMED_STR(USER_FIELD1), "a", "X-MS-TEXT");
    is_str(NAMED_STR(USER_FIELD4), "d", "the fourth");
    set_str(c, named(c, OKAPI__CONTACT_USER_FIELD2, pool), "bb", pool);
    const char *text = text_of(c, OKAPI_VCARD_AS_IT_CAME, 0, pool);
    ok(has_line(text, "X-MS-TEXT:bb", pool) && !strstr(text, ":b\r\n"), "one is changed");
    ok(has_line(text, "X-MS-TEXT:e", pool), "a fifth stays");
}

static void test_rev(mailbox_t *m, apr_pool_t *pool)
{
    static const char rev[] = "REV:2001-02-03T04:05:06Z";
    okapi_message_t *c = message_of(
        m, "3.0", apr_pstrcat(pool, "FN:A\r\n", rev, "\r\nBDAY:1985-04-12\r\n", NULL), pool);
    ok(has_line(text_of(c, OKAPI_VCARD_AS_IT_CAME, 0, pool), rev, pool), "REV, unchanged");
    const okapi_propval_t other = okapi_propval_i32(PR_ICON_INDEX, 1);
    mailbox_must(okapi_object_set(okapi_message_object(c), &other, 1, pool), "set");
    ok(has_line(text_of(c, OKAPI_VCARD_AS_IT_CAME, 0, pool), rev, pool),
       "what no card says doesn't count");
    set_str(c, PR_NICKNAME, "B", pool);
    okapi_propval_t time = get(c, PR_LAST_MODIFICATION_TIME, pool);
    apr_time_exp_t t;
    apr_time_exp_gmt(&t, okapi_time_to_apr(time.v.time));
    const char *text = text_of(c, OKAPI_VCARD_AS_IT_CAME, 0, pool);
    ok(!strstr(text, rev), "changed: it goes");
    ok(has_line(text,
                apr_psprintf(pool, "REV:%04d%02d%02dT%02d%02d%02dZ", t.tm_year + 1900, t.tm_mon + 1,
                             t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec),
                pool),
       "and is when that was");
    c = message_of(m, "3.0", "FN:A\r\n", pool);
    ok(!strstr(text_of(c, OKAPI_VCARD_AS_IT_CAME, 0, pool), "REV"), "none, unchanged");
}

static void test_postal(mailbox_t *m, apr_pool_t *pool)
{
    static const char adr[] = "FN:A\r\nADR;TYPE=work,pref:;;W;;;;\r\nADR;TYPE=home:;;H;Bonn;;;\r\n";
    okapi_message_t *c = message_of(m, "3.0", adr, pool);
    is_str(str(c, PR_STREET_ADDRESS, pool), "W", "the preferred address is for letters");
    ok(has_line(text_of(c, OKAPI_VCARD_AS_IT_CAME, OKAPI_VCARD_PLAIN, pool),
                "X-MS-OL-DEFAULT-POSTAL-ADDRESS:2", pool),
       "as Outlook says it");
    c = message_of(m, "3.0", apr_pstrcat(pool, adr, "X-MS-OL-DEFAULT-POSTAL-ADDRESS:1\r\n", NULL),
                   pool);
    is_str(str(c, PR_STREET_ADDRESS, pool), "H", "if it does, that one is");
    is_str(str(c, PR_LOCALITY, pool), "Bonn", "all of it");
    is_int(get(c, named(c, OKAPI__CONTACT_POSTAL_ADDRESS_ID, pool), pool).v.i32, 1, "home");
}

static void test_large(mailbox_t *m, apr_pool_t *pool)
{
    char *bytes = apr_palloc(pool, 300001);
    memset(bytes, 'A', 300000);
    bytes[300000] = 0;
    *mailbox_logged = 0;
    okapi_message_t *c = message_of(
        m, "3.0", apr_pstrcat(pool, "FN:A\r\nLOGO;ENCODING=b:", bytes, "\r\nX-A:1\r\n", NULL),
        pool);
    const char *text = text_of(c, OKAPI_VCARD_AS_IT_CAME, 0, pool);
    ok(!strstr(text, "LOGO") && has_line(text, "X-A:1", pool), "a LOGO too large to be kept");
    is_str(mailbox_logged, "LOGO and whatever else of a VCARD has no room in 262144 bytes is lost",
           "is logged");
}

static void test_versions(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *c =
        message_of(m, "2.1",
                   "N;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:M=FCller;J=F6rg\r\n"
                   "FN;CHARSET=UTF-8;QUOTED-PRINTABLE:J=C3=B6rg =\r\nM=C3=BCller\r\n"
                   "TEL;HOME;VOICE:1\r\n"
                   "NOTE;ENCODING=QUOTED-PRINTABLE:eins=0D=0Azwei, drei\r\n"
                   "PHOTO;GIF;ENCODING=BASE64:\r\n R0lGODlhAQABAAAAACw=\r\n\r\n",
                   pool);
    is_str(str(c, PR_SURNAME, pool), "Müller", "2.1: a declared charset");
    is_str(str(c, PR_DISPLAY_NAME, pool), "Jörg Müller", "a soft line break");
    is_str(str(c, PR_HOME_TELEPHONE_NUMBER, pool), "1", "types without a name");
    is_str(str(c, PR_BODY, pool), "eins\nzwei, drei", "line breaks and commas");
    is_int(okapi_message_attachment_count(c), 1, "a photo");
    const char *old = text_of(c, OKAPI_VCARD_AS_IT_CAME, 0, pool);
    ok(has_line(old, "VERSION:2.1", pool), "it comes back as 2.1");
    ok(has_line(old, "TEL;HOME;VOICE:1", pool), "TEL");
    ok(has_line(old, "NOTE;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:eins=0D=0Azwei, drei", pool),
       "NOTE");
    ok(has_line(old, "PHOTO;GIF;ENCODING=BASE64:R0lGODlhAQABAAAAACw=", pool), "PHOTO");
    const char *new = text_of(c, OKAPI_VCARD_40, 0, pool);
    ok(has_line(new, "VERSION:4.0", pool), "or as 4.0");
    ok(has_line(new, "N:Müller;Jörg", pool), "N");
    ok(has_line(new, "NOTE:eins\\nzwei\\, drei", pool), "NOTE");
    ok(has_line(new, "PHOTO:data:image/GIF;base64,R0lGODlhAQABAAAAACw=", pool), "PHOTO");
    c = message_of(m, "4.0",
                   "FN:A\r\nPHOTO:data:image/png;base64,iVBORw0KGgo=\r\n"
                   "TEL;VALUE=uri;TYPE=\"cell,text\":tel:+1-2\r\nBDAY:--0412\r\n",
                   pool);
    is_str(str(c, PR_MOBILE_TELEPHONE_NUMBER, pool), "+1-2", "4.0: a tel: URI");
    is_int(get(c, PR_BIRTHDAY, pool).tag & 0xFFFF, PT_ERROR, "a day of no year isn't a birthday");
    ok(has_line(text_of(c, OKAPI_VCARD_AS_IT_CAME, 0, pool), "BDAY:--0412", pool), "but kept");
    ok(has_line(text_of(c, OKAPI_VCARD_30, 0, pool),
                "PHOTO;ENCODING=b;TYPE=png:iVBORw0KGgo=", pool),
       "PHOTO as 3.0 writes it");
}

/* A certificate's first bytes: SEQUENCE of 257. */
static void test_key(mailbox_t *m, apr_pool_t *pool)
{
    static const char line[] = "KEY;ENCODING=b;TYPE=X509:MIIBAQID";
    okapi_message_t *c = message_of(m, "3.0",
                                    "FN:A\r\nKEY;TYPE=PGP;ENCODING=b:mQEB\r\nKEY;"
                                    "ENCODING=b;TYPE=X509:MIIBAQID\r\n",
                                    pool);
    okapi_propval_t keys = get(c, PR_USER_X509_CERTIFICATE, pool);
    is_int(keys.v.mv.count, 1, "one key is a certificate");
    is_mem(keys.v.mv.v.bin[0].data, keys.v.mv.v.bin[0].len, "\x30\x82\1\1\2\3", 6, "its bytes");
    const char *text = text_of(c, OKAPI_VCARD_AS_IT_CAME, 0, pool);
    ok(has_line(text, line, pool) && has_line(text, "KEY;TYPE=PGP;ENCODING=b:mQEB", pool),
       "both come back");
    static const okapi_binary_t tagged = {
        (const unsigned char *)"\1\0\x08\0\1\0\0\0\3\0\x0A\0\x30\x82\1\1\2\3", 18};
    keys.v.mv.v.bin = &tagged;
    mailbox_must(okapi_object_set(okapi_message_object(c), &keys, 1, pool), "set");
    ok(has_line(text_of(c, OKAPI_VCARD_30, OKAPI_VCARD_PLAIN, pool), line, pool),
       "one among Outlook's tags");
}

static void test_list(mailbox_t *m, apr_pool_t *pool)
{
    okapi_message_t *c = message_of(m, "4.0",
                                    "KIND:group\r\nFN:The team\r\n"
                                    "MEMBER;CN=Ann:mailto:ann@example.org\r\n"
                                    "MEMBER:urn:uuid:77\r\n",
                                    pool);
    is_str(str(c, PR_MESSAGE_CLASS, pool), "IPM.DistList", "a group is a distribution list");
    is_str(NAMED_STR(LIST_NAME), "The team", "its name");
    is_int(get(c, named(c, OKAPI__CONTACT_LIST_MEMBERS, pool), pool).v.mv.count, 1, "its members");
    ok(has_line(text_of(c, OKAPI_VCARD_AS_IT_CAME, 0, pool), "MEMBER:urn:uuid:77", pool),
       "as it came");
    okapi_propval_t members = {.tag = named(c, OKAPI__CONTACT_LIST_ONEOFF_MEMBERS, pool)};
    const okapi_binary_t bob = okapi_entryid_oneoff("Bob", "SMTP", "bob@example.org", pool);
    ok(has_line(text_of(c, OKAPI_VCARD_30, OKAPI_VCARD_PLAIN, pool),
                "X-ADDRESSBOOKSERVER-MEMBER;CN=Ann:mailto:ann@example.org", pool),
       "plain");
    members.v.mv.count = 1;
    members.v.mv.v.bin = &bob;
    mailbox_must(okapi_object_set(okapi_message_object(c), &members, 1, pool), "set");
    const char *text = text_of(c, OKAPI_VCARD_AS_IT_CAME, 0, pool);
    ok(strstr(text, "bob@example.org") && !strstr(text, "ann@example.org"), "another member");
    ok(has_line(text, "MEMBER:urn:uuid:77", pool), "beside one by UID only");
}

static void test_refused(mailbox_t *m, apr_pool_t *pool)
{
    static const struct {
        const char *text, *why;
    } bad[] = {{"", "there is no VCARD"},
               {"hello\r\n", "there is no VCARD"},
               {"BEGIN:VCARD\r\nVERSION:3.0\r\n", "line 2: VCARD has no end"},
               {"END:VCARD\r\n", "line 1: END:VCARD without BEGIN"}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        okapi_vcard_t *vcard;
        const char *why;
        okapi_binary_t bytes = {(const unsigned char *)bad[i].text, strlen(bad[i].text)};
        is_int(okapi_vcard_parse(&vcard, &why, bytes, pool), OKAPI_EFORMAT, "refused");
        is_str(why, bad[i].why, "with a reason");
    }
    okapi_message_t *message;
    const char *why;
    mailbox_must(okapi_message_create(&message, m->store, okapi_folder_id(m->inbox), 0, pool, pool),
                 "create");
    is_int(okapi_vcard_to_message(message, &why, parse("BEGIN:VCARD\nEND:VCARD\n", pool), 0, pool,
                                  pool),
           OKAPI_EFORMAT, "an empty card");
    is_str(why, "the card is empty", "says why");
    is_int(okapi_vcard_count(
               parse("begin:vcard\nfn:a\nend:vcard\nBEGIN:VCARD\nFN:b\nEND:VCARD\n", pool)),
           2, "two cards, one in lower case");
}

int main(void)
{
    static mailbox_t m;
    apr_pool_t *pool = tap_pool();
    mailbox_create(&m, pool);
    test_contact(&m, pool);
    test_back(&m, pool);
    test_slots(&m, pool);
    test_texts(&m, pool);
    test_rev(&m, pool);
    test_postal(&m, pool);
    test_large(&m, pool);
    test_versions(&m, pool);
    test_key(&m, pool);
    test_list(&m, pool);
    test_refused(&m, pool);
    return done_testing();
}
