/* table_private.h - how a table works inside.
 *
 * A row's place in its table is a key: bytes whose order is the order of the rows. Its parts are
 * the values of the sort columns, none of which is the beginning of another, then the row's id,
 * then its instance number if the view makes several rows of a message. A category's header row has
 * the beginning that the keys of its rows have in common, and so stands before them. The cursor
 * stands between two rows, before or after a key, so it keeps its place whatever rows come and go.
 *
 * A plan finds the keys around a place: that by index asks the database, which costs what it
 * returns; those by array look into a sorted list of all keys. Rows are then fetched by their ids,
 * the same way for both.
 */
#ifndef OKAPI_TABLE_PRIVATE_H
#define OKAPI_TABLE_PRIVATE_H

#include <okapi/table.h>

#include "message_private.h"

enum {
    OKAPI__SORT_KEYS_MAX = 16,
    OKAPI__TOGGLED_MAX = 2000 /* categories whose state a table remembers */
};

/* ---- places: table_key.c ---- */

/* Between two rows. An empty key is before all of them. */
typedef struct okapi__place_t {
    int at_end;         /* after the last row; the key doesn't count */
    int before;         /* before the row of KEY, otherwise after it */
    unsigned char *key; /* of the place's own, grown in POOL */
    apr_size_t len, size;
    apr_pool_t *pool;
} okapi__place_t;

void okapi__place_init(okapi__place_t *place, apr_pool_t *result_pool);
void okapi__place_begin(okapi__place_t *place);
void okapi__place_end(okapi__place_t *place);
void okapi__place_at(okapi__place_t *place, okapi_binary_t key, int before);
void okapi__place_copy(okapi__place_t *place, const okapi__place_t *from);
int okapi__place_precedes(const okapi__place_t *place, okapi_binary_t key);
void okapi__place_write(okapi_writer_t *w, const okapi__place_t *place);
void okapi__place_read(okapi_reader_t *r, okapi__place_t *place);

int okapi__key_compare(okapi_binary_t a, okapi_binary_t b);

/* Parts of a key, appended in their order. Parts of descending columns are turned round after they
 * were written, from OFFSET on. */
void okapi__key_number(okapi_writer_t *w, apr_int64_t number);
void okapi__key_text(okapi_writer_t *w, const void *text, apr_size_t len); /* without zeros */
void okapi__key_id(okapi_writer_t *w, okapi_id_t id);
void okapi__key_instance(okapi_writer_t *w, apr_uint32_t instance);

/* The part of a column TAG: of text and bytes no more than MAX. Absent if V has another type. */
void okapi__key_value(okapi_writer_t *w, okapi_proptag_t tag, const okapi_propval_t *v,
                      apr_size_t max);

/* Where the part that begins at AT ends, of a key that okapi__key_value made. */
apr_size_t okapi__key_part_end(okapi_binary_t key, apr_size_t at, okapi_proptag_t tag,
                               int descending);
int okapi__key_part_is_absent(const unsigned char *part, int descending);

void okapi__key_descend(okapi_writer_t *w, apr_size_t offset);

/* What okapi__key_number or okapi__key_text, then okapi__key_id wrote, DESCENDING or not. */
typedef struct okapi__key_t {
    apr_int64_t number;
    const char *text;
    okapi_id_t id;
} okapi__key_t;

apr_status_t okapi__key_split(okapi__key_t *split, okapi_binary_t key, int is_text, int descending,
                              apr_pool_t *result_pool);

/* ---- rows: table_cell.c, table_rows.c ---- */

typedef struct okapi__category_t okapi__category_t;
typedef struct okapi__view_t okapi__view_t;

typedef struct okapi__ref_t {
    okapi_binary_t key;
    okapi_id_t id;         /* of the object; for a header row of one of the category's rows */
    apr_uint32_t instance; /* which value of the view's INSTANCE_TAG this row is of */
    const okapi__category_t *category; /* whose header row it is, or NULL */
    int expanded;                      /* that category is */
    okapi_object_t *object; /* of a contents table NULL until the row is fetched */
} okapi__ref_t;

