"""A mesh that one process runs is found, used and ended by others."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.dashboards.simulated import SimulatedMesh
from tests.magics.conftest import FILTER
from tests.mesh import tiny
from tests.mesh.conftest import until
from tests.worded import in_cell
from wasmnb.cli.exit_codes import ExitCode
from wasmnb.cli.mesh_choice import choose
from wasmnb.display.text import width
from wasmnb.errors import BadNameError, MeshError, NoMeshError, UsageError
from wasmnb.mesh import MeshOfShares, Share, Verdict
from wasmnb.mesh.protocol import Mesh
from wasmnb.mesh.running import announce, registrations
from wasmnb.mesh.running.remote import RemoteMesh, end, join
from wasmnb.mesh.running.server import CALLS, READ
from wasmnb.session import Session
from wasmnb.wording import Front

# One Envoy beside nothing, and its gateway.
SMALL = ("--no-bookinfo", "--workload", "x=127.0.0.1:9")


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A runtime folder without meshes."""
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("WASMNB_RUNTIME_DIR", str(folder))
    return folder


class Quiet:
    """A mesh that does nothing."""

    gateway = "127.0.0.1:1"
    about = ()
    stopped = False

    def pods(self):
        return []

    def logs(self, pod, tail=None):
        raise BadNameError(f"There is no pod {pod!r}.", why=["one", "two"], hint="try another")

    def stop(self):
        self.stopped = True


def test_the_file_is_the_users_alone_and_two_have_two_names(own):
    meshes = [Quiet(), Quiet()]
    first, second = (announce(mesh, "local") for mesh in meshes)
    assert [one.name for one in registrations()] == ["local", "local-2"]
    for path in own.glob("*.mesh.json"):
        assert path.stat().st_mode & 0o777 == 0o600
        assert json.loads(path.read_text())["pid"] == os.getpid()
    assert first.registration.key not in repr(first.registration)
    with pytest.raises(MeshError, match="2 meshes run on this machine: local, local-2") as caught:
        join()
    assert caught.value.hint == "name one, for instance session.mesh('join', 'local'); session.mesh('list') shows them"
    with pytest.raises(MeshError) as caught:
        end()
    assert "%wasm_mesh stop local" in in_cell(caught.value).hint
    assert [one.name for one in Session().mesh("list")] == ["local", "local-2"]
    assert join("local").pods() == []
    with pytest.raises(BadNameError) as caught:
        join("shop")
    assert caught.value.hint == "session.mesh('list') shows them"
    with pytest.raises(BadNameError, match="did you mean 'local-2'"):
        join("lokal-2")
    with pytest.raises(BadNameError, match="runs already") as caught:
        announce(Quiet(), "local", "local")
    assert caught.value.hint == "give it another name"
    announce(Quiet(), "local", "another").close()
    second.close()
    assert join().pods() == []
    first.close()
    assert list(own.iterdir()) == []
    with pytest.raises(NoMeshError) as none:
        join()
    assert none.value.hint == "session.mesh('local') starts one"
    assert in_cell(none.value).hint == "%wasm_mesh local starts one"


def test_a_folder_that_others_may_look_into_is_none_for_meshes(own, tmp_path, monkeypatch):
    hint = "set WASMNB_RUNTIME_DIR to a folder of yours that nobody else may look into (chmod 700)"
    own.chmod(0o755)
    with pytest.raises(MeshError, match="Other programs cannot find the mesh") as caught:
        announce(Quiet(), "local")
    assert caught.value.hint == hint
    private = tmp_path / "mine"
    private.mkdir()
    private.chmod(0o700)
    monkeypatch.setenv("WASMNB_RUNTIME_DIR", str(private))
    with monkeypatch.context() as full:
        full.setattr("wasmnb.mesh.running.server.socket.socket", none_left)
        with pytest.raises(MeshError, match="Other programs cannot reach the mesh") as caught:
            announce(Quiet(), "local")
    assert caught.value.hint == hint
    assert list(private.iterdir()) == []
    announce(Quiet(), "local").close()


def none_left(*_):
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def test_a_mesh_of_another_version_is_ended_there_and_started_anew(own):
    mesh = Quiet()
    served = announce(mesh, "local")
    (path,) = own.glob("*.mesh.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": "0.0.1"}))
    with pytest.raises(MeshError, match=r"runs with wasmnb 0\.0\.1") as caught:
        join()
    assert caught.value.hint == "end it there, and start it with this version"
    served.close()
    served = announce(mesh, "local")
    assert join().pods() == []
    served.close()


def test_an_error_crosses_whole(own):
    mesh = Quiet()
    served = announce(mesh, "local")
    with pytest.raises(BadNameError) as raised:
        join().logs("x")
    assert (raised.value.what, raised.value.why, raised.value.hint) == (
        "There is no pod 'x'.",
        ("one", "two"),
        "try another",
    )
    served.close()


