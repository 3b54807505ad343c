/* cfb_read.c - a compound file's bytes as a tree: MS-CFB 2. Everything in it is hostile: a sector
 * is given out once, an entry is visited once, so chains and trees that run in circles end. */
#include "cfb.h"

#include <string.h>

#include <apr_strings.h>
#include <okapi/error.h>

enum { MAX_DEPTH = 64 /* of storages inside each other */ };

/* A place that is divided into sectors, with the table that chains them. */
typedef struct space_t {
    okapi_binary_t bytes; /* the first sector's begin */
    apr_size_t sector;    /* bytes of one */
    apr_uint32_t count;
    apr_uint32_t *next;  /* of each sector */
    unsigned char *used; /* each sector belongs to something already */
} space_t;

typedef struct cfb_t {
    space_t file, mini;
    int version;
    apr_size_t cutoff;
    okapi_binary_t directory;
    const char **why;
    apr_pool_t *pool;
} cfb_t;

static apr_status_t refuse(cfb_t *cfb, apr_status_t status, const char *why)
{
    *cfb->why = why;
    return status;
}

static apr_uint32_t u32_at(const unsigned char *p)
{
    return p[0] | (apr_uint32_t)p[1] << 8 | (apr_uint32_t)p[2] << 16 | (apr_uint32_t)p[3] << 24;
}

static void space_init(space_t *space, okapi_binary_t bytes, apr_size_t sector, apr_pool_t *pool)
{
    space->bytes = bytes;
    space->sector = sector;
    space->count = (apr_uint32_t)((bytes.len + sector - 1) / sector);
    space->used = apr_pcalloc(pool, space->count + 1);
    space->next = apr_palloc(pool, sizeof(*space->next) * (space->count + 1));
    memset(space->next, 0xFF, sizeof(*space->next) * (space->count + 1));
}

static int take(space_t *space, apr_uint32_t sector)
{
    if (sector >= space->count || space->used[sector])
        return 0;
    space->used[sector] = 1;
    return 1;
}

/* ---- chains ---- */

/* The sectors from START on: N of them, or all if N is -1. */
static apr_status_t follow(cfb_t *cfb, space_t *space, apr_uint32_t start, apr_int64_t n,
                           apr_array_header_t **sectors)
{
    *sectors = apr_array_make(cfb->pool, n > 0 ? (int)n : 4, sizeof(apr_uint32_t));
    while (n != 0 && start != OKAPI__CFB_ENDOFCHAIN) {
        if (start >= space->count)
            return refuse(cfb, OKAPI_EFORMAT, "a stream of it lies beyond its end");
        if (!take(space, start))
            return refuse(cfb, OKAPI_EFORMAT, "two streams of it share a place");
        APR_ARRAY_PUSH(*sectors, apr_uint32_t) = start;
        start = space->next[start];
        n -= n > 0;
    }
    return n > 0 ? refuse(cfb, OKAPI_EFORMAT, "a stream of it ends early") : APR_SUCCESS;
}

/* LEN bytes of SECTORS: in place if they follow each other, else a copy. What a last sector lacks,
 * that was cut off, is zero. */
static okapi_binary_t gather(cfb_t *cfb, const space_t *space, const apr_array_header_t *sectors,
                             apr_size_t len)
{
    okapi_binary_t bytes = {(const unsigned char *)"", 0};
    const apr_uint32_t *s = (const apr_uint32_t *)sectors->elts;
    int is_contiguous = 1;
    if (len == 0)
        return bytes;
    for (int i = 1; i < sectors->nelts; i++)
        is_contiguous &= s[i] == s[i - 1] + 1;
    apr_size_t offset = s[0] * space->sector;
    bytes.len = len;
    if (is_contiguous && len <= space->bytes.len - offset) {
        bytes.data = space->bytes.data + offset;
        return bytes;
    }
    unsigned char *copy = apr_pcalloc(cfb->pool, len);
    for (int i = 0; i < sectors->nelts; i++) {
        apr_size_t from = s[i] * space->sector, to = (apr_size_t)i * space->sector;
        apr_size_t part = len - to < space->sector ? len - to : space->sector;
        if (part > space->bytes.len - from)
            part = space->bytes.len - from;
        memcpy(copy + to, space->bytes.data + from, part);
    }
    bytes.data = copy;
    return bytes;
}

