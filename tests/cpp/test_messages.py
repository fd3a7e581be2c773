"""Messages in a filter: the binary format and JSON, as Python's runtime has them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from google.protobuf import json_format, text_format
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import DecodeError
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.cpp.messages import Everything, everything, messages_filter
from tests.needs import needs
from tests.sdk.harness import Plugin, Proxy
from tests.sdk.upstream import Upstream

if TYPE_CHECKING:
    from collections.abc import Iterator

many = settings(max_examples=200, deadline=None, derandomize=True)


@pytest.fixture(scope="module")
@needs("compiler", "envoy")
def ask(tmp_path_factory) -> Iterator:
    plugin = Plugin(messages_filter().build())
    with Upstream() as upstream, Proxy(tmp_path_factory.mktemp("messages"), upstream, http=[plugin]) as proxy:
        yield lambda path, body: proxy.request(f"/{path}", method="POST", body=[body] if body else [b""])


def read(data: bytes) -> Everything:
    message = Everything()
    message.ParseFromString(data)
    return message


@many
@given(everything())
def test_what_python_writes_is_read_and_written(ask, message):
    reply = ask("wire", message.SerializeToString())
    assert reply.status == 200
    assert read(reply.body) == message
    assert reply.body == ask("copies", message.SerializeToString()).body


@many
@given(everything(), everything())
def test_messages_behind_one_another_are_merged(ask, one, other):
    both = one.SerializeToString() + other.SerializeToString()
    assert read(ask("wire", both).body) == read(both)
    twice = read(both)
    twice.MergeFrom(read(both))
    assert read(ask("merged", both).body) == twice


@many
@given(everything(json=True))
def test_json_is_written_as_python_writes_it(ask, message):
    for path, options in (
        ("to-json", {}),
        ("to-json-all", {"always_print_fields_with_no_presence": True}),
        ("to-json-names-lines", {"preserving_proto_field_name": True}),
    ):
        reply = ask(path, message.SerializeToString())
        assert reply.status == 200, reply.body
        pool = message.DESCRIPTOR.file.pool
        expected = json_format.MessageToJson(message, descriptor_pool=pool, **options)
        assert json.loads(reply.body) == json.loads(expected)
        back = json_format.Parse(reply.body.decode(), Everything(), descriptor_pool=pool)
        assert back == message


@many
@given(everything(json=True))
def test_json_that_python_writes_is_read(ask, message):
    text = json_format.MessageToJson(message, descriptor_pool=message.DESCRIPTOR.file.pool)
    reply = ask("from-json", text.encode())
    assert reply.status == 200, reply.body
    assert read(reply.body) == message


@many
@given(everything())
def test_text_is_what_python_reads(ask, message):
    reply = ask("text", message.SerializeToString())
    assert reply.status == 200
    parsed = text_format.Parse(reply.body.decode(), Everything(), descriptor_pool=message.DESCRIPTOR.file.pool)
    assert parsed == message


@many
@given(everything(), st.binary(max_size=12), st.integers(0, 2**16), st.booleans())
@example(Everything(), b"\x0b\x13\x14\x0c", 0, True)  # a group in a group
@example(Everything(), b"\x0b\x13\x0c\x14", 0, True)  # ended in the wrong order
@example(Everything(), b"\x0c", 0, True)
@example(Everything(), b"\x18" + b"\xff" * 9 + b"\x01", 0, True)
@example(Everything(), b"\x18" + b"\xff" * 9 + b"\x02", 0, True)
@example(Everything(), b"\x18" + b"\xff" * 10 + b"\x01", 0, True)
@example(Everything(), b"\x72\x02\xc0\x80", 0, True)  # a string that is no UTF-8
@example(Everything(), b"\x00\x01", 0, True)  # field 0
@example(Everything(), b"\x92\x01\x7f", 0, True)
def test_bytes_are_judged_as_python_judges_them(ask, message, noise, place, cut):
    data = message.SerializeToString()
    place %= len(data) + 1
    data = data[:place] + noise + (b"" if cut else data[place:])
    reply = ask("wire", data)
    try:
        expected = read(data)
    except DecodeError:
        assert reply.status == 400
    else:
        assert reply.status == 200
        assert read(reply.body) == expected


def test_fields_of_a_newer_type_are_kept(ask):
    data = b"\x18\x05" + b"\xfa\x3f\x03new" + b"\xf8\x3f\x07"  # fields 3 and 1023
    assert ask("wire", data).body == data
    assert ask("copies", data).body == data


def test_messages_in_messages_have_an_end(ask):
    data = b""
    for _ in range(49):
        data = Everything(inner=Everything.Inner()).SerializeToString() if not data else _around(data)
    assert ask("wire", data).status == 200
    assert ask("wire", _around(_around(data))).status == 400


def _around(data: bytes) -> bytes:
    inner = b"\x1a" + _varint(len(data)) + data
    return b"\x92\x01" + _varint(len(inner)) + inner


def _varint(value: int) -> bytes:
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


@pytest.mark.parametrize("nanos", [0, 1, -1, 1_500_000_000, -1_500_000_000, 1_585_649_407_123_456_789, -(10**18) - 7])
def test_times_are_what_python_makes_of_them(ask, nanos):
    reply = ask("time", str(nanos).encode())
    assert reply.status == 200
    time, span = Timestamp(), Duration()
    time.FromNanoseconds(nanos)
    span.FromNanoseconds(nanos)
    numbers = [time.seconds, time.nanos, time.ToNanoseconds(), span.seconds, span.nanos]
    numbers += [span.ToMilliseconds(), span.ToMicroseconds(), span.ToNanoseconds(), nanos, nanos]
    assert reply.body.decode().split() == [*map(str, numbers), time.ToJsonString(), span.ToJsonString()]


RIGHT = [
    ('{"anInt32": 1.0, "an_int64": "-9223372036854775808"}', {"an_int32": 1, "an_int64": -(2**63)}),
    ('{"anInt32": 1.5e2, "aUint64": 18446744073709551615}', {"an_int32": 150, "a_uint64": 2**64 - 1}),
    ('{"anInt32": "1e5", "aUint32": 4294967295.0}', {"an_int32": 100000, "a_uint32": 2**32 - 1}),
    ('{"anInt32": 100000e-5, "anInt64": 0.0e-1}', {"an_int32": 1}),
    ('{"aSint32": -2147483648, "aSfixed64": "-1"}', {"a_sint32": -(2**31), "a_sfixed64": -1}),
    ('{"aDouble": "1.5e300", "aFloat": "Infinity"}', {"a_double": 1.5e300, "a_float": float("inf")}),
    ('{"aDouble": "-Infinity", "aFloat": -3.4028235e38}', {"a_double": float("-inf"), "a_float": -3.4028235e38}),
    ('{"someBytes": "_-8="}', {"some_bytes": b"\xff\xef"}),
    ('{"someBytes": "/+8"}', {"some_bytes": b"\xff\xef"}),
    ('{"colour": "CRIMSON", "size": 3}', {"colour": 1, "size": 3}),
    ('{"colour": 77}', {"colour": 77}),
    ('{"aString": "\\u4f60\\u597d"}', {"a_string": "你好"}),
    ('{"aString": null, "strings": null, "labels": null, "inner": null, "choiceText": null}', {}),
    ('{"maybeInt32": 0, "maybeString": ""}', {"maybe_int32": 0, "maybe_string": ""}),
    ('{"choiceNull": null}', {"choice_null": 0}),
    ('{"labels": {"": "x"}, "byBool": {"true": 1, "false": 2}}', {"labels": {"": "x"}, "by_bool": {True: 1, False: 2}}),
    ('{"bytesByNumber": {"-5": "AA=="}}', {"bytes_by_number": {-5: b"\0"}}),
    ('{"stringValue": "", "int64Value": "5", "boolValue": null}', {"string_value": {}, "int64_value": {"value": 5}}),
    ('{"timestamp": "1970-01-01T01:00:00.5+01:00"}', {"timestamp": {"nanos": 500000000}}),
    ('{"timestamp": "2020-02-29T23:59:59Z"}', {"timestamp": {"seconds": 1583020799}}),
    ('{"duration": "-0.5s"}', {"duration": {"nanos": -500000000}}),
    ('{"value": null}', {"value": {"null_value": 0}}),
    ('{"class": 1, "MixedCase": "x", "table": 3}', {"class": 1, "MixedCase": "x", "table": 3}),
    ('{"@own": 2}', {"with__two_2": 2}),
    ('{"with__two_2": 2}', {"with__two_2": 2}),
    ('{"mask": "a,bC.d"}', {"mask": {"paths": ["a", "b_c.d"]}}),
    ("{}", {}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "fields"), RIGHT)
def test_forms_that_the_mapping_allows(ask, text, fields):
    reply = ask("from-json", text.encode())
    assert reply.status == 200, reply.body
    assert read(reply.body) == Everything(**fields)


WRONG_DAY = 'timestamp: "2021-02-29T00:00:00Z" is no time such as 2020-03-31T10:10:07Z'
WRONG = [
    ("[]", "is not an object"),
    ("{", "line 1, column 2: a member's name in double quotes is missing"),
    ('{"nope": 1}', '"nope" is no field of tests.everything.Everything'),
    ('{"inner": {"nope": 1}}', 'inner: "nope" is no field of tests.everything.Everything.Inner'),
    ('{"inners": [{}, {"number": "x"}]}', 'inners[1].number: "x" is no whole number'),
    ('{"labels": {"k": 1}}', 'labels["k"]: "1" is not a string'),
    ('{"byBool": {"yes": 1}}', 'byBool["yes"]: the key is neither true nor false'),
    ('{"colourByNumber": {"-1": "RED"}}', 'colourByNumber["-1"]: "-1" is out of range'),
    ('{"anInt32": 2147483648}', 'anInt32: "2147483648" is out of range'),
    ('{"anInt32": 0.5}', 'anInt32: "0.5" is no whole number'),
    ('{"anInt32": "1 "}', 'anInt32: "1 " is no whole number'),
    ('{"anInt32": 1e400}', 'anInt32: "1e400" is no whole number'),
    ('{"anInt32": true}', "anInt32: is not a number"),
    ('{"aUint32": -1}', 'aUint32: "-1" is out of range'),
    ('{"aFloat": 3.5e38}', 'aFloat: "3.5e38" is out of range'),
    ('{"aDouble": 1e309}', 'aDouble: "1e309" is not a number'),
    ('{"aDouble": "inf"}', 'aDouble: "inf" is not a number'),
    ('{"aBool": "true"}', 'aBool: "true" is neither true nor false'),
    ('{"aString": 1}', 'aString: "1" is not a string'),
    ('{"someBytes": "A"}', 'someBytes: "A" is no base64 text'),
    ('{"someBytes": "A!=="}', 'someBytes: "A!==" is no base64 text'),
    ('{"colour": "GREEN"}', 'colour: "GREEN" is no value of tests.everything.Colour'),
    ('{"colour": "red"}', 'colour: "red" is no value of tests.everything.Colour'),
    ('{"strings": "a"}', 'strings: "a" is no array'),
    ('{"strings": [null]}', "strings[0]: is null"),
    ('{"labels": {"a": null}}', 'labels["a"]: is null'),
    ('{"aString": "a", "a_string": "b"}', "a_string: is there twice"),
    ('{"labels": {"a": "1", "a": "2"}}', 'labels["a"]: is there twice'),
    ('{"choiceText": "a", "choiceNumber": 1}', "choiceNumber: is one field too many of a oneof"),
    ('{"timestamp": "2021-02-29T00Z"}', 'timestamp: "2021-02-29T00Z" is no time such as 2020-03-31T10:10:07Z'),
    ('{"timestamp": "2021-02-29T00:00:00Z"}', WRONG_DAY),
    ('{"duration": "1"}', 'duration: "1" is no duration such as 1.5s'),
    ('{"any": {"@type": "x/unknown.Type"}}', 'any: "x/unknown.Type" is no type that the filter knows'),
]  # fmt: skip

# Python takes these; the mapping has no such forms.
LAX = ("[]", '{"aDouble": "inf"}', '{"aString": "a", "a_string": "b"}')


@pytest.mark.parametrize(("text", "error"), WRONG)
def test_what_the_mapping_forbids_is_refused_with_its_place(ask, text, error):
    reply = ask("from-json", text.encode())
    assert (reply.status, reply.body.decode()) == (400, error)
    if text not in LAX:
        with pytest.raises(json_format.ParseError):
            json_format.Parse(text, Everything())


def test_options_of_reading_and_writing(ask):
    assert read(
        ask("from-json-unknown", b'{"nope": [1], "colour": "GREEN", "colours": ["RED", "X"]}').body
    ) == Everything(colours=[1])
    assert read(ask("from-json-case", b'{"colour": "negative", "size": "Large"}').body) == Everything(colour=-1, size=3)
    data = Everything(colour=1, a_float=0.1, a_double=-0.0).SerializeToString()
    assert ask("to-json-ints", data).body == b'{"aDouble":-0.0,"aFloat":0.1,"colour":1}'
    assert (
        ask("to-json-lines", Everything(strings=["a"]).SerializeToString()).body == b'{\n "strings": [\n  "a"\n ]\n}\n'
    )


def test_what_has_no_form_in_json_is_said(ask):
    message = Everything()
    message.value.SetInParent()
    assert ask("to-json", message.SerializeToString()).body == b"INVALID_ARGUMENT:a google.protobuf.Value is not set"
    message = Everything()
    message.timestamp.seconds = 2**60
    assert ask("to-json", message.SerializeToString()).body == b"INVALID_ARGUMENT:a time is out of range"
