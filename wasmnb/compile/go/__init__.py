"""Go filters: the user's Go compiler, and the Proxy-Wasm SDK for Go."""

from wasmnb.compile.go.toolchain import GoToolchain

__all__ = ["GoToolchain"]
