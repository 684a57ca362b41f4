#include "bench/limits.h"

#include <dlfcn.h>
#include <math.h>
#include <string.h>

#include "bench/timing.h"
#include "rnn/model.h"

/* As many accumulators as hide the latency of a multiply-add and fit the registers of every instruction set. They start
 * at numbers that a compiler does not know: of those that stay as they are it would leave out the arithmetic. */
static const char probes[] = "#include \"rnn/vec.h\"\n"
                             "enum { ACCUMULATORS = 12, STRIDE = 8 * RNN_LANES };\n"
                             "double probe_multiply_adds(long rounds, double *seen)\n"
                             "{\n"
                             "    const rnn_vec x = rnn_vec_splat((rnn_real)0.5), y = rnn_vec_splat(1);\n"
                             "    rnn_vec sums[ACCUMULATORS];\n"
                             "    for (int i = 0; i < ACCUMULATORS; i++)\n"
                             "        sums[i] = rnn_vec_splat((rnn_real)(*seen + i));\n"
                             "    for (long r = 0; r < rounds; r++)\n"
                             "        RNN_UNROLL(12) for (int i = 0; i < ACCUMULATORS; i++)\n"
                             "            sums[i] = rnn_vec_madd(sums[i], x, y);\n"
                             "    for (int i = 0; i < ACCUMULATORS; i++)\n"
                             "        *seen += rnn_vec_sum(sums[i]);\n"
                             "    return 2.0 * RNN_LANES * ACCUMULATORS * (double)rounds;\n"
                             "}\n"
                             "double probe_reads(const rnn_real *data, long count, int back)\n"
                             "{\n"
                             "    const long strides = count / STRIDE;\n"
                             "    rnn_vec sums[8];\n"
                             "    for (int i = 0; i < 8; i++)\n"
                             "        sums[i] = rnn_vec_splat(0);\n"
                             "    for (long s = 0; s < strides; s++) {\n"
                             "        const rnn_real *at = data + (back ? strides - 1 - s : s) * STRIDE;\n"
                             "        RNN_UNROLL(8) for (int i = 0; i < 8; i++)\n"
                             "            sums[i] += rnn_vec_load(at + i * RNN_LANES);\n"
                             "    }\n"
                             "    double sum = 0;\n"
                             "    for (int i = 0; i < 8; i++)\n"
                             "        sum += rnn_vec_sum(sums[i]);\n"
                             "    return sum;\n"
                             "}\n";

enum { ATTEMPTS = 7 };
static volatile double seen; /* results that a compiler must not leave out */

bool limits_open(struct limits *limits, const struct network_options *options, const char **error)
{
    struct network_options of_probes = *options;
    of_probes.quiet = true;
    *limits = (struct limits){.library = library_open(&of_probes, probes, error),
                              .real_size = options->in_double ? (int)sizeof(double) : (int)sizeof(float)};
    if (!limits->library)
        return false;
    double (*multiply_adds)(long rounds, double *seen);
    *(void **)&multiply_adds = dlsym(limits->library, "probe_multiply_adds");
    for (int i = 0; i < ATTEMPTS; i++) {
        const long rounds = 1000000;
        double sum = 0;
        const double begun = seconds_of_thread();
        const double flops = multiply_adds(rounds, &sum);
        limits->flops = fmax(limits->flops, flops / (seconds_of_thread() - begun));
        seen = sum;
    }
    return true;
}

bool limits_measure_reads(const struct limits *limits, double bytes, double *rate, const char **error)
{
    double (*reads)(const void *data, long count, int back);
    *(void **)&reads = dlsym(limits->library, "probe_reads");
    const double least = 4096, enough = 32e6; /* bytes: of a buffer; of an attempt, some milliseconds */
    bytes = fmax(bytes, least);
    void *data = bytes < 1e15 ? rnn_alloc((size_t)bytes, 64) : NULL;
    if (!data) {
        *error = "out of memory";
        return false;
    }
    const int passes = (int)fmax(2, ceil(enough / bytes));
    *rate = 0;
    for (int i = 0; i < ATTEMPTS; i++) {
        const double begun = seconds_of_thread();
        double sum = 0;
        for (int pass = 0; pass < passes; pass++)
            sum += reads(data, (long)bytes / limits->real_size, pass % 2);
        *rate = fmax(*rate, passes * bytes / (seconds_of_thread() - begun));
        seen = sum;
    }
    rnn_free(data);
    return true;
}
