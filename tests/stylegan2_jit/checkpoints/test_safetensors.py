"""Files in, files out: what is written comes back, and what is no model is refused in one line."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from draglive.stylegan2_jit import CheckpointError, load_checkpoint, load_generator
from draglive.stylegan2_jit.checkpoints import safetensors_file, save_generator

from ..models import generator_for

PRESET = {"step_size": 0.03, "track_radius_px": 7, "tracker": "l1"}
CONFIG = json.dumps(generator_for("skip").config.to_dict())


def save(generator, path):
    save_generator(generator, path, name="toys", drag_preset=PRESET, licence="MIT")


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.safetensors"
    save(generator_for("skip"), path)
    return path


@pytest.mark.parametrize("case", ["skip", "narrow clamped resnet", "conditional"])
def test_what_is_saved_comes_back(case, tmp_path):
    generator, path = generator_for(case), tmp_path / "model"
    save(generator, path)
    checkpoint = load_checkpoint(path)
    assert (checkpoint.name, checkpoint.drag_preset, checkpoint.path) == ("toys", PRESET, path)
    assert checkpoint.generator.config == generator.config
    loaded = checkpoint.generator.state_dict()
    for name, value in generator.state_dict().items():  # within half precision's rounding
        torch.testing.assert_close(loaded[name], value, rtol=2**-11, atol=2**-25)
    assert not any(p.requires_grad for p in checkpoint.generator.parameters())
    assert list(tmp_path.iterdir()) == [path]


def test_a_loaded_model_draws_as_the_saved_one(model):
    generator, loaded = generator_for("skip"), load_generator(model)
    generator.load_state_dict(loaded.state_dict())
    generator.prepare(torch.float32)
    z = torch.randn(1, generator.config.z_dim)
    assert torch.equal(loaded(z), generator(z))


def test_values_beyond_half_precision_survive_saving(tmp_path):
    """Mapping weights are stored divided by their learning rate multiplier: 65504 is near."""
    generator = generator_for("skip")
    generator.mapping.fc0.weight[0, 0] = 1e5
    save(generator, tmp_path / "model")
    weight = load_generator(tmp_path / "model").mapping.fc0.weight
    assert weight[0, 0].item() == pytest.approx(1e5, rel=2**-11)


def test_a_save_that_fails_leaves_the_old_file_and_nothing_else(model, monkeypatch):
    before = model.read_bytes()

    def half_written(tensors, path, metadata):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(safetensors_file, "save_file", half_written)
    with pytest.raises(OSError, match="No space left"):
        save(generator_for("skip"), model)
    assert model.read_bytes() == before
    assert list(model.parent.iterdir()) == [model]


# --- Refusals -------------------------------------------------------------------------------------


def reason_for_refusing(path):
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(path)
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith(f"{path}: ")
    return line.removeprefix(f"{path}: ")


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    assert reason_for_refusing(tmp_path / "none") == "there is no such file"
    assert reason_for_refusing(tmp_path) == "a folder, not a file"


def test_a_header_that_is_none_is_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b'\x08\0\0\0\0\0\0\0{"a":1}x')
    assert "a damaged safetensors file" in reason_for_refusing(path)


def test_a_huge_header_is_refused_unread(tmp_path):
    path = tmp_path / "model.safetensors"
    with path.open("wb") as file:
        file.write((2**23).to_bytes(8, "little") + b"{")
        file.truncate(2**23 + 8)
    assert "header of 8388608 bytes: no generator's" in reason_for_refusing(path)


@pytest.mark.parametrize(("kept", "reason"), [(100, "cut off"), (-1, "damaged")])
def test_a_truncated_file_is_refused(kept, reason, model):
    model.write_bytes(model.read_bytes()[:kept])
    assert reason in reason_for_refusing(model)


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        (None, "metadata has no 'config'"),
        ({"name": "toys"}, "metadata has no 'config'"),
        ({"config": "{img_resolution: 32}"}, "metadata 'config' is not JSON"),
        ({"config": "[" * 100_000}, "metadata 'config' is not JSON"),
        ({"config": "[32]"}, "metadata 'config' must be a JSON object, not list"),
        ({"config": CONFIG, "drag_preset": "null"}, "'drag_preset' must be a JSON object"),
        ({"config": '{"fmap_base": 8192}'}, "unknown field 'fmap_base'"),
        ({"config": '{"img_resolution": 48}'}, "img_resolution must be"),
        ({"config": '{"z_dim": 6.0}'}, "z_dim must be"),
        ({"config": '{"z_dim": 4611686018427387904}'}, "z_dim must be"),
    ],
)
def test_wrong_metadata_is_refused(metadata, reason, model):
    save_file(load_file(model), model, metadata=metadata)
    assert reason in reason_for_refusing(model)


NAME = "synthesis.b8.conv0.weight"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda t: t.pop(NAME), f"tensor {NAME} is missing"),
        (
            lambda t: t.update({NAME: t[NAME].transpose(2, 3)[:4].contiguous()}),
            f"tensor {NAME} is [4, 8, 3, 3], its configuration asks for [8, 8, 3, 3]",
        ),
        (lambda t: t[NAME].view(-1)[5:6].fill_(torch.nan), f"{NAME} has values that are not"),
        (lambda t: t[NAME].view(-1)[5:6].fill_(torch.inf), f"{NAME} has values that are not"),
        (lambda t: t.update(discriminator=torch.ones(1)), "belongs to no layer"),
        (lambda t: t.update({"a\nb": torch.ones(1)}), "belongs to no layer"),
    ],
    ids=["missing", "shape", "nan", "inf", "surplus", "line break"],
)
def test_wrong_tensors_are_refused(change, reason, model):
    tensors = load_file(model)
    change(tensors)
    save_file(tensors, model, metadata={"config": CONFIG})
    assert reason in reason_for_refusing(model)


def test_an_architecture_that_the_tensors_are_not_is_refused(model):
    resnet = json.dumps({**json.loads(CONFIG), "architecture": "resnet"})
    save_file(load_file(model), model, metadata={"config": resnet})
    assert "skip.weight is missing" in reason_for_refusing(model)
