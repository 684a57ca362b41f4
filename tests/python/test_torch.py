"""rnnc.torch against PyTorch's own derivatives of the same equations; skipped without PyTorch."""

import copy
import io
import multiprocessing.reduction
import pickle
import unittest

import numpy

try:
    import torch
except ImportError:
    raise SystemExit(77) if __name__ == "__main__" else unittest.SkipTest("there is no PyTorch here") from None

import rnnc
import rnnc.torch

# Initial states in, final states out, ids, layers with names, a value for the sequence.
TWO = """
cell Gated[n](x[m]) -> h[n] {
  param W[2*n, m] ~ normal(0.5), U[2*n, n] ~ normal(0.5), b[2*n]
  a = W @ x + U @ h[t-1] + b
  f = sigmoid(a[0:n])
  h = f * h[t-1] + (1 - f) * tanh(a[n:2*n])
}
model two {
  input x[3], word: index[5], h0[4] once
  param E[5, 2] ~ normal(1)
  first = Gated[4](concat(x, embed(E, word)))
  init first.h = h0
  second = Gated[3](first)
  output y = second
  output end = last(first)
}
"""
ELMAN = """
cell Elman[n = 5](x[m = 3]) -> h[n] {
  param W[n, m] ~ normal(0.5), U[n, n] ~ normal(0.5), b[n]
  h = tanh(W @ x + U @ h[t-1] + b)
}
"""
# The past of a state and of an input, of one frame and of two.
LATE = """
cell Late[n = 4](x[m = 3]) -> h[n] {
  param W[n, m] ~ normal(0.5), U[n, n] ~ normal(0.5), V[n, n] ~ normal(0.5), h0[n] = 0.25
  h = tanh(W @ (x - x[t-1]) + U @ h[t-1] + V @ h[t-2])
  init h = h0
}
"""
FRAMES, STREAMS = 6, 3


def gated(w, u, b, xs, h):
    n, hs = h.shape[1], []
    for x in xs:
        a = x @ w.T + h @ u.T + b
        f = torch.sigmoid(a[:, :n])
        h = f * h + (1 - f) * torch.tanh(a[:, n:])
        hs.append(h)
    return torch.stack(hs)


def two(p, x, word, h0):
    v = torch.cat([x, p["E"][word]], 2)
    first = gated(p["first.W"], p["first.U"], p["first.b"], v, h0)
    second = gated(p["second.W"], p["second.U"], p["second.b"], first, torch.zeros(x.shape[1], 3, dtype=x.dtype))
    return second, first[-1]


