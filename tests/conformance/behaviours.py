"""The twelve things that a filter in any language is asked to do, and the proof on a real Envoy that it does.

The filters of this folder, ``obedient.*``, obey the request's path:

========== =============================================================================================
path       what it does
========== =============================================================================================
any        adds the request header ``x-seen: yes``, and to the response ``hello: <configuration>`` and
           ``你好: 六翁``; counts in the metric ``requests_seen``; ticks count in ``ticks_seen``; adds
           ``x-added: there`` to the request's trailers and ``x-added: back`` to the response's
/deny      answers with 401, ``x-why: no token`` and the body ``who are you?``
/upper     replaces the whole request body by itself in upper case
/append    appends ``-end`` to the request body
/answer    replaces the whole response body by ``<its bytes> bytes``
/call      calls ``/inner`` and adds the answer's status to the request as ``x-inner``
/call/slow calls ``/slow`` with 50 ms of patience, and adds the status too
/count     counts in the proxy's shared data, and gives the count as ``x-count``
/levels    logs ``said at <level>`` at each of the six levels
========== =============================================================================================
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.sdk.harness import Proxy, Reply

CONFIGURATION = "wörld"


def headers_of(reply: Reply) -> dict[str, str]:
    """Give the request headers as the application got them."""
    return dict(reply.json()["headers"])


def request_header(proxy: Proxy) -> None:
    assert headers_of(proxy.request("/"))["x-seen"] == "yes"


def response_header_with_a_utf8_name(proxy: Proxy) -> None:
    assert proxy.request("/")["你好"] == "六翁"


def configuration(proxy: Proxy) -> None:
    assert proxy.request("/")["hello"] == CONFIGURATION


def local_response_with_401(proxy: Proxy) -> None:
    reply = proxy.request("/deny")
    assert (reply.status, reply["x-why"], reply.body) == (401, "no token", b"who are you?")


def body_replaced_across_chunks(proxy: Proxy) -> None:
    reply = proxy.request("/upper", method="POST", body=[b"one ", b"two ", b"three"])
    assert reply.json()["body"] == "ONE TWO THREE"
    assert re.fullmatch(rb"\d{2,} bytes", proxy.request("/answer").body)


def body_appended(proxy: Proxy) -> None:
    assert proxy.request("/append", method="POST", body=[b"begin"]).json()["body"] == "begin-end"


def trailers(proxy: Proxy) -> None:
    reply = proxy.request("/trailers", method="POST", body=[b"x"], trailers=[("x-mine", "1")])
    assert ["x-added", "there"] in reply.json()["trailers"]
    assert ("x-added", "back") in reply.trailers


def http_call_with_a_timeout(proxy: Proxy) -> None:
    assert headers_of(proxy.request("/call"))["x-inner"] == "200"
    # Envoy itself answers a call that takes too long.
    assert headers_of(proxy.request("/call/slow"))["x-inner"] == "504"


def shared_data_across_requests(proxy: Proxy) -> None:
    first = int(proxy.request("/count")["x-count"])
    assert [int(proxy.request("/count")["x-count"]) for _ in range(2)] == [first + 1, first + 2]


def tick(proxy: Proxy) -> None:
    def seen() -> int:
        return sum(int(value) for value in proxy.stats("ticks_seen").values())

    before = seen()
    proxy.wait(lambda: seen() > before + 1)


def metric_in_the_stats(proxy: Proxy) -> None:
    def seen() -> int:
        return sum(int(value) for value in proxy.stats("requests_seen").values())

    before = seen()
    for _ in range(3):
        proxy.request("/")
    assert seen() == before + 3


def log_levels(proxy: Proxy) -> None:
    proxy.request("/levels")
    log = proxy.wait_log("said at critical")
    found = dict(re.findall(r"\[(\w+)\]\[wasm\].*said at (\w+)", log))
    assert found == {
        "trace": "trace",
        "debug": "debug",
        "info": "info",
        "warning": "warn",
        "error": "error",
        "critical": "critical",
    }


ALL = (
    request_header,
    response_header_with_a_utf8_name,
    configuration,
    body_replaced_across_chunks,
    body_appended,
    local_response_with_401,
    trailers,
    http_call_with_a_timeout,
    shared_data_across_requests,
    tick,
    metric_in_the_stats,
    log_levels,
)
