/* fulltext.c - the index of words: what is a word, what is found, how it follows the store. */
#include <signal.h>
#include <sys/wait.h>

#include <okapi/message.h>
#include <okapi/permission.h>
#include <okapi/transfer.h>

#include "fulltext_private.h"
#include "mailbox.h"

static mailbox_t m;
static const okapi_user_t mary_row = {.name = "mary", .email = "mary@example.org",
                                      .fullname = "Mary"};

/* ---- words ---- */

static const char *words_of(const char *text, apr_pool_t *pool)
{
    okapi__words_t words;
    okapi__word_t word;
    const char *all = "";
    okapi__words_init(&words, text, pool);
    while (okapi__words_next(&words, &word)) {
        all = apr_pstrcat(pool, all, *all ? "|" : "", apr_pstrmemdup(pool, word.text, word.len),
                          NULL);
    }
    return all;
}

static const struct {
    const char *text, *words, *what;
} samples[] = {
    {"", "", "nothing"},
    {" ,.-!", "", "nothing but punctuation"},
    {"Hello, World", "hello|world", "case"},
    {"Äpfel und Crème brûlée", "apfel|und|creme|brulee", "accents"},
    {"A\xCC\x88pfel", "apfel", "accents as characters of their own"},
    {"Straße STRASSE", "strasse|strasse", "full folding"},
    {"ﬁne ＦＵＬＬ", "fine|full", "ligatures and width"},
    {"john.doe@example.org", "john|doe|example|org", "addresses"},
    {"don't 3.14 x2", "don|t|3|14|x2", "digits and apostrophes"},
    {"Donau\xC2\xADschiff", "donauschiff", "a soft hyphen"},
    {"Ελλάδα Москва", "ελλαδα|москва", "other alphabets"},
    {"東京都", "東京|京都|都", "pairs of characters"},
    {"abc東京xyz", "abc|東京|京|xyz", "scripts beside each other"},
    {"カタカナ", "かた|たか|かな|な", "kana"},
    {"bad \xFF\xFE bytes", "bad|bytes", "bytes that are no text"},
    {"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddEEE",
     "aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd", "a word's beginning, if it is long"},
};

static void test_words(apr_pool_t *pool)
{
    for (apr_size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        is_str(words_of(samples[i].text, pool), samples[i].words, "words: %s", samples[i].what);
    }
}

/* ---- messages ---- */

static okapi_message_t *make(okapi_folder_t *folder, const char *subject, const char *body,
                             apr_pool_t *pool)
{
    okapi_message_t *message;
    okapi_propval_t values[] = {okapi_propval_str(PR_SUBJECT, subject),
                                okapi_propval_str(PR_BODY, body)};
    mailbox_must(okapi_message_create(&message, okapi_folder_store(folder),
                                      okapi_folder_id(folder), 0, pool, pool),
                 "message create");
    okapi_object_set(okapi_message_object(message), values, 2, pool);
    return message;
}

static okapi_id_t save(okapi_message_t *message, apr_pool_t *pool)
{
    mailbox_must(okapi_message_save(message, 0, pool), "message save");
    return okapi_message_id(message);
}

static okapi_id_t put(okapi_folder_t *folder, const char *subject, const char *body,
                      apr_pool_t *pool)
{
    return save(make(folder, subject, body, pool), pool);
}

/* Stands for what makes text of bytes: "broken" can't be read. */
static apr_status_t read_bytes(void *baton, const char **text,
                               const okapi_fulltext_source_t *source, okapi_stream_t *bytes,
                               apr_size_t max, apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    okapi_binary_t all;
    apr_status_t rv = okapi_stream_read_all(bytes, max, &all, result_pool, scratch_pool);
    *text = (const char *)all.data;
    return rv == APR_SUCCESS && strcmp(*text, "broken") == 0 ? OKAPI_EFORMAT : rv;
}

static const okapi_fulltext_reader_t reader = {read_bytes, NULL};

static okapi_fulltext_fed_t feed(mailbox_t *mailbox, apr_pool_t *pool)
{
    okapi_fulltext_fed_t fed;
    mailbox_must(okapi_fulltext_feed(mailbox->okapi, 0, &reader, NULL, NULL, &fed, pool), "feed");
    return fed;
}

