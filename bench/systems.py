"""The systems that bench/run.sh measures: for each a command, or why it is missing, and what holds it to the instruction set
and the threads that were asked for."""
import contextlib
import os
import pathlib
import platform
import subprocess
import sys

import commands

DRIVERS = pathlib.Path(__file__).resolve().parent / "drivers"

# name -> script, its arguments, packages it imports
PYTHON = {
    "onnxruntime": ("onnx_peer.py", ["onnxruntime"], ["numpy", "onnx", "onnxruntime"]),
    "openvino": ("onnx_peer.py", ["openvino"], ["numpy", "onnx", "openvino"]),
    "torch": ("torch_peer.py", [], ["numpy", "torch"]),
    "torch-compiled": ("torch_peer.py", ["compiled"], ["numpy", "torch"]),
    "jax": ("jax_peer.py", [], ["numpy", "jax"]),
}
# name -> source, argument, package, libraries
C = {
    "onednn-inference": ("onednn", ["inference"], "onednn-cpu-gomp and onednn-devel-cpu-gomp of PyPI"),
    "onednn-training": ("onednn", ["training"], "onednn-cpu-gomp and onednn-devel-cpu-gomp of PyPI"),
    "libxsmm": ("libxsmm", [], "libxsmm-dev of Debian"),
    "openblas": ("openblas", [], "libopenblas-dev of Debian"),
}
NAMES = [*C, *PYTHON]
NOT_INSTALLED = "not installed"  # begins a reason that --install may mend
OWN = ("rnnc", "base", "one-thread")  # emitted code: as asked for, of an earlier version, with one thread in place of several

# What holds peers to AVX2 on a machine with AVX-512.
AVX2 = {
    "DNNL_MAX_CPU_ISA": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "XLA_FLAGS": "--xla_cpu_max_isa=AVX2", "LIBXSMM_TARGET": "hsw", "OPENBLAS_CORETYPE": "Haswell",
}
NOTES = {"libxsmm": "Debian's build computes tanh and the sigmoid number by number"}
AVX2_NOTES = {"onnxruntime": "has no switch for AVX2: uses AVX-512 here"}


def cpu_flags():
    for line in open("/proc/cpuinfo"):
        if line.startswith("flags"):
            return line.split()
    return []


def cpu_name():
    """The first processor, as "AMD EPYC (family 25, model 17)"."""
    lines = [[part.strip() for part in line.split(":", 1)] for line in open("/proc/cpuinfo").read().split("\n\n")[0].splitlines()]
    said = dict(line for line in lines if len(line) == 2)
    if "model name" not in said:
        return platform.machine()
    return f"{said['model name']} (family {said.get('cpu family')}, model {said.get('model')})"


def macros_of(cc, march):
    """What a compiler predefines for a machine; ValueError if it knows none of that name, or is none."""
    try:
        result = subprocess.run([*cc, f"-march={march}", "-dM", "-E", "-"], stdin=subprocess.DEVNULL, text=True, capture_output=True)
    except OSError as reason:
        raise ValueError(f"cannot run the C compiler '{cc[0]}': {reason.strerror}; $CC names another, `sh scripts/install-deps.sh` installs gcc")
    if result.returncode:
        said = result.stderr.strip() or f"ended with status {result.returncode}"
        raise ValueError(f"{cc[0]} does not compile for --march {march}: {said.splitlines()[0]}")
    if "__GNUC__" not in result.stdout:
        raise ValueError(f"'{' '.join(cc)}' is neither gcc nor clang; $CC names another compiler")
    return result.stdout


def instructions(options):
    """Those that peers may use on this machine."""
    return "avx512" if "avx512f" in cpu_flags() and "__AVX512F__" in options.macros else "avx2"


def held_to_avx2(options):
    return "avx512f" in cpu_flags() and instructions(options) == "avx2"


def compile_driver(cc, options, name, program, *arguments):
    """Compiles a driver in C; the compiler's errors go to standard error. Returns whether it succeeded."""
    openmp = ["-fopenmp"] if options.threads > 1 else []
    return commands.run(*cc, "-O3", f"-march={options.march}", *openmp, f"-I{DRIVERS}", f"{DRIVERS}/driver.c", f"{DRIVERS}/{name}.c",
                        *arguments, "-lm", "-o", program) == 0


def environment(options):
    """The clock, threads and instruction set for every system."""
    threads = str(options.threads)
    # glibc is to keep memory that peers free after each call, as handing it back and fetching it costs as much as small tasks.
    variables = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 32), "MALLOC_TOP_PAD_": str(1 << 26),
                 "BENCH_THREADS": threads, "BENCH_CLOCK": "cpu" if options.threads == 1 else "wall", "OMP_NUM_THREADS": threads,
                 "OPENBLAS_NUM_THREADS": threads, "MKL_NUM_THREADS": threads,
                 # torch.compile would take code from its cache that it made for other instructions, and compute garbage.
                 "TORCHINDUCTOR_CACHE_DIR": f"{options.folder}/torch-compiled/{instructions(options)}-{threads}"}
    if held_to_avx2(options):
        variables.update(AVX2)
    elif "avx512f" in cpu_flags():
        variables["OPENBLAS_CORETYPE"] = "SkylakeX"  # Debian's chooses Haswell on some machines with AVX-512
    return variables


