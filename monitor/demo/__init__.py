"""A sample site on loopback, with its catalogue and rules: the product without a network."""

from monitor.demo.files import DemoFiles, write_files
from monitor.demo.site import SampleSite

__all__ = ["DemoFiles", "SampleSite", "write_files"]
