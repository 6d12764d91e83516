"""The generator against the independent float64 evaluation in `reference.py`."""

import numpy as np
import pytest
import torch

from draglive.stylegan2_jit import (
    ConfigError,
    Generator,
    GeneratorConfig,
    load_generator,
    seed_to_ws,
    seed_to_z,
)
from draglive.stylegan2_jit.latents import class_vector
from draglive.stylegan2_jit.layers import blur_after_transpose, blur_by_shifts

from . import reference
from .models import CASES, generator_for, relative_error, tolerance


def noise_pictures(mode, state, batch):
    """What the generator will add after `torch.manual_seed(1)`, by layer."""
    if mode == "none":
        return None
    if mode == "const":
        return reference.const_noise(state)
    torch.manual_seed(1)
    drawn = {}
    for layer in reference.layers(state):
        height, width = state[f"{layer}.noise_const"].shape
        drawn[layer] = torch.randn(batch, 1, height, width)[:, 0].double()
    return drawn.__getitem__


def latents(generator, batch=1):
    """Random w+, a different w in every place; requires grad in float64."""
    config = generator.config
    return torch.randn(batch, config.num_ws, config.w_dim, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize(
    ("case", "noise_mode", "batch"),
    [(case, "const", 2) for case in CASES]
    + [(case, mode, 1) for case in ("skip", "resnet") for mode in ("none", "const", "random")]
    + [("skip", "random", 2)],
)
def test_picture_and_gradient_match_float64(case, noise_mode, batch):
    generator = generator_for(case)
    state = reference.float64_state(generator)
    truth_ws = latents(generator, batch)
    noise = noise_pictures(noise_mode, state, batch)
    activations, truth = reference.synthesis(state, truth_ws, noise, generator.config.conv_clamp)
    cotangent = torch.randn_like(truth)
    (truth_gradient,) = torch.autograd.grad((truth * cotangent).sum(), truth_ws)

    ws = truth_ws.detach().float().requires_grad_()
    torch.manual_seed(1)
    picture = generator.synthesis(ws, noise_mode)
    (gradient,) = torch.autograd.grad((picture * cotangent.float()).sum(), ws)
    torch.manual_seed(1)
    features = generator.synthesis.features(ws, 64, noise_mode)

    bound = tolerance(generator)
    assert picture.dtype == torch.float32
    assert relative_error(picture, truth) < bound
    assert relative_error(gradient, truth_gradient) < 2 * bound  # there and back
    for got, want in zip(features, activations, strict=True):
        assert got.is_contiguous(memory_format=torch.channels_last)
        assert relative_error(got, want) < bound


@pytest.mark.parametrize(
    ("case", "grad", "batch"),
    [(case, grad, 1) for case in CASES for grad in (True, False)] + [("skip", False, 2)],
)
def test_a_picture_from_any_split_matches_float64(case, grad, batch):
    """Without gradient, one picture's blocks after the split run with folded weights."""
    generator = generator_for(case)
    state = reference.float64_state(generator)
    ws = latents(generator, batch)
    with torch.no_grad():
        noise = reference.const_noise(state)
        _, truth = reference.synthesis(state, ws, noise, generator.config.conv_clamp)
    with torch.set_grad_enabled(grad):
        for count in range(1, len(generator.config.block_resolutions) + 1):
            activations = generator.synthesis.features(ws.float(), count)
            assert len(activations) == count
            picture = generator.synthesis.picture(activations, ws.float())
            assert relative_error(picture, truth) < tolerance(generator)


def test_folded_blocks_add_fresh_noise_too():
    generator = generator_for("skip")
    state = reference.float64_state(generator)
    ws = latents(generator)
    with torch.no_grad():
        _, truth = reference.synthesis(state, ws, noise_pictures("random", state, 1))
        torch.manual_seed(1)
        first = generator.synthesis.features(ws.float(), 1, "random")
        picture = generator.synthesis.picture(first, ws.float(), "random")
    assert relative_error(picture, truth) < tolerance(generator)


def test_features_do_not_read_later_styles():
    generator = generator_for("skip")
    ws = latents(generator).detach().float()
    for count in range(1, 4):
        poisoned = ws.clone()
        poisoned[:, 2 * count - 1 :] = torch.nan
        for got, want in zip(
            generator.synthesis.features(poisoned, count),
            generator.synthesis.features(ws, count),
            strict=True,
        ):
            assert torch.equal(got, want)


@pytest.mark.parametrize("case", CASES)
def test_bfloat16_is_as_near_as_its_roundings_allow(case):
    generator = generator_for(case)
    state = reference.float64_state(generator)
    ws = latents(generator)
    with torch.no_grad():
        noise = reference.const_noise(state)
        activations, truth = reference.synthesis(state, ws, noise, generator.config.conv_clamp)
        generator.prepare(torch.bfloat16)
        for count in (2, len(activations)):
            features = generator.synthesis.features(ws.float(), count)
            picture = generator.synthesis.picture(features, ws.float())
            bound = tolerance(generator, torch.bfloat16)
            assert features[-1].dtype == torch.bfloat16
            assert relative_error(features[-1], activations[count - 1]) < bound
            assert picture.dtype == torch.float32
            assert relative_error(picture, truth) < bound


@pytest.mark.parametrize(("psi", "cutoff"), [(1.0, None), (0.5, None), (-0.7, 3), (0.0, 0)])
@pytest.mark.parametrize("case", CASES)
def test_mapping_matches_float64(case, psi, cutoff):
    generator = generator_for(case)
    config = generator.config
    z = torch.randn(2, config.z_dim) * 3
    c = torch.eye(config.c_dim)[:2] if config.c_dim else None
    truth = reference.mapping(
        reference.float64_state(generator),
        z,
        c,
        lr_multiplier=config.lr_multiplier,
        psi=psi,
        cutoff=cutoff,
    )
    ws = generator.mapping(z, c, psi, cutoff)
    assert ws.shape == (2, config.num_ws, config.w_dim)
    assert relative_error(ws, truth) < tolerance(generator)


def test_no_class_is_the_class_vector_of_zeros():
    generator = generator_for("conditional")
    z = torch.randn(1, generator.config.z_dim)
    assert torch.equal(generator.mapping(z), generator.mapping(z, class_vector(None, 5)))
    assert not torch.equal(generator.mapping(z), generator.mapping(z, class_vector(2, 5)))


@pytest.mark.parametrize(("index", "classes"), [(5, 5), (-1, 5), (0, 0)])
def test_a_class_that_does_not_exist_is_named(index, classes):
    with pytest.raises(ValueError, match=rf"class must be .*, not {index}$"):
        class_vector(index, classes)


def test_nothing_but_w_gets_a_gradient():
    generator = generator_for("resnet")
    assert not any(p.requires_grad for p in generator.parameters())
    ws = latents(generator).detach().float().requires_grad_()
    assert accumulated(generator.synthesis(ws).grad_fn) == {ws}


def accumulated(node):
    """The tensors whose gradients a backward pass through `node` would make."""
    seen, waiting = set(), [node]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [parent for parent, _ in node.next_functions]
    return {node.variable for node in seen if hasattr(node, "variable")}


# --- Names and shapes: NVIDIA's, by the rules in checkpoints.md -----------------------------------


def nvidia_shapes(config):
    """Every name in an NVIDIA state_dict of this architecture, with its shape."""
    shapes = {"mapping.w_avg": (config.w_dim,)}

    def dense(name, inputs, outputs):
        shapes.update({f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)})

    if config.c_dim:
        dense("mapping.embed", config.c_dim, config.w_dim)
    for i in range(config.num_layers):
        first = config.z_dim + (config.w_dim if config.c_dim else 0)
        dense(f"mapping.fc{i}", config.w_dim if i else first, config.w_dim)
    below = 0
    for resolution in [2**k for k in range(2, 11) if 2**k <= config.img_resolution]:
        channels = min(config.channel_base // resolution, config.channel_max)
        width = resolution // 2 if config.narrow else resolution
        block = f"synthesis.b{resolution}"
        shapes[f"{block}.resample_filter"] = (4, 4)
        if not below:
            shapes[f"{block}.const"] = (channels, 4, width)
        for conv, inputs in {"conv0": below, "conv1": channels}.items():
            if inputs:
                dense(f"{block}.{conv}.affine", config.w_dim, inputs)
                shapes[f"{block}.{conv}.weight"] = (channels, inputs, 3, 3)
                shapes[f"{block}.{conv}.bias"] = (channels,)
                shapes[f"{block}.{conv}.noise_strength"] = ()
                shapes[f"{block}.{conv}.noise_const"] = (resolution, width)
                shapes[f"{block}.{conv}.resample_filter"] = (4, 4)
        if config.architecture == "skip" or resolution == config.img_resolution:
            dense(f"{block}.torgb.affine", config.w_dim, channels)
            shapes[f"{block}.torgb.weight"] = (3, channels, 1, 1)
            shapes[f"{block}.torgb.bias"] = (3,)
        if config.architecture == "resnet" and below:
            shapes[f"{block}.skip.weight"] = (channels, below, 1, 1)
            shapes[f"{block}.skip.resample_filter"] = (4, 4)
        below = channels
    return shapes


@pytest.mark.parametrize("variant", [{}, {"architecture": "resnet", "c_dim": 7}, {"narrow": True}])
@pytest.mark.parametrize("resolution", [32, 64, 128, 256, 512, 1024])
def test_arrays_have_nvidias_names_and_shapes(resolution, variant):
    config = GeneratorConfig(img_resolution=resolution, **variant)
    with torch.device("meta"):
        generator = Generator(config)
    found = {name: tuple(value.shape) for name, value in generator.state_dict().items()}
    assert found == nvidia_shapes(config)
    assert config.num_ws == 2 * np.log2(resolution) - 2
    assert config.img_width == (resolution // 2 if config.narrow else resolution)


def test_config_f_has_its_published_channels():
    config = GeneratorConfig()
    published = {4: 512, 64: 512, 128: 256, 256: 128, 512: 64, 1024: 32}
    assert {r: config.channels(r) for r in published} == published


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("img_resolution", 48),
        ("img_resolution", 2048),
        ("img_resolution", 256.0),
        ("img_channels", 4),
        ("architecture", "orig"),
        ("c_dim", -1),
        ("c_dim", "5"),
        ("lr_multiplier", 0.0),
        ("lr_multiplier", float("nan")),
        ("lr_multiplier", float("inf")),
        ("conv_clamp", 0.0),
        ("conv_clamp", "256"),
        ("z_dim", 0),
        ("z_dim", 64.0),
        ("z_dim", 2**62),
        ("w_dim", None),
        ("channel_max", 0),
        ("num_layers", 0),
        ("num_layers", 10**9),
        ("channel_base", 16),
        ("channel_base", 8192.5),
        ("narrow", "no"),
    ],
)
def test_a_wrong_field_is_named_with_its_rule_and_value(field, value):
    with pytest.raises(ConfigError) as caught:
        GeneratorConfig.from_dict({field: value})
    line = str(caught.value)
    assert field in line
    assert f"not {value!r}" in line
    assert "\n" not in line


