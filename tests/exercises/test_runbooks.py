"""The runbooks run headless, on a mesh of another process or on a cluster; each ends with a summary without secrets."""

from __future__ import annotations

import getpass
import json
from pathlib import Path

import nbformat
import papermill
import pytest
from papermill.exceptions import PapermillExecutionError

import wasmnb
from tests.cluster import bookinfo
from tests.mesh.tiny import tag
from tests.needs import needs
from wasmnb.compile.languages import toolchain
from wasmnb.errors import BadNameError
from wasmnb.image import package
from wasmnb.image.registry import push
from wasmnb.session.versions import Versions

pytestmark = [pytest.mark.compiler, pytest.mark.envoy]

RUNBOOKS = Path(__file__).parents[2] / "notebooks" / "runbooks"
SECRET = "hunter2-hunter2"

TAGGER = """\
#include "proxy_wasm_intrinsics.h"
#include "proxy_wasm_json.h"

class TaggerRoot : public RootContext {
 public:
  using RootContext::RootContext;
  bool onConfigure(size_t) override {
    const auto text = getConfiguration();
    const Json json = Json::parse(text->view());
    team = json["team"].string();
    return true;
  }
  std::string team;
};

class Tagger : public Context {
 public:
  using Context::Context;
  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    if (getRequestHeader("x-crash")->size() > 0) __builtin_trap();
    return FilterHeadersStatus::Continue;
  }
  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    addResponseHeader("x-team", static_cast<TaggerRoot*>(root())->team);
    return FilterHeadersStatus::Continue;
  }
};

static RegisterContextFactory register_Tagger(CONTEXT_FACTORY(Tagger), ROOT_FACTORY(TaggerRoot));
"""


@pytest.fixture(scope="module")
@needs("envoy", "compiler")
def session(tmp_path_factory):
    """A session with a mesh that other processes join, and an image in the store that they share."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WASMNB_STORE", str(tmp_path_factory.mktemp("store")))
        with wasmnb.Session() as session:
            session.mesh("local", name="runbooks")
            session.filter("tagger", TAGGER)
            session.build("tagger", tag="local/tagger:v1")
            yield session


@pytest.fixture
def run(tmp_path):
    """Run a runbook; give what its cells printed and showed, by the cell's heading."""

    def run(name, **parameters):
        path = str(tmp_path / "done.ipynb")
        notebook = papermill.execute_notebook(
            str(RUNBOOKS / f"{name}.ipynb"),
            path,
            parameters,
            progress_bar=False,
            kernel_name="python3",
            cwd=str(RUNBOOKS),
        )
        return sections(notebook)

    return run


def sections(notebook):
    found, heading = {}, ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            heading = cell.source.splitlines()[0].lstrip("# ")
        for output in cell.get("outputs", ()):
            text = "".join(output.get("text") or output.get("data", {}).get("text/plain", ""))
            found[heading] = f"{found.get(heading, '')}{text}\n"
    return found


def folder(tmp_path, source):
    """Write a project of one source."""
    path = tmp_path / "project"
    path.mkdir(exist_ok=True)
    (path / "tagger.cc").write_text(source)
    return str(path)


def rolled_out(run, **more):
    config = '{"team": "blue", "password": "' + SECRET + '"}'
    named = {"image": "local/tagger:v1", "plugin": "tagger", "selector": "app=reviews", "config": config}
    return run("roll-out-a-filter", **named, **more)


