/* auth_cache.c - a set of digests of a fixed size: 4096 places in sets of four. */
#include "auth_cache.h"

#include <string.h>

#include <apr_thread_mutex.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#define SETS 1024 /* a power of two */
#define WAYS 4

typedef struct set_t {
    unsigned char digests[WAYS][OKAPI__AUTH_DIGEST]; /* all zero: empty */
    unsigned int oldest;
} set_t;

struct okapi__auth_cache_t {
    apr_thread_mutex_t *lock;
    EVP_MAC_CTX *mac; /* keyed; copied for each use */
    set_t sets[SETS];
};

static apr_status_t free_mac(void *baton)
{
    EVP_MAC_CTX_free(((okapi__auth_cache_t *)baton)->mac);
    return APR_SUCCESS;
}

apr_status_t okapi__auth_cache_create(okapi__auth_cache_t **cache_p, apr_pool_t *result_pool)
{
    okapi__auth_cache_t *cache = apr_pcalloc(result_pool, sizeof(*cache));
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string("digest", (char *)"SHA256", 0),
                           OSSL_PARAM_construct_end()};
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    unsigned char key[32];
    int keyed;

    cache->mac = EVP_MAC_CTX_new(hmac);
    EVP_MAC_free(hmac);
    apr_pool_cleanup_register(result_pool, cache, free_mac, apr_pool_cleanup_null);
    keyed = cache->mac != NULL && RAND_bytes(key, sizeof(key)) == 1 &&
            EVP_MAC_init(cache->mac, key, sizeof(key), params) == 1;
    OPENSSL_cleanse(key, sizeof(key));
    if (!keyed) {
        return APR_EGENERAL;
    }
    *cache_p = cache;
    return apr_thread_mutex_create(&cache->lock, APR_THREAD_MUTEX_DEFAULT, result_pool);
}

/* With its NUL, so that the parts can't run into each other. */
static int update(EVP_MAC_CTX *mac, const char *text)
{
    return EVP_MAC_update(mac, (const unsigned char *)text, strlen(text) + 1);
}

apr_status_t okapi__auth_cache_digest(unsigned char digest[OKAPI__AUTH_DIGEST],
                                      const okapi__auth_cache_t *cache, const char *hash,
                                      const char *user, const char *password)
{
    EVP_MAC_CTX *mac = EVP_MAC_CTX_dup(cache->mac);
    size_t len;
    int done = mac != NULL && update(mac, hash) && update(mac, user) && update(mac, password) &&
               EVP_MAC_final(mac, digest, &len, OKAPI__AUTH_DIGEST);

    EVP_MAC_CTX_free(mac);
    return done ? APR_SUCCESS : APR_EGENERAL;
}

static set_t *set_of(okapi__auth_cache_t *cache, const unsigned char *digest)
{
    return &cache->sets[(digest[0] | digest[1] << 8) % SETS];
}

int okapi__auth_cache_has(okapi__auth_cache_t *cache,
                          const unsigned char digest[OKAPI__AUTH_DIGEST])
{
    set_t *set = set_of(cache, digest);
    int i, found = 0;

    apr_thread_mutex_lock(cache->lock);
    for (i = 0; i < WAYS; i++) {
        found |= CRYPTO_memcmp(set->digests[i], digest, OKAPI__AUTH_DIGEST) == 0;
    }
    apr_thread_mutex_unlock(cache->lock);
    return found;
}

void okapi__auth_cache_add(okapi__auth_cache_t *cache,
                           const unsigned char digest[OKAPI__AUTH_DIGEST])
{
    set_t *set = set_of(cache, digest);

    apr_thread_mutex_lock(cache->lock);
    memcpy(set->digests[set->oldest++ % WAYS], digest, OKAPI__AUTH_DIGEST);
    apr_thread_mutex_unlock(cache->lock);
}