def test_an_unknown_field_is_named():
    with pytest.raises(ConfigError, match="unknown field 'fmap_base'"):
        GeneratorConfig.from_dict({"fmap_base": 8192})


def test_a_config_survives_its_dictionary():
    config = GeneratorConfig(img_resolution=64, conv_clamp=256.0, narrow=True, c_dim=3)
    assert GeneratorConfig.from_dict(config.to_dict()) == config


# --- The default model ----------------------------------------------------------------------------


def test_the_default_model_draws_seed_0_as_float64_does():
    generator = load_generator()
    assert generator.config.img_resolution == 256
    z = np.random.RandomState(0).randn(1, generator.config.z_dim)
    state = reference.float64_state(generator)
    truth_ws = reference.mapping(state, torch.from_numpy(z))
    _, truth = reference.synthesis(state, truth_ws, reference.const_noise(state))
    ws = seed_to_ws(generator, 0)
    with torch.no_grad():
        picture = generator.synthesis(ws)
        split = generator.synthesis.picture(generator.synthesis.features(ws, 5), ws)
    for got in (picture, split):
        assert got.shape == (1, 3, 256, 256)
        assert relative_error(got, truth) < tolerance(generator)


def test_seeds_follow_nvidias_rule():
    z = seed_to_z(4294967295, 64)
    assert z.dtype == torch.float32
    assert np.array_equal(
        z.numpy(), np.random.RandomState(4294967295).randn(1, 64).astype(np.float32)
    )


