/* restriction.h - restrictions and sort orders (MS-OXCDATA 2.12, 2.13) as values. */
#ifndef OKAPI_RESTRICTION_H
#define OKAPI_RESTRICTION_H

#include <okapi/property.h>

typedef enum okapi_restype_e {
    RES_AND = 0x00,
    RES_OR = 0x01,
    RES_NOT = 0x02,
    RES_CONTENT = 0x03,
    RES_PROPERTY = 0x04,
    RES_COMPAREPROPS = 0x05,
    RES_BITMASK = 0x06,
    RES_SIZE = 0x07,
    RES_EXIST = 0x08,
    RES_SUBRESTRICTION = 0x09,
    RES_COMMENT = 0x0A,
    RES_COUNT = 0x0B
} okapi_restype_e;

enum { RELOP_LT, RELOP_LE, RELOP_GT, RELOP_GE, RELOP_EQ, RELOP_NE, RELOP_RE,
       RELOP_MEMBER_OF_DL = 0x64 };

enum { FL_FULLSTRING = 0, FL_SUBSTRING = 1, FL_PREFIX = 2, FL_LEVEL_MASK = 0xFFFF,
       FL_IGNORECASE = 0x10000, FL_IGNORENONSPACE = 0x20000, FL_LOOSE = 0x40000 };

typedef struct okapi_restriction_t {
    okapi_restype_e type;
    apr_uint32_t fuzzy;           /* RES_CONTENT */
    apr_byte_t relop; /* RES_PROPERTY, RES_COMPAREPROPS, RES_SIZE; RES_BITMASK: 0 zero, 1 not */
    okapi_proptag_t tag;          /* also subobject of RES_SUBRESTRICTION */
    okapi_proptag_t tag2;         /* RES_COMPAREPROPS */
    apr_uint32_t value;           /* RES_BITMASK mask, RES_SIZE size, RES_COUNT count */
    okapi_propval_t prop;         /* RES_CONTENT, RES_PROPERTY */
    int n; /* children: RES_AND, RES_OR any; NOT, SUB, COUNT 1; COMMENT 0..1 */
    struct okapi_restriction_t *children;
    int ncomments;                /* RES_COMMENT */
    okapi_propval_t *comments;
} okapi_restriction_t;

/* Depth over 64 or more than 10,000 nodes fails the reader. */
void okapi_restriction_read(okapi_reader_t *r, okapi_restriction_t *res,
                            const okapi_codec_t *codec, apr_pool_t *result_pool);
void okapi_restriction_write(okapi_writer_t *w, const okapi_restriction_t *res,
                             const okapi_codec_t *codec);

/* Where the evaluator takes values from. GET answers one tag (NULL: absent); SUBOBJECTS calls
 * back for each recipient or attachment as a getter of its own and stops when VISIT returns 1. */
typedef struct okapi_row_getter_t {
    const okapi_propval_t *(*get)(void *baton, okapi_proptag_t tag);
    int (*subobjects)(void *baton, okapi_proptag_t table,
                      int (*visit)(const struct okapi_row_getter_t *sub, void *visit_baton),
                      void *visit_baton); /* may be NULL */
    void *baton;
} okapi_row_getter_t;

/* 1 if the row matches. Comparison folds case and accents as RES_CONTENT's fuzzy level says, in
 * SCRATCH_POOL: clear it now and then when many rows are tried. */
int okapi_restriction_match(const okapi_restriction_t *res, const okapi_row_getter_t *row,
                            apr_pool_t *scratch_pool);

/* Adds every tag the restriction reads (apr_array_header_t of okapi_proptag_t), once each. */
void okapi_restriction_tags(const okapi_restriction_t *res, apr_array_header_t *tags);

/* ---- sort orders, MS-OXCDATA 2.13 ---- */

/* The last two: of the key behind the categories, by whose greatest or least value in each of them
 * the categories are sorted. MS-OXCDATA has the first of them, MAPI both. */
enum { TABLE_SORT_ASCEND = 0, TABLE_SORT_DESCEND = 1, TABLE_SORT_MAX_CATEGORY = 4,
       TABLE_SORT_MIN_CATEGORY = 8 };

typedef struct okapi_sort_key_t {
    okapi_proptag_t tag;
    apr_byte_t order;
} okapi_sort_key_t;

typedef struct okapi_sort_t {
    int n;          /* all keys, category keys first */
    int ncategories;
    int nexpanded;
    okapi_sort_key_t *keys;
} okapi_sort_t;

void okapi_sort_read(okapi_reader_t *r, okapi_sort_t *sort, apr_pool_t *result_pool);
void okapi_sort_write(okapi_writer_t *w, const okapi_sort_t *sort);

#endif