/* The subjects of what STORE has of the query, in the order of their ids, of one character each. */
static const char *find_in(okapi_store_t *store, const char *query, int fields,
                           const okapi_folder_t *folder, apr_pool_t *pool)
{
    apr_array_header_t *terms = okapi_fulltext_parse(query, fields, pool), *hits;
    const char *found = "";
    okapi_id_t folder_id = folder ? okapi_folder_id(folder) : 0;
    apr_status_t rv = okapi_fulltext_search(&hits, store, (okapi_fulltext_term_t *)terms->elts,
                                            terms->nelts, &folder_id, folder != NULL, pool, pool);
    if (rv != APR_SUCCESS) {
        return "error";
    }
    for (int i = 0; i < hits->nelts; i++) {
        const okapi_fulltext_hit_t *hit = &APR_ARRAY_IDX(hits, i, okapi_fulltext_hit_t);
        okapi_message_t *message;
        okapi_propval_t v;
        okapi_proptag_t tag = PR_SUBJECT;
        mailbox_must(okapi_message_open(&message, store, hit->folder_id, hit->id, pool, pool),
                     "open what was found");
        okapi_object_get(okapi_message_object(message), &tag, 1, 0, &v, pool, pool);
        found = apr_pstrcat(pool, found, apr_pstrmemdup(pool, v.v.str, 1), NULL);
    }
    return found;
}

static const char *find(const char *query, apr_pool_t *pool)
{
    return find_in(m.store, query, 0, NULL, pool);
}

/* ---- what is found ---- */

static void put_samples(apr_pool_t *pool)
{
    okapi_message_t *message = make(m.inbox, "A report", "The quick brown fox", pool);
    okapi_recipient_t *r = okapi_message_add_recipient(message, MAPI_TO);
    okapi_propval_t sender = okapi_propval_str(PR_SENT_REPRESENTING_NAME, "Übel, Klaus");
    okapi_props_set_str(r->props, PR_DISPLAY_NAME, "Mary Miller");
    okapi_props_set_str(r->props, PR_SMTP_ADDRESS, "mary@example.org");
    okapi_object_set(okapi_message_object(message), &sender, 1, pool);
    save(message, pool);

    message = make(m.inbox, "B", "brown quick things, report of mary", pool);
    okapi_attachment_t *a = okapi_attachment_create(message, ATTACH_BY_VALUE);
    okapi_propval_t name = okapi_propval_str(PR_ATTACH_LONG_FILENAME, "Budget.txt");
    okapi_object_set(okapi_attachment_object(a), &name, 1, pool);
    okapi_attachment_set_data(a, (okapi_binary_t){(const unsigned char *)"lazy dogs", 9});
    save(message, pool);

    message = make(m.inbox, "C", "東京都に行く", pool);
    okapi_message_t *inner =
        okapi_attachment_create_embedded(okapi_attachment_create(message, ATTACH_EMBEDDED_MSG));
    okapi_propval_t subject = okapi_propval_str(PR_SUBJECT, "inner quickness");
    okapi_object_set(okapi_message_object(inner), &subject, 1, pool);
    save(message, pool);

    message = make(m.inbox, "D", "text of both", pool);
    okapi_propval_t html = okapi_propval_bin(PR_HTML, "text of hypertext", 17);
    okapi_object_set(okapi_message_object(message), &html, 1, pool);
    okapi_attachment_set_data(okapi_attachment_create(message, ATTACH_BY_VALUE),
                              (okapi_binary_t){(const unsigned char *)"broken", 6});
    save(message, pool);
}

