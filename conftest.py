"""Lets the tests run from a checkout that is not installed: `draglive` is this folder."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

if importlib.util.find_spec("draglive") is None:
    _namespace = ModuleType("draglive")
    _namespace.__path__ = [str(Path(__file__).parent)]
    sys.modules["draglive"] = _namespace
