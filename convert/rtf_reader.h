/* rtf_reader.h - a document in RTF as a sequence of text, in UTF-8, and of what happens between. */
#ifndef OKAPI__RTF_READER_H
#define OKAPI__RTF_READER_H

#include <apr_hash.h>
#include <apr_tables.h>
#include <okapi/wire.h>

#include "rtf_token.h"

typedef enum okapi__rtf_mode_e {
    OKAPI__RTF_RENDER,       /* what the document looks like */
    OKAPI__RTF_EXTRACT_HTML, /* the HTML it was made of: MS-OXRTFEX 2.2.3.2; text only */
    OKAPI__RTF_EXTRACT_TEXT  /* the text it was made of: 2.2.3.3; text only */
} okapi__rtf_mode_e;

typedef enum okapi__rtf_event_e {
    OKAPI__RTF_PAR,
    OKAPI__RTF_LINE,
    OKAPI__RTF_CELL,
    OKAPI__RTF_ROW,
    OKAPI__RTF_LINK, /* begins: LINK says where to */
    OKAPI__RTF_LINK_END,
    OKAPI__RTF_PICTURE,   /* PICTURE and PICTURE_TYPE */
    OKAPI__RTF_ATTACHMENT /* here is the place of the next one, by rendering position */
} okapi__rtf_event_e;

typedef struct okapi__rtf_font_t {
    int codepage;  /* 0: the document's */
    int is_symbol; /* its characters aren't letters */
    const char *name;
} okapi__rtf_font_t;

typedef struct okapi__rtf_look_t {
    int font, size; /* half points */
    int color, background; /* indices, 0 is the reader's own */
    unsigned bold : 1, italic : 1, underline : 1, strike : 1, hidden : 1, subscript : 1,
        superscript : 1;
} okapi__rtf_look_t;

typedef enum okapi__rtf_align_e {
    OKAPI__RTF_LEFT,
    OKAPI__RTF_CENTER,
    OKAPI__RTF_RIGHT,
    OKAPI__RTF_JUSTIFY
} okapi__rtf_align_e;

typedef struct okapi__rtf_para_t {
    okapi__rtf_align_e align;
    int indent; /* twips */
    int level;  /* of a list, 0 is the outermost */
    unsigned in_table : 1, is_rtl : 1;
} okapi__rtf_para_t;

struct okapi__rtf_reader_t;

typedef struct okapi__rtf_sink_t {
    void (*text)(void *baton, struct okapi__rtf_reader_t *reader, const char *text,
                 apr_size_t len);
    void (*event)(void *baton, struct okapi__rtf_reader_t *reader, okapi__rtf_event_e event);
    void *baton;
} okapi__rtf_sink_t;

typedef struct okapi__rtf_group_t okapi__rtf_group_t;

/* What is being read. Sinks look at the first part. */
typedef struct okapi__rtf_reader_t {
    okapi__rtf_look_t look;
    okapi__rtf_para_t para;
    const char *marker; /* of the list item that begins here, until it is taken; or NULL */
    const char *link;
    okapi_binary_t picture;
    const char *picture_type; /* "image/png" */

    okapi__rtf_mode_e mode;
    const okapi__rtf_sink_t *sink;
    apr_array_header_t *groups; /* okapi__rtf_group_t: those that are open */
    okapi__rtf_group_t *group;  /* the innermost */
    apr_hash_t *fonts;          /* int to okapi__rtf_font_t */
    apr_array_header_t *colors; /* int, 0xRRGGBB; -1 is none */
    apr_hash_t *tables;         /* code page to what its upper half is */
    int codepage, default_font;
    int font_number, red, green, blue, has_color; /* of the entry of a table that is being read */
    okapi__rtf_font_t font;
    okapi_writer_t name, instruction, marker_text, bytes; /* captured: of fonts, fields, ... */
    int nibble;
    okapi_writer_t pending; /* bytes of the current code page */
    int pending_is_8bit;
    int high_surrogate;
    int to_skip;     /* characters that stand for the last \u */
    int is_optional; /* behind "\*" */
    int links;       /* open ones */
    apr_pool_t *pool;
} okapi__rtf_reader_t;

/* Reads RTF into SINK. OKAPI_EFORMAT, OKAPI_ETOOCOMPLEX. Memory comes from SCRATCH_POOL. */
apr_status_t okapi__rtf_read(okapi_binary_t rtf, okapi__rtf_mode_e mode,
                             const okapi__rtf_sink_t *sink, apr_pool_t *scratch_pool);

