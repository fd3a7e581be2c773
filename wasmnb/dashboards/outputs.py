"""What a view leaves in a notebook: its record, and the widget beside it, which is nothing without its kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wasmnb.display import Record

__all__ = ["EMPTY", "record_bundle", "widget_bundle"]

EMPTY = {"text/plain": "", "text/html": ""}
"""A display that shows nothing, yet."""

# Where a saved notebook is opened, JupyterLab writes that there is no such widget, into an output that has no element.
# A style sheet holds in an element that is hidden too; what `nbconvert --sanitize-html` makes its text is hidden there
# by classes of the page's own styles.
_NO_WIDGET = (
    '.jp-OutputArea-child:has([data-wasmnb-record="{key}"]) + .jp-OutputArea-child'
    " .jp-OutputArea-output.jupyter-widgets:not(:has(*)){{display:none}}"
)
_HIDDEN = "lm-Widget lm-mod-hidden hidden"


def record_bundle(record: Record, key: str) -> dict[str, str]:
    """Give the display of a record that a widget follows.

    Parameters
    ----------
    record : Record
    key : str
        Names the view: its widget may hide the record, and the record hides a widget that is no more.
    """
    bundle = record._repr_mimebundle_()
    style = f'<div class="{_HIDDEN}"><style>{_NO_WIDGET.format(key=key)}</style></div>'
    bundle["text/html"] = f'<div data-wasmnb-record="{key}">{style}{bundle["text/html"]}</div>'
    return bundle


def widget_bundle(widget: Any) -> dict[str, Any]:
    """Give the display of a widget alone; where there are no widgets, it is nothing."""
    view = {"version_major": 2, "version_minor": 1, "model_id": widget.model_id}
    return {"application/vnd.jupyter.widget-view+json": view, **EMPTY}
