"""What a session has open: closed with its mesh, forgotten when it ends by itself."""

from __future__ import annotations

from wasmnb.session.open_views import OpenViews


class View:
    def __init__(self, views: OpenViews) -> None:
        self.views, self.reasons = views, []

    def close(self, reason: str) -> None:
        self.reasons.append(reason)
        self.views.ended(self)


def test_each_view_is_closed_with_the_reason_and_may_forget_itself_meanwhile():
    views = OpenViews()
    one, two = View(views), View(views)
    views.add(one)
    views.add(two)
    views.close("the mesh was stopped")
    assert one.reasons == two.reasons == ["the mesh was stopped"]
    assert len(views) == 0


def test_a_view_that_ended_by_itself_is_closed_no_more():
    views = OpenViews()
    one = View(views)
    views.add(one)
    views.ended(one)
    views.ended(one)
    views.close("the mesh was stopped")
    assert one.reasons == []
