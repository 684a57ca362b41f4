/* Mistakes of the compiler, found by its own checks. */
#ifndef RNNC_BASE_INTERNAL_ERROR_H
#define RNNC_BASE_INTERNAL_ERROR_H

/* Prints "rnnc: internal error: ..." and ends the process with status 3. */
_Noreturn void internal_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
