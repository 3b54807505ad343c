/* raw.c - a message as it came from the Internet comes back to the byte, though what its
 * attachments and its text say isn't stored twice. */
#include <stdlib.h>

#include <apr_fnmatch.h>
#include <okapi/mime.h>
#include <okapi/transfer.h>

#include "mailbox.h"
#include "message_private.h"
#include "skeleton.h"

static okapi_message_t *deliver(mailbox_t *m, okapi_binary_t raw, apr_pool_t *pool)
{
    okapi_message_t *message, *opened;
    mailbox_must(okapi_message_create(&message, m->store, okapi_folder_id(m->inbox), 0, pool, pool),
                 "message create");
    mailbox_must(okapi_mime_to_message(message, raw, pool, pool), "conversion");
    mailbox_must(okapi_message_save(message, OKAPI_SAVE_DELIVERY, pool), "save");
    mailbox_must(okapi_message_open(&opened, m->store, 0, okapi_message_id(message), pool, pool),
                 "message open");
    return opened;
}

static int pieces_of(const okapi_message_t *message)
{
    int n = 0;
    while (okapi__propbag_large(&message->bag, OKAPI__TAG_PIECE(n))) {
        n++;
    }
    return n;
}

/* Is what MESSAGE keeps RAW, as a whole and read from anywhere? */
static int same(okapi_message_t *message, okapi_binary_t raw, apr_pool_t *pool)
{
    okapi_stream_t *stream;
    okapi_binary_t all;
    unsigned char part[5000];
    mailbox_must(okapi_message_raw(&stream, message, pool, pool), "raw");
    mailbox_must(okapi_stream_read_all(stream, raw.len + 1, &all, pool, pool), "read all");
    int good = all.len == raw.len && memcmp(all.data, raw.data, raw.len) == 0;
    for (int i = 0; i < 20 && good; i++) {
        apr_size_t at = (apr_size_t)rand() % (raw.len + 1), n = (apr_size_t)rand() % sizeof(part);
        apr_size_t want = raw.len - at < n ? raw.len - at : n;
        mailbox_must(okapi_stream_read_at(stream, (apr_int64_t)at, part, &n, pool), "read");
        good = n == want && memcmp(part, raw.data + at, n) == 0;
    }
    return good;
}

/* ---- what mail is made of ---- */

/* LEN bytes that look like nothing, or in lines of 60 letters that end with EOL. */
static const char *noise(apr_size_t len, const char *eol, apr_pool_t *pool)
{
    char *bytes = apr_palloc(pool, len + 1);
    apr_size_t n = eol ? strlen(eol) : 0;
    for (apr_size_t i = 0; i < len; i++) {
        bytes[i] = eol ? (char)('a' + rand() % 26) : (char)(1 + rand() % 255);
        if (eol && i % (60 + n) >= 60) {
            bytes[i] = eol[i % (60 + n) - 60];
        }
    }
    bytes[len] = '\0';
    return bytes;
}

/* TEXT in base64: lines of LINE characters, EOL after each but the last. */
static const char *base64(const char *bytes, apr_size_t len, apr_uint16_t line, const char *eol,
                          apr_pool_t *pool)
{
    okapi__base64_t form = {len, line, (apr_byte_t)strlen(eol)};
    apr_size_t n = (apr_size_t)okapi__base64_length(&form);
    unsigned char *text = apr_palloc(pool, n + 1);
    okapi__base64_write(text, &form, 0, n, (const unsigned char *)bytes);
    text[n] = '\0';
    return (const char *)text;
}

/* A multipart/mixed of two parts in lines that end with EOL; each is its header and its body. */
static okapi_binary_t mixed(const char *eol, const char *const parts[4], apr_pool_t *pool)
{
    const char *b = apr_pstrcat(pool, eol, "--b", NULL);
    char *text = apr_pstrcat(pool, "Subject: x", eol, "MIME-Version: 1.0", eol,
                             "Content-Type: multipart/mixed; boundary=b", eol, b, eol, parts[0],
                             eol, eol, parts[1], b, eol, parts[2], eol, eol, parts[3], b, "--",
                             eol, "epilogue", NULL);
    return (okapi_binary_t){(unsigned char *)text, strlen(text)};
}

