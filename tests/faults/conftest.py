"""What goes wrong here goes wrong at a random moment; `DRAGLIVE_FAULT_SEED` chooses another."""

import os
import random

import pytest

from ..app.conftest import small_generator, small_model  # noqa: F401


@pytest.fixture
def rng():
    return random.Random(int(os.environ.get("DRAGLIVE_FAULT_SEED", "1")))
