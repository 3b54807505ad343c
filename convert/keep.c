/* keep.c - what MAPI has no property for, or not quite, is kept with the item.
 *
 * When an item is read, it is written again at once and the two are compared, a group of properties
 * at a time. A group that isn't the same is kept as it came, with a hash of what was written for
 * it. When the item is really written, a group is what was kept if the hash still fits, and what
 * MAPI says now if it doesn't: a client has changed it. An unknown property is the simplest such
 * group: nothing is written for it. So is, beside others of its name that have a slot, a line that
 * found none: it outlives whatever happens to them. */
#include "keep.h"

#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>
#include <okapi/error.h>

enum { MAX_KEPT = 256 * 1024 };

typedef struct group_t {
    const char *key;
    apr_array_header_t *texts; /* const char * */
    int is_large;              /* some of them aren't there: they couldn't be kept anyway */
} group_t;

/* The lines of one slot are one group, and those of one name that have none, whichever of vCard's
 * groups they are in ("ITEM1.TEL"); so are the properties that tell one thing together. */
static const char *key_of(const okapi__line_t *line)
{
    const char *dot = strrchr(line->name, '.'), *name = dot ? dot + 1 : line->name;
    if (line->slot)
        return line->slot;
    static const char *const same[][2] = {{"DTEND", "DTSTART"}, {"DURATION", "DTSTART"},
                                          {"DUE", "DTSTART"},   {"EXDATE", "RRULE"},
                                          {"RDATE", "RRULE"},   {"EXRULE", "RRULE"}};
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
        if (strcmp(name, same[i][0]) == 0)
            return same[i][1];
    return name;
}

static void put(apr_array_header_t *groups, apr_hash_t *index, const char *key, const char *text)
{
    apr_pool_t *pool = groups->pool;
    group_t *group = apr_hash_get(index, key, APR_HASH_KEY_STRING);
    if (!group) {
        group = apr_pcalloc(pool, sizeof(*group));
        group->key = key;
        group->texts = apr_array_make(pool, 2, sizeof(const char *));
        APR_ARRAY_PUSH(groups, group_t *) = group;
        apr_hash_set(index, key, APR_HASH_KEY_STRING, group);
    }
    if (text)
        APR_ARRAY_PUSH(group->texts, const char *) = text;
    else
        group->is_large = 1;
}

static const char *child_text(const okapi__comp_t *child, apr_pool_t *pool)
{
    okapi_writer_t w;
    okapi_writer_init(&w, 512, 2 * MAX_KEPT, pool);
    okapi__comp_write(&w, child);
    return okapi_writer_status(&w) == APR_SUCCESS
               ? apr_pstrmemdup(pool, (const char *)w.data, w.len)
               : NULL;
}

/* Array of group_t *, and the same by key. */
static apr_array_header_t *groups_of(const okapi__comp_t *comp, apr_hash_t *index, apr_pool_t *pool)
{
    apr_array_header_t *groups = apr_array_make(pool, 16, sizeof(group_t *));
    for (int i = 0; i < comp->lines->nelts; i++) {
        const okapi__line_t *line = &APR_ARRAY_IDX(comp->lines, i, okapi__line_t);
        put(groups, index, key_of(line), line->text);
    }
    for (int i = 0; i < comp->children->nelts; i++) {
        const okapi__comp_t *child = APR_ARRAY_IDX(comp->children, i, okapi__comp_t *);
        put(groups, index, apr_pstrcat(pool, "BEGIN:", child->name, NULL), child_text(child, pool));
    }
    return groups;
}

/* ---- FNV-1a, as text ---- */

#define HASH_START 0xCBF29CE484222325u

static apr_uint64_t hash_more(apr_uint64_t hash, const char *text)
{
    for (const char *p = text;; p++) {
        hash = (hash ^ (unsigned char)*p) * 0x100000001B3u;
        if (!*p)
            return hash;
    }
}

/* "0" of nothing. */
static const char *hash_of(const group_t *group, apr_pool_t *pool)
{
    apr_uint64_t hash = HASH_START;
    if (!group || group->texts->nelts == 0)
        return "0";
    for (int i = 0; i < group->texts->nelts; i++)
        hash = hash_more(hash, APR_ARRAY_IDX(group->texts, i, const char *));
    return apr_psprintf(pool, "%" APR_UINT64_T_HEX_FMT, hash);
}

const char *okapi__keep_hash(const okapi__comp_t *comp, apr_pool_t *result_pool)
{
    apr_uint64_t hash = HASH_START;
    for (int i = 0; i < comp->lines->nelts; i++)
        hash = hash_more(hash, APR_ARRAY_IDX(comp->lines, i, okapi__line_t).text);
    return apr_psprintf(result_pool, "%" APR_UINT64_T_HEX_FMT, hash);
}

/* ---- the difference ---- */

static int same(const group_t *a, const group_t *b)
{
    if (!b || a->texts->nelts != b->texts->nelts)
        return 0;
    for (int i = 0; i < a->texts->nelts; i++)
        if (strcmp(APR_ARRAY_IDX(a->texts, i, const char *),
                   APR_ARRAY_IDX(b->texts, i, const char *)) != 0)
            return 0;
    return 1;
}

