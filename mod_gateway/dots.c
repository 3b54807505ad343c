/* dots.c - a text whose lines have a dot put before their own, and that ends with a lone one.
 *
 * Only CRLF ends a line here. A bare LF before a dot is part of the text: who took it for a line
 * end would see messages that the sender's server didn't.
 */
#include "dots.h"

#include <string.h>

/* One step from *P; bytes from *RUN up to there are text that wasn't given out yet. */
static void step(gw_dots_e *state, const char **p, const char **run, const char *end,
                 gw_dots_fn add, void *baton)
{
    const char *cr;

    switch (*state) {
    case GW_DOTS_BEGIN:
        *state = **p == '.' ? GW_DOTS_DOT : GW_DOTS_LINE;
        if (*state == GW_DOTS_DOT) {
            add(baton, *run, *p - *run);
            *run = ++*p;
        }
        break;
    case GW_DOTS_LINE:
        cr = memchr(*p, '\r', end - *p);
        *p = cr != NULL ? cr + 1 : end;
        *state = cr != NULL ? GW_DOTS_CR : GW_DOTS_LINE;
        break;
    case GW_DOTS_CR:
        *state = **p == '\n' ? GW_DOTS_BEGIN : **p == '\r' ? GW_DOTS_CR : GW_DOTS_LINE;
        ++*p;
        break;
    case GW_DOTS_DOT:
        *state = **p == '\r' ? GW_DOTS_DOT_CR : GW_DOTS_LINE;
        if (*state == GW_DOTS_DOT_CR) {
            *run = ++*p; /* it may be in another buffer when it turns out to be text */
        }
        break;
    case GW_DOTS_DOT_CR:
        *state = **p == '\n' ? GW_DOTS_END : GW_DOTS_CR;
        if (*state == GW_DOTS_END) {
            *run = ++*p;
        } else {
            add(baton, "\r", 1);
        }
        break;
    case GW_DOTS_END:
        break;
    }
}

apr_size_t gw_dots(gw_dots_e *state, const char *data, apr_size_t len, gw_dots_fn add,
                   void *baton)
{
    const char *p = data, *run = data, *end = data + len;

    while (p < end && *state != GW_DOTS_END) {
        step(state, &p, &run, end, add, baton);
    }
    add(baton, run, p - run);
    return p - data;
}
