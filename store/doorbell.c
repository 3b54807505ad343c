/* doorbell.c - the datagram socket by which processes tell each other of a commit. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <apr_strings.h>

#include <okapi/doorbell.h>

#define DATAGRAM 8

/* APR_ENAMETOOLONG if the run directory's path doesn't fit into a socket address. */
static apr_status_t address_of(struct sockaddr_un *address, const okapi_config_t *config,
                               const char *suffix)
{
    int len;

    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    len = snprintf(address->sun_path, sizeof(address->sun_path), "%s/%s%s", config->run_dir,
                   OKAPI_DOORBELL_SOCKET, suffix);
    return len < 0 || (apr_size_t)len >= sizeof(address->sun_path) ? APR_ENAMETOOLONG : APR_SUCCESS;
}

static int open_socket(void)
{
    return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

void okapi_doorbell_ring(const okapi_config_t *config, okapi_id_t store_id)
{
    struct sockaddr_un address;
    unsigned char datagram[DATAGRAM];
    int fd, i;

    if (address_of(&address, config, "") != APR_SUCCESS) {
        return;
    }
    fd = open_socket();
    if (fd < 0) {
        return;
    }
    for (i = 0; i < DATAGRAM; i++) {
        datagram[i] = (unsigned char)((apr_uint64_t)store_id >> (8 * i));
    }
    /* A full queue is as good as a ring: whoever drains it looks at the change numbers. */
    (void)sendto(fd, datagram, sizeof(datagram), MSG_NOSIGNAL, (struct sockaddr *)&address,
                 sizeof(address));
    close(fd);
}

/* Bound under a name of its own first and then renamed, so that the socket is never missing. */
apr_status_t okapi_doorbell_listen(int *fd, const okapi_config_t *config, apr_pool_t *scratch_pool)
{
    struct sockaddr_un address, temporary;
    apr_status_t rv = address_of(&address, config, "");

    if (rv == APR_SUCCESS) {
        rv = address_of(&temporary, config, apr_psprintf(scratch_pool, ".%ld", (long)getpid()));
    }
    if (rv) {
        return rv;
    }
    *fd = open_socket();
    if (*fd < 0) {
        return errno;
    }
    unlink(temporary.sun_path);
    if (bind(*fd, (struct sockaddr *)&temporary, sizeof(temporary)) != 0 ||
        chmod(temporary.sun_path, 0660) != 0 || rename(temporary.sun_path, address.sun_path) != 0) {
        rv = errno;
        unlink(temporary.sun_path);
        close(*fd);
        *fd = -1;
    }
    return rv;
}

okapi_id_t okapi_doorbell_receive(int fd)
{
    unsigned char datagram[DATAGRAM];
    apr_uint64_t id = 0;
    ssize_t n;
    int i;

    do {
        n = recv(fd, datagram, sizeof(datagram), 0);
    } while (n >= 0 ? n != DATAGRAM : errno == EINTR);
    if (n < 0) {
        return 0;
    }
    for (i = 0; i < DATAGRAM; i++) {
        id |= (apr_uint64_t)datagram[i] << (8 * i);
    }
    return (okapi_id_t)id;
}