def test_the_runbooks_one_after_the_other(run, session, tmp_path):
    with pytest.raises(PapermillExecutionError, match="not approved: nothing was changed"):
        rolled_out(run, mesh="runbooks")
    assert not session.current.plugins()

    steps = {"steps": "version=v1,version=v2,version=v3", "watch_for": 0.1, "accept_no_traffic": True}
    shown = rolled_out(run, mesh="runbooks", approved=True, url="reviews:9080/reviews/7", source="productpage", **steps)
    digest = session.current.plugins()[0].image.digest
    assert f"local/tagger:v1 {digest}" in shown["Summary"]
    assert shown["Summary"].count("LIVE") == 3
    assert SECRET not in "".join(shown.values())

    with pytest.raises(PapermillExecutionError, match="the image does not follow from"):
        rolled_out(run, mesh="runbooks", built_from=folder(tmp_path, TAGGER.replace("x-team", "x-other")))
    source = folder(tmp_path, TAGGER)
    shown = rolled_out(run, mesh="runbooks", built_from=source, approved=True)
    assert f"the module follows from {source}" in shown["Plan"]

    (tmp_path / "done.ipynb").rename(tmp_path / "earlier.ipynb")
    shown = run("what-runs-where", mesh="runbooks", earlier=str(tmp_path / "earlier.ipynb"))
    assert "nothing differs from the earlier run" in shown["What this was run with"]
    assert f"tagger: local/tagger:v1@{digest} on 3 pods: LIVE" in shown["Summary"]
    assert "drift: 0" in shown["Summary"]
    assert SECRET not in "".join(shown.values())

    session.build("tagger", tag="local/tagger:v2", annotation=["title=Tagger"])
    session.deploy("local/tagger:v2", id="tagger", selector="app=reviews", config={"team": "green"})
    session.headers("productpage", "reviews:9080/reviews/7", header=["x-crash: 1"], before="none")
    shown = run("a-filter-is-not-live", mesh="runbooks", plugin="tagger")
    assert "TRAPPED, cause VM_CRASHED" in shown["Summary"]
    assert wasmnb.explain("VM_CRASHED").remedy in shown["Summary"]
    differences = Versions.of(session).differences(Versions.recorded(tmp_path / "earlier.ipynb"))
    said = {one.partition(":")[0]: one for one in differences}
    assert said["image tagger"].startswith(f"image tagger: {digest} then, sha256:")
    assert said["module tagger"].startswith("module tagger: nothing then, ")
    assert "python" not in said
    compiler = toolchain("cpp").doctor()[0]
    assert said[compiler.name] == f"{compiler.name}: nothing then, {compiler.detail} now"
    shown = run("a-filter-is-not-live", mesh="runbooks", plugin="tager")
    assert "tager is not in force; in force: tagger" in shown["1. Is it there at all?"]
    assert "it is for no pod" in shown["3. Why?"]

    shown = run("roll-back-now", mesh="runbooks", plugin="tagger")
    assert "rolled back tagger on mesh runbooks" in shown["Summary"]
    assert shown["Summary"].count("LIVE") == 3
    assert '"team": "blue"' in session.current.plugins()[0].config_text
    assert SECRET not in "".join(shown.values())


@pytest.mark.parametrize("path", sorted(RUNBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_runbook_says_what_its_parameters_are(path):
    notebook = nbformat.read(path, as_version=4)
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in notebook.cells)
    # What papermill cannot read, such as a sign of equality in a description, it leaves out.
    cell = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", ()))
    said = [line.partition(":")[0] for line in cell.source.splitlines() if not line.startswith("#")]
    assert list(papermill.inspect_notebook(str(path))) == said
    for name, parameter in papermill.inspect_notebook(str(path)).items():
        assert parameter["help"], name
        assert parameter["inferred_type_name"] in {"str", "float", "bool"}, name


def test_what_was_run_with_is_read_from_a_notebook(tmp_path):
    path = tmp_path / "done.ipynb"
    printed = [f"{Versions({'wasmnb': number})}\n" for number in ("1", "2")]
    path.write_text(json.dumps({"cells": [{"outputs": [{"text": ["a line\n", text]}]} for text in printed]}))
    earlier = Versions.recorded(path)
    assert earlier.items == {"wasmnb": "2"}
    assert Versions({"wasmnb": "3", "x": "1"}).differences(earlier) == (
        "wasmnb: 2 then, 3 now",
        "x: nothing then, 1 now",
    )
    for text in ("{}", "no notebook", '{"cells": []}'):
        path.write_text(text)
        with pytest.raises(BadNameError):
            Versions.recorded(path)


def test_a_filter_is_rolled_out_listed_and_rolled_back_on_a_cluster(cluster, run, monkeypatch, tmp_path):
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
    monkeypatch.setenv("WASMNB_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("WASMNB_PLAIN_HTTP", "true")
    images = [package(tag(name), f"{cluster.registry}/runbooks:{name}") for name in ("one", "two")]
    for image in images:
        push(image, image.reference, plain_http=True)
    with cluster.namespace() as namespace:
        place = {"mesh": "istio", "namespace": namespace}
        bookinfo.install(cluster, namespace, ("details-v1", "productpage-v1"))
        cluster.ready(namespace)
        shown = run("what-runs-where", **place)
        assert "0 filters" in shown["Summary"]
        shown = run("a-filter-is-not-live", **place, plugin="guard")
        assert "guard is not in force" in shown["1. Is it there at all?"]

        named = {"plugin": "guard", "selector": "app=details"}
        for image in images:
            shown = run("roll-out-a-filter", **place, **named, image=image.pinned, approved=True)
            assert shown["Summary"].count(": LIVE") == 1
        assert images[1].digest in shown["Summary"]
        assert '"mesh": "istio; ' in shown["What this was run with"]

        shown = run("what-runs-where", **place)
        # It sends nothing, so that nobody sees the filter act.
        assert f"@{images[1].digest} on 1 pods: LOADED" in shown["Summary"]
        assert f"put in force by {getpass.getuser()}, 2" in shown["Summary"]
        shown = run("roll-back-now", **place, plugin="guard", timeout=120.0)
        assert f"to   {images[0].digest}" in shown["Summary"]
        assert shown["Summary"].count(": LIVE") == 1
