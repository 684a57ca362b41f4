#include "options_table.h"

/* The parts of the screen of --help. Options that name none belong to the part of the one before them. */
enum {
    PART_WRITTEN = 1,
    PART_NETWORK,
    PART_FORMS,
    PART_NEEDS,
    PART_MAKE,
    PART_MACHINE,
    PART_MESSAGES,
    PART_EDITORS,
    PART_STEPS
};

const struct argp_option options_table[] = {
    {NULL, 0, NULL, 0, "What is written:", PART_WRITTEN},
    {NULL, 0, NULL, 0, "The network:", PART_NETWORK},
    {NULL, 0, NULL, 0, "Forms of its parameters:", PART_FORMS},
    {NULL, 0, NULL, 0, "Weights, and what the C needs:", PART_NEEDS},
    {NULL, 0, NULL, 0, "A rule of make, which says what the C is made from:", PART_MAKE},
    {NULL, 0, NULL, 0, "The machine that runs it:", PART_MACHINE},
    {NULL, 0, NULL, 0, "Messages:", PART_MESSAGES},
    {NULL, 0, NULL, 0, "For editors:", PART_EDITORS},
    {NULL, 0, NULL, 0,
     "The compiler itself; -fno- turns a transformation off, which changes results in rounding alone:", PART_STEPS},
    {NULL, 'o', "FILE", 0, "write the C file (or what --emit asks for) here; -, as without it, is standard output",
     PART_WRITTEN},
    {"emit", KEY_EMIT, "KIND", 0,
     "c (without it), source (the program, formatted), graph, dot, schedule, explain, predict (how long a call takes, "
     "as JSON) or html (a page that shows the network)",
     0},
    {"header", KEY_HEADER, "FILE", 0, "write the declarations to a header of their own", 0},
    {NULL, 'D', "NAME=VALUE", 0, "set a const of the file, or a dimension or function of the top cell", PART_NETWORK},
    {NULL, 'I', "FOLDER", 0, "look for imported files here, behind the folder of the file that imports them", 0},
    {"top", KEY_TOP, "NAME", 0, "the model or cell to compile (the only model, or else the last cell)", 0},
    {"prefix", KEY_PREFIX, "NAME", 0, "begin the names of C functions and types with NAME_", PART_WRITTEN},
    {"train", KEY_TRAIN, NULL, 0, "emit NAME_grad too: the loss of a call and its gradients", 0},
    {"input-gradients", KEY_INPUT_GRADIENTS, NULL, 0, "with --train: gradients of the inputs too", 0},
    {"vjp", KEY_VJP, NULL, 0,
     "emit NAME_vjp too: from adjoints of the outputs, gradients of parameters and inputs, with or without a loss", 0},
    {"vjp-states", KEY_VJP_STATES, NULL, 0,
     "the same through states: from the adjoint of what a call leaves, that of what it went on from", 0},
    {"form", KEY_FORM, "PATTERN=FORM", 0,
     "keep the parameters whose names fit the pattern (h1.*) in this form: svd:RANK, "
     "svd:RANK:preview=COLUMNS:refine=UNITS, cp:RANK or dense, and f32, f16, bf16 or int8, with a comma between; "
     "auto: the compiler chooses the storage, by the predicted time of --load; of several the last that fits holds",
     PART_FORMS},
    {"forms", KEY_FORMS, "FILE", 0, "read such forms from a file, one a line; # begins a comment", 0},
    {"variants", KEY_VARIANTS, "FORM,FORM,...", 0,
     "emit the network in several forms, of which it chooses one when it loads, by the caches of the machine: each is "
     "dense, svd:64, f16 and the like, with a plus between, for all parameters that they make smaller, or PATTERN=FORM "
     "with semicolons between, or @FILE, as with --forms",
     0},
    {"embed", KEY_EMBED, "FILE", 0,
     "write the weights of a safetensors file into the C as constants, NAME_weights; implies --no-files", PART_NEEDS},
    {"no-files", KEY_NO_FILES, NULL, 0,
     "leave out NAME_load, NAME_load_memory and NAME_save: then the C needs neither jansson nor a file system", 0},
    {"freestanding", KEY_FREESTANDING, NULL, 0,
     "one C99 file (with --header two) that needs no runtime, C library, heap or files: for gcc and clang", 0},
    {"plain-c", KEY_PLAIN_C, NULL, 0, "with --freestanding: for any C99 compiler, without vectors", 0},
    {"weights", KEY_WEIGHTS, "FILE", 0,
     "with --plain-c: write the weights of a safetensors file into the C as constants that are read as they are, "
     "NAME_weights, without a copy in memory",
     0},
    {"self-test", KEY_SELF_TEST, NULL, 0,
     "with --freestanding and, where there are parameters, --weights or --embed: a main that compares the network with "
     "recorded outputs, and returns 0",
     0},
    {"-MD", 0, NULL, OPTION_DOC, "write it beside the C file", PART_MAKE},
    {"-MF FILE", 0, NULL, OPTION_DOC, "write it to this file", 0},
    {"-MT TARGET", 0, NULL, OPTION_DOC, "the rule's target (the C file)", 0},
    {"-MP", 0, NULL, OPTION_DOC, "add an empty rule for each file but the program", 0},
    {NULL, 'M', "D", OPTION_HIDDEN, "one of those", 0},
    {"machine", KEY_MACHINE, "NAME|FILE", 0,
     "the machine whose sizes and speeds decide: generic (the default), sse2, avx2, avx512, neon, or what `rnn tune` "
     "has measured",
     PART_MACHINE},
    {"target", KEY_TARGET, "NAME", 0,
     "the instructions that the C is for: native (those here), base (of any machine; SSE2), x86-64-v2, x86-64-v3, "
     "x86-64-v4, aarch64 or multi (several files, of which the program chooses one when it runs: FILE-base.c, "
     "FILE-x86-64-v3.c and FILE-x86-64-v4.c beside FILE.c)",
     0},
    {"load", KEY_LOAD, "STREAMS,FRAMES,THREADS", 0,
     "the call that --emit=predict and the choice among --variants and forms are about (1,100,1)", 0},
    {"double", KEY_DOUBLE, NULL, 0, "with --emit=predict: of C that is compiled with -DRNN_REAL_DOUBLE", 0},
    {"dump-after", KEY_DUMP, "STAGE", 0, "print what STAGE leaves to standard error", PART_STEPS},
    {"time-stages", KEY_TIME, NULL, 0, "print how long each stage took to standard error", 0},
    {NULL, 'f', "SWITCH", OPTION_HIDDEN, "one of those below", 0},
    {"-f[no-]batch-frames", 0, NULL, OPTION_DOC, "compute many frames at once where nothing forbids it", 0},
    {"-f[no-]elementwise-scan", 0, NULL, OPTION_DOC, "run cycles without products through all frames in one kernel", 0},
    {"-f[no-]factor", 0, NULL, OPTION_DOC, "multiply matrices in the order that is cheaper", 0},
    {"-f[no-]group-frames", 0, NULL, OPTION_DOC, "run cycles with delays of d or more d frames at a time", 0},
    {"-f[no-]sink", 0, NULL, OPTION_DOC, "compute cheap values again beside their readers", 0},
    {"-f[no-]turn-panels", 0, NULL, OPTION_DOC, "read the weights of a scan to and fro", 0},
    {"-fblock-frames=N", 0, NULL, OPTION_DOC, "compute N frames at once", 0},
    {"-fthreads=WAY", 0, NULL, OPTION_DOC,
     "how threads share the work: auto, serial, streams, units, rows or wavefront", 0},
    {"-fsyntax-only", 0, NULL, OPTION_DOC, "check the program, and write nothing", PART_MESSAGES},
    {"-fdiagnostics-format=FORMAT", 0, NULL, OPTION_DOC, "text or json", 0},
    {"-fdiagnostics-color=WHEN", 0, NULL, OPTION_DOC, "auto, always or never", 0},
    {"-Werror", 0, NULL, OPTION_DOC, "treat warnings as errors", PART_MESSAGES},
    {NULL, 'W', "error", OPTION_HIDDEN, "that", 0},
    {"error-limit", KEY_LIMIT, "N", 0, "print at most N errors (20); 0: all", 0},
    {"lsp", KEY_LSP, NULL, 0, "serve an editor, which sends programs and questions through the standard streams",
     PART_EDITORS},
    {0}};

_Static_assert(sizeof options_table / sizeof *options_table <= OPTIONS_MOST, "an option has no room");