static apr_status_t read_stream(cfb_t *cfb, space_t *space, apr_uint32_t start, apr_uint64_t len,
                                okapi_binary_t *bytes)
{
    apr_array_header_t *sectors;
    if (len > (apr_uint64_t)space->count * space->sector)
        return refuse(cfb, OKAPI_EFORMAT, "a stream of it is longer than the file");
    apr_int64_t n = (apr_int64_t)((len + space->sector - 1) / space->sector);
    apr_status_t status = follow(cfb, space, start, n, &sectors);
    if (status == APR_SUCCESS)
        *bytes = gather(cfb, space, sectors, (apr_size_t)len);
    return status;
}

/* The whole chain, whose length is told nowhere. */
static apr_status_t read_chain(cfb_t *cfb, apr_uint32_t start, okapi_binary_t *bytes)
{
    apr_array_header_t *sectors;
    apr_status_t status = follow(cfb, &cfb->file, start, -1, &sectors);
    if (status == APR_SUCCESS)
        *bytes = gather(cfb, &cfb->file, sectors,
                        (apr_size_t)sectors->nelts * cfb->file.sector);
    return status;
}

/* ---- the tables ---- */

/* Sector I of the file; what a last one lacks is zero. */
static const unsigned char *sector_bytes(cfb_t *cfb, apr_uint32_t i)
{
    const space_t *space = &cfb->file;
    apr_size_t offset = i * space->sector, left = space->bytes.len - offset;
    if (left >= space->sector)
        return space->bytes.data + offset;
    unsigned char *copy = apr_pcalloc(cfb->pool, space->sector);
    memcpy(copy, space->bytes.data + offset, left);
    return copy;
}

/* Sector I is number N of the FAT. */
static apr_status_t read_fat_sector(cfb_t *cfb, apr_uint32_t i, apr_uint32_t n)
{
    space_t *space = &cfb->file;
    apr_uint64_t per = space->sector / 4, first = n * per;
    if (first >= space->count)
        return APR_SUCCESS;
    if (!take(space, i))
        return refuse(cfb, OKAPI_EFORMAT, "its allocation table is broken");
    const unsigned char *bytes = sector_bytes(cfb, i);
    for (apr_uint64_t k = 0; k < per && first + k < space->count; k++)
        space->next[first + k] = u32_at(bytes + k * 4);
    return APR_SUCCESS;
}

/* FAT sectors are listed in the header, then in a chain of sectors: MS-CFB 2.5. */
static apr_status_t read_fat(cfb_t *cfb, okapi_reader_t *header, apr_uint32_t difat)
{
    apr_uint32_t n = 0, per = (apr_uint32_t)(cfb->file.sector / 4);
    apr_status_t status = APR_SUCCESS;
    for (int i = 0; status == APR_SUCCESS && i < OKAPI__CFB_HEADER_FATS; i++) {
        apr_uint32_t sector = okapi_read_u32(header);
        if (sector != OKAPI__CFB_FREESECT)
            status = read_fat_sector(cfb, sector, n++);
    }
    while (status == APR_SUCCESS && difat < OKAPI__CFB_DIFSECT) {
        if (!take(&cfb->file, difat))
            return refuse(cfb, OKAPI_EFORMAT, "its allocation table is broken");
        const unsigned char *bytes = sector_bytes(cfb, difat);
        for (apr_uint32_t i = 0; status == APR_SUCCESS && i < per - 1; i++) {
            apr_uint32_t sector = u32_at(bytes + i * 4);
            if (sector != OKAPI__CFB_FREESECT)
                status = read_fat_sector(cfb, sector, n++);
        }
        difat = u32_at(bytes + (apr_size_t)(per - 1) * 4);
    }
    return status;
}

