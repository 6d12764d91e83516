"""The command line as a person meets it: results, and one line with exit code 2 for bad input."""

import json

import cv2
import numpy as np
import pytest

from draglive.app.commands import window

TURN = ("--seed", 4, "--psi", 1, "--point", "127,151:99,151")


def test_a_drag_turns_the_head_and_says_so(draglive, tmp_path):
    out, report, video = (tmp_path / name for name in ("out.png", "out.json", "out.mp4"))
    code, said, errors = draglive(
        "drag", *TURN, "--steps", 40, "--out", out, "--json", report, "--video", video
    )
    assert (code, errors) == (0, "")
    assert cv2.imread(str(out)).shape == (256, 256, 3)
    data = json.loads(report.read_text())
    (point,) = data["points"]
    assert point["start"] == [127, 151]
    assert point["target"] == [99, 151]
    assert point["arrived"]
    assert point["distance_left_px"] <= 1
    assert np.hypot(*np.subtract(point["end"], [99, 151])) <= 1
    assert data["steps"] <= 40
    # The picture really moved: the nose is found where it was pulled to, and was not there before.
    assert point["patch"]["similarity"] > 0.6
    assert point["patch"]["unmoved"] < 0
    assert f"{data['steps']} steps" in said
    capture = cv2.VideoCapture(str(video))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == data["steps"] + 15


def test_a_mask_is_obeyed(draglive, tmp_path, small_model):
    mask = np.zeros((32, 32), np.uint8)
    mask[:, :16] = 255
    cv2.imwrite(str(tmp_path / "mask.png"), mask)
    arguments = ("drag", small_model, "--point", "8,8:12,8", "--steps", 3)
    code, _, errors = draglive(
        *arguments, "--mask", tmp_path / "mask.png", "--out", tmp_path / "masked.png"
    )
    assert (code, errors) == (0, "")
    draglive(*arguments, "--out", tmp_path / "free.png")
    masked, free = (cv2.imread(str(tmp_path / n)) for n in ("masked.png", "free.png"))
    assert (masked != free).any()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--point", "127,151"], "point '127,151': handle '127,151' has no target"),
        (["--point", "a,b:1,2"], "point 'a,b:1,2' must be X,Y:X,Y in pixels"),
        (["--point", "1,2,3:4,5"], "must be X,Y:X,Y in pixels"),
        (["--point", "500,1:1,1"], "handle (500, 1) is outside the picture: x must be 0 to 31"),
        (["--point", "1,1:1,-9"], "target (1, -9) is outside the picture"),
        (["--point", "nan,1:1,1"], "handle (nan, 1) is outside the picture"),
        ([], "Missing option '--point'"),
        (["--point", "1,1:2,2", "--device", "tpu"], "device must be auto, cpu, cuda"),
        (["--point", "1,1:2,2", "--device", "cuda:9"], "'cuda:9' is not there"),
        (["--point", "1,1:2,2", "--dtype", "int4"], "'int4' is not one of"),
        (["--point", "1,1:2,2", "--steps", "0"], "0 is not in the range"),
        (["--point", "1,1:2,2", "--seed", "-4"], "seed must be from 0 to 4294967295, not -4"),
        (["--point", "1,1:2,2", "--psi", "nan"], "truncation psi must be from -2 to 2, not nan"),
        (["--point", "1,1:2,2", "--class", "1"], "this model has no classes"),
        (["--point", "1,1:2,2", "--mask", "MISSING"], "there is no such file"),
        (["--point", "1,1:2,2", "--mask", "WRONG"], "is 8x8, the picture 32x32: they must agree"),
        (["--point", "1,1:2,2", "--video", "video.avi"], "must end in .mp4"),
        (["--point", "1,1:2,2", "--json", "no/folder/x.json"], "cannot be written"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    draglive, small_model, tmp_path, monkeypatch, arguments, line
):
    monkeypatch.chdir(tmp_path)
    cv2.imwrite("WRONG.png", np.zeros((8, 8), np.uint8))
    arguments = [a + ".png" if a in ("MISSING", "WRONG") else a for a in arguments]
    code, _, errors = draglive("drag", small_model, *arguments, "--out", "result.png")
    assert code == 2
    assert line in errors
    assert errors.startswith("draglive: ")
    assert errors.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["WRONG.png"]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "an empty file"),
        (b"<html>not found</html>", "a web page"),
        (b"\x80\x04K\x01.", "holds no generator"),
    ],
)
def test_a_corrupt_model_is_one_line(draglive, tmp_path, content, line):
    model = tmp_path / "model.safetensors"
    model.write_bytes(content)
    out = tmp_path / "out.png"
    code, _, errors = draglive("drag", model, "--point", "1,1:2,2", "--out", out)
    assert code == 2
    assert f"{model}: {line}" in errors
    assert errors.count("\n") == 1
    assert not out.exists()


@pytest.mark.parametrize("out", ["no/such/folder/out.png", ".", "out.xyz"])
def test_an_unwritable_place_is_refused_before_the_work(
    draglive, tmp_path, monkeypatch, small_model, out
):
    monkeypatch.chdir(tmp_path)
    code, _, errors = draglive("drag", small_model, "--point", "1,1:2,2", "--out", out)
    assert code == 2
    assert errors.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", [[], ["open"], ["some.safetensors"]])
def test_without_a_display_the_window_says_so(draglive, monkeypatch, command):
    monkeypatch.setattr(window, "has_display", lambda: False)
    code, _, errors = draglive(*command)
    assert code == 2
    assert errors.startswith("draglive: no display")


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["demo"],
        ["drag"],
        ["doctor"],
        ["bench"],
        ["bench", "step"],
        ["open"],
        ["inspect"],
        ["convert"],
        ["models"],
        ["models", "get"],
    ],
)
def test_every_command_explains_itself(draglive, command):
    code, said, _ = draglive(*command, "--help")
    assert code == 0
    assert said.startswith("Usage: ")
    if command in (["demo"], ["drag"], ["bench", "step"], ["open"]):
        assert "--device" in said


def test_the_step_benchmark_measures_every_case(draglive, small_model, tmp_path):
    report = tmp_path / "step.json"
    code, said, _ = draglive(
        "bench", "step", small_model, "--turns", 2, "--points", 3, "--json", report
    )
    assert code == 0
    cases = json.loads(report.read_text())["cases"]
    assert [(c["backend"], c["points"], c["masked"]) for c in cases] == [
        ("fused", 3, False),
        ("fused", 3, True),
        ("eager", 3, False),
        ("eager", 3, True),
        ("script", 3, False),
        ("script", 3, True),
    ]
    for case in cases:
        assert case["name"] in said
        assert case["step"]["count"] == 6
        assert case["step"]["p50_ms"] > 0
        assert case["stages"]["forward"]["count"] == 12
        assert sum(case["stages"][s]["p50_ms"] for s in ("forward", "track", "loss_backward")) < (
            1.5 * case["step"]["p95_ms"]
        )
