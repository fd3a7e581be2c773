"""Every template builds with its language's own tools, and its own test passes on a real Envoy; without us."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from wasmnb import Module, cases, init_project
from wasmnb.compile.languages import LANGUAGES
from wasmnb.image.runtime_config import agreed
from wasmnb.project import TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize("template", TEMPLATES.names())
@pytest.mark.parametrize("language", LANGUAGES.names())
def test_it_builds_and_works_without_us(
    tmp_path: Path,
    language: str,
    template: str,
    own_tools: Callable[[str], dict[str, str]],
    packages: Callable[[Path], None],
) -> None:
    made = init_project(tmp_path / "mine", language=language, template=template)
    environment = own_tools(language)
    packages(made.path)
    overrides = [f"{name}={environment[name]}" for name in ("CXX", "CARGO", "GO", "NPM") if name in environment]
    command = ["make", "-C", str(made.path), *overrides, "test"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    packages(made.path)
    # What the project says of its module is what the module says of itself.
    module = Module.load(made.path / "build" / "filter.wasm")
    said = agreed(made.path / "runtime-config.json", module.facts)["config"]["rootIds"]
    suite = _rooted(cases.load(made.path / "test" / "filter.wasmtest.yaml"), said[0] if said else None)
    results = cases.run(suite, module, host="emulator")
    assert [(one.name, one.why) for one in results.failures] == []


def _rooted(suite: cases.Suite, root_id: str | None) -> cases.Suite:
    """Give cases the root id that the project says: a module that other tools built need not say it itself."""
    own = tuple(replace(one, environment=replace(one.environment, root_id=root_id)) for one in suite.cases)
    return replace(suite, cases=own)
