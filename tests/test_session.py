from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.magics.conftest import FILTER
from tests.magics.meshes import FakeMesh
from tests.needs import needs
from tests.worded import in_cell
from wasmnb import session as sessions
from wasmnb.errors import (
    BadNameError,
    CompileError,
    ConfigError,
    DeployError,
    Interrupted,
    MeshError,
    ModuleError,
    NoMeshError,
    SelectorError,
    TrafficError,
    UsageError,
)
from wasmnb.lazily import once
from wasmnb.mesh import Verdict
from wasmnb.mesh.results import Logs
from wasmnb.session import Session

CONFIGURED = """\
#include "proxy_wasm_intrinsics.h"

class Root : public RootContext {
 public:
  explicit Root(uint32_t id, std::string_view root_id) : RootContext(id, root_id) {}
  bool onConfigure(size_t) override {
    value = getConfiguration()->toString();
    return value != "refuse me";
  }
  std::string value;
};

class Stream : public Context {
 public:
  explicit Stream(uint32_t id, RootContext* root) : Context(id, root), root_(static_cast<Root*>(root)) {}
  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    addResponseHeader("configured", root_->value);
    return FilterHeadersStatus::Continue;
  }

 private:
  Root* root_;
};

static RegisterContextFactory register_Stream(CONTEXT_FACTORY(Stream), ROOT_FACTORY(Root), "configured");
"""
DETAILS = ("productpage", "details:9080/details/123")


