/* ical_round.c - for t/40-corpus/ics.t: iCalendar files through a store and back.
 *
 * ical_round DIR < names: for file number N on standard input, DIR/N.ics is what comes back,
 * DIR/N.plain.ics what comes back of MAPI's properties alone, DIR/N.times the instances of its
 * events in ten years from the first on, "start end" in seconds of UTC. Standard output has a line
 * for each: "N ok items failed" and what made items fail, or "N error why". */
#include <okapi/ical.h>
#include <okapi/recurrence.h>

#include "civil.h"
#include "mailbox.h"

enum { TEN_YEARS = 3652, MAX_INSTANCES = 100000 };

static okapi_binary_t slurp(const char *name, apr_pool_t *pool)
{
    apr_file_t *file;
    apr_finfo_t info;
    okapi_binary_t text = {NULL, 0};
    mailbox_must(apr_file_open(&file, name, APR_READ | APR_BINARY, 0, pool), name);
    mailbox_must(apr_file_info_get(&info, APR_FINFO_SIZE, file), name);
    char *data = apr_pcalloc(pool, (apr_size_t)info.size + 1);
    text.len = (apr_size_t)info.size;
    if (text.len)
        mailbox_must(apr_file_read_full(file, data, text.len, &text.len), name);
    text.data = (unsigned char *)data;
    apr_file_close(file);
    return text;
}

static FILE *create(const char *dir, int n, const char *suffix, apr_pool_t *pool)
{
    FILE *file = fopen(apr_psprintf(pool, "%s/%d.%s", dir, n, suffix), "w");
    if (!file)
        mailbox_must(errno, dir);
    return file;
}

static void write_back(okapi_message_t **messages, int n, int flags, FILE *file, apr_pool_t *pool)
{
    okapi_binary_t text;
    mailbox_must(okapi_ical_from_messages(&text, messages, n, flags, pool, pool), "writing");
    fwrite(text.data, 1, text.len, file);
    fclose(file);
}

/* The items as messages that were saved and are read again. */
static okapi_message_t **through_store(mailbox_t *m, const okapi_ical_t *ical, int *n,
                                       const char **failures, apr_pool_t *pool)
{
    okapi_message_t **messages =
        apr_palloc(pool, sizeof(*messages) * (apr_size_t)okapi_ical_count(ical));
    *n = 0;
    *failures = "";
    for (int i = 0; i < okapi_ical_count(ical); i++) {
        okapi_message_t *message;
        const char *why;
        apr_pool_t *scratch;
        apr_pool_create(&scratch, pool);
        mailbox_must(okapi_message_create(&message, m->store, okapi_folder_id(m->inbox), 0, scratch,
                                          scratch),
                     "create");
        apr_status_t status = okapi_ical_to_message(message, &why, ical, i, NULL, scratch, scratch);
        if (status == OKAPI_EFORMAT && *why) {
            *failures = apr_pstrcat(pool, *failures, "; ", why, NULL);
        } else {
            mailbox_must(status, "reading");
            mailbox_must(okapi_message_save(message, 0, scratch), "save");
            mailbox_must(okapi_message_open(&messages[*n], m->store, 0, okapi_message_id(message),
                                            pool, pool),
                         "open");
            ++*n;
        }
        apr_pool_destroy(scratch);
    }
    return messages;
}

/* 0 if it has none. */
static okapi_time_t start_of(okapi_message_t *message, apr_pool_t *pool)
{
    const okapi_proptag_t tag = PR_START_DATE;
    okapi_propval_t start;
    mailbox_must(okapi_object_get(okapi_message_object(message), &tag, 1, 0, &start, pool, pool),
                 "get");
    return start.tag == tag ? start.v.time : 0;
}

static void write_times(okapi_message_t **messages, int n, FILE *file, apr_pool_t *pool)
{
    okapi_time_t from = 0;
    apr_pool_t *scratch;
    apr_pool_create(&scratch, pool);
    for (int i = 0; i < n; i++) {
        okapi_time_t start = start_of(messages[i], scratch);
        if (start && (!from || start < from))
            from = start;
    }
    for (int i = 0; i < n; i++) {
        apr_array_header_t *instances;
        apr_status_t status = okapi_message_instances(
            &instances, messages[i], from, from + (okapi_time_t)TEN_YEARS * OKAPI__DAY * 10000000,
            MAX_INSTANCES, scratch, scratch);
        if (status != APR_SUCCESS)
            fprintf(file, "error %d\n", (int)status);
        for (int k = 0; k < instances->nelts; k++) {
            const okapi_instance_t *x = &APR_ARRAY_IDX(instances, k, okapi_instance_t);
            fprintf(file, "%lld %lld\n", (long long)okapi__civil_of_time(x->start),
                    (long long)okapi__civil_of_time(x->end));
        }
        apr_pool_clear(scratch);
    }
    fclose(file);
}

static void round_trip(mailbox_t *m, const char *dir, int number, const char *name)
{
    apr_pool_t *pool;
    okapi_ical_t *ical;
    const char *why;
    apr_pool_create(&pool, m->pool);
    if (okapi_ical_parse(&ical, &why, slurp(name, pool), pool) != APR_SUCCESS) {
        printf("%d error %s\n", number, why);
    } else {
        const char *failures;
        int n;
        okapi_message_t **messages = through_store(m, ical, &n, &failures, pool);
        write_back(messages, n, 0, create(dir, number, "ics", pool), pool);
        write_back(messages, n, OKAPI_ICAL_PLAIN, create(dir, number, "plain.ics", pool), pool);
        write_times(messages, n, create(dir, number, "times", pool), pool);
        printf("%d ok %d %d%s\n", number, n, okapi_ical_count(ical) - n, failures);
    }
    apr_pool_destroy(pool);
}

int main(int argc, char **argv)
{
    static mailbox_t mailbox;
    char name[4096];
    apr_pool_t *pool = tap_pool();
    mailbox_create(&mailbox, pool);
    mailbox_open(&mailbox, pool);
    for (int n = 0; argc > 1 && fgets(name, sizeof(name), stdin); n++) {
        name[strcspn(name, "\n")] = 0;
        round_trip(&mailbox, argv[1], n, name);
    }
    return 0;
}
