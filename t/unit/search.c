/* search.c - search folders against a model that looks at every message: random operations on
 * messages and folders, searches that begin, stop and begin anew, steps done by several.
 * MS-OXCFOLD 3.2.5.4. */
#include <okapi/change.h>
#include <okapi/search.h>

#include "search_private.h"
#include "tables.h"

enum { FOLDERS = 8, SEARCHES = 4, OPERATIONS = 500, CHECKED_EACH = 4 };

static const char *const words[] = {"alpha", "beta", "gamma", "alpha beta"};
enum { WORDS = sizeof(words) / sizeof(words[0]) };

typedef struct search_t {
    okapi_id_t id;
    okapi_restriction_t restriction, leaf[2];
    okapi_id_t scope[2];
    int n;
    apr_uint32_t flags;
    okapi_cn_t cn;     /* up to which the follower is */
    apr_hash_t *shown; /* what it says is there */
} search_t;

typedef struct world_t {
    mailbox_t *m;
    okapi_id_t top;
    search_t searches[SEARCHES];
    apr_pool_t *pool; /* of one operation */
} world_t;

/* ---- the mailbox as it is ---- */

static okapi_folder_t *open_folder(const world_t *w, okapi_id_t id)
{
    okapi_folder_t *folder;
    mailbox_must(okapi_folder_open(&folder, w->m->store, id, w->pool, w->pool), "open a folder");
    return folder;
}

/* The folders for messages: below TOP, which is one itself. */
static apr_array_header_t *folders_of(const world_t *w, okapi_id_t top)
{
    apr_array_header_t *nodes, *ids = apr_array_make(w->pool, 16, sizeof(okapi_id_t));
    mailbox_must(okapi_folder_tree(&nodes, open_folder(w, top), w->pool, w->pool), "tree");
    APR_ARRAY_PUSH(ids, okapi_id_t) = top;
    for (int i = 0; i < nodes->nelts; i++) {
        okapi_folder_t *folder = APR_ARRAY_IDX(nodes, i, okapi_folder_node_t).folder;
        if (!okapi_folder_is_search(folder)) {
            APR_ARRAY_PUSH(ids, okapi_id_t) = okapi_folder_id(folder);
        }
    }
    return ids;
}

static okapi_id_t some_folder(const world_t *w)
{
    apr_array_header_t *ids = folders_of(w, w->top);
    return APR_ARRAY_IDX(ids, pick(ids->nelts), okapi_id_t);
}

static okapi_table_t *table_of(const world_t *w, okapi_id_t folder_id, int flags)
{
    static const okapi_proptag_t columns[] = {PR_SUBJECT, PR_MESSAGE_FLAGS, PR_IMPORTANCE,
                                              PR_PARENT_ENTRYID};
    okapi_table_t *table;
    apr_uint32_t count;
    mailbox_must(okapi_table_contents(&table, &count, open_folder(w, folder_id), flags, w->pool,
                                      w->pool),
                 "contents");
    mailbox_must(okapi_table_set_columns(table, columns, 4), "columns");
    return table;
}

static apr_array_header_t *rows_of(const world_t *w, okapi_id_t folder_id, int flags)
{
    return read_rows(table_of(w, folder_id, flags), 100000, 0, 0, w->pool);
}

static okapi_id_t some_message(const world_t *w, okapi_id_t folder_id, int flags)
{
    apr_array_header_t *rows = rows_of(w, folder_id, flags);
    return rows->nelts ? APR_ARRAY_IDX(rows, pick(rows->nelts), okapi_row_t).id : 0;
}

/* ---- the model of a search ---- */

static int leaf_fits(const okapi_restriction_t *leaf, const apr_array_header_t *rows, int row)
{
    if (leaf->type == RES_CONTENT) {
        return strstr(cell(rows, row, 0)->v.str, leaf->prop.v.str) != NULL;
    }
    if (leaf->type == RES_BITMASK) {
        return !(cell(rows, row, 1)->v.i32 & MSGFLAG_READ);
    }
    return cell(rows, row, 2)->tag == PR_IMPORTANCE && cell(rows, row, 2)->v.i32 == 2;
}

