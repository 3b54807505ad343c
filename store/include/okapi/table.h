/* table.h - tables (MS-OXCTABL) over messages, folders, attachments and whatever lists rows.
 *
 * A table is a value: what it lists, columns, sort, restriction, cursor, bookmarks and which
 * categories are expanded. It can be encoded and opened again elsewhere, and goes on at the same
 * row. Two plans serve it: by index (the sort is one of the message table's and there is no
 * restriction), which costs the rows it returns; and by an array of all rows' keys, built once per
 * (folder, sort, restriction), brought up to date from the change sequence, and shared within the
 * process.
 *
 * A column or sort key with MV_INSTANCE makes a row of each value (one property of a table only).
 * Sort keys that are categories put a header row before the rows they have in common; its columns
 * are those keys, and PR_ROW_TYPE, PR_DEPTH, PR_CONTENT_COUNT, PR_CONTENT_UNREAD, PR_INST_ID.
 */
#ifndef OKAPI_TABLE_H
#define OKAPI_TABLE_H

#include <okapi/message.h>
#include <okapi/restriction.h>

typedef struct okapi_table_t okapi_table_t;

typedef enum okapi_table_e {
    OKAPI_TABLE_CONTENTS = 1,
    OKAPI_TABLE_HIERARCHY,
    OKAPI_TABLE_ATTACHMENTS,
    OKAPI_TABLE_RULES,
    OKAPI_TABLE_PERMISSIONS,
    OKAPI_TABLE__LAST
} okapi_table_e;

enum { OKAPI_TABLE_BOOKMARKS = 256 };

enum {
    OKAPI_TABLE_ASSOCIATED = 0x1,
    OKAPI_TABLE_DEEP = 0x2,
    OKAPI_TABLE_SOFT_DELETED = 0x4,
    OKAPI_TABLE_FREEBUSY = 0x8 /* permissions only: the free/busy rights count, too */
};

typedef enum okapi_origin_e { BOOKMARK_BEGINNING, BOOKMARK_CURRENT, BOOKMARK_END } okapi_origin_e;

/* COUNT is the number of rows as of now. The folder or message has to outlive the table, which
 * okapi_table_decode makes independent of it (but for an attachment table's message). */
apr_status_t okapi_table_contents(okapi_table_t **table, apr_uint32_t *count,
                                  okapi_folder_t *folder, int flags, apr_pool_t *result_pool,
                                  apr_pool_t *scratch_pool);
apr_status_t okapi_table_hierarchy(okapi_table_t **table, apr_uint32_t *count,
                                   okapi_folder_t *folder, int flags, apr_pool_t *result_pool,
                                   apr_pool_t *scratch_pool);
