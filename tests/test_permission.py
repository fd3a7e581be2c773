"""Nothing is sent to applications that somebody works on before that was allowed: who can be asked is asked once."""

from __future__ import annotations

import pytest

from tests.mesh.tiny import tag
from wasmnb.commands import ask as asking
from wasmnb.errors import Interrupted, UsageError
from wasmnb.mesh import Proof
from wasmnb.mesh.results import Pods
from wasmnb.session import Session
from wasmnb.session.options.build import FilterCall


class SomebodysMesh:
    """As much of a mesh on a cluster as has to do with being asked."""

    name, place, gateway, about = "istio", "namespace shop, context prod", "", ()

    def __init__(self):
        self.prove = None

    def allow(self, prove):
        self.prove = prove

    def pods(self):
        return Pods(())


@pytest.fixture
def session():
    made = Session()
    made.use(SomebodysMesh())
    return made


@pytest.fixture
def deploy(session, monkeypatch):
    """Give a command that deploys, to be called with what the user answers; it gives the questions so far."""
    questions, answers = [], []

    def ask(question):
        questions.append(question)
        return answers.pop(0)

    monkeypatch.setattr(asking, "ask", ask)
    command = asking.asking(lambda _, **keywords: keywords)

    def deploy(*said, **keywords):
        answers[:] = said
        assert command(session, **keywords) == keywords
        return questions

    return deploy


def test_a_yes_is_for_the_mesh_and_is_asked_for_once(session, deploy):
    (question,) = deploy(True)
    assert "namespace shop, context prod" in question
    assert session.current.prove is Proof.EFFECT
    assert deploy() == [question]


def test_a_no_is_not_asked_again_until_there_is_another_mesh(session, deploy):
    assert len(deploy(False)) == 1
    assert session.current.prove is None
    assert len(deploy()) == 1
    session.context.release()
    session.use(SomebodysMesh())
    assert len(deploy(True)) == 2


def test_where_nobody_can_be_asked_nothing_is_allowed(session, deploy):
    assert len(deploy(None)) == 1
    assert session.current.prove is None


@pytest.mark.parametrize("said", [{"prove": "config"}, {"dry_run": True}, {"export": "folder"}])
def test_nobody_is_asked_where_the_answer_was_given_or_nothing_is_applied(deploy, said):
    assert deploy(**said) == []


def test_a_build_asks_only_where_it_deploys(session, monkeypatch):
    monkeypatch.setattr(asking, "ask", lambda _: True)
    command = asking.asking(lambda _, **keywords: keywords, "deploy")
    command(session, deploy=None)
    assert session.current.prove is None
    command(session, deploy="app=details")
    assert session.current.prove is Proof.EFFECT


def test_an_interrupt_is_no_answer_and_nothing_was_applied(session, monkeypatch):
    def ask(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(asking, "ask", ask)
    with pytest.raises(Interrupted, match="nothing was applied"):
        asking.asking(lambda _: None)(session)


def test_how_it_is_proven_may_be_said_of_a_mesh_that_is_connected(session):
    assert session.mesh("istio", prove="trace").change == "kept"
    assert session.current.prove is Proof.TRACE
    session.mesh("istio", prove="config")
    assert session.current.prove is Proof.CONFIG


@pytest.mark.compiler
def test_a_cluster_is_asked_nothing_while_a_cell_is_typed_and_what_a_run_asks_about_is_not_refused(session):
    # The mesh has no endpoints to be asked for.
    said = {"source": "text", "deploy": "app=details", "probe": ("details:9080/details/7", "DELETE details:9080/")}
    foresee = session.builds.draft(FilterCall("guard", **said)).foresee
    assert [one.path for one in foresee(tag("one")).probes[""]] == ["/details/7", "/"]
    session.context.asked = True
    with pytest.raises(UsageError, match="not allowed"):
        foresee(tag("one"))
