"""The peers of `npm run bench -- fit`, PyTorch and scikit-learn, asked by the benchmark line by line.

Reads one JSON document per line, `{"call": NAME, ...}`, and answers each with one line. Times are those of the fit
alone: the arrays are in memory, and nothing is converted while the clock runs.
"""

import json
import sys
import time
import warnings

import numpy as np

try:
    import torch
except ImportError:
    torch = None
try:
    import sklearn
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits
except ImportError:
    sklearn = None

DATA = {}


def versions():
    return {
        "python": sys.version.split()[0],
        "numpy": np.__version__,
        "torch": torch and torch.__version__,
        "sklearn": sklearn and sklearn.__version__,
    }


def load(path):
    with np.load(path) as archive:
        DATA.update({name: archive[name] for name in archive.files})
    return {name: list(array.shape) for name, array in DATA.items()}


def torch_sgd(threads, fused, rates, batch, momentum, weight_decay, radius, out=None):
    """Weighted cross-entropy, momentum, weight decay, MaxNorm after each epoch; the order of samples is given."""
    torch.set_num_threads(threads)
    features = torch.from_numpy(DATA["features"])
    labels = torch.from_numpy(DATA["labels"]).long()
    order = torch.from_numpy(DATA["order"]).long()
    class_weights = torch.from_numpy(DATA["class_weights"]).float()
    head = torch.nn.Linear(features.shape[1], len(class_weights))
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(DATA["weight"]))
        head.bias.copy_(torch.from_numpy(DATA["bias"]))
    optimizer = torch.optim.SGD(
        head.parameters(), lr=rates[0], momentum=momentum, weight_decay=weight_decay, fused=fused or None
    )
    losses = []
    began = time.perf_counter()
    for epoch, rate in enumerate(rates):
        optimizer.param_groups[0]["lr"] = rate
        total = torch.zeros(())
        batches = order[epoch].split(batch)
        for samples in batches:
            logits = head(features[samples])
            loss = torch.nn.functional.cross_entropy(
                logits, labels[samples], weight=class_weights, reduction="sum"
            ) / len(samples)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.detach()
        with torch.no_grad():
            norms = head.weight.norm(dim=1, keepdim=True)
            head.weight.mul_((radius / norms).clamp(max=1))
        losses.append(total.item() / len(batches))
    seconds = time.perf_counter() - began
    if out:
        with torch.no_grad():
            np.savez(out, weight=head.weight.numpy(), bias=head.bias.numpy())
    return {"seconds": seconds, "losses": losses}


def sklearn_lbfgs(threads, dtype, tolerance, weight_decay, max_iterations, out=None):
    """The same objective: scikit-learn divides by C·N, and does not decay the intercept."""
    features = DATA["features"].astype(dtype)
    model = LogisticRegression(
        C=1 / (len(features) * weight_decay), tol=tolerance, max_iter=max_iterations, solver="lbfgs"
    )
    with warnings.catch_warnings(record=True) as caught, threadpool_limits(threads):
        warnings.simplefilter("always")
        began = time.perf_counter()
        model.fit(features, DATA["labels"])
        seconds = time.perf_counter() - began
    if out:
        np.savez(out, weight=model.coef_.astype("f8"), bias=model.intercept_.astype("f8"))
    return {
        "seconds": seconds,
        "iterations": int(model.n_iter_[0]),
        "warnings": [str(one.message).split("\n")[0] for one in caught],
    }


CALLS = {call.__name__: call for call in (versions, load, torch_sgd, sklearn_lbfgs)}

for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = CALLS[request.pop("call")](**request)
    except Exception as error:  # noqa: BLE001  (goes back to who asked)
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
