/* table_category.c - categories and multivalue instances: random views of a folder that changes all
 * the time are what a simple model says. MS-OXCTABL_R13 to R23, R56 to R82, R433, R448. */
#include "tables.h"

enum { MESSAGES = 120, VIEWS = 60, STEPS = 25, KEYS_MAX = 4, ROWS_MAX = 4000 };

#define PR_KEYWORDS OKAPI_PROP_TAG(PT_MV_UNICODE, 0x6801)
#define PR_KEYWORD  OKAPI_PROP_RETYPE(PR_KEYWORDS, PT_MV_UNICODE | MV_INSTANCE)

/* In their order. */
static const char *const words[] = {"10 things", "alpha", "\xc3\x84pfel", "Beta", "RE: alpha",
                                    "Zulu", "\xce\xb1\xce\xb2"};
enum { WORDS = 7 };

/* ---- the model ---- */

typedef enum column_e { TOPIC, IMPORTANCE, TIME, KEYWORD } column_e;

static const okapi_proptag_t tags[] = {PR_CONVERSATION_TOPIC, PR_IMPORTANCE,
                                       PR_MESSAGE_DELIVERY_TIME, PR_KEYWORD};

typedef struct item_t {
    okapi_id_t id;
    int topic, time; /* -1: absent */
    int importance, read;
    int nkeywords, keywords[3];
} item_t;

typedef struct leaf_t {
    const item_t *item;
    int instance;
} leaf_t;

typedef struct view_t {
    int n, ncategories, nexpanded;
    column_e columns[KEYS_MAX];
    int orders[KEYS_MAX];
    int instances; /* one of the columns is KEYWORD */
} view_t;

typedef struct row_t {
    leaf_t leaf;     /* of a header row: of one below it */
    int depth;
    int is_header, expanded;
    int content, unread;
    int aggregated;   /* the value that its category is sorted by */
    const char *path; /* of values: what makes the category */
} row_t;

typedef struct model_t {
    view_t view;
    apr_array_header_t *items;   /* of item_t */
    apr_hash_t *toggled;         /* by path */
    apr_hash_t *ids;             /* of categories, by path: apr_int64_t * */
    row_t rows[ROWS_MAX];
    int nrows;
    apr_pool_t *pool;
} model_t;

static const view_t *sorting; /* qsort knows no baton */

static int value_of(const leaf_t *leaf, column_e column)
{
    const item_t *item = leaf->item;
    switch (column) {
    case TOPIC:
        return item->topic;
    case IMPORTANCE:
        return item->importance;
    case TIME:
        return item->time;
    default:
        return item->nkeywords ? item->keywords[leaf->instance] : -1;
    }
}

static int aggregate_of(const view_t *view)
{
    return view->ncategories && view->n > view->ncategories &&
                   view->orders[view->ncategories] > TABLE_SORT_DESCEND
               ? view->ncategories
               : -1;
}

static int compare_leaves(const void *a, const void *b)
{
    const leaf_t *x = a, *y = b;
    const view_t *v = sorting;
    int aggregate = aggregate_of(v);
    for (int i = 0; i <= v->n; i++) { /* what is aggregated counts last */
        int key = i < v->n ? i : aggregate;
        if (key < 0 || (i < v->n && i == aggregate)) {
            continue;
        }
        int order = value_of(x, v->columns[key]) - value_of(y, v->columns[key]);
        if (order) {
            return v->orders[i < v->n ? key : key - 1] == TABLE_SORT_DESCEND ? -order : order;
        }
    }
    int order = x->item->id != y->item->id ? (x->item->id < y->item->id ? -1 : 1)
                                           : x->instance - y->instance;
    return v->orders[0] == TABLE_SORT_DESCEND ? -order : order;
}

typedef struct group_t {
    leaf_t *leaves;
    int n, value, aggregated;
} group_t;

static int compare_groups(const void *a, const void *b)
{
    const group_t *x = a, *y = b;
    int last = sorting->ncategories - 1;
    int order = x->aggregated != y->aggregated ? x->aggregated - y->aggregated
                                               : x->value - y->value;
    return sorting->orders[last] == TABLE_SORT_DESCEND ? -order : order;
}

