"""Policy monitor: watches what China's governments promise about AI and computing."""

__version__ = "0.1.0"
