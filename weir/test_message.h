/* test_message.h - "weir test message": what header and body checks do to
 * messages, and by which rules. */
#ifndef WEIR_TEST_MESSAGE_H
#define WEIR_TEST_MESSAGE_H

int test_message(int argc, char **argv);

#endif
