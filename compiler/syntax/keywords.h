/* The words of the language that are not names of functions: for editors. */
#ifndef RNNC_SYNTAX_KEYWORDS_H
#define RNNC_SYNTAX_KEYWORDS_H

/* The words that statements begin with, and that then are no names; NULL behind the last. */
const char *keyword_text(int index);

/* The words that have a meaning in one place each, and are names elsewhere; NULL behind the last. */
const char *place_word_text(int index);

#endif
