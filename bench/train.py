"""Milliseconds of one training call in PyTorch, one thread: train.py CELL UNITS STREAMS [FRAMES]; the median of two seconds'
worth. LSTM is torch.nn.LSTM; MGU, which it has no kernel for, is written as its users write it, frame by frame, with the
input products of all frames taken together and the two gates in one product where the equations allow it."""
import statistics
import sys
import time

import torch

torch.set_num_threads(1)
cell, units, streams = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
frames = int(sys.argv[4]) if len(sys.argv) > 4 else 64


class MGU(torch.nn.Module):
    def __init__(self, n):
        super().__init__()
        self.inputs = torch.nn.Linear(n, 2 * n)
        self.forget = torch.nn.Linear(n, n, bias=False)
        self.candidate = torch.nn.Linear(n, n, bias=False)

    def forward(self, x):
        f_in, k_in = self.inputs(x).chunk(2, -1)
        h = torch.zeros(x.shape[1], x.shape[2])
        out = []
        for t in range(x.shape[0]):
            f = torch.sigmoid(f_in[t] + self.forget(h))
            k = torch.tanh(k_in[t] + self.candidate(f * h))
            h = (1 - f) * h + f * k
            out.append(h)
        return torch.stack(out)


net = torch.nn.LSTM(units, units) if cell == "lstm" else MGU(units)
x, y = torch.rand(frames, streams, units) * 2 - 1, torch.rand(frames, streams, units) * 2 - 1
times = []
end = time.perf_counter() + 2
while time.perf_counter() < end or len(times) < 5:
    begun = time.thread_time()
    for p in net.parameters():
        p.grad = None
    h = net(x)
    h = h[0] if cell == "lstm" else h
    torch.nn.functional.mse_loss(h, y).backward()
    times.append(time.thread_time() - begun)
print(f"{statistics.median(times) * 1e3:.4f} ms a call")
