"""Cells that are compiled before anybody runs them."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import psutil
import pytest

from tests.mesh.conftest import until
from wasmnb.ahead import Ahead, Draft, Extent, Readiness, Tried, draft, extent
from wasmnb.compile import Filter
from wasmnb.compile.assemblyscript.service import Service
from wasmnb.compile.process import Leash, StoppedError, finish, run, start
from wasmnb.errors import UsageError

GOOD = "\nint answer() { return 42; }\n"


def written(text: str) -> Draft:
    return Draft(Filter("ahead", text))


@pytest.fixture
def ahead():
    told: list[Tried] = []
    made = Ahead(told.append)
    made.told = told
    yield made
    made.close()


def test_a_cell_that_is_run_afterwards_finds_its_module(ahead):
    ahead.ask("one", GOOD, written)
    until(lambda: ahead.told, bool)
    assert ahead.told[0].module is not None
    assert written(GOOD).filter.build().build.cached


def test_errors_are_told_and_the_thread_goes_on(ahead):
    def refuse(_: str) -> Draft:
        raise UsageError("no.")

    def break_down(_: str) -> Draft:
        raise RuntimeError

    ahead.ask("one", "\nint x = y;\n", written)
    until(lambda: ahead.told, bool)
    ahead.ask("one", "", refuse)
    until(lambda: ahead.told, lambda told: len(told) == 2)
    ahead.ask("one", "", break_down)
    until(lambda: ahead.told, lambda told: len(told) == 3)
    first, second, third = ahead.told
    assert first.error.diagnostics[0].line == 2
    assert isinstance(second.error, UsageError)
    assert third.waits == "not checked: RuntimeError"


def test_how_far_a_cell_is_taken_is_said_and_auto_is_off_on_one_processor(monkeypatch):
    for count, meant in ((1, Extent.OFF), (2, Extent.LOAD)):
        monkeypatch.setattr("wasmnb.ahead.draft._processors", lambda count=count: count)
        assert extent("auto") is meant
        assert [extent(said) for said in ("off", "check", "build", "load")] == list(Extent)


@pytest.mark.parametrize(
    ("said", "count"), [("max 100000", 4), ("100000 100000", 1), ("50000 100000", 1), ("250000 100000", 2), ("", 4)]
)
def test_a_container_has_as_many_processors_as_it_is_given_time_of(monkeypatch, tmp_path, said, count):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: range(4), raising=False)
    monkeypatch.setattr(draft, "_CGROUP", tmp_path)
    assert draft._processors() == 4
    (tmp_path / "cpu.max").write_text(f"{said}\n")
    assert draft._processors() == count


@pytest.mark.parametrize(("quota", "count"), [("-1", 4), ("150000", 1), ("300000", 3)])
def test_a_container_of_an_older_linux_has_its_time_in_other_files(monkeypatch, tmp_path, quota, count):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: range(4), raising=False)
    monkeypatch.setattr(draft, "_CGROUP", tmp_path)
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(f"{quota}\n")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert draft._processors() == count


def test_a_text_that_is_run_while_what_is_left_of_it_is_done_is_of_use_and_another_ends_it(ahead):
    module, foreseeing, go_on = written(GOOD).filter.build(), threading.Event(), threading.Event()

    def slowly(_: object) -> None:
        foreseeing.set()
        go_on.wait(20)

    for shown, states in ((GOOD, [Readiness.NONE, Readiness.READY]), ("another", [Readiness.NONE])):
        ahead.told.clear()
        foreseeing.clear()
        go_on.clear()
        ahead.ask("one", GOOD, lambda text: Draft(written(text).filter, Extent.BUILD, slowly))
        assert foreseeing.wait(20)
        ahead.make_way("one", shown)
        go_on.set()
        ahead.ask("two", GOOD, written)
        until(lambda: ahead.told[-1].cell, lambda cell: cell == "two")
        assert [one.ready for one in ahead.told[:-1]] == states
        assert ahead.told[0].module == module


def test_a_newer_text_ends_the_work_at_an_older_one(ahead):
    reading, go_on = threading.Event(), threading.Event()

    def slowly(text: str) -> Draft:
        reading.set()
        go_on.wait(20)
        return written(text)

    ahead.ask("one", GOOD + "// older", slowly)
    assert reading.wait(20)
    ahead.ask("one", GOOD, written)
    go_on.set()
    until(lambda: ahead.told, bool)
    assert [one.text for one in ahead.told] == [GOOD]


def test_a_compiler_that_hangs_is_ended(tmp_path):
    told: list[Tried] = []
    ahead = Ahead(told.append, patience=0.5)

    started = []

    def hang(_: str) -> Draft:
        started.append(start(["/bin/sleep", "600"], tmp_path))
        finish(started[0])
        raise AssertionError

    ahead.ask("one", GOOD, hang)
    until(lambda: told, bool)
    assert told[0].waits == "the compiler was stopped after 0.5 s"
    assert started[0].poll() is not None
    ahead.close()


def test_nothing_is_fetched_before_a_cell_is_run(ahead):
    source = "\n// deps: github.com/nobody/nothing@v9.9.9\npackage main\nfunc init() {}\n"
    ahead.ask("one", source, lambda text: Draft(Filter("ahead", text, "go")))
    until(lambda: ahead.told, bool)
    assert ahead.told[0].waits == "run the cell once: it needs something that is not on this machine yet"


@pytest.mark.parametrize(
    ("language", "files"),
    [
        ("assemblyscript", ()),
        ("assemblyscript", (("package.json", "{}"),)),
        ("rust", (("Cargo.toml", "[package]"),)),
        ("go", (("go.mod", "module m"),)),
    ],
)
def test_a_compiler_is_not_fetched_and_a_project_not_built_before_a_cell_is_run(ahead, language, files, monkeypatch):
    monkeypatch.setattr("wasmnb.compile.assemblyscript.toolchain.installed", lambda: Path("here") if files else None)
    monkeypatch.setattr(Filter, "build", lambda _: 1 / 0)
    ahead.ask("one", GOOD, lambda text: Draft(Filter("ahead", text, language, files=files)))
    until(lambda: ahead.told, bool)
    assert ahead.told[0].waits == "run the cell once: it needs something that is not on this machine yet"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_who_is_told_may_fail_and_the_next_text_is_compiled():
    told: list[Tried] = []

    def tell(tried: Tried) -> None:
        told.append(tried)
        if len(told) == 1:
            raise SystemExit  # ends the thread, silently

    ahead = Ahead(tell)
    ahead.ask("one", "\nint x = y;\n", written)
    until(ahead._thread.is_alive, lambda alive: not alive)
    ahead.ask("one", GOOD, written)
    until(lambda: len(told), lambda count: count == 2)
    ahead.close()


def test_a_compiler_that_is_kept_outlives_a_text_that_was_overtaken_while_it_waited(tmp_path):
    service, leash = Service(), Leash()
    service._process = kept = start(["/bin/sleep", "600"], tmp_path)
    service._of = (os.getpid(),)
    leash.stop()
    with leash.on(), pytest.raises(StoppedError):
        service.compile(None, tmp_path, "", ())
    assert service.pid == kept.pid
    service.close()
    assert kept.poll() is not None


def test_tools_on_a_leash_work_behind_others_and_start_no_more_once_it_is_pulled(tmp_path):
    leash = Leash(nice=19)
    with leash.on():
        slow = start(["/bin/sleep", "600"], tmp_path)
        assert psutil.Process(slow.pid).nice() == 19
        leash.stop()
        with pytest.raises(StoppedError):
            finish(slow)
        with pytest.raises(StoppedError):
            run(["/bin/true"], tmp_path)
    assert run(["/bin/true"], tmp_path).code == 0
