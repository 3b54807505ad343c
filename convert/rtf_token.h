/* rtf_token.h - RTF as a sequence of tokens. */
#ifndef OKAPI__RTF_TOKEN_H
#define OKAPI__RTF_TOKEN_H

#include <okapi/types.h>

typedef enum okapi__rtf_kind_e {
    OKAPI__RTF_END,
    OKAPI__RTF_OPEN,
    OKAPI__RTF_CLOSE,
    OKAPI__RTF_WORD,   /* \name, \name7 */
    OKAPI__RTF_SYMBOL, /* a backslash and something that is no letter: VALUE */
    OKAPI__RTF_HEX,    /* \'xx: VALUE */
    OKAPI__RTF_TEXT,   /* BYTES without line ends, which mean nothing */
    OKAPI__RTF_BINARY  /* \bin: BYTES */
} okapi__rtf_kind_e;

enum { OKAPI__RTF_NAME_SIZE = 33 }; /* of a control word, with its terminator */

typedef struct okapi__rtf_token_t {
    okapi__rtf_kind_e kind;
    char name[OKAPI__RTF_NAME_SIZE]; /* in lower case; longer ones are cut */
    int has_number;
    int number; /* what is beyond the range of an int is its end */
    unsigned char value;
    okapi_binary_t bytes; /* inside the input */
} okapi__rtf_token_t;

/* The next token at *INPUT, which is moved behind it. Whatever the input is, there is one. */
void okapi__rtf_next(okapi__rtf_token_t *token, okapi_binary_t *input);

/* Does the input begin as RTF does? *INPUT is moved to the first brace. */
int okapi__rtf_begin(okapi_binary_t *input);

#endif
