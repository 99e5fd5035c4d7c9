#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each row of docs/compatibility.md that says what holds names its proof, and each proof is a test that there is."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
WITHOUT = ("not made", "not needed", "not the driver's", "the Toolkit's own", "INVALID_DEVICE_REQUEST: with the proxy", "to come",
           "not shown")


def words(*globs):
    """All identifiers in files of tests."""
    found = set()
    for pattern in globs:
        for path in ROOT.glob(pattern):
            found |= set(re.findall(r"\w+", path.read_text(encoding="utf-8", errors="replace")))
    return found


def titles(path):
    """The groups of a transcript, or of the table."""
    return [line[2:].strip() for line in (ROOT / path).read_text(encoding="utf-8").splitlines() if line.startswith("# ")]


CASES = {
    "table": words("tests/behaviour/*.c"),
    "unit": words("tests/unit/*.c"),
    "cpl": words("tests/wine/imdisk_cpl*.c"),
    "partition": words("tests/unit/partition_test.c"),
    "mbr": words("tests/unit/mbr_test.c"),
    "gpt": words("tests/unit/gpt_test.c"),
    "volume": words("tests/unit/volume_test.c"),
    "look": words("tests/unit/look_test.c"),
    "arguments": words("tests/unit/imdisk_arguments_test.c"),
    "sim": words("tests/sim/*.c"),
}
TITLES = {
    "imdisk": titles("tests/wine/imdisk.transcript"),
    "cli": titles("tests/wine/cli.transcript"),
    "imdisk-table": titles("tests/wine/imdisk.table"),
}
SCRIPTS = {path.stem.replace("_", "-") for path in (ROOT / "tests/wine").glob("*.sh")}
FILES = {path.stem.removesuffix("_test") for path in (ROOT / "tests/unit").glob("*.c")}


def is_title(kind, name):
    name = re.sub(r"\(.*", "", name).strip('" ')
    return name == "all groups" or any(title.startswith(name) for title in TITLES[kind])


def is_case(kind, name):
    name = re.sub(r"\(.*", "", name).strip()
    if kind == "unit" and "/" not in name:
        return name in FILES or name in CASES["unit"]
    return all(part in CASES[kind] or part in FILES for part in name.split("/"))


def is_proof(text, kind):
    """Whether `text` names a test; without a kind of its own it is of the kind before it. Returns that kind, too."""
    text = text.strip()
    match = re.match(r"(table|unit|cpl|partition|mbr|gpt|volume|look|arguments|imdisk|cli|imdisk-table|audit|sim/[\w-]+): *(.+)", text)
    if match:
        kind, text = match.groups()
    if text == "imdisk-table":
        return True, text
    if text.startswith(("static assertions", "same", "audit", "look", "sim/", "wine/")) and not match:
        names = re.findall(r"(sim|wine)/([\w-]+)", text)
        return all(name in SCRIPTS if where == "wine" else (ROOT / f"tests/sim/{name.replace('-', '_')}.c").exists()
                   or name == "disk-many" for where, name in names), kind
    if kind is None:
        return False, kind
    if kind == "audit":
        return text.strip('" ') in (ROOT / "tests/audit/audit.sh").read_text(), kind
    if kind in TITLES:
        return is_title(kind, text), kind
    return is_case("sim" if kind.startswith("sim/") else kind, text), kind


def split(cell):
    """The proofs of a cell: commas and semicolons are between them, but not in brackets or quotes."""
    return [part for part in re.findall(r'(?:[^,;("]|\([^)]*\)|"[^"]*")+', cell) if part.strip()]


def problems():
    lines = (ROOT / "docs/compatibility.md").read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if not line.startswith("| ") or len(cells) < 2 or cells[0] == "fact":
            continue
        proof = cells[2].rstrip(" |") if len(cells) > 2 else ""
        if not proof:
            if not cells[1].rstrip(" |").startswith(WITHOUT):
                yield f"{number}: no proof: {cells[0]}"
            continue
        kind = None
        for part in split(proof):
            good, kind = is_proof(part, kind)
            if not good:
                yield f"{number}: there is no such test: {part.strip()}"


found = list(problems())
print("\n".join(found))
sys.exit(bool(found))
