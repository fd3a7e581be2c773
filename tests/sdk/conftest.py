"""One upstream for all tests of the SDK; a proxy for each."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.needs import needs
from tests.sdk.harness import Plugin, Proxy, build
from tests.sdk.upstream import Upstream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def upstream() -> Iterator[Upstream]:
    with Upstream() as running:
        yield running


@pytest.fixture
@needs("compiler", "envoy")
def start(upstream: Upstream, tmp_path: Path) -> Iterator[Callable[..., Proxy]]:
    """Give a function that starts a proxy with one plugin, made of C++ text."""
    with ExitStack() as stack:

        def start(source: str, *flags: str, kind: str = "http", swappable: bool = False, **plugin: Any) -> Proxy:
            one = Plugin(build("sdk-test", source, *flags), **plugin)
            return stack.enter_context(Proxy(tmp_path, upstream, swappable=swappable, **{kind: [one]}))

        yield start
