"""Hints of the session are provoked, and followed: afterwards it goes through. Those of folders: tests/project."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from tests.mesh.tiny import tag
from tests.needs import needs
from tests.worded import in_cell
from wasmnb import Session
from wasmnb.errors import UsageError, WasmnbError

pytestmark = [pytest.mark.compiler, pytest.mark.envoy]

URL = "details:9080/details/1"
DETAILS = {"selector": "app=details"}
QUIET = {**DETAILS, "prove": "config"}


@pytest.fixture(scope="module")
@needs("compiler", "envoy")
def at(tmp_path_factory):
    """A session with the embedded mesh, the image ``local/mine``, and a folder of files."""
    folder = tmp_path_factory.mktemp("files")
    for name, data in {"word.txt": b"word", "empty.txt": b"", "latin.txt": b"\xe9", "ca.pem": b"x"}.items():
        (folder / name).write_bytes(data)
    (folder / "mine.wasm").write_bytes(tag("mine").wasm)
    with Session() as session:
        session.build("precompiled", str(folder / "mine.wasm"), tag="local/mine")
        session.mesh("local")
        yield SimpleNamespace(session=session, folder=folder)


def deploy(at, **said):
    """Deploy the image, and take it away."""
    try:
        return at.session.deploy("local/mine", id="mine", **{**QUIET, **said})
    finally:
        if "mine" in [plugin.id for plugin in at.session.context.mesh.plugins()]:
            at.session.undeploy("mine")


def built(at, *words, **said):
    return at.session.build("precompiled", str(at.folder / "mine.wasm"), *words, **{"tag": "local/mine", **said})


def rendered(at):
    """Ask for an object of Istio: the words are right then, and what is left is the image, which no registry has."""
    with pytest.raises(UsageError, match="lives on this machine only"):
        at.session.render("local/mine", as_="WasmPlugin")


HINTS = {
    "a word too many": (
        lambda at: at.session.build("local/mine", "local/other"),
        "only precompiled takes a file after it; an image's name goes after -t",
        built,
    ),
    "how a container builds": (lambda at: built(at, pull=True), "add --in-container", built),
    "the language of a module": (lambda at: built(at, language="rust"), "leave --lang out", built),
    "a module in a container": (
        lambda at: built(at, in_container="rust:1"),
        "give the folder's path",
        built,
    ),
    "no annotation": (
        lambda at: built(at, annotation=["title"]),
        "write key=value, for instance 'title=Header filter'",
        lambda at: built(at, annotation=["title=Header filter"]),
    ),
    "an annotation twice": (
        lambda at: built(at, annotation=["title=a", "title=b"]),
        "give it once",
        lambda at: built(at, annotation=["title=a"]),
    ),
    "to watch a file": (lambda at: built(at, watch=True), "%wasm_build ./my-filter --watch", built),
    "a default that is none of its words": (
        lambda at: at.session.config(phase="first"),
        "AUTHN",
        lambda at: at.session.config(phase="UNSPECIFIED"),
    ),
    "a time of nothing": (
        lambda at: at.session.config(timeout=0),
        "for instance timeout 10",
        lambda at: at.session.config(timeout=10),
    ),
    "a default that there is not": (
        lambda at: at.session.config(colour="red"),
        "%wasm_config without arguments shows them",
        lambda at: at.session.config(),
    ),
    "certificates that are not there": (
        lambda at: at.session.config(ca=str(at.folder / "none.pem")),
        "give a PEM file",
        lambda at: at.session.config(phase="UNSPECIFIED"),
    ),
    "a watch of steps without steps": (
        lambda at: deploy(at, accept_no_traffic=True),
        "add --steps",
        lambda at: deploy(at, steps="app=details", watch_for=1, accept_no_traffic=True),
    ),
    "a step without labels": (
        lambda at: deploy(at, steps="app=details,"),
        "write key=value, a comma before the next step, '+' between labels of one step",
        lambda at: deploy(at, steps="app=details+version=v1", watch_for=1, accept_no_traffic=True),
    ),
    "a step twice": (
        lambda at: deploy(at, steps="app=details,app=details"),
        "name each step once",
        lambda at: deploy(at, steps="app=details", watch_for=1, accept_no_traffic=True),
    ),
    "steps that leave a pod out": (
        lambda at: deploy(at, steps="version=v9"),
        "labels of the selected pods: app=details",
        lambda at: deploy(at, steps="version=v1", watch_for=1, accept_no_traffic=True),
    ),
    "a filter without a source": (
        lambda at: at.session.filter("mine", " "),
        "write the program below the line %%wasm_filter mine",
        built,
    ),
    "a plain Envoy in a folder for Git": (
        lambda at: at.session.render("local/mine", target="envoy", out=str(at.folder / "git")),
        "write one file instead",
        lambda at: at.session.render("local/mine", target="envoy", output=str(at.folder / "envoy.yaml")),
    ),
    "a plugin and its folder": (
        lambda at: at.session.status("mine", folder=str(at.folder)),
        "leave the plugin out",
        lambda at: at.session.status(),
    ),
    "a configuration that JSON cannot say": (
        lambda at: deploy(at, config={"a": {1, 2}}),
        "use only text, numbers, true and false, None, lists and dictionaries",
        lambda at: deploy(at, config={"a": [1, 2]}),
    ),
    "a configuration that is a number": (
        lambda at: deploy(at, config=3),
        "give a dict or JSON text",
        lambda at: deploy(at, config="3"),
    ),
    "a configuration in another encoding": (
        lambda at: deploy(at, config=f"@{at.folder}/latin.txt"),
        "save it as UTF-8",
        lambda at: deploy(at, config=f"@{at.folder}/word.txt"),
    ),
    "a header without a value": (
        lambda at: at.session.headers("productpage", URL, header=["x-a"]),
        "write --header 'name: value'",
        lambda at: at.session.headers("productpage", URL, header=["x-a: 1"]),
    ),
    "a probe that may change something": (
        lambda at: deploy(at, prove="effect", probe=f"POST {URL}"),
        "--probe-changes allows it: each pod gets it once before the filter comes, and once after",
        lambda at: deploy(at, prove="effect", probe=f"POST {URL}", probe_changes=True),
    ),
    "a probe that may not be sent": (
        lambda at: deploy(at, prove="config", probe=URL),
        "allow it: --prove effect",
        lambda at: deploy(at, prove="effect", probe=URL),
    ),
    "no request at all": (
        lambda at: at.session.compare("productpage", URL, requests=0),
        "give a number from 1 to",
        lambda at: at.session.compare("productpage", URL, requests=1),
    ),
    "a secret from two places": (
        lambda at: at.session.secret("one", env="HOME", file="x"),
        "leave one of both out",
        lambda at: at.session.secret("one", file=str(at.folder / "word.txt")),
    ),
    "a secret from a file that is not there": (
        lambda at: at.session.secret("one", file=str(at.folder / "none.txt")),
        "check the path",
        lambda at: at.session.secret("one", file=str(at.folder / "word.txt")),
    ),
    "a secret from an empty file": (
        lambda at: at.session.secret("one", file=str(at.folder / "empty.txt")),
        "write the secret into it",
        lambda at: at.session.secret("one", file=str(at.folder / "word.txt")),
    ),
    "the mask for a secret": (
        lambda at: deploy(at, config={"key": "***"}),
        '{"$secret": "NAME"}',
        lambda at: (
            at.session.secret("one", file=str(at.folder / "word.txt"))
            and deploy(at, config={"key": {"$secret": "one"}})
        ),
    ),
    "a plain Envoy is no mesh": (
        lambda at: deploy(at, target="envoy"),
        "%wasm_render NAME --target envoy --output FILE writes a file that it runs with",
        lambda at: at.session.render("local/mine", target="envoy", output=str(at.folder / "envoy.yaml")),
    ),
    "an object of Istio for another target": (
        lambda at: at.session.render("local/mine", target="higress", as_="WasmPlugin"),
        "leave one out",
        rendered,
    ),
    "an object that there is not": (
        lambda at: at.session.render("local/mine", as_="Plugin"),
        "WasmPlugin",
        rendered,
    ),
    "a variable twice": (
        lambda at: deploy(at, env=["A=1", "A=2"]),
        "give it once",
        lambda at: deploy(at, env=["A=1"]),
    ),
    "a Prometheus without a query": (
        lambda at: deploy(at, steps="app=details", prometheus="http://127.0.0.1:9"),
        "add --promql",
        deploy,
    ),
    "a Prometheus that does not answer": (
        lambda at: deploy(at, steps="app=details", prometheus="http://127.0.0.1:9", promql="up"),
        "`kubectl port-forward` makes one local",
        deploy,
    ),
    "a Prometheus with credentials": (
        lambda at: deploy(at, steps="app=details", prometheus="http://a:b@127.0.0.1:9", promql="up"),
        "leave them out",
        deploy,
    ),
    "a second mesh with other options": (
        lambda at: at.session.mesh("local", log_level="debug"),
        "%wasm_mesh stop, then start it with these options",
        lambda at: at.session.mesh("local"),
    ),
    "a plugin of objects on the embedded mesh": (
        lambda at: deploy(at, as_="WasmPlugin"),
        "leave --as and --target out; %wasm_render shows the object",
        deploy,
    ),
    "a singleton service in a phase": (
        lambda at: deploy(at, type="SINGLETON", phase="AUTHN"),
        "leave --match, --phase and --priority out",
        lambda at: deploy(at, type="SINGLETON"),
    ),
    "a URL without a port": (
        lambda at: at.session.headers("productpage", "details/details/1"),
        "write details:9080",
        lambda at: at.session.headers("productpage", URL),
    ),
    "a length of one's own": (
        lambda at: at.session.headers("productpage", URL, header=["content-length: 3"], data="four"),
        "leave content-length out: it is added",
        lambda at: at.session.headers("productpage", URL, data="four"),
    ),
    "chunks of one's own": (
        lambda at: at.session.headers("productpage", URL, header=["transfer-encoding: gzip"]),
        "leave transfer-encoding out",
        lambda at: at.session.headers("productpage", URL),
    ),
    "a status that is none": (
        lambda at: at.session.headers("productpage", URL, expect="ok"),
        "write 200, or 2xx for all from 200 to 299",
        lambda at: at.session.headers("productpage", URL, expect="2xx"),
    ),
    "a selector without a value": (
        lambda at: deploy(at, selector="details"),
        "write key=value,key=value, for instance app=details",
        lambda at: deploy(at, selector="app=details"),
    ),
    "a target without a kind": (
        lambda at: deploy(at, target_ref="waypoint"),
        "write Kind/name, for instance Gateway/waypoint",
        deploy,
    ),
    "a plugin that is not there": (
        lambda at: at.session.undeploy("nothing"),
        "%wasm_deploy puts one in force",
        deploy,
    ),
    "no plugin before": (
        lambda at: (at.session.deploy("local/mine", id="first", **QUIET), at.session.rollback("first")),
        "%wasm_undeploy first takes it away",
        lambda at: at.session.undeploy("first"),
    ),
    "a listener that no pod has": (
        lambda at: deploy(at, match=["SERVER:1"]),
        "available: SERVER:9080; the local mesh filters what pods receive, not what they send",
        lambda at: deploy(at, match=["SERVER:9080"]),
    ),
    "a gateway that is not there": (
        lambda at: deploy(at, selector=None, target_ref="Gateway/x"),
        "its only gateway is Gateway/istio-ingressgateway; pods are named with --selector",
        lambda at: deploy(at, selector=None, target_ref="Gateway/istio-ingressgateway"),
    ),
    "pods and a gateway": (
        lambda at: deploy(at, target_ref="Gateway/istio-ingressgateway"),
        "name pods by their labels, or a gateway, a waypoint or a service by its name",
        deploy,
    ),
    "a label that no pod has": (
        lambda at: deploy(at, selector="app=detials"),
        "did you mean app=details? available: ",
        deploy,
    ),
    "a priority in words": (
        lambda at: deploy(at, priority="high"),
        "give a whole number; higher runs first",
        lambda at: deploy(at, priority=1),
    ),
    "a variable without a name": (
        lambda at: deploy(at, env=["=1"]),
        "for instance LOG_LEVEL",
        lambda at: deploy(at, env=["LOG_LEVEL=1"]),
    ),
    "a phase that is not one": (
        lambda at: deploy(at, phase="AUTH"),
        "did you mean 'AUTHZ'?",
        lambda at: deploy(at, phase="AUTHZ"),
    ),
    "an image with another name": (
        lambda at: at.session.deploy("local/mien", **QUIET),
        "there is local/mine:latest",
        deploy,
    ),
    "a port that the service has not": (
        lambda at: at.session.headers("productpage", "details:9081/"),
        "write details:9080",
        lambda at: at.session.headers("productpage", "details:9080/"),
    ),
    "a service with another name": (
        lambda at: at.session.headers("productpage", "detials:9080/"),
        "did you mean details:9080? available: ",
        lambda at: at.session.headers("productpage", "details:9080/"),
    ),
    "a status that did not come": (
        lambda at: at.session.headers("productpage", URL, expect=404),
        "change the filter, or what --expect says",
        lambda at: at.session.headers("productpage", URL, expect=200),
    ),
    "a header that did not come": (
        lambda at: at.session.headers("productpage", URL, expect_header="x-none"),
        "change the filter, or what --expect-header says",
        lambda at: at.session.headers("productpage", URL, expect_header="server"),
    ),
    "a header to expect without a name": (
        lambda at: at.session.headers("productpage", URL, expect_header="=x"),
        "write NAME=VALUE, or NAME for any value",
        lambda at: at.session.headers("productpage", URL, expect_header="server=istio-envoy"),
    ),
    "a number for what was before": (
        lambda at: at.session.headers("productpage", URL, before=3),
        "leave it out, or use none",
        lambda at: at.session.headers("productpage", URL, before="none"),
    ),
    "an application of a gateway": (
        lambda at: at.session.headers("istio-ingressgateway", URL, via="app"),
        "send as one of the pods",
        lambda at: at.session.headers("productpage", URL, via="app"),
    ),
    "a folder of objects on the embedded mesh": (
        lambda at: at.session.status(folder=str(at.folder)),
        "leave the folder out, or choose a cluster: %wasm_mesh stop, then %wasm_mesh istio",
        lambda at: at.session.status(),
    ),
    "a level that no log has": (
        lambda at: at.session.logs("details", level="loud"),
        "available: trace, debug, info, warning, error, critical",
        lambda at: at.session.logs("details", level="error"),
    ),
    "the counters of a pod that is not there": (
        lambda at: at.session.metrics("nothing"),
        "%wasm_pods shows the pods there are",
        lambda at: (at.session.pods(), at.session.metrics("details")),
    ),
    "a budget without a number": (
        lambda at: deploy(at, steps="app=details", budget=["4xx"]),
        "such as 3xx=+5% or volume=-50%",
        lambda at: deploy(at, steps="app=details", watch_for=1, accept_no_traffic=True, budget=["4xx=+5%"]),
    ),
    "a time to watch without a watch": (
        lambda at: built(at, seconds=5),
        "add --watch, or put the image in force with %wasm_deploy",
        built,
    ),
    "no mesh": (
        lambda at: Session().status(),
        "%wasm_mesh local starts one (Session.mesh() in Python)",
        lambda at: at.session.status(),
    ),
    "a probe that comes to none of its pods": (
        lambda at: deploy(at, prove="effect", probe="reviews:9080/"),
        "name a service of the pods that are selected",
        lambda at: deploy(at, prove="effect", probe="details:9080/details/1"),
    ),
    "a budget of the volume for steps by share": (
        lambda at: deploy(at, steps="version=v1:50%,100%", budget=["volume=-50%"]),
        "leave it out, or give steps by label",
        lambda at: deploy(at, steps="app=details", watch_for=1, accept_no_traffic=True, budget=["volume=-50%"]),
    ),
    "steps that nobody waits for": (
        lambda at: deploy(at, steps="app=details", wait=False),
        "leave out --no-wait, or --steps",
        lambda at: (
            deploy(at, wait=False),
            deploy(at, steps="app=details", watch_for=1, accept_no_traffic=True),
        ),
    ),
    "a probe by another method": (
        lambda at: deploy(at, prove="effect", probe="FETCH details:9080/"),
        "one of GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE",
        lambda at: deploy(at, prove="effect", probe="HEAD details:9080/"),
    ),
}


@pytest.mark.parametrize("case", HINTS)
def test_a_hint_is_followed(at, case):
    wrong, words, right = HINTS[case]
    with pytest.raises(WasmnbError) as caught:
        wrong(at)
    assert words in str(in_cell(caught.value).hint)
    right(at)


def test_a_default_of_a_place_among_filters_is_none_of_a_singleton_service(at):
    at.session.config(phase="AUTHN")
    try:
        assert json.loads(json.dumps(deploy(at, type="SINGLETON").to_dict()))
    finally:
        at.session.config(phase="UNSPECIFIED")
