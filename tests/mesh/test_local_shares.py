"""Shares of requests on the embedded mesh, as its proxies are told of them; `tests/rollout` sends the requests."""

from __future__ import annotations

from types import SimpleNamespace
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.views.things import plugin
from wasmnb.errors import DeployError, MeshError
from wasmnb.mesh.local.lookup import Service
from wasmnb.mesh.local.shares import Shares

V2 = {"version": "v2"}


class Told:
    """The admin interface of a proxy, which keeps the values that it was told."""

    def __init__(self):
        self.values, self.error = {}, None

    def post(self, target, *, timeout):
        if self.error is not None:
            raise self.error
        self.values |= dict(parse_qsl(urlsplit(target).query, keep_blank_values=True))


@pytest.fixture
def plan():
    def proxy(version):
        labels = {"app": "shop", "version": version}
        return SimpleNamespace(
            name=f"shop-{version}-0", labels=labels, admin=Told(), site=SimpleNamespace(inbound=("127.0.0.1", 1))
        )

    proxies = [proxy(version) for version in ("v1", "v2", "v3")]
    service = Service("shop", (80,), proxies)
    return SimpleNamespace(proxies=proxies, everyone=proxies, services={"shop": service})


def test_every_proxy_is_told_the_weights_and_told_to_forget_them(plan):
    shares, guard = Shares(plan), plugin(id="guard", selector={"app": "shop"})
    share = shares.put(guard, V2, 20)
    assert (str(share), share.pods) == (
        "20% of the requests for shop go to version=v2",
        ("shop-v1-0", "shop-v2-0", "shop-v3-0"),
    )
    key = "wasmnb.shared.shop"
    weights = {f"{key}.shop-v{number}-0.shop": weight for number, weight in ((1, "2"), (2, "1"), (3, "2"))}
    assert all(one.admin.values == {key: "100", **weights} for one in plan.everyone)
    # A proxy that does not run comes back without them; one that only does not answer may have them still.
    plan.proxies[0].admin.error = ConnectionRefusedError()
    plan.proxies[2].admin.error = TimeoutError("timed out")
    with pytest.raises(MeshError, match="shop-v3-0 does not take a share") as caught:
        shares.drop("guard")
    assert caught.value.hint == "look at the pods, then try again"
    assert shares.there("guard") == (share,)
    plan.proxies[2].admin.error = None
    shares.drop("guard")
    assert shares.there() == ()
    assert all(value == "" for value in plan.proxies[2].admin.values.values())


def test_what_tells_no_part_of_a_service_is_refused(plan):
    shares, guard = Shares(plan), plugin(id="guard", selector={"app": "shop"})
    for wanted, selected, words in (
        ({"app": "shop"}, guard, "every pod of shop carries them"),
        ({"version": "v9"}, guard, "no service has all pods that carry version=v9"),
        ({"app": "shop"}, plugin(id="guard", selector=V2), "with these labels, and not selected: shop-v1-0, shop-v3-0"),
    ):
        with pytest.raises(DeployError, match="cannot be shared") as caught:
            shares.text(selected, wanted, 20)
        assert words in caught.value.why[0]
    shares.put(guard, V2, 20)
    with pytest.raises(DeployError) as caught:
        shares.put(plugin(id="other", selector={"app": "shop"}), V2, 5)
    assert caught.value.why == ("20% of the requests for shop go to version=v2, in a rollout of guard",)
