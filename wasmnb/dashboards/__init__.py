"""Live views over the objects of the other packages: models in plain Python, widgets where a notebook shows them."""

from wasmnb.dashboards.live import LiveView
from wasmnb.dashboards.opening import panel, watch_headers, watch_logs, watch_pods
from wasmnb.dashboards.pods import dashboard
from wasmnb.live.board import Board, Paint

__all__ = ["Board", "LiveView", "Paint", "dashboard", "panel", "watch_headers", "watch_logs", "watch_pods"]
