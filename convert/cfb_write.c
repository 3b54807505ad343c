/* cfb_write.c - a tree as a compound file of version 3: MS-CFB 2. Streams come first, then the mini
 * stream, its table, the directory, the FAT and what lists its sectors. */
#include "cfb.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <unicode/uchar.h>

enum { SECTOR = 512, PER_SECTOR = SECTOR / 4, MAX_NAME = 31 };

/* A directory entry. */
typedef struct entry_t {
    const okapi__cfb_node_t *node;
    apr_uint16_t name[MAX_NAME + 1];
    apr_size_t name_len; /* units */
    apr_byte_t kind;     /* OKAPI__CFB_... */
    apr_byte_t is_black;
    apr_uint32_t left, right, child;
    apr_uint32_t start;
    apr_size_t size;
} entry_t;

typedef struct image_t {
    okapi_writer_t *w;
    apr_size_t base;             /* where sector 0 begins */
    apr_array_header_t *entries; /* entry_t * */
    apr_array_header_t *fat;     /* apr_uint32_t */
    apr_array_header_t *minifat;
    apr_pool_t *pool;
} image_t;

/* ---- the directory's trees: MS-CFB 2.6.4 ---- */

static int by_name(const void *a, const void *b)
{
    const entry_t *x = *(const entry_t *const *)a, *y = *(const entry_t *const *)b;
    if (x->name_len != y->name_len)
        return x->name_len < y->name_len ? -1 : 1;
    for (apr_size_t i = 0; i < x->name_len; i++) {
        UChar32 c = u_toupper(x->name[i]), d = u_toupper(y->name[i]);
        if (c != d)
            return c < d ? -1 : 1;
    }
    return 0;
}

static entry_t *make_entry(image_t *image, const okapi__cfb_node_t *node, apr_byte_t kind)
{
    entry_t *entry = apr_pcalloc(image->pool, sizeof(*entry));
    okapi_writer_t name;
    const char *text = kind == OKAPI__CFB_ROOT ? "Root Entry" : node->name;
    apr_size_t max = strlen(text) * 2 + 2;
    okapi_writer_init(&name, max, max, image->pool);
    okapi_write_utf16(&name, text);
    entry->node = node;
    entry->kind = kind;
    entry->is_black = 1;
    entry->left = entry->right = entry->child = OKAPI__CFB_NOSTREAM;
    entry->start = OKAPI__CFB_ENDOFCHAIN;
    entry->name_len = name.len / 2 < MAX_NAME ? name.len / 2 : MAX_NAME;
    for (apr_size_t i = 0; i < entry->name_len; i++)
        entry->name[i] = (apr_uint16_t)(name.data[i * 2] | name.data[i * 2 + 1] << 8);
    return entry;
}

/* The N entries, of which the first has the id FIRST, as a balanced tree: its lowest level is red
 * unless it is full, the others are black. Returns the id at its top. */
static apr_uint32_t balance(entry_t **entries, apr_uint32_t n, apr_uint32_t first, int level,
                            int red_level)
{
    if (n == 0)
        return OKAPI__CFB_NOSTREAM;
    apr_uint32_t middle = n / 2;
    entry_t *entry = entries[middle];
    entry->is_black = level != red_level;
    entry->left = balance(entries, middle, first, level + 1, red_level);
    entry->right = balance(entries + middle + 1, n - middle - 1, first + middle + 1, level + 1,
                           red_level);
    return first + middle;
}

/* The entries below PARENT, which has ID, with all below them. */
static void add_children(image_t *image, apr_uint32_t id)
{
    entry_t *parent = APR_ARRAY_IDX(image->entries, id, entry_t *);
    const apr_array_header_t *children = parent->node->children;
    apr_uint32_t n = (apr_uint32_t)children->nelts, first = (apr_uint32_t)image->entries->nelts;
    entry_t **sorted = apr_palloc(image->pool, sizeof(*sorted) * (n + 1));
    int level = 0;
    for (apr_uint32_t i = 0; i < n; i++) {
        const okapi__cfb_node_t *node = APR_ARRAY_IDX(children, i, okapi__cfb_node_t *);
        sorted[i] =
            make_entry(image, node, node->children ? OKAPI__CFB_STORAGE : OKAPI__CFB_STREAM);
    }
    qsort(sorted, n, sizeof(*sorted), by_name);
    for (apr_uint32_t i = 0; i < n; i++)
        APR_ARRAY_PUSH(image->entries, entry_t *) = sorted[i];
    while (((apr_uint32_t)2 << level) - 1 < n)
        level++;
    parent->child =
        balance(sorted, n, first, 0, n == ((apr_uint32_t)2 << level) - 1 ? -1 : level);
    for (apr_uint32_t i = 0; i < n; i++)
        if (sorted[i]->kind == OKAPI__CFB_STORAGE)
            add_children(image, first + i);
}

