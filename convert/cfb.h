/* cfb.h - compound files: a tree of storages and streams in one file (MS-CFB). */
#ifndef OKAPI__CFB_H
#define OKAPI__CFB_H

#include <apr_hash.h>
#include <apr_tables.h>
#include <okapi/wire.h>

typedef struct okapi__cfb_node_t {
    const char *name;
    okapi_guid_t clsid;           /* of a storage */
    apr_array_header_t *children; /* okapi__cfb_node_t *; NULL: it is a stream */
    apr_hash_t *by_name;          /* of the children, names in capitals */
    okapi_binary_t data;          /* of a stream */
} okapi__cfb_node_t;

/* The tree of FILE, versions 3 and 4. Streams lie in FILE where they can. Work and memory are
 * bounded by the size of FILE: no sector and no entry belongs to two things. OKAPI_EFORMAT or
 * OKAPI_ETOOCOMPLEX with *WHY. */
apr_status_t okapi__cfb_read(okapi__cfb_node_t **root, const char **why, okapi_binary_t file,
                             apr_pool_t *result_pool);

/* Without case, as names are compared; NULL if there is none, or if NODE is a stream. */
okapi__cfb_node_t *okapi__cfb_find(const okapi__cfb_node_t *node, const char *name);

okapi__cfb_node_t *okapi__cfb_root(apr_pool_t *result_pool);
okapi__cfb_node_t *okapi__cfb_add_storage(okapi__cfb_node_t *parent, const char *name);

/* DATA isn't copied. Of two with one name the first stays. */
void okapi__cfb_add_stream(okapi__cfb_node_t *parent, const char *name, okapi_binary_t data);

/* Appends ROOT, or a storage as if it were one, as a file of version 3. */
void okapi__cfb_write(okapi_writer_t *w, const okapi__cfb_node_t *root);

/* The beginning of every compound file. */
#define OKAPI__CFB_SIGNATURE "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"

/* Sectors that are none: MS-CFB 2.1. */
#define OKAPI__CFB_DIFSECT    0xFFFFFFFCu
#define OKAPI__CFB_FATSECT    0xFFFFFFFDu
#define OKAPI__CFB_ENDOFCHAIN 0xFFFFFFFEu
#define OKAPI__CFB_FREESECT   0xFFFFFFFFu
#define OKAPI__CFB_NOSTREAM   0xFFFFFFFFu

enum { OKAPI__CFB_STORAGE = 1, OKAPI__CFB_STREAM = 2, OKAPI__CFB_ROOT = 5 }; /* kinds of entries */

enum {
    OKAPI__CFB_MINI = 64,     /* bytes of a mini sector */
    OKAPI__CFB_CUTOFF = 4096, /* shorter streams are in mini sectors */
    OKAPI__CFB_ENTRY = 128,   /* bytes of a directory entry */
    OKAPI__CFB_HEADER_FATS = 109
};

#endif
