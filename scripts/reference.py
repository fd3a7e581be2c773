"""Write docs/magics.md from the magics' own definitions; with ``--check``, say whether it is up to date."""

from __future__ import annotations

import sys
from pathlib import Path

from wasmnb.commands import COMMANDS, reference

TARGET = Path(__file__).parent.parent / "docs" / "magics.md"


def text() -> str:
    """Give the reference as Markdown."""
    lines = ["# The magics", "", "Made by `make docs` from the definitions that parse the lines.", ""]
    for command in COMMANDS.values():
        mark = "%%" if command.body else "%"
        lines += [f"## `{mark}{command.name}`", "", command.summary, ""]
        rows = [(label, words) for magic, label, words in reference() if magic.lstrip("%") == command.name]
        if rows:
            lines += ["| word | meaning |", "|---|---|"]
            lines += [f"| `{label}` | {words.replace('|', '&#124;')} |" for label, words in rows]
            lines.append("")
        if command.examples:
            lines += [f"    {line}" for example in command.examples for line in example.splitlines()] + [""]
    return "\n".join(lines)


def main() -> int:
    """Write the file, or compare."""
    if "--check" in sys.argv:
        return 0 if TARGET.read_text("utf-8") == text() else 1
    TARGET.write_text(text(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
