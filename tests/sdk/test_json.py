"""The JSON reader: what RFC 8259 allows, what it forbids, and where."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.needs import needs
from tests.sdk.harness import PRELUDE, Plugin, Proxy, build

READER = """
#include "proxy_wasm_json.h"
// Writes a value so that Python's reader can compare: numbers as their text.
static void dump(const Json& json, std::string& out) {
  const auto quote = [&out](const std::string& text) {
    out.push_back('"');
    for (unsigned char character : text) {
      if (character < 0x20 || character == '"' || character == '\\\\\\\\') {
        static const char digits[] = "0123456789abcdef";
        out.append("\\\\\\\\u00").append(1, digits[character >> 4]).append(1, digits[character & 15]);
      } else {
        out.push_back(static_cast<char>(character));
      }
    }
    out.push_back('"');
  };
  if (json.isNull()) out.append("null");
  if (json.isBoolean()) out.append(json.boolean() ? "true" : "false");
  const bool whole = json.integer(77) == json.integer(78);
  if (json.isNumber()) out.append(whole ? std::to_string(json.integer()) : std::to_string(json.number()));
  if (json.isString()) quote(json.string());
  if (json.isArray() || json.isObject()) {
    out.append(json.isArray() ? "[" : "{");
    size_t count = 0;
    for (const Json& child : json) {
      if (count++ != 0) out.append(",");
      if (json.isObject()) { quote(child.key()); out.append(":"); }
      dump(child, out);
    }
    if (count != json.size()) out.append("size is wrong");
    out.append(json.isArray() ? "]" : "}");
  }
}
class Reader : public Context {
 public:
  using Context::Context;
  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override { return FilterHeadersStatus::StopIteration; }
  FilterDataStatus onRequestBody(size_t size, bool end_of_stream) override {
    if (!end_of_stream) return FilterDataStatus::StopIterationAndBuffer;
    WasmDataPtr text = getBufferBytes(WasmBufferType::HttpRequestBody, 0, size);
    const Json json = Json::parse(text->view());
    std::string out;
    if (json) dump(json, out); else out = json.error();
    sendLocalResponse(json ? 200 : 400, "", out, {});
    return FilterDataStatus::StopIterationNoBuffer;
  }
};
static RegisterContextFactory register_Reader(CONTEXT_FACTORY(Reader));
""".replace("\\\\", "\\")


@pytest.fixture(scope="module")
@needs("compiler", "envoy")
def reader(upstream, tmp_path_factory):
    plugin = Plugin(build("json", PRELUDE + READER))
    with Proxy(tmp_path_factory.mktemp("json"), upstream, http=[plugin]) as proxy:
        yield lambda text: proxy.request(method="POST", body=[text if isinstance(text, bytes) else text.encode()])


@pytest.mark.parametrize(
    "text",
    [
        "null", "true", "false", "0", "-0", "12", "-9223372036854775808", "9223372036854775807",
        "1.5", "-0.25", "1e3", "2E-1", "1e+2", '""', '"text"', "[]", "{}", " [ ] ", "\t{\r\n}\n", "[1,2,[3,{}]]",
        '{"a":{"b":[{"c":null}]},"d":false}', '{"":0}', r'"\"\\\/\b\f\n\r\t"', r'"\u0041\u00e9\u6587\ud83d\ude00"',
        '"é文😀"', r'"\u0000"', "[" * 64 + "]" * 64, '{"name":"hello","value":"world"}',
    ],
)  # fmt: skip
def test_right_text_is_read_as_python_reads_it(reader, text):
    reply = reader(text)
    assert reply.status == 200, reply.body
    assert reply.json() == json.loads(text)


_leaves = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text()
_values = st.recursive(_leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(value=_values, ascii_only=st.booleans(), indent=st.none() | st.integers(0, 3))
def test_what_python_writes_is_read(reader, value, ascii_only, indent):
    reply = reader(json.dumps(value, ensure_ascii=ascii_only, indent=indent))
    assert reply.status == 200, reply.body
    assert reply.json() == value


@settings(max_examples=100, deadline=None, derandomize=True)
@given(text=st.text(alphabet='{}[],:"\\eEu0-+.1 tfnrules', min_size=1, max_size=12))
def test_any_text_is_judged_as_python_judges_it(reader, text):
    def only_json(word: str) -> None:
        raise ValueError(word)

    try:
        expected = json.loads(text, parse_constant=only_json)
    except ValueError:
        assert reader(text).status == 400
    else:
        reply = reader(text)
        assert (reply.status, type(reply.json())) == (200, type(expected))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (" ", "line 1, column 2: a value is missing"),
        ('{"name":}', "line 1, column 9: a value is missing"),
        ("nul", "line 1, column 1: a value is missing"),
        ("[1,\n 2,\n x]", "line 3, column 2: a value is missing"),
        ("[1,]", "line 1, column 4: a value is missing"),
        ("[1 2]", "line 1, column 4: ',' or ']' is missing"),
        ("[1", "line 1, column 3: ',' or ']' is missing"),
        ('{"a":1', "line 1, column 7: ',' or '}' is missing"),
        ('{"a" 1}', "line 1, column 6: ':' is missing behind a member's name"),
        ("{a:1}", "line 1, column 2: a member's name in double quotes is missing"),
        ('{"a":1,}', "line 1, column 8: a member's name in double quotes is missing"),
        ("1 2", "line 1, column 3: there is more text behind the value"),
        ("01", "line 1, column 2: a number may not begin with 0"),
        ("-", "line 1, column 2: a digit is missing"),
        ("1.", "line 1, column 3: a digit is missing"),
        ("1e", "line 1, column 3: a digit is missing"),
        ("+1", "line 1, column 1: a value is missing"),
        ("NaN", "line 1, column 1: a value is missing"),
        ('"open', "line 1, column 6: a string has no end"),
        ('"a\nb"', "line 1, column 3: a control character in a string must be written as \\u"),
        (r'"\x"', "line 1, column 3: a string has an unknown escape"),
        (r'"\u12g4"', "line 1, column 6: \\u needs four hexadecimal digits"),
        (r'"\ud800"', "line 1, column 8: half of a surrogate pair stands alone"),
        (r'"\udc00x"', "line 1, column 8: half of a surrogate pair stands alone"),
        (r'"\ud800\u0041"', "line 1, column 14: half of a surrogate pair stands alone"),
        (b'"\xff"', "line 1, column 2: the text is not UTF-8"),
        (b'"\xc0\x80"', "line 1, column 2: the text is not UTF-8"),
        (b'"\xed\xa0\x80"', "line 1, column 3: the text is not UTF-8"),
        (b'"\xf4\x90\x80\x80"', "line 1, column 3: the text is not UTF-8"),
        (b'"\xe6\x96', "line 1, column 4: the text is not UTF-8"),
        ("[" * 65 + "]" * 65, "line 1, column 65: arrays and objects are nested too deeply"),
    ],
)
def test_wrong_text_is_refused_with_its_place(reader, text, error):
    reply = reader(text)
    assert (reply.status, reply.body.decode()) == (400, error)


VALUES = """
#include "proxy_wasm_json.h"
class Values : public RootContext {
 public:
  using RootContext::RootContext;
  bool onConfigure(size_t) override {
    const Json json = Json::parse(getConfiguration()->view());
    std::string out;
    const auto note = [&out](const std::string& text) { out.append(text).append(" "); };
    note(json["s"].string("no"));
    note(json["absent"].string("fallback"));
    note(json["n"].string("other-kind"));
    note(std::to_string(json["n"].integer()));
    note(std::to_string(json["big"].integer(-1)));
    note(std::to_string(json["f"].integer(-2)));
    note(std::to_string(json["f"].number() == 1.5));
    note(std::to_string(json["s"].number(2.5) == 2.5));
    note(std::to_string(json["b"].boolean()));
    note(std::to_string(json["s"].boolean(true)));
    note(std::to_string(json["a"][1].integer()) + std::to_string(json["a"][9].integer(8)));
    note(std::to_string(json["a"]["x"]["y"][3].has("z")));
    note(std::to_string(json.has("a")) + std::to_string(json.has("z")));
    note(json["twice"].string());
    note(json[0].key());
    note(std::to_string(json["a"].kind() == Json::Kind::Array));
    Json moved = Json::parse("[[1], [2, [3]]]", 3);
    Json kept = std::move(moved);
    moved = Json::parse("[[1], [2, [[3]]]]", 3);
    note(std::to_string(kept.size()) + moved.error());
    logInfo(out);
    return true;
  }
};
static RegisterContextFactory register_Values(ROOT_FACTORY(Values));
"""


def test_values_are_asked_for_with_a_fallback(start):
    config = '{"s":"text","n":-42,"big":9223372036854775808,"f":1.5,"b":true,"a":[1,2],"twice":"1","twice":"2"}'
    log = start(PRELUDE + VALUES, config=config).log()
    nested = "2line 1, column 12: arrays and objects are nested too deeply"
    assert f": text fallback other-kind -42 -1 -2 1 1 1 1 28 0 10 2 s 1 {nested} " in log
