"""`python -m quant`."""

from quant.cli import main
from quant.command import leave

if __name__ == "__main__":
    leave(main)
