"""Choosing, opening and giving up models in the real window."""

import json
import shutil
import time

import pytest

from draglive.stylegan2_jit.checkpoints import DEFAULT_MODEL

from .conftest import FAKE, REAL, wait_for

pytestmark = [pytest.mark.gui, pytest.mark.timeout(300)]

FIRST_CARD, SECOND_CARD, THIRD_CARD = (336, 190), (498, 190), (660, 190)
PATH_FIELD = (560, 677)
CANCEL = (52, 751)
NEXT_CLASS, CLASS_FIELD = (1336, 95), (1264, 95)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Models as the fake engine reads them: NAME-PIXELS-CLASSES."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "models"
    folder.mkdir()
    for name in ("broken-64-0.pkl", "many-64-10.pkl"):
        (folder / name).write_bytes(b"no model, but the fake engine does not mind")
    return folder


def browse(driver, titles):
    """Open the browser and wait for what it offers."""
    driver.move(20, 20)
    driver.key("o")
    wait_for("the models", lambda: driver.last("models").get("titles") == titles)
    time.sleep(0.5)  # it is drawn


def shown(driver):
    """The size of the model in use."""
    sizes = [event["size"] for event in driver.events("status") if event.get("size")]
    return sizes[-1] if sizes else None


# With their suffixes, once it was found that neither holds a model.
JUDGED = ["creatures-256", "broken-64-0.pkl", "many-64-10.pkl"]


def test_the_old_model_is_dragged_while_another_is_opened(open_window, folder):
    driver = open_window(FAKE, "--opening", 6)
    driver.await_picture()
    browse(driver, JUDGED)
    driver.click_window(*THIRD_CARD)
    wait_for("progress", lambda: driver.last("opening").get("share"))
    driver.pull((95, 120), (70, 130))
    driver.release()
    wait_for("the old picture to follow", lambda: driver.points()[0]["handle"][0] < 85)
    assert shown(driver) == [256, 256]
    wait_for("the other model", lambda: shown(driver) == [64, 64])
    wait_for("its picture", lambda: driver.last("frame")["points"] == [])
    driver.pull((30, 30), (20, 30), steps=5)
    driver.release()
    driver.await_arrival()
    assert driver.points()[0]["target"] == pytest.approx((20, 30), abs=0.5)
    assert driver.end() == 0


def test_an_opening_can_be_given_up(open_window, folder):
    driver = open_window(FAKE, "--opening", 8)
    driver.await_picture()
    browse(driver, JUDGED)
    driver.click_window(*THIRD_CARD)
    wait_for("progress", lambda: driver.last("opening").get("share"))
    driver.click_window(*CANCEL)
    wait_for("the end of it", lambda: driver.last("opening")["model"] is None)
    time.sleep(1.0)
    assert shown(driver) == [256, 256]
    driver.pull((95, 120), (80, 120))
    wait_for("a point", driver.points)
    driver.release()
    assert driver.end() == 0


def test_a_model_that_cannot_be_opened_leaves_the_one_in_use(open_window, folder):
    driver = open_window(FAKE)
    driver.await_picture()
    browse(driver, JUDGED)
    driver.click_window(*SECOND_CARD)
    failed = wait_for("the failure", lambda: driver.last("opening").get("error"))
    assert failed == f"{folder / 'broken-64-0.pkl'}: not a checkpoint"
    assert driver.last("message")["text"] == failed
    time.sleep(0.7)
    assert driver.screenshot()[200:320, 480:880].max() > 200  # the dialog's words
    driver.pull((95, 120), (80, 120), steps=3)  # under the dialog
    driver.release()
    assert driver.commands("AddPoint") == []
    driver.key("Escape")
    driver.pull((95, 120), (80, 120), steps=3)
    wait_for("the window to live on", driver.points)
    driver.release()
    assert driver.end() == 0


def test_classes_are_chosen_and_typed(open_window, folder):
    driver = open_window(FAKE)
    driver.await_picture()
    browse(driver, JUDGED)
    driver.click_window(*THIRD_CARD)
    wait_for("the model", lambda: shown(driver) == [64, 64])
    time.sleep(0.5)
    driver.click_window(*NEXT_CLASS)
    driver.click_window(*NEXT_CLASS)
    assert [c["index"] for c in driver.commands("SetClass")] == [0, 1]
    driver.click_window(*CLASS_FIELD)
    driver.key("ctrl+a", "7", "Return")
    wait_for("the class", lambda: driver.commands("SetClass")[-1]["index"] == 7)
    driver.click_window(*CLASS_FIELD)
    driver.key("ctrl+a", "1", "0", "Return")
    message = wait_for("the rule", lambda: driver.last("message"))
    assert message["text"] == "A class is a number from 0 to 9, or nothing."
    assert len(driver.commands("SetClass")) == 3
    assert driver.end() == 0


def test_keys_choose_a_model_and_a_typed_one_is_remembered(open_window, folder, tmp_path):
    elsewhere = tmp_path / "elsewhere-128-0.pkl"
    elsewhere.touch()
    driver = open_window(FAKE)
    driver.await_picture()
    browse(driver, JUDGED)
    driver.key("n")  # the browser has the keyboard
    driver.key("Right", "Right", "Right", "Return")
    wait_for("the third model", lambda: shown(driver) == [64, 64])
    time.sleep(0.5)
    driver.key("o")
    wait_for("the models", lambda: driver.last("models")["titles"] == JUDGED)
    time.sleep(0.5)
    driver.click_window(*PATH_FIELD)
    driver.xdotool("type", "--delay", 20, str(elsewhere))
    driver.key("Return")
    wait_for("the typed model", lambda: shown(driver) == [128, 128])
    remembered = json.loads((tmp_path / "state" / "draglive" / "recent-models.json").read_text())
    assert remembered == [str(elsewhere), str(folder / "many-64-10.pkl")]
    time.sleep(0.5)
    driver.key("o")
    wait_for("it among the others", lambda: len(driver.last("models")["titles"]) == 4)
    driver.key("Escape")
    driver.key("n")
    wait_for("the window's own keys", lambda: driver.commands("SetSeed"))
    assert len(driver.commands("SetSeed")) == 1
    assert driver.end() == 0


def test_a_real_model_has_a_thumbnail_and_opens(open_window, tmp_path):
    models = tmp_path / "models"
    models.mkdir()
    shutil.copy(DEFAULT_MODEL, models / "copy.safetensors")
    driver = open_window(REAL)
    driver.await_picture()
    browse(driver, ["creatures-256", "copy"])

    def has_thumbnail():
        left, top = SECOND_CARD
        card = driver.screenshot()[top - 60 : top + 60, left - 60 : left + 60]
        return card.std() > 20

    wait_for("the thumbnail", has_thumbnail, 120)
    driver.click_window(*SECOND_CARD)
    wait_for("the news", lambda: driver.last("message"))
    assert driver.last("message")["text"] == "Opened creatures-256."
    driver.pull((127, 151), (110, 151))
    wait_for("the picture to follow", lambda: driver.points()[0]["handle"][0] < 124)
    driver.release()
    assert driver.end() == 0