def test_a_watch_ends_with_the_mesh_also_where_its_process_goes_on(own):
    mesh, told = SimulatedMesh(1), []
    served, watch = announce(mesh, "local"), join().watch()
    follows = threading.Thread(target=lambda: told.extend(watch), daemon=True)
    follows.start()
    until(lambda: [one.kind for one in told], lambda kinds: "fresh" in kinds)
    mesh.stop()
    until(follows.is_alive, lambda alive: not alive)
    served.close()


def test_an_option_of_clusters_is_none_of_a_mesh_of_this_machine(own):
    served = announce(Quiet(), "local")
    joined, connected = [], []
    meshes = SimpleNamespace(connect=lambda *words: connected.append(words))
    session = SimpleNamespace(mesh=lambda *words: joined.append(words), meshes=meshes)
    with pytest.raises(UsageError) as raised:
        choose(session, {"mesh": "local", "istio_namespace": "x"}, preflight=True)
    raised.value.front = Front.SHELL
    assert raised.value.what == "--istio-namespace is of a cluster, and 'local' is a mesh of this machine."
    assert raised.value.hint == "leave it out, or say --mesh istio"
    choose(session, {"mesh": "local"}, preflight=True)
    choose(session, {"mesh": "istio", "istio_namespace": "x"}, preflight=True)
    assert (joined, connected) == ([("join", "local")], [("istio", {"istio_namespace": "x"})])
    served.close()


def test_a_share_of_requests_crosses(own):
    class Sharing(Quiet):
        share_of = None

        def share(self, plugin, labels, percent, *, wait):
            self.share_of = Share(plugin, "shop", labels, percent)
            return self.share_of

        def shares(self, id):  # noqa: A002 - the protocol's word
            return (self.share_of,) if self.share_of else ()

        def unshare(self, id):  # noqa: A002
            self.share_of = None

    mesh = Sharing()
    served, there = announce(mesh, "local"), join()
    assert isinstance(there, MeshOfShares)
    share = there.share("guard", {"version": "v2"}, 5)
    assert there.shares("guard") == (share,)
    there.unshare("guard")
    assert there.shares() == ()
    served.close()


def test_who_has_no_key_is_not_answered(own):
    from dataclasses import replace

    mesh = Quiet()
    served = announce(mesh, "local")
    stranger = join()
    stranger.registration = replace(stranger.registration, key="00" * 32)
    with pytest.raises(MeshError, match="no longer runs") as caught:
        stranger.pods()
    assert caught.value.hint == "session.mesh('list') shows those that run"
    assert join().pods() == []
    served.close()


def test_all_of_the_protocol_is_served(own):
    methods = {name for one in (Mesh, MeshOfShares) for name in vars(one) if not name.startswith("_")}
    methods -= {"annotations"}
    assert methods - {"stop", "watch", "remains"} <= CALLS | READ
    assert all(hasattr(RemoteMesh, name) for name in methods)


def test_only_the_protocol_is_served(own):
    mesh = Quiet()
    served = announce(mesh, "local")
    with pytest.raises(MeshError, match="has no '__init__'"):
        join()._call("__init__")
    served.close()


def test_a_file_of_a_process_that_is_gone_is_removed(own):
    left = own / "local.mesh.json"
    left.write_text(json.dumps({"name": "local", "socket": str(own / "local.sock")}))
    assert registrations() == []
    assert not left.exists()


def test_a_folder_that_others_may_look_into_is_not_used(own):
    own.chmod(0o755)
    mesh = Quiet()
    with pytest.raises(MeshError, match="others may look into it"):
        announce(mesh, "local", "shop")
    assert registrations() == []


def test_another_shell_and_a_notebook_use_it(mesh):
    listed = mesh("mesh", "list", "-o", "json").json["meshes"]
    assert [(one["name"], one["program"], one["folder"]) for one in listed] == [("shop", "shell", str(mesh.folder))]
    deployed = mesh("deploy", "tag-one", "--selector", "app=details", "-o", "json")
    assert (deployed.code, deployed.err) == (ExitCode.DONE, "")
    assert [one["verdict"] for one in deployed.json["verdicts"]] == ["LIVE"]
    digest = deployed.json["verdicts"][0]["wanted"]
    with Session() as notebook:
        state = notebook.mesh("join", "shop")
        assert state.change == "joined"
        verdicts = [one for one in notebook.status() if one.verdict is not Verdict.NOT_SELECTED]
        assert [(one.pod, one.running) for one in verdicts] == [("details-v1-0", digest)]
        exchange = notebook.headers("productpage", "details:9080/details/1").after
        assert exchange.response.headers.get("x-tag") == "one"
        with notebook.current.watch() as watch:
            kinds = {next(watch).kind for _ in range(7)}
        assert "pod" in kinds
    assert mesh("status", "tag-one").code == ExitCode.DONE


