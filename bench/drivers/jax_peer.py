"""JAX: cells as their users write them, input products of all frames at once, then lax.scan, all of it jitted."""
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.nn import sigmoid

from peer import CELLS, Loaded, Unknown, serve


def lstm(p, a, past):
    h, c = past
    i, f, g, o = jnp.split(a + h @ p["U"].T, 4, -1)
    c = sigmoid(f) * c + sigmoid(i) * jnp.tanh(g)
    h = sigmoid(o) * jnp.tanh(c)
    return h, (h, c)


def gru(p, a, h):
    r_x, z_x, k_x = jnp.split(a, 3, -1)
    r_h, z_h, k_h = jnp.split(h @ p["U"].T + p["d"], 3, -1)
    r, z = sigmoid(r_x + r_h), sigmoid(z_x + z_h)
    h = (1 - z) * jnp.tanh(k_x + r * k_h) + z * h
    return h, h


def gru_before(p, a, h):
    r_x, z_x, k_x = jnp.split(a, 3, -1)
    r_h, z_h = jnp.split(h @ p["U"].T, 2, -1)
    r, z = sigmoid(r_x + r_h), sigmoid(z_x + z_h)
    k = jnp.tanh(k_x + (r * h) @ p["U_k"].T)
    h = (1 - z) * k + z * h
    return h, h


def mgu(p, a, h):
    f_x, k_x = jnp.split(a, 2, -1)
    f = sigmoid(f_x + h @ p["U_f"].T)
    k = jnp.tanh(k_x + (f * h) @ p["U_k"].T)
    h = (1 - f) * h + f * k
    return h, h


def peephole(p, a, past):
    h, c = past
    i, f, g, o = jnp.split(a + h @ p["U"].T, 4, -1)
    i, f = sigmoid(i + p["p_i"] * c), sigmoid(f + p["p_f"] * c)
    c = f * c + i * jnp.tanh(g)
    h = sigmoid(o + p["p_o"] * c) * jnp.tanh(c)
    return h, (h, c)


def highway(p, a, s):
    for depth in "123":
        k, g = jnp.split(s @ p["R" + depth].T + (a if depth == "1" else p["b" + depth]), 2, -1)
        g = sigmoid(g)
        s = g * jnp.tanh(k) + (1 - g) * s
    return s, s


def sru(p, a, c):
    k, f, r, x = jnp.split(a, 4, -1)
    f, r = sigmoid(f), sigmoid(r)
    c = f * c + (1 - f) * k
    return r * jnp.tanh(c) + (1 - r) * x, c


def mingru(p, a, h):
    z, k = jnp.split(a, 2, -1)
    z = sigmoid(z)
    h = (1 - z) * h + z * k
    return h, h


STEPS = {step.__name__: step for step in (lstm, gru, gru_before, mgu, peephole, highway, sru, mingru)}
CELLS = {**CELLS, "lstm": ("", "", 2), "gru": ("", "", 1)}  # whose parameters are joined as they are


def join(p, prefix, gates):
    return jnp.concatenate([p[prefix + gate] for gate in gates])


def compute(net, p, x):
    """All frames of one layer: [frames, streams, units]."""
    step, (gates, recurrent, states) = STEPS[net], CELLS[net]
    p = dict(p)
    if gates:
        p["W"] = join(p, "W_", gates)
        if net == "sru":
            p["b"] = jnp.concatenate([jnp.zeros_like(p["b_f"]), p["b_f"], p["b_r"]])
        elif net == "highway":
            for depth in "123":
                p["R" + depth] = jnp.concatenate([p["R_h" + depth], p["R_t" + depth]])
                p["b" + depth] = jnp.concatenate([p["b_h" + depth], p["b_t" + depth]])
            p["b"] = p["b1"]
        else:
            p["b"] = join(p, "b_", gates)
    if recurrent:
        p["U"] = join(p, "U_", recurrent)
    products = x @ p["W"].T + p["b"]
    if net == "sru":
        products = jnp.concatenate([products, x], -1)
    zero = jnp.zeros(x.shape[1:])
    past = zero if states == 1 else (zero,) * states
    return lax.scan(lambda past, a: step(p, a, past)[::-1], past, products)[1]


class Jax(Loaded):
    def __init__(self, task):
        if task.net not in CELLS or task.layers > 1 or task.call == "step":
            raise Unknown("this task was not written")
        self.task = task
        self.prefix = "h.0." if task.net in ("lstm", "gru") else "h."
        self.p = {name: jnp.asarray(numbers) for name, numbers in task.parameters(self.prefix).items()}
        self.x = jnp.asarray(task.sequence("x"))
        if task.call == "train":
            y = jnp.asarray(task.sequence("y"))
            loss = lambda p, x, y: jnp.mean((compute(task.net, p, x) - y) ** 2)
            function = jax.jit(jax.value_and_grad(loss))
            self.compute = lambda: function(self.p, self.x, y)
        else:
            function = jax.jit(lambda p, x: compute(task.net, p, x))
            self.compute = lambda: function(self.p, self.x)

    def call(self, frame):
        self.out = jax.block_until_ready(self.compute())

    def results(self):
        if self.task.call == "train":
            return {self.prefix + name: np.asarray(gradient) for name, gradient in self.out[1].items()}
        return {"h": np.asarray(self.out)}


serve(jax.__version__, Jax)
