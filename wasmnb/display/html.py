"""A record as static HTML: no script, nothing fetched, the colours of the theme it is shown in.

Colours are JupyterLab's CSS variables (``--jp-*``); elsewhere text keeps the colour of the page around it. Colour is
only ever on a sign that stands beside its word.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from wasmnb.display.text import cut, visible

if TYPE_CHECKING:
    from wasmnb.display.record import Block, Cell, Column, Record

__all__ = ["render"]

_LONGEST = 160
_NEVER_WRAPPED = 30

_STYLE = """\
.wasmnb{color:var(--jp-content-font-color1,inherit);container-type:inline-size;font-size:var(--jp-ui-font-size1,13px);
line-height:1.5}
.wasmnb table{border-collapse:collapse;font-size:inherit;margin:0 0 .4em;table-layout:auto}
.wasmnb caption,.wasmnb p{caption-side:top;color:inherit;font-size:inherit;font-style:normal;margin:0;
padding:.2em 0 .4em;text-align:left}
.wasmnb caption{max-width:min(60em,100cqi);width:max-content}
.wasmnb th,.wasmnb td{background:none;border:0;border-bottom:1px solid var(--jp-border-color2,rgba(128,128,128,.4));
max-width:44em;overflow-wrap:break-word;padding:.2em 1.2em .2em 0;text-align:left;vertical-align:top;
white-space:pre-wrap}
.wasmnb thead th{border-bottom-color:var(--jp-border-color1,rgba(128,128,128,.7));font-weight:600;white-space:nowrap}
.wasmnb th[scope=row]{font-weight:600}
.wasmnb tbody tr:nth-child(n){background:none}
.wasmnb td.number,.wasmnb th.number{font-variant-numeric:tabular-nums;text-align:right}
.wasmnb pre,.wasmnb .code{font-family:var(--jp-code-font-family,monospace);font-size:var(--jp-code-font-size,13px)}
.wasmnb .code{font-weight:normal;min-width:9em;overflow-wrap:anywhere}
.wasmnb .short{white-space:nowrap}
@container (max-width:760px){.wasmnb .short{white-space:pre-wrap}.wasmnb .code{min-width:6em}}
.wasmnb pre{background:none;color:inherit;line-height:1.4;margin:.2em 0 .4em;overflow-x:auto;
padding:0 0 0 1em;white-space:pre}
.wasmnb summary{cursor:pointer}
.wasmnb .sign{display:inline-block;font-weight:bold;min-width:.9em}
.wasmnb .good{color:var(--jp-success-color1,inherit)}
.wasmnb .warn{color:var(--jp-warn-color1,inherit)}
.wasmnb .bad{color:var(--jp-error-color1,inherit)}
.wasmnb .quiet{color:var(--jp-content-font-color2,inherit)}
""".replace(".wasmnb ", ".wasmnb.wasmnb.wasmnb ")  # JupyterLab's own rules for tables in outputs name more classes


def render(record: Record) -> str:
    """Give the record as one HTML element."""
    columns, rows = record.grid()
    headline = _headline(record)
    table = _table(headline, columns, rows, heading=not record.tall) if rows else f"<p>{headline}</p>"
    blocks = "".join(_block(block) for block in record.blocks)
    notes = "".join(f"<p><strong>note</strong>: {_text(note)}</p>" for note in record.notes)
    return f'<div class="wasmnb"><style>{_STYLE}</style>{table}{blocks}{notes}</div>'


def _headline(record: Record) -> str:
    title = f"<strong>{_text(record.title)}</strong>"
    if not record.status:
        return title
    sign = _sign(record.sign, record.tone) if record.sign else ""
    return f'<span role="status">{sign}{title}: {_text(record.status)}</span>'


def _table(headline: str, columns: list[Column], rows: list[list[Cell]], *, heading: bool) -> str:
    head = "".join(
        f'<th scope="col"{_classes(number=column.numeric)}>{_text(column.heading or column.name)}</th>'
        for column in columns
    )
    body = "".join(f"<tr>{_row(columns, row)}</tr>" for row in rows)
    thead = f"<thead><tr>{head}</tr></thead>" if heading else ""
    return f"<table><caption>{headline}</caption>{thead}<tbody>{body}</tbody></table>"


def _row(columns: list[Column], row: list[Cell]) -> str:
    first, *rest = zip(columns, row, strict=True)
    head = f'<th scope="row"{_style_of(*first)}>{_cell(first[1])}</th>'
    return head + "".join(f"<td{_style_of(column, cell)}>{_cell(cell)}</td>" for column, cell in rest)


def _style_of(column: Column, cell: Cell) -> str:
    return _classes(code=column.code, number=column.numeric, short=len(cell.text) <= _NEVER_WRAPPED)


def _cell(cell: Cell) -> str:
    text = visible(cell.text, keep="\n")
    shown = cut(text, _LONGEST)
    full = visible(cell.full) or (text if shown != text else "")
    inner = f'<span title="{escape(full)}">{escape(shown)}</span>' if full else escape(shown)
    return _sign(cell.sign, cell.tone) + inner if cell.sign else inner


def _block(block: Block) -> str:
    lines = "\n".join(escape(visible(line, keep="\t")) for line in block.lines)
    if not block.label:
        return f"<pre>{lines}</pre>"
    state = " open" if block.open else ""
    return f"<details{state}><summary>{_text(block.label)}</summary><pre>{lines}</pre></details>"


def _sign(sign: str, tone: str) -> str:
    return f'<span class="sign {tone}" aria-hidden="true">{escape(sign)}</span> '


def _classes(**classes: bool) -> str:
    names = " ".join(name for name, wanted in classes.items() if wanted)
    return f' class="{names}"' if names else ""


def _text(text: str) -> str:
    return escape(visible(text))
