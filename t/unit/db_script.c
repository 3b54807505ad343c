/* db_script.c - statements that wait for others: in which order they are done, what becomes of
 * their failures, and that values arrive as they were. */
#include "db_rows.h"

static apr_status_t post_row(okapi__conn_t *conn, apr_int64_t id, okapi_binary_t bytes,
                             apr_pool_t *scratch_pool)
{
    return okapi__db_post(conn, STMT_PROPS_ADD,
                          DB_ARGS(DB_I(id), DB_I(0), DB_B(bytes.data, bytes.len), DB_NULL),
                          scratch_pool);
}

static const okapi_binary_t small = {(unsigned char *)"x", 1};

/* ---- order ---- */

/* What was found on the way. */
typedef struct course_t {
    int waits;
    apr_int64_t counted, affected, rev;
} course_t;

static apr_status_t take_course(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    course_t *course = baton;
    row_t row = {1, 0, 0};
    okapi__rows_t *rows;
    int found;
    apr_status_t rv = post_row(conn, 1, small, scratch_pool);

    rv = rv ? rv : post_row(conn, 2, small, scratch_pool);
    course->waits = okapi__script_waits(conn);
    rv = rv ? rv : count_rows(conn, &row, scratch_pool);
    course->counted = row.id;
    rv = rv ? rv : post_row(conn, 3, small, scratch_pool);
    rv = rv ? rv : post_row(conn, 4, small, scratch_pool);
    rv = rv ? rv
            : okapi__db_exec(conn, STMT_PROPS_TOUCH, &course->affected,
                             DB_ARGS(DB_I(2), DB_I(4)), scratch_pool);
    rv = rv ? rv : okapi__db_post(conn, STMT_PROPS_COUNT, DB_ARGS(DB_I(4)), scratch_pool);
    rv = rv ? rv
            : okapi__db_exec(conn, STMT_PROPS_COUNT, NULL, DB_ARGS(DB_I(4)), scratch_pool);
    rv = rv ? rv
            : okapi__db_select_one(&rows, &found, conn, STMT_PROPS_GET, DB_ARGS(DB_I(4)),
                                   scratch_pool);
    course->rev = rv == APR_SUCCESS && found ? okapi__rows_int(rows, 0) : -1;
    return rv ? rv : post_row(conn, 5, small, scratch_pool);
}

static void order(okapi__db_t *db, apr_pool_t *pool)
{
    course_t course = {0, 0, 0, 0};

    is_int(okapi__db_write(db, take_course, &course, pool), APR_SUCCESS, "posted and run");
    is_int(course.waits, okapi__db_engine(db) != OKAPI__SQLITE, "a server gets it later");
    is_int(course.counted, 2, "but before a question");
    is_int(course.affected, 3, "and before who counts the rows it changes, which are its own");
    is_int(course.rev, 2, "in its order");
    ok(has_row(db, 5, pool), "and before the commit");
}

/* ---- failures ---- */

typedef struct fault_t {
    apr_int64_t first, second;
    apr_status_t rv;      /* to return */
    apr_status_t told;    /* by the question after them; -1: none */
    int asks, runs;
} fault_t;

static apr_status_t post_two(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    fault_t *f = baton;
    row_t row = {0, 0, 0};
    apr_status_t rv = post_row(conn, f->first, small, scratch_pool);

    f->runs++;
    rv = rv ? rv : post_row(conn, f->second, small, scratch_pool);
    if (f->asks) {
        f->told = count_rows(conn, &row, scratch_pool);
        return APR_SUCCESS; /* it overlooks that */
    }
    return rv == APR_SUCCESS ? f->rv : rv;
}

static void failures(okapi__db_t *db, apr_pool_t *pool)
{
    fault_t f = {.first = 10, .second = 1};

    is_int(okapi__db_write(db, post_two, &f, pool), OKAPI_EEXISTS, "a duplicate is told");
    is_int(f.runs, 1, "and not tried again");
    ok(!has_row(db, 10, pool), "nothing of it is there");
    f = (fault_t){.first = 10, .second = 1, .asks = 1};
    is_int(okapi__db_write(db, post_two, &f, pool), OKAPI_EEXISTS, "also to who overlooks it");
    is_int(f.told, OKAPI_EEXISTS, "by the question after it");
    ok(!has_row(db, 10, pool), "nothing of it is there");
    f = (fault_t){.first = 10, .second = 11, .rv = OKAPI_EACCESS};
    is_int(okapi__db_write(db, post_two, &f, pool), OKAPI_EACCESS, "work that gives up");
    ok(!has_row(db, 10, pool) && !has_row(db, 11, pool), "takes with it what waits");
    f = (fault_t){.first = 10, .second = 11};
    is_int(okapi__db_write(db, post_two, &f, pool), APR_SUCCESS, "the same connection goes on");
    ok(has_row(db, 10, pool) && has_row(db, 11, pool), "and both are there");
    f = (fault_t){.first = 12, .second = 13};
    is_int(okapi__db_read(db, post_two, &f, pool), APR_EINVAL, "who reads can't post");
    ok(logged("it writes in a reading transaction"), "which is told where it is");
}