/* The greatest or least of the values that are there; -1: none is. */
static int aggregate(const view_t *view, const leaf_t *leaves, int n)
{
    int at = aggregate_of(view), result = -1;
    for (int i = 0; i < n; i++) {
        int value = value_of(&leaves[i], view->columns[at]);
        if (value >= 0 && (result < 0 || (view->orders[at] == TABLE_SORT_MAX_CATEGORY
                                              ? value > result
                                              : value < result))) {
            result = value;
        }
    }
    return result;
}

static row_t *add_row(model_t *m, const leaf_t *leaf, int depth)
{
    row_t *row = &m->rows[m->nrows++];
    *row = (row_t){.leaf = *leaf, .depth = depth};
    return row;
}

static void show(model_t *m, leaf_t *leaves, int n, int depth, const char *path)
{
    const view_t *view = &m->view;
    group_t groups[ROWS_MAX];
    int ngroups = 0;
    if (depth == view->ncategories) {
        for (int i = 0; i < n; i++) {
            add_row(m, &leaves[i], depth);
        }
        return;
    }
    for (int i = 0; i < n; i++) {
        int value = value_of(&leaves[i], view->columns[depth]);
        if (!ngroups || groups[ngroups - 1].value != value) {
            groups[ngroups++] = (group_t){.leaves = &leaves[i], .value = value};
        }
        groups[ngroups - 1].n++;
    }
    if (aggregate_of(view) == depth + 1) {
        for (int i = 0; i < ngroups; i++) {
            groups[i].aggregated = aggregate(view, groups[i].leaves, groups[i].n);
        }
        qsort(groups, (size_t)ngroups, sizeof(groups[0]), compare_groups);
    }
    for (int i = 0; i < ngroups; i++) {
        row_t *row = add_row(m, groups[i].leaves, depth);
        row->is_header = 1;
        row->content = groups[i].n;
        row->aggregated = groups[i].aggregated;
        for (int l = 0; l < groups[i].n; l++) {
            row->unread += !groups[i].leaves[l].item->read;
        }
        row->path = apr_psprintf(m->pool, "%s/%d", path, groups[i].value);
        row->expanded = (depth < view->nexpanded) !=
                        (apr_hash_get(m->toggled, row->path, APR_HASH_KEY_STRING) != NULL);
        if (row->expanded) {
            show(m, groups[i].leaves, groups[i].n, depth + 1, row->path);
        }
    }
}

/* Sets the rows that the view shows. */
static void model_show(model_t *m)
{
    leaf_t leaves[ROWS_MAX];
    int n = 0;
    for (int i = 0; i < m->items->nelts; i++) {
        const item_t *item = &APR_ARRAY_IDX(m->items, i, item_t);
        int instances = m->view.instances && item->nkeywords ? item->nkeywords : 1;
        for (int k = 0; k < instances; k++) {
            leaves[n++] = (leaf_t){item, k};
        }
    }
    sorting = &m->view;
    qsort(leaves, (size_t)n, sizeof(leaves[0]), compare_leaves);
    m->nrows = 0;
    show(m, leaves, n, 0, "");
}

/* ---- the folder ---- */

static void random_item(item_t *item)
{
    item->topic = pick(8) ? pick(WORDS) : -1;
    item->importance = pick(3);
    item->time = pick(8) ? pick(40) : -1;
    item->nkeywords = pick(4);
    for (int i = 0; i < item->nkeywords; i++) {
        item->keywords[i] = pick(WORDS);
    }
}

static void save_item(mailbox_t *mb, item_t *item, apr_pool_t *pool)
{
    static const okapi_proptag_t all[] = {PR_CONVERSATION_TOPIC, PR_MESSAGE_DELIVERY_TIME,
                                          PR_KEYWORDS};
    const char *keywords[3];
    okapi_propval_t values[4];
    okapi_message_t *message;
    int n = 0;
    if (item->id) {
        mailbox_must(okapi_message_open(&message, mb->store, 0, item->id, pool, pool), "open");
        mailbox_must(okapi_object_unset(okapi_message_object(message), all, 3, pool), "unset");
    } else {
        mailbox_must(okapi_message_create(&message, mb->store, okapi_folder_id(mb->inbox), 0, pool,
                                          pool),
                     "create");
    }
    values[n++] = okapi_propval_i32(PR_IMPORTANCE, item->importance);
    if (item->topic >= 0) {
        values[n++] = okapi_propval_str(PR_CONVERSATION_TOPIC, words[item->topic]);
    }
    if (item->time >= 0) {
        values[n++] = okapi_propval_time(PR_MESSAGE_DELIVERY_TIME,
                                         130000000000000000 + item->time * (okapi_time_t)10000000);
    }
    if (item->nkeywords) {
        for (int i = 0; i < item->nkeywords; i++) {
            keywords[i] = words[item->keywords[i]];
        }
        values[n].tag = PR_KEYWORDS;
        values[n].v.mv.count = (apr_uint32_t)item->nkeywords;
        values[n++].v.mv.v.str = keywords;
    }
    mailbox_must(okapi_object_set(okapi_message_object(message), values, n, pool), "set");
    mailbox_must(okapi_message_save(message, 0, pool), "save");
    item->id = okapi_message_id(message);
}

