/* The options of rnnc, as --help shows them and argp reads them. */
#ifndef RNNC_OPTIONS_TABLE_H
#define RNNC_OPTIONS_TABLE_H

#include <argp.h>

/* Options without a letter; those with one have it as their key. */
enum {
    KEY_HEADER = 256,
    KEY_TOP,
    KEY_PREFIX,
    KEY_MACHINE,
    KEY_TARGET,
    KEY_FORM,
    KEY_FORMS,
    KEY_VARIANTS,
    KEY_EMIT,
    KEY_LOAD,
    KEY_DOUBLE,
    KEY_DUMP,
    KEY_TIME,
    KEY_LIMIT,
    KEY_LSP,
    KEY_TRAIN,
    KEY_INPUT_GRADIENTS,
    KEY_VJP,
    KEY_VJP_STATES,
    KEY_EMBED,
    KEY_WEIGHTS,
    KEY_NO_FILES,
    KEY_FREESTANDING,
    KEY_PLAIN_C,
    KEY_SELF_TEST
};

/* Ends with {0}. */
extern const struct argp_option options_table[];

/* Entries of the table, at most. */
enum { OPTIONS_MOST = 80 };

#endif
