/* ical_method.c - METHOD and message classes: MS-OXCICAL 2.1.3.1.1.1. */
#include "ical_method.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

/* The first that fits counts, in either direction. */
static const struct {
    const char *method, *partstat, *message_class;
} methods[] = {
    {"REQUEST", NULL, "IPM.Schedule.Meeting.Request"},
    {"REPLY", "ACCEPTED", "IPM.Schedule.Meeting.Resp.Pos"},
    {"REPLY", "DECLINED", "IPM.Schedule.Meeting.Resp.Neg"},
    {"REPLY", "TENTATIVE", "IPM.Schedule.Meeting.Resp.Tent"},
    {"CANCEL", NULL, "IPM.Schedule.Meeting.Canceled"},
    {"COUNTER", NULL, "IPM.Schedule.Meeting.Resp.Tent"},
};
enum { METHODS = sizeof(methods) / sizeof(methods[0]) };

const char *okapi__method_of_class(const char *message_class)
{
    for (int i = 0; i < METHODS; i++)
        if (strcasecmp(methods[i].message_class, message_class) == 0)
            return methods[i].method;
    return NULL;
}

const char *okapi__class_of_method(const char *method, const char *partstat)
{
    for (int i = 0; i < METHODS; i++)
        if (strcmp(methods[i].method, method) == 0 &&
            (!methods[i].partstat || (partstat && strcasecmp(methods[i].partstat, partstat) == 0)))
            return methods[i].message_class;
    return NULL;
}
