#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Each row of docs/compatibility.md that says what holds names its proof, and each proof is a test that there is. What a row
that is "kept" or "fixed" says in so many words (a status, a number of three digits and more, an exit code, a text of imdisk.exe)
stands in the test that proves it, too.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
WITHOUT = ("not made", "not needed", "not the driver's", "the Toolkit's own", "INVALID_DEVICE_REQUEST: with the proxy", "to come",
           "not shown")


def read(path):
    return path.read_text(encoding="utf-8", errors="replace")


def definitions(text):
    """Functions, tables and macros of a C file."""
    found = {}
    patterns = (r"^(?:static )?(?:inline )?[\w *]+?\b(\w+)\([^;{]*\)\n\{\n.*?^\}",
                r"^(?:static )?(?:const )?[\w *]+?\b(\w+)(?:\[\w*\])* = \{\n.*?^\};",
                r"^#define (\w+).*?[^\\]$")
    for pattern in patterns:
        for match in re.finditer(pattern, text, re.S | re.M):
            found[match.group(1)] = found.get(match.group(1), "") + match.group(0)
    return found


def cases(*globs):
    """The text of each function in files of tests, with what it uses of its file."""
    found = {}
    for path in (path for pattern in globs for path in ROOT.glob(pattern)):
        known = definitions(read(path))
        for name in known:
            used, new = set(), {name}
            while new:
                used |= new
                new = {word for use in new for word in re.findall(r"\w+", known[use])} & known.keys() - used
            found[name] = found.get(name, "") + "".join(known[use] for use in sorted(used))
    return found


def groups(path):
    """The groups of a transcript, or of the table, by title."""
    parts = re.split(r"^# (.*)$", read(ROOT / path), flags=re.M)
    return dict(zip((title.strip() for title in parts[1::2]), parts[2::2]))


CASES = {
    "table": cases("tests/behaviour/*.c"),
    "unit": cases("tests/unit/*.c"),
    "cpl": cases("tests/wine/imdisk_cpl*.c"),
    "partition": cases("tests/unit/partition_test.c"),
    "mbr": cases("tests/unit/mbr_test.c"),
    "gpt": cases("tests/unit/gpt_test.c"),
    "volume": cases("tests/unit/volume_test.c"),
    "look": cases("tests/unit/look*_test.c"),
    "arguments": cases("tests/unit/imdisk_arguments_test.c"),
}
GROUPS = {
    "imdisk": groups("tests/wine/imdisk.transcript"),
    "cli": groups("tests/wine/cli.transcript"),
    "imdisk-table": groups("tests/wine/imdisk.table"),
}
AUDIT = read(ROOT / "tests/audit/audit.sh")
KINDS = "|".join([*CASES, *GROUPS, "audit", r"sim/[\w-]+"])


def text_of_group(kind, name):
    titles = [title for title in GROUPS[kind] if name in ("all groups", kind) or title.startswith(name)]
    return "".join(GROUPS[kind][title] for title in titles) if titles else None


def text_of_case(kind, name):
    if kind.startswith("sim/"):
        return cases(f"tests/{kind.replace('-', '_')}.c").get(name)
    text = ""
    for part in name.split("/"):
        path = ROOT / f"tests/unit/{part}_test.c"
        if kind == "unit" and path.exists():
            text += read(path) if "/" not in name else ""
        elif part in CASES[kind]:
            text += CASES[kind][part]
        else:
            return None
    return text


def text_of_file(name):
    """A program or script as a whole, such as sim/disk-boot; None: there is none."""
    where, stem = name.split("/")
    directory = "behaviour" if stem == "disk-many" else where
    path = ROOT / f"tests/{directory}/{stem.replace('-', '_')}.{'sh' if where == 'wine' else 'c'}"
    return read(path) if path.exists() else None


def text_of_proof(text, kind):
    """The text of the test that `text` names, None if there is none; without a kind of its own it is of `kind`. And its kind."""
    text = re.sub(r"\(.*", "", text).strip()
    match = re.match(rf"({KINDS}): *(.+)", text)
    if match:
        kind, text = match.groups()
    text = text.strip('" ')
    if not match and re.fullmatch(r"(sim|wine)/[\w-]+", text):
        return text_of_file(text), kind
    if not match and text in ("look", "imdisk-table"):
        return "".join((CASES | GROUPS)[text].values()), text
    if kind == "audit":
        return (AUDIT if text in AUDIT else None), kind
    if kind in GROUPS:
        return text_of_group(kind, text), kind
    return (text_of_case(kind, text) if kind is not None else None), kind


def proofs(cell):
    """The proofs of a cell: commas and semicolons are between them, but not in brackets or quotes."""
    return [part.strip() for part in re.findall(r'(?:[^,;("]|\([^)]*\)|"[^"]*")+', cell) if part.strip()]


STATUSES = set(re.findall(r"#define ([A-Z_]+) +0x[8C]\w{7}u", read(ROOT / "tests/behaviour/disk_table.h")))
STATUSES |= {"MEDIA_WRITE_PROTECTED"} | set(re.findall(r"ERROR_([A-Z]+_[A-Z_]+)", "".join(CASES["cpl"].values())))
PLACE = r"\b(N|M|F|X|g|UNIT|mount|file|attributes)\b"  # what a text of imdisk.exe has another word for


def literals(fact, of_tool):
    """What a fact says in so many words, as regular expressions."""
    quoted = re.findall(r"`([^`]+)`", fact)
    plain = re.sub(r"`[^`]*`|\([^)]*\)|ISO 9660", "", fact)
    for word in re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", plain):
        if word in STATUSES:
            yield re.escape(word.removeprefix("MEDIA_"))
    for number in re.findall(r"\b(?:0x[0-9A-F]+|\d{3,})\b(?!\w)", plain):
        yield rf"(?<![0-9A-Za-z]){number}"
    for text in quoted if of_tool else []:
        if re.match(r"[A-Z][a-z]+ |.*\.\.\.$|Done", text):
            yield re.sub(PLACE, ".+", re.escape(text)).replace(re.escape("..."), ".*")
    for code in re.findall(r"exit code (-?\d+)", plain) if of_tool else []:
        code = int(code) & 255
        yield rf"\[exit {code}\]|\| +{code} +\|" if code != 0 else ""


def problems():
    previous = ""
    of_tool = False
    for number, line in enumerate(read(ROOT / "docs/compatibility.md").splitlines(), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        of_tool = of_tool or line.startswith("## imdisk.exe")
        if not line.startswith("| ") or len(cells) < 2 or cells[0] == "fact":
            continue
        cell = cells[2].rstrip(" |") if len(cells) > 2 else ""
        if not cell:
            if not cells[1].rstrip(" |").startswith(WITHOUT):
                yield f"{number}: no proof: {cells[0]}"
            continue
        kind, all_text = None, ""
        for part in proofs(cell):
            text, kind = (previous, kind) if part == "same" else text_of_proof(part, kind)
            if text is None:
                yield f"{number}: there is no such test: {part}"
            all_text += text or ""
        # What holds is in the second cell of a row that is "fixed": the first is what ImDisk does.
        fact = cells[0] if cells[1].startswith("kept") else cells[1] if cells[1].startswith("fixed") else ""
        for literal in literals(fact, of_tool):
            if not re.search(literal, all_text):
                yield f"{number}: the proofs do not have {literal}: {cell}"
        previous = all_text


found = list(problems())
print("\n".join(found))
sys.exit(bool(found))
