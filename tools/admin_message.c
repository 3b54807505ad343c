/* admin_message.c - okapi-admin message: messages from files and as files. */
#include <string.h>

#include <apr_file_io.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <okapi/error.h>
#include <okapi/ical.h>
#include <okapi/mime.h>
#include <okapi/msg.h>
#include <okapi/table.h>
#include <okapi/tnef.h>
#include <okapi/vcard.h>

#include "admin.h"

enum { ROWS = 256, NAME_MAX_BYTES = 80 };

/* ---- formats ---- */

typedef apr_status_t (*import_t)(okapi_folder_t *folder, okapi_binary_t file, int *n,
                                 const char **why, apr_pool_t *pool);
typedef apr_status_t (*export_t)(okapi_binary_t *file, okapi_message_t *message, apr_pool_t *pool);

static apr_status_t create(okapi_message_t **message, okapi_folder_t *folder, apr_pool_t *pool)
{
    return okapi_message_create(message, okapi_folder_store(folder), okapi_folder_id(folder), 0,
                                pool, pool);
}

/* Saves what was made of a file, unless STATUS says that nothing was. */
static apr_status_t save(okapi_message_t *message, apr_status_t status, int *n, apr_pool_t *pool)
{
    if (status == APR_SUCCESS) {
        status = okapi_message_save(message, 0, pool);
    }
    *n += status == APR_SUCCESS;
    return status;
}

/* Mail that is imported was read where it comes from. */
static apr_status_t import_eml(okapi_folder_t *folder, okapi_binary_t file, int *n,
                               const char **why, apr_pool_t *pool)
{
    okapi_message_t *message;
    okapi_propval_t flags = okapi_propval_i32(PR_MESSAGE_FLAGS, MSGFLAG_READ);
    apr_status_t rv = create(&message, folder, pool);
    if (rv == APR_SUCCESS) {
        rv = okapi_mime_to_message(message, file, pool, pool);
    }
    if (rv == APR_SUCCESS) {
        rv = okapi_object_set(okapi_message_object(message), &flags, 1, pool);
    }
    return save(message, rv, n, pool);
}

static apr_status_t import_msg(okapi_folder_t *folder, okapi_binary_t file, int *n,
                               const char **why, apr_pool_t *pool)
{
    okapi_message_t *message;
    apr_status_t rv = create(&message, folder, pool);
    if (rv == APR_SUCCESS) {
        rv = okapi_msg_to_message(message, why, file, pool, pool);
    }
    return save(message, rv, n, pool);
}

static apr_status_t import_tnef(okapi_folder_t *folder, okapi_binary_t file, int *n,
                                const char **why, apr_pool_t *pool)
{
    okapi_message_t *message;
    apr_status_t rv = create(&message, folder, pool);
    if (rv == APR_SUCCESS) {
        rv = okapi_tnef_to_message(message, why, file, pool, pool);
    }
    return save(message, rv, n, pool);
}

static apr_status_t import_ics(okapi_folder_t *folder, okapi_binary_t file, int *n,
                               const char **why, apr_pool_t *pool)
{
    okapi_ical_t *ical;
    apr_status_t rv = okapi_ical_parse(&ical, why, file, pool);
    for (int i = 0; rv == APR_SUCCESS && i < okapi_ical_count(ical); i++) {
        okapi_message_t *message;
        rv = create(&message, folder, pool);
        if (rv == APR_SUCCESS) {
            rv = okapi_ical_to_message(message, why, ical, i, NULL, pool, pool);
        }
        rv = save(message, rv, n, pool);
    }
    return rv;
}

static apr_status_t import_vcf(okapi_folder_t *folder, okapi_binary_t file, int *n,
                               const char **why, apr_pool_t *pool)
{
    okapi_vcard_t *vcard;
    apr_status_t rv = okapi_vcard_parse(&vcard, why, file, pool);
    for (int i = 0; rv == APR_SUCCESS && i < okapi_vcard_count(vcard); i++) {
        okapi_message_t *message;
        rv = create(&message, folder, pool);
        if (rv == APR_SUCCESS) {
            rv = okapi_vcard_to_message(message, why, vcard, i, pool, pool);
        }
        rv = save(message, rv, n, pool);
    }
    return rv;
}

