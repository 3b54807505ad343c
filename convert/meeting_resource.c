/* meeting_resource.c - rooms and equipment answer by themselves: is there time for it? */
#include "meeting_private.h"

#include <string.h>
#include <okapi/error.h>
#include <okapi/table.h>

enum { INSTANCES_MAX = 2000, HORIZON_DAYS = 730, ROWS = 100 };

#define DAYS(n) ((okapi_time_t)(n)*86400 * 10000000)

/* When it would be busy, and whether it is then. */
typedef struct plan_t {
    okapi__meeting_t *m;
    apr_array_header_t *instances; /* of okapi_instance_t, by start */
    okapi_time_t from, to;
    int is_taken;
} plan_t;

/* Both are in order. */
static int overlap(const apr_array_header_t *a, const apr_array_header_t *b)
{
    for (int i = 0, k = 0; i < a->nelts && k < b->nelts;) {
        const okapi_instance_t *x = &APR_ARRAY_IDX(a, i, okapi_instance_t);
        const okapi_instance_t *y = &APR_ARRAY_IDX(b, k, okapi_instance_t);
        if (x->start < y->end && y->start < x->end)
            return 1;
        if (x->end <= y->end)
            i++;
        else
            k++;
    }
    return 0;
}

/* Instances of OTHER that make it busy: exceptions may be free in a busy series. */
static apr_status_t busy_instances(apr_array_header_t **busy, plan_t *p, okapi__item_t *other,
                                   apr_pool_t *pool)
{
    int series = (int)OKAPI__MEETING_INT(p->m, other->props, BUSY_STATUS, OKAPI__BUSY_BUSY), n = 0;
    apr_status_t status =
        okapi_message_instances(busy, other->message, p->from, p->to, INSTANCES_MAX, pool, pool);
    const okapi_propval_t *blob = okapi_props_get(other->props, OKAPI__MEETING_TAG(p->m, RECUR));
    okapi_recurrence_t *r = NULL;
    if (status == APR_SUCCESS && blob)
        status = okapi_recurrence_decode(&r, blob->v.bin, pool);
    for (int i = 0; status == APR_SUCCESS && i < (*busy)->nelts; i++) {
        okapi_instance_t instance = APR_ARRAY_IDX(*busy, i, okapi_instance_t);
        apr_uint32_t state = (apr_uint32_t)series;
        if (r && instance.exception >= 0) {
            const okapi_exception_t *e =
                &APR_ARRAY_IDX(r->exceptions, instance.exception, okapi_exception_t);
            state = e->overrides & OKAPI_OVERRIDE_BUSY_STATUS ? e->busy_status : state;
        }
        if (state != OKAPI__BUSY_FREE)
            APR_ARRAY_IDX(*busy, n++, okapi_instance_t) = instance;
    }
    (*busy)->nelts = status == APR_SUCCESS ? n : 0;
    return status;
}

static int is_same_meeting(plan_t *p, const okapi_props_t *props)
{
    const okapi_propval_t *id =
        okapi_props_get(props, OKAPI__MEETING_TAG(p->m, CLEAN_GLOBAL_OBJECT_ID));
    okapi_binary_t clean = p->m->clean;
    return id && id->v.bin.len == clean.len && memcmp(id->v.bin.data, clean.data, clean.len) == 0;
}

static apr_status_t compare(plan_t *p, okapi_id_t id, apr_pool_t *pool)
{
    okapi__item_t other = {.cal = p->m->cal};
    apr_array_header_t *busy;
    apr_status_t status = okapi_message_open(&other.message, p->m->store,
                                             okapi__meeting_calendar(p->m), id, pool, pool);
    if (status == APR_SUCCESS)
        status = okapi__item_load(&other);
    if (status != APR_SUCCESS || is_same_meeting(p, other.props))
        return status == OKAPI_ENOTFOUND ? APR_SUCCESS : status;
    status = busy_instances(&busy, p, &other, pool);
    if (status == APR_SUCCESS)
        p->is_taken = overlap(p->instances, busy);
    return status;
}

