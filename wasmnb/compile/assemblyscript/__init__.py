"""AssemblyScript: how it is recognised, and what builds it: a kept compiler in Node.js, and the Proxy-Wasm SDK."""

from wasmnb.compile.languages import Language

__all__ = ["LANGUAGE"]

LANGUAGE = Language(
    word="assemblyscript",
    name="AssemblyScript",
    toolchain="wasmnb.compile.assemblyscript.toolchain:AssemblyScriptToolchain",
    spellings=("as", "ts", "typescript"),
    suffixes=(".ts",),
    marks=("package.json", "asconfig.json"),
    reader="wasmnb.compile.assemblyscript.project:read",
    layout="wasmnb.project.layouts:ASSEMBLYSCRIPT",
    libraries="ask for a package in the package.json of a folder",
    signs=(
        r"^\s*import\s*(?:\{|\*\s+as\b|\")[^;]*?(?:from\s*)?\"@?[\w./-]+\"",
        r"^\s*export\s+(?:\*|\{|class|function|const|default)",
        r"\bregisterRootContext\b",
        r"\bclass\s+\w+\s+extends\s+\w+",
        r"^\s*(?:export\s+)?function\s+\w+\s*\(",
        r"\w\s*\)?\s*:\s*(?:[ui](?:8|16|32|64)|usize|bool|string|void)\b",
    ),
)
