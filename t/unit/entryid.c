/* entryid.c - identifiers byte by byte, MS-OXCDATA 2.2. */
#include <okapi/entryid.h>
#include <okapi/error.h>
#include <okapi/named.h>

#include "tap.h"

#define LITERAL(s) (s), sizeof(s) - 1

#define STORE_BYTES "\xA0\xA1\xA2\xA3\xA4\xA5\xA6\xA7\xA8\xA9\xAA\xAB\xAC\xAD\xAE\xAF"

static const okapi_guid_t store = {{0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9,
                                    0xAA, 0xAB, 0xAC, 0xAD, 0xAE, 0xAF}};
static const okapi_guid_t other = {{0}};

static void test_ids(apr_pool_t *pool)
{
    okapi_writer_t w;
    okapi_binary_t bin;

    okapi_writer_init(&w, 0, 100, pool);
    okapi_write_u64(&w, okapi_eid_of(0x010203040506));
    is_mem(w.data, w.len, LITERAL("\x01\x00\x01\x02\x03\x04\x05\x06"),
           "an id's bytes: replica 1, then the counter from its highest byte");
    is_int(okapi_id_of_eid(okapi_eid_of(0x010203040506)), 0x010203040506, "and back");
    is_int(okapi_id_of_eid(okapi_eid_of(OKAPI_ID_MAX)), OKAPI_ID_MAX, "the largest");
    is_int(okapi_id_of_eid(okapi_eid_of(5) + 1), 0, "none of replica 2");
    is_int(okapi_id_of_eid(0), 0, "none of no replica");

    okapi_writer_init(&w, 0, 100, pool);
    okapi_longtermid_write(&w, &store, 0x1234);
    is_mem(w.data, w.len, LITERAL(STORE_BYTES "\0\0\0\0\x12\x34\0\0"), "LongTermID, 2.2.1.3.1");
    bin = okapi_xid(&store, 0x1234, pool);
    is_mem(bin.data, bin.len, LITERAL(STORE_BYTES "\0\0\0\0\x12\x34"), "XID");
    bin = okapi_pcl(&store, 0x1234, pool);
    is_mem(bin.data, bin.len, LITERAL("\x16" STORE_BYTES "\0\0\0\0\x12\x34"),
           "a list of one SizedXid");
}

static void test_messaging(apr_pool_t *pool)
{
    okapi_binary_t f = okapi_entryid_folder(&store, 0x11, pool);
    okapi_binary_t m = okapi_entryid_message(&store, 0x11, 0x22, pool);
    unsigned char changed[70];
    okapi_id_t folder;
    okapi_id_t message;
    int clean = 1;

    is_mem(f.data, f.len,
           LITERAL("\0\0\0\0" STORE_BYTES "\x01\0" STORE_BYTES "\0\0\0\0\0\x11\0\0"),
           "a folder's entry id, 2.2.4.1");
    is_mem(m.data, m.len,
           LITERAL("\0\0\0\0" STORE_BYTES "\x07\0" STORE_BYTES "\0\0\0\0\0\x11\0\0" STORE_BYTES
                   "\0\0\0\0\0\x22\0\0"),
           "a message's entry id, 2.2.4.2");
    is_int(okapi_entryid_parse(f, &store, &folder, &message), APR_SUCCESS, "a folder's is parsed");
    is_int(folder, 0x11, "to its id");
    is_int(message, 0, "and no message's");
    is_int(okapi_entryid_parse(m, &store, &folder, &message), APR_SUCCESS, "a message's too");
    is_int(folder, 0x11, "to its folder's id");
    is_int(message, 0x22, "and its own");
    is_int(okapi_entryid_parse(m, &other, &folder, &message), OKAPI_EFORMAT,
           "another store's isn't");

    for (apr_size_t len = 0; len < m.len; len++) {
        okapi_binary_t part = {m.data, len};

        clean &= okapi_entryid_parse(part, &store, &folder, &message) == OKAPI_EFORMAT;
    }
    for (apr_size_t i = 0; i < m.len; i++) {
        okapi_binary_t bin = {changed, m.len};
        int in_counter = (i >= 38 && i < 44) || (i >= 62 && i < 68);

        memcpy(changed, m.data, m.len);
        changed[i] ^= 0x40;
        clean &= in_counter ==
                 (okapi_entryid_parse(bin, &store, &folder, &message) == APR_SUCCESS);
    }
    ok(clean, "no part of it, and none with a changed byte outside of its counters");
}

static void test_others(apr_pool_t *pool)
{
    okapi_binary_t bin = okapi_entryid_store("SRV", "/o=Okapi/cn=john", pool);

    is_mem(bin.data, bin.len,
           LITERAL("\0\0\0\0\x38\xA1\xBB\x10\x05\xE5\x10\x1A\xA1\xBB\x08\x00\x2B\x2A\x56\xC2"
                   "\0\0" "EMSMDB.DLL\0\0\0\0" "\0\0\0\0"
                   "\x1B\x55\xFA\x20\xAA\x66\x11\xCD\x9B\xC8\x00\xAA\x00\x2F\xC4\x5A"
                   "\x0C\0\0\0" "SRV\0" "/o=Okapi/cn=john\0"),
           "a store's entry id, 2.2.4.3");
    bin = okapi_entryid_oneoff("J\xC3\xBC", "SMTP", "j@x", pool);
    is_mem(bin.data, bin.len,
           LITERAL("\0\0\0\0\x81\x2B\x1F\xA4\xBE\xA3\x10\x19\x9D\x6E\x00\xDD\x01\x0F\x54\x02"
                   "\0\0\x01\x90" "J\0\xFC\0\0\0" "S\0M\0T\0P\0\0\0" "j\0@\0x\0\0\0"),
           "a one-off recipient's, 2.2.5.1");
    bin = okapi_entryid_addressbook("/o=Okapi/cn=john", 6, pool);
    is_mem(bin.data, bin.len,
           LITERAL("\0\0\0\0\xDC\xA7\x40\xC8\xC0\x42\x10\x1A\xB4\xB9\x08\x00\x2B\x2F\xE1\x82"
                   "\x01\0\0\0\x06\0\0\0" "/o=Okapi/cn=john\0"),
           "an address book's, 2.2.5.2");
}

static void test_property_sets(apr_pool_t *pool)
{
    is_str(okapi_guid_format(&okapi_ps_mapi, pool), "00020328-0000-0000-c000-000000000046",
           "PS_MAPI");
    is_str(okapi_guid_format(&okapi_ps_public_strings, pool),
           "00020329-0000-0000-c000-000000000046", "PS_PUBLIC_STRINGS");
    is_str(okapi_guid_format(&okapi_psetid_appointment, pool),
           "00062002-0000-0000-c000-000000000046", "PSETID_Appointment");
    is_str(okapi_guid_format(&okapi_psetid_meeting, pool), "6ed8da90-450b-101b-98da-00aa003f1305",
           "PSETID_Meeting");
    is_str(okapi_guid_format(&okapi_psetid_sharing, pool), "00062040-0000-0000-c000-000000000046",
           "PSETID_Sharing");
}

int main(void)
{
    apr_pool_t *pool = tap_pool();

    test_ids(pool);
    test_messaging(pool);
    test_others(pool);
    test_property_sets(pool);
    return done_testing();
}
