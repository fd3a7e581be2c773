"""A secret that goes into a session comes out nowhere: each way out is tried with one that a mesh quotes everywhere."""

from __future__ import annotations

import json
import logging
import traceback

import pytest
from IPython.core.interactiveshell import InteractiveShell

from tests.magics.conftest import FILTER
from tests.magics.meshes import FakeMesh
from wasmnb.display.result import now
from wasmnb.errors import DeployError, Explained
from wasmnb.live.table import PodTable
from wasmnb.mesh import Verdict
from wasmnb.mesh.protocol import Change
from wasmnb.session import Session
from wasmnb.views import register
from wasmnb.views.formatters import record_of
from wasmnb.wording import Front

pytestmark = pytest.mark.compiler  # the session compiles the filter that is deployed

SECRET = "correct-horse-battery"
CONFIG = {"token": SECRET, "seen": "plainly"}


class Careless(FakeMesh):
    """A mesh that quotes the configuration in all that it says."""

    def __init__(self, verdict=Verdict.LIVE):
        super().__init__(
            verdict=verdict,
            reason=f"it read token={SECRET} plainly",
            lines=(f"[warning] wasm log: {SECRET} plainly",),
            response=(("x-token", SECRET), ("x-quoted", f"{SECRET} plainly"), ("set-cookie", f"a={SECRET}")),
        )


@pytest.fixture
def session():
    session = Session()
    session.filter("hello", FILTER)
    return session


def shown(result):
    """Give all that a result shows anywhere."""
    shell = InteractiveShell.instance()
    register(shell)
    bundle = record_of(result)._repr_mimebundle_()
    return [json.dumps(result.to_dict()), *bundle.values(), *(str(shell.display_formatter.format(result)),)]


def told(error: Explained):
    """Give all that an error says anywhere."""
    found = [json.dumps(error.to_dict()), str(error), repr(error), *map(str, error.args)]
    for front in Front:
        error.front = front
        found += [*error._render_traceback_(), *error.lines()]
    return [*found, *traceback.format_exception(error)]


WAYS = {
    "deploy": lambda session: shown(session.deploy("hello", selector="app=details", config=CONFIG)),
    "dry run": lambda session: shown(session.deploy("hello", selector="app=details", config=CONFIG, dry_run=True)),
    "status": lambda session: shown(session.status()),
    "pods": lambda session: shown(session.pods(verdicts=True)),
    "logs": lambda session: shown(session.logs("details")),
    "headers": lambda session: shown(session.headers("productpage", "details:9080/")),
    "address": lambda session: shown(session.headers("productpage", f"details:9080/?token={SECRET}")),
    "request": lambda session: shown(session.headers("productpage", "details:9080/", header=f"x-token: {SECRET}")),
    "rendering": lambda session: shown(session.render("hello", config=CONFIG, target="envoy")),
    "undeploy": lambda session: shown(session.undeploy("hello")),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_shown_has_no_secret(session, way):
    session.use(Careless())
    session.deploy("hello", selector="app=details", config=CONFIG)
    found = "\n".join(WAYS[way](session))
    assert SECRET not in found


def test_what_is_no_secret_is_still_there(session):
    session.use(Careless())
    session.deploy("hello", selector="app=details", config=CONFIG)
    assert "plainly" in "\n".join(WAYS["status"](session))
    assert "*** plainly" in "\n".join(WAYS["headers"](session))


def test_an_error_has_no_secret(session, caplog):
    session.use(Careless(Verdict.REJECTED))
    with pytest.raises(DeployError) as caught:
        session.deploy("hello", selector="app=details", config=CONFIG)
    logging.getLogger("runbook").error("failed", exc_info=caught.value)
    verdicts = [json.dumps(one.to_dict()) for one in caught.value.verdicts]
    found = "\n".join([*told(caught.value), *verdicts, caplog.text])
    assert "plainly" in found
    assert SECRET not in found


class Listener:
    """A progress that keeps all that it is told."""

    def __init__(self):
        self.said = []

    def update(self, stage, done=None, total=None):
        self.said.append(stage)


def test_progress_has_no_secret(session):
    listener = Listener()
    session.use(Careless())
    session.deploy("hello", selector="app=details", config=CONFIG, progress=listener)
    assert SECRET not in "\n".join(listener.said)


def test_what_a_live_view_sends_to_the_browser_has_no_secret(session):
    """The rows of a board are what its comm messages and its records are made of."""
    session.use(Careless())
    session.deploy("hello", selector="app=details", config=CONFIG)
    table = PodTable(session.mask)
    for pod in session.current.pods():
        table.take(Change(1, now(), "pod", pod.name, pod.to_dict()))
    for one in session.current.verdicts():
        table.take(Change(1, now(), "verdict", f"{one.pod}/{one.plugin}", one.to_dict()))
    assert "plainly" in str(table.rows())
    assert SECRET not in str(table.rows())
