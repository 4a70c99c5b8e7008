"""A sample site on loopback, with its catalogue and rules: the product without a network."""

from monitor.demo.site import DemoFiles, SampleSite, write_files

__all__ = ["DemoFiles", "SampleSite", "write_files"]
