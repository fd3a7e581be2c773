"""What compilers themselves would change, as edits of the cell."""

from __future__ import annotations

import json

from wasmnb.compile.diagnostics import Diagnostic, Edit, Fix, parse
from wasmnb.compile.rust.messages import read

CELL = "\nauto 名 = nam(1)\nif (a = b) {}\n"
CLANG = """\
cell.cc:2:12: error: use of undeclared identifier 'nam'; did you mean 'name'?
    2 | auto x = nam(1)
      |          ^~~
      |          name
fix-it:"cell.cc":{2:12-2:15}:"name"
other.h:9:1: note: 'name' declared here
cell.cc:2:18: error: expected ';'
fix-it:"cell.cc":{2:18-2:18}:";"
cell.cc:3:7: warning: using the result of an assignment as a condition without parentheses [-Wparentheses]
    3 | cell.cc:1:1: error: this is quoted, and nothing that was said
cell.cc:3:7: note: place parentheses around the assignment to silence this warning
fix-it:"cell.cc":{3:5-3:5}:"("
fix-it:"cell.cc":{3:10-3:10}:")"
cell.cc:3:7: note: use '==' to turn this assignment into an equality comparison
fix-it:"cell.cc":{3:7-3:8}:"=="
fix-it:"other.h":{1:1-1:1}:"x"
"""


def test_clangs_suggestions_count_characters_and_belong_to_what_they_are_for():
    undeclared, expected, condition = parse(CLANG, CELL)
    # The name before has three bytes and one character.
    assert undeclared.fixes == (Fix("change to 'name'", (Edit(2, 10, 2, 13, "name"),)),)
    assert expected.fixes == (Fix("insert ';'", (Edit(2, 16, 2, 16, ";"),)),)
    silence, compare = condition.fixes
    assert silence.title == "place parentheses around the assignment to silence this warning"
    assert [edit.text for edit in silence.edits] == ["(", ")"]
    assert compare == Fix("use '==' to turn this assignment into an equality comparison", (Edit(3, 7, 3, 8, "=="),))


def test_what_is_kept_is_read_again_also_of_before_there_were_suggestions():
    for one in parse(CLANG, CELL):
        assert Diagnostic.from_dict(json.loads(json.dumps(one.to_dict()))) == one
    old = {"severity": "error", "message": "no", "line": 1, "column": 1, "quote": "", "text": "cell", "notes": []}
    assert Diagnostic.from_dict(old).fixes == ()


def test_rusts_suggestions_are_whole_and_without_placeholders():
    def span(line: int, text: str | None, sure: str | None, file: str = "cell.rs") -> dict:
        place = {"line_start": line, "line_end": line, "column_start": 5, "column_end": 8, "file_name": file}
        return {
            **place,
            "suggested_replacement": text,
            "suggestion_applicability": sure,
            "label": None,
            "is_primary": True,
        }

    def child(message: str, *spans: dict) -> dict:
        return {"level": "help", "message": message, "spans": list(spans), "children": []}

    item = {
        "level": "error",
        "message": "no variant",
        "code": None,
        "spans": [span(3, None, None)],
        "children": [
            child("there is one", span(3, "one", "MaybeIncorrect")),
            child("write it out", span(3, "/* value */", "HasPlaceholders")),
            child("elsewhere too", span(3, "x", "MachineApplicable"), span(9, "y", "MachineApplicable", "lib.rs")),
            child("for your information"),
        ],
    }
    (found,) = read(json.dumps(item), "\n\n    abc\n")
    assert (found.line, found.column, found.end_line, found.end_column) == (3, 5, 3, 8)
    assert found.fixes == (Fix("there is one", (Edit(3, 5, 3, 8, "one"),)),)
