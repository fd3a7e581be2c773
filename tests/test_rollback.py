"""Going back to what was in force, and looking at what would be, on the real local mesh."""

from __future__ import annotations

import json

import pytest

from tests.magics.meshes import FakeMesh
from tests.mesh.tiny import build, tag
from tests.needs import needs
from tests.worded import in_cell
from wasmnb.errors import BadNameError, ConfigError, DeployError, MeshError, ModuleError
from wasmnb.image import package
from wasmnb.mesh import Verdict
from wasmnb.module import Module
from wasmnb.plugin import FailPolicy, Phase
from wasmnb.session import DryRun, Session
from wasmnb.views import record_of

READING = build(
    "reading", configure="get_buffer(7, 0, n, &text, &length)", response='add_header(2, "x-tag", 5, text, length)'
)


@pytest.fixture(autouse=True)
def own_places(tmp_path, monkeypatch):
    monkeypatch.setenv("WASMNB_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))


@pytest.fixture(scope="module")
@needs("envoy")
def real():
    with Session() as session:
        session.mesh("local")
        yield session


@pytest.fixture
def session(real):
    yield real
    for plugin in real.current.plugins():
        real.undeploy(plugin.id)


def tags(session, url="details:9080/details/1"):
    return session.headers("productpage", url).after.response.headers.all("x-tag")


def test_a_rollback_restores_the_whole_plugin_and_a_second_one_undoes_it(session):
    session.deploy(
        READING, id="whole", selector="app=ratings", config={"v": 1}, phase="AUTHN", priority=7, fail_policy="open"
    )
    before = session.current.plugins()[0]
    session.deploy(tag("new"), id="whole", selector="app=details")
    done = session.rollback("whole")
    assert list(session.current.plugins()) == [before]
    assert (before.phase, before.priority, before.fail_policy) == (Phase.AUTHN, 7, FailPolicy.OPEN)
    assert done.digest == package(READING).digest
    assert [one.verdict for one in done.verdicts] == [Verdict.LIVE]
    assert tags(session) == []
    assert tags(session, "ratings:9080/ratings/1") == ['{"v":1}']
    said = repr(record_of(done))
    short = package(tag("new")).digest[:19], before.image.digest[:19]
    for word in (*short, "selector", "config", "phase", "fail policy"):
        assert word in said
    session.rollback("whole")
    assert tags(session) == ["new"]
    assert [plugin.image.digest for plugin in session.current.history("whole")] == [
        package(tag("new")).digest,
        before.image.digest,
        package(tag("new")).digest,
        before.image.digest,
    ]


def test_only_a_configuration_comes_back(session):
    for value in ("one", "two"):
        session.deploy(READING, id="conf", selector="app=details", config=value)
    done = session.rollback("conf")
    assert tags(session) == ["one"]
    assert "the image is the same" in done.notes[0]
    assert "config" in done.notes[0]


def test_what_was_taken_away_comes_back(session):
    session.deploy(tag("gone"), id="gone", selector="app=details")
    session.undeploy("gone")
    assert tags(session) == []
    assert "put back" in session.rollback("gone").notes[0]
    assert tags(session) == ["gone"]


def test_with_nothing_before_there_is_nothing_to_roll_back_to(session):
    with pytest.raises(BadNameError, match="never-there"):
        session.rollback("never-there")
    session.deploy(tag("first"), id="first", selector="app=details")
    with pytest.raises(MeshError, match="Nothing was in force as 'first' before") as caught:
        session.rollback("first")
    assert "%wasm_undeploy first" in in_cell(caught.value).hint
    assert tags(session) == ["first"]


def test_a_rollback_in_the_midst_of_steps_goes_back_on_every_pod(session):
    session.deploy(tag("old"), id="half", selector="app=reviews")
    mesh = session.current
    mesh.apply(mesh.plugins()[0].with_image(package(tag("new"))), only={"version": "v1"})
    session.rollback("half")
    assert {one.running for one in session.status("half") if one.verdict is Verdict.LIVE} == {
        package(tag("old")).digest
    }


def test_a_dry_run_shows_the_diff_and_changes_nothing(session):
    mesh = session.current
    first = session.deploy(READING, selector="app=details", config={"name": "hello"}, dry_run=True)
    assert isinstance(first, DryRun)
    assert (first.before, first.pods) == ("", ("details-v1-0",))
    assert first.changed
    assert list(mesh.plugins()) == []
    done = session.deploy(READING, selector="app=details", config={"name": "hello"})
    same = session.deploy(READING, selector="app=details", config={"name": "hello"}, dry_run=True)
    assert (same.changed, same.text, same.digest) == (False, first.text, done.digest)
    other = session.deploy(READING, selector="app=details", config={"name": "world"}, priority=3, dry_run=True)
    assert len([line for line in other.diff if line.startswith(("+", "-")) and "world" in line]) == 1
    assert session.status("reading")[0].running == done.digest
    assert tags(session) == ['{"name":"hello"}']
    record = record_of(other)
    assert "nothing was applied: it would change: configuration, priority;" in repr(record)
    frame = record.frame
    assert [str(dtype) for dtype in frame.dtypes] == ["category", "string"]
    assert (frame.change == "added").sum() == 1
    assert list(record_of(same).frame.columns) == list(frame.columns)
    json.dumps(other.to_dict())


def test_no_dry_run_shows_a_secret(session):
    session.deploy(READING, selector="app=details", config={"password": 'o"ld-六-pass', "user": "me"})
    done = session.deploy(READING, selector="app=details", config={"password": 'n"ew-pass', "user": "me"}, dry_run=True)
    assert done.changed, "that a secret differs is seen"
    shown = [json.dumps(done.to_dict(), ensure_ascii=False), repr(record_of(done)), repr(done)]
    for text in shown:
        assert "ld-六-pass" not in text
        assert "ew-pass" not in text
    assert "***" in done.text
    assert "me" in done.text
    short = session.deploy(READING, selector="app=details", config={"password": "pw", "user": "me"}, dry_run=True)
    for text in (short.text, *short.diff, repr(record_of(short))):
        assert "pw" not in text


def test_what_is_wrong_is_said_by_a_dry_run_too(session):
    with pytest.raises(ModuleError):
        session.deploy(Module("empty", b"\0asm\1\0\0\0"), dry_run=True)
    with pytest.raises(BadNameError):
        session.deploy("no-such-filter", dry_run=True)
    done = session.deploy(READING, selector="app=detials", dry_run=True)
    assert any("app=detials names none of the pods" in note for note in done.notes)


def test_a_dry_run_pushes_nothing_and_says_what_would_be():
    session = Session()
    session.use(FakeMesh(needs_registry=True))
    with pytest.raises(ConfigError, match="registry"):
        session.deploy(READING, dry_run=True)
    session.config(registry="registry.invalid/team")
    done = session.deploy(READING, selector="app=details", dry_run=True)
    digest = package(READING, "registry.invalid/team/reading").digest
    assert done.digest == digest
    assert done.notes[0] == f"registry.invalid/team/reading@{digest} would be pushed first"
    assert session.current.applied == 0


def test_pods_that_may_yet_become_live_need_not_be_waited_for():
    session = Session()
    session.use(mesh := FakeMesh(verdict=Verdict.WARMING))
    done = session.deploy(READING, selector="app=details", wait=False)
    assert [one.verdict for one in done.verdicts] == [Verdict.WARMING]
    assert mesh.waited is None
    with pytest.raises(DeployError):
        session.deploy(READING, selector="app=details")
    mesh.verdict = Verdict.REJECTED
    with pytest.raises(DeployError, match="not live"):
        session.deploy(READING, selector="app=details", wait=False)


def test_not_waiting_on_a_real_mesh_is_live_all_the_same(session):
    done = session.deploy(tag("now"), id="now", selector="app=details", wait=False)
    assert [one.verdict for one in done.verdicts] == [Verdict.LIVE]
