"""python/rnnc/_model.py has the structures of rnn/model.h: sizes and offsets as the C compiler sees them. Needs no NumPy."""

import ctypes
import importlib.util
import os
import shlex
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def load_mirror():
    path = os.path.join(ROOT, "python", "rnnc", "_model.py")
    spec = importlib.util.spec_from_file_location("model_mirror", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Mirror(unittest.TestCase):
    def test_layout(self):
        mirror = load_mirror()
        lines, expected = [], []
        for structure in mirror.MIRRORED:
            name = structure.__name__
            lines.append(f'printf("{name} %zu\\n", sizeof({name}));')
            expected.append(f"{name} {ctypes.sizeof(structure)}")
            for field, _ in structure._fields_:
                lines.append(
                    f'printf("{name}.{field} %zu %zu\\n", offsetof({name}, {field}), sizeof((({name} *)0)->{field}));'
                )
                member = getattr(structure, field)
                expected.append(f"{name}.{field} {member.offset} {member.size}")
        constants = [name for name in dir(mirror) if name.startswith(("TYPE_", "TIME_")) or name == "OK"]
        for name in constants:
            lines.append(f'printf("{name} %d\\n", RNN_{name});')
            expected.append(f"{name} {getattr(mirror, name)}")
        source = (
            "#include <stdio.h>\n#include <rnn/model.h>\nint main(void) {\n" + "\n".join(lines) + "\nreturn 0;\n}\n"
        )
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "layout.c")
            with open(path, "w", encoding="utf-8") as file:
                file.write(source)
            include = os.path.join(ROOT, "runtime", "include")
            subprocess.run(
                [*shlex.split(os.environ.get("CC") or "cc"), "-I", include, path, "-o", path[:-2]], check=True
            )
            found = subprocess.run([path[:-2]], check=True, capture_output=True, text=True).stdout
        self.assertEqual(found.split("\n")[:-1], expected)


if __name__ == "__main__":
    unittest.main()