@pytest.fixture(autouse=True)
def own_places(tmp_path, monkeypatch):
    """A store and credentials that are nobody else's."""
    monkeypatch.setenv("WASMNB_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))


@pytest.fixture(scope="module")
@needs("envoy")
def real():
    """A session with the local mesh, shared: starting one is the slow part."""
    session = Session()
    state = session.mesh("local")
    assert state.change == "started"
    yield session
    session.close()


@pytest.fixture
def session(real):
    """The shared session without plugins."""
    yield real
    for plugin in real.current.plugins():
        real.undeploy(plugin.id)


@pytest.fixture
def faked():
    session = Session()
    session.use(FakeMesh())
    return session


def test_threads_that_come_first_get_the_same_part():
    made, got = [], []

    class Whole:
        @once
        def part(self):
            made.append(self)
            threads.append(threading.Thread(target=lambda: got.append(self.part)))
            threads[-1].start()
            threads[-1].join(0.05)
            return object()

    whole, threads = Whole(), []
    first = whole.part
    threads[0].join()
    assert got == [first]
    assert len(made) == 1
    assert isinstance(Whole.part, once)


def test_from_source_to_headers_and_back(session):
    before = session.headers(*DETAILS)
    done = session.filter("hello", FILTER, deploy="app=details")
    assert done.deployment is not None
    assert [verdict.verdict for verdict in done.deployment.verdicts] == [Verdict.LIVE]
    capture = session.headers(*DETAILS)
    assert capture.before == before.after
    assert ("hello", "world") in capture.after.response.headers.lines
    again = session.headers(*DETAILS)
    assert again.before == before.after, "the same cell run twice compares with the same"
    assert session.undeploy("hello").pods == tuple(verdict.pod for verdict in done.deployment.verdicts)
    assert list(session.status()) == []
    json.dumps([done.to_dict(), session.mesh().to_dict()])


def test_an_unchanged_cell_does_nothing_and_says_so(session):
    first = session.filter("hello", FILTER, deploy={"app": "details"})
    history = len(session.current.history("hello"))
    second = session.filter("hello", FILTER, deploy={"app": "details"})
    assert not first.unchanged
    assert second.unchanged
    assert second.module is first.module
    assert len(session.current.history("hello")) == history


def test_what_changes_is_put_in_force(session):
    session.filter("configured", CONFIGURED)
    for config in ("one", {"two": 2}):
        assert not session.deploy("configured", selector="app=details", config=config).unchanged
        assert session.deploy("configured", selector="app=details", config=config).unchanged
        text = config if isinstance(config, str) else '{"two":2}'
        assert session.headers(*DETAILS).after.response.headers["configured"] == text


def test_a_refused_configuration_leaves_what_was_in_force(session):
    session.filter("configured", CONFIGURED)
    session.deploy("configured", selector="app=details", config="good")
    with pytest.raises(ModuleError, match="its onConfigure refused the configuration"):
        session.deploy("configured", selector="app=details", config="refuse me")
    assert session.headers(*DETAILS).after.response.headers["configured"] == "good"


def test_what_a_filter_logs_before_it_refuses_is_quoted_without_secrets(session):
    loud = CONFIGURED.replace(
        'return value != "refuse me";', 'LOG_WARN("cannot use " + value); return value.find("hunter2") == value.npos;'
    )
    session.filter("configured", loud)
    with pytest.raises(ModuleError) as caught:
        session.deploy("configured", selector="app=details", config={"token": "hunter2-secret", "x": "seen"})
    assert any(line.startswith("warning: ") and "cannot use" in line and "seen" in line for line in caught.value.why)
    assert "hunter2" not in str(caught.value)
    assert "--config" in in_cell(caught.value).hint


def test_a_cell_that_no_longer_compiles_is_not_deployed_in_its_old_form(session):
    session.filter("hello", FILTER)
    with pytest.raises(CompileError):
        session.filter("hello", FILTER.replace("Continue;", "Continue"))
    with pytest.raises(CompileError, match="did not compile when its cell was last run"):
        session.deploy("hello", selector="app=details")
    session.filter("hello", FILTER)
    session.deploy("hello", selector="app=details")


def test_a_cell_that_does_not_compile_leaves_what_is_live(session):
    session.filter("hello", FILTER, deploy="app=details")
    with pytest.raises(CompileError) as caught:
        session.filter("hello", FILTER.replace("Continue;", "Continue"), deploy="app=details")
    assert "'hello' is in force as it was" in caught.value.hint
    assert "hello" in session.headers(*DETAILS).after.response.headers


def test_a_selector_that_matches_nothing(session):
    session.filter("hello", FILTER)
    with pytest.raises(SelectorError, match="app=nobody"):
        session.deploy("hello", selector="app=nobody")
    assert list(session.current.plugins()) == []


def test_an_unknown_root_id(session):
    session.filter("configured", CONFIGURED)
    with pytest.raises(ModuleError, match="configurd"):
        session.deploy("configured", root_id="configurd")


def test_a_module_from_a_file(session, tmp_path):
    module = session.filter("hello", FILTER).module
    path = tmp_path / "other.wasm"
    path.write_bytes(module.wasm)
    assert session.deploy(str(path), selector="app=details").plugin.id == "other"
    path.write_bytes(b"\0asm\1\0\0\0")
    with pytest.raises(ModuleError):
        session.deploy(str(path), selector="app=details")
    with pytest.raises(ModuleError):
        session.deploy(str(tmp_path / "none.wasm"))


def test_names_that_are_not_there(session):
    session.filter("hello", FILTER, deploy="app=details")
    with pytest.raises(BadNameError) as caught:
        session.deploy("helo")
    assert "did you mean 'hello'?" in caught.value.hint
    with pytest.raises(BadNameError, match=r"no file and no folder called '\./helo'"):
        session.test("./helo")
    with pytest.raises(BadNameError, match="No plugin called 'helo'") as caught:
        session.undeploy("helo")
    assert caught.value.why == ("in force: hello",)
    with pytest.raises(BadNameError):
        session.status("helo")
    with pytest.raises(BadNameError):
        session.logs("nowhere-v1")
    assert isinstance(session.logs("details-v1"), Logs)


def test_the_running_mesh_is_kept(session):
    mesh = session.current
    assert session.mesh("local").change == "kept"
    assert session.mesh().change == "kept"
    assert session.current is mesh
    with pytest.raises(MeshError, match="runs already, with other workloads"):
        session.mesh("local", workloads=["shop=127.0.0.1:8000"])


@contextmanager
def service():
    class Hello(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hello)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.envoy
def test_a_service_of_the_users_own_and_the_end_of_its_mesh():
    session = Session()
    with service() as port:
        try:
            session.config(mesh="local")
            workload = f"shop=127.0.0.1:{port},version=v2"
            state = session.mesh(workloads=[workload], bookinfo=False)
            assert [dict(pod.labels) for pod in state.pods] == [{"app": "shop", "version": "v2"}]
            assert session.mesh(workloads=[workload], bookinfo=False).change == "kept"
            session.filter("hello", FILTER, deploy="version=v2")
            assert session.mesh("stop").change == "stopped"
        finally:
            session.close()
    with pytest.raises(NoMeshError):
        session.mesh("stop")


def test_a_port_in_use_is_an_error_and_leaves_no_mesh():
    session = Session()
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(MeshError):
        session.mesh("local", gateway_port=taken.getsockname()[1])
    assert not session.running


@pytest.mark.parametrize(
    ("text", "column"),
    [('{"name": "hello",}', 18), ("{'name': 1}", 2), ("[1, 2", 6), ('{"a": NaN}', 0), ("{name}", 2)],
)
def test_json_that_is_none_is_pointed_at(faked, text, column):
    with pytest.raises(ConfigError, match="not valid JSON") as caught:
        faked.deploy("x", config=text)
    assert caught.value.where.column == column
    assert caught.value.hint


def test_configurations_from_files_and_values(faked, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"none\.json"):
        faked.deploy("x", config="@none.json")
    (tmp_path / "bad.json").write_text('{\n  "a": oops\n}')
    with pytest.raises(ConfigError) as caught:
        faked.deploy("x", config="@bad.json")
    assert (caught.value.where.text, caught.value.where.line, caught.value.where.column) == ("bad.json", 2, 8)
    (tmp_path / "bytes.json").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="UTF-8"):
        faked.deploy("x", config="@bytes.json")
    with pytest.raises(ConfigError):
        faked.deploy("x", config={"a": object()})
    with pytest.raises(ConfigError):
        faked.deploy("x", config=3)


