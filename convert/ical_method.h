/* ical_method.h - METHOD and message classes: MS-OXCICAL 2.1.3.1.1.1. */
#ifndef OKAPI__ICAL_METHOD_H
#define OKAPI__ICAL_METHOD_H

#define OKAPI__CLASS_FREEBUSY  "IPM.Microsoft.ScheduleData.FreeBusy"
#define OKAPI__CLASS_EXCEPTION "IPM.OLE.CLASS.{00061055-0000-0000-C000-000000000046}"

/* NULL for a class that no METHOD makes, or a METHOD that makes none; PARTSTAT may be NULL. */
const char *okapi__method_of_class(const char *message_class);
const char *okapi__class_of_method(const char *method, const char *partstat);

#endif
