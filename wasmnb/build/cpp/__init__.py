"""C++ filters: clang and wasm-ld of PyPI's ``ziglang``, and our own SDK."""

from wasmnb.build.cpp.toolchain import CppToolchain

__all__ = ["CppToolchain"]
