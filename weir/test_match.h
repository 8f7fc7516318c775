/* test_match.h - weir test match: is a name or an address in a list, and by which element. */
#ifndef WEIR_TEST_MATCH_H
#define WEIR_TEST_MATCH_H

/* argv[0] is "match"; the exit status. */
int test_match(int argc, char **argv);

#endif
