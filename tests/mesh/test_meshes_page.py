"""docs/meshes.md is true: its package adds a mesh, which every command then works on."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.outside import install
from wasmnb import Session
from wasmnb.commands import COMMANDS
from wasmnb.commands.completion import candidates
from wasmnb.errors import NoMeshError, SelectorError, UsageError
from wasmnb.mesh import Verdict
from wasmnb.views import record_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.compiler

FILTER = """\
#include "proxy_wasm_intrinsics.h"

class Hello : public Context {
 public:
  explicit Hello(uint32_t id, RootContext* root) : Context(id, root) {}
  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override { return FilterHeadersStatus::Continue; }
};

static RegisterContextFactory register_Hello(CONTEXT_FACTORY(Hello));
"""


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Session]:
    """Install the page's mesh, and take it away."""
    monkeypatch.setenv("WASMNB_STORE", str(tmp_path / "store"))
    site = tmp_path / "site"
    install(site, "toybox", "meshes.md")
    monkeypatch.syspath_prepend(str(site))
    with Session() as made:
        yield made
    monkeypatch.delitem(sys.modules, "toybox", raising=False)


def test_it_is_listed_and_loaded_when_named(session: Session) -> None:
    assert candidates(COMMANDS["wasm_mesh"], "toy", session) == (["toybox"], "toy")
    assert "toybox" not in sys.modules
    (group,) = [check for check in session.doctor() if check.name == "meshes"]
    assert group.detail.endswith("toybox (toybox 1.0)")
    with pytest.raises(UsageError, match="context is for the mesh 'istio', not for 'toybox'"):
        session.mesh("toybox", context="minikube")


def test_a_filter_goes_all_the_way_on_it(session: Session) -> None:
    state = session.mesh("toybox")
    assert (state.name, [pod.name for pod in state.pods]) == ("toybox", ["toy-0"])
    session.filter("hello", FILTER)
    before = session.headers("toy", "toy:80/")
    done = session.deploy("hello", selector="app=toy")
    assert [one.verdict for one in done.verdicts] == [Verdict.LIVE]
    after = session.headers("toy", "toy:80/")
    assert "x-hello" not in before.after.response.headers
    assert after.after.response.headers["x-hello"] == done.plugin.image.digest
    assert after.before == before.after
    assert "1 in force" in str(record_of(session.current.plugins()))
    assert session.status().frame["verdict"].tolist() == ["LIVE"]
    assert list(session.logs("toy-0")) == ["2 requests"]
    with session.current.watch() as changes:
        told = {change.kind for _, change in zip(range(4), changes, strict=False)}
    assert told == {"pod", "plugin", "verdict", "fresh"}
    session.deploy("hello", selector="app=toy", config="a")
    assert session.rollback("hello").plugin.config is None
    assert session.undeploy("hello").pods == ("toy-0",)
    with pytest.raises(SelectorError, match="No pod"):
        session.deploy("hello", selector="app=other")
    session.mesh("stop")
    with pytest.raises(NoMeshError):
        session.pods()
