/* The real session, told anything: it ends, its replies are well formed, and
 * no more messages are accepted than there were true ends of message, or last
 * chunks. */
#include <ctype.h>
#include <signal.h>
#include <stdint.h>
#include <strings.h>

#include "t/rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rig rig;

static void
open_once(void)
{
	static bool open;

	if (open)
		return;
	open = true;
	if (freopen("/dev/null", "w", stderr) == NULL)
		abort();
	rig_open(&rig,
	    "smtpd_forbid_unauth_pipelining = no\n"
	    "smtpd_forbid_bare_newline_exclusions =\n"
	    "smtpd_authorized_xclient_hosts = 127.0.0.1\n"
	    "smtpd_authorized_xforward_hosts = 127.0.0.1\n"
	    "smtpd_recipient_limit = 5\n"
	    "message_size_limit = 20000\nheader_size_limit = 500\n"
	    "header_checks = regexp:{{/^subject:.*spam/ REJECT}}\n");
}

static unsigned
true_ends(const char *in, size_t n)
{
	unsigned ends = 0;

	for (size_t i = 0; i + 5 <= n; i++)
		ends += memcmp(in + i, "\r\n.\r\n", 5) == 0 ||
		    strncasecmp(in + i, " LAST", 5) == 0;
	return ends;
}

static void
check_replies(const char *said)
{
	const char *end;

	for (; *said != '\0'; said = end + 2) {
		end = strstr(said, "\r\n");
		if (end == NULL || end - said < 4 || end - said > 510)
			abort();
		if (!isdigit((unsigned char)said[0]) ||
		    !isdigit((unsigned char)said[1]) ||
		    !isdigit((unsigned char)said[2]) ||
		    (said[3] != ' ' && said[3] != '-'))
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned before;

	open_once();
	before = rig.queue.accepted;
	check_replies(rig_converse(&rig, "127.0.0.1", data, size));
	if (rig.queue.accepted - before > true_ends((const char *)data, size))
		abort();
	return 0;
}
