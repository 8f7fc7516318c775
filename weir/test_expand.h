/* test_expand.h - weir test expand: $names in a text, with the configuration. */
#ifndef WEIR_TEST_EXPAND_H
#define WEIR_TEST_EXPAND_H

/* argv[0] is "expand"; the exit status. */
int test_expand(int argc, char **argv);

#endif
