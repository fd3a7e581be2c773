"""Several files and messages, through the magics of a real kernel."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.magics.test_kernel import run_cells

OLD = Path(__file__).parent / "old"
