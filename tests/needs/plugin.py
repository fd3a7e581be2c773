"""The plugin that marks what is collected, and holds what has no marker to starting nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler.loadgroup import LoadGroupScheduling

from tests.needs import FOLDERS, MARKERS, SLOW
from tests.needs.children import sitecustomize as starts
from wasmnb.compile import Filter
from wasmnb.module import Module

_COMPILED = {"cpp", "rust", "go", "assemblyscript"}
_read = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    for name, text in {**MARKERS, "slow": SLOW}.items():
        config.addinivalue_line("markers", f"{name}: {text}")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        known = getattr(item, "_fixtureinfo", None)
        used = [defined[-1].func for defined in known.name2fixturedefs.values()] if known else []
        needed = {marker for fixture in used for marker in getattr(fixture, "needs", ())}
        folders = item.nodeid.partition("::")[0].split("/")
        for marker in sorted(needed.union(*(FOLDERS.get(folder, ()) for folder in folders))):
            item.add_marker(marker)
        # A browser drops its requests when the machine's network changes, as it does while pods come and go.
        if any(map(item.get_closest_marker, ("cluster", "browser"))):
            item.add_marker(pytest.mark.xdist_group("cluster"))
            if os.environ.get("CI"):
                item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how a test failed that passed when it ran once more: it is a fault of the test or of the product."""
    for report in terminalreporter.getreports("rerun"):
        terminalreporter.write_sep("=", f"failed, and ran once more: {report.nodeid}")
        terminalreporter.write_line(report.longreprtext)
        for title, text in report.sections:
            terminalreporter.write_line(f"{title}:\n{text}")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadGroupScheduling | None:
    return _ByFile(config, log) if config.getoption("dist") == "loadgroup" else None


class _ByFile(LoadGroupScheduling):
    """Give a process whole files, which share what they start; and one process all that needs cluster or browser."""

    def _split_scope(self, nodeid: str) -> str:
        return super()._split_scope(nodeid).partition("::")[0]


@pytest.fixture(scope="session", autouse=True)
def _starts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Write down what this process and its children start, from now on."""
    file = tmp_path_factory.mktemp("starts") / "log"
    file.touch()
    path = [str(Path(starts.__file__).parent), os.environ.get("PYTHONPATH", "")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(starts.FILE, str(file))
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, path)))
        # What is in the cache today is compiled on another day.
        patch.setattr(Filter, "build", _noted(Filter.build))
        starts.watch()
        yield file


def _noted(build: Callable[..., Module]) -> Callable[..., Module]:
    @wraps(build)
    def noted(self: Filter, **options: Any) -> Module:
        if self.language in _COMPILED:
            starts.uses("compiler", self.language)
        return build(self, **options)

    return noted


@pytest.fixture(autouse=True)
def _is_marked_for_what_it_starts(request: pytest.FixtureRequest, _starts: Path) -> Iterator[None]:
    yield
    text = _starts.read_text("utf-8")
    new = text[request.config.stash.get(_read, 0) :]
    request.config.stash[_read] = len(text)
    started = dict(line.split(" ", 1) for line in new.splitlines())
    if started and not MARKERS.keys() & {mark.name for mark in request.node.iter_markers()}:
        told = "; ".join(f"it {MARKERS[kind]} ({what})" for kind, what in sorted(started.items()))
        pytest.fail(f"{told}, and has no marker: see tests/needs", pytrace=False)
