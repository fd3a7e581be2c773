"""A panic stands in the canary's error and in the verdict in the filter's own words, with the cell's line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conformance.panicking import panicking, place
from tests.needs import needs
from wasmnb.errors import ModuleError
from wasmnb.image import package
from wasmnb.mesh import Verdict
from wasmnb.mesh.local import LocalMesh
from wasmnb.plugin import Plugin

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.envoy

OWN = {
    "cpp": "Tenant::onResponseHeaders(unsigned int, bool)",
    "rust": "<cell::Tenant as proxy_wasm::traits::HttpContext>::on_http_response_headers",
    "go": "main.__tenant_.OnHttpResponseHeaders",
    # The compiler has put it into the callback of the SDK.
    "assemblyscript": "",
}


@pytest.fixture(scope="package")
@needs("envoy")
def mesh() -> Iterator[LocalMesh]:
    with LocalMesh.start() as running:
        yield running


def test_error_and_verdict_carry_the_panics_text_and_its_line(language, mesh):
    plugin = Plugin("tenant", package(panicking(language).build()), {"app": "details"})
    with pytest.raises(ModuleError, match="crashes on a plain GET") as caught:
        mesh.apply(plugin)
    mesh.apply(plugin, allow_trap=True)
    mesh.send("productpage", "details:9080/details/1")
    (verdict,) = [one for one in mesh.verdicts("tenant") if one.verdict is Verdict.TRAPPED]
    head = "it logged" if language == "cpp" else "panic"
    told = verdict.evidence[-len(caught.value.why) :]
    for lines in (caught.value.why, told):
        assert lines[0] == f"{head}: no such tenant: 6"
        assert f"  at {place(language)}" in lines
        frames = [line for line in lines if line.startswith("  at ")][1:]
        assert [OWN[language] in line for line in frames] == ([True] if OWN[language] else [])
        assert "of libraries, the innermost " in lines[-1]
    assert f"no such tenant: 6 ({place(language).partition(': ')[0]}); every request gets 503" in verdict.reason
    mesh.remove("tenant")
