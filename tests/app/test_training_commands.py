"""`draglive render`."""

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
