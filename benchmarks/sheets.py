"""How each benchmark's result is shown: the columns of its table, its charts."""

from __future__ import annotations

from .result import Chart, Column, Sheet

STEP = Sheet(
    "step",
    "A drag step and its picture, milliseconds. `step` back to back, `round trip` waited for; "
    "`floor` is what the machine's best rates, measured in the same run, allow.",
    (
        Column("step p50", "stages.step.p50_ms"),
        Column("p95", "stages.step.p95_ms"),
        Column("p99", "stages.step.p99_ms"),
        Column("floor", "floor_ms"),
        Column("steps/s", "steps_per_second", 0),
        Column("round trip", "step.p50_ms"),
        Column("picture p50", "picture.p50_ms"),
        Column("p95", "picture.p95_ms"),
        Column("TFLOP/s", "rates.teraflops", 2),
        Column("GB/s", "rates.gigabytes_per_s", 1),
        Column("peak MB", "memory_mb", 0),
    ),
    (
        Chart(
            "A drag step by number of points",
            y=("stages.step.p50_ms", "milliseconds, p50"),
            x=("points", "points"),
            by=("resolution", "backend", "dtype", "masked"),
        ),
    ),
)

CHECK = Sheet(
    "check",
    "This revision against another, interleaved; milliseconds. Slower: the ratio of the medians is "
    "above the limit and their intervals do not meet.",
    (
        Column("base p50", "base.p50_ms"),
        Column("from", "base.low_ms"),
        Column("to", "base.high_ms"),
        Column("here p50", "here.p50_ms"),
        Column("from", "here.low_ms"),
        Column("to", "here.high_ms"),
        Column("ratio", "ratio", 2),
        Column("slower", "slower"),
    ),
    (Chart("This revision's time over the other's", y=("ratio", "ratio of the medians")),),
)

KERNELS = Sheet(
    "kernels",
    "Each fused operation against its plain-torch reference; milliseconds. Errors are relative to "
    "the reference in float64 (pictures: in float32).",
    (
        Column("fused p50", "fused.p50_ms"),
        Column("p95", "fused.p95_ms"),
        Column("reference p50", "reference.p50_ms"),
        Column("faster", "ratio", 1),
        Column("MB", "megabytes", 2),
        Column("GB/s", "gigabytes_per_s", 1),
        Column("error", "error", 6),
        Column("reference's", "reference_error", 6),
    ),
    (
        Chart(
            "How much faster than plain torch",
            y=("ratio", "times"),
        ),
    ),
)

SCALING = Sheet(
    "scaling",
    "How a step grows with points, resolution and channels, and a picture with the batch; "
    "random weights. Exponents are fitted to the larger half of x.",
    (
        Column("x", "x"),
        Column("p50 ms", "time.p50_ms"),
        Column("p95", "time.p95_ms"),
    ),
    (Chart("Growth", y=("time.p50_ms", "milliseconds, p50"), x=("x", "x"), by=("axis",)),),
)

LATENCY = Sheet(
    "latency",
    "From a movement of the mouse to the frame that first answers it, in the real window; "
    "milliseconds.",
    (
        Column("moves", "moves"),
        Column("answered", "answered"),
        Column("mouse to command p50", "mouse_to_command.p50_ms", 1),
        Column("mouse to frame p50", "mouse_to_frame.p50_ms", 1),
        Column("p95", "mouse_to_frame.p95_ms", 1),
        Column("p99", "mouse_to_frame.p99_ms", 1),
        Column("frames/s", "frames_per_s", 1),
        Column("steps/s", "steps_per_s", 1),
    ),
    (
        Chart(
            "Mouse to frame",
            y=("mouse_to_frame.p50_ms", "milliseconds, p50"),
            spread=("mouse_to_frame.low_ms", "mouse_to_frame.high_ms"),
        ),
    ),
)

VERSUS = Sheet(
    "versus",
    "Other implementations and ours on the same weights, seeds and points, step by step in turns; "
    "every step with its picture. `left` is told by each one's own tracker, `really` by the "
    "landmark detector.",
    (
        Column("ms/step p50", "step.p50_ms", 2),
        Column("p95", "step.p95_ms", 2),
        Column("steps", "steps", 0),
        Column("seconds", "seconds", 2),
        Column("stopped", "stopped", 2),
        Column("left px", "left_px", 1),
        Column("really px", "really_px", 1),
        Column("peak MB", "memory_mb", 0),
        Column("operations", "operations"),
    ),
    (
        Chart(
            "A step with its picture",
            y=("step.p50_ms", "milliseconds, p50"),
            spread=("step.low_ms", "step.high_ms"),
        ),
    ),
)

