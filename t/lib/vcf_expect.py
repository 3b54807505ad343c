"""vcf_expect.py - for t/40-corpus/vcf.t: vCards read by nothing of ours, before and after.

vcf_expect.py DIR < names: for file number N on standard input compares its properties with those in
DIR/N.vcf, all of them, and with those in DIR/N.plain.vcf those that MAPI has. Prints a line of JSON for each:
the number of properties, what is missing and what is there that wasn't.
"""
import base64
import json
import quopri
import re
import sys

# What MAPI's properties alone have to bring back: of each the value's letters and digits.
PLAIN = ("FN", "N", "NOTE", "ORG", "TITLE", "EMAIL", "TEL", "BDAY")


def decode(data):
    for bom, charset in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(bom):
            return data.decode(charset, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def lines_of(text):
    """Logical lines: folds and soft line breaks undone."""
    version, out, quoted, base64ed = "3.0", [], False, False
    physical = re.split(r"\r\n|\n|\r", text)
    for i, line in enumerate(physical):
        if quoted and out and out[-1].endswith("="):
            out[-1] = out[-1][:-1] + line
            continue
        if line[:1] in (" ", "\t") and out:
            out[-1] += line if version == "2.1" and not base64ed and not quoted else line[1:]
            continue
        head = line.split(":")[0].upper()
        if base64ed and line and re.fullmatch(r"[A-Za-z0-9+/=]+", line) and out:
            out[-1] += line
            continue
        quoted, base64ed = "QUOTED-PRINTABLE" in head, "BASE64" in head or "ENCODING=B" in head
        if head == "BEGIN":
            rest = "\n".join(physical[i + 1:]).upper()
            rest = rest[:rest.find("BEGIN:")] if "BEGIN:" in rest else rest
            found = re.search(r"^VERSION:(\S*)", rest, re.M)
            version = found.group(1) if found else "3.0"
        out.append(line)
    return out


def split_head(line):
    """Name, parameters and value; None for what isn't a content line."""
    quoted = False
    for i, c in enumerate(line):
        quoted ^= c == '"'
        if c == ":" and not quoted:
            parts = re.findall(r'(?:[^;"]|"[^"]*")+', line[:i])
            return (parts[0].upper(), parts[1:], line[i + 1:]) if parts and re.fullmatch(
                r"[A-Za-z0-9\-_./]+", parts[0]) else None
    return None


def text_of(value):
    return re.sub(r"\\(.)", lambda m: "\n" if m.group(1) in "nN" else m.group(1), value, flags=re.S)


def property_of(line, version):
    name, params, value = line
    words, encoding, charset = [], "", None
    for param in params:
        key, _, word = param.partition("=")
        key, word = key.upper(), word.replace('"', "")
        if not word:
            key, word = "TYPE", key
            if word in ("QUOTED-PRINTABLE", "BASE64", "8BIT", "7BIT"):
                key = "ENCODING"
            elif word in ("INLINE", "URL", "CID", "CONTENT-ID"):
                key = "VALUE"
        if key == "ENCODING":
            encoding = word.upper()
        elif key == "CHARSET":
            charset = word
        else:
            words += [key + "=" + w.upper() for w in word.split(",")]
    if encoding in ("BASE64", "B"):
        value = "bytes " + re.sub(r"\s|=", "", value)
    else:
        if encoding == "QUOTED-PRINTABLE":
            raw = quopri.decodestring(value.encode("utf-8", "replace"))
            try:
                value = raw.decode(charset or "utf-8")
            except (LookupError, UnicodeDecodeError):
                value = raw.decode("utf-8" if not charset else "cp1252", "replace")
        value = text_of(value).replace("\r\n", "\n").replace("\r", "\n")
    return name, " ".join(sorted(words)), value


def cards_of(text):
    """One list of properties for each card; what is in a card inside of one counts as its own."""
    cards, depth = [], 0
    for logical in lines_of(text):
        line = split_head(logical)
        if not line:
            continue
        if line[0] == "BEGIN" and line[2].strip().upper() == "VCARD":
            depth += 1
            cards.append(["3.0", []])
        elif line[0] == "END" and depth:
            depth -= 1
        elif depth:
            if line[0] == "VERSION":
                cards[-1][0] = line[2].strip()
            cards[-1][1].append(line)
    return [[property_of(line, version) for line in lines] for version, lines in cards]


def bare(value):
    return re.sub(r"[\W_]+", "", value).lower()


def compare(theirs, ours):
    left = list(ours)
    missing = []
    for prop in theirs:
        if prop in left:
            left.remove(prop)
        else:
            missing.append(prop)
    return missing, left


def plain_missing(theirs, ours):
    """Values of PLAIN's names that no property of that name has."""
    missing = []
    for name, words, value in theirs:
        name = name.split(".")[-1]
        values = [bare(v) for n, _, v in ours if n.split(".")[-1] == name]
        want = bare(re.sub(r"^(tel|mailto):", "", value, flags=re.I)) if name in ("TEL", "EMAIL") else bare(value)
        if name == "BDAY":
            want = want[:8]
        if name in PLAIN and want and want not in values:
            missing.append((name, value[:80]))
    return missing


def main():
    for n, name in enumerate(sys.stdin):
        with open(name.rstrip("\n"), "rb") as file:
            theirs = cards_of(decode(file.read()))
        result = {"n": n, "properties": sum(len(c) for c in theirs), "missing": [], "new": [], "plain": []}
        try:
            with open("%s/%d.vcf" % (sys.argv[1], n), "rb") as file:
                ours = cards_of(file.read().decode("utf-8"))
            with open("%s/%d.plain.vcf" % (sys.argv[1], n), "rb") as file:
                plain = cards_of(file.read().decode("utf-8"))
        except OSError:
            result["refused"] = True
            print(json.dumps(result))
            continue
        for i, card in enumerate(theirs):
            missing, new = compare(card, ours[i] if i < len(ours) else [])
            result["missing"] += missing
            result["new"] += [p for p in new if p[0] not in ("UID", "VERSION")]
            result["plain"] += plain_missing(card, plain[i] if i < len(plain) else [])
        print(json.dumps(result))


main()
