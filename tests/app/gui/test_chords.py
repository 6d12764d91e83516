"""Keys and modifiers as a slow window sees them: a look now and then."""

from draglive.app.gui.chords import Chords

CONTROL, SHIFT, X, Q = 1, 2, 10, 11


def test_a_letter_counts_once_with_what_is_held():
    chords = Chords()
    chords.look({X}, {CONTROL})
    assert (chords.fresh, chords.modifiers) == ({X}, {CONTROL})
    chords.look({X}, {CONTROL})
    assert chords.fresh == set()
    chords.look({X, Q}, {CONTROL, SHIFT})
    assert (chords.fresh, chords.modifiers) == ({Q}, {CONTROL, SHIFT})


def test_a_modifier_let_go_within_the_look_that_shows_its_letter_counts():
    chords = Chords()
    chords.look(set(), {CONTROL})
    chords.look({X}, set())
    assert (chords.fresh, chords.modifiers) == ({X}, {CONTROL})


def test_a_modifier_that_had_its_letter_is_not_the_next_ones():
    chords = Chords()
    chords.look({X}, {CONTROL})
    chords.look({Q}, set())
    assert (chords.fresh, chords.modifiers) == ({Q}, set())
    chords.look(set(), {CONTROL})  # and pressed anew it counts again
    chords.look({X}, set())
    assert (chords.fresh, chords.modifiers) == ({X}, {CONTROL})
