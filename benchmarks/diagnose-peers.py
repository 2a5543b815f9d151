"""Fisher's ratio in numpy and PyTorch: the peers of `npm run bench -- diagnose`, each run in a process of its own.

    python diagnose-peers.py numpy|torch|torch-chunks|versions FILE.npz --threads N

`numpy` and `torch` are the published way: features in float64, one product per class for S_W, trace(solve(S_W, S_B)). The
published code also looks for dimensions that never vary; there are none here, and the search is left out in favour of the
peers. `torch-chunks` is what one would write for speed: centred rows of all classes together, 8,192 at a time.

Prints one line of JSON.
"""

import argparse
import json
import os
import resource
import time

parser = argparse.ArgumentParser()
parser.add_argument("method")
parser.add_argument("path", nargs="?")
parser.add_argument("--threads", type=int, default=1)
options = parser.parse_args()
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(options.threads)

import numpy as np  # noqa: E402  (reads the number of threads when it is loaded)


def numpy_published(features, labels):
    features = features.astype(np.float64)
    classes = labels.max() + 1
    counts = np.bincount(labels, minlength=classes)
    means = np.stack([features[labels == k].mean(0) for k in range(classes)])
    away = means - features.mean(0)
    between = (away.T * counts) @ away
    within = np.zeros((features.shape[1], features.shape[1]))
    for k in range(classes):
        rows = features[labels == k] - means[k]
        within += rows.T @ rows
    return np.trace(np.linalg.solve(within, between))


def torch_published(features, labels):
    import torch

    torch.set_num_threads(options.threads)
    features, labels = torch.from_numpy(features).double(), torch.from_numpy(labels)
    classes = int(labels.max()) + 1
    counts = torch.bincount(labels, minlength=classes)
    means = torch.stack([features[labels == k].mean(0) for k in range(classes)])
    away = means - features.mean(0)
    between = (away.T * counts) @ away
    within = torch.zeros(features.shape[1], features.shape[1], dtype=torch.float64)
    for k in range(classes):
        rows = features[labels == k] - means[k]
        within += rows.T @ rows
    return torch.trace(torch.linalg.solve(within, between)).item()


def torch_chunks(features, labels, chunk=8192):
    import torch

    torch.set_num_threads(options.threads)
    features, labels = torch.from_numpy(features), torch.from_numpy(labels).long()
    classes, dimensions = int(labels.max()) + 1, features.shape[1]
    counts = torch.bincount(labels, minlength=classes).double()
    sums = torch.zeros(classes, dimensions, dtype=torch.float64)
    for x, y in zip(features.split(chunk), labels.split(chunk)):
        sums.index_add_(0, y, x.double())
    means = sums / counts[:, None]
    away = means - sums.sum(0) / counts.sum()
    between = (away.T * counts) @ away
    within = torch.zeros(dimensions, dimensions, dtype=torch.float64)
    for x, y in zip(features.split(chunk), labels.split(chunk)):
        rows = x.double() - means[y]
        within.addmm_(rows.T, rows)
    return torch.trace(torch.linalg.solve(within, between)).item()


def versions():
    found = {"python": ".".join(map(str, os.sys.version_info[:3])), "numpy": np.__version__}
    try:
        import torch

        found["torch"] = torch.__version__
    except ImportError:
        pass
    return found


def main():
    if options.method == "versions":
        return versions()
    method = {"numpy": numpy_published, "torch": torch_published, "torch-chunks": torch_chunks}[options.method]
    if method is not numpy_published:
        import torch  # noqa: F401  (not what is timed)
    began = time.perf_counter()
    with np.load(options.path) as archive:
        features, labels = archive["features"], archive["labels"]
    read = time.perf_counter()
    value = method(features, labels)
    done = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"seconds": {"read": read - began, "fisher": done - read}, "peakGiB": peak, "value": float(value)}


print(json.dumps(main()))
