/* descriptors.h - how many descriptors this process may have: each client takes
 * one, or more. */
#ifndef BASE_DESCRIPTORS_H
#define BASE_DESCRIPTORS_H

#include <stddef.h>

/* descriptors_raise(): as many as the machine allows this process. */
void descriptors_raise(void);

/* descriptors_beside(other): how many are left for clients where ${other} are
 * for other things, but at least half of all; SIZE_MAX: any number. */
size_t descriptors_beside(size_t other);

#endif
