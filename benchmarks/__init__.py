"""Bundled benchmarks: how fast the live loop is here, how well it drags, and against whom.

One shape for all. `turns` lets subjects take turns, so that a noisy machine is noisy for all of
them; `result` is what came of it, with the machine's card, as JSON, as a table and as charts.

    step       a drag step and its picture, by resolution, points, mask, back-end, dtype
    kernels    each fused operation against its plain-torch reference
    scaling    how the step grows, with fitted exponents
    latency    mouse to picture in the real window
    landmarks  how well it drags: key points of one picture to another's (the paper's Table 1)
    paired     how near a drag comes to a known picture (Table 2)
    versus     other implementations, from a user's own checkouts
    check      this revision against another
"""
