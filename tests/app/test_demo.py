import json

import av
import pytest

from draglive.app import demo
from draglive.app.engine.engine import Engine, EngineOptions


@pytest.fixture(scope="module")
def performed(tmp_path_factory):
    out = tmp_path_factory.mktemp("demo")
    engine = Engine(EngineOptions(seed=demo.SEED, psi=demo.PSI, background=False))
    engine.start()
    try:
        demo.perform(engine, out)
    finally:
        engine.stop()
    return out


def test_it_leaves_its_four_files_and_nothing_else(performed):
    assert {path.name for path in performed.iterdir()} == set(demo.FILES)


def test_the_report_has_what_it_promises(performed):
    report = json.loads((performed / "latency.json").read_text())
    assert {"forward", "track", "loss_backward", "update", "render", "readback", "step"} <= set(
        report["stages"]
    )
    for stage in report["stages"].values():
        assert set(stage) == {"count", "p50_ms", "p95_ms", "p99_ms"}
        assert 0 < stage["p50_ms"] <= stage["p95_ms"] <= stage["p99_ms"]
    for key in ("steps_per_second", "frames_per_second"):
        assert report[key] > 1
    assert set(report["mouse_to_frame_ms"]) == {"count", "p50_ms", "p95_ms", "p99_ms"}
    assert report["model"] == "creatures-256"
    assert report["resolution"] == 256
    for key in ("device", "dtype", "backend"):
        assert report[key]


def test_every_handle_is_where_it_was_pulled_and_the_picture_went_along(performed):
    report = json.loads((performed / "latency.json").read_text())
    assert [point["what"] for point in report["points"]] == [s.what for s in demo.GESTURE]
    for point in report["points"]:
        assert point["distance_left_px"] <= 2
        patch = point["patch"]
        assert patch["similarity"] > 0.6
        assert patch["similarity"] > patch["unmoved"] + 0.5


def test_the_video_is_what_browsers_play_and_as_long_as_the_gesture(performed):
    with av.open(str(performed / "demo.mp4")) as video:
        stream = video.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        frames = sum(1 for _ in video.decode(stream))
    gesture_s = len(demo.GESTURE) * (demo.PULL_S + demo.REST_S)
    assert frames / 30 > gesture_s


def test_an_engine_that_cannot_load_ends_the_demo(tmp_path):
    engine = Engine(EngineOptions(tmp_path / "nowhere.safetensors"))
    engine.start()
    with pytest.raises(demo.DemoError, match="there is no such file"):
        demo.perform(engine, tmp_path / "out")
    engine.stop()
