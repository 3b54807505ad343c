/* idset.c - sets of counters in few bytes (MS-OXCFXICS 2.2.2.4 to 2.2.2.6, 3.1.5.4).
 *
 * Counters have six bytes, the highest first. A GLOBSET is a list of commands on a stack of bytes
 * that the following counters have in common.
 */
#include <okapi/idset.h>

#include <stdlib.h>
#include <string.h>

enum { COUNTER_SIZE = 6 };

enum {
    COMMAND_END = 0x00,
    COMMAND_PUSH_MAX = 0x06, /* from 0x01: so many bytes follow */
    COMMAND_BITMASK = 0x42,
    COMMAND_POP = 0x50,
    COMMAND_RANGE = 0x52
};

void okapi_idset_add(apr_array_header_t *ranges, apr_int64_t number)
{
    okapi_idrange_t *last =
        ranges->nelts ? &APR_ARRAY_IDX(ranges, ranges->nelts - 1, okapi_idrange_t) : NULL;

    if (last && last->high + 1 == number)
        last->high = number;
    else if (!last || number > last->high)
        APR_ARRAY_PUSH(ranges, okapi_idrange_t) = (okapi_idrange_t){number, number};
}

static int compare_to_range(const void *number, const void *range)
{
    apr_int64_t n = *(const apr_int64_t *)number;
    const okapi_idrange_t *r = range;

    return n < r->low ? -1 : n > r->high;
}

int okapi_idset_has(const apr_array_header_t *ranges, apr_int64_t number)
{
    return ranges->nelts && bsearch(&number, ranges->elts, (size_t)ranges->nelts,
                                    sizeof(okapi_idrange_t), compare_to_range);
}

/* ---- writing ---- */

static void to_bytes(unsigned char bytes[COUNTER_SIZE], apr_int64_t counter)
{
    for (int i = 0; i < COUNTER_SIZE; i++)
        bytes[i] = (unsigned char)(counter >> 8 * (COUNTER_SIZE - 1 - i));
}

static int common_bytes(const unsigned char *a, const unsigned char *b)
{
    int n = 0;

    while (n < COUNTER_SIZE && a[n] == b[n])
        n++;
    return n;
}

/* With DEPTH bytes on the stack. Six of them are a counter, and leave it by themselves. */
static void write_range(okapi_writer_t *w, const okapi_idrange_t *range, int depth)
{
    unsigned char low[COUNTER_SIZE], high[COUNTER_SIZE];
    apr_size_t rest = (apr_size_t)(COUNTER_SIZE - depth);

    to_bytes(low, range->low);
    to_bytes(high, range->high);
    okapi_write_u8(w, range->low == range->high ? (apr_byte_t)rest : COMMAND_RANGE);
    okapi_write_bytes(w, low + depth, rest);
    if (range->low != range->high)
        okapi_write_bytes(w, high + depth, rest);
}

/* What all of them begin with is pushed once. */
void okapi_globset_write(okapi_writer_t *w, const apr_array_header_t *ranges)
{
    const okapi_idrange_t *all = (const okapi_idrange_t *)ranges->elts;
    unsigned char low[COUNTER_SIZE], high[COUNTER_SIZE];
    int depth = 0;

    if (ranges->nelts > 0) {
        to_bytes(low, all[0].low);
        to_bytes(high, all[ranges->nelts - 1].high);
        depth = common_bytes(low, high);
    }
    if (depth == COUNTER_SIZE)
        depth = 0;
    if (depth > 0) {
        okapi_write_u8(w, (apr_byte_t)depth);
        okapi_write_bytes(w, low, (apr_size_t)depth);
    }
    for (int i = 0; i < ranges->nelts; i++)
        write_range(w, &all[i], depth);
    if (depth > 0)
        okapi_write_u8(w, COMMAND_POP);
    okapi_write_u8(w, COMMAND_END);
}

void okapi_idset_write(okapi_writer_t *w, const okapi_guid_t *replica,
                       const apr_array_header_t *ranges)
{
    if (ranges->nelts == 0)
        return;
    okapi_write_guid(w, replica);
    okapi_globset_write(w, ranges);
}

/* ---- reading ---- */

typedef struct stack_of_bytes_t {
    unsigned char bytes[COUNTER_SIZE];
    int depth;
    int pushes[COUNTER_SIZE], n_pushes; /* bytes of each push */
} stack_of_bytes_t;

/* A counter of what is on the stack and LEN bytes more, which are all that is missing. */
static apr_int64_t counter_of(const stack_of_bytes_t *stack, const unsigned char *rest)
{
    apr_int64_t counter = 0;

    for (int i = 0; i < COUNTER_SIZE; i++)
        counter = counter << 8 | (i < stack->depth ? stack->bytes[i] : rest[i - stack->depth]);
    return counter;
}

