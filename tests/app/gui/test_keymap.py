"""The map of keys: everything is on it, and no two things have one key."""

from draglive.app.gui.dialogs.help import in_columns
from draglive.app.gui.keymap import Group, keymap, shown
from draglive.app.gui.picture.input import KEYS


def test_every_key_is_on_the_map_once():
    lines = [keys for group in keymap() for keys, _ in group.lines]
    for keys in KEYS.values():
        assert lines.count(shown(keys)) == 1, keys


def test_no_two_actions_have_one_key():
    assert len(set(KEYS.values())) == len(KEYS)


def test_columns_keep_the_order_and_are_about_as_high():
    groups = tuple(Group(str(n), (("k", "w"),) * n) for n in (5, 3, 4, 2, 6))
    columns = in_columns(groups, 3)
    assert [g for column in columns for g in column] == list(groups)
    assert len(columns) <= 3
    assert max(sum(len(g.lines) + 2 for g in column) for column in columns) <= 14
