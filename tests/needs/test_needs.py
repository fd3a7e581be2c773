"""A test without a marker cannot start what takes time."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

_MODULE = """
import socket, subprocess, sys
import pytest
from tests.needs import needs

@pytest.fixture
def program(tmp_path):
    def make(name):
        (tmp_path / name).write_text("#!/bin/sh\\n")
        (tmp_path / name).chmod(0o755)
        return str(tmp_path / name)
    return make

def call(host):
    with socket.socket() as one:
        one.setblocking(False)
        one.connect_ex((host, 9))

def test_envoy(program):
    subprocess.run([program("envoy")])

def test_compiler_in_a_child(program):
    code = f"import subprocess; subprocess.run([{program('rustc')!r}])"
    subprocess.run([sys.executable, "-c", code], check=True)

def test_host():
    call("192.0.2.1")

def test_this_host():
    call("127.0.0.1")

def test_nothing(program):
    subprocess.run([program("true")])

@pytest.mark.envoy
def test_marked(program):
    subprocess.run([program("envoy")])

@pytest.fixture
@needs("envoy")
def proxy():
    pass

@pytest.fixture
def chained(proxy):
    pass

def test_marked_by_its_fixture(program, chained):
    subprocess.run([program("envoy")])
"""


@pytest.mark.slow
def test_what_starts_something_without_a_marker_fails(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(_MODULE)
    done = pytester.runpytest_subprocess(
        "-p", "tests.needs.plugin", "-p", "no:cacheprovider", "--strict-markers", "-rA"
    )
    done.assert_outcomes(passed=7, errors=3)
    done.stdout.fnmatch_lines_random(
        [
            "*teardown of test_envoy *",
            "it starts an Envoy (envoy), and has no marker*",
            "it runs a compiler*(rustc), and has no marker*",
            "it asks other hosts than this one (192.0.2.1), and has no marker*",
        ]
    )


@pytest.mark.slow
def test_markers_choose(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(_MODULE)
    chosen = pytester.runpytest_subprocess("-p", "tests.needs.plugin", "-p", "no:cacheprovider", "-m", "envoy")
    chosen.assert_outcomes(passed=2, deselected=5)


_FAILS_ONCE = """
import pytest
from tests.needs import needs

@pytest.fixture
@needs("browser")
def page():
    pass

failed = []

def test_page(page):
    failed.append(1)
    assert len(failed) > 1, "the first time"

def test_nothing():
    failed.append(1)
    assert len(failed) > 3, "not shown twice"
"""


@pytest.mark.slow
@pytest.mark.parametrize("ci", ["", "true"])
def test_ci_runs_a_test_with_a_browser_once_more_and_says_how_it_failed(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, ci: str
) -> None:
    monkeypatch.setenv("CI", ci)
    pytester.makepyfile(_FAILS_ONCE)
    done = pytester.runpytest_subprocess("-p", "tests.needs.plugin", "-p", "no:cacheprovider", "--strict-markers")
    done.assert_outcomes(passed=1 if ci else 0, failed=1 if ci else 2)
    if ci:
        done.stdout.fnmatch_lines(["*failed, and ran once more: *test_page*", "*AssertionError: the first time*"])