static void add(apr_array_header_t *ranges, apr_int64_t low, apr_int64_t high)
{
    APR_ARRAY_PUSH(ranges, okapi_idrange_t) = (okapi_idrange_t){low, high};
}

static void read_push(okapi_reader_t *r, stack_of_bytes_t *stack, int n, apr_array_header_t *ranges)
{
    const unsigned char *bytes = okapi_read_bytes(r, (apr_size_t)n);

    if (!bytes || stack->depth + n > COUNTER_SIZE) {
        okapi_reader_fail(r);
        return;
    }
    if (stack->depth + n == COUNTER_SIZE) {
        apr_int64_t counter = counter_of(stack, bytes);

        add(ranges, counter, counter);
        return;
    }
    memcpy(stack->bytes + stack->depth, bytes, (size_t)n);
    stack->depth += n;
    stack->pushes[stack->n_pushes++] = n;
}

static void read_range(okapi_reader_t *r, const stack_of_bytes_t *stack, apr_array_header_t *ranges)
{
    apr_size_t rest = (apr_size_t)(COUNTER_SIZE - stack->depth);
    const unsigned char *low = okapi_read_bytes(r, rest), *high = okapi_read_bytes(r, rest);

    if (!low || !high || counter_of(stack, low) > counter_of(stack, high)) {
        okapi_reader_fail(r);
        return;
    }
    add(ranges, counter_of(stack, low), counter_of(stack, high));
}

/* 3.1.5.4.3.1.3: bit I stands for what is I + 1 above the first value. */
static void read_bitmask(okapi_reader_t *r, const stack_of_bytes_t *stack,
                         apr_array_header_t *ranges)
{
    unsigned char first = okapi_read_u8(r), mask = okapi_read_u8(r);
    apr_int64_t counter = counter_of(stack, &first);

    if (stack->depth != COUNTER_SIZE - 1) {
        okapi_reader_fail(r);
        return;
    }
    add(ranges, counter, counter);
    for (int i = 0; i < 8; i++)
        if (mask & 1 << i) {
            if (first + i + 1 > 0xFF)
                okapi_reader_fail(r);
            add(ranges, counter + i + 1, counter + i + 1);
        }
}

static void read_pop(okapi_reader_t *r, stack_of_bytes_t *stack)
{
    if (stack->n_pushes == 0)
        okapi_reader_fail(r);
    else
        stack->depth -= stack->pushes[--stack->n_pushes];
}

static int compare_ranges(const void *a, const void *b)
{
    const okapi_idrange_t *x = a, *y = b;

    return x->low < y->low ? -1 : x->low > y->low;
}

/* In order, and those that touch as one. */
static void normalize(apr_array_header_t *ranges)
{
    okapi_idrange_t *all = (okapi_idrange_t *)ranges->elts;
    int kept = 0;

    qsort(all, (size_t)ranges->nelts, sizeof(*all), compare_ranges);
    for (int i = 0; i < ranges->nelts; i++) {
        if (kept > 0 && all[i].low <= all[kept - 1].high + 1) {
            if (all[i].high > all[kept - 1].high)
                all[kept - 1].high = all[i].high;
        } else {
            all[kept++] = all[i];
        }
    }
    ranges->nelts = kept;
}

apr_array_header_t *okapi_globset_read(okapi_reader_t *r, apr_pool_t *result_pool)
{
    apr_array_header_t *ranges = apr_array_make(result_pool, 8, sizeof(okapi_idrange_t));
    stack_of_bytes_t stack = {.depth = 0};

    while (!r->failed) {
        apr_byte_t command = okapi_read_u8(r);

        if (command == COMMAND_END) {
            if (stack.depth > 0)
                okapi_reader_fail(r);
            break;
        }
        if (command <= COMMAND_PUSH_MAX)
            read_push(r, &stack, command, ranges);
        else if (command == COMMAND_RANGE)
            read_range(r, &stack, ranges);
        else if (command == COMMAND_BITMASK)
            read_bitmask(r, &stack, ranges);
        else if (command == COMMAND_POP)
            read_pop(r, &stack);
        else
            okapi_reader_fail(r);
    }
    normalize(ranges);
    return ranges;
}

apr_status_t okapi_idset_read(apr_array_header_t **ranges, okapi_reader_t *r,
                              const okapi_guid_t *replica, apr_pool_t *result_pool)
{
    *ranges = apr_array_make(result_pool, 8, sizeof(okapi_idrange_t));
    while (okapi_reader_left(r) > 0 && !r->failed) {
        okapi_guid_t guid = okapi_read_guid(r);
        apr_array_header_t *set = okapi_globset_read(r, result_pool);

        if (okapi_guid_equal(&guid, replica))
            apr_array_cat(*ranges, set);
    }
    normalize(*ranges);
    return okapi_reader_status(r, 1);
}
