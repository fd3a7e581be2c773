"""Every template builds with its language's own tools, and its cases pass; without a notebook."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from wasmnb import Module, cases, init_project
from wasmnb.cases.folder import rooted, suites
from wasmnb.compile.languages import LANGUAGES
from wasmnb.image.runtime_config import agreed
from wasmnb.project import TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EACH = [(language, word) for word, one in TEMPLATES.loaded().items() for language in one.languages()]


@pytest.fixture(scope="module")
def hosts() -> Iterator[tuple[cases.Runner, ...]]:
    """An emulator, and an Envoy for all of them."""
    with cases.Runner("emulator") as emulator, cases.Runner("envoy") as envoy:
        yield emulator, envoy


@pytest.fixture(scope="module")
def built(
    tmp_path_factory: pytest.TempPathFactory,
    own_tools: Callable[[str], dict[str, str]],
    parts: Callable[[Path], None],
) -> Callable[[str, str], tuple[Path, dict[str, str]]]:
    """Give a function that builds a project once, in an environment where wasmnb is not installed."""
    known: dict[tuple[str, str], tuple[Path, dict[str, str]]] = {}

    def build(language: str, template: str) -> tuple[Path, dict[str, str]]:
        if (language, template) not in known:
            place = tmp_path_factory.mktemp("project") / "mine"
            folder = init_project(place, language=language, template=template).path
            environment = own_tools(language)
            parts(folder)
            make(folder, environment)
            parts(folder)
            known[language, template] = folder, environment
        return known[language, template]

    return build


def make(folder: Path, environment: dict[str, str], *words: str) -> str:
    overrides = [f"{name}={environment[name]}" for name in ("CXX", "CARGO", "GO", "NPM") if name in environment]
    command = ["make", "-C", str(folder), *overrides, *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return done.stdout


@pytest.mark.parametrize(("language", "template"), EACH)
def test_it_builds_with_the_languages_own_tools_and_its_cases_pass(language: str, template: str, built, hosts) -> None:
    folder, _ = built(language, template)
    # What the project says of its module is what the module says of itself.
    module = Module.load(folder / "build" / "filter.wasm")
    agreed(folder / "runtime-config.json", module.facts)
    for suite in suites(folder):
        own = tuple(rooted(case, suite, module) for case in suite.cases)
        # Envoy compiles a Go module for seconds, for each case.
        on_envoy = own[:1] if language == "go" else own
        for runner, some in zip(hosts, (own, on_envoy), strict=True):
            results = runner.run(replace(suite, cases=some), module)
            assert [(one.name, one.why) for one in results.failures] == []


@pytest.mark.parametrize("language", LANGUAGES.names())
def test_make_test_runs_the_cases(language: str, built) -> None:
    folder, environment = built(language, "add-header")
    environment = {**environment, "PYTHONPATH": str(Path(__file__).parents[2])}
    if language == "go":
        environment["PYTEST_ADDOPTS"] = "--wasm-host=emulator"
    said = make(folder, environment, "test", f"PYTHON={sys.executable}", "--old-file=build/filter.wasm")
    (suite,) = suites(folder)
    assert f" {len(suite.cases)} passed" in said


@pytest.mark.parametrize("language", TEMPLATES.load("redaction").languages())
def test_a_long_row_of_numbers_does_not_keep_the_proxy_busy(language: str, built, hosts, tmp_path) -> None:
    folder, _ = built(language, "redaction")
    module = Module.load(folder / "build" / "filter.wasm")
    # No part of the row is a card.
    row = "1 " * 15_000
    body = [
        {"input": {"content": f"{row}\n4111111111111111"}, "result": {"body": [{"exact": f"{row}\n************1111"}]}}
    ]
    file = tmp_path / "row.wasmtest.yaml"
    file.write_text(json.dumps({"test": [{"name": "a row", "request": "GET /", "response_body": body}]}), "utf-8")
    # As one of the project's own.
    suite = replace(cases.load(file), source=str(folder / "tests" / file.name))
    suite = replace(suite, cases=tuple(rooted(case, suite, module) for case in suite.cases))
    # The emulator ends a callback that goes on for too many instructions.
    assert [one.why for one in hosts[0].run(suite, module).failures] == []
