"""Draws docs/images/gallery/: what each template does, from its own cases; and gives docs/gallery.md.

A picture shows the first case of a template that changes something, and the first of what an attacker would send, as
the emulator ran them in C++. Each has the digest of what it was drawn from, which a test looks at. The page is written
by ``make docs``; ``python scripts/gallery.py`` draws the pictures that are not up to date.
"""

from __future__ import annotations

import hashlib
import json
import re
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from wasmnb import cases
from wasmnb.cases import Runner
from wasmnb.cases.model import Phase
from wasmnb.compile import Filter
from wasmnb.compile.languages import LANGUAGES
from wasmnb.project import TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wasmnb.cases.model import Case, Stream
    from wasmnb.cases.observation import Exchange, Observation
    from wasmnb.project import Template

PICTURES = Path(__file__).parents[1] / "docs" / "images" / "gallery"
#: The dozen that most people need comes first.
FIRST = (
    *("jwt", "rate-limit", "header-rewrite", "redaction", "ab-routing", "request-id"),
    *("cors", "circuit-breaker", "access-log", "callout-cache", "maintenance", "security-headers"),
)
_ATTACK = re.compile(r"^# What (?:an attacker|a service).*\n", re.MULTILINE)
_NAME = re.compile(r"^- name: (.*)$", re.MULTILINE)
_COLUMNS, _ROW, _LETTER, _MARGIN = 64, 19, 7.4, 12
_COLOURS = {"+": "#116329", "-": "#a40e26", "!": "#a40e26", "#": "#57606a", " ": "#1f2328"}
_QUIET = {":authority", ":scheme", ":method", ":path", ":status", "content-length", "content-type"}


def ours() -> list[Template]:
    """Give the templates of this checkout, those of the dozen first."""
    folder = TEMPLATES.load("add-header").folder.parent
    there = {word: one for word, one in TEMPLATES.loaded().items() if one.folder.parent == folder}
    return [there[word] for word in dict.fromkeys((*FIRST, *there))]


def gallery() -> str:
    """Give docs/gallery.md."""
    lines = ["# Gallery: filters to begin with", ""]
    lines += [
        "Made by `make docs` from the templates. `%wasm_init my-filter --template NAME` (`wasmnb init` in a shell)",
        "begins a project with one of these. Each has cases, with what an attacker would send among them; `make test`",
        "in the project runs them. Our own tests do so on a real Envoy and on the emulator. A picture shows two of",
        "these cases: `+` is what the filter adds, `-` what it takes away, and `!` where it answers by itself.",
        "",
        "| template | what it does | languages |",
        "|---|---|---|",
    ]
    for one in ours():
        names = [LANGUAGES.load(word).name for word in one.languages()]
        said = "all four" if len(names) == len(LANGUAGES.names()) else ", ".join(names)
        lines.append(f"| [`{one.word}`](#{one.word}) | {one.about} | {said} |")
    for one in ours():
        usual, attacks = named(one)
        config = json.dumps(json.loads((one.folder / "config.json").read_text("utf-8")), indent=2, ensure_ascii=False)
        lines += ["", f"## {one.word}", "", (one.folder / "about.md").read_text("utf-8").strip(), ""]
        lines += [f"![{one.word} {one.about}](images/gallery/{one.word}.svg)", ""]
        lines += [f"**Limits.** {(one.folder / 'limits.md').read_text('utf-8').strip()}", ""]
        lines += ["Its configuration, for example:", "", "```json", config, "```", ""]
        lines += [
            f"<details><summary>{len(usual) + len(attacks)} cases, {len(attacks)} of them of attacks and mistakes"
        ]
        lines += ["</summary>", "", *(f"- {name}" for name in usual), ""]
        lines += ["What an attacker would send, and what must be refused:", "", *(f"- {name}" for name in attacks), ""]
        lines += ["</details>"]
    return "\n".join([*lines, ""])


def named(template: Template) -> tuple[list[str], list[str]]:
    """Give the names of a template's cases: those of daily life, and those of an attacker."""
    usual, attacks = [], []
    for file in sorted(template.folder.glob("*.wasmtest.yaml")):
        before, *behind = _ATTACK.split(file.read_text("utf-8"), maxsplit=1)
        usual += _NAME.findall(before)
        attacks += _NAME.findall("".join(behind))
    return usual, attacks


def stamp(template: Template) -> str:
    """Give the digest of what a picture is drawn from."""
    read = (template.folder / name for name in ("filter.cc", "cases.wasmtest.yaml"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in read)).hexdigest()


def stale(template: Template) -> bool:
    """Say whether a template's picture was drawn from something else, or is not there."""
    picture = PICTURES / f"{template.word}.svg"
    return not picture.is_file() or stamp(template) not in picture.read_text("utf-8")


