"""Several meshes in one view."""

from __future__ import annotations

import pytest

from tests.dashboards.simulated import SimulatedMesh
from tests.rollout.fakes import FakeMesh
from tests.rollout.test_faults import OLD, labels
from wasmnb.errors import BadNameError, MeshError, UsageError
from wasmnb.mesh import Verdict, kinds
from wasmnb.mesh.view import MeshView
from wasmnb.session import Session


class There(FakeMesh):
    """Says that nothing is in force, where nothing is."""

    def verdicts(self, id=None):  # noqa: A002
        if id is not None and self.newest is None:
            raise BadNameError("nothing is in force here")
        return super().verdicts(id)


@pytest.fixture
def view() -> MeshView:
    one, other = There(labels("v1")), There(labels("v1", "v2"))
    other.apply(OLD)
    return MeshView({"one": one, "other": other})


def test_pods_are_called_by_the_mesh_that_they_are_of(view):
    assert [pod.name for pod in view.pods()] == ["one/shop-v1", "other/shop-v1", "other/shop-v2"]
    assert [count.pod for count in view.counts()] == ["one/shop-v1", "other/shop-v1", "other/shop-v2"]


def test_a_plugin_is_judged_where_it_is_in_force(view):
    found = [(one.pod, one.verdict) for one in view.verdicts(OLD.id)]
    assert found == [("other/shop-v1", Verdict.LIVE), ("other/shop-v2", Verdict.LIVE)]
    assert list(view.plugins()) == [OLD]
    assert list(view.history(OLD.id)) == [OLD]


def test_what_is_in_force_nowhere_is_said_so():
    with pytest.raises(BadNameError, match="'shop' is in force in none of one, other"):
        MeshView({"one": There({}), "other": There({})}).verdicts("shop")


@pytest.mark.parametrize(
    "change",
    [
        lambda session: session.deploy("shop", selector="app=shop"),
        lambda session: session.undeploy("shop"),
        lambda session: session.rollback("shop"),
        lambda session: session.headers("shop", "details:9080/"),
    ],
)
def test_a_view_changes_nothing_and_sends_nothing(view, change):
    with Session() as session:
        view.stop = lambda: None
        session.use(view)
        with pytest.raises(UsageError, match="a view of several namespaces or clusters, which changes nothing"):
            change(session)


def test_a_mesh_that_does_not_answer_is_named():
    one, other = SimulatedMesh(1), SimulatedMesh(1)
    other.leave()
    with pytest.raises(MeshError, match="the API server does not answer") as caught:
        MeshView({"one": one, "other": other}).pods()
    assert "in other" in str(caught.value)


def test_a_pod_is_told_apart_by_its_mesh(view):
    with pytest.raises(BadNameError, match="'shop-v2' does not say where: pods are called one/POD here") as caught:
        view.logs("shop-v2")
    assert "other/shop-v2" in str(caught.value)


def test_the_watch_of_a_view_tells_everything_and_is_fresh_when_all_are():
    one, other = SimulatedMesh(1), SimulatedMesh(1)
    other.hesitant = True
    with MeshView({"one": one, "other": other}).watch() as watch:
        first = {(change.kind, change.name) for change in (next(watch) for _ in range(4))}
        assert first == {(kind, name) for mesh in ("one", "other") for kind, name in named(mesh)}
        other.tell("fresh", "mesh", {})
        assert next(watch).kind == "fresh"
        other.tell("stale", "mesh", {"since": "then", "reason": "nobody answers"})
        assert next(watch).value == {"since": "then", "reason": "other: nobody answers"}
        one.judge("w-0-0", Verdict.OLD)
        change = next(watch)
        assert (change.number, change.name, change.value["pod"]) == (7, "one/w-0-0/header-filter", "one/w-0-0")
        other.expire()
        assert list(watch) == []


def named(mesh: str) -> list[tuple[str, str]]:
    return [("pod", f"{mesh}/w-0-0"), ("verdict", f"{mesh}/w-0-0/header-filter")]


ASKED = {"istio_namespace": "istio-system", "as_": "", "preflight": True, "prove": None, "sample": None}


@pytest.mark.parametrize(
    ("context", "namespace", "names"),
    [
        ("a, b", None, ["a", "b"]),
        (None, "shop,cart,shop", ["shop", "cart"]),
        ("a,b", "shop,cart", ["a/shop", "a/cart", "b/shop", "b/cart"]),
    ],
)
def test_several_contexts_and_namespaces_become_a_view(monkeypatch, context, namespace, names):
    asked = []
    monkeypatch.setattr(kinds, "_connected", lambda *place: asked.append(place) or SimulatedMesh(1))
    view = kinds.ISTIO.start({**ASKED, "context": context, "namespace": namespace}, fetch=None, progress=None)
    assert [pod.name for pod in view.pods()] == [f"{name}/w-0-0" for name in names]
    assert {place[2]["preflight"] for place in asked} == {False}


def test_one_that_cannot_be_reached_lets_go_of_the_others(monkeypatch):
    stopped = []

    def connected(context, *_):
        if context == "b":
            raise MeshError("nobody answers")
        mesh = SimulatedMesh(1)
        mesh.stop = lambda: stopped.append(context)
        return mesh

    monkeypatch.setattr(kinds, "_connected", connected)
    with pytest.raises(MeshError, match="nobody answers"):
        kinds.ISTIO.start({**ASKED, "context": "a,b", "namespace": None}, fetch=None, progress=None)
    assert stopped == ["a"]


@pytest.mark.parametrize("prove", ["effect", "trace"])
def test_a_view_is_not_allowed_to_send_requests_or_to_raise_log_levels(prove):
    asked = {**ASKED, "context": "a,b", "namespace": None, "prove": prove}
    with pytest.raises(UsageError, match="A view of several sends nothing") as caught:
        kinds.ISTIO.start(asked, fetch=None, progress=None)
    assert caught.value.hint == f"leave out prove='{prove}', or look at one"


def test_a_comma_with_nothing_beside_it_is_refused():
    with pytest.raises(UsageError, match="'a,' names nothing beside a comma") as caught:
        kinds.ISTIO.start({**ASKED, "context": "a,", "namespace": None}, fetch=None, progress=None)
    assert caught.value.hint == "write a,b without a comma at the end"
