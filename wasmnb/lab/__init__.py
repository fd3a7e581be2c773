"""What the kernel tells the lab extension: where each cell's filter stands; without the extension nothing is sent."""

from wasmnb.lab.workbench import Workbench, attach, detach

__all__ = ["Workbench", "attach", "detach"]
