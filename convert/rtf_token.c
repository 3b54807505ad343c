/* rtf_token.c - RTF as a sequence of tokens. */
#include "rtf_token.h"

#include <limits.h>
#include <string.h>

#include <apr_lib.h>

#include "header.h"

static void skip(okapi_binary_t *input, apr_size_t n)
{
    input->data += n;
    input->len -= n;
}

static int is_space(unsigned char c)
{
    return c == '\r' || c == '\n' || c == '\0';
}

/* What \bin says there are, or the rest. */
static void take_binary(okapi__rtf_token_t *token, okapi_binary_t *input)
{
    apr_size_t len = token->number > 0 ? (apr_size_t)token->number : 0;
    token->kind = OKAPI__RTF_BINARY;
    token->bytes = (okapi_binary_t){input->data, len < input->len ? len : input->len};
    skip(input, token->bytes.len);
}

/* INPUT begins with a number, perhaps. */
static void take_number(okapi__rtf_token_t *token, okapi_binary_t *input)
{
    apr_size_t i = input->len > 1 && input->data[0] == '-' && apr_isdigit(input->data[1]);
    apr_int64_t number = 0, sign = i ? -1 : 1;
    for (; i < input->len && apr_isdigit(input->data[i]); i++) {
        token->has_number = 1;
        if (number <= INT_MAX)
            number = number * 10 + (input->data[i] - '0');
    }
    number *= sign;
    token->number = (int)(number > INT_MAX ? INT_MAX : number < INT_MIN ? INT_MIN : number);
    if (token->has_number)
        skip(input, i);
}

static void take_word(okapi__rtf_token_t *token, okapi_binary_t *input)
{
    apr_size_t n = 0, len = 0;
    for (; n < input->len && apr_isalpha(input->data[n]); n++)
        if (len < sizeof(token->name) - 1)
            token->name[len++] = (char)apr_tolower(input->data[n]);
    token->name[len] = '\0';
    token->kind = OKAPI__RTF_WORD;
    skip(input, n);
    take_number(token, input);
    if (input->len && input->data[0] == ' ')
        skip(input, 1);
    if (strcmp(token->name, "bin") == 0)
        take_binary(token, input);
}

/* Behind a backslash. */
static void take_control(okapi__rtf_token_t *token, okapi_binary_t *input)
{
    if (input->len && apr_isalpha(input->data[0])) {
        take_word(token, input);
        return;
    }
    int high = input->len > 2 && input->data[0] == '\'' ? okapi__hex_digit(input->data[1]) : -1;
    int low = high < 0 ? -1 : okapi__hex_digit(input->data[2]);
    if (low >= 0) {
        token->kind = OKAPI__RTF_HEX;
        token->value = (unsigned char)(high << 4 | low);
        skip(input, 3);
        return;
    }
    token->kind = input->len ? OKAPI__RTF_SYMBOL : OKAPI__RTF_END;
    if (input->len) {
        token->value = input->data[0];
        skip(input, 1);
    }
}

static void take_text(okapi__rtf_token_t *token, okapi_binary_t *input)
{
    apr_size_t n = 0;
    while (n < input->len && !is_space(input->data[n]) && input->data[n] != '\\' &&
           input->data[n] != '{' && input->data[n] != '}')
        n++;
    token->kind = OKAPI__RTF_TEXT;
    token->bytes = (okapi_binary_t){input->data, n};
    skip(input, n);
}

void okapi__rtf_next(okapi__rtf_token_t *token, okapi_binary_t *input)
{
    token->has_number = token->number = 0;
    while (input->len && is_space(input->data[0]))
        skip(input, 1);
    if (!input->len) {
        token->kind = OKAPI__RTF_END;
        return;
    }
    unsigned char c = input->data[0];
    if (c == '\\') {
        skip(input, 1);
        take_control(token, input);
    } else if (c == '{' || c == '}') {
        token->kind = c == '{' ? OKAPI__RTF_OPEN : OKAPI__RTF_CLOSE;
        skip(input, 1);
    } else {
        take_text(token, input);
    }
}

int okapi__rtf_begin(okapi_binary_t *input)
{
    if (input->len >= 3 && memcmp(input->data, "\xEF\xBB\xBF", 3) == 0)
        skip(input, 3);
    while (input->len && apr_isspace(input->data[0]))
        skip(input, 1);
    return input->len >= 5 && memcmp(input->data, "{\\rtf", 5) == 0;
}
