/* rtf_round.c - one file for t/40-corpus/rtf.t: rtf_round WHAT FILE writes what has become of it.
 *
 * rtf: FILE, a PR_RTF_COMPRESSED value, decompressed; it must be the same after being compressed
 * and decompressed again. lzfu: FILE, RTF, compressed. html, text: FILE, RTF, as such. fromhtml,
 * fromtext: FILE as RTF. An error is one line on stderr. */
#include <okapi/error.h>
#include <okapi/rtf.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_file_io.h>
#include <apr_general.h>

enum { RTF_MAX = 64 << 20 };

static void die(const char *what, apr_status_t status)
{
    char text[200];
    fprintf(stderr, "%s: %s\n", what, okapi_strerror(status, text, sizeof(text)));
    exit(1);
}

static okapi_binary_t slurp(const char *path, apr_pool_t *pool)
{
    apr_file_t *file;
    apr_finfo_t info;
    apr_status_t status = apr_file_open(&file, path, APR_READ, 0, pool);
    if (status == APR_SUCCESS)
        status = apr_file_info_get(&info, APR_FINFO_SIZE, file);
    if (status != APR_SUCCESS)
        die(path, status);
    apr_size_t len = (apr_size_t)info.size;
    unsigned char *data = apr_palloc(pool, len + 1);
    status = apr_file_read_full(file, data, len, &len);
    if (status != APR_SUCCESS && status != APR_EOF)
        die(path, status);
    return (okapi_binary_t){data, len};
}

static apr_status_t round_trip(okapi_binary_t *rtf, okapi_binary_t compressed, apr_pool_t *pool)
{
    okapi_binary_t again, back;
    apr_status_t status = okapi_rtf_decompress(rtf, compressed, RTF_MAX, pool);
    if (status == APR_SUCCESS)
        status = okapi_rtf_compress(&again, *rtf, pool);
    if (status == APR_SUCCESS)
        status = okapi_rtf_decompress(&back, again, RTF_MAX, pool);
    if (status == APR_SUCCESS &&
        (back.len != rtf->len || memcmp(back.data, rtf->data, rtf->len) != 0))
        die("not the same after compression", OKAPI_ECORRUPT);
    return status;
}

int main(int argc, char **argv)
{
    apr_pool_t *pool;
    okapi_binary_t result = {NULL, 0};
    apr_status_t status = OKAPI_EINVAL;
    if (argc != 3 || apr_initialize() != APR_SUCCESS)
        return 2;
    apr_pool_create(&pool, NULL);
    okapi_binary_t file = slurp(argv[2], pool);
    if (strcmp(argv[1], "rtf") == 0)
        status = round_trip(&result, file, pool);
    else if (strcmp(argv[1], "lzfu") == 0)
        status = okapi_rtf_compress(&result, file, pool);
    else if (strcmp(argv[1], "html") == 0)
        status = okapi_rtf_to_html(&result, file, pool, pool);
    else if (strcmp(argv[1], "text") == 0)
        status = okapi_rtf_to_text(&result, file, pool, pool);
    else if (strcmp(argv[1], "fromhtml") == 0)
        status = okapi_rtf_from_html(&result, file, pool);
    else if (strcmp(argv[1], "fromtext") == 0)
        status = okapi_rtf_from_text(&result, file, pool);
    if (status != APR_SUCCESS)
        die(argv[1], status);
    fwrite(result.data, 1, result.len, stdout);
    return 0;
}
