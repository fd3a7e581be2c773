"""The words that Tab offers without asking anybody, in a file of the package: the first Tab need not import them.

``completion.json`` is made of the definitions by ``make docs``. What other packages register is found when it is
offered.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wasmnb.registered import Group

__all__ = ["FILE", "made", "registered", "table"]

FILE = Path(__file__).with_name("completion.json")


def table() -> dict[str, Any]:
    """Give the verbs with their options and arguments, lists of words, groups of names, and keys of settings."""
    found: dict[str, Any] = json.loads(FILE.read_bytes())
    return found


def registered(group: str) -> list[str]:
    """Name what other packages register in a group of entry points."""
    from wasmnb.registered import others  # noqa: PLC0415 - for those whose values it has

    return others(group)


def made() -> dict[str, Any]:
    """Make the table of the definitions: of ours alone, on whatever machine."""
    from wasmnb.cli.verbs import VERBS  # noqa: PLC0415 - only where the package is made
    from wasmnb.compile.languages import LANGUAGES  # noqa: PLC0415
    from wasmnb.error_pages import explanations  # noqa: PLC0415
    from wasmnb.image.oci_annotations import STANDARD  # noqa: PLC0415
    from wasmnb.mesh.kinds import MESHES  # noqa: PLC0415
    from wasmnb.plugin.rendering import TARGETS  # noqa: PLC0415
    from wasmnb.project.templates import TEMPLATES  # noqa: PLC0415
    from wasmnb.session.defaults import KEYS  # noqa: PLC0415

    groups: dict[str, Group[Any]] = {
        "languages": LANGUAGES,
        "meshes": MESHES,
        "renderings": TARGETS,
        "templates": TEMPLATES,
    }
    lists = {
        "annotations": [f"{name}=" for name in STANDARD],
        "codes": sorted({word for page in explanations() for word in (page.code, page.name)}),
        **{kind: [*group.own] for kind, group in groups.items()},
    }
    lists["meshes"] += ["stop", "list", "join"]
    verbs = {
        verb.name: {
            "arguments": [[argument.values, argument.repeat] for argument in verb.command.arguments],
            "options": [
                [list(option.flags), bool(option.metavar), option.values, option.repeat]
                for option in verb.command.all_options
            ],
            "free": bool(verb.command.free),
        }
        for verb in VERBS.values()
    }
    return {
        "verbs": verbs,
        "lists": lists,
        "groups": {kind: group.name for kind, group in groups.items()},
        "keys": {key: list(default.choices) for key, default in KEYS.items()},
    }