class Gradients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.module = rnnc.torch.Module(rnnc.compile(TWO, dtype="float64"), seed=3)
        random = torch.Generator().manual_seed(1)
        cls.x = torch.randn(FRAMES, STREAMS, 3, dtype=torch.float64, generator=random)
        cls.word = torch.randint(0, 5, (FRAMES, STREAMS), generator=random)
        cls.h0 = torch.randn(STREAMS, 4, dtype=torch.float64, generator=random)

    def test_names(self):
        names = ["E", "first.W", "first.U", "first.b", "second.W", "second.U", "second.b"]
        self.assertEqual(sorted(self.module.state_dict()), sorted(names))

    def test_as_pytorch(self):
        x, h0 = self.x.clone().requires_grad_(), self.h0.clone().requires_grad_()
        parameters = dict(self.module.named_parameters())
        y, end = two(parameters, x, self.word, h0)
        results = self.module(x, self.word, h0)
        torch.testing.assert_close(results["y"], y, atol=1e-12, rtol=0)
        torch.testing.assert_close(results["end"], end, atol=1e-12, rtol=0)
        names, leaves = list(parameters), [x, h0, *parameters.values()]
        for loss in (
            lambda y, end: y.cos().sum() + end.square().sum(),
            lambda y, end: y[2:].exp().mean(),
            lambda y, end: end.sin().sum(),
        ):
            # Parameters of the second layer have no part in the last of these: None there, 0 here.
            want = torch.autograd.grad(loss(y, end), leaves, retain_graph=True, allow_unused=True)
            got = torch.autograd.grad(loss(*results.values()), leaves, retain_graph=True)
            for name, a, b in zip(["x", "h0", *names], got, want):
                torch.testing.assert_close(a, torch.zeros_like(a) if b is None else b, atol=1e-11, rtol=1e-10, msg=name)

    def test_negated_views(self):
        """Memory of a view that PyTorch negates as it is read."""
        want = self.module(-self.x, self.word, self.h0)["y"]
        got = self.module(torch._neg_view(self.x), self.word, self.h0)["y"]
        torch.testing.assert_close(got, want, atol=0, rtol=0)

    def test_weights_from_elsewhere(self):
        """functional_call and parametrizations give other weights, and leave the module's as they are."""
        module, x = self.module, (self.x, self.word, self.h0)
        kept = {name: weight.detach().clone() for name, weight in module.named_parameters()}
        before = module(*x)["y"].detach().clone()
        module.eval()
        seen = []
        with torch.no_grad():
            for k in range(1, 5):
                others = {name: weight * k for name, weight in kept.items()}
                seen.append(torch.func.functional_call(module, others, x)["y"].clone())
        self.assertTrue(all(not torch.equal(a, b) for a, b in zip(seen, seen[1:])))
        torch.testing.assert_close(seen[0], before)
        for name, weight in module.named_parameters():
            self.assertTrue(torch.equal(weight, kept[name]), name)
        module.train()

    def test_lengths_are_kept(self):
        lengths = torch.full((self.x.shape[1],), self.x.shape[0], dtype=torch.int32)
        gradients = []
        for change in (False, True):
            x = self.x.clone().requires_grad_()
            y = self.module(x, self.word, self.h0, lengths=lengths)["y"]
            if change:
                lengths[:] = 1
            y.square().sum().backward()
            gradients.append(x.grad)
        self.assertTrue(torch.equal(*gradients))

    def test_copies_have_all_that_is_added(self):
        module = copy.deepcopy(self.module)
        module.head = torch.nn.Linear(2, 1)
        module.note = "kept"
        for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
            self.assertTrue(torch.equal(other.head.weight, module.head.weight))
            self.assertEqual(other.note, "kept")
            weights = [weight for _, weight in other.named_parameters()]
            self.assertTrue(other._are_own(other._take_weights()), len(weights))

    def test_copies_keep_type_and_device(self):
        module = rnnc.torch.Module(self.module.net).float()
        self.assertEqual({weight.dtype for weight in copy.deepcopy(module).parameters()}, {torch.float32})
        module.to("meta")
        self.assertEqual({weight.device.type for weight in copy.deepcopy(module).parameters()}, {"meta"})

    def test_gradcheck(self):
        parameters = list(self.module.parameters())
        call = lambda x, h0, *_: tuple(self.module(x, self.word[:3], h0).values())
        x, h0 = self.x[:3].clone().requires_grad_(), self.h0.clone().requires_grad_()
        self.assertTrue(torch.autograd.gradcheck(call, (x, h0, *parameters)))

    def test_lengths(self):
        lengths = [6, 1, 3]
        x = self.x.clone().requires_grad_()
        results = self.module(x, self.word, self.h0, lengths=torch.tensor(lengths))
        parameters = dict(self.module.named_parameters())
        total = want = 0
        for stream, length in enumerate(lengths):
            y, end = two(
                parameters,
                x[:length, stream : stream + 1],
                self.word[:length, stream : stream + 1],
                self.h0[stream : stream + 1],
            )
            torch.testing.assert_close(results["y"][:length, stream], y[:, 0], atol=1e-12, rtol=0)
            torch.testing.assert_close(results["end"][stream], end[0], atol=1e-12, rtol=0)
            self.assertFalse(results["y"][length:, stream].any())
            want = want + y.square().sum() + end.sum()
        total = results["y"].square().sum() + results["end"].sum()
        leaves = [x, *parameters.values()]
        for a, b in zip(torch.autograd.grad(total, leaves), torch.autograd.grad(want, leaves)):
            torch.testing.assert_close(a, b, atol=1e-11, rtol=1e-10)

    def test_one_stream(self):
        alone = self.module(self.x[:, 1], self.word[:, 1], self.h0[1])
        torch.testing.assert_close(alone["y"], self.module(self.x, self.word, self.h0)["y"][:, 1])

    def test_frozen(self):
        module = copy.deepcopy(self.module)
        module.first.W.requires_grad_(False)
        module(self.x, self.word, self.h0)["y"].sum().backward()
        self.assertIsNone(module.first.W.grad)
        self.assertIsNotNone(module.first.U.grad)
        self.assertIsNone(self.module.first.U.grad)

    def test_without_parameters(self):
        net = rnnc.compile("model mean { input x[3]; output y = 0.5 * y[t-1] + x; output m = last(x) }", dtype="float64")
        module, x = rnnc.torch.Module(net), self.x.clone().requires_grad_()
        got = module(x)
        (got["y"].sum() + got["m"].sum()).backward()
        want = 2 - 0.5 ** torch.arange(FRAMES - 1, -1, -1, dtype=torch.float64)
        want[-1] += 1
        torch.testing.assert_close(x.grad, want[:, None, None].expand_as(x))
        with torch.no_grad():
            torch.testing.assert_close(module(x)["y"], got["y"])

    def test_graph_is_retained(self):
        x = self.x.clone().requires_grad_()
        first, second = (self.module(x * k, self.word, self.h0)["y"].sin().sum() for k in (1, 2))
        alone = [torch.autograd.grad(loss, x, retain_graph=True)[0] for loss in (first, second)]
        self.assertFalse(torch.equal(*alone))
        for loss, expected in ((second, alone[1]), (first, alone[0]), (first, alone[0])):
            self.assertTrue(torch.equal(torch.autograd.grad(loss, x, retain_graph=True)[0], expected))

    def test_gradients_of_some(self):
        """A backward pass makes what another one of the same graph had no use for."""
        x = self.x.clone().requires_grad_()
        leaves = [x, *self.module.parameters()]
        loss = self.module(x, self.word, self.h0)["y"].sin().sum()
        want = torch.autograd.grad(loss, leaves, retain_graph=True)
        loss = self.module(x, self.word, self.h0)["y"].sin().sum()
        some = torch.autograd.grad(loss, leaves[1:], retain_graph=True)
        for a, b in zip([*torch.autograd.grad(loss, leaves[:1]), *some], want):
            self.assertTrue(torch.equal(a, b))

    def test_memory_comes_back(self):
        module = copy.deepcopy(self.module)
        net = module.net
        net._idle_gradients.clear()
        y = module(self.x, self.word, self.h0)["y"]
        self.assertEqual(len(net._idle_gradients), 0)
        y.sum().backward(retain_graph=True)
        self.assertEqual(len(net._idle_gradients), 0)
        y.sum().backward()  # though y is still here
        self.assertEqual(len(net._idle_gradients), 1)
        memory = net._idle_gradients[0][1].address
        module(self.x, self.word, self.h0)["y"].sum().backward()
        self.assertEqual([kept[1].address for kept in net._idle_gradients], [memory])
        with torch.no_grad():
            module(self.x, self.word, self.h0)
        self.assertEqual(len(net._idle_gradients), 1)

    def test_only_once(self):
        x = self.x.clone().requires_grad_()
        for loss in (torch.sum, lambda y: y.square().sum()):
            y = self.module(x, self.word, self.h0)["y"]
            (gradient,) = torch.autograd.grad(loss(y), x, create_graph=True)
            torch.testing.assert_close(
                gradient, torch.autograd.grad(loss(self.module(x, self.word, self.h0)["y"]), x)[0]
            )
            with self.assertRaisesRegex(rnnc.Error, "no second derivatives"):
                torch.autograd.grad(gradient.sum(), x)


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
        words, xs, h0 = torch.randint(0, 5, (2, FRAMES, STREAMS)), torch.randn(FRAMES, STREAMS, 3), torch.zeros(STREAMS, 4)
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


