/* The real session of an LMTP server, told anything: as many replies follow a
 * message as recipients were accepted for it, all the same; and only then is
 * there talk of the queue. */
#include <signal.h>
#include <stdint.h>

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
	rig_open_as(&rig, "lmtpd",
	    "smtpd_forbid_unauth_pipelining = no\n"
	    "smtpd_forbid_bare_newline_exclusions =\n"
	    "smtpd_authorized_xclient_hosts = 127.0.0.1\n"
	    "smtpd_recipient_limit = 5\n"
	    "message_size_limit = 20000\nheader_size_limit = 500\n"
	    "header_checks = regexp:{{/^subject:.*spam/ REJECT}}\n");
}

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* The reply behind that at ${said}, which may have several lines; NULL: none. */
static const char *
next_reply(const char *said)
{
	bool more;

	do {
		more = said[3] == '-';
		said = strstr(said, "\r\n") + 2;
	} while (more);
	return *said != '\0' ? said : NULL;
}

/* ${said} is the first reply to a message for ${count}; the last one. */
static const char *
check_end(const char *said, unsigned count)
{
	size_t n = strcspn(said, "\r");

	for (; count > 1; count--) {
		const char *next = next_reply(said);

		if (next == NULL || strncmp(said, next, n + 1) != 0)
			abort();
		said = next;
	}
	return said;
}

static void
check(const char *said)
{
	unsigned count = 0;
	bool data = false;

	for (; said != NULL && *said != '\0'; said = next_reply(said)) {
		if (data)
			said = check_end(said, count);
		else if (strstr(said, "queued as") ==
		    said + strlen("250 2.0.0 Ok: "))
			abort();
		data = begins(said, "354 ");
		if (begins(said, "250 2.1.0 "))
			count = 0;
		else if (begins(said, "250 2.1.5 "))
			count++;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	open_once();
	check(rig_converse(&rig, "127.0.0.1", data, size));
	return 0;
}
