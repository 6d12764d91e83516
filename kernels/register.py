"""How a plain-torch reference becomes the operation `torch.ops.draglive.<name>`.

By the dispatcher's own registrations: `torch.library.custom_op` imports the whole of torch.compile
at an op's first call, two seconds of a program's start, and wraps every call in more Python.

A faster twin of the same arguments takes over where tensors of its device come in, once it is
registered; the reference stays for all others, and gradient and fake implementation hold for both:

    torch.library.impl("draglive::to_rgba", "cuda")(to_rgba_twin)
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import torch
from torch.library import Library, infer_schema

P = ParamSpec("P")
R = TypeVar("R")

_LIBRARY = Library("draglive", "FRAGMENT")  # the operations live as long as this does


def register(
    name: str,
    kernel: Callable[P, R],
    fake: Callable[..., R],
    *,
    mutates: tuple[str, ...] = (),
    backward: Callable[..., tuple[object, ...]] | None = None,
    setup_context: Callable[..., None] | None = None,
) -> Callable[P, R]:
    """Make an operation of a function.

    Args:
        name: of the operation, within `draglive`.
        kernel: the reference, which runs on every device; its annotations are the op's schema.
        fake: an empty result of the right shape, dtype and strides, from the same arguments.
        mutates: names of the arguments that it changes in place.
        backward: as `torch.library.register_autograd` takes it. Without it nobody may rely on a
            gradient: of the reference autograd would see the inside, of a twin nothing.
        setup_context: belongs to `backward`.

    Returns:
        The operation, called like the kernel.
    """
    _LIBRARY.define(name + infer_schema(kernel, mutates_args=mutates))
    _LIBRARY.impl(name, kernel, "CompositeExplicitAutograd")
    torch.library.register_fake(f"draglive::{name}", fake, lib=_LIBRARY)
    if backward is not None:
        torch.library.register_autograd(
            f"draglive::{name}", backward, setup_context=setup_context, lib=_LIBRARY
        )
    return cast(Callable[P, R], getattr(torch.ops.draglive, name))
