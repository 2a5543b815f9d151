"""The peer of `npm run bench -- graft`: the same change with onnx's own Python package. Prints a JSON line.

    python graft-peer.py versions
    python graft-peer.py graft MODEL HEAD.npz OUT
"""

import json
import sys

try:
    import numpy as np
    import onnx
    from onnx import numpy_helper
except ImportError as error:
    print(json.dumps({"missing": str(error)}))
    sys.exit()


def graft(path, head, out):
    """Replaces the two initializers of the last node; nothing is proven."""
    model = onnx.load(path)
    node = next(node for node in model.graph.node if node.op_type == "Gemm")
    with np.load(head) as archive:
        new = dict(zip(node.input[1:], (archive["weight"], archive["bias"]), strict=True))
    for tensor in model.graph.initializer:
        if tensor.name in new:
            tensor.CopyFrom(numpy_helper.from_array(new[tensor.name], tensor.name))
    onnx.save(model, out)


if sys.argv[1] == "versions":
    print(json.dumps({"python": sys.version.split()[0], "onnx": onnx.__version__}))
else:
    graft(*sys.argv[2:])
    print("{}")
