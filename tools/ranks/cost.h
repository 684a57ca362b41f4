/* What it costs to send a gradient over ranks, and for each parameter the way that costs least.
 *
 *   way          sums one after the other     bytes in them     arithmetic
 *   none         1, beside those of others    n m s             none
 *   f16          2: exponents, halves         2 n m             n m halve
 *   powersgd:R   2: P, Q                      (n + m) R s       n m (pass + R multiply) + orthogonalisation
 *
 * for a parameter of n x m numbers of s bytes. What parameters send in the same way goes into the same sums, so that
 * the time in which a sum begins counts once, however many there are. All times are in seconds, sizes in bytes.
 *
 * A sum over P ranks takes 2 log2 P messages one after the other, and each rank sends and receives 2 (P - 1) / P times
 * what is summed, if each first gets the sum of a part, and then all get the parts (R. Thakur, R. Rabenseifner,
 * W. Gropp, "Optimization of collective communication operations in MPICH", International Journal of High Performance
 * Computing Applications 19, 2005). Nothing here talks to other ranks: compress_measure (compress.h) finds the same
 * numbers by trying. */
#ifndef RNN_TOOLS_COST_H
#define RNN_TOOLS_COST_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* The way in which a gradient is sent. */
enum compress_kind { COMPRESS_NONE, COMPRESS_F16, COMPRESS_POWERSGD };
struct compress_way {
    enum compress_kind kind;
    int rank; /* of powersgd; else 0 */
};

/* The link of each rank, which sends and receives at once. */
struct cost_link {
    double bytes_per_second; /* each way */
    double seconds;          /* from a message sent to a message received */
};

/* Reads "10Gb/s,20us": a bandwidth in b/s (bits) or B/s (bytes), with k, M, G or T, and a latency in s, ms, us or ns.
 */
bool cost_parse_link(const char *text, struct cost_link *link);

/* Seconds. */
struct cost_rates {
    double start;     /* a sum, whatever is in it */
    double byte;      /* more for each byte of numbers as they are */
    double half_byte; /* the same for halves, which no processor of MPI's adds by itself */
    double halve;     /* f16: an element made a half, and back */
    double pass;      /* powersgd: an element, read and written whatever the rank */
    double multiply;  /* powersgd: more for each column of the factors, in P = M Q, Q = M' P and P Q' */
};

/* The rates of so many ranks with this link, and with arithmetic as it is on one core of a usual machine: the same
 * wherever this runs. With one rank sums cost nothing. */
struct cost_rates cost_rates_of_link(const struct cost_link *link, int ranks);

/* A parameter as it is sent: a matrix, or several of the same columns below each other. */
struct cost_matrix {
    size_t rows, columns; /* columns 1: a vector, or nothing that is worth factors */
};

/* True if the parameter may be sent so: as factors, if it becomes half as small. */
bool cost_allows(struct cost_matrix matrix, struct compress_way way);
/* What one parameter adds to a step, without the beginning of sums. real_size: bytes of a number. */
double cost_of(const struct cost_rates *rates, struct cost_matrix matrix, struct compress_way way, int real_size);
/* What all of them cost in a step. */
double cost_of_all(const struct cost_rates *rates, const struct cost_matrix *matrices, const struct compress_way *ways,
                   int count, int real_size);

/* The ways among which cost_choose chooses, from what keeps most to what keeps least: none, f16, powersgd:4, :2, :1;
 * with a rank, none, f16 and powersgd of this rank. Returns how many there are. */
enum { COST_MOST_WAYS = 5 };
int cost_list_ways(int rank, struct compress_way ways[COST_MOST_WAYS]);

/* Chooses a way for each parameter, so that a step costs least, or at most a tenth more where that keeps more of the
 * gradient. rank: of powersgd; 0: 1, 2 or 4. */
void cost_choose(const struct cost_rates *rates, const struct cost_matrix *matrices, int count, int real_size, int rank,
                 struct compress_way *ways);

#endif
