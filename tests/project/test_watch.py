"""A folder that is watched: saved, built, live; a mistake is said, and mended by the next change."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from wasmnb import Session, init_project
from wasmnb.errors import CompileError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.compiler, pytest.mark.envoy]


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is there already, whoever ran these before."""
    monkeypatch.setenv("WASMNB_STORE", str(tmp_path / "store"))


class Log:
    """Takes the lines that watching says, and edits the folder after some of them."""

    def __init__(self, *after: object) -> None:
        self.lines: list[str] = []
        self.after = list(after)

    def __call__(self, line: str) -> None:
        self.lines.append(line)
        if self.after:
            # Behind the loop's back, as an editor would.
            threading.Timer(0.3, self.after.pop(0)).start()  # type: ignore[arg-type]


def test_saved_is_live(tmp_path: Path) -> None:
    made = init_project(tmp_path / "mine")
    source = made.path / "filter.cc"
    text = source.read_text()

    def renamed(changed: str) -> None:
        """Save as editors do that keep the old file until the new one is whole: vim, Emacs, ``sed -i``."""
        beside = source.with_name(f".{source.name}.swp1")
        beside.write_text(changed)
        source.rename(source.with_name(f"{source.name}~"))
        beside.rename(source)

    log = Log(
        lambda: renamed(text.replace('"六翁"', "broken")),
        lambda: source.write_text(text.replace("六翁", "again")),
    )
    with Session() as session:
        session.mesh("local")
        built = session.build(made.path, watch=True, seconds=20, deploy="app=details", log=log)
        exchange = session.headers("productpage", "details:9080/details/123")
        assert ("你好", "again") in list(exchange.after.response.headers)
        assert ("hello", "world") in list(exchange.after.response.headers), "config.json was its configuration"
    assert built.image.module.name == "mine"
    assert [line.split(" ", 1)[1].split("\n")[0].split(" in ")[0] for line in log.lines] == [
        "as it is: built",
        "filter.cc: failed",
        "filter.cc: built",
    ]
    assert "at filter.cc line" in log.lines[1]


def test_a_build_again_leaves_what_is_in_force_as_it_is(tmp_path: Path) -> None:
    made = init_project(tmp_path / "mine")
    source = made.path / "filter.cc"
    text = source.read_text()
    with Session() as session:
        session.mesh("local")
        first = session.build(made.path)
        session.deploy(
            first,
            id="mine",
            selector="app=details",
            config={"name": "hello", "value": "before"},
            phase="AUTHZ",
            priority=7,
            fail_policy="open",
            match="SERVER",
            env=["LEVEL=debug"],
            pull_policy="Always",
            pull_secret="pull",
        )
        (before,) = session.current.plugins()
        source.write_text(text.replace("六翁", "again"))
        session.build(made.path, watch=True, seconds=1, deploy="app=details", timeout=30)
        (after,) = session.current.plugins()
        assert after.image.digest != before.image.digest
        assert after == before.with_image(after.image)

        config = {"name": "hello", "value": "after"}
        session.build(made.path, watch=True, seconds=1, deploy="app=details", config=config, priority=8, timeout=30)
        (said,) = session.current.plugins()
        assert (said.config, said.priority, said.env) == (config, 8, before.env)
        assert (said.match, said.pull_secret, said.phase) == (before.match, "pull", before.phase)


def test_what_the_compiler_read_outside_of_the_folder_is_seen(tmp_path: Path) -> None:
    made = init_project(tmp_path / "mine")
    shared = tmp_path / "shared" / "value.h"
    shared.parent.mkdir()
    shared.write_text("#define VALUE 1\n")
    source = made.path / "filter.cc"
    source.write_text('#include "../shared/value.h"\nint value = VALUE;\n' + source.read_text())
    log = Log(
        lambda: shared.write_text("#define VALUE broken\n"),
        lambda: shared.write_text("#define VALUE 22\n"),
        lambda: source.write_text(source.read_text() + "\n"),
    )

    def enough(line: str) -> None:
        log(line)
        if len(log.lines) == 4:
            raise KeyboardInterrupt

    with Session() as session:
        session.build(made.path, watch=True, seconds=600, log=enough)
    assert [line.split(" ", 1)[1].split(":")[0] for line in log.lines[:3]] == ["as it is", "value.h", "value.h"]
    assert ["failed" in line for line in log.lines[:3]] == [False, True, False]


def test_what_failed_last_is_raised(tmp_path: Path) -> None:
    made = init_project(tmp_path / "mine")
    (made.path / "filter.cc").write_text("broken\n")
    with Session() as session, pytest.raises(CompileError):
        session.build(made.path, watch=True, seconds=0.5)


def test_what_belongs_to_the_project_is_seen_and_what_builds_write_is_not(tmp_path: Path) -> None:
    made = init_project(tmp_path / "mine")
    for name in ("target", ".config", "node_modules"):
        (made.path / name).mkdir()

    def written(path: str) -> Callable[[], object]:
        return lambda: (made.path / path).write_text("#pragma once\n")

    def others() -> None:
        written("node_modules/x.h")()
        written("old.wasm")()
        written("target/one.h")()

    log = Log(others, written(".config/two.h"), (made.path / "target" / "one.h").unlink)
    with Session() as session:
        session.build(made.path, watch=True, seconds=6, log=log)
    assert [line.split(" ", 1)[1].split(":")[0] for line in log.lines] == ["as it is", "one.h", "two.h", "one.h"]


def test_an_interrupt_ends_it(tmp_path: Path) -> None:
    made = init_project(tmp_path / "mine")
    log = Log(lambda: os.kill(os.getpid(), signal.SIGINT))
    with Session() as session:
        built = session.build(made.path, watch=True, log=log)
    assert built.image.module.name == "mine"
    assert log.lines[-1] == "watching ended"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"watch": True, "unattended": True}, "seconds=SECONDS"),
        ({"watch": True, "seconds": 0}, "above 0"),
        ({"deploy": "app=details"}, "goes with watch"),
        ({"seconds": 1}, "goes with watch"),
        ({"phase": "AUTHZ"}, "phase says how to deploy"),
        ({"watch": True, "seconds": 1, "plain_http": True}, "plain_http says how to deploy"),
    ],
)
def test_what_cannot_be_watched(tmp_path: Path, options: dict[str, object], said: str) -> None:
    made = init_project(tmp_path / "mine")
    with Session() as session, pytest.raises(UsageError) as caught:
        session.build(made.path, **options)  # type: ignore[arg-type]
    assert said in str(caught.value)


def test_a_filter_cannot_be_watched() -> None:
    with Session() as session, pytest.raises(UsageError, match="needs a folder"):
        session.build("header-filter", watch=True, seconds=1)
