"""C++ filters: clang and wasm-ld of PyPI's ``ziglang``, and our own SDK."""

from wasmnb.compile.cpp.toolchain import CppToolchain

__all__ = ["CppToolchain"]
