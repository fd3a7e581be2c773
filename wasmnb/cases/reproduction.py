"""A case that failed, as a cell to paste: this case alone, with what it asks for where it failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from wasmnb.cases.judge import Check

__all__ = ["reproduction"]

_ENVIRONMENT = ("config", "vm_config", "root_id", "variables", "config_path", "log_level", "time_secs")


def reproduction(said: Mapping[str, Any], failed: Iterable[Check], *, name: str, folder: Path) -> str:
    """Write the cell.

    Parameters
    ----------
    said : mapping
        As `Case.said`.
    failed : iterable of Check
        Where it failed: what is asked elsewhere is left out, and requests after the last of these.
    name : str
        Of the filter.
    folder : pathlib.Path
        What paths are relative to.
    """
    places = [check.where.rpartition(": ") for check in failed]
    wheres = {place[2].split(" ")[0] for place in places}
    numbers = [int(before.removeprefix("request ")) for before, _, _ in places if before]
    env, test = said["env"], dict(said["test"][0])
    if "requests" in test and len(numbers) == len(places):
        test["requests"] = test["requests"][: max(numbers)]
    kept = {key: env[key] for key in _ENVIRONMENT if key in env}
    whole = {**({"env": kept} if kept else {}), "test": [_asked(test, wheres)]}
    text = yaml.safe_dump(_placed(whole, folder), allow_unicode=True, sort_keys=False, width=1000)
    return f"%%wasm_test {name}\n{text}"


def _asked(value: Any, wheres: set[str], key: str = "") -> Any:
    """Leave out what is asked of phases in which nothing failed."""
    if isinstance(value, list):
        return [_asked(one, wheres, key) for one in value]
    if not isinstance(value, dict):
        return value
    made = {name: _asked(one, wheres, name) for name, one in value.items() if name != "result" or key in wheres}
    for name in ("plugin_init", "stream_init", "stream_destroy", "outcome"):
        if name in made and name not in wheres:
            del made[name]
    return made


def _placed(value: Any, folder: Path) -> Any:
    """Make paths of files good in any folder."""
    if isinstance(value, list):
        return [_placed(one, folder) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: str((folder / one).resolve()) if name in ("file", "config_path") else _placed(one, folder)
        for name, one in value.items()
    }
