"""Models of ONNX with reference data beside them, for `rnn import --check`."""
import os, re, subprocess

import onnx
from onnx import numpy_helper


def write(folder, model, inputs, outputs, number=0):
    """The model, unless it is there, and a data set of these arrays."""
    data = os.path.join(folder, f"test_data_set_{number}")
    os.makedirs(data, exist_ok=True)
    if model is not None:
        onnx.save(model, os.path.join(folder, "model.onnx"))
    for kind, arrays in (("input", inputs), ("output", outputs)):
        for i, array in enumerate(arrays):
            onnx.save_tensor(numpy_helper.from_array(array), os.path.join(data, f"{kind}_{i}.pb"))


def check(rnn, folder, tolerance):
    """The largest difference of all sets, and None or what went wrong."""
    done = subprocess.run([rnn, "import", os.path.join(folder, "model.onnx"), "--check", "--tolerance", str(tolerance)],
                          capture_output=True, text=True)
    apart = [float(number) for number in re.findall(r"at most (\S+) apart", done.stdout)]
    return max(apart, default=0), None if done.returncode == 0 and apart else done.stderr + done.stdout
