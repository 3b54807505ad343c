/* path.h - the arguments of MAIL and RCPT: RFC 5321 4.1.2. */
#ifndef GW_PATH_H
#define GW_PATH_H

#include <apr_pools.h>

/* What follows "FROM:" or "TO:". */
typedef struct gw_path_t {
    const char *address; /* between the brackets, without a source route; "": the null sender */
    char *parameters;    /* the rest: words with blanks between them */
    int is_ascii;
} gw_path_t;

/* Takes TEXT apart, whose KEYWORD ("FROM:") comes first. NULL, or what is wrong with it. */
const char *gw_path_parse(gw_path_t *path, const char *text, const char *keyword,
                          apr_pool_t *result_pool);

#endif
