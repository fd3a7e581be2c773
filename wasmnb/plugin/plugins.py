"""Plugins in a table: what is in force on a mesh, in the order requests meet it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wasmnb import redact
from wasmnb.display import Column, Table
from wasmnb.display.result import Dated, Plural
from wasmnb.plugin.identity import plugin_dict
from wasmnb.plugin.plugin import Plugin
from wasmnb.plugin.selector import labels_text

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Plugins", "plugins_table"]


@dataclass(frozen=True)
class Plugins(Dated, Plural[Plugin]):
    """Plugins in the order requests meet them; of one id and several times, newest first."""

    @property
    def table(self) -> Table:
        """See `plugins_table`."""
        return plugins_table(self.items)

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values, secrets masked."""
        return {"plugins": [plugin_dict(plugin) for plugin in self.items], "at": self.at.isoformat()}


def plugins_table(plugins: Iterable[Plugin]) -> Table:
    """Give plugins in rows.

    The columns are ``order`` (``Int64``), ``plugin``, ``image``, ``digest``, ``selector`` (``a=b,c=d``), ``config``
    (secrets masked), ``root_id``, ``phase`` (``string``), ``priority`` (``Int64``) and ``fail_policy`` (``string``).
    """
    return Table(_COLUMNS, tuple(_row(number, plugin) for number, plugin in enumerate(plugins, 1)))


_COLUMNS = (
    Column("order", "Int64"),
    Column("plugin"),
    Column("image"),
    Column("digest"),
    Column("selector"),
    Column("config"),
    Column("root_id"),
    Column("phase"),
    Column("priority", "Int64"),
    Column("fail_policy"),
)


def _row(number: int, plugin: Plugin) -> tuple[Any, ...]:
    labels = labels_text(plugin.selector)
    return (
        *(number, plugin.id, plugin.image.reference, plugin.image.digest, labels),
        *(redact.config(plugin.config_text), plugin.root_id, plugin.phase.value, plugin.priority),
        plugin.fail_policy.value,
    )
