"""What each language costs: its first build, an edit until it is live, the module's size, its load, its requests.

The filter is the article's in all of them. A language whose toolchain is missing is left out, and that is said.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from article_filter import CONFIG, LANGUAGES, edited, live
from latency import costs
from measure import Figures, runs, seconds

import wasmnb
from wasmnb.compile import runtime
from wasmnb.compile.languages import toolchain
from wasmnb.errors import ToolchainError
from wasmnb.session import Session

GOALS = {"rust": "<= 700", "assemblyscript": "<= 600"}
# A Go module is loaded by a canary and a pod for seconds.
FEW, MANY = 5, 9
BUILD = """
import json, sys
from wasmnb import Filter
text, language = json.load(sys.stdin)
Filter("f", text, language).build()
"""


def languages(figures: Figures, names: Sequence[str] = LANGUAGES) -> None:
    """Measure each language that has a toolchain here."""
    found = [name for name in names if ready(name)]
    for name in found:
        for _ in range(runs(3)):
            figures.add(f"{name}_first_build_s", first_build(name), "s", "report")
    with Session() as session:
        session.mesh("local")
        for name in found:
            edits(figures, session, name)
        modules = {f"{name}_filter_cost_us": wasmnb.Filter("f", edited(name), name).build() for name in found}
        costs(figures, session.current, modules, runs(7))
    for name in found:
        close = getattr(toolchain(name), "close", None)
        if close:
            close()


def ready(name: str) -> bool:
    """Say whether a language has a toolchain here."""
    try:
        wasmnb.Filter("f", edited(name), name).build()
    except ToolchainError as error:
        sys.stderr.write(f"{name} is left out: {error.what}\n")
        return False
    return True


def first_build(name: str) -> float:
    """Build in a new process with an empty cache, which has C's prebuilt runtime, as a wheel has; give the seconds."""
    with tempfile.TemporaryDirectory() as folder:
        kept = runtime.libraries().folder
        Path(folder, "runtime").mkdir()
        Path(folder, "runtime", kept.name).symlink_to(kept)
        environment = {**os.environ, "WASMNB_CACHE_DIR": folder, **_rust(name)}
        command = [sys.executable, "-c", BUILD]
        text = json.dumps([edited(name), name])

        def build() -> None:
            subprocess.run(command, input=text, text=True, env=environment, check=True, timeout=600)

        return seconds(build)


def _rust(name: str) -> dict[str, str]:
    """Name the compiler that may have been unpacked into the cache."""
    if name != "rust":
        return {}
    from wasmnb.compile.rust.tools import find  # noqa: PLC0415 - for this language only

    return {"WASMNB_RUST": find().rustc}


def edits(figures: Figures, session: Session, name: str) -> None:
    """Measure a changed cell until its answer, warm; and the load of its module in one more sidecar."""
    mesh = session.current
    for run in range(-1, runs(FEW if name == "go" else MANY)):
        edit = f"{time.time_ns():x}"
        text = edited(name, edit)

        def cell(text: str = text, edit: str = edit) -> None:
            session.filter("edited", text, language=name, deploy="app=details", config=CONFIG, timeout=120)
            live(mesh, "x-edit", edit)

        took = seconds(cell)
        module = wasmnb.Filter("edited", text, name).build()
        # The canary knows this module by now, and ratings' Envoy does not.
        loaded = wasmnb.Plugin("loaded", wasmnb.package(module), {"app": "ratings"}, CONFIG)
        loading = seconds(lambda plugin=loaded: mesh.apply(plugin, wait=120))
        mesh.remove("loaded")
        if run >= 0:
            figures.add(f"{name}_edit_to_live_ms", took * 1e3, "ms", GOALS.get(name, "report"))
            figures.add(f"{name}_envoy_load_ms", loading * 1e3, "ms", "report")
            figures.add(f"{name}_module_bytes", module.size, "bytes", "report")
    session.undeploy("edited")
