#!/usr/bin/env python3
"""What Python's email package reads of a message, as a second opinion on the conversion to MAPI.

    mail_expect.py FILE                 prints it as JSON
    mail_expect.py --check FILE <JSON   compares what a server shows, one line per difference

The shape of both, and of an embedded message inside an attachment:

    {"class", "subject", "from", "sender": {"name", "address"} or null, "to", "cc", "bcc": [...],
     "date": seconds since 1970 or null, "text": PR_BODY or null, "html": PR_HTML or null,
     "attachments": [{"name", "type", "size", "sha256", "message": {...} or null}]}

The server's HTML may be given as {"codepage": PR_INTERNET_CPID, "base64": PR_HTML}. Python knows
parts and bytes; what makes them body or attachment are the rules of MS-OXCMAIL 2.2.3.3.2, written
down here a second time. Where Python can't know a text (an undeclared charset) it has U+FFFD, and
only lines of pure ASCII are compared.
"""
import base64
import codecs
import email
import email.header
import email.utils
import hashlib
import json
import quopri
import re
import sys


def getaddresses(values):
    """Since CVE-2023-27043 a field of which one address is odd has none, unless asked otherwise."""
    try:
        return email.utils.getaddresses(values, strict=False)
    except TypeError:  # before that
        return email.utils.getaddresses(values)


# Names under which mail sends what Python calls otherwise, or a superset of it.
CHARSETS = {
    'iso-8859-1': 'cp1252', 'latin-1': 'cp1252', 'latin1': 'cp1252', 'iso_8859-1': 'cp1252',
    'iso-8859-9': 'cp1254', 'iso-8859-11': 'cp874', 'tis-620': 'cp874',
    'gb2312': 'gb18030', 'gbk': 'gb18030', 'x-gbk': 'gb18030', 'cp936': 'gb18030',
    'ks_c_5601-1987': 'cp949', 'ks_c_5601': 'cp949', 'euc-kr': 'cp949', 'korean': 'cp949',
    'shift_jis': 'cp932', 'shift-jis': 'cp932', 'x-sjis': 'cp932', 'windows-31j': 'cp932',
    'big5': 'cp950', 'windows-874': 'cp874', 'macintosh': 'mac-roman', '437': 'cp437',
    'x-mac-cyrillic': 'mac-cyrillic', 'x-mac-roman': 'mac-roman', 'unicode-1-1-utf-7': 'utf-7',
    'unicode': 'utf-16', 'unicodebig': 'utf-16-be', 'iso-8859-8-i': 'iso-8859-8',
    'arabic': 'iso-8859-6', 'ansi_x3.4-1968': 'us-ascii',
}
CODEPAGES = {65001: 'utf-8', 20127: 'us-ascii', 20866: 'koi8-r', 21866: 'koi8-u', 936: 'gb18030',
             54936: 'gb18030', 51932: 'euc-jp', 50220: 'iso-2022-jp', 50225: 'iso-2022-kr',
             52936: 'hz', 38598: 'iso-8859-8', 10000: 'mac-roman', 10007: 'mac-cyrillic',
             10029: 'mac-latin2', 10006: 'mac-greek', 10081: 'mac-turkish', 874: 'cp874'}


def codec_of(charset):
    """A Python codec for a charset of mail, or None if it is unknown."""
    name = (charset or '').strip().lower().split('*')[0]
    name = CHARSETS.get(name, name)
    try:
        return name if name and codecs.lookup(name)._is_text_encoding else None
    except (LookupError, ValueError):
        return None


def decode(data, charset):
    """DATA as text: as declared, else UTF-8 if it is valid, else only what is ASCII."""
    codec = codec_of(charset)
    if codec and codec.replace('_', '-').startswith(('utf-16', 'utf-32')) and data.isascii() \
            and b'\0' not in data:
        codec = None
    if codec in (None, 'us-ascii', 'ascii'):
        try:
            text = data.decode('utf-8')
        except UnicodeDecodeError:
            text = data.decode('ascii', 'replace')
    elif codec.startswith('cp125'):
        # The code points Windows leaves open are controls, not errors.
        text = ''.join(bytes([c]).decode(codec, 'ignore') or chr(c) for c in data) \
            if any(0x7f < c for c in data) else data.decode('ascii')
    else:
        text = data.decode(codec, 'replace')
    return text.replace('\0', '').removeprefix('\ufeff')


# ---- headers

def raw_headers(message, name):
    return [value for key, value in message.raw_items() if key.strip().lower() == name]


def to_bytes(value):
    return value.encode('utf-8', 'surrogateescape')