static apr_status_t export_eml(okapi_binary_t *file, okapi_message_t *message, apr_pool_t *pool)
{
    return okapi_mime_from_message(file, message, 0, pool, pool);
}

static apr_status_t export_msg(okapi_binary_t *file, okapi_message_t *message, apr_pool_t *pool)
{
    return okapi_msg_from_message(file, message, pool, pool);
}

static apr_status_t export_tnef(okapi_binary_t *file, okapi_message_t *message, apr_pool_t *pool)
{
    return okapi_tnef_from_message(file, message, NULL, pool, pool);
}

static apr_status_t export_ics(okapi_binary_t *file, okapi_message_t *message, apr_pool_t *pool)
{
    return okapi_ical_from_messages(file, &message, 1, 0, pool, pool);
}

static apr_status_t export_vcf(okapi_binary_t *file, okapi_message_t *message, apr_pool_t *pool)
{
    return okapi_vcard_from_messages(file, &message, 1, OKAPI_VCARD_AS_IT_CAME, 0, pool, pool);
}

static const struct format_t {
    const char *name; /* and the extension of its files */
    import_t import;
    export_t export; /* NULL: it is another name of a format */
} formats[] = {{"eml", import_eml, export_eml},
               {"msg", import_msg, export_msg},
               {"tnef", import_tnef, export_tnef},
               {"dat", import_tnef, NULL},
               {"ics", import_ics, export_ics},
               {"vcf", import_vcf, export_vcf}};

static const struct format_t *format_named(const char *name)
{
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (strcasecmp(formats[i].name, name) == 0) {
            return &formats[i];
        }
    }
    return NULL;
}

static const struct format_t *format_of(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot ? format_named(dot + 1) : NULL;
}

/* ---- import ---- */