static void add_item(mailbox_t *mb, model_t *m, apr_pool_t *pool)
{
    item_t *item = apr_array_push(m->items);
    *item = (item_t){.read = 1}; /* its author knows it */
    random_item(item);
    save_item(mb, item, pool);
}

static void set_read(mailbox_t *mb, item_t *item, apr_pool_t *pool)
{
    int partial;
    item->read = !item->read;
    mailbox_must(okapi_folder_set_read(mb->inbox, &item->id, 1, item->read, NULL, &partial, pool),
                 "set_read");
}

static void disturb(mailbox_t *mb, model_t *m, apr_pool_t *pool)
{
    int at = pick(m->items->nelts);
    item_t *item = &APR_ARRAY_IDX(m->items, at, item_t);
    switch (pick(4)) {
    case 0:
        add_item(mb, m, pool);
        break;
    case 1:
        tables_remove(mb, item->id, pool);
        *item = *(item_t *)apr_array_pop(m->items);
        break;
    case 2:
        set_read(mb, item, pool);
        break;
    default:
        random_item(item);
        save_item(mb, item, pool);
    }
}

/* ---- the table ---- */

enum { ROW_TYPE, DEPTH, CONTENT, UNREAD, INST_ID, INSTANCE, C_TOPIC, C_IMPORTANCE, C_TIME,
       C_KEYWORD, COLUMNS };

static okapi_table_t *open_table(mailbox_t *mb, const view_t *view, apr_pool_t *pool)
{
    static const okapi_proptag_t columns[COLUMNS] = {
        PR_ROW_TYPE, PR_DEPTH, PR_CONTENT_COUNT, PR_CONTENT_UNREAD, PR_INST_ID, PR_INSTANCE_NUM,
        PR_CONVERSATION_TOPIC, PR_IMPORTANCE, PR_MESSAGE_DELIVERY_TIME, PR_KEYWORD};
    okapi_sort_key_t keys[KEYS_MAX];
    okapi_sort_t sort = {.n = view->n, .ncategories = view->ncategories,
                         .nexpanded = view->nexpanded, .keys = keys};
    okapi_table_t *table;
    apr_uint32_t count;
    for (int i = 0; i < view->n; i++) {
        keys[i] = (okapi_sort_key_t){tags[view->columns[i]], (apr_byte_t)view->orders[i]};
    }
    mailbox_must(okapi_table_contents(&table, &count, mb->inbox, 0, pool, pool), "contents");
    mailbox_must(okapi_table_sort(table, &sort), "sort");
    /* The last column makes instances too. */
    mailbox_must(okapi_table_set_columns(table, columns, view->instances ? COLUMNS : COLUMNS - 1),
                 "columns");
    return table;
}

static int is_value(const okapi_propval_t *v, column_e column, int value)
{
    if (value < 0) {
        return OKAPI_PROP_TYPE(v->tag) == PT_ERROR && v->v.error == 0x8004010F;
    }
    switch (column) {
    case IMPORTANCE:
        return v->tag == PR_IMPORTANCE && v->v.i32 == value;
    case TIME:
        return v->tag == PR_MESSAGE_DELIVERY_TIME &&
               v->v.time == 130000000000000000 + value * (okapi_time_t)10000000;
    default:
        return OKAPI_PROP_TYPE(v->tag) == PT_UNICODE && strcmp(v->v.str, words[value]) == 0;
    }
}

