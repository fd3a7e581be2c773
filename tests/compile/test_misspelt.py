"""Methods that are named nearly as a callback is are a warning, in cells and in folders."""

from __future__ import annotations

import pytest

from wasmnb.compile import project
from wasmnb.compile.assemblyscript import roots
from wasmnb.compile.go import source as go

GO = """\
package main

// func (x *http) OnHttpRequestHeader() {}
func (x *http) OnHttpRequestHeader(count int, end bool) types.Action { return types.ActionContinue }
func (x *http) OnHttpResponseHeaders(count int, end bool) types.Action { x.OnTock(); return types.ActionContinue }
func (x *http) OnTock() {}
func (x *http) OnlyOnce() {}
func OnTic() {}
"""
ASSEMBLYSCRIPT = """\
class One extends Context {
  // onRequestHeader(count: u32, end: bool): FilterHeadersStatusValues { return 0; }
  onResponseHeader(count: u32, end: bool): FilterHeadersStatusValues {
    if (onRequestHeader(count)) { return FilterHeadersStatusValues.Continue; }
    return FilterHeadersStatusValues.StopIteration;
  }
  onRequestHeaders(count: u32, end: bool): FilterHeadersStatusValues { return this.onDoned(); }
  private onDoned(): FilterHeadersStatusValues { return FilterHeadersStatusValues.Continue; }
}
"""


@pytest.mark.parametrize(
    ("files", "suffix", "look", "place", "near"),
    [
        ({"a/main.go": GO}, ".go", go.never_called, (4, 16), "'OnHttpRequestHeaders'"),
        ({"assembly/index.ts": ASSEMBLYSCRIPT}, ".ts", roots.never_called, (3, 3), "'onResponseHeaders'"),
    ],
    ids=["go", "assemblyscript"],
)
def test_a_misspelt_callback_of_a_folder_is_a_warning_at_its_place(files, suffix, look, place, near):
    others = {f"vendor/x{suffix}": next(iter(files.values())), "node_modules/x/a.ts": ASSEMBLYSCRIPT, "a_test.go": GO}
    (found,) = project.warnings({**files, **others, "README.md": GO}, suffix, look)
    assert (found.severity, found.line, found.column, found.text) == ("warning", *place, next(iter(files)))
    assert found.message.endswith(f"overrides no callback, so Envoy never calls it; did you mean {near}?")