def find_interpreter(folder):
    """(the Python that peers run in, the names of its packages)."""
    own = folder / "python/bin/python"
    python = str(own) if os.access(own, os.X_OK) else sys.executable
    names = "import importlib.metadata as m; print(*(d.metadata['Name'].lower() for d in m.distributions()))"
    return python, subprocess.run([python, "-c", names], text=True, capture_output=True).stdout.split()


def find_python(name, interpreter):
    script, arguments, packages = PYTHON[name]
    python, installed = interpreter
    for package in packages:
        if package not in installed:
            return {"missing": f"{NOT_INSTALLED}: no {package} for {python}"}
    return {"command": [python, "-B", str(DRIVERS / script), *arguments], "lasting": True}


def flags_of(name, folder):
    """Compiler arguments of a driver in C, or None if what it needs is not installed."""
    if name == "onednn":
        libraries = sorted(folder.glob("onednn/lib/**/libdnnl.so.3"))
        if not libraries:
            return None
        return [str(DRIVERS / "onednn_memory.c"), f"-I{folder}/onednn/include", str(libraries[0]), f"-Wl,-rpath,{libraries[0].parent}"]
    if name == "libxsmm":
        return ["-fopenmp", "-lxsmm", "-lopenblas", "-ldl", "-lpthread"] if os.path.exists("/usr/include/libxsmm.h") else None
    found = any(pathlib.Path("/usr/include").glob("**/cblas.h"))
    return ["-ffast-math", "-lopenblas"] if found else None


def find_c(name, options, work):
    source, arguments, package = C[name]
    flags = flags_of(source, options.folder)
    if flags is None:
        return {"missing": f"{NOT_INSTALLED}: {package}"}
    program = f"{work}/{source}"
    if not compile_driver(options.cc, options, source, program, *flags):
        return {"missing": "its driver does not compile"}
    return {"command": [program, *arguments]}


def peers_named(text):
    """The names of a list; ValueError if it has others."""
    words = {"none": [], "all": NAMES}.get(text, text.split(","))
    for word in words:
        if not any(name == word or name.startswith(word + "-") for name in NAMES):
            raise ValueError(f"no peer '{word}'; there are {', '.join(NAMES)}")
    return [name for name in NAMES if any(name == word or (name.startswith(word + "-") and word not in NAMES) for word in words)]


def find(options, work):
    """Name -> {"missing": reason}, or {"command" or "project", "build" and "cc", "environment", maybe "note"}. Compiles into the
    folder work."""
    ours = {"project": options.project, "build": options.build, "cc": options.cc}
    systems, interpreter = {"rnnc": ours}, find_interpreter(options.folder)
    for name in NAMES:
        if name not in options.peers:
            systems[name] = {"missing": "not asked for"}
        else:
            systems[name] = find_c(name, options, work) if name in C else find_python(name, interpreter)
        if name in NOTES and "missing" not in systems[name]:
            systems[name]["note"] = NOTES[name]
        if name in AVX2_NOTES and "missing" not in systems[name] and held_to_avx2(options):
            systems[name]["note"] = AVX2_NOTES[name]
    systems["rtneural"] = {"missing": "in neither Debian nor PyPI"}
    systems["base"] = {"missing": "no --base, which names an earlier version's folder"}
    if options.base:
        systems["base"] = {"project": options.base, "build": options.base / "build", "cc": options.base_cc,
                           "note": f"commit {commit_of(options.base)}, {version_of(options.base_cc)}"}
    if options.threads > 1:
        systems["one-thread"] = {**ours, "note": "with OMP_NUM_THREADS=1"}
    for name, system in systems.items():
        system["environment"] = {**environment(options), **({"OMP_NUM_THREADS": "1"} if name == "one-thread" else {})}
    return systems


def version_of(cc):
    return subprocess.run([*cc, "--version"], text=True, capture_output=True, check=True).stdout.splitlines()[0]


def commit_of(project):
    with contextlib.suppress(OSError):  # no git
        described = subprocess.run(["git", "-C", project, "describe", "--always", "--dirty"], text=True, capture_output=True)
        return described.stdout.strip() or "unknown"
    return "unknown"


def describe_run(options):
    """What the report says of the machine and the way of measuring."""
    uses = "AVX-512" if instructions(options) == "avx512" else "what -march says" + (", AVX2 for peers" if held_to_avx2(options) else "")
    return {"cpu": cpu_name(), "instructions": uses, "compiler": version_of(options.cc),
            "flags": f"-O3 -march={options.march}{' -fopenmp' if options.threads > 1 else ''}", "commit": commit_of(options.project),
            "threads": options.threads, "rounds": options.rounds, "seconds": options.seconds,
            "clock": "processor time" if options.threads == 1 else "time on the wall", "quick": options.quick, "tasks": options.tasks}