/* The mini stream is the root entry's. */
static apr_status_t read_mini(cfb_t *cfb, apr_uint32_t minifat)
{
    okapi_binary_t table = {NULL, 0}, bytes;
    okapi_reader_t r;
    apr_status_t status = read_chain(cfb, minifat, &table);
    if (status != APR_SUCCESS)
        return status;
    okapi_reader_init(&r, cfb->directory.data + 116, 12);
    apr_uint32_t start = okapi_read_u32(&r);
    apr_uint64_t len = okapi_read_u64(&r);
    if (cfb->version == 3)
        len &= 0xFFFFFFFFu;
    status = read_stream(cfb, &cfb->file, start, len, &bytes);
    if (status != APR_SUCCESS)
        return status;
    space_init(&cfb->mini, bytes, OKAPI__CFB_MINI, cfb->pool);
    for (apr_uint32_t i = 0; i < cfb->mini.count && (apr_size_t)i * 4 + 4 <= table.len; i++)
        cfb->mini.next[i] = u32_at(table.data + (apr_size_t)i * 4);
    return APR_SUCCESS;
}

/* ---- the directory: MS-CFB 2.6 ---- */

/* An entry still to be visited. */
typedef struct visit_t {
    okapi__cfb_node_t *parent;
    apr_uint32_t id;
    int depth;
} visit_t;

static void push(apr_array_header_t *visits, okapi__cfb_node_t *parent, apr_uint32_t id, int depth)
{
    if (id != OKAPI__CFB_NOSTREAM) {
        visit_t visit = {parent, id, depth};
        APR_ARRAY_PUSH(visits, visit_t) = visit;
    }
}

static apr_status_t visit(cfb_t *cfb, apr_array_header_t *visits, visit_t v)
{
    okapi_reader_t r;
    okapi_reader_init(&r, cfb->directory.data + (apr_size_t)v.id * OKAPI__CFB_ENTRY,
                      OKAPI__CFB_ENTRY);
    const unsigned char *name_bytes = okapi_read_bytes(&r, 64);
    apr_size_t name_len = okapi_read_u16(&r);
    apr_byte_t kind = okapi_read_u8(&r);
    okapi_read_u8(&r); /* its colour */
    apr_uint32_t left = okapi_read_u32(&r), right = okapi_read_u32(&r), child = okapi_read_u32(&r);
    okapi_guid_t clsid = okapi_read_guid(&r);
    okapi_read_bytes(&r, 20); /* bits and times */
    apr_uint32_t start = okapi_read_u32(&r);
    apr_uint64_t len = okapi_read_u64(&r);
    const char *name = okapi_utf16_decode(name_bytes, name_len < 64 ? name_len : 64, cfb->pool);
    push(visits, v.parent, left, v.depth);
    push(visits, v.parent, right, v.depth);
    if (kind == OKAPI__CFB_STORAGE) {
        if (v.depth >= MAX_DEPTH)
            return refuse(cfb, OKAPI_ETOOCOMPLEX, "its storages are nested too deeply");
        okapi__cfb_node_t *node = okapi__cfb_add_storage(v.parent, name);
        node->clsid = clsid;
        push(visits, node, child, v.depth + 1);
        return APR_SUCCESS;
    }
    if (kind != OKAPI__CFB_STREAM)
        return refuse(cfb, OKAPI_EFORMAT, "its directory is broken");
    okapi_binary_t data;
    if (cfb->version == 3)
        len &= 0xFFFFFFFFu;
    apr_status_t status =
        read_stream(cfb, len < cfb->cutoff ? &cfb->mini : &cfb->file, start, len, &data);
    if (status == APR_SUCCESS)
        okapi__cfb_add_stream(v.parent, name, data);
    return status;
}

