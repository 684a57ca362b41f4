"""States of rnnc.torch, through which gradients go, and its messages; skipped without PyTorch."""

import copy
import pickle
import unittest

try:
    import torch
except ImportError:
    raise SystemExit(77) if __name__ == "__main__" else unittest.SkipTest("there is no PyTorch here") from None

import rnnc
import rnnc.torch
from torch_networks import ELMAN, LATE


class States(unittest.TestCase):
    def module(self, seed=1):
        return rnnc.torch.Module(rnnc.compile(ELMAN), seed)

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
            (
                lambda: setattr(module, "W", None) or module(x),
                ValueError,
                r"parameter 'W' is None; expected a torch.nn.Parameter of shape \[5, 3\]",
            ),
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
