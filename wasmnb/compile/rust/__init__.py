"""Rust filters: the user's rustc and cargo, and the crate ``proxy-wasm``."""

from wasmnb.compile.rust.toolchain import RustToolchain

__all__ = ["RustToolchain"]
