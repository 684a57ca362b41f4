/* Parameters of the program as those of the graph. */
#ifndef RNNC_LOWER_PARAMETERS_H
#define RNNC_LOWER_PARAMETERS_H

struct arena;
struct graph_parameter;
struct value;

/* The parameter of the graph for one of the program, with its start values resolved. */
void lower_parameter(struct arena *arena, const struct value *value, struct graph_parameter *parameter);

#endif
