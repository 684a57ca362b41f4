/* For tests of sema: a program's text in, its dump and its diagnostics out. */
#ifndef TEST_SEMA_CHECK_H
#define TEST_SEMA_CHECK_H

#include "sema/sema.h"

struct arena;

struct checked {
    struct arena *arena;
    struct program *program; /* NULL if nothing sensible remained */
    const char *dump;        /* program_print, or "" */
    const char *messages;    /* as they are printed */
    int errors, warnings;
};

/* Both stages. `options` may be NULL. */
struct checked check_program(const char *text, const struct sema_options *options);
/* Fails the test if there are errors. */
struct checked check_correct(const char *text);
void checked_free(struct checked *checked);

struct value *checked_value(const struct checked *checked, const char *name); /* fails the test if there is none */

/* Each fails the test and prints the actual text unless the expectation holds. `lines` ends with NULL. */
void expect_lines(const char *text, const char *const *lines); /* no errors; whole lines of the dump */
void expect_no_line(const char *text, const char *part);       /* no errors; in no line of the dump */
void expect_error(const char *text, const char *const *parts); /* an error; in this order in the messages */
void expect_warning(const char *text, const char *part);       /* no errors */
void expect_clean(const char *text);                           /* neither errors nor warnings */

#endif
