/* named_guid.c - the property sets, MS-OXPROPS 1.3.2. */
#include <okapi/named.h>

/* {0006LLLL-0000-0000-C000-000000000046} and its like: most differ in 32 bits only. */
#define OLE_GUID(a, b, c, d) {{(d), (c), (b), (a), 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46}}

const okapi_guid_t okapi_ps_mapi = OLE_GUID(0x00, 0x02, 0x03, 0x28);
const okapi_guid_t okapi_ps_public_strings = OLE_GUID(0x00, 0x02, 0x03, 0x29);
const okapi_guid_t okapi_ps_internet_headers = OLE_GUID(0x00, 0x02, 0x03, 0x86);
const okapi_guid_t okapi_psetid_appointment = OLE_GUID(0x00, 0x06, 0x20, 0x02);
const okapi_guid_t okapi_psetid_task = OLE_GUID(0x00, 0x06, 0x20, 0x03);
const okapi_guid_t okapi_psetid_address = OLE_GUID(0x00, 0x06, 0x20, 0x04);
const okapi_guid_t okapi_psetid_common = OLE_GUID(0x00, 0x06, 0x20, 0x08);
const okapi_guid_t okapi_psetid_note = OLE_GUID(0x00, 0x06, 0x20, 0x0E);
const okapi_guid_t okapi_psetid_log = OLE_GUID(0x00, 0x06, 0x20, 0x0A);
const okapi_guid_t okapi_psetid_sharing = OLE_GUID(0x00, 0x06, 0x20, 0x40);

/* {6ED8DA90-450B-101B-98DA-00AA003F1305} */
const okapi_guid_t okapi_psetid_meeting = {{0x90, 0xDA, 0xD8, 0x6E, 0x0B, 0x45, 0x1B, 0x10, 0x98,
                                            0xDA, 0x00, 0xAA, 0x00, 0x3F, 0x13, 0x05}};
