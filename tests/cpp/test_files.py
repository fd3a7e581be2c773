"""Filters of several files: what is compiled when, whose lines an error names, and libraries without a build system."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compile.conftest import cell
from tests.sdk.harness import Plugin, Proxy
from tests.sdk.upstream import Upstream
from wasmnb.compile import Filter
from wasmnb.compile.cpp.dependencies import gather
from wasmnb.errors import BadNameError, CompileError, LinkError, UsageError
from wasmnb.session import Session

INCLUDE = '#include "limits/bucket.h"\n'
FILES = {
    "limits/bucket.h": '#pragma once\n#include "limits/words.h"\nint taken(int count);\n',
    "limits/words.h": "#pragma once\n#define WORD 7\n",
    "limits/bucket.cc": '#include "bucket.h"\nint taken(int count) { return count + WORD; }\n',
    "other.h": "#pragma once\n",
}
BODY = 'addResponseHeader("x-taken", std::to_string(taken(1)));'


def several(files=FILES, body=BODY, **options) -> Filter:
    return Filter("several", cell(body, top=INCLUDE), files=tuple(files.items()), **options)


def compiled(started) -> list[str]:
    """What was compiled: precompiled headers left out."""
    found = [command[command.index("c++") + 1] for command in started if "-emit-obj" in command]
    started.clear()
    return found


def test_only_what_changed_is_compiled_again(cache, started):
    first = several().build()
    compiled(started)
    again = several().build()
    assert again.build.cached
    assert compiled(started) == []
    edited = several(FILES | {"limits/bucket.cc": FILES["limits/bucket.cc"].replace("+", "*")}).build()
    assert edited.digest != first.digest
    assert compiled(started) == ["limits/bucket.cc"]
    several(body=BODY.replace("taken(1)", "taken(2)")).build()
    assert compiled(started) == ["cell.cc"]
    # Nobody includes this one.
    assert several(FILES | {"other.h": "#pragma once\n#define NEW\n"}).build().digest == first.digest
    assert compiled(started) == []
    several(FILES | {"limits/words.h": "#pragma once\n#define WORD 8\n"}).build()
    assert sorted(compiled(started)) == ["cell.cc", "limits/bucket.cc"]
    assert several().build().digest == first.digest


def test_the_whole_runs_on_envoy_wherever_its_files_lie(cache, tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "include" / "limits").mkdir(parents=True)
    (tmp_path / "include" / "limits" / "bucket.h").write_text(FILES["limits/bucket.h"])
    (tmp_path / "include" / "limits" / "words.h").write_text(FILES["limits/words.h"])
    (tmp_path / "src" / "filter.cc").write_text(cell(BODY, top=INCLUDE))
    (tmp_path / "src" / "bucket.cc").write_text(
        "#include <limits/bucket.h>\nint taken(int count) { return count + WORD; }\n"
    )
    (tmp_path / "src" / "bucket_test.cc").write_text("#include <gtest/gtest.h>\n")
    for folder in ("test", ".git", "build"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "main.cc").write_text("#error not of the filter\n")
    (tmp_path / "bazel-out").symlink_to("/usr")
    (tmp_path / "README.md").write_text("")
    folder = Filter.from_folder(tmp_path, name="several")
    assert (folder.file, [path for path, _ in folder.files]) == (
        "src/filter.cc",
        ["include/limits/bucket.h", "include/limits/words.h", "src/bucket.cc"],
    )
    module = folder.build()
    with Upstream() as upstream, Proxy(tmp_path, upstream, http=[Plugin(module, root_id="here")]) as proxy:
        assert proxy.request()["x-taken"] == "8"


WRONG_SOURCE = '#include "bucket.h"\nint taken(int count) { return cuont; }\n'
WRONG_INCLUDE = '#include "nowhere.h"\nint taken(int count);\n'
WRONG_HEADER = "#pragma once\nint broken(;\n#define WORD 7\n"


@pytest.mark.parametrize(
    ("change", "where", "what"),
    [
        ({"limits/bucket.cc": WRONG_SOURCE}, "limits/bucket.cc line 2, column 31", "undeclared"),
        ({"limits/words.h": WRONG_HEADER}, "limits/words.h line 2", "expected"),
        ({"limits/bucket.h": WRONG_INCLUDE}, "limits/bucket.h line 1", "'nowhere.h' file not found"),
    ],
)
def test_an_error_names_its_file_and_line(cache, change, where, what):
    with pytest.raises(CompileError) as caught:
        several(FILES | change).build()
    assert where in str(caught.value.where)
    assert what in caught.value.what
    assert "cell" not in caught.value.what


def test_an_error_in_the_cell_keeps_its_line(cache):
    with pytest.raises(CompileError) as caught:
        several(body="int x = taken;", first_line=2).build()
    assert str(caught.value.where).startswith("cell line 13")
    with pytest.raises(CompileError, match=r"^src/filter\.cc does not compile") as caught:
        Filter("named", "int x = y;\n", files=(("src/a.h", "\n"),), file="src/filter.cc").build()
    assert str(caught.value.where) == "src/filter.cc line 1, column 9"


def test_the_linker_names_files_too(cache):
    twice = FILES | {"more.cc": "int taken(int count) { return count; }\n"}
    with pytest.raises(LinkError, match=r"defined twice, in limits/bucket\.cc and in more\.cc") as caught:
        several(twice).build()
    assert "inline" in caught.value.hint
    missing = FILES | {"more.cc": "int nowhere();\nint more() { return nowhere(); }\nint x = more();\n"}
    with pytest.raises(LinkError, match="there is no function 'nowhere") as caught:
        several(missing).build()
    assert str(caught.value.where).startswith("more.cc line 2")


def test_warnings_of_other_files_are_told_also_from_the_cache(cache):
    files = FILES | {"limits/bucket.cc": FILES["limits/bucket.cc"].replace("return", "int unused; return")}
    for _ in range(2):
        (warning,) = several(files).build().build.warnings
        assert (warning.text, warning.line) == ("limits/bucket.cc", 2)


def test_folders_of_headers_are_looked_at_for_each_build(cache, tmp_path):
    library = tmp_path / "library"
    library.mkdir()
    (library / "lib.h").write_text("#define VALUE 1\n")
    source = cell("int x = VALUE; (void)x;", top="#include <lib.h>\n")
    with Session() as session:
        first = session.filter("with-library", source, include=[str(library)], define=["A=2"], std="c++20")
        assert session.filter("with-library", source, include=[str(library)], define=["A=2"], std="c++20").unchanged
        (library / "lib.h").write_text("#define VALUE 1 + A\n")
        other = session.filter("with-library", source, include=[str(library)], define=["A=2"], std="c++20")
        assert not other.unchanged
        assert first.filter.flags == (f"-I{library}", "-DA=2", "-std=c++20")


def test_a_folder_of_the_filters_own_comes_before_one_on_the_disk(cache):
    files = {"deps/one.h": "#define ONE 1\n"}
    Filter(
        "inside", cell("int x = ONE; (void)x;", top='#include "one.h"\n'), flags=("-Ideps",), files=tuple(files.items())
    ).build()


def test_headers_bring_what_belongs_to_them():
    texts = FILES | {
        "filter.proto": 'syntax = "proto3";\nimport "more/other.proto";\n',
        "more/other.proto": "",
        "unused.proto": "",
    }
    assert gather(INCLUDE, texts) == ["limits/bucket.cc", "limits/bucket.h", "limits/words.h"]
    assert gather('#include "filter.pb.h"\n// #include "other.h"\n', texts) == ["filter.proto", "more/other.proto"]
    assert gather("", texts, ["other.h"]) == ["other.h"]


def test_the_session_keeps_files(cache, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "disk.h").write_text("#define DISK 3\n")
    with Session() as session:
        for path, text in FILES.items():
            assert not session.file(path, text).unchanged
        assert session.file("other.h", FILES["other.h"]).unchanged
        session.file("private.h", "#error not for this one\n", filters=["another"])
        source = cell(BODY + "(void)DISK;", top=INCLUDE + '#include "disk.h"\n')
        with pytest.raises(CompileError, match=r"'disk\.h' file not found"):
            session.filter("several", source)
        first = session.filter("several", source, files=["disk.h"])
        assert [path for path, _ in first.filter.files] == [
            "disk.h",
            "limits/bucket.cc",
            "limits/bucket.h",
            "limits/words.h",
        ]
        assert session.filter("several", source, files=["disk.h"]).unchanged
        edited = session.file("limits/words.h", "#define WORD 70\n")
        assert edited.filters == ("several",)
        assert session.filter("several").module.digest != first.module.digest
        with pytest.raises(BadNameError, match=r"There is no file 'dsk\.h'"):
            session.filter("several", source, files=["dsk.h"])
        with pytest.raises(BadNameError, match="cannot name a file"):
            session.file("../up.h", "x")
        with pytest.raises(UsageError, match="has no text"):
            session.file("empty.h", "\n")
        with pytest.raises(BadNameError, match=r"There is no file called 'othr\.h'"):
            session.file("othr.h")
        with pytest.raises(UsageError, match="Compiler flags are for a source or a folder"):
            session.build("several", include=["."])


JSON = """
#include <nlohmann/json.hpp>
static std::string read(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  return json.is_discarded() ? "none" : json.value("name", "absent");
}
"""
FORMAT = """
#define FMT_HEADER_ONLY
#include <fmt/format.h>
static std::string read(std::string_view text) { return fmt::format("{}", text.substr(10, 5)); }
"""


@pytest.mark.parametrize("top", [JSON, FORMAT], ids=["nlohmann-json3-dev", "libfmt-dev"])
def test_header_only_libraries(cache, tmp_path, top, libraries):
    source = cell(
        'addResponseHeader("x-name", read("{\\"name\\": \\"value\\"}"));',
        top='#include "proxy_wasm_intrinsics.h"\n' + top,
    )
    module = Filter("library", source, flags=(f"-I{libraries}",)).build()
    with Upstream() as upstream, Proxy(tmp_path, upstream, http=[Plugin(module, root_id="here")]) as proxy:
        assert proxy.request()["x-name"] == "value"


@pytest.fixture
def libraries() -> Path:
    """Where Debian's packages nlohmann-json3-dev and libfmt-dev put their headers."""
    folder = Path("/usr/include")
    assert (folder / "nlohmann" / "json.hpp").is_file()
    assert (folder / "fmt" / "format.h").is_file()
    return folder
