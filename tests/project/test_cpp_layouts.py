"""C++ folders as build files lay them out: sources in C, headers under any name, tests and tools beside the filter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.project.test_hints_followed import refused
from tests.project.test_in_place import write
from tests.project.test_workspaces import CC
from wasmnb import Filter, build_image
from wasmnb.errors import CompileError, LinkError
from wasmnb.image import Store

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.compiler

SHARED = """#ifdef __cplusplus
extern "C" {
#endif
const char* word(int number);
#ifdef __cplusplus
}
#endif
"""
# Names that are words of C++, and a pointer without a cast.
IN_C = """#include "word.h"
#include <stdlib.h>
const char* word(int class) {
  char* new = malloc(2);
  new[0] = class;
  return new ? "word-in-c" : new;
}
"""
USES = f'#include "word.h"\n{CC}const char* used = word(1);\n'


@pytest.mark.parametrize("name", ["filter_dot_C", "filter_dot_c++", "filter_dot_cxx"])
def test_sources_in_c_beside_those_in_cpp(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path / "mine", **{name: USES}, word_dot_h=SHARED, word_dot_c=IN_C)
    assert b"word-in-c" in Filter.from_folder(folder, name="mine").build().wasm


def test_a_filter_in_c(tmp_path: Path) -> None:
    source = (
        '#define AS(n) __attribute__((export_name(#n)))\n__attribute__((used)) static const char w[] = "word-in-c";\n'
    )
    source += (
        "AS(proxy_abi_version_0_2_1) void marker(void) {}\nAS(word) const char* word(int new) { return w + new; }\n"
    )
    folder = write(tmp_path / "mine", plugin_dot_c=source)
    assert b"word-in-c" in Filter.from_folder(folder, name="mine").build().wasm
    image = build_image(folder / "plugin.c", "local/mine", store=Store(tmp_path / "store"))
    assert b"word-in-c" in image.module.wasm


def test_what_c_and_cpp_share_is_declared_so(tmp_path: Path) -> None:
    folder = write(tmp_path / "mine", filter_dot_cc=USES, word_dot_h="const char* word(int);\n", word_dot_c=IN_C)
    assert refused(folder, LinkError).hint == 'word.c is C: where C++ declares the function, write extern "C" before it'
    write(folder, word_dot_h=SHARED)
    assert Filter.from_folder(folder, name="mine").build().wasm


def test_what_is_included_under_any_name(tmp_path: Path) -> None:
    source = f"""{CC}
enum Word {{
#define WORD(word) k##word,
#include "words.def"
}};
const char kBytes[] = {{
#embed "data/bytes.bin"
}};
const char* kText =
#include "data/text.txt"
;
std::string all = std::string(kBytes, sizeof kBytes) + kText;
int number = kOne;
"""
    files = {
        "words_dot_def": "WORD(One)\n",
        "data__text_dot_txt": '"text-of-file"\n',
        "data__bytes_dot_bin": b"\xffbin-of-file",
    }
    folder = write(tmp_path / "mine", filter_dot_cc=source, README_dot_txt="not of it\n", **files)
    read = Filter.from_folder(folder, name="mine")
    assert "README.txt" not in dict(read.files)
    wasm = read.build().wasm
    assert b"text-of-file" in wasm
    assert b"\xffbin-of-file" in wasm


def test_a_source_alone_takes_files_of_any_name_along(tmp_path: Path) -> None:
    source = f"""{CC}
