/* test_address.h - weir test address: what becomes of an address, and by which tables. */
#ifndef WEIR_TEST_ADDRESS_H
#define WEIR_TEST_ADDRESS_H

/* argv[0] is "address"; the exit status. */
int test_address(int argc, char **argv);

#endif
