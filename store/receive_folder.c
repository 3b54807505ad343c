/* receive_folder.c - which folder messages of a class are delivered to (MS-OXCSTOR 2.2.1.2). */
#include <string.h>

#include <apr_strings.h>

#include "store_private.h"

enum { CLASS_COLUMN_MAX = 128 }; /* of receive_folder.class */

typedef struct list_t {
    okapi_id_t store_id;
    apr_array_header_t *entries;
    apr_pool_t *result_pool;
} list_t;

static apr_status_t read_entries(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    list_t *list = baton;
    okapi__rows_t *rows;
    apr_status_t rv = okapi__db_select(&rows, conn, STMT_RECEIVE_LIST,
                                       DB_ARGS(DB_I(list->store_id)), scratch_pool);
    apr_array_clear(list->entries);
    while (rv == APR_SUCCESS && okapi__rows_next(rows)) {
        okapi_receive_folder_t *entry = apr_array_push(list->entries);
        entry->message_class = apr_pstrdup(list->result_pool, okapi__rows_str(rows, 0));
        entry->folder_id = okapi__rows_int(rows, 1);
        entry->mtime = okapi__rows_int(rows, 2);
    }
    return rv == APR_SUCCESS ? okapi__rows_status(rows) : rv;
}

apr_status_t okapi_store_receive_folders(okapi_store_t *store, apr_array_header_t **entries,
                                         apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    list_t list = {store->id, apr_array_make(result_pool, 8, sizeof(okapi_receive_folder_t)),
                   result_pool};
    *entries = list.entries;
    return okapi__db_read_loose(store->okapi->db, read_entries, &list, scratch_pool);
}

/* MS-OXCSTOR 2.2.1.2.1: printable ASCII up to 255 with the zero, no empty part between periods. */
static int is_message_class(const char *text)
{
    apr_size_t len = strlen(text);
    if (len > 254 || text[0] == '.' || (len && text[len - 1] == '.') || strstr(text, "..")) {
        return 0;
    }
    for (; *text; text++) {
        if (*text < 32 || *text > 126) {
            return 0;
        }
    }
    return 1;
}

/* Is MESSAGE_CLASS of the class ENTRY or a subclass of it? */
static int is_of_class(const char *message_class, const char *entry)
{
    apr_size_t len = strlen(entry);
    return len == 0 || (strncasecmp(message_class, entry, len) == 0 &&
                        (message_class[len] == '\0' || message_class[len] == '.'));
}

apr_status_t okapi_store_receive_folder(okapi_store_t *store, const char *message_class,
                                        okapi_id_t *folder_id, const char **matched,
                                        apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    apr_array_header_t *entries;
    if (!is_message_class(message_class)) {
        return OKAPI_EINVAL;
    }
    apr_status_t rv = okapi_store_receive_folders(store, &entries, scratch_pool, scratch_pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    /* Without an entry for everything else, that is the inbox: MS-OXCSTOR 3.2.5.2. */
    const char *best = "";
    *folder_id = okapi_store_special(store, OKAPI_FOLDER_INBOX);
    for (int i = 0; i < entries->nelts; i++) {
        const okapi_receive_folder_t *entry = &APR_ARRAY_IDX(entries, i, okapi_receive_folder_t);
        if (is_of_class(message_class, entry->message_class) &&
            strlen(entry->message_class) >= strlen(best)) {
            best = entry->message_class;
            *folder_id = entry->folder_id;
        }
    }
    *matched = apr_pstrdup(result_pool, best);
    return APR_SUCCESS;
}

/* ---- changing: MS-OXCSTOR 3.2.5.3 ---- */

typedef struct setting_t {
    okapi_store_t *store;
    const char *message_class;
    okapi_id_t folder_id; /* 0: removes the entry */
} setting_t;

static apr_status_t write_entry(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const setting_t *s = baton;
    list_t list = {s->store->id, apr_array_make(scratch_pool, 8, sizeof(okapi_receive_folder_t)),
                   scratch_pool};
    const char *stored = NULL;
    apr_status_t rv =
        okapi__db_exec(conn, STMT_STORE_LOCK, NULL, DB_ARGS(DB_I(s->store->id)), scratch_pool);
    if (rv == APR_SUCCESS) {
        rv = read_entries(conn, &list, scratch_pool);
    }
    for (int i = 0; i < list.entries->nelts; i++) {
        const char *entry = APR_ARRAY_IDX(list.entries, i, okapi_receive_folder_t).message_class;
        stored = strcasecmp(entry, s->message_class) == 0 ? entry : stored;
    }
    if (rv == APR_SUCCESS && stored) {
        rv = okapi__db_exec(conn, STMT_RECEIVE_DELETE, NULL,
                            DB_ARGS(DB_I(s->store->id), DB_S(stored)), scratch_pool);
    }
    if (rv == APR_SUCCESS && s->folder_id) {
        rv = okapi__db_exec(conn, STMT_RECEIVE_ADD, NULL,
                            DB_ARGS(DB_I(s->store->id), DB_S(s->message_class),
                                    DB_I(s->folder_id), DB_I(okapi_time_now())),
                            scratch_pool);
    }
    return rv;
}

apr_status_t okapi_store_set_receive_folder(okapi_store_t *store, const char *message_class,
                                            okapi_id_t folder_id, apr_pool_t *scratch_pool)
{
    setting_t setting = {store, message_class, folder_id};
    okapi_folder_t *folder;
    if (!is_message_class(message_class)) {
        return OKAPI_EINVAL;
    }
    if (!*message_class && !folder_id) {
        return OKAPI_EFAIL;
    }
    if (!store->full_access || strcasecmp(message_class, "IPM") == 0 ||
        strcasecmp(message_class, "REPORT.IPM") == 0) {
        return OKAPI_EACCESS;
    }
    if (strlen(message_class) > CLASS_COLUMN_MAX) {
        return OKAPI_ETOOBIG;
    }
    apr_status_t rv = folder_id ? okapi_folder_open(&folder, store, folder_id, scratch_pool,
                                                    scratch_pool)
                                : APR_SUCCESS;
    if (rv == APR_SUCCESS && folder_id) {
        rv = okapi__folder_takes(folder);
    }
    return rv == APR_SUCCESS ? okapi__db_write(store->okapi->db, write_entry, &setting,
                                               scratch_pool)
                             : rv;
}
