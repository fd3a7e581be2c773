"""What all tests share, and the proof that they leave nothing behind."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import settings

from wasmnb.wording import Front, words_for

# Cases that our own tests run on both hosts; some of them fail on purpose.
collect_ignore_glob = ["*.wasmtest.yaml"]

pytest_plugins = ["tests.cluster.fixtures", "tests.needs.plugin"]

# No test depends on the clock.
settings.register_profile("wasmnb", deadline=None)
settings.load_profile("wasmnb")

# Notebooks are validated by jsonschema, which would first compile a grammar of addresses: two seconds of every run.
sys.modules["rfc3987_syntax"] = None

# A shell starts what runs in its background with interrupts ignored: there a test's Ctrl-C would reach nobody.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_MARK = "WASMNB_TEST_RUN"


def _started_here(mark: str) -> list[str]:
    """List the processes that inherited this run's mark, however far they were handed on."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(_MARK) == mark:
                found.append(f"{process.pid} {' '.join(process.cmdline())}")
        except psutil.Error:
            continue
    return found


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_left_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give the run a temporary folder of its own, and look into it and at its processes at the end."""
    tmp_path_factory.getbasetemp()  # pytest's own folder stays where it is
    mark = uuid.uuid4().hex
    with tempfile.TemporaryDirectory(prefix="wasmnb-tests-") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv(_MARK, mark)
        patch.setenv("TMPDIR", folder)
        # Meshes of tests find each other, and never those of whoever runs the tests.
        patch.setenv("WASMNB_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
        patch.setenv("WASMNB_CONFIG_DIR", str(tmp_path_factory.mktemp("config")))
        # What a session without a store of its own builds is none of theirs, either.
        patch.setenv("WASMNB_DATA_DIR", str(tmp_path_factory.mktemp("data")))
        patch.setattr(tempfile, "tempdir", None)
        yield
        ours = psutil.Process().children(recursive=True)
        psutil.wait_procs(ours, timeout=10)
        left = _started_here(mark)
        assert not left, f"processes left behind: {left}"
        files = [path.name for path in Path(folder).iterdir()]
        assert not files, f"temporary files left behind: {files}"


@pytest.fixture
def cell_words():
    """Have every text worded as a notebook reads it."""
    with words_for(Front.NOTEBOOK):
        yield
