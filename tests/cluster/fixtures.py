"""Clusters for the tests: every test that names ``cluster`` gets the same one."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.life import down, find, unfit, up
from tests.needs import needs


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
        # A first build takes minutes: whoever waits sees that it goes on.
        with capture.global_and_fixture_disabled():
            print(f"\ncluster: {text}", end="", flush=True)

    try:
        yield up(name, owned=True, say=say)
    finally:
        down(name)
