/* tnef_table.c - the constants of TNEF. */
#include "tnef.h"

const okapi__att_t okapi__tnef_attributes[] = {
#define OKAPI__ATT(symbol, id, level, form, tag) {id, level, form, tag},
#include "tnef_attrs.def"
#undef OKAPI__ATT
    {0, 0, 0, 0},
};

/* Frequent ones first: of two with one MAPI class the first is written. */
const okapi__tnef_class_t okapi__tnef_classes[] = {
    {"IPM.Microsoft Mail.Note", "IPM.Note"},
    {"IPM.Microsoft Mail.Note", "IPM"},
    {"IPM.Microsoft Mail.Read Receipt", "REPORT.IPM.Note.IPNRN"},
    {"IPM.Microsoft Mail.Non-Delivery", "REPORT.IPM.Note.NDR"},
    {"IPM.Microsoft Schedule.MtgReq", "IPM.Schedule.Meeting.Request"},
    {"IPM.Microsoft Schedule.MtgCncl", "IPM.Schedule.Meeting.Canceled"},
    {"IPM.Microsoft Schedule.MtgRespP", "IPM.Schedule.Meeting.Resp.Pos"},
    {"IPM.Microsoft Schedule.MtgRespN", "IPM.Schedule.Meeting.Resp.Neg"},
    {"IPM.Microsoft Schedule.MtgRespA", "IPM.Schedule.Meeting.Resp.Tent"},
    {NULL, NULL},
};

const okapi_guid_t okapi__iid_message = {{7, 3, 2, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46}};
const okapi_guid_t okapi__iid_storage = {{0x0B, 0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46}};
const okapi_guid_t okapi__iid_stream = {{0x0C, 0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46}};
