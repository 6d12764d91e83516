"""Points: moved at any time, pulled straight, pinned, grouped, mirrored, lost and taken anew."""

from __future__ import annotations

from .stage import Driver, Stage, wait_for

NOSE, CHIN = (127, 151), (127, 196)
AWAY = (87, 151)
LEFT_EAR, RIGHT_EAR = (62, 56), (194, 58)
EYES = (92, 122), (162, 122)
EDGE_PX = 4
DOUBTFUL = 0.65  # of a handle's trust, 0 to 1
BEYOND_AVERAGE = 23  # presses of a key: truncation goes from 0.7 to less than nothing


def perform(stage: Stage) -> None:
    """One window after the other; each leaves pictures."""
    _moved(stage)
    _straight(stage)
    _pins_and_groups(stage)
    _mirror(stage)
    _lost(stage)


def _moved(stage: Stage) -> None:
    """A target is aimed elsewhere while the picture follows, and a handle takes hold elsewhere."""
    with stage.window() as window:
        window.pull(NOSE, AWAY)
        window.release()
        _await_way(window)
        window.key("p")
        window.pull(AWAY, (78, 116))
        stage.shoot(window, "points-target-moved")
        window.release()
        handle = window.points()[0]["handle"]
        window.pull(handle, (handle[0] + 30, handle[1] - 22))
        stage.shoot(window, "points-handle-moved")
        window.release()
        wait_for("the handle", lambda: window.commands("MoveHandle"))


def _straight(stage: Stage) -> None:
    """With shift the target goes straight across; the handle's trail shows where it went."""
    with stage.window() as window:
        window.xdotool("keydown", "shift")
        window.pull(NOSE, (NOSE[0] - 30, NOSE[1] + 9))
        _await_way(window)
        target = window.points()[0]["target"]
        assert abs(target[1] - NOSE[1]) < 1, f"the pull is not straight: {target}"
        stage.shoot(window, "points-straight")
        window.xdotool("keyup", "shift")
        window.release()


def _pins_and_groups(stage: Stage) -> None:
    """Ctrl puts a pin and chooses points; a group is pulled by one of its points."""
    with stage.window() as window:
        window.key("p")
        window.xdotool("keydown", "ctrl")
        window.click(*CHIN)
        window.xdotool("keyup", "ctrl")
        for ear in (LEFT_EAR, RIGHT_EAR):
            window.click(*ear)
        window.xdotool("keydown", "ctrl")
        for ear in (LEFT_EAR, RIGHT_EAR):
            window.click(*ear)
        window.xdotool("keyup", "ctrl")
        stage.shoot(window, "points-chosen")
        window.key("l")
        wait_for("a group", lambda: sum(p["group"] > 0 for p in window.points()) == 2)
        window.key("p")
        window.pull(LEFT_EAR, (LEFT_EAR[0] - 8, LEFT_EAR[1] - 18))
        wait_for("the group", lambda: window.points()[2]["target"][1] < RIGHT_EAR[1] - 10)
        assert window.points()[0]["pinned"], "the chin is not pinned"
        stage.shoot(window, "points-pins-and-groups")
        window.release()


def _mirror(stage: Stage) -> None:
    """One press puts a pair, one pull moves both."""
    with stage.window() as window:
        window.key("m")
        window.pull((66, 60), (52, 44))
        wait_for("a pair", lambda: any(p["target"][0] > 189 + EDGE_PX for p in window.points()))
        stage.shoot(window, "points-mirror")
        window.release()


def _lost(stage: Stage) -> None:
    """Another truncation takes patches away: the points say so, and take hold anew."""
    with stage.window() as window:
        window.key("p")
        for place in (NOSE, LEFT_EAR, RIGHT_EAR, *EYES, CHIN):
            window.click(*place)
        window.key(*["ctrl+minus"] * BEYOND_AVERAGE)
        wait_for("a lost point", lambda: any(p["trust"] < DOUBTFUL for p in window.points()))
        stage.shoot(window, "points-lost")
        window.move(20, 20)  # not at a point, which would be meant
        window.key("a")
        wait_for("trust", lambda: all(p["trust"] > DOUBTFUL for p in window.points()))
        stage.shoot(window, "points-anchored")


def _await_way(window: Driver) -> None:
    """Until the first handle has gone some way to the left."""
    wait_for("a way", lambda: any(p["handle"][0] < NOSE[0] - 7 for p in window.points()[:1]))
