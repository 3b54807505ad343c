/* civil.c - days and dates. */
#include "civil.h"

/* Years begin in March here, so that the odd day is the last; 719468 days lie between 0000-03-01
 * and 1970-01-01, and 400 years repeat. */
enum { DAYS_400_YEARS = 146097, EPOCH = 719468 };

apr_int64_t okapi__days_of(int year, int month, int day)
{
    apr_int64_t y = month <= 2 ? year - 1 : year;
    apr_int64_t era = (y >= 0 ? y : y - 399) / 400;
    apr_int64_t of_era = y - era * 400;
    int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * DAYS_400_YEARS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH;
}

okapi__date_t okapi__date_of(apr_int64_t days)
{
    days += EPOCH;
    apr_int64_t era = (days >= 0 ? days : days - (DAYS_400_YEARS - 1)) / DAYS_400_YEARS;
    int of_era = (int)(days - era * DAYS_400_YEARS);
    int year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int of_year = of_era - (365 * year + year / 4 - year / 100);
    int month = (5 * of_year + 2) / 153;
    okapi__date_t date;
    date.day = of_year - (153 * month + 2) / 5 + 1;
    date.month = month + (month < 10 ? 3 : -9);
    date.year = (int)(year + era * 400) + (date.month <= 2);
    return date;
}

int okapi__month_days(int year, int month)
{
    static const char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}
