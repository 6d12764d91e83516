"""Where models, thumbnails and memories lie on this system."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

MODELS_VARIABLE = "DRAGLIVE_MODELS"


def models_folder() -> Path:
    """The folder of the person's models: `DRAGLIVE_MODELS`, or one in the user's data."""
    named = os.environ.get(MODELS_VARIABLE)
    if named:
        return Path(named).expanduser()
    return platformdirs.user_data_path("draglive") / "models"


def thumbnails_folder() -> Path:
    """Thumbnails and what was found out about models; may be deleted at any time."""
    return platformdirs.user_cache_path("draglive") / "thumbnails"


def recent_file() -> Path:
    """The list of models opened lately."""
    return platformdirs.user_state_path("draglive") / "recent-models.json"
