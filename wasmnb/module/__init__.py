"""What is in a .wasm file."""

from wasmnb.module.module import BuildRecord, Module

__all__ = ["BuildRecord", "Module"]
