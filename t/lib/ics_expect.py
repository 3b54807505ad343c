#!/usr/bin/env python3
"""Compares iCalendar files with what came back of them, by icalendar and recurring_ical_events.

ics_expect.py DIR < names: for file number N on standard input there are DIR/N.ics, DIR/N.plain.ics
and DIR/N.times, as t/lib/ical_round.c made them. A line of JSON for each: what Python can't read, or
the differences.
"""
import datetime
import json
import os
import re
import signal
import sys
import warnings

import icalendar
import recurring_ical_events

warnings.simplefilter('ignore')
UTC = datetime.timezone.utc
TEN_YEARS = datetime.timedelta(days=3652)
RULES = ('DTSTART', 'DTEND', 'DURATION', 'RRULE', 'RDATE', 'EXDATE', 'EXRULE', 'RECURRENCE-ID')
PATIENCE = 30  # seconds for one file
EPOCH = datetime.datetime(1601, 1, 1, tzinfo=UTC)


class TooLong(Exception):
    pass


def give_up(*_):
    raise TooLong('takes too long')


def instant(value):
    """A time as text that doesn't depend on the name of its zone."""
    if not isinstance(value, datetime.datetime):
        return value.strftime('%Y%m%d')
    if value.tzinfo is None:
        return value.strftime('%Y%m%dT%H%M%S')
    return value.astimezone(UTC).strftime('%Y%m%dT%H%M%SZ')


def when(value):
    """For sorting: any time as one with a zone."""
    if not isinstance(value, datetime.datetime):
        value = datetime.datetime.combine(value, datetime.time())
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def text_of(name):
    """A file as text, in UTF-8 or what Europe had before."""
    with open(name, 'rb') as file:
        data = file.read()
    try:
        return data.decode('utf-8-sig')
    except UnicodeDecodeError:
        return data.decode('latin-1')


def starts(calendar):
    return [c.decoded('DTSTART') for c in calendar.walk('VEVENT')]


def instances(calendar, begin, times=None):
    """What takes place in ten years."""
    found = []
    for event in recurring_ical_events.of(calendar).between(begin, begin + TEN_YEARS):
        start = event.decoded('DTSTART')
        end = event.decoded('DTEND') if 'DTEND' in event else start
        if end == start and not isinstance(start, datetime.datetime):
            end = start + datetime.timedelta(days=1)
        if times is not None:
            times.append((seconds(start), seconds(end)))
        found.append((str(event.get('UID', '')), instant(start), instant(end),
                      str(event.get('SUMMARY', ''))))
    return sorted(found)


def others(calendar):
    """Tasks and journal entries, as they are written."""
    found = []
    for component in calendar.walk():
        if component.name in ('VTODO', 'VJOURNAL', 'VFREEBUSY'):
            found.append((component.name, sorted(
                (name, str(value.to_ical() if hasattr(value, 'to_ical') else value))
                for name, value in component.items()
                if name not in ('PRODID', 'UID') and not isinstance(value, list))))
    return sorted(found)


def read(name):
    """Its calendars as one, for what comes back is one. An event without start is never, and one
    without UID gets one."""
    icalendar.cal._timezone_cache.clear()  # of what other files call the same
    calendar = icalendar.Calendar()
    icalendar.Calendar.from_ical(text_of(name), multiple=True)  # zones that are behind their use
    for part in icalendar.Calendar.from_ical(text_of(name), multiple=True):
        for component in part.subcomponents if part.name == 'VCALENDAR' else [part]:
            if component.name != 'VEVENT' or 'DTSTART' in component:
                calendar.add_component(component)
    return calendar


def is_start(line):
    """A start that means a time."""
    match = re.match('DTSTART[;:](?:.*:)?([0-9]{8})(T[0-9]{6}Z?)?$', line, re.I)
    try:
        return match and datetime.datetime.strptime(match[1], '%Y%m%d')
    except ValueError:
        return False


def rules(name):
    """What tells the instances of each event, as it is written: where nobody expands it for us."""
    events, event, depth = [], None, 0
    text = text_of(name).replace('\r\n', '\n').replace('\n ', '').replace('\n\t', '')
    for line in text.split('\n'):
        word = re.split('[;:]', line, 1)[0].upper()
        if line.upper().startswith('BEGIN:VEVENT'):
            event, depth = [], 0
        elif word == 'BEGIN':
            depth += 1
        elif line.upper().startswith('END:VEVENT') and event is not None:
            if any(is_start(x) for x in event):
                events.append(sorted(event))
            event = None
        elif word == 'END':
            depth -= 1
        elif event is not None and depth == 0 and word in RULES:
            event.append(line)
    return sorted(events)


def zoneless(expanded):
    """What MAPI's properties alone keep: floating times and days are in UTC for our reader."""
    return sorted((*rest, start.rstrip('Z'), end.rstrip('Z'), summary)
                  for *rest, start, end, summary in expanded)


def first(want, got):
    missing = [x for x in want if x not in got][:2]
    surplus = [x for x in got if x not in want][:2]
    return f'{len(want)} instances, {len(got)} came back; missing {missing}, surplus {surplus}'


def seconds(value):
    return int(when(value).timestamp())


def as_ours(expanded, limit):
    return sorted(x for x in expanded if x[0] < limit)


def our_instances(name):
    """What okapi_message_instances says; a floating time is one of UTC for it, as for seconds()."""
    with open(name, encoding='ascii') as file:
        lines = [line.split() for line in file]
    return [tuple(map(int, line)) for line in lines if line[0] != 'error']


def anonymous(expanded):
    return sorted(x[1:] for x in expanded)


def compare(name, base):
    original = read(name)
    begin = min((when(s) for s in starts(original)), default=EPOCH)
    begin = begin.replace(hour=0, minute=0, second=0)
    times = []
    want = instances(original, begin, times)
    back = read(base + '.ics')
    got = instances(back, begin)
    plain = zoneless(instances(read(base + '.plain.ics'), begin))
    if any(not x[0] for x in want):
        want, got, plain = anonymous(want), anonymous(got), anonymous(plain)
    differences = {}
    limit = int((begin + TEN_YEARS).timestamp()) - 3 * 86400
    ours, times = as_ours(our_instances(base + '.times'), limit), as_ours(times, limit)
    if ours != times:
        differences['times'] = first(times, ours)
    if got != want:
        differences['instances'] = first(want, got)
    if others(original) != others(back):
        differences['others'] = first(others(original), others(back))
    return {'instances': len(want), 'differences': differences,
            'plain': '' if plain == zoneless(want) else first(zoneless(want), plain)}


def compare_rules(name, base, error):
    """For files that Python's packages can't read or expand."""
    want, got = rules(name), rules(base + '.ics')
    return {'unreadable': f'{type(error).__name__}: {error}'[:200],
            'differences': {} if want == got else {'rules': first(want, got)}}


def main():
    signal.signal(signal.SIGALRM, give_up)
    for number, name in enumerate(sys.stdin):
        name, base = name.rstrip('\n'), f'{sys.argv[1]}/{number}'
        signal.alarm(PATIENCE)
        if not os.path.exists(base + '.ics'):
            answer = {'refused': True}
        else:
            try:
                answer = compare(name, base)
            except Exception as error:  # whatever Python can't read
                signal.alarm(0)
                answer = compare_rules(name, base, error)
        signal.alarm(0)
        print(json.dumps(answer), flush=True)


if __name__ == '__main__':
    main()
