/* cfb.c - the tree of a compound file. */
#include "cfb.h"

#include <apr_lib.h>
#include <apr_strings.h>

static const char *key_of(const char *name, apr_pool_t *pool)
{
    char *key = apr_pstrdup(pool, name);
    for (char *p = key; *p; p++)
        *p = (char)((unsigned char)*p < 0x80 ? apr_toupper(*p) : *p);
    return key;
}

okapi__cfb_node_t *okapi__cfb_find(const okapi__cfb_node_t *node, const char *name)
{
    char key[64];
    apr_size_t n = 0;
    if (!node || !node->by_name)
        return NULL;
    for (; name[n] && n < sizeof(key) - 1; n++)
        key[n] = (char)apr_toupper(name[n]);
    return apr_hash_get(node->by_name, key, (apr_ssize_t)n);
}

static okapi__cfb_node_t *make(const char *name, apr_pool_t *pool)
{
    okapi__cfb_node_t *node = apr_pcalloc(pool, sizeof(*node));
    node->name = apr_pstrdup(pool, name);
    return node;
}

static void become_storage(okapi__cfb_node_t *node, apr_pool_t *pool)
{
    node->children = apr_array_make(pool, 4, sizeof(okapi__cfb_node_t *));
    node->by_name = apr_hash_make(pool);
}

static void add(okapi__cfb_node_t *parent, okapi__cfb_node_t *node)
{
    const char *key = key_of(node->name, parent->children->pool);
    if (apr_hash_get(parent->by_name, key, APR_HASH_KEY_STRING))
        return;
    apr_hash_set(parent->by_name, key, APR_HASH_KEY_STRING, node);
    APR_ARRAY_PUSH(parent->children, okapi__cfb_node_t *) = node;
}

okapi__cfb_node_t *okapi__cfb_root(apr_pool_t *result_pool)
{
    okapi__cfb_node_t *root = make("", result_pool);
    become_storage(root, result_pool);
    return root;
}

okapi__cfb_node_t *okapi__cfb_add_storage(okapi__cfb_node_t *parent, const char *name)
{
    okapi__cfb_node_t *node = make(name, parent->children->pool);
    become_storage(node, parent->children->pool);
    add(parent, node);
    return node;
}

void okapi__cfb_add_stream(okapi__cfb_node_t *parent, const char *name, okapi_binary_t data)
{
    okapi__cfb_node_t *node = make(name, parent->children->pool);
    node->data = data;
    add(parent, node);
}
