"""Errors can be read in both themes, and what matters is on the screen of a small window."""

from __future__ import annotations

START = "%load_ext wasmnb"
ANSWER = """
from tests.views.things import exchange
from wasmnb.traffic import Capture
from wasmnb.views import record_of
lines = [("server", "istio-envoy"), ("content-type", "application/json"), ("x-envoy-upstream-service-time", "3")]
lines += [("x-request-id", "0b2bb8a6-9d2c-9d2c-8f6a-3cf1ab0c01aa")]
from dataclasses import replace
before = replace(exchange(*lines), in_force=())
after = exchange(*lines, ("x-greeting", "hello from a cell"), body=b'{"id": 124, "pages": [1, 2], "seen": true}')
record_of(Capture(replace(after, in_force=("greeter@99397533",)), before))
"""
WIDTHS = """[...document.querySelectorAll('.wasmnb')].map(one => {
  const place = one.closest('.jp-OutputArea-output');
  return [place.scrollWidth, place.clientWidth];
})"""


def test_errors_can_be_read_in_both_themes(notebook):
    opened = notebook(START, "%wasm_mesh lcal", "%%wasm_filter broken\nint x = 1\n", width=900)
    page = opened.page
    for index in range(3):
        opened.run(index)
        page.wait_for_selector(f".jp-Cell:nth-child({index + 1}) >> text=[{index + 1}]:", timeout=120_000)
    page.get_by_text("expected ';'").first.wait_for(timeout=90_000)
    assert page.get_by_text("try:").count() >= 1
    opened.check_accessible()
    opened.picture("errors-900-light")
    for theme in ("Dark High Contrast", "Dark"):
        opened.theme(theme)
        opened.check_accessible()
        opened.picture(f"errors-900-{theme.lower().replace(' ', '-')}")


def test_what_became_of_a_header_is_on_the_screen_of_a_small_window(notebook):
    opened = notebook(ANSWER, width=900)
    page = opened.page
    opened.run_all()
    page.locator(".wasmnb td").filter(has_text="added").wait_for(timeout=90_000)
    for width in (900, 700, 1600):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(300)
        ((content, room),) = page.evaluate(WIDTHS)
        assert content <= room, (width, content, room)
        opened.picture(f"headers-{width}")
    for theme in ("Dark High Contrast", "Dark"):
        opened.theme(theme)
        opened.check_accessible()
        opened.picture(f"headers-1600-{theme.lower().replace(' ', '-')}")
    page.set_viewport_size({"width": 900, "height": 900})
    opened.picture("headers-900-dark")
