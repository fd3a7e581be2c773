"""What is kept with an object: each configuration once, however large, and none of them twice."""

from __future__ import annotations

import json
import random

from wasmnb.mesh.istio.objects.record import packed, unpacked

_LIMIT = 256 * 1024  # Kubernetes, ``ObjectMeta``: of all annotations together


def plugin(number=0, config=None, env=None):
    return {"id": "one", "image": f"sha256:{number}", "config": config, "env": env or {}, "selector": {"app": "a"}}


def record(*history, **more):
    return {"plugin": history[0], "history": list(history), "at": "now", **more}


def large(size, seed=0):
    return {"text": "".join(random.Random(seed).choices("abcdefghijklmnop", k=size))}


def test_a_record_is_read_as_it_was_written():
    whole = record(plugin(1, {"a": "\N{WOLF FACE}"}, {"K": "v"}), plugin(2, "text"), plugin(3), roots={"x": "y"})
    assert unpacked(packed(whole)) == whole
    assert unpacked(packed(record(plugin(1, {"$digest": "mine"})))) == record(plugin(1, {"$digest": "mine"}))


def test_a_secret_is_in_it_once():
    versions = [plugin(number, {"key": "s3cr3t-value"}, {"TOKEN": "t0k3n"}) for number in range(10)]
    text = packed(record(*versions))
    assert (text.count("s3cr3t-value"), text.count("t0k3n")) == (1, 1)
    assert unpacked(text)["history"] == versions


def test_large_configurations_have_a_history_too():
    versions = [plugin(number, large(60_000, number)) for number in range(10)]
    text = packed(record(*versions))
    assert len(text.encode()) < _LIMIT
    found = unpacked(text)
    assert found["plugin"] == versions[0]
    assert 3 <= len(found["history"]) <= 10
    assert found["history"] == versions[: len(found["history"])]


def test_one_that_no_annotation_holds_is_read_off_the_object():
    present = plugin(1, large(600_000))
    text = packed(record(present, plugin(2, {"n": 2})))
    assert len(text.encode()) < 10_000
    assert unpacked(text, [present["config"]]) == record(present, plugin(2, {"n": 2}))
    # Where the object has another one now, it is lost; what was before is not.
    assert unpacked(text, [{"n": 9}])["history"] == [plugin(2, {"n": 2})]
    assert unpacked(text, [{"n": 9}])["plugin"]["config"] is None


def test_a_record_of_before_and_none_at_all_are_read():
    old = {"plugin": plugin(1, {"a": 1}), "history": [plugin(1, {"a": 1})]}
    assert unpacked(json.dumps(old)) == old
    assert [unpacked(text) for text in ("", "[]", "{")] == [{}, {}, {}]
