"""A short run of `tests/fuzz.py`; docs/session-format.md names the long one."""

import warnings

import pytest

from draglive.app.session import saving

from ...fuzz import KINDS, fuzz


@pytest.mark.parametrize("name", KINDS)
def test_spoilt_files_are_taken_or_refused_and_nothing_else(tmp_path, monkeypatch, name):
    default = tmp_path / "default.safetensors"
    default.write_bytes(b"a model")
    monkeypatch.setattr(saving, "DEFAULT_MODEL", default)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = fuzz(KINDS[name], 300, 7, tmp_path)
    assert (found.files, found.taken + found.refused) == (300, 300)
    assert min(found.taken, found.refused) >= 10