/* A value for a row's cell, for restrictions and for sorting: what the table itself makes, else
 * from the row in the folder if that has it, else from the object. PT_ERROR if there is none;
 * LIMIT as okapi__object_value's. VIEW is NULL for what is no row of a table. */
apr_status_t okapi__cell_value(okapi_propval_t *v, const okapi__ref_t *ref,
                               const okapi__view_t *view, okapi_proptag_t tag, apr_size_t limit,
                               apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* The value of a cell that is the table's own, not the object's (table_shape.c); 0: it isn't. */
int okapi__shaped_value(okapi_propval_t *v, const okapi__ref_t *ref, const okapi__view_t *view,
                        okapi_proptag_t tag, apr_pool_t *result_pool);

/* How many rows OBJECT is in VIEW: one for each value of its INSTANCE_TAG, but at least one. */
apr_status_t okapi__cell_instances(apr_uint32_t *n, okapi_object_t *object,
                                   const okapi__view_t *view, apr_pool_t *scratch_pool);

/* What has to be read of a message before okapi__cell_value can answer TAG from memory, besides
 * TABLE_LIST_COLUMNS: the rest of its row, and its properties and recipients. */
enum { OKAPI__NEED_ROW = 0x1, OKAPI__NEED_PROPS = 0x2 };

int okapi__cell_needs(okapi_proptag_t tag);
int okapi__cells_need(const okapi_proptag_t *tags, int n);

/* As a table's reader gets it: no more than 510 bytes (MS-OXCTABL 2.2.2.5.2). */
apr_status_t okapi__cell(okapi_propval_t *v, const okapi__ref_t *ref, const okapi__view_t *view,
                         okapi_proptag_t tag, apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* The tags of okapi__cell_value's own, ended by 0: what every row of a contents table has. */
const okapi_proptag_t *okapi__cell_tags(void);

/* 1 if the row matches; *STATUS is set if reading it failed. */
int okapi__cell_match(const okapi__ref_t *ref, const okapi__view_t *view,
                      const okapi_restriction_t *restriction, apr_status_t *status,
                      apr_pool_t *scratch_pool);

/* Are the rows of that part of the folder what a search has found? */
int okapi__folder_shows_links(const okapi_folder_t *folder, int part);

/* The message of a row that a select of TABLE_LIST_COLUMNS brought, or with OKAPI__NEED_ROW of
 * MESSAGE_COLUMNS. ROWS lives in RESULT_POOL, and so does the message. */
okapi_message_t *okapi__row_message(okapi__rows_t *rows, const okapi_folder_t *folder, int part,
                                    int needs, apr_pool_t *result_pool);

/* Fills those of REFS which have no object yet with messages that have what NEEDS says, and
 * removes those whose row has gone. Messages live in RESULT_POOL. */
apr_status_t okapi__rows_fetch(apr_array_header_t *refs, okapi_folder_t *folder, int part,
                               int needs, okapi__conn_t *conn, apr_pool_t *result_pool,
                               apr_pool_t *scratch_pool);

/* Messages of the folder with an id above AFTER, at most MAX, the same way. */
apr_status_t okapi__rows_list(apr_array_header_t *refs, okapi_folder_t *folder, int part,
                              okapi_id_t after, int max, int needs, okapi__conn_t *conn,
                              apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* ---- arrays: table_array.c, table_category.c, table_cache.c ---- */

/* A row that isn't a header row. */
typedef struct okapi__leaf_t {
    const unsigned char *key;
    apr_uint16_t len;
    apr_uint16_t unread; /* its message is */
    apr_uint32_t instance;
    okapi_id_t id;
    apr_int32_t object;  /* in OBJECTS */
} okapi__leaf_t;

/* Rows that are equal in the first DEPTH + 1 of the sort columns. */
struct okapi__category_t {
    apr_int64_t id; /* PR_INST_ID of its header row */
    int depth;
    int header, end;      /* rows: its header row, and the first one that isn't in it */
    int content, unread;  /* leaf rows */
    int sample;           /* the leaf whose values the header row shows */
    okapi_binary_t key;   /* of the header row */
    okapi_binary_t order; /* what it is sorted by, if that isn't its own value; LEN 0 otherwise */
    int last;             /* where ORDER stands in the keys of its rows */
};

/* All rows of a table in their order. Never changes once it is made, so threads share it. LEAVES
 * are what the database has, ROWS with the categories' header rows among them, all of them
 * expanded; without categories the two are one. */
typedef struct okapi__array_t {
    okapi_binary_t name; /* what it is of: the cache's key */
    okapi_cn_t cn;       /* as of which change of the folder */
    okapi__leaf_t *leaves;
    int nleaves;
    apr_int32_t *rows; /* numbers of leaves and, turned round by ~, of categories; NULL: no header
                          rows, and leaves in their order */
    int n;             /* rows */
    okapi__category_t *categories; /* in the order of their header rows */
    int ncategories;
    okapi_object_t **objects; /* of lists in memory */
    apr_size_t bytes;
    int refs; /* under the cache's mutex */
    struct okapi__array_t *next;
    apr_pool_t *pool;
} okapi__array_t;

/* Adds to LEAVES (of okapi__leaf_t, keys in KEY_POOL) the rows that OBJECT is in VIEW, as far as
 * they match its restriction. Of what isn't sorted the key begins with PATH. */
apr_status_t okapi__array_add(apr_array_header_t *leaves, okapi_object_t *object, okapi_id_t id,
                              const okapi__view_t *view, okapi_binary_t path, apr_pool_t *key_pool,
                              apr_pool_t *scratch_pool);

/* Puts leaves in their order. */
void okapi__array_sort(apr_array_header_t *leaves);

/* Makes rows, and categories, of the array's leaves, which are in their order. */
void okapi__array_finish(okapi__array_t *array, const okapi__view_t *view);

/* The same with categories. */
void okapi__categorise(okapi__array_t *array, int nleaves, const okapi_sort_t *sort);

/* Consecutive rows of which the table shows all. */
typedef struct okapi__run_t {
    int first, n;
    int before; /* rows that the table shows before them */
} okapi__run_t;

/* Finds what the table shows of its array: sets RUNS and NRUNS. */
void okapi__visible(okapi_table_t *table, apr_pool_t *result_pool);

/* Which categories the table shows expanded; 0 if no more of them can be remembered. */
int okapi__is_expanded(const okapi_table_t *table, const okapi__category_t *category);
int okapi__toggle(okapi_table_t *table, const okapi__category_t *category);

/* The same as a part of the table's state. */
void okapi__toggled_write(okapi_writer_t *w, const okapi_table_t *table);
void okapi__toggled_read(okapi_reader_t *r, okapi_table_t *table);

/* The sort key, behind those of the categories, whose greatest or least value in each category of
 * the last level that level is sorted by; -1: none. */
int okapi__sort_aggregate(const okapi_sort_t *sort);

typedef struct okapi__arrays_t okapi__arrays_t;

/* A cache of arrays of at most MAX bytes together, the least recently used ones go first. */
apr_status_t okapi__arrays_create(okapi__arrays_t **arrays, apr_size_t max,
                                  apr_pool_t *result_pool);

/* An array in a pool of its own, with one reference. */
apr_status_t okapi__array_create(okapi__array_t **array);

/* A reference to the latest array of this name, or NULL. PUT replaces an older one. */
okapi__array_t *okapi__arrays_get(okapi__arrays_t *arrays, okapi_binary_t name);
void okapi__arrays_put(okapi__arrays_t *arrays, okapi__array_t *array);
void okapi__arrays_release(okapi__arrays_t *arrays, okapi__array_t *array);

/* ---- the table ---- */

/* Up to MAX rows from PLACE on, forward or BACKWARD, nearest first. */
typedef struct okapi__scan_t {
    const okapi__place_t *place;
    int max, backward;
    int fetch, needs; /* the rows too, with OKAPI__NEED_*; otherwise their keys only */
} okapi__scan_t;

typedef struct okapi__plan_t {
    /* Before any of the others, outside of a transaction; FINISH after them, always. */
    apr_status_t (*prepare)(okapi_table_t *table, apr_pool_t *scratch_pool);
    void (*finish)(okapi_table_t *table);

    /* Adds to REFS what SCAN asks for. Of messages a plan may leave out the objects. */
    apr_status_t (*refs)(apr_array_header_t *refs, okapi_table_t *table, okapi__conn_t *conn,
                         const okapi__scan_t *scan, apr_pool_t *result_pool,
                         apr_pool_t *scratch_pool);

    /* Adds the rows, in their order, whose PR_INST_ID is INST_ID. */
    apr_status_t (*of_id)(apr_array_header_t *refs, okapi_table_t *table, okapi__conn_t *conn,
                          apr_int64_t inst_id, apr_pool_t *result_pool, apr_pool_t *scratch_pool);

    /* Moves PLACE by COUNT rows (negative: back), or to the end there. */
    apr_status_t (*skip)(okapi__place_t *place, apr_int32_t count, apr_int32_t *moved,
                         okapi_table_t *table, okapi__conn_t *conn, apr_pool_t *scratch_pool);

    /* How many rows there are, and how many of them before PLACE. */
    apr_status_t (*count)(apr_uint32_t *count, okapi_table_t *table, okapi__conn_t *conn,
                          apr_pool_t *scratch_pool);
    apr_status_t (*number)(apr_uint32_t *number, okapi_table_t *table, okapi__conn_t *conn,
                           const okapi__place_t *place, apr_pool_t *scratch_pool);
} okapi__plan_t;

extern const okapi__plan_t okapi__plan_index; /* table_index.c */
extern const okapi__plan_t okapi__plan_array; /* table_build.c: of messages, cached */
extern const okapi__plan_t okapi__plan_list;  /* table_list.c: of all other kinds */

/* The columns that a table of another kind has. */
void okapi__list_tags(apr_array_header_t *tags, okapi_table_e kind);

/* Columns, sort order and restriction: made anew whenever one of them changes, in a pool of its
 * own. */
struct okapi__view_t {
    const okapi_proptag_t *columns;
    int ncolumns;
    const okapi_sort_t *sort;               /* NULL: none */
    const okapi_restriction_t *restriction; /* NULL: none */
    okapi_binary_t sort_bytes, restriction_bytes; /* the same, encoded; LEN 0: none */
    okapi_proptag_t instance_tag; /* the MV_INSTANCE column or sort key; 0: none */
    int limited, limit;           /* to so many rows, by RES_COUNT */
    const struct okapi__index_t *index;     /* that has this order; NULL: none */
    const okapi__plan_t *plan;
    apr_pool_t *pool;
};

typedef struct okapi__bookmark_t {
    apr_uint32_t number; /* 0: free */
    okapi__place_t place;
} okapi__bookmark_t;

struct okapi_table_t {
    okapi_table_e kind;
    int flags; /* OKAPI_TABLE_* */
    okapi_store_t *store;
    okapi_id_t folder_id;
    okapi_folder_t *folder;   /* NULL until it is needed */
    okapi_message_t *message; /* of attachments */
    okapi__view_t *view;
    okapi__place_t cursor;
    apr_array_header_t *bookmarks; /* of okapi__bookmark_t */
    apr_uint32_t last_bookmark;
    apr_array_header_t *toggled;   /* apr_int64_t, ascending: categories whose state isn't the
                                      one they had at first */
    okapi__array_t *array;         /* between prepare and finish */
    okapi__run_t *runs;            /* of it */
    int nruns;
    apr_pool_t *pool;
};

/* message.part of the rows. */
int okapi__table_part(const okapi_table_t *table);

/* Opens the folder if it isn't. */
apr_status_t okapi__table_need_folder(okapi_table_t *table, apr_pool_t *scratch_pool);

/* The empty table, of no kind yet. */
okapi_table_t *okapi__table_make(okapi_store_t *store, apr_pool_t *result_pool);

/* Takes copies of what is given. OKAPI_ETOOCOMPLEX. */
apr_status_t okapi__table_set_view(okapi_table_t *table, const okapi_proptag_t *columns,
                                   int ncolumns, const okapi_sort_t *sort,
                                   const okapi_restriction_t *restriction);

/* ---- reading: table_read.c ---- */

/* Around the reading of each call: the plan's own, and the folder. FINISH returns RV. */
apr_status_t okapi__table_prepare(okapi_table_t *table, apr_pool_t *scratch_pool);
apr_status_t okapi__table_finish(okapi_table_t *table, apr_status_t rv);

/* For whom the rows of a contents table are, if not for everybody alike: for those who don't see
 * all messages of the folder, or not all of each. 0: they are alike. The folder is open. */
okapi_id_t okapi__table_viewer(const okapi_table_t *table);

/* Up to MAX rows from PLACE on, forward or BACKWARD, nearest first: as an array of okapi__ref_t
 * without objects, or with them, ready for the columns and the tags ALSO (may be NULL). */
apr_status_t okapi__table_keys(apr_array_header_t **refs, okapi_table_t *table,
                               const okapi__place_t *place, int max, int backward,
                               apr_pool_t *pool);
apr_status_t okapi__table_fetch(apr_array_header_t **refs, okapi_table_t *table,
                                const okapi__place_t *place, int max, int backward,
                                const apr_array_header_t *also, apr_pool_t *pool);

/* The rows whose PR_INST_ID is INST_ID, in their order, the same way. */
apr_status_t okapi__table_of_id(apr_array_header_t **refs, okapi_table_t *table,
                                apr_int64_t inst_id, const apr_array_header_t *also,
                                apr_pool_t *pool);

/* The row with its cells, of a reference with an object. */
apr_status_t okapi__table_row(okapi_row_t *row, const okapi_table_t *table,
                              const okapi__ref_t *ref, apr_pool_t *result_pool,
                              apr_pool_t *scratch_pool);

/* Moves PLACE as the plan's SKIP does. */
apr_status_t okapi__table_skip(okapi_table_t *table, okapi__place_t *place, apr_int32_t count,
                               apr_int32_t *moved, apr_pool_t *scratch_pool);

/* The number of rows. Not between prepare and finish: it does that itself. */
apr_status_t okapi__table_count(apr_uint32_t *count, okapi_table_t *table,
                                apr_pool_t *scratch_pool);

/* A bookmark of the row behind PLACE: table_move.c. OKAPI_ETOOCOMPLEX if there are too many. */
apr_status_t okapi__bookmark_at(okapi_table_t *table, okapi_binary_t *bookmark,
                                const okapi__place_t *place, apr_pool_t *result_pool);

/* ---- plans ---- */

/* The index of the message table that has the order SORT (NULL: of delivery), or NULL. */
const struct okapi__index_t *okapi__index_of(const okapi_sort_t *sort);

/* Is it an index of texts? NULL is none. */
int okapi__index_is_text(const struct okapi__index_t *index);

/* Appends the part of a message's key for a column an index exists of; 0 if there is none. So that
 * arrays have the order of indexes. */
int okapi__index_key(okapi_writer_t *w, okapi_proptag_t tag, const okapi__message_row_t *row);

/* OKAPI__NEED_* for that. */
int okapi__index_key_needs(okapi_proptag_t tag);

/* The range of keys outside of which nothing can match LEAF, if the table's index can tell. */
int okapi__index_bounds(okapi_binary_t *low, okapi_binary_t *high, const okapi_table_t *table,
                        const okapi_restriction_t *leaf, apr_pool_t *result_pool);

/* refs, of_id, skip, count and number of both array plans. */
apr_status_t okapi__array_refs(apr_array_header_t *refs, okapi_table_t *table, okapi__conn_t *conn,
                               const okapi__scan_t *scan, apr_pool_t *result_pool,
                               apr_pool_t *scratch_pool);
apr_status_t okapi__array_of_id(apr_array_header_t *refs, okapi_table_t *table, okapi__conn_t *conn,
                                apr_int64_t inst_id, apr_pool_t *result_pool,
                                apr_pool_t *scratch_pool);
apr_status_t okapi__array_skip(okapi__place_t *place, apr_int32_t count, apr_int32_t *moved,
                               okapi_table_t *table, okapi__conn_t *conn,
                               apr_pool_t *scratch_pool);
apr_status_t okapi__array_count(apr_uint32_t *count, okapi_table_t *table, okapi__conn_t *conn,
                                apr_pool_t *scratch_pool);
apr_status_t okapi__array_number(apr_uint32_t *number, okapi_table_t *table, okapi__conn_t *conn,
                                 const okapi__place_t *place, apr_pool_t *scratch_pool);

#endif
