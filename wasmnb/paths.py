"""Where the package keeps files of the user's, and how it writes them so that a crash leaves no half."""

from __future__ import annotations

import errno
import os
import tempfile
import warnings
from pathlib import Path

import platformdirs

__all__ = ["cache_dir", "config_file", "data_dir", "runtime_dir", "write_atomically"]


def cache_dir(*parts: str) -> Path:
    """Give a folder under the user's cache, made when missing.

    Parameters
    ----------
    *parts : str
        Folder names below the cache root, which is ``$WASMNB_CACHE_DIR`` or the platform's cache folder.

    Returns
    -------
    pathlib.Path
        An existing folder.
    """
    return _made(os.environ.get("WASMNB_CACHE_DIR") or platformdirs.user_cache_dir("wasmnb", appauthor=False), parts)


def data_dir(*parts: str) -> Path:
    """Give a folder under the user's data, made when missing: for what must not vanish when a cache is emptied.

    Parameters
    ----------
    *parts : str
        Folder names below the data root, which is ``$WASMNB_DATA_DIR`` or the platform's data folder.

    Returns
    -------
    pathlib.Path
        An existing folder.
    """
    return _made(os.environ.get("WASMNB_DATA_DIR") or platformdirs.user_data_dir("wasmnb", appauthor=False), parts)


def runtime_dir() -> Path:
    """Give the folder for what lasts as long as a process, which nobody but the user can look into.

    It is ``$WASMNB_RUNTIME_DIR`` or the platform's runtime folder.

    Raises
    ------
    PermissionError
        It belongs to somebody else, or others may look into it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Where the system names none, as in a CI, the folder that is taken is as good.
        named = os.environ.get("WASMNB_RUNTIME_DIR") or platformdirs.user_runtime_dir("wasmnb", appauthor=False)
    path = Path(named)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.stat()
    if found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(errno.EPERM, "it belongs to somebody else, or others may look into it", str(path))
    return path


def config_file() -> Path:
    """Give the path of the user's settings, which need not be there: in the platform's folder for configurations."""
    folder = os.environ.get("WASMNB_CONFIG_DIR") or platformdirs.user_config_dir("wasmnb", appauthor=False)
    return Path(folder) / "config.toml"


def _made(root: str, parts: tuple[str, ...]) -> Path:
    path = Path(root, *parts)
    path.mkdir(parents=True, exist_ok=True)
    return path


def write_atomically(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Write a file so that a reader sees either nothing, the old bytes, or all of the new ones.

    Parameters
    ----------
    path : pathlib.Path
        The file to make or replace; its folder must exist.
    data : bytes
        The whole content.
    mode : int, optional
        Who may do what with it; without, its owner may read and write it.

    Raises
    ------
    OSError
        The disk is full or the folder may not be written; no partial file stays behind.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