/* ---- sectors ---- */

static apr_uint32_t next_sector(const image_t *image)
{
    return (apr_uint32_t)((image->w->len - image->base) / SECTOR);
}

static void pad(okapi_writer_t *w, apr_size_t base, apr_size_t unit, int fill)
{
    while ((w->len - base) % unit && !w->failed)
        okapi_write_u8(w, (apr_byte_t)fill);
}

/* The sectors written since START are a chain. */
static void chain(const image_t *image, apr_array_header_t *table, apr_uint32_t start,
                  apr_uint32_t end)
{
    for (apr_uint32_t i = start; i < end && !image->w->failed; i++)
        APR_ARRAY_PUSH(table, apr_uint32_t) = i + 1 < end ? i + 1 : OKAPI__CFB_ENDOFCHAIN;
}

static void end_chain(image_t *image, apr_uint32_t start, int fill)
{
    pad(image->w, image->base, SECTOR, fill);
    chain(image, image->fat, start, next_sector(image));
}

static void write_large_streams(image_t *image)
{
    for (int i = 1; i < image->entries->nelts; i++) {
        entry_t *entry = APR_ARRAY_IDX(image->entries, i, entry_t *);
        entry->size = entry->kind == OKAPI__CFB_STREAM ? entry->node->data.len : 0;
        if (entry->size < OKAPI__CFB_CUTOFF)
            continue;
        entry->start = next_sector(image);
        okapi_write_bytes(image->w, entry->node->data.data, entry->size);
        end_chain(image, entry->start, 0);
    }
}

static void write_mini_stream(image_t *image)
{
    entry_t *root = APR_ARRAY_IDX(image->entries, 0, entry_t *);
    apr_uint32_t start = next_sector(image);
    apr_size_t base = image->w->len;
    for (int i = 1; i < image->entries->nelts; i++) {
        entry_t *entry = APR_ARRAY_IDX(image->entries, i, entry_t *);
        if (entry->size == 0 || entry->size >= OKAPI__CFB_CUTOFF)
            continue;
        entry->start = (apr_uint32_t)((image->w->len - base) / OKAPI__CFB_MINI);
        okapi_write_bytes(image->w, entry->node->data.data, entry->size);
        pad(image->w, base, OKAPI__CFB_MINI, 0);
        chain(image, image->minifat, entry->start,
              (apr_uint32_t)((image->w->len - base) / OKAPI__CFB_MINI));
    }
    root->size = image->w->len - base;
    if (root->size) {
        root->start = start;
        end_chain(image, start, 0);
    }
}

static void write_table(okapi_writer_t *w, const apr_array_header_t *table)
{
    for (int i = 0; i < table->nelts; i++)
        okapi_write_u32(w, APR_ARRAY_IDX(table, i, apr_uint32_t));
}

static void write_entry(okapi_writer_t *w, const entry_t *entry)
{
    for (apr_size_t i = 0; i < MAX_NAME + 1; i++)
        okapi_write_u16(w, entry->name[i]);
    okapi_write_u16(w, (apr_uint16_t)(entry->name_len * 2 + 2));
    okapi_write_u8(w, entry->kind);
    okapi_write_u8(w, entry->is_black);
    okapi_write_u32(w, entry->left);
    okapi_write_u32(w, entry->right);
    okapi_write_u32(w, entry->child);
    okapi_write_guid(w, &entry->node->clsid);
    okapi_write_u32(w, 0); /* bits, times of creation and modification */
    okapi_write_u64(w, 0);
    okapi_write_u64(w, 0);
    okapi_write_u32(w, entry->kind == OKAPI__CFB_STORAGE ? 0 : entry->start);
    okapi_write_u64(w, entry->size);
}

static apr_uint32_t write_directory(image_t *image)
{
    static const okapi__cfb_node_t nothing = {.name = ""};
    apr_uint32_t start = next_sector(image);
    entry_t *unused = make_entry(image, &nothing, 0);
    unused->start = 0;
    for (int i = 0; i < image->entries->nelts; i++)
        write_entry(image->w, APR_ARRAY_IDX(image->entries, i, entry_t *));
    while ((image->w->len - image->base) % SECTOR && !image->w->failed) {
        write_entry(image->w, unused);
        okapi_write_u16_at(image->w, image->w->len - OKAPI__CFB_ENTRY + 64, 0);
    }
    end_chain(image, start, 0);
    return start;
}

/* ---- the FAT, which covers itself: MS-CFB 2.3 and 2.5 ---- */

