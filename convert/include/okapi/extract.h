/* extract.h - the text of bodies and attachments, for the index of words.
 *
 * Text, HTML and RTF are read here. Documents (PDF, OOXML, OpenDocument) are read by a program that
 * is started for each of them, okapi-extract: it gets the bytes, may nothing but compute, and has a
 * limited time and memory to do so.
 */
#ifndef OKAPI_EXTRACT_H
#define OKAPI_EXTRACT_H

#include <okapi/fulltext.h>

/* A reader for okapi_fulltext_feed, with the program that the configuration names. */
okapi_fulltext_reader_t okapi_extract_reader(okapi_t *okapi, apr_pool_t *result_pool);

#endif
