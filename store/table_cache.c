/* table_cache.c - arrays of rows, shared by all tables of a process that list the same. */
#include <string.h>

#include <apr_strings.h>
#include <apr_thread_mutex.h>

#include "table_private.h"

struct okapi__arrays_t {
    okapi__array_t *first; /* the most recently used one; the list holds a reference */
    apr_size_t bytes, max;
    apr_thread_mutex_t *mutex;
};

static apr_status_t destroy_all(void *data)
{
    okapi__arrays_t *arrays = data;
    while (arrays->first) {
        okapi__array_t *array = arrays->first;
        arrays->first = array->next;
        apr_pool_destroy(array->pool);
    }
    return APR_SUCCESS;
}

apr_status_t okapi__arrays_create(okapi__arrays_t **arrays, apr_size_t max,
                                  apr_pool_t *result_pool)
{
    *arrays = apr_pcalloc(result_pool, sizeof(**arrays));
    (*arrays)->max = max;
    apr_pool_cleanup_register(result_pool, *arrays, destroy_all, apr_pool_cleanup_null);
    return apr_thread_mutex_create(&(*arrays)->mutex, APR_THREAD_MUTEX_DEFAULT, result_pool);
}

apr_status_t okapi__array_create(okapi__array_t **array)
{
    apr_allocator_t *allocator;
    apr_pool_t *pool;
    apr_status_t rv = apr_allocator_create(&allocator);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    /* Its owner is whoever releases it last, in any thread: no pool's child. */
    rv = apr_pool_create_unmanaged_ex(&pool, NULL, allocator);
    if (rv != APR_SUCCESS) {
        apr_allocator_destroy(allocator);
        return rv;
    }
    apr_allocator_owner_set(allocator, pool);
    apr_pool_tag(pool, "okapi_array");
    *array = apr_pcalloc(pool, sizeof(**array));
    (*array)->pool = pool;
    (*array)->refs = 1;
    return APR_SUCCESS;
}

/* Under the mutex. */
static void drop(okapi__array_t *array)
{
    if (--array->refs == 0) {
        apr_pool_destroy(array->pool);
    }
}

/* The link that points to the array of this name. */
static okapi__array_t **find(okapi__arrays_t *arrays, okapi_binary_t name)
{
    okapi__array_t **link = &arrays->first;
    while (*link && ((*link)->name.len != name.len ||
                     memcmp((*link)->name.data, name.data, name.len) != 0)) {
        link = &(*link)->next;
    }
    return link;
}

static void push(okapi__arrays_t *arrays, okapi__array_t *array)
{
    array->next = arrays->first;
    arrays->first = array;
}

okapi__array_t *okapi__arrays_get(okapi__arrays_t *arrays, okapi_binary_t name)
{
    apr_thread_mutex_lock(arrays->mutex);
    okapi__array_t **link = find(arrays, name), *array = *link;
    if (array) {
        *link = array->next;
        push(arrays, array);
        array->refs++;
    }
    apr_thread_mutex_unlock(arrays->mutex);
    return array;
}

/* The least recently used ones go until the rest fits. */
static void trim(okapi__arrays_t *arrays)
{
    while (arrays->bytes > arrays->max) {
        okapi__array_t **link = &arrays->first;
        while ((*link)->next) {
            link = &(*link)->next;
        }
        okapi__array_t *last = *link;
        *link = NULL;
        arrays->bytes -= last->bytes;
        drop(last);
    }
}

void okapi__arrays_put(okapi__arrays_t *arrays, okapi__array_t *array)
{
    apr_thread_mutex_lock(arrays->mutex);
    okapi__array_t **link = find(arrays, array->name), *old = *link;
    int newer = !old || old->cn < array->cn;
    if (old && newer) {
        *link = old->next;
        arrays->bytes -= old->bytes;
        drop(old);
    }
    if (newer && array->bytes <= arrays->max) {
        array->refs++;
        arrays->bytes += array->bytes;
        push(arrays, array);
        trim(arrays);
    }
    apr_thread_mutex_unlock(arrays->mutex);
}

void okapi__arrays_release(okapi__arrays_t *arrays, okapi__array_t *array)
{
    apr_thread_mutex_lock(arrays->mutex);
    drop(array);
    apr_thread_mutex_unlock(arrays->mutex);
}
