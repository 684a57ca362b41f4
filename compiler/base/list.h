/* Lists of the members of a kind: LIST(X) is X(id, name) for each; enumerations and names are made from it.
 *
 *   #define FRUITS(X) X(APPLE, "apple") X(PEAR, "pear")
 *   enum fruit {
 *   #define X(id, name) FRUIT_##id,
 *       FRUITS(X)
 *   #undef X
 *   };
 *   static const char *const names[] = {FRUITS(LIST_NAME)}; */
#ifndef RNNC_BASE_LIST_H
#define RNNC_BASE_LIST_H

#define LIST_NAME(id, name) name,

#endif
