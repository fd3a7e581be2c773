"""Rust: how it is recognised, and what builds it: the user's rustc and cargo, and the crate ``proxy-wasm``."""

from wasmnb.compile.languages import Language

__all__ = ["LANGUAGE"]

LANGUAGE = Language(
    word="rust",
    name="Rust",
    toolchain="wasmnb.compile.rust.toolchain:RustToolchain",
    spellings=("rs",),
    suffixes=(".rs",),
    marks=("Cargo.toml",),
    reader="wasmnb.compile.rust.project:read",
    layout="wasmnb.project.layouts:RUST",
    libraries='ask for a crate at the top of the source: // deps: serde = "1", or in Cargo.toml',
    signs=(
        r"^\s*use\s+\w+(?:::|;)",
        r"\bproxy_wasm::",
        r"^\s*(?:unsafe\s+)?impl\b[^;{]*\{",
        r"\bfn\s+\w+\s*[(<]",
        r"^\s*#!?\[\w+",
        r"\blet\s+mut\b",
    ),
)
