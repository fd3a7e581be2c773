"""Cases are read as they are written, and a mistake is told at its line."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from wasmnb import cases
from wasmnb.cases import Phase
from wasmnb.errors import ConfigError, UsageError

YAML = """
env:
  log_level: DEBUG
  time_secs: 123
  config: {name: hello}
test:
- name: everything
  benchmark: 'true'
  num_chunks: 3
  properties:
  - path: a.b
    value: 7
  request_headers:
    input:
      content: "GET /my?x=1 HTTP/1.1\\r\\nHost: a.example\\r\\nX-Mine: 1\\r\\n"
    result:
      has_header: [{key: X-A, value: 007}]
      no_header: [{key: x-b}]
      headers: [{regex: 'x-a: .*'}, {exact: 'x-b: 1', invert: true}]
      log: [{regex: .*seen.*}]
  request_body:
  - input: {content: abcdefgh}
    result: {body: [{exact: abcdefgh}]}
  response_headers:
    result:
      immediate: {http_status: 403, details: no}
  plugin_init: {log: [{exact: started}]}
  callouts:
    auth: [{status: 200, body: ok, delay_ms: 20}, {failure: refused}]
    rpc: {grpc_status: 3, messages: [m]}
  shared_data: {key: value}
  queues: {jobs: [one, two]}
  outcome:
    metrics: {seen: 2}
    shared_data: {key: null, count: 3}
    queues: {jobs: []}
    calls: [{exact: GET auth/check}]
- name: several
  config: plain text
  requests:
  - request: POST https://b.example/x
    response: 404
    ticks: 2
  - request: GET /y
    request_headers: {input: {header: [{key: ':authority', value: own}]}}
"""
TEXTPROTO = r"""
# as YAML says it
env { log_level: DEBUG, time_secs: 123 }
test {
  name: "one"
  benchmark: true;
  request_headers {
    input { header { key: ":path" value: "/" } header < key: 'a' value: "x" "y" > }
    result {
      has_header: [{ key: "a" value: "xy" }, { key: "b" value: "\x41\102\n\"" }]
      log { regex: ".*\\d" invert: true }
    }
  }
  request_body { input { content: "\xff" } }
}
"""


EVERY_FIELD = r"""
env {
  test_path: "tests.textpb" wasm_path: "filter.wasm" config_path: "config.txt" log_level: 2 log_path: "/dev/null"
  time_secs: 0x10 num_additional_streams: 3, additional_stream_advance_rate: 010
}
test {
  name: "cut" benchmark: t num_chunks: 2
  properties { path: "a.b" value: "\001\xff" }
  request_headers {
    input { header { key: ":path" value: "/" } header { key: "a" value: "\U0001f600" } }
    result {
      has_header { key: "a" value: "b" }
      no_header { key: "c" }
      headers { exact: "a: b" } headers { regex: "c: .*" invert: true } headers { file: "line.txt" invert: 0 }
      log { exact: "seen" }
    }
  }
  request_body { input { content: "abcd" } result { body { exact: "abcd" } } }
  response_headers {
    input { file: "head.txt" }
    result { immediate { http_status: 403 grpc_status: 7 details: "no" } }
  }
  response_body { input { file: "line.txt" } result { body { regex: ".*" } } }
  plugin_init { log { exact: "started" } }
  stream_init { log { regex: "s.*" } }
  stream_destroy { log { regex: "d.*" invert: false } }
}
test { name: "sized" chunk_size: 3 request_body { input { content: "abcd" } } }
"""
EVERY_FIELD_IN_YAML = """
env: {test_path: tests.textpb, wasm_path: filter.wasm, config_path: config.txt, log_level: DEBUG, log_path: /dev/null,
  time_secs: 16, num_additional_streams: 3, additional_stream_advance_rate: 8}
test:
- name: cut
  benchmark: true
  num_chunks: 2
  properties: [{path: a.b, value: "\\x01\\udcff"}]
  request_headers:
    input: {header: [{key: ':path', value: /}, {key: a, value: "\\U0001f600"}]}
    result:
      has_header: [{key: a, value: b}]
      no_header: [{key: c}]
      headers: [{exact: 'a: b'}, {regex: 'c: .*', invert: true}, {file: line.txt, invert: false}]
      log: [{exact: seen}]
  request_body: [{input: {content: abcd}, result: {body: [{exact: abcd}]}}]
  response_headers:
    input: {file: head.txt}
    result: {immediate: {http_status: 403, grpc_status: 7, details: 'no'}}
  response_body: [{input: {file: line.txt}, result: {body: [{regex: .*}]}}]
  plugin_init: {log: [{exact: started}]}
  stream_init: {log: [{regex: s.*}]}
  stream_destroy: {log: [{regex: d.*, invert: false}]}
