"""The embedded engine under the name by which commands call it: `python -m loader.embedded`."""

from embedded.__main__ import main

if __name__ == "__main__":
    from quant.command import leave

    leave(main)