static int fits(const search_t *s, const apr_array_header_t *rows, int row)
{
    const okapi_restriction_t *r = &s->restriction;
    if (r->type == RES_OR) {
        return leaf_fits(&s->leaf[0], rows, row) || leaf_fits(&s->leaf[1], rows, row);
    }
    return leaf_fits(r, rows, row);
}

static int is_there(const world_t *w, okapi_id_t folder_id)
{
    okapi_folder_t *folder;
    return okapi_folder_open(&folder, w->m->store, folder_id, w->pool, w->pool) == APR_SUCCESS;
}

static void add_folder(apr_array_header_t *all, okapi_id_t id)
{
    for (int i = 0; i < all->nelts; i++) {
        if (APR_ARRAY_IDX(all, i, okapi_id_t) == id) {
            return;
        }
    }
    APR_ARRAY_PUSH(all, okapi_id_t) = id;
}

static apr_array_header_t *scope_of(const world_t *w, const search_t *s)
{
    apr_array_header_t *all = apr_array_make(w->pool, 16, sizeof(okapi_id_t));
    for (int i = 0; i < s->n; i++) {
        if (!is_there(w, s->scope[i])) {
            continue;
        }
        if (!(s->flags & RECURSIVE_SEARCH)) {
            add_folder(all, s->scope[i]);
            continue;
        }
        apr_array_header_t *below = folders_of(w, s->scope[i]);
        for (int k = 0; k < below->nelts; k++) {
            add_folder(all, APR_ARRAY_IDX(below, k, okapi_id_t));
        }
    }
    return all;
}

typedef struct expected_t {
    apr_hash_t *folder_of; /* message id: its folder's id */
    int unread;
} expected_t;

static expected_t expect(const world_t *w, const search_t *s)
{
    expected_t e = {apr_hash_make(w->pool), 0};
    apr_array_header_t *scope = scope_of(w, s);
    for (int i = 0; i < scope->nelts; i++) {
        okapi_id_t *folder_id = &APR_ARRAY_IDX(scope, i, okapi_id_t);
        apr_array_header_t *rows = rows_of(w, *folder_id, 0);
        for (int k = 0; k < rows->nelts; k++) {
            if (fits(s, rows, k)) {
                okapi_id_t *id = &APR_ARRAY_IDX(rows, k, okapi_row_t).id;
                apr_hash_set(e.folder_of, id, sizeof(*id), folder_id);
                e.unread += !(cell(rows, k, 1)->v.i32 & MSGFLAG_READ);
            }
        }
    }
    return e;
}

/* ---- checks ---- */

static void finish_searches(const world_t *w)
{
    mailbox_must(okapi_search_run(w->m->okapi, NULL, NULL, w->pool), "run");
}

/* The rows of the search folder's table, and whose they are. */
static int same_rows(const world_t *w, const search_t *s, const expected_t *e)
{
    apr_array_header_t *rows = rows_of(w, s->id, 0);
    int good = rows->nelts == (int)apr_hash_count(e->folder_of);
    for (int i = 0; i < rows->nelts; i++) {
        const okapi_row_t *row = &APR_ARRAY_IDX(rows, i, okapi_row_t);
        const okapi_id_t *folder_id = apr_hash_get(e->folder_of, &row->id, sizeof(row->id));
        okapi_binary_t parent =
            folder_id ? okapi__folder_entryid(w->m->store, *folder_id, w->pool)
                      : (okapi_binary_t){NULL, 0};
        good = good && folder_id && row->values[3].v.bin.len == parent.len &&
               memcmp(row->values[3].v.bin.data, parent.data, parent.len) == 0;
    }
    if (!good) {
        diag("search %d shows %d rows instead of %d", (int)s->id, rows->nelts,
             (int)apr_hash_count(e->folder_of));
    }
    return good;
}

static int same_counts(const world_t *w, const search_t *s, const expected_t *e)
{
    okapi_folder_stat_t stat;
    mailbox_must(okapi_folder_stat(open_folder(w, s->id), &stat, w->pool), "stat");
    int good = stat.content == (int)apr_hash_count(e->folder_of) && stat.unread == e->unread &&
               stat.bytes == 0;
    if (!good) {
        diag("search %d counts %d, %d unread; not %d, %d", (int)s->id, (int)stat.content,
             (int)stat.unread, (int)apr_hash_count(e->folder_of), e->unread);
    }
    return good;
}

