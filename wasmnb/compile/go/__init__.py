"""Go: how it is recognised, and what builds it: the user's Go compiler, and the Proxy-Wasm SDK for Go."""

from wasmnb.compile.languages import Language

__all__ = ["LANGUAGE"]

LANGUAGE = Language(
    word="go",
    name="Go",
    toolchain="wasmnb.compile.go.toolchain:GoToolchain",
    spellings=("golang",),
    suffixes=(".go",),
    marks=("go.mod",),
    reader="wasmnb.compile.go.project:read",
    layout="wasmnb.project.layouts:GO",
    server="wasmnb.compile.go.gopls:Gopls",
    nested=True,
    libraries="ask for a module at the top of the source: // deps: github.com/tidwall/gjson@v1.18.0, or in go.mod",
    signs=(
        r"^\s*package\s+\w+\s*$",
        r"^\s*import\s*(?:\(|\"[\w./-]+\"\s*$)",
        r"^\s*func\s*(?:\([^)]*\)\s*)?\w+\s*\(",
        r"\bproxywasm\.",
        r"^\s*type\s+\w+\s+(?:struct|interface)\b",
        r"\w\s*:=\s",
    ),
)
