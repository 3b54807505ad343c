/* dots.h - texts that end with a dot: RFC 5321 4.5.2. */
#ifndef GW_DOTS_H
#define GW_DOTS_H

#include <apr.h>

/* Where in it the next byte is. */
typedef enum gw_dots_e {
    GW_DOTS_BEGIN, /* of a line, which only CRLF ends */
    GW_DOTS_LINE,
    GW_DOTS_CR,
    GW_DOTS_DOT,    /* behind one that began the line */
    GW_DOTS_DOT_CR,
    GW_DOTS_END
} gw_dots_e;

typedef void (*gw_dots_fn)(void *baton, const char *data, apr_size_t len);

/* Gives the bytes of DATA that belong to the text to ADD; returns how many it has used up, all of
 * them unless the text ends. *STATE begins as GW_DOTS_BEGIN and is GW_DOTS_END then. */
apr_size_t gw_dots(gw_dots_e *state, const char *data, apr_size_t len, gw_dots_fn add,
                   void *baton);

#endif
