"""How results look: records of cells and columns, as plain text and as HTML; it knows no noun of the field."""