def test_status_is_for_people_and_for_pipelines(mesh):
    mesh("deploy", "tag-one", "-s", "app=details")
    shown = mesh("status")
    assert "✓ LIVE" in shown.out
    assert "note" not in shown.out
    assert mesh("status", "-o", "name").out.splitlines()[0] == "details-v1-0/tag-one"
    narrow = mesh.terminal("status", columns=40, env={"NO_COLOR": "1"}).out
    assert max(map(len, narrow.splitlines())) <= 40
    assert "details-v1-0" in narrow
    missing = mesh("status", "tag-two")
    assert (missing.code, missing.out) == (ExitCode.FAILED, "")


def test_forty_columns_do_not_garble_what_is_said_of_a_mesh(mesh):
    assert mesh("deploy", "tag-one", "-s", "app=details").code == ExitCode.DONE
    asked = ["headers", "productpage", "details:9080/details/1"]
    refused = ["deploy", "tag-two", "--id", "tag", "-s", "app=nothing,version=v1"]
    for words in (["pods"], asked, [*asked, "--all-pods"], ["mesh", "list"], refused):
        said = mesh.terminal(*words, columns=40, env={"NO_COLOR": "1"}).out
        lines = [re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", line) for line in re.split(r"[\r\n]+", said)]
        assert [line for line in lines if width(line) > 40] == [], words
        assert len(lines) > 2


def test_a_rollback_and_what_is_left(mesh):
    assert mesh("deploy", "tag-one", "--id", "tag", "-s", "app=details").code == ExitCode.DONE
    assert mesh("deploy", "tag-two", "--id", "tag", "-s", "app=details").code == ExitCode.DONE
    assert mesh("rollback", "tag").code == ExitCode.DONE
    done = mesh("headers", "productpage", "details:9080/details/1", "--expect-header", "x-tag=one")
    assert done.code == ExitCode.DONE, done.err
    assert "x-tag" in done.out
    assert mesh("headers", "productpage", "details:9080/", "--expect", "418").code == ExitCode.FAILED
    assert mesh("undeploy", "tag").code == ExitCode.DONE


def test_a_selector_without_pods_and_a_mesh_without_that_name(mesh):
    done = mesh("deploy", "tag-one", "-s", "app=nothing")
    assert done.code == ExitCode.FAILED
    assert "The selector app=nothing matches no pod." in done.err
    done = mesh("pods", "--mesh", "shopp")
    assert done.code == ExitCode.FAILED
    assert "did you mean 'shop'?" in done.err
    done = mesh("pods", "--mesh", "shop", "-n", "default")
    assert done.code == ExitCode.USAGE
    assert "say --mesh istio" in done.err


def _begun(pid):
    """Say whether a process of the program has come so far that it handles signals."""
    caught = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)


def test_an_interrupt_is_code_130(mesh):
    (running,) = mesh("mesh", "list", "-o", "json").json["meshes"]
    # A mesh that does not answer keeps it waiting.
    os.kill(running["pid"], signal.SIGSTOP)
    try:
        with mesh.start("metrics", "--for", "60") as process:
            # An interpreter that has only begun knows of no program yet.
            while not _begun(process.pid):
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
    finally:
        os.kill(running["pid"], signal.SIGCONT)
    # Where it comes while Python runs a text (a dataclass is made), the interpreter ends itself by the signal, which a
    # shell shows as the same code.
    assert process.returncode in (ExitCode.INTERRUPTED, -signal.SIGINT)
    assert out == ""
    assert err in ("Interrupted. What was done until then stays.\n", "Interrupted. Nothing was done.\n")


@pytest.mark.parametrize(
    ("moment", "more"),
    [
        # No request came, so that the step cannot be judged.
        (b"[y/N]", ("--watch-for", "0.2")),
        (b"step 1 of 3, version=v1: watching", ("--watch-for", "6", "--traffic", "productpage reviews:9080/1")),
    ],
    ids=["asked", "watching"],
)
def test_ctrl_c_in_a_step_says_what_is_left_behind(mesh, moment, more):
    assert mesh("deploy", "tag-one", "--id", "tag", "-s", "app=reviews").code == ExitCode.DONE
    words = ("deploy", "tag-two", "--id", "tag", "-s", "app=reviews", "--steps", "version=v1,version=v2,version=v3")
    done = mesh.terminal(*words, *more, columns=200, env={"NO_COLOR": "1"}, until=moment, typed=b"\x03")
    assert done.code == ExitCode.INTERRUPTED, done.out
    left = "The rollout of 'tag' was stopped in step 1 of 3 (version=v1). It did not go back: new"
    assert left in done.out
    assert "as before on reviews-v2-0, reviews-v3-0." in done.out
    assert "wasmnb rollback tag goes back on every pod" in done.out
    # As it says.
    running = {one["pod"]: one["running"] for one in mesh("status", "tag", "-o", "json").json["verdicts"]}
    assert running["reviews-v2-0"] == running["reviews-v3-0"] != running["reviews-v1-0"]
    assert mesh("rollback", "tag").code == ExitCode.DONE
    assert len({one["running"] for one in mesh("status", "tag", "-o", "json").json["verdicts"]} - {""}) == 1


