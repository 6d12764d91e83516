"""Contact sheets."""

import numpy as np
import torch
from PIL import Image

from draglive.stylegan2_jit.training.sheets import mark, sheet, write_sheet


def test_pictures_stand_in_rows_and_missing_ones_are_black(tmp_path):
    pictures = torch.stack([torch.full((3, 2, 4), value) for value in (-1.0, 0.0, 3.0)])
    path = tmp_path / "sheet.png"
    write_sheet(path, pictures, columns=2)
    with Image.open(path) as image:
        grid = np.asarray(image)
    assert grid.shape == (4, 8, 3)
    assert np.array_equal(grid, sheet(pictures, 2))
    assert [grid[0, 0, 0], grid[0, 4, 0], grid[2, 0, 0], grid[2, 4, 0]] == [0, 128, 255, 0]
    assert [file.name for file in tmp_path.iterdir()] == ["sheet.png"]


def test_key_points_are_drawn_where_they_are():
    points = torch.tensor([[[3.0, 5.0], [10.0, 2.0]]])
    marked = mark(torch.zeros(1, 3, 16, 16), points, torch.tensor([[True, False]]))[0]
    assert marked[:, 5, 3].tolist() == [-1, 1, -1]
    assert marked[:, 2, 10].tolist() == [1, -1, -1]
    assert marked[:, 12, 12].tolist() == [0, 0, 0]
