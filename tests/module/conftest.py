from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.module.judge import Judge


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    judge = Judge(tmp_path_factory.mktemp("judge"))
    yield judge
    judge.stop()