/* The font's entry, or one without name. */
const okapi__rtf_font_t *okapi__rtf_font(const okapi__rtf_reader_t *reader, int number);

/* 0xRRGGBB; -1 if it has none. */
int okapi__rtf_color(const okapi__rtf_reader_t *reader, int number);

/* ---- rtf_words.c: control words ---- */

typedef enum okapi__rtf_word_e {
    OKAPI__RTF_UNKNOWN,
    OKAPI__RTF_CHARACTER, /* VALUE: Unicode */
    OKAPI__RTF_EVENT,     /* VALUE: okapi__rtf_event_e */
    OKAPI__RTF_DESTINATION,
    OKAPI__RTF_CODEPAGE, /* VALUE: what it is, 0: the number */
    OKAPI__RTF_LOOK,
    OKAPI__RTF_PARA,
    OKAPI__RTF_TABLE, /* of entries in tables of fonts and colours, and of pictures */
    OKAPI__RTF_TEXT_STATE
} okapi__rtf_word_e;

/* VALUE of the words above. */
enum {
    /* destinations */
    OKAPI__RTF_NORMAL,
    OKAPI__RTF_SKIP,
    OKAPI__RTF_FONTS,
    OKAPI__RTF_COLORS,
    OKAPI__RTF_HTMLTAG,
    OKAPI__RTF_MARKER,
    OKAPI__RTF_INSTRUCTION,
    OKAPI__RTF_RESULT,
    OKAPI__RTF_PICT,
    /* looks */
    OKAPI__RTF_PLAIN,
    OKAPI__RTF_BOLD,
    OKAPI__RTF_ITALIC,
    OKAPI__RTF_UNDERLINE,
    OKAPI__RTF_NO_UNDERLINE,
    OKAPI__RTF_STRIKE,
    OKAPI__RTF_HIDDEN,
    OKAPI__RTF_SUB,
    OKAPI__RTF_SUPER,
    OKAPI__RTF_NO_SUPER_SUB,
    OKAPI__RTF_FONT,
    OKAPI__RTF_SIZE,
    OKAPI__RTF_COLOR,
    OKAPI__RTF_BACKGROUND,
    /* paragraphs */
    OKAPI__RTF_PARD,
    OKAPI__RTF_ALIGN_LEFT,
    OKAPI__RTF_ALIGN_CENTER,
    OKAPI__RTF_ALIGN_RIGHT,
    OKAPI__RTF_ALIGN_JUSTIFY,
    OKAPI__RTF_INDENT,
    OKAPI__RTF_LEVEL,
    OKAPI__RTF_IN_TABLE,
    OKAPI__RTF_RTL,
    OKAPI__RTF_LTR,
    /* tables */
    OKAPI__RTF_CHARSET,
    OKAPI__RTF_FONT_CODEPAGE,
    OKAPI__RTF_RED,
    OKAPI__RTF_GREEN,
    OKAPI__RTF_BLUE,
    OKAPI__RTF_PNG,
    OKAPI__RTF_JPEG,
    /* state of text */
    OKAPI__RTF_UNICODE,
    OKAPI__RTF_FALLBACKS,
    OKAPI__RTF_HTMLRTF,
    OKAPI__RTF_DEFAULT_FONT
};

typedef struct okapi__rtf_entry_t {
    const char *name;
    okapi__rtf_word_e kind;
    int value;
    const char *html; /* of a character: what MS-OXRTFEX 2.1.3.2 has for it, or NULL */
} okapi__rtf_entry_t;

const okapi__rtf_entry_t *okapi__rtf_word(const char *name); /* or NULL */

/* ---- rtf_text.c: characters ---- */

/* Bytes of the current font's code page. */
void okapi__rtf_put_bytes(okapi__rtf_reader_t *reader, const void *bytes, apr_size_t len);
void okapi__rtf_put_unicode(okapi__rtf_reader_t *reader, int unit); /* UTF-16, or a code point */
void okapi__rtf_flush(okapi__rtf_reader_t *reader);

/* Windows' number for a \fcharset; 0: the document's. */
int okapi__rtf_codepage_of(int charset);

/* ---- rtf_read.c ---- */

struct okapi__rtf_group_t {
    int destination;
    int begins;       /* the destination began with this group, and ends with it */
    int is_link;      /* a link, too */
    int fallbacks;    /* \uc */
    int htmlrtf;
    okapi__rtf_look_t look;
    okapi__rtf_para_t para;
};

/* UTF-8 for where it belongs. */
void okapi__rtf_emit(okapi__rtf_reader_t *reader, const char *text, apr_size_t len);

#endif
