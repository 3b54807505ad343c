"""What Debian's python3-olefile finds in .msg files, a line of JSON for each name on standard
input. For t/40-corpus/msg.t."""
import hashlib
import json
import struct
import sys

import olefile


LOCALES = {0x404: 950, 0x419: 1251}  # those of the files that have 8-bit text


def charset(ole):
    codepage = number(ole, [], 0x3FFD0003) or LOCALES.get(number(ole, [], 0x3FF10003), 1252)
    return "cp%d" % codepage


def text(ole, where, tag):
    for kind, charset in (("001F", "utf-16-le"), ("001E", ole.charset)):
        name = where + ["__substg1.0_" + tag + kind]
        if ole.exists(name):
            return ole.openstream(name).read().decode(charset, "replace").rstrip("\0")
    return None


def number(ole, where, tag):
    data = ole.openstream(where + ["__properties_version1.0"]).read()
    for at in range(len(data) % 16, len(data) - 15, 16):
        if struct.unpack_from("<I", data, at)[0] == tag:
            return struct.unpack_from("<I", data, at + 8)[0]
    return None


def message(ole, where):
    storages = {entry[len(where)] for entry in ole.listdir()
                if len(entry) > len(where) + 1 and entry[:len(where)] == where}
    found = {"subject": text(ole, where, "0037"), "body": text(ole, where, "1000"),
             "recipients": [], "attachments": []}
    for name in sorted(storages):
        here = where + [name]
        if name.startswith("__recip_version1.0_#"):
            found["recipients"].append([text(ole, here, "3001"), text(ole, here, "3003")])
        if name.startswith("__attach_version1.0_#"):
            data = here + ["__substg1.0_37010102"]
            inner = here + ["__substg1.0_3701000D"]
            row = {"name": text(ole, here, "3707") or text(ole, here, "3704"), "md5": None}
            if ole.exists(data):
                row["md5"] = hashlib.md5(ole.openstream(data).read()).hexdigest()
            elif ole.exists(inner) and number(ole, here, 0x37050003) == 5:
                row["message"] = message(ole, inner)
            elif ole.exists(inner):
                row["storage"] = sorted(
                    [entry[len(inner):], hashlib.md5(ole.openstream(entry).read()).hexdigest()]
                    for entry in ole.listdir() if entry[:len(inner)] == inner)
            found["attachments"].append(row)
    return found


for line in sys.stdin:
    try:
        with olefile.OleFileIO(line.rstrip("\n"), raise_defects=olefile.DEFECT_INCORRECT) as ole:
            ole.charset = charset(ole)
            answer = message(ole, [])
    except Exception as error:  # whatever it can't read
        answer = {"error": repr(error)}
    print(json.dumps(answer), flush=True)
