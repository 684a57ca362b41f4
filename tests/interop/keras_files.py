"""Files of Keras through `rnn import` and `rnn run`, in the folder at hand."""
import os, subprocess

import numpy as np


def read(rnn, arguments):
    """Imports a file as net.rnn and net.safetensors."""
    return subprocess.run([rnn, "import", *arguments, "-o", "net.rnn", "-w", "net.safetensors"], capture_output=True, text=True)


def compare(rnn, imported, x, expected):
    """How far the program's output for x, frames or ids, is from the expected one, and None or what is wrong. The program
    computes in double: some networks make much of each rounding, and Keras does its own."""
    np.save("x.npy", x)
    subprocess.run([rnn, "run", "--double", "net.rnn", "--weights", "net.safetensors", "--input", "x.npy", "--output", "y.npy"],
                   check=True, stdout=subprocess.DEVNULL, env={"CFLAGS": "-O0", **os.environ})
    if "other way round" in imported.stderr:
        expected = expected[::-1]
    error = np.abs(np.load("y.npy").reshape(expected.shape) - expected).max() / max(1, np.abs(expected).max())
    if error <= 1e-6:
        return error, None
    with open("net.rnn", encoding="ascii") as file:
        return error, f"outputs are up to {error:.2g} apart\n{file.read()}"
