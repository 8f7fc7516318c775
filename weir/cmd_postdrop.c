/* cmd_postdrop.c - see cmd_postdrop.h.
 *
 * Postfix's sendmail(1) gives it queue file records, which are nobody else's
 * business; ours gives mail to the service itself.  Whoever calls it is told so
 * at once, and keeps the mail. */
#include "weir/cmd_postdrop.h"

#include <stdio.h>
#include <sysexits.h>

#include "weir/options.h"

int
cmd_postdrop(int argc, char **argv)
{
	struct options o = { .argc = argc, .argv = argv };
	int letter;

	while ((letter = options_next(&o, "c:rv")) != -1)
		if (letter == '?')
			break;
	if (letter == '?' || o.next < argc)
		(void)fprintf(stderr,
		    "postdrop: fatal: usage: postdrop [-c config_dir] [-v]\n");
	else
		(void)fprintf(stderr,
		    "postdrop: fatal: records of Postfix's queue files are not "
		    "taken: give the message to sendmail(1)\n");
	return EX_UNAVAILABLE;
}