LANDMARKS = Sheet(
    "landmarks",
    "Key points of one picture dragged to where another has them (Table 1 of the paper): mean "
    "distance before and after as the detector sees it, with its 95 % interval; `really` is the "
    "share of points that are there. `outside`: mean change, of 255, far from all pulls.",
    (
        Column("edits", "edits"),
        Column("before px", "before_px", 2),
        Column("after px", "after_px", 2),
        Column("from", "after_low_px", 2),
        Column("to", "after_high_px", 2),
        Column("really", "really_there", 2),
        Column("tracker says", "arrived", 2),
        Column("steps", "steps", 0),
        Column("seconds", "seconds", 2),
        Column("outside", "outside", 2),
        Column("from", "outside_low", 2),
        Column("to", "outside_high", 2),
        Column("Fréchet", "frechet", 3),
        Column("from", "frechet_low", 3),
        Column("to", "frechet_high", 3),
    ),
    (
        Chart(
            "Mean distance after",
            y=("after_px", "pixels"),
            spread=("after_low_px", "after_high_px"),
        ),
    ),
)

QUALITY = Sheet(
    "quality",
    "Samples of models of creatures beside renderings: Fréchet distance, precision and recall "
    "by the landmark detector's features, perceptual path length; median distance of key points "
    "from the rendered truth, for samples and for renderings (the detector's own).",
    (
        Column("Fréchet", "frechet", 4),
        Column("precision", "precision"),
        Column("recall", "recall"),
        Column("path length", "path_length", 2),
        Column("from truth, px", "truth_px", 2),
        Column("renderings, px", "detector_px", 2),
    ),
    (Chart("Fréchet distance", y=("frechet", "of the detector's features")),),
)

GESTURES = Sheet(
    "gestures",
    "Gestures on many seeds: the share whose points arrive within 2 px as the tracker sees it, "
    "and how far the landmarks then are from where they should be, as the detector sees it: "
    "median, and share within 2.5 px.",
    (
        Column("edits", "edits"),
        Column("arrived", "arrived"),
        Column("steps", "steps", 1),
        Column("left, px", "left_px", 2),
        Column("really, px", "really_left_px", 2),
        Column("really there", "really_there", 2),
        Column("change outside", "outside", 2),
    ),
    (Chart("Arrived", y=("arrived", "share of the edits")),),
)

PARTS = Sheet(
    "parts",
    "Masks of parts by one click at the part's innermost place: intersection over union with the "
    "renderer's own part, as rendered, and moved to where the generator's picture, some pixels off "
    "its rendering, shows it. `truths`: that of these two with each other.",
    (
        Column("clicks", "clicks"),
        Column("mean", "mean"),
        Column("median", "median"),
        Column("at least 0.75", "good", 2),
        Column("truths", "ceiling"),
    ),
    (Chart("Intersection over union", y=("mean", "mean")),),
)

PAIRED = Sheet(
    "paired",
    "Dragging a picture towards a near one (Table 2 of the paper): how far the result is from it, "
    "with 95 % intervals.",
    (
        Column("edits", "edits"),
        Column("MSE", "mse.mean", 5),
        Column("from", "mse.low", 5),
        Column("to", "mse.high", 5),
        Column("perceptual", "perceptual.mean", 4),
        Column("from", "perceptual.low", 4),
        Column("to", "perceptual.high", 4),
        Column("steps", "steps", 0),
        Column("seconds", "seconds", 2),
    ),
    (
        Chart(
            "Mean squared error",
            y=("mse.mean", "of colours in 0..1"),
            spread=("mse.low", "mse.high"),
        ),
    ),
)

SHEETS = {
    sheet.name: sheet
    for sheet in (
        STEP,
        KERNELS,
        SCALING,
        LATENCY,
        LANDMARKS,
        PAIRED,
        QUALITY,
        GESTURES,
        PARTS,
        VERSUS,
        CHECK,
    )
}
