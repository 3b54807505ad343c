/* rops.c - the golden bytes of t/data/rops through the server's codec: each decodes to its end, and
 * is encoded again to the same bytes. What the fields are is t/50-mapi/codec.t's to check. */
#include <ctype.h>

#include <apr_file_io.h>
#include <apr_strings.h>

#include "tap.h"

#include "rops_gen.h"

#define LINE_MAX_LEN 1000
#define CASE_MAX     4096

typedef struct golden_t {
    const char *name; /* of the ROP */
    int number;       /* of the case in its file; 0: none yet */
    int is_response;
    unsigned char bytes[CASE_MAX];
    apr_size_t len;
    rop_codec_t codec;
} golden_t;

static void add_bytes(golden_t *golden, const char *p)
{
    while (*p != '\0' && golden->len < CASE_MAX) {
        char *end;
        unsigned long byte = strtoul(p, &end, 16);
        if (end == p)
            break;
        golden->bytes[golden->len++] = (unsigned char)byte;
        p = end;
    }
}

static void check(const golden_t *golden)
{
    const rop_codec_t *c = &golden->codec;
    okapi_reader_t r;
    okapi_writer_t w;
    apr_byte_t id;

    if (golden->number == 0)
        return;
    okapi_reader_init(&r, golden->bytes, golden->len);
    okapi_writer_init(&w, 64, CASE_MAX, c->pool);
    if (golden->is_response) {
        rop_response_t s;

        rop_response_read(&r, &s, c);
        rop_response_write(&w, &s, c);
        id = s.h.id;
    } else {
        rop_request_t q;

        rop_request_read(&r, &q, c);
        rop_request_write(&w, &q, c);
        id = q.h.id;
    }
    is_int(okapi_reader_status(&r, 1), APR_SUCCESS, "%s %d is decoded to its end", golden->name,
           golden->number);
    is_str(rop_table[id].name, golden->name, "%s %d is that ROP", golden->name, golden->number);
    is_mem(w.data, w.len, golden->bytes, golden->len, "%s %d is encoded again", golden->name,
           golden->number);
}

static void begin_case(golden_t *golden, const char *line)
{
    check(golden);
    golden->number++;
    golden->len = 0;
    golden->is_response = line[2] == 's';
    golden->codec.public_logon = strstr(line, "public") != NULL;
}

static void check_file(const char *path, const char *name, apr_pool_t *pool)
{
    golden_t golden = {.name = name,
                       .codec = {.prop = {OKAPI_FORM_ROP, 1252}, .pool = pool}};
    char line[LINE_MAX_LEN];
    apr_file_t *file;

    if (apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BUFFERED, 0, pool)) {
        ok(0, "%s can be read", path);
        return;
    }
    while (apr_file_gets(line, sizeof(line), file) == APR_SUCCESS) {
        const char *p = line + strspn(line, " ");

        if (!strncmp(line, "request", 7) || !strncmp(line, "response", 8))
            begin_case(&golden, line);
        else if (p > line && isxdigit((unsigned char)*p) && !islower((unsigned char)*p) &&
                 strchr(p, '=') == NULL)
            add_bytes(&golden, p);
    }
    check(&golden);
    apr_file_close(file);
}

int main(void)
{
    apr_pool_t *pool = tap_pool();
    apr_finfo_t info;
    apr_dir_t *dir;

    if (apr_dir_open(&dir, ROPS_DATA, pool)) {
        ok(0, "%s can be read", ROPS_DATA);
        return done_testing();
    }
    while (apr_dir_read(&info, APR_FINFO_NAME | APR_FINFO_TYPE, dir) == APR_SUCCESS) {
        if (info.filetype == APR_REG && info.name[0] != '.' && strcmp(info.name, "README"))
            check_file(apr_pstrcat(pool, ROPS_DATA, "/", info.name, NULL),
                       apr_pstrdup(pool, info.name), pool);
    }
    return done_testing();
}
