"""Modules that are imported when something of them is first asked for.

Great Expectations imports the whole of scipy.stats and altair for expectations that hardly any suite has, which takes
as long as all the rest of it. The standard library's LazyLoader does not help: before Python 3.14 it loads a module as
soon as that is imported a second time.
"""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType


class Later(ModuleType):
    """Stands for a module until something is asked of it."""

    def __getattr__(self, name: str) -> object:
        """Import the module, and be like it from now on."""
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        module = importlib.import_module(self.__name__)
        self.__dict__.update(module.__dict__)
        return getattr(module, name)


def later(*names: str) -> None:
    """Put off the import of these modules, where they are not imported yet."""
    for name in names:
        if name not in sys.modules:
            module = sys.modules[name] = Later(name)
            module.__spec__ = ModuleSpec(name, None)
