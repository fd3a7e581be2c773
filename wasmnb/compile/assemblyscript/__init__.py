"""AssemblyScript filters: a kept compiler in Node.js, and the Proxy-Wasm SDK for AssemblyScript."""

from wasmnb.compile.assemblyscript.toolchain import AssemblyScriptToolchain

__all__ = ["AssemblyScriptToolchain"]