/* Whoever follows the search folder's changes has what it shows. */
static int same_followed(world_t *w, search_t *s, const expected_t *e)
{
    apr_array_header_t *changes;
    okapi_cn_t upto;
    int good = 1;
    do {
        apr_status_t rv = okapi_changes(&changes, &upto, w->m->store, s->id, s->cn, 7, w->pool,
                                        w->pool);
        if (rv == OKAPI_ESYNC) {
            apr_hash_clear(s->shown);
            mailbox_must(okapi_store_cn(w->m->store, &s->cn, w->pool), "cn");
            apr_array_header_t *rows = rows_of(w, s->id, 0);
            for (int i = 0; i < rows->nelts; i++) {
                okapi_id_t *id = apr_pmemdup(w->m->pool, &APR_ARRAY_IDX(rows, i, okapi_row_t).id,
                                             sizeof(*id));
                apr_hash_set(s->shown, id, sizeof(*id), id);
            }
            return 1;
        }
        mailbox_must(rv, "changes");
        for (int i = 0; i < changes->nelts; i++) {
            const okapi_change_t *c = &APR_ARRAY_IDX(changes, i, okapi_change_t);
            okapi_id_t *id = apr_pmemdup(w->m->pool, &c->id, sizeof(c->id));
            good = good && c->is_link && c->folder_id == s->id;
            apr_hash_set(s->shown, id, sizeof(*id), c->kind == OKAPI_CHANGE_DELETED ? NULL : id);
        }
        s->cn = upto;
    } while (changes->nelts > 0);
    good = good && apr_hash_count(s->shown) == apr_hash_count(e->folder_of);
    for (apr_hash_index_t *hi = apr_hash_first(w->pool, s->shown); hi; hi = apr_hash_next(hi)) {
        const void *id;
        apr_ssize_t len;
        apr_hash_this(hi, &id, &len, NULL);
        good = good && apr_hash_get(e->folder_of, id, len) != NULL;
    }
    if (!good) {
        diag("followed search %d has %d, not %d", (int)s->id, (int)apr_hash_count(s->shown),
             (int)apr_hash_count(e->folder_of));
    }
    return good;
}

static int check_all(world_t *w)
{
    int good = 1;
    finish_searches(w);
    for (int i = 0; i < SEARCHES; i++) {
        search_t *s = &w->searches[i];
        if (s->n) {
            expected_t e = expect(w, s);
            good &= same_rows(w, s, &e) & same_counts(w, s, &e) & same_followed(w, s, &e);
        }
    }
    return good;
}

/* ---- operations ---- */

static void set_subject(okapi_message_t *message, apr_pool_t *pool)
{
    okapi_propval_t values[] = {okapi_propval_str(PR_SUBJECT, words[pick(WORDS)]),
                                okapi_propval_i32(PR_IMPORTANCE, pick(3)),
                                okapi_propval_i32(PR_MESSAGE_FLAGS, pick(2) ? MSGFLAG_READ : 0)};
    mailbox_must(okapi_object_set(okapi_message_object(message), values, 3, pool), "set");
    mailbox_must(okapi_message_save(message, 0, pool), "save");
}

static void op_create(world_t *w)
{
    okapi_id_t folder_id = some_folder(w);
    for (int i = 0; i < 3; i++) {
        okapi_message_t *message;
        mailbox_must(okapi_message_create(&message, w->m->store, folder_id, pick(8) == 0, w->pool,
                                          w->pool),
                     "create");
        set_subject(message, w->pool);
    }
}

static void op_change(world_t *w)
{
    okapi_message_t *message;
    okapi_id_t folder_id = some_folder(w), id = some_message(w, folder_id, 0);
    if (id) {
        mailbox_must(okapi_message_open(&message, w->m->store, folder_id, id, w->pool, w->pool),
                     "open");
        set_subject(message, w->pool);
    }
}

