"""What only the emulator can give: a clock that stands still, properties, exact pieces, counted instructions."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cases.filters import built
from wasmnb import cases
from wasmnb.emulator import engine
from wasmnb.emulator.header_map import pack, unpack
from wasmnb.errors import ModuleError

pytestmark = pytest.mark.compiler

REQUEST = """
    std::string city = "none";
    getValue({"client", "city"}, &city);
    addRequestHeader("x-city", city);
    addRequestHeader("x-now", std::to_string(getCurrentTimeNanoseconds()));
    WasmDataPtr data;
    uint32_t cas = 0, token = 0;
    if (getSharedData("key", &data, &cas) == WasmResult::Ok) addRequestHeader("x-key", data->toString());
    setSharedData("key", "changed", 0);
    registerSharedQueue("jobs", &token);
    if (dequeueSharedQueue(token, &data) == WasmResult::Ok) addRequestHeader("x-job", data->toString());
"""
TEXT = """
env: {time_secs: 12}
test:
- name: all of it
  request: GET /x
  properties: [{path: client.city, value: Bern}]
  shared_data: {key: before}
  queues: {jobs: [one, two]}
  request_headers:
    result:
      has_header:
      - {key: x-city, value: Bern}
      - {key: x-now, value: 12000000000}
      - {key: x-key, value: before}
      - {key: x-job, value: one}
  request_body:
  - {input: {content: a}, result: {body: [{exact: a}]}}
  - {input: {content: b}, result: {body: [{exact: b}]}}
  outcome:
    shared_data: {key: changed, never: null}
    queues: {jobs: [two]}
"""


def everything():
    return built("everything", REQUEST)


def test_what_an_envoy_cannot_give() -> None:
    (one,) = cases.run(cases.read(TEXT), everything())
    assert (one.why, one.host) == ("", "emulator")


def test_each_instruction_is_counted_and_a_second_run_has_as_many() -> None:
    suite = cases.read(TEXT)
    first, second = (cases.run(suite, everything(), host="emulator")[0].observation for _ in range(2))
    assert first.instructions == second.instructions > 1000
    (headers,) = [one for one in first.callbacks if one.name == "proxy_on_request_headers"]
    assert 100 < headers.instructions < first.instructions
    assert "proxy_get_property('client.city') = 'Bern'" in headers.calls
    assert "proxy_add_header_map_value(request_headers, 'x-city', 'Bern') = OK" in headers.calls


def test_a_trap_names_the_cells_line() -> None:
    filter_ = built("trapping", 'if (path == "/trap") __builtin_trap();')
    (one,) = cases.run(cases.read("test: [{name: a, request: GET /trap}]"), filter_, host="emulator")
    assert one.failed[0].actual.splitlines()[1].endswith('(cell line 18: if (path == "/trap") __builtin_trap();)')


def test_without_wasmtime_it_says_what_to_install(monkeypatch) -> None:
    engine.wasmtime_package.cache_clear()
    monkeypatch.setitem(sys.modules, "wasmtime", None)
    with pytest.raises(ModuleError, match="needs wasmtime") as caught, cases.Runner("emulator") as runner:
        runner.run(cases.read("test: [{name: a, request: GET /}]"), everything())
    assert "wasmnb[emulator]" in caught.value.hint
    engine.wasmtime_package.cache_clear()


def test_nothing_of_wasmtime_is_left_to_the_end_of_the_interpreter() -> None:
    code = """
import atexit
objects = []
def told():
    for one in objects:
        try:
            one.ptr()
        except ValueError as error:
            print(error)
atexit.register(told)  # what is registered first is called last
from tests.cases.filters import built
from wasmnb import cases
from wasmnb.emulator import engine, imports
module = built("quiet")
assert cases.run(cases.read("test: [{name: a, request: GET /}]"), module, host="emulator").passed
objects += [engine.compiled(module), imports.linker(module.facts.abi), engine.engine()]
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert (done.stdout.splitlines(), done.stderr) == (["already closed"] * 3, "")


def test_lines_cross_the_abi_and_back() -> None:
    lines = [(b"a", b""), (b"", b"b"), (b"name", b"value\xff")]
    assert unpack(pack(lines)) == lines
    assert unpack(b"") == []
    with pytest.raises(ValueError, match="cut short"):
        unpack(pack(lines)[:-3])