static apr_status_t read_tree(cfb_t *cfb, okapi__cfb_node_t *root)
{
    apr_size_t n = cfb->directory.len / OKAPI__CFB_ENTRY;
    unsigned char *visited = apr_pcalloc(cfb->pool, n);
    apr_array_header_t *visits = apr_array_make(cfb->pool, 32, sizeof(visit_t));
    memcpy(root->clsid.bytes, cfb->directory.data + 80, sizeof(root->clsid.bytes));
    push(visits, root, u32_at(cfb->directory.data + 76), 1);
    while (visits->nelts > 0) {
        visit_t v = *(visit_t *)apr_array_pop(visits);
        if (v.id >= n || visited[v.id])
            return refuse(cfb, OKAPI_EFORMAT, "its directory is broken");
        visited[v.id] = 1;
        apr_status_t status = visit(cfb, visits, v);
        if (status != APR_SUCCESS)
            return status;
    }
    return APR_SUCCESS;
}

/* ---- the header: MS-CFB 2.2 ---- */

static apr_status_t read_tables(cfb_t *cfb, okapi_reader_t *r, okapi_binary_t file)
{
    okapi_read_u16(r); /* minor version */
    cfb->version = okapi_read_u16(r);
    okapi_read_u16(r); /* byte order */
    int shift = okapi_read_u16(r), mini_shift = okapi_read_u16(r);
    okapi_read_bytes(r, 14); /* reserved, number of directory and of FAT sectors */
    apr_uint32_t directory = okapi_read_u32(r);
    okapi_read_u32(r); /* transactions */
    cfb->cutoff = okapi_read_u32(r);
    apr_uint32_t minifat = okapi_read_u32(r);
    okapi_read_u32(r); /* number of its sectors */
    apr_uint32_t difat = okapi_read_u32(r);
    okapi_read_u32(r);
    apr_size_t sector = (apr_size_t)1 << (shift & 15);
    if ((cfb->version != 3 && cfb->version != 4) || shift != (cfb->version == 3 ? 9 : 12) ||
        mini_shift != 6 || cfb->cutoff != OKAPI__CFB_CUTOFF || file.len <= sector)
        return refuse(cfb, OKAPI_EFORMAT, "its header is broken");
    okapi_binary_t sectors = {file.data + sector, file.len - sector};
    space_init(&cfb->file, sectors, sector, cfb->pool);
    apr_status_t status = read_fat(cfb, r, difat);
    if (status == APR_SUCCESS)
        status = read_chain(cfb, directory, &cfb->directory);
    if (status == APR_SUCCESS && cfb->directory.len < OKAPI__CFB_ENTRY)
        status = refuse(cfb, OKAPI_EFORMAT, "its directory is broken");
    return status == APR_SUCCESS ? read_mini(cfb, minifat) : status;
}

apr_status_t okapi__cfb_read(okapi__cfb_node_t **root, const char **why, okapi_binary_t file,
                             apr_pool_t *result_pool)
{
    cfb_t cfb = {.why = why, .pool = result_pool};
    okapi_reader_t r;
    *root = NULL;
    *why = "";
    okapi_reader_init(&r, file.data, file.len);
    const unsigned char *signature = okapi_read_bytes(&r, 8);
    if (!signature || memcmp(signature, OKAPI__CFB_SIGNATURE, 8) != 0)
        return refuse(&cfb, OKAPI_EFORMAT, "this is no compound file");
    if (file.len < 512)
        return refuse(&cfb, OKAPI_EFORMAT, "it ends within its header");
    if (file.len > 0x7FFFFFFF)
        return refuse(&cfb, OKAPI_ETOOCOMPLEX, "it is larger than 2 GB");
    okapi_read_bytes(&r, 16);
    apr_status_t status = read_tables(&cfb, &r, file);
    okapi__cfb_node_t *tree = okapi__cfb_root(result_pool);
    if (status == APR_SUCCESS)
        status = read_tree(&cfb, tree);
    if (status == APR_SUCCESS)
        *root = tree;
    return status;
}
