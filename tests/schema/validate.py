#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Validates what `ballast ... --json` has printed against docs/schema. Prints TAP.

The input has, for each command that was run, a line "$ EXPECTED-EXIT EXIT COMMAND..." and the lines of its standard
output. A command's schema is that of its first two words. Each schema must have been met by a result and by a failure,
and none may be so lax that a member could be missing, or another be there.
"""

import json
import pathlib
import sys

import jsonschema

SCHEMAS = pathlib.Path(__file__).resolve().parents[2] / "docs" / "schema"
STATE_ONLY = {"driver-status"}  # its exit code tells a state, for which there is no failure


class Tap:
    count = failures = 0

    def check(self, good, name, *notes):
        self.count += 1
        self.failures += not good
        for note in () if good else notes:
            print("#", note)
        print("ok" if good else "not ok", self.count, "-", name)


def load(name):
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    resolver = jsonschema.RefResolver(SCHEMAS.as_uri() + "/", schema)
    return jsonschema.Draft202012Validator(schema, resolver=resolver)


def objects(document, path=()):
    """The paths of all objects in a document."""
    if isinstance(document, dict):
        yield path
    items = document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    for key, value in items:
        yield from objects(value, path + (key,))


def changed(document, path, change):
    copy = json.loads(json.dumps(document))
    place = copy
    for key in path:
        place = place[key]
    change(place)
    return copy


def laxness(validator, document):
    """A change of the document that the schema should not allow, but does."""
    for path in objects(document):
        if validator.is_valid(changed(document, path, lambda place: place.update(surprise=1))):
            return f"another member at {list(path)}"
        place = document
        for key in path:
            place = place[key]
        for member in place:
            # An error beside a result, and the disk driver's number of disks, are there or not.
            rest = set(place) - {member}
            if rest == {"error"} or (member in ("error", "disks") and rest):
                continue
            if validator.is_valid(changed(document, path, lambda p, m=member: p.pop(m))):
                return f"no member {member} at {list(path)}"
    return None


def read(lines):
    """(words, expected exit code, exit code, lines) of each command."""
    record = None
    for line in lines:
        if line.startswith("$ "):
            if record:
                yield record
            _, expected, code, *words = line.split()
            record = (words, int(expected), int(code), [])
        else:
            record[3].append(line.rstrip("\n"))
    if record:
        yield record


def fails(document):
    return isinstance(document, dict) and "error" in document


def check_record(tap, met, words, expected, code, lines):
    name = "-".join(words[:2])
    title = "ballast " + " ".join(words)
    try:
        documents = [json.loads(line) for line in lines]
    except json.JSONDecodeError as error:
        tap.check(False, title, error, *lines)
        return
    validator = load(name)
    problems = [f"{error.json_path}: {error.message}" for document in documents for error in validator.iter_errors(document)]
    problems += [f"the schema allows {lax}" for lax in (laxness(validator, document) for document in documents) if lax]
    if code != expected:
        problems.append(f"exit code {code} instead of {expected}")
    if not documents:
        problems.append("no output")
    failure = documents and fails(documents[-1])
    if name not in STATE_ONLY and documents and failure != (code != 0):
        problems.append("it fails without saying so, or the other way round")
    if failure and documents[-1]["error"]["code"] != code:
        problems.append("the error has another code")
    tap.check(not problems, title, *problems, *lines)
    met.update((name, fails(document) and len(document) == 1) for document in documents)


def main():
    tap = Tap()
    met = set()
    for record in read(sys.stdin):
        check_record(tap, met, *record)
    for path in sorted(SCHEMAS.glob("*.json")):
        if path.stem != "common":
            tap.check((path.stem, False) in met, f"{path.stem}: a result was validated")
            tap.check((path.stem, True) in met, f"{path.stem}: a failure was validated")
    print(f"1..{tap.count}")
    return 1 if tap.failures or not tap.count else 0


sys.exit(main())
