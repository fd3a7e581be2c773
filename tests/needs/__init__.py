"""What a test needs beyond Python: markers that follow from its fixtures, and the proof that none is missing.

A fixture that starts something says so with `needs`; a test that starts something itself carries the marker. Whatever a
test or its children start is written down by an audit hook, and a test that has no marker and started something fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FOLDERS", "MARKERS", "SLOW", "needs"]

Fixture = TypeVar("Fixture", bound="Callable[..., object]")

MARKERS = {
    "envoy": "starts an Envoy",
    "compiler": "runs a compiler: clang, rustc, go, node",
    "cluster": "needs the tests' Kubernetes, and so root on Linux",
    "browser": "opens a browser",
    "container": "needs a daemon that runs containers",
    "registry": "starts a registry of images",
    "network": "asks other hosts than this one",
}

#: A marker that is put on a test by hand: it needs Python alone, and more of it than `make quick` has time for.
SLOW = "takes seconds of Python alone"

#: Folders whose tests are all of a kind, beside what their fixtures say.
FOLDERS = {
    "ahead": ("compiler",),
    "assemblyscript": ("compiler", "envoy"),
    "compile": ("compiler",),
    "conformance": ("compiler", "envoy"),
    "container": ("container", "compiler", "envoy"),
    "cpp": ("compiler",),
    "go": ("compiler", "envoy"),
    "lab": ("browser", "compiler", "envoy"),
    "rust": ("compiler", "envoy"),
    "sdk": ("compiler", "envoy"),
}


def needs(*markers: str) -> Callable[[Fixture], Fixture]:
    """Say below ``@pytest.fixture`` what a fixture starts: each test that uses it gets these markers."""

    def keep(fixture: Fixture) -> Fixture:
        fixture.needs = markers  # type: ignore[attr-defined]
        return fixture

    return keep
