"""Learn the filters of the layer that comes with the package.

python scripts/learn_filters.py

Two stages of dictionary learning on scikit-learn's images of handwritten digits:
4 atoms of 3 x 3 pixels; then 8 atoms of 4 x 3 x 3 for what the first four make of the
images, rectified. Writes sparsetheory/data/digits_filters.npy.
"""

import argparse
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import MiniBatchDictionaryLearning

import sparsetheory as st

OUT = Path(__file__).parents[1] / "sparsetheory" / "data" / "digits_filters.npy"
TAPS = 3


def patches(images: np.ndarray) -> np.ndarray:
    """Return all patches of images of shape (count, channels, 8, 8), centred."""
    windows = np.lib.stride_tricks.sliding_window_view(images, (TAPS, TAPS), (2, 3))
    flat = np.moveaxis(windows, 1, 3).reshape(-1, images.shape[1] * TAPS**2)
    flat = flat - flat.mean(axis=1, keepdims=True)
    return flat[np.linalg.norm(flat, axis=1) > 1e-3]


def atoms(data: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Return `count` unit atoms of a sparse dictionary for `data`, strongest first."""
    data = np.random.default_rng(seed).permutation(data)[:20_000]
    model = MiniBatchDictionaryLearning(
        count, alpha=0.1, batch_size=256, max_iter=30, random_state=seed
    )
    use = np.abs(model.fit_transform(data)).sum(axis=0)
    found = model.components_[np.argsort(-use)]
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()

    images = load_digits().images[:, None] / 16.0
    first = atoms(patches(images), 4, args.seed).reshape(4, 1, TAPS, TAPS)
    layer = st.BlockCirculant.from_conv_layer(first, size=images.shape[2:])
    flat = images.reshape(len(images), -1)
    response = np.stack([layer @ image for image in flat]).reshape(-1, 4, 8, 8)
    second = atoms(patches(np.maximum(response, 0.0)), 8, args.seed)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    np.save(args.out, second.reshape(8, 4, TAPS, TAPS))
    print(f"wrote {args.out}")


if __name__ == "__main__":
    main()
