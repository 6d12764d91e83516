"""Timeline, comparison, gallery, mixing and kept sliders in the real window, by mouse and key."""

import time

import pytest

from .driver import wait_for

pytestmark = [pytest.mark.gui, pytest.mark.timeout(300)]


def test_an_edit_is_scrubbed_compared_mixed_and_kept(fake):
    fake.pull((95, 120), (80, 130), steps=3)
    fake.release()
    fake.await_arrival()

    # The timeline: by mouse back to the beginning, by key to the end again.
    left, top, _, _ = wait_for("the strip", lambda: fake.last("controls")["places"].get("Timeline"))
    fake.click_window(left + 40, top + 30)
    wait_for("the beginning", lambda: [c["state"] for c in fake.commands("GoTo")] == [0])
    wait_for("its points", lambda: fake.points() == [])
    fake.key("End")
    wait_for("the end", lambda: [c["state"] for c in fake.commands("GoTo")] == [0, 1])
    fake.key("ctrl+Left")
    wait_for("one place back", lambda: [c["state"] for c in fake.commands("GoTo")] == [0, 1, 0])
    fake.key("End")
    wait_for("the point again", fake.points)

    # Pulling the split line moves no point.
    fake.move(20, 20)
    fake.key("v")
    time.sleep(0.3)
    fake.pull((127.5, 40), (60, 40), steps=3)
    fake.release()
    assert len(fake.commands("AddPoint")) == 1
    fake.key("v")

    # What was dragged is kept, and moved by keys.
    fake.key("k")
    (added,) = wait_for("the slider", lambda: fake.commands("AddDirection"))
    assert (added["strength"], added["absorbs"]) == (1.0, True)
    fake.key("minus")
    wait_for("less of it", lambda: fake.commands("SetStrength"))
    assert fake.commands("SetStrength")[-1]["strength"] == pytest.approx(0.9)
    fake.key("ctrl+Delete")
    wait_for("it to go", lambda: fake.commands("RemoveDirection"))

    # The gallery: the left button chooses, the right one mixes.
    fake.key("g")
    place = wait_for("the gallery", lambda: fake.last("controls")["places"].get("Seeds"))
    fake.click_window(place[0] + 160, place[1] + 50)
    (chosen,) = wait_for("the seed", lambda: fake.commands("SetSeed"))
    assert chosen["seed"] == 1
    fake.xdotool("mousemove", place[0] + 50, place[1] + 180)
    time.sleep(0.3)
    fake.xdotool("mousedown", 3)
    time.sleep(0.2)
    fake.xdotool("mouseup", 3)
    (mixed,) = wait_for("the mix", lambda: fake.commands("SetMix"))
    assert mixed["mix"]["seed"] == 2
    fake.key("j")
    wait_for("the mix to end", lambda: fake.commands("SetMix")[-1]["mix"] is None)
    assert fake.end() == 0