typedef struct fat_t {
    apr_uint32_t start, count;       /* its sectors */
    apr_uint32_t list_start, nlists; /* sectors that list those the header can't */
} fat_t;

static fat_t write_fat(image_t *image)
{
    fat_t fat = {.start = next_sector(image), .nlists = 0};
    apr_uint32_t total;
    do {
        total = fat.start + fat.count + fat.nlists;
        fat.count = (total + PER_SECTOR - 1) / PER_SECTOR;
        fat.nlists = fat.count <= OKAPI__CFB_HEADER_FATS
                         ? 0
                         : (fat.count - OKAPI__CFB_HEADER_FATS + PER_SECTOR - 2) / (PER_SECTOR - 1);
    } while (total != fat.start + fat.count + fat.nlists);
    fat.list_start = fat.start + fat.count;
    for (apr_uint32_t i = 0; i < fat.count; i++)
        APR_ARRAY_PUSH(image->fat, apr_uint32_t) = OKAPI__CFB_FATSECT;
    for (apr_uint32_t i = 0; i < fat.nlists; i++)
        APR_ARRAY_PUSH(image->fat, apr_uint32_t) = OKAPI__CFB_DIFSECT;
    write_table(image->w, image->fat);
    pad(image->w, image->base, SECTOR, 0xFF);
    for (apr_uint32_t i = 0, at = OKAPI__CFB_HEADER_FATS; i < fat.nlists; i++) {
        for (int k = 0; k < PER_SECTOR - 1; k++, at++)
            okapi_write_u32(image->w, at < fat.count ? fat.start + at : OKAPI__CFB_FREESECT);
        okapi_write_u32(image->w, i + 1 < fat.nlists ? fat.list_start + i + 1
                                                     : OKAPI__CFB_ENDOFCHAIN);
    }
    return fat;
}

/* MS-CFB 2.2 */
static void write_header(okapi_writer_t *w, apr_uint32_t directory, apr_uint32_t minifat,
                         apr_uint32_t nminifat, const fat_t *fat)
{
    static const okapi_guid_t nil;
    okapi_write_bytes(w, OKAPI__CFB_SIGNATURE, 8);
    okapi_write_guid(w, &nil);
    okapi_write_u16(w, 0x003E);
    okapi_write_u16(w, 3);
    okapi_write_u16(w, 0xFFFE);
    okapi_write_u16(w, 9);
    okapi_write_u16(w, 6);
    okapi_write_bytes(w, "\0\0\0\0\0", 6);
    okapi_write_u32(w, 0); /* directory sectors, which version 3 doesn't count */
    okapi_write_u32(w, fat->count);
    okapi_write_u32(w, directory);
    okapi_write_u32(w, 0);
    okapi_write_u32(w, OKAPI__CFB_CUTOFF);
    okapi_write_u32(w, nminifat ? minifat : OKAPI__CFB_ENDOFCHAIN);
    okapi_write_u32(w, nminifat);
    okapi_write_u32(w, fat->nlists ? fat->list_start : OKAPI__CFB_ENDOFCHAIN);
    okapi_write_u32(w, fat->nlists);
    for (apr_uint32_t i = 0; i < OKAPI__CFB_HEADER_FATS; i++)
        okapi_write_u32(w, i < fat->count ? fat->start + i : OKAPI__CFB_FREESECT);
}

void okapi__cfb_write(okapi_writer_t *w, const okapi__cfb_node_t *root)
{
    apr_size_t start = w->len;
    image_t image = {.w = w, .base = start + SECTOR, .pool = w->pool};
    okapi_writer_t header;
    image.entries = apr_array_make(w->pool, 64, sizeof(entry_t *));
    image.fat = apr_array_make(w->pool, 256, sizeof(apr_uint32_t));
    image.minifat = apr_array_make(w->pool, 256, sizeof(apr_uint32_t));
    APR_ARRAY_PUSH(image.entries, entry_t *) = make_entry(&image, root, OKAPI__CFB_ROOT);
    add_children(&image, 0);

    okapi_write_bytes(w, (const unsigned char[SECTOR]){0}, SECTOR); /* the header's place */
    write_large_streams(&image);
    write_mini_stream(&image);
    apr_uint32_t minifat = next_sector(&image);
    write_table(w, image.minifat);
    end_chain(&image, minifat, 0xFF);
    apr_uint32_t nminifat = next_sector(&image) - minifat;
    apr_uint32_t directory = write_directory(&image);
    fat_t fat = write_fat(&image);
    if (w->failed)
        return;
    okapi_writer_init(&header, SECTOR, SECTOR, w->pool);
    write_header(&header, directory, minifat, nminifat, &fat);
    memcpy(w->data + start, header.data, SECTOR);
}