static int same_leaf(const model_t *m, const row_t *row, const okapi_row_t *got)
{
    const okapi_propval_t *v = got->values;
    int good = got->id == row->leaf.item->id && v[ROW_TYPE].v.i32 == 1 &&
               v[DEPTH].v.i32 == m->view.ncategories && v[INSTANCE].v.i32 == row->leaf.instance;
    for (column_e c = TOPIC; c <= (m->view.instances ? KEYWORD : TIME); c++) {
        good &= is_value(&v[C_TOPIC + c], c, value_of(&row->leaf, c));
    }
    return good;
}

/* One category has one id, as long as the view is used. */
static int same_id(model_t *m, const row_t *row, apr_int64_t id)
{
    apr_int64_t *known = apr_hash_get(m->ids, row->path, APR_HASH_KEY_STRING);
    if (known) {
        return *known == id;
    }
    for (apr_hash_index_t *i = apr_hash_first(m->pool, m->ids); i; i = apr_hash_next(i)) {
        if (*(const apr_int64_t *)apr_hash_this_val(i) == id) {
            return 0;
        }
    }
    apr_hash_set(m->ids, row->path, APR_HASH_KEY_STRING, apr_pmemdup(m->pool, &id, sizeof(id)));
    return 1;
}

/* A header row shows the columns of its category and those around it, and what they are sorted
 * by. */
static int same_header(model_t *m, const row_t *row, const okapi_row_t *got)
{
    const okapi_propval_t *v = got->values;
    const view_t *view = &m->view;
    int good = got->id == 0 && v[ROW_TYPE].v.i32 == (row->expanded ? 3 : 4) &&
               v[DEPTH].v.i32 == row->depth && v[CONTENT].v.i32 == row->content &&
               v[UNREAD].v.i32 == row->unread && same_id(m, row, v[INST_ID].v.i64);
    for (column_e c = TOPIC; c <= (view->instances ? KEYWORD : TIME); c++) {
        int shown = 0;
        for (int i = 0; i <= row->depth; i++) {
            shown |= view->columns[i] == c;
        }
        if (aggregate_of(view) == row->depth + 1 && view->columns[row->depth + 1] == c) {
            good &= is_value(&v[C_TOPIC + c], c, row->aggregated);
            continue;
        }
        good &= is_value(&v[C_TOPIC + c], c, shown ? value_of(&row->leaf, c) : -1);
    }
    return good;
}

static int same_row(model_t *m, const row_t *row, const okapi_row_t *got)
{
    int good = row->is_header ? same_header(m, row, got) : same_leaf(m, row, got);
    if (!good) {
        const okapi_propval_t *v = got->values;
        diag("%s of message %d: got type %d, depth %d, count %d, unread %d, message %d",
             row->is_header ? row->path : "row", (int)row->leaf.item->id, v[ROW_TYPE].v.i32,
             v[DEPTH].v.i32, v[CONTENT].v.i32, v[UNREAD].v.i32, (int)got->id);
    }
    return good;
}

/* All rows, forward or backward in pages. */
static int same_table(model_t *m, okapi_table_t *table, apr_pool_t *pool)
{
    apr_uint32_t at, count;
    apr_int32_t moved;
    int backward = pick(2), done = 0;
    model_show(m);
    mailbox_must(okapi_table_seek(table, backward ? BOOKMARK_END : BOOKMARK_BEGINNING, 0, &moved,
                                  pool),
                 "seek");
    mailbox_must(okapi_table_position(table, &at, &count, pool), "position");
    if ((int)count != m->nrows || (int)at != (backward ? m->nrows : 0)) {
        diag("at %u of %u rows; there are %d", at, count, m->nrows);
        return 0;
    }
    for (;;) {
        apr_array_header_t *rows = read_rows(table, 1 + pick(40), backward, 1, pool);
        for (int i = 0; i < rows->nelts; i++, done++) {
            int expected = backward ? m->nrows - 1 - done : done;
            if (expected < 0 || expected >= m->nrows ||
                !same_row(m, &m->rows[expected], &APR_ARRAY_IDX(rows, i, okapi_row_t))) {
                diag("row %d isn't the one expected", expected);
                return 0;
            }
        }
        if (rows->nelts == 0) {
            return done == m->nrows;
        }
    }
}

