/* rnn_scale: starts the ranks of a simulation. See --help. */
#include <argp.h>
#include <errno.h>
#include <simgrid/engine.h>
#include <simgrid/host.h>
#include <simgrid/plugins/energy.h>
#include <smpi/smpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/commands.h"
#include "files/standard.h"
#include "scale.h"

static const char usage[] =
    "Usage: rnn_scale [--cfg=NAME:VALUE...] PLATFORM RANKS COMMAND [ARGUMENT...]\n"
    "Simulate a training over many ranks, on the hosts node-0, node-1, ... of a platform file of SimGrid, of\n"
    "which each gets as many ranks as it has cores.\n"
    "\n"
    "  train   `rnn train` itself: all is computed, on one core; messages take simulated time\n"
    "  costs   one rank: measure what a step of a network takes, and what compressing its gradient does; see --help\n"
    "  steps   steps of a network of which only the costs are known; see --help\n"
    "\n"
    "--cfg are options of SimGrid: https://simgrid.org/doc/latest/Configuring_SimGrid.html\n";

static _Noreturn void wrong(const char *what, const char *argument)
{
    fprintf(stderr, "rnn_scale: %s '%s'; `rnn_scale --help` says how it is called\n", what, argument);
    exit(2);
}

int print_error(const char *sentence)
{
    if (sentence)
        fprintf(stderr, "rnn_scale: error: %s\n", sentence);
    return 1;
}

/* ---- ranks ---- */

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
};
static const struct command commands[] = {{"train", command_train}, {"costs", scale_costs}, {"steps", scale_steps}};
enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

/* Runs an actor of the simulation: argv[1] is the command. A rank that fails ends the simulation. */
static void run_rank(int argc, char **argv)
{
    struct scale_rank rank = {0};
    smpi_process_set_user_data(&rank);
    int status = 2;
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, argv[1]) == 0)
            status = commands[i].run(argc - 1, argv + 1);
    free(rank.sums);
    if (status) {
        fflush(NULL);
        _exit(status);
    }
}

/* ---- the file that says where they run ---- */

/* Writes text as the value of an attribute of XML. */
static void write_value(FILE *out, const char *text)
{
    for (; *text; text++)
        if (strchr("\"&<>", *text) || (unsigned char)*text < ' ')
            fprintf(out, "&#%d;", (unsigned char)*text);
        else
            putc(*text, out);
}

static void write_rank(FILE *out, int rank, int host, int argc, char **argv)
{
    fprintf(out, "<actor host=\"node-%d\" function=\"rank\">", host);
    for (int i = 0; i < argc; i++) {
        fputs("<argument value=\"", out);
        write_value(out, argv[i]);
        fputs("\"/>", out);
    }
    fprintf(out, "<prop id=\"instance_id\" value=\"rank\"/><prop id=\"rank\" value=\"%d\"/></actor>\n", rank);
}

/* Starts the ranks on the hosts in their order. */
static void deploy(int ranks, int argc, char **argv)
{
    char path[] = "/tmp/rnn_scale-XXXXXX";
    const int descriptor = mkstemp(path);
    FILE *out = descriptor < 0 ? NULL : fdopen(descriptor, "w");
    if (!out) {
        fprintf(stderr, "rnn_scale: cannot write a file in /tmp: %s\n", strerror(errno));
        exit(1);
    }
    fputs("<?xml version='1.0'?>\n<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">\n"
          "<platform version=\"4.1\">\n",
          out);
    for (int rank = 0, host = 0, used = 0; rank < ranks; rank++, used++) {
        char name[40];
        snprintf(name, sizeof name, "node-%d", host);
        sg_host_t found = sg_host_by_name(name);
        if (found && used == sg_host_core_count(found)) {
            snprintf(name, sizeof name, "node-%d", ++host);
            found = sg_host_by_name(name);
            used = 0;
        }
        if (!found) {
            unlink(path);
            wrong("the platform has too few cores for all ranks: it lacks the host", name);
        }
        write_rank(out, rank, host, argc, argv);
    }
    fputs("</platform>\n", out);
    if (fclose(out) == 0)
        simgrid_load_deployment(path);
    unlink(path);
}

/* ---- the simulation ---- */

/* SimGrid's options, which those of the command line may change: processor time of this machine counts for nothing, a
 * test takes no time, and links are as fast as the platform says. */
static char *const settings[] = {
    "--log=root.thres:error",     "--cfg=smpi/simulate-computation:no",
    "--cfg=smpi/host-speed:1Gf", /* of a platform's cores: so a second of costs is one there */
    "--cfg=smpi/cpu-threshold:0", "--cfg=smpi/test:0",
    "--cfg=network/model:SMPI",   "--cfg=smpi/bw-factor:0:1",
    "--cfg=smpi/lat-factor:0:1",  "--cfg=network/crosstraffic:0",
    "--cfg=surf/precision:1e-9",  "--cfg=smpi/shared-malloc:global",
};
enum { SETTING_COUNT = sizeof settings / sizeof *settings };

/* Starts SimGrid with its options, which are then no longer among the arguments. */
static char **start_simgrid(int *argc, char **argv)
{
    int count = *argc + SETTING_COUNT;
    char **all = calloc((size_t)count + 1, sizeof *all);
    if (!all)
        abort();
    all[0] = argv[0];
    memcpy(all + 1, settings, sizeof settings);
    memcpy(all + 1 + SETTING_COUNT, argv + 1, (size_t)(*argc - 1) * sizeof *all);
    simgrid_init(&count, all);
    *argc = count;
    return all;
}

int main(int argc, char **argv)
{
    standard_streams_open();
    argp_err_exit_status = 2;
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    argv = start_simgrid(&argc, argv);
    if (argc < 4) {
        fputs(usage, stderr);
        return 2;
    }
    char *rest;
    const long ranks = strtol(argv[2], &rest, 10);
    bool known = false;
    for (int i = 0; i < COMMAND_COUNT; i++)
        known |= strcmp(commands[i].name, argv[3]) == 0;
    if (access(argv[1], R_OK) != 0)
        wrong("there is no platform file", argv[1]);
    if (*rest || ranks < 1 || ranks > 1 << 14)
        wrong("RANKS is a number from 1 to 16384, not", argv[2]);
    if (!known)
        wrong("there is no command", argv[3]);
    sg_host_energy_plugin_init();
    simgrid_load_platform(argv[1]);
    SMPI_init();
    SMPI_app_instance_register("rank", run_rank, (int)ranks);
    setenv("PMI_SIZE", argv[2], 1); /* as MPICH's launcher says to the processes that it starts */
    deploy((int)ranks, argc - 3, argv + 3);
    simgrid_run();
    SMPI_finalize();
    free(argv);
    return fflush(stdout) == 0 ? 0 : 1;
}