static const struct {
    const char *query;
    int fields;
    const char *found;
} queries[] = {
    {"quick", 0, "AB"},
    {"QUICK Fox", 0, "A"},
    {"quick dogs", 0, "B"},
    {"\"quick brown\"", 0, "A"},
    {"\"brown quick\"", 0, "B"},
    {"\"brown fox quick\"", 0, ""},
    {"quick*", 0, "ABC"},
    {"\"quick bro\"", 0, ""},
    {"qu* bro* fo*", 0, "A"},
    {"mary", 0, "AB"},
    {"mary", OKAPI_FULLTEXT_RECIPIENTS, "A"},
    {"mary", OKAPI_FULLTEXT_BODY | OKAPI_FULLTEXT_SUBJECT, "B"},
    {"mary@example.org", 0, "A"},
    {"report", OKAPI_FULLTEXT_SUBJECT, "A"},
    {"ubel", OKAPI_FULLTEXT_SENDER, "A"},
    {"Übel", OKAPI_FULLTEXT_RECIPIENTS, ""},
    {"lazy", 0, "B"},
    {"budget", OKAPI_FULLTEXT_ATTACHMENTS, "B"},
    {"inner", OKAPI_FULLTEXT_ATTACHMENTS, "C"},
    {"inner", OKAPI_FULLTEXT_SUBJECT, ""},
    {"京都", 0, "C"},
    {"都", 0, "C"},
    {"東京都に行く", 0, "C"},
    {"京東", 0, ""},
    {"hypertext", OKAPI_FULLTEXT_BODY, "D"},
    {"\"text of both\"", 0, "D"},
    {"the", 0, "A"}, /* there are no words that don't count */
    {"a", 0, "A"},   /* nor are any too short */
    {"zzz", 0, ""},
    {"the zzz", 0, ""},
    {"- the", 0, "A"},
    {"-", 0, "error"},
};

static void test_search(apr_pool_t *pool)
{
    okapi_fulltext_state_t state;
    okapi_cn_t cn;
    int is_behind;
    put_samples(pool);
    okapi_fulltext_is_behind(&is_behind, m.okapi, pool);
    ok(is_behind, "the index is behind");
    is_str(find("quick", pool), "", "and finds nothing");
    okapi_fulltext_fed_t fed = feed(&m, pool);
    is_int(fed.messages, 4, "messages are fed");
    is_int(fed.unreadable, 1, "one value can't be read");
    okapi_fulltext_is_behind(&is_behind, m.okapi, pool);
    ok(!is_behind, "then it isn't behind");
    for (apr_size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        is_str(find_in(m.store, queries[i].query, queries[i].fields, NULL, pool),
               queries[i].found, "%s in %#x", queries[i].query, queries[i].fields);
    }
    mailbox_must(okapi_fulltext_state(&state, m.okapi, okapi_store_id(m.store), pool), "state");
    mailbox_must(okapi_store_cn(m.store, &cn, pool), "cn");
    is_int(state.cn, cn, "it says up to where it has come");
    is_int(state.messages, 4, "how many messages it has");
    is_int(state.unreadable, 1, "and of how many something couldn't be read");
}

/* ---- following the store ---- */

static okapi_folder_t *new_folder(const char *name, apr_pool_t *pool)
{
    okapi_folder_t *folder;
    okapi_id_t id;
    mailbox_must(okapi_folder_create(&id, m.inbox, name, NULL, pool), name);
    mailbox_must(okapi_folder_open(&folder, m.store, id, pool, pool), name);
    return folder;
}

static void test_follow(apr_pool_t *pool)
{
    okapi_folder_t *other = new_folder("Other", pool);
    okapi_message_t *message;
    okapi_propval_t body = okapi_propval_str(PR_BODY, "changed walrus");
    okapi_id_t id = put(m.inbox, "E", "walrus", pool), moved, copied, recovered;
    int partial, changed;
    is_int(feed(&m, pool).messages, 1, "one more message");
    is_str(find("walrus", pool), "E", "is found");

    okapi_folder_set_read(m.inbox, &id, 1, 0, &changed, &partial, pool);
    is_int(feed(&m, pool).messages, 0, "that it isn't read any more is nothing to feed");
    okapi_messages_move(m.inbox, other, &id, 1, &moved, &partial, pool);
    is_str(find_in(m.store, "walrus", 0, other, pool), "E", "when it is moved it is found there");
    is_str(find_in(m.store, "walrus", 0, m.inbox, pool), "", "and no longer here");
    is_int(feed(&m, pool).messages, 0, "which costs no feeding");
    okapi_messages_copy(other, m.inbox, &moved, 1, &copied, &partial, pool);
    is_int(feed(&m, pool).messages, 1, "a copy does");
    is_str(find("walrus", pool), "EE", "and is found beside it");

    okapi_messages_delete(m.inbox, &copied, 1, 0, &partial, pool);
    is_str(find("walrus", pool), "E", "not once it is deleted");
    okapi_messages_recover(m.inbox, m.inbox, &copied, 1, &recovered, &partial, pool);
    is_str(find("walrus", pool), "EE", "but when it is recovered");
    okapi_messages_delete(m.inbox, &recovered, 1, OKAPI_DELETE_HARD, &partial, pool);
    is_str(find("walrus", pool), "E", "until it is gone");

    mailbox_must(okapi_message_open(&message, m.store, 0, moved, pool, pool), "open");
    okapi_object_set(okapi_message_object(message), &body, 1, pool);
    okapi_message_save(message, 0, pool);
    is_str(find("walrus changed", pool), "", "what changes is found as it was");
    is_int(feed(&m, pool).messages, 1, "until it is fed");
    is_str(find("walrus changed", pool), "E", "then as it is");
    okapi_folder_delete(other, 0, &partial, pool);
    okapi_folder_delete(other, OKAPI_DELETE_MESSAGES, &partial, pool);
    is_str(find("walrus", pool), "", "what is in a deleted folder isn't found");
}

