"""The generator of Spock databases under the name by which commands call it: `python -m loader.sample`."""

from sample.__main__ import main

if __name__ == "__main__":
    from quant.command import leave

    leave(main)
