"""The caches of the toolchain's own tests."""

from tests.compile.conftest import build, cache, empty_cache, shared_cache, started
from tests.sdk.conftest import start, upstream

__all__ = ["build", "cache", "empty_cache", "shared_cache", "start", "started", "upstream"]
