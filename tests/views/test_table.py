from __future__ import annotations

from datetime import datetime, timezone

import pytest

from wasmnb.display import Cell, Column, Record, Table

NOW = datetime(2026, 1, 2, tzinfo=timezone.utc)
COLUMNS = (
    Column("name"),
    Column("count", "Int64"),
    Column("share", "Float64"),
    Column("ok", "boolean"),
    Column("at", "datetime64[us, UTC]"),
    Column("kind", categories=("a", "b")),
)
DTYPES = ["string", "Int64", "Float64", "boolean", "datetime64[us, UTC]", "category"]


@pytest.mark.parametrize("rows", [(), (("x", 1, 0.5, True, NOW, "a"),), ((None,) * 6,)], ids=["none", "one", "missing"])
def test_dtypes_follow_from_the_columns_alone(rows):
    table = Table(COLUMNS, rows)
    assert [str(dtype) for dtype in table.frame.dtypes] == DTYPES
    assert list(table.frame) == [column.name for column in COLUMNS]
    assert len(table.frame) == len(rows)
    assert Record("t", columns=COLUMNS, rows=rows).frame.equals(table.frame)


def test_how_a_table_looks_is_said_by_column():
    table = Table((Column("name"), Column("size", "Int64"), Column("digest")), (("a", 5, "sha256:1"),))
    columns = table.look(hidden=["digest"], size={"heading": "bytes", "show": lambda size: Cell(f"{size} B")})
    assert [(column.name, column.heading, column.shown) for column in columns] == [
        ("name", "", True),
        ("size", "bytes", True),
        ("digest", "", False),
    ]
    assert repr(Record("t", columns=columns, rows=table.rows)).splitlines() == ["t", "NAME  BYTES", "a       5 B"]
    assert all(column.shown for column in table.columns)
