/* dagent_server.h - delivering to an Okapi on another machine. */
#ifndef OKAPI_TOOLS_DAGENT_SERVER_H
#define OKAPI_TOOLS_DAGENT_SERVER_H

#include <okapi/types.h>

#include "common.h"

typedef struct dagent_server_t {
    const char *url;         /* https://host, or with the path of its own */
    const char *certificate; /* ours, with its key: PEM */
    const char *authority;   /* PEM of who has signed the server's; NULL: the system's */
} dagent_server_t;

/* Posts RAW from SENDER (NULL: not known) to USER there. An exit code. */
int dagent_post(tool_t *tool, const dagent_server_t *server, const char *sender, const char *user,
                okapi_binary_t raw);

#endif