def unfold(value):
    return re.sub(r'[\r\n\0]+', '', value)


def header_text(value):
    """RFC 2047 text with everything around it."""
    text = ''
    try:
        words = email.header.decode_header(unfold(value))
    except (email.errors.HeaderParseError, ValueError):
        words = [(unfold(value), None)]
    for data, charset in words:
        if isinstance(data, str):
            data = to_bytes(data)
        elif charset is None:  # raw text beside words: surrogates became escapes
            data = re.sub(rb'\\udc([89a-f][0-9a-f])',
                          lambda m: bytes([int(m.group(1), 16)]), data)
        text += decode(data, charset)
    return re.sub(r'[\x00-\x1f\x7f]', ' ', text).strip()


def subject_of(message):
    for value in raw_headers(message, 'subject'):
        text = header_text(value)
        if text:
            return text
    return ''


def addresses_of(message, *names):
    found = []
    for name in names:
        values = [unfold(value) for value in raw_headers(message, name)]
        for display, address in getaddresses(values):
            display, address = header_text(display), header_text(address)
            if address or display:
                found.append({'name': display or address, 'address': address or display})
    return found


def date_of(message):
    for value in raw_headers(message, 'date'):
        parsed = email.utils.parsedate_tz(unfold(value))
        if parsed:
            try:
                return email.utils.mktime_tz(parsed)
            except (ValueError, OverflowError):
                pass
    return None


def filename_of(part):
    for name, header in (('filename', 'content-disposition'), ('name', 'content-type')):
        value = part.get_param(name, None, header)
        if value is None:
            continue
        if isinstance(value, tuple):
            charset, _, value = value
            value = decode(value.encode('latin-1', 'replace')
                           if not any(0xdc80 <= ord(c) <= 0xdcff for c in value)
                           else to_bytes(value), charset)
        else:
            value = header_text(value)
        value = re.split(r'[/\\]', value)[-1].strip()
        if value:
            return value
    return None


# ---- parts

def main_type(part):
    return re.split(r'[ \t,]', part.get_content_type())[0]


def nested_message(part):
    """The message inside PART. Python doesn't undo a transfer encoding around it."""
    message = part.get_payload()[0]
    encoding = str(part.get('content-transfer-encoding', '')).strip().lower()
    if encoding == 'base64':
        return email.message_from_bytes(base64.b64decode(bytes(message)))
    if encoding == 'quoted-printable':
        return email.message_from_bytes(quopri.decodestring(bytes(message)))
    return message


def is_message(part):
    return main_type(part) in ('message/rfc822', 'message/global', 'message/news') and \
        part.is_multipart()


def content(part):
    """The bytes of a leaf without transfer encoding."""
    if part.is_multipart():  # Python takes every message/* apart
        body = part.get_payload()
        return b''.join(bytes(p) for p in body) if len(body) > 1 else bytes(body[0])
    return part.get_payload(decode=True) or b''


class Content:
    """Which parts make the body and which are attachments."""

    def __init__(self, root):
        self.pieces = []  # [text parts or None, HTML parts or None]
        self.attachments = []
        self.is_first = True
        self.is_body_done = False
        self.collect(root, self.pieces)

    def is_body(self, part):
        kind = main_type(part)
        if part.get_content_maintype() == 'multipart':  # its boundary never came
            kind = 'text/plain'
        return kind in ('text/plain', 'text/html') and not self.is_body_done and \
            part.get_content_disposition() != 'attachment' and \
            (self.is_first or not filename_of(part))

    def collect(self, part, pieces):
        children = part.get_payload() if part.is_multipart() else []
        subtype = part.get_content_subtype()
        if not children or part.get_content_maintype() != 'multipart':
            if self.is_body(part):
                if main_type(part) == 'text/html':
                    pieces.append([None, [part]])
                else:
                    pieces.append([[part], None])
            else:
                self.attachments.append(part)
            self.is_first = False
        elif subtype == 'alternative':
            self.alternative(children, pieces)
        elif subtype in ('related', 'signed', 'report'):
            leader = children[0]
            start = part.get_param('start') if subtype == 'related' else None
            for child in children:
                if start and child.get('content-id', '').strip() == start:
                    leader = child
                    break
            self.led(children, leader, pieces)
        else:
            for child in children:
                self.collect(child, pieces)

    def led(self, children, leader, pieces):
        was_done, n = self.is_body_done, len(pieces)
        self.collect(leader, pieces)
        if len(pieces) > n:
            self.is_body_done = True
        for child in children:
            if child is not leader:
                self.collect(child, pieces)
        self.is_body_done = was_done

    def alternative(self, children, pieces):
        text = marked_up = None
        for child in children:
            found = []
            self.collect(child, found)
            if not found:
                continue
            has_html = any(piece[1] for piece in found)
            if has_html and marked_up is None:
                marked_up = found
            elif not has_html and text is None:
                text = flatten(found, 0)
            else:
                self.attachments.extend(flatten(found, 1))
        if marked_up:
            pieces.append([text or flatten(marked_up, 0), flatten(marked_up, 1)])
        elif text:
            pieces.append([text, None])


