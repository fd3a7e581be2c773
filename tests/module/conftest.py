from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.module.judge import Judge
from tests.needs import needs

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
@needs("envoy")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    judge = Judge(tmp_path_factory.mktemp("judge"))
    yield judge
    judge.stop()
