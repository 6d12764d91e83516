"""Notes in a small window."""

from draglive.app.gui.picture.wrapping import wrapped


def test_what_fits_is_one_line_as_it_is():
    assert wrapped("It fits,  all of it.", 20, len) == ["It fits,  all of it."]
    assert wrapped("", 20, len) == [""]


def test_lines_break_between_words_and_long_words_stand_alone():
    assert wrapped("Point 2 lost its patch.", 12, len) == ["Point 2 lost", "its patch."]
    assert wrapped("an unbelievably long one", 8, len) == ["an", "unbelievably", "long one"]
