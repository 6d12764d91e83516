"""Before an edit is left: asked once, saved first if that is wanted, and never left unsaved."""

from dataclasses import dataclass, field

import pytest

from draglive.app.gui.dialogs.leaving import Leaving


@dataclass
class Work:
    is_unsaved: bool = True
    is_saving: bool = False
    asked: list = field(default_factory=list)
    left: list = field(default_factory=list)

    def save(self):
        self.is_saving = True

    def ask(self, what, save, leave):
        self.asked.append((what, save, leave))


@pytest.fixture
def work():
    return Work()


@pytest.fixture
def leaving(work):
    return Leaving(work, work.save, work.ask)


def test_what_is_saved_is_left_at_once(work, leaving):
    work.is_unsaved = False
    leaving.before("It ends.", lambda: work.left.append("end"))
    assert (work.asked, work.left) == ([], ["end"])


def test_one_stays_until_it_is_answered(work, leaving):
    leaving.before("It ends.", lambda: work.left.append("end"))
    leaving.poll()
    ((what, _, leave),) = work.asked
    assert (what, work.left) == ("It ends.", [])
    leave()
    assert work.left == ["end"]


def test_saving_comes_first(work, leaving):
    leaving.before("It ends.", lambda: work.left.append("end"))
    work.asked[0][1]()
    leaving.poll()
    assert work.left == []
    work.is_saving = work.is_unsaved = False
    leaving.poll()
    leaving.poll()
    assert work.left == ["end"]


def test_where_saving_fails_one_stays(work, leaving):
    leaving.before("It ends.", lambda: work.left.append("end"))
    work.asked[0][1]()
    work.is_saving = False
    leaving.poll()
    work.is_unsaved = False  # saved later, by hand
    leaving.poll()
    assert work.left == []
