"""The peer of `npm run bench -- extract`: Python's onnxruntime behind a PyTorch DataLoader that decodes with PIL.

One JSON document per line on stdin, one answer per line on stdout, as in peers.py. The clock runs from the first file that is
opened to the last row: the session and the loader's processes are made before, where they can be.
"""

import json
import sys
import time

import numpy as np
import onnxruntime
import PIL
import torch
from PIL import Image


class Pictures(torch.utils.data.Dataset):
    def __init__(self, paths, size):
        self.paths = paths
        self.size = size

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        picture = Image.open(self.paths[index]).convert("RGB").resize((self.size, self.size), Image.BILINEAR)
        return np.asarray(picture, np.float32).transpose(2, 0, 1) / 128 - 1


def versions():
    return {
        "python": sys.version.split()[0],
        "onnxruntime": onnxruntime.__version__,
        "torch": torch.__version__,
        "PIL": PIL.__version__,
    }


def extract(model, paths, size, batch, threads, workers, outputs, out=None):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    loader = torch.utils.data.DataLoader(
        Pictures(paths, size), batch_size=batch, num_workers=workers, collate_fn=np.stack
    )
    began = time.perf_counter()
    rows = [session.run(outputs, {name: inputs}) for inputs in loader]
    seconds = time.perf_counter() - began
    if out:
        np.save(out, np.concatenate([one[0] for one in rows]))
    return {"seconds": seconds}


if __name__ == "__main__":
    CALLS = {"versions": versions, "extract": extract}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = CALLS[request.pop("call")](**request)
        except Exception as error:  # noqa: BLE001  (goes back to who asked)
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)
