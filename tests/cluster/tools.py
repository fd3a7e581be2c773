"""Running small system programs, and saying why they failed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class ToolError(Exception):
    """A program failed; the message has its own words."""


def run(*command: str | Path, text: str | None = None) -> None:
    """Run a program to its end."""
    output(*command, text=text)


def output(*command: str | Path, text: str | None = None) -> str:
    """Run a program to its end, and give what it wrote.

    Parameters
    ----------
    *command : str or pathlib.Path
        The program and its arguments.
    text : str, optional
        What it reads.

    Raises
    ------
    ToolError
        It failed.
    """
    environment = {**os.environ, "PATH": PATH}
    done = subprocess.run(command, input=text or "", capture_output=True, text=True, env=environment)
    if done.returncode:
        words = " ".join(map(str, command))
        raise ToolError(f"{words}: {(done.stderr or done.stdout).strip()}")
    return done.stdout
