"""rnnc.torch in training loops, and how its weights move; skipped without PyTorch."""

import copy
import io
import multiprocessing.reduction
import pickle
import unittest

try:
    import torch
except ImportError:
    raise SystemExit(77) if __name__ == "__main__" else unittest.SkipTest("there is no PyTorch here") from None

import rnnc
import rnnc.torch
from torch_networks import ELMAN


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


if __name__ == "__main__":
    unittest.main()
