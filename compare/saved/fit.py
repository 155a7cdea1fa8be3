"""How models fit on machines, as rows: what `fit --json` prints. Pure."""

from compare.memory.fit import Fit


def row(fit: Fit) -> dict:
    """`predicted_bytes`: RAM and VRAM together with `layers_that_fit` layers on the GPU, of `layers`, the
    output counted as one. `fits`: it runs so, the rest in RAM; whole on the GPU where both are the same.
    `vram_bytes` of several GPUs is their sum. Unknown is None.
    """
    prediction = fit.prediction
    return {
        "model": fit.file.model,
        "quant": fit.file.quant,
        "n_ctx": fit.n_ctx,
        "kv_type": fit.kv_type,
        "hardware": fit.hardware.name,
        "vram_bytes": fit.hardware.vram_bytes,
        "ram_bytes": fit.hardware.ram_bytes,
        "predicted_bytes": fit.predicted_bytes,
        "weights_bytes": prediction.weights_bytes if prediction else None,
        "kv_bytes": prediction.kv_bytes if prediction else None,
        "compute_bytes": prediction.compute_bytes if prediction else None,
        "approximate": fit.approximate,
        "layers": fit.layers,
        "layers_that_fit": fit.layers_that_fit,
        "fits": fit.fits,
    }
