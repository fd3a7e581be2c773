"""What a deployment would put in force, as text, and how that differs from what is there; nothing is applied."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wasmnb import redact
from wasmnb.display import Column, Table
from wasmnb.display.result import Dated, Tabled
from wasmnb.mesh import MeshOfObjects
from wasmnb.plugin.identity import plugin_dict, plugin_secrets, same_values, short_secrets
from wasmnb.plugin.selector import selector_text
from wasmnb.rollout.deploy import in_force, left_by
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wasmnb.mesh import Mesh
    from wasmnb.plugin import Plugin

__all__ = ["DryRun", "rehearse"]

_CHANGES = {"+": "added", "-": "removed", " ": "same"}
_HEAD = 2  # lines of a unified diff that name the two sides


@dataclass(frozen=True)
class DryRun(Dated, Tabled):
    """What ``deploy`` would do.

    Parameters
    ----------
    plugin : Plugin
    pods : tuple of str
        The pods that its selector names at this moment.
    text : str
        What would be put in force, secrets of configurations masked.
    before : str
        What is in force, in the same form; empty when nothing is.
    diff : tuple of str
        Unified, without line ends; empty when nothing would change. It compares what is masked, too.
    notes : tuple of str
        Where the image comes from, and what would be pushed.
    left : tuple of str
        The pods that have the plugin now, and would have it no longer.
    gained : tuple of str
        The pods that do not have it now, and would.
    changes : tuple of str
        What of the plugin would be another than it is, by the keys of `Plugin.to_dict`.
    """

    plugin: Plugin = field(repr=False)
    pods: tuple[str, ...]
    text: str
    before: str
    diff: tuple[str, ...]
    notes: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    gained: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """``sha256:...`` of the image that would be in force."""
        return self.plugin.image.digest

    @property
    def changed(self) -> bool:
        """Whether anything would be another than it is."""
        return bool(self.diff or self.left or self.gained)

    @property
    def table(self) -> Table:
        """The diff, one row per line.

        The columns are ``change`` (``category`` of ``added``, ``removed``, ``same`` and ``place``, which is where in
        the text the lines below stand) and ``line`` (``string``).
        """
        columns = (Column("change", categories=(*_CHANGES.values(), "place")), Column("line"))
        rows = ((_CHANGES.get(line[:1]), line) for line in self.diff[_HEAD:])
        return Table(columns, tuple((change, line[1:]) if change else ("place", line) for change, line in rows))

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "plugin": plugin_dict(self.plugin),
            "pods": list(self.pods),
            "text": self.text,
            "before": self.before,
            "diff": list(self.diff),
            "changed": self.changed,
            "notes": list(self.notes),
            "left": list(self.left),
            "gained": list(self.gained),
            "changes": list(self.changes),
            "at": self.at.isoformat(),
        }


def rehearse(
    mesh: Mesh, plugin: Plugin, secrets: Iterable[str], notes: Iterable[str] = (), *, more: str = ""
) -> DryRun:
    """Compare what applying a plugin would put in force with what is there.

    Parameters
    ----------
    mesh : Mesh
    plugin : Plugin
    secrets : iterable of str
        To be masked, beside those in the configuration that is in force.
    notes : iterable of str
    more : str
        What would be put in force beside it.

    Raises
    ------
    MeshError, ModuleError
    """
    now = in_force(mesh, plugin.id)
    hidden = {*secrets, *(plugin_secrets(now) if now is not None else ())}
    short = {*short_secrets(plugin), *(short_secrets(now) if now is not None else ())}

    def masked(words: str) -> str:
        return redact.under_keys(redact.text(words, hidden), short)

    text, before = mesh.render(plugin), mesh.rendered(plugin.id)
    text = f"{text.rstrip()}\n---\n{more}" if more else text
    names = ("in force", "as asked") if before else ("nothing in force", "as asked")
    diff = difflib.unified_diff(before.splitlines(), text.splitlines(), *names, lineterm="")
    selected = [pod for pod in mesh.pods() if plugin.selects(pod.labels)]
    pods = tuple(pod.name for pod in selected)
    notes = [*notes]
    others = mesh.changed_by_others(plugin.id) if isinstance(mesh, MeshOfObjects) else ()
    notes += [str(Wording("{}; {} takes it back", one, Option("take_over", value=True))) for one in others]
    if plugin.targets:
        notes.append(f"it is for {plugin.scope}, not for pods by their labels")
    elif not pods:
        pods_of = selector_text(plugin.selector)
        notes.append(str(Wording("the selector {} names none of the pods that {} lists", pods_of, Verb("pods"))))
    if any(masked(one) != one for one in (text, before)):
        notes.append(f"secret values of the configuration are shown as {redact.MASK}")
    return DryRun(
        plugin,
        pods,
        masked(text),
        masked(before),
        tuple(map(masked, diff)),
        tuple(notes),
        left_by(mesh, now, plugin),
        tuple(pod.name for pod in selected if now is not None and not now.selects(pod.labels)),
        _changes(now, plugin) if now is not None else (),
    )


def _changes(now: Plugin, plugin: Plugin) -> tuple[str, ...]:
    """Name what of a plugin would be another; the name that its image goes by is nothing of it."""
    was = now.to_dict()
    return tuple(
        key for key, value in plugin.to_dict().items() if key != "reference" and not same_values(value, was[key])
    )
