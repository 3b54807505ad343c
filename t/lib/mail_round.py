#!/usr/bin/env python3
"""What is the same of messages that went through MAPI: for t/40-corpus/roundtrip.t.

    mail_round.py DIR < names     for file number N: is DIR/N.eml the same mail?

Both are read by Python's email package as mail_expect.py has it, which merges what MAPI has one
body for. A line of JSON for each: {"fields": how many were compared, "differences": [sentences]}.
"""
import json
import sys

import mail_expect as mail


def fields(message):
    """Name and value of everything that is compared, attachments after the rest."""
    for key in ('class', 'date', 'subject', 'from', 'sender', 'to', 'cc', 'bcc', 'report_to'):
        yield key, message[key]
    yield 'text', message['text'] if message['has_text'] else None
    yield 'html', message['html'] if message['has_html'] else None


def same(key, want, got):
    if key == 'subject':
        return mail.same_text(mail.blanks(want), mail.blanks(got))
    if key in ('from', 'sender'):
        return mail.same_person(want, got)
    if key in ('to', 'cc', 'bcc', 'report_to'):
        return len(want) == len(got) and all(map(mail.same_person, want, got))
    if key in ('text', 'html'):
        return want is None or not want.strip() or mail.same_text(want, got)
    return want is None or want == got


def attachment_key(a):
    if a['message']:
        return ('message', a['message']['subject'], len(a['message']['attachments']))
    return (a['type'], a['sha256'])


def compare(want, got, found, where=''):
    count = 0
    for (key, w), (_, g) in zip(fields(want), fields(got)):
        count += 1
        if not same(key, w, g):
            found.append(f'{where}{key}: want {str(w)[:300]!r}, got {str(g)[:300]!r}')
    left = list(got['attachments'])
    for number, a in enumerate(want['attachments'], 1):
        here = f'{where}attachment {number}: '
        same_name = [b for b in left if attachment_key(b) == attachment_key(a) and
                     b['name'] == a['name']]
        candidates = same_name or [b for b in left if attachment_key(b) == attachment_key(a)] or \
            [b for b in left if bool(b['message']) == bool(a['message']) and
             (a['sha256'] is None or b['sha256'] is None or b['name'] == a['name'])]
        count += 3
        if not candidates:
            found.append(f'{here}{a["type"]} {a["name"]!r} is lost')
            continue
        b = candidates[0]
        left.remove(b)
        if a['name'] and not mail.same_text(a['name'], b['name']):
            found.append(f'{here}name: want {a["name"]!r}, got {b["name"]!r}')
        if a['type'] != b['type']:
            found.append(f'{here}type: want {a["type"]!r}, got {b["type"]!r}')
        if a['message']:
            count += compare(a['message'], b['message'], found, here)
        elif a['sha256'] and a['sha256'] != b['sha256']:
            found.append(f'{here}content: want {a["size"]} bytes, got {b["size"]}')
    for b in left:
        found.append(f'{where}more: {b["type"]} {b["name"]!r}')
    return count


for number, name in enumerate(sys.stdin):
    found = []
    try:
        want = mail.expect_file(name.rstrip('\n'))
        got = mail.expect_file(f'{sys.argv[1]}/{number}.eml')
        count = compare(want, got, found)
    except Exception as error:
        count, found = 10, [f'mail_round.py: {error!r}']
    print(json.dumps({'fields': count, 'differences': found}), flush=True)
