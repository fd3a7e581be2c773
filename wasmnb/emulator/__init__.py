"""The Proxy-Wasm ABI on wasmtime: what a real Envoy cannot give to a test, and each instruction counted."""

from wasmnb.emulator.codes import LogLevel
from wasmnb.emulator.exchange import Exchange
from wasmnb.emulator.header_map import HeaderMap
from wasmnb.emulator.loop import Loop
from wasmnb.emulator.plugin import Plugin
from wasmnb.emulator.records import Record, Reply
from wasmnb.emulator.stream import Flow
from wasmnb.emulator.world import Call, Response, World

__all__ = [
    "Call",
    "Exchange",
    "Flow",
    "HeaderMap",
    "LogLevel",
    "Loop",
    "Plugin",
    "Record",
    "Reply",
    "Response",
    "World",
]