def flatten(pieces, form):
    return [part for piece in pieces for part in (piece[form] or piece[1 - form])]


# ---- the body

def text_of(part):
    data = content(part)
    charset = part.get_content_charset()
    charset = re.split(r'[ (]', charset)[0] if charset else None
    if codec_of(charset) is None or codec_of(charset) in ('us-ascii', 'ascii'):
        meta = re.search(rb'<meta[^>]*charset=["\']?([-\w:.]+)', data[:2048], re.I)
        if meta and main_type(part) == 'text/html' and not data.isascii():
            charset = meta.group(1).decode('ascii', 'replace')
            try:
                data.decode('utf-8')
                charset = 'utf-8'
            except UnicodeDecodeError:
                pass
    return decode(data, charset)


def unflow(text, delsp):
    """RFC 3676 4."""
    lines, depth = [], None
    for line in text.split('\n'):
        quotes = len(line) - len(line.lstrip('>'))
        line = line[quotes:]
        line = line[1:] if line.startswith(' ') else line
        if depth is not None and depth == quotes and line != '-- ':
            lines[-1] += line
        else:
            lines.append('>' * quotes + (' ' if quotes else '') + line)
        depth = None
        if line.endswith(' ') and line != '-- ':
            depth = quotes
            if delsp:
                lines[-1] = lines[-1][:-1]
    return '\n'.join(lines)


def newlines(text):
    return re.sub(r'\r\n|\r', '\n', text)


def plain_of(parts):
    """The text form, or None if some of it is made from HTML."""
    text = ''
    for part in parts:
        if main_type(part) == 'text/html':
            return None
        piece = newlines(text_of(part))
        if str(part.get_param('format', '')).lower() == 'flowed':
            piece = unflow(piece, str(part.get_param('delsp', '')).lower() == 'yes')
        if text and not text.endswith('\n'):
            text += '\n'
        text += piece
    return text


def html_of(parts):
    """The HTML form, or None if some of it is made from text."""
    if any(main_type(part) != 'text/html' for part in parts):
        return None
    return ''.join(text_of(part) for part in parts)


# ---- a message

def smime_kind(root):
    if root.get_content_type() == 'multipart/signed' and root.is_multipart() and \
            str(root.get_param('protocol', '')).lower() in ('application/pkcs7-signature',
                                                             'application/x-pkcs7-signature'):
        return 'IPM.Note.SMIME.MultipartSigned'
    name = filename_of(root) or ''
    if root.get_content_type() in ('application/pkcs7-mime', 'application/x-pkcs7-mime') or (
            root.get_content_type() == 'application/octet-stream' and
            name.lower().endswith('.p7m')):
        return 'IPM.Note.SMIME'
    return None


# What a delivery status notification is by what became of its recipients: the worst counts.
ACTIONS = [('failed', 'NDR'), ('delayed', 'Delayed.DR'), ('relayed', 'Relayed.DR'),
           ('expanded', 'Expanded.DR'), ('delivered', 'DR')]


def groups_of(part):
    """The groups of fields of a message/delivery-status or message/disposition-notification."""
    text = part.get_payload(decode=True) if not part.is_multipart() else \
        b'\n\n'.join(bytes(block).strip() for block in part.get_payload())
    blocks = re.split(rb'\n(?:\r?\n)+', (text or b'').strip())
    return [email.message_from_bytes(block) for block in blocks]


def typed(value):
    return header_text(value.split(';', 1)[-1])


def report_of(root):
    """(class, recipients or None) if ROOT is a report, else None."""
    if root.get_content_type() != 'multipart/report' or not root.is_multipart():
        return None
    for part in root.get_payload():
        if main_type(part) == 'message/disposition-notification':
            for group in groups_of(part):
                if group['disposition']:
                    kind = typed(group['disposition']).lower()
                    read = not kind.startswith(('deleted', 'denied', 'failed'))
                    return f'REPORT.IPM.Note.{"IPNRN" if read else "IPNNRN"}', None
        if main_type(part) == 'message/delivery-status':
            people, seen = [], set()
            for group in groups_of(part):
                who = group['final-recipient'] or group['original-recipient']
                action = next((i for i, (word, _) in enumerate(ACTIONS)
                               if str(group['action']).strip().lower().startswith(word)), None)
                if who is not None and action is not None:
                    seen.add(action)
                    address = typed(who)
                    if address:
                        people.append({'name': address, 'address': address})
            if seen:
                return f'REPORT.IPM.Note.{ACTIONS[min(seen)][1]}', people
    return None


