/* auth_cache.c - what the cache of passwords knows, and what it forgets. */
#include <apr_strings.h>

#include "auth_cache.h"
#include "tap.h"

static okapi__auth_cache_t *cache;

static int known(const char *hash, const char *user, const char *password)
{
    unsigned char digest[OKAPI__AUTH_DIGEST];

    return okapi__auth_cache_digest(digest, cache, hash, user, password) == APR_SUCCESS &&
           okapi__auth_cache_has(cache, digest);
}

static void add(const char *hash, const char *user, const char *password)
{
    unsigned char digest[OKAPI__AUTH_DIGEST];

    if (okapi__auth_cache_digest(digest, cache, hash, user, password) == APR_SUCCESS) {
        okapi__auth_cache_add(cache, digest);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    unsigned char here[OKAPI__AUTH_DIGEST], there[OKAPI__AUTH_DIGEST];
    okapi__auth_cache_t *other;
    char user[32];
    int i, kept = 0;

    is_int(okapi__auth_cache_create(&cache, pool), APR_SUCCESS, "created");
    ok(!known("$2y$a", "john", "demo"), "nothing is known at first");
    add("$2y$a", "john", "demo");
    ok(known("$2y$a", "john", "demo"), "then it is");
    ok(!known("$2y$b", "john", "demo"), "not under another stored hash");
    ok(!known("$2y$a", "mary", "demo"), "not for another user");
    ok(!known("$2y$a", "john", "Demo"), "not with another password");
    ok(!known("$2y$a", "joh", "ndemo"), "the parts don't run into each other");

    okapi__auth_cache_create(&other, pool);
    okapi__auth_cache_digest(here, cache, "$2y$a", "john", "demo");
    okapi__auth_cache_digest(there, other, "$2y$a", "john", "demo");
    ok(memcmp(here, there, sizeof(here)) != 0, "each child has a key of its own");

    for (i = 0; i < 100000; i++) {
        apr_snprintf(user, sizeof(user), "user%d", i);
        add("$2y$a", user, "demo");
    }
    for (i = 0; i < 100000; i++) {
        apr_snprintf(user, sizeof(user), "user%d", i);
        kept += known("$2y$a", user, "demo");
    }
    ok(kept > 4000 && kept <= 4096, "of very many it keeps what it has places for: %d", kept);
    return done_testing();
}