apr_status_t okapi_table_attachments(okapi_table_t **table, okapi_message_t *message,
                                     apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* The folder's rules in the order they are tried. OKAPI_EACCESS unless the actor owns it. */
apr_status_t okapi_table_rules(okapi_table_t **table, okapi_folder_t *folder,
                               apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* Who may do what in the folder (permission.h); the default entry comes first, the anonymous one
 * last. A row's id is the member's and 2. */
apr_status_t okapi_table_permissions(okapi_table_t **table, okapi_folder_t *folder, int flags,
                                     apr_pool_t *result_pool, apr_pool_t *scratch_pool);

okapi_table_e okapi_table_kind(const okapi_table_t *table);
okapi_id_t okapi_table_folder_id(const okapi_table_t *table); /* 0 for attachments */

/* Columns stay until set again. None set: okapi_table_rows fails with OKAPI_ENOTSET.
 * OKAPI_ETOOCOMPLEX for MV_INSTANCE of more than one property. */
apr_status_t okapi_table_set_columns(okapi_table_t *table, const okapi_proptag_t *tags, int n);
const okapi_proptag_t *okapi_table_columns(const okapi_table_t *table, int *n);

/* Each moves the cursor to the beginning and forgets the bookmarks. NULL: none. OKAPI_EINVAL or
 * OKAPI_ETOOCOMPLEX for what MS-OXCTABL 2.2.2.3.1 doesn't allow; the table stays as it was. */
apr_status_t okapi_table_sort(okapi_table_t *table, const okapi_sort_t *sort);
apr_status_t okapi_table_restrict(okapi_table_t *table, const okapi_restriction_t *restriction);
void okapi_table_reset(
    okapi_table_t *table); /* columns, sort, restriction, cursor: MS-OXCTABL 2.2.2.16 */

typedef struct okapi_row_t {
    okapi_id_t id;                 /* message or folder; attachment number; 0: a header row */
    okapi_propval_t *values;       /* one per column, PT_ERROR ecNotFound where there is none */
    okapi_binary_t key;            /* where the row stands: okapi_table_advance's */
} okapi_row_t;

/* Up to MAX rows from the cursor, forward or BACKWARD, as an array of okapi_row_t in reading
 * order. The cursor stays unless ADVANCE. Values above 510 bytes are cut (MS-OXCTABL 2.2.2.5.2). */
apr_status_t okapi_table_rows(okapi_table_t *table, int max, int backward, int advance,
                              apr_array_header_t **rows, apr_pool_t *result_pool,
                              apr_pool_t *scratch_pool);

/* Moves the cursor past ROWS[taken - 1] of okapi_table_rows, which a caller asked not to advance
 * because it didn't know how many rows it would take. */
apr_status_t okapi_table_advance(okapi_table_t *table, const apr_array_header_t *rows, int taken,
                                 int backward);

apr_status_t okapi_table_position(okapi_table_t *table, apr_uint32_t *numerator,
                                  apr_uint32_t *denominator, apr_pool_t *scratch_pool);

/* *MOVED rows of COUNT (negative: back). */
apr_status_t okapi_table_seek(okapi_table_t *table, okapi_origin_e origin, apr_int32_t count,
                              apr_int32_t *moved, apr_pool_t *scratch_pool);
apr_status_t okapi_table_seek_fraction(okapi_table_t *table, apr_uint32_t numerator,
                                       apr_uint32_t denominator, apr_pool_t *scratch_pool);

/* Bookmarks are four opaque bytes each, at most OKAPI_TABLE_BOOKMARKS of them. Seeking to one whose
 * row went away moves to where it was, sets *ROW_GONE and succeeds. OKAPI_EINVALIDBOOKMARK if it
 * isn't one of this table's. */
apr_status_t okapi_table_bookmark_create(okapi_table_t *table, okapi_binary_t *bookmark,
                                         apr_pool_t *result_pool);
apr_status_t okapi_table_bookmark_free(okapi_table_t *table, okapi_binary_t bookmark);
apr_status_t okapi_table_bookmark_seek(okapi_table_t *table, okapi_binary_t bookmark,
                                       apr_int32_t count, apr_int32_t *moved, int *row_gone,
                                       apr_pool_t *scratch_pool);

/* The next row from the cursor that matches; the cursor goes to it. *ROW is NULL and the cursor
 * at the end if there is none. */
apr_status_t okapi_table_find(okapi_table_t *table, const okapi_restriction_t *restriction,
                              int backward, okapi_row_t **row, apr_pool_t *result_pool,
                              apr_pool_t *scratch_pool);

/* Opens and closes a category (PR_INST_ID of its header row). *COUNT is the number of rows that the
 * table shows more, or less, by that; *ROWS the first of them, at most MAX, and the cursor is then
 * behind the last one, or behind the header row if MAX is 0. OKAPI_ENOTFOUND,
 * OKAPI_ENOTCOLLAPSED, OKAPI_ENOTEXPANDED; OKAPI_ETOOCOMPLEX if a table can't remember more. */
apr_status_t okapi_table_expand(okapi_table_t *table, apr_int64_t category_id, int max,
                                apr_uint32_t *count, apr_array_header_t **rows,
                                apr_pool_t *result_pool, apr_pool_t *scratch_pool);
apr_status_t okapi_table_collapse(okapi_table_t *table, apr_int64_t category_id,
                                  apr_uint32_t *count, apr_pool_t *scratch_pool);

/* Which categories are expanded and a row (its PR_INST_ID and PR_INSTANCE_NUM; the cursor's if
 * there is no such row), for a table of the same sort order and restriction, today or next year.
 * Setting it moves the cursor to that row and makes a bookmark of it. OKAPI_EINVAL for another
 * table's state. */
apr_status_t okapi_table_collapse_state(okapi_table_t *table, apr_int64_t inst_id,
                                        apr_uint32_t instance, okapi_binary_t *state,
                                        apr_pool_t *result_pool, apr_pool_t *scratch_pool);
apr_status_t okapi_table_set_collapse_state(okapi_table_t *table, okapi_binary_t state,
                                            okapi_binary_t *bookmark, apr_pool_t *result_pool,
                                            apr_pool_t *scratch_pool);

/* Array of okapi_proptag_t: what columns could be asked for. */
apr_status_t okapi_table_all_columns(okapi_table_t *table, apr_array_header_t **tags,
                                     apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* The table as a value, and from it. Decoding needs the object again: the folder, or the message
 * for an attachment table. */
void okapi_table_encode(const okapi_table_t *table, okapi_writer_t *w);
apr_status_t okapi_table_decode(okapi_table_t **table, okapi_reader_t *r, okapi_store_t *store,
                                okapi_message_t *message, apr_pool_t *result_pool,
                                apr_pool_t *scratch_pool);

#endif
