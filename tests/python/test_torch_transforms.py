"""rnnc.torch within torch.func, autocast and torch.compile; skipped without PyTorch."""

import unittest

try:
    import torch
except ImportError:
    raise SystemExit(77) if __name__ == "__main__" else unittest.SkipTest("there is no PyTorch here") from None

import rnnc
import rnnc.torch
from torch_networks import ELMAN, FRAMES, STREAMS, TWO


class Caller(torch.nn.Module):
    def __init__(self, module):
        super().__init__()
        self.module = [module]  # not a part of this one, so that torch.fx follows the call

    def forward(self, x):
        return self.module[0].forward(x)


class Transforms(unittest.TestCase):
    """torch.func, and what PyTorch does to modules."""

    def setUp(self):
        self.module = rnnc.torch.Module(rnnc.compile(ELMAN, threads=1), 1)
        self.weights = {name: weight.detach() for name, weight in self.module.named_parameters()}
        self.xs = torch.randn(3, 4, 2, 3, generator=torch.Generator().manual_seed(1))

    def loss(self, weights, x):
        return torch.func.functional_call(self.module, weights, (x,)).square().sum()

    def gradients(self, x):
        return dict(zip(self.weights, torch.autograd.grad(self.module(x).square().sum(), self.module.parameters())))

    def test_func(self):
        each = [self.gradients(x) for x in self.xs]
        grad = torch.func.grad(self.loss)
        torch.testing.assert_close(grad(self.weights, self.xs[0]), each[0])
        batch = torch.func.vmap(grad, (None, 0))(self.weights, self.xs)
        total = torch.func.grad(lambda w: torch.func.vmap(self.loss, (None, 0))(w, self.xs).sum())(self.weights)
        for name in self.weights:
            torch.testing.assert_close(batch[name], torch.stack([of[name] for of in each]))
            torch.testing.assert_close(total[name], sum(of[name] for of in each))
        many = {name: torch.stack([w, 2 * w]) for name, w in self.weights.items()}
        doubled = {name: 2 * w for name, w in self.weights.items()}
        torch.testing.assert_close(
            torch.func.vmap(self.loss, (0, None))(many, self.xs[0])[1], self.loss(doubled, self.xs[0])
        )
        torch.testing.assert_close(
            torch.func.jacrev(self.module)(self.xs[0]), torch.autograd.functional.jacobian(self.module, self.xs[0])
        )

    def test_ids_within_vmap(self):
        module = rnnc.torch.Module(rnnc.compile(TWO))
        words, xs, h0 = (
            torch.randint(0, 5, (2, FRAMES, STREAMS)),
            torch.randn(FRAMES, STREAMS, 3),
            torch.zeros(STREAMS, 4),
        )
        weights = dict(module.named_parameters())

        def loss(w, ids):
            return torch.func.functional_call(module, w, (xs, ids, h0))["y"].square().sum()

        batch = torch.func.vmap(torch.func.grad(loss), (None, 0))(weights, words)
        for i, ids in enumerate(words):
            for name, gradient in torch.func.grad(loss)(weights, ids).items():
                torch.testing.assert_close(batch[name][i], gradient)
        with self.assertRaisesRegex(rnnc.Error, "cannot map over lengths"):
            torch.func.vmap(lambda n: module(xs, words[0], h0, lengths=n)["y"])(torch.full((2, STREAMS), 2))
        with self.assertRaisesRegex(rnnc.Error, "a batch of no elements"):
            torch.func.vmap(loss, (None, 0))(weights, words[:0])

    def test_autocast(self):
        linear = torch.nn.Linear(3, 3)
        with torch.autocast("cpu", torch.bfloat16):
            x = linear(self.xs[0])
            y = self.module(x)
        self.assertEqual((x.dtype, y.dtype), (torch.bfloat16, torch.float32))
        torch.testing.assert_close(y, self.module(x.float()))
        y.sum().backward()
        self.assertGreater(linear.weight.grad.abs().max(), 0)

    def test_compile(self):
        """torch.compile compiles what is around the module; with fullgraph=True it says that it cannot."""
        model, x = torch.nn.Sequential(self.module, torch.nn.Linear(5, 2)), self.xs[0]
        torch.testing.assert_close(torch.compile(model, backend="eager")(x), model(x))
        torch._dynamo.reset()
        with self.assertRaisesRegex(torch._dynamo.exc.Unsupported, "leave fullgraph=True out"):
            torch.compile(model, backend="eager", fullgraph=True)(x)

    def test_refused(self):
        x, module = self.xs[0], self.module
        nested = torch.nested.nested_tensor([x[:, 0], x[:3, 0]], layout=torch.jagged)
        for call, kind, message in [
            (lambda: torch.func.jvp(module, (x,), (x,)), rnnc.Error, "no derivatives in forward mode"),
            (lambda: torch.func.hessian(module)(x), rnnc.Error, "use reverse mode"),
            (lambda: torch.jit.trace(module, (x,)), rnnc.Error, "cannot be part of a graph of torch.jit"),
            (lambda: torch.fx.symbolic_trace(module), rnnc.Error, "cannot be part of a graph"),
            (lambda: torch.fx.symbolic_trace(torch.nn.Sequential(Caller(module))), rnnc.Error, "part of a graph"),
            (
                lambda: torch.autograd.functional.jacobian(module, x, vectorize=True),
                rnnc.Error,
                "leave that out, or use torch.func.jacrev",
            ),
            (
                lambda: torch.func.vmap(lambda x: module(x, state=module.state(2, gradients=True)))(self.xs),
                rnnc.Error,
                "torch.func cannot follow a state",
            ),
            (lambda: module(x.bfloat16()), TypeError, r"expected torch.float32, .*: give .to\(torch.float32\)"),
            (lambda: module(x.to_sparse()), ValueError, r"input 'x' is sparse; give .to_dense\(\)"),
            (lambda: module(nested), ValueError, "input 'x' is nested; give a padded tensor"),
            (
                lambda: module(torch.nn.utils.rnn.pack_padded_sequence(x, [4, 3])),
                TypeError,
                "and lengths: torch.nn.utils.rnn.pad_packed_sequence gives both",
            ),
        ]:
            with self.assertRaisesRegex(kind, message):
                call()


if __name__ == "__main__":
    unittest.main()