class Training(unittest.TestCase):
    def module(self, seed=1):
        return rnnc.torch.Module(rnnc.compile(ELMAN), seed)

    def test_learns(self):
        torch.manual_seed(1)
        teacher, pupil = self.module(7), self.module(8)
        optimizer = torch.optim.Adam(pupil.parameters(), lr=0.02)
        x = torch.randn(20, 8, 3)
        with torch.no_grad():
            wanted = teacher(x)
        losses = []
        for _ in range(150):
            optimizer.zero_grad()
            loss = (pupil(x) - wanted).square().mean()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        self.assertLess(losses[-1], losses[0] / 100)

    def test_within_a_model(self):
        model = torch.nn.Sequential(torch.nn.Linear(2, 3), self.module(), torch.nn.Linear(5, 1))
        model(torch.randn(4, 2, 2)).sum().backward()
        self.assertTrue(all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters()))

    def test_weights_move(self):
        module, x = self.module(), torch.randn(4, 2, 3)
        before = module(x)
        torch.testing.assert_close(pickle.loads(pickle.dumps(module))(x), before)
        file = io.BytesIO()
        torch.save(module.state_dict(), file)
        file.seek(0)
        other = self.module(2)
        self.assertFalse(torch.equal(other(x), before))
        other.load_state_dict(torch.load(file))
        torch.testing.assert_close(other(x), before)
        # Where a parameter lies elsewhere, it counts all the same.
        module.W = torch.nn.Parameter(module.W.detach() * 2)
        module.W.grad = None
        doubled = module(x)
        self.assertFalse(torch.equal(doubled, before))
        doubled.sum().backward()
        self.assertIsNotNone(module.W.grad)
        with torch.no_grad():
            other.W.mul_(2)
        torch.testing.assert_close(other(x), doubled)
        with torch.no_grad():
            net = module.net
            net.load(other.state_dict())
            torch.testing.assert_close(torch.from_numpy(net.run(x.numpy())), doubled)

    def test_changed_before_backward(self):
        module = self.module()
        loss = module(torch.randn(4, 2, 3)).sum()
        with torch.no_grad():
            module.W.mul_(2)
        with self.assertRaisesRegex(RuntimeError, "modified by an inplace operation"):
            loss.backward()

    def test_changes_count(self):
        module, x = self.module(), torch.randn(4, 2, 3)
        for change in (lambda w: w.data.mul_(2), lambda w: w.mul_(2)):
            module.train()
            before = module(x)
            with torch.no_grad():
                change(module.U)
            self.assertFalse(torch.equal(module(x), before))
        module.eval()
        with torch.no_grad():
            before = module(x)
            torch.testing.assert_close(module(x), before, atol=0, rtol=0)
            module.U.mul_(2)
            self.assertFalse(torch.equal(module(x), before))
            before = module(x)
            module.U.data = module.U.data / 2
            self.assertFalse(torch.equal(module(x), before))

    def test_weights_are_packed_where_they_differ(self):
        module, x = self.module().eval(), torch.randn(4, 2, 3)
        with torch.no_grad():
            before = module(x)
            packed, place = module._packed, module._packed.memory.address
            module(x)
            self.assertIs(module._packed, packed)
            module.U = torch.nn.Parameter(module.U.data * 2)
            self.assertFalse(torch.equal(module(x), before))
            self.assertEqual((module._packed, module._packed.memory.address), (packed, place))

    def test_fused_optimizers(self):
        module, x = self.module(), torch.randn(4, 2, 3)
        optimizer = torch.optim.SGD(module.parameters(), lr=0.1, fused=True)  # leaves the versions as they are
        seen = []
        for _ in range(3):
            module.train()(x).sum().backward()
            optimizer.step()
            with torch.no_grad():
                seen.append(module.eval()(x))
                torch.testing.assert_close(seen[-1], copy.deepcopy(module)(x), atol=0, rtol=0)
        self.assertFalse(torch.equal(seen[1], seen[2]))

    def test_shared_memory(self):
        module = self.module()
        module.share_memory()
        other = pickle.loads(multiprocessing.reduction.ForkingPickler.dumps(module))
        with torch.no_grad():
            other.U.add_(1)
        self.assertTrue(torch.equal(module.U, other.U))
        self.assertTrue(torch.equal(module(torch.ones(2, 1, 3)), other(torch.ones(2, 1, 3))))

    def test_copies_of_parametrized_modules(self):
        module, x = self.module(), torch.randn(4, 2, 3)
        torch.nn.utils.parametrizations.weight_norm(module, "U")
        for other in (copy.deepcopy(module), torch.optim.swa_utils.AveragedModel(module)):
            self.assertTrue(torch.equal(other(x), module(x)))

    def test_made_in_inference_mode(self):
        x = torch.randn(4, 2, 3)
        with torch.inference_mode():
            module = copy.deepcopy(self.module())
            before = module(x)
        with torch.no_grad():
            self.assertTrue(torch.equal(module.eval()(x), before))
            module.U = torch.nn.Parameter(torch.zeros(5, 5))
            self.assertFalse(torch.equal(module(x), before))

    def test_state(self):
        module, x = self.module(), torch.randn(6, 2, 3)
        state = module.state(2)
        with torch.no_grad():
            parts = [module(x[:4], state=state), module(x[4:], state=state)]
        torch.testing.assert_close(torch.cat(parts), module(x))
        with self.assertRaisesRegex(rnnc.Error, "no gradient goes through this state"):
            module(x, state=state)

    def test_gradients_through_a_state(self):
        net = rnnc.compile(LATE, dtype="float64")
        module = rnnc.torch.Module(net, seed=2)
        random = torch.Generator().manual_seed(1)
        x = torch.randn(7, 2, 3, dtype=torch.float64, generator=random).requires_grad_()
        leaves = [x, *module.parameters()]
        whole = torch.autograd.grad(module(x).sin().sum(), leaves)
        state, lengths = module.state(2, gradients=True), [(3, 2), (1, 0), (3, 3)]
        parts = [module(part, state=state) for part in x.split([3, 1, 3])]
        pieces = torch.autograd.grad(torch.cat(parts).sin().sum(), leaves)
        for got, want in zip(pieces, whole):
            torch.testing.assert_close(got, want, atol=1e-12, rtol=1e-12)

        names = [name for name, _ in module.named_parameters()]

        def run(first, second, *weights):
            state, given = module.state(2, gradients=True), dict(zip(names, weights))
            y = torch.func.functional_call(module, given, (first,), {"state": state, "lengths": lengths[0]})
            other = state.copy()
            z = torch.func.functional_call(module, given, (second,), {"state": state})
            return y, z, torch.func.functional_call(module, given, (-second,), {"state": other})

        first, second = (part.detach().requires_grad_() for part in (x[:3], x[3:5]))
        self.assertTrue(torch.autograd.gradcheck(run, (first, second, *module.parameters())))

    def test_a_state_lets_go(self):
        module, x = rnnc.torch.Module(rnnc.compile(LATE)), torch.randn(4, 2, 3)
        state, early, late = module.state(2, gradients=True), x.clone().requires_grad_(), x.clone().requires_grad_()
        module(early, state=state)
        kept, reset = state.copy(), state.copy()
        reset.reset([True, False])
        (gradient,) = torch.autograd.grad(module(late, state=reset).sum(), early)
        self.assertTrue(bool((gradient[:, 0] == 0).all()) and bool((gradient[:, 1] != 0).any()))
        y = module(late, state=state.detach())
        self.assertIsNone(torch.autograd.grad(y.sum(), early, allow_unused=True)[0])
        with torch.no_grad():
            torch.testing.assert_close(module(x, state=kept), y)
        with self.assertRaisesRegex(TypeError, "state is none of this network's"):
            copy.deepcopy(module)(x, state=state)
        for _ in range(2):  # the second backward pass finds nothing of the first call
            reset.reset()
            module(late, state=reset).sum().backward()
        with torch.no_grad():
            y = module(x, state=reset.copy())
            other, again = pickle.loads(pickle.dumps((module, reset)))
            self.assertIsInstance(again, rnnc.torch.State)
            torch.testing.assert_close(other(x, state=again), y, rtol=0, atol=0)
        state.detach()
        again = torch.utils.checkpoint.checkpoint(lambda x: module(x, state=state.copy()), late, use_reentrant=False)
        (gradient,) = torch.autograd.grad(again.sum(), late)
        torch.testing.assert_close(gradient, torch.autograd.grad(module(late, state=state.copy()).sum(), late)[0])
        again = torch.utils.checkpoint.checkpoint(lambda x: module(x, state=state), late, use_reentrant=False)
        with self.assertRaisesRegex(rnnc.Error, "from a state that had changed since"):
            again.sum().backward()
        with self.assertRaisesRegex(rnnc.Error, "'ahead' needs whole sequences, so that it has no state"):
            ahead = rnnc.compile("model ahead { input x[3]; param a; output y = a * x[t+1] }")
            rnnc.torch.Module(ahead).state(gradients=True)
        with self.assertRaisesRegex(rnnc.Error, "'ahead' needs whole sequences, so that it has no state to go on from"):
            rnnc.torch.Module(ahead).state()

    def test_messages(self):
        module = self.module()
        x = torch.randn(4, 2, 3)
        for call, kind, message in [
            (
                lambda: module(x.to("meta")),
                ValueError,
                r"input 'x' is on meta: compiled networks run on the CPU; give .cpu\(\)",
            ),
            (lambda: module(x.double()), TypeError, "input 'x' is of type torch.float64; expected torch.float32"),
            (lambda: module(x.numpy()), TypeError, "input 'x' is a ndarray; expected a torch.Tensor"),
            (
                lambda: module(x[..., :2]),
                ValueError,
                r"input 'x' has shape \[4, 2, 2\]; expected \[frames, streams, 3\]",
            ),
            (lambda: module(), TypeError, "input 'x' is missing"),
            (lambda: copy.deepcopy(module).to("meta")(x), ValueError, "parameter 'W' is on meta"),
            (lambda: copy.deepcopy(module).double()(x), TypeError, "parameter 'W' is of type torch.float64"),
            (lambda: rnnc.torch.Module(3), TypeError, "is made from what rnnc.compile gives, not from int"),
            (
                lambda: rnnc.torch.Module(rnnc.compile("model m { input x; param forward; output y = forward * x }")),
                rnnc.Error,
                "cannot have the parameter 'forward', as 'forward' is a name of its own",
            ),
            (
                lambda: rnnc.torch.Module(
                    rnnc.compile(ELMAN + "model m { input x[3]; state = Elman[5](x); output y = state }")
                ),
                rnnc.Error,
                r"cannot have the parameter 'state.W', as 'state' is a name of its own",
            ),
        ]:
            with self.assertRaisesRegex(kind, message):
                call()


if __name__ == "__main__":
    unittest.main()
