"""The parts of the local mesh that need no process."""

from __future__ import annotations

import socket
import threading

import pytest

from tests.mesh.conftest import unused_port
from tests.mesh.tiny import tag
from wasmnb.errors import BadNameError, ConfigError, MeshError, TrafficError
from wasmnb.mesh.local.admin import Admin, Question, ask_all
from wasmnb.mesh.local.bootstrap import Site
from wasmnb.mesh.local.log import Log, crash_request, reasons, traps
from wasmnb.mesh.local.names import Service, check_config, check_id, did_you_mean, locate
from wasmnb.mesh.local.processes import reserve
from wasmnb.mesh.local.proxy import Applied, Chain, Proxy
from wasmnb.mesh.local.watch import LocalWatch
from wasmnb.plugin import FailPolicy, Phase, Plugin
from wasmnb.plugin.envoy import chain_resource, in_order, wasm_filter

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
    return Plugin(id_, tag("one").image(), **options)


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


def test_order_is_phase_then_priority_then_id():
    made = [
        plugin("b"),
        plugin("a"),
        plugin("c", priority=1),
        plugin("d", phase=Phase.AUTHZ),
        plugin("e", phase=Phase.AUTHN),
    ]
    assert [one.id for one in in_order(made)] == ["e", "d", "c", "a", "b"]


def test_a_version_names_the_images_and_nothing_else_is_read_from_it():
    digest = plugin().image.digest
    chain = Chain(7, (Applied(plugin(), "", "/m"),))
    assert chain.version == f"7 one@{digest}"
    assert Chain.running(chain.version, "one") == digest
    assert Chain.running(chain.version, "on") == ""
    assert Chain.running("", "one") == ""
    assert chain.same([Applied(plugin(), "", "/m", note="seen")])
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


def test_reasons_are_told_once_and_without_time_and_place():
    assert reasons(LINES[8:]) == ["Plugin B failed to load"]


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
    for bad in ("", "a b", "a@b", 'a"b', "-a", "a" * 300, "六翁"):
        with pytest.raises(BadNameError):
            check_id(bad)


def test_configurations_that_are_no_text_are_refused():
    check_config(plugin(config="六翁"))
    for bad in ("\ud800", {"a": object()}):
        with pytest.raises(ConfigError):
            check_config(plugin(config=bad))


def test_hints_name_what_there_is():
    assert did_you_mean("detials", ["details", "ratings"]) == "did you mean details? there is: details, ratings"
    assert did_you_mean("x", []) == "there is: nothing"


def test_a_reserved_port_is_nobody_elses():
    with reserve() as held:
        port = held.getsockname()[1]
        with pytest.raises(MeshError, match=str(port)):
            reserve(port)
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
    assert other == "the answer is no HTTP"
    assert nowhere


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


def test_a_watch_tells_what_changed_and_what_is_gone():
    states = [{("pod", "a"): {"ready": "1/2", "at": 1}}, {("pod", "a"): {"ready": "1/2", "at": 2}}, {}, None]
    closed = []
    watch = LocalWatch(lambda: states.pop(0) if states else None, closed.append)
    first = next(watch)
    watch.wake()
    second = next(watch)
    assert [(one.number, one.kind, one.name) for one in (first, second)] == [(1, "pod", "a"), (2, "pod-gone", "a")]
    assert list(watch) == []
    watch.close()
    watch.close()
    assert closed == [watch]
