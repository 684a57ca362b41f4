"""rnnc.torch against PyTorch's own derivatives of the same equations; skipped without PyTorch."""

import copy
import pickle
import unittest

try:
    import torch
except ImportError:
    raise SystemExit(77) if __name__ == "__main__" else unittest.SkipTest("there is no PyTorch here") from None

import rnnc
import rnnc.torch
from torch_networks import ELMAN, FRAMES, STREAMS, TWO, two


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

    def test_empty_batches(self):
        """Without streams outputs are empty and gradients 0, as those of torch.nn.LSTM; frames there have to be."""
        module, lstm = rnnc.torch.Module(rnnc.compile(ELMAN)), torch.nn.LSTM(3, 5)
        for of in (module, lstm):
            x = torch.zeros(4, 0, 3, requires_grad=True)
            y = of(x)
            y = y if of is module else y[0]
            self.assertEqual((y.shape, y.dtype), ((4, 0, 5), torch.float32))
            y.sum().backward()
            self.assertEqual(x.grad.shape, x.shape)
            self.assertTrue(all(w.grad is not None and not w.grad.any() for w in of.parameters()))
        with torch.no_grad():
            self.assertEqual(module(torch.zeros(4, 0, 3), lengths=torch.zeros(0, dtype=torch.int32)).shape, (4, 0, 5))
        with self.assertRaisesRegex(ValueError, "the inputs have no frames"):
            module(torch.zeros(0, 2, 3))
        results = self.module(self.x[:, :0], self.word[:, :0], self.h0[:0])
        self.assertEqual({name: y.shape for name, y in results.items()}, {"y": (FRAMES, 0, 3), "end": (0, 4)})
        with self.assertRaisesRegex(ValueError, "the inputs have 0 streams and the state has 2"):
            module(torch.zeros(4, 0, 3), state=module.state(2))

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


if __name__ == "__main__":
    unittest.main()
