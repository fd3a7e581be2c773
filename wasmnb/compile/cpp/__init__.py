"""C++: how it is recognised, and what builds it: clang and wasm-ld of PyPI's ``ziglang``, and our own SDK."""

from wasmnb.compile.languages import Language

__all__ = ["LANGUAGE", "SOURCES", "C"]

C = ".c"
"""How names of files end that are compiled as C."""

SOURCES = (".cc", ".cpp", ".cxx", ".c++", ".C", C)
"""How names of files end that are compiled."""

LANGUAGE = Language(
    word="cpp",
    name="C++",
    toolchain="wasmnb.compile.cpp.toolchain:CppToolchain",
    spellings=("c++", "cc", "cxx"),
    suffixes=SOURCES,
    marks=SOURCES,
    reader="wasmnb.compile.cpp.folder:read",
    beside="wasmnb.compile.cpp.dependencies:beside",
    layout="wasmnb.project.layouts:CPP",
    server="wasmnb.compile.cpp.clangd:Clangd",
    signs=(
        r"^\s*#\s*(?:include|define|pragma|if|ifdef|ifndef)\b",
        r"\bRegisterContextFactory\b",
        r"\bclass\s+\w+\s*(?:final\s*)?:\s*(?:public\s+)?\w+",
        r"\bstd::\w+",
        r"\bFilter(?:Headers|Data|Trailers)Status\b[^V]",
        r"\bstatic_cast<|\bextern\s+\"C\"",
    ),
)
