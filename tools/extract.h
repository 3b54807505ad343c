/* extract.h - okapi-extract inside: one document in memory, text out. */
#ifndef OKAPI_TOOLS_EXTRACT_H
#define OKAPI_TOOLS_EXTRACT_H

#include <stddef.h>

/* Exit codes, which convert/extract_process.c understands. */
enum { EXTRACT_DONE = 0, EXTRACT_FAILED = 1, EXTRACT_NO_TEXT = 3 };

typedef struct extract_bytes_t {
    const unsigned char *data;
    size_t len;
} extract_bytes_t;

/* To standard output, through a buffer. Ends the process when nobody reads any more. */
void extract_write(const char *text, size_t len);

/* Each returns an exit code. */
int extract_pdf(extract_bytes_t document);
int extract_zip(extract_bytes_t document); /* OOXML, OpenDocument */

/* Takes from the process what it doesn't need: 0, or it can't be done. */
int extract_limit(void);   /* memory, time, files */
int extract_confine(void); /* all system calls but those for memory and for writing */

#endif
