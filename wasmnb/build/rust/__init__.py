"""Rust filters: the user's rustc and cargo, and the crate ``proxy-wasm``."""

from wasmnb.build.rust.toolchain import RustToolchain

__all__ = ["RustToolchain"]