static void test_attachments(mailbox_t *m, apr_pool_t *pool)
{
    static const struct {
        const char *name, *eol;
        apr_uint16_t line;
        const char *last; /* behind the encoded bytes */
        int pieces;
    } rows[] = {
        {"CRLF, 76", "\r\n", 76, "", 1},       {"LF, 76", "\n", 76, "", 1},
        {"72 characters", "\r\n", 72, "", 1},  {"one line", "\n", 0, "", 1},
        {"a line end more", "\n", 60, "\n", 1}, {"two of them", "\r\n", 60, "\r\n\r\n", 1},
        {"a blank behind", "\n", 76, " ", 1},  {"garbage behind", "\n", 76, "\n!?", 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *bytes = noise(20000, NULL, pool);
        const char *parts[] = {
            "Content-Type: text/plain", "hello",
            "Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64",
            apr_pstrcat(pool, base64(bytes, 20000, rows[i].line, rows[i].eol, pool), rows[i].last,
                        NULL)};
        okapi_binary_t raw = mixed(rows[i].eol, parts, pool);
        okapi_message_t *message = deliver(m, raw, pool);
        ok(same(message, raw, pool), "base64, %s", rows[i].name);
        is_int(pieces_of(message), rows[i].pieces, "made of the attachment: %s", rows[i].name);
        if (rows[i].pieces) {
            okapi_attachment_t *a;
            mailbox_must(okapi_attachment_open(&a, message, 0, pool), "attachment");
            is_int(okapi__propbag_large(&a->bag, PR_ATTACH_DATA_BIN)->blob_id,
                   okapi__propbag_large(&message->bag, OKAPI__TAG_PIECE(0))->blob_id,
                   "which is stored once");
        }
    }
}

static void test_text(mailbox_t *m, apr_pool_t *pool)
{
    static const struct {
        const char *name, *eol, *type;
        int pieces;
    } rows[] = {
        {"text, CRLF", "\r\n", "text/plain", 1},
        {"text, LF, is another as property", "\n", "text/plain", 0},
        {"HTML, CRLF", "\r\n", "text/html", 1},
        {"HTML, LF", "\n", "text/html", 1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *text = apr_pstrcat(pool, "Content-Type: ", rows[i].type, "; charset=us-ascii",
                                 rows[i].eol, rows[i].eol, noise(6200, rows[i].eol, pool), NULL);
        okapi_binary_t raw = {(unsigned char *)text, strlen(text)};
        okapi_message_t *message = deliver(m, raw, pool);
        ok(same(message, raw, pool), "%s", rows[i].name);
        is_int(pieces_of(message), rows[i].pieces, "pieces: %s", rows[i].name);
    }
    char *text = apr_pstrcat(pool, "Content-Type: text/html\nContent-Transfer-Encoding: base64\n\n",
                             base64(noise(6200, "\r\n", pool), 6200, 76, "\n", pool), "\n", NULL);
    okapi_binary_t raw = {(unsigned char *)text, strlen(text)};
    okapi_message_t *message = deliver(m, raw, pool);
    ok(same(message, raw, pool), "HTML in base64");
    is_int(pieces_of(message), 1, "made of PR_HTML");
}

/* What lies in messages in the message, in what is signed, in two parts alike. */
static void test_nested(mailbox_t *m, apr_pool_t *pool)
{
    const char *encoded = base64(noise(9000, NULL, pool), 9000, 76, "\n", pool);
    const char *file = apr_pstrcat(pool, "Content-Type: image/png\nContent-Transfer-Encoding: "
                                         "base64\n\n", encoded, NULL);
    const char *inner = apr_pstrcat(pool, "Subject: in\nContent-Type: multipart/mixed; boundary=i"
                                          "\n\n--i\n", file, "\n--i--\n", NULL);
    const char *parts[] = {"Content-Type: message/rfc822", inner,
                           "Content-Type: image/png\nContent-Transfer-Encoding: base64", encoded};
    okapi_binary_t raw = mixed("\n", parts, pool);
    okapi_message_t *message = deliver(m, raw, pool);
    ok(same(message, raw, pool), "an attachment, and the same in an attached message");
    is_int(pieces_of(message), 2, "two pieces");
    is_int(okapi__propbag_large(&message->bag, OKAPI__TAG_PIECE(0))->blob_id,
           okapi__propbag_large(&message->bag, OKAPI__TAG_PIECE(1))->blob_id, "of one blob");

    char *text =
        apr_pstrcat(pool,
                    "Content-Type: multipart/signed; boundary=s; protocol=\"applicat"
                    "ion/pkcs7-signature\"\n\n--s\n",
                    file, "\n--s\nContent-Type: application/pkcs7-signature\n\nx\n--s--\n", NULL);
    raw = (okapi_binary_t){(unsigned char *)text, strlen(text)};
    message = deliver(m, raw, pool);
    ok(same(message, raw, pool), "a signed message");
    is_int(pieces_of(message), 1, "is the end of its smime.p7m");

    text = apr_pstrcat(pool, "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n",
                       base64(inner, strlen(inner), 76, "\n", pool), "\n", NULL);
    raw = (okapi_binary_t){(unsigned char *)text, strlen(text)};
    ok(same(deliver(m, raw, pool), raw, pool), "an encoded message");
}

static void test_short(mailbox_t *m, apr_pool_t *pool)
{
    static const char *const texts[] = {"", "\n", "a", "a: b", "\r\n\r\n", "Subject: x\n\n\n"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        okapi_binary_t raw = {(const unsigned char *)texts[i], strlen(texts[i])};
        ok(same(deliver(m, raw, pool), raw, pool), "%d bytes", (int)raw.len);
    }
}

/* ---- the interface ---- */

/* Parts that don't fit, overlap, or lie outside are kept as they came. */
static void test_parts(mailbox_t *m, apr_pool_t *pool)
{
    const char *value = noise(5000, NULL, pool), *other = noise(5000, NULL, pool);
    okapi_binary_t v = {(const unsigned char *)value, 5000}, tail = {v.data, 4000};
    char *text = apr_pstrcat(pool, "head", value, "middle", value, NULL);
    okapi_binary_t raw = {(unsigned char *)text, strlen(text)};
    const okapi_raw_part_t parts[] = {
        {0, 5000, {(const unsigned char *)other, 5000}, 0}, /* other bytes */
        {4, 5000, v, 0},
        {5, 4999, {v.data, 5000}, 1},                       /* overlaps */
        {5010, 4000, tail, 0},                              /* too small to be a blob */
        {5014, 4990, v, 10},                                /* not where the bytes are */
        {5020, 4990, v, 10},
        {9000, 5000, v, 0},                                 /* goes beyond the end */
        {APR_SIZE_MAX, 2, v, 0},
    };
    okapi_message_t *message;
    mailbox_must(okapi_message_create(&message, m->store, okapi_folder_id(m->inbox), 0, pool, pool),
                 "message create");
    okapi_message_set_raw(message, raw, parts, sizeof(parts) / sizeof(parts[0]));
    is_int(pieces_of(message), 2, "two parts are what they are said to be");
    ok(same(message, raw, pool), "before it is saved");
    okapi_message_set_raw(message, raw, parts, 2);
    is_int(pieces_of(message), 1, "set anew");
    mailbox_must(okapi_message_save(message, 0, pool), "save");
    ok(same(message, raw, pool), "afterwards");
    okapi_propval_t subject = okapi_propval_str(PR_SUBJECT, "changed");
    mailbox_must(okapi_object_set(okapi_message_object(message), &subject, 1, pool), "set");
    mailbox_must(okapi_message_save(message, 0, pool), "save");
    mailbox_must(okapi_message_open(&message, m->store, 0, okapi_message_id(message), pool, pool),
                 "message open");
    ok(same(message, raw, pool), "when the message has changed");
}

/* A skeleton stands in the row as long as it is small, and elsewhere then. */
static void test_places(mailbox_t *m, apr_pool_t *pool)
{
    static const apr_size_t sizes[] = {100, 4000, 4200, 300000, 100};
    okapi_message_t *message, *opened;
    mailbox_must(okapi_message_create(&message, m->store, okapi_folder_id(m->inbox), 0, pool, pool),
                 "message create");
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        okapi_binary_t raw = {(const unsigned char *)noise(sizes[i], NULL, pool), sizes[i]};
        okapi_message_set_raw(message, raw, NULL, 0);
        ok(same(message, raw, pool), "%d bytes, not saved yet", (int)sizes[i]);
        mailbox_must(okapi_message_save(message, 0, pool), "save");
        ok(same(message, raw, pool), "and saved");
        mailbox_must(okapi_message_open(&opened, m->store, 0, okapi_message_id(message), pool,
                                        pool),
                     "message open");
        ok(same(opened, raw, pool), "and read");
        is_int(okapi__propbag_large(&opened->bag, OKAPI__TAG_RAW) != NULL, sizes[i] > 4078,
               "where it belongs");
    }
    mailbox_must(okapi_message_create(&message, m->store, okapi_folder_id(m->inbox), 0, pool, pool),
                 "message create");
    okapi_stream_t *stream;
    is_int(okapi_message_raw(&stream, message, pool, pool), OKAPI_ENOTFOUND, "a new one has none");
    mailbox_must(okapi_message_save(message, 0, pool), "save");
    is_int(okapi_message_raw(&stream, message, pool, pool), OKAPI_ENOTFOUND,
           "nor when it is saved");
}

/* Copies share what it is made of, and each has it all. */
static void test_copies(mailbox_t *m, apr_pool_t *pool)
{
    okapi_folder_t *sent;
    mailbox_must(okapi_folder_open(&sent, m->store,
                                   okapi_store_special(m->store, OKAPI_FOLDER_SENT), pool, pool),
                 "folder open");
    for (int i = 0; i < 2; i++) {
        const char *text = noise(i ? 50000 : 100, "\r\n", pool);
        okapi_binary_t raw = {(const unsigned char *)text, strlen(text)};
        okapi_id_t id = okapi_message_id(deliver(m, raw, pool)), copy;
        okapi_message_t *opened;
        int partial;
        mailbox_must(okapi_messages_copy(m->inbox, sent, &id, 1, &copy, &partial, pool), "copy");
        mailbox_must(okapi_messages_delete(m->inbox, &id, 1,
                                           OKAPI_DELETE_MESSAGES | OKAPI_DELETE_HARD, &partial,
                                           pool),
                     "delete");
        mailbox_must(okapi_message_open(&opened, m->store, 0, copy, pool, pool), "message open");
        ok(same(opened, raw, pool), "a copy of %d bytes outlives them", (int)raw.len);
    }
}

/* A store of a user's own, as an administrator opens it. */
static okapi_folder_t *inbox_of(mailbox_t *m, const okapi_user_t *owner, apr_pool_t *pool)
{
    static const okapi_user_t administrator = {0, "", "", "", OKAPI_USER_ADMIN, ""};
    okapi_store_t *store;
    okapi_folder_t *inbox;
    mailbox_must(okapi_store_open(&store, m->okapi, &administrator, owner, pool, pool), "store");
    mailbox_must(okapi_folder_open(&inbox, store, okapi_store_special(store, OKAPI_FOLDER_INBOX),
                                   pool, pool),
                 "inbox");
    return inbox;
}

/* What goes into another store has it all, whether its skeleton is in the row or not. */
static void test_elsewhere(mailbox_t *m, apr_pool_t *pool)
{
    okapi_user_t row = {.name = "mary", .email = "mary@example.org", .fullname = ""}, *mary;
    mailbox_must(okapi_user_add(m->okapi, &row, NULL, pool), "mary");
    mailbox_must(okapi_user_by_login(&mary, m->okapi, "mary", pool, pool), "mary");
    okapi_folder_t *from = inbox_of(m, m->user, pool), *to = inbox_of(m, mary, pool);
    for (int i = 0; i < 4; i++) {
        int is_large = i % 2, move = i / 2, partial;
        apr_size_t size = is_large ? 50000 : 100;
        okapi_binary_t raw = {(const unsigned char *)noise(size, NULL, pool), size};
        okapi_message_t *message, *opened;
        okapi_id_t id, there;
        mailbox_must(okapi_message_create(&message, from->store, from->id, 0, pool, pool),
                     "message create");
        okapi_message_set_raw(message, raw, NULL, 0);
        mailbox_must(okapi_message_save(message, OKAPI_SAVE_DELIVERY, pool), "save");
        id = okapi_message_id(message);
        is_int(okapi__propbag_large(&message->bag, OKAPI__TAG_RAW) != NULL, is_large,
               "a skeleton %s", is_large ? "of its own" : "in the row");
        mailbox_must(move ? okapi_messages_move(from, to, &id, 1, &there, &partial, pool)
                          : okapi_messages_copy(from, to, &id, 1, &there, &partial, pool),
                     "to another store");
        mailbox_must(okapi_message_open(&opened, to->store, 0, there, pool, pool), "open");
        ok(same(opened, raw, pool), "%s into another store", move ? "moved" : "copied");
        is_int(okapi__propbag_large(&opened->bag, OKAPI__TAG_RAW) != NULL, is_large,
               "stands where it stood");
    }
}

/* Skeletons that nobody wrote. */
static void test_corrupt(apr_pool_t *pool)
{
    okapi__piece_t piece = {.at = 1, .length = 10, .form = {.size = 10}};
    okapi__skeleton_t skeleton = {.size = 20, .pieces = &piece, .npieces = 1}, decoded;
    okapi_binary_t raw = {(const unsigned char *)"12345678901234567890", 20};
    okapi_binary_t good = okapi__skeleton_encode(&skeleton, raw, pool);
    unsigned char *bad = apr_palloc(pool, good.len);
    int refused = 0, sane = 1;
    for (apr_size_t i = 0; i < 41; i++) {
        memcpy(bad, good.data, good.len);
        bad[i] ^= 0x80;
        okapi_stream_t *s = okapi__stream_memory(bad, good.len, pool);
        refused += okapi__skeleton_decode(&decoded, s, pool, pool) == OKAPI_ECORRUPT;
    }
    for (apr_size_t n = 0; n < good.len; n++) {
        okapi_stream_t *s = okapi__stream_memory(good.data, n, pool);
        sane &= okapi__skeleton_decode(&decoded, s, pool, pool) == OKAPI_ECORRUPT;
    }
    okapi_stream_t *s = okapi__stream_memory(good.data, good.len, pool);
    is_int(okapi__skeleton_decode(&decoded, s, pool, pool), APR_SUCCESS, "a good skeleton");
    is_int((long long)decoded.pieces[0].length, 10, "and its piece");
    ok(sane, "a cut one is corrupt");
    /* A changed offset into the value shows when the value is read; LINE and EOL don't count. */
    is_int(refused, 41 - 7 - 3, "a changed one is corrupt");
}

/* ---- real mail ---- */

typedef struct corpus_t {
    int messages, broken, pieces;
} corpus_t;

static void check_file(corpus_t *corpus, mailbox_t *m, const char *path, apr_size_t size,
                       apr_pool_t *pool)
{
    unsigned char *bytes = apr_palloc(pool, size);
    apr_file_t *file;
    mailbox_must(apr_file_open(&file, path, APR_FOPEN_READ, 0, pool), path);
    mailbox_must(apr_file_read_full(file, bytes, size, NULL), path);
    apr_file_close(file);
    okapi_binary_t raw = {bytes, size};
    okapi_message_t *message = deliver(m, raw, pool);
    corpus->messages++;
    corpus->pieces += pieces_of(message);
    if (!same(message, raw, pool)) {
        corpus->broken++;
        diag("%s", path);
    }
}

static void check_folder(corpus_t *corpus, mailbox_t *m, const char *folder, apr_pool_t *root)
{
    apr_dir_t *dir;
    apr_finfo_t entry;
    apr_pool_t *pool;
    apr_pool_create(&pool, root);
    if (apr_dir_open(&dir, folder, root) != APR_SUCCESS) {
        return;
    }
    while (apr_dir_read(&entry, APR_FINFO_NAME | APR_FINFO_TYPE | APR_FINFO_SIZE, dir) ==
           APR_SUCCESS) {
        const char *path = apr_pstrcat(pool, folder, "/", entry.name, NULL);
        if (entry.filetype == APR_DIR && entry.name[0] != '.') {
            check_folder(corpus, m, path, pool);
        } else if (entry.filetype == APR_REG) {
            check_file(corpus, m, path, (apr_size_t)entry.size, pool);
        }
        apr_pool_clear(pool);
    }
    apr_dir_close(dir);
    apr_pool_destroy(pool);
}

static void test_corpus(mailbox_t *m, apr_pool_t *pool)
{
    const char *data = getenv("OKAPI_TEST_DATA");
    corpus_t corpus = {0};
    check_folder(&corpus, m, apr_pstrcat(pool, data ? data : TEST_DATA, "/mail", NULL), pool);
    if (corpus.messages == 0) {
        ok(1, "real mail # SKIP there is none");
        return;
    }
    is_int(corpus.broken, 0, "%d real messages come back to the byte", corpus.messages);
    ok(corpus.pieces > 0, "%d pieces of them are stored once", corpus.pieces);
}

int main(void)
{
    static void (*const tests[])(mailbox_t * m, apr_pool_t * pool) = {
        test_attachments, test_text, test_nested, test_short, test_parts,
        test_places, test_copies, test_elsewhere, test_corpus,
    };
    apr_pool_t *root = tap_pool();
    mailbox_t m;
    mailbox_create(&m, root);
    okapi_mime_init();
    srand(11);
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        apr_pool_t *pool;
        apr_pool_create(&pool, root);
        tests[i](&m, pool);
        apr_pool_destroy(pool);
    }
    test_corrupt(root);
    return done_testing();
}
