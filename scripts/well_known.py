"""Writes the C++ of the message types that the SDK has: protobuf's well-known types, and that of a gRPC service."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from google.protobuf import descriptor_pb2

from wasmnb.compile.cpp.proto.generate import WELL_KNOWN, cpp
from wasmnb.compile.cpp.proto.protoc import program
from wasmnb.compile.process import run

SDK = Path(__file__).resolve().parents[1] / "wasmnb" / "sdk"
OWN = "proxy_wasm_intrinsics.proto"


def generated() -> dict[Path, str]:
    """Give the files as they should be, by their paths."""
    with tempfile.TemporaryDirectory() as folder:
        described = Path(folder) / "set.pb"
        command = [program(), f"-I{SDK}", "--include_imports", f"--descriptor_set_out={described}", OWN, *WELL_KNOWN]
        finished = run(command, SDK)
        if finished.code:
            raise SystemExit(finished.messages)
        found = descriptor_pb2.FileDescriptorSet.FromString(described.read_bytes())
    made = {**cpp(found.file, well_known=True), **cpp([file for file in found.file if file.name != WELL_KNOWN[0]])}
    return {
        SDK / "include" / path if path.endswith(".h") else SDK / "proto" / Path(path).name: text
        for path, text in made.items()
    }


def main() -> int:
    """Write the files."""
    for path, text in generated().items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
