"""All that Tab can offer without asking anybody, as plain values: made once for each state of the installation."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from wasmnb.paths import cache_dir, write_atomically
from wasmnb.version import __version__

__all__ = ["table"]

_PACKAGE = Path(__file__).parents[1]
# Where words are defined; and where other packages that define more are installed.
_SOURCES = ("commands", "session/options", "cli", "plugin", "error_pages", "..")


def table() -> dict[str, Any]:
    """Give the verbs with their options, arguments and lists of words.

    It is kept, because Tab has no time to import what defines it.
    """
    path = cache_dir("completion") / f"{__version__}-{_state():x}.json"
    try:
        kept: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        kept = _made()
        for old in path.parent.glob("*.json"):
            old.unlink(missing_ok=True)
        write_atomically(path, json.dumps(kept).encode())
    return kept


def _state() -> int:
    """Tell one state of the installation from another by when its files were written."""
    folders = [_PACKAGE / name for name in _SOURCES]
    entries = [entry for folder in folders[:-1] for entry in os.scandir(folder)]
    # Python writes its bytecode there when the table is made, and that changes nothing.
    times = [entry.stat().st_mtime_ns for entry in entries if entry.name != "__pycache__"]
    return hash((folders[-1].stat().st_mtime_ns, *sorted(times))) & 0xFFFFFFFFFFFF


def _made() -> dict[str, Any]:
    from wasmnb.cli.verbs import VERBS  # noqa: PLC0415 - all of this once
    from wasmnb.compile.languages import LANGUAGES  # noqa: PLC0415
    from wasmnb.error_pages import explanations  # noqa: PLC0415
    from wasmnb.image.oci_annotations import STANDARD  # noqa: PLC0415
    from wasmnb.mesh.kinds import MESHES  # noqa: PLC0415
    from wasmnb.plugin.rendering import TARGETS  # noqa: PLC0415
    from wasmnb.project.templates import TEMPLATES  # noqa: PLC0415
    from wasmnb.session.defaults import KEYS  # noqa: PLC0415

    lists = {
        "annotations": [f"{name}=" for name in STANDARD],
        "codes": sorted({word for page in explanations() for word in (page.code, page.name)}),
        "languages": [*LANGUAGES.names()],
        "meshes": [*MESHES.names(), "stop", "list", "join"],
        "renderings": [*TARGETS.names()],
        "templates": [*TEMPLATES.names()],
    }
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
    keys = {key: list(default.choices) for key, default in KEYS.items()}
    return {"verbs": verbs, "lists": lists, "keys": keys}
