/* doorbell.c - the datagram between processes. */
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>
#include <okapi/doorbell.h>

#include "tap.h"

static void rings(okapi_config_t *config, apr_pool_t *pool)
{
    okapi_id_t big = APR_INT64_C(0x0102030405060708);
    struct stat st;
    int first = -1, fd = -1, i;

    okapi_doorbell_ring(config, 1);
    ok(1, "ringing where nobody listens does nothing");
    is_int(okapi_doorbell_listen(&first, config, pool), APR_SUCCESS, "somebody listens");
    is_int(okapi_doorbell_receive(first), 0, "nothing yet");
    okapi_doorbell_ring(config, big);
    okapi_doorbell_ring(config, 7);
    is_int(okapi_doorbell_receive(first), big, "the first store");
    is_int(okapi_doorbell_receive(first), 7, "the second");
    is_int(okapi_doorbell_receive(first), 0, "no more");

    is_int(okapi_doorbell_listen(&fd, config, pool), APR_SUCCESS, "another takes the name over");
    okapi_doorbell_ring(config, 8);
    is_int(okapi_doorbell_receive(first), 0, "the old one hears nothing any more");
    is_int(okapi_doorbell_receive(fd), 8, "the new one does");
    ok(stat(apr_pstrcat(pool, config->run_dir, "/doorbell.sock", NULL), &st) == 0 &&
           (st.st_mode & 07) == 0,
       "the socket isn't for everybody");
    for (i = 0; i < 10000; i++) {
        okapi_doorbell_ring(config, i + 1);
    }
    ok(1, "a full queue doesn't block");
    is_int(okapi_doorbell_receive(fd), 1, "what fitted is there");
    close(first);
    close(fd);
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    char dir[] = "/tmp/okapi-doorbell-XXXXXX";
    char *deep = apr_palloc(pool, 201);
    okapi_config_t config = {0};
    int fd;

    config.run_dir = mkdtemp(dir);
    rings(&config, pool);
    unlink(apr_pstrcat(pool, dir, "/doorbell.sock", NULL));
    rmdir(dir);
    is_int(okapi_doorbell_listen(&fd, &config, pool), APR_ENOENT, "without run directory");
    memset(deep, 'd', 200);
    deep[200] = '\0';
    config.run_dir = deep;
    is_int(okapi_doorbell_listen(&fd, &config, pool), APR_ENAMETOOLONG,
           "a path that no socket can have");
    okapi_doorbell_ring(&config, 1);
    return done_testing();
}