/* By way of where it is, or of a search folder that shows it. */
static okapi_folder_t *some_place(const world_t *w, okapi_id_t *id)
{
    const search_t *s = &w->searches[pick(SEARCHES)];
    okapi_id_t folder_id = s->id && pick(3) == 0 ? s->id : some_folder(w);
    *id = some_message(w, folder_id, 0);
    return open_folder(w, folder_id);
}

static void op_read(world_t *w)
{
    okapi_id_t id;
    okapi_folder_t *folder = some_place(w, &id);
    int partial, all = pick(6) == 0;
    if (id || all) {
        mailbox_must(okapi_folder_set_read(folder, &id, all ? 0 : 1, pick(2), NULL, &partial,
                                           w->pool),
                     "read");
    }
}

static void op_delete(world_t *w)
{
    okapi_id_t id;
    okapi_folder_t *folder = some_place(w, &id);
    int partial;
    if (id) {
        mailbox_must(okapi_messages_delete(folder, &id, 1, pick(2) ? OKAPI_DELETE_HARD : 0,
                                           &partial, w->pool),
                     "delete");
    }
}

static void op_transfer(world_t *w)
{
    okapi_id_t id, new_id;
    okapi_folder_t *from = some_place(w, &id), *to = open_folder(w, some_folder(w));
    int partial;
    if (id && pick(2)) {
        mailbox_must(okapi_messages_copy(from, to, &id, 1, &new_id, &partial, w->pool), "copy");
    } else if (id) {
        mailbox_must(okapi_messages_move(from, to, &id, 1, &new_id, &partial, w->pool), "move");
    }
}

static void op_recover(world_t *w)
{
    okapi_id_t folder_id = some_folder(w);
    okapi_id_t id = some_message(w, folder_id, OKAPI_TABLE_SOFT_DELETED);
    okapi_folder_t *folder = open_folder(w, folder_id);
    int partial;
    if (id) {
        mailbox_must(okapi_messages_recover(folder, folder, &id, 1, NULL, &partial, w->pool),
                     "recover");
    }
}

static void op_folder_create(world_t *w)
{
    static int number;
    okapi_id_t id;
    if (folders_of(w, w->top)->nelts < FOLDERS) {
        mailbox_must(okapi_folder_create(&id, open_folder(w, some_folder(w)),
                                         apr_psprintf(w->pool, "Folder %d", ++number), NULL,
                                         w->pool),
                     "create a folder");
    }
}

/* In a circle, or below what is a search folder now: then nothing happens. */
static void op_folder_move(world_t *w)
{
    okapi_id_t id = some_folder(w), new_id, to = pick(3) ? some_folder(w)
                                                : okapi_folder_id(w->m->inbox);
    int partial;
    if (id != w->top) {
        okapi_folder_move(&new_id, open_folder(w, id), open_folder(w, to), NULL, &partial,
                          w->pool);
    }
}

static void op_folder_back(world_t *w)
{
    apr_array_header_t *ids = folders_of(w, okapi_folder_id(w->m->inbox));
    okapi_id_t new_id;
    int partial;
    if (ids->nelts > 1) {
        mailbox_must(okapi_folder_move(&new_id, open_folder(w, APR_ARRAY_IDX(ids, 1, okapi_id_t)),
                                       open_folder(w, w->top), NULL, &partial, w->pool),
                     "move back");
    }
}

static void op_folder_delete(world_t *w)
{
    okapi_id_t id = some_folder(w), new_id;
    int partial, flags = OKAPI_DELETE_MESSAGES | OKAPI_DELETE_FOLDERS;
    if (id == w->top || pick(3)) {
        return;
    }
    mailbox_must(okapi_folder_delete(open_folder(w, id), flags | (pick(3) ? 0 : OKAPI_DELETE_HARD),
                                     &partial, w->pool),
                 "delete a folder");
    if (pick(2)) {
        okapi_folder_recover(&new_id, w->m->store, id, open_folder(w, w->top), NULL, &partial,
                             w->pool);
    }
}

static void op_empty(world_t *w)
{
    int partial;
    if (pick(4) == 0) {
        mailbox_must(okapi_folder_empty(open_folder(w, some_folder(w)), 0, &partial, w->pool),
                     "empty");
    }
}