@pytest.mark.parametrize("selector", ["details", "app=det ails", "app=a,,", "=v", "app=a=b"])
def test_a_selector_that_is_none(faked, selector):
    with pytest.raises(UsageError):
        faked.deploy("x", selector=selector)


@pytest.mark.parametrize(
    ("key", "value"), [("phase", "AUTH"), ("fail_policy", "shut"), ("timeout", -1), ("selector", "x"), ("mesh", "x")]
)
def test_a_default_that_is_none_changes_nothing(key, value):
    session = Session()
    before = session.config()
    with pytest.raises(UsageError):
        session.config(language="cpp", **{key: value})
    assert session.config() == before


@pytest.mark.compiler
def test_defaults_rule_what_is_left_out(faked):
    faked.config(selector="app=details", phase="authz", fail_policy="open", registry="localhost:5000/me")
    faked.filter("hello", FILTER)
    plugin = faked.deploy("hello").plugin
    assert dict(plugin.selector) == {"app": "details"}
    assert (plugin.phase.value, plugin.fail_policy.value) == ("AUTHZ", "open")
    assert plugin.image.reference.startswith("localhost:5000/me/hello")
    assert dict(faked.deploy("hello", selector="*").plugin.selector) == {}
    assert faked.config(selector="")["selector"] == "*"


def test_options_of_a_deployment_want_a_deployment(faked):
    with pytest.raises(UsageError, match="priority"):
        faked.filter("hello", FILTER, priority=3)


@pytest.mark.compiler
def test_what_is_not_live_everywhere_is_an_error_that_names_the_pods(faked):
    faked.filter("hello", FILTER)
    faked.current.verdict, faked.current.reason = Verdict.UNPROVEN, "it may not be read"
    with pytest.raises(DeployError, match="not live on the pod ") as caught:
        faked.deploy("hello", selector="app=details")
    assert caught.value.why == ("details-v1: UNPROVEN. it may not be read",)
    assert [verdict.verdict for verdict in caught.value.verdicts] == [Verdict.UNPROVEN]


@pytest.mark.compiler
def test_secrets_of_a_configuration_are_in_no_result_and_no_error(faked):
    mesh = faked.current
    faked.filter("hello", FILTER)
    mesh.lines = ("Envoy quotes hunter2-secret",)
    shown = [faked.deploy("hello", config={"password": "hunter2-secret"}), faked.status(), faked.logs("details-v1")]
    shown.append([result.to_dict() for result in shown[:1]])
    mesh.verdict, mesh.reason = Verdict.REJECTED, "cannot use hunter2-secret"
    with pytest.raises(DeployError) as caught:
        faked.deploy("hello", config='{"password": "hunter2-secret", "x": 1}')
    shown += [caught.value, str(caught.value), caught.value.verdicts]
    assert "hunter2" not in repr(shown)
    assert "***" in repr(shown)
    assert mesh.there["hello"].config == '{"password": "hunter2-secret", "x": 1}'


def test_secrets_of_a_request_are_in_no_error(faked):
    def refuse(source, url, **keywords):
        raise TrafficError(f"no answer to {url} with {keywords['body']!r}")

    faked.current.send = refuse
    with pytest.raises(TrafficError) as caught:
        faked.headers("productpage", "details:9080/?api_key=abcd1234", data='{"password": "hunter2"}')
    assert "abcd1234" not in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_secrets_of_headers_are_masked(faked):
    faked.current.response = (("set-cookie", "id=cookie-value"), ("x-echo", "Bearer abc.def"), ("hello", "world"))
    capture = faked.headers("productpage", "details:9080/?token=abcd1234", header=["Authorization: Bearer abc.def"])
    assert "abc.def" not in repr(capture)
    assert "cookie-value" not in repr(capture)
    assert "abcd1234" not in repr(capture)
    assert capture.after.response.headers["hello"] == "world"


