"""The desktop's own file dialog, as programs that stand in for it answer."""

import sys
import time
from pathlib import Path

import pytest

from draglive.app.gui.dialogs.native import NativeDialog, command, find_program

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux only")


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Put programs on the path: name → shell script."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def put(**scripts):
        for name, script in scripts.items():
            (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
            (tmp_path / name).chmod(0o755)

    return put


def ask():
    dialog = NativeDialog(command(find_program(), "Open", Path("/some/where"), ["*.a", "*.b"]))
    for _ in range(500):
        if dialog.is_done:
            break
        time.sleep(0.01)
    return dialog


def test_the_chosen_file_comes_back_as_it_is_called(programs, tmp_path):
    programs(zenity='printf "%s\\n" "/a file/with “quotes”.draglive"')
    assert ask().answer() == Path("/a file/with “quotes”.draglive")


def test_it_begins_in_the_folder_and_names_the_kinds(programs, tmp_path):
    programs(zenity=f'printf "%s\\n" "$@" > {tmp_path}/told; exit 1')
    dialog = ask()
    assert dialog.answer() is None
    assert not dialog.is_broken
    told = (tmp_path / "told").read_text()
    assert "--filename=/some/where/" in told
    assert "*.a *.b" in told


def test_a_dialog_that_cannot_be_shown_is_told_from_one_that_was_cancelled(programs):
    programs(kdialog="exit 134")
    assert find_program().endswith("kdialog")
    dialog = ask()
    assert dialog.answer() is None
    assert dialog.is_broken


def test_plasma_has_its_own(programs, monkeypatch):
    programs(zenity="", kdialog="")
    assert find_program().endswith("zenity")
    monkeypatch.setenv("XDG_CURRENT_DESKTOP", "KDE")
    assert find_program().endswith("kdialog")


def test_a_dialog_goes_with_the_window(programs):
    programs(zenity="exec sleep 60")
    dialog = NativeDialog(command(find_program(), "Open", Path("/"), []))
    assert not dialog.is_done
    dialog.close()
    assert dialog.is_done
