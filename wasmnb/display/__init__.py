"""How results look: tables, and records of cells and columns, as plain text and as HTML; it knows no noun."""

from wasmnb.display.record import Block, Cell, Column, Record, Tone
from wasmnb.display.table import Table

__all__ = ["Block", "Cell", "Column", "Record", "Table", "Tone"]