@pytest.mark.parametrize("header", [["no colon"], ["a b: c"], [": x"], [("a\n", "x")], {"a": "b\r\nc: d"}])
def test_a_request_header_that_is_none(faked, header):
    with pytest.raises(UsageError):
        faked.headers("productpage", "details:9080/", header=header)


@pytest.mark.compiler
def test_before_can_be_chosen(faked):
    first = faked.headers("a", "b:1/")
    assert faked.headers("a", "b:1/").before is None, "nothing changed in between"
    assert faked.headers("a", "b:1/", before=first).before == first.after
    faked.filter("hello", FILTER, deploy="*")
    assert faked.headers("a", "b:1/").before is not None
    assert faked.headers("a", "b:1/", before="none").before is None
    assert faked.headers("a", "b:1/", via="app").before is None, "another request"
    with pytest.raises(UsageError, match="via"):
        faked.headers("a", "b:1/", via="ap")
    for before in ("aut", 3):
        with pytest.raises(UsageError, match="before"):
            faked.headers("a", "b:1/", before=before)


def interrupting(mesh, method):
    """Make a method of a mesh be interrupted once it has done its work."""
    whole = getattr(mesh, method)

    def interrupted(*arguments, **keywords):
        whole(*arguments, **keywords)
        raise KeyboardInterrupt

    setattr(mesh, method, interrupted)


@pytest.mark.compiler
def test_an_interrupted_deploy_says_what_is_in_force(faked):
    faked.filter("hello", FILTER)
    mesh = faked.current
    interrupting(mesh, "apply")
    with pytest.raises(Interrupted, match=r"'hello' is in force \(sha256:.*not proven live"):
        faked.deploy("hello")
    before = mesh.there["hello"]
    mesh.apply = lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt())
    with pytest.raises(Interrupted, match="is in force as it was before"):
        faked.deploy("hello", config="new")
    assert mesh.there["hello"] is before
    mesh.there.clear()
    with pytest.raises(Interrupted, match="'hello' is not in force on any pod"):
        faked.deploy("hello")


@pytest.mark.compiler
def test_an_interrupted_removal_says_what_is_in_force(faked):
    faked.filter("hello", FILTER, deploy="*")
    interrupting(faked.current, "remove")
    with pytest.raises(Interrupted, match="is not in force on any pod"):
        faked.undeploy("hello")


def test_bookinfo_needs_a_mesh_that_can_have_it_and_a_known_action(faked):
    with pytest.raises(UsageError, match="cannot be put into the mesh 'fake'"):
        faked.bookinfo("apply")
    with pytest.raises(UsageError, match="'aply'") as caught:
        faked.bookinfo("aply")
    assert "apply" in caught.value.hint


def test_bookinfo_stopped_says_what_stays(faked):
    def stopped(action, **_):
        raise KeyboardInterrupt

    faked.current.bookinfo = stopped
    with pytest.raises(Interrupted, match="Applying bookinfo was stopped; what had been done by then stays") as caught:
        faked.bookinfo("apply")
    goes_on = "%wasm_bookinfo apply goes on; %wasm_bookinfo delete takes away what was applied"
    assert in_cell(caught.value).hint == goes_on
    faked.current.bookinfo = lambda action, **_: (action,)
    assert [faked.bookinfo(action).action for action in ("apply", "delete")] == ["apply", "delete"]


def test_there_is_one_session_per_process_and_it_can_be_closed():
    sessions.close_default()
    session = sessions.default()
    assert sessions.default() is session
    mesh = FakeMesh()
    assert repr(session) == "<Session: no mesh; filters: none>"
    session.use(mesh)
    assert repr(session) == f"<Session: mesh {mesh.name}; filters: none>"
    with pytest.raises(MeshError):
        session.use(FakeMesh())
    sessions.close_default()
    assert mesh.stopped
    assert sessions.default() is not session
    sessions.close_default()


@pytest.mark.compiler
def test_the_doctor_is_never_an_exception(faked):
    checks = Session().doctor()
    assert {"mesh", "Envoy", "image store", "registry credentials"} <= {check.name for check in checks}
    assert all(check.ok or check.hint for check in checks)
    faked.current.doctor = lambda: (_ for _ in ()).throw(MeshError("gone.", hint="start it"))
    assert any(not check.ok and check.detail == "gone." for check in faked.doctor())


@pytest.mark.envoy
def test_a_mesh_that_was_stopped_behind_the_session_s_back_is_started_again() -> None:
    with Session() as session:
        assert session.mesh("local").change == "started"
        session.current.stop()
        assert session.mesh("local").change == "started"
        assert session.mesh("stop").change == "stopped"
