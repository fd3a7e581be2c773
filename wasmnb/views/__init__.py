"""What a notebook shows: the record of every result, by its type; of a noun of the pipeline, a table of facts."""

from wasmnb.views.formatters import HTML, RECORDS, html_of, record_of, register, unregister

__all__ = ["HTML", "RECORDS", "html_of", "record_of", "register", "unregister"]
