"""What manifests said, kept on disk by digest: what a digest means never changes, so it is never asked for twice.

Also what each tag meant when it was last looked at, and when: a tag may move, so that is believed only for a moment.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

__all__ = ["Memory"]

# A change of what is kept gets a new number, and with it a new file.
_FILE = "listing-1.sqlite"
_MOST = 200_000  # rows of a table, after which it starts anew
_AT_ONCE = 500  # values in one query
_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (digest TEXT PRIMARY KEY, said TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tags (
  repository TEXT NOT NULL, tag TEXT NOT NULL, digest TEXT NOT NULL, seen REAL NOT NULL, PRIMARY KEY (repository, tag)
) WITHOUT ROWID;
"""


class Memory:
    """The file, shared by all kernels; without it (a full disk, say) everything is just asked for again.

    Parameters
    ----------
    folder : pathlib.Path
    """

    def __init__(self, folder: Path) -> None:
        self._lock = threading.Lock()
        file = folder / _FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._db = self._open(file)
        except (OSError, sqlite3.OperationalError):
            self._db = self._open(":memory:")
        except sqlite3.DatabaseError:  # what is there is no database
            file.unlink(missing_ok=True)
            self._db = self._open(file)

    def facts(self, digests: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Give what is known of these manifests."""
        rows = self._rows("SELECT digest, said FROM facts WHERE digest IN", digests)
        return {digest: json.loads(said) for digest, said in rows}

    def keep_facts(self, facts: Mapping[str, Mapping[str, Any]]) -> None:
        """Keep what manifests said."""
        rows = [(digest, json.dumps(said)) for digest, said in facts.items()]
        self._write("facts", "INSERT OR REPLACE INTO facts VALUES (?, ?)", rows)

    def tags(self, repositories: Iterable[str]) -> dict[tuple[str, str], tuple[str, float]]:
        """Give the digests that tags had when they were last looked at, and how many seconds ago that was."""
        now = time.time()
        rows = self._rows("SELECT repository, tag, digest, seen FROM tags WHERE repository IN", repositories)
        # A clock that was set back makes a look of the future: that tells nothing.
        return {(name, tag): (digest, now - seen if now >= seen else now) for name, tag, digest, seen in rows}

    def keep_tags(self, digests: Mapping[tuple[str, str], str]) -> None:
        """Keep what tags mean now."""
        now = time.time()
        rows = [(repository, tag, digest, now) for (repository, tag), digest in digests.items()]
        self._write("tags", "INSERT OR REPLACE INTO tags VALUES (?, ?, ?, ?)", rows)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _open(self, path: Path | str) -> sqlite3.Connection:
        database = sqlite3.connect(path, timeout=5, check_same_thread=False)
        try:
            database.executescript(_SCHEMA)
        except sqlite3.Error:
            database.close()
            raise
        return database

    def _rows(self, query: str, values: Iterable[str]) -> Iterator[tuple[Any, ...]]:
        wanted = sorted(set(values))
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            with self._lock:
                try:
                    yield from self._db.execute(f"{query} ({','.join('?' * len(some))})", some).fetchall()
                except sqlite3.Error:
                    return

    def _write(self, table: str, query: str, rows: list[tuple[Any, ...]]) -> None:
        if not rows:
            return
        with self._lock:
            try:
                with self._db:
                    if self._db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] > _MOST:  # noqa: S608 - our names
                        self._db.execute(f"DELETE FROM {table}")  # noqa: S608
                    self._db.executemany(query, rows)
            except sqlite3.Error:
                return