static void random_leaf(okapi_restriction_t *r)
{
    switch (pick(3)) {
    case 0:
        *r = (okapi_restriction_t){.type = RES_CONTENT, .fuzzy = FL_SUBSTRING, .tag = PR_SUBJECT};
        r->prop = okapi_propval_str(PR_SUBJECT, words[pick(WORDS)]);
        break;
    case 1:
        *r = (okapi_restriction_t){.type = RES_BITMASK, .tag = PR_MESSAGE_FLAGS,
                                   .value = MSGFLAG_READ};
        break;
    default:
        *r = (okapi_restriction_t){.type = RES_PROPERTY, .relop = RELOP_EQ, .tag = PR_IMPORTANCE};
        r->prop = okapi_propval_i32(PR_IMPORTANCE, 2);
    }
}

static void op_search(world_t *w)
{
    search_t *s = &w->searches[pick(SEARCHES)];
    if (s->n && pick(3)) {
        return;
    }
    random_leaf(&s->leaf[0]);
    random_leaf(&s->leaf[1]);
    s->restriction = s->leaf[0];
    if (pick(2)) {
        s->restriction = (okapi_restriction_t){.type = RES_OR, .n = 2, .children = s->leaf};
    }
    s->n = 1 + pick(2);
    for (int i = 0; i < s->n; i++) {
        s->scope[i] = some_folder(w);
    }
    s->flags = pick(3) ? RECURSIVE_SEARCH : SHALLOW_SEARCH;
    mailbox_must(okapi_search_set(open_folder(w, s->id), &s->restriction, s->scope, s->n,
                                  s->flags | (pick(2) ? RESTART_SEARCH : 0), w->pool),
                 "set criteria");
}

static void op_look(world_t *w)
{
    mailbox_must(okapi_search_update(w->m->store, w->pool), "update");
}

static void (*const operations[])(world_t *w) = {
    op_create, op_create,      op_create,        op_change,      op_read,          op_delete,
    op_transfer, op_recover,   op_folder_create, op_folder_move, op_folder_back,   op_folder_delete,
    op_empty,  op_search,      op_look};

static void begin(world_t *w, mailbox_t *m)
{
    okapi_folder_t *finder, *subtree;
    *w = (world_t){.m = m, .pool = m->pool};
    mailbox_must(okapi_folder_open(&subtree, m->store,
                                   okapi_store_special(m->store, OKAPI_FOLDER_IPM_SUBTREE),
                                   m->pool, m->pool),
                 "subtree");
    mailbox_must(okapi_folder_create(&w->top, subtree, "Top", NULL, m->pool), "top");
    mailbox_must(okapi_folder_open(&finder, m->store,
                                   okapi_store_special(m->store, OKAPI_FOLDER_FINDER), m->pool,
                                   m->pool),
                 "finder");
    for (int i = 0; i < SEARCHES; i++) {
        mailbox_must(okapi_search_create(&w->searches[i].id, finder,
                                         apr_psprintf(m->pool, "Search %d", i), NULL, m->pool),
                     "create a search folder");
        w->searches[i].shown = apr_hash_make(m->pool);
    }
}

static void random_operations(mailbox_t *m)
{
    world_t w;
    int good = 1, steps = 0;
    begin(&w, m);
    for (int i = 0; good && i < OPERATIONS; i++) {
        apr_pool_create(&w.pool, m->pool);
        operations[pick((int)(sizeof(operations) / sizeof(operations[0])))](&w);
        if (i % CHECKED_EACH == 0) {
            good = check_all(&w);
            steps++;
        }
        apr_pool_destroy(w.pool);
        w.pool = m->pool;
    }
    ok(good,
       "%d random operations: %d times every search shows what fits, counts it, and is followed",
       OPERATIONS, steps);
}

int main(void)
{
    apr_pool_t *pool;
    mailbox_t m;
    const char *seed = getenv("OKAPI_TEST_SEED");
    apr_initialize();
    apr_pool_create(&pool, NULL);
    srand(seed ? (unsigned)atoi(seed) : 1);
    mailbox_create(&m, pool);
    random_operations(&m);
    apr_pool_destroy(pool);
    apr_terminate();
    return done_testing();
}