static void test_access(apr_pool_t *pool)
{
    okapi_user_t *mary;
    okapi_store_t *store;
    okapi_message_t *message;
    okapi_propval_t private = okapi_propval_i32(PR_SENSITIVITY, 2);
    const okapi_permission_change_t read = {OKAPI_PERMISSION_ADD, "mary", 0,
                                            OKAPI_RIGHT_READ_ANY | OKAPI_RIGHT_VISIBLE};
    okapi_folder_t *shown = new_folder("Shown", pool);
    put(m.inbox, "F", "penguin", pool);
    put(shown, "G", "penguin", pool);
    message = make(shown, "H", "penguin", pool);
    okapi_object_set(okapi_message_object(message), &private, 1, pool);
    save(message, pool);
    feed(&m, pool);
    mailbox_must(okapi_user_add(m.okapi, &mary_row, NULL, pool), "mary");
    mailbox_must(okapi_user_by_login(&mary, m.okapi, "mary", pool, pool), "mary");
    mailbox_must(okapi_permission_modify(shown, &read, 1, 0, pool), "permission");
    mailbox_must(okapi_store_open(&store, m.okapi, mary, m.user, pool, pool), "store");
    is_str(find("penguin", pool), "FGH", "the owner finds everything");
    is_str(find_in(store, "penguin", 0, NULL, pool), "G",
           "others what they may read and what isn't private");
    is_str(find_in(store, "private", 0, NULL, pool), "", "nor by what stands for it");
}

/* ---- many messages, against looking at each ---- */

enum { VOCABULARY = 40, LENGTH = 12, MANY = 700 };

static const char *vocabulary(int i, apr_pool_t *pool)
{
    static const char *const some[] = {"a", "ab", "abc", "été", "ete", "東京都", "京", "Straße",
                                       "the", "x-y"};
    return i < 10 ? some[i] : apr_psprintf(pool, "w%c%c", 'a' + i % 3, 'a' + i / 3 % 26);
}

static const char *random_text(unsigned *seed, int length, apr_pool_t *pool)
{
    const char *text = "";
    for (int i = 0; i < length; i++) {
        *seed = *seed * 1103515245 + 12345;
        text = apr_pstrcat(pool, text, i ? " " : "",
                           vocabulary((int)(*seed >> 16) % VOCABULARY, pool), NULL);
    }
    return text;
}

typedef struct sample_t {
    okapi_id_t id;
    const char *words; /* "|a|b|c|" */
    const char *text;
} sample_t;

static sample_t many[MANY];

/* As search finds it: the words of PHRASE in a row, the last one as a prefix. */
static int has(const sample_t *sample, const char *phrase, int prefix, apr_pool_t *pool)
{
    return strstr(sample->words, apr_pstrcat(pool, "|", words_of(phrase, pool), prefix ? "" : "|",
                                             NULL)) != NULL;
}

