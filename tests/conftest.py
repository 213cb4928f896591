"""The fixtures that all tests share."""

import os

from tests.support.embedded_fixture import connect, own_engine_folder
from tests.support.loading import empty_raw
from tests.support.places import make_place, native_server, place
from tests.support.stories import pytest_collection_modifyitems
from tests.support.verdict_ground import grounds, migrated

__all__ = [
    "connect",
    "empty_raw",
    "grounds",
    "make_place",
    "migrated",
    "native_server",
    "own_engine_folder",
    "place",
    "pytest_collection_modifyitems",
]

os.environ["QUANT_ENV_FILE"] = ""  # a developer's .env names a database that tests must not touch
