/* extract_zip.c - the text of office documents: XML files in a ZIP archive. OOXML (ECMA-376) has
 * text in elements t and a paragraph in p or si, OpenDocument has everything in paragraphs.
 *
 * Entities stay unexpanded, as nothing tells the parser what they are; the archive is read up to a
 * size however well it is compressed.
 */
#include <string.h>

#include <archive.h>
#include <archive_entry.h>
#include <libxml/parser.h>

#include "extract.h"

enum { INFLATED_MAX = 64 << 20 };

/* Files that have text: how their names begin and end. */
static const struct {
    const char *begin, *end;
    int is_odf;
} parts[] = {
    {"content.xml", "content.xml", 1},
    {"word/document", ".xml", 0},
    {"word/header", ".xml", 0},
    {"word/footer", ".xml", 0},
    {"word/footnotes", ".xml", 0},
    {"word/endnotes", ".xml", 0},
    {"word/comments", ".xml", 0},
    {"xl/sharedStrings", ".xml", 0},
    {"xl/worksheets/", ".xml", 0},
    {"ppt/slides/", ".xml", 0},
    {"ppt/notesSlides/", ".xml", 0},
};

enum { PARTS = sizeof(parts) / sizeof(parts[0]) };

typedef struct walk_t {
    int is_odf;
    int inside; /* elements that have text */
} walk_t;

static int is_name(const xmlChar *name, const char *one, const char *two)
{
    return strcmp((const char *)name, one) == 0 || strcmp((const char *)name, two) == 0;
}

/* ---- XML ---- */

static void start_element(void *data, const xmlChar *name, const xmlChar *prefix,
                          const xmlChar *uri, int nnamespaces, const xmlChar **namespaces,
                          int nattributes, int ndefaulted, const xmlChar **attributes)
{
    walk_t *walk = data;
    if (is_name(name, "tab", "br") || is_name(name, "s", "line-break")) {
        extract_write(" ", 1);
    }
    walk->inside += walk->is_odf ? is_name(name, "p", "h") : is_name(name, "t", "t");
}

static void end_element(void *data, const xmlChar *name, const xmlChar *prefix,
                        const xmlChar *uri)
{
    walk_t *walk = data;
    walk->inside -= walk->is_odf ? is_name(name, "p", "h") : is_name(name, "t", "t");
    if (is_name(name, "p", "h") || is_name(name, "si", "c")) {
        extract_write("\n", 1);
    }
}

static void characters(void *data, const xmlChar *text, int len)
{
    const walk_t *walk = data;
    if (walk->inside > 0) {
        extract_write((const char *)text, (size_t)len);
    }
}

static xmlEntityPtr no_entity(void *data, const xmlChar *name)
{
    return xmlGetPredefinedEntity(name);
}

static void quiet(void *data, xmlErrorPtr error)
{
}

static xmlParserCtxtPtr begin_part(walk_t *walk)
{
    xmlSAXHandler sax = {.initialized = XML_SAX2_MAGIC,
                         .startElementNs = start_element,
                         .endElementNs = end_element,
                         .characters = characters,
                         .ignorableWhitespace = characters,
                         .cdataBlock = characters,
                         .getEntity = no_entity,
                         .serror = quiet};
    xmlParserCtxtPtr parser = xmlCreatePushParserCtxt(&sax, walk, NULL, 0, NULL);
    if (parser) {
        xmlCtxtUseOptions(parser, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    }
    return parser;
}

/* ---- the archive ---- */

static int part_of(const char *name)
{
    size_t len = name ? strlen(name) : 0;
    for (int i = 0; i < PARTS; i++) {
        size_t begin = strlen(parts[i].begin), end = strlen(parts[i].end);
        if (len >= begin && len >= end && strncmp(name, parts[i].begin, begin) == 0 &&
            strcmp(name + len - end, parts[i].end) == 0) {
            return i;
        }
    }
    return -1;
}

/* 0 if the file is damaged, or *LEFT is used up. */
static int read_part(struct archive *archive, int is_odf, size_t *left)
{
    walk_t walk = {is_odf, 0};
    xmlParserCtxtPtr parser = begin_part(&walk);
    char chunk[16384];
    la_ssize_t n = 0;
    if (!parser) {
        return 0;
    }
    while (parser->wellFormed && (n = archive_read_data(archive, chunk, sizeof(chunk))) > 0 &&
           (size_t)n <= *left) {
        *left -= (size_t)n;
        xmlParseChunk(parser, chunk, (int)n, 0);
    }
    xmlParseChunk(parser, chunk, 0, 1);
    int good = n == 0 && parser->wellFormed;
    xmlFreeParserCtxt(parser);
    return good;
}

int extract_zip(extract_bytes_t document)
{
    struct archive *archive = archive_read_new();
    struct archive_entry *entry;
    size_t left = INFLATED_MAX;
    int found = 0, good = 1, rc = ARCHIVE_OK;
    if (!archive || archive_read_support_format_zip(archive) != ARCHIVE_OK ||
        archive_read_open_memory(archive, document.data, document.len) != ARCHIVE_OK) {
        return EXTRACT_FAILED;
    }
    while (good && (rc = archive_read_next_header(archive, &entry)) == ARCHIVE_OK) {
        int part = part_of(archive_entry_pathname(entry));
        if (part >= 0) {
            found = 1;
            good = read_part(archive, parts[part].is_odf, &left);
        }
    }
    archive_read_free(archive);
    return !good || (rc != ARCHIVE_EOF && rc != ARCHIVE_WARN) ? EXTRACT_FAILED
           : found                                            ? EXTRACT_DONE
                                                              : EXTRACT_NO_TEXT;
}
