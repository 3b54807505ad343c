/* fsck_deep.c - what can only be seen by reading everything: messages that can't be read or whose
 * row in the folder says something else, and bytes that aren't those their hash was made of. */
#include <string.h>

#include <apr_strings.h>

#include "access.h"
#include "blob.h"
#include "fsck_private.h"
#include "message_private.h"

enum { PAGE = 50 }; /* the statements' limit */
enum { RAW_BUFFER = 65536 };

enum { UNREADABLE, STALE_ROW, RAW, BAD_BYTES };

const okapi__check_t okapi__deep_checks[] = {
    [UNREADABLE] = {.name = "message.readable", .what = "messages can be read",
                    .sentence = "message %k can't be read: %s",
                    .remedy = "restore it from a backup"},
    [STALE_ROW] = {.name = "message.row", .what = "lists show what messages say",
                   .sentence = "lists show other %s of message %k than it has",
                   .remedy = "they show what it has"},
    [RAW] = {.name = "message.raw", .what = "messages are there as they came",
             .sentence = "the bytes that message %k came with can't be had again: %s",
             .remedy = "what it says can be read; for its own bytes restore it from a backup"},
    [BAD_BYTES] = {.name = "blob.bytes", .what = "large values are what was stored",
                   .sentence = "the bytes %k, of object %a, are damaged",
                   .remedy = "restore the messages that have them"},
    {0}};

typedef struct deep_t {
    okapi_t *okapi;
    okapi_fsck_t *fsck;
    okapi__stmt_e stmt;
    okapi_id_t after;
    apr_array_header_t *rows; /* of row_t */
    okapi_store_t *store;     /* of the last message */
    apr_pool_t *page_pool, *store_pool;
} deep_t;

typedef struct row_t {
    okapi_id_t id, folder_id, store_id;
    apr_int64_t attachments, conversation, message_id_hash; /* what lists of messages don't read */
    const char *hash; /* of a blob; its size instead of the store's id */
} row_t;

static apr_status_t read_page(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    deep_t *d = baton;
    okapi__rows_t *rows;
    apr_array_clear(d->rows);
    apr_status_t rv = okapi__db_select(&rows, conn, d->stmt, DB_ARGS(DB_I(d->after)), scratch_pool);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        row_t *row = apr_array_push(d->rows);
        row->id = okapi__rows_int(rows, 0);
        row->store_id = okapi__rows_int(rows, 2);
        if (d->stmt == STMT_FSCK_BLOBS) {
            row->hash = apr_pstrdup(d->page_pool, okapi__rows_str(rows, 1));
        } else {
            row->folder_id = okapi__rows_int(rows, 1);
            row->attachments = okapi__rows_int(rows, 3);
            row->conversation = okapi__rows_int(rows, 4);
            row->message_id_hash = okapi__rows_int(rows, 5);
        }
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

/* ---- messages ---- */

typedef struct owner_t {
    okapi_id_t store_id;
    const char *name; /* NULL: none */
    int is_public;
    apr_pool_t *pool;
} owner_t;

static apr_status_t read_owner(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    owner_t *o = baton;
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_FSCK_OWNER,
                                           DB_ARGS(DB_I(o->store_id)), scratch_pool);
    o->name = rv == APR_SUCCESS && found ? apr_pstrdup(o->pool, okapi__rows_str(rows, 0)) : NULL;
    o->is_public = o->name && okapi__rows_int(rows, 1) == OKAPI__STORE_PUBLIC;
    return rv;
}

/* d->store is the one of this id, or NULL if it can't be opened for its owner. */
static apr_status_t open_store(deep_t *d, okapi_id_t store_id, apr_pool_t *scratch_pool)
{
    static const okapi_user_t administrator = {0, "", "", "", OKAPI_USER_ADMIN, ""};
    owner_t owner = {store_id, NULL, 0, scratch_pool};
    okapi_user_t *user;
    if (d->store && d->store->id == store_id) {
        return APR_SUCCESS;
    }
    d->store = NULL;
    apr_pool_clear(d->store_pool);
    apr_status_t rv = okapi__db_read(d->okapi->db, read_owner, &owner, scratch_pool);
    if (rv != APR_SUCCESS || !owner.name) {
        return rv;
    }
    if (owner.is_public) {
        return okapi_store_open_public(&d->store, d->okapi, &administrator, d->store_pool,
                                       scratch_pool);
    }
    rv = okapi_user_by_login(&user, d->okapi, owner.name, scratch_pool, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = okapi_store_open(&d->store, d->okapi, user, user, d->store_pool, scratch_pool);
    }
    return rv == OKAPI_EUNKNOWNUSER ? APR_SUCCESS : rv;
}

