"""Every language does what the others do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conformance import behaviours, languages
from wasmnb.envoy import canary
from wasmnb.module.check import check
from wasmnb.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.sdk.harness import Proxy
    from wasmnb.traffic import Capture

CONFIGURATION = '{"name": "hello", "value": "w\\u00f6rld"}'
ASKED = ("productpage", "details:9080/details/123")


@pytest.mark.parametrize("behaves", behaviours.ALL, ids=lambda behaves: behaves.__name__)
def test_a_filter_does(behaves: Callable[[Proxy], None], proxy: Proxy) -> None:
    behaves(proxy)


def test_a_module_says_what_it_is(language, obedient):
    facts = obedient.facts
    assert (facts.language, facts.abi, facts.problems) == (language, languages.ABIS[language], ())
    # C++ filters are registered under root ids, AssemblyScript's under one at most; the other SDKs take any.
    assert facts.root_ids == {"cpp": ("",), "assemblyscript": ("obedient",)}.get(language)
    if facts.root_ids is None:
        assert check(obedient, "anything") == "anything"


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Session() as session, pytest.MonkeyPatch.context() as patch:
        # On a busy machine a Go module takes longer than a hang is waited for.
        patch.setattr(canary, "_PATIENCE", 90.0)
        session.mesh("local")
        yield session


@pytest.fixture(scope="module")
def before(session: Session) -> Capture:
    """Give the answer while there is no filter."""
    return session.headers(*ASKED, before="none")


def test_the_articles_filter_gives_the_same_table_of_headers(language, session, before):
    one = languages.article(language)
    # It takes the place of the one in the language before.
    made = session.filter(
        one.name, one.source, language=language, deploy="app=details", config=CONFIGURATION, timeout=120
    )
    assert made.module.build.warnings == ()
    frame = session.headers(*ASKED, before=before).diff()
    changed = frame[~frame["change"].isin(["same", "varies"])]
    assert changed[["name", "after", "change"]].to_numpy().tolist() == [
        ["hello", "wörld", "added"],
        ["你好", "六翁", "added"],
    ]