static int random_header(const model_t *m)
{
    for (int tries = 0; tries < 50 && m->nrows; tries++) {
        int at = pick(m->nrows);
        if (m->rows[at].is_header) {
            return at;
        }
    }
    return -1;
}

static int same_expanded(model_t *m, okapi_table_t *table, int header, apr_int64_t id,
                         apr_pool_t *pool)
{
    apr_array_header_t *rows;
    apr_uint32_t count, at, all;
    int before = m->nrows, max = pick(3) ? pick(8) : 0;
    mailbox_must(okapi_table_expand(table, id, max, &count, &rows, pool, pool), "expand");
    model_show(m);
    int came = m->nrows - before, good = (int)count == came;
    good &= rows->nelts == (max < came ? max : came);
    for (int i = 0; good && i < rows->nelts; i++) {
        good = same_row(m, &m->rows[header + 1 + i], &APR_ARRAY_IDX(rows, i, okapi_row_t));
    }
    mailbox_must(okapi_table_position(table, &at, &all, pool), "position");
    if (!good || (int)at != header + 1 + rows->nelts) {
        diag("%u of %d rows came, %d were read, cursor at %u after header %d", count, came,
             rows->nelts, at, header);
        return 0;
    }
    return okapi_table_expand(table, id, 0, &count, &rows, pool, pool) == OKAPI_ENOTCOLLAPSED;
}

static int same_collapsed(model_t *m, okapi_table_t *table, apr_int64_t id, apr_pool_t *pool)
{
    apr_uint32_t count;
    int before = m->nrows;
    mailbox_must(okapi_table_collapse(table, id, &count, pool), "collapse");
    model_show(m);
    return (int)count == before - m->nrows &&
           okapi_table_collapse(table, id, &count, pool) == OKAPI_ENOTEXPANDED;
}

static int toggle(model_t *m, okapi_table_t *table, apr_pool_t *pool)
{
    int at = random_header(m);
    if (at < 0) {
        return 1;
    }
    const row_t row = m->rows[at];
    const apr_int64_t *id = apr_hash_get(m->ids, row.path, APR_HASH_KEY_STRING);
    int toggled = apr_hash_get(m->toggled, row.path, APR_HASH_KEY_STRING) != NULL;
    apr_hash_set(m->toggled, row.path, APR_HASH_KEY_STRING, toggled ? NULL : "");
    return row.expanded ? same_collapsed(m, table, *id, pool)
                        : same_expanded(m, table, at, *id, pool);
}

/* The same table from its value, or another one of the same view that takes over what is
 * expanded. */
static okapi_table_t *again(mailbox_t *mb, model_t *m, okapi_table_t *table, apr_pool_t *pool)
{
    okapi_binary_t state, bookmark;
    okapi_table_t *other;
    if (pick(2)) {
        okapi_writer_t w;
        okapi_reader_t r;
        okapi_writer_init(&w, 64, 1 << 20, pool);
        okapi_table_encode(table, &w);
        okapi_reader_init(&r, w.data, w.len);
        mailbox_must(okapi_table_decode(&other, &r, mb->store, NULL, pool, pool), "decode");
        return other;
    }
    mailbox_must(okapi_table_collapse_state(table, 0, 0, &state, pool, pool), "state");
    other = open_table(mb, &m->view, pool);
    mailbox_must(okapi_table_set_collapse_state(other, state, &bookmark, pool, pool), "set state");
    return other;
}

/* ---- random views ---- */

static void random_view(view_t *view)
{
    column_e columns[] = {TOPIC, IMPORTANCE, TIME, KEYWORD};
    *view = (view_t){.n = 1 + pick(KEYS_MAX)};
    for (int i = 0; i < view->n; i++) {
        int other = i + pick(4 - i);
        column_e column = columns[other];
        columns[other] = columns[i];
        view->columns[i] = column;
        view->orders[i] = pick(2) ? TABLE_SORT_DESCEND : TABLE_SORT_ASCEND;
        view->instances |= column == KEYWORD;
    }
    view->ncategories = pick(view->n + 1);
    view->nexpanded = pick(view->ncategories + 1);
    if (view->ncategories && view->ncategories < view->n && pick(2)) {
        view->orders[view->ncategories] =
            pick(2) ? TABLE_SORT_MAX_CATEGORY : TABLE_SORT_MIN_CATEGORY;
    }
}

