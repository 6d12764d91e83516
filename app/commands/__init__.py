"""The commands by what they are about; `cli` puts them together.

They import late: torch takes a second, and Dear PyGui needs a display.
"""
