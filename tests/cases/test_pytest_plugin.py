"""The plugin for pytest, run on a project folder as its users do."""

from __future__ import annotations

import os
import subprocess
import sys
from xml.etree.ElementTree import parse

import pytest

from wasmnb.project import init_project

pytestmark = [pytest.mark.compiler, pytest.mark.envoy]

CASES = """
test:
- name: the header is there
  request: GET /
  config: {name: x-team, value: blue}
  response_headers: {result: {has_header: [{key: x-team, value: blue}]}}
- name: another value
  request: GET /
  config: {name: x-team, value: blue}
  response_headers: {result: {has_header: [{key: x-team, value: green}]}}
- name: given properties
  request: GET /
  properties: [{path: a, value: b}]
"""
PYTHON = """
from wasmnb.cases import read

def test_in_python(wasm_filter, wasm_proxy, wasm_emulator):
    suite = read("test: [{name: a, request: GET /, config: {}}]")
    for host in (wasm_proxy, wasm_emulator):
        assert host.run(suite, wasm_filter).passed
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project") / "my-filter"
    init_project(folder, language="cpp", template="add-header")
    (folder / "tests").mkdir()
    (folder / "tests" / "headers.wasmtest.yaml").write_text(CASES, "utf-8")
    (folder / "tests" / "test_own.py").write_text(PYTHON, "utf-8")
    return folder


def run(folder, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "wasmnb.pytest_plugin", "-p", "no:cacheprovider", "--rootdir=."]
    # What else is installed here takes nine times as long to import as this plugin and its tests do to run.
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        [*command, *options], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )


def test_cases_are_collected_and_told(folder) -> None:
    done = run(folder, "--wasm-host=envoy", "--junit-xml=out.xml", "-rs", "tests")
    assert done.returncode == 1, done.stdout
    assert "1 failed, 2 passed, 1 skipped" in done.stdout
    assert "an Envoy cannot give properties that are given" in done.stdout
    assert "expected: x-team: green" in done.stdout
    assert "actual:   x-team: blue" in done.stdout
    cases = parse(folder / "out.xml").getroot().iter("testcase")
    assert {case.get("name") for case in cases} == {
        "the header is there",
        "another value",
        "given properties",
        "test_in_python",
    }


def test_the_emulator_runs_what_an_envoy_cannot(folder) -> None:
    done = run(folder, "--wasm-host=auto", "tests/headers.wasmtest.yaml", "-k", "given")
    assert done.returncode == 0, done.stdout


def test_a_mistake_is_told_at_its_line(folder) -> None:
    (folder / "bad.wasmtest.yaml").write_text("test:\n- nam: a\n", "utf-8")
    done = run(folder, "bad.wasmtest.yaml")
    assert done.returncode == 2
    assert "bad.wasmtest.yaml line 2" in done.stdout
    assert "did you mean 'name'?" in done.stdout


def test_a_module_can_be_named(folder) -> None:
    (folder / "none.wasmtest.yaml").write_text("env: {wasm_path: no.wasm}\ntest: [{name: a}]\n", "utf-8")
    done = run(folder, "none.wasmtest.yaml")
    assert done.returncode == 1
    assert "ModuleError" in done.stdout
