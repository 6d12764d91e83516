"""How a refused file is told."""

import pytest

from draglive.stylegan2_jit import checkpoints
from draglive.stylegan2_jit.checkpoints import inspect_checkpoint, load_checkpoint


def refused(path, error=checkpoints.CheckpointError, **how):
    """The line without the file's name; inspecting refuses too."""
    lines = []
    for reads in (load_checkpoint, inspect_checkpoint):
        with pytest.raises(checkpoints.CheckpointError) as caught:
            reads(path, **how)
        assert type(caught.value) is error
        lines.append(str(caught.value))
    assert lines[0] == lines[1]
    assert lines[0].isprintable()
    assert lines[0].startswith(f"{path}: ")
    return lines[0].removeprefix(f"{path}: ")
