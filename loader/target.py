"""The target by the name under which programs beside this project import it: `from loader.target import resolve`."""

from quant.target import Target, resolve

__all__ = ["Target", "resolve"]
