/* mover.c - moves messages and folders of some mailboxes about until it is killed, or lists them.
 *
 *   mover CONF move USER...    random moves, within a mailbox and from one to another
 *   mover CONF list USER...    where each message is and its subject, a line each
 *
 * Nothing it does removes a message. What fails is tried again, as another move: it is for tests
 * that kill processes.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <okapi/config.h>
#include <okapi/table.h>
#include <okapi/transfer.h>

enum { USERS_MAX = 8, SOME = 20 };

typedef struct mover_t {
    okapi_t *okapi;
    okapi_store_t *stores[USERS_MAX];
    int n;
    apr_pool_t *pool;  /* as long as the process */
    apr_pool_t *step;  /* as long as a move */
} mover_t;

static void must(apr_status_t status, const char *what)
{
    char buffer[200];
    if (status != APR_SUCCESS) {
        fprintf(stderr, "mover: %s: %s\n", what, okapi_strerror(status, buffer, sizeof(buffer)));
        exit(1);
    }
}

/* ---- what there is ---- */

/* The folders of STORE from SPECIAL on, as an array of okapi_folder_t *. */
static apr_status_t folders_of(apr_array_header_t **folders, okapi_store_t *store,
                               okapi_special_e special, apr_pool_t *pool)
{
    okapi_folder_t *top;
    apr_array_header_t *nodes = NULL;
    *folders = apr_array_make(pool, 8, sizeof(okapi_folder_t *));
    apr_status_t rv =
        okapi_folder_open(&top, store, okapi_store_special(store, special), pool, pool);
    if (rv == APR_SUCCESS) {
        APR_ARRAY_PUSH(*folders, okapi_folder_t *) = top;
        rv = okapi_folder_tree(&nodes, top, pool, pool);
    }
    for (int i = 0; rv == APR_SUCCESS && i < nodes->nelts; i++) {
        APR_ARRAY_PUSH(*folders, okapi_folder_t *) =
            APR_ARRAY_IDX(nodes, i, okapi_folder_node_t).folder;
    }
    return rv;
}

/* At most MAX rows of FOLDER from its beginning, or the next ones of *TABLE. */
static apr_status_t rows_of(apr_array_header_t **rows, okapi_table_t **table,
                            okapi_folder_t *folder, int max, apr_pool_t *pool)
{
    static const okapi_proptag_t columns[] = {PR_SUBJECT};
    apr_uint32_t count;
    apr_status_t rv = APR_SUCCESS;
    if (!*table) {
        rv = okapi_table_contents(table, &count, folder, 0, pool, pool);
        if (rv == APR_SUCCESS) {
            okapi_table_set_columns(*table, columns, 1);
        }
    }
    return rv == APR_SUCCESS ? okapi_table_rows(*table, max, 0, 1, rows, pool, pool) : rv;
}

static void list(mover_t *m)
{
    for (int i = 0; i < m->n; i++) {
        apr_array_header_t *folders, *rows;
        must(folders_of(&folders, m->stores[i], OKAPI_FOLDER_ROOT, m->pool), "folders");
        for (int j = 0; j < folders->nelts; j++) {
            okapi_folder_t *folder = APR_ARRAY_IDX(folders, j, okapi_folder_t *);
            okapi_table_t *table = NULL;
            do {
                must(rows_of(&rows, &table, folder, 100, m->pool), "messages");
                for (int k = 0; k < rows->nelts; k++) {
                    printf("%lld\t%s\n", (long long)okapi_folder_id(folder),
                           APR_ARRAY_IDX(rows, k, okapi_row_t).values[0].v.str);
                }
            } while (rows->nelts > 0);
        }
    }
}

/* ---- moving ---- */

static okapi_folder_t *pick(apr_array_header_t *folders)
{
    return APR_ARRAY_IDX(folders, rand() % folders->nelts, okapi_folder_t *);
}

static apr_status_t move_messages(okapi_folder_t *from, okapi_folder_t *to, apr_pool_t *pool)
{
    okapi_table_t *table = NULL;
    apr_array_header_t *rows;
    okapi_id_t ids[SOME];
    int partial;
    apr_status_t rv = rows_of(&rows, &table, from, 1 + rand() % SOME, pool);
    for (int i = 0; rv == APR_SUCCESS && i < rows->nelts; i++) {
        ids[i] = APR_ARRAY_IDX(rows, i, okapi_row_t).id;
    }
    return rv == APR_SUCCESS && rows->nelts && okapi_folder_id(from) != okapi_folder_id(to)
               ? okapi_messages_move(from, to, ids, rows->nelts, NULL, &partial, pool)
               : rv;
}

/* One of four times a folder is made, moved with what is in it, or removed if nothing is. */
static apr_status_t move_something(mover_t *m)
{
    apr_array_header_t *here, *there;
    okapi_id_t id;
    int partial;
    apr_status_t rv =
        folders_of(&here, m->stores[rand() % m->n], OKAPI_FOLDER_INBOX, m->step);
    if (rv == APR_SUCCESS) {
        rv = folders_of(&there, m->stores[rand() % m->n], OKAPI_FOLDER_INBOX, m->step);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    okapi_folder_t *from = pick(here), *to = pick(there);
    const char *name = apr_psprintf(m->step, "box %d", rand() % 1000);
    switch (rand() % 12) {
    case 0:
        return here->nelts < 6 ? okapi_folder_create(&id, from, name, NULL, m->step)
                               : okapi_folder_delete(from, OKAPI_DELETE_HARD, &partial, m->step);
    case 1:
    case 2:
        return okapi_folder_move(&id, from, to, name, &partial, m->step);
    default:
        return move_messages(from, to, m->step);
    }
}

int main(int argc, const char *const *argv)
{
    okapi_config_t *config;
    okapi_user_t *user;
    const char *message = "";
    mover_t m = {0};
    must(apr_app_initialize(&argc, &argv, NULL), "start");
    if (argc < 4 || argc > 3 + USERS_MAX) {
        fputs("usage: mover CONF move|list USER...\n", stderr);
        return 2;
    }
    srand((unsigned)getpid());
    apr_pool_create(&m.pool, NULL);
    apr_pool_create(&m.step, m.pool);
    must(okapi_config_read(&config, &message, argv[1], m.pool), message);
    must(okapi_open(&m.okapi, config, NULL, m.pool, m.pool), "open");
    for (m.n = 0; m.n < argc - 3; m.n++) {
        must(okapi_user_by_login(&user, m.okapi, argv[3 + m.n], m.pool, m.pool), "user");
        must(okapi_store_open(&m.stores[m.n], m.okapi, user, user, m.pool, m.pool), "store");
    }
    if (strcmp(argv[2], "list") == 0) {
        list(&m);
        return 0;
    }
    for (pid_t parent = getppid(); getppid() == parent;) {
        move_something(&m);
        apr_pool_clear(m.step);
    }
    return 0;
}
