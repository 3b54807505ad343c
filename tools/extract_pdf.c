/* extract_pdf.c - the text of a PDF's pages, by Poppler. */
#include <string.h>

#include <poppler.h>

#include "extract.h"

int extract_pdf(extract_bytes_t document)
{
    GBytes *bytes = g_bytes_new_static(document.data, document.len);
    PopplerDocument *pdf = poppler_document_new_from_bytes(bytes, NULL, NULL);
    if (!pdf) {
        return EXTRACT_FAILED;
    }
    int n = poppler_document_get_n_pages(pdf);
    for (int i = 0; i < n; i++) {
        PopplerPage *page = poppler_document_get_page(pdf, i);
        char *text = page ? poppler_page_get_text(page) : NULL;
        if (text) {
            extract_write(text, strlen(text));
            extract_write("\n", 1);
        }
        g_free(text);
        g_clear_object(&page);
    }
    return EXTRACT_DONE;
}