static int is_hit(const apr_array_header_t *hits, okapi_id_t id)
{
    for (int i = 0; i < hits->nelts; i++) {
        if (APR_ARRAY_IDX(hits, i, okapi_fulltext_hit_t).id == id) {
            return 1;
        }
    }
    return 0;
}

static void put_many(okapi_folder_t *folder, apr_pool_t *pool)
{
    unsigned seed = 7;
    apr_pool_t *one;
    apr_pool_create(&one, pool);
    for (int i = 0; i < MANY; i++) {
        many[i].text = random_text(&seed, LENGTH, pool);
        many[i].words = apr_pstrcat(pool, "|", words_of(many[i].text, pool), "|", NULL);
        many[i].id = put(folder, "many", many[i].text, one);
        if (i < 100 || i % 10 == 0) {
            feed(&m, one); /* many small segments at first */
        }
        apr_pool_clear(one);
    }
    feed(&m, one);
}

static int compare_many(okapi_folder_t *folder, int rounds, apr_pool_t *pool)
{
    unsigned seed = 99;
    okapi_id_t folder_id = okapi_folder_id(folder);
    int wrong = 0, total = 0;
    apr_pool_t *one;
    apr_pool_create(&one, pool);
    for (int i = 0; i < rounds; i++) {
        okapi_fulltext_term_t terms[2];
        apr_array_header_t *hits;
        apr_pool_clear(one);
        for (int t = 0; t < 2; t++) {
            seed = seed * 1103515245 + 12345;
            const char *text = random_text(&seed, 1 + (int)(seed >> 20) % 2, one);
            /* The last character of a dense run goes on by itself. */
            terms[t] = (okapi_fulltext_term_t){text, OKAPI_FULLTEXT_BODY, 0};
            terms[t].prefix = (seed >> 25) % 2;
        }
        mailbox_must(okapi_fulltext_search(&hits, m.store, terms, 2, &folder_id, 1, one, one),
                     "search");
        for (int j = 0; j < MANY; j++) {
            int is_dense = strstr(terms[0].text, "京") || strstr(terms[1].text, "京");
            int wanted = has(&many[j], terms[0].text, terms[0].prefix, one) &&
                         has(&many[j], terms[1].text, terms[1].prefix, one);
            wrong += !is_dense && many[j].id && wanted != is_hit(hits, many[j].id);
            total += wanted;
        }
    }
    ok(total > 100, "there is something to find");
    return wrong;
}

static void delete_some(okapi_folder_t *folder, apr_pool_t *pool)
{
    int partial;
    for (int i = 0; i < MANY; i++) {
        if (i % 4 && i < 600) {
            okapi_messages_delete(folder, &many[i].id, 1, OKAPI_DELETE_HARD, &partial, pool);
            many[i].id = 0;
        }
    }
}

static void test_many(apr_pool_t *pool)
{
    okapi_folder_t *folder = new_folder("Many", pool);
    okapi_fulltext_state_t before, after;
    okapi_id_t store_id = okapi_store_id(m.store);
    put_many(folder, pool);
    okapi_fulltext_state(&before, m.okapi, store_id, pool);
    ok(before.segments > 1 && before.segments <= 21, "%d segments are left of many",
       (int)before.segments);
    is_int(compare_many(folder, 200, pool), 0, "words are found where they are, and nowhere else");
    delete_some(folder, pool);
    is_int(compare_many(folder, 50, pool), 0, "the same when most has gone");
    int level = 0;
    while (level >= 0) {
        okapi__fulltext_merge(m.okapi, store_id, 1, NULL, NULL, &level, pool);
    }
    okapi_fulltext_state(&after, m.okapi, store_id, pool);
    ok(after.bytes < before.bytes * 3 / 4, "then the index is made smaller");
    is_int(compare_many(folder, 50, pool), 0, "with what is left");

    mailbox_must(okapi_fulltext_reset(m.okapi, store_id, pool), "reset");
    is_str(find("quick", pool), "", "after a reset nothing is found");
    okapi_fulltext_fed_t fed = feed(&m, pool);
    is_int(after.messages - fed.messages, 1, "all messages are fed anew that aren't deleted");
    is_str(find("quick", pool), "AB", "and found again");
    is_int(compare_many(folder, 50, pool), 0, "all of them");
    okapi_fulltext_state(&after, m.okapi, store_id, pool);
    is_int(after.partial, 0, "completely");
}