/* ---- values ---- */

typedef struct value_t {
    apr_int64_t id, number;
    const char *text;
    okapi_binary_t bytes;
    apr_pool_t *pool;
} value_t;

static apr_status_t post_value(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const value_t *v = baton;
    char text[200];
    apr_status_t rv = post_row(conn, v->id, v->bytes, scratch_pool);

    apr_cpystrn(text, v->text, sizeof(text));
    rv = rv ? rv
            : okapi__db_post(conn, STMT_NAME_ADD,
                             DB_ARGS(DB_I(v->id), DB_I(v->number), DB_S(text)), scratch_pool);
    memset(text, 'z', sizeof(text)); /* it is copied */
    return rv;
}

/* Also in one message with what begins the transaction, and so as a value of the text that
 * PostgreSQL gets. */
static apr_status_t read_value(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    value_t *v = baton;
    okapi__rows_t *rows;
    int found = 0;
    apr_status_t rv =
        okapi__db_select_one(&rows, &found, conn, STMT_PROPS_GET, DB_ARGS(DB_I(v->id)), v->pool);

    v->bytes = found ? okapi__rows_blob(rows, 1) : (okapi_binary_t){NULL, 0};
    rv = rv ? rv
            : okapi__db_select_one(&rows, &found, conn, STMT_NAME_GET, DB_ARGS(DB_I(v->id)),
                                   v->pool);
    v->number = found ? okapi__rows_int(rows, 0) : 0;
    v->text = found ? okapi__rows_str(rows, 1) : "(none)";
    return rv;
}

static void values(okapi__db_t *db, apr_pool_t *pool)
{
    static const char *const texts[] = {
        "",       "it's \"quoted\", '' twice", "\\", "\\'; DROP TABLE users; --", "100% %s %lld ?",
        "$1 $$ :x", "\xc3\x9c\xe2\x82\xac\xf0\x9f\xa6\x8c", "line\nline\r\ttab"};
    unsigned char all[256];

    for (int i = 0; i < 256; i++) {
        all[i] = (unsigned char)i;
    }
    for (int i = 0; i < (int)(sizeof(texts) / sizeof(texts[0])); i++) {
        value_t in = {.id = 100 + i, .text = texts[i], .bytes = {all, i == 0 ? 0 : 256}};
        value_t out = {.id = in.id, .pool = pool};
        in.number = i == 0 ? APR_INT64_MIN : i == 1 ? APR_INT64_MAX : -i;
        is_int(okapi__db_write(db, post_value, &in, pool), APR_SUCCESS, "value %d", i);
        is_int(okapi__db_write(db, read_value, &out, pool), APR_SUCCESS, "is read");
        is_str(out.text, in.text, "its text");
        is_int(out.number, in.number, "its number");
        is_mem(out.bytes.data, out.bytes.len, in.bytes.data, in.bytes.len, "its bytes");
    }
}

/* ---- many ---- */

typedef struct many_t {
    apr_int64_t from;
    int n;
    okapi_binary_t bytes;
} many_t;

static apr_status_t post_many(okapi__conn_t *conn, void *baton, apr_pool_t *scratch_pool)
{
    const many_t *many = baton;
    apr_status_t rv = APR_SUCCESS;

    for (int i = 0; i < many->n && rv == APR_SUCCESS; i++) {
        rv = post_row(conn, many->from + i, many->bytes, scratch_pool);
        if (rv == APR_SUCCESS && i == many->n / 2) {
            rv = okapi__db_post(conn, STMT_PROPS_COUNT, DB_ARGS(DB_I(many->from)), scratch_pool);
        }
    }
    return rv;
}

static void many_rows(okapi__db_t *db, apr_pool_t *pool)
{
    static unsigned char bytes[300 * 1024];
    many_t few = {2000, 12, {bytes, sizeof(bytes)}};
    row_t row = {1000, 0, 0};
    int bad = 0;

    /* Each is a script of its own, more than a connection keeps. */
    for (int n = 1; n <= 100; n++) {
        many_t many = {10000 + 1000 * n, n, small};
        bad += okapi__db_write(db, post_many, &many, pool) != APR_SUCCESS;
    }
    is_int(bad, 0, "a hundred sequences");
    is_int(okapi__db_read(db, count_rows, &row, pool), APR_SUCCESS, "of up to a hundred");
    is_int(row.id, 5050, "and each row is there");
    memset(bytes, 0xA5, sizeof(bytes));
    is_int(okapi__db_write(db, post_many, &few, pool), APR_SUCCESS, "many bytes");
    ok(has_row(db, 2000, pool) && has_row(db, 2011, pool), "are there");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    okapi__db_t *db;

    make_test_dir(pool);
    db = open_db(1, pool);
    order(db, pool);
    failures(db, pool);
    values(db, pool);
    many_rows(db, pool);
    remove_test_dir(pool);
    return done_testing();
}