def attachment(part):
    # A multipart whose boundary never came is text.
    kind = main_type(part)
    if part.get_content_maintype() == 'multipart' and not part.is_multipart():
        kind = 'text/plain'
    expected = {'name': filename_of(part), 'type': kind, 'message': None}
    if is_message(part):
        expected['message'] = expect(nested_message(part))
        expected.update(size=None, sha256=None)
    else:
        data = content(part)
        expected.update(size=len(data), sha256=hashlib.sha256(data).hexdigest())
        if part.is_multipart():  # message/*: Python can't give its exact bytes
            expected.update(size=None, sha256=None)
    return expected


MEETINGS = {'REQUEST': 'Request', 'CANCEL': 'Canceled', 'COUNTER': 'Resp.Tent'}
ANSWERS = {'ACCEPTED': 'Resp.Pos', 'DECLINED': 'Resp.Neg', 'TENTATIVE': 'Resp.Tent'}


def own_parts(message):
    """The message's leaves, without those of messages in it."""
    if message.get_content_maintype() != 'multipart' or not message.is_multipart():
        return [message]
    return [leaf for part in message.get_payload() for leaf in own_parts(part)]


def meeting(message):
    """The class of what a text/calendar part makes of a mail, and that part; None if it makes none."""
    parts = [part for part in own_parts(message) if main_type(part) == 'text/calendar']
    if len(parts) != 1:
        return None, None
    text = re.sub(r'\r?\n[ \t]', '', content(parts[0]).decode('utf-8', 'replace'))
    method = re.search(r'^METHOD:\s*(\S+)', text, re.M | re.I)
    events = len(re.findall(r'^BEGIN:VEVENT', text, re.M)) - len(
        re.findall(r'^RECURRENCE-ID', text, re.M))
    method = method.group(1).upper() if method else None
    kind = MEETINGS.get(method)
    if method == 'REPLY':
        answer = re.search(r'^ATTENDEE.*?PARTSTAT=(\w+)', text, re.M | re.I)
        kind = ANSWERS.get(answer.group(1).upper()) if answer else None
    if not kind or events > 1 or not re.search(r'^UID', text, re.M):
        return None, None
    return 'IPM.Schedule.Meeting.' + kind, parts[0]


def expect(message):
    people = {name: addresses_of(message, name) for name in ('from', 'sender', 'to', 'cc', 'bcc')}
    sender = (people['sender'] or people['from'] or [None])[0]
    sent_for = (people['from'] or people['sender'] or [None])[0]
    found = Content(message)
    kind = smime_kind(message)
    report = report_of(message)
    report_to = people['to'][:1] if report else []
    if report and report[1] is not None:
        people.update(to=report[1], cc=[], bcc=[])
    if kind:
        found.attachments = [message]
        if kind == 'IPM.Note.SMIME':
            found.pieces = []
    else:
        kind, part = meeting(message)
        found.attachments = [other for other in found.attachments if other is not part]
    texts, markup = flatten(found.pieces, 0), flatten(found.pieces, 1)
    has_html = any(piece[1] for piece in found.pieces)
    expected = {
        'class': kind or (report[0] if report else 'IPM.Note'),
        'subject': subject_of(message), 'date': date_of(message),
        'from': sent_for, 'sender': sender, 'to': people['to'], 'cc': people['cc'],
        'bcc': people['bcc'], 'report_to': report_to, 'text': plain_of(texts) if texts else None,
        'html': html_of(markup) if has_html else None,
        'has_html': has_html, 'has_text': bool(texts),
    }
    if kind == 'IPM.Note.SMIME.MultipartSigned':
        expected['attachments'] = [{'name': 'smime.p7m', 'type': 'multipart/signed',
                                    'size': None, 'sha256': None, 'message': None}]
    else:
        expected['attachments'] = [attachment(part) for part in found.attachments]
    return expected


def expect_file(path):
    with open(path, 'rb') as file:
        data = file.read()
    return expect(email.message_from_bytes(data))


# ---- comparing