/* ---- restrictions ---- */

static const okapi_propval_t *get_text(void *baton, okapi_proptag_t tag)
{
    return tag == PR_BODY ? baton : NULL;
}

/* Is every message that matches a candidate? *KEPT counts the candidates. */
static int check_candidates(okapi_folder_t *folder, const okapi_restriction_t *res, int *kept,
                            apr_pool_t *pool)
{
    apr_array_header_t *ids;
    int missing = 0;
    mailbox_must(okapi__fulltext_candidates(&ids, m.store, okapi_folder_id(folder), res, pool,
                                            pool),
                 "candidates");
    *kept += ids ? ids->nelts : MANY;
    for (int i = 0; ids && i < MANY; i++) {
        okapi_propval_t body = okapi_propval_str(PR_BODY, many[i].text);
        okapi_row_getter_t row = {get_text, NULL, &body};
        int is_candidate = 0;
        for (int j = 0; j < ids->nelts; j++) {
            is_candidate |= APR_ARRAY_IDX(ids, j, okapi_id_t) == many[i].id;
        }
        missing += many[i].id && !is_candidate && okapi_restriction_match(res, &row, pool);
    }
    return missing;
}

static okapi_restriction_t content(const char *text, apr_uint32_t fuzzy)
{
    return (okapi_restriction_t){.type = RES_CONTENT, .fuzzy = fuzzy, .tag = PR_BODY,
                                 .prop = okapi_propval_str(PR_BODY, text)};
}

static void test_candidates(apr_pool_t *pool)
{
    static const apr_uint32_t levels[] = {FL_SUBSTRING, FL_PREFIX, FL_FULLSTRING};
    static const apr_uint32_t modes[] = {0, FL_IGNORECASE, FL_IGNORENONSPACE, FL_LOOSE};
    okapi_folder_t *folder;
    okapi_id_t folder_id;
    unsigned seed = 5;
    int missing = 0, kept = 0, rounds = 400;
    apr_pool_t *one;
    mailbox_must(okapi_folder_by_name(&folder_id, m.inbox, "Many", pool), "folder");
    mailbox_must(okapi_folder_open(&folder, m.store, folder_id, pool, pool), "folder");
    apr_pool_create(&one, pool);
    for (int i = 0; i < rounds; i++) {
        const char *text = many[i % MANY].text;
        apr_size_t len = strlen(text), from, size;
        apr_pool_clear(one);
        seed = seed * 1103515245 + 12345;
        from = i % 3 ? (seed >> 8) % len : 0;
        size = 1 + (seed >> 18) % 14;
        okapi_restriction_t children[] = {
            content(apr_pstrndup(one, text + from, size), levels[i % 3] | modes[i % 4]),
            content("the", FL_SUBSTRING | FL_IGNORECASE)};
        okapi_restriction_t both = {.type = i % 2 ? RES_AND : RES_OR, .n = 2,
                                    .children = children};
        missing += check_candidates(folder, &children[0], &kept, one);
        missing += check_candidates(folder, &both, &kept, one);
    }
    is_int(missing, 0, "what matches a restriction is among the candidates");
    ok(kept < rounds * 2 * MANY * 3 / 4, "which aren't everything: %d of %d", kept,
       rounds * 2 * MANY);

    okapi_restriction_t res = content("was not fed yet", FL_SUBSTRING);
    apr_array_header_t *ids;
    okapi_id_t id = put(folder, "new", "this was not fed yet", pool);
    okapi__fulltext_candidates(&ids, m.store, folder_id, &res, pool, pool);
    ok(ids && ids->nelts == 1 && APR_ARRAY_IDX(ids, 0, okapi_id_t) == id,
       "what the index hasn't yet is one");
    res.type = RES_NOT;
    okapi__fulltext_candidates(&ids, m.store, folder_id, &res, pool, pool);
    ok(!ids, "of other kinds it doesn't know");
    feed(&m, pool);
}

/* ---- crashes ---- */

static pid_t spawn(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        mailbox_t own = m;
        apr_pool_t *pool;
        apr_pool_create(&pool, NULL);
        mailbox_open(&own, pool);
        feed(&own, pool);
        _exit(0);
    }
    return pid;
}

