"""Our own C++ SDK for Proxy-Wasm filters, source compatible with the Proxy-Wasm C++ SDK of 2020 and of today.

``include_dir`` is what a filter is compiled with (``proxy_wasm_intrinsics.h`` for its precompiled header);
`sources` are compiled once. Their objects are linked directly, not from an archive: nothing refers to a callback but
the linker's option that exports it, given for those that a filter has a use for. ``-fvisibility=hidden`` and
``wasm-ld --gc-sections`` leave out the rest: a proxy compiles every function of a module at each load.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["host_functions", "host_functions_file", "include_dir", "sources"]

_HERE = Path(__file__).resolve().parent

include_dir: Path = _HERE / "include"
"""The folder of the public headers."""

host_functions_file: Path = _HERE / "host_functions.txt"
"""What a linker may leave undefined: the functions of ABI 0.2.1, one name per line (``--allow-undefined-file``)."""


def sources() -> tuple[Path, ...]:
    """Give the SDK's translation units, in a fixed order.

    Returns
    -------
    tuple of pathlib.Path
        ``.cc`` files; ``internal.h`` beside them is theirs alone.
    """
    return tuple(sorted((_HERE / "src").glob("*.cc")))


def host_functions() -> tuple[str, ...]:
    """Give the names of the functions that a host of ABI 0.2.1 has.

    Returns
    -------
    tuple of str
    """
    return tuple(host_functions_file.read_text(encoding="ascii").split())