/* What of a row isn't what it was made of; NULL: nothing. Sort keys differ between versions of
 * ICU, so they don't count. */
static const char *difference(const okapi__message_row_t *a, const okapi__message_row_t *b,
                              const row_t *row)
{
    return strcmp(a->message_class, b->message_class)                              ? "classes"
           : strcmp(a->prefix, b->prefix) || strcmp(a->subject, b->subject)        ? "subjects"
           : strcmp(a->sender, b->sender)                                          ? "senders"
           : strcmp(a->display_to, b->display_to)                                  ? "recipients"
           : a->delivered != b->delivered || a->submitted != b->submitted          ? "times"
           : a->start != b->start || a->end != b->end                              ? "periods"
           : a->attachments != row->attachments                                    ? "attachments"
           : a->conversation != row->conversation                                  ? "conversations"
           : a->message_id_hash != row->message_id_hash                            ? "ids"
           : a->importance != b->importance || a->flag_status != b->flag_status ||
                   a->icon != b->icon                                              ? "marks"
                                                                                   : NULL;
}

/* Everything of a message in memory. */
static apr_status_t read_message(okapi_message_t **message, deep_t *d, const row_t *row,
                                 apr_pool_t *scratch_pool)
{
    apr_status_t rv = okapi_message_open(message, d->store, row->folder_id, row->id, scratch_pool,
                                         scratch_pool);
    for (int i = 0; rv == APR_SUCCESS && i < okapi_message_attachment_count(*message); i++) {
        okapi_attachment_t *a = APR_ARRAY_IDX((*message)->attachments, i, okapi_attachment_t *);
        okapi_message_t *embedded;
        rv = okapi__attachment_need(a, scratch_pool);
        if (rv == APR_SUCCESS && a->embedded_id) {
            rv = okapi_attachment_embedded(&embedded, a, scratch_pool);
        }
    }
    return rv;
}

/* Its bytes from the Internet, if it came from there. */
static apr_status_t read_raw(deep_t *d, okapi_message_t *message, apr_pool_t *scratch_pool)
{
    okapi_stream_t *stream;
    char *buffer = apr_palloc(scratch_pool, RAW_BUFFER);
    apr_int64_t offset = 0;
    apr_size_t len;
    apr_status_t rv = okapi_message_raw(&stream, message, scratch_pool, scratch_pool);
    if (rv == OKAPI_ENOTFOUND) {
        return APR_SUCCESS;
    }
    do {
        len = RAW_BUFFER;
        rv = rv == APR_SUCCESS
                 ? okapi_stream_read_at(stream, offset, buffer, &len, scratch_pool)
                 : rv;
        offset += (apr_int64_t)len;
    } while (rv == APR_SUCCESS && len > 0);
    return rv;
}

