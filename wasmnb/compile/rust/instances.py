"""Generic code of crates for the types that cells use it with, compiled once beside the crates.

At the levels 0, 1, s and z rustc takes an instance of a generic function from a crate that has it (``share_generics``);
at 2 and 3 it makes its own, so that it can put it where it is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.compile.cache import io_errors
from wasmnb.compile.process import run
from wasmnb.compile.rust.messages import compile_error
from wasmnb.compile.rust.tools import TARGET

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from wasmnb.compile.rust.source import Dependency
    from wasmnb.compile.rust.tools import Tools

__all__ = ["CRATE", "make", "used"]

CRATE = "wasmnb_instances"

_OPTIONS = (
    f"--crate-name={CRATE}",
    "--crate-type=rlib",
    f"--target={TARGET}",
    "--edition=2021",
    "--cap-lints=allow",
    "-Copt-level=s",
    "-Cpanic=abort",
    "-Cembed-bitcode=no",
    "-Ccodegen-units=1",
)

# What filters do with a crate again and again. Nobody calls it, so no filter contains it.
_USED = {
    "serde_json": """
use serde_json::{Map, Value};
use std::collections::BTreeMap;

macro_rules! read {
    ($($kind:ty),*) => {
        pub fn read(bytes: &[u8], text: &str) {
            $(
                drop(serde_json::from_slice::<$kind>(bytes));
                drop(serde_json::from_str::<$kind>(text));
            )*
        }
    };
}
read!(Value, Map<String, Value>, String, bool, u32, u64, i64, f64, Vec<String>, Vec<Value>, Option<String>,
    BTreeMap<String, String>, BTreeMap<String, Value>);

pub fn look(value: &Value, name: &str, at: usize) -> Option<String> {
    let owned = name.to_string();
    let found = value.get(name)?.get(at)?.get(&owned)?;
    let text = found[name][at][&owned].as_str().unwrap_or_default().to_string();
    let members = found.as_object()?.iter().map(|(key, each)| format!("{key}{each}")).collect::<Vec<String>>();
    let entries = found.as_array()?.iter().filter_map(Value::as_str).map(str::to_string).collect::<Vec<String>>();
    Some(members.join(&text) + &entries.join(&value.clone().to_string()) + &serde_json::to_string(value).ok()?)
}
"""
}


def used(asked: Iterable[Dependency]) -> str:
    """Give the source of the instances for some crates; empty where none of them is known."""
    names = dict.fromkeys(one.name.replace("-", "_") for one in asked)
    return "".join(_USED[name] for name in names if name in _USED)


def make(tools: Tools, text: str, crates: Sequence[str], work: Path, folder: Path) -> str:
    """Compile instances beside the crates.

    Parameters
    ----------
    tools : Tools
    text : str
        From `used`.
    crates : sequence of str
        The options that name the crates.
    work, folder : pathlib.Path
        Where it is compiled, and where the library is put.

    Returns
    -------
    str
        The name of the library's file; empty where there is nothing to compile, or a version of a crate that has other
        functions.

    Raises
    ------
    ToolchainError
        The compiler crashed, or the disk is full.
    """
    if not text:
        return ""
    with io_errors():
        (work / "instances.rs").write_text(text, encoding="utf-8")
    name = f"lib{CRATE}.rlib"
    finished = run([tools.rustc, "instances.rs", *_OPTIONS, *crates, "-o", str(folder / name)], work)
    if finished.code < 0:
        raise compile_error((), finished)
    return name if finished.code == 0 else ""