static const char *describe(const view_t *view, apr_pool_t *pool)
{
    static const char *const names[] = {"topic", "importance", "time", "keyword"};
    static const char *const orders[] = {"+", "-", "", "", "max ", "", "", "", "min "};
    const char *text = apr_psprintf(pool, "%d categories, %d expanded:", view->ncategories,
                                    view->nexpanded);
    for (int i = 0; i < view->n; i++) {
        text = apr_pstrcat(pool, text, " ", orders[view->orders[i]], names[view->columns[i]], NULL);
    }
    return text;
}

static void test_view(mailbox_t *mb, model_t *m, apr_pool_t *pool)
{
    m->pool = pool;
    m->toggled = apr_hash_make(pool);
    m->ids = apr_hash_make(pool);
    random_view(&m->view);
    okapi_table_t *table = open_table(mb, &m->view, pool);
    int good = same_table(m, table, pool), step;
    for (step = 0; good && step < STEPS; step++) {
        switch (pick(4)) {
        case 0:
            disturb(mb, m, pool);
            break;
        case 1:
            table = again(mb, m, table, pool);
            break;
        default:
            good = toggle(m, table, pool);
        }
        good = good && same_table(m, table, pool);
    }
    ok(good, "%s%s", describe(&m->view, pool),
       good ? "" : apr_psprintf(pool, " until step %d", step));
}

/* ---- what there is no model of ---- */

static okapi_table_t *by_topic(mailbox_t *mb, int nexpanded, apr_pool_t *pool)
{
    const view_t view = {.n = 2, .ncategories = 1, .nexpanded = nexpanded,
                         .columns = {TOPIC, TIME}};
    return open_table(mb, &view, pool);
}

/* MS-OXCTABL_R7, R11, R291 to R293, R301, R304, R305, R308, R579 to R581, R585 to R587 */
static void test_state(mailbox_t *mb, apr_pool_t *pool)
{
    okapi_table_t *table = by_topic(mb, 1, pool);
    const view_t another = {.n = 1, .ncategories = 1, .columns = {TOPIC}};
    okapi_binary_t state, bookmark;
    apr_uint32_t at, count;
    apr_int32_t moved;
    int gone;
    apr_array_header_t *rows = read_rows(table, 20, 0, 0, pool);
    mailbox_must(okapi_table_collapse(table, cell(rows, 0, INST_ID)->v.i64, &count, pool),
                 "collapse");
    rows = read_rows(table, 9, 0, 0, pool);
    mailbox_must(okapi_table_collapse_state(table, cell(rows, 8, INST_ID)->v.i64, 0, &state, pool,
                                            pool),
                 "state");
    okapi_table_t *other = by_topic(mb, 1, pool);
    mailbox_must(okapi_table_set_collapse_state(other, state, &bookmark, pool, pool), "set state");
    mailbox_must(okapi_table_position(other, &at, &count, pool), "position");
    is_int(at, 8, "the cursor is at the row of the state");
    mailbox_must(okapi_table_seek(other, BOOKMARK_END, 0, &moved, pool), "seek");
    mailbox_must(okapi_table_bookmark_seek(other, bookmark, 0, &moved, &gone, pool), "bookmark");
    mailbox_must(okapi_table_position(other, &at, &count, pool), "position");
    is_int(at, 8, "and so is the bookmark");
    is_int(okapi_table_set_collapse_state(open_table(mb, &another, pool), state, &bookmark, pool,
                                          pool),
           OKAPI_EINVAL, "not for another sort order");
    for (apr_size_t len = 0; len < state.len; len++) {
        state.len = len;
        if (okapi_table_set_collapse_state(other, state, &bookmark, pool, pool) != OKAPI_EINVAL) {
            ok(0, "state of %d bytes", (int)len);
        }
    }
}