static apr_status_t check_message(deep_t *d, const row_t *row, apr_pool_t *scratch_pool)
{
    char buffer[200];
    okapi__damage_t damage = {.key = row->id, .store_id = row->store_id, .t = ""};
    okapi_message_t *message;
    apr_status_t rv = open_store(d, row->store_id, scratch_pool);
    if (rv != APR_SUCCESS || !d->store) {
        return rv;
    }
    rv = read_message(&message, d, row, scratch_pool);
    if (rv == OKAPI_ENOTFOUND || rv == OKAPI_EOBJECTDELETED) {
        return APR_SUCCESS; /* it has gone, or what is missing is another check's */
    }
    if (rv == OKAPI_ECORRUPT) {
        damage.s = okapi_strerror(rv, buffer, sizeof(buffer));
        return okapi__fsck_tell(d->okapi, d->fsck, &okapi__deep_checks[UNREADABLE], &damage,
                                OKAPI_FSCK_LOST, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = read_raw(d, message, scratch_pool);
        if (rv == OKAPI_ECORRUPT) {
            damage.s = okapi_strerror(rv, buffer, sizeof(buffer));
            rv = okapi__fsck_tell(d->okapi, d->fsck, &okapi__deep_checks[RAW], &damage,
                                  OKAPI_FSCK_LOST, scratch_pool);
        }
    }
    if (rv != APR_SUCCESS) {
        return rv == OKAPI_ENOTFOUND || rv == OKAPI_EOBJECTDELETED ? APR_SUCCESS : rv;
    }
    okapi__message_row_t right = message->row;
    rv = okapi__message_row_fill(&right, message, scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    damage.s = difference(&right, &message->row, row);
    if (!damage.s) {
        return APR_SUCCESS;
    }
    if (d->fsck->repair) { /* saving makes the row anew */
        rv = okapi_message_save(message, 0, scratch_pool);
    }
    return rv == APR_SUCCESS
               ? okapi__fsck_tell(d->okapi, d->fsck, &okapi__deep_checks[STALE_ROW], &damage,
                                  d->fsck->repair ? OKAPI_FSCK_REPAIRED : OKAPI_FSCK_FOUND,
                                  scratch_pool)
               : rv;
}

/* ---- bytes ---- */

typedef struct user_t {
    okapi_id_t blob_id, object_id;
} user_t;

static apr_status_t find_user(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    user_t *u = baton;
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = okapi__db_select_one(&rows, &found, conn, STMT_FSCK_BLOB_USER,
                                           DB_ARGS(DB_I(u->blob_id)), scratch_pool);
    u->object_id = rv == APR_SUCCESS && found ? okapi__rows_int(rows, 0) : 0;
    return rv;
}

/* OKAPI_ECORRUPT if the bytes aren't there or aren't those of the hash. */
static apr_status_t check_hash(deep_t *d, const row_t *row, apr_pool_t *scratch_pool)
{
    char hash[65];
    okapi_stream_t *stream;
    apr_size_t size = (apr_size_t)row->store_id;
    unsigned char *bytes = apr_palloc(scratch_pool, size + 1);
    apr_status_t rv = okapi__blob_stream(&stream, d->okapi->db, row->id, (apr_int64_t)size,
                                         scratch_pool);
    if (rv == APR_SUCCESS && size) {
        rv = stream->read_at(stream, 0, bytes, size, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi__blob_hash(hash, (okapi_binary_t){bytes, size});
    }
    return rv == APR_SUCCESS && strcmp(hash, row->hash) != 0 ? OKAPI_ECORRUPT : rv;
}

static apr_status_t check_blob(deep_t *d, const row_t *row, apr_pool_t *scratch_pool)
{
    user_t user = {row->id, 0};
    okapi__damage_t damage = {.key = row->id, .s = "", .t = ""};
    apr_status_t rv = check_hash(d, row, scratch_pool);
    if (rv != OKAPI_ECORRUPT) {
        return rv;
    }
    rv = okapi__db_read(d->okapi->db, find_user, &user, scratch_pool);
    if (rv != APR_SUCCESS || !user.object_id) {
        return rv; /* nothing refers to it, or no longer: it is being removed */
    }
    damage.a = user.object_id;
    return okapi__fsck_tell(d->okapi, d->fsck, &okapi__deep_checks[BAD_BYTES], &damage,
                            OKAPI_FSCK_LOST, scratch_pool);
}

/* ---- all of them ---- */

static apr_status_t walk(deep_t *d, const okapi__check_t *check, okapi__stmt_e stmt,
                         apr_status_t (*each)(deep_t *, const row_t *, apr_pool_t *),
                         apr_pool_t *scratch_pool)
{
    apr_pool_t *pool;
    apr_status_t rv = apr_pool_create(&pool, scratch_pool);
    if (d->fsck->begin) {
        d->fsck->begin(d->fsck->baton, check->name, check->what);
    }
    d->stmt = stmt;
    d->after = 0;
    do {
        apr_pool_clear(d->page_pool);
        d->rows = apr_array_make(d->page_pool, PAGE, sizeof(row_t));
        if (rv == APR_SUCCESS) {
            rv = okapi__db_read(d->okapi->db, read_page, d, pool);
        }
        for (int i = 0; rv == APR_SUCCESS && i < d->rows->nelts; i++) {
            const row_t *row = &APR_ARRAY_IDX(d->rows, i, row_t);
            apr_pool_clear(pool);
            rv = each(d, row, pool);
            d->after = row->id;
        }
    } while (rv == APR_SUCCESS && d->rows->nelts == PAGE);
    apr_pool_destroy(pool);
    return rv;
}

apr_status_t okapi__fsck_deep(okapi_t *okapi, okapi_fsck_t *fsck, apr_pool_t *scratch_pool)
{
    deep_t d = {.okapi = okapi, .fsck = fsck};
    apr_status_t rv = apr_pool_create(&d.page_pool, scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = apr_pool_create(&d.store_pool, scratch_pool);
    }
    if (rv == APR_SUCCESS) {
        rv = walk(&d, &okapi__deep_checks[UNREADABLE], STMT_FSCK_MESSAGES, check_message,
                  scratch_pool);
    }
    return rv == APR_SUCCESS
               ? walk(&d, &okapi__deep_checks[BAD_BYTES], STMT_FSCK_BLOBS, check_blob, scratch_pool)
               : rv;
}
