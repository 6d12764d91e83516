"""The real window, driven as a person drives it. Most tests use the fake engine, one the real."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest

from .conftest import FAKE, REAL, wait_for

pytestmark = [pytest.mark.gui, pytest.mark.timeout(300)]

START, END = (127, 151), (97, 151)  # the nose of seed 4, and where it is pulled
FPS = 30


def count_pictures(path):
    with av.open(str(path)) as video:
        return sum(1 for _ in video.decode(video=0))


def away_from(picture, driver, *places):
    """The picture without the surroundings of these image pixels, where markers are drawn."""
    seen = picture.copy()
    left, top = driver.spot(-0.5, -0.5)
    for place in places:
        x, y = driver.spot(*place)
        seen[max(y - top - 40, 0) : y - top + 40, max(x - left - 40, 0) : x - left + 40] = 0
    return seen


def distance(a, b):
    return float(np.hypot(a[0] - b[0], a[1] - b[1]))


def test_press_pull_and_hold_moves_the_picture_live(open_window, tmp_path):
    """The main job on the real engine: all of it while the button is down."""
    driver = open_window(REAL, "--recordings", tmp_path)
    driver.await_picture()
    driver.move(250, 5)
    time.sleep(0.5)
    before = driver.picture()
    driver.key("r")
    started_s = time.perf_counter()
    driver.pull(START, END)

    def has_followed():
        points = driver.points()
        return points and distance(points[0]["handle"], START) > 10

    wait_for("the handle to follow", has_followed)
    during = driver.picture()
    (point,) = driver.points()
    assert point["target"] == pytest.approx(END, abs=0.5)
    assert distance(point["handle"], END) < distance(START, END) - 9
    line = [(x, 151) for x in range(90, 135, 8)]
    change = away_from(during, driver, *line) - away_from(before, driver, *line)
    assert np.abs(change).mean() > 2.0

    driver.release()
    driver.await_arrival()
    driver.key("r")
    lasted_s = time.perf_counter() - started_s
    video = wait_for("the video", lambda: driver.last("recording"))
    assert video["error"] is None
    assert count_pictures(video["path"]) == video["frames"]
    assert video["seconds"] == pytest.approx(lasted_s, abs=1.0)  # to find the keys
    # A recorder that is behind leaves pictures out: the cores are the drag's.
    assert 0.5 * video["seconds"] * FPS < video["frames"] <= video["seconds"] * FPS + 1

    driver.click(*driver.points()[0]["target"], button=3)
    wait_for("the point to go", lambda: driver.last("frame")["points"] == [])
    driver.pull((201, 58), (215, 40))
    wait_for("the next pull", driver.points)
    driver.key("ctrl+q")  # during the edit, which nobody saved
    driver.press_control("Stay")
    driver.key("ctrl+q")
    driver.press_control("Do not save")
    assert driver.exit_code() == 0


def test_commands_follow_the_hand(fake):
    fake.pull((95, 120), (70, 130))
    (added,) = fake.commands("AddPoint")
    assert added["point"]["handle"] == pytest.approx((95, 120), abs=0.5)
    assert added["point"]["target"] == added["point"]["handle"]
    moves = fake.commands("MoveTarget")
    assert len(moves) >= 5
    assert moves[-1]["target"] == pytest.approx((70, 130), abs=0.5)
    fake.release()
    fake.await_arrival()
    fake.pull((70, 130), (70, 100))  # the arrived point is pulled again
    fake.release()
    fake.await_arrival()
    assert len(fake.commands("AddPoint")) == 1
    assert fake.points()[0]["handle"] == pytest.approx((70, 100), abs=1.5)
    fake.click(70, 100, button=3)
    wait_for("the point to go", lambda: fake.points() == [])
    assert fake.end() == 0


def test_a_handle_can_be_moved_and_points_reset(fake):
    fake.move(10, 10)
    fake.key("p")  # so that handle and target stay apart
    fake.pull((60, 60), (120, 60))
    fake.release()
    fake.pull((60, 60), (60, 120))
    fake.release()
    (moved,) = fake.commands("MoveHandle")[-1:]
    assert moved["handle"] == pytest.approx((60, 120), abs=0.5)
    fake.key("p")
    fake.key("x")
    wait_for("the points to go", lambda: fake.points() == [])
    assert [c["paused"] for c in fake.commands("SetPaused")] == [True, False]
    assert fake.end() == 0


def test_wheel_zooms_at_the_cursor_and_f_fits(fake):
    fitted = fake.last("view")
    fake.move(60, 60)
    under = fake.spot(60, 60)
    for _ in range(4):
        fake.xdotool("click", 4)
        time.sleep(0.1)
    wait_for("the zoom", lambda: fake.last("view")["zoom"] > 1.3 * fitted["zoom"])
    time.sleep(0.5)
    assert fake.spot(60, 60) == pytest.approx(under, abs=2)
    placed = fake.last("view")
    fake.press(60, 60, button=2)
    fake.xdotool("mousemove_relative", 50, 20)
    time.sleep(0.3)
    fake.release(2)
    assert fake.last("view")["left"] == pytest.approx(placed["left"] + 50, abs=2)
    fake.key("f")
    wait_for("the fit", lambda: fake.last("view")["zoom"] == fitted["zoom"])
    assert fake.commands("AddPoint") == []
    assert fake.end() == 0


def test_the_mask_is_painted_erased_and_forgotten_with_the_picture(fake):
    fake.move(60, 60)
    fake.key("b")
    fake.pull((60, 60), (180, 60), steps=5)
    fake.release()
    wait_for("a mask", lambda: fake.commands("SetMask"))
    time.sleep(0.3)
    painted = fake.commands("SetMask")[-1]["mask"]["movable"]
    assert painted == pytest.approx((120 * 43 + np.pi * 21.3**2) / 256**2, rel=0.1)
    tinted = fake.screenshot()[fake.spot(200, 200)[1], fake.spot(120, 60)[0]]
    fake.press(60, 60, button=3)
    fake.move(120, 60)
    time.sleep(0.3)
    fake.release(3)
    assert fake.commands("SetMask")[-1]["mask"]["movable"] < 0.7 * painted
    masks = len(fake.commands("SetMask"))
    fake.key("Right")
    wait_for("the next seed", lambda: fake.commands("SetSeed"))
    assert len(fake.commands("SetMask")) == masks  # the engine forgets it with the picture
    assert fake.commands("AddPoint") == []
    assert tinted is not None
    assert fake.end() == 0


def test_keys_choose_pictures_but_not_while_a_number_is_typed(fake):
    fake.move(60, 60)
    fake.key("Right", "Right", "Left")
    assert [c["seed"] for c in fake.commands("SetSeed")] == [1, 2, 1]
    fake.click_window(1264, 95)  # the seed's field
    fake.key("ctrl+a", "n", "p", "x")
    assert len(fake.commands("SetSeed")) == 3
    assert fake.commands("SetPaused") == []
    fake.key("Return")  # “npx” is no seed
    message = wait_for("the rule", lambda: fake.last("message"))
    assert "whole number" in message["text"]
    fake.click_window(1264, 95)
    fake.key("ctrl+a", "7", "7", "Return")
    wait_for("the seed", lambda: fake.commands("SetSeed")[-1]["seed"] == 77)
    fake.move(60, 60)
    fake.key("n")
    wait_for("a random seed", lambda: fake.commands("SetSeed")[-1]["seed"] != 77)
    assert fake.end() == 0


def test_a_recording_has_the_right_number_of_pictures(fake, tmp_path):
    fake.move(60, 60)
    fake.key("r")
    time.sleep(2.0)
    fake.key("r")
    video = wait_for("the video", lambda: fake.last("recording"))
    assert Path(video["path"]).parent == tmp_path / "videos"
    assert video["error"] is None
    assert video["frames"] == count_pictures(video["path"])
    posted = 2.0 + 0.15  # between the keys, and the time that xdotool takes
    assert video["frames"] == pytest.approx(posted * FPS, abs=0.5 * FPS)
    assert fake.end() == 0


def test_a_recording_to_an_unwritable_place_is_refused_and_the_window_lives(open_window, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    driver = open_window(FAKE, "--recordings", tmp_path / "file" / "videos")
    driver.await_picture()
    driver.move(60, 60)
    driver.key("r")
    message = wait_for("a message", lambda: driver.last("message"))
    assert str(tmp_path / "file") in message["text"]
    assert "\n" not in message["text"]
    driver.pull((95, 120), (80, 120))
    wait_for("the window to live on", driver.points)
    driver.release()
    assert driver.end() == 0


def test_a_model_that_cannot_be_loaded_is_told_and_the_window_lives(open_window):
    driver = open_window(FAKE, "--broken", "lion.safetensors: not a checkpoint")
    wait_for("the news", lambda: driver.last("message"))
    assert driver.last("message")["text"] == "lion.safetensors: not a checkpoint"
    time.sleep(0.5)
    dimmed = driver.screenshot()
    assert dimmed[200:320, 480:880].max() > 200  # the dialog's words
    driver.key("n")
    assert driver.commands("SetSeed") == []  # the dialog has the keyboard
    assert driver.process.poll() is None
    assert driver.end() == 0


def test_an_engine_that_fails_at_a_step_can_start_over(open_window):
    driver = open_window(FAKE, "--fails-on", "SetPaused")
    driver.await_picture()
    driver.move(20, 20)
    driver.key("p")
    wait_for("the failure", lambda: driver.last("status")["status"] == "Failed")
    time.sleep(0.5)
    driver.pull((95, 120), (80, 120), steps=3)  # under the dialog
    driver.release()
    assert driver.commands("AddPoint") == []
    driver.click_window(531, 322)  # Start over
    wait_for("the reset", lambda: driver.commands("ResetPicture"))
    wait_for("life", lambda: driver.last("status")["status"] == "Ready")
    driver.pull((95, 120), (80, 120), steps=3)
    wait_for("a point", lambda: driver.commands("AddPoint"))
    driver.release()
    assert driver.end() == 0


def close_by_button(driver):
    search = ["xdotool", "search", "--onlyvisible", "--name", "draglive"]
    found = subprocess.run(search, env=driver.environment, capture_output=True, check=True)
    script = str(Path(__file__).parent / "close_window.py")
    window = found.stdout.split()[0].decode()
    subprocess.run([sys.executable, script, window], env=driver.environment, check=True)


ENDS = {
    "button": close_by_button,
    "ctrl+q": lambda driver: driver.key("ctrl+q"),
    "SIGTERM": lambda driver: driver.process.send_signal(signal.SIGTERM),
    "SIGINT": lambda driver: driver.process.send_signal(signal.SIGINT),
}


@pytest.mark.parametrize("way", ENDS)
def test_closing_during_an_edit_ends_well_and_keeps_the_video(fake, way):
    fake.move(60, 60)
    fake.key("r")
    fake.pull((95, 120), (20, 200))
    wait_for("the edit", fake.points)
    ENDS[way](fake)
    assert fake.exit_code() == 0
    video = fake.last("recording")
    assert video["error"] is None
    assert count_pictures(video["path"]) == video["frames"] > 0


def test_closing_while_the_model_loads(open_window):
    driver = open_window(FAKE, "--loading", 3)
    wait_for("the window", lambda: driver.last("status").get("status") == "Loading")
    time.sleep(1.0)
    assert driver.screenshot().max() > 100  # it says that it is loading
    assert driver.end() == 0
