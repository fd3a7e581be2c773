"""What a pod's proxy counts, without the requests of our own, also while one is under way."""

from __future__ import annotations

from types import SimpleNamespace

from wasmnb.envoy.exchange import PLAIN
from wasmnb.mesh.istio.proxies.probe_requests import ProbeRequests
from wasmnb.mesh.istio.proxies.request_counts import counts

ITEM = {
    "metadata": {"name": "web-0", "uid": "one", "labels": {"app": "web"}},
    "spec": {"containers": [{"name": "app"}, {"name": "istio-proxy"}]},
    "status": {"podIP": "10.0.0.1"},
}
ANSWER = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"
NAME = "istiocustom.istio_requests_total.reporter.=.destination.;.response_code.=.503"


def test_a_request_of_our_own_that_is_counted_before_its_answer_is_here_is_none_of_others():
    served, read = [4], []
    admin = SimpleNamespace(get=lambda *_: f"{NAME}: {served[0]}\n")

    def execute(*_, **__):
        served[0] += 1
        if not read:
            # Another thread reads the counts at that moment, and would have to wait for ever.
            read.append(ITEM)
            assert requests.own(ITEM).moment is None
        return SimpleNamespace(stdout=ANSWER.encode(), stderr="wasmnb-carrier curl\n", code=0)

    cluster = SimpleNamespace(execute=execute, request=lambda *_, **__: {"items": []})
    requests = ProbeRequests(cluster, "home", lambda _: [9080])
    assert [(one.requests, one.errors) for one in counts(admin, [ITEM], requests.own)] == [(4, 4)]
    assert requests.ask(ITEM, PLAIN, "id").status == 503
    assert [(one.requests, one.errors) for one in counts(admin, [ITEM], requests.own)] == [(4, 4)]

    # It ends while the counts are read.
    def get(*_):
        page = f"{NAME}: {served[0]}\n"
        if len(read) == 1:
            read.append(requests.ask(ITEM, PLAIN, "id"))
        return page

    admin.get = get
    assert [(one.requests, one.errors) for one in counts(admin, [ITEM], requests.own)] == [(4, 4)]
    requests.close()
