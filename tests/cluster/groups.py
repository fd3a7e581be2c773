"""The control groups of a cluster's pods: the one thing that does not go with its namespaces."""

from __future__ import annotations

import os
import time
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_PATIENCE = 10.0  # seconds until the kernel has let go of the processes of a namespace


def problem() -> str:
    """Say why no group can be made here; nothing when one can."""
    if not _hierarchies() and not (_ROOT / "cgroup.controllers").exists():
        return f"no control groups in {_ROOT}"
    barred = [str(path) for path in (*_hierarchies(), _ROOT) if not os.access(path, os.W_OK)]
    return f"{barred[0]} cannot be written" if barred else ""


def make(name: str) -> None:
    """Make the group below each controller; with version 2, below the one hierarchy, with its controllers."""
    if (_ROOT / "cgroup.controllers").exists():
        known = (_ROOT / "cgroup.controllers").read_text().split()
        (_ROOT / name).mkdir(exist_ok=True)
        for folder in (_ROOT, _ROOT / name):
            (folder / "cgroup.subtree_control").write_text(" ".join(f"+{one}" for one in known))
        return
    for hierarchy in _hierarchies():
        (hierarchy / name).mkdir(exist_ok=True)


def remove(name: str) -> None:
    """Remove the group and all below it; their processes have ended."""
    for top in (hierarchy / name for hierarchy in [_ROOT, *_hierarchies()]):
        for folder, _, _ in os.walk(top, topdown=False):
            _remove(Path(folder))


def left(name: str) -> list[Path]:
    """List the groups of that name that exist."""
    return [path for hierarchy in [_ROOT, *_hierarchies()] if (path := hierarchy / name).exists()]


def _hierarchies() -> list[Path]:
    return [path for path in _ROOT.iterdir() if path.is_dir() and (path / "cgroup.procs").exists()]


def _remove(folder: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while folder.exists():
        try:
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
