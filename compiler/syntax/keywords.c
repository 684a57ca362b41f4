#include "syntax/keywords.h"

#include <stddef.h>

const char *place_word_text(int index)
{
    static const char *const words[] = {
        "as",                                     /* import "cells.rnn" as cells */
        "stack",  "reverse",                      /* h = stack 2 reverse LSTM[n](x) */
        "index",  "labels",  "once",              /* input word: index[V] once */
        "svd",    "cp",      "preview", "refine", /* param W[n, m] : svd(64, preview = 16, refine = 64) */
        "f32",    "f16",     "bf16",    "int8",   /* : int8 */
        "fixed",                                  /* param E[V, n] fixed */
        "normal", "uniform", "glorot",  "orthogonal", "identity" /* ~ normal(0.1) */
    };
    const int count = (int)(sizeof words / sizeof *words);
    return index >= 0 && index < count ? words[index] : NULL;
}