/* MS-OXCTABL_R182, R184, R506: a bookmark's row that is hidden is gone, until it is shown again. */
static void test_hidden(mailbox_t *mb, apr_pool_t *pool)
{
    okapi_table_t *table = by_topic(mb, 1, pool);
    okapi_binary_t bookmark;
    apr_array_header_t *unused;
    apr_int32_t moved;
    apr_uint32_t count;
    int gone;
    apr_array_header_t *rows = read_rows(table, 3, 0, 1, pool);
    apr_int64_t id = cell(rows, 0, INST_ID)->v.i64;
    mailbox_must(okapi_table_bookmark_create(table, &bookmark, pool), "bookmark");
    mailbox_must(okapi_table_collapse(table, id, &count, pool), "collapse");
    mailbox_must(okapi_table_bookmark_seek(table, bookmark, 0, &moved, &gone, pool), "seek");
    is_int(gone, 1, "a row in a collapsed category is not visible");
    rows = read_rows(table, 1, 0, 0, pool);
    is_int(cell(rows, 0, ROW_TYPE)->v.i32, 3, "the next row is another header");
    mailbox_must(okapi_table_expand(table, id, 0, &count, &unused, pool, pool), "expand");
    mailbox_must(okapi_table_bookmark_seek(table, bookmark, 0, &moved, &gone, pool), "seek");
    is_int(gone, 0, "expanded, it is visible again");
}

/* MS-OXCTABL_R570, R576, R8261 to R8267, R73 to R75, R78 */
static void test_refusals(mailbox_t *mb, apr_pool_t *pool)
{
    okapi_table_t *table = by_topic(mb, 0, pool);
    okapi_sort_key_t keys[] = {{PR_IMPORTANCE, 0}, {PR_KEYWORD, 0},
                               {OKAPI_PROP_RETYPE(PR_KEYWORD, PT_MV_LONG | MV_INSTANCE), 0}};
    okapi_sort_t sort = {.n = 3, .ncategories = 1, .keys = keys};
    okapi_proptag_t single = OKAPI_PROP_RETYPE(PR_IMPORTANCE, PT_LONG | MV_INSTANCE);
    okapi_binary_t state, bookmark;
    apr_array_header_t *rows;
    apr_uint32_t count;
    is_int(okapi_table_expand(table, 4711, 0, &count, &rows, pool, pool), OKAPI_ENOTFOUND,
           "no such category to expand");
    is_int(okapi_table_collapse(table, 4711, &count, pool), OKAPI_ENOTFOUND, "nor to collapse");
    is_int(okapi_table_sort(table, &sort), OKAPI_ETOOCOMPLEX, "two multivalued properties");
    sort.n = 2;
    keys[0].order = TABLE_SORT_MAX_CATEGORY;
    is_int(okapi_table_sort(table, &sort), OKAPI_EINVAL, "an aggregate without category");
    keys[0].order = 0;
    keys[1].order = TABLE_SORT_MAX_CATEGORY;
    sort.ncategories = 0;
    is_int(okapi_table_sort(table, &sort), OKAPI_EINVAL, "nor of no category");
    sort.ncategories = 3;
    is_int(okapi_table_sort(table, &sort), OKAPI_EINVAL, "more categories than keys");
    is_int(okapi_table_set_columns(table, &single, 1), OKAPI_EINVAL, "instances of one value");
    mailbox_must(okapi_table_set_columns(table, NULL, 0), "columns");
    is_int(okapi_table_expand(table, 1, 0, &count, &rows, pool, pool), OKAPI_ENOTSET,
           "expand without columns");
    is_int(okapi_table_collapse(table, 1, &count, pool), OKAPI_ENOTSET, "collapse");
    is_int(okapi_table_collapse_state(table, 0, 0, &state, pool, pool), OKAPI_ENOTSET, "state");
    is_int(okapi_table_set_collapse_state(table, (okapi_binary_t){NULL, 0}, &bookmark, pool, pool),
           OKAPI_ENOTSET, "set state");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    model_t *model = apr_pcalloc(pool, sizeof(*model));
    mailbox_t mailbox;
    srand(21);
    mailbox_create(&mailbox, pool);
    model->items = apr_array_make(pool, MESSAGES, sizeof(item_t));
    for (int i = 0; i < MESSAGES; i++) {
        add_item(&mailbox, model, pool);
    }
    for (int i = 0; i < VIEWS; i++) {
        apr_pool_t *iterpool;
        apr_pool_create(&iterpool, pool);
        test_view(&mailbox, model, iterpool);
        apr_pool_destroy(iterpool);
    }
    test_state(&mailbox, pool);
    test_hidden(&mailbox, pool);
    test_refusals(&mailbox, pool);
    return done_testing();
}
