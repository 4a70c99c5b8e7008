"""Where the program begins: the console script ``monitor``, and ``python -m monitor``."""

import gc
import os
import sys

# What modules define stays: the collector would walk it again and again for nothing. It is let
# loose when a command is loaded.
gc.disable()

# httpx goes without its own command line, as if its extra were not installed, and so loads neither
# click nor rich nor pygments: 4 % of the instructions of a start.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

# pydantic looks through the metadata of all installed packages for plugins; none has a say here.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from monitor.cli.app import main  # noqa: E402 - loaded without the collector

if __name__ == "__main__":
    main()
