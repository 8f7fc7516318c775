/* cmd_test.c - see cmd_test.h. */
#include "weir/cmd_test.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "weir/test_address.h"
#include "weir/test_expand.h"
#include "weir/test_match.h"
#include "weir/test_message.h"
#include "weir/test_session.h"
#include "weir/test_table.h"

/* clang-format off */
static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *args;
} benches[] = {
	{ "address", test_address,
	  "[-j] [-c DIR] [-o NAME=VALUE] [--from SENDER] ADDRESS ..." },
	{ "expand", test_expand,
	  "[-c DIR] [-o NAME=VALUE] [--trace] TEXT ..." },
	{ "match", test_match,
	  "[-j] [-c DIR] [-o NAME=VALUE] LIST NAME [ADDRESS]" },
	{ "message", test_message,
	  "[-j] [-c DIR] [-o NAME=VALUE] [--compare DIR] [--each] [--lines] "
	  "[--log] [--result] [--sender ADDRESS] [--rcpt ADDRESS]... "
	  "[--client NAME[ADDRESS]] FILE | DIR | - ..." },
	{ "session", test_session,
	  "[-c DIR] [-o NAME=VALUE] [--dns SERVER] [--world FILE] [--trace] "
	  "[--tap] [--coverage] [--any-address] [--policy | --milter] "
	  "[SCRIPT ...]" },
	{ "table", test_table,
	  "[-bfhjm] [-c DIR] [-o NAME=VALUE] [--as KIND] TYPE:NAME KEY ... | -" },
};
/* clang-format on */

static int
usage(void)
{
	const char *word = "usage:";

	for (size_t i = 0; i < sizeof benches / sizeof benches[0]; i++) {
		(void)fprintf(stderr, "%-6s weir test %s %s\n", word,
		    benches[i].name, benches[i].args);
		word = "";
	}
	return EX_USAGE;
}

int
cmd_test(int argc, char **argv)
{
	int status;

	for (size_t i = 0; i < sizeof benches / sizeof benches[0]; i++) {
		if (argc < 2 || strcmp(argv[1], benches[i].name) != 0)
			continue;
		status = benches[i].run(argc - 1, argv + 1);
		if (status == EX_USAGE)
			(void)fprintf(stderr, "usage: weir test %s %s\n",
			    benches[i].name, benches[i].args);
		return status;
	}
	return usage();
}