const char kBytes[] = {{
#embed "bytes.bin"
}};
const char* kText =
#include "text.txt"
;
std::string all = std::string(kBytes, sizeof kBytes) + kText;
"""
    write(tmp_path, plugin_dot_cc=source, bytes_dot_bin=b"bin-of-file", text_dot_txt='"text-of-file"', version="1.2\n")
    wasm = build_image(tmp_path / "plugin.cc", "local/mine", store=Store(tmp_path / "store")).module.wasm
    assert b"bin-of-file" in wasm
    assert b"text-of-file" in wasm


def test_a_file_called_as_a_header_of_the_language(tmp_path: Path) -> None:
    folder = write(tmp_path / "mine", filter_dot_cc=f"#include <bitset>\n{CC}", bitset="1.2\n")
    assert Filter.from_folder(folder, name="mine").build().wasm


def test_folders_that_a_build_file_names(tmp_path: Path) -> None:
    includes = '#include "filters/word.h"\n#include <json/json.hpp>\n'
    below = '#include "filters/word.h"\n#include "util/text.h"\n'
    folder = write(
        tmp_path / "mine",
        CMakeLists_dot_txt="target_include_directories(mine PRIVATE src third_party/json/include)\n",
        src__main_dot_cpp=f"{includes}{CC}const char* used[] = {{word(), JSON}};\n",
        src__filters__word_dot_h="const char* word();\n",
        src__filters__word_dot_cpp=f"{below}const char* word() {{ return TEXT; }}\n",
        src__util__text_dot_h='#define TEXT "text-below-src"\n',
        third_party__json__include__json__json_dot_hpp='#define JSON "json-of-others"\n',
        # The runtime's own is meant.
        third_party__libc__string_dot_h="#error not this one\n",
    )
    wasm = Filter.from_folder(folder, name="mine").build().wasm
    assert b"text-below-src" in wasm
    assert b"json-of-others" in wasm
    # Of two, none is guessed.
    write(folder, other__json__json_dot_hpp='#define JSON "the other"\n')
    assert "json/json.hpp" in str(refused(folder, CompileError))


def test_tests_and_tools_beside_a_filter(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "mine",
        filter_dot_cc=CC,
        FilterTest_dot_cpp="#include <gtest/gtest.h>\nTEST(Filter, works) {}\n",
        bench__speed_dot_cc="#include <benchmark/benchmark.h>\n",
        fuzz__target_dot_cc='extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long) { return gone; }\n',
        tools__generate_dot_cc="#include <fstream>\nint main(int, char** words) { std::ofstream file(words[1]); }\n",
    )
    assert Filter.from_folder(folder, name="mine").build().wasm


def test_a_helper_with_a_main_for_its_own_test(tmp_path: Path) -> None:
    helper = '/*\nint main() is in the tests\n*/\nconst char* word() { return "word-of-helper"; }\n'
    helper += "#ifdef SELF_TEST\n#include <gtest/gtest.h>\n#if 1\n#endif\nint main() { return gone; }\n#endif\n"
    filter_ = f"const char* word();\n{CC}const char* used = word();\n"
    folder = write(tmp_path / "mine", filter_dot_cc=filter_, helper_dot_cc=helper)
    assert b"word-of-helper" in Filter.from_folder(folder, name="mine").build().wasm


def test_a_filter_with_a_main_is_one_where_nothing_else_is(tmp_path: Path) -> None:
    source = f"{CC.replace('RegisterContextFactory', 'REGISTER')}int main() {{ return 0; }}\n"
    macro = "#define REGISTER RegisterContextFactory\n"
    source = f'#include "macro.h"\n{source}'
    folder = write(tmp_path / "mine", filter_dot_cc=source, macro_dot_h=macro)
    assert Filter.from_folder(folder, name="mine").build().wasm


def test_a_macro_of_the_build_file(tmp_path: Path) -> None:
    folder = write(tmp_path / "mine", filter_dot_cc=f"{CC}const char* used = VERSION;\n")
    assert not refused(folder, CompileError).hint
    write(folder, CMakeLists_dot_txt='add_compile_definitions(VERSION="1")\n')
    hint = "if it is the macro of CMakeLists.txt, --flag -DVERSION=VALUE gives it"
    assert refused(folder, CompileError).hint == hint
    assert Filter.from_folder(folder, name="mine", flags=['-DVERSION="1"']).build().wasm
