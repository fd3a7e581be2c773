"""The caches of the toolchain's own tests."""

from tests.build.conftest import build, cache, empty_cache, shared_cache, started

__all__ = ["build", "cache", "empty_cache", "shared_cache", "started"]