def test_what_is_loaded_and_not_seen_to_act_is_code_3(mesh):
    # Behind one that answers by itself, no request comes to it.
    (mesh.folder / "door.wasm").write_bytes(tiny.build("door", request="respond(403)").wasm)
    assert mesh("deploy", "door.wasm", "-s", "app=details", "--priority", "10").code == ExitCode.DONE
    words = ("deploy", "tag-one", "-s", "app=details", "--priority", "1")
    done = mesh(*words)
    assert done.code == ExitCode.UNPROVEN, done.err
    judged = mesh("status", "tag-one", "-o", "json")
    assert judged.code == ExitCode.UNPROVEN
    assert {one["verdict"] for one in judged.json["verdicts"]} - {"NOT_SELECTED"} == {"LOADED"}
    enough = mesh(*words, "--prove", "config")
    assert enough.code == ExitCode.DONE, enough.err


def test_logs_are_followed_for_a_while(mesh):
    done = mesh("logs", "details-v1", "--tail", "2", "--for", "0.01", "-o", "json")
    assert all(isinstance(json.loads(line), str) for line in done.out.splitlines())
    assert done.code == ExitCode.DONE


def test_what_watching_has_put_in_force_stays_and_is_named(mesh):
    folder = mesh.folder / "watched"
    folder.mkdir()
    (folder / "filter.cc").write_text(FILTER)
    done = mesh.terminal(
        "dev", "watched", "--deploy", "app=ratings", env={"NO_COLOR": "1"}, until=b"live on ratings-v1-0", typed=b"\x03"
    )
    assert done.code == ExitCode.DONE, done.out
    assert "watching ended\nwatched stays in force; wasmnb undeploy watched takes it away\n" in done.out
    assert mesh("status", "watched").code == ExitCode.DONE


def test_what_a_filter_can_read_on_a_pod(mesh):
    done = mesh("properties", "details-v1", "--grep", "node.id", "-o", "name")
    assert (done.code, done.out) == (ExitCode.DONE, "xds.node.id\n"), done.err


def test_logs_are_lines(mesh):
    done = mesh("logs", "details-v1", "--tail", "3")
    assert done.code == 0
    assert len(done.out.splitlines()) <= 3


@pytest.mark.envoy
def test_it_ends_with_its_process_and_another_shell_can_end_it(place, tmp_path):
    run = tmp_path / "run"
    env = {"WASMNB_RUNTIME_DIR": str(run)}
    own = type(place)(place.folder, place.environment | env)
    started = [own.start("mesh", "local", *SMALL) for _ in range(2)]
    for process in started:
        assert any("Ctrl-C ends it" in line for line in process.stderr)
    listed = place("mesh", "list", "-o", "json", env=env).json["meshes"]
    assert [one["name"] for one in listed] == ["local", "local-2"]
    assert {one["pid"] for one in listed} == {process.pid for process in started}
    two = place("pods", env=env)
    assert two.code == ExitCode.FAILED
    assert "2 meshes run on this machine: local, local-2." in two.err
    assert "name one, for instance with --mesh local" in two.err
    assert place("pods", "--mesh", "local", env=env).code == 0
    ended = place("mesh", "stop", "local-2", env=env)
    assert (ended.code, ended.out) == (0, "Mesh local-2: stopped; nothing of it runs\n")
    os.kill(listed[0]["pid"], signal.SIGKILL)
    texts = [process.communicate(timeout=60)[1] for process in started]
    assert sorted(process.returncode for process in started) == [-signal.SIGKILL, 0]
    assert any("was ended by another process" in text for text in texts)
    assert place("mesh", "list", "-o", "name", env=env).out == ""
    assert [path.name for path in Path(run).iterdir()] == []


@pytest.mark.envoy
def test_a_hang_up_ends_it(place, tmp_path):
    shell = type(place)(place.folder, place.environment | {"WASMNB_RUNTIME_DIR": str(tmp_path / "run")})
    with shell.start(
        "mesh", "local", "--no-bookinfo", "--workload", "x=127.0.0.1:9", stdout=subprocess.PIPE
    ) as process:
        assert any("Ctrl-C ends it" in line for line in process.stderr)
        process.send_signal(signal.SIGHUP)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "nothing of it runs" in err
    assert list((tmp_path / "run").iterdir()) == []
