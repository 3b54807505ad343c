/* okapi_extract.c - makes text of a document: PDF, OOXML or OpenDocument on standard input, UTF-8
 * on standard output. Started by who feeds the index of words, for each document anew.
 *
 * A document comes from anybody. Once it is in memory the process can allocate, compute and write,
 * and nothing else: whoever gets hold of it has got a document's text.
 */
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "extract.h"

static char buffer[65536];
static size_t filled;

static void flush(void)
{
    size_t done = 0;
    while (done < filled) {
        ssize_t n = write(STDOUT_FILENO, buffer + done, filled - done);
        if (n < 0 && errno != EINTR) {
            _exit(EXTRACT_FAILED);
        }
        done += n > 0 ? (size_t)n : 0;
    }
    filled = 0;
}

void extract_write(const char *text, size_t len)
{
    while (len > 0) {
        size_t room = sizeof(buffer) - filled, some = len < room ? len : room;
        memcpy(buffer + filled, text, some);
        filled += some;
        text += some;
        len -= some;
        if (filled == sizeof(buffer)) {
            flush();
        }
    }
}

/* Standard input is a file, so that its size is known; it stays as it is. */
static int read_document(extract_bytes_t *document)
{
    struct stat st;
    if (fstat(STDIN_FILENO, &st) != 0 || st.st_size <= 0) {
        return 0;
    }
    document->len = (size_t)st.st_size;
    document->data = mmap(NULL, document->len, PROT_READ, MAP_PRIVATE, STDIN_FILENO, 0);
    return document->data != MAP_FAILED;
}

static int begins(extract_bytes_t document, const char *magic)
{
    size_t len = strlen(magic);
    return document.len >= len && memcmp(document.data, magic, len) == 0;
}

static int extract(extract_bytes_t document)
{
    if (begins(document, "%PDF-")) {
        return extract_pdf(document);
    }
    if (begins(document, "PK\x03\x04")) {
        return extract_zip(document);
    }
    return EXTRACT_NO_TEXT;
}

int main(void)
{
    extract_bytes_t document;
    if (!setlocale(LC_CTYPE, "C.UTF-8")) { /* names in archives are UTF-8 */
        setlocale(LC_CTYPE, "C");
    }
    if (!read_document(&document)) {
        return EXTRACT_NO_TEXT;
    }
    if (extract_limit() != 0 || extract_confine() != 0) {
        return EXTRACT_FAILED;
    }
    int code = extract(document);
    flush();
    _exit(code); /* without what libraries would like to do at the end */
}
