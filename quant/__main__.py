"""`python -m quant`."""

from loader.command import leave
from quant.cli import main

if __name__ == "__main__":
    leave(main)