static apr_status_t read_file(okapi_binary_t *bytes, const char *path, apr_pool_t *pool)
{
    apr_file_t *file;
    apr_finfo_t info;
    apr_status_t rv = apr_file_open(&file, path, APR_READ | APR_BINARY, 0, pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    rv = apr_file_info_get(&info, APR_FINFO_SIZE, file);
    if (rv == APR_SUCCESS) {
        unsigned char *data = apr_palloc(pool, (apr_size_t)info.size + 1);
        bytes->data = data;
        rv = apr_file_read_full(file, data, (apr_size_t)info.size, &bytes->len);
        rv = rv == APR_EOF ? APR_SUCCESS : rv;
    }
    apr_file_close(file);
    return rv;
}

/* The messages of one file; *N is how many there are by now. */
static int import_file(admin_t *admin, okapi_folder_t *folder, const char *path, int *n)
{
    const struct format_t *format = format_of(path);
    apr_pool_t *pool;
    okapi_binary_t bytes = {NULL, 0};
    const char *why = "";
    apr_pool_create(&pool, admin->tool.pool);
    apr_status_t rv = read_file(&bytes, path, pool);
    if (rv == APR_SUCCESS) {
        rv = format->import(folder, bytes, n, &why, pool);
    }
    int code = EX_OK;
    if (rv != APR_SUCCESS && *why) {
        tool_error(&admin->tool, "%s can't be imported: %s", path, why);
        code = EX_DATAERR;
    } else if (rv != APR_SUCCESS) {
        code = tool_fail(&admin->tool, rv, "%s can't be imported", path);
    }
    apr_pool_destroy(pool);
    return code;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* PATH, or the files in it that are of a known format, in the order of their names. */
static apr_status_t list_files(apr_array_header_t **paths, const char *path, apr_pool_t *pool)
{
    apr_finfo_t info;
    apr_dir_t *dir;
    *paths = apr_array_make(pool, 16, sizeof(const char *));
    apr_status_t rv = apr_stat(&info, path, APR_FINFO_TYPE, pool);
    if (rv == APR_SUCCESS && info.filetype != APR_DIR) {
        APR_ARRAY_PUSH(*paths, const char *) = path;
        return APR_SUCCESS;
    }
    if (rv == APR_SUCCESS) {
        rv = apr_dir_open(&dir, path, pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    while (apr_dir_read(&info, APR_FINFO_NAME, dir) == APR_SUCCESS) {
        if (format_of(info.name)) {
            APR_ARRAY_PUSH(*paths, const char *) = apr_pstrcat(pool, path, "/", info.name, NULL);
        }
    }
    apr_dir_close(dir);
    qsort((*paths)->elts, (size_t)(*paths)->nelts, sizeof(const char *), by_name);
    return APR_SUCCESS;
}

int admin_message_import(admin_t *admin)
{
    tool_t *tool = &admin->tool;
    const char *path = admin_arg(admin, 2);
    apr_array_header_t *paths;
    okapi_store_t *store;
    okapi_folder_t *folder;
    int code = admin_open_mailbox(admin, 0, &store), n = 0, refused = 0;
    if (!code) {
        code = admin_open_folder(admin, 1, store, &folder);
    }
    if (code) {
        return code;
    }
    apr_status_t rv = list_files(&paths, path, tool->pool);
    if (rv != APR_SUCCESS) {
        tool_fail(tool, rv, "%s can't be read", path);
        return EX_NOINPUT;
    }
    okapi_mime_init();
    for (int i = 0; i < paths->nelts; i++) {
        const char *file = APR_ARRAY_IDX(paths, i, const char *);
        if (!format_of(file)) {
            tool_error(tool, "%s isn't named .eml, .msg, .tnef, .dat, .ics or .vcf", file);
            return EX_USAGE;
        }
        int failed = import_file(admin, folder, file, &n);
        refused += failed != EX_OK;
        code = failed ? failed : code;
    }
    output_done(json_pack("{s:i, s:i}", "messages", n, "refused", refused), admin->as_json,
                "Imported %d message%s.", n, n == 1 ? "" : "s");
    return code;
}

/* ---- export ---- */

/* "ID-SUBJECT.EXTENSION" with nothing in it that a file system or a shell minds. */
static const char *file_name(okapi_id_t id, const char *subject, const char *extension,
                             apr_pool_t *pool)
{
    char *clean = apr_pstrndup(pool, subject, NAME_MAX_BYTES);
    apr_size_t len = strlen(clean);
    while (len && strlen(subject) > len && (clean[len] & 0xC0) == 0x80) { /* no half letters */
        len--;
    }
    clean[len] = '\0';
    for (char *p = clean; *p; p++) {
        if (apr_iscntrl(*p) || strchr("/\\:*?\"<>|", *p)) {
            *p = '_';
        }
    }
    return apr_psprintf(pool, "%" APR_INT64_T_FMT "%s%s.%s", id, *clean ? "-" : "", clean,
                        extension);
}

static apr_status_t write_file(const char *path, okapi_binary_t bytes, apr_pool_t *pool)
{
    apr_file_t *file;
    apr_status_t rv = apr_file_open(&file, path, APR_WRITE | APR_CREATE | APR_TRUNCATE | APR_BINARY,
                                    APR_UREAD | APR_UWRITE, pool);
    if (rv == APR_SUCCESS) {
        rv = apr_file_write_full(file, bytes.data, bytes.len, NULL);
        apr_status_t closed = apr_file_close(file);
        rv = rv == APR_SUCCESS ? closed : rv;
    }
    return rv;
}

static apr_status_t export_message(okapi_store_t *store, okapi_id_t id,
                                   const struct format_t *format, const char *dir,
                                   apr_pool_t *pool)
{
    const okapi_proptag_t tag = PR_SUBJECT;
    okapi_message_t *message;
    okapi_propval_t subject;
    okapi_binary_t bytes = {NULL, 0};
    apr_status_t rv = okapi_message_open(&message, store, 0, id, pool, pool);
    if (rv == APR_SUCCESS) {
        rv = okapi_object_get(okapi_message_object(message), &tag, 1, 0, &subject, pool, pool);
    }
    if (rv == APR_SUCCESS) {
        rv = format->export(&bytes, message, pool);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    const char *name =
        file_name(id, subject.tag == PR_SUBJECT ? subject.v.str : "", format->name, pool);
    return write_file(apr_pstrcat(pool, dir, "/", name, NULL), bytes, pool);
}

/* Array of okapi_id_t: all messages of FOLDER, before any of them is opened. */
static apr_status_t list_messages(apr_array_header_t **ids, okapi_folder_t *folder,
                                  apr_pool_t *pool)
{
    const okapi_proptag_t tag = PR_MID;
    okapi_table_t *table;
    apr_array_header_t *rows;
    apr_uint32_t count;
    *ids = apr_array_make(pool, 64, sizeof(okapi_id_t));
    apr_status_t rv = okapi_table_contents(&table, &count, folder, 0, pool, pool);
    if (rv == APR_SUCCESS) {
        rv = okapi_table_set_columns(table, &tag, 1);
    }
    do {
        apr_pool_t *scratch;
        apr_pool_create(&scratch, pool);
        rows = apr_array_make(scratch, 1, sizeof(okapi_row_t));
        if (rv == APR_SUCCESS) {
            rv = okapi_table_rows(table, ROWS, 0, 1, &rows, scratch, scratch);
        }
        count = rv == APR_SUCCESS ? (apr_uint32_t)rows->nelts : 0;
        for (apr_uint32_t i = 0; i < count; i++) {
            APR_ARRAY_PUSH(*ids, okapi_id_t) = APR_ARRAY_IDX(rows, i, okapi_row_t).id;
        }
        apr_pool_destroy(scratch);
    } while (count > 0);
    return rv;
}

int admin_message_export(admin_t *admin)
{
    tool_t *tool = &admin->tool;
    const char *dir = admin_arg(admin, 2), *name = admin_option(admin, "format");
    const char *only = admin_option(admin, "id");
    const struct format_t *format = format_named(name ? name : "eml");
    apr_array_header_t *ids;
    okapi_store_t *store;
    okapi_folder_t *folder;
    int n = 0;
    if (!format || !format->export) {
        return tool_usage_error(tool, "okapi-admin message export", "there is no format '%s'",
                                name);
    }
    int code = admin_open_mailbox(admin, 0, &store);
    if (!code) {
        code = admin_open_folder(admin, 1, store, &folder);
    }
    if (code) {
        return code;
    }
    apr_status_t rv = list_messages(&ids, folder, tool->pool);
    if (rv == APR_SUCCESS) {
        rv = apr_dir_make_recursive(dir, APR_UREAD | APR_UWRITE | APR_UEXECUTE, tool->pool);
    }
    okapi_mime_init();
    for (int i = 0; rv == APR_SUCCESS && i < ids->nelts; i++) {
        okapi_id_t id = APR_ARRAY_IDX(ids, i, okapi_id_t);
        apr_pool_t *pool;
        if (only && id != apr_atoi64(only)) {
            continue;
        }
        apr_pool_create(&pool, tool->pool);
        rv = export_message(store, id, format, dir, pool);
        n += rv == APR_SUCCESS;
        apr_pool_destroy(pool);
    }
    if (rv != APR_SUCCESS) {
        return tool_fail(tool, rv, "after %d messages nothing more can be exported to %s", n, dir);
    }
    if (only && n == 0) {
        tool_error(tool, "%s has no message %s", admin_arg(admin, 1), only);
        return EX_NOINPUT;
    }
    output_done(json_pack("{s:i, s:s}", "messages", n, "directory", dir), admin->as_json,
                "Exported %d message%s to %s.", n, n == 1 ? "" : "s", dir);
    return EX_OK;
}