/* Appointments that are at that time, and all series: who knows when they are. */
static apr_status_t open_table(okapi_table_t **table, plan_t *p)
{
    static const okapi_proptag_t column = PR_MID;
    okapi_folder_t *folder;
    apr_uint32_t rows;
    okapi_restriction_t single[] = {{.type = RES_PROPERTY,
                                     .relop = RELOP_LT,
                                     .tag = PR_START_DATE,
                                     .prop = okapi_propval_time(PR_START_DATE, p->to)},
                                    {.type = RES_PROPERTY,
                                     .relop = RELOP_GT,
                                     .tag = PR_END_DATE,
                                     .prop = okapi_propval_time(PR_END_DATE, p->from)}};
    okapi_proptag_t recurring = OKAPI__MEETING_TAG(p->m, RECURRING);
    okapi_restriction_t either[] = {{.type = RES_AND, .n = 2, .children = single},
                                    {.type = RES_PROPERTY,
                                     .relop = RELOP_EQ,
                                     .tag = recurring,
                                     .prop = okapi_propval_bool(recurring, 1)}};
    const okapi_restriction_t all = {.type = RES_OR, .n = 2, .children = either};
    apr_pool_t *pool = p->m->pool;
    apr_status_t status =
        okapi_folder_open(&folder, p->m->store, okapi__meeting_calendar(p->m), pool, pool);
    if (status == APR_SUCCESS)
        status = okapi_table_contents(table, &rows, folder, 0, pool, pool);
    if (status == APR_SUCCESS)
        status = okapi_table_set_columns(*table, &column, 1);
    return status == APR_SUCCESS ? okapi_table_restrict(*table, &all) : status;
}

static apr_status_t look(plan_t *p)
{
    okapi_table_t *table;
    apr_array_header_t *rows;
    apr_pool_t *pool;
    int n = ROWS;
    apr_status_t status = open_table(&table, p);
    apr_pool_create(&pool, p->m->pool);
    while (status == APR_SUCCESS && n == ROWS && !p->is_taken) {
        apr_pool_clear(pool);
        status = okapi_table_rows(table, ROWS, 0, 1, &rows, pool, pool);
        n = status == APR_SUCCESS ? rows->nelts : 0;
        for (int i = 0; i < n && status == APR_SUCCESS && !p->is_taken; i++)
            status = compare(p, APR_ARRAY_IDX(rows, i, okapi_row_t).id, pool);
    }
    apr_pool_destroy(pool);
    return status;
}

apr_status_t okapi__meeting_decide(okapi_meeting_answer_e *answer, okapi__meeting_t *m,
                                   okapi_message_t *item)
{
    apr_uint32_t flags = okapi_store_owner(m->store)->flags;
    okapi_time_t now = okapi_time_now();
    plan_t p = {.m = m};
    *answer = OKAPI_MEETING_NONE;
    if (!(flags & OKAPI_USER_ANSWERS))
        return APR_SUCCESS;
    *answer = OKAPI_MEETING_ACCEPTED;
    if ((flags & OKAPI_USER_DECLINE_RECURRING) &&
        okapi_props_get(m->from, OKAPI__MEETING_TAG(m, RECUR)))
        *answer = OKAPI_MEETING_DECLINED;
    if (*answer == OKAPI_MEETING_DECLINED || !(flags & OKAPI_USER_DECLINE_CONFLICTS) ||
        OKAPI__MEETING_INT(m, m->from, INTENDED_BUSY_STATUS,
                           OKAPI__MEETING_INT(m, m->from, BUSY_STATUS, OKAPI__BUSY_BUSY)) ==
            OKAPI__BUSY_FREE)
        return APR_SUCCESS;
    apr_status_t status = okapi_message_instances(&p.instances, item, now, now + DAYS(HORIZON_DAYS),
                                                  INSTANCES_MAX, m->pool, m->pool);
    if (status == APR_SUCCESS && p.instances->nelts) {
        p.from = APR_ARRAY_IDX(p.instances, 0, okapi_instance_t).start;
        p.to = p.from;
        for (int i = 0; i < p.instances->nelts; i++) {
            okapi_time_t end = APR_ARRAY_IDX(p.instances, i, okapi_instance_t).end;
            p.to = end > p.to ? end : p.to;
        }
        status = look(&p);
    }
    if (status == OKAPI_ETOOCOMPLEX) { /* people know better */
        *answer = OKAPI_MEETING_NONE;
        return APR_SUCCESS;
    }
    if (p.is_taken)
        *answer = OKAPI_MEETING_DECLINED;
    return status;
}
