/* ical_tree.h - iCalendar's syntax: content lines in components (RFC 5545 3.1 to 3.6), read and
 * written without knowing what they mean. */
#ifndef OKAPI__ICAL_TREE_H
#define OKAPI__ICAL_TREE_H

#include <apr_tables.h>
#include <okapi/wire.h>

typedef struct okapi__param_t {
    const char *name, *value; /* upper case; several values stay divided by commas */
} okapi__param_t;

typedef struct okapi__line_t {
    const char *name;           /* upper case */
    const char *value;          /* as it is written */
    apr_array_header_t *params; /* okapi__param_t; NULL if there are none */
    const char *text;           /* the whole line, unfolded */
    const char *slot;           /* what of an item it is, if its name doesn't say that: keep.h */
} okapi__line_t;

typedef struct okapi__comp_t {
    const char *name;             /* upper case */
    apr_array_header_t *lines;    /* okapi__line_t */
    apr_array_header_t *children; /* okapi__comp_t * */
} okapi__comp_t;

okapi__comp_t *okapi__comp_create(const char *name, apr_pool_t *result_pool);

/* A nameless component of what TEXT (UTF-8) has outermost. OKAPI_EFORMAT or OKAPI_ETOOCOMPLEX with
 * *WHY, a sentence that names the line. */
apr_status_t okapi__comp_parse(okapi__comp_t **root, const char **why, const char *text,
                               apr_pool_t *result_pool);

/* The first line NAME, or NULL; its value, or NULL. */
const okapi__line_t *okapi__comp_line(const okapi__comp_t *comp, const char *name);
const char *okapi__comp_value(const okapi__comp_t *comp, const char *name);
const char *okapi__line_param(const okapi__line_t *line, const char *name);

/* A line "NAME;PARAMS:VALUE"; PARAMS is NULL or as they are written. The value is as it is to be
 * written. The line stays where it is until the next one is added; NULL if it isn't one. */
okapi__line_t *okapi__comp_add(okapi__comp_t *comp, const char *name, const char *params,
                               const char *value);

/* TEXT values, RFC 5545 3.3.11; a list of them is divided at its commas. */
char *okapi__text_read(const char *value, apr_pool_t *result_pool);
apr_array_header_t *okapi__text_list(const char *value, apr_pool_t *result_pool);
const char *okapi__text_write(const char *text, apr_pool_t *result_pool);

/* A parameter's value, quoted if it has to be. */
const char *okapi__param_write(const char *value, apr_pool_t *result_pool);

/* Writes COMP, folded with CRLF, or only what is in it if it has no name; *W fails if it gets too
 * large. */
void okapi__comp_write(okapi_writer_t *w, const okapi__comp_t *comp);

#endif
