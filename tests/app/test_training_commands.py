"""`draglive render` and `draglive train`."""

import json
from statistics import fmean

import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from draglive.app.cli import cli


def test_render_writes_a_sheet(tmp_path):
    path = tmp_path / "sheet.png"
    arguments = ["render", "--out", str(path), "--count", "6", "--resolution", "32", "--points"]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert "6 creatures of 32 px" in result.output
    with Image.open(path) as image:
        assert image.size == (96, 64)
        assert (0, 255, 0) in {pixel for _, pixel in image.getcolors(10**4)}


def train(*arguments):
    command = ["train", "--device", "cpu", *map(str, arguments)]
    result = CliRunner().invoke(cli, command, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def one_thread():
    """Threads of one step wait for one another, for seconds where others want the cores too."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
def test_twenty_seconds_of_creatures_are_seen(tmp_path):
    """Of `--resolution 64 --minutes 3` the first 20 s: the loss falls, a sheet is there.

    A machine that does other work besides may need several sittings for a few steps; each goes on.
    """
    run, loss = tmp_path / "run", []
    for _ in range(6):
        said = train("--data", "creatures", "--resolution", 64, "--minutes", 1 / 3, "--out", run)
        lines = (run / "metrics.jsonl").read_text().splitlines()
        loss = [json.loads(line)["paired"] for line in lines]
        if len(loss) >= 9:
            break
    third = len(loss) // 3
    assert fmean(loss[-third:]) < 0.75 * fmean(loss[:third])
    sheet = max(run.glob("sheet-*.png"))
    assert sheet.name in said
    with Image.open(sheet) as image:
        assert image.size == (384, 256)
        assert len(image.getcolors(384 * 256)) > 5000  # no even grey


def test_a_folder_trains_and_its_damaged_files_are_told(tmp_path):
    data = tmp_path / "pictures"
    data.mkdir()
    for i in range(8):
        Image.new("RGB", (40, 40 + i), (30 * i, 100, 200 - 20 * i)).save(data / f"{i}.png")
    (data / "text.jpg").write_bytes(b"not a picture at all")
    small = ("--resolution", 32, "--batch", 4, "--minutes", 0.001)
    said = train("--data", data, "--out", tmp_path / "run", *small)
    assert "8 pictures, 0 converted, 1 skipped" in said
    assert "text.jpg: not a picture" in said
    assert (tmp_path / "run" / "model.safetensors").exists()