/* Feeders that are killed, two at a time; each begins where the index is. */
static void test_kill(apr_pool_t *pool)
{
    okapi_folder_t *folder;
    okapi_id_t folder_id;
    int finished = 0;
    mailbox_must(okapi_folder_by_name(&folder_id, m.inbox, "Many", pool), "folder");
    mailbox_must(okapi_folder_open(&folder, m.store, folder_id, pool, pool), "folder");
    mailbox_must(okapi_fulltext_reset(m.okapi, okapi_store_id(m.store), pool), "reset");
    for (int i = 0; i < 30; i++) {
        pid_t pids[2] = {spawn(), spawn()};
        int status;
        apr_sleep(1000 * (2 + i * i / 4));
        for (int j = 0; j < 2; j++) {
            kill(pids[j], SIGKILL);
            waitpid(pids[j], &status, 0);
            finished += WIFEXITED(status);
        }
    }
    diag("%d of 60 came to the end", finished);
    feed(&m, pool);
    is_str(find("quick", pool), "AB", "whoever dies, everything is found");
    is_int(compare_many(folder, 50, pool), 0, "once");
    is_str(test_rows(m.config.database,
                     "SELECT COUNT(*) FROM fts_block WHERE NOT EXISTS (SELECT 1 FROM fts_segment s "
                     "WHERE s.id = segment AND s.store_id = fts_block.store_id)",
                     1, pool),
           "0\n", "and nothing is left behind");
}

/* ---- sizes, the end ---- */

static void test_large(apr_pool_t *pool)
{
    okapi_fulltext_state_t state;
    char *text = apr_palloc(pool, 1100001);
    for (int i = 0; i < 1100000; i += 2) {
        memcpy(text + i, "z ", 2);
    }
    text[1100000] = '\0';
    put(m.inbox, "Z", text, pool);
    feed(&m, pool);
    is_str(find("z", pool), "Z", "a word that stands there half a million times");
    is_str(find("\"z z z\"", pool), "Z", "and so often in a row");
    okapi_fulltext_state(&state, m.okapi, okapi_store_id(m.store), pool);
    is_int(state.partial, 1, "of a text that is too long the beginning is kept");
}

static void test_end(apr_pool_t *pool)
{
    okapi_user_t *mary;
    mailbox_t hers = m;
    mailbox_must(okapi_user_by_login(&mary, m.okapi, "mary", pool, pool), "mary");
    mailbox_must(okapi_store_open(&hers.store, m.okapi, mary, mary, pool, pool), "store");
    mailbox_must(okapi_folder_open(&hers.inbox, hers.store,
                                   okapi_store_special(hers.store, OKAPI_FOLDER_INBOX), pool, pool),
                 "inbox");
    put(hers.inbox, "Q", "quick", pool);
    feed(&m, pool);
    is_str(find_in(hers.store, "quick", 0, NULL, pool), "Q", "each store has its own index");
    is_str(find("quick", pool), "AB", "that others' words aren't in");
    mailbox_must(okapi_user_delete(m.okapi, "mary", pool), "delete");
    const char *sql = apr_psprintf(
        pool, "SELECT (SELECT COUNT(*) FROM fts_state WHERE store_id = %" APR_INT64_T_FMT
              ") + (SELECT COUNT(*) FROM fts_doc WHERE store_id = %" APR_INT64_T_FMT
              ") + (SELECT COUNT(*) FROM fts_segment WHERE store_id = %" APR_INT64_T_FMT
              ") + (SELECT COUNT(*) FROM fts_block WHERE store_id = %" APR_INT64_T_FMT ")",
        okapi_store_id(hers.store), okapi_store_id(hers.store), okapi_store_id(hers.store),
        okapi_store_id(hers.store));
    is_str(test_rows(m.config.database, sql, 1, pool), "0\n", "and it goes with the store");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    test_words(pool);
    mailbox_create(&m, pool);
    test_search(pool);
    test_follow(pool);
    test_access(pool);
    test_many(pool);
    test_candidates(pool);
    test_kill(pool);
    test_large(pool);
    test_end(pool);
    return done_testing();
}
