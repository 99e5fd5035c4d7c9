#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes src/cli/ballast/character_table.h: how many columns characters take, by the Unicode data that Python has."""
import unicodedata

HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
VARIATIONS = list(range(0xFE00, 0xFE10)) + list(range(0xE0100, 0xE01F0))  # terminals disagree what they do


def columns(code):
    """The kind of a character; None for what is not assigned."""
    character = chr(code)
    category = unicodedata.category(character)
    if category in HIDDEN or code in VARIATIONS or code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF:
        return "HIDDEN"
    if 0xE0000 <= code <= 0xE0FFF:  # tags
        return "HIDDEN"
    if 0x20000 <= code <= 0x3FFFD:
        return "WIDE"
    if category == "Cn":
        return None
    if category in ("Mn", "Me") or 0x1160 <= code <= 0x11FF:
        return "NONE"
    return "WIDE" if unicodedata.east_asian_width(character) in ("W", "F") else "ONE"


def ranges():
    """(first, last, kind); what is not assigned belongs to what is before it."""
    found = []
    for code in range(0x110000):
        kind = columns(code)
        if found and kind in (None, found[-1][2]):
            if kind is not None:
                found[-1][1] = code
        else:
            found.append([code, code, kind])
    return [each for each in found if each[2] != "ONE"]


def main():
    print("/* SPDX-License-Identifier: MIT */")
    print(f"/* Written by tools/characters.py, of Unicode {unicodedata.unidata_version}: what is not one column wide. */")
    print("/* clang-format off */")
    rows = [f"{{0x{first:04X}, 0x{last:04X}, {kind}}}," for first, last, kind in ranges()]
    for i in range(0, len(rows), 4):
        print(" ".join(rows[i:i + 4]))


main()