def draw(template: Template, runner: Runner) -> str:
    """Run the cases of a template that tell most, and draw what they did."""
    module = Filter(template.word, (template.folder / "filter.cc").read_text("utf-8"), "cpp").build()
    suite = cases.load(template.folder / "cases.wasmtest.yaml")
    attacks = set(named(template)[1])
    rows: list[str] = []
    for attack in (False, True):
        chosen: list[str] = []
        for case in suite.cases:
            if case.refused or (case.name in attacks) != attack:
                continue
            observed = runner.run(replace(suite, cases=(case,)), module)[0].observation
            seen = [f"# {'attack: ' if attack else ''}{case.name}", *_rows(case, observed)]
            chosen = chosen or seen
            if any(row[0] in "+-" for row in seen) or (attack and any(row[0] == "!" for row in seen)):
                chosen = seen
                break
        rows += ([" "] if rows and chosen else []) + chosen
    return _svg(template, [row if len(row) <= _COLUMNS else f"{row[: _COLUMNS - 1]}…" for row in rows])


def _rows(case: Case, observed: Observation) -> Iterator[str]:
    for stream, exchange in zip(case.streams, observed.exchanges, strict=True):
        yield from _exchange(stream, exchange)
    yield from (f"  asks {call}" for call in observed.calls)
    yield from (f"  counts {name}: {count}" for name, count in observed.metrics.items() if count)
    for line in observed.log:
        first, *more = textwrap.wrap(line.text.partition("() ")[2] or line.text, _COLUMNS - 8)
        yield from (f"+ log: {first}", *(f"+      {text}" for text in more))


def _exchange(stream: Stream, exchange: Exchange) -> Iterator[str]:
    sent = dict(stream.headers(Phase.REQUEST_HEADERS))
    yield f"  → {sent.get(':method', 'GET')} {sent.get(':path', '/')}"
    given = stream.headers(Phase.REQUEST_HEADERS)
    yield from (f"    {name}: {value}" for name, value in given if name not in _QUIET)
    answer = dict(exchange.response[Phase.RESPONSE_HEADERS].headers)
    if any(one.replied for one in exchange.callbacks):
        yield f"! ← {answer[':status']}"
        yield from (f"    {name}: {value}" for name, value in answer.items() if name not in _QUIET)
        said = exchange.response[Phase.RESPONSE_BODY].body.decode("utf-8", "replace").strip()
        yield from ([f"    {said}"] if said else [])
        return
    yield from _changes(given, exchange.request[Phase.REQUEST_HEADERS].headers)
    yield f"  ← {answer[':status']}"
    yield from _changes(stream.headers(Phase.RESPONSE_HEADERS), exchange.response[Phase.RESPONSE_HEADERS].headers)
    before, after = b"".join(stream.chunks(Phase.RESPONSE_BODY)), exchange.response[Phase.RESPONSE_BODY].body
    if before != after:
        yield from (f"{sign}   {body.decode('utf-8', 'replace')}" for sign, body in (("-", before), ("+", after)))


def _changes(before: tuple[tuple[str, str], ...], after: tuple[tuple[str, str], ...]) -> Iterator[str]:
    known = {(name.lower(), value) for name, value in before}
    left = {(name.lower(), value) for name, value in after}
    yield from (f"-   {n}: {v}" for n, v in before if (n.lower(), v) not in left and n not in _QUIET)
    yield from (f"+   {n}: {v}" for n, v in after if (n.lower(), v) not in known and n not in _QUIET)


def _svg(template: Template, rows: list[str]) -> str:
    width, height = round(_COLUMNS * _LETTER + 2 * _MARGIN), len(rows) * _ROW + 2 * _MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img">',
        f"<title>{escape(template.word)}: {escape(template.about)}</title>",
        f"<!-- drawn by scripts/gallery.py from {stamp(template)} -->",
        f'<rect width="{width}" height="{height}" rx="6" fill="#f6f8fa"/>',
        '<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="12">',
    ]
    for index, row in enumerate(rows):
        y = _MARGIN + index * _ROW + 14
        # Spaces at the beginning of a line, and several of them, are drawn as one.
        text = (row[2:] if row[0] == "#" else row).replace("  ", "\u00a0\u00a0")
        weight = ' font-weight="bold"' if row[0] == "#" else ""
        lines.append(f'<text x="{_MARGIN}" y="{y}" fill="{_COLOURS[row[0]]}"{weight}>{escape(text)}</text>')
    return "\n".join([*lines, "</g>", "</svg>", ""])


def main() -> None:
    """Draw the pictures that are not up to date."""
    PICTURES.mkdir(exist_ok=True)
    with Runner("emulator") as runner:
        for one in filter(stale, ours()):
            (PICTURES / f"{one.word}.svg").write_text(draw(one, runner), "utf-8")
            print(one.word)


if __name__ == "__main__":
    main()
