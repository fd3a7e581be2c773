"""Effects: what is learned from exchanges, and what tells a filter from a service, a failure or the filter before."""

from wasmnb.envoy.effect import effect_of, traits
from wasmnb.envoy.exchange import Probe
from wasmnb.traffic.exchange import Headers, Response

GET = Probe()


def answer(*headers, status=200, body=b"ok"):
    return Response(status, "", Headers(headers), body)


def learned(without, having):
    return effect_of(GET, [traits(one) for one in without], [traits(one) for one in having])


PLAIN = answer(("server", "echo"))
TAGGED = answer(("server", "echo"), ("x-tag", "new"))


def test_a_header_that_comes_is_an_effect_and_is_seen_where_it_was_not_before():
    effect = learned([PLAIN, PLAIN], [TAGGED, TAGGED])
    there = answer(("content-type", "text/html"))
    assert effect.seen(there, answer(("content-type", "text/html"), ("x-tag", "new"))) == "response header x-tag: new"
    assert effect.seen(there, there) == ""


def test_what_was_there_before_says_nothing():
    effect = learned([PLAIN, PLAIN], [TAGGED, TAGGED])
    assert effect.seen(TAGGED, TAGGED) == ""
    # The build before had the header too, with another value: that value alone tells.
    old = answer(("x-tag", "old"))
    assert effect.seen(old, old) == ""
    assert effect.seen(old, TAGGED) == "response header x-tag: new"


def test_what_differs_by_itself_does_not_count():
    first, second = (answer(("x-id", text)) for text in "ab")
    assert not learned([first, second], [second, first])
    random = learned([PLAIN, PLAIN], [answer(("server", "echo"), ("x-id", text)) for text in "ab"])
    assert random.seen(PLAIN, answer(("x-id", "c"))) == "response header x-id"
    dated = learned([answer(("date", "1")), answer(("date", "1"))], [answer(("date", "2")), answer(("date", "2"))])
    assert not dated


def test_a_header_that_goes_is_an_effect():
    effect = learned([TAGGED, TAGGED], [PLAIN, PLAIN])
    assert effect.seen(TAGGED, answer(("x", "y"))) == "no response header x-tag any more"
    # Another filter answers, and its answer lacks the header too.
    assert effect.seen(TAGGED, answer(("x", "y"), status=403)) == ""


def test_the_answer_of_a_failure_is_not_taken_for_an_effect():
    effect = learned([TAGGED, TAGGED], [answer(status=503, body=b""), answer(status=503, body=b"")])
    assert effect.seen(TAGGED, answer(status=503, body=b"")) == ""
    denied = learned([PLAIN, PLAIN], [answer(status=403, body=b"no")] * 2)
    assert denied.seen(PLAIN, answer(status=403, body=b"no"))
    assert denied.seen(PLAIN, answer(status=503, body=b"upstream connect error")) == ""
    assert denied.seen(PLAIN, None) == ""
    assert denied.seen(None, answer(status=403, body=b"no")) == ""


REFUSED = answer(("content-type", "text/plain"), status=403, body=b"no")


def test_what_a_service_answers_otherwise_than_before_is_told_from_a_filter_by_what_it_answers_alone():
    hardened = learned([PLAIN, PLAIN], [answer(("server", "echo"), ("x-frame-options", "DENY"))] * 2)
    own = ("x-envoy-upstream-service-time", "1")
    failing, well = answer(status=503, body=b""), answer(("x-frame-options", "DENY"), own)
    assert hardened.seen(failing, well) == ""
    assert hardened.seen(failing, well, alone=well) == ""
    assert hardened.seen(failing, well, alone=failing) == ""
    assert hardened.seen(failing, well, alone=answer()) == "response header x-frame-options: DENY"
    # A filter behind it answers, and it marks that; or the application answers so now and then.
    by_another = answer(("x-frame-options", "DENY"), status=403, body=b"")
    assert hardened.seen(answer(), by_another, alone=answer()) == "response header x-frame-options: DENY"
    assert hardened.seen(answer(), answer(("x-frame-options", "DENY"), own, status=404), alone=answer()) == ""
    # What it came to answer by itself, or does not answer any more, is not the filter's either.
    denying = answer(("x-frame-options", "DENY"))
    assert hardened.seen(answer(), denying, alone=answer()) == "response header x-frame-options: DENY"
    assert hardened.seen(answer(), denying, alone=denying) == ""
    bare = learned([answer(("x-powered-by", "echo"))] * 2, [answer()] * 2)
    assert bare.seen(answer(("x-powered-by", "echo")), answer(), alone=answer(("x-powered-by", "echo")))
    assert bare.seen(answer(("x-powered-by", "echo")), answer(), alone=answer()) == ""
    # Nor does such an answer tell that the filter is gone.
    assert hardened.left(answer(), answer(status=404)) is None
    assert hardened.left(answer(), well) == "response header x-frame-options: DENY"
    assert hardened.left(answer(), answer()) == ""


def test_somebody_elses_refusal_is_not_taken_for_a_filters():
    by_policy = answer(
        ("content-type", "text/plain"), ("content-length", "19"), status=403, body=b"RBAC: access denied"
    )
    denied = learned([PLAIN, PLAIN], [REFUSED] * 2)
    assert denied.seen(PLAIN, by_policy) == ""
    # Its body differs each time, or it changes the status alone.
    for bodies in ((b"no 1", b"no 2"), (b"ok", b"ok")):
        varying = learned([PLAIN, PLAIN], [answer(("x-guard", "no"), status=403, body=body) for body in bodies])
        assert varying.seen(PLAIN, by_policy) == ""
        assert varying.seen(PLAIN, answer(("x-guard", "no"), status=403, body=b"no 3"))
    assert varying.seen(answer(body=b"page"), answer(status=403, body=b"page")) == "status 403"


def test_where_nobody_knows_what_another_does_only_a_header_with_its_value_counts():
    effect = learned([TAGGED, TAGGED], [answer(("x-id", text), ("x-set", "1")) for text in "ab"])
    assert effect.own([None]).seen(TAGGED, answer(("x-set", "1"), ("x-id", "c"))) == "response header x-set: 1"
    assert effect.own([None]).seen(TAGGED, answer(("x-id", "c"))) == ""