/* Each line of TEXT behind a plus. */
static void write_lines(okapi_writer_t *w, const char *text)
{
    while (*text) {
        apr_size_t len = strcspn(text, "\r\n");
        okapi_write_u8(w, '+');
        okapi_write_bytes(w, text, len);
        okapi_write_u8(w, '\n');
        text += len;
        text += strspn(text, "\r\n");
    }
}

/* 0 for a group that is too large for what is kept: what MAPI makes of it has to do. */
static int write_group(okapi_writer_t *w, const char *key, const char *hash, const group_t *group)
{
    apr_size_t before = w->len;
    okapi_write_u8(w, '=');
    okapi_write_bytes(w, key, strlen(key));
    okapi_write_u8(w, ' ');
    okapi_write_bytes(w, hash, strlen(hash));
    okapi_write_u8(w, '\n');
    for (int i = 0; group && i < group->texts->nelts; i++)
        write_lines(w, APR_ARRAY_IDX(group->texts, i, const char *));
    if (okapi_writer_status(w) == APR_SUCCESS && !(group && group->is_large))
        return 1;
    okapi_writer_truncate(w, before);
    return 0;
}

const char *okapi__keep_difference(const okapi_t *okapi, const okapi__comp_t *original,
                                   const okapi__comp_t *generated, apr_pool_t *result_pool)
{
    apr_pool_t *pool = result_pool;
    apr_hash_t *theirs = apr_hash_make(pool), *ours = apr_hash_make(pool);
    apr_array_header_t *their_groups = groups_of(original, theirs, pool);
    apr_array_header_t *our_groups = groups_of(generated, ours, pool);
    const char *lost = NULL;
    okapi_writer_t w;
    okapi_writer_init(&w, 512, MAX_KEPT, pool);
    for (int i = 0; i < their_groups->nelts; i++) {
        const group_t *group = APR_ARRAY_IDX(their_groups, i, group_t *);
        const group_t *our = apr_hash_get(ours, group->key, APR_HASH_KEY_STRING);
        if (!same(group, our) && !write_group(&w, group->key, hash_of(our, pool), group) && !lost)
            lost = group->key;
    }
    if (lost)
        okapi_log(okapi, OKAPI_LOG_WARNING, OKAPI_ETOOBIG,
                  "%.80s and whatever else of a %.80s has no room in %d bytes is lost", lost,
                  original->name, MAX_KEPT);
    for (int i = 0; i < our_groups->nelts; i++) {
        const group_t *group = APR_ARRAY_IDX(our_groups, i, group_t *);
        /* that it had no UID isn't worth keeping: everything needs one */
        if (!apr_hash_get(theirs, group->key, APR_HASH_KEY_STRING) &&
            strcmp(group->key, "UID") != 0)
            write_group(&w, group->key, hash_of(group, pool), NULL);
    }
    return w.len ? apr_pstrmemdup(pool, (const char *)w.data, w.len) : NULL;
}

/* ---- applying ---- */

static void remove_group(okapi__comp_t *comp, const char *key)
{
    int n = 0;
    for (int i = 0; i < comp->lines->nelts; i++) {
        okapi__line_t line = APR_ARRAY_IDX(comp->lines, i, okapi__line_t);
        if (strcmp(key_of(&line), key) != 0)
            APR_ARRAY_IDX(comp->lines, n++, okapi__line_t) = line;
    }
    comp->lines->nelts = n;
    n = 0;
    for (int i = 0; i < comp->children->nelts; i++) {
        okapi__comp_t *child = APR_ARRAY_IDX(comp->children, i, okapi__comp_t *);
        if (strncmp(key, "BEGIN:", 6) != 0 || strcmp(child->name, key + 6) != 0)
            APR_ARRAY_IDX(comp->children, n++, okapi__comp_t *) = child;
    }
    comp->children->nelts = n;
}

/* The lines behind pluses at *P, which moves behind them. */
static const char *take_lines(const char **p, apr_pool_t *pool)
{
    char *text = apr_palloc(pool, strlen(*p) + 1), *to = text;
    while (**p == '+') {
        apr_size_t len = strcspn(*p, "\n");
        memcpy(to, *p + 1, len - 1);
        to += len - 1;
        *to++ = '\n';
        *p += len + ((*p)[len] == '\n');
    }
    *to = 0;
    return text;
}

void okapi__keep_apply(okapi__comp_t *generated, const char *kept, apr_pool_t *result_pool)
{
    apr_hash_t *index = apr_hash_make(result_pool);
    groups_of(generated, index, result_pool);
    while (*kept == '=') {
        apr_size_t len = strcspn(kept, "\n"), key_len = strcspn(kept + 1, " \n");
        const char *key = apr_pstrmemdup(result_pool, kept + 1, key_len), *why;
        const char *hash = key_len + 1 < len
                               ? apr_pstrmemdup(result_pool, kept + key_len + 2, len - key_len - 2)
                               : "";
        kept += len + (kept[len] == '\n');
        const char *text = take_lines(&kept, result_pool);
        okapi__comp_t *original;
        if (strcmp(hash, hash_of(apr_hash_get(index, key, APR_HASH_KEY_STRING), result_pool)) ||
            okapi__comp_parse(&original, &why, text, result_pool) != APR_SUCCESS)
            continue;
        for (int i = 0; i < original->lines->nelts; i++)
            APR_ARRAY_IDX(original->lines, i, okapi__line_t).slot = key;
        remove_group(generated, key);
        apr_array_cat(generated->lines, original->lines);
        apr_array_cat(generated->children, original->children);
    }
}