- name: sized
  chunk_size: 3
  request_body: [{input: {content: abcd}}]
"""


def test_every_field_of_the_published_format_is_read_in_both_forms(tmp_path) -> None:
    """Those of runner.proto, GoogleCloudPlatform/service-extensions."""
    for name, text in (("config.txt", "c"), ("line.txt", "a: b"), ("head.txt", "HTTP/1.1 200 OK\r\nx: y\r\n")):
        (tmp_path / name).write_text(text, "utf-8")

    def plain(case):
        """Without the lines, which are those of its own text."""
        return re.sub(r"\bline=\d+|(?<=', )\d+(?=\))", "", repr(replace(case, said={}, line=0)))

    proto = cases.read(EVERY_FIELD, folder=tmp_path, textproto=True)
    yaml = cases.read(EVERY_FIELD_IN_YAML, folder=tmp_path)
    assert proto.module == yaml.module == "filter.wasm"
    assert [plain(case) for case in proto.cases] == [plain(case) for case in yaml.cases]
    cut, sized = proto.cases
    assert (cut.log_level, cut.time, cut.benchmark, cut.environment.config) == ("debug", 16, True, "c")
    assert cut.properties == {"a.b": b"\x01\xff"}
    assert cut.streams[0].chunks(Phase.REQUEST_BODY) == (b"ab", b"cd")
    assert sized.streams[0].chunks(Phase.REQUEST_BODY) == (b"abc", b"d")


def test_yaml_is_read_with_all_its_keys() -> None:
    suite = cases.read(YAML)
    one, several = suite.cases
    assert (one.name, one.line, one.log_level, one.time, one.benchmark) == ("everything", 7, "debug", 123, True)
    assert one.environment.config == '{"name":"hello"}'
    assert one.properties == {"a.b": b"7"}
    (stream,) = one.streams
    assert stream.headers(Phase.REQUEST_HEADERS) == (
        (":method", "GET"),
        (":path", "/my?x=1"),
        (":authority", "a.example"),
        ("x-mine", "1"),
    )
    result = stream.phases[Phase.REQUEST_HEADERS][0].result
    assert result.has_header == (("X-A", "007", 17),)
    assert result.no_header == (("x-b", 18),)
    assert [str(matcher) for matcher in result.headers] == ["/x-a: .*/", "not x-b: 1"]
    assert stream.chunks(Phase.REQUEST_BODY) == (b"ab", b"cd", b"efgh")
    assert stream.chunks(Phase.RESPONSE_BODY) == ()
    immediate = stream.phases[Phase.RESPONSE_HEADERS][0].result.immediate
    assert (immediate.http_status, immediate.grpc_status, immediate.details) == (403, None, "false")
    first, second = one.callouts["auth"]
    assert (first.body, first.delay, second.failure) == (b"ok", 0.02, cases.Failure.REFUSED)
    assert one.callouts["rpc"][0].messages == (b"m",)
    assert (one.shared_data, one.queues) == ({"key": b"value"}, {"jobs": (b"one", b"two")})
    assert one.outcome.metrics == {"seen": 2}
    assert one.outcome.shared_data == {"key": None, "count": b"3"}
    assert several.environment.config == "plain text"
    posted, got = several.streams
    assert dict(posted.headers(Phase.REQUEST_HEADERS)) == {
        ":method": "POST",
        ":scheme": "https",
        ":path": "/x",
        ":authority": "b.example",
    }
    assert posted.headers(Phase.RESPONSE_HEADERS) == ((":status", "404"),)
    assert posted.ticks == 2
    assert dict(got.headers(Phase.REQUEST_HEADERS))[":authority"] == "own"


def test_protobuf_text_is_read_as_the_same() -> None:
    (one,) = cases.read(TEXTPROTO, textproto=True).cases
    assert (one.name, one.line, one.benchmark, one.time) == ("one", 4, True, 123)
    (stream,) = one.streams
    assert stream.headers(Phase.REQUEST_HEADERS) == ((":path", "/"), ("a", "xy"))
    result = stream.phases[Phase.REQUEST_HEADERS][0].result
    assert [pair[:2] for pair in result.has_header] == [("a", "xy"), ("b", 'AB\n"')]
    assert (result.log[0].regex, result.log[0].invert, result.log[0].line) == (r".*\d", True, 11)
    assert stream.chunks(Phase.REQUEST_BODY) == (b"\xff",)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("test:\n- name: a\n  reqest_headers: {}\n", 3, "test has no 'reqest_headers'."),
        ("test:\n- benchmark: true\n", 2, "test has no 'name', which it needs."),
        ("test:\n- name: a\n  request_body: {}\n", 3, "request_body is not a list."),
        ("test:\n- name: a\n  num_chunks: -1\n", 3, "num_chunks cannot be -1"),
        ("env: {log_level: LOUD}\n", 1, "log_level cannot be 'LOUD'."),
        ("test:\n- name: a\n  request: nonsense\n", 3, "'nonsense' is not a request line"),
        (
            "test:\n- name: a\n  request_headers:\n    result:\n      log:\n      - regex: '('\n",
            6,
            "'(' is not a regular expression",
        ),
        ("test:\n- name: a\n  request_headers:\n    result:\n      log: [{}]\n", 5, "log needs one of exact"),
        ("test:\n- name: a\n  request_headers:\n    input: {file: none}\n", 4, "The file none cannot be read"),
        ("test:\n- name: a\n  request_headers:\n    input: {content: nothing}\n", 4, "'nothing' is not a request line"),
        ("test:\n- name: a\n  callouts:\n    auth: []\n", 4, "There is no answer."),
        ("test:\n- name: a\n  callouts:\n    auth: {failure: bored}\n", 4, "failure cannot be 'bored'."),
        ("test:\n- name: a\n  request: GET /\n  requests: [{}]\n", 3, "The test 'a' has requests, and request beside"),
        ("test:\n- name: a\n  name: b\n", 3, "'name' is there twice."),
        ("test:\n- name: [\n", 3, "case is not valid YAML"),
        ("test:\n- name: a\n  num_chunks: 1\n  request_body: [{}, {}]\n", 3, "num_chunks cuts a whole body"),
    ],
)
def test_a_mistake_is_told_at_its_line(text: str, line: int, what: str) -> None:
    with pytest.raises(ConfigError) as caught:
        cases.read(text, source="case")
    assert caught.value.where.line == line
    assert caught.value.where.text == "case"
    assert what in str(caught.value)


def test_a_text_that_is_a_list_is_told_how_cases_begin() -> None:
    with pytest.raises(ConfigError) as caught:
        cases.read("- name: a\n")
    assert caught.value.what == "The top level of the cases is not a mapping."
    assert caught.value.hint == "begin with 'test:', and with a list of cases below it"
    assert cases.read("test:\n- name: a\n")


def test_a_line_counts_from_where_the_text_begins() -> None:
    with pytest.raises(ConfigError) as caught:
        cases.read("test:\n- nam: a\n", first=2)
    assert (caught.value.where.line, caught.value.where.quote) == (3, "- nam: a")
    assert caught.value.hint == "did you mean 'name'?"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("test { name: }", 1),
        ("test {\n ?", 2),
        ('test {\n name: "a"', 2),
        ("env{}\nenv{}", 2),
        ('test {\n name: "\\ud800"', 2),
        ('test {\n name: "\\U00110000"', 2),
    ],
)
def test_what_is_no_protobuf_text_is_told_at_its_line(text: str, line: int) -> None:
    with pytest.raises(ConfigError) as caught:
        cases.read(text, source="case", textproto=True)
    assert caught.value.where.line == line


def test_files_are_read_from_beside_the_cases(tmp_path) -> None:
    (tmp_path / "body.data").write_bytes(b"\x00\xff")
    (tmp_path / "config.txt").write_text("name=x", "utf-8")
    file = tmp_path / "a.wasmtest.yaml"
    file.write_text(
        "env: {config_path: config.txt}\n"
        "test:\n- name: a\n  response_body:\n  - input: {file: body.data}\n    result: {body: [{file: body.data}]}\n"
    )
    (one,) = cases.load(file).cases
    assert one.environment.config == "name=x"
    assert one.streams[0].chunks(Phase.RESPONSE_BODY) == (b"\x00\xff",)
    assert one.streams[0].phases[Phase.RESPONSE_BODY][0].result.body[0].matches([b"\x00\xff"])
    with pytest.raises(UsageError, match="cannot be read"):
        cases.load(tmp_path / "none.wasmtest.yaml")


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(cases.schema())
    json.dumps(cases.schema())


def test_classes_of_re2_are_understood() -> None:
    matcher = cases.Matcher(regex="id: [[:xdigit:]]+[[:space:]][^[:upper:]]")
    assert matcher.matches([b"id: 0aF x"])
    assert not matcher.matches([b"id: 0aG x", b"id: 0 X"])
