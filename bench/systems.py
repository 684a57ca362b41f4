"""The systems that bench/run.sh measures: for each a command, or why it is missing, and what holds it to the instruction set
and the threads that were asked for."""
import importlib.metadata
import os
import pathlib
import platform
import subprocess
import sys

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


def compiler_has_avx512(options):
    macros = subprocess.run([*options.cc.split(), f"-march={options.march}", "-dM", "-E", "-"], input="", text=True, capture_output=True,
                            check=True).stdout
    return "__AVX512F__" in macros


def held_to_avx2(options):
    return "avx512f" in cpu_flags() and not compiler_has_avx512(options)


def compile_driver(options, name, program, *arguments, cc=None):
    """Compiles a driver in C; the compiler's errors go to standard error."""
    subprocess.run([*(cc or options.cc).split(), "-O3", f"-march={options.march}", f"-I{DRIVERS}", f"{DRIVERS}/driver.c", f"{DRIVERS}/{name}.c",
                    *arguments, "-lm", "-o", program], check=True)


def pinned(options, command):
    """A command on the last processors, of as many as there are threads."""
    processors = sorted(os.sched_getaffinity(0))[-options.threads :]
    return ["taskset", "-c", ",".join(map(str, processors)), *command]


def environment(options):
    """The clock, threads and instruction set for every system."""
    threads = str(options.threads)
    # glibc is to keep memory that peers free after each call, as handing it back and fetching it costs as much as small tasks.
    variables = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 32), "MALLOC_TOP_PAD_": str(1 << 26),
                 "BENCH_THREADS": threads, "BENCH_CLOCK": "cpu" if options.threads == 1 else "wall", "OMP_NUM_THREADS": threads,
                 "OPENBLAS_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
    if held_to_avx2(options):
        variables.update(AVX2)
    elif "avx512f" in cpu_flags():
        variables["OPENBLAS_CORETYPE"] = "SkylakeX"  # Debian's chooses Haswell on some machines with AVX-512
    return variables


def find_python(name):
    script, arguments, packages = PYTHON[name]
    for package in packages:
        try:
            importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            return {"missing": f"not installed: no {package} for {sys.executable}"}
    return {"command": [sys.executable, str(DRIVERS / script), *arguments], "lasting": True}


def flags_of(name, folder):
    """Compiler arguments of a driver in C, or None if what it needs is not installed."""
    if name == "onednn":
        libraries = sorted(pathlib.Path(folder).glob("onednn/lib/**/libdnnl.so.3"))
        if not libraries:
            return None
        return [str(DRIVERS / "onednn_memory.c"), f"-I{folder}/onednn/include", str(libraries[0]), f"-Wl,-rpath,{libraries[0].parent}"]
    if name == "libxsmm":
        return ["-lxsmm", "-lopenblas", "-ldl", "-lpthread"] if os.path.exists("/usr/include/libxsmm.h") else None
    found = any(pathlib.Path("/usr/include").glob("**/cblas.h"))
    return ["-ffast-math", "-lopenblas"] if found else None


def find_c(name, options):
    source, arguments, package = C[name]
    if not (DRIVERS / f"{source}.c").exists():
        return {"missing": "no driver"}
    flags = flags_of(source, options.folder)
    if flags is None:
        return {"missing": f"not installed: {package}"}
    program = f"{options.work}/{source}"
    try:
        compile_driver(options, source, program, *flags)
    except subprocess.CalledProcessError:
        return {"missing": "its driver does not compile"}
    return {"command": [program, *arguments]}


def find(options):
    """Name -> {"missing": reason}, or {"command" or "project" and "build", "environment", maybe "note"}."""
    asked = [] if options.peers == "none" else NAMES if options.peers == "all" else options.peers.split(",")
    unknown = [name for name in asked if not any(name == known or known.startswith(name + "-") for known in NAMES)]
    if unknown:
        sys.exit(f"no peer '{unknown[0]}'; there are {', '.join(NAMES)}")
    systems = {"rnnc": {"project": options.project, "build": options.build}}
    for name in NAMES:
        if not any(name == word or (name.startswith(word + "-") and word not in NAMES) for word in asked):
            systems[name] = {"missing": "not asked for"}
        else:
            systems[name] = find_c(name, options) if name in C else find_python(name)
    systems["base"] = {"missing": "no --base, which names an earlier version's folder"}
    if options.base:
        systems["base"] = {"project": options.base, "build": options.base + "/build", "cc": options.base_cc}
        systems["base"]["note"] = f"commit {commit_of(options.base)}, {version_of(options.base_cc)}"
    systems["rtneural"] = {"missing": "in neither Debian nor PyPI"}
    for name, system in systems.items():
        system["environment"] = environment(options)
        if name in NOTES and "missing" not in system:
            system["note"] = NOTES[name]
        if held_to_avx2(options) and name in AVX2_NOTES:
            system["note"] = AVX2_NOTES[name]
    return systems


def version_of(cc):
    return subprocess.run([*cc.split(), "--version"], text=True, capture_output=True, check=True).stdout.splitlines()[0]


def commit_of(project):
    described = subprocess.run(["git", "-C", project, "describe", "--always", "--dirty"], text=True, capture_output=True)
    return described.stdout.strip() or "unknown"


def describe_run(options):
    """What the report says of the machine and the way of measuring."""
    return {"cpu": cpu_name(), "instructions": "AVX-512" if compiler_has_avx512(options) else "what -march says, AVX2 for peers" if
            held_to_avx2(options) else "what -march says", "compiler": version_of(options.cc), "flags": f"-O3 -march={options.march}",
            "commit": commit_of(options.project), "threads": options.threads, "rounds": options.rounds, "seconds": options.seconds,
            "clock": "processor time" if options.threads == 1 else "wall clock", "quick": options.quick, "tasks": options.tasks}
