"""Clusters for the tests: every test that names ``cluster`` gets the same one, after all tests that need none."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator

import pytest

from tests.cluster import programs
from tests.cluster.cluster import Cluster
from tests.cluster.life import down, find, unfit, up
from tests.cluster.places import HERE
from tests.needs import needs
from tests.needs.children import sitecustomize


def needed(item: pytest.Item) -> bool:
    """Whether a test uses the cluster."""
    return item.get_closest_marker("cluster") is not None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that use the cluster last: it can be built meanwhile, and costs nothing before.

    Where several processes run tests, one has all of these: it begins with them, if nothing is to be built.
    """
    items.sort(key=needed, reverse="PYTEST_XDIST_WORKER" in os.environ and not programs.unbuilt())


@pytest.fixture(scope="session", autouse=True)
def _built_meanwhile(request: pytest.FixtureRequest, _nothing_is_left_behind: None) -> Iterator[None]:
    """Build the cluster's programs beside the tests that need none, where they are missing and will be needed."""
    if not any(map(needed, request.session.items)) or not programs.unbuilt() or find() or unfit():
        yield
        return
    with built_aside():
        yield


@contextlib.contextmanager
def built_aside() -> Iterator[subprocess.Popen[bytes]]:
    """Build in a process that leaves the machine to others, and end it at the end; `up` waits for it."""
    command = ["nice", "-n", "10", sys.executable, "-m", "tests.cluster", "build"]
    process = subprocess.Popen(
        command,
        cwd=HERE.parent.parent,
        # It is none of the tests that looks at what is started meanwhile.
        env={key: value for key, value in os.environ.items() if key != sitecustomize.FILE},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()


@pytest.fixture(scope="session")
@needs("cluster")
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Give the cluster that `make cluster` brought up, or one that comes and goes with this run.

    It is shared: a test makes a namespace of its own, and leaves the others alone.
    """
    running = find()
    if running is not None:
        yield running
        return
    if reason := unfit():
        pytest.skip(reason)
    name = f"tests-{uuid.uuid4().hex[:8]}"
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def say(text: str) -> None:
        # A first build takes minutes: whoever waits sees that it goes on. Beside others, a process has no other output.
        with capture.global_and_fixture_disabled():
            print(f"\ncluster: {text}", end="", file=sys.stderr, flush=True)

    try:
        yield up(name, owned=True, say=say)
    finally:
        down(name)