def same_text(want, got):
    if want is None:
        return True  # Python has no opinion
    if got is None:
        return False
    want, got = newlines(want).rstrip(), newlines(got).rstrip()
    if '\ufffd' in want:
        return set(line for line in want.split('\n') if line.isascii()) <= set(got.split('\n'))
    return want == got


def blanks(text):
    return re.sub(r'\s+', ' ', text).strip()


def decoded_html(value):
    if isinstance(value, dict):
        codepage = value['codepage']
        return decode(base64.b64decode(value['base64']),
                      CODEPAGES.get(codepage) or (f'iso-8859-{codepage - 28590}'
                                                  if 28591 <= codepage <= 28606
                                                  else f'cp{codepage}'))
    return value


def same_person(want, got):
    if want is None or got is None:
        return want == got
    # A local user who is mentioned without a name has the directory's.
    has_name = want['name'] != want['address']
    return same_text(want['address'], got['address']) and \
        (not has_name or same_text(want['name'], got['name']))


def compare(want, got, where=''):
    """Yields a line per difference."""
    for key in ('class', 'date'):
        if want[key] is not None and want[key] != got.get(key):
            yield f'{where}{key}: want {want[key]!r}, got {got.get(key)!r}'
    # The store divides a prefix from the subject and puts one blank between them.
    if not same_text(blanks(want['subject']), blanks(got.get('subject') or '')):
        yield f'{where}subject: want {want["subject"]!r}, got {got.get("subject")!r}'
    is_meeting = (want['class'] or '').startswith('IPM.Schedule.')
    for key in ('from', 'sender'):
        if is_meeting and want[key] is None:
            continue  # the calendar says it
        if not same_person(want[key], got.get(key)):
            yield f'{where}{key}: want {want[key]!r}, got {got.get(key)!r}'
    for key in ('to', 'cc', 'bcc'):
        if is_meeting and not (want['to'] or want['cc']):
            continue
        if len(want[key]) != len(got[key]) or \
                not all(same_person(w, g) for w, g in zip(want[key], got[key])):
            yield f'{where}{key}: want {want[key]!r}, got {got[key]!r}'
    markup = decoded_html(got.get('html'))
    if want['has_html'] != (markup is not None):
        yield f'{where}html: want {want["has_html"]}, got {markup is not None}'
    elif want['has_html'] and not same_text(want['html'], markup):
        yield f'{where}html differs: {first_difference(want["html"], markup)}'
    if is_meeting and not (want['text'] or '').strip():
        pass  # what the calendar describes
    elif want['has_text'] != (got.get('text') is not None):
        yield f'{where}text: want {want["has_text"]}, got {got.get("text") is not None}'
    elif want['text'] and want['text'].strip() and not same_text(want['text'], got['text']):
        yield f'{where}text differs: {first_difference(want["text"], got["text"])}'
    yield from compare_attachments(want['attachments'], got['attachments'], where)


def first_difference(want, got):
    want, got = newlines(want).rstrip(), newlines(got).rstrip()
    n = min(len(want), len(got))
    at = next((i for i in range(n) if want[i] != got[i]), n)
    return f'at {at}: want {want[max(0, at - 20):at + 40]!r}, got {got[max(0, at - 20):at + 40]!r}'


def compare_attachments(want, got, where):
    if len(want) != len(got):
        yield f'{where}attachments: want {[a["name"] or a["type"] for a in want]}, ' \
              f'got {[a["name"] or a["type"] for a in got]}'
        return
    for number, (w, g) in enumerate(zip(want, got), 1):
        here = f'{where}attachment {number}: '
        if w['name'] and not same_text(w['name'], g['name']):
            yield f'{here}name: want {w["name"]!r}, got {g["name"]!r}'
        if w['type'] != g['type']:
            yield f'{here}type: want {w["type"]!r}, got {g["type"]!r}'
        if (w['message'] is None) != (g.get('message') is None):
            yield f'{here}embedded message: want {w["message"] is not None}'
        elif w['message']:
            yield from compare(w['message'], g['message'], here)
        elif w['sha256'] and w['sha256'] != g['sha256']:
            yield f'{here}content: want {w["size"]} bytes {w["sha256"][:12]}, ' \
                  f'got {g["size"]} bytes {g["sha256"][:12]}'


def main():
    args = sys.argv[1:]
    if len(args) == 1:
        print(json.dumps(expect_file(args[0]), ensure_ascii=True))
        return 0
    if len(args) == 2 and args[0] == '--check':
        differences = list(compare(expect_file(args[1]), json.load(sys.stdin)))
        print('\n'.join(differences))
        return 1 if differences else 0
    sys.stderr.write(__doc__)
    return 64


if __name__ == '__main__':
    sys.exit(main())
