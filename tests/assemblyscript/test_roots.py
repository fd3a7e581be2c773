"""The root ids of a project's module: what its sources register, and what its SDK keeps of it."""

from __future__ import annotations

import pytest

from wasmnb.compile.assemblyscript.project import registered_roots
from wasmnb.errors import CompileError

ONE = 'registerRootContext((id: u32) => new Root(id), "one");\n'
TWO = f'{ONE}registerRootContext((id: u32) => new Root(id), "two");\n'
WASM = "one two".encode("utf-16-le")
HEAD = "export function registerRootContext(\n  made: (id: u32) => RootContext,\n  name: string): void {\n"
BY_NAME, LAST = f"{HEAD}  factories.set(name, made);\n}}\n", f"{HEAD}  factory = made;\n}}\n"


@pytest.fixture
def sdk(tmp_path):
    folder = tmp_path / "node_modules" / "@any" / "sdk" / "assembly"
    folder.mkdir(parents=True)
    return folder / "runtime.ts"


def test_an_sdk_that_keeps_them_by_name_answers_to_these_names(tmp_path, sdk):
    sdk.write_text(BY_NAME)
    for source, names in ((ONE, ("one",)), (TWO, ("one", "two"))):
        assert registered_roots({"a.ts": source}, "a.ts", WASM, [tmp_path]) == names
    assert registered_roots({"a.ts": TWO}, "a.ts", b"", [tmp_path]) is None, "the module is of other sources"
    assert registered_roots({"a.ts": TWO.replace('"two"', "name")}, "a.ts", WASM, [tmp_path]) is None


def test_an_sdk_that_keeps_the_last_one_answers_to_any_name(tmp_path, sdk):
    sdk.write_text(LAST)
    assert registered_roots({"a.ts": ONE}, "a.ts", WASM, [tmp_path]) is None
    with pytest.raises(CompileError, match="2 root contexts"):
        registered_roots({"a.ts": TWO}, "a.ts", WASM, [tmp_path])
