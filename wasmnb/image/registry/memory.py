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
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["Memory"]

# A change of what is kept gets a new number, and with it a new file.
_FILE = "listing-1.sqlite"
_MOST = 200_000  # rows of a table, after which it starts anew
_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (digest TEXT PRIMARY KEY, said TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tags (
  repository TEXT NOT NULL, tag TEXT NOT NULL, digest TEXT NOT NULL, seen REAL NOT NULL, PRIMARY KEY (repository, tag)
) WITHOUT ROWID;
"""


class Memory:
    """The file, shared by all kernels; without it (a full disk, a broken file) everything is just asked for again.

    Parameters
    ----------
    folder : pathlib.Path
    """

    def __init__(self, folder: Path) -> None:
        self._lock = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._db = self._open(str(folder / _FILE))
        except (OSError, sqlite3.Error):
            self._db = self._open(":memory:")

    def facts(self, digests: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Give what is known of these manifests."""
        wanted = set(digests)
        rows = self._rows("SELECT digest, said FROM facts")
        return {digest: json.loads(said) for digest, said in rows if digest in wanted}

    def keep_facts(self, facts: Mapping[str, Mapping[str, Any]]) -> None:
        """Keep what manifests said."""
        rows = [(digest, json.dumps(said)) for digest, said in facts.items()]
        self._write("INSERT OR REPLACE INTO facts VALUES (?, ?)", rows)

    def tags(self, repositories: Iterable[str], *, younger: float) -> dict[tuple[str, str], str]:
        """Give the digests of tags that were looked at less than so many seconds ago."""
        wanted, now = set(repositories), time.time()
        rows = self._rows("SELECT repository, tag, digest, seen FROM tags")
        return {
            (repository, tag): digest
            for repository, tag, digest, seen in rows
            if repository in wanted and 0 <= now - seen < younger
        }

    def keep_tags(self, digests: Mapping[tuple[str, str], str]) -> None:
        """Keep what tags mean now."""
        now = time.time()
        rows = [(repository, tag, digest, now) for (repository, tag), digest in digests.items()]
        self._write("INSERT OR REPLACE INTO tags VALUES (?, ?, ?, ?)", rows)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _open(self, path: str) -> sqlite3.Connection:
        database = sqlite3.connect(path, timeout=5, check_same_thread=False)
        database.executescript(_SCHEMA)
        return database

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        with self._lock:
            try:
                return self._db.execute(query).fetchall()
            except sqlite3.Error:
                return []

    def _write(self, query: str, rows: list[tuple[Any, ...]]) -> None:
        if not rows:
            return
        with self._lock:
            try:
                with self._db:
                    self._db.executemany(query, rows)
                    for table in ("facts", "tags"):
                        if self._db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] > _MOST:  # noqa: S608 - ours
                            self._db.execute(f"DELETE FROM {table}")  # noqa: S608
            except sqlite3.Error:
                return