@pytest.mark.parametrize("case", ["skip", "resnet"])
@pytest.mark.parametrize("free", [1, 2, 3, 4])
def test_vectors_that_are_not_free_cost_no_gradient_and_change_no_value(case, free):
    """Some of their layers run with folded weights: same features, same gradient to the rest."""
    generator = generator_for(case)
    ws = latents(generator).float()

    def run(count):
        leaf = ws.clone().requires_grad_()
        features = generator.synthesis.features(leaf, 64, "const", count)[-1]
        (gradient,) = torch.autograd.grad(features.square().mean(), leaf)
        return features, gradient

    (features, gradient), (all_features, all_gradient) = run(free), run(64)
    bound = tolerance(generator)
    assert relative_error(features, all_features) < 2 * bound
    assert relative_error(gradient[:, :free], all_gradient[:, :free]) < 4 * bound
    assert not gradient[:, free:].any()
    assert all_gradient[:, free:].any()


def test_in_a_batch_every_vector_is_free():
    generator = generator_for("skip")
    leaf = latents(generator, 2).float().requires_grad_()
    features = generator.synthesis.features(leaf, 64, "const", 1)[-1]
    (gradient,) = torch.autograd.grad(features.square().mean(), leaf)
    assert gradient[:, 1:].any()


def test_the_low_pass_for_compilers_is_the_convolution():
    x = torch.randn(2, 3, 9, 17, dtype=torch.float64, requires_grad=True)
    fir = torch.outer(torch.tensor([1.0, 3, 3, 1]), torch.tensor([1.0, 2, 4, 1])).double() / 64
    pull = torch.randn(2, 3, 8, 16, dtype=torch.float64)
    made = [blur(x, fir) for blur in (blur_after_transpose, blur_by_shifts)]
    slopes = [torch.autograd.grad(y, x, pull)[0] for y in made]
    torch.testing.assert_close(*made)
    torch.testing.assert_close(*slopes)
