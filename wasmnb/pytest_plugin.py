"""The plugin for pytest: it runs ``*.wasmtest.yaml``, and has fixtures for tests that are written in Python.

Nothing but pytest is imported for a run without such tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from wasmnb.cases import Case, CaseResult, Runner, Suite
    from wasmnb.module import Module

__all__ = ["wasm_emulator", "wasm_filter", "wasm_proxy"]

_SUFFIX = ".wasmtest.yaml"
_RUNNER = pytest.StashKey["Runner"]()
_HOSTS = ("auto", "envoy", "emulator")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("wasmnb", "tests of Proxy-Wasm filters")
    group.addoption(
        "--wasm-host",
        choices=_HOSTS,
        default="auto",
        help="who runs *.wasmtest.yaml: envoy, emulator, or auto: an Envoy, and the emulator where it cannot",
    )
    group.addoption("--wasm-module", metavar="PATH", help="the module under test; without it, what the folder builds")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Take files of cases."""
    if file_path.name.endswith(_SUFFIX):
        made: pytest.Collector = _File.from_parent(parent, path=file_path)
        return made
    return None


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the hosts."""
    runner = config.stash.get(_RUNNER, None)
    if runner is not None:
        runner.close()


def _runner(config: pytest.Config) -> Runner:
    from wasmnb.cases import Runner  # noqa: PLC0415 - for runs with such tests only

    if _RUNNER not in config.stash:
        config.stash[_RUNNER] = Runner(config.getoption("--wasm-host"))
    return config.stash[_RUNNER]


class _File(pytest.File):
    """A file of cases."""

    _built: Module | None = None

    def collect(self) -> Iterator[pytest.Item]:
        """Give its cases."""
        from wasmnb.cases import load  # noqa: PLC0415
        from wasmnb.errors import Explained  # noqa: PLC0415

        try:
            suite = load(self.path)
        except Explained as error:
            raise self.CollectError("\n".join(error.lines())) from None
        for case in suite.cases:
            yield _Item.from_parent(self, name=case.name, case=case, suite=suite)

    def module(self, suite: Suite) -> Module:
        """Give the module under test, built once."""
        from wasmnb.cases.folder import module_of  # noqa: PLC0415
        from wasmnb.module import Module  # noqa: PLC0415

        if self._built is None:
            path = self.config.getoption("--wasm-module")
            self._built = Module.load(path) if path else module_of(suite)
        return self._built


class _FailedError(Exception):
    """A case failed."""

    def __init__(self, result: CaseResult) -> None:
        super().__init__(result.why)
        self.result = result


class _Item(pytest.Item):
    """A case."""

    def __init__(self, *, case: Case, suite: Suite, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.case = case
        self.suite = suite

    def runtest(self) -> None:
        """Run it."""
        from wasmnb.cases import Mark  # noqa: PLC0415
        from wasmnb.cases.folder import rooted  # noqa: PLC0415

        file = self.parent
        assert isinstance(file, _File)  # noqa: S101 - it made this
        module = file.module(self.suite)
        result = _runner(self.config).one(rooted(self.case, self.suite, module), self.suite, module)
        self.user_properties.append(("host", result.host))
        if result.observation.instructions is not None:
            self.user_properties.append(("instructions", result.observation.instructions))
        if result.mark is Mark.SKIPPED:
            pytest.skip(result.skipped)
        if result.mark is Mark.FAILED:
            raise _FailedError(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Tell what failed."""
        from wasmnb.cases.report import told  # noqa: PLC0415
        from wasmnb.errors import Explained  # noqa: PLC0415

        if isinstance(excinfo.value, _FailedError):
            return "\n".join(told(excinfo.value.result))
        if isinstance(excinfo.value, Explained):
            return "\n".join(excinfo.value.lines())
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Say where it stands."""
        return self.path, max(0, self.case.line - 1), f"case: {self.name}"


@pytest.fixture(scope="session")
def wasm_filter(request: pytest.FixtureRequest) -> Module:
    """Give the module under test: ``--wasm-module``, or what the project folder builds."""
    from wasmnb.compile import Filter  # noqa: PLC0415
    from wasmnb.module import Module  # noqa: PLC0415

    path = request.config.getoption("--wasm-module")
    return Module.load(path) if path else Filter.from_folder(request.config.rootpath).build()


@pytest.fixture(scope="session")
def wasm_proxy() -> Iterator[Runner]:
    """Give an Envoy that runs cases: ``wasm_proxy.run(read(text), wasm_filter)``."""
    from wasmnb.cases import Runner  # noqa: PLC0415

    with Runner("envoy") as runner:
        yield runner


@pytest.fixture(scope="session")
def wasm_emulator() -> Iterator[Runner]:
    """Give the emulator that runs cases."""
    from wasmnb.cases import Runner  # noqa: PLC0415

    with Runner("emulator") as runner:
        yield runner
