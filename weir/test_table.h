/* test_table.h - weir test table: which key a table is asked for, and what it says. */
#ifndef WEIR_TEST_TABLE_H
#define WEIR_TEST_TABLE_H

/* argv[0] is "table"; the exit status. */
int test_table(int argc, char **argv);

#endif
