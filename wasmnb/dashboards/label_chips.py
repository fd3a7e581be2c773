"""The labels of a mesh's pods as buttons: a selector is put together by pressing them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import ipywidgets

from wasmnb.dashboards.form_widgets import button
from wasmnb.display.text import several
from wasmnb.errors import Explained
from wasmnb.plugin.selector import selector, selector_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wasmnb.mesh import Pod

__all__ = ["LabelChips"]

_MOST = 16
_FIRST = ("app", "app.kubernetes.io/name", "version")
_NOISE = ("pod-template-hash", "security.istio.io/tlsMode")  # labels that nobody selects by


class LabelChips:
    """Buttons for labels.

    Parameters
    ----------
    field : Text
        Holds the selector.
    """

    def __init__(self, field: Any) -> None:
        self._field = field
        self._shown: list[str] = []
        layout = ipywidgets.Layout(flex_flow="row wrap", margin="0 0 0 9.5em")
        self.widget = ipywidgets.HBox([], layout=layout)

    def show(self, pods: Iterable[Pod]) -> None:
        """Show the labels of these pods, those first that people select by, and which of them are chosen."""
        counts = Counter((key, value) for pod in pods for key, value in pod.labels.items() if key not in _NOISE)
        order = sorted(counts, key=lambda pair: (_FIRST.index(pair[0]) if pair[0] in _FIRST else len(_FIRST), pair))
        texts = [f"{key}={value}" for key, value in order[:_MOST]]
        if texts != self._shown:
            self._shown = texts
            self.widget.children = [self._chip(text, counts[pair]) for text, pair in zip(texts, order, strict=False)]
        chosen = self._chosen()
        for text, chip in zip(self._shown, self.widget.children, strict=True):
            key, _, value = text.partition("=")
            chip.description = f"✓ {text}" if chosen.get(key) == value else text

    def _chip(self, text: str, count: int) -> Any:
        chip = button(text, f"{several(count, 'pod has', 'pods have')} this label")
        chip.layout.width = "auto"
        chip.on_click(lambda _: self._press(text))
        return chip

    def _chosen(self) -> dict[str, str]:
        try:
            return dict(selector(self._field.value))
        except Explained:
            return {}

    def _press(self, text: str) -> None:
        key, _, value = text.partition("=")
        chosen = self._chosen()
        if chosen.get(key) == value:
            del chosen[key]
        else:
            chosen[key] = value
        self._field.value = selector_text(chosen) if chosen else ""
